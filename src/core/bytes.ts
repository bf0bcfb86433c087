/** Byte strings: joining, comparing, and the text forms used in names (lower-case hex, base64url without padding). */

import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { base64urlnopad } from '@scure/base';
import { WaystationError } from './errors.ts';

export type Bytes = Uint8Array<ArrayBuffer>;

/** A view of the same memory typed as ArrayBuffer-backed, copied only when it is shared memory. */
export function asBytes(view: Uint8Array): Bytes {
  return view.buffer instanceof ArrayBuffer ? (view as Bytes) : new Uint8Array(view);
}

/**
 * Bytes that a library has just made, which is never in shared memory. Unlike {@link asBytes} it does not look: asking a small
 * array for its buffer moves it out of the heap, which costs more than most of what is done with an id.
 */
export function freshBytes(view: Uint8Array): Bytes {
  return view as Bytes;
}

export function concatBytes(...parts: readonly Uint8Array[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

/** Lexicographic order, shorter first on a common prefix: negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function toHex(bytes: Uint8Array): string {
  return bytesToHex(bytes);
}

/** @throws WaystationError `malformed` when `text` is not an even number of hex digits. */
export function fromHex(text: string): Bytes {
  try {
    return freshBytes(hexToBytes(text));
  } catch (cause) {
    throw new WaystationError('malformed', 'expected an even number of hex digits', { cause });
  }
}

export function toBase64Url(bytes: Uint8Array): string {
  return base64urlnopad.encode(bytes);
}

/** @throws WaystationError `malformed` when `text` is not unpadded base64url (RFC 4648 §5). */
export function fromBase64Url(text: string): Bytes {
  try {
    return freshBytes(base64urlnopad.decode(text));
  } catch (cause) {
    throw new WaystationError('malformed', 'expected base64url text without padding', { cause });
  }
}

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder('utf-8', { fatal: true });

export function toUtf8(text: string): Bytes {
  return freshBytes(ENCODER.encode(text));
}

/** @throws WaystationError `malformed` on bytes that are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return DECODER.decode(bytes);
  } catch (cause) {
    throw new WaystationError('malformed', 'expected UTF-8 text', { cause });
  }
}
