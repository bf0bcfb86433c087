/** Rows of one stream in typed arrays that double as they fill: what of the open hour is in memory. Rows are counted from its beginning. */
import type { ReadingBatch } from './types.ts';

const FIRST_ROWS = 256;

export class RowBuffer {
  readonly baseMs: number;
  /** Time of the first row and of the one appended last, ns from `baseMs`; null while there is none. */
  firstNs: number | null = null;
  lastNs: number | null = null;
  #letGo = 0;
  #held = 0;
  #offsetsNs = new Float64Array(FIRST_ROWS);
  #columns: Float64Array<ArrayBuffer>[];

  constructor(baseMs: number, columns: number) {
    this.baseMs = baseMs;
    this.#columns = Array.from({ length: columns }, () => new Float64Array(FIRST_ROWS));
  }

  /** All rows that were appended. */
  get rows(): number {
    return this.#letGo + this.#held;
  }

  /** Rows from the beginning that are not in memory any more. */
  get letGo(): number {
    return this.#letGo;
  }

  /** Appends rows [from, to) of a batch. @throws RangeError when it has another number of columns. */
  append(batch: ReadingBatch, from: number, to: number): void {
    if (batch.columns.length !== this.#columns.length) {
      throw new RangeError(`expected ${this.#columns.length} columns, got ${batch.columns.length}`);
    }
    if (to <= from) return;
    this.#reserve(this.#held + to - from);
    const shiftNs = (batch.baseMs - this.baseMs) * 1e6;
    for (let i = from; i < to; i++)
      this.#offsetsNs[this.#held + i - from] = shiftNs + (batch.offsetsNs[i] as number);
    batch.columns.forEach((column, c) => {
      this.#columns[c]?.set(column.subarray(from, to), this.#held);
    });
    this.firstNs ??= this.#offsetsNs[this.#held] as number;
    this.#held += to - from;
    this.lastNs = this.#offsetsNs[this.#held - 1] as number;
  }

  /**
   * Rows from index `from` on, as views that later appends do not change.
   * @throws RangeError when some of them were let go.
   */
  since(from: number): ReadingBatch {
    if (from < this.#letGo)
      throw new RangeError(`expected rows from ${this.#letGo} on, got ${from}: those before were let go`);
    return this.#view(from - this.#letGo);
  }

  /** The rows that are in memory. */
  held(): ReadingBatch {
    return this.#view(0);
  }

  /**
   * Lets the rows before index `row` go, when these are at least `least` and as many as stay: what stays is copied into arrays of its
   * own size, so each row is copied once at most, on average, and views of the old arrays stay as they are.
   */
  letGoBefore(row: number, least: number): void {
    const count = row - this.#letGo;
    const left = this.#held - count;
    if (count < Math.max(1, least, left)) return;
    const fresh = (old: Float64Array) => {
      const array = new Float64Array(Math.max(FIRST_ROWS, left));
      array.set(old.subarray(count, this.#held));
      return array;
    };
    this.#offsetsNs = fresh(this.#offsetsNs);
    this.#columns = this.#columns.map(fresh);
    this.#letGo = row;
    this.#held = left;
  }

  #view(from: number): ReadingBatch {
    return {
      baseMs: this.baseMs,
      offsetsNs: this.#offsetsNs.subarray(from, this.#held),
      columns: this.#columns.map((column) => column.subarray(from, this.#held)),
    };
  }

  #reserve(rows: number): void {
    if (rows <= this.#offsetsNs.length) return;
    const size = Math.max(rows, this.#offsetsNs.length * 2);
    const grow = (old: Float64Array) => {
      const grown = new Float64Array(size);
      grown.set(old.subarray(0, this.#held));
      return grown;
    };
    this.#offsetsNs = grow(this.#offsetsNs);
    this.#columns = this.#columns.map(grow);
  }
}
