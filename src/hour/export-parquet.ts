/**
 * One stream's readings as an Apache Parquet file (format version 2, data pages v2), piece by piece: `time` as TIMESTAMP in UTC, and every
 * column as nullable DOUBLE. Doubles, although values on a decimal grid would be smaller as DECIMAL: those come as objects in pandas, and
 * have neither −0 nor infinities.
 *
 * Invariants: every value comes back bit for bit, missing ones as null; times exactly, in the order of delivery; memory is bounded by
 * one row group, whatever the file's size; the same rows give the same bytes. What the hour says besides stands in the file's
 * key-value metadata under {@link FACTS_KEY} (export-facts.ts).
 *
 * Encodings and codec are such that DuckDB, pyarrow, pandas, polars and Spark read them: times as differences (DELTA_BINARY_PACKED),
 * values through a dictionary where that is smaller, else plain, all under GZIP.
 */
import { gzipSync } from 'fflate';
import { ByteWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import { WaystationError } from '../core/errors.ts';
import type { StreamFacts } from './export-facts.ts';
import { DistinctNames } from './export-names.ts';
import type { HourStream, ReadingBatch } from './types.ts';

/** Where the file's metadata has what the hours say beside their rows, as JSON. */
const FACTS_KEY = 'waystation';
/** What DuckDB writes and reads in parallel; a column of it is one page. */
const MAX_GROUP_ROWS = 122_880;
/** Values of one row group, for tables of many columns: 16 MiB of float64. */
const MAX_GROUP_CELLS = 2 ** 21;
/** Part of the rows beyond which no dictionary is tried: it alone would be most of the column. */
const MAX_DICTIONARY_SHARE = 0.5;
const PAGE_BYTES = 8 * MAX_GROUP_ROWS + 1;
const CODEC = 'GZIP';
/** Level 9 saves 0.1 % on the same recordings. */
const compressors = { [CODEC]: (bytes: Uint8Array) => gzipSync(bytes, { level: 6, mtime: 0 }) };
const NS_PER_MS = 1_000_000n;
const MAX_INT64 = 2n ** 63n - 1n;

/** Times are microseconds, which every reader has; nanoseconds where the stream has finer ones. */
export type TimeUnit = 'MICROS' | 'NANOS';

export function timeUnitOf({ descriptor, rows }: HourStream): TimeUnit {
  return descriptor.tickNs === 1 || rows.offsetsNs.some((ns) => ns % 1000 !== 0) ? 'NANOS' : 'MICROS';
}

/** Names that the table has itself, or gets from its folders. */
const OWN_NAMES = ['time', 'station', 'date'];

/**
 * Names of the columns in a table: as they are, but without control characters, not empty, none like another in whatever case (DuckDB
 * and Spark do not tell those apart) or like `time`, `station` or `date`: then with a number behind.
 */
export function parquetNames(): (name: string) => string {
  const names = new DistinctNames(OWN_NAMES);
  return (name) => names.take(name.replaceAll(/[\p{Cc}\p{Cs}]/gu, '_') || '_');
}

/** @throws WaystationError `conflict` when a time is beyond what 64 bits of nanoseconds hold (1677 to 2262). */
export function checkTimes({ baseMs, offsetsNs }: ReadingBatch, unit: TimeUnit): void {
  if (unit === 'MICROS') return;
  const bound = Number(MAX_INT64 / NS_PER_MS) - 1;
  if (offsetsNs.every((ns) => Math.abs(baseMs + ns / 1e6) < bound)) return;
  throw new WaystationError(
    'conflict',
    'times in nanoseconds before 1677 or after 2262, which Parquet cannot hold: write this hour as csv',
  );
}

/** Thrift's compact protocol: a field one behind the last that is a list; a list's head without items, and one whose items are structs. */
const LIST_FIELD = 0x19;
const NO_ITEMS = 0x00;
const NO_STRUCTS = 0x0c;

/** Collects what is written, to be taken away in pieces. */
class PieceWriter extends ByteWriter {
  /** The file has no row groups: see {@link PieceWriter.appendUint8}. */
  isWithoutRows = false;
  #before = 0;

  /** hyparquet-writer gives an empty list no type of items, which strict readers (arrow-rs) refuse; of structs it is. */
  override appendUint8(value: number): void {
    const isEmptyList = this.isWithoutRows && this.#before === LIST_FIELD && value === NO_ITEMS;
    super.appendUint8(isEmptyList ? NO_STRUCTS : value);
    this.#before = value;
  }

  take(): Uint8Array {
    const piece = this.getBytes().slice();
    this.index = 0;
    return piece;
  }
}

/** A Parquet file in the making. */
export class ParquetTable {
  readonly #writer = new PieceWriter();
  readonly #parquet: ParquetWriter;
  readonly #columns: readonly string[];
  readonly #unit: TimeUnit;
  readonly #groupRows: number;
  #waiting: ReadingBatch[] = [];
  #waitingRows = 0;

  /** @param columns their names in the table, from {@link parquetNames}. */
  constructor(columns: readonly string[], unit: TimeUnit) {
    this.#columns = columns;
    this.#unit = unit;
    this.#groupRows = Math.max(
      1,
      Math.min(MAX_GROUP_ROWS, Math.floor(MAX_GROUP_CELLS / (columns.length + 1))),
    );
    this.#parquet = newWriter(this.#writer, [timeElement(unit), ...columns.map(valueElement)]);
  }

  /** Values that wait in memory for their row group to be full. */
  get waitingCells(): number {
    return this.#waitingRows * (this.#columns.length + 1);
  }

  /**
   * Appends rows; gives the row groups that became full.
   * @param columns what of the rows stands in each column of the table; undefined where they have nothing.
   */
  *add(
    { baseMs, offsetsNs }: Pick<ReadingBatch, 'baseMs' | 'offsetsNs'>,
    columns: readonly (Float64Array | undefined)[],
  ): Generator<Uint8Array> {
    for (let from = 0; from < offsetsNs.length; ) {
      const to = Math.min(offsetsNs.length, from + this.#groupRows - this.#waitingRows);
      // Copies: what waits must not keep a whole hour in memory.
      this.#waiting.push({
        baseMs,
        offsetsNs: offsetsNs.slice(from, to),
        columns: this.#columns.map(
          (_, c) => columns[c]?.slice(from, to) ?? new Float64Array(to - from).fill(Number.NaN),
        ),
      });
      this.#waitingRows += to - from;
      if (this.#waitingRows === this.#groupRows) yield* this.flush();
      from = to;
    }
  }

  /** What waits, as a row group. */
  *flush(): Generator<Uint8Array> {
    const [waiting, rows] = [this.#waiting, this.#waitingRows];
    if (rows === 0) return;
    this.#waiting = [];
    this.#waitingRows = 0;
    const columnData = this.#columns.map((name, c) => {
      const values = new Float64Array(rows);
      let at = 0;
      for (const { columns } of waiting) {
        const part = columns[c] as Float64Array;
        values.set(part, at);
        at += part.length;
      }
      return valueColumn(name, values);
    });
    const time = { name: 'time', data: this.#times(waiting, rows), encoding: 'DELTA_BINARY_PACKED' as const };
    // What writes into memory is done when it returns.
    void this.#parquet.write({ columnData: [time, ...columnData], rowGroupSize: rows, pageSize: PAGE_BYTES });
    yield this.#writer.take();
  }

  #times(waiting: readonly ReadingBatch[], rows: number): BigInt64Array {
    const times = new BigInt64Array(rows);
    const [perMs, nsPerTick] = this.#unit === 'NANOS' ? [NS_PER_MS, 1] : [1000n, 1000];
    let at = 0;
    for (const { baseMs, offsetsNs } of waiting) {
      const base = BigInt(baseMs) * perMs;
      for (const ns of offsetsNs) {
        // BigInt() itself refuses what is no whole number: nothing is rounded.
        times[at++] = base + BigInt(ns / nsPerTick);
      }
    }
    return times;
  }

  /** The rest of the file. */
  *finish(facts: StreamFacts): Generator<Uint8Array> {
    yield* this.flush();
    this.#writer.isWithoutRows = this.#parquet.num_rows === 0n;
    this.#parquet.kvMetadata = [{ key: FACTS_KEY, value: JSON.stringify(facts) }];
    void this.#parquet.finish();
    yield this.#writer.take();
  }
}

function newWriter(writer: ByteWriter, elements: readonly SchemaElement[]): ParquetWriter {
  const schema = [{ name: 'readings', num_children: elements.length }, ...elements];
  return new ParquetWriter({ writer, schema, codec: CODEC, compressors, createdBy: 'waystation' });
}

function timeElement(unit: TimeUnit): SchemaElement {
  return {
    name: 'time',
    type: 'INT64',
    repetition_type: 'REQUIRED',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit },
    // For readers that know only the older way to say it; there is none for nanoseconds.
    ...(unit === 'MICROS' ? { converted_type: 'TIMESTAMP_MICROS' as const } : {}),
  };
}

function valueElement(name: string): SchemaElement {
  return { name, type: 'DOUBLE', repetition_type: 'OPTIONAL' };
}

type Encoding = 'PLAIN' | 'RLE_DICTIONARY';

interface ValueColumn {
  readonly name: string;
  readonly data: Float64Array | (number | null)[];
  readonly encoding: Encoding;
}

function valueColumn(name: string, values: Float64Array): ValueColumn {
  const data = values.some(Number.isNaN)
    ? Array.from(values, (one) => (Number.isNaN(one) ? null : one))
    : values;
  const plain: ValueColumn = { name, data, encoding: 'PLAIN' };
  if (!mayHaveDictionary(values)) return plain;
  const dictionary: ValueColumn = { name, data, encoding: 'RLE_DICTIONARY' };
  return sizeOf(dictionary) < sizeOf(plain) ? dictionary : plain;
}

/** Few enough distinct values, and no −0: the writer's dictionary would take it for 0. */
function mayHaveDictionary(values: Float64Array): boolean {
  const most = values.length * MAX_DICTIONARY_SHARE;
  const distinct = new Set<number>();
  for (const value of values) {
    if (Object.is(value, -0)) return false;
    if (!Number.isNaN(value)) distinct.add(value);
    if (distinct.size > most) return false;
  }
  return distinct.size > 0;
}

function sizeOf(column: ValueColumn): number {
  const writer = new ByteWriter();
  void newWriter(writer, [valueElement(column.name)]).write({
    columnData: [column],
    rowGroupSize: column.data.length,
    pageSize: PAGE_BYTES,
  });
  return writer.offset;
}
