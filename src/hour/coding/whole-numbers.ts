/**
 * From whole numbers as they come to whole numbers that are cheap to code, and back; each form keeps every number exactly.
 *
 *   plain   k = base + unit × m
 *   stride  m = ⌊j × period + phase⌋ + r: a sensor's own raw steps j under a rounding to a finer grid (Android's Q16 fixed point, a
 *           float32 scale), r what an offset that changes with the calibration adds. Product and sum are IEEE 754 binary64, each
 *           rounded by itself (no fused multiply-add)
 *   rank    m = table[n]: few values that repeat
 */
import { bitLength } from './numbers.ts';

/** Longest table: where a quarter of the rows are new values it no longer pays. */
export const MAX_TABLE = 4096;
const SAMPLE_ROWS = 1024;
const MIN_ROWS_FOR_STRIDE = 128;
/** Shorter periods than this save less than the rounding costs. */
const MIN_PERIOD = 3;
/** Steps looked at for a period. */
const SAMPLE_STEPS = 2048;
/** Steps near a multiple, of all: below it is no grid. */
const MIN_SHARE = 0.9;

/** Smallest k and the greatest common divisor of all differences from it (1 for equal ones); 0 and 1 when differences are not exact. */
export function baseAndUnit(values: Float64Array): { base: number; unit: number } {
  let base = Number.POSITIVE_INFINITY;
  let top = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value < base) base = value;
    if (value > top) top = value;
  }
  if (!Number.isSafeInteger(top - base)) return { base: 0, unit: 1 };
  let unit = 0;
  for (let i = 0; i < values.length && unit !== 1; i++) {
    let a = (values[i] as number) - base;
    while (a !== 0) {
      const rest = unit % a;
      unit = a;
      a = rest;
    }
  }
  return { base, unit: unit === 0 ? 1 : unit };
}

/** Distinct values, ascending; undefined when there are more than `most`. */
export function tableOf(values: Float64Array, most: number): Float64Array | undefined {
  if (most < 1) return undefined;
  const seen = new Set<number>();
  for (let i = 0; i < values.length; i++) {
    seen.add(values[i] as number);
    if (seen.size > most) return undefined;
  }
  return Float64Array.from(seen).sort();
}

/** Whether at least half of a sample are values seen before: where nearly all are new, the rest need not be looked at. */
export function doRepeat(values: Float64Array): boolean {
  const stride = Math.ceil(values.length / SAMPLE_ROWS);
  if (stride <= 1) return true;
  const seen = new Set<number>();
  for (let i = 0; i < values.length; i += stride) seen.add(values[i] as number);
  return seen.size * 2 <= values.length / stride;
}

/** Index of each value in the table. */
export function ranksIn(values: Float64Array, table: Float64Array): Float64Array {
  const ranks = new Map<number, number>();
  table.forEach((value, i) => {
    ranks.set(value, i);
  });
  return Float64Array.from(values, (value) => ranks.get(value) as number);
}

/** A second, coarser grid under the numbers. */
export interface Stride {
  readonly period: number;
  readonly phase: number;
}

/**
 * The period of which nearly all steps between neighbouring rows are a multiple, within a rounding. Neighbours, not values: an
 * offset that changes now and then does not hide it.
 */
export function findStride(values: Float64Array): Stride | undefined {
  if (values.length < MIN_ROWS_FOR_STRIDE) return undefined;
  const steps: number[] = [];
  const stride = Math.max(1, Math.floor(values.length / SAMPLE_STEPS));
  for (let i = 1; i < values.length; i += stride) {
    const step = Math.abs((values[i] as number) - (values[i - 1] as number));
    if (step > 0) steps.push(step);
  }
  if (steps.length < MIN_ROWS_FOR_STRIDE / 4) return undefined;
  steps.sort((a, b) => a - b);
  let best: { period: number; share: number } | undefined;
  let tried = 0;
  for (let i = 0; i < steps.length && tried < 12; i++) {
    const candidate = steps[i] as number;
    if (candidate < MIN_PERIOD || candidate === steps[i - 1]) continue;
    tried++;
    const fitted = refineStep(steps, candidate);
    if (fitted !== undefined && (best === undefined || fitted.share > best.share + 0.02)) best = fitted;
  }
  if (best === undefined || best.share < MIN_SHARE) return undefined;
  return regress(values, best.period);
}

/** Fits period and phase to the values themselves, twice: the second time with the multiples that the first fit gives. */
function regress(values: Float64Array, first: number): Stride {
  let period = first;
  let phase = 0.5;
  for (let round = 0; round < 3; round++) {
    let count = 0;
    let sumJ = 0;
    let sumM = 0;
    let sumJJ = 0;
    let sumJM = 0;
    const middle = Math.round(((values[values.length >> 1] as number) - phase) / period);
    for (let i = 0; i < values.length; i++) {
      const m = values[i] as number;
      const j = Math.round((m + 0.5 - phase) / period) - middle;
      count++;
      sumJ += j;
      sumM += m;
      sumJJ += j * j;
      sumJM += j * m;
    }
    const spread = count * sumJJ - sumJ * sumJ;
    if (spread > 0) period = (count * sumJM - sumJ * sumM) / spread;
    // The rounding down takes half away on the average.
    phase = (sumM - period * sumJ) / count - middle * period + 0.5;
  }
  return steadied(values, { period, phase });
}

/** Fits the period to ever longer `steps` (ascending); `share`: how many lie within an eighth of it, or within 1, of a multiple. */
export function refineStep(
  steps: readonly number[],
  candidate: number,
): { period: number; share: number } | undefined {
  let period = candidate;
  let share = 0;
  for (const reach of [4, 16, 64, 256, Number.POSITIVE_INFINITY]) {
    let products = 0;
    let squares = 0;
    let near = 0;
    let looked = 0;
    const tolerance = Math.max(1, period / 8);
    for (const step of steps) {
      if (step > reach * period) break;
      looked++;
      const multiple = Math.round(step / period);
      if (Math.abs(step - multiple * period) > tolerance) continue;
      near++;
      products += step * multiple;
      squares += multiple * multiple;
    }
    if (squares === 0) return undefined;
    share = near / looked;
    if (share < 0.7) return undefined;
    period = products / squares;
  }
  return period < MIN_PERIOD ? undefined : { period, share };
}

/** How far a stride is moved to and fro in search of a steadier one, in numbers at the ends of the values. */
const NUDGES = [0.5, 0.25, 0.125, 0.0625];

/** The stride around `stride` under which r changes least often: an offset that changed once must not spoil both of its sides. */
function steadied(values: Float64Array, stride: Stride): Stride {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i] as number);
    high = Math.max(high, values[i] as number);
  }
  const middle = Math.round((low + high) / 2 / stride.period);
  const reach = Math.max(1, (high - low) / 2 / stride.period);
  let best = stride;
  let fewest = changesOf(values, stride);
  for (const nudge of NUDGES) {
    for (const [shift, turn] of [
      [nudge, 0],
      [-nudge, 0],
      [0, nudge],
      [0, -nudge],
    ] as const) {
      const period = best.period + turn / reach;
      const tried = { period, phase: best.phase + shift - (turn / reach) * middle };
      const changes = changesOf(values, tried);
      if (changes >= fewest) continue;
      fewest = changes;
      best = tried;
    }
  }
  return best;
}

/** How often r changes, in the rows in the middle and in every so manyth pair of neighbours. */
function changesOf(values: Float64Array, { period, phase }: Stride): number {
  const stride = Math.max(1, Math.floor(values.length / SAMPLE_STEPS));
  let changes = 0;
  for (let i = 1; i < values.length; i += stride) {
    if (restOf(values[i - 1] as number, period, phase) !== restOf(values[i] as number, period, phase))
      changes++;
  }
  return changes;
}

function restOf(m: number, period: number, phase: number): number {
  return m - Math.floor(Math.round((m + 0.5 - phase) / period) * period + phase);
}

/** j and r of m = ⌊j × period + phase⌋ + r. */
export function intoStrides(values: Float64Array, stride: Stride): { js: Float64Array; rs: Float64Array } {
  const js = new Float64Array(values.length);
  const rs = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const m = values[i] as number;
    const j = Math.round((m + 0.5 - stride.phase) / stride.period);
    js[i] = j;
    rs[i] = m - strideTo(j, stride);
  }
  return { js, rs };
}

/** ⌊j × period + phase⌋. */
export function strideTo(j: number, { period, phase }: Stride): number {
  return Math.floor(j * period + phase);
}

/** Numbers below 2^50: whatever a predictor adds up of them (three of a second difference, a drift) is exact in float64. */
const EXACT_BITS = 50;

/** Least number of low bits to be set apart so that steps (less `drift`) fit a residual with a bit to spare, and every sum is exact. */
export function lowBitsFor(values: Float64Array, drift: number): number {
  let widest = 0;
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i] as number);
    if (size > largest) largest = size;
    if (i === 0) continue;
    const step = Math.abs((values[i] as number) - (values[i - 1] as number) - drift);
    if (step > widest) widest = step;
  }
  return Math.max(0, bitLength(widest) - 29, bitLength(largest) - EXACT_BITS);
}
