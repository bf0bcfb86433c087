/**
 * Integers as bytes: zigzag over deltas, then LEB128, seven bits a byte, least significant first. Plain float64 arithmetic, so that
 * everything below 2^53 is exact without BigInt.
 */
import { WaystationError } from '../core/errors.ts';

/** Columns are coded as integers below this, so that a zigzagged delta of two of them stays below 2^53. */
export const MAX_CODED_INTEGER = 2 ** 51;
/** ⌈53 ÷ 7⌉. */
const MAX_VARINT_BYTES = 8;

/** Deltas of `values` (integers, |v| < 2^51), zigzagged and written as varints. */
export function encodeDeltas(values: Float64Array): Uint8Array {
  const out = new Uint8Array(values.length * MAX_VARINT_BYTES);
  let at = 0;
  let before = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const delta = value - before;
    before = value;
    let zigzag = delta >= 0 ? delta * 2 : -delta * 2 - 1;
    while (zigzag >= 0x80) {
      out[at++] = (zigzag % 0x80) | 0x80;
      zigzag = Math.floor(zigzag / 0x80);
    }
    out[at++] = zigzag;
  }
  return out.subarray(0, at);
}

/** Reads back exactly `count` values that fill `bytes`. @throws WaystationError `corrupt`. */
export function decodeDeltas(bytes: Uint8Array, count: number): Float64Array<ArrayBuffer> {
  const values = new Float64Array(count);
  let at = 0;
  let before = 0;
  for (let i = 0; i < count; i++) {
    let zigzag = 0;
    let scale = 1;
    for (let length = 1; ; length++) {
      const byte = bytes[at++];
      if (byte === undefined || length > MAX_VARINT_BYTES) throw damaged();
      zigzag += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      scale *= 0x80;
    }
    before += zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    values[i] = before;
  }
  if (at !== bytes.length) throw damaged();
  return values;
}

function damaged(): WaystationError {
  return new WaystationError('corrupt', 'expected exactly as many numbers as the block says');
}
