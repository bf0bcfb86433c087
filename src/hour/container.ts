/**
 * The hour file: everything one station recorded in one slot, self-describing and columnar (docs/HOUR.md has the bytes).
 *
 *     "WSHR" | version u8 | header length u32 BE | header (deterministic CBOR) | CRC-32 of the header u32 BE | blocks
 *
 * The header holds the descriptors and an index of every block: rows, times, and per column its coding, place, min, max and
 * CRC-32, so that a plot at any zoom reads little and a damaged block is told from its neighbours.
 * Invariant: decodeHour(encodeHour(x)) = x for every x, bit for bit, NaN standing for missing.
 */
import { concatBytes, toUtf8, type Bytes } from '../core/bytes.ts';
import { crc32 } from '../core/crc32.ts';
import { decodeCbor, encodeCbor, type CborValue } from '../core/cbor.ts';
import { WaystationError } from '../core/errors.ts';
import { idBytes } from '../core/ids.ts';
import { decodeColumn, encodeColumn, type CodedColumn } from './simple-columns.ts';
import { parseHourHeader, type BlockIndex, type ColumnIndex, type HourHeader, type StreamIndex } from './header.ts';
import { columnExtent } from './summary.ts';
import type { HourContent, HourStream, ReadingBatch, Step } from './types.ts';

const MAGIC = toUtf8('WSHR');
const VERSION = 1;
const PREAMBLE_BYTES = MAGIC.length + 1 + 4;
/** Rows of a block: small enough to skip through a day quickly, large enough to compress. */
export const MAX_BLOCK_ROWS = 4_096;
/** 64 streams of an hour at 60 Hz have 3,400 blocks; their index is about 1 MiB. */
const MAX_HEADER_BYTES = 16 * 2 ** 20;
const NS_PER_MS = 1_000_000;

function stepToWire(step: Step | null): CborValue {
  return step === null ? null : [step.numerator, step.denominator];
}

interface CodedBlock {
  readonly index: CborValue;
  readonly parts: readonly Bytes[];
}

/** Times in the stream's own ticks from the slot's start; in nanoseconds when they do not fit the tick. */
function timesOf({ descriptor, rows }: HourStream, startMs: number, from: number, to: number) {
  const base = (rows.baseMs - startMs) * NS_PER_MS;
  const inNs = rows.offsetsNs.slice(from, to).map((offset) => base + offset);
  const fits = inNs.every((ns) => ns % descriptor.tickNs === 0);
  const tickNs = fits ? descriptor.tickNs : 1;
  return { tickNs, ticks: inNs.map((ns) => ns / tickNs) };
}

function encodeBlock(stream: HourStream, startMs: number, from: number, to: number, offset: number): CodedBlock {
  const { tickNs, ticks } = timesOf(stream, startMs, from, to);
  const coded: CodedColumn[] = [encodeColumn(ticks, null)];
  const extents: CborValue[] = [[ticks[0] ?? 0, ticks.at(-1) ?? 0]];
  stream.rows.columns.forEach((column, i) => {
    const values = column.subarray(from, to);
    coded.push(encodeColumn(values, stream.descriptor.columns[i]?.step ?? null));
    const { min, max } = columnExtent(values);
    extents.push([min, max]);
  });
  let at = offset;
  const columns = coded.map((column, i): CborValue => {
    const entry: CborValue = [
      column.coding,
      stepToWire(column.step),
      column.missing,
      at,
      column.bytes.length,
      crc32(column.bytes),
      extents[i] ?? null,
    ];
    at += column.bytes.length;
    return entry;
  });
  return { index: [to - from, tickNs, columns], parts: coded.map((column) => column.bytes) };
}

/** The hour as bytes. */
export function encodeHour(content: HourContent): Bytes {
  const parts: Bytes[] = [];
  let offset = 0;
  const streams = content.streams.map((stream): CborValue => {
    const { descriptor, rows } = stream;
    const blocks: CborValue[] = [];
    for (let from = 0; from < rows.offsetsNs.length; from += MAX_BLOCK_ROWS) {
      const to = Math.min(from + MAX_BLOCK_ROWS, rows.offsetsNs.length);
      const block = encodeBlock(stream, content.startMs, from, to, offset);
      blocks.push(block.index);
      for (const part of block.parts) {
        parts.push(part);
        offset += part.length;
      }
    }
    return [
      descriptor.name,
      descriptor.columns.map((column) => [column.name, column.unit, stepToWire(column.step)]),
      descriptor.askedRateHz,
      descriptor.tickNs,
      descriptor.driver,
      descriptor.device,
      descriptor.replay,
      rows.offsetsNs.length,
      blocks,
    ];
  });
  const header = encodeCbor(
    new Map<string, CborValue>([
      ['station', idBytes(content.station)],
      ['name', content.stationName],
      ['start', content.startMs],
      ['length', content.lengthMs],
      ['streams', streams],
      ['gaps', content.gaps.map((gap) => [gap.stream, gap.fromMs, gap.toMs, gap.cause, gap.detail])],
    ]),
  );
  if (header.length > MAX_HEADER_BYTES) throw new RangeError('this hour has more streams and blocks than one file describes');
  return concatBytes(MAGIC, Uint8Array.of(VERSION), uint32(header.length), header, uint32(crc32(header)), ...parts);
}

function uint32(value: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** Reads the description and the index without touching a block. @throws WaystationError `malformed`, `limit`, `corrupt`. */
export function readHourHeader(bytes: Uint8Array): HourHeader {
  if (bytes.length < PREAMBLE_BYTES || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new WaystationError('malformed', 'this is not an hour file: it does not begin with WSHR');
  }
  if (bytes[MAGIC.length] !== VERSION) {
    throw new WaystationError('malformed', `this hour is of version ${bytes[MAGIC.length]}, expected ${VERSION}: update Waystation`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(MAGIC.length + 1);
  if (length > MAX_HEADER_BYTES) throw new WaystationError('limit', 'the description of this hour is too long');
  if (PREAMBLE_BYTES + length + 4 > bytes.length) throw new WaystationError('corrupt', 'this hour is cut off in its description');
  const header = bytes.subarray(PREAMBLE_BYTES, PREAMBLE_BYTES + length);
  if (crc32(header) !== view.getUint32(PREAMBLE_BYTES + length)) {
    throw new WaystationError('corrupt', 'the description of this hour is damaged');
  }
  return parseHourHeader(decodeCbor(header, MAX_HEADER_BYTES), PREAMBLE_BYTES + length + 4, bytes.length);
}

function readColumn(bytes: Uint8Array, dataAt: number, column: ColumnIndex, rows: number): Float64Array<ArrayBuffer> {
  const part = bytes.subarray(dataAt + column.offset, dataAt + column.offset + column.length);
  if (crc32(part) !== column.crc) throw new WaystationError('corrupt', 'a block of this hour is damaged');
  return decodeColumn({ coding: column.coding, step: column.step, missing: column.missing, bytes: part as Bytes }, rows);
}

function readBlock(bytes: Uint8Array, dataAt: number, block: BlockIndex): Float64Array<ArrayBuffer>[] {
  return block.columns.map((column) => readColumn(bytes, dataAt, column, block.rows));
}

function readStream(bytes: Uint8Array, header: HourHeader, stream: StreamIndex): HourStream {
  const columns = stream.descriptor.columns.map(() => new Float64Array(stream.rows));
  const offsetsNs = new Float64Array(stream.rows);
  let at = 0;
  for (const block of stream.blocks) {
    const [ticks, ...values] = readBlock(bytes, header.dataAt, block) as [Float64Array, ...Float64Array[]];
    ticks.forEach((tick, i) => {
      offsetsNs[at + i] = tick * block.tickNs;
    });
    values.forEach((column, i) => columns[i]?.set(column, at));
    at += block.rows;
  }
  const rows: ReadingBatch = { baseMs: header.startMs, offsetsNs, columns };
  return { descriptor: stream.descriptor, rows };
}

/** Reads a whole hour. Times come back relative to the slot's start. @throws WaystationError `malformed`, `limit`, `corrupt`. */
export function decodeHour(bytes: Uint8Array): HourContent {
  const header = readHourHeader(bytes);
  const { station, stationName, startMs, lengthMs, gaps } = header;
  return { station, stationName, startMs, lengthMs, gaps, streams: header.streams.map((s) => readStream(bytes, header, s)) };
}
