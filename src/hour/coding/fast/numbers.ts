/**
 * Runs of whole numbers in the fast profile: number = base + unit × m, m in mini-blocks of 64, each with the best of four predictors
 * and Rice's code of what is left (Rice 1979; mini-blocks of their own parameter as in FLAC, RFC 9639 §9.2.7). Integers only: shifts, sums, no division.
 *
 *     signed base, 1 bit: unit 1, or 0 and unsigned unit; 1 bit: 1 where every |m| < 2^28, else every |m| < 2^46
 *     per mini-block: 2 bits predictor, 5 bits mode, a code per m
 *     predictors  0 ⌊mean of the 64 before⌋ (0 in the first), 1 the one before, 2 twice that − the one before it, 3 that + ⌊half the last step⌋; m behind the
 *                 beginning are 0
 *     z           = 2r for r = m − prediction ≥ 0, else −2r − 1
 *     modes       0 to 26: z ≫ mode zeros, a 1, the low bits of z; 20 zeros, then z as unsigned, where it takes 20 or more
 *                 30: six bits n, every z in n bits; 31: every z is 0
 */

import type { Extent } from '../coded-block.ts';
import { corrupt } from '../corrupt.ts';
import { bitLength } from '../numbers.ts';
import { baseAndUnit } from '../whole-numbers.ts';
import type { BitReader, BitWriter } from './bits.ts';

/** imu50, web and surfrad: 32, 128 and 256 took 0.5 to 9 % more in sum. */
const MINI_ROWS = 64;
const MAX_RICE = 26;
const PACKED = 30;
const ZEROS = 31;
/** From so many zeros on a number is written out: a load has at least 25 bits. */
const MAX_ZEROS = 20;
const SURE_BITS = 25;
/** Below this a prediction fits 32 bits, whatever the predictor. */
const NARROW = 2 ** 28;
/** Below this the sum of 64 is exact in float64. */
const WIDE = 2 ** 46;
/** What a z counts for at most when a predictor is chosen: the sum of 64 stays exact. */
const MOST_COUNTED = 2 ** 40;

interface ExtentOfMs {
  readonly min: number;
  readonly max: number;
  readonly sum: number;
}

/** Numbers as they come. */
export interface FastNumbers {
  readonly base: number;
  readonly unit: number;
  readonly ms: Float64Array;
  readonly isNarrow: boolean;
}

/** @returns null when the numbers are too far apart: they are written as they are. */
export function planNumbers(values: Float64Array): FastNumbers | null {
  const { unit } = baseAndUnit(values);
  const base = values[0] as number;
  const ms = new Float64Array(values.length);
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const m = ((values[i] as number) - base) / unit;
    ms[i] = m;
    largest = Math.max(largest, Math.abs(m));
  }
  return largest < WIDE ? { base, unit, ms, isNarrow: largest < NARROW } : null;
}

export function writeNumbers(bits: BitWriter, { base, unit, ms, isNarrow }: FastNumbers): void {
  bits.signed(base);
  bits.bits(unit === 1 ? 1 : 0, 1);
  if (unit !== 1) bits.unsigned(unit);
  bits.bits(isNarrow ? 1 : 0, 1);
  let mean = 0;
  for (let from = 0; from < ms.length; from += MINI_ROWS) {
    const to = Math.min(from + MINI_ROWS, ms.length);
    writeMini(bits, ms, from, to, mean);
    mean = meanOf(ms, from);
  }
}

function meanOf(ms: Float64Array, from: number): number {
  let sum = 0;
  for (let i = from; i < from + MINI_ROWS; i++) sum += ms[i] as number;
  return Math.floor(sum / MINI_ROWS);
}

const FOLDED = [0, 1, 2, 3].map(() => new Float64Array(MINI_ROWS));

function folded(rest: number): number {
  return rest >= 0 ? 2 * rest : -2 * rest - 1;
}

/** What each predictor leaves, folded, in FOLDED. @returns the one that leaves least in sum. */
function bestPredictor(ms: Float64Array, from: number, to: number, mean: number): number {
  const [z0, z1, z2, z3] = FOLDED as [Float64Array, Float64Array, Float64Array, Float64Array];
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let before = from > 0 ? (ms[from - 1] as number) : 0;
  let step = before - (from > 1 ? (ms[from - 2] as number) : 0);
  for (let i = from; i < to; i++) {
    const m = ms[i] as number;
    const change = m - before;
    const at = i - from;
    z0[at] = folded(m - mean);
    z1[at] = folded(change);
    z2[at] = folded(change - step);
    z3[at] = folded(change - Math.floor(step / 2));
    s0 += Math.min(z0[at] as number, MOST_COUNTED);
    s1 += Math.min(z1[at] as number, MOST_COUNTED);
    s2 += Math.min(z2[at] as number, MOST_COUNTED);
    s3 += Math.min(z3[at] as number, MOST_COUNTED);
    before = m;
    step = change;
  }
  const sums = [s0, s1, s2, s3];
  return sums.indexOf(Math.min(...sums));
}

function writeMini(bits: BitWriter, ms: Float64Array, from: number, to: number, mean: number): void {
  const predictor = bestPredictor(ms, from, to, mean);
  const zs = (FOLDED[predictor] as Float64Array).subarray(0, to - from);
  const mode = modeFor(zs);
  bits.bits(predictor, 2);
  bits.bits(mode, 5);
  if (mode === ZEROS) return;
  if (mode === PACKED) {
    const width = bitLength(largestOf(zs));
    bits.bits(width, 6);
    for (const z of zs) bits.fixed(z, width);
    return;
  }
  const scale = 2 ** mode;
  for (const z of zs) {
    const zeros = Math.floor(z / scale);
    if (zeros < MAX_ZEROS) {
      bits.bits(1, zeros + 1);
      bits.fixed(z - zeros * scale, mode);
    } else {
      bits.bits(0, MAX_ZEROS);
      bits.unsigned(z);
    }
  }
}

function largestOf(zs: Float64Array): number {
  let largest = 0;
  for (const z of zs) if (z > largest) largest = z;
  return largest;
}

/** The greatest shift that leaves at least 1 a code on the average, or all in one width where that is shorter. */
function modeFor(zs: Float64Array): number {
  let sum = 0;
  for (const z of zs) sum += Math.min(z, MOST_COUNTED);
  if (sum === 0) return ZEROS;
  let mode = 0;
  while (mode < MAX_RICE && zs.length * 2 ** (mode + 1) <= sum) mode++;
  const scale = 2 ** mode;
  let riceBits = 0;
  for (const z of zs) {
    const zeros = Math.floor(z / scale);
    riceBits += zeros < MAX_ZEROS ? zeros + 1 + mode : MAX_ZEROS + 5 + bitLength(z);
  }
  return 6 + zs.length * bitLength(largestOf(zs)) < riceBits ? PACKED : mode;
}

/**
 * Reads `count` numbers, at least one, into `out`.
 * @throws WaystationError `corrupt`.
 */
export function readNumbers(bits: BitReader, count: number, out: Float64Array): Extent {
  const base = bits.signed();
  const unit = bits.bits(1) === 1 ? 1 : bits.unsigned();
  if (unit === 0) throw corrupt('a unit is 0');
  const isNarrow = bits.bits(1) === 1;
  const extent = isNarrow ? readNarrow(bits, count, out) : readWide(bits, count, out);
  const lowest = base + unit * extent.min;
  const highest = base + unit * extent.max;
  if (
    !Number.isSafeInteger(lowest) ||
    !Number.isSafeInteger(highest) ||
    unit * Math.max(-extent.min, extent.max) > Number.MAX_SAFE_INTEGER
  )
    throw corrupt('a number is too large');
  if (unit === 1) for (let i = 0; i < count; i++) out[i] = (out[i] as number) + base;
  else for (let i = 0; i < count; i++) out[i] = base + unit * (out[i] as number);
  // Below 2^52, as the differences from the base add up to twice as much.
  const isExact = Math.max(Math.abs(base), Math.abs(lowest), Math.abs(highest)) * count < 2 ** 52;
  return { count, min: lowest, max: highest, sum: isExact ? base * count + unit * extent.sum : null };
}

/** 64 codes, unfolded. Int32: a narrow m leaves residuals below 2^30. */
const RESTS = new Int32Array(MINI_ROWS);

function unfold(z: number): number {
  return (z >>> 1) ^ -(z & 1);
}

/** Reads the rest of a number whose code does not fit one load. */
function readLong(bits: BitReader, mode: number): number {
  let zeros = 0;
  while (zeros < MAX_ZEROS && bits.bits(1) === 0) zeros++;
  return zeros === MAX_ZEROS ? bits.unsigned() : zeros * 2 ** mode + bits.fixed(mode);
}

/** All there is was checked to be there. */
function readPackedRests(bits: BitReader, width: number, count: number): void {
  const { view } = bits;
  if (width > SURE_BITS) {
    for (let i = 0; i < count; i++) RESTS[i] = unfold(bits.fixed(width));
    return;
  }
  let { at } = bits;
  for (let i = 0; i < count; i++, at += width)
    RESTS[i] = unfold((view.getUint32(at >>> 3) << (at & 7)) >>> (32 - width));
  bits.at = at;
}

function readNarrowRests(bits: BitReader, mode: number, count: number): void {
  const { view } = bits;
  let at = bits.at;
  if (mode === PACKED) {
    const width = bits.bits(6);
    if (width === 0 || width > 31 || bits.left < width * count) throw corrupt('a width makes no sense');
    readPackedRests(bits, width, count);
    return;
  }
  const turn = 31 - mode;
  // No code of this many bits is longer than what one load surely has.
  const most = SURE_BITS - 1 - mode;
  for (let i = 0; i < count; i++) {
    const window = view.getUint32(at >>> 3) << (at & 7);
    const zeros = Math.clz32(window);
    if (zeros <= most && zeros < MAX_ZEROS) {
      // Shifted by 1 first: a shift by 32 is none.
      RESTS[i] = unfold((zeros << mode) | (((window << (zeros + 1)) >>> 1) >>> turn));
      at += zeros + 1 + mode;
    } else {
      bits.at = at;
      const z = readLong(bits, mode);
      if (z > 0x7fffffff) throw corrupt('a number is too large');
      RESTS[i] = unfold(z);
      at = bits.at;
    }
  }
  bits.at = at;
}

function readNarrow(bits: BitReader, count: number, out: Float64Array): ExtentOfMs {
  let before = 0;
  let earlier = 0;
  let mean = 0;
  // The first m is below the one or above the other, if it is not refused.
  let min = NARROW;
  let max = -NARROW;
  let total = 0;
  for (let from = 0; from < count; from += MINI_ROWS) {
    const rows = Math.min(MINI_ROWS, count - from);
    const predictor = bits.bits(2);
    const mode = bits.bits(5);
    if (mode === ZEROS) RESTS.fill(0, 0, rows);
    else if (mode > MAX_RICE && mode !== PACKED) throw corrupt('a code makes no sense');
    else {
      // Every load stays within what is left and the zeros behind it.
      if (mode !== PACKED && bits.left < rows * (mode + 1)) throw corrupt('it ends too early');
      readNarrowRests(bits, mode, rows);
      if (bits.isBeyond) throw corrupt('it ends too early');
    }
    let sum = 0;
    for (let i = 0; i < rows; i++) {
      const rest = RESTS[i] as number;
      let m: number;
      if (predictor === 1) m = before + rest;
      else if (predictor === 0) m = mean + rest;
      else if (predictor === 2) m = 2 * before - earlier + rest;
      else m = before + ((before - earlier) >> 1) + rest;
      m |= 0;
      if (m < min) min = m;
      if (m > max) max = m;
      sum += m;
      out[from + i] = m;
      earlier = before;
      before = m;
    }
    // Checked before the next mini-block leans on it: nothing wraps around.
    if (min <= -NARROW || max >= NARROW) throw corrupt('a number is too large');
    total += sum;
    mean = Math.floor(sum / MINI_ROWS);
  }
  return { min, max, sum: total };
}

function readWideRest(bits: BitReader, mode: number, width: number): number {
  const z = mode === ZEROS ? 0 : mode === PACKED ? bits.fixed(width) : readLong(bits, mode);
  return z % 2 === 0 ? z / 2 : -(z + 1) / 2;
}

function readWide(bits: BitReader, count: number, out: Float64Array): ExtentOfMs {
  let before = 0;
  let earlier = 0;
  let mean = 0;
  let min = WIDE;
  let max = -WIDE;
  let total = 0;
  for (let from = 0; from < count; from += MINI_ROWS) {
    const to = Math.min(from + MINI_ROWS, count);
    const predictor = bits.bits(2);
    const mode = bits.bits(5);
    if (mode > MAX_RICE && mode < PACKED) throw corrupt('a code makes no sense');
    const width = mode === PACKED ? bits.bits(6) : 0;
    if (width > 53 || (mode === PACKED && width === 0)) throw corrupt('a width makes no sense');
    let sum = 0;
    for (let i = from; i < to; i++) {
      const rest = readWideRest(bits, mode, width);
      let m: number;
      if (predictor === 1) m = before + rest;
      else if (predictor === 0) m = mean + rest;
      else if (predictor === 2) m = 2 * before - earlier + rest;
      else m = before + Math.floor((before - earlier) / 2) + rest;
      if (!(m > -WIDE && m < WIDE)) throw corrupt('a number is too large');
      if (m < min) min = m;
      if (m > max) max = m;
      sum += m;
      out[i] = m;
      earlier = before;
      before = m;
    }
    total += sum;
    mean = Math.floor(sum / MINI_ROWS);
  }
  return { min, max, sum: total };
}
