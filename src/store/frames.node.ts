/**
 * Frames: how records lie in a log file and a value in its file.
 *
 *     length(4, big-endian; top bit: the batch goes on with the next frame) ‖ CRC-32(4, big-endian) ‖ record(length)
 *
 * The checksum covers the four length bytes and the record, so a run of zero bytes is no frame. A batch counts only whole:
 * frames whose batch has no end are torn.
 */
import { crc32 } from 'node:zlib';
import type { Bytes } from '../core/bytes.ts';

export const FRAME_HEADER_BYTES = 8;
const CONTINUED = 0x8000_0000;

/** One buffer with the frames of a whole batch, which must not be empty. */
export function encodeBatch(records: readonly Uint8Array[]): Bytes {
  let size = 0;
  for (const record of records) size += FRAME_HEADER_BYTES + record.length;
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  let at = 0;
  for (const [i, record] of records.entries()) {
    view.setUint32(at, (record.length | (i < records.length - 1 ? CONTINUED : 0)) >>> 0);
    view.setUint32(at + 4, crc32(record, crc32(out.subarray(at, at + 4))));
    out.set(record, at + FRAME_HEADER_BYTES);
    at += FRAME_HEADER_BYTES + record.length;
  }
  return out;
}

/** Length of the record of the frame whose header stands at `at`. */
export function frameRecordBytes(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) & 0x7f) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

/** True when the batch goes on after the frame at `at`. */
export function frameContinued(bytes: Uint8Array, at: number): boolean {
  return ((bytes[at] as number) & 0x80) !== 0;
}

/** The record of the frame that starts at `at`; undefined when the frame is cut short or its checksum does not fit. */
export function readFrame(bytes: Uint8Array, at: number): Uint8Array | undefined {
  if (at + FRAME_HEADER_BYTES > bytes.length) return undefined;
  const start = at + FRAME_HEADER_BYTES;
  const end = start + frameRecordBytes(bytes, at);
  if (end > bytes.length) return undefined;
  const record = bytes.subarray(start, end);
  const sum = new DataView(bytes.buffer, bytes.byteOffset + at + 4, 4).getUint32(0);
  return crc32(record, crc32(bytes.subarray(at, at + 4))) === sum ? record : undefined;
}
