/**
 * Write-ahead segments as records of a log. A record is bounded and a segment is not: what a fast replay delivers between two
 * flushes may be hundreds of megabytes. So a segment is cut into records, each led by a byte that says whether more follows
 * (1) or it is the last (0). All of them go into one append, which the store keeps whole or not at all.
 */
import { type Bytes, concatBytes } from '../core/bytes.ts';

/** Bytes of a segment in one record: a quarter of what a store takes in one. */
export const PART_BYTES = 4 * 2 ** 20;
const LAST = 0;
const MORE = 1;

/** The records of a segment, in order. */
export function segmentRecords(segment: Uint8Array, partBytes: number = PART_BYTES): Bytes[] {
  const records: Bytes[] = [];
  let at = 0;
  do {
    const end = Math.min(segment.length, at + partBytes);
    records.push(concatBytes(Uint8Array.of(end < segment.length ? MORE : LAST), segment.subarray(at, end)));
    at = end;
  } while (at < segment.length);
  return records;
}

/** The segments in a log's records; one that lacks its end is left out. */
export function joinSegments(records: readonly Uint8Array[]): Bytes[] {
  const segments: Bytes[] = [];
  let parts: Uint8Array[] = [];
  for (const record of records) {
    parts.push(record.subarray(1));
    if (record[0] === MORE) continue;
    segments.push(concatBytes(...parts));
    parts = [];
  }
  return segments;
}
