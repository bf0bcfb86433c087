/**
 * What a value should be, from the values before it: differences of order 0, 1 (with a drift, so that even steps leave nothing) and
 * 2, and a linear combination of the last steps of this column and of columns before it, whose coefficients the writer fits to
 * the block and sends along (as FLAC and MPEG-4 ALS do). A reader only multiplies and adds whole numbers.
 *
 * All numbers are whole and in float64. A writer takes care that every sum stays below 2^53, where it is exact.
 */

/** Denominator of the coefficients: 2^13. Chosen on imu50: 2^12 costs 0.1 %, 2^14 gains nothing. */
export const COEFFICIENT_SCALE = 8192;
/** |coefficient| in units of 1/8192: predictors of real sensors stay below 2. */
export const MAX_COEFFICIENT = 32767;
/** Steps of its own column that a linear predictor may look back. */
export const MAX_TAPS = 32;
/** Steps of another column: the one in the same row, and the one before. */
export const TAPS_BESIDE = 2;
/** Sums below are exact. */
const EXACT = 2 ** 53;
/** Columns before this one that it may look at. */
export const MAX_BESIDE = 8;

export interface LinearPredictor {
  /** Steps back in its own column. */
  readonly taps: number;
  /** How far before this column the others stand: 1 is the one before. Ascending. */
  readonly beside: readonly number[];
  /** Own first (newest step first), then two of each other column (same row, row before), in units of 1/8192. */
  readonly coefficients: Int32Array;
}

export type Predictor =
  | { readonly order: 0 }
  | { readonly order: 2 }
  | { readonly order: 1; readonly drift: number }
  | { readonly order: 'linear'; readonly linear: LinearPredictor };

/** Whole numbers whose first `warm` (0, 1 or 2) are given apart. */
export function warmUp(predictor: Predictor): number {
  return predictor.order === 0 ? 0 : predictor.order === 2 ? 2 : 1;
}

/** Steps of the columns that a linear predictor looks at; steps[0] is 0. */
export function stepsOf(values: Float64Array): Float64Array {
  const steps = new Float64Array(values.length);
  for (let i = 1; i < values.length; i++) steps[i] = (values[i] as number) - (values[i - 1] as number);
  return steps;
}

/**
 * Residuals of `values` under `predictor`, zero for those given apart.
 * @param beside steps of the columns that the predictor names, in its order.
 * @returns null when one does not fit 31 bits, or a prediction might be beyond exact sums.
 */
export function residualsOf(
  values: Float64Array,
  predictor: Predictor,
  beside: readonly Float64Array[],
): Int32Array | null {
  const count = values.length;
  const residuals = new Int32Array(count);
  let widest = 0;
  if (predictor.order === 0) {
    for (let i = 0; i < count; i++) {
      const residual = values[i] as number;
      residuals[i] = residual;
      widest = Math.max(widest, Math.abs(residual));
    }
  } else if (predictor.order === 1) {
    const { drift } = predictor;
    for (let i = 1; i < count; i++) {
      const residual = (values[i] as number) - (values[i - 1] as number) - drift;
      residuals[i] = residual;
      widest = Math.max(widest, Math.abs(residual));
    }
  } else if (predictor.order === 2) {
    for (let i = 2; i < count; i++) {
      const residual = (values[i] as number) - 2 * (values[i - 1] as number) + (values[i - 2] as number);
      residuals[i] = residual;
      widest = Math.max(widest, Math.abs(residual));
    }
  } else {
    const steps = stepsOf(values);
    const { linear } = predictor;
    if (!isExact(linear, steps, beside)) return null;
    const factors = Float64Array.from(linear.coefficients);
    for (let i = 1; i < count; i++) {
      const residual = (steps[i] as number) - predictedStep(linear.taps, factors, steps, beside, i);
      residuals[i] = residual;
      widest = Math.max(widest, Math.abs(residual));
    }
  }
  return widest < 2 ** 31 ? residuals : null;
}

/** Fills `values` from its first `warm` and the residuals. */
export function valuesFrom(
  residuals: Int32Array,
  predictor: Predictor,
  beside: readonly Float64Array[],
  values: Float64Array,
): void {
  const count = residuals.length;
  if (predictor.order === 0) for (let i = 0; i < count; i++) values[i] = residuals[i] as number;
  else if (predictor.order === 1) {
    const { drift } = predictor;
    for (let i = 1; i < count; i++) values[i] = (values[i - 1] as number) + drift + (residuals[i] as number);
  } else if (predictor.order === 2) {
    for (let i = 2; i < count; i++) {
      values[i] = 2 * (values[i - 1] as number) - (values[i - 2] as number) + (residuals[i] as number);
    }
  } else {
    const steps = new Float64Array(count);
    const { taps, coefficients } = predictor.linear;
    const factors = Float64Array.from(coefficients);
    for (let i = 1; i < count; i++) {
      const step = predictedStep(taps, factors, steps, beside, i) + (residuals[i] as number);
      steps[i] = step;
      values[i] = (values[i - 1] as number) + step;
    }
  }
}

/** Whether no sum of products can reach 2^53: then it is the same in whatever order, and in whatever numbers, it is made. */
function isExact(
  { taps, coefficients }: LinearPredictor,
  steps: Float64Array,
  beside: readonly Float64Array[],
): boolean {
  let most = COEFFICIENT_SCALE / 2;
  const add = (one: Float64Array, from: number, count: number) => {
    let widest = 0;
    for (let i = 0; i < one.length; i++) {
      const size = Math.abs(one[i] as number);
      if (size > widest) widest = size;
    }
    let sum = 0;
    for (let k = from; k < from + count; k++) sum += Math.abs(coefficients[k] as number);
    most += sum * widest;
  };
  add(steps, 0, taps);
  beside.forEach((one, b) => {
    add(one, taps + b * TAPS_BESIDE, TAPS_BESIDE);
  });
  return most < EXACT;
}

/** The step from row i − 1 to row i that the predictor expects, a whole number. Sums are exact, so their order is free. */
function predictedStep(
  taps: number,
  factors: Float64Array,
  steps: Float64Array,
  beside: readonly Float64Array[],
  i: number,
): number {
  let sum = COEFFICIENT_SCALE / 2;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  const reach = i < taps ? i : taps;
  let k = 0;
  for (; k + 4 <= reach; k += 4) {
    sum += (factors[k] as number) * (steps[i - 1 - k] as number);
    sum1 += (factors[k + 1] as number) * (steps[i - 2 - k] as number);
    sum2 += (factors[k + 2] as number) * (steps[i - 3 - k] as number);
    sum3 += (factors[k + 3] as number) * (steps[i - 4 - k] as number);
  }
  for (; k < reach; k++) sum += (factors[k] as number) * (steps[i - 1 - k] as number);
  let at = taps;
  for (let b = 0; b < beside.length; b++) {
    const other = beside[b] as Float64Array;
    sum1 += (factors[at] as number) * (other[i] as number);
    sum2 += (factors[at + 1] as number) * (other[i - 1] as number);
    at += TAPS_BESIDE;
  }
  return Math.floor((sum + sum1 + (sum2 + sum3)) / COEFFICIENT_SCALE);
}
