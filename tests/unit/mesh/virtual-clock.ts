import type { Clock, Random } from '../../../src/core/ports.ts';

/** Time that passes only when a test says so. */
export class VirtualClock implements Clock {
  readonly #startMs: number;
  #elapsedMs = 0;
  #order = 0;
  #timers: { dueMs: number; order: number; fire: () => void }[] = [];

  constructor(startMs = Date.UTC(2026, 6, 1, 12)) {
    this.#startMs = startMs;
  }

  nowMs(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  schedule(delayMs: number, fire: () => void): () => void {
    const timer = { dueMs: this.#elapsedMs + Math.max(0, delayMs), order: this.#order++, fire };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** A clock that shows another wall time but shares this one's passage of time. */
  shifted(byMs: number): Clock {
    return {
      nowMs: () => this.nowMs() + byMs,
      monotonicMs: () => this.monotonicMs(),
      schedule: (delayMs, fire) => this.schedule(delayMs, fire),
    };
  }

  /** Lets `ms` pass, firing what is due in order of time. */
  advance(ms: number): void {
    const endMs = this.#elapsedMs + ms;
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#elapsedMs = Math.max(this.#elapsedMs, next.dueMs);
      next.fire();
    }
    this.#elapsedMs = endMs;
  }

  /** Lets time pass in steps of 10 ms until `condition` holds; returns the ms it took, Infinity beyond `maxMs`. */
  advanceUntil(condition: () => boolean, maxMs: number): number {
    for (let passed = 0; passed <= maxMs; passed += 10) {
      if (condition()) return passed;
      this.advance(10);
    }
    return Number.POSITIVE_INFINITY;
  }

  #next(endMs: number) {
    let next: { dueMs: number; order: number; fire: () => void } | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs > endMs) continue;
      if (
        next === undefined ||
        timer.dueMs < next.dueMs ||
        (timer.dueMs === next.dueMs && timer.order < next.order)
      ) {
        next = timer;
      }
    }
    return next;
  }
}

/** Seeded bytes (mulberry32): good enough where a test needs differing ids, not secrecy. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    bytes(length) {
      const out = new Uint8Array(length);
      for (let i = 0; i < length; i++) {
        state = (state + 0x6d2b79f5) >>> 0;
        let t = Math.imul(state ^ (state >>> 15), state | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        out[i] = (t ^ (t >>> 14)) & 0xff;
      }
      return out;
    },
  };
}
