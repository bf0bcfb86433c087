/**
 * One block of one column ⇄ bytes. Three codings; an id in the block index says which, so that others can be added:
 *
 *   0 missing  no bytes: every value is missing
 *   1 lattice  deflate of [validity bitmap] ‖ zigzag varints of the differences of k, value = k × step
 *   2 float64  deflate of [validity bitmap] ‖ eight byte planes of each bit pattern XOR its predecessor
 *
 * Invariants: decode(encode(x)) = x bit for bit, except that NaN of any payload means missing and comes back as
 * the canonical NaN; what a lattice would not give back exactly is coded as float64. Inflation is bounded before it
 * begins, and bytes that contradict their index are refused.
 */
import { deflateSync, inflateSync } from 'fflate';
import { asBytes, type Bytes } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import { readExact, readLattice, writeExact, writeLattice } from './column-bodies.ts';
import { findDecimals, powerOfTen, toLattice } from './lattice.ts';
import { MAX_BLOCK_ROWS } from './limits.ts';
import type { Step } from './types.ts';

export const CODING = { missing: 0, lattice: 1, float64: 2 } as const;

/** Above this many bytes a value the lattice is so fine that the float64 coding may be smaller: try both. */
const LATTICE_DOUBT_BYTES = 4;

export interface CodedColumn {
  /** One of {@link CODING}. */
  readonly coding: number;
  /** The lattice, null for the other codings. */
  readonly step: Step | null;
  /** How many of the block's rows have no value. */
  readonly missing: number;
  readonly bytes: Bytes;
}

/** Largest inflated body: bitmap plus eight bytes a value, and one byte more to notice an overrun. */
const scratch = new Uint8Array(MAX_BLOCK_ROWS / 8 + MAX_BLOCK_ROWS * 8 + 1);
const present = new Float64Array(MAX_BLOCK_ROWS);
const indices = new Float64Array(MAX_BLOCK_ROWS);

/**
 * Encodes at most 4096 values of a column; `declared` is the sensor's own step, tried first.
 * @throws RangeError when there are more.
 */
export function encodeColumn(values: Float64Array, declared: Step | null): CodedColumn {
  const rows = values.length;
  if (rows > MAX_BLOCK_ROWS) throw new RangeError(`expected at most ${MAX_BLOCK_ROWS} rows, got ${rows}`);
  let count = 0;
  for (let i = 0; i < rows; i++) {
    const value = values[i] as number;
    if (!Number.isNaN(value)) present[count++] = value;
  }
  const missing = rows - count;
  if (count === 0) return { coding: CODING.missing, step: null, missing, bytes: new Uint8Array(0) };

  const bitmapBytes = missing === 0 ? 0 : writeBitmap(values);
  const lattice = encodeLattice(count, declared, bitmapBytes);
  if (lattice !== undefined && lattice.bytes.length <= count * LATTICE_DOUBT_BYTES) {
    return { coding: CODING.lattice, missing, ...lattice };
  }
  const exact = deflated(writeExact(present, count, scratch, bitmapBytes));
  if (lattice !== undefined && lattice.bytes.length <= exact.length) {
    return { coding: CODING.lattice, missing, ...lattice };
  }
  return { coding: CODING.float64, step: null, missing, bytes: exact };
}

/** Bit r of the bitmap (least significant first) is 1 when row r is present. Returns its length. */
function writeBitmap(values: Float64Array): number {
  const length = Math.ceil(values.length / 8);
  scratch.fill(0, 0, length);
  for (let row = 0; row < values.length; row++) {
    if (!Number.isNaN(values[row] as number))
      scratch[row >> 3] = (scratch[row >> 3] as number) | (1 << (row & 7));
  }
  return length;
}

function encodeLattice(
  count: number,
  declared: Step | null,
  at: number,
): { step: Step; bytes: Bytes } | undefined {
  let step = declared;
  if (step === null || !toLattice(present, count, step, indices)) {
    const decimals = findDecimals(present, count);
    if (decimals === undefined) return undefined;
    step = { numerator: 1, denominator: powerOfTen(decimals) };
    if (!toLattice(present, count, step, indices)) return undefined;
  }
  const end = writeLattice(indices, count, scratch, at);
  return end === undefined ? undefined : { step, bytes: deflated(end) };
}

function deflated(end: number): Bytes {
  return asBytes(deflateSync(scratch.subarray(0, end)));
}

/**
 * Decodes one block of one column.
 * @param rows rows of the block, 1 to 4096.
 * @throws WaystationError `corrupt` when bytes and index contradict each other, `malformed` for an unknown coding.
 */
export function decodeColumn(coded: CodedColumn, rows: number): Float64Array<ArrayBuffer> {
  if (rows < 1 || rows > MAX_BLOCK_ROWS)
    throw new RangeError(`expected 1 to ${MAX_BLOCK_ROWS} rows, got ${rows}`);
  const { coding, step, missing, bytes } = coded;
  const count = rows - missing;
  if (coding === CODING.missing) {
    if (count !== 0 || bytes.length !== 0) throw corrupt('a column without values has some');
    return new Float64Array(rows).fill(Number.NaN);
  }
  if (count < 1) throw corrupt('a column with bytes has no values');
  const bitmapBytes = missing === 0 ? 0 : Math.ceil(rows / 8);
  if (coding === CODING.lattice) {
    if (step === null) throw corrupt('the step of a column is not given');
    const body = inflateBounded(bytes, bitmapBytes + count * 8);
    if (!readLattice(body, bitmapBytes, count, step, present)) throw corrupt('the differences do not add up');
  } else if (coding === CODING.float64) {
    const body = inflateBounded(bytes, bitmapBytes + count * 8);
    if (body.length !== bitmapBytes + count * 8) throw corrupt('the byte planes are too short');
    readExact(body, bitmapBytes, count, present);
  } else {
    throw new WaystationError(
      'malformed',
      `expected column coding 0, 1 or 2, got ${coding}: a newer Waystation wrote this hour; update this one`,
    );
  }
  if (present.subarray(0, count).some(Number.isNaN))
    throw corrupt('a value that is said to be present is missing');
  return missing === 0 ? present.slice(0, count) : spread(bitmapBytes, rows, count);
}

/** Inflates into the scratch buffer; an overrun of at most that one column is noticed, never kept. */
function inflateBounded(bytes: Uint8Array, maxBytes: number): Uint8Array {
  if (bytes.length === 0) throw corrupt('a compressed column is empty');
  let body: Uint8Array;
  try {
    body = inflateSync(bytes, { out: scratch.subarray(0, maxBytes + 1) });
  } catch (cause) {
    throw new WaystationError('corrupt', 'expected a deflate stream (RFC 1951) in a column', { cause });
  }
  if (body.length > maxBytes) throw corrupt(`a column inflates to more than ${maxBytes} bytes`);
  return body;
}

/** Puts the present values into the rows that the bitmap at the head of the scratch buffer names. */
function spread(bitmapBytes: number, rows: number, count: number): Float64Array<ArrayBuffer> {
  const out = new Float64Array(rows).fill(Number.NaN);
  let next = 0;
  for (let row = 0; row < bitmapBytes * 8; row++) {
    if ((((scratch[row >> 3] as number) >> (row & 7)) & 1) === 0) continue;
    if (row >= rows || next === count) throw corrupt('the validity bitmap has more values than the index');
    out[row] = present[next++] as number;
  }
  if (next !== count) throw corrupt('the validity bitmap has fewer values than the index');
  return out;
}

function corrupt(what: string): WaystationError {
  return new WaystationError('corrupt', `expected an intact hour: ${what}; fetch it again from another node`);
}
