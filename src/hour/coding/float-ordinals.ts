/**
 * float64 as whole numbers in the order of the values, so that predictors and the coder work on numbers that lie on no grid: the
 * IEEE 754 bit pattern with the sign taken out (a pattern p from 2^63 on becomes −(p − 2^63) − 1). Every pattern but NaN has one;
 * −0 is −1.
 *
 * An ordinal needs 64 bits. It is split into `high` = ⌊ordinal ÷ 2^shift + ½⌋, a whole number in float64, and `low` = ordinal −
 * high × 2^shift, from −2^(shift−1) on. float32 values held as float64 have no low part; those that went through arithmetic have
 * a small one.
 */
import { powerOfTwo } from './numbers.ts';

const word = new DataView(new ArrayBuffer(8));

/** The shift must leave |high| below 2^53. */
export const MIN_SHIFT = 11;
export const MAX_SHIFT = 31;
/** Bits of a float64 that a float32 does not have. */
export const FLOAT32_SHIFT = 29;

export interface SplitOrdinals {
  readonly shift: number;
  readonly high: Float64Array;
  /** Null when it is 0 for all positive and −1 for all negative values, and none of them is −0: so it is for float32. */
  readonly low: Float64Array | null;
}

/** Splits `values` at `shift`, 11 to 31. */
export function splitOrdinals(values: Float64Array, shift: number): SplitOrdinals {
  const high = new Float64Array(values.length);
  const low = new Float64Array(values.length);
  const scale = powerOfTwo(32 - shift);
  const span = powerOfTwo(shift);
  let isPlain = true;
  for (let i = 0; i < values.length; i++) {
    word.setFloat64(0, values[i] as number);
    let top = word.getInt32(0);
    let bottom = word.getInt32(4);
    if (top < 0) {
      // −(p − 2^63) − 1 is the complement of p with its sign bit cleared, as a negative number.
      top = ~(top & 0x7fffffff);
      bottom = ~bottom;
    }
    const rest = (bottom & (span - 1)) >>> 0;
    const up = rest >= span / 2 ? 1 : 0;
    high[i] = top * scale + (bottom >>> shift) + up;
    low[i] = rest - up * span;
    if (low[i] !== ((high[i] as number) < 0 ? -1 : 0)) isPlain = false;
  }
  return { shift, high, low: isPlain ? null : low };
}

/** The value of an ordinal; `low` null where it is plain. @returns NaN when there is none. */
export function valueOfOrdinal(high: number, low: number | null, shift: number): number {
  const scale = powerOfTwo(32 - shift);
  const span = powerOfTwo(shift);
  let part = low ?? (high < 0 ? -1 : 0);
  let whole = high;
  if (part < 0) {
    whole -= 1;
    part += span;
  }
  const topFloor = Math.floor(whole / scale);
  if (topFloor < -0x80000000 || topFloor > 0x7fffffff || part < 0 || part >= span) return Number.NaN;
  let top = topFloor | 0;
  let bottom = ((whole - topFloor * scale) * span + part) | 0;
  if (top < 0) {
    top = ~top | 0x80000000;
    bottom = ~bottom;
  }
  word.setInt32(0, top);
  word.setInt32(4, bottom);
  return word.getFloat64(0);
}
