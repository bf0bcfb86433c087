import { deflateSync, inflateSync } from 'fflate';
import { type Bytes, concatBytes } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import type { Step } from './types.ts';
import { decodeDeltas, encodeDeltas, MAX_CODED_INTEGER } from './varint.ts';

export const CODING = { lattice: 1, float64: 2 } as const;
const MAX_DECIMALS = 15;
const MAX_BYTES_PER_ROW = 9;

export interface CodedColumn {
  readonly coding: number;
  readonly step: Step | null;
  readonly missing: number;
  readonly bytes: Bytes;
}

function onLattice(values: Float64Array, { numerator, denominator }: Step): Float64Array | undefined {
  const integers = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const k = Math.round((value * denominator) / numerator);
    if ((k * numerator) / denominator !== value || Math.abs(k) >= MAX_CODED_INTEGER || Object.is(value, -0)) {
      return undefined;
    }
    integers[i] = k;
  }
  return integers;
}

function findLattice(
  values: Float64Array,
  declared: Step | null,
): { step: Step; integers: Float64Array } | undefined {
  const steps = declared === null ? [] : [declared];
  for (let decimals = 0; decimals <= MAX_DECIMALS; decimals++)
    steps.push({ numerator: 1, denominator: 10 ** decimals });
  for (const step of steps) {
    const integers = onLattice(values, step);
    if (integers !== undefined) return { step, integers };
  }
  return undefined;
}

function encodeFloats(values: Float64Array): Uint8Array {
  const words = new Uint32Array(values.slice().buffer);
  const planes = new Uint8Array(values.length * 8);
  for (let i = values.length - 1; i >= 0; i--) {
    for (let half = 0; half < 2; half++) {
      const word = (words[2 * i + half] as number) ^ (i === 0 ? 0 : (words[2 * i - 2 + half] as number));
      for (let byte = 0; byte < 4; byte++)
        planes[(4 * half + byte) * values.length + i] = word >>> (8 * byte);
    }
  }
  return planes;
}

function decodeFloats(planes: Uint8Array, count: number): Float64Array<ArrayBuffer> {
  if (planes.length !== count * 8)
    throw new WaystationError('corrupt', 'expected eight bytes for every value');
  const words = new Uint32Array(count * 2);
  for (let i = 0; i < count; i++) {
    for (let half = 0; half < 2; half++) {
      let word = 0;
      for (let byte = 0; byte < 4; byte++)
        word |= (planes[(4 * half + byte) * count + i] as number) << (8 * byte);
      words[2 * i + half] = word ^ (i === 0 ? 0 : (words[2 * i - 2 + half] as number));
    }
  }
  return new Float64Array(words.buffer);
}

export function encodeColumn(values: Float64Array, declared: Step | null): CodedColumn {
  const present = values.filter((value) => !Number.isNaN(value));
  const missing = values.length - present.length;
  const bitmap = new Uint8Array(missing === 0 ? 0 : Math.ceil(values.length / 8));
  if (missing > 0) {
    values.forEach((value, i) => {
      if (!Number.isNaN(value)) bitmap[i >> 3] = (bitmap[i >> 3] as number) | (1 << (i & 7));
    });
  }
  const lattice = findLattice(present, declared);
  const body = lattice === undefined ? encodeFloats(present) : encodeDeltas(lattice.integers);
  return {
    coding: lattice === undefined ? CODING.float64 : CODING.lattice,
    step: lattice?.step ?? null,
    missing,
    bytes: deflateSync(concatBytes(bitmap, body), { level: 6 }) as Bytes,
  };
}

export function decodeColumn(coded: CodedColumn, rows: number): Float64Array<ArrayBuffer> {
  const plain = inflate(coded.bytes, rows * MAX_BYTES_PER_ROW + 1);
  const bitmapBytes = coded.missing === 0 ? 0 : Math.ceil(rows / 8);
  const bitmap = plain.subarray(0, bitmapBytes);
  const body = plain.subarray(bitmapBytes);
  const count = rows - coded.missing;
  let present: Float64Array<ArrayBuffer>;
  if (coded.coding === CODING.lattice && coded.step !== null) {
    const { numerator, denominator } = coded.step;
    present = decodeDeltas(body, count).map((k) => (k * numerator) / denominator);
  } else if (coded.coding === CODING.float64) {
    present = decodeFloats(body, count);
  } else {
    throw new WaystationError(
      'malformed',
      `this hour uses coding ${coded.coding}, which this version cannot read: update`,
    );
  }
  if (coded.missing === 0) return present;
  const values = new Float64Array(rows).fill(Number.NaN);
  let next = 0;
  for (let i = 0; i < rows; i++) {
    if (((bitmap[i >> 3] ?? 0) >> (i & 7)) & 1) values[i] = present[next++] ?? Number.NaN;
  }
  if (next !== count)
    throw new WaystationError('corrupt', 'expected the bitmap to count the values that are there');
  return values;
}

export function inflate(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const out = new Uint8Array(maxBytes);
  try {
    const plain = inflateSync(bytes, { out });
    if (plain.length >= maxBytes) throw new Error('longer than a block can be');
    return plain;
  } catch (cause) {
    throw new WaystationError('corrupt', `a block does not inflate: ${(cause as Error).message}`, { cause });
  }
}
