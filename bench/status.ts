/** How long a page is busy with one look at all stations: counted as things come, beside a walk over every hour, on the same data. */
import { spaceStatus } from '../src/station/status.ts';
import { ManyStations } from '../tests/unit/station/many-stations.ts';
import { walkedTallies } from '../tests/unit/station/walked-status.ts';
import { median, printTable } from './table.ts';

const ROUNDS = 15;

async function timed(work: () => unknown): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

function row(name: string, times: readonly number[]): string[] {
  const ms = (value: number) => value.toFixed(2);
  return [name, ms(median(times)), ms(Math.min(...times)), ms(Math.max(...times))];
}

/** @param stations how many, of `hours` hours each, every other one held. */
export async function benchStatus(stations: number, hours: number): Promise<void> {
  const world = new ManyStations();
  const entries = [];
  for (let hour = 0; hour < hours; hour++)
    for (let station = 0; station < stations; station++) entries.push(await world.addHour(station));
  const refs = entries.map(({ header }) => header.blobs[0]).filter((ref) => ref !== undefined);
  refs.forEach((ref, i) => {
    if (i % 2 === 0) world.hold(ref);
  });
  const first = await timed(() => spaceStatus(world.space));
  const walk: number[] = [];
  const still: number[] = [];
  const busy: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    walk.push(await timed(() => walkedTallies(world.space)));
    still.push(await timed(() => spaceStatus(world.space)));
    // A second of collecting over a fast link: hours of every station come in.
    for (let i = 0; i < 1_000; i++) {
      const ref = refs[(round * 1_000 + i) * 2 + 1];
      if (ref !== undefined) world.hold(ref);
    }
    busy.push(await timed(() => spaceStatus(world.space)));
  }
  const missing = (await spaceStatus(world.space)).stations.reduce((sum, one) => sum + one.missing, 0);
  const walked = walkedTallies(world.space).reduce((sum, one) => sum + one.sealed - one.held, 0);
  if (missing !== walked) throw new Error(`${missing} hours are said to be missing, and ${walked} are`);
  printTable(`One look at ${stations} stations of ${hours} hours, ms of ${ROUNDS} rounds`, [
    ['', 'median', 'least', 'most'],
    row('walk over every hour (counts only)', walk),
    row('kept count, whole status', still),
    row('kept count, after 1,000 hours came in', busy),
    row('kept count, the very first look', [first]),
  ]);
}
