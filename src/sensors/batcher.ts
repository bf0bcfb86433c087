/** Collects single readings into batches, about four a second, so that sixty events a second cost four calls. */
import type { ReadingBatch } from '../hour/types.ts';

const BATCH_MS = 250;
const MAX_ROWS = 512;

export class Batcher {
  readonly #columns: number;
  readonly #deliver: (batch: ReadingBatch) => void;
  #baseMs = 0;
  #offsetsNs: number[] = [];
  #values: number[][] = [];

  constructor(columns: number, deliver: (batch: ReadingBatch) => void) {
    this.#columns = columns;
    this.#deliver = deliver;
  }

  /** @param atMs time of the reading, ms since the Unix epoch with a fraction. NaN means missing. */
  add(atMs: number, values: readonly number[]): void {
    if (this.#offsetsNs.length === 0) this.#baseMs = Math.floor(atMs);
    this.#offsetsNs.push(Math.round((atMs - this.#baseMs) * 1_000) * 1_000);
    this.#values.push([...values]);
    if (atMs - this.#baseMs >= BATCH_MS || this.#offsetsNs.length >= MAX_ROWS) this.flush();
  }

  flush(): void {
    if (this.#offsetsNs.length === 0) return;
    const columns = Array.from({ length: this.#columns }, (_, c) =>
      Float64Array.from(this.#values, (row) => row[c] ?? Number.NaN),
    );
    const batch = { baseMs: this.#baseMs, offsetsNs: Float64Array.from(this.#offsetsNs), columns };
    this.#offsetsNs = [];
    this.#values = [];
    this.#deliver(batch);
  }
}
