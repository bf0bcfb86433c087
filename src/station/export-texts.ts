/** A station's readings as JSON lines or SenML: hour after hour, one in memory at a time. */
import { WaystationError } from '../core/errors.ts';
import { hourWithin } from '../hour/export-range.ts';
import { checkDates, inPieces, jsonLines, type LeftOut } from '../hour/export-rows.ts';
import { checkSenmlTimes, SenmlPack } from '../hour/export-senml.ts';
import type { HourContent, HourStream } from '../hour/types.ts';
import type { ExportRange, HoursInRange } from './export.ts';

/** What an export tells while it goes on. */
export interface ExportTally {
  /** Rows that were written. */
  rows: number;
  /** What the format cannot hold. */
  readonly leftOut: LeftOut;
}

/**
 * The text in pieces of whole lines.
 * @throws WaystationError `not-found` when no hour has the stream that was asked for.
 */
export async function* exportTexts(
  hours: HoursInRange,
  range: ExportRange,
  format: 'jsonl' | 'senml',
  tally: ExportTally,
): AsyncIterable<string> {
  const pack = new SenmlPack(tally.leftOut);
  const linesOf = (hour: HourContent, streams: readonly HourStream[]) =>
    format === 'jsonl' ? jsonLines(hour, streams, tally.leftOut) : pack.hour(hour, streams);
  // An hour whose times the format cannot hold is left out, and the others are not.
  const chosen = (content: HourContent) => {
    const hour = hourWithin(content, range);
    const streams = hour.streams.filter(
      ({ descriptor }) => range.stream === undefined || descriptor.name === range.stream,
    );
    for (const stream of streams) (format === 'senml' ? checkSenmlTimes : checkDates)(hour, stream);
    return { hour, streams };
  };
  let isFound = false;
  for await (const { hour, streams } of hours.each(chosen)) {
    isFound ||= streams.length > 0;
    yield* inPieces(linesOf(hour, streams));
    tally.rows += streams.reduce((sum, { rows }) => sum + rows.offsetsNs.length, 0);
  }
  checkStream(isFound, range);
  if (format === 'senml') yield pack.end();
}

/** @throws WaystationError `not-found`. */
export function checkStream(isFound: boolean, { stream }: ExportRange): void {
  if (!isFound && stream !== undefined)
    throw new WaystationError('not-found', `no stream “${stream}” in these hours`);
}
