/**
 * The description of an hour file: between {@link HourHeader} and its deterministic CBOR map. Everything read here came from a
 * stranger: counts, places and sizes are checked against each other before anything is allocated by them.
 *
 * Invariants: the blocks tile the rest of the file in order, without overlap or hole, so that no byte is decoded twice; the values
 * of all blocks together stay below MAX_HOUR_CELLS. Unknown keys are ignored: later versions may add some.
 */
import * as v from 'valibot';
import type { Bytes } from '../core/bytes.ts';
import type { CborValue } from '../core/cbor.ts';
import { WaystationError } from '../core/errors.ts';
import { idBytes, type StationId, stationIdFrom } from '../core/ids.ts';
import {
  type BlockIndex,
  blockFrom,
  blockSchema,
  blockToWire,
  malformed,
  stepFrom,
  stepSchema,
  stepToWire,
  tickSchema,
} from './block-index.ts';
import {
  MAX_CALIBRATION_CHARS,
  MAX_COLUMNS,
  MAX_GAPS,
  MAX_HOUR_CELLS,
  MAX_STREAMS,
  MAX_TEXT_CHARS,
  MAX_TIME_MS,
} from './limits.ts';

export type { BlockIndex, ColumnIndex } from './block-index.ts';

import type { ClockEstimate, ColumnDescriptor, Gap, GapCause, StreamDescriptor } from './types.ts';

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

function descriptorToWire(descriptor: StreamDescriptor): [string, CborValue][] {
  return [
    ['name', descriptor.name],
    [
      'columns',
      descriptor.columns.map(({ name, unit, step }) => [name, unit, step === null ? null : stepToWire(step)]),
    ],
    ['asked', descriptor.askedRateHz],
    ['tick', descriptor.tickNs],
    ['driver', descriptor.driver],
    ['device', descriptor.device],
    ['replay', descriptor.replay],
    ...(descriptor.calibration === undefined
      ? []
      : ([['calibration', descriptor.calibration]] as [string, CborValue][])),
    ...((descriptor.profile ?? 'small') === 'small'
      ? []
      : ([['profile', descriptor.profile]] as [string, CborValue][])),
  ];
}

function streamToWire({ descriptor, blocks }: StreamIndex): CborValue {
  return new Map<string, CborValue>([
    ...descriptorToWire(descriptor),
    ['blocks', blocks.map((one) => blockToWire(one, descriptor.columns))],
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
const rate = v.nullable(v.pipe(v.number(), v.minValue(0)));
const descriptorFields = {
  name: text,
  columns: v.pipe(v.array(v.strictTuple([text, text, v.nullable(stepSchema)])), v.maxLength(MAX_COLUMNS)),
  asked: rate,
  tick: tickSchema,
  driver: text,
  device: text,
  replay: v.boolean(),
  calibration: v.optional(v.pipe(v.string(), v.maxLength(MAX_CALIBRATION_CHARS))),
  profile: v.optional(v.picklist(['small', 'fast'])),
};
const stream = v.object({ ...descriptorFields, blocks: v.array(blockSchema) });
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

function descriptorFrom(wire: v.InferOutput<typeof stream>): StreamDescriptor {
  return {
    name: wire.name,
    columns: wire.columns.map(
      ([name, unit, wireStep]): ColumnDescriptor => ({
        name,
        unit,
        step: wireStep === null ? null : stepFrom(wireStep),
      }),
    ),
    askedRateHz: wire.asked,
    tickNs: wire.tick,
    driver: wire.driver,
    device: wire.device,
    replay: wire.replay,
    ...(wire.calibration === undefined ? {} : { calibration: wire.calibration }),
    ...(wire.profile === undefined ? {} : { profile: wire.profile }),
  };
}

/** Blocks lie end to end in the order of their index: each begins where the one before ended. */
class Places {
  at = 0;
  next(length: number): number {
    const at = this.at;
    this.at += length;
    return at;
  }
}

function streamFrom(wire: v.InferOutput<typeof stream>, places: Places): StreamIndex {
  const descriptor = descriptorFrom(wire);
  const blocks = wire.blocks.map((one) => blockFrom(one, descriptor, places.next(one[2])));
  return { descriptor, ...extentOfBlocks(blocks), blocks };
}

/** All rows, and readings per second between the earliest and the latest. */
export function extentOfBlocks(blocks: readonly BlockIndex[]): Pick<StreamIndex, 'rows' | 'achievedRateHz'> {
  let rows = 0;
  let firstNs = Number.POSITIVE_INFINITY;
  let lastNs = Number.NEGATIVE_INFINITY;
  for (const one of blocks) {
    rows += one.rows;
    firstNs = Math.min(firstNs, one.firstTick * one.tickNs);
    lastNs = Math.max(lastNs, one.lastTick * one.tickNs);
  }
  const spanNs = lastNs - firstNs;
  return { rows, achievedRateHz: spanNs > 0 ? (rows - 1) / (spanNs / 1e9) : null };
}

function checkSizes(streams: readonly StreamIndex[], indexedBytes: number, dataBytes: number | null): void {
  if (dataBytes !== null && indexedBytes !== dataBytes) {
    throw new WaystationError(
      'corrupt',
      `expected ${indexedBytes} bytes of blocks in this hour, got ${dataBytes}: fetch it again`,
    );
  }
  let cells = 0;
  for (const { blocks } of streams) {
    for (const { rows, columns } of blocks) cells += rows * (columns.length + 1);
  }
  if (cells > MAX_HOUR_CELLS) {
    throw new WaystationError('limit', `expected at most ${MAX_HOUR_CELLS} values in one hour, got ${cells}`);
  }
}

/**
 * Checks a decoded header against the file's size.
 * @param fileBytes null for a file that may be cut off: then the blocks need not fill it.
 * @throws WaystationError `malformed`, `corrupt`, `limit`.
 */
export function parseHourHeader(value: CborValue, dataAt: number, fileBytes: number | null): HourHeader {
  const top = plain(value) as { streams?: unknown } | null;
  if (typeof top === 'object' && top !== null && Array.isArray(top.streams)) {
    if (top.streams.length > MAX_STREAMS) throw malformed(`more than ${MAX_STREAMS} streams`);
    top.streams = top.streams.map(plain);
  }
  const parsed = v.safeParse(schema, top, { abortEarly: true });
  if (!parsed.success)
    throw malformed(`${parsed.issues[0].message} in ${v.getDotPath(parsed.issues[0]) ?? 'its map'}`);
  const wire = parsed.output;
  const places = new Places();
  const streams = wire.streams.map((one) => streamFrom(one, places));
  checkSizes(streams, places.at, fileBytes === null ? null : fileBytes - dataAt);
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
