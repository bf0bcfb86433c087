/**
 * What else readings are kept in, for the bench of hours: each with its bytes and its processor time both ways. The libraries are those
 * that run in a page as in Node; none is a native build.
 */
import {
  Table as ArrowTable,
  Float64,
  Int32,
  type Table,
  tableFromIPC,
  tableToIPC,
  vectorFromArray,
} from 'apache-arrow';
import { gunzipSync, gzipSync, strFromU8, strToU8 } from 'fflate';
import {
  Compression,
  Encoding,
  Table as ParquetTable,
  readParquet,
  type WriterProperties,
  WriterPropertiesBuilder,
  writeParquet,
} from 'parquet-wasm/node';
import { type BenchRows, hourRival, type Rival } from './hour-blocks.ts';

function csvOf({ ticks, columns }: BenchRows): string {
  const lines = Array.from(ticks, (tick, row) => {
    const cells = columns.map((column) => (Number.isNaN(column[row]) ? '' : String(column[row])));
    return [tick, ...cells].join(',');
  });
  return lines.join('\n');
}

function readCsv(text: string): Float64Array[] {
  const lines = text.split('\n');
  const width = lines[0]?.split(',').length ?? 0;
  const columns = Array.from({ length: width }, () => new Float64Array(lines.length));
  lines.forEach((line, row) => {
    line.split(',').forEach((cell, c) => {
      (columns[c] as Float64Array)[row] = cell === '' ? Number.NaN : Number(cell);
    });
  });
  return columns;
}

function senmlOf({ ticks, columns }: BenchRows): string {
  const records: object[] = [];
  ticks.forEach((t, row) => {
    columns.forEach((column, c) => {
      const value = column[row] as number;
      if (!Number.isNaN(value)) records.push({ n: `c${c}`, t, v: value });
    });
  });
  return JSON.stringify(records);
}

function zipped(
  name: string,
  write: (rows: BenchRows) => Uint8Array,
  read: (bytes: Uint8Array) => unknown,
): Rival {
  return {
    name,
    encode: (rows) => [gzipSync(write(rows), { level: 9 })],
    decode: ([bytes]) => {
      read(gunzipSync(bytes as Uint8Array));
      return undefined;
    },
  };
}

/** Blanks are nulls; ticks and columns as float64. */
function arrowFloats({ ticks, columns }: BenchRows): Table {
  const vectors = [ticks, ...columns].map((values, c) => [
    `c${c}`,
    vectorFromArray(
      Array.from(values, (value) => (Number.isNaN(value) ? null : value)),
      new Float64(),
    ),
  ]);
  return new ArrowTable(Object.fromEntries(vectors));
}

/** The numbers k of each column's grid as int32 where they fit, which takes somebody who knows the grids. */
function arrowNumbers({ ticks, columns, steps }: BenchRows): Table {
  const vectors = [ticks, ...columns].map((values, c) => {
    const step = c === 0 ? { numerator: 1, denominator: 1 } : steps[c - 1];
    const numbers =
      step &&
      Array.from(values, (value) =>
        Number.isNaN(value) ? null : Math.round((value * step.denominator) / step.numerator),
      );
    const fits = numbers?.every((k) => k === null || Math.abs(k) < 2 ** 31) ?? false;
    return [
      `c${c}`,
      fits && numbers
        ? vectorFromArray(numbers, new Int32())
        : vectorFromArray(
            Array.from(values, (value) => (Number.isNaN(value) ? null : value)),
            new Float64(),
          ),
    ];
  });
  return new ArrowTable(Object.fromEntries(vectors));
}

function readArrow(bytes: Uint8Array): number {
  let sum = 0;
  for (const vector of tableFromIPC(bytes).batches.flatMap(({ data }) => data.children))
    for (const value of vector.values as Float64Array) sum += value;
  return sum;
}

/** Whole numbers as deltas, packed. */
function parquetProperties({ schema }: Table): WriterProperties {
  const builder = new WriterPropertiesBuilder().setCompression(Compression.ZSTD);
  return schema.fields
    .filter(({ type }) => type instanceof Int32)
    .reduce(
      (made, { name }) =>
        made.setColumnDictionaryEnabled(name, false).setColumnEncoding(name, Encoding.DELTA_BINARY_PACKED),
      builder,
    )
    .build();
}

function parquet(name: string, tableOf: (rows: BenchRows) => Table): Rival {
  return {
    name,
    encode: (rows) => {
      const table = tableOf(rows);
      const ipc = tableToIPC(table, 'stream');
      return [writeParquet(ParquetTable.fromIPCStream(ipc), parquetProperties(table))];
    },
    decode: ([bytes]) => {
      readArrow(readParquet(bytes as Uint8Array).intoIPCStream());
      return undefined;
    },
  };
}

export const RIVALS: readonly Rival[] = [
  zipped(
    'CSV, gzip -9',
    (rows) => strToU8(csvOf(rows)),
    (bytes) => readCsv(strFromU8(bytes)),
  ),
  zipped(
    'SenML JSON, gzip -9',
    (rows) => strToU8(senmlOf(rows)),
    (bytes) => JSON.parse(strFromU8(bytes)),
  ),
  zipped('Arrow float64, gzip -9', (rows) => tableToIPC(arrowFloats(rows), 'file'), readArrow),
  parquet('Parquet float64, zstd', arrowFloats),
  parquet('Parquet int32 delta, zstd', arrowNumbers),
  hourRival('fast'),
  hourRival('small'),
];
