/**
 * Finding the integer lattice on which a sensor's values lie, so that they can be coded as integers.
 * A step is accepted only when (k × numerator) ÷ denominator gives back every value bit for bit in float64
 * arithmetic, with |k| < 2^53; −0 and infinities lie on no lattice.
 */
import type { Step } from './types.ts';

/** Powers of ten that float64 holds exactly and that divide values of 15 significant digits. */
export const MAX_DECIMALS = 15;
const POWERS = Array.from({ length: MAX_DECIMALS + 1 }, (_, d) => Number(`1e${d}`));

/** 10^−decimals, for 0 to 15. */
const DECIMAL_STEPS: readonly Step[] = POWERS.map((denominator) => ({ numerator: 1, denominator }));

/** 10^decimals, exact for 0 to 15. */
export function powerOfTen(decimals: number): number {
  const power = POWERS[decimals];
  if (power === undefined) throw new RangeError(`expected 0 to ${MAX_DECIMALS} decimals, got ${decimals}`);
  return power;
}

/** The number on the grid that is nearest to `value`. */
export function numberOn(step: Step, value: number): number {
  return Math.round((value * step.denominator) / step.numerator) + 0;
}

/** Whether `k` is below 2^53 and stands for `value` on the grid, exactly. */
export function givesBack({ numerator, denominator }: Step, k: number, value: number): boolean {
  return Number.isSafeInteger(k) && (k * numerator) / denominator === value;
}

/** Whether the grid gives `value` back. */
export function isOn(step: Step, value: number): boolean {
  return givesBack(step, numberOn(step, value), value);
}

/** The integer k of `value` on the lattice, or NaN when it does not lie there exactly, as −0 never does. */
function latticeIndex(step: Step, value: number): number {
  const k = numberOn(step, value);
  return givesBack(step, k, value) && !Object.is(value, -0) ? k : Number.NaN;
}

/**
 * Writes the lattice index of each of the first `count` values to `out`.
 * @returns false when some value does not lie on the lattice; `out` is then undefined.
 */
export function toLattice(values: Float64Array, count: number, step: Step, out: Float64Array): boolean {
  for (let i = 0; i < count; i++) {
    const k = latticeIndex(step, values[i] as number);
    if (Number.isNaN(k)) return false;
    out[i] = k;
  }
  return true;
}

/** The smallest d ≤ 15 for which each of the first `count` values is k ÷ 10^d, or undefined. */
export function findDecimals(values: Float64Array, count: number): number | undefined {
  // A value on 10^-d also lies on 10^-(d+1), so one pass that only ever raises d finds the smallest; whether the
  // early values still have |k| < 2^53 under the final d is checked when they are coded.
  let decimals = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i] as number;
    while (Number.isNaN(latticeIndex(DECIMAL_STEPS[decimals] as Step, value))) {
      if (decimals === MAX_DECIMALS || Math.abs(value) * powerOfTen(decimals) > Number.MAX_SAFE_INTEGER)
        return undefined;
      decimals++;
    }
  }
  return decimals;
}

/** The decimals of a step 10^-d (d from 0 to 15), undefined for any other step. */
export function decimalsOf({ numerator, denominator }: Step): number | undefined {
  const decimals = POWERS.indexOf(denominator);
  return numerator === 1 && decimals >= 0 ? decimals : undefined;
}
