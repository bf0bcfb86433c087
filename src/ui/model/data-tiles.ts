/**
 * What a plot draws, from hour files: readings as they are where few fall into the page of time that is looked at, else their least,
 * greatest and mean value in bins of a power of two milliseconds. Runs in the data worker; pure.
 *
 * Invariants: bins lie on one grid for all hours, streams and stations (bin n of level k is [n·2^k, (n+1)·2^k) ms), so that bins of a
 * level are exactly unions of those of finer ones; count, sum, min and max of what goes in come out; times are in order.
 */
import { type BlockRows, decodeHourBlock } from '../../hour/container.ts';
import type { BlockIndex, HourHeader, StreamIndex } from '../../hour/header.ts';

/** Bins of one page: about a screen's width. */
export const PAGE_BINS = 1024;
/** Up to so many readings of a page are given as they are. */
const MAX_POINTS = 2048;
/** Levels that a plot may ask for: bins of a 1/1024 ms, and of 1,100 years. */
export const MIN_LEVEL = -10;
export const MAX_LEVEL = 45;

/** Readings or bins of one column, in order of time. Bins without a reading are not in it. */
export interface Tile {
  /** The readings themselves; otherwise bins, told at their middle. */
  readonly exact: boolean;
  /** Milliseconds since 1970. */
  readonly x: Float64Array;
  readonly mean: Float64Array;
  /** Null for readings: the same as `mean`. */
  readonly min: Float64Array | null;
  readonly max: Float64Array | null;
  /** How many readings each bin has: two hours may share one. Null for readings. */
  readonly count: Float64Array | null;
}

export interface TileRequest {
  readonly stream: string;
  /** Positions of the columns in their stream. */
  readonly columns: readonly number[];
  readonly level: number;
  /** The page from `page`·1024·2^level ms on. */
  readonly page: number;
}

/** Aggregates in order of time; `x` is a reading's time or a bin's start. */
export interface Sums {
  readonly exact: boolean;
  readonly x: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly sum: Float64Array;
  readonly count: Float64Array;
}

export function sumsBytes({ x }: Sums): number {
  return x.length * 5 * 8;
}

export function tileBytes(tile: Tile): number {
  return tile.x.length * (tile.exact ? 16 : 40);
}

/** Length of a bin of this level, ms. */
export function binMsOf(level: number): number {
  return 2 ** level;
}

/** The finest level whose bins are not narrower than a pixel. */
export function levelFor(spanMs: number, widthPx: number): number {
  const level = Math.ceil(Math.log2(Math.max(spanMs, Number.MIN_VALUE) / Math.max(1, widthPx)));
  return Math.min(MAX_LEVEL, Math.max(MIN_LEVEL, level));
}

/** Blocks kept decoded: all columns of a sensor are wanted one after the other, and the next page lies in the same block. */
const KEPT_BLOCKS = 16;

/** Blocks as they were decoded last. */
export class DecodedBlocks {
  readonly #blocks = new Map<BlockIndex, BlockRows>();

  /** @throws WaystationError `corrupt`. */
  rows(file: Uint8Array, header: HourHeader, block: BlockIndex): BlockRows {
    let rows = this.#blocks.get(block);
    if (rows === undefined) {
      const from = header.dataAt + block.offset;
      rows = decodeHourBlock(file.subarray(from, from + block.length), block);
    } else this.#blocks.delete(block);
    this.#blocks.set(block, rows);
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= KEPT_BLOCKS) break;
      this.#blocks.delete(oldest);
    }
    return rows;
  }
}

/** Readings of one column between two times (the end not included), in order of time; missing ones are left out. */
export function readingsOf(
  decoded: DecodedBlocks,
  file: Uint8Array,
  header: HourHeader,
  stream: StreamIndex,
  column: number,
  fromMs: number,
  toMs: number,
): Sums {
  const times: number[] = [];
  const values: number[] = [];
  let ordered = true;
  for (const block of stream.blocks) {
    if (!touches(block, header.startMs, fromMs, toMs)) continue;
    const { ticks, columns } = decoded.rows(file, header, block);
    const cells = columns[column];
    if (cells === undefined) continue;
    const msPerTick = block.tickNs / 1e6;
    for (let row = 0; row < block.rows; row++) {
      const value = cells[row] as number;
      const ms = header.startMs + (ticks[row] as number) * msPerTick;
      if (Number.isNaN(value) || ms < fromMs || ms >= toMs) continue;
      ordered &&= times.length === 0 || ms >= (times.at(-1) as number);
      times.push(ms);
      values.push(value);
    }
  }
  if (ordered) return exactSums(Float64Array.from(times), Float64Array.from(values));
  const order = times.map((_, i) => i).sort((a, b) => (times[a] as number) - (times[b] as number) || a - b);
  return exactSums(
    Float64Array.from(order, (i) => times[i] as number),
    Float64Array.from(order, (i) => values[i] as number),
  );
}

function exactSums(x: Float64Array, values: Float64Array): Sums {
  return {
    exact: true,
    x,
    min: values,
    max: values,
    sum: values,
    count: new Float64Array(x.length).fill(1),
  };
}

function touches(block: BlockIndex, startMs: number, fromMs: number, toMs: number): boolean {
  const msPerTick = block.tickNs / 1e6;
  return startMs + block.lastTick * msPerTick >= fromMs && startMs + block.firstTick * msPerTick < toMs;
}

/** Earliest and latest time of a stream's readings, ms; null when it has none. */
export function extentOf(
  header: HourHeader,
  stream: StreamIndex,
): { readonly fromMs: number; readonly toMs: number } | null {
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = Number.NEGATIVE_INFINITY;
  for (const { firstTick, lastTick, tickNs } of stream.blocks) {
    fromMs = Math.min(fromMs, header.startMs + (firstTick * tickNs) / 1e6);
    toMs = Math.max(toMs, header.startMs + (lastTick * tickNs) / 1e6);
  }
  return fromMs <= toMs ? { fromMs, toMs } : null;
}

/** The level at which a whole stream of an hour makes at most two pages of bins: what is kept of it. */
export function baseLevelOf(extent: { readonly fromMs: number; readonly toMs: number }): number {
  return levelFor(extent.toMs - extent.fromMs, PAGE_BINS * 2);
}

/** Puts what falls into the same bin together. What is in order stays in order. */
export function binned(sums: Sums, level: number): Sums {
  const binMs = binMsOf(level);
  const x: number[] = [];
  const min: number[] = [];
  const max: number[] = [];
  const sum: number[] = [];
  const count: number[] = [];
  let bin = Number.NaN;
  for (let i = 0; i < sums.x.length; i++) {
    const own = Math.floor((sums.x[i] as number) / binMs);
    const at = x.length - 1;
    if (own === bin) {
      min[at] = Math.min(min[at] as number, sums.min[i] as number);
      max[at] = Math.max(max[at] as number, sums.max[i] as number);
      sum[at] = (sum[at] as number) + (sums.sum[i] as number);
      count[at] = (count[at] as number) + (sums.count[i] as number);
      continue;
    }
    bin = own;
    x.push(own * binMs);
    min.push(sums.min[i] as number);
    max.push(sums.max[i] as number);
    sum.push(sums.sum[i] as number);
    count.push(sums.count[i] as number);
  }
  return {
    exact: false,
    x: Float64Array.from(x),
    min: Float64Array.from(min),
    max: Float64Array.from(max),
    sum: Float64Array.from(sum),
    count: Float64Array.from(count),
  };
}

/** The part of `sums` from `fromMs` up to `toMs`. */
export function cut(sums: Sums, fromMs: number, toMs: number): Sums {
  let from = 0;
  while (from < sums.x.length && (sums.x[from] as number) < fromMs) from++;
  let to = sums.x.length;
  while (to > from && (sums.x[to - 1] as number) >= toMs) to--;
  if (from === 0 && to === sums.x.length) return sums;
  return {
    exact: sums.exact,
    x: sums.x.slice(from, to),
    min: sums.min.slice(from, to),
    max: sums.max.slice(from, to),
    sum: sums.sum.slice(from, to),
    count: sums.count.slice(from, to),
  };
}

/** What is drawn: readings when there are few, else bins of `level`. */
export function tileFrom(sums: Sums, level: number): Tile {
  const spanMs = (sums.x.at(-1) ?? 0) - (sums.x[0] ?? 0);
  // As many readings as bins and more say nothing that bins do not.
  const isSparse = sums.x.length <= Math.min(MAX_POINTS, 16 + (2 * spanMs) / binMsOf(level));
  if (sums.exact && isSparse) {
    return { exact: true, x: sums.x.slice(), mean: sums.sum.slice(), min: null, max: null, count: null };
  }
  const bins = binned(sums, level);
  const half = binMsOf(level) / 2;
  return {
    exact: false,
    x: bins.x.map((start) => start + half),
    mean: bins.sum.map((sum, i) => sum / (bins.count[i] as number)),
    min: bins.min.slice(),
    max: bins.max.slice(),
    count: bins.count.slice(),
  };
}

/** Bounds of a page, ms. */
export function pageBounds(level: number, page: number): { readonly fromMs: number; readonly toMs: number } {
  const pageMs = PAGE_BINS * binMsOf(level);
  return { fromMs: page * pageMs, toMs: (page + 1) * pageMs };
}
