/**
 * How many items a description has, counted before any is built: eight million empty maps deflate to some kilobytes and would take
 * a gigabyte of memory.
 */
import { WaystationError } from '../core/errors.ts';
import { MAX_HEADER_ITEMS } from './limits.ts';

/** Bytes that follow the head of an item of CBOR for its additional information 24 to 27. */
const ARGUMENT_BYTES = [1, 2, 4, 8] as const;

/** Leaves malformed CBOR to the decoder. @throws WaystationError `limit`. */
export function checkItems(cbor: Uint8Array): void {
  let items = 0;
  for (let at = 0; at < cbor.length; items++) {
    const head = cbor[at++] as number;
    const major = head >> 5;
    const info = head & 31;
    let argument = info;
    if (info >= 24) {
      const bytes = ARGUMENT_BYTES[info - 24];
      if (bytes === undefined) return;
      argument = 0;
      for (let i = 0; i < bytes; i++) argument = argument * 256 + (cbor[at++] ?? 0);
    }
    // Texts and byte strings.
    if (major === 2 || major === 3) at += argument;
  }
  if (items > MAX_HEADER_ITEMS) {
    throw new WaystationError(
      'limit',
      `expected at most ${MAX_HEADER_ITEMS} items in the description of an hour, got ${items}`,
    );
  }
}
