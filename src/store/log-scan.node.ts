/**
 * Reading a log file through at open: where each record ends, how far the file is intact, and what is wrong after that.
 *
 * A crash while appending leaves a torn tail: bytes that are no whole frame, or a batch without its end, with nothing valid
 * behind. Anything else that does not fit is damage to what had been written whole. When in doubt it is called damage, because
 * then the file is kept.
 */
import type { FileHandle } from 'node:fs/promises';
import type { Bytes } from '../core/bytes.ts';
import { readFully } from './file-api.node.ts';
import { FRAME_HEADER_BYTES, frameContinued, frameRecordBytes, readFrame } from './frames.node.ts';
import { MAX_RECORD_BYTES } from './guarded-store.ts';

export interface LogScan {
  /** Offset behind each intact record. */
  readonly ends: number[];
  /** Size of the intact beginning. */
  readonly intactBytes: number;
  readonly trouble: 'torn' | 'damaged' | undefined;
}

/** Read at a time; large enough that scanning is bound by the checksum. */
const WINDOW_BYTES = 2 ** 20;
/** Bytes checksummed in search of frames behind damage; beyond it the log counts as damaged without further proof. */
const RESYNC_BYTES = 2 ** 26;

/** Scans the first `fileBytes` of a log. */
export async function scanLog(file: FileHandle, fileBytes: number): Promise<LogScan> {
  const window = new FileWindow(file, fileBytes);
  const ends: number[] = [];
  let batchStart = 0;
  let batchRecords = 0;
  let at = 0;
  while (at < fileBytes) {
    const size = await frameSizeAt(window, at);
    if (size === undefined) break;
    const continued = frameContinued(await window.view(at, 1), 0);
    at += size;
    ends.push(at);
    batchRecords = continued ? batchRecords + 1 : 0;
    if (!continued) batchStart = at;
  }
  if (at === fileBytes && batchRecords === 0) return { ends, intactBytes: at, trouble: undefined };
  // Whole frames at the end whose batch never ended are torn like a frame cut short.
  const trouble = at === fileBytes ? 'torn' : await judge(window, at);
  ends.length -= batchRecords;
  return { ends, intactBytes: batchStart, trouble };
}

/** Size of the valid frame at `at`, if there is one. */
async function frameSizeAt(window: FileWindow, at: number): Promise<number | undefined> {
  const header = await window.view(at, FRAME_HEADER_BYTES);
  if (header.length < FRAME_HEADER_BYTES) return undefined;
  const record = frameRecordBytes(header, 0);
  if (record > MAX_RECORD_BYTES) return undefined;
  const frame = await window.view(at, FRAME_HEADER_BYTES + record);
  return readFrame(frame, 0) === undefined ? undefined : frame.length;
}

/** What the bytes from `at` on are, where no valid frame starts. */
async function judge(window: FileWindow, at: number): Promise<'torn' | 'damaged'> {
  const header = await window.view(at, FRAME_HEADER_BYTES);
  const reachesEnd =
    header.length === FRAME_HEADER_BYTES &&
    at + FRAME_HEADER_BYTES + frameRecordBytes(header, 0) === window.fileBytes;
  if (reachesEnd) return 'damaged';
  let budget = RESYNC_BYTES;
  for (let next = at + 1; next + FRAME_HEADER_BYTES <= window.fileBytes; next++) {
    // The window is asked only when it does not hold the header, so this loop stays cheap per byte.
    let bytes = window.peek(next);
    if (bytes === undefined) {
      await window.view(next, FRAME_HEADER_BYTES);
      bytes = window.peek(next);
    }
    if (bytes === undefined) return 'torn';
    const record = frameRecordBytes(bytes.data, bytes.at);
    if (record > MAX_RECORD_BYTES || next + FRAME_HEADER_BYTES + record > window.fileBytes) continue;
    budget -= FRAME_HEADER_BYTES + record;
    if (budget < 0 || (await frameSizeAt(window, next)) !== undefined) return 'damaged';
  }
  return 'torn';
}

/** A file read forward through a window. */
class FileWindow {
  readonly fileBytes: number;
  readonly #file: FileHandle;
  #data: Bytes = new Uint8Array(0);
  #start = 0;

  constructor(file: FileHandle, fileBytes: number) {
    this.#file = file;
    this.fileBytes = fileBytes;
  }

  /** `length` bytes from `at`, fewer at the end of the file. */
  async view(at: number, length: number): Promise<Uint8Array> {
    const wanted = Math.min(length, this.fileBytes - at);
    if (at < this.#start || at + wanted > this.#start + this.#data.length) {
      this.#data = await readFully(
        this.#file,
        at,
        Math.min(this.fileBytes - at, Math.max(length, WINDOW_BYTES)),
      );
      this.#start = at;
    }
    return this.#data.subarray(at - this.#start, at - this.#start + wanted);
  }

  /** The window with the place of `at` in it, when a frame header from `at` lies inside. */
  peek(at: number): { readonly data: Uint8Array; readonly at: number } | undefined {
    const inside = at >= this.#start && at + FRAME_HEADER_BYTES <= this.#start + this.#data.length;
    return inside ? { data: this.#data, at: at - this.#start } : undefined;
  }
}
