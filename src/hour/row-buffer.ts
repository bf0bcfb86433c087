/** Rows of one stream in typed arrays that double as they fill: the open hour in memory. */
import type { ReadingBatch } from './types.ts';

const FIRST_ROWS = 256;

export class RowBuffer {
  readonly baseMs: number;
  #rows = 0;
  #offsetsNs = new Float64Array(FIRST_ROWS);
  #columns: Float64Array<ArrayBuffer>[];

  constructor(baseMs: number, columns: number) {
    this.baseMs = baseMs;
    this.#columns = Array.from({ length: columns }, () => new Float64Array(FIRST_ROWS));
  }

  get rows(): number {
    return this.#rows;
  }

  /** Appends rows [from, to) of a batch. @throws RangeError when it has another number of columns. */
  append(batch: ReadingBatch, from: number, to: number): void {
    if (batch.columns.length !== this.#columns.length) {
      throw new RangeError(`expected ${this.#columns.length} columns, got ${batch.columns.length}`);
    }
    this.#reserve(this.#rows + to - from);
    const shiftNs = (batch.baseMs - this.baseMs) * 1e6;
    for (let i = from; i < to; i++)
      this.#offsetsNs[this.#rows + i - from] = shiftNs + (batch.offsetsNs[i] as number);
    batch.columns.forEach((column, c) => {
      this.#columns[c]?.set(column.subarray(from, to), this.#rows);
    });
    this.#rows += to - from;
  }

  /** Rows from index `from` on, as views that later appends do not change. */
  since(from: number): ReadingBatch {
    return {
      baseMs: this.baseMs,
      offsetsNs: this.#offsetsNs.subarray(from, this.#rows),
      columns: this.#columns.map((column) => column.subarray(from, this.#rows)),
    };
  }

  #reserve(rows: number): void {
    if (rows <= this.#offsetsNs.length) return;
    const size = Math.max(rows, this.#offsetsNs.length * 2);
    const grow = (old: Float64Array) => {
      const grown = new Float64Array(size);
      grown.set(old.subarray(0, this.#rows));
      return grown;
    };
    this.#offsetsNs = grow(this.#offsetsNs);
    this.#columns = this.#columns.map(grow);
  }
}
