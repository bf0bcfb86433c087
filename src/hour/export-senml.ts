/**
 * Hours as one SenML pack in JSON (RFC 8428): a record per value, the station's id and the stream in the base name, the slot's start
 * in the base time. Names have the characters that SenML allows, others become `_`; units are symbols of the RFC's registry, where
 * it has ours; missing values have no record.
 */
import { WaystationError } from '../core/errors.ts';
import { checkDates, type LeftOut, numberText } from './export-rows.ts';
import type { ColumnDescriptor, HourContent, HourStream } from './types.ts';

/** RFC 8428 §4.5.3: smaller times are relative to now. */
const FIRST_ABSOLUTE_S = 2 ** 28;
/** RFC 8428 §12.1, but for `C` and `F`: behind those a table's author may as well mean degrees. */
const SAME_UNITS: ReadonlySet<string> = new Set(
  (
    'm kg g s A K cd mol Hz rad sr N Pa J W V Ohm S Wb T H Cel lm lx Bq Gy Sv kat m2 m3 l m/s m/s2 m3/s l/s W/m2 cd/m2 ' +
    'bit bit/s pH dB dBW Bspl count / % %RH %EL EL 1/s 1/min beat/min beats S/m B VA VAs var vars J/m kg/m3'
  ).split(' '),
);
/** What our drivers and UCUM call them, and what the registry does. */
const OTHER_UNITS: ReadonlyMap<string, string> = new Map([
  ['L', 'l'],
  ['Ω', 'Ohm'],
  ['ohm', 'Ohm'],
  ['°C', 'Cel'],
  ['degC', 'Cel'],
  ['m/s^2', 'm/s2'],
  ['m/s²', 'm/s2'],
  ['W/m^2', 'W/m2'],
  ['W/m²', 'W/m2'],
  ['/s', '1/s'],
  ['/min', '1/min'],
  ['1', '/'],
]);

/** The registry's symbol, undefined when it has none. */
function unitSymbol({ name, unit }: ColumnDescriptor): string | undefined {
  if (unit === 'deg' || unit === '°') {
    if (/^lat(itude)?$/i.test(name)) return 'lat';
    return /^(lon|lng|longitude)$/i.test(name) ? 'lon' : undefined;
  }
  return SAME_UNITS.has(unit) ? unit : OTHER_UNITS.get(unit);
}

/** RFC 8428 §4.5.1: letters, digits and `-:./_`. */
function nameText(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9\-:./_]/gu, '_') || '_';
}

/** Seconds with as many decimals as it takes; `ns` may be negative. */
function secondsText(ns: number): string {
  const digits = String(Math.abs(ns)).padStart(10, '0');
  const fraction = digits.slice(-9).replace(/0+$/, '');
  return `${ns < 0 ? '-' : ''}${digits.slice(0, -9)}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Names as SenML allows them, none given to two: in the same pack a stream or column keeps the name that it got first. */
class GivenNames {
  readonly #given = new Map<string, string>();
  readonly #taken = new Set<string>();

  /** A name for each, in order; the same name twice in the list is two things. */
  list(names: readonly string[]): string[] {
    const seen = new Map<string, number>();
    return names.map((name) => {
      const nth = (seen.get(name) ?? 0) + 1;
      seen.set(name, nth);
      const key = `${nth} ${name}`;
      const given = this.#given.get(key) ?? this.#free(nameText(name));
      this.#given.set(key, given);
      return given;
    });
  }

  #free(name: string): string {
    let free = name;
    for (let n = 2; this.#taken.has(free); n++) free = `${name}_${n}`;
    this.#taken.add(free);
    return free;
  }
}

/** Writes the records of one pack, hour after hour. */
export class SenmlPack {
  readonly #leftOut: LeftOut;
  readonly #streams = new GivenNames();
  readonly #columns = new Map<string, GivenNames>();
  #separator = '[\n';

  constructor(leftOut: LeftOut) {
    this.#leftOut = leftOut;
  }

  /**
   * An hour's records, a line each.
   * @throws WaystationError `conflict` when times lie before July 1978: SenML would take them as distances from now.
   */
  *hour(hour: HourContent, streams: readonly HourStream[]): Iterable<string> {
    for (const stream of streams) checkSenmlTimes(hour, stream);
    const names = this.#streams.list(streams.map(({ descriptor }) => descriptor.name));
    for (const [s, stream] of streams.entries()) yield* this.#stream(hour, stream, names[s] as string);
  }

  *#stream(hour: HourContent, { descriptor, rows }: HourStream, name: string): Iterable<string> {
    let base = `"bn":"${hour.station}/${name}/","bt":${Math.floor(hour.startMs / 1000)},`;
    const shiftNs = (rows.baseMs - Math.floor(hour.startMs / 1000) * 1000) * 1e6;
    const heads = this.#heads(descriptor.columns, name);
    for (let row = 0; row < rows.offsetsNs.length; row++) {
      const time = secondsText(shiftNs + (rows.offsetsNs[row] as number));
      for (const [c, head] of heads.entries()) {
        const value = rows.columns[c]?.[row] ?? Number.NaN;
        if (Number.isNaN(value)) continue;
        if (!Number.isFinite(value)) {
          this.#leftOut.infinities++;
          continue;
        }
        yield `${this.#separator}{${base}${head}${time === '0' ? '' : `,"t":${time}`},"v":${numberText(value)}}`;
        this.#separator = ',\n';
        base = '';
      }
    }
  }

  /** What each record of a column says of it. */
  #heads(columns: readonly ColumnDescriptor[], stream: string): string[] {
    const given = this.#columns.get(stream) ?? new GivenNames();
    this.#columns.set(stream, given);
    const names = given.list(columns.map(({ name }) => name));
    return columns.map((column, c) => {
      const unit = unitSymbol(column);
      if (unit === undefined && column.unit !== '') this.#leftOut.units.add(column.unit);
      return `"n":"${names[c]}"${unit === undefined ? '' : `,"u":"${unit}"`}`;
    });
  }

  /** What ends the pack. */
  end(): string {
    return this.#separator === '[\n' ? '[]\n' : '\n]\n';
  }
}

/** One hour's pack, a line per record. @throws WaystationError as {@link SenmlPack.hour}. */
export function* senmlLines(
  hour: HourContent,
  streams: readonly HourStream[],
  leftOut: LeftOut,
): Iterable<string> {
  const pack = new SenmlPack(leftOut);
  yield* pack.hour(hour, streams);
  yield pack.end();
}

/** @throws WaystationError `conflict` when times lie before July 1978, `malformed` when they are no dates. */
export function checkSenmlTimes(hour: HourContent, stream: HourStream): void {
  checkDates(hour, stream);
  const { baseMs, offsetsNs } = stream.rows;
  for (const ns of offsetsNs) {
    if (baseMs / 1000 + ns / 1e9 >= FIRST_ABSOLUTE_S) continue;
    throw new WaystationError(
      'conflict',
      `times of stream “${stream.descriptor.name}” are no dates, or lie before July 1978; SenML would take them as ` +
        'distances from now: unpack it as csv or jsonl',
    );
  }
}
