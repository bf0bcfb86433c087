/**
 * The seeded simulator at size: real keys and signatures (each distinct one verified once; the verdict is a function of its bytes
 * alone and is remembered), a week of virtual time, loss, partitions, crashes, liars.
 */
import { runSimulation } from '../tests/sim/simulate.ts';
import { printTable } from './table.ts';

/** @throws Error with the first problems when anything is missing anywhere. */
export function benchSimulator(nodes: number, days: number, seed: number): void {
  const startedMs = performance.now();
  const elapsed = () => (performance.now() - startedMs) / 1_000;
  const report = runSimulation({
    seed,
    nodes,
    days,
    loss: 0.1,
    liars: 2,
    crashesPerDay: 0.5,
    partitionsPerDay: 2,
    onHour: (hour) => {
      if (hour % 24 === 0) console.log(`  day ${hour / 24}: ${elapsed().toFixed(0)} s`);
    },
  });
  const seconds = elapsed();
  printTable(`Simulator, ${nodes} nodes, 10 % loss, seed ${seed}`, [
    [
      'virtual days',
      'events',
      'messages',
      'entries × nodes',
      'blobs × nodes',
      'crashes',
      'settled in',
      'wall',
      'missing',
    ],
    [
      String(report.virtualDays),
      String(report.events),
      String(report.messages),
      String(report.entriesDelivered),
      String(report.blobsDelivered),
      String(report.crashes),
      `${report.settleHours} h`,
      `${seconds.toFixed(0)} s`,
      String(report.problems.length),
    ],
  ]);
  if (report.problems.length > 0) throw new Error(report.problems.slice(0, 5).join('; '));
}
