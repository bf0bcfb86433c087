/**
 * The hour file: everything one station recorded in one slot, self-describing and columnar (docs/HOUR.md has the bytes).
 *
 *     "WSHR" | version u8 | size u32 BE | stored u32 BE | header (deterministic CBOR, deflated) | CRC-32 of it u32 BE | blocks
 *
 * The header holds the descriptors and an index of every block: rows, times, CRC-32, and per column its count, min, max and sum, so
 * that a plot at any zoom reads little and a damaged block is told from its neighbours.
 * Invariants: decodeHour(encodeHour(x)) = x for every x, bit for bit, NaN standing for missing, times counted from the slot's
 * start. A decoder allocates nothing before the header has passed its bounds, and throws nothing but WaystationError.
 */
import { type Bytes, concatBytes, toUtf8 } from '../core/bytes.ts';
import { decodeCbor, encodeCbor } from '../core/cbor.ts';
import { crc32 } from '../core/crc32.ts';
import { WaystationError } from '../core/errors.ts';
import type { Extent } from './coding/coded-block.ts';
import { blockCodec } from './coding/profiles.ts';
import {
  type BlockIndex,
  type ColumnIndex,
  extentOfBlocks,
  type HourHeader,
  headerToWire,
  parseHourHeader,
  type StreamIndex,
} from './header.ts';
import { deflateHeader, inflateHeader } from './header-dictionary.ts';
import { checkItems } from './header-items.ts';
import { givesBack, numberOn } from './lattice.ts';
import { MAX_BLOCK_ROWS, MAX_HEADER_BYTES } from './limits.ts';
import { columnExtent } from './summary.ts';
import type { HourContent, HourStream, ReadingBatch, Step, StreamDescriptor, TickNs } from './types.ts';

export { MAX_BLOCK_ROWS } from './limits.ts';

const MAGIC = toUtf8('WSHR');
const VERSION = 2;
/** Magic, version, and the header's size inflated and as stored. */
export const PREAMBLE_BYTES = MAGIC.length + 1 + 4 + 4;
const SIZE_AT = MAGIC.length + 1;
const STORED_AT = SIZE_AT + 4;
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

/** Finite values of a block's column as its index tells them. */
function statisticsOf(values: Float64Array, step: Step | null): ColumnIndex {
  const { min, max } = columnExtent(values);
  let count = 0;
  let sum = 0;
  let sumOfNumbers = 0;
  let isOnGrid = step !== null;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isFinite(value)) continue;
    count++;
    sum += value;
    if (step === null || !isOnGrid) continue;
    const k = numberOn(step, value);
    isOnGrid = givesBack(step, k, value);
    sumOfNumbers += k;
  }
  let isTold = count > 0 && Number.isFinite(sum);
  if (step !== null && isOnGrid) {
    // On a grid the numbers are added, which is exact.
    sum = (sumOfNumbers * step.numerator) / step.denominator;
    isTold = count > 0 && Number.isSafeInteger(sumOfNumbers) && numberOn(step, sum) === sumOfNumbers;
  }
  return { step, count, min, max, sum: isTold ? sum + 0 : null };
}

/** The same of numbers that were read, without finding them again. */
function statisticsOfNumbers({ count, min, max, sum }: Extent, step: Step): ColumnIndex | null {
  if (sum === null) return null;
  const valueAt = (k: number) => (k * step.numerator) / step.denominator + 0;
  const isTold = numberOn(step, valueAt(sum)) === sum;
  return { step, count, min: valueAt(min), max: valueAt(max), sum: isTold ? valueAt(sum) : null };
}

class BlockWriter {
  readonly parts: Bytes[] = [];
  #at = 0;

  #block(
    { tickNs, ticks }: { tickNs: TickNs; ticks: Float64Array },
    columns: Float64Array[],
    descriptor: StreamDescriptor,
  ): BlockIndex {
    const { profile = 'small' } = descriptor;
    const declared = descriptor.columns.map(({ step }) => step);
    const { bytes, steps } = blockCodec(profile).encode(ticks, columns, declared);
    const offset = this.#at;
    this.parts.push(bytes);
    this.#at += bytes.length;
    const times = columnExtent(ticks);
    return {
      profile,
      rows: ticks.length,
      tickNs,
      offset,
      length: bytes.length,
      crc: crc32(bytes),
      firstTick: times.min as number,
      lastTick: times.max as number,
      columns: columns.map((values, i) => statisticsOf(values, steps[i] ?? null)),
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
      const columns = rows.columns.map((column) => column.subarray(from, to));
      blocks.push(this.#block(timesOf(stream, startMs, from, to), columns, descriptor));
    }
    return { descriptor, ...extentOfBlocks(blocks), blocks };
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
  const stored = deflateHeader(header);
  const file = concatBytes(
    MAGIC,
    Uint8Array.of(VERSION),
    uint32(header.length),
    uint32(stored.length),
    stored,
    uint32(crc32(stored)),
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
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = Math.max(view.getUint32(SIZE_AT), view.getUint32(STORED_AT));
  if (size > MAX_HEADER_BYTES) {
    throw new WaystationError(
      'limit',
      `expected at most ${MAX_HEADER_BYTES} bytes of description in an hour, got ${size}`,
    );
  }
  return PREAMBLE_BYTES + view.getUint32(STORED_AT) + CRC_BYTES;
}

/**
 * Reads the description and the index without touching a block.
 * @param fileBytes the whole file's size, when `bytes` is only its beginning.
 * @throws WaystationError `malformed`, `limit`, `corrupt`.
 */
export function readHourHeader(bytes: Uint8Array, fileBytes = bytes.length): HourHeader {
  return headerOf(bytes, fileBytes);
}

/**
 * As {@link readHourHeader}, of a file that may end before its blocks do, or go on behind them.
 * @throws WaystationError `malformed`, `limit`, `corrupt` (the description itself).
 */
export function readDamagedHourHeader(bytes: Uint8Array): HourHeader {
  return headerOf(bytes, null);
}

function headerOf(bytes: Uint8Array, fileBytes: number | null): HourHeader {
  const dataAt = hourHeaderBytes(bytes);
  if (dataAt > bytes.length)
    throw new WaystationError('corrupt', 'this hour is cut off in its description: fetch it again');
  const stored = bytes.subarray(PREAMBLE_BYTES, dataAt - CRC_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (crc32(stored) !== view.getUint32(dataAt - CRC_BYTES)) {
    throw new WaystationError('corrupt', 'the description of this hour is damaged: fetch it again');
  }
  const header = inflateHeader(stored, view.getUint32(SIZE_AT));
  checkItems(header);
  return parseHourHeader(decodeCbor(header, MAX_HEADER_BYTES), dataAt, fileBytes);
}

/** Times and columns of one block. */
export interface BlockRows {
  /** From the slot's start, in the block's ticks. */
  readonly ticks: Float64Array<ArrayBuffer>;
  /** The first columns of the stream, as many as were wanted. */
  readonly columns: readonly Float64Array<ArrayBuffer>[];
}

/**
 * Decodes the times and the first `wanted` columns of one block (a column leans on those before it).
 * @param part exactly the block's bytes, from `header.dataAt + block.offset` of the file.
 * @throws WaystationError `corrupt`.
 */
export function decodeHourBlock(
  part: Uint8Array,
  block: BlockIndex,
  wanted = block.columns.length,
): BlockRows {
  if (part.length !== block.length || crc32(part) !== block.crc) {
    throw new WaystationError('corrupt', 'a block of this hour is damaged: fetch it again');
  }
  const rows = blockCodec(block.profile).decode(
    part,
    block.rows,
    block.columns.map(({ step }) => step),
    wanted,
  );
  // The index is what a plot and an overview believe without decoding: it must say what the values say.
  const times = rows.extents[0] ?? columnExtent(rows.ticks);
  let isTrue = times.min === block.firstTick && times.max === block.lastTick;
  rows.columns.forEach((values, i) => {
    const told = block.columns[i] as ColumnIndex;
    const extent = rows.extents[i + 1] ?? null;
    const ofNumbers = extent !== null && told.step !== null ? statisticsOfNumbers(extent, told.step) : null;
    const found = ofNumbers ?? statisticsOf(values, told.step);
    isTrue &&=
      found.count === told.count &&
      found.min === told.min &&
      found.max === told.max &&
      found.sum === told.sum;
  });
  if (!isTrue) {
    throw new WaystationError(
      'corrupt',
      'the index of this hour does not fit its values: fetch it from another node',
    );
  }
  return rows;
}

/** Ticks of a block as nanoseconds from the slot's start. @throws WaystationError `corrupt`. */
export function setTimes(ticks: Float64Array, tickNs: TickNs, out: Float64Array, at: number): void {
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
    const from = header.dataAt + block.offset;
    const rows = decodeHourBlock(bytes.subarray(from, from + block.length), block);
    setTimes(rows.ticks, block.tickNs, offsetsNs, at);
    rows.columns.forEach((values, i) => {
      columns[i]?.set(values, at);
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
