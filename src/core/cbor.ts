/**
 * Deterministic CBOR (RFC 8949 §4.2.1): shortest integers and lengths, map keys in bytewise order, no indefinite
 * lengths, no tags but those asked for. Decoding is strict and bounded: what a different encoder could have
 * written otherwise is refused, so equal values always have equal bytes.
 */
import { decode, encode, rfc8949EncodeOptions } from 'cborg';
import { asBytes, type Bytes } from './bytes.ts';
import { WaystationError } from './errors.ts';

/** What our formats are made of. Maps have integer or text keys. */
export type CborValue =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly CborValue[]
  | ReadonlyMap<number | string, CborValue>;

const DECODE_OPTIONS = {
  strict: true,
  useMaps: true,
  rejectDuplicateMapKeys: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowNaN: false,
  allowInfinity: false,
  allowBigInt: false,
} as const;

/** The deterministic encoding of `value`. Integers must be safe (|n| < 2^53). */
export function encodeCbor(value: CborValue): Bytes {
  return asBytes(encode(value, rfc8949EncodeOptions));
}

/**
 * Decodes exactly one deterministic item that fills `bytes`.
 * @param maxBytes refuses longer input before looking at it.
 * @throws WaystationError `limit` or `malformed`.
 */
export function decodeCbor(bytes: Uint8Array, maxBytes: number): CborValue {
  if (bytes.length > maxBytes) {
    throw new WaystationError('limit', `expected at most ${maxBytes} bytes of CBOR, got ${bytes.length}`);
  }
  if (nestingExceeds(bytes, MAX_DEPTH)) {
    throw new WaystationError('limit', `expected CBOR nested at most ${MAX_DEPTH} deep`);
  }
  try {
    return decode(bytes, DECODE_OPTIONS) as CborValue;
  } catch (cause) {
    throw new WaystationError('malformed', `expected deterministic CBOR: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** No format of ours nests deeper than 8; 32 keeps a decoder with recursion far from its stack limit. */
const MAX_DEPTH = 32;

/** Walks the item heads alone, so that hostile nesting cannot overflow a recursive decoder's stack. */
function nestingExceeds(bytes: Uint8Array, maxDepth: number): boolean {
  const remaining: number[] = [];
  let at = 0;
  while (at < bytes.length) {
    const head = bytes[at] as number;
    const major = head >> 5;
    const info = head & 31;
    const extra = info < 24 ? 0 : info <= 27 ? 1 << (info - 24) : -1;
    if (extra < 0) return false; // indefinite or reserved: the decoder refuses it
    let value = info;
    if (extra > 0) {
      value = 0;
      for (let i = 1; i <= extra; i++) value = value * 256 + (bytes[at + i] ?? 0);
    }
    at += 1 + extra;
    if (major === 2 || major === 3) at += value;
    const children = major === 4 ? value : major === 5 ? value * 2 : major === 6 ? 1 : 0;
    if (children > 0) {
      remaining.push(children);
      if (remaining.length > maxDepth) return true;
      continue;
    }
    while (remaining.length > 0) {
      const left = (remaining.at(-1) as number) - 1;
      if (left > 0) {
        remaining[remaining.length - 1] = left;
        break;
      }
      remaining.pop();
    }
  }
  return false;
}
