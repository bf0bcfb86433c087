/**
 * Token buckets for more senders than anyone could keep a list of: a fixed table, and each sender's bucket is the slot that a salted
 * hash of its address falls on. Pure: time and salt are handed in.
 *
 * Invariants
 * - Memory is the table, whatever comes.
 * - No address ever gets more than one bucket gives: it has exactly one slot. Two that share a slot share its bucket.
 * - Who does not know the salt cannot choose whose slot to empty.
 */
export interface RateLimit {
  /** Tokens at once. */
  readonly burst: number;
  /** Tokens a second in the long run. */
  readonly perSecond: number;
}

/** Names a bucket of one table. */
export type Slot = number;

export class RateSlots {
  readonly #limit: RateLimit;
  readonly #salt: number;
  readonly #mask: number;
  readonly #tokens: Float64Array;
  readonly #lastMs: Float64Array;

  /**
   * @param salt 32 random bits.
   * @param slotBits the table has 2^slotBits buckets of 16 bytes.
   */
  constructor(limit: RateLimit, salt: number, slotBits: number) {
    this.#limit = limit;
    this.#salt = salt >>> 0;
    this.#mask = 2 ** slotBits - 1;
    this.#tokens = new Float64Array(this.#mask + 1).fill(limit.burst);
    this.#lastMs = new Float64Array(this.#mask + 1);
  }

  /** The bucket of whoever has the first `length` bytes of `address`. */
  slotOf(address: Uint8Array, length = address.length): Slot {
    let hash = this.#salt ^ Math.imul(length, 0x9e3779b1);
    for (let i = 0; i < length; i++) {
      hash = Math.imul(hash ^ (address[i] ?? 0), 0x85ebca6b);
      hash = Math.imul((hash << 13) | (hash >>> 19), 0xc2b2ae35);
    }
    hash ^= hash >>> 16;
    hash = Math.imul(hash, 0x27d4eb2f);
    return (hash ^ (hash >>> 15)) & this.#mask;
  }

  /** Takes `cost` tokens if the bucket has them; false means the caller drops what it was for. A clock that jumps back refills nothing. */
  take(slot: Slot, cost: number, nowMs: number): boolean {
    const elapsedMs = nowMs - (this.#lastMs[slot] ?? 0);
    this.#lastMs[slot] = nowMs;
    let tokens = this.#tokens[slot] ?? 0;
    if (elapsedMs > 0)
      tokens = Math.min(this.#limit.burst, tokens + (elapsedMs / 1000) * this.#limit.perSecond);
    const isEnough = tokens >= cost;
    this.#tokens[slot] = isEnough ? tokens - cost : tokens;
    return isEnough;
  }
}
