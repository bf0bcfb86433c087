/**
 * Hours as CSV (RFC 4180, line feeds). One stream: its own time header and columns, so that what was replayed from a file comes
 * out as it went in, value for value. Several streams: one table merged by time, columns named `stream.column`. Numbers in their
 * shortest form that reads back the same (ECMAScript Number::toString); missing values blank.
 *
 * Invariants: every row of every hour is written once, a stream's rows in their own order (rows of several streams at the very
 * same time share a line); nothing is left out silently: a stream that the header does not have is an error.
 */
import { WaystationError } from '../core/errors.ts';
import type { HourContent, HourStream, StreamDescriptor, TickNs } from './types.ts';

export interface CsvOptions {
  /** Only this stream. */
  readonly stream?: string;
  /** Only readings from this time on, up to and with that one, ms. */
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Every stream that the hours have, when that is known beforehand. */
  readonly streams?: readonly StreamDescriptor[];
}

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

function headerLine({ tickNs, places }: Layout): string {
  const names = [...places].flatMap(([stream, { columns }]) =>
    columns.map((column) => cell(places.size === 1 ? column : `${stream}.${column}`)),
  );
  return `${[TICKS[tickNs].header, ...names].join(',')}\n`;
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
  #row = -1;

  constructor(stream: HourStream, hour: HourContent, place: Place) {
    this.#stream = stream;
    this.place = place;
    this.#shiftNs = (stream.rows.baseMs - hour.startMs) * 1e6;
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

  take(line: string[]): void {
    this.#cells.forEach((at, column) => {
      line[at] = number(this.#stream.rows.columns[column]?.[this.#row] ?? Number.NaN);
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
    cursors.push(new Cursor(stream, hour, place));
  }
  const { digits } = TICKS[layout.tickNs];
  const fromNs = ((options.fromMs ?? Number.NEGATIVE_INFINITY) - hour.startMs) * 1e6;
  const toNs = ((options.toMs ?? Number.POSITIVE_INFINITY) - hour.startMs) * 1e6;
  const blank: readonly string[] = new Array<string>(layout.width).fill('');
  for (;;) {
    let ns = Number.POSITIVE_INFINITY;
    for (const cursor of cursors) if (cursor.nextNs < ns) ns = cursor.nextNs;
    if (ns === Number.POSITIVE_INFINITY) return;
    const line = [...blank];
    // Two streams of one name (no recorder of ours makes them) must not write over each other: one waits for the next line.
    const filled = new Set<Place>();
    for (const cursor of cursors) {
      if (cursor.nextNs !== ns || filled.has(cursor.place)) continue;
      filled.add(cursor.place);
      cursor.take(line);
    }
    if (ns < fromNs || ns > toNs) continue;
    yield `${timeText(hour.startMs, ns, digits)},${line.join(',')}\n`;
  }
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
  let text = layout === undefined ? '' : headerLine(layout);
  for await (const hour of typeof hours === 'function' ? hours() : hours) {
    if (layout === undefined) {
      const descriptors = hour.streams.map((stream) => stream.descriptor);
      if (options.stream !== undefined && !descriptors.some(({ name }) => name === options.stream)) continue;
      layout = layoutOf(descriptors, options.stream);
      text = headerLine(layout);
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
