/**
 * Single whole numbers in a block's bits: parameters of predictors, first values, tables. Elias gamma codes with even odds: a
 * parameter is written once, so there is nothing to learn. Every function codes in both directions, as {@link AdaptiveBits} does.
 */
import type { AdaptiveBits } from './adaptive-bits.ts';

/** Bits of the largest number: what float64 holds exactly, and its sign. */
const MAX_BITS = 54;
const SIX_BITS = 6;

/** 2^n for n from 0 to 63, exact: the language does not promise that of 2 ** n. */
const POWERS_OF_TWO: Float64Array = (() => {
  const powers = new Float64Array(64);
  for (let n = 0, power = 1; n < 64; n++, power *= 2) powers[n] = power;
  return powers;
})();

/** 2^n, n a whole number from 0 to 63. */
export function powerOfTwo(n: number): number {
  return POWERS_OF_TWO[n] as number;
}

/** Number of bits of a whole number from 0 to 2^54. */
export function bitLength(value: number): number {
  if (value < 0x100000000) return 32 - Math.clz32(value);
  return 64 - Math.clz32(Math.floor(value / 0x100000000));
}

/** A whole number from 0 to 2^54: its length in six bits, then what follows its leading 1. */
export function codeUnsigned(bits: AdaptiveBits, value: number): number {
  const length = bits.raw(bitLength(value), SIX_BITS);
  if (length <= 1) return length;
  const top = powerOfTwo(length - 1);
  return top + codeFixed(bits, value - top, Math.min(length, MAX_BITS + 1) - 1);
}

/** A whole number of exactly `width` bits, 0 to 54. */
export function codeFixed(bits: AdaptiveBits, value: number, width: number): number {
  if (width <= 30) return bits.raw(value, width);
  const high = bits.raw(Math.floor(value / 2 ** 30), width - 30);
  return high * 2 ** 30 + bits.raw(value % 2 ** 30, 30);
}

/** A whole number of magnitude up to 2^54, its sign behind its magnitude. */
export function codeSigned(bits: AdaptiveBits, value: number): number {
  const magnitude = codeUnsigned(bits, Math.abs(value));
  if (magnitude === 0) return 0;
  return bits.raw(value < 0 ? 1 : 0, 1) === 1 ? -magnitude : magnitude;
}

/** A small whole number, Golomb–Rice with `2^shift` to a unary step, at most 63 steps: coefficients lie near zero. */
export function codeRice(bits: AdaptiveBits, value: number, shift: number): number {
  const folded = value < 0 ? -value * 2 - 1 : value * 2;
  let steps = 0;
  while (steps < 63 && bits.raw(steps < folded >>> shift ? 1 : 0, 1) === 1) steps++;
  const read = (steps << shift) | bits.raw(folded & ((1 << shift) - 1), shift);
  return (read & 1) === 1 ? -((read + 1) >>> 1) : read >>> 1;
}

const word = new DataView(new ArrayBuffer(8));

/** The 64 bits of a float64. */
export function codeFloat(bits: AdaptiveBits, value: number): number {
  word.setFloat64(0, value);
  const high = codeFixed(bits, word.getUint32(0), 32);
  const low = codeFixed(bits, word.getUint32(4), 32);
  word.setUint32(0, high);
  word.setUint32(4, low);
  return word.getFloat64(0);
}
