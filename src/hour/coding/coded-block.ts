/** What a block is to whoever codes it, in either profile. */
import type { Bytes } from '../../core/bytes.ts';
import type { Step } from '../types.ts';

export interface CodedBlock {
  readonly bytes: Bytes;
  /** The grid of each column, null where values lie on none or all are missing. */
  readonly steps: readonly (Step | null)[];
}

/** Of the numbers k of a column that lies on its grid: how many, least, greatest, and sum, null where that may not be exact. */
export interface Extent {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number | null;
}

export interface DecodedBlock {
  readonly ticks: Float64Array<ArrayBuffer>;
  readonly columns: readonly Float64Array<ArrayBuffer>[];
  /** Of the times, then of each column; null where some value is not on the grid. */
  readonly extents: readonly (Extent | null)[];
}

export interface BlockCodec {
  /**
   * @param ticks times of the rows, whole numbers |t| < 2^53.
   * @param columns as long as `ticks`; NaN is missing.
   * @param declared the step that the stream's descriptor gives each column.
   */
  encode(
    ticks: Float64Array,
    columns: readonly Float64Array[],
    declared: readonly (Step | null)[],
  ): CodedBlock;
  /**
   * Times and the first `wanted` columns.
   * @throws WaystationError `corrupt`.
   */
  decode(bytes: Uint8Array, rows: number, steps: readonly (Step | null)[], wanted: number): DecodedBlock;
}

/** Of numbers on a grid. @param ks at least one. */
export function extentOf(ks: Float64Array): Extent {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (let i = 0; i < ks.length; i++) {
    const k = ks[i] as number;
    if (k < min) min = k;
    if (k > max) max = k;
    sum += k;
  }
  const isExact = Math.max(-min, max) * ks.length < 2 ** 53;
  return { count: ks.length, min, max, sum: isExact ? sum : null };
}
