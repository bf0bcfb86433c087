/**
 * Collects single readings into batches, about four a second, so that sixty events a second cost four calls. A batch leaves by a
 * timer, not with the next reading: a sensor that tells only changes may have nothing more to say for hours.
 */
import type { ReadingBatch } from '../hour/types.ts';

const BATCH_MS = 250;
const MAX_ROWS = 512;

export class Batcher {
  readonly #columns: number;
  readonly #deliver: (batch: ReadingBatch) => void;
  readonly #schedule: (delayMs: number, fire: () => void) => () => void;
  #cancel: (() => void) | undefined;
  #baseMs = 0;
  #offsetsNs: number[] = [];
  #values: number[][] = [];

  /** @param schedule calls once after a delay; its result cancels. */
  constructor(
    columns: number,
    deliver: (batch: ReadingBatch) => void,
    schedule: (delayMs: number, fire: () => void) => () => void = byTimer,
  ) {
    this.#columns = columns;
    this.#schedule = schedule;
    this.#deliver = deliver;
  }

  /** @param atMs time of the reading, ms since the Unix epoch with a fraction. NaN means missing. */
  add(atMs: number, values: readonly number[]): void {
    if (this.#offsetsNs.length === 0) {
      this.#baseMs = Math.floor(atMs);
      this.#cancel = this.#schedule(BATCH_MS, () => this.flush());
    }
    this.#offsetsNs.push(Math.round((atMs - this.#baseMs) * 1_000) * 1_000);
    this.#values.push([...values]);
    if (this.#offsetsNs.length >= MAX_ROWS) this.flush();
  }

  /** Delivers what there is now. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
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

function byTimer(delayMs: number, fire: () => void): () => void {
  const timer = setTimeout(fire, delayMs);
  return () => clearTimeout(timer);
}
