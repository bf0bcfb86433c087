/**
 * How small and how quick the hour is: bytes per row, times included, beside what else readings are kept in, and MB/s of float64.
 * Recordings are those of `examples/recordings`, or of the folder in WAYSTATION_RECORDINGS (CSV, gzipped or not).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync, gzipSync, strFromU8, strToU8 } from 'fflate';
import { decodeBlock, encodeBlock } from '../src/hour/coding/block.ts';
import { MAX_BLOCK_ROWS } from '../src/hour/limits.ts';
import type { Step } from '../src/hour/types.ts';
import { parseRecording } from '../src/sensors/replay.ts';
import { printTable } from './table.ts';

interface Table {
  readonly name: string;
  readonly ticks: Float64Array;
  readonly columns: readonly Float64Array[];
  /** Rows sealed together. */
  readonly blockRows: number;
}

const FOLDER = process.env['WAYSTATION_RECORDINGS'] ?? 'examples/recordings';
const NO_STEPS: readonly (Step | null)[] = [];

/** Order-0 entropy of the residuals of the better of the differences of order 1 and 2, bytes a row; what a table of frequencies could reach. */
function entropy({ ticks, columns }: Table): number {
  return [ticks, ...columns].reduce(
    (sum, values) => sum + columnEntropy(values.filter((v) => !Number.isNaN(v))),
    0,
  );
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

function csvOf({ ticks, columns }: Table): string {
  const lines = Array.from(ticks, (tick, row) => {
    const cells = columns.map((column) => (Number.isNaN(column[row]) ? '' : String(column[row])));
    return [tick, ...cells].join(',');
  });
  return lines.join('\n');
}

function senmlOf({ ticks, columns }: Table): string {
  const records: object[] = [];
  ticks.forEach((t, row) => {
    columns.forEach((column, c) => {
      const value = column[row] as number;
      if (!Number.isNaN(value)) records.push({ n: `c${c}`, t, v: value });
    });
  });
  return JSON.stringify(records);
}

interface Coded {
  readonly bytes: number;
  readonly encodeMs: number;
  readonly decodeMs: number;
}

/** Codes all blocks; processor time, and values compared bit for bit. */
function coded({ name, ticks, columns, blockRows }: Table): Coded {
  let bytes = 0;
  let encodeMs = 0;
  let decodeMs = 0;
  for (let from = 0; from < ticks.length; from += blockRows) {
    const times = ticks.subarray(from, from + blockRows);
    const values = columns.map((column) => column.subarray(from, from + blockRows));
    const t0 = process.cpuUsage();
    const block = encodeBlock(times, values, NO_STEPS);
    encodeMs += process.cpuUsage(t0).user / 1000;
    const t1 = process.cpuUsage();
    const back = decodeBlock(block.bytes, times.length, block.steps, values.length);
    decodeMs += process.cpuUsage(t1).user / 1000;
    bytes += block.bytes.length;
    const same = (a: Float64Array, b: Float64Array) => a.every((value, i) => Object.is(value, b[i]));
    if (
      !same(back.ticks, times) ||
      back.columns.some((column, i) => !same(column, values[i] as Float64Array))
    )
      throw new Error(`${name} did not come back bit for bit`);
  }
  return { bytes, encodeMs, decodeMs };
}

/** As Chromium rounds: accelerometer to 0.1 m/s², gyroscope to 0.1 °/s, magnetometer to 0.01 µT (in this order, three axes each). */
function asChromium({ ticks, columns, blockRows }: Table): Table {
  const rounding = [10, 10, 10, 1800 / Math.PI, 1800 / Math.PI, 1800 / Math.PI, 100, 100, 100];
  const rounded = columns.map((column, i) =>
    column.map((value) => Math.round(value * (rounding[i] as number)) / (rounding[i] as number) + 0),
  );
  return { name: 'imu50, as Chromium rounds', ticks, columns: rounded, blockRows };
}

async function read(file: string): Promise<Table> {
  const bytes = readFileSync(`${FOLDER}/${file}`);
  const text = strFromU8(file.endsWith('.gz') ? gunzipSync(bytes) : bytes);
  const { timesMs, timesNs, columns, descriptor } = await parseRecording(text, file);
  const start = timesMs[0] as number;
  const ticks = timesMs.map((ms, i) => ((ms - start) * 1e6 + (timesNs[i] as number)) / descriptor.tickNs);
  return { name: descriptor.name, ticks, columns, blockRows: MAX_BLOCK_ROWS };
}

export async function benchHours(): Promise<void> {
  const files = readdirSync(FOLDER).filter((name) => /\.csv(\.gz)?$/.test(name));
  const recordings = await Promise.all(files.map(read));
  const tables = recordings.flatMap((table): Table[] => {
    const { name } = table;
    if (name.startsWith('imu50')) return [table, asChromium(table)];
    if (name.startsWith('surfrad'))
      return [table, { ...table, name: `${name}, cut into hours`, blockRows: 60 }];
    return [table];
  });
  const rows = tables.map((table) => {
    const { ticks, columns } = table;
    const count = ticks.length;
    const values = count * (columns.length + 1);
    coded(table);
    const { bytes, encodeMs, decodeMs } = coded(table);
    const perRow = (size: number) => (size / count).toFixed(2);
    return [
      table.name,
      String(count),
      perRow(values * 8),
      perRow(gzipSync(strToU8(csvOf(table)), { level: 9 }).length),
      perRow(gzipSync(strToU8(senmlOf(table)), { level: 9 }).length),
      entropy(table).toFixed(2),
      perRow(bytes),
      ((values * 0.008) / encodeMs).toFixed(1),
      ((values * 0.008) / decodeMs).toFixed(1),
    ];
  });
  const head = [
    'recording',
    'rows',
    'float64',
    'CSV, gzip -9',
    'SenML, gzip -9',
    'order-0 entropy',
    'hour',
    'encode MB/s',
    'decode MB/s',
  ];
  printTable('hours: bytes per row, blocks without their header; float64 MB per second of processor time', [
    head,
    ...rows,
  ]);
}
