/** How many bits a coder would need: what the writer compares its choices by. Whole numbers and IEEE products only, so that every machine chooses alike. */

import { powerOfTwo } from './numbers.ts';

const FRACTION_BITS = 10;
const ONE = 1 << FRACTION_BITS;

/** log2 of a whole number from 1 on, in 1/1024, rounded down. */
function log2Fixed(n: number): number {
  const whole = 31 - Math.clz32(n);
  let x = n / powerOfTwo(whole);
  let result = whole;
  for (let i = 0; i < FRACTION_BITS; i++) {
    x *= x;
    result *= 2;
    if (x >= 2) {
      x /= 2;
      result++;
    }
  }
  return result;
}

const LOGS = Int32Array.from({ length: 2049 }, (_, n) => (n === 0 ? 0 : log2Fixed(n)));

function log2Of(n: number): number {
  return n <= 2048 ? (LOGS[n] as number) : log2Fixed(n);
}

/** Rows that share one histogram: the coder's own memory is of that order. */
const STRETCH = 2048;

/** Bits for `residuals`: the entropy of their lengths, and their other bits as they are. */
export function estimateBits(residuals: Int32Array): number {
  let bits = 0;
  const lengths = new Int32Array(33);
  for (let from = 0; from < residuals.length; from += STRETCH) {
    const to = Math.min(from + STRETCH, residuals.length);
    lengths.fill(0);
    for (let i = from; i < to; i++) {
      const value = residuals[i] as number;
      const length = 32 - Math.clz32(value < 0 ? -value : value);
      lengths[length] = (lengths[length] as number) + 1;
    }
    const total = log2Of(to - from);
    for (let length = 0; length < lengths.length; length++) {
      const n = lengths[length] as number;
      if (n > 0) bits += n * ((total - log2Of(n)) / ONE + length) + EACH_LENGTH_BITS;
    }
  }
  return bits;
}

/** Learning how frequent a length is costs about this. */
const EACH_LENGTH_BITS = 6;
