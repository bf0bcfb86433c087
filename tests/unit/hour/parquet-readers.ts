/** Parquet files read by two programs that share no code: hyparquet (JavaScript) and parquet-wasm (Rust's arrow). */
import { gunzipSync } from 'node:zlib';
import { DataType, tableFromIPC } from 'apache-arrow';
import { parquetMetadata, parquetRead } from 'hyparquet';
import { readParquet } from 'parquet-wasm/node';
import type { StreamFacts } from '../../../src/hour/export-facts.ts';

export interface ReadTable {
  /** `MICROS` or `NANOS`, in UTC. */
  readonly unit: string;
  /** Times in that unit. */
  readonly times: bigint[];
  readonly names: readonly string[];
  /** NaN for null. */
  readonly columns: readonly Float64Array[];
}

const UNITS: Readonly<Record<number, string>> = { 2: 'MICROS', 3: 'NANOS' };

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

export function metadataOf(bytes: Uint8Array) {
  return parquetMetadata(bufferOf(bytes));
}

/** What the hour says beside its rows. */
export function factsOf(bytes: Uint8Array): StreamFacts {
  const { value } = metadataOf(bytes).key_value_metadata?.find(({ key }) => key === 'waystation') ?? {};
  return JSON.parse(value ?? '');
}

export async function readInJavaScript(bytes: Uint8Array): Promise<ReadTable> {
  const { schema } = metadataOf(bytes);
  const [, time, ...others] = schema;
  const type = time?.logical_type;
  if (type?.type !== 'TIMESTAMP' || !type.isAdjustedToUTC) throw new Error('expected times in UTC first');
  const rows: unknown[][] = [];
  const raw = (value: bigint) => value;
  await parquetRead({
    file: bufferOf(bytes),
    compressors: { GZIP: (input) => new Uint8Array(gunzipSync(input)) },
    // Dates would lose what is finer than a millisecond.
    parsers: { timestampFromMicroseconds: raw, timestampFromNanoseconds: raw } as never,
    onComplete: (read: unknown[][]) => {
      rows.push(...read);
    },
  });
  const value = (cell: unknown) => {
    if (cell === null || cell === undefined) return Number.NaN;
    if (typeof cell !== 'number' || Number.isNaN(cell)) throw new Error(`a missing value is ${cell}`);
    return cell;
  };
  return {
    unit: type.unit,
    times: rows.map(([at]) => at as bigint),
    names: others.map(({ name }) => name),
    columns: others.map((_, c) => Float64Array.from(rows, (row) => value(row[c + 1]))),
  };
}

export function readInRust(bytes: Uint8Array): ReadTable {
  const table = tableFromIPC(readParquet(bytes).intoIPCStream());
  const [time, ...others] = table.schema.fields;
  const type = time?.type;
  if (!DataType.isTimestamp(type) || type.timezone !== 'UTC') throw new Error('expected times in UTC first');
  const times = table.getChildAt(0)?.data.flatMap(({ values, length }) => [...values.subarray(0, length)]);
  return {
    unit: UNITS[type.unit] ?? '',
    times: times ?? [],
    names: others.map(({ name }) => name),
    columns: others.map((_, c) => {
      const column = table.getChildAt(c + 1);
      return Float64Array.from({ length: table.numRows }, (_, row) => column?.get(row) ?? Number.NaN);
    }),
  };
}
