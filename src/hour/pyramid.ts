/**
 * The overview of an hour that travels in its entry: of each column the least and greatest value in equal parts of its stream's time, so
 * that an hour that is known and not here yet is drawn as a band. A part and column take one byte: two steps of sixteen between the
 * column's least and greatest value in the hour. Coarser overviews are unions of neighbours.
 *
 * Invariants: a band encloses every finite value of its part (steps are rounded outwards, and read back to the same numbers); the
 * extremes of all parts together are the column's own; a part without a value is {@link NO_VALUE} and nothing else is.
 */
import type { Bytes } from '../core/bytes.ts';
import type { ReadingBatch } from './types.ts';

/** Parts of an hour: two minutes each; at a day across a phone's width a part is half a pixel. */
export const MAX_PARTS = 32;
/**
 * Bytes of all overviews of one entry: 16 columns get 32 parts, 64 get 8. A year of twenty stations is 175,000 entries, and a page keeps
 * them all in memory.
 */
export const MAX_PYRAMID_BYTES = 512;
/** Streams whose columns are summarised one by one in the entry; the rest are in the hour itself. */
export const MAX_SUMMARY_STREAMS = 64;
export const MAX_SUMMARY_COLUMNS = 64;
/** With fewer rows to a part the overview says what the rows say: an hour of one row a minute gets 8 parts. */
const ROWS_PER_PART = 6;
/** Steps between a column's least and greatest value are numbered from 0 to this. */
const TOP_STEP = 15;
/** A part without a value: its least step is above its greatest, which no other part's is. */
export const NO_VALUE = 0xf0;

export interface Extent {
  readonly min: number;
  readonly max: number;
}

/** Least and greatest value of stretches of time one after the other, all equally long; NaN where there is no value. */
export interface Bands {
  readonly min: Float64Array;
  readonly max: Float64Array;
}

/**
 * How many parts a stream is told in: a power of two, or 0 where one would say no more than the extent of the whole.
 * @param rows of the stream. @param columns of all streams that share the entry.
 */
export function partsFor(rows: number, columns: number): number {
  let parts = MAX_PARTS;
  while (parts > 1 && (parts * ROWS_PER_PART > rows || parts * columns > MAX_PYRAMID_BYTES)) parts /= 2;
  return parts > 1 ? parts : 0;
}

/** Step `step` of `top` between the extremes; 0 and `top` give these back exactly. */
export function valueAtStep(step: number, top: number, { min, max }: Extent): number {
  if (step <= 0) return min;
  if (step >= top) return max;
  const share = step / top;
  return Math.min(max, Math.max(min, min * (1 - share) + max * share));
}

/** The step, not rounded, that a value between the extremes lies at. */
export function stepOf(value: number, top: number, { min, max }: Extent): number {
  const span = max - min;
  // Of the greatest numbers the difference is beyond float64, and that of their halves is not.
  const share = Number.isFinite(span) ? (value - min) / span : (value / 2 - min / 2) / (max / 2 - min / 2);
  return Math.min(top, Math.max(0, share * top));
}

/** The byte of a part whose finite values lie between `least` and `most`. */
function bandOf(least: number, most: number, extent: Extent): number {
  if (!(least <= most)) return NO_VALUE;
  let low = 0;
  let high = TOP_STEP;
  if (extent.max > extent.min) {
    low = Math.floor(stepOf(least, TOP_STEP, extent));
    high = Math.ceil(stepOf(most, TOP_STEP, extent));
    while (low > 0 && valueAtStep(low, TOP_STEP, extent) > least) low--;
    while (high < TOP_STEP && valueAtStep(high, TOP_STEP, extent) < most) high++;
  }
  return low * 16 + high;
}

/** The part that each row lies in. @param firstMs, lastMs whole milliseconds of the earliest and the latest row. */
export function partOfRows(
  { baseMs, offsetsNs }: ReadingBatch,
  parts: number,
  firstMs: number,
  lastMs: number,
): Uint8Array {
  const perNs = parts / ((lastMs + 1 - firstMs) * 1e6);
  const shiftNs = (baseMs - firstMs) * 1e6;
  return Uint8Array.from(offsetsNs, (ns) =>
    Math.min(parts - 1, Math.max(0, Math.floor((shiftNs + ns) * perNs))),
  );
}

/** One column's least and greatest value in each part, while its rows come. */
export class PartExtents {
  readonly #least: Float64Array;
  readonly #most: Float64Array;

  constructor(parts: number) {
    this.#least = new Float64Array(parts).fill(Number.POSITIVE_INFINITY);
    this.#most = new Float64Array(parts).fill(Number.NEGATIVE_INFINITY);
  }

  /** @param partOf the part of each row, see {@link partOfRows}. */
  add(values: Float64Array, partOf: Uint8Array): void {
    for (let row = 0; row < values.length; row++) {
      const value = values[row] as number;
      if (!Number.isFinite(value)) continue;
      const part = partOf[row] as number;
      if (value < (this.#least[part] as number)) this.#least[part] = value;
      if (value > (this.#most[part] as number)) this.#most[part] = value;
    }
  }

  /** The column's overview, a byte for each part. @param extent of the finite values; null without any. */
  bands(extent: Extent | null): Bytes {
    const bands = new Uint8Array(this.#least.length).fill(NO_VALUE);
    if (extent === null) return bands;
    for (let part = 0; part < bands.length; part++)
      bands[part] = bandOf(this.#least[part] as number, this.#most[part] as number, extent);
    return bands;
  }
}

/**
 * One column's overview, a byte for each part.
 * @param partOf the part of each row, see {@link partOfRows}. @param extent of the finite values; null without any.
 */
export function columnBands(
  values: Float64Array,
  partOf: Uint8Array,
  parts: number,
  extent: Extent | null,
): Bytes {
  const extents = new PartExtents(parts);
  extents.add(values, partOf);
  return extents.bands(extent);
}

/** Whether every byte is one that {@link columnBands} writes. */
export function areBands(bands: Uint8Array): boolean {
  return bands.every((band) => band === NO_VALUE || band >> 4 <= (band & 15));
}

/** An overview as values, `together` parts as one. @param together a power of two, at most the number of parts. */
export function readBands(bands: Uint8Array, extent: Extent, together = 1): Bands {
  const count = Math.ceil(bands.length / together);
  const min = new Float64Array(count).fill(Number.NaN);
  const max = new Float64Array(count).fill(Number.NaN);
  for (let at = 0; at < count; at++) {
    let low = TOP_STEP + 1;
    let high = -1;
    for (const band of bands.subarray(at * together, (at + 1) * together)) {
      if (band === NO_VALUE) continue;
      low = Math.min(low, band >> 4);
      high = Math.max(high, band & 15);
    }
    if (high < 0) continue;
    min[at] = valueAtStep(low, TOP_STEP, extent);
    max[at] = valueAtStep(high, TOP_STEP, extent);
  }
  return { min, max };
}
