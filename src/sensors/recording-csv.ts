/**
 * A recording in CSV, read piece by piece: header with the time first (`t_s`, `t_ms`, `t_us`, `t_ns`, `time`, `timestamp` or `datetime`), then numbers.
 * A blank cell (or `NaN`) is a missing value. Whatever else is not as it should be is an error that names line and column: nothing
 * is skipped, guessed or repaired. Only the numbers stay in memory, never the text.
 */

import Papa from 'papaparse';
import { toHex, toUtf8 } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import { sha256 } from '../core/hash.ts';
import { MAX_COLUMNS } from '../hour/limits.ts';
import type { StreamDescriptor, TickNs } from '../hour/types.ts';
import { PrintedNumbers } from './printed-numbers.ts';
import { decimalTime, type ExactTime, isoTime, saysZone, unitBySize } from './recording-times.ts';

/** Values of one recording: 1 GiB of float64, a day of nine columns at 170 Hz. */
const MAX_CELLS = 2 ** 27;
/** A line this long is a quotation mark that never ends, or no table at all. */
const MAX_LINE_CHARS = 2 ** 20;
/** Times before this are counts from some start, not an epoch. */
const FIRST_EPOCH_MS = Date.UTC(2000, 0, 1);
const FIRST_CAPACITY = 1024;

const UNITS: ReadonlyMap<string, TickNs> = new Map([
  ['t_s', 1_000_000_000],
  ['t_ms', 1_000_000],
  ['t_us', 1_000],
  ['t_ns', 1],
]);
/** Columns of dates, or of numbers whose size tells their unit. */
const DATE_NAMES = ['time', 'timestamp', 'datetime'];
/** Days since 1900 as spreadsheets count them: 1954 to 2119. */
const SPREADSHEET_DAYS_MS = [20_000_000, 80_000_000] as const;
const DATE_HINT = 'dates must be like 2025-07-06T10:00:00Z';
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const MISSING = /^nan$/i;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

export interface Recording {
  readonly descriptor: StreamDescriptor;
  readonly rows: number;
  /** Whole milliseconds of each row, and the nanoseconds beyond them. */
  readonly timesMs: Float64Array;
  readonly timesNs: Float64Array;
  /** True when the times are a calendar's; otherwise they count from some start. */
  readonly isEpoch: boolean;
  readonly columns: readonly Float64Array[];
  /** What the times are counted in; null where they are dates (ISO 8601). */
  readonly unitNs: TickNs | null;
  /** True when some of the dates said no zone: they were taken as UTC. */
  readonly withoutZone: boolean;
  /** For each column: the decimals that every one of its numbers was printed with, null where they differ or there is none. */
  readonly decimals: readonly (number | null)[];
}

/** Told of each line of cells, the header too, before they are understood. */
export type OnCells = (cells: readonly string[], line: number) => void;

class GrowingNumbers {
  values = new Float64Array(FIRST_CAPACITY);
  #length = 0;

  push(value: number): void {
    if (this.#length === this.values.length) {
      const grown = new Float64Array(this.values.length * 2);
      grown.set(this.values);
      this.values = grown;
    }
    this.values[this.#length++] = value;
  }

  taken(): Float64Array {
    return this.values.subarray(0, this.#length);
  }
}

/** Base name without `.csv` and `.gz`: the stream's name. */
export function streamNameOf(fileName: string): string {
  return fileName.replace(/(\.csv)?(\.gz)?$/i, '');
}

/** Rows by which a recording is known again, and bytes of the mark that stands for them. */
const MARKED_ROWS = 8;
const MARK_BYTES = 4;

export class RecordingParser {
  readonly #fileName: string;
  #pending = '';
  #delimiter: string | undefined;
  /** Lines read so far. */
  #line = 0;
  #names: readonly string[] | undefined;
  #timeName = '';
  #unitNs: TickNs | undefined;
  #isIso = false;
  #withoutZone = false;
  #tickNs: TickNs = 1_000_000_000;
  #rows = 0;
  /** Header and first rows: what tells another recording of the same file name from this one grown longer. */
  #beginning = '';
  readonly #timesMs = new GrowingNumbers();
  readonly #timesNs = new GrowingNumbers();
  #columns: GrowingNumbers[] = [];
  #printed: PrintedNumbers[] = [];
  readonly #onCells: OnCells | undefined;

  constructor(fileName: string, onCells?: OnCells) {
    this.#fileName = fileName;
    this.#onCells = onCells;
  }

  #wrong(what: string): WaystationError {
    return new WaystationError('malformed', `${this.#fileName}: ${what}`);
  }

  /** Takes the next piece of text, cut anywhere. @throws WaystationError `malformed`, `limit`. */
  push(text: string): void {
    this.#pending += text;
    const end = lastLineEnd(this.#pending);
    if (end >= 0) {
      this.#parse(this.#pending.slice(0, end));
      this.#pending = this.#pending.slice(end + 1);
    }
    if (this.#pending.length > MAX_LINE_CHARS) {
      throw this.#wrong(
        `line ${this.#line + 1} does not end: expected a CSV table, with every quotation mark closed`,
      );
    }
  }

  /** The whole recording. @throws WaystationError `malformed` when there is no header or no row. */
  finish(): Recording {
    if (this.#pending !== '') this.#parse(this.#pending);
    this.#pending = '';
    const names = this.#names;
    if (names === undefined)
      throw this.#wrong('the file is empty: expected a header line and readings below it');
    if (this.#rows === 0) throw this.#wrong('expected readings below the header line');
    const timesMs = this.#timesMs.taken();
    this.#checkSpreadsheetDays(timesMs);
    return {
      descriptor: {
        name: streamNameOf(this.#fileName),
        columns: names.map((name) => ({ name, unit: unitOf(name), step: null })),
        askedRateHz: null,
        tickNs: this.#tickNs,
        driver: 'replay',
        device: `${this.#fileName} (${toHex(sha256(toUtf8(this.#beginning)).subarray(0, MARK_BYTES))})`,
        replay: true,
      },
      rows: this.#rows,
      timesMs,
      timesNs: this.#timesNs.taken(),
      isEpoch: this.#isIso || (timesMs[0] as number) >= FIRST_EPOCH_MS,
      columns: this.#columns.map((column) => column.taken()),
      unitNs: this.#isIso ? null : (this.#unitNs ?? 1_000_000_000),
      withoutZone: this.#withoutZone,
      decimals: this.#printed.map(({ decimals }) => decimals),
    };
  }

  /** 45846.583 is 8 July 2025, 14:00, in a spreadsheet, and would become a moment of 1970. */
  #checkSpreadsheetDays(timesMs: Float64Array): void {
    if (this.#isIso || !DATE_NAMES.includes(this.#timeName) || this.#unitNs !== 1_000_000_000) return;
    const [from, to] = SPREADSHEET_DAYS_MS;
    if (!timesMs.every((ms) => ms >= from && ms < to) || timesMs.every((ms) => ms % 1000 === 0)) return;
    throw this.#wrong(
      `the numbers in the column “${this.#timeName}” look like the days that a spreadsheet counts (${(timesMs[0] as number) / 1000}): ` +
        'give that column a date format such as yyyy-mm-dd hh:mm:ss and save the table again. If they are seconds, call the column t_s',
    );
  }

  /** Parses whole lines, the last line end left out. */
  #parse(lines: string): void {
    const text = this.#line === 0 ? lines.replace(/^\uFEFF/, '') : lines;
    if (text === '') {
      this.#line++;
      return;
    }
    const parsed = Papa.parse<string[]>(text, {
      delimiter: this.#delimiter ?? '',
      delimitersToGuess: [',', ';', '\t'],
    });
    const [error] = parsed.errors.filter(({ type }) => type === 'Quotes');
    if (error !== undefined) throw this.#wrong(`line ${this.#line + 1 + (error.row ?? 0)}: ${error.message}`);
    this.#delimiter ??= parsed.meta.delimiter;
    for (const cells of parsed.data) {
      this.#line++;
      if (cells.length === 1 && cells[0]?.trim() === '') continue;
      this.#onCells?.(cells, this.#line);
      if (this.#names === undefined) this.#header(cells.map((cell) => cell.trim()));
      else this.#row(this.#names, cells);
      if (this.#rows <= MARKED_ROWS) this.#beginning += `${JSON.stringify(cells)}\n`;
      for (const cell of cells) if (cell.includes('\n')) this.#line += cell.split('\n').length - 1;
    }
  }

  #header(cells: readonly string[]): void {
    const [first = '', ...names] = cells;
    const timeName = first.toLowerCase();
    if (NUMBER.test(first)) {
      throw this.#wrong(
        `line ${this.#line} begins with the number ${first}: expected a header line such as t_ms,temperature`,
      );
    }
    if (!UNITS.has(timeName) && !DATE_NAMES.includes(timeName)) {
      throw this.#wrong(
        `expected the first column to be t_s, t_ms, t_us or t_ns (numbers), time, timestamp or datetime (dates like 2025-07-06T10:00:00Z, or numbers), got “${first.slice(0, 40)}”: rename it`,
      );
    }
    if (names.length === 0) throw this.#wrong('expected at least one column beside the time');
    if (names.length > MAX_COLUMNS) {
      throw this.#wrong(`expected at most ${MAX_COLUMNS} columns, got ${names.length}: split the table`);
    }
    names.forEach((name, i) => {
      if (name === '') throw this.#wrong(`column ${i + 2} has no name in the header`);
      if (names.indexOf(name) !== i) throw this.#wrong(`two columns are called “${name}”: rename one`);
    });
    this.#names = names;
    this.#timeName = timeName;
    this.#unitNs = UNITS.get(timeName);
    this.#columns = names.map(() => new GrowingNumbers());
    this.#printed = names.map(() => new PrintedNumbers());
  }

  #row(names: readonly string[], cells: readonly string[]): void {
    if (cells.length !== names.length + 1) {
      throw this.#wrong(`line ${this.#line} has ${cells.length} cells, the header ${names.length + 1}`);
    }
    if ((this.#rows + 1) * (names.length + 1) > MAX_CELLS) {
      throw new WaystationError(
        'limit',
        `${this.#fileName}: expected at most ${MAX_CELLS} values: cut the recording up`,
      );
    }
    const { ms, ns } = this.#time((cells[0] ?? '').trim());
    this.#timesMs.push(ms);
    this.#timesNs.push(ns);
    while (this.#tickNs > 1 && !fits(ms, ns, this.#tickNs)) this.#tickNs = (this.#tickNs / 1000) as TickNs;
    names.forEach((name, c) => {
      const text = (cells[c + 1] ?? '').trim();
      const value = this.#value(text, name);
      this.#columns[c]?.push(value);
      if (Number.isFinite(value)) this.#printed[c]?.note(text);
    });
    this.#rows++;
  }

  #time(text: string): ExactTime {
    if (this.#rows === 0) {
      this.#isIso = DATE_NAMES.includes(this.#timeName) && isoTime(text) !== undefined;
      if (!this.#isIso) this.#unitNs ??= unitBySize(Number(text));
      if (!this.#isIso && this.#unitNs !== undefined) this.#tickNs = this.#unitNs;
    }
    const time = this.#isIso ? isoTime(text) : decimalTime(text, this.#unitNs ?? 1_000_000_000);
    if (time === undefined) {
      const expected = DATE_NAMES.includes(this.#timeName)
        ? 'a time such as 2026-01-31T12:00:00Z or a number'
        : 'a number';
      throw this.#wrong(
        `line ${this.#line}, column “${this.#timeName}”: expected ${expected}, got “${text.slice(0, 40)}”${hintOf(text)}`,
      );
    }
    this.#withoutZone ||= this.#isIso && !saysZone(text);
    return time;
  }

  #value(text: string, name: string): number {
    if (text === '' || MISSING.test(text)) return Number.NaN;
    if (NUMBER.test(text)) return Number(text);
    const infinite = INFINITE.exec(text);
    if (infinite !== null) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    throw this.#wrong(
      `line ${this.#line}, column “${name}”: expected a number or a blank, got “${text.slice(0, 40)}”${hintOf(text)}`,
    );
  }
}

/** What to do about writing that people are used to and that means something else elsewhere. */
function hintOf(text: string): string {
  if (/^[+-]?\d+,\d+$/.test(text)) return ': a decimal comma? Save the table with decimal points';
  if (/^\d{1,4}([./-])\d{1,2}\1\d{1,4}(?!\d)/.test(text)) return `: ${DATE_HINT}`;
  return '';
}

function fits(ms: number, ns: number, tickNs: TickNs): boolean {
  return tickNs === 1_000_000_000 ? ns === 0 && ms % 1000 === 0 : ns % tickNs === 0;
}

/** Index of the last line feed that no quotation mark is open at, or −1. */
function lastLineEnd(text: string): number {
  if (!text.includes('"')) return text.lastIndexOf('\n');
  let isOpen = false;
  let end = -1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) isOpen = !isOpen;
    else if (code === 0x0a && !isOpen) end = i;
  }
  return end;
}

/** The unit in `name [unit]` or `name (unit)`, else blank. The name keeps it, so that an export has the source's header. */
function unitOf(name: string): string {
  return /[[(]([^\])[(]*)[\])]$/.exec(name)?.[1]?.trim() ?? '';
}
