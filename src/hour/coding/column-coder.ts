/**
 * One column of a block in the block's bits. Every value comes back bit for bit; NaN means missing.
 *
 *   2 bits   form: 0 all missing, 1 on the grid that the index gives (value = k × numerator ÷ denominator), 2 any float64,
 *            3 float32 that came as decimals (float32-text.ts)
 *   1 bit    1: some are missing; then a bit per row, 1 where there is a value
 *   form 1   1 bit: some zeros are −0; 1 bit: there are exceptions; k as whole numbers; a bit for every k = 0 (1: −0); exceptions
 *   form 2   ordinals or a table of them (float64-coder.ts)
 *   form 3   1 bit: there are exceptions; 1 bit: on a binary grid. 1: 6 bits n, k as whole numbers, float32 = k ÷ 2^n; 0: high parts as
 *            whole numbers, shift 29. Exceptions
 *
 * Exceptions: their number, and for each how many present values after the one before it (the first: after −1), and its 64 bits.
 */
import type { Step } from '../types.ts';
import type { AdaptiveBits } from './adaptive-bits.ts';
import { type Extent, extentOf } from './coded-block.ts';
import { corrupt } from './corrupt.ts';
import { FLOAT32_SHIFT, splitOrdinals, valueOfOrdinal } from './float-ordinals.ts';
import { shortestDecimal } from './float32-text.ts';
import { type ReadValues, readFloat64, writeFloat64 } from './float64-coder.ts';
import { codeFloat, codeUnsigned, powerOfTwo } from './numbers.ts';
import { spread } from './presence.ts';
import { RESIDUAL_COUNTERS, RESIDUAL_WEIGHTS } from './residuals.ts';
import { type Beside, NOTHING_BESIDE } from './sequence.ts';
import type { Exception, Float32Form, GridForm, ValueForm } from './value-forms.ts';
import { readWhole, type WholeTrace, writeWhole } from './whole-coder.ts';

const PRESENCE_AT = RESIDUAL_COUNTERS;
const PRESENCE_RUNS = PRESENCE_AT + 4;
const PRESENCE_BESIDE = PRESENCE_RUNS + 256;
const ZERO_AT = PRESENCE_BESIDE + 12;
export const COLUMN_COUNTERS = ZERO_AT + 8;
const PRESENCE_WEIGHTS = RESIDUAL_WEIGHTS;
const ZERO_WEIGHTS = PRESENCE_WEIGHTS + 3;
export const COLUMN_WEIGHTS = ZERO_WEIGHTS + 3;

const FORM = { missing: 0, grid: 1, float64: 2, float32: 3 } as const;

/** What a column leaves for those after it. */
export interface ColumnTrace {
  /** Null when every row has a value. */
  readonly presence: Uint8Array | null;
  /** Null when it lends nothing. */
  readonly whole: WholeTrace | null;
}

/** The traces of the columns before, the nearest first, for a column of `count` values without a missing one. */
function besideOf(traces: readonly ColumnTrace[], count: number, isFull: boolean): Beside {
  if (!isFull || traces.length === 0) return NOTHING_BESIDE;
  const near = traces.slice(-8).reverse();
  const lends = near.map(({ presence, whole }) =>
    presence === null && whole?.steps.length === count ? whole : null,
  );
  return {
    steps: lends.map((whole) => whole?.steps ?? null),
    residuals: [lends[0]?.residuals ?? null, lends[1]?.residuals ?? null],
  };
}

/** A bit per row, told from the last eight rows and from the column before. @returns how many are present. */
function codePresence(
  bits: AdaptiveBits,
  presence: Uint8Array,
  before: Uint8Array | null | undefined,
): number {
  let recent = 255;
  let count = 0;
  for (let row = 0; row < presence.length; row++) {
    const beside = before === undefined ? 0 : before === null || before[row] === 1 ? 1 : 2;
    const here = bits.bit(
      presence[row] as number,
      PRESENCE_AT + (recent & 3),
      PRESENCE_RUNS + recent,
      PRESENCE_BESIDE + beside * 4 + (recent & 3),
      PRESENCE_WEIGHTS,
    );
    presence[row] = here;
    count += here;
    recent = ((recent << 1) | here) & 255;
  }
  return count;
}

/**
 * Writes one column.
 * @param present its present values, in order; `presence` null when all rows have one.
 * @param form of `present`, null when there is none.
 * @param isTimes times neither repeat nor lie on a second grid: not looked for.
 */
export function writeColumn(
  bits: AdaptiveBits,
  present: Float64Array,
  presence: Uint8Array | null,
  form: ValueForm | null,
  traces: readonly ColumnTrace[],
  isTimes: boolean,
): ColumnTrace {
  if (form === null) {
    bits.raw(FORM.missing, 2);
    return { presence, whole: null };
  }
  bits.raw(FORM[form.form], 2);
  bits.raw(presence === null ? 0 : 1, 1);
  if (presence !== null) codePresence(bits, presence.slice(), traces.at(-1)?.presence);
  const beside = besideOf(traces, present.length, presence === null);
  if (form.form === 'grid') return { presence, whole: writeGrid(bits, form, present, beside, isTimes) };
  if (form.form === 'float32') return { presence, whole: writeFloat32(bits, form, beside) };
  return { presence, whole: writeFloat64(bits, present, beside) };
}

function writeGrid(
  bits: AdaptiveBits,
  { ks, hasNegativeZeros, exceptions }: GridForm,
  present: Float64Array,
  beside: Beside,
  isTimes: boolean,
): WholeTrace {
  bits.raw(hasNegativeZeros ? 1 : 0, 1);
  bits.raw(exceptions.length > 0 ? 1 : 0, 1);
  const whole = writeWhole(bits, ks, beside, isTimes);
  if (hasNegativeZeros) codeZeros(bits, ks, present.slice());
  if (exceptions.length > 0) writeExceptions(bits, exceptions);
  return whole;
}

function writeFloat32(
  bits: AdaptiveBits,
  { floats, binary, exceptions }: Float32Form,
  beside: Beside,
): WholeTrace {
  bits.raw(exceptions.length > 0 ? 1 : 0, 1);
  bits.raw(binary === null ? 0 : 1, 1);
  if (binary !== null) bits.raw(binary.digits, 6);
  const whole = writeWhole(bits, binary?.ks ?? splitOrdinals(floats, FLOAT32_SHIFT).high, beside, false);
  if (exceptions.length > 0) writeExceptions(bits, exceptions);
  return whole;
}

/** For each k = 0 whether it is −0: read from, or written to, `values`. */
function codeZeros(bits: AdaptiveBits, ks: Float64Array, values: Float64Array): void {
  let recent = 0;
  for (let i = 0; i < ks.length; i++) {
    if (ks[i] !== 0) continue;
    const from = i > 0 && (ks[i - 1] as number) < 0 ? 1 : 0;
    const isNegative = bits.bit(
      Object.is(values[i], -0) ? 1 : 0,
      ZERO_AT + recent,
      ZERO_AT + 4 + from,
      ZERO_AT + 6 + (recent & 1),
      ZERO_WEIGHTS,
    );
    values[i] = isNegative === 1 ? -0 : 0;
    recent = ((recent << 1) | isNegative) & 3;
  }
}

function writeExceptions(bits: AdaptiveBits, exceptions: readonly Exception[]): void {
  codeUnsigned(bits, exceptions.length);
  let last = -1;
  for (const { at, value } of exceptions) {
    codeUnsigned(bits, at - last - 1);
    codeFloat(bits, value);
    last = at;
  }
}

function readExceptions(bits: AdaptiveBits, values: Float64Array): void {
  const count = codeUnsigned(bits, 0);
  if (count > values.length) throw corrupt();
  let at = -1;
  for (let i = 0; i < count; i++) {
    at += codeUnsigned(bits, 0) + 1;
    const value = codeFloat(bits, 0);
    if (at >= values.length || Number.isNaN(value)) throw corrupt();
    values[at] = value;
  }
}

/**
 * Reads one column of `rows` rows.
 * @param step the grid that the block's index gives it, null for none.
 * @throws WaystationError `corrupt`.
 */
export function readColumn(
  bits: AdaptiveBits,
  rows: number,
  step: Step | null,
  traces: readonly ColumnTrace[],
): { values: Float64Array<ArrayBuffer>; trace: ColumnTrace; extent: Extent | null } {
  const form = bits.raw(0, 2);
  if (form === FORM.missing) {
    const values = new Float64Array(rows).fill(Number.NaN);
    return { values, trace: { presence: new Uint8Array(rows), whole: null }, extent: null };
  }
  let presence: Uint8Array | null = null;
  let count = rows;
  if (bits.raw(0, 1) === 1) {
    presence = new Uint8Array(rows);
    count = codePresence(bits, presence, traces.at(-1)?.presence);
    if (count === 0) throw corrupt();
  }
  const beside = besideOf(traces, count, presence === null);
  const { values, whole, extent = null } = readForm(bits, form, count, step, beside);
  if (bits.isDamaged) throw corrupt();
  return {
    values: presence === null ? values : spread(values, presence),
    trace: { presence, whole },
    extent,
  };
}

interface ReadColumnValues extends ReadValues {
  /** Of k, where all values are on the grid. */
  readonly extent?: Extent;
}

function readForm(
  bits: AdaptiveBits,
  form: number,
  count: number,
  step: Step | null,
  beside: Beside,
): ReadColumnValues {
  if (form === FORM.grid) {
    if (step === null) throw corrupt('a grid is not given');
    return readGrid(bits, count, step, beside);
  }
  return form === FORM.float64 ? readFloat64(bits, count, beside) : readFloat32(bits, count, beside);
}

function readGrid(bits: AdaptiveBits, count: number, step: Step, beside: Beside): ReadColumnValues {
  const hasNegativeZeros = bits.raw(0, 1) === 1;
  const hasExceptions = bits.raw(0, 1) === 1;
  const { ks, trace: whole } = readWhole(bits, count, beside);
  const values = new Float64Array(count);
  const { numerator, denominator } = step;
  // Adding 0 makes a −0 of the product 0: which zeros are −0 is said apart.
  for (let i = 0; i < count; i++) values[i] = ((ks[i] as number) * numerator) / denominator + 0;
  if (hasNegativeZeros) codeZeros(bits, ks, values);
  if (hasExceptions) readExceptions(bits, values);
  return hasExceptions || hasNegativeZeros ? { values, whole } : { values, whole, extent: extentOf(ks) };
}

function readFloat32(bits: AdaptiveBits, count: number, beside: Beside): ReadValues {
  const hasExceptions = bits.raw(0, 1) === 1;
  const isBinary = bits.raw(0, 1) === 1;
  const scale = isBinary ? powerOfTwo(bits.raw(0, 6)) : 1;
  const { ks, trace: whole } = readWhole(bits, count, beside);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const k = ks[i] as number;
    const float = isBinary ? k / scale + 0 : checked(valueOfOrdinal(k, null, FLOAT32_SHIFT));
    values[i] = checked(shortestDecimal(float));
  }
  if (hasExceptions) readExceptions(bits, values);
  return { values, whole };
}

function checked(value: number): number {
  if (Number.isNaN(value)) throw corrupt('a value is none');
  return value;
}
