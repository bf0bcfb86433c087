/**
 * How many bytes to have asked of one peer: more while answers come at once, fewer when they take long. So a fast link is
 * kept busy, and a link of a few kB/s is not asked for minutes of work that others could do meanwhile, nor made to queue it.
 */
import { WINDOW_BYTES } from './limits.ts';

/** What a link of internet speed carries in a second. */
const FIRST_BYTES = 2 ** 20;
/** One leaf: a request or two are always under way. */
const LEAST_BYTES = 16_384;
/** One chunk more for each that came quickly: doubles the window with every round trip. */
const GROWTH_BYTES = 131_072;
/** An answer within this time waited for little. */
const QUICK_MS = 2_000;
/** An answer that took longer waited for others: the window is too large. It is halved once in this time. */
const SLOW_MS = 8_000;

export class RequestWindow {
  #bytes = FIRST_BYTES;
  #shrunkAtMs = Number.NEGATIVE_INFINITY;

  get bytes(): number {
    return this.#bytes;
  }

  /** What was asked for came `tookMs` after it was asked for. */
  answered(tookMs: number, nowMs: number): void {
    if (tookMs <= QUICK_MS) {
      this.#bytes = Math.min(WINDOW_BYTES, this.#bytes + GROWTH_BYTES);
    } else if (tookMs > SLOW_MS && nowMs - this.#shrunkAtMs > SLOW_MS) {
      this.#bytes = Math.max(LEAST_BYTES, this.#bytes / 2);
      this.#shrunkAtMs = nowMs;
    }
  }
}
