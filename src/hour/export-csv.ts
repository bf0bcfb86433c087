/**
 * Hours as CSV (RFC 4180, line feeds). One stream: its own time header and columns, so that what was replayed from a file comes
 * out as it went in, value for value. Several streams: one table merged by time, columns named `stream.column`. Numbers in their
 * shortest form that reads back the same (ECMAScript Number::toString); missing values blank. For people, times may stand beside or
 * instead of ticks as ISO 8601 (`time` in UTC, `time_local` with its distance from UTC), and numbers without what arithmetic left
 * behind (`-1.2` for -1.2000000000000002).
 *
 * Invariants: every row of every hour is written once, a stream's rows in their own order (rows of several streams at the very
 * same time share a line); nothing is left out silently: a stream that the header does not have is an error.
 */
import { WaystationError } from '../core/errors.ts';
import { decimalsOf } from './lattice.ts';
import type { ColumnDescriptor, HourContent, HourStream, StreamDescriptor, TickNs } from './types.ts';

export interface CsvOptions {
  /** Only this stream. */
  readonly stream?: string;
  /** Only readings from this time on, up to and with that one, ms. */
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Every stream that the hours have, when that is known beforehand. */
  readonly streams?: readonly StreamDescriptor[];
  /** How times are told, in this order; the stream's own ticks alone unless said otherwise. */
  readonly times?: readonly TimeForm[];
  /** How far the reader's clocks are ahead of UTC at a time, ms; for `local`. */
  readonly localOffsetMs?: (ms: number) => number;
  /** `exact` unless said otherwise; `declared`: exact too, with all the decimals of a column whose declared step is a decimal one. */
  readonly numbers?: 'exact' | 'tidy' | 'declared';
}

/** `ticks`: a number under `t_us` or the like; `utc`: ISO 8601 under `time`; `local`: the same with an offset under `time_local`. */
export type TimeForm = 'ticks' | 'utc' | 'local';

/** Decimal digits of a tick behind the nanoseconds, and the header that names it. */
const TICKS: Readonly<Record<TickNs, { readonly header: string; readonly digits: number }>> = {
  1000000000: { header: 't_s', digits: 9 },
  1000000: { header: 't_ms', digits: 6 },
  1000: { header: 't_us', digits: 3 },
  1: { header: 't_ns', digits: 0 },
};
/** Text is handed over in pieces of about this many characters. */
const PIECE_CHARS = 65_536;

interface Place {
  readonly columns: readonly string[];
  /** First cell of the stream in the line, the time not counted. */
  readonly at: number;
}

interface Layout {
  readonly tickNs: TickNs;
  readonly places: ReadonlyMap<string, Place>;
  readonly width: number;
}

/** Exact time in ticks: nanoseconds since 1970 pass 2^53, so milliseconds and the rest are joined as text. */
function timeText(startMs: number, ns: number, digits: number): string {
  const wholeMs = Math.floor(ns / 1e6);
  const rest = ns - wholeMs * 1e6;
  const ms = startMs + wholeMs;
  // Below zero (before 1970) the digits cannot simply be joined.
  if (ms < 0) return decimal(BigInt(ms) * 1_000_000n + BigInt(rest), digits);
  if (digits === 6 && rest === 0) return String(ms);
  return withPoint(`${ms}${String(rest).padStart(6, '0')}`, digits);
}

function decimal(ns: bigint, digits: number): string {
  return ns < 0n ? `-${withPoint(String(-ns), digits)}` : withPoint(String(ns), digits);
}

/** Shifts the decimal point `digits` to the left and drops what is zero. */
function withPoint(nanoseconds: string, digits: number): string {
  const padded = nanoseconds.padStart(digits + 1, '0');
  const whole = padded.slice(0, padded.length - digits).replace(/^0+(?=\d)/, '');
  const fraction = padded.slice(padded.length - digits).replace(/0+$/, '');
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** A name from elsewhere as a cell: quoted where needed, and never a formula to a spreadsheet (OWASP CSV injection). */
function cell(text: string): string {
  const tame = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(tame) ? `"${tame.replaceAll('"', '""')}"` : tame;
}

function number(value: number): string {
  if (Number.isNaN(value)) return '';
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Digits that a value on a sensor's decimal step has at most; a value that seems to have more is written whole. */
const TOLD_DIGITS = 9;
/** A double holds any decimal of so many digits. */
const SAFE_DIGITS = 15;

/** The shortest decimal that a value is, but for the last bits of its double: `-1.2` for -1.2000000000000002. */
export function tidyNumber(value: number): string {
  const exact = number(value);
  if (exact.length <= SAFE_DIGITS || !Number.isFinite(value)) return exact;
  const rounded = Number(value.toPrecision(SAFE_DIGITS));
  if (!Number.isFinite(rounded)) return exact;
  const tidy = number(rounded);
  // Digits that remain were told by the sensor: then none of them is dropped.
  return tidy.replace(/^[-0.]+|e.*$/g, '').replace('.', '').length <= TOLD_DIGITS ? tidy : exact;
}

/** A value with so many decimals, as `20.50`; in its shortest form where that would be another value. */
function fixedNumber(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return number(value);
  const text = Object.is(value, -0) ? `-${(0).toFixed(decimals)}` : value.toFixed(decimals);
  return Object.is(Number(text), value) ? text : number(value);
}

function numberWriter({ step }: ColumnDescriptor, numbers: CsvOptions['numbers']): (value: number) => string {
  const decimals = numbers === 'declared' && step !== null ? decimalsOf(step) : undefined;
  if (decimals !== undefined) return (value) => fixedNumber(value, decimals);
  return numbers === 'tidy' ? tidyNumber : number;
}

const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;

/** Writes times as ISO 8601, to the digits of a tick and to the nanosecond where a time has more. */
export class IsoTimes {
  readonly #digits: number;
  readonly #offsetMs: ((ms: number) => number) | undefined;
  /** Most rows share the second of the one before. */
  #second = Number.NaN;
  #date = '';
  #zone = '';

  /** @param offsetMs undefined for UTC. */
  constructor(tickNs: TickNs, offsetMs?: (ms: number) => number) {
    this.#digits = 9 - TICKS[tickNs].digits;
    this.#offsetMs = offsetMs;
  }

  /** @throws RangeError beyond the years that ECMAScript's Date can hold. */
  text(startMs: number, ns: number): string {
    const wholeMs = Math.floor(ns / 1e6);
    const ms = startMs + wholeMs;
    const second = Math.floor(ms / SECOND_MS);
    if (second !== this.#second) this.#tell(second);
    const fraction = String((ms - second * SECOND_MS) * 1e6 + (ns - wholeMs * 1e6)).padStart(9, '0');
    const told = fraction.slice(0, this.#digits);
    const finer = fraction.slice(this.#digits).replace(/0+$/, '');
    return told + finer === '' ? this.#date + this.#zone : `${this.#date}.${told}${finer}${this.#zone}`;
  }

  #tell(second: number): void {
    this.#second = second;
    const ms = second * SECOND_MS;
    const offsetMs = this.#offsetMs?.(ms) ?? 0;
    this.#date = new Date(ms + offsetMs).toISOString().replace(/\.\d+Z$/, '');
    this.#zone = this.#offsetMs === undefined ? 'Z' : offsetText(offsetMs);
  }
}

/** `+02:00`; to the minute, as ISO 8601 has it. */
function offsetText(offsetMs: number): string {
  const minutes = Math.round(Math.abs(offsetMs) / MINUTE_MS);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${offsetMs < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

const TICKS_ALONE: readonly TimeForm[] = ['ticks'];

/** The header's cells of the times. */
function timeNames(tickNs: TickNs, forms: readonly TimeForm[]): string[] {
  const names = { ticks: TICKS[tickNs].header, utc: 'time', local: 'time_local' };
  return forms.map((form) => names[form]);
}

/** Writes the times of a line. */
function timeWriter(
  { tickNs }: Layout,
  { times = TICKS_ALONE, localOffsetMs = () => 0 }: CsvOptions,
): (startMs: number, ns: number) => string {
  const { digits } = TICKS[tickNs];
  const writers = times.map((form) => {
    if (form === 'ticks') return (startMs: number, ns: number) => timeText(startMs, ns, digits);
    const iso = new IsoTimes(tickNs, form === 'utc' ? undefined : localOffsetMs);
    return (startMs: number, ns: number) => iso.text(startMs, ns);
  });
  const [only] = writers;
  return only !== undefined && writers.length === 1
    ? only
    : (startMs, ns) => writers.map((write) => write(startMs, ns)).join(',');
}

function layoutOf(descriptors: Iterable<StreamDescriptor>, only: string | undefined): Layout {
  const columns = new Map<string, string[]>();
  let tickNs: TickNs | undefined;
  for (const descriptor of descriptors) {
    if (only !== undefined && descriptor.name !== only) continue;
    const known = columns.get(descriptor.name) ?? [];
    for (const { name } of descriptor.columns) if (!known.includes(name)) known.push(name);
    columns.set(descriptor.name, known);
    if (tickNs === undefined || descriptor.tickNs < tickNs) tickNs = descriptor.tickNs;
  }
  let width = 0;
  const places = new Map<string, Place>();
  for (const [name, own] of columns) {
    places.set(name, { columns: own, at: width });
    width += own.length;
  }
  return { tickNs: tickNs ?? 1_000_000, places, width };
}

function headerLine({ tickNs, places }: Layout, { times = TICKS_ALONE }: CsvOptions): string {
  const names = [...places].flatMap(([stream, { columns }]) =>
    columns.map((column) => cell(places.size === 1 ? column : `${stream}.${column}`)),
  );
  return `${[...timeNames(tickNs, times), ...names].join(',')}\n`;
}

/** One stream of one hour on its way into the table. */
class Cursor {
  /** Time of the next row, ns from the slot's start; infinite at the end. */
  nextNs = 0;
  readonly place: Place;
  readonly #stream: HourStream;
  readonly #shiftNs: number;
  /** Cell of each column. */
  readonly #cells: readonly number[];
  readonly #texts: readonly ((value: number) => string)[];
  #row = -1;

  constructor(stream: HourStream, hour: HourContent, place: Place, numbers: CsvOptions['numbers']) {
    this.#stream = stream;
    this.place = place;
    this.#shiftNs = (stream.rows.baseMs - hour.startMs) * 1e6;
    this.#texts = stream.descriptor.columns.map((column) => numberWriter(column, numbers));
    const taken = new Set<number>();
    this.#cells = stream.descriptor.columns.map(({ name }) => {
      const column = place.columns.indexOf(name);
      if (column < 0 || taken.has(column))
        throw notInHeader(`column “${name}” of stream “${stream.descriptor.name}”`);
      taken.add(column);
      return place.at + column;
    });
    this.#advance();
  }

  #advance(): void {
    const offset = this.#stream.rows.offsetsNs[++this.#row];
    this.nextNs = offset === undefined ? Number.POSITIVE_INFINITY : this.#shiftNs + offset;
  }

  skip(): void {
    this.#advance();
  }

  take(line: string[]): void {
    this.#cells.forEach((at, column) => {
      const text = this.#texts[column] ?? number;
      line[at] = text(this.#stream.rows.columns[column]?.[this.#row] ?? Number.NaN);
    });
    this.#advance();
  }
}

function notInHeader(what: string): WaystationError {
  return new WaystationError(
    'conflict',
    `the table’s header has no place for ${what}: export one stream at a time, or a shorter range`,
  );
}

function* linesOf(hour: HourContent, layout: Layout, options: CsvOptions): Iterable<string> {
  const cursors: Cursor[] = [];
  for (const stream of hour.streams) {
    const { name } = stream.descriptor;
    if ((options.stream !== undefined && name !== options.stream) || stream.rows.offsetsNs.length === 0)
      continue;
    const place = layout.places.get(name);
    if (place === undefined) throw notInHeader(`stream “${name}”, which begins later than the first hour`);
    cursors.push(new Cursor(stream, hour, place, options.numbers));
  }
  const timeOf = timeWriter(layout, options);
  const fromNs = ((options.fromMs ?? Number.NEGATIVE_INFINITY) - hour.startMs) * 1e6;
  const toNs = ((options.toMs ?? Number.POSITIVE_INFINITY) - hour.startMs) * 1e6;
  const blank: readonly string[] = new Array<string>(layout.width).fill('');
  for (;;) {
    let ns = Number.POSITIVE_INFINITY;
    for (const cursor of cursors) if (cursor.nextNs < ns) ns = cursor.nextNs;
    if (ns === Number.POSITIVE_INFINITY) return;
    const isWanted = ns >= fromNs && ns <= toNs;
    const line = isWanted ? [...blank] : [];
    // Two streams of one name (no recorder of ours makes them) must not write over each other: one waits for the next line.
    const filled = new Set<Place>();
    for (const cursor of cursors) {
      if (cursor.nextNs !== ns || filled.has(cursor.place)) continue;
      filled.add(cursor.place);
      if (isWanted) cursor.take(line);
      else cursor.skip();
    }
    if (isWanted) yield `${timeOf(hour.startMs, ns)},${line.join(',')}\n`;
  }
}

/** One hour's lines with their line ends, header first. @throws WaystationError `conflict`. */
export function* csvLines(hour: HourContent, options: CsvOptions = {}): Iterable<string> {
  const layout = layoutOf(
    hour.streams.map(({ descriptor }) => descriptor),
    options.stream,
  );
  yield headerLine(layout, options);
  yield* linesOf(hour, layout, options);
}

async function layoutBeforehand(
  hours: AsyncIterable<HourContent> | (() => AsyncIterable<HourContent>),
  { streams, stream }: CsvOptions,
): Promise<Layout | undefined> {
  if (streams !== undefined) return layoutOf(streams, stream);
  if (typeof hours !== 'function') return undefined;
  const descriptors: StreamDescriptor[] = [];
  for await (const hour of hours()) descriptors.push(...hour.streams.map((one) => one.descriptor));
  return layoutOf(descriptors, stream);
}

/**
 * The CSV, header first, in pieces of whole lines with their line ends. Hours are taken in the order given.
 * @param hours the hours once; or a function that gives them anew each time it is called: then they are read twice, the first time
 * for the header. Given once and without `streams`, the first hour's streams make the header.
 * @throws WaystationError `conflict` when a later hour has a stream or column that the header lacks, `not-found` when no hour has
 * the stream that was asked for.
 */
export async function* csvRows(
  hours: AsyncIterable<HourContent> | (() => AsyncIterable<HourContent>),
  options: CsvOptions = {},
): AsyncIterable<string> {
  let layout = await layoutBeforehand(hours, options);
  let text = layout === undefined ? '' : headerLine(layout, options);
  for await (const hour of typeof hours === 'function' ? hours() : hours) {
    if (layout === undefined) {
      const descriptors = hour.streams.map((stream) => stream.descriptor);
      if (options.stream !== undefined && !descriptors.some(({ name }) => name === options.stream)) continue;
      layout = layoutOf(descriptors, options.stream);
      text = headerLine(layout, options);
    }
    for (const line of linesOf(hour, layout, options)) {
      text += line;
      if (text.length < PIECE_CHARS) continue;
      yield text;
      text = '';
    }
  }
  if (options.stream !== undefined && (layout === undefined || layout.places.size === 0)) {
    throw new WaystationError('not-found', `no stream “${options.stream}” in these hours`);
  }
  if (text !== '') yield text;
}
