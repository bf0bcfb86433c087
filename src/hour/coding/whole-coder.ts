/**
 * A column's whole numbers in the block's bits, in the form that is cheapest.
 *
 *   1 bit    1: as they are (base 0, unit 1, plain, no low bits); else
 *   signed   base, unsigned unit: k = base + unit × m
 *   2 bits   0 plain, 1 stride, 2 rank
 *   plain    6 bits: how many low bits of each m are set apart, then those of all rows
 *   stride   period and phase (64 bits each), r as a sequence
 *   rank     unsigned length of the table, its values as a sequence
 *   then     m (its high part), j or the ranks as a sequence that may look at the columns before
 */
import type { AdaptiveBits } from './adaptive-bits.ts';
import { corrupt } from './corrupt.ts';
import { codeFixed, codeFloat, codeSigned, codeUnsigned, powerOfTwo } from './numbers.ts';
import { stepsOf } from './predictors.ts';
import {
  type Beside,
  medianStep,
  NOTHING_BESIDE,
  type Plan,
  planFixed,
  planSequence,
  readSequence,
  writeSequence,
} from './sequence.ts';
import {
  baseAndUnit,
  doRepeat,
  findStride,
  intoStrides,
  lowBitsFor,
  MAX_TABLE,
  ranksIn,
  type Stride,
  strideTo,
  tableOf,
} from './whole-numbers.ts';

const MODE = { plain: 0, stride: 1, rank: 2 } as const;
/** A first value that is this much longer because the base was not taken off is cheaper than the base. */
const PLAIN_BELOW = 2 ** 30;

/** What a column lends to those after it. */
export interface WholeTrace {
  readonly steps: Float64Array;
  readonly residuals: Int32Array;
}

interface WholePlan {
  readonly mode: number;
  readonly lowBits: number;
  readonly main: Float64Array;
  readonly mainPlan: Plan;
  readonly side: {
    readonly stride: Stride | null;
    readonly values: Float64Array;
    readonly plan: Plan;
  } | null;
}

/** Chooses the form of whole numbers `ms` from 0 on. `isTimes`: times neither repeat nor lie on a second grid. */
function planWhole(ms: Float64Array, beside: Beside, isTimes: boolean): WholePlan {
  const lowBits = lowBitsFor(ms, medianStep(ms));
  if (lowBits > 0 || isTimes) return plainPlan(ms, lowBits, NOTHING_BESIDE);
  const simple = planFixed(ms);
  let best = simple === null ? Number.POSITIVE_INFINITY : simple.bits;
  let chosen: (Pick<WholePlan, 'mode' | 'main' | 'side'> & { fixed: Plan }) | undefined;
  const table = doRepeat(ms) ? tableOf(ms, Math.min(MAX_TABLE, ms.length >> 2)) : undefined;
  if (table !== undefined && table.length < (table.at(-1) as number)) {
    const tablePlan = planFixed(table);
    const ranks = ranksIn(ms, table);
    const rankPlan = planFixed(ranks);
    if (tablePlan !== null && rankPlan !== null && tablePlan.bits + rankPlan.bits < best) {
      best = tablePlan.bits + rankPlan.bits;
      const side = { stride: null, values: table, plan: tablePlan };
      chosen = { mode: MODE.rank, main: ranks, side, fixed: rankPlan };
    }
  }
  const stride = findStride(ms);
  if (stride !== undefined) {
    const { js, rs } = intoStrides(ms, stride);
    const jPlan = planFixed(js);
    const rPlan = planFixed(rs);
    if (jPlan !== null && rPlan !== null && jPlan.bits + rPlan.bits < best) {
      chosen = { mode: MODE.stride, main: js, side: { stride, values: rs, plan: rPlan }, fixed: jPlan };
    }
  }
  if (chosen === undefined) return plainPlan(ms, 0, beside, simple);
  const { mode, main, side, fixed } = chosen;
  // Not null: the fixed one is there already.
  const mainPlan = planSequence(main, beside, fixed) as Plan;
  return { mode, main, side, lowBits: 0, mainPlan };
}

function plainPlan(ms: Float64Array, lowBits: number, beside: Beside, fixed: Plan | null = null): WholePlan {
  const main = lowBits === 0 ? ms : ms.map((m) => Math.floor(m / powerOfTwo(lowBits)));
  const mainPlan = planSequence(main, beside, fixed ?? planFixed(main));
  // Steps were made to fit, so differences of order 1 do.
  if (mainPlan === null) throw new RangeError('expected whole numbers whose steps fit 31 bits');
  return { mode: MODE.plain, lowBits, main, mainPlan, side: null };
}

/** @param isTimes they neither repeat nor lie on a second grid: not looked for. */
export function writeWhole(
  bits: AdaptiveBits,
  ks: Float64Array,
  beside: Beside,
  isTimes: boolean,
): WholeTrace {
  const { base, unit } = baseAndUnit(ks);
  const ms = base === 0 && unit === 1 ? ks : ks.map((k) => (k - base) / unit);
  const plan = planWhole(ms, beside, isTimes);
  const isAsTheyAre =
    unit === 1 && plan.mode === MODE.plain && plan.lowBits === 0 && Math.abs(base) < PLAIN_BELOW;
  bits.raw(isAsTheyAre ? 1 : 0, 1);
  if (isAsTheyAre) {
    // Steps and residuals are the same with and without a base; order 0 alone would see it.
    const again =
      plan.mainPlan.predictor.order === 0 && base !== 0 ? planSequence(ks, beside) : plan.mainPlan;
    writeSequence(bits, ks, again as Plan, beside);
    return { steps: stepsOf(ks), residuals: (again as Plan).residuals };
  }
  codeSigned(bits, base);
  codeUnsigned(bits, unit);
  bits.raw(plan.mode, 2);
  if (plan.mode === MODE.plain) {
    bits.raw(plan.lowBits, 6);
    if (plan.lowBits > 0) {
      const span = powerOfTwo(plan.lowBits);
      for (const m of ms) codeFixed(bits, m - Math.floor(m / span) * span, plan.lowBits);
    }
  }
  if (plan.side !== null) {
    const { stride, values } = plan.side;
    if (stride === null) codeUnsigned(bits, values.length);
    else {
      codeFloat(bits, stride.period);
      codeFloat(bits, stride.phase);
    }
    writeSequence(bits, plan.side.values, plan.side.plan, NOTHING_BESIDE);
  }
  writeSequence(bits, plan.main, plan.mainPlan, beside);
  return { steps: stepsOf(plan.main), residuals: plan.mainPlan.residuals };
}

/** @throws WaystationError `corrupt`. */
export function readWhole(
  bits: AdaptiveBits,
  count: number,
  beside: Beside,
): { ks: Float64Array; trace: WholeTrace } {
  if (bits.raw(0, 1) === 1) {
    const { values, residuals } = readSequence(bits, count, beside);
    return { ks: values, trace: { steps: stepsOf(values), residuals } };
  }
  const base = codeSigned(bits, 0);
  const unit = codeUnsigned(bits, 0);
  const mode = bits.raw(0, 2);
  const lowBits = mode === MODE.plain ? bits.raw(0, 6) : 0;
  const low = lowBits === 0 ? null : new Float64Array(count);
  if (low !== null) for (let i = 0; i < count; i++) low[i] = codeFixed(bits, 0, Math.min(lowBits, 54));
  let stride: Stride = { period: 1, phase: 0 };
  let side: Float64Array = new Float64Array(0);
  if (mode === MODE.rank) {
    const length = codeUnsigned(bits, 0);
    if (length < 1 || length > MAX_TABLE) throw corrupt();
    side = readSequence(bits, length, NOTHING_BESIDE).values;
  } else if (mode === MODE.stride) {
    stride = { period: codeFloat(bits, 0), phase: codeFloat(bits, 0) };
    side = readSequence(bits, count, NOTHING_BESIDE).values;
  } else if (mode !== MODE.plain) throw corrupt();
  const { values: main, residuals } = readSequence(bits, count, beside);
  const ks = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const value = main[i] as number;
    let m = value;
    if (mode === MODE.rank) {
      const entry = side[value];
      if (entry === undefined) throw corrupt();
      m = entry;
    } else if (mode === MODE.stride) m = strideTo(value, stride) + (side[i] as number);
    else if (low !== null) m = value * powerOfTwo(lowBits) + (low[i] as number);
    const k = base + unit * m;
    if (!Number.isSafeInteger(k)) throw corrupt();
    ks[i] = k;
  }
  return { ks, trace: { steps: stepsOf(main), residuals } };
}
