/** The hour's blocks as the benches of Node and of Chromium time them, without the description of their file. */
import type { BlockCodec } from '../src/hour/coding/coded-block.ts';
import { blockCodec } from '../src/hour/coding/profiles.ts';
import { MAX_BLOCK_ROWS } from '../src/hour/limits.ts';
import type { Profile, Step } from '../src/hour/types.ts';

/** A recording, or an hour of it. NaN is missing. */
export interface BenchRows {
  readonly ticks: Float64Array;
  readonly columns: readonly Float64Array[];
  /** The grid of each column, where it is known. */
  readonly steps: readonly (Step | null)[];
}

export interface Rival {
  readonly name: string;
  encode(rows: BenchRows): Uint8Array[];
  /** Reads every value again; one array of columns, times first, per part where bits are compared afterwards. */
  decode(parts: readonly Uint8Array[], rows: BenchRows): readonly (readonly Float64Array[])[] | undefined;
}

/** Codes recordings as blocks. */
export function hourRival(profile: Profile): Rival {
  const codec: BlockCodec = blockCodec(profile);
  const grids = new WeakMap<Uint8Array, readonly (Step | null)[]>();
  const cuts = ({ ticks }: BenchRows) =>
    Array.from({ length: Math.ceil(ticks.length / MAX_BLOCK_ROWS) }, (_, i) => i * MAX_BLOCK_ROWS);
  return {
    name: `hour, ${profile}`,
    encode: (rows) =>
      cuts(rows).map((from) => {
        const to = from + MAX_BLOCK_ROWS;
        const columns = rows.columns.map((column) => column.subarray(from, to));
        const { bytes, steps } = codec.encode(rows.ticks.subarray(from, to), columns, rows.steps);
        grids.set(bytes, steps);
        return bytes;
      }),
    decode: (parts, rows) =>
      cuts(rows).map((from, i) => {
        const part = parts[i] as Uint8Array;
        const count = Math.min(MAX_BLOCK_ROWS, rows.ticks.length - from);
        const back = codec.decode(part, count, grids.get(part) ?? [], rows.columns.length);
        return [back.ticks, ...back.columns];
      }),
  };
}

/** @throws Error unless what was decoded is what was encoded, bit for bit. */
export function checkBack(rows: BenchRows, parts: readonly (readonly Float64Array[])[]): void {
  let at = 0;
  for (const columns of parts) {
    const count = columns[0]?.length ?? 0;
    [rows.ticks, ...rows.columns].forEach((values, c) => {
      for (let i = 0; i < count; i++)
        if (!Object.is(values[at + i], columns[c]?.[i]))
          throw new Error('values did not come back bit for bit');
    });
    at += count;
  }
  if (at !== rows.ticks.length) throw new Error('rows did not come back');
}
