/**
 * An hour on its way from the segments into its file: read in pieces, each encoded before the next one is read. What it takes of memory is
 * a piece, a block of each stream, and the file.
 */
import type { MaybePromise } from '../core/ports.ts';
import type { EncodedHour } from '../hour/hour-encoder.ts';
import { type HourLedger, ledgerOf } from '../hour/hour-ledger.ts';
import { MAX_BLOCK_ROWS } from '../hour/limits.ts';
import type { HourContent, ReadingBatch, StreamDescriptor } from '../hour/types.ts';

/** Takes the next rows of a stream: at most a block's, in arrays that stay the giver's. The next ones come when it is through. */
export type TakeRows = (
  stream: number,
  descriptor: StreamDescriptor,
  rows: ReadingBatch,
) => MaybePromise<void>;

/** An hour that is read piece by piece, as often as somebody wants. */
export interface HourSource {
  readonly startMs: number;
  /** Values in it, times included; fewer come where segments are damaged. */
  readonly cells: number;
  /** Gives out every row, and then says the rest. */
  readonly read: (take: TakeRows) => Promise<HourLedger>;
}

/** Encodes an hour. Ended by `signal`, it reads no more. */
export type EncodeHour = (source: HourSource, signal: AbortSignal) => Promise<EncodedHour>;

/** Gives rows out in pieces of at most a block. */
export async function giveRows(
  stream: number,
  descriptor: StreamDescriptor,
  { baseMs, offsetsNs, columns }: ReadingBatch,
  take: TakeRows,
): Promise<void> {
  for (let from = 0; from < offsetsNs.length; from += MAX_BLOCK_ROWS) {
    const to = from + MAX_BLOCK_ROWS;
    await take(stream, descriptor, {
      baseMs,
      offsetsNs: offsetsNs.subarray(from, to),
      columns: columns.map((column) => column.subarray(from, to)),
    });
  }
}

/** Gives out an hour that is there as a whole. */
export async function giveHour(content: HourContent, take: TakeRows): Promise<HourLedger> {
  for (const [number, { descriptor, rows }] of content.streams.entries())
    await giveRows(number, descriptor, rows, take);
  return ledgerOf(content);
}
