/**
 * What an hour's entry tells of its streams (summary.ts and pyramid.ts), made while the rows pass instead of from a whole hour: once for
 * extents and sums, and once more for what needs these, the overview's parts.
 *
 * Invariant: the numbers are those that {@link summarize} finds in the whole hour, bit for bit: sums are added in the order of the rows.
 */
import type { Bytes } from '../core/bytes.ts';
import { shiftNsOf } from './block-times.ts';
import { MAX_SUMMARY_COLUMNS, MAX_SUMMARY_STREAMS, PartExtents, partOfRows, partsFor } from './pyramid.ts';
import type { ColumnSummary, HourContent, ReadingBatch, StreamSummary } from './types.ts';

export interface StreamOutline extends StreamSummary {
  /** Of each column that the entry tells, in order, as many bytes as there are parts; empty when there are none. */
  readonly bands: Bytes;
}

class ColumnOutliner {
  #count = 0;
  #finite = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  /** Of values whose sum is beyond float64 though their mean is not. */
  #mean = 0;
  #extents: PartExtents | null = null;

  add(values: Float64Array): void {
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      if (Number.isNaN(value)) continue;
      this.#count++;
      if (!Number.isFinite(value)) continue;
      this.#finite++;
      this.#sum += value;
      if (value < this.#min) this.#min = value;
      if (value > this.#max) this.#max = value;
    }
  }

  get isTooLarge(): boolean {
    return !Number.isFinite(this.#sum);
  }

  /** @param parts 0 for none. */
  begin(parts: number): void {
    this.#extents = parts > 0 ? new PartExtents(parts) : null;
  }

  addAgain(values: Float64Array, partOf: Uint8Array | null): void {
    if (partOf !== null) this.#extents?.add(values, partOf);
    if (!this.isTooLarge) return;
    for (const value of values) if (Number.isFinite(value)) this.#mean += value / this.#finite;
  }

  summary(): ColumnSummary {
    const count = this.#count;
    if (this.#finite === 0) return { count, min: null, max: null, mean: null };
    const mean = this.isTooLarge ? this.#mean : this.#sum / this.#finite;
    // Adding 0 turns −0 into 0, as in summary.ts.
    return { count, min: this.#min + 0, max: this.#max + 0, mean };
  }

  bands(): Bytes {
    const { min, max } = this.summary();
    return this.#extents?.bands(min === null || max === null ? null : { min, max }) ?? new Uint8Array(0);
  }
}

/** Of one stream: all of its rows by `add`, then `begin`, then all of them again by `addAgain` where that is wanted. */
export class StreamOutliner {
  readonly #startMs: number;
  readonly #columns: readonly ColumnOutliner[];
  #rows = 0;
  #firstNs = Number.POSITIVE_INFINITY;
  #lastNs = Number.NEGATIVE_INFINITY;
  #parts = 0;

  /** @param startMs start of the slot. @param columns how many there are. */
  constructor(startMs: number, columns: number) {
    this.#startMs = startMs;
    this.#columns = Array.from({ length: columns }, () => new ColumnOutliner());
  }

  add({ baseMs, offsetsNs, columns }: ReadingBatch): void {
    const shiftNs = shiftNsOf(this.#startMs, baseMs);
    this.#rows += offsetsNs.length;
    for (let row = 0; row < offsetsNs.length; row++) {
      const ns = shiftNs + (offsetsNs[row] as number);
      if (ns < this.#firstNs) this.#firstNs = ns;
      if (ns > this.#lastNs) this.#lastNs = ns;
    }
    this.#columns.forEach((column, i) => {
      column.add(columns[i] as Float64Array);
    });
  }

  /**
   * All rows came once.
   * @param width columns that all streams of the hour have together.
   * @returns whether they are to come again.
   */
  begin(width: number): boolean {
    this.#parts = partsFor(this.#rows, width);
    for (const column of this.#columns) column.begin(this.#parts);
    return this.#parts > 0 || this.#columns.some((column) => column.isTooLarge);
  }

  addAgain(rows: ReadingBatch): void {
    const partOf =
      this.#parts === 0
        ? null
        : partOfRows(rows, this.#parts, this.#ms(this.#firstNs), this.#ms(this.#lastNs));
    this.#columns.forEach((column, i) => {
      column.addAgain(rows.columns[i] as Float64Array, partOf);
    });
  }

  outline(name: string): StreamOutline {
    const spanNs = this.#lastNs - this.#firstNs;
    const columns = this.#columns.slice(0, MAX_SUMMARY_COLUMNS);
    const bands = new Uint8Array(this.#parts * columns.length);
    columns.forEach((column, i) => {
      bands.set(column.bands(), i * this.#parts);
    });
    return {
      name,
      rows: this.#rows,
      firstMs: this.#rows === 0 ? null : this.#ms(this.#firstNs),
      lastMs: this.#rows === 0 ? null : this.#ms(this.#lastNs),
      achievedRateHz: spanNs > 0 ? (this.#rows - 1) / (spanNs / 1e9) : null,
      columns: this.#columns.map((column) => column.summary()),
      bands,
    };
  }

  #ms(ns: number): number {
    return Math.floor(this.#startMs + ns / 1e6);
  }
}

/** Columns that share an entry's bytes. @param columns of each stream. */
export function outlineWidth(columns: readonly number[]): number {
  return columns
    .slice(0, MAX_SUMMARY_STREAMS)
    .reduce((sum, count) => sum + Math.min(count, MAX_SUMMARY_COLUMNS), 0);
}

/** Of all streams of an hour that is there as a whole. */
export function outlinesOf({ startMs, streams }: HourContent): StreamOutline[] {
  const width = outlineWidth(streams.map(({ descriptor }) => descriptor.columns.length));
  return streams.map(({ descriptor, rows }) => {
    const outliner = new StreamOutliner(startMs, descriptor.columns.length);
    outliner.add(rows);
    if (outliner.begin(width)) outliner.addAgain(rows);
    return outliner.outline(descriptor.name);
  });
}
