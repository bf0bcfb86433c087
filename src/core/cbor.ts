/**
 * Deterministic CBOR (RFC 8949 §4.2.1): shortest integers and lengths, map keys in bytewise order, no indefinite
 * lengths, no tags but those asked for. Decoding is strict and bounded: what a different encoder could have
 * written otherwise is refused, so equal values always have equal bytes.
 */
import { decode, encode, rfc8949EncodeOptions } from 'cborg';
import { type Bytes, equalBytes, freshBytes } from './bytes.ts';
import { checkDeterministicForm } from './cbor-form.ts';
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

/** No format of ours nests deeper than 8; 32 keeps a decoder with recursion far from its stack limit. */
const MAX_DEPTH = 32;

/** The deterministic encoding of `value`. Integers must be safe (|n| < 2^53). */
export function encodeCbor(value: CborValue): Bytes {
  return freshBytes(encode(value, rfc8949EncodeOptions));
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
  checkDeterministicForm(bytes, MAX_DEPTH, isShortestFloat);
  try {
    return decode(bytes, DECODE_OPTIONS) as CborValue;
  } catch (cause) {
    throw new WaystationError('malformed', `expected deterministic CBOR: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** Whether these bytes of one float are what {@link encodeCbor} writes for its value: whole numbers are integers. */
function isShortestFloat(item: Uint8Array): boolean {
  const value = decode(item, { ...DECODE_OPTIONS, allowNaN: true, allowInfinity: true }) as number;
  return equalBytes(encodeCbor(value), item);
}
