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
import { crc32 } from '../core/crc32.ts';
import { WaystationError } from '../core/errors.ts';
import { statisticsOf, statisticsOfNumbers } from './block-statistics.ts';
import { setTimes } from './block-times.ts';
import { blockCodec } from './coding/profiles.ts';
import type { BlockIndex, ColumnIndex, HourHeader, StreamIndex } from './header.ts';
import { readHourHeader } from './hour-frame.ts';
import { columnExtent } from './summary.ts';
import type { HourContent, HourStream, ReadingBatch } from './types.ts';

export { setTimes } from './block-times.ts';
export { encodeHour } from './hour-file-writer.ts';
export { hourHeaderBytes, PREAMBLE_BYTES, readDamagedHourHeader, readHourHeader } from './hour-frame.ts';
export { MAX_BLOCK_ROWS } from './limits.ts';

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
