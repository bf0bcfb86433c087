/**
 * Reads an hour back from its write-ahead segments, in small pieces: what a page does meanwhile waits for one piece at most, and no more
 * than a piece is in memory. A record that the store cannot read any more is passed over; see `src/hour/replay.ts` for what becomes of the hour then.
 */
import { type Bytes, fromHex } from '../core/bytes.ts';
import { isWaystationError, WaystationError } from '../core/errors.ts';
import type { HourTally } from '../hour/open-hour.ts';
import { type FinishedHour, Recorder, type RecorderOptions, type ResumedRecorder } from '../hour/recorder.ts';
import { Replay } from '../hour/replay.ts';
import type { GapCause } from '../hour/types.ts';
import type { LogStore } from '../store/port.ts';
import { giveRows, type TakeRows } from './hour-encoding.ts';
import { SegmentJoiner } from './segment-records.ts';

/** Half a minute of seconds: nine channels at 60 Hz are 0.2 MiB of rows and some milliseconds. */
const READ_RECORDS = 32;
const READ_BYTES = 2 ** 21;

/** Where an hour's segments are, and what is known of it besides. */
export interface SegmentSource {
  readonly log: string;
  /** In hex. */
  readonly openId: string;
  /** Segments that are not in the log yet, in order: they follow on it. */
  readonly unwritten: readonly Bytes[];
  /** Null after a crash. */
  readonly tally: HourTally | null;
  /** Why nothing came after the last segment, unless it says that the hour is complete. */
  readonly endCause: GapCause;
}

/**
 * Puts a recorder back to where its segments end.
 * @param take gets the rows; they are in the segments, so the recorder that results has none of them in memory.
 * @throws what the store throws, but for damaged records, and what `take` throws.
 */
export async function readBack(
  logs: LogStore,
  options: RecorderOptions,
  { log, openId, unwritten, tally, endCause }: SegmentSource,
  take: TakeRows,
): Promise<ResumedRecorder> {
  const replay = new Replay(fromHex(openId), tally);
  const give = async () => {
    for (const { stream, descriptor, rows } of replay.takeRows())
      await giveRows(stream, descriptor, rows, take);
  };
  const joiner = new SegmentJoiner();
  for (let at = 0; ; ) {
    const records = await readSome(logs, log, at);
    if (records.length === 0) break;
    at += records.length;
    for (const record of records) {
      const segment = joiner.add(record);
      if (segment !== undefined) replay.add(segment);
    }
    await give();
  }
  for (const segment of unwritten) {
    replay.add(segment);
    await give();
  }
  return Recorder.after(options, replay, endCause);
}

async function readSome(logs: LogStore, log: string, at: number): Promise<(Bytes | null)[]> {
  try {
    return await logs.read(log, at, READ_RECORDS, READ_BYTES);
  } catch (error) {
    if (!isWaystationError(error, 'corrupt')) throw error;
  }
  try {
    return await logs.read(log, at, 1, READ_BYTES);
  } catch (error) {
    if (!isWaystationError(error, 'corrupt')) throw error;
    return [null];
  }
}

/** Ends what was being recorded when its segments ended; an hour that had ended by itself is as it was. */
export function finishReadBack({ recorder }: ResumedRecorder, cause: GapCause): FinishedHour[] {
  recorder.stop(cause);
  return recorder.takeFinished();
}

/** What there is to tell of an hour of which segments are damaged. */
export function unreadable(log: string, { damaged, lostRows }: ResumedRecorder): WaystationError {
  const lost = lostRows === 0 ? '' : `: ${lostRows} readings are lost`;
  return new WaystationError(
    'corrupt',
    `${damaged} stored seconds of an hour that was being recorded cannot be read (${log})${lost}; what came before and after them is kept, as far as it can be read. Check the disk of this device`,
  );
}
