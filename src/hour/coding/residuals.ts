/**
 * What a predictor leaves over, coded bit by bit: the residual's length in bits, counted up or down from the length that the last
 * residuals let expect, then its sign and its bits from the top; those whose odds are even are not modelled.
 *
 * Three contexts stand behind every modelled bit: A, how large residuals have been lately (two running means); B, the lengths of the
 * last two; C, the longer mean with what the two columns before this one left over in the same row (a sensor's axes, or values
 * that are renewed together, are quiet and loud together). The idea of lengths in contexts of a running mean is that of lossless
 * audio coders (TTA, Monkey's Audio); the mixing is {@link AdaptiveBits}'.
 */
import type { AdaptiveBits } from './adaptive-bits.ts';

/** Half steps of log2 of a running mean; from here on four half steps share a context. */
const FINE_STEPS = 24;
const A_CONTEXTS = FINE_STEPS + 8;
const B_SHORT = 12;
const B_CONTEXTS = 16 * B_SHORT;
/** Whole steps of the slower mean; above, they differ little. */
const C_STEPS = 12;
const C_CONTEXTS = C_STEPS * 8 * 3;

/** Counters per context: lengths counted up (32), down (32), signs (9), top bits (3, 4 to spare). */
const SLOTS = 80;
const DOWN = 32;
const SIGN = 64;
const TOP = 73;
const A_AT = 0;
const B_AT = A_AT + A_CONTEXTS * SLOTS;
const C_AT = B_AT + B_CONTEXTS * SLOTS;
const TOP_A_AT = C_AT + C_CONTEXTS * SLOTS;
const NEXT_A_AT = TOP_A_AT + A_CONTEXTS * 16;
const TOP_B_AT = NEXT_A_AT + A_CONTEXTS * 16;
const NEXT_B_AT = TOP_B_AT + 32;
/** Counters that {@link codeResiduals} uses, from index 0 on. */
export const RESIDUAL_COUNTERS = NEXT_B_AT + 64;

const UP_WEIGHTS = 3;
const DOWN_WEIGHTS = UP_WEIGHTS + 7 * 3;
const SIGN_WEIGHTS = DOWN_WEIGHTS + 7 * 3;
const TOP_WEIGHTS = SIGN_WEIGHTS + 3;
const NEXT_WEIGHTS = TOP_WEIGHTS + 3;
/** Weights that {@link codeResiduals} uses, from index 0 on. */
export const RESIDUAL_WEIGHTS = NEXT_WEIGHTS + 6;

/** Signs of longer residuals are even in every recording looked at (imu50, phone1hz): they are not modelled. */
const SIGN_LENGTHS = 4;
/** The same for the second bit from the top. */
const NEXT_LENGTHS = 5;
/** |residual| < 2^31. */
const MAX_RESIDUAL_BITS = 31;

/** What codeResiduals says when a reader meets a length that no writer writes. */
export const TOO_LONG = -1;

/** Largest magnitude that enters the means: times 64, times 8, it stays below 2^31. */
const MOST_IN_MEANS = 2 ** 22 - 1;

/** log2 of `scaled` (residuals times 64) in half steps, 0 to 55. */
function halfSteps(scaled: number): number {
  const s = scaled + 2;
  const log = 31 - Math.clz32(s);
  return 2 * log + ((s >>> (log - 1)) & 1) - 2;
}

/**
 * Codes `count` residuals, each |e| < 2^31; reading, `residuals` is filled.
 * @param beside what the column before left over in the same rows, `beside2` the one before that.
 * @returns count, or {@link TOO_LONG}.
 */
export function codeResiduals(
  bits: AdaptiveBits,
  residuals: Int32Array,
  count: number,
  beside: Int32Array | null,
  beside2: Int32Array | null,
): number {
  let fast = 0;
  let slow = 0;
  let length1 = 0;
  let length2 = 0;
  let last = 0;
  for (let i = 0; i < count; i++) {
    const half = halfSteps((fast * 5 + slow * 3) >> 3);
    const step = half < FINE_STEPS ? half : FINE_STEPS + ((half - FINE_STEPS) >> 2);
    const slowHalf = halfSteps(slow) >> 1;
    const slowStep = slowHalf < C_STEPS ? slowHalf : C_STEPS - 1;
    let neighbour = 0;
    let neighbourSign = 0;
    if (beside !== null) {
      const other = beside[i] as number;
      if (other !== 0) {
        const size = ((32 - Math.clz32(other < 0 ? -other : other)) * 2) / 3;
        neighbour = 1 + (size > 6 ? 6 : size | 0);
        neighbourSign = other > 0 ? 1 : 2;
      }
    }
    const second = beside2 === null ? 0 : beside2[i] === 0 ? 1 : 2;
    const a = A_AT + step * SLOTS;
    const b = B_AT + (length1 * B_SHORT + length2) * SLOTS;
    const c = C_AT + ((slowStep * 8 + neighbour) * 3 + second) * SLOTS;

    let value = residuals[i] as number;
    let magnitude = value < 0 ? -value : value;
    let length = 32 - Math.clz32(magnitude);
    const expected = half < 8 ? 0 : (half >> 1) - 3;
    if (bits.bit(length > expected ? 1 : 0, a, b + expected, c + expected, 0) === 1) {
      let at = expected + 1;
      while (at <= MAX_RESIDUAL_BITS) {
        const over = at - expected > 6 ? 6 : at - expected;
        const w = UP_WEIGHTS + 3 * over;
        if (bits.bit(length > at ? 1 : 0, a + over, b + at, c + at, w) === 0) break;
        at++;
      }
      if (at > MAX_RESIDUAL_BITS) return TOO_LONG;
      length = at;
    } else {
      let at = expected;
      while (at > 0) {
        const under = expected - at > 6 ? 6 : expected - at;
        const w = DOWN_WEIGHTS + 3 * under;
        if (bits.bit(length < at ? 1 : 0, a + DOWN + under, b + DOWN + at, c + DOWN + at, w) === 0) break;
        at--;
      }
      length = at;
    }
    if (length === 0) {
      value = 0;
      magnitude = 0;
    } else {
      const isShort = length <= SIGN_LENGTHS;
      let negative = value < 0 ? 1 : 0;
      if (isShort) {
        const before = last > 0 ? 3 : last < 0 ? 6 : 0;
        negative = bits.bit(
          negative,
          a + SIGN + before + neighbourSign,
          b + SIGN + before + neighbourSign,
          c + SIGN + neighbourSign,
          SIGN_WEIGHTS,
        );
      }
      let known = 1;
      let left = length - 1;
      if (left > 0) {
        left--;
        const top = bits.bit(
          (magnitude >>> left) & 1,
          TOP_A_AT + step * 16 + (length > 15 ? 15 : length),
          TOP_B_AT + length,
          c + TOP,
          TOP_WEIGHTS,
        );
        known = 2 | top;
        if (left > 0 && length <= NEXT_LENGTHS) {
          left--;
          const distance = length > expected ? length - expected : expected - length;
          known =
            (known << 1) |
            bits.bit(
              (magnitude >>> left) & 1,
              NEXT_A_AT + step * 16 + top * 8 + (distance > 7 ? 7 : distance),
              NEXT_B_AT + top * 32 + length,
              c + TOP + 1 + top,
              NEXT_WEIGHTS + 3 * top,
            );
        }
      }
      if (isShort) {
        if (left > 0) known = (known << left) | bits.raw(magnitude & ((1 << left) - 1), left);
      } else {
        const rest = bits.raw((magnitude & ((1 << left) - 1)) * 2 + negative, left + 1);
        negative = rest & 1;
        known = (known << left) | (rest >>> 1);
      }
      magnitude = known;
      value = negative === 1 ? -magnitude : magnitude;
    }
    residuals[i] = value;
    last = value;
    length2 = length1 >= B_SHORT ? B_SHORT - 1 : length1;
    length1 = length > 15 ? 15 : length;
    const capped = magnitude > MOST_IN_MEANS ? MOST_IN_MEANS : magnitude;
    fast += ((capped << 6) - fast) >> 3;
    slow += ((capped << 6) - slow) >> 6;
  }
  return count;
}
