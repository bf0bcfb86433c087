/**
 * Token bucket: `burst` messages at once, `perSecond` on average. Pure: time is handed in, monotonic or not; a clock
 * that jumps back refills nothing.
 */
export class TokenBucket {
  readonly #burst: number;
  readonly #perSecond: number;
  #tokens: number;
  #lastMs: number;

  constructor(burst: number, perSecond: number, nowMs: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#tokens = burst;
    this.#lastMs = nowMs;
  }

  /** Takes `cost` tokens if there are that many; false means the caller drops the message. */
  take(cost: number, nowMs: number): boolean {
    const elapsedMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    if (elapsedMs > 0) {
      this.#tokens = Math.min(this.#burst, this.#tokens + (elapsedMs / 1000) * this.#perSecond);
    }
    if (this.#tokens < cost) return false;
    this.#tokens -= cost;
    return true;
  }
}
