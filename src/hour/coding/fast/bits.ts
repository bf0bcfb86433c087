/**
 * The plain bits of the fast profile, highest first, as a microcontroller reads them: no model, no state but a place.
 * docs/HOUR.md, "The fast profile".
 */
import type { Bytes } from '../../../core/bytes.ts';
import { corrupt } from '../corrupt.ts';
import { bitLength, powerOfTwo } from '../numbers.ts';

/** A load at the last bit of a block reads up to seven bytes more. */
const PADDING_BYTES = 8;
/** Bits that a 32-bit load at any bit of a byte surely has. */
const SURE_BITS = 25;
/** A gamma code with more zeros would be of a number beyond any block. */
const MAX_GAMMA_ZEROS = 15;

const word = new DataView(new ArrayBuffer(8));

/** Writes bits into memory that grows. */
export class BitWriter {
  #bytes = new Uint8Array(4096);
  #length = 0;
  /** Bits that wait for a whole byte, fewer than eight, and what they are. */
  #waiting = 0;
  #held = 0;

  /** The low `width` bits of `value`, 0 to 24. */
  bits(value: number, width: number): void {
    let held = (this.#held << width) | (value & ((1 << width) - 1));
    let waiting = this.#waiting + width;
    while (waiting >= 8) {
      waiting -= 8;
      if (this.#length === this.#bytes.length) this.#grow();
      this.#bytes[this.#length++] = held >>> waiting;
      held &= (1 << waiting) - 1;
    }
    this.#held = held;
    this.#waiting = waiting;
  }

  /** A whole number of `width` bits, 0 to 53. */
  fixed(value: number, width: number): void {
    if (width <= 24) this.bits(value, width);
    else {
      const low = value % 0x1000000;
      this.fixed((value - low) / 0x1000000, width - 24);
      this.bits(low, 24);
    }
  }

  /** 0 to 2^53: its length in six bits, then what follows its leading 1. */
  unsigned(value: number): void {
    const length = bitLength(value);
    this.bits(length, 6);
    if (length > 1) this.fixed(value - powerOfTwo(length - 1), length - 1);
  }

  /** Its magnitude, and for all but 0 a bit: 1 for negative. */
  signed(value: number): void {
    this.unsigned(Math.abs(value));
    if (value !== 0) this.bits(value < 0 ? 1 : 0, 1);
  }

  /** 1 to 32,767, Elias gamma: as many zeros as bits follow its leading 1, then the number. */
  gamma(value: number): void {
    const length = bitLength(value);
    this.bits(0, length - 1);
    this.bits(value, length);
  }

  /** The 64 bits of a float64. */
  float(value: number): void {
    word.setFloat64(0, value);
    this.fixed(word.getUint32(0), 32);
    this.fixed(word.getUint32(4), 32);
  }

  /** Fills the last byte with zeros. */
  finish(): Bytes {
    if (this.#waiting > 0) this.bits(0, 8 - this.#waiting);
    return this.#bytes.slice(0, this.#length);
  }

  #grow(): void {
    const grown = new Uint8Array(this.#bytes.length * 2);
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

/**
 * Reads bits. Behind the end it reads zeros, at most as many as one load takes; whoever reads in a loop asks {@link isBeyond} often
 * enough that nobody reads more.
 */
export class BitReader {
  /** The block and some zeros behind it. */
  readonly view: DataView<ArrayBuffer>;
  /** The next bit. */
  at = 0;
  readonly #endBit: number;

  constructor(bytes: Uint8Array) {
    const padded = new Uint8Array(bytes.length + PADDING_BYTES);
    padded.set(bytes);
    this.view = new DataView(padded.buffer);
    this.#endBit = bytes.length * 8;
  }

  /** More was read than there is. */
  get isBeyond(): boolean {
    return this.at > this.#endBit;
  }

  /** Bits that are left. */
  get left(): number {
    return this.#endBit - this.at;
  }

  /** All was read but the zeros that fill the last byte. */
  get isSpent(): boolean {
    const rest = this.left;
    return rest >= 0 && rest < 8 && this.bits(rest) === 0;
  }

  /** A number of `width` bits, 0 to 25. @throws WaystationError `corrupt` behind the end. */
  bits(width: number): number {
    if (this.at + width > this.#endBit) throw corrupt('it ends too early');
    if (width === 0) return 0;
    const value = (this.view.getUint32(this.at >>> 3) << (this.at & 7)) >>> (32 - width);
    this.at += width;
    return value;
  }

  /** A whole number of `width` bits, 0 to 53. @throws WaystationError `corrupt`. */
  fixed(width: number): number {
    if (width <= SURE_BITS) return this.bits(width);
    const high = this.fixed(width - 24);
    return high * 0x1000000 + this.bits(24);
  }

  /** @throws WaystationError `corrupt`. */
  unsigned(): number {
    const length = this.bits(6);
    if (length <= 1) return length;
    if (length > 54) throw corrupt('a number is too large');
    const value = powerOfTwo(length - 1) + this.fixed(length - 1);
    if (value > 2 ** 53) throw corrupt('a number is too large');
    return value;
  }

  /** @throws WaystationError `corrupt`. */
  signed(): number {
    const magnitude = this.unsigned();
    if (magnitude === 0) return 0;
    return this.bits(1) === 1 ? -magnitude : magnitude;
  }

  /** @throws WaystationError `corrupt`. */
  gamma(): number {
    let zeros = 0;
    while (this.bits(1) === 0) if (++zeros > MAX_GAMMA_ZEROS) throw corrupt('a number is too large');
    return powerOfTwo(zeros) + this.bits(zeros);
  }

  /** @throws WaystationError `corrupt`. */
  float(): number {
    const high = this.fixed(32);
    const low = this.fixed(32);
    word.setUint32(0, high);
    word.setUint32(4, low);
    return word.getFloat64(0);
  }
}
