/** A stream as a recorder knows it; batches, segments and gaps name it by its number in the recorder's list. */
import { WaystationError } from '../core/errors.ts';
import { checkDescriptor } from './descriptor-limits.ts';
import { MAX_STREAMS } from './limits.ts';
import { StreamSilence } from './silence.ts';
import type { ReadingBatch, StreamDescriptor } from './types.ts';

export interface RecordedStream {
  readonly descriptor: StreamDescriptor;
  /** The descriptor as a driver gave it: how a stream is found again. */
  readonly key: string;
  readonly silence: StreamSilence;
  /** A driver has it; false after a crash or stop, until one adds it again. */
  active: boolean;
}

/** Adds a stream to a recorder's list and returns its number. @throws WaystationError `limit`. */
export function addRecordedStream(
  streams: RecordedStream[],
  descriptor: StreamDescriptor,
  key: string,
  active: boolean,
): number {
  checkDescriptor(descriptor);
  if (streams.filter((stream) => stream.active).length >= MAX_STREAMS || streams.length >= 8 * MAX_STREAMS) {
    throw new WaystationError(
      'limit',
      `expected at most ${MAX_STREAMS} streams at one station: record some on another node`,
    );
  }
  return streams.push({ descriptor, key, silence: new StreamSilence(descriptor), active }) - 1;
}

/** Time of a row in whole milliseconds, rounded down: exact, so that a reading just before the hour's end stays before it. */
export function timeMs(batch: ReadingBatch, row: number): number {
  return batch.baseMs + Math.floor((batch.offsetsNs[row] as number) / 1e6);
}
