/**
 * Lines of a plot, from tiles and from what the entries of hours say. Pure.
 *
 * Invariants: a gap is never joined: between what lies before it and after it stands a null; what is known only from an entry is in
 * `overview` and nothing else is; times are in order.
 */

import type { HourBody } from '../../station/entry-bodies.ts';
import { without } from '../../station/hour-pieces.ts';
import { HOUR_HELD, hoursWithin, lowerBound, type StationTimeline } from '../../station/timeline.ts';
import { overviewParts } from './data-overview.ts';
import { binMsOf, type Tile } from './data-tiles.ts';

/** One column of one stream; whoever records the stream. */
export interface ColumnRef {
  readonly stream: string;
  readonly index: number;
}

export interface Polyline {
  /** Milliseconds since 1970. */
  readonly x: number[];
  /** Null at all three: the line ends here and begins anew with the next. */
  readonly mean: (number | null)[];
  readonly min: (number | null)[];
  readonly max: (number | null)[];
}

export interface DrawnLine {
  /** Readings that are here. */
  readonly detail: Polyline;
  /** What is only known from the entries: stretches that are level, each with its band. Their means are not known but for whole hours: they
   * are told at the middle of the band. */
  readonly overview: Polyline;
}

/** A stretch without readings, and why. */
export interface Break {
  readonly fromMs: number;
  readonly toMs: number;
  readonly cause: string;
  readonly detail: string;
}

/** A pause of so many usual distances between readings is one, whether or not somebody noted it. */
const PAUSE_FACTOR = 10;
/** Distances looked at to tell the usual one. */
const SAMPLED_DISTANCES = 64;

export class LineBuilder {
  readonly line: Polyline = { x: [], mean: [], min: [], max: [] };
  readonly #breaks: readonly Break[];
  #nextBreak = 0;
  /** Readings behind the last value. */
  #lastCount = 1;

  /** @param breaks in order of time, not overlapping. */
  constructor(breaks: readonly Break[]) {
    this.#breaks = breaks;
  }

  /**
   * @param pauseMs further from the last value than this, the line is interrupted.
   * @param count how many readings the value stands for.
   */
  add(x: number, mean: number, min: number, max: number, pauseMs: number, count = 1): void {
    const { line } = this;
    const last = line.x.at(-1);
    if (last !== undefined) {
      if (x <= last) return this.#merge(mean, min, max, count);
      if (line.mean.at(-1) !== null && (x - last > pauseMs || this.#isBroken(last, x))) this.cut(x);
    }
    line.x.push(x);
    line.mean.push(mean);
    line.min.push(min);
    line.max.push(max);
    this.#lastCount = count;
  }

  /** Interrupts the line before `x`. */
  cut(x: number): void {
    const { line } = this;
    const last = line.x.at(-1);
    if (last === undefined || line.mean.at(-1) === null) return;
    const between = last + (x - last) / 2;
    if (!(between > last)) return;
    line.x.push(between);
    line.mean.push(null);
    line.min.push(null);
    line.max.push(null);
  }

  /** Something in the same bin, or before it, as the clock went back: mean and band take it in. */
  #merge(mean: number, min: number, max: number, count: number): void {
    const at = this.line.x.length - 1;
    const before = this.line.mean[at] ?? null;
    if (before === null) return;
    const both = this.#lastCount + count;
    this.line.mean[at] = (before * this.#lastCount + mean * count) / both;
    this.#lastCount = both;
    this.line.min[at] = Math.min(this.line.min[at] ?? min, min);
    this.line.max[at] = Math.max(this.line.max[at] ?? max, max);
  }

  /** A gap lies between two values: at least half of their distance, or all of it. */
  #isBroken(last: number, x: number): boolean {
    while (this.#nextBreak < this.#breaks.length && (this.#breaks[this.#nextBreak] as Break).toMs <= last)
      this.#nextBreak++;
    const gap = this.#breaks[this.#nextBreak];
    if (gap === undefined || gap.fromMs >= x) return false;
    return Math.min(gap.toMs, x) - Math.max(gap.fromMs, last) >= (x - last) / 2;
  }
}

/** The usual distance of a tile's values, ms. */
export function usualDistance(x: Float64Array): number {
  const step = Math.max(1, Math.floor(x.length / SAMPLED_DISTANCES));
  const distances: number[] = [];
  for (let i = step; i < x.length; i += step) {
    const distance = (x[i] as number) - (x[i - 1] as number);
    if (distance > 0) distances.push(distance);
  }
  distances.sort((a, b) => a - b);
  return distances[Math.floor(distances.length / 2)] ?? 0;
}

/** Adds a tile's values to a line. */
export function addTile(builder: LineBuilder, tile: Tile, binMs: number): void {
  const usual = usualDistance(tile.x);
  const pauseMs = usual === 0 ? Number.POSITIVE_INFINITY : Math.max(PAUSE_FACTOR * usual, 2.5 * binMs);
  for (let i = 0; i < tile.x.length; i++) {
    const mean = tile.mean[i] as number;
    const [min, max, count] = [tile.min?.[i] ?? mean, tile.max?.[i] ?? mean, tile.count?.[i] ?? 1];
    builder.add(tile.x[i] as number, mean, min, max, pauseMs, count);
  }
}

/** What the entries say of one column, hour by hour: belongs to a timeline's `hours`. */
export interface ColumnHistory {
  readonly firstMs: Float64Array;
  readonly lastMs: Float64Array;
  readonly count: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly mean: Float64Array;
}

export function historyOf(
  { hours }: StationTimeline<{ readonly body: HourBody }>,
  { stream: name, index }: ColumnRef,
): ColumnHistory {
  const of = () => new Float64Array(hours.length).fill(Number.NaN);
  const history = { firstMs: of(), lastMs: of(), count: of(), min: of(), max: of(), mean: of() };
  hours.forEach(({ body }, i) => {
    const stream = body.streams.find((one) => one.name === name);
    const column = stream?.columns[index];
    if (stream === undefined || column === undefined || column.mean === null) return;
    history.firstMs[i] = stream.firstMs ?? body.startMs;
    history.lastMs[i] = stream.lastMs ?? body.startMs + body.lengthMs;
    history.count[i] = column.count;
    history.min[i] = column.min ?? Number.NaN;
    history.max[i] = column.max ?? Number.NaN;
    history.mean[i] = column.mean;
  });
  return history;
}

export interface LineInput {
  readonly column: ColumnRef;
  readonly timeline: StationTimeline<{ readonly body: HourBody }>;
  readonly history: ColumnHistory;
  readonly fromMs: number;
  readonly toMs: number;
  readonly level: number;
  readonly breaks: readonly Break[];
  /** The tiles of an hour that is here, in order; undefined while they are not decoded. */
  readonly tilesOf: (hour: number) => readonly Tile[] | undefined;
}

/** An hour so short is told by its entry: a bin takes the whole of it. */
export function isToldByEntry(lengthMs: number, level: number): boolean {
  return lengthMs <= 2 * binMsOf(level);
}

/** One line of the plot. */
export function drawLine(input: LineInput): DrawnLine {
  const { timeline, fromMs, toMs, level, breaks, tilesOf } = input;
  const binMs = binMsOf(level);
  const detail = new Line(breaks);
  const overview = new Line([]);
  const { first, end } = hoursWithin(timeline, fromMs, toMs);
  for (let i = first; i < end; i++) {
    const hourFrom = timeline.startMs[i] as number;
    const hourTo = timeline.endMs[i] as number;
    if (hourTo < fromMs) continue;
    const isHeld = ((timeline.flags[i] as number) & HOUR_HELD) !== 0;
    if (isToldByEntry(hourTo - hourFrom, level)) {
      (isHeld ? detail : overview).sum(input, i, binMs);
      (isHeld ? overview : detail).leave();
      continue;
    }
    const tiles = isHeld ? tilesOf(i) : undefined;
    if (tiles === undefined) {
      overview.stretches(input, i, binMs);
      detail.leave();
    } else {
      detail.tiles(tiles, hourFrom, hourTo, binMs);
      overview.leave();
    }
  }
  return { detail: detail.end(), overview: overview.end() };
}

/** A line that hours are added to. */
class Line {
  readonly #builder: LineBuilder;
  /** Where the last hour that was added ends. */
  #toMs = Number.NaN;
  /** Another hour lay in between, or time without one. */
  #left = false;
  /** The bin that is being filled. */
  #bin = Number.NaN;
  #sum = 0;
  #count = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #binMs = 1;

  constructor(breaks: readonly Break[]) {
    this.#builder = new LineBuilder(breaks);
  }

  leave(): void {
    this.#left = true;
  }

  #join(hourFrom: number, hourTo: number, x: number, toleranceMs: number): void {
    if (this.#left || hourFrom - this.#toMs > toleranceMs) {
      this.#flush();
      this.#builder.cut(x);
    }
    this.#left = false;
    this.#toMs = Number.isNaN(this.#toMs) ? hourTo : Math.max(this.#toMs, hourTo);
  }

  /** An hour as part of a bin, by what its entry says. */
  sum({ timeline, history }: LineInput, i: number, binMs: number): void {
    const count = history.count[i] as number;
    if (!(count > 0)) return this.leave();
    const hourFrom = timeline.startMs[i] as number;
    const hourTo = timeline.endMs[i] as number;
    const middle = ((history.firstMs[i] as number) + (history.lastMs[i] as number)) / 2;
    const bin = Math.floor(middle / binMs);
    if (bin === this.#bin) {
      // What is missing between two hours of one bin is narrower than the bin.
      this.#left = false;
      this.#toMs = Math.max(this.#toMs, hourTo);
    } else {
      this.#join(hourFrom, hourTo, (bin + 0.5) * binMs, (hourTo - hourFrom) / 2);
      this.#flush();
    }
    this.#bin = bin;
    this.#binMs = binMs;
    this.#count += count;
    this.#sum += (history.mean[i] as number) * count;
    this.#min = Math.min(this.#min, history.min[i] as number);
    this.#max = Math.max(this.#max, history.max[i] as number);
  }

  #flush(): void {
    if (this.#count > 0) {
      const x = (this.#bin + 0.5) * this.#binMs;
      this.#builder.add(x, this.#sum / this.#count, this.#min, this.#max, Number.POSITIVE_INFINITY);
    }
    this.#bin = Number.NaN;
    this.#sum = 0;
    this.#count = 0;
    this.#min = Number.POSITIVE_INFINITY;
    this.#max = Number.NEGATIVE_INFINITY;
  }

  /** An hour as level stretches with their bands, by what its entry says. Gaps and parts without a value are left open. */
  stretches(input: LineInput, i: number, binMs: number): void {
    const { timeline, history, breaks, column } = input;
    if (!((history.count[i] as number) > 0)) return this.leave();
    const stream = timeline.hours[i]?.body.streams.find(({ name }) => name === column.stream);
    if (stream === undefined) return this.leave();
    this.#flush();
    this.#left = false;
    this.#toMs = timeline.endMs[i] as number;
    let endMs = Number.NaN;
    for (const part of overviewParts(stream, column.index, binMs)) {
      const open = without(part, breaks);
      // A value lies in it: a gap that is told to cover all of it covers that at its edge.
      for (const { fromMs, toMs } of open.length === 0 ? [part] : open) {
        if (fromMs !== endMs) this.#builder.cut(fromMs);
        // Just before its end: the next one may begin there.
        const lastMs = toMs - (toMs - fromMs) / 1_000;
        for (const ms of [fromMs, lastMs])
          this.#builder.add(ms, part.mean, part.min, part.max, Number.POSITIVE_INFINITY);
        endMs = toMs;
      }
    }
  }

  tiles(tiles: readonly Tile[], hourFrom: number, hourTo: number, binMs: number): void {
    const x = tiles.find((tile) => tile.x.length > 0)?.x[0];
    if (x === undefined) return;
    this.#join(hourFrom, hourTo, x, 0);
    for (const tile of tiles) addTile(this.#builder, tile, binMs);
  }

  end(): Polyline {
    this.#flush();
    return this.#builder.line;
  }
}

/** Several lines on one row of times: a value, null where a line is interrupted, undefined where it has nothing to say. */
export interface Aligned {
  readonly x: number[];
  readonly values: (number | null | undefined)[][];
}

/** @param lines pairs of times, in order, and values. */
export function align(
  lines: readonly { readonly x: readonly number[]; readonly y: readonly (number | null)[] }[],
): Aligned {
  const distinct = new Map<readonly number[], true>();
  for (const { x } of lines) distinct.set(x, true);
  const rows = [...distinct.keys()];
  const x = rows.length === 1 ? [...(rows[0] as readonly number[])] : union(rows);
  const values = lines.map((line) => {
    if (line.x.length === x.length) return [...line.y];
    const out = new Array<number | null | undefined>(x.length).fill(undefined);
    let at = 0;
    line.x.forEach((time, i) => {
      while ((x[at] as number) < time) at++;
      out[at] = line.y[i] ?? null;
    });
    widenNulls(out);
    return out;
  });
  return { x, values };
}

/** uPlot leaves out what lies between the times on both sides of a null: those of other lines must not be taken for its own. */
function widenNulls(values: (number | null | undefined)[]): void {
  for (let i = 1; i < values.length; i++)
    if (values[i - 1] === null && values[i] === undefined) values[i] = null;
  for (let i = values.length - 2; i >= 0; i--)
    if (values[i + 1] === null && values[i] === undefined) values[i] = null;
}

function union(rows: readonly (readonly number[])[]): number[] {
  const all = new Float64Array(rows.reduce((sum, row) => sum + row.length, 0));
  let at = 0;
  for (const row of rows) {
    all.set(row, at);
    at += row.length;
  }
  all.sort();
  const out: number[] = [];
  for (const value of all) if (out.at(-1) !== value) out.push(value);
  return out;
}

/** The value of a line nearest to a time, within `withinMs`; null when there is none. */
export function valueAt(line: Polyline, ms: number, withinMs: number): number | null {
  const at = lowerBound(line.x, ms);
  let best: number | null = null;
  let distance = withinMs;
  for (const i of [at - 1, at]) {
    const x = line.x[i];
    const y = line.mean[i];
    if (x === undefined || y === undefined || y === null || Math.abs(x - ms) > distance) continue;
    distance = Math.abs(x - ms);
    best = i;
  }
  return best;
}
