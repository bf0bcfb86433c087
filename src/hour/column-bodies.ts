/**
 * The two uncompressed bodies of a column, before deflate: varint differences of lattice indices, and byte planes
 * of XORed float64 patterns. Plain number arithmetic throughout: a zigzag value needs 54 bits, one more than float64
 * holds, so sign and magnitude are kept apart instead of using BigInt.
 */
import type { Step } from './types.ts';

/**
 * Writes `count` indices as differences (the first from 0), zigzag (2m for m ≥ 0, −2m−1 below), LEB128.
 * @returns the end offset, or undefined when a difference reaches 2^53.
 */
export function writeLattice(
  indices: Float64Array,
  count: number,
  out: Uint8Array,
  at: number,
): number | undefined {
  let previous = 0;
  let end = at;
  for (let i = 0; i < count; i++) {
    const k = indices[i] as number;
    const difference = k - previous;
    previous = k;
    const negative = difference < 0;
    let magnitude = negative ? -difference - 1 : difference;
    if (Math.abs(difference) > Number.MAX_SAFE_INTEGER) return undefined;
    const low = ((magnitude % 64) << 1) | (negative ? 1 : 0);
    magnitude = Math.floor(magnitude / 64);
    out[end++] = magnitude > 0 ? low | 0x80 : low;
    while (magnitude > 0) {
      const bits = magnitude % 128;
      magnitude = Math.floor(magnitude / 128);
      out[end++] = magnitude > 0 ? bits | 0x80 : bits;
    }
  }
  return end;
}

/**
 * Reads `count` values from the varints that fill `body` from `at` to its end.
 * @returns false when they are too few, too many, overlong, or leave the 53-bit range.
 */
export function readLattice(
  body: Uint8Array,
  at: number,
  count: number,
  step: Step,
  out: Float64Array,
): boolean {
  const { numerator, denominator } = step;
  let k = 0;
  let next = at;
  for (let i = 0; i < count; i++) {
    let byte = body[next++];
    if (byte === undefined) return false;
    const negative = (byte & 1) === 1;
    let magnitude = (byte >> 1) & 63;
    let scale = 64;
    while (byte >= 0x80) {
      byte = body[next++];
      if (byte === undefined || byte === 0 || scale > 2 ** 48) return false;
      magnitude += (byte & 0x7f) * scale;
      scale *= 128;
    }
    if (magnitude > Number.MAX_SAFE_INTEGER) return false;
    k += negative ? -magnitude - 1 : magnitude;
    if (Math.abs(k) > Number.MAX_SAFE_INTEGER) return false;
    out[i] = (k * numerator) / denominator;
  }
  return next === body.length;
}

/** Byte p of value i goes to plane p, least significant plane first; each pattern is XORed with the one before it. */
export function writeExact(values: Float64Array, count: number, out: Uint8Array, at: number): number {
  const word = new DataView(new ArrayBuffer(8));
  let previousLow = 0;
  let previousHigh = 0;
  for (let i = 0; i < count; i++) {
    word.setFloat64(0, values[i] as number, true);
    const low = word.getUint32(0, true);
    const high = word.getUint32(4, true);
    const x = low ^ previousLow;
    const y = high ^ previousHigh;
    previousLow = low;
    previousHigh = high;
    for (let plane = 0; plane < 4; plane++) {
      out[at + plane * count + i] = (x >>> (plane * 8)) & 0xff;
      out[at + (plane + 4) * count + i] = (y >>> (plane * 8)) & 0xff;
    }
  }
  return at + count * 8;
}

/** Reads `count` values from the eight planes at `at`. NaN patterns come back as the canonical NaN. */
export function readExact(body: Uint8Array, at: number, count: number, out: Float64Array): void {
  const word = new DataView(new ArrayBuffer(8));
  let low = 0;
  let high = 0;
  for (let i = 0; i < count; i++) {
    let x = 0;
    let y = 0;
    for (let plane = 0; plane < 4; plane++) {
      x |= (body[at + plane * count + i] as number) << (plane * 8);
      y |= (body[at + (plane + 4) * count + i] as number) << (plane * 8);
    }
    low ^= x;
    high ^= y;
    word.setInt32(0, low, true);
    word.setInt32(4, high, true);
    out[i] = word.getFloat64(0, true);
  }
}
