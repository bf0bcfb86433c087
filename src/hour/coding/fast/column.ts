/**
 * One column of a block in the fast profile. Every value comes back bit for bit; NaN means missing.
 *
 *   2 bits   form: 0 all missing, 1 on the grid that the index gives, 2 float64, 3 float32
 *   1 bit    1: some are missing; then how many rows have a value, how many have none, and so on, until there is no row left: gamma, the first one more
 *            than it is
 *   form 1   1 bit: some zeros are −0; 1 bit: there are exceptions; numbers; a bit for every k = 0 (1: −0); exceptions
 *   form 2   64 bits each
 *   form 3   1 bit: as decimals (float32-text.ts), or as they are; 1 bit: there are exceptions; 1 bit: on a binary grid, then 6 bits n and
 *            numbers of 2^−n; or else their ordinals (float-ordinals.ts, shift 29) as numbers. Exceptions
 *
 * Exceptions: unsigned how many, and for each unsigned how many values lie between it and the one before, and its 64 bits.
 */
import type { Step } from '../../types.ts';
import type { Extent } from '../coded-block.ts';
import { corrupt } from '../corrupt.ts';
import { FLOAT32_SHIFT, splitOrdinals, valueOfOrdinal } from '../float-ordinals.ts';
import { shortestDecimal } from '../float32-text.ts';
import { powerOfTwo } from '../numbers.ts';
import { presentOf, spread } from '../presence.ts';
import { type Exception, type Float32Form, type GridForm, planValues } from '../value-forms.ts';
import type { BitReader, BitWriter } from './bits.ts';
import { type FastNumbers, planNumbers, readNumbers, writeNumbers } from './numbers.ts';

const FORM = { missing: 0, grid: 1, float64: 2, float32: 3 } as const;

/** A column as it came out, with the numbers of the grid where all of its values are on it. */
export interface FastColumn {
  readonly values: Float64Array<ArrayBuffer>;
  /** Of its numbers k, where all values are on the grid. */
  readonly extent: Extent | null;
}

/** @returns the grid of the values, null where they lie on none. */
export function writeFastColumn(bits: BitWriter, values: Float64Array, declared: Step | null): Step | null {
  const { present, presence } = presentOf(values);
  if (present.length === 0) {
    bits.bits(FORM.missing, 2);
    return null;
  }
  const form = planValues(present, declared);
  const grid = form.form === 'grid' ? planNumbers(form.ks) : null;
  if (form.form === 'grid' && grid !== null) {
    begin(bits, FORM.grid, presence);
    writeGrid(bits, form, grid, present);
    return form.step;
  }
  const floats = form.form === 'float32' ? planFloat32(form) : planOrdinals(present);
  if (floats === null) {
    begin(bits, FORM.float64, presence);
    for (let i = 0; i < present.length; i++) bits.float(present[i] as number);
  } else {
    begin(bits, FORM.float32, presence);
    writeFloat32(bits, floats);
  }
  return null;
}

/** Times are whole and all there. */
export function writeFastTimes(bits: BitWriter, ticks: Float64Array): void {
  const numbers = planNumbers(ticks);
  begin(bits, numbers === null ? FORM.float64 : FORM.grid, null);
  if (numbers === null) for (let i = 0; i < ticks.length; i++) bits.float(ticks[i] as number);
  else {
    bits.bits(0, 2);
    writeNumbers(bits, numbers);
  }
}

function begin(bits: BitWriter, form: number, presence: Uint8Array | null): void {
  bits.bits(form, 2);
  bits.bits(presence === null ? 0 : 1, 1);
  if (presence === null) return;
  let here = 1;
  let run = 1;
  for (let row = 0; row < presence.length; row++) {
    if (presence[row] === here) run++;
    else {
      bits.gamma(run);
      here = 1 - here;
      run = 1;
    }
  }
  bits.gamma(run);
}

function writeGrid(
  bits: BitWriter,
  { ks, hasNegativeZeros, exceptions }: GridForm,
  numbers: FastNumbers,
  present: Float64Array,
): void {
  bits.bits(hasNegativeZeros ? 1 : 0, 1);
  bits.bits(exceptions.length > 0 ? 1 : 0, 1);
  writeNumbers(bits, numbers);
  if (hasNegativeZeros)
    for (let i = 0; i < ks.length; i++) if (ks[i] === 0) bits.bits(Object.is(present[i], -0) ? 1 : 0, 1);
  writeExceptions(bits, exceptions);
}

interface FloatPlan {
  readonly isDecimal: boolean;
  /** Null for ordinals. */
  readonly digits: number | null;
  readonly numbers: FastNumbers;
  readonly exceptions: readonly Exception[];
}

function planFloat32({ floats, binary, exceptions }: Float32Form): FloatPlan | null {
  const numbers = planNumbers(binary?.ks ?? splitOrdinals(floats, FLOAT32_SHIFT).high);
  return numbers && { isDecimal: true, digits: binary?.digits ?? null, numbers, exceptions };
}

/** float32 that are themselves; null when one of the values is none. */
function planOrdinals(present: Float64Array): FloatPlan | null {
  if (present.some((value) => Math.fround(value) !== value)) return null;
  const { high, low } = splitOrdinals(present, FLOAT32_SHIFT);
  // −0 has no plain ordinal.
  const numbers = low === null ? planNumbers(high) : null;
  return numbers && { isDecimal: false, digits: null, numbers, exceptions: [] };
}

function writeFloat32(bits: BitWriter, { isDecimal, digits, numbers, exceptions }: FloatPlan): void {
  bits.bits(isDecimal ? 1 : 0, 1);
  bits.bits(exceptions.length > 0 ? 1 : 0, 1);
  bits.bits(digits === null ? 0 : 1, 1);
  if (digits !== null) bits.bits(digits, 6);
  writeNumbers(bits, numbers);
  writeExceptions(bits, exceptions);
}

/** Nothing where there is none: a bit before said so. */
function writeExceptions(bits: BitWriter, exceptions: readonly Exception[]): void {
  if (exceptions.length === 0) return;
  bits.unsigned(exceptions.length);
  let last = -1;
  for (const { at, value } of exceptions) {
    bits.unsigned(at - last - 1);
    bits.float(value);
    last = at;
  }
}

/**
 * @param step the grid that the block's index gives it, null for none.
 * @throws WaystationError `corrupt`.
 */
export function readFastColumn(bits: BitReader, rows: number, step: Step | null): FastColumn {
  const form = bits.bits(2);
  if (form === FORM.missing) return { values: new Float64Array(rows).fill(Number.NaN), extent: null };
  const presence = bits.bits(1) === 1 ? readPresence(bits, rows) : null;
  const count = presence === null ? rows : presence.reduce((sum, here) => sum + here, 0);
  if (count === 0) throw corrupt('a column without values says that it has some');
  const values = new Float64Array(count);
  const extent = readForm(bits, form, step, values);
  return { values: presence === null ? values : spread(values, presence), extent };
}

/**
 * Times: numbers, or any whole numbers as float64.
 * @throws WaystationError `corrupt`.
 */
export function readFastTimes(bits: BitReader, rows: number): FastColumn {
  const form = bits.bits(2);
  if (bits.bits(1) === 1) throw corrupt('a row has no time');
  const values = new Float64Array(rows);
  if (form === FORM.grid) {
    if (bits.bits(2) !== 0) throw corrupt('a time is no whole number');
    return { values, extent: readNumbers(bits, rows, values) };
  }
  if (form !== FORM.float64 || bits.left < rows * 64) throw corrupt('times make no sense');
  for (let i = 0; i < rows; i++) {
    const time = bits.float();
    if (!Number.isSafeInteger(time) || Object.is(time, -0)) throw corrupt('a time is no whole number');
    values[i] = time;
  }
  return { values, extent: null };
}

function readPresence(bits: BitReader, rows: number): Uint8Array {
  const presence = new Uint8Array(rows);
  let from = 0;
  let to = bits.gamma() - 1;
  for (let here = 1; ; here = 1 - here) {
    if (to > rows) throw corrupt('rows are said to be more than there are');
    presence.fill(here, from, to);
    if (to === rows) return presence;
    from = to;
    to += bits.gamma();
  }
}

/** @returns the extent of k, where nothing was given apart. */
function readForm(bits: BitReader, form: number, step: Step | null, values: Float64Array): Extent | null {
  if (form === FORM.grid) {
    if (step === null) throw corrupt('a grid is not given');
    return readGrid(bits, step, values);
  }
  if (form === FORM.float32) readFloat32(bits, values);
  else {
    if (bits.left < values.length * 64) throw corrupt('it ends too early');
    for (let i = 0; i < values.length; i++) values[i] = checked(bits.float());
  }
  return null;
}

function readGrid(bits: BitReader, { numerator, denominator }: Step, values: Float64Array): Extent | null {
  const hasNegativeZeros = bits.bits(1) === 1;
  const hasExceptions = bits.bits(1) === 1;
  const extent = readNumbers(bits, values.length, values);
  if (hasNegativeZeros)
    for (let i = 0; i < values.length; i++) if (values[i] === 0 && bits.bits(1) === 1) values[i] = -0;
  if (numerator === 1 && denominator === 1) {
    // The numbers are the values.
  } else if (numerator === 1)
    for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) / denominator;
  else for (let i = 0; i < values.length; i++) values[i] = ((values[i] as number) * numerator) / denominator;
  if (hasExceptions) readExceptions(bits, values);
  return hasExceptions || hasNegativeZeros ? null : extent;
}

function readFloat32(bits: BitReader, values: Float64Array): void {
  const isDecimal = bits.bits(1) === 1;
  const hasExceptions = bits.bits(1) === 1;
  const scale = bits.bits(1) === 1 ? powerOfTwo(bits.bits(6)) : null;
  readNumbers(bits, values.length, values);
  for (let i = 0; i < values.length; i++) {
    const k = values[i] as number;
    const float = scale === null ? checked(valueOfOrdinal(k, null, FLOAT32_SHIFT)) : k / scale;
    if (Math.fround(float) !== float) throw corrupt('a value is no float32');
    values[i] = isDecimal ? checked(shortestDecimal(float)) : float;
  }
  if (hasExceptions) readExceptions(bits, values);
}

function readExceptions(bits: BitReader, values: Float64Array): void {
  const count = bits.unsigned();
  if (count > values.length) throw corrupt('more values are given apart than there are');
  let at = -1;
  for (let i = 0; i < count; i++) {
    at += bits.unsigned() + 1;
    if (at >= values.length) throw corrupt('a value is given apart that is not there');
    values[at] = checked(bits.float());
  }
}

function checked(value: number): number {
  if (Number.isNaN(value)) throw corrupt('a value is none');
  return value;
}
