/**
 * How small and how quick the hour is: bytes per row, times included, beside what else readings are kept in, and MB/s of float64. Recordings
 * are those of `examples/recordings`, or of the folder in WAYSTATION_RECORDINGS (CSV, gzipped or not).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync, strFromU8 } from 'fflate';
import { findDecimals } from '../src/hour/lattice.ts';
import { MAX_BLOCK_ROWS } from '../src/hour/limits.ts';
import type { Step } from '../src/hour/types.ts';
import { parseRecording } from '../src/sensors/replay.ts';
import { openPage, servePage, withChromium } from '../tests/browser/chromium.ts';
import { type BenchRows, checkBack, type Rival } from './hour-blocks.ts';
import { RIVALS } from './hour-rivals.ts';
import type { PageTiming, PlainRows } from './hours-page.ts';
import { printTable } from './table.ts';

interface BenchWindow {
  hoursBench(rows: PlainRows): PageTiming[];
}

interface BenchTable extends BenchRows {
  readonly name: string;
  /** Rows sealed together; all of them unless given. */
  readonly hourRows?: number;
}

const FOLDER = process.env['WAYSTATION_RECORDINGS'] ?? 'examples/recordings';
/** Each way is timed until it took as long: the first round warms up, the best counts. */
const MIN_TIMED_MS = 300;
const MAX_ROUNDS = 20;
/** Of a column whose grid is given to those who need to be told. */
const MOST_DECIMALS = 4;
const MIN_ROUND_MS = 20;

/** As Chromium rounds: accelerometer to 0.1 m/s², gyroscope to 0.1 °/s, magnetometer to 0.01 µT; three axes each, in this order. */
const CHROMIUM = axes(
  { numerator: 1, denominator: 10 },
  { numerator: Math.PI, denominator: 1800 },
  { numerator: 1, denominator: 100 },
);
/** The sensors' own steps, as the source of imu50 says. */
const DECLARED = axes(
  { numerator: 9.80665, denominator: 16384 },
  { numerator: (1000 * Math.PI) / 180, denominator: 32768 },
  { numerator: 3, denominator: 10 },
);

function axes(...steps: readonly Step[]): readonly Step[] {
  return steps.flatMap((step) => [step, step, step]);
}

function rounded(name: string, { ticks, columns }: BenchTable, steps: readonly Step[]): BenchTable {
  const onGrid = columns.map((column, i) => {
    const { numerator, denominator } = steps[i] as Step;
    return column.map(
      (value) => (Math.round((value * denominator) / numerator) * numerator) / denominator + 0,
    );
  });
  return { name, ticks, columns: onGrid, steps };
}

/** Order-0 entropy of the residuals of the better of the differences of order 0, 1 and 2, bytes a row: what a table of frequencies could reach. */
function entropy({ ticks, columns, steps }: BenchRows): number {
  return [ticks, ...columns].reduce((sum, values, c) => {
    const step = c === 0 ? null : (steps[c - 1] ?? null);
    const present = values.filter((v) => !Number.isNaN(v));
    const numbers =
      step === null ? present : present.map((v) => Math.round((v * step.denominator) / step.numerator));
    return sum + columnEntropy(numbers);
  }, 0);
}

function columnEntropy(values: Float64Array): number {
  const first = differences(values);
  return Math.min(...[values, first, differences(first)].map(orderZero)) / 8;
}

function differences(values: Float64Array): Float64Array {
  return values.map((value, i) => Math.round((value - (values[i - 1] ?? 0)) * 1e9) / 1e9);
}

function orderZero(values: Float64Array): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= count * Math.log2(count / values.length);
  return bits / values.length;
}

/** Least processor time of one run, ms: of several together where one is too short to be told. */
function timed<Result>(run: () => Result): { result: Result; ms: number } {
  let best = Number.POSITIVE_INFINITY;
  let spent = 0;
  let result = run();
  let runs = 1;
  for (let round = 0; round < MAX_ROUNDS && spent < MIN_TIMED_MS; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < runs; i++) result = run();
    const ms = process.cpuUsage(before).user / 1000;
    if (ms < MIN_ROUND_MS) runs *= 4;
    else best = Math.min(best, ms / runs);
    spent += ms;
  }
  return { result, ms: best };
}

/** The table as the hours that it is sealed in. */
function hoursOf({ ticks, columns, steps, hourRows = ticks.length }: BenchTable): BenchRows[] {
  return Array.from({ length: Math.ceil(ticks.length / hourRows) }, (_, i) => {
    const [from, to] = [i * hourRows, (i + 1) * hourRows];
    return { ticks: ticks.subarray(from, to), columns: columns.map((one) => one.subarray(from, to)), steps };
  });
}

function compare(rival: Rival, table: BenchTable): string[] {
  const hours = hoursOf(table);
  const { result: files, ms: encodeMs } = timed(() => hours.map((rows) => rival.encode(rows)));
  const { result: decoded, ms: decodeMs } = timed(() =>
    hours.map((rows, i) => rival.decode(files[i] ?? [], rows)),
  );
  decoded.forEach((parts, i) => {
    if (parts !== undefined) checkBack(hours[i] as BenchRows, parts);
  });
  const bytes = files.flat().reduce((sum, part) => sum + part.length, 0);
  const megabytes = (table.ticks.length * (table.columns.length + 1) * 8) / 1e6;
  const speed = (ms: number) => ((megabytes / ms) * 1e3).toFixed(ms > megabytes * 50 ? 1 : 0);
  return [table.name, rival.name, (bytes / table.ticks.length).toFixed(2), speed(encodeMs), speed(decodeMs)];
}

/** The grid of a column with few decimals: what somebody who knows the data would say. */
function decimalStep(values: Float64Array): Step | null {
  const present = values.filter((value) => !Number.isNaN(value));
  const decimals = findDecimals(present, present.length);
  return decimals === undefined || decimals > MOST_DECIMALS
    ? null
    : { numerator: 1, denominator: 10 ** decimals };
}

async function read(file: string): Promise<BenchTable> {
  const bytes = readFileSync(`${FOLDER}/${file}`);
  const text = strFromU8(file.endsWith('.gz') ? gunzipSync(bytes) : bytes);
  const { timesMs, timesNs, columns, descriptor } = await parseRecording(text, file);
  const start = timesMs[0] as number;
  const ticks = timesMs.map((ms, i) => ((ms - start) * 1e6 + (timesNs[i] as number)) / descriptor.tickNs);
  return { name: descriptor.name, ticks, columns, steps: columns.map(decimalStep) };
}

function tablesOf(table: BenchTable): BenchTable[] {
  const { name } = table;
  if (name.startsWith('imu50')) {
    return [
      { ...table, name: `${name}, every printed digit` },
      rounded(`${name}, at the sensors’ steps`, table, DECLARED),
      rounded(`${name}, as Chromium rounds`, table, CHROMIUM),
    ];
  }
  if (name.startsWith('surfrad')) return [table, { ...table, name: `${name}, cut into hours`, hourRows: 60 }];
  const pressure = name.startsWith('phone1hz') ? table.columns[0] : undefined;
  if (pressure === undefined) return [table];
  return [
    table,
    rounded(`${name}, pressure at 0.01 hPa`, { ...table, columns: [pressure] }, [
      { numerator: 1, denominator: 100 },
    ]),
  ];
}

/** The same blocks in a page: the first block of each recording. */
async function inChromium(tables: readonly BenchTable[]): Promise<string[][]> {
  const served = await servePage(resolve('bench/hours-page.ts'));
  const rows: string[][] = [];
  try {
    await withChromium(async (browser) => {
      const page = await openPage(await browser.newContext(), served.url);
      for (const table of tables) {
        const [ticks, ...columns] = [table.ticks, ...table.columns].map((one) =>
          Array.from(one.subarray(0, table.hourRows ?? MAX_BLOCK_ROWS), (value) =>
            Number.isNaN(value) ? null : value,
          ),
        );
        const given = { ticks: ticks as (number | null)[], columns, steps: table.steps };
        const timings = await page.evaluate(
          (rows) => (globalThis as unknown as BenchWindow).hoursBench(rows),
          given,
        );
        for (const { name, bytesPerRow, written, read } of timings)
          rows.push([`${table.name}, in Chromium`, name, bytesPerRow, written, read]);
      }
    });
  } finally {
    await served.close();
  }
  return rows;
}

export async function benchHours(): Promise<void> {
  const files = readdirSync(FOLDER).filter((name) => /\.csv(\.gz)?$/.test(name));
  const head = ['recording', 'kept as', 'bytes per row', 'written MB/s', 'read MB/s'];
  const rows: string[][] = [];
  const tables = (await Promise.all(files.map(read))).flatMap(tablesOf);
  for (const table of tables) {
    const count = String(table.ticks.length);
    rows.push([`${table.name}, ${count} rows`, 'float64', String(8 * (table.columns.length + 1)), '', '']);
    rows.push([table.name, 'order-0 entropy', entropy(table).toFixed(2), '', '']);
    for (const rival of RIVALS) rows.push(compare(rival, table));
  }
  rows.push(...(await inChromium(tables)));
  printTable(
    'hours: bytes per row with times (blocks without the description of their file); MB of float64 per second of processor time',
    [head, ...rows],
  );
}
