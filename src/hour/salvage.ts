/**
 * Reading a damaged or cut-off hour file as far as it goes. The description must be whole, as nothing else says what the bytes mean;
 * behind it every block stands for itself, so a flipped bit loses one block, and a cut the blocks behind it.
 * Invariants: no value comes back that its block's checksum and index do not vouch for; every row of the index comes back or is named.
 */
import { isWaystationError } from '../core/errors.ts';
import { decodeHourBlock, readDamagedHourHeader, setTimes } from './container.ts';
import type { BlockIndex, HourHeader, StreamIndex } from './header.ts';
import type { HourContent, HourStream } from './types.ts';

/** A block that cannot be read, with what the index tells of it. */
export interface LostBlock {
  /** Index into the hour's streams. */
  readonly stream: number;
  /** Which of the stream's blocks, from 1. */
  readonly block: number;
  readonly rows: number;
  /** Earliest and latest time of its rows, ms. */
  readonly fromMs: number;
  readonly toMs: number;
  /** `cut-off`: the file ends before it does; `damaged`: its bytes are not what was written. */
  readonly why: 'cut-off' | 'damaged';
}

export interface SalvagedHour {
  readonly header: HourHeader;
  /** What could be read; streams keep their places even when nothing of them is left. */
  readonly content: HourContent;
  readonly lost: readonly LostBlock[];
  /** Bytes that are missing at the file's end, and that stand behind its last block. */
  readonly missingBytes: number;
  readonly surplusBytes: number;
}

interface ReadBlock {
  readonly offsetsNs: Float64Array;
  readonly columns: readonly Float64Array[];
}

/** Reads what can be read. @throws WaystationError `malformed`, `limit`, `corrupt` when the description itself cannot be. */
export function salvageHour(bytes: Uint8Array): SalvagedHour {
  const header = readDamagedHourHeader(bytes);
  const lost: LostBlock[] = [];
  const streams = header.streams.map((stream, number) => readStream(bytes, header, stream, number, lost));
  const end =
    header.dataAt +
    header.streams.reduce((sum, { blocks }) => sum + blocks.reduce((all, one) => all + one.length, 0), 0);
  const { station, stationName, startMs, lengthMs, gaps, responsible, clock } = header;
  return {
    header,
    content: {
      station,
      stationName,
      startMs,
      lengthMs,
      streams,
      gaps,
      ...(responsible === undefined ? {} : { responsible }),
      ...(clock === undefined ? {} : { clock }),
    },
    lost,
    missingBytes: Math.max(0, end - bytes.length),
    surplusBytes: Math.max(0, bytes.length - end),
  };
}

/** True when the file is all there, as it was written. */
export function isWhole({ lost, missingBytes, surplusBytes }: SalvagedHour): boolean {
  return lost.length === 0 && missingBytes === 0 && surplusBytes === 0;
}

function readStream(
  bytes: Uint8Array,
  header: HourHeader,
  { descriptor, blocks }: StreamIndex,
  number: number,
  lost: LostBlock[],
): HourStream {
  // What a file that is cut off only claims to have takes no memory.
  const room = blocks.reduce((sum, block) => sum + (isThere(bytes, header, block) ? block.rows : 0), 0);
  const offsetsNs = new Float64Array(room);
  const columns = descriptor.columns.map(() => new Float64Array(room));
  let at = 0;
  blocks.forEach((block, i) => {
    const part = readBlock(bytes, header, block);
    if (typeof part === 'object') {
      offsetsNs.set(part.offsetsNs, at);
      part.columns.forEach((values, c) => {
        columns[c]?.set(values, at);
      });
      at += block.rows;
      return;
    }
    const timeMs = (tick: number) => header.startMs + (tick * block.tickNs) / 1e6;
    lost.push({
      stream: number,
      block: i + 1,
      rows: block.rows,
      fromMs: timeMs(block.firstTick),
      toMs: timeMs(block.lastTick),
      why: part,
    });
  });
  return {
    descriptor,
    rows: {
      baseMs: header.startMs,
      offsetsNs: offsetsNs.subarray(0, at),
      columns: columns.map((values) => values.subarray(0, at)),
    },
  };
}

function isThere(bytes: Uint8Array, { dataAt }: HourHeader, { offset, length }: BlockIndex): boolean {
  return dataAt + offset + length <= bytes.length;
}

function readBlock(bytes: Uint8Array, header: HourHeader, block: BlockIndex): ReadBlock | LostBlock['why'] {
  if (!isThere(bytes, header, block)) return 'cut-off';
  const from = header.dataAt + block.offset;
  try {
    const { ticks, columns } = decodeHourBlock(bytes.subarray(from, from + block.length), block);
    const offsetsNs = new Float64Array(block.rows);
    setTimes(ticks, block.tickNs, offsetsNs, 0);
    return { offsetsNs, columns };
  } catch (error) {
    if (!isWaystationError(error)) throw error;
    return 'damaged';
  }
}
