/**
 * From a page's high-resolution timestamps (W3C hr-time: ms since `performance.timeOrigin`, monotonic) to the station's clock.
 * The monotonic clock stands still while some devices sleep and knows nothing of later corrections of the wall clock, so that
 * `timeOrigin + timestamp` falls minutes behind on a phone that dozed. The difference between the two clocks is therefore taken
 * anew whenever it has moved further than the jitter of reading them.
 */

/** Reading both clocks takes less than this even on a slow phone; network time slews are absorbed in steps of it. */
const TOLERATED_MS = 100;

export class PageClock {
  readonly #nowMs: () => number;
  readonly #monotonicMs: () => number;
  /** Epoch ms at monotonic time 0. */
  #originMs: number;

  constructor(
    originMs = performance.timeOrigin,
    nowMs: () => number = () => Date.now(),
    monotonicMs: () => number = () => performance.now(),
  ) {
    this.#originMs = originMs;
    this.#nowMs = nowMs;
    this.#monotonicMs = monotonicMs;
  }

  /** Epoch ms, with a fraction, of a timestamp taken just now. */
  epochMs(timestamp: number): number {
    const drift = this.#nowMs() - (this.#originMs + this.#monotonicMs());
    if (Math.abs(drift) > TOLERATED_MS) this.#originMs += drift;
    return this.#originMs + timestamp;
  }
}
