/**
 * Any float64 in the block's bits: by their ordinals (float-ordinals.ts), or, where few values repeat that lie on no grid (a calibration
 * applied to a sensor's raw steps, two grids in one column), by their rank in a table of them.
 *
 *   5 bits   shift − 11; or 31: a table follows
 *   ordinals 1 bit: there are low parts, then these as a sequence; high parts as whole numbers
 *   table    unsigned length (1 to 8192), its values in this same form without a table (ascending, −0 at the end); ranks as a sequence
 */
import type { AdaptiveBits } from './adaptive-bits.ts';
import { corrupt } from './corrupt.ts';
import {
  FLOAT32_SHIFT,
  MAX_SHIFT,
  MIN_SHIFT,
  type SplitOrdinals,
  splitOrdinals,
  valueOfOrdinal,
} from './float-ordinals.ts';
import { codeUnsigned } from './numbers.ts';
import { stepsOf } from './predictors.ts';
import {
  type Beside,
  NOTHING_BESIDE,
  type Plan,
  planFixed,
  planSequence,
  readNoise,
  readSequence,
  writeNoise,
  writeSequence,
} from './sequence.ts';
import { readWhole, type WholeTrace, writeWhole } from './whole-coder.ts';
import { lowBitsFor, ranksIn, tableOf } from './whole-numbers.ts';

/** Longest table: half of a block's rows. */
const MAX_FLOATS = 8192;
const SHIFT_BITS = 5;
/** No shift reaches this. */
const TABLE_MARK = 31;
/** A high part of an ordinal whose steps fit no residual. */
const WIDE_BITS = 40;

export interface ReadValues {
  readonly values: Float64Array<ArrayBuffer>;
  readonly whole: WholeTrace;
}

export function writeFloat64(bits: AdaptiveBits, present: Float64Array, beside: Beside): WholeTrace {
  const split = planOrdinals(present);
  const ranked = rankedIfSmaller(present, estimateOf(split));
  if (ranked === null) return writeOrdinals(bits, split, beside);
  bits.raw(TABLE_MARK, SHIFT_BITS);
  codeUnsigned(bits, ranked.table.length);
  writeOrdinals(bits, planOrdinals(ranked.table), NOTHING_BESIDE);
  // Ranks are small: differences of order 0 always fit.
  const plan = planSequence(ranked.ranks, beside) as Plan;
  writeSequence(bits, ranked.ranks, plan, beside);
  return { steps: stepsOf(ranked.ranks), residuals: plan.residuals };
}

/** @throws WaystationError `corrupt`. */
export function readFloat64(bits: AdaptiveBits, count: number, beside: Beside): ReadValues {
  const mark = bits.raw(0, SHIFT_BITS);
  if (mark !== TABLE_MARK) return readOrdinals(bits, mark, count, beside);
  const length = codeUnsigned(bits, 0);
  if (length < 1 || length > MAX_FLOATS) throw corrupt();
  const table = readOrdinals(bits, bits.raw(0, SHIFT_BITS), length, NOTHING_BESIDE).values;
  const { values: ranks, residuals } = readSequence(bits, count, beside);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const value = table[ranks[i] as number];
    if (value === undefined) throw corrupt();
    values[i] = value;
  }
  return { values, whole: { steps: stepsOf(ranks), residuals } };
}

function writeOrdinals(bits: AdaptiveBits, { shift, high, low }: SplitOrdinals, beside: Beside): WholeTrace {
  bits.raw(shift - MIN_SHIFT, SHIFT_BITS);
  bits.raw(low === null ? 0 : 1, 1);
  if (low !== null) writeNoise(bits, low);
  return writeWhole(bits, high, beside, false);
}

function readOrdinals(bits: AdaptiveBits, mark: number, count: number, beside: Beside): ReadValues {
  const shift = mark + MIN_SHIFT;
  if (shift > MAX_SHIFT) throw corrupt();
  const low = bits.raw(0, 1) === 1 ? readNoise(bits, count) : null;
  const { ks, trace: whole } = readWhole(bits, count, beside);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const value = valueOfOrdinal(ks[i] as number, low === null ? null : (low[i] as number), shift);
    if (Number.isNaN(value)) throw corrupt('a value is none');
    values[i] = value;
  }
  return { values, whole };
}

/** Where float32 ends, or as much further up as steps need to fit: below lies noise, which costs the same in either part. */
function planOrdinals(present: Float64Array): SplitOrdinals {
  let split = splitOrdinals(present, FLOAT32_SHIFT);
  while (split.shift < MAX_SHIFT && lowBitsFor(split.high, 0) > 0)
    split = splitOrdinals(present, split.shift + 1);
  return split;
}

function estimateOf({ high, low }: SplitOrdinals): number {
  const ofHigh = planFixed(high)?.bits ?? high.length * WIDE_BITS;
  return ofHigh + (low === null ? 0 : (planFixed(low)?.bits ?? 0));
}

/** The distinct values and the rank of each, null where that takes more than `bits`. */
function rankedIfSmaller(
  present: Float64Array,
  bits: number,
): { table: Float64Array; ranks: Float64Array } | null {
  // A set does not tell −0 from 0: NaN, of which there is none, stands for it meanwhile, and is sorted to the end.
  const named = present.map((value) => (Object.is(value, -0) ? Number.NaN : value));
  const table = tableOf(named, Math.min(MAX_FLOATS, present.length >> 1));
  if (table === undefined) return null;
  const ranks = ranksIn(named, table);
  if (Number.isNaN(table.at(-1))) table[table.length - 1] = -0;
  const ofRanks = planFixed(ranks)?.bits ?? Number.POSITIVE_INFINITY;
  return ofRanks + estimateOf(planOrdinals(table)) < bits ? { table, ranks } : null;
}
