/**
 * How much of the big files may be fetched, and how fast: a pause, a rate for links that cost money, and an amount. Entries, serving
 * others and the links themselves go on whatever it says. Pure: time is handed in.
 *
 * Invariants: over any stretch of time no more is asked for than the rate times that stretch and {@link MAX_BURST_MS} of it (or one
 * chunk); what is fetched never exceeds the amount; a file is begun only when what is missing of it still fits, so that the amount is
 * spent on whole ones.
 */
import { CHUNK_BYTES } from './limits.ts';

/** What may be asked for at once after a rest: short, so that the rate holds also for whoever counts by the second. */
const MAX_BURST_MS = 250;

/** Wishes of the person. */
export interface FetchLimits {
  readonly paused: boolean;
  /** Bytes a second; null for as fast as it goes. */
  readonly bytesPerSecond: number | null;
  /** Bytes that may still be fetched; null for all there is. */
  readonly amountBytes: number | null;
}

export const NO_LIMITS: FetchLimits = { paused: false, bytesPerSecond: null, amountBytes: null };

/** A file that is being fetched, as far as a budget cares. */
export interface Fetchable {
  readonly key: string;
  /** Bytes of it that are not stored; asked for once a file. */
  missingBytes(): number;
}

/** `yes`: ask. `later`: the rate does not allow it yet. `no`: not before the limits change. */
export type BudgetAnswer = 'yes' | 'later' | 'no';

export class FetchBudget {
  #limits = NO_LIMITS;
  #tokens = 0;
  #filledMs: number | null = null;
  #leftBytes: number | null = null;
  /** Files that were begun under the amount, and what is missing of each. */
  readonly #reserved = new Map<string, number>();
  #reservedBytes = 0;
  /** Asked since the last time, and put off by the rate. */
  #isPutOff = false;
  #isSpent = false;

  get limits(): FetchLimits {
    return { ...this.#limits, amountBytes: this.#leftBytes };
  }

  /** Something was not fetched because the amount would not have allowed it whole. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  get isPaused(): boolean {
    return this.#limits.paused;
  }

  /** Nothing may be fetched, so nobody needs to be asked to fetch it for us. */
  get isClosed(): boolean {
    return this.#limits.paused || this.#isSpent;
  }

  set(limits: FetchLimits): void {
    this.#limits = limits;
    this.#leftBytes = limits.amountBytes;
    this.#reserved.clear();
    this.#reservedBytes = 0;
    this.#isSpent = false;
    this.#isPutOff = false;
    this.#filledMs = null;
  }

  /** Whether `bytes` of this file may be asked for now; when they may, they count as asked for. */
  take(file: Fetchable, bytes: number, nowMs: number): BudgetAnswer {
    if (this.#limits.paused) return 'no';
    if (!this.#fits(file)) {
      this.#isSpent = true;
      return 'no';
    }
    const { bytesPerSecond } = this.#limits;
    if (bytesPerSecond !== null) {
      this.#fill(bytesPerSecond, nowMs);
      if (this.#tokens < bytes) {
        this.#isPutOff = true;
        return 'later';
      }
      this.#tokens -= bytes;
    }
    this.#reserve(file);
    return 'yes';
  }

  /** When to ask again after `later`, monotonic ms; null when nothing was put off. */
  readyAtMs(): number | null {
    const { bytesPerSecond } = this.#limits;
    if (!this.#isPutOff || bytesPerSecond === null || this.#filledMs === null) return null;
    const lacking = burstBytes(bytesPerSecond) - this.#tokens;
    return this.#filledMs + Math.max(1, Math.ceil((lacking / bytesPerSecond) * 1000));
  }

  /** What was put off is being asked for again. */
  retried(): void {
    this.#isPutOff = false;
  }

  /** Bytes of a file were stored. */
  stored(key: string, bytes: number): void {
    if (this.#leftBytes === null) return;
    this.#leftBytes = Math.max(0, this.#leftBytes - bytes);
    const reserved = this.#reserved.get(key);
    if (reserved === undefined) return;
    const rest = Math.max(0, reserved - bytes);
    this.#reservedBytes -= reserved - rest;
    if (rest > 0) this.#reserved.set(key, rest);
    else this.#reserved.delete(key);
  }

  /** Files for which a part of the amount is kept. */
  begun(): string[] {
    return [...this.#reserved.keys()];
  }

  /** A file is whole, not wanted any more, or nobody has it: what was kept for it is free. */
  finished(key: string): void {
    const reserved = this.#reserved.get(key);
    if (reserved === undefined) return;
    this.#reservedBytes -= reserved;
    this.#reserved.delete(key);
    // What did not fit beside it may fit now.
    this.#isSpent = false;
  }

  #fits(file: Fetchable): boolean {
    if (this.#leftBytes === null || this.#reserved.has(file.key)) return true;
    return this.#reservedBytes + file.missingBytes() <= this.#leftBytes;
  }

  #reserve(file: Fetchable): void {
    if (this.#leftBytes === null || this.#reserved.has(file.key)) return;
    const missing = file.missingBytes();
    this.#reserved.set(file.key, missing);
    this.#reservedBytes += missing;
  }

  #fill(bytesPerSecond: number, nowMs: number): void {
    const elapsedMs = nowMs - (this.#filledMs ?? nowMs);
    const isFirst = this.#filledMs === null;
    this.#filledMs = nowMs;
    const most = burstBytes(bytesPerSecond);
    if (isFirst) this.#tokens = most;
    else this.#tokens = Math.min(most, this.#tokens + (Math.max(0, elapsedMs) / 1000) * bytesPerSecond);
  }
}

/** A chunk is asked for whole, also when it takes a slow rate more than a second. */
function burstBytes(bytesPerSecond: number): number {
  return Math.max(CHUNK_BYTES, (bytesPerSecond * MAX_BURST_MS) / 1000);
}
