/**
 * Fitting a linear predictor to a block (writer only): least squares over the correlations of steps, every stretch of rows weighted
 * by how quiet it is, so that one jolt does not decide for the rest; solved by Cholesky decomposition. IEEE additions,
 * multiplications, divisions and square roots only, in a fixed order: the same coefficients on every machine.
 */
import { COEFFICIENT_SCALE, type LinearPredictor, MAX_COEFFICIENT, TAPS_BESIDE } from './predictors.ts';

/** Rows that share one weight; between a second and ten at phones' rates. Flat from 128 to 1024 on imu50. */
const STRETCH_ROWS = 256;
/**
 * What is added to the diagonal, in parts of it: keeps the matrix positive where columns hardly move or follow each other. Sums over
 * stretches only nearly belong to one stationary signal, so a little more may be needed.
 */
const REGULAR = [1e-5, 1e-3, 1e-2];

/**
 * @param steps of the column itself.
 * @param beside steps of the columns looked at, with their distance before this one.
 * @returns undefined when there is nothing to fit.
 */
export function fitLinear(
  steps: Float64Array,
  taps: number,
  beside: readonly { readonly distance: number; readonly steps: Float64Array }[],
): LinearPredictor | undefined {
  const size = taps + TAPS_BESIDE * beside.length;
  const lags = correlations(steps, taps, beside);
  const matrix = new Float64Array(size * size);
  const target = new Float64Array(size);
  for (let a = 0; a < taps; a++) {
    target[a] = lags.own[a + 1] as number;
    for (let b = 0; b <= a; b++) matrix[a * size + b] = lags.own[a - b] as number;
  }
  beside.forEach((_, o) => {
    for (let m = 0; m < TAPS_BESIDE; m++) {
      const row = taps + o * TAPS_BESIDE + m;
      const cross = lags.cross[o] as Float64Array;
      target[row] = cross[1 - m] as number;
      for (let k = 0; k < taps; k++) matrix[row * size + k] = cross[2 + k - m] as number;
      for (let p = 0; p <= o; p++) {
        const pair = lags.pairs[(o * (o + 1)) / 2 + p] as Float64Array;
        for (let n = 0; n < TAPS_BESIDE; n++) {
          const column = taps + p * TAPS_BESIDE + n;
          if (column <= row) matrix[row * size + column] = pair[1 + n - m] as number;
        }
      }
    }
  });
  let solution: Float64Array | undefined;
  for (const regular of REGULAR) solution ??= solve(matrix, target, size, regular);
  if (solution === undefined) return undefined;
  const coefficients = new Int32Array(size);
  let isNothing = true;
  for (let i = 0; i < size; i++) {
    const scaled = Math.round((solution[i] as number) * COEFFICIENT_SCALE);
    coefficients[i] = Math.max(-MAX_COEFFICIENT, Math.min(MAX_COEFFICIENT, scaled));
    if (scaled !== 0) isNothing = false;
  }
  if (isNothing) return undefined;
  return { taps, beside: beside.map(({ distance }) => distance), coefficients };
}

interface Correlations {
  /** own[l] = Σ d(i) d(i−l), l from 0 to taps. */
  readonly own: Float64Array;
  /** cross[o][l + 1] = Σ d(i) o(i+l), l from −1 to taps. */
  readonly cross: readonly Float64Array[];
  /** pairs of others (o, p ≤ o): [l + 1] = Σ o(i) p(i−l), l from −1 to 1. */
  readonly pairs: readonly Float64Array[];
}

function correlations(
  d: Float64Array,
  taps: number,
  beside: readonly { readonly steps: Float64Array }[],
): Correlations {
  const own = new Float64Array(taps + 1);
  const cross = beside.map(() => new Float64Array(taps + 2));
  const pairs = beside.flatMap((_, o) => Array.from({ length: o + 1 }, () => new Float64Array(3)));
  const count = d.length;
  // Rows from taps + 1 on, and up to count − taps − 1, so that every lag lies inside.
  for (let from = taps + 1; from < count - taps - 1; from += STRETCH_ROWS) {
    const to = Math.min(from + STRETCH_ROWS, count - taps - 1);
    let energy = 0;
    for (let i = from; i < to; i++) energy += (d[i] as number) * (d[i] as number);
    const weight = 1 / (energy / (to - from) + 1);
    for (let l = 0; l <= taps; l++) own[l] = (own[l] as number) + weight * dot(d, d, from, to, -l);
    for (let o = 0; o < beside.length; o++) {
      const other = beside[o]?.steps as Float64Array;
      const sums = cross[o] as Float64Array;
      for (let l = -1; l <= taps; l++)
        sums[l + 1] = (sums[l + 1] as number) + weight * dot(d, other, from, to, l);
      for (let p = 0; p <= o; p++) {
        const sums2 = pairs[(o * (o + 1)) / 2 + p] as Float64Array;
        const second = beside[p]?.steps as Float64Array;
        for (let l = -1; l <= 1; l++)
          sums2[l + 1] = (sums2[l + 1] as number) + weight * dot(other, second, from, to, -l);
      }
    }
  }
  return { own, cross, pairs };
}

/** Σ a(i) b(i+lag) for i in [from, to), as four sums of every fourth product: quicker than one, and the order is fixed. */
function dot(a: Float64Array, b: Float64Array, from: number, to: number, lag: number): number {
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  let i = from;
  for (; i + 4 <= to; i += 4) {
    sum0 += (a[i] as number) * (b[i + lag] as number);
    sum1 += (a[i + 1] as number) * (b[i + 1 + lag] as number);
    sum2 += (a[i + 2] as number) * (b[i + 2 + lag] as number);
    sum3 += (a[i + 3] as number) * (b[i + 3 + lag] as number);
  }
  for (; i < to; i++) sum0 += (a[i] as number) * (b[i + lag] as number);
  return sum0 + sum1 + (sum2 + sum3);
}

/** Solves matrix · x = target, the lower triangle given; undefined when the matrix is not positive. */
function solve(
  matrix: Float64Array,
  target: Float64Array,
  size: number,
  regular: number,
): Float64Array | undefined {
  const lower = new Float64Array(size * size);
  for (let a = 0; a < size; a++) {
    for (let b = 0; b <= a; b++) {
      let sum = matrix[a * size + b] as number;
      if (a === b) sum += regular * sum + Number.MIN_VALUE;
      for (let k = 0; k < b; k++) sum -= (lower[a * size + k] as number) * (lower[b * size + k] as number);
      if (a === b) {
        if (!(sum > 0)) return undefined;
        lower[a * size + a] = Math.sqrt(sum);
      } else lower[a * size + b] = sum / (lower[b * size + b] as number);
    }
  }
  const x = new Float64Array(size);
  for (let a = 0; a < size; a++) {
    let sum = target[a] as number;
    for (let k = 0; k < a; k++) sum -= (lower[a * size + k] as number) * (x[k] as number);
    x[a] = sum / (lower[a * size + a] as number);
  }
  for (let a = size - 1; a >= 0; a--) {
    let sum = x[a] as number;
    for (let k = a + 1; k < size; k++) sum -= (lower[k * size + a] as number) * (x[k] as number);
    x[a] = sum / (lower[a * size + a] as number);
  }
  return x;
}
