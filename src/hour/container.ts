/**
 * The hour file: everything one station recorded in one slot, self-describing and columnar (docs/HOUR.md has the bytes).
 *
 *     "WSHR" | version u8 | header length u32 BE | header (deterministic CBOR) | CRC-32 of the header u32 BE | blocks
 *
 * The header holds the descriptors and an index of every block: rows, times, and per column its coding, place, min, max and
 * CRC-32, so that a plot at any zoom reads little and a damaged block is told from its neighbours.
 * Invariants: decodeHour(encodeHour(x)) = x for every x, bit for bit, NaN standing for missing, times counted from the slot's
 * start. A decoder allocates nothing before the header has passed its bounds, and throws nothing but WaystationError.
 */
import { asBytes, type Bytes, concatBytes, toUtf8 } from '../core/bytes.ts';
import { decodeCbor, encodeCbor } from '../core/cbor.ts';
import { crc32 } from '../core/crc32.ts';
import { WaystationError } from '../core/errors.ts';
import { decodeColumn, encodeColumn } from './columns.ts';
import {
  type BlockIndex,
  type ColumnIndex,
  type HourHeader,
  headerToWire,
  parseHourHeader,
  type StreamIndex,
} from './header.ts';
import { MAX_BLOCK_ROWS, MAX_HEADER_BYTES } from './limits.ts';
import { columnExtent, timeExtent } from './summary.ts';
import type { HourContent, HourStream, ReadingBatch, Step, TickNs } from './types.ts';

export { MAX_BLOCK_ROWS } from './limits.ts';

const MAGIC = toUtf8('WSHR');
const VERSION = 1;
/** Magic, version and header length. */
export const PREAMBLE_BYTES = MAGIC.length + 1 + 4;
const CRC_BYTES = 4;
const NS_PER_MS = 1_000_000;

/** Times in the stream's own ticks from the slot's start; in nanoseconds when they do not fit the tick. */
function timesOf({ descriptor, rows }: HourStream, startMs: number, from: number, to: number) {
  const base = (rows.baseMs - startMs) * NS_PER_MS;
  const inNs = new Float64Array(to - from);
  let fits = true;
  for (let i = from; i < to; i++) {
    const offset = rows.offsetsNs[i] as number;
    const ns = base + offset;
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(ns)) {
      throw new RangeError(
        `expected times in whole nanoseconds within 104 days of the slot, got ${rows.baseMs} ms + ${offset} ns`,
      );
    }
    inNs[i - from] = ns;
    fits &&= ns % descriptor.tickNs === 0;
  }
  const tickNs: TickNs = fits ? descriptor.tickNs : 1;
  // Adding 0 turns −0 into 0, which lies on the lattice.
  return { tickNs, ticks: inNs.map((ns) => ns / tickNs + 0) };
}

class BlockWriter {
  readonly parts: Bytes[] = [];
  #at = 0;

  column(values: Float64Array, step: Step | null): ColumnIndex {
    const coded = encodeColumn(values, step);
    const { bytes, missing, coding } = coded;
    const offset = this.#at;
    this.parts.push(bytes);
    this.#at += bytes.length;
    return {
      coding,
      step: coded.step,
      missing,
      offset,
      length: bytes.length,
      crc: crc32(bytes),
      ...columnExtent(values),
    };
  }

  stream(stream: HourStream, startMs: number): StreamIndex {
    const { descriptor, rows } = stream;
    const count = rows.offsetsNs.length;
    if (
      rows.columns.length !== descriptor.columns.length ||
      rows.columns.some((column) => column.length !== count)
    ) {
      throw new RangeError(
        `expected ${descriptor.columns.length} columns of ${count} rows in stream ${descriptor.name}`,
      );
    }
    const blocks: BlockIndex[] = [];
    for (let from = 0; from < count; from += MAX_BLOCK_ROWS) {
      const to = Math.min(from + MAX_BLOCK_ROWS, count);
      const { tickNs, ticks } = timesOf(stream, startMs, from, to);
      const columns = [this.column(ticks, null)];
      rows.columns.forEach((column, i) => {
        columns.push(this.column(column.subarray(from, to), descriptor.columns[i]?.step ?? null));
      });
      blocks.push({ rows: to - from, tickNs, columns });
    }
    return { descriptor, rows: count, achievedRateHz: timeExtent(rows).achievedRateHz, blocks };
  }
}

/**
 * The hour as bytes.
 * @throws RangeError when columns and times differ in length, times are no whole nanoseconds, or a limit of limits.ts is passed.
 */
export function encodeHour(content: HourContent): Bytes {
  const { station, stationName, startMs, lengthMs, gaps, responsible, clock } = content;
  const writer = new BlockWriter();
  const streams = content.streams.map((stream) => writer.stream(stream, startMs));
  const header = encodeCbor(
    headerToWire({
      station,
      stationName,
      startMs,
      lengthMs,
      gaps,
      streams,
      ...(responsible === undefined ? {} : { responsible }),
      ...(clock === undefined ? {} : { clock }),
    }),
  );
  const file = concatBytes(
    MAGIC,
    Uint8Array.of(VERSION),
    uint32(header.length),
    header,
    uint32(crc32(header)),
    ...writer.parts,
  );
  try {
    readHourHeader(file);
  } catch (cause) {
    throw new RangeError(`this hour does not fit one file: ${(cause as Error).message}`, { cause });
  }
  return file;
}

function uint32(value: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/**
 * How many bytes of the file the header takes, blocks not included, told from its first {@link PREAMBLE_BYTES}.
 * @throws WaystationError `malformed`, `limit`.
 */
export function hourHeaderBytes(bytes: Uint8Array): number {
  if (bytes.length < PREAMBLE_BYTES || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new WaystationError('malformed', 'this is not an hour file: it does not begin with WSHR');
  }
  if (bytes[MAGIC.length] !== VERSION) {
    throw new WaystationError(
      'malformed',
      `this hour is of version ${bytes[MAGIC.length]}, expected ${VERSION}: update Waystation`,
    );
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(MAGIC.length + 1);
  if (length > MAX_HEADER_BYTES) {
    throw new WaystationError(
      'limit',
      `expected at most ${MAX_HEADER_BYTES} bytes of description in an hour, got ${length}`,
    );
  }
  return PREAMBLE_BYTES + length + CRC_BYTES;
}

/**
 * Reads the description and the index without touching a block.
 * @param fileBytes the whole file's size, when `bytes` is only its beginning.
 * @throws WaystationError `malformed`, `limit`, `corrupt`.
 */
export function readHourHeader(bytes: Uint8Array, fileBytes = bytes.length): HourHeader {
  const dataAt = hourHeaderBytes(bytes);
  if (dataAt > bytes.length)
    throw new WaystationError('corrupt', 'this hour is cut off in its description: fetch it again');
  const header = bytes.subarray(PREAMBLE_BYTES, dataAt - CRC_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (crc32(header) !== view.getUint32(dataAt - CRC_BYTES)) {
    throw new WaystationError('corrupt', 'the description of this hour is damaged: fetch it again');
  }
  return parseHourHeader(decodeCbor(header, MAX_HEADER_BYTES), dataAt, fileBytes);
}

/**
 * Decodes one column of one block; for a plot that reads only what it shows.
 * @param part exactly the column's bytes, from `header.dataAt + column.offset` of the file.
 * @param rows of the block.
 * @throws WaystationError `corrupt`, `malformed`.
 */
export function decodeHourColumn(
  part: Uint8Array,
  column: ColumnIndex,
  rows: number,
): Float64Array<ArrayBuffer> {
  if (part.length !== column.length || crc32(part) !== column.crc) {
    throw new WaystationError('corrupt', 'a block of this hour is damaged: fetch it again');
  }
  const { coding, step, missing } = column;
  const values = decodeColumn({ coding, step, missing, bytes: asBytes(part) }, rows);
  const { min, max } = columnExtent(values);
  // The index is what a plot and an overview believe without decoding: it must say what the values say.
  if (min !== column.min || max !== column.max) {
    throw new WaystationError(
      'corrupt',
      'the index of this hour does not fit its values: fetch it from another node',
    );
  }
  return values;
}

function setTimes(ticks: Float64Array, tickNs: TickNs, out: Float64Array, at: number): void {
  for (let i = 0; i < ticks.length; i++) {
    const ns = (ticks[i] as number) * tickNs;
    if (!Number.isSafeInteger(ns))
      throw new WaystationError('corrupt', 'a time of this hour is no whole nanosecond');
    out[at + i] = ns;
  }
}

function readStream(bytes: Uint8Array, header: HourHeader, stream: StreamIndex): HourStream {
  const columns = stream.descriptor.columns.map(() => new Float64Array(stream.rows));
  const offsetsNs = new Float64Array(stream.rows);
  let at = 0;
  for (const block of stream.blocks) {
    block.columns.forEach((column, i) => {
      const from = header.dataAt + column.offset;
      const values = decodeHourColumn(bytes.subarray(from, from + column.length), column, block.rows);
      if (i === 0) setTimes(values, block.tickNs, offsetsNs, at);
      else columns[i - 1]?.set(values, at);
    });
    at += block.rows;
  }
  const rows: ReadingBatch = { baseMs: header.startMs, offsetsNs, columns };
  return { descriptor: stream.descriptor, rows };
}

/** Reads a whole hour. Times come back relative to the slot's start. @throws WaystationError `malformed`, `limit`, `corrupt`. */
export function decodeHour(bytes: Uint8Array): HourContent {
  const header = readHourHeader(bytes);
  const { station, stationName, startMs, lengthMs, gaps, responsible, clock } = header;
  return {
    station,
    stationName,
    startMs,
    lengthMs,
    streams: header.streams.map((stream) => readStream(bytes, header, stream)),
    gaps,
    ...(responsible === undefined ? {} : { responsible }),
    ...(clock === undefined ? {} : { clock }),
  };
}
