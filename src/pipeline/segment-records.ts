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

/** Puts segments together again from a log's records, one after the other. */
export class SegmentJoiner {
  #parts: Uint8Array[] = [];

  /**
   * The next record, null when the store cannot read it.
   * @returns the segment that ends with it, null for one that lost a part (what remains of it fails its checksum, so one lost record may
   * count as two segments), undefined while more of it follows.
   */
  add(record: Uint8Array | null): Bytes | null | undefined {
    if (record === null) {
      this.#parts = [];
      return null;
    }
    this.#parts.push(record.subarray(1));
    if (record[0] === MORE) return undefined;
    const segment = concatBytes(...this.#parts);
    this.#parts = [];
    return segment;
  }
}

/** The segments in a log's records; one that lacks its end is left out. */
export function joinSegments(records: readonly Uint8Array[]): Bytes[] {
  const joiner = new SegmentJoiner();
  return records.flatMap((record) => joiner.add(record) ?? []);
}
