/**
 * Hours as text of which every row says what it is: JSON lines for programs and SenML (RFC 8428) for the tools of that world. Both
 * leave out what JSON cannot hold and tell how much that was: nothing is left out silently.
 */
import { WaystationError } from '../core/errors.ts';
import { IsoTimes } from './export-csv.ts';
import { MAX_TIME_MS } from './limits.ts';
import type { HourContent, HourStream } from './types.ts';

/** Text is handed over in pieces of about this many characters. */
const PIECE_CHARS = 65_536;

/** What an export could not say in its format. */
export interface LeftOut {
  /** Infinite values: JSON has none. */
  infinities: number;
  /** Units that the format has no symbol for. */
  readonly units: Set<string>;
}

export function nothingLeftOut(): LeftOut {
  return { infinities: 0, units: new Set() };
}

/** The streams to write. @throws WaystationError `not-found` when there is none of this name. */
export function streamsOf(hour: HourContent, name: string | undefined): readonly HourStream[] {
  const wanted = hour.streams.filter(({ descriptor }) => name === undefined || descriptor.name === name);
  if (name !== undefined && wanted.length === 0) {
    const known = hour.streams.map(({ descriptor }) => descriptor.name).join(', ') || 'none';
    throw new WaystationError('not-found', `no stream “${name}” in this hour; its streams: ${known}`);
  }
  return wanted;
}

/** Joins lines into pieces. */
export function* inPieces(lines: Iterable<string>): Iterable<string> {
  let text = '';
  for (const line of lines) {
    text += line;
    if (text.length < PIECE_CHARS) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

/** The same name again gets a number, so that no value hides another. */
export function distinct(names: readonly string[], taken: Iterable<string> = []): string[] {
  const all = new Set(taken);
  return names.map((name) => {
    let free = name;
    for (let n = 2; all.has(free); n++) free = `${name}_${n}`;
    all.add(free);
    return free;
  });
}

/** @throws WaystationError `malformed` where dates of the hour are beyond the years that can be written. */
export function checkDates({ startMs }: HourContent, { rows }: HourStream): void {
  for (const ns of rows.offsetsNs) {
    if (Math.abs(rows.baseMs + ns / 1e6) < MAX_TIME_MS) continue;
    throw new WaystationError(
      'malformed',
      `this hour begins ${startMs} ms from 1970, which is no date: unpack it as csv`,
    );
  }
}

/**
 * One JSON object per row: `{"stream":"baro","time":"2026-01-01T12:00:00.000Z","pressure":773.5}`. A missing value is null; an infinite
 * one is left out. A column that is called like one before it or like `stream` or `time` gets a number behind its name.
 */
export function* jsonLines(
  hour: HourContent,
  streams: readonly HourStream[],
  leftOut: LeftOut,
): Iterable<string> {
  for (const stream of streams) {
    checkDates(hour, stream);
    const { descriptor, rows } = stream;
    const head = `{"stream":${JSON.stringify(descriptor.name)},"time":"`;
    const times = new IsoTimes(descriptor.tickNs);
    const names = distinct(
      descriptor.columns.map(({ name }) => name),
      ['stream', 'time'],
    ).map((name) => `,${JSON.stringify(name)}:`);
    for (let row = 0; row < rows.offsetsNs.length; row++) {
      let line = `${head}${times.text(rows.baseMs, rows.offsetsNs[row] as number)}"`;
      names.forEach((name, c) => {
        const value = rows.columns[c]?.[row] ?? Number.NaN;
        if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) leftOut.infinities++;
        else line += `${name}${Number.isNaN(value) ? 'null' : numberText(value)}`;
      });
      yield `${line}}\n`;
    }
  }
}

/** A finite number of JSON, −0 kept. */
export function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
