/**
 * What a sensor on a cable says, line by line. Recognised, without being told which: NMEA 0183 sentences XDR and MDA (checksum checked),
 * SenML in JSON (RFC 8428), CSV with a header, and pairs `name=value` or `name: value`. Pure: bytes and times in, readings out.
 *
 * Invariants: whatever comes, nothing is thrown and no more is kept than a line and one header; what is not understood is counted with its
 * reason; a value is never made up, one that is missing in a line is NaN.
 */
import type { ColumnDescriptor } from '../hour/types.ts';

/** The longest line that a sensor needs: NMEA allows 82 characters, SenML packs of a dozen records fit. */
export const MAX_LINE_BYTES = 1_024;
/** As many columns as make sense on one line of that length. */
export const MAX_COLUMNS = 32;
/** Lines a second that are taken in: more is a cable that sends noise, or the wrong speed. */
export const MAX_LINES_PER_SECOND = 200;
const MAX_NAME_CHARS = 64;
const MAX_UNIT_CHARS = 16;

export type DropReason =
  | 'too-long' // longer than MAX_LINE_BYTES
  | 'too-many' // more lines than MAX_LINES_PER_SECOND
  | 'not-text' // bytes that no sensor sends: as a rule the wrong speed
  | 'checksum' // an NMEA sentence that was damaged on the way
  | 'other-sentence' // NMEA that tells no measurement
  | 'no-values' // nothing in it that can be read
  | 'malformed';

/** What one line told: values by name, each with a unit where the line says one. */
export interface LineReading {
  readonly format: 'nmea' | 'senml' | 'csv' | 'pairs';
  readonly values: readonly { readonly name: string; readonly unit: string; readonly value: number }[];
}

export type LineResult =
  | LineReading
  | { readonly dropped: DropReason }
  | { readonly header: readonly string[] };

/** Cuts bytes into lines of bounded length and counts what it drops. */
export class LineSplitter {
  #kept = new Uint8Array(MAX_LINE_BYTES);
  #length = 0;
  #isTooLong = false;

  /** @returns the lines that ended in these bytes, without their ends; null for one that was too long. */
  take(bytes: Uint8Array): (Uint8Array | null)[] {
    const lines: (Uint8Array | null)[] = [];
    for (const byte of bytes) {
      if (byte === 0x0a || byte === 0x0d) {
        if (this.#isTooLong) lines.push(null);
        else if (this.#length > 0) lines.push(this.#kept.slice(0, this.#length));
        this.#length = 0;
        this.#isTooLong = false;
      } else if (this.#length < MAX_LINE_BYTES) {
        this.#kept[this.#length++] = byte;
      } else {
        this.#isTooLong = true;
      }
    }
    return lines;
  }
}

/** Reads lines of one cable. It remembers the CSV header alone. */
export class LineReader {
  #header: readonly Column[] | undefined;
  #secondMs = Number.NEGATIVE_INFINITY;
  #inSecond = 0;
  readonly dropped = new Map<DropReason, number>();

  /** @param atMs when the line ended, for the bound on lines a second. */
  read(line: Uint8Array | null, atMs: number): LineResult {
    const result = this.#read(line, atMs);
    if ('dropped' in result) this.dropped.set(result.dropped, (this.dropped.get(result.dropped) ?? 0) + 1);
    return result;
  }

  #read(line: Uint8Array | null, atMs: number): LineResult {
    if (Math.abs(atMs - this.#secondMs) >= 1_000) {
      this.#secondMs = atMs;
      this.#inSecond = 0;
    }
    if (++this.#inSecond > MAX_LINES_PER_SECOND) return { dropped: 'too-many' };
    if (line === null || line.length > MAX_LINE_BYTES) return { dropped: 'too-long' };
    const text = textOf(line);
    if (text === undefined) return { dropped: 'not-text' };
    if (text.startsWith('$') || text.startsWith('!')) return readNmea(text);
    if (text.startsWith('[') || text.startsWith('{')) return readSenml(text);
    return this.#readTable(text);
  }

  #readTable(text: string): LineResult {
    const pairs = readPairs(text);
    if (pairs !== undefined) return { format: 'pairs', values: pairs };
    const separator = [';', '\t', ','].find((one) => text.includes(one));
    const cells = separator === undefined ? [text.trim()] : text.split(separator).map((cell) => cell.trim());
    if (cells.length > MAX_COLUMNS) return { dropped: 'malformed' };
    const numbers = cells.map(numberOf);
    if (numbers.every((value) => value === undefined)) {
      const columns = cells.map(columnOf);
      if (separator === undefined || columns.some((column) => column === undefined))
        return { dropped: 'no-values' };
      this.#header = columns as Column[];
      return { header: this.#header.map(({ name }) => name) };
    }
    const header = this.#header;
    if (header === undefined || header.length !== cells.length) return { dropped: 'no-values' };
    return {
      format: 'csv',
      values: header.map(({ name, unit }, i) => ({ name, unit, value: numbers[i] ?? Number.NaN })),
    };
  }
}

interface Column {
  readonly name: string;
  readonly unit: string;
}

/** Printable ASCII and what UTF-8 adds to it; undefined for anything else. */
function textOf(line: Uint8Array): string | undefined {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(line).trim();
  } catch {
    return undefined;
  }
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return undefined;
  }
  return text;
}

/** A decimal number as sensors write it; undefined for anything else, also for what JavaScript alone would take. */
function numberOf(text: string): number | undefined {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

const UNIT = '[%°A-Za-zµμ][%°A-Za-zµμ0-9/²³^.-]*';

/** `p`, `p [hPa]`, `p (hPa)`. */
function columnOf(text: string): Column | undefined {
  const match = new RegExp(`^([\\p{L}_][\\p{L}\\p{N} _.-]*?)\\s*(?:[[(]\\s*(${UNIT})\\s*[\\])])?$`, 'u').exec(
    text,
  );
  const [, name = '', unit = ''] = match ?? [];
  if (name === '' || name.length > MAX_NAME_CHARS || unit.length > MAX_UNIT_CHARS) return undefined;
  return { name, unit: unitOf(unit) };
}

/** `t=21.4 C, rh: 40 %`; undefined when the line has another shape. */
function readPairs(text: string): LineReading['values'] | undefined {
  const pair = new RegExp(
    `^\\s*([\\p{L}_][\\p{L}\\p{N}_.-]{0,${MAX_NAME_CHARS - 1}})\\s*[=:]\\s*(?!0[xX])([+-]?[0-9.][0-9.eE+-]*|nan|NaN)\\s*(${UNIT})?\\s*(?:[,;|\\t ]|$)`,
    'u',
  );
  const values: { name: string; unit: string; value: number }[] = [];
  let rest = text;
  while (rest.trim() !== '') {
    const match = pair.exec(rest);
    if (match === null || values.length >= MAX_COLUMNS) return undefined;
    const [whole, name = '', number = '', unit = ''] = match;
    const value = number.toLowerCase() === 'nan' ? Number.NaN : numberOf(number);
    // In `t=1 h=2` the second name is no unit: it has a value of its own.
    const isName = unit !== '' && /^\s*[=:]/.test(rest.slice(whole.length));
    if (value === undefined || unit.length > MAX_UNIT_CHARS) return undefined;
    values.push({ name, unit: isName ? '' : unitOf(unit), value });
    rest = isName
      ? rest.slice(rest.indexOf(unit, rest.indexOf(number) + number.length))
      : rest.slice(whole.length);
  }
  return values.length > 0 ? distinct(values) : undefined;
}

/** The last of several values of one name. */
function distinct(values: LineReading['values']): LineReading['values'] {
  return [...new Map(values.map((one) => [one.name, one])).values()];
}

/** Units as sensors write them, in UCUM's way where they are known. */
const UNITS: Readonly<Record<string, string>> = {
  C: 'Cel',
  '°C': 'Cel',
  degC: 'Cel',
  '%RH': '%',
  'm/s²': 'm/s2',
  'm/s^2': 'm/s2',
  µT: 'uT',
  μT: 'uT',
  mbar: 'mbar',
};

function unitOf(unit: string): string {
  return Object.hasOwn(UNITS, unit) ? (UNITS[unit] ?? unit) : unit;
}

/** Kinds of transducers of XDR (NMEA 0183): name, and unit by its letter, with what makes a value of it. */
const XDR_KINDS: Readonly<
  Record<
    string,
    { readonly name: string; readonly units: Readonly<Record<string, readonly [string, number]>> }
  >
> = {
  A: { name: 'angle', units: { D: ['deg', 1] } },
  C: { name: 'temperature', units: { C: ['Cel', 1] } },
  D: { name: 'depth', units: { M: ['m', 1] } },
  F: { name: 'frequency', units: { H: ['Hz', 1] } },
  H: { name: 'humidity', units: { P: ['%', 1] } },
  I: { name: 'current', units: { A: ['A', 1] } },
  N: { name: 'force', units: { N: ['N', 1] } },
  P: { name: 'pressure', units: { B: ['hPa', 1_000], P: ['hPa', 0.01] } },
  R: { name: 'flow', units: { l: ['l/s', 1] } },
  T: { name: 'speed', units: { R: ['/min', 1] } },
  U: { name: 'voltage', units: { V: ['V', 1] } },
  V: { name: 'volume', units: { M: ['m3', 1] } },
  L: { name: 'salinity', units: { S: ['[ppth]', 1] } },
};

/** Fields of MDA that are measurements: index of the value, letter that must follow it, name, unit, factor. */
const MDA_FIELDS = [
  [3, 'B', 'pressure', 'hPa', 1_000],
  [5, 'C', 'air temperature', 'Cel', 1],
  [7, 'C', 'water temperature', 'Cel', 1],
  [9, '', 'humidity', '%', 1],
  [11, 'C', 'dew point', 'Cel', 1],
  [13, 'T', 'wind direction', 'deg', 1],
  [19, 'M', 'wind speed', 'm/s', 1],
] as const;

function readNmea(text: string): LineResult {
  const match = /^[$!]([^*]*)\*([0-9A-Fa-f]{2})$/.exec(text);
  const [, body = '', told = ''] = match ?? [];
  if (match === null) return { dropped: 'malformed' };
  let sum = 0;
  for (let i = 0; i < body.length; i++) sum ^= body.charCodeAt(i);
  if (sum !== Number.parseInt(told, 16)) return { dropped: 'checksum' };
  const [address = '', ...fields] = body.split(',');
  const kind = address.slice(-3);
  const values = kind === 'XDR' ? xdrValues(fields) : kind === 'MDA' ? mdaValues(fields) : undefined;
  if (values === undefined) return { dropped: 'other-sentence' };
  return values.length === 0 ? { dropped: 'no-values' } : { format: 'nmea', values: distinct(values) };
}

function xdrValues(fields: readonly string[]): LineReading['values'] {
  const values: { name: string; unit: string; value: number }[] = [];
  for (let at = 0; at + 2 < fields.length && values.length < MAX_COLUMNS; at += 4) {
    const [type = '', number = '', letter = '', id = ''] = fields.slice(at, at + 4);
    const value = numberOf(number);
    if (value === undefined) continue;
    const known = Object.hasOwn(XDR_KINDS, type) ? XDR_KINDS[type] : undefined;
    const unit = known !== undefined && Object.hasOwn(known.units, letter) ? known.units[letter] : undefined;
    const name = id.trim() === '' ? (known?.name ?? (type || 'value')) : id.trim();
    const [unitName, factor] = unit ?? [letter.slice(0, MAX_UNIT_CHARS), 1];
    values.push({ name: name.slice(0, MAX_NAME_CHARS), unit: unitName, value: scaled(value, factor) });
  }
  return values;
}

function mdaValues(fields: readonly string[]): LineReading['values'] {
  return MDA_FIELDS.flatMap(([field, letter, name, unit, factor]) => {
    // Fields are counted from 1; each measurement is followed by the letter of its unit, but for the humidity.
    const value = numberOf(fields[field - 1] ?? '');
    if (value === undefined || (letter !== '' && fields[field] !== letter)) return [];
    return [{ name, unit, value: scaled(value, factor) }];
  });
}

/** A product without the noise of binary fractions: 1.0132 bar are 1013.2 hPa. */
function scaled(value: number, factor: number): number {
  return factor === 1 ? value : Number((value * factor).toPrecision(12));
}

/** Controls, marks of direction and halves of characters: JSON can spell them though the line has none. */
const UNSEEN = /\p{C}/u;

/** SenML records (RFC 8428): base name, base unit and base value hold for what follows; text and data values are no readings. */
function readSenml(text: string): LineResult {
  let pack: unknown;
  try {
    pack = JSON.parse(text);
  } catch {
    return { dropped: 'malformed' };
  }
  const records = Array.isArray(pack) ? pack : [pack];
  const values: { name: string; unit: string; value: number }[] = [];
  let baseName = '';
  let baseUnit = '';
  let baseValue = 0;
  for (const record of records.slice(0, MAX_COLUMNS)) {
    if (typeof record !== 'object' || record === null) return { dropped: 'malformed' };
    const { bn, bu, bv, n, u, v } = record as Record<string, unknown>;
    if (typeof bn === 'string') baseName = bn;
    if (typeof bu === 'string') baseUnit = bu;
    if (typeof bv === 'number') baseValue = bv;
    if (typeof v !== 'number') continue;
    const name = `${baseName}${typeof n === 'string' ? n : ''}`;
    const unit = typeof u === 'string' ? u : baseUnit;
    const value = baseValue + v;
    if (
      name === '' ||
      name.length > MAX_NAME_CHARS ||
      unit.length > MAX_UNIT_CHARS ||
      UNSEEN.test(name + unit) ||
      !Number.isFinite(value)
    )
      return { dropped: 'malformed' };
    values.push({ name, unit: unitOf(unit), value });
  }
  return values.length === 0 ? { dropped: 'no-values' } : { format: 'senml', values: distinct(values) };
}

/** Columns of the stream that lines of this shape make: those that name the same values. */
export function columnsOf({ values }: LineReading): ColumnDescriptor[] {
  return values.slice(0, MAX_COLUMNS).map(({ name, unit }) => ({ name, unit, step: null }));
}

/** Tells shapes of lines apart: the same names, with the same units, in the same order. */
export function shapeOf({ format, values }: LineReading): string {
  return JSON.stringify([format, ...values.map(({ name, unit }) => [name, unit])]);
}
