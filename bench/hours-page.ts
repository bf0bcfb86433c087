/** The page's side of the bench of hours: the same blocks, coded in Chromium. */
import type { Step } from '../src/hour/types.ts';
import { type BenchRows, checkBack, hourRival } from './hour-blocks.ts';

/** As JSON carries them: null is missing. */
export interface PlainRows {
  readonly ticks: readonly (number | null)[];
  readonly columns: readonly (readonly (number | null)[])[];
  readonly steps: readonly (Step | null)[];
}

/** MB of float64 per second as the clock on the wall goes, the best of some rounds. */
export interface PageTiming {
  readonly name: string;
  readonly bytesPerRow: string;
  readonly written: string;
  readonly read: string;
}

const ROUND_MS = 20;
const ROUNDS = 15;

function fastest(run: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  let runs = 1;
  for (let round = 0; round < ROUNDS; round++) {
    const before = performance.now();
    for (let i = 0; i < runs; i++) run();
    const ms = performance.now() - before;
    if (ms < ROUND_MS) runs *= 4;
    else best = Math.min(best, ms / runs);
  }
  return best;
}

function valuesOf(plain: readonly (number | null)[]): Float64Array {
  return Float64Array.from(plain, (value) => value ?? Number.NaN);
}

function hoursBench({ ticks, columns, steps }: PlainRows): PageTiming[] {
  const rows: BenchRows = { ticks: valuesOf(ticks), columns: columns.map(valuesOf), steps };
  const megabytes = (ticks.length * (columns.length + 1) * 8) / 1e6;
  const speed = (ms: number) => ((megabytes / ms) * 1e3).toFixed(ms > megabytes * 50 ? 1 : 0);
  return (['fast', 'small'] as const).map((profile) => {
    const rival = hourRival(profile);
    const parts = rival.encode(rows);
    checkBack(rows, rival.decode(parts, rows) ?? []);
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    return {
      name: rival.name,
      bytesPerRow: (bytes / ticks.length).toFixed(2),
      written: speed(fastest(() => rival.encode(rows))),
      read: speed(fastest(() => rival.decode(parts, rows))),
    };
  });
}

Object.assign(globalThis, { hoursBench });
