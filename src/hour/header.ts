/** The parsed, bounds-checked description of an hour file. */
import * as v from 'valibot';
import type { Bytes } from '../core/bytes.ts';
import type { CborValue } from '../core/cbor.ts';
import { WaystationError } from '../core/errors.ts';
import { stationIdFrom, type StationId } from '../core/ids.ts';
import type { Gap, GapCause, Step, StreamDescriptor, TickNs } from './types.ts';

const MAX_STREAMS = 256;
const MAX_COLUMNS = 256;
/** Four million readings of one stream in one hour are 1.1 kHz; a decoder allocates by it, so it is bounded. */
const MAX_ROWS = 4_194_304;
const MAX_BLOCK_ROWS = 65_536;
const MAX_TEXT = 500;
const MAX_GAPS = 65_536;

export interface ColumnIndex {
  readonly coding: number;
  readonly step: Step | null;
  readonly missing: number;
  /** From the start of the blocks. */
  readonly offset: number;
  readonly length: number;
  readonly crc: number;
  readonly min: number | null;
  readonly max: number | null;
}

export interface BlockIndex {
  readonly rows: number;
  readonly tickNs: number;
  /** Times first, then the stream's columns. */
  readonly columns: readonly ColumnIndex[];
}

export interface StreamIndex {
  readonly descriptor: StreamDescriptor;
  readonly rows: number;
  readonly blocks: readonly BlockIndex[];
}

export interface HourHeader {
  readonly station: StationId;
  readonly stationName: string;
  readonly startMs: number;
  readonly lengthMs: number;
  readonly gaps: readonly Gap[];
  readonly streams: readonly StreamIndex[];
  /** Where the blocks begin in the file. */
  readonly dataAt: number;
}

const uint = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const time = v.pipe(v.number(), v.safeInteger());
const text = v.pipe(v.string(), v.maxLength(MAX_TEXT));
const tick = v.picklist([1_000_000_000, 1_000_000, 1_000, 1]);
const step = v.nullable(v.strictTuple([v.pipe(v.number(), v.minValue(Number.MIN_VALUE)), v.pipe(v.number(), v.minValue(Number.MIN_VALUE))]));
const columnIndex = v.strictTuple([
  uint,
  step,
  uint,
  uint,
  uint,
  uint,
  v.nullable(v.strictTuple([v.nullable(v.number()), v.nullable(v.number())])),
]);
const block = v.strictTuple([v.pipe(uint, v.minValue(1), v.maxValue(MAX_BLOCK_ROWS)), tick, v.array(columnIndex)]);
const stream = v.strictTuple([
  text,
  v.pipe(v.array(v.strictTuple([text, text, step])), v.maxLength(MAX_COLUMNS)),
  v.nullable(v.number()),
  tick,
  text,
  text,
  v.boolean(),
  v.pipe(uint, v.maxValue(MAX_ROWS)),
  v.array(block),
]);
const schema = v.object({
  station: v.pipe(v.instance(Uint8Array) as v.GenericSchema<Bytes>, v.length(16)),
  name: text,
  start: time,
  length: uint,
  streams: v.pipe(v.array(stream), v.maxLength(MAX_STREAMS)),
  gaps: v.pipe(v.array(v.strictTuple([v.nullable(uint), time, time, text, text])), v.maxLength(MAX_GAPS)),
});

function stepFrom(wire: [number, number] | null): Step | null {
  return wire === null ? null : { numerator: wire[0], denominator: wire[1] };
}

function blockFrom([rows, tickNs, columns]: v.InferOutput<typeof block>, dataBytes: number, columnCount: number): BlockIndex {
  if (columns.length !== columnCount + 1) throw new WaystationError('malformed', 'a block does not have its columns');
  return {
    rows,
    tickNs,
    columns: columns.map(([coding, wireStep, missing, offset, length, crc, extent]) => {
      if (missing > rows) throw new WaystationError('malformed', 'a block misses more values than it has rows');
      if (offset + length > dataBytes) throw new WaystationError('corrupt', 'this hour is cut off: a block lies past its end');
      const [min, max] = extent ?? [null, null];
      return { coding, step: stepFrom(wireStep), missing, offset, length, crc, min, max };
    }),
  };
}

/** Checks a decoded header. @throws WaystationError `malformed`, `corrupt`. */
export function parseHourHeader(value: CborValue, dataAt: number, fileBytes: number): HourHeader {
  const parsed = v.safeParse(schema, value instanceof Map ? Object.fromEntries(value) : value);
  if (!parsed.success) {
    throw new WaystationError('malformed', `the description of this hour is not as expected: ${parsed.issues[0].message}`);
  }
  const { station, name, start, length, gaps, streams } = parsed.output;
  return {
    station: stationIdFrom(station),
    stationName: name,
    startMs: start,
    lengthMs: length,
    gaps: gaps.map(([index, fromMs, toMs, cause, detail]) => ({
      stream: index,
      fromMs,
      toMs,
      cause: cause as GapCause,
      detail,
    })),
    streams: streams.map(([streamName, columns, askedRateHz, tickNs, driver, device, replay, rows, blocks]) => {
      const descriptor: StreamDescriptor = {
        name: streamName,
        columns: columns.map(([columnName, unit, wireStep]) => ({ name: columnName, unit, step: stepFrom(wireStep) })),
        askedRateHz,
        tickNs: tickNs as TickNs,
        driver,
        device,
        replay,
      };
      const index = blocks.map((one) => blockFrom(one, fileBytes - dataAt, columns.length));
      if (index.reduce((sum, one) => sum + one.rows, 0) !== rows) {
        throw new WaystationError('malformed', 'the blocks of a stream do not add up to its rows');
      }
      return { descriptor, rows, blocks: index };
    }),
    dataAt,
  };
}
