/** The real recordings, as source CSVs, and comparing an export with its source: times exactly, values as float64. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ROOT } from './cli.ts';

/** Beside a checkout of this project; absent on a fresh clone, where the shorter ones that the project ships stand in. */
const FULL = join(ROOT, '../shared/data/recordings');
const SHIPPED = join(ROOT, 'examples/recordings');

export type RecordingName = 'phone1hz' | 'surfrad' | 'imu50';

const SURFRAD_COLUMNS: Readonly<Record<string, number>> = {
  downwelling: 8,
  net_solar: 32,
  temperature: 38,
  humidity: 40,
  wind: 42,
  pressure: 46,
};

/** A SURFRAD day: two lines of heading, then UTC date and time, and pairs of value and quality flag; −9999.9 is missing. */
function surfradToCsv(text: string): string {
  const lines = text.trim().split('\n').slice(2);
  const rows = lines.map((line) => {
    const cells = line.trim().split(/\s+/);
    const [year = 0, , month = 0, day = 0, hour = 0, minute = 0] = cells.map(Number);
    const values = Object.values(SURFRAD_COLUMNS).map((at) => (cells[at] === '-9999.9' ? '' : cells[at]));
    return [Date.UTC(year, month - 1, day, hour, minute) / 1000, ...values].join(',');
  });
  return `${['t_s', ...Object.keys(SURFRAD_COLUMNS)].join(',')}\n${rows.join('\n')}\n`;
}

const unpack = (path: string) => gunzipSync(readFileSync(path)).toString('utf8');

/** The whole recording as CSV text. */
export function recordingText(name: RecordingName): string {
  if (!existsSync(FULL)) return unpack(join(SHIPPED, `${name}.csv.gz`));
  if (name === 'surfrad') return surfradToCsv(unpack(join(FULL, 'surfrad-slv16001.dat.gz')));
  return unpack(join(FULL, name === 'imu50' ? 'imu50_hour.csv.gz' : 'phone1hz.csv.gz'));
}

/** Writes the first `rows` rows of a recording, all when not given. */
export function writeRecording(name: RecordingName, path: string, rows?: number): void {
  const text = recordingText(name);
  const lines = text.trimEnd().split('\n');
  writeFileSync(path, rows === undefined ? text : `${lines.slice(0, rows + 1).join('\n')}\n`);
}

export interface Table {
  /** Time of each row in whole nanoseconds. */
  readonly timesNs: readonly bigint[];
  readonly columns: readonly string[];
  /** Row after row; NaN for a blank. */
  readonly values: Float64Array;
}

const TICK_NS: Readonly<Record<string, bigint>> = {
  t_s: 1_000_000_000n,
  t_ms: 1_000_000n,
  t_us: 1_000n,
  t_ns: 1n,
};

/** Reads a CSV with whole-numbered times. */
export function readTable(text: string): Table {
  const [head = '', ...lines] = text.trimEnd().split('\n');
  const [time = '', ...columns] = head.split(',');
  const tick = TICK_NS[time];
  if (tick === undefined) throw new Error(`expected a time column first, got “${head}”`);
  const timesNs: bigint[] = [];
  const values = new Float64Array(lines.length * columns.length);
  lines.forEach((line, row) => {
    const [at = '', ...cells] = line.split(',');
    if (cells.length !== columns.length) throw new Error(`expected ${columns.length} values in “${line}”`);
    timesNs.push(BigInt(at) * tick);
    cells.forEach((cell, i) => {
      values[row * columns.length + i] = cell === '' ? Number.NaN : Number(cell);
    });
  });
  return { timesNs, columns, values };
}

/** What is different, in words; undefined when both say the same, bit for bit. */
export function difference(exported: string, source: string): string | undefined {
  const [a, b] = [readTable(exported), readTable(source)];
  if (a.columns.join() !== b.columns.join()) return `columns ${a.columns} instead of ${b.columns}`;
  if (a.timesNs.length !== b.timesNs.length) return `${a.timesNs.length} rows instead of ${b.timesNs.length}`;
  const time = a.timesNs.findIndex((ns, row) => ns !== b.timesNs[row]);
  if (time >= 0) return `row ${time}: time ${a.timesNs[time]} instead of ${b.timesNs[time]}`;
  const value = a.values.findIndex((number, i) => !Object.is(number, b.values[i]));
  if (value >= 0)
    return `row ${Math.floor(value / a.columns.length)}: ${a.values[value]} instead of ${b.values[value]}`;
  return undefined;
}
