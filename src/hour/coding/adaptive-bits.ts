/**
 * Adaptive binary arithmetic coding with logistic mixing: each bit is predicted by three counters, each found by another context,
 * whose predictions are weighted in the logistic domain by weights that learn (Mahoney, “Adaptive Weighing of Context Models for
 * Lossless Data Compression”, 2005), and coded by a carrying range coder (Martin 1979, in the form of LZMA's).
 *
 * Integers only, so that every machine makes the same bytes. One class codes in both directions: what a caller asks for is
 * written, or read, by the same calls in the same order, so the two cannot drift apart.
 *
 * Counters: 31 bits, the upper 21 the probability of a 1, the lower 10 how often it was updated (rate 1/(n+1.6), down to
 * 1/{@link RATE_LIMIT}). Mixing: weights 16.16, stretch(p) = ln(p/(1−p)) in steps of 1/256, clamped to ±2047. Range coder: 31-bit
 * range, renewed by whole bytes below 2^23, probabilities of 15 bits.
 */
import type { Bytes } from '../../core/bytes.ts';
import { SQUASH, STRETCH } from './logistic-tables.ts';

/** A counter that was updated this often forgets at a constant rate; chosen on imu50, phone1hz and surfrad, flat around it. */
const RATE_LIMIT = 400;
const RATES = Int32Array.from({ length: RATE_LIMIT + 1 }, (_, n) => Math.round(65536 / (n + 1.6)));
const HALF = (1 << 20) << 10;
/** A little more than a third: three models that know little are surer together. */
const FIRST_WEIGHT = 26214;
/** Three of them times a stretch stay below 2^31. */
const MAX_WEIGHT = 0x3ffff;
const LEARNING = 10;
const FULL_RANGE = 0x7fffffff;
const RENEW_BELOW = 0x800000;
/** Most bits that {@link AdaptiveBits.raw} takes at once: leaves the range at least 2^11 parts. */
const RAW_BITS = 12;

/** What finishing writes can be zeros for the most part. */
const MAX_LEFT_OFF = 4;

export class AdaptiveBits {
  /** True when bits are read. */
  readonly isReading: boolean;
  #bytes: Uint8Array;
  #at: number;
  readonly #from: number;
  #low = 0;
  #range = FULL_RANGE;
  #code = 0;
  #cache = -1;
  #pending = 0;
  #overrun = 0;
  #isDamaged = false;
  readonly #counters: Int32Array;
  readonly #weights: Int32Array;

  private constructor(
    isReading: boolean,
    bytes: Uint8Array,
    at: number,
    counters: Int32Array,
    weights: Int32Array,
  ) {
    this.isReading = isReading;
    this.#bytes = bytes;
    this.#at = at;
    this.#from = at;
    this.#counters = counters.fill(HALF);
    this.#weights = weights.fill(FIRST_WEIGHT);
    if (!isReading) return;
    for (let i = 0; i < 4; i++) this.#code = (this.#code << 8) | this.#next();
    // A writer keeps the code below the range; from here on every step does.
    if (this.#code < 0 || this.#code >= FULL_RANGE) this.#damaged();
  }

  /** Begins to write. @param counters, weights how many of each the caller names by index (weights in threes). */
  static write(counters: number, weights: number): AdaptiveBits {
    return new AdaptiveBits(
      false,
      new Uint8Array(1024),
      0,
      new Int32Array(counters),
      new Int32Array(weights),
    );
  }

  /** Begins to read what {@link finish} gave. */
  static read(bytes: Uint8Array, counters: number, weights: number): AdaptiveBits {
    return new AdaptiveBits(true, bytes, 0, new Int32Array(counters), new Int32Array(weights));
  }

  /** True when bits were read that no writer writes, or more than the bytes that {@link finish} leaves off are not there. */
  get isDamaged(): boolean {
    return this.#isDamaged || this.#overrun > MAX_LEFT_OFF;
  }

  /** True when every byte was read: a reader is exactly as far as the writer was. */
  get isSpent(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** What follows is of no worth, but defined: the code stays below the range. */
  #damaged(): void {
    this.#isDamaged = true;
    this.#code = 0;
  }

  #next(): number {
    if (this.#at < this.#bytes.length) return this.#bytes[this.#at++] as number;
    this.#overrun++;
    return 0;
  }

  /** One bit, predicted by counters `a`, `b`, `c` under the three weights from `w` on. Reading, `bit` is not looked at. */
  bit(bit: number, a: number, b: number, c: number, w: number): number {
    const counters = this.#counters;
    const weights = this.#weights;
    const ta = counters[a] as number;
    const tb = counters[b] as number;
    const tc = counters[c] as number;
    const sa = STRETCH[ta >>> 19] as number;
    const sb = STRETCH[tb >>> 19] as number;
    const sc = STRETCH[tc >>> 19] as number;
    const wa = weights[w] as number;
    const wb = weights[w + 1] as number;
    const wc = weights[w + 2] as number;
    let mixed = (wa * sa + wb * sb + wc * sc) >> 16;
    if (mixed > 2047) mixed = 2047;
    else if (mixed < -2047) mixed = -2047;
    const p = SQUASH[mixed + 2048] as number;
    const bound = Math.imul(this.#range >>> 15, p);
    let y = bit;
    if (this.isReading) {
      if (this.#code < bound) {
        y = 1;
        this.#range = bound;
      } else {
        y = 0;
        this.#code -= bound;
        this.#range -= bound;
      }
      while (this.#range < RENEW_BELOW) {
        this.#range <<= 8;
        this.#code = (this.#code << 8) | this.#next();
      }
    } else {
      if (y === 1) this.#range = bound;
      else {
        this.#low += bound;
        this.#range -= bound;
      }
      while (this.#range < RENEW_BELOW) {
        this.#range <<= 8;
        this.#shift();
      }
    }
    const error = Math.imul((y << 15) - p, LEARNING);
    weights[w] = learned(wa, sa, error);
    weights[w + 1] = learned(wb, sb, error);
    weights[w + 2] = learned(wc, sc, error);
    const target = y << 21;
    counters[a] = updated(ta, target);
    counters[b] = updated(tb, target);
    counters[c] = updated(tc, target);
    return y;
  }

  /** `bits` (at most 31) bits of equal probability, the highest first. Reading, `value` is not looked at. */
  raw(value: number, bits: number): number {
    let left = bits;
    let result = 0;
    while (left > 0) {
      const some = left > RAW_BITS ? RAW_BITS : left;
      left -= some;
      result = (result << some) | this.#rawSome((value >>> left) & ((1 << some) - 1), some);
    }
    return result;
  }

  #rawSome(value: number, bits: number): number {
    const part = this.#range >>> bits;
    this.#range = part;
    if (!this.isReading) {
      this.#low += part * value;
      while (this.#range < RENEW_BELOW) {
        this.#range <<= 8;
        this.#shift();
      }
      return value;
    }
    let read = (this.#code / part) | 0;
    if (read >= 1 << bits) {
      // What a range leaves over when it is split evenly belongs to no value.
      read = 0;
      this.#damaged();
    }
    this.#code -= Math.imul(part, read);
    while (this.#range < RENEW_BELOW) {
      this.#range <<= 8;
      this.#code = (this.#code << 8) | this.#next();
    }
    return read;
  }

  /** Moves the top byte of `low` out; 0xff waits, since a carry may still run through it. */
  #shift(): void {
    const low = this.#low;
    if (low < 0xff000000 || low >= 0x100000000) {
      const carry = low >= 0x100000000 ? 1 : 0;
      if (this.#cache >= 0) this.#put(this.#cache + carry);
      for (; this.#pending > 0; this.#pending--) this.#put(0xff + carry);
      this.#cache = Math.floor(low / 0x1000000) & 0xff;
    } else this.#pending++;
    this.#low = (low % 0x1000000) * 256;
  }

  #put(byte: number): void {
    if (this.#at === this.#bytes.length) {
      const grown = new Uint8Array(this.#bytes.length * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.#at++] = byte;
  }

  /** The bytes written. Up to {@link MAX_LEFT_OFF} zeros at the end are left off: a reader takes them as given. */
  finish(): Bytes {
    for (let i = 0; i < 4; i++) this.#shift();
    if (this.#cache >= 0) this.#put(this.#cache);
    for (; this.#pending > 0; this.#pending--) this.#put(0xff);
    let end = this.#at;
    const least = Math.max(this.#from, end - MAX_LEFT_OFF);
    while (end > least && this.#bytes[end - 1] === 0) end--;
    return this.#bytes.slice(0, end);
  }
}

function learned(weight: number, stretched: number, error: number): number {
  const next = weight + ((Math.imul(stretched, error) + 0x8000) >> 16);
  return next > MAX_WEIGHT ? MAX_WEIGHT : next < -MAX_WEIGHT ? -MAX_WEIGHT : next;
}

function updated(counter: number, target: number): number {
  const n = counter & 1023;
  let p = counter >>> 10;
  p += Math.imul((target - p) >> 5, RATES[n] as number) >> 11;
  return (p << 10) | (n < RATE_LIMIT ? n + 1 : n);
}
