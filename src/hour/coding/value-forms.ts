/**
 * Which form the values of a column take in a block, and what is left to be coded of them: numbers on a grid, float32 that came as
 * decimal text, or any float64 (float-ordinals.ts). Every form gives every value back bit for bit; the writer chooses.
 */
import { findDecimals, givesBack, isOn, numberOn, powerOfTen, toLattice } from '../lattice.ts';
import type { Step } from '../types.ts';
import { FLOAT32_SHIFT, splitOrdinals } from './float-ordinals.ts';
import { asFloat32Text } from './float32-text.ts';
import { powerOfTwo } from './numbers.ts';
import { findRealStep } from './real-step.ts';
import { planFixed } from './sequence.ts';

/** A value that does not fit the form of its column, given apart, by its index among the present ones. */
export interface Exception {
  readonly at: number;
  readonly value: number;
}

export interface GridForm {
  readonly form: 'grid';
  readonly step: Step;
  readonly ks: Float64Array;
  /** Some of the zeros are −0. */
  readonly hasNegativeZeros: boolean;
  /** Infinities, and what a step leaves out; `ks` has any number there. */
  readonly exceptions: readonly Exception[];
}

export interface Float32Form {
  readonly form: 'float32';
  readonly floats: Float64Array;
  /** The float32 as numbers of 2^−digits, null when they lie on no such grid. */
  readonly binary: { readonly digits: number; readonly ks: Float64Array } | null;
  readonly exceptions: readonly Exception[];
}

export type ValueForm = GridForm | Float32Form | { readonly form: 'float64' };

/** Finest binary grid looked for: readings of fixed-point sensors have 16 to 30 bits behind the point. */
const MAX_BINARY_DIGITS = 40;
/** Values apart in more than one row of this many are no exceptions any more. */
const ROWS_PER_EXCEPTION = 16;
/** Differences of numbers must be exact too. */
const MAX_SPAN = 2 ** 53;
/** Values looked at for a number of decimals that nearly all have. */
const SAMPLE_ROWS = 2048;
/** More are a float64's own digits. */
const MAX_LOOSE_DECIMALS = 9;
/** A decimal grid whose numbers need more bits than this may be float32 in disguise, whose 24 bits are fewer. */
const FINE_SPAN = 2 ** 22;

/**
 * The declared step if it gives every value back, else the coarsest decimal or binary grid that does, unless float32 takes less.
 * @param present the values, none of them NaN.
 */
export function planValues(present: Float64Array, declared: Step | null): ValueForm {
  const grid = findGrid(present, declared) ?? looseGrid(present, declared) ?? looseDecimals(present);
  if (grid !== null && (grid.step === declared || spanOf(grid.ks) <= FINE_SPAN)) return grid;
  const text = asFloat32Text(present, ROWS_PER_EXCEPTION);
  if (text === null) {
    if (grid !== null) return isSmallerAsFloat32(present, grid.ks) ? { form: 'float64' } : grid;
    return looseGrid(present, findRealStep(present) ?? null) ?? { form: 'float64' };
  }
  const digits = findBinaryDigits(text.floats);
  const onBinary = digits === undefined ? null : numbersOn(text.floats, binaryStep(digits));
  const binary = digits === undefined || onBinary === null ? null : { digits, ks: onBinary.ks };
  if (grid !== null && binary !== null && spanOf(grid.ks) <= spanOf(binary.ks)) return grid;
  return { form: 'float32', binary, ...text };
}

/** float32 that happen to lie on a binary grid may take fewer bits in their own order, exponents and all. */
function isSmallerAsFloat32(present: Float64Array, ks: Float64Array): boolean {
  const { high, low } = splitOrdinals(present, FLOAT32_SHIFT);
  if (low !== null) return false;
  const asOrdinals = planFixed(high);
  const asNumbers = planFixed(ks);
  return asOrdinals !== null && (asNumbers === null || asOrdinals.bits < asNumbers.bits);
}

/** The fewest decimals that nearly all of a sample have: one odd value among them is given apart. */
function looseDecimals(present: Float64Array): GridForm | null {
  if (present.length < ROWS_PER_EXCEPTION) return null;
  const stride = Math.ceil(present.length / SAMPLE_ROWS);
  const sample = present.filter((_, i) => i % stride === 0);
  const most = Math.floor(sample.length / ROWS_PER_EXCEPTION);
  for (let decimals = 0; decimals <= MAX_LOOSE_DECIMALS; decimals++) {
    const step = { numerator: 1, denominator: powerOfTen(decimals) };
    let odd = 0;
    for (let i = 0; i < sample.length && odd <= most; i++) if (!isOn(step, sample[i] as number)) odd++;
    if (odd <= most) return looseGrid(present, step);
  }
  return null;
}

/** Numbers of `step`; the few values that are no exact multiple of it are given apart. */
function looseGrid(present: Float64Array, step: Step | null): GridForm | null {
  if (step === null) return null;
  const ks = new Float64Array(present.length);
  const exceptions: Exception[] = [];
  let hasNegativeZeros = false;
  for (let i = 0; i < present.length; i++) {
    const value = present[i] as number;
    const k = numberOn(step, value);
    hasNegativeZeros ||= Object.is(value, -0);
    if (givesBack(step, k, value)) ks[i] = k;
    else {
      if (exceptions.length * ROWS_PER_EXCEPTION >= present.length) return null;
      exceptions.push({ at: i, value });
      ks[i] = i === 0 ? 0 : (ks[i - 1] as number);
    }
  }
  return spanOf(ks) < MAX_SPAN ? { form: 'grid', step, ks, hasNegativeZeros, exceptions } : null;
}

function binaryStep(digits: number): Step {
  return { numerator: 1, denominator: powerOfTwo(digits) };
}

function findGrid(present: Float64Array, declared: Step | null): GridForm | null {
  const cleaned = withoutOdd(present);
  if (cleaned === null) return null;
  const onGrid = gridOf(cleaned.values, declared);
  return onGrid === null ? null : { form: 'grid', ...onGrid, ...cleaned.odd };
}

function gridOf(values: Float64Array, declared: Step | null): Pick<GridForm, 'step' | 'ks'> | null {
  if (declared !== null) {
    const onDeclared = numbersOn(values, declared);
    if (onDeclared !== null) return onDeclared;
  }
  const decimals = findDecimals(values, values.length);
  const decimal =
    decimals === undefined ? null : numbersOn(values, { numerator: 1, denominator: powerOfTen(decimals) });
  const digits = findBinaryDigits(values);
  if (digits === undefined || digits === 0) return decimal;
  if (decimal !== null && powerOfTen(decimals as number) <= powerOfTwo(digits)) return decimal;
  return numbersOn(values, binaryStep(digits));
}

/** The values with 0 for −0 and the value before for an infinity; null when there are too many of these. */
function withoutOdd(present: Float64Array): {
  values: Float64Array;
  odd: Pick<GridForm, 'hasNegativeZeros' | 'exceptions'>;
} | null {
  let hasNegativeZeros = false;
  let infinities = 0;
  for (let i = 0; i < present.length; i++) {
    const value = present[i] as number;
    if (value === 0) hasNegativeZeros ||= Object.is(value, -0);
    else if (!Number.isFinite(value)) infinities++;
  }
  if (!hasNegativeZeros && infinities === 0) {
    return { values: present, odd: { hasNegativeZeros, exceptions: [] } };
  }
  if (infinities > present.length / ROWS_PER_EXCEPTION) return null;
  const exceptions: Exception[] = [];
  const values = present.slice();
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value === 0) values[i] = 0;
    else if (!Number.isFinite(value)) {
      exceptions.push({ at: i, value });
      values[i] = i === 0 ? 0 : (values[i - 1] as number);
    }
  }
  return { values, odd: { hasNegativeZeros, exceptions } };
}

function numbersOn(values: Float64Array, step: Step): Pick<GridForm, 'step' | 'ks'> | null {
  const ks = new Float64Array(values.length);
  return toLattice(values, values.length, step, ks) && spanOf(ks) < MAX_SPAN ? { step, ks } : null;
}

function spanOf(ks: Float64Array): number {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < ks.length; i++) {
    const k = ks[i] as number;
    if (k < low) low = k;
    if (k > high) high = k;
  }
  return high - low;
}

/** Smallest n ≤ 40 for which each value is a whole number of 2^−n. */
function findBinaryDigits(values: Float64Array): number | undefined {
  let digits = 0;
  let scale = 1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    while (!Number.isInteger(value * scale)) {
      if (digits === MAX_BINARY_DIGITS) return undefined;
      digits++;
      scale *= 2;
    }
  }
  return digits;
}
