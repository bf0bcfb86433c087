import { describe, expect, it } from 'vitest';
import { runSimulation, type SimulationOptions } from './simulate.ts';

/** `WAYSTATION_SEED=n` replays a run. */
const GIVEN = process.env['WAYSTATION_SEED'];
const SEEDS = GIVEN === undefined ? [1, 20, 300] : [Number(GIVEN)];
const TROUBLED = {
  nodes: 12,
  days: 1,
  loss: 0.1,
  liars: 1,
  outsiders: 1,
  crashesPerDay: 4,
  partitionsPerDay: 1,
};

function run(options: SimulationOptions) {
  console.log(`simulator seed ${options.seed}; replay with WAYSTATION_SEED=${options.seed}`);
  return runSimulation(options);
}

describe('a simulated mesh', () => {
  it.each(SEEDS)('is whole after loss, partitions, crashes and lies (seed %i)', (seed) => {
    const report = run({ seed, ...TROUBLED, careful: true });
    expect(report.problems).toEqual([]);
    expect(report.crashes).toBeGreaterThan(0);
    expect(report.lies).toBeGreaterThan(0);
    expect(report.entriesDelivered).toBeGreaterThan(report.entries);
  });

  it('runs the same way twice from one seed, and another way from another', () => {
    const options = { ...TROUBLED, nodes: 8 };
    const first = run({ seed: 5, ...options });
    expect(run({ seed: 5, ...options }).digest).toBe(first.digest);
    expect(run({ seed: 6, ...options }).digest).not.toBe(first.digest);
  });
});
