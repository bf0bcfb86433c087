/**
 * Waiting times between attempts: 100 ms, doubled up to 30 s, each ±10 % by chance so that nodes which failed together
 * do not come back together. The caller resets it once something has been healthy for {@link HEALTHY_MS}.
 */
import type { Random } from '../core/ports.ts';

export const FIRST_RETRY_MS = 100;
export const LAST_RETRY_MS = 30_000;
/** How long a link or a host must have worked before its failures are forgotten. */
export const HEALTHY_MS = 10_000;
const JITTER = 0.1;

export class Backoff {
  readonly #random: Random;
  readonly #firstMs: number;
  readonly #lastMs: number;
  #nextMs: number;

  constructor(random: Random, firstMs = FIRST_RETRY_MS, lastMs = LAST_RETRY_MS) {
    this.#random = random;
    this.#firstMs = firstMs;
    this.#lastMs = lastMs;
    this.#nextMs = firstMs;
  }

  /** The time to wait before the next attempt, in ms; doubles what comes after it. */
  next(): number {
    const baseMs = this.#nextMs;
    this.#nextMs = Math.min(this.#lastMs, baseMs * 2);
    const [low = 0, high = 0] = this.#random.bytes(2);
    const chance = (low + 256 * high) / 65_535;
    return baseMs * (1 - JITTER + 2 * JITTER * chance);
  }

  /** Starts over at the first waiting time. */
  reset(): void {
    this.#nextMs = this.#firstMs;
  }
}
