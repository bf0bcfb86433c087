/**
 * Comparing two sets of feed heads by fingerprints over ranges (range-based set reconciliation, Meyer 2023): equal
 * sets are told equal by one hash; where they differ, a range is either listed or split.
 *
 * A range is [lo, hi) over the keys author ‖ feed (48 bytes, hex here); null bounds are open. Several heads of one
 * feed (forks) share a key and are ordered by id.
 */
import { type Bytes, concatBytes } from '../core/bytes.ts';
import { sha256 } from '../core/hash.ts';
import { idBytes } from '../core/ids.ts';
import type { Head } from './entry.ts';

export type RangeKey = string;

export interface Range {
  readonly lo: RangeKey | null;
  readonly hi: RangeKey | null;
}

export interface RangeFingerprint extends Range {
  readonly count: number;
  /** First 16 bytes of SHA-256 over the heads in order; zeros for none. */
  readonly fingerprint: Bytes;
}

/** Up to this many heads on both sides together a list costs less than another round trip. */
export const LIST_THRESHOLD = 64;
const SPLIT_WAYS = 16;

export function rangeKey(head: Head): RangeKey {
  return head.author + head.feed;
}

function compareHeads(a: Head, b: Head): number {
  const left = rangeKey(a);
  const right = rangeKey(b);
  if (left !== right) return left < right ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function uint64(value: number): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

/** An ordered snapshot of heads that answers for ranges. */
export class HeadSet {
  readonly #heads: readonly Head[];
  #whole: RangeFingerprint | undefined;

  constructor(heads: readonly Head[]) {
    this.#heads = [...heads].sort(compareHeads);
  }

  within(range: Range): readonly Head[] {
    const from = range.lo === null ? 0 : this.#lowerBound(range.lo);
    const to = range.hi === null ? this.#heads.length : this.#lowerBound(range.hi);
    return this.#heads.slice(from, Math.max(from, to));
  }

  fingerprint(range: Range): RangeFingerprint {
    // Every link asks for the whole, every time: hashed once.
    if (range.lo !== null || range.hi !== null) return this.#fingerprintOf(range);
    this.#whole ??= this.#fingerprintOf(range);
    return this.#whole;
  }

  #fingerprintOf(range: Range): RangeFingerprint {
    const heads = this.within(range);
    const parts = heads.flatMap((h) => [idBytes(h.author), idBytes(h.feed), uint64(h.seq), idBytes(h.id)]);
    const fingerprint = heads.length === 0 ? new Uint8Array(16) : sha256(concatBytes(...parts)).slice(0, 16);
    return { lo: range.lo, hi: range.hi, count: heads.length, fingerprint };
  }

  /** Cuts a range into at most 16 parts of about equally many heads, no more of them than lists need, never within a feed. */
  split(range: Range): RangeFingerprint[] {
    const heads = this.within(range);
    const ways = Math.min(SPLIT_WAYS, Math.max(2, Math.ceil(heads.length / LIST_THRESHOLD)));
    const bounds: (RangeKey | null)[] = [range.lo];
    for (let i = 1; i < ways; i++) {
      const head = heads[Math.floor((i * heads.length) / ways)];
      const key = head === undefined ? null : rangeKey(head);
      const before = bounds.at(-1) ?? null;
      if (key !== null && (before === null || key > before)) bounds.push(key);
    }
    bounds.push(range.hi);
    const parts: RangeFingerprint[] = [];
    for (let i = 1; i < bounds.length; i++) {
      parts.push(this.fingerprint({ lo: bounds[i - 1] ?? null, hi: bounds[i] ?? null }));
    }
    return parts;
  }

  #lowerBound(key: RangeKey): number {
    let low = 0;
    let high = this.#heads.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rangeKey(this.#heads[middle] as Head) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
