/**
 * The description of an hour file: between {@link HourHeader} and its deterministic CBOR map. Everything read here came from a
 * stranger: counts, places and sizes are checked against each other before anything is allocated by them.
 *
 * Invariants: the columns of all blocks tile the rest of the file in order, without overlap or hole, so that no byte is decoded
 * twice; the values of all blocks together stay below MAX_HOUR_CELLS. Unknown keys are ignored: later versions may add some.
 */
import * as v from 'valibot';
import type { Bytes } from '../core/bytes.ts';
import type { CborValue } from '../core/cbor.ts';
import { WaystationError } from '../core/errors.ts';
import { idBytes, type StationId, stationIdFrom } from '../core/ids.ts';
import {
  MAX_BLOCK_ROWS,
  MAX_CALIBRATION_CHARS,
  MAX_COLUMNS,
  MAX_GAPS,
  MAX_HOUR_CELLS,
  MAX_STREAMS,
  MAX_TEXT_CHARS,
  MAX_TIME_MS,
} from './limits.ts';
import type {
  ClockEstimate,
  ColumnDescriptor,
  Gap,
  GapCause,
  Step,
  StreamDescriptor,
  TickNs,
} from './types.ts';

export interface ColumnIndex {
  readonly coding: number;
  readonly step: Step | null;
  readonly missing: number;
  /** From the start of the blocks. */
  readonly offset: number;
  readonly length: number;
  readonly crc: number;
  /** Extent of the finite values, null when there is none; for the times in ticks. */
  readonly min: number | null;
  readonly max: number | null;
}

export interface BlockIndex {
  readonly rows: number;
  /** Nanoseconds per tick of this block's times. */
  readonly tickNs: TickNs;
  /** Times first (ticks from the slot's start), then the stream's columns. */
  readonly columns: readonly ColumnIndex[];
}

export interface StreamIndex {
  readonly descriptor: StreamDescriptor;
  readonly rows: number;
  /** Rows per second between the earliest and the latest reading, null below two rows. */
  readonly achievedRateHz: number | null;
  readonly blocks: readonly BlockIndex[];
}

export interface HourHeader {
  readonly station: StationId;
  readonly stationName: string;
  readonly startMs: number;
  readonly lengthMs: number;
  readonly gaps: readonly Gap[];
  readonly streams: readonly StreamIndex[];
  readonly responsible?: string;
  readonly clock?: ClockEstimate;
  /** Where the blocks begin in the file. */
  readonly dataAt: number;
}

const CAUSES: ReadonlySet<string> = new Set<GapCause>([
  'start',
  'stop',
  'hidden',
  'frozen',
  'permission',
  'sensor',
  'crash',
  'clock',
  'store',
  'unknown',
]);

function stepToWire(step: Step | null): CborValue {
  return step === null ? null : [step.numerator, step.denominator];
}

function descriptorToWire(descriptor: StreamDescriptor): [string, CborValue][] {
  return [
    ['name', descriptor.name],
    ['columns', descriptor.columns.map((column) => [column.name, column.unit, stepToWire(column.step)])],
    ['asked', descriptor.askedRateHz],
    ['tick', descriptor.tickNs],
    ['driver', descriptor.driver],
    ['device', descriptor.device],
    ['replay', descriptor.replay],
    ...(descriptor.calibration === undefined
      ? []
      : ([['calibration', descriptor.calibration]] as [string, CborValue][])),
  ];
}

function streamToWire({ descriptor, rows, achievedRateHz, blocks }: StreamIndex): CborValue {
  return new Map<string, CborValue>([
    ...descriptorToWire(descriptor),
    ['achieved', achievedRateHz],
    ['rows', rows],
    [
      'blocks',
      blocks.map((block) => [
        block.rows,
        block.tickNs,
        block.columns.map((c) => [
          c.coding,
          stepToWire(c.step),
          c.missing,
          c.offset,
          c.length,
          c.crc,
          [c.min, c.max],
        ]),
      ]),
    ],
  ]);
}

/** The header as a CBOR map. */
export function headerToWire(header: Omit<HourHeader, 'dataAt'>): CborValue {
  const { responsible, clock } = header;
  return new Map<string, CborValue>([
    ['station', idBytes(header.station)],
    ['name', header.stationName],
    ['start', header.startMs],
    ['length', header.lengthMs],
    ['streams', header.streams.map(streamToWire)],
    ['gaps', header.gaps.map((gap) => [gap.stream, gap.fromMs, gap.toMs, gap.cause, gap.detail])],
    ...(responsible === undefined ? [] : ([['responsible', responsible]] as [string, CborValue][])),
    ...(clock === undefined
      ? []
      : ([['clock', [clock.offsetMs, clock.errorMs, clock.source]]] as [string, CborValue][])),
  ]);
}

const uint = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const time = v.pipe(v.number(), v.minValue(-MAX_TIME_MS), v.maxValue(MAX_TIME_MS));
const text = v.pipe(v.string(), v.maxLength(MAX_TEXT_CHARS));
const tick = v.picklist([1_000_000_000, 1_000_000, 1_000, 1]);
const positive = v.pipe(v.number(), v.minValue(Number.MIN_VALUE));
const step = v.nullable(v.strictTuple([positive, positive]));
const rate = v.nullable(v.pipe(v.number(), v.minValue(0)));
const columnIndex = v.strictTuple([
  uint,
  step,
  uint,
  uint,
  uint,
  uint,
  v.strictTuple([v.nullable(v.number()), v.nullable(v.number())]),
]);
const block = v.strictTuple([
  v.pipe(uint, v.minValue(1), v.maxValue(MAX_BLOCK_ROWS)),
  tick,
  v.array(columnIndex),
]);
const descriptorFields = {
  name: text,
  columns: v.pipe(v.array(v.strictTuple([text, text, step])), v.maxLength(MAX_COLUMNS)),
  asked: rate,
  tick,
  driver: text,
  device: text,
  replay: v.boolean(),
  calibration: v.optional(v.pipe(v.string(), v.maxLength(MAX_CALIBRATION_CHARS))),
};
const stream = v.object({ ...descriptorFields, achieved: rate, rows: uint, blocks: v.array(block) });
const schema = v.object({
  station: v.pipe(v.instance(Uint8Array) as v.GenericSchema<Bytes>, v.length(16)),
  name: text,
  start: v.pipe(time, v.safeInteger()),
  length: v.pipe(uint, v.minValue(1)),
  streams: v.pipe(v.array(stream), v.maxLength(MAX_STREAMS)),
  gaps: v.pipe(v.array(v.strictTuple([v.nullable(uint), time, time, text, text])), v.maxLength(MAX_GAPS)),
  responsible: v.optional(text),
  clock: v.optional(v.strictTuple([v.number(), v.number(), text])),
});

function plain(value: CborValue): unknown {
  if (!(value instanceof Map)) return value;
  return Object.fromEntries([...value].filter(([key]) => key !== '__proto__'));
}

function stepFrom(wire: [number, number] | null): Step | null {
  return wire === null ? null : { numerator: wire[0], denominator: wire[1] };
}

function malformed(what: string): WaystationError {
  return new WaystationError('malformed', `the description of this hour is not as expected: ${what}`);
}

function blockFrom([rows, tickNs, columns]: v.InferOutput<typeof block>, columnCount: number): BlockIndex {
  if (columns.length !== columnCount + 1) throw malformed('a block does not have its columns');
  return {
    rows,
    tickNs,
    columns: columns.map(([coding, wireStep, missing, offset, length, crc, [min, max]]) => {
      if (missing > rows) throw malformed('a block misses more values than it has rows');
      return { coding, step: stepFrom(wireStep), missing, offset, length, crc, min, max };
    }),
  };
}

function descriptorFrom(wire: v.InferOutput<typeof stream>): StreamDescriptor {
  return {
    name: wire.name,
    columns: wire.columns.map(
      ([name, unit, wireStep]): ColumnDescriptor => ({ name, unit, step: stepFrom(wireStep) }),
    ),
    askedRateHz: wire.asked,
    tickNs: wire.tick,
    driver: wire.driver,
    device: wire.device,
    replay: wire.replay,
    ...(wire.calibration === undefined ? {} : { calibration: wire.calibration }),
  };
}

function streamFrom(wire: v.InferOutput<typeof stream>): StreamIndex {
  const descriptor = descriptorFrom(wire);
  const blocks = wire.blocks.map((one) => blockFrom(one, descriptor.columns.length));
  if (blocks.reduce((sum, one) => sum + one.rows, 0) !== wire.rows) {
    throw malformed('the blocks of a stream do not add up to its rows');
  }
  return { descriptor, rows: wire.rows, achievedRateHz: wire.achieved, blocks };
}

/** Columns must lie end to end; otherwise one small deflate stream could be named, and inflated, a million times. */
function checkTiling(streams: readonly StreamIndex[], dataBytes: number): void {
  let cells = 0;
  let at = 0;
  for (const { blocks } of streams) {
    for (const { rows, columns } of blocks) {
      cells += rows * columns.length;
      for (const { offset, length } of columns) {
        if (offset !== at) throw malformed('its columns do not lie end to end');
        at += length;
      }
    }
  }
  if (at !== dataBytes) {
    throw new WaystationError(
      'corrupt',
      `expected ${at} bytes of blocks in this hour, got ${dataBytes}: fetch it again`,
    );
  }
  if (cells > MAX_HOUR_CELLS) {
    throw new WaystationError('limit', `expected at most ${MAX_HOUR_CELLS} values in one hour, got ${cells}`);
  }
}

/** Checks a decoded header against the file's size. @throws WaystationError `malformed`, `corrupt`, `limit`. */
export function parseHourHeader(value: CborValue, dataAt: number, fileBytes: number): HourHeader {
  const top = plain(value) as { streams?: unknown } | null;
  if (typeof top === 'object' && top !== null && Array.isArray(top.streams)) {
    if (top.streams.length > MAX_STREAMS) throw malformed(`more than ${MAX_STREAMS} streams`);
    top.streams = top.streams.map(plain);
  }
  const parsed = v.safeParse(schema, top, { abortEarly: true });
  if (!parsed.success)
    throw malformed(`${parsed.issues[0].message} in ${v.getDotPath(parsed.issues[0]) ?? 'its map'}`);
  const wire = parsed.output;
  const streams = wire.streams.map(streamFrom);
  checkTiling(streams, fileBytes - dataAt);
  return {
    station: stationIdFrom(wire.station),
    stationName: wire.name,
    startMs: wire.start,
    lengthMs: wire.length,
    gaps: wire.gaps.map(([index, fromMs, toMs, cause, detail]): Gap => {
      if (index !== null && index >= streams.length)
        throw malformed('a gap names a stream that is not there');
      return {
        stream: index,
        fromMs,
        toMs,
        cause: CAUSES.has(cause) ? (cause as GapCause) : 'unknown',
        detail,
      };
    }),
    streams,
    ...(wire.responsible === undefined ? {} : { responsible: wire.responsible }),
    ...(wire.clock === undefined
      ? {}
      : { clock: { offsetMs: wire.clock[0], errorMs: wire.clock[1], source: wire.clock[2] } }),
    dataAt,
  };
}
