/** One run of whole numbers in a block's bits: its predictor, its first values, its residuals. */

import type { AdaptiveBits } from './adaptive-bits.ts';
import { corrupt } from './corrupt.ts';
import { estimateBits } from './estimate.ts';
import { fitLinear } from './linear-fit.ts';
import { bitLength, codeFixed, codeRice, codeSigned, powerOfTwo } from './numbers.ts';
import {
  type LinearPredictor,
  MAX_BESIDE,
  MAX_COEFFICIENT,
  MAX_TAPS,
  type Predictor,
  residualsOf,
  stepsOf,
  TAPS_BESIDE,
  valuesFrom,
  warmUp,
} from './predictors.ts';
import { codeResiduals, TOO_LONG } from './residuals.ts';

/** What earlier columns of the block lend to this one, the nearest first. Columns with missing values, or of another length, lend nothing. */
export interface Beside {
  /** Steps of the columns before, null where they lend nothing. */
  readonly steps: readonly (Float64Array | null)[];
  /** What the last two columns left over, null where they lend nothing. */
  readonly residuals: readonly [Int32Array | null, Int32Array | null];
}

export const NOTHING_BESIDE: Beside = { steps: [], residuals: [null, null] };

/** Code of numbers that are written as they are. */
const NOISE = 5;
/** What that may cost more than a model, which takes ten times as long to read: a hundredth. */
const NOISE_MARGIN = 1.01;
/** Most bits of a number that is written as it is. */
const MAX_NOISE_BITS = 31;

/** Below this many rows the coefficients cost more than they save (surfrad, 1,440 rows: about even). */
const MIN_ROWS_FOR_LINEAR = 512;
/** From here on more taps pay for themselves (imu50: 0.4 %). */
const MANY_ROWS = 8192;
const FEW_TAPS = 16;
const MANY_TAPS = 24;
const COEFFICIENT_BITS = 10;
const PREDICTOR_BITS = 30;

export interface Plan {
  readonly predictor: Predictor;
  readonly residuals: Int32Array;
  /** Estimate. */
  readonly bits: number;
}

/** The best of the fixed predictors; null when no residual fits. */
export function planFixed(values: Float64Array): Plan | null {
  const drift = medianStep(values);
  let best: Plan | null = null;
  for (const predictor of [
    { order: 1, drift },
    { order: 2 },
    { order: 0 },
  ] as const satisfies readonly Predictor[]) {
    if (predictor.order === 2 && values.length < 2) continue;
    best = better(best, values, predictor, []);
  }
  return best;
}

/** The best predictor of all. @param fixed the best of the fixed ones, where it is known. */
export function planSequence(
  values: Float64Array,
  beside: Beside,
  fixed: Plan | null = planFixed(values),
): Plan | null {
  let best = fixed;
  if (values.length < MIN_ROWS_FOR_LINEAR || best === null) return best;
  const near = beside.steps.slice(0, MAX_BESIDE).flatMap((steps, i) => {
    return steps === null ? [] : [{ distance: i + 1, steps }];
  });
  const linear = fitLinear(stepsOf(values), values.length < MANY_ROWS ? FEW_TAPS : MANY_TAPS, near);
  if (linear !== undefined) {
    best = better(
      best,
      values,
      { order: 'linear', linear },
      near.map(({ steps }) => steps),
    );
  }
  return best;
}

function better(
  best: Plan | null,
  values: Float64Array,
  predictor: Predictor,
  beside: readonly Float64Array[],
): Plan | null {
  const residuals = residualsOf(values, predictor, beside);
  if (residuals === null) return best;
  const extra = predictor.order === 'linear' ? predictor.linear.coefficients.length * COEFFICIENT_BITS : 0;
  const bits = estimateBits(residuals) + PREDICTOR_BITS * warmUp(predictor) + extra;
  return best === null || bits < best.bits ? { predictor, residuals, bits } : best;
}

/** The step in the middle of up to 255 of them: what regular times advance by. */
export function medianStep(values: Float64Array): number {
  if (values.length < 2) return 0;
  const stride = Math.max(1, Math.floor((values.length - 1) / 255));
  const steps: number[] = [];
  for (let i = 1; i < values.length; i += stride)
    steps.push((values[i] as number) - (values[i - 1] as number));
  steps.sort((a, b) => a - b);
  return steps[steps.length >> 1] as number;
}

/** 0, 1, 2: the order; 3: linear; 4: order 1 with a drift. */
function codeOf(predictor: Predictor): number {
  if (predictor.order === 'linear') return 3;
  return predictor.order === 1 && predictor.drift !== 0 ? 4 : predictor.order;
}

function readPredictor(bits: AdaptiveBits, code: number): Predictor {
  if (code === 3) return { order: 'linear', linear: readLinear(bits) };
  if (code === 4) return { order: 1, drift: codeSigned(bits, 0) };
  if (code === 1) return { order: 1, drift: 0 };
  if (code === 0) return { order: 0 };
  if (code === 2) return { order: 2 };
  throw corrupt();
}

export function writeSequence(bits: AdaptiveBits, values: Float64Array, plan: Plan, beside: Beside): void {
  const { predictor, residuals } = plan;
  bits.raw(codeOf(predictor), 3);
  if (predictor.order === 1 && predictor.drift !== 0) codeSigned(bits, predictor.drift);
  if (predictor.order === 'linear') writeLinear(bits, predictor.linear);
  const warm = Math.min(warmUp(predictor), values.length);
  for (let i = 0; i < warm; i++) codeSigned(bits, values[i] as number);
  codeResiduals(bits, residuals, values.length, ...beside.residuals);
}

/**
 * Writes numbers that may be mere noise, in as many bits as the widest needs where a model would hardly save any, else by the best fixed
 * predictor.
 * @param values at least one, |value| < 2^30.
 */
export function writeNoise(bits: AdaptiveBits, values: Float64Array): void {
  // Differences of order 0 always fit.
  const plan = planFixed(values) as Plan;
  const { least, width } = widthOf(values);
  if (width * values.length > plan.bits * NOISE_MARGIN) {
    writeSequence(bits, values, plan, NOTHING_BESIDE);
    return;
  }
  bits.raw(NOISE, 3);
  codeSigned(bits, least);
  bits.raw(width, 5);
  for (let i = 0; i < values.length; i++) codeFixed(bits, (values[i] as number) - least, width);
}

function widthOf(values: Float64Array): { least: number; width: number } {
  let least = values[0] as number;
  let most = least;
  for (let i = 1; i < values.length; i++) {
    least = Math.min(least, values[i] as number);
    most = Math.max(most, values[i] as number);
  }
  return { least, width: bitLength(most - least) };
}

/** What {@link writeNoise} wrote. @throws WaystationError `corrupt`. */
export function readNoise(bits: AdaptiveBits, count: number): Float64Array {
  const code = bits.raw(0, 3);
  if (code !== NOISE) return readFrom(bits, code, count, NOTHING_BESIDE).values;
  const least = codeSigned(bits, 0);
  const width = bits.raw(0, 5);
  if (width > MAX_NOISE_BITS || Math.abs(least) > 2 ** MAX_NOISE_BITS) throw corrupt();
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = least + codeFixed(bits, 0, width);
  if (bits.isDamaged) throw corrupt();
  return values;
}

/** @throws WaystationError `corrupt`. */
export function readSequence(
  bits: AdaptiveBits,
  count: number,
  beside: Beside,
): { values: Float64Array; residuals: Int32Array } {
  return readFrom(bits, bits.raw(0, 3), count, beside);
}

function readFrom(
  bits: AdaptiveBits,
  code: number,
  count: number,
  beside: Beside,
): { values: Float64Array; residuals: Int32Array } {
  const predictor = readPredictor(bits, code);
  const values = new Float64Array(count);
  const warm = Math.min(warmUp(predictor), count);
  for (let i = 0; i < warm; i++) values[i] = codeSigned(bits, 0);
  const residuals = new Int32Array(count);
  if (codeResiduals(bits, residuals, count, ...beside.residuals) === TOO_LONG) throw corrupt();
  const near: Float64Array[] = [];
  if (predictor.order === 'linear') {
    for (const distance of predictor.linear.beside) {
      const steps = beside.steps[distance - 1];
      if (steps === null || steps === undefined || steps.length !== count) throw corrupt();
      near.push(steps);
    }
  }
  valuesFrom(residuals, predictor, near, values);
  for (let i = 0; i < count; i++) if (!Number.isSafeInteger(values[i])) throw corrupt();
  return { values, residuals };
}

const MAX_RICE_SHIFT = 15;

function riceShift(coefficients: Int32Array): number {
  let sum = 0;
  for (const c of coefficients) sum += Math.abs(c);
  const mean = sum / coefficients.length;
  let shift = 0;
  while (shift < MAX_RICE_SHIFT && powerOfTwo(shift) < mean * 1.4) shift++;
  // Every coefficient must be reachable in 62 unary steps.
  while (coefficients.some((c) => (Math.abs(c) * 2) >>> shift > 62)) shift++;
  return shift;
}

function writeLinear(bits: AdaptiveBits, { taps, beside, coefficients }: LinearPredictor): void {
  bits.raw(taps - 1, 5);
  bits.raw(beside.length, 4);
  for (const distance of beside) bits.raw(distance - 1, 3);
  const shift = riceShift(coefficients);
  bits.raw(shift, 4);
  for (const c of coefficients) codeRice(bits, c, shift);
}

function readLinear(bits: AdaptiveBits): LinearPredictor {
  const taps = bits.raw(0, 5) + 1;
  const besides = bits.raw(0, 4);
  if (taps > MAX_TAPS || besides > MAX_BESIDE) throw corrupt();
  const beside = Array.from({ length: besides }, () => bits.raw(0, 3) + 1);
  const shift = bits.raw(0, 4);
  const coefficients = Int32Array.from({ length: taps + TAPS_BESIDE * besides }, () =>
    codeRice(bits, 0, shift),
  );
  if (coefficients.some((c) => Math.abs(c) > MAX_COEFFICIENT)) throw corrupt();
  return { taps, beside, coefficients };
}
