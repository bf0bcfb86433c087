/**
 * The body of an hour's entry, read: what one needs to name and to draw an hour before the hour itself has come. Deterministic CBOR
 * (docs/PROTOCOL.md §10), not compressed: a page reads a year of twenty stations' entries, 175,000 of them, when it starts.
 * It is written by hour-body-writing.ts.
 *
 * Invariants: what is read is within the bounds of the schema, its times are dates, no least value is above its greatest, no mean
 * outside of them, and bands are those that src/hour/pyramid.ts writes.
 */
import * as v from 'valibot';
import type { Bytes } from '../core/bytes.ts';
import { decodeCbor } from '../core/cbor.ts';
import { WaystationError } from '../core/errors.ts';
import { type StationId, stationIdFrom } from '../core/ids.ts';
import { boundedList, FIRST_ISSUE } from '../core/schema.ts';
import { MAX_ENTRY_BYTES } from '../feed/entry.ts';
import { MAX_DECIMALS, powerOfTen } from '../hour/lattice.ts';
import { MAX_COLUMNS, MAX_TEXT_CHARS, MAX_TIME_MS } from '../hour/limits.ts';
import {
  areBands,
  type Extent,
  MAX_PARTS,
  MAX_SUMMARY_COLUMNS,
  MAX_SUMMARY_STREAMS,
  valueAtStep,
} from '../hour/pyramid.ts';
import type { ColumnSummary, Gap, GapCause, Step, StreamSummary } from '../hour/types.ts';
import { wordFrom, wordSchema } from './entry-words.ts';

/** The form of the body. */
export const HOUR_BODY_VERSION = 2;

/** Gaps told in the entry; the hour itself has them all. */
export const MAX_SUMMARY_GAPS = 64;
/** A mean is told as one of so many steps between the least and the greatest value: two bytes, and an even number, so that the middle is one. */
export const TOP_MEAN = 65_534;

/** What an entry tells of one column. */
export interface ColumnOverview extends ColumnSummary {
  readonly name: string;
  /** UCUM-style, empty when unknown. */
  readonly unit: string;
  /** The sensor's declared rounding, if it has one. */
  readonly step: Step | null;
}

/** What an entry tells of one stream. */
export interface StreamOverview extends Omit<StreamSummary, 'columns'> {
  readonly driver: string;
  readonly device: string;
  readonly replay: boolean;
  /** How many columns the stream has; `columns` has the first of them. */
  readonly width: number;
  readonly columns: readonly ColumnOverview[];
  /** Of each column in order as many bytes as there are parts (src/hour/pyramid.ts); empty when there are none. */
  readonly bands: Uint8Array;
}

export interface HourBody {
  readonly station: StationId;
  readonly stationName: string;
  readonly startMs: number;
  readonly lengthMs: number;
  /** Names the open hour this was sealed from, so that a crash between sealing and forgetting cannot seal it twice. */
  readonly openId: Bytes;
  readonly streams: readonly StreamOverview[];
  readonly gaps: readonly Gap[];
}

/** The bands of one column of a stream; empty when none are told. */
export function bandsOfColumn({ columns, bands }: StreamOverview, index: number): Uint8Array {
  const parts = columns.length === 0 ? 0 : bands.length / columns.length;
  return bands.subarray(index * parts, (index + 1) * parts);
}

const raw = v.instance(Uint8Array) as v.GenericSchema<Bytes>;
const text = v.pipe(v.string(), v.maxLength(MAX_TEXT_CHARS));
const time = v.pipe(v.number(), v.safeInteger(), v.minValue(-MAX_TIME_MS), v.maxValue(MAX_TIME_MS));
const whole = v.pipe(v.number(), v.safeInteger());
const uint = v.pipe(whole, v.minValue(0));
const positive = v.pipe(v.number(), v.minValue(Number.MIN_VALUE));
/** null: none; d: the declared step 10^−d; −1−d: none is declared, and the extremes lie on 10^−d; a list: the declared step. */
const gridSchema = v.nullable(
  v.union([
    v.pipe(whole, v.minValue(-1 - MAX_DECIMALS), v.maxValue(MAX_DECIMALS)),
    v.strictTuple([positive, positive]),
  ]),
);
/** A number on the grid, or in a list the value itself. */
const extremeSchema = v.union([whole, v.strictTuple([v.number()])]);
const columnSchema = v.union([
  v.strictTuple([wordSchema, wordSchema, gridSchema, uint]),
  v.strictTuple([
    wordSchema,
    wordSchema,
    gridSchema,
    uint,
    extremeSchema,
    extremeSchema,
    v.pipe(uint, v.maxValue(TOP_MEAN)),
  ]),
]);
const streamSchema = v.strictTuple([
  wordSchema,
  wordSchema,
  text,
  v.boolean(),
  uint,
  v.nullable(whole),
  v.nullable(uint),
  v.pipe(uint, v.maxValue(MAX_COLUMNS)),
  boundedList(columnSchema, MAX_SUMMARY_COLUMNS),
  v.pipe(
    raw,
    v.maxLength(MAX_PARTS * MAX_SUMMARY_COLUMNS),
    v.check((bands: Bytes) => areBands(bands)),
  ),
]);
const gapSchema = v.strictTuple([v.nullable(uint), whole, whole, wordSchema, text]);
const hourSchema = v.strictTuple([
  v.literal(HOUR_BODY_VERSION),
  raw,
  text,
  time,
  v.pipe(uint, v.minValue(1), v.maxValue(MAX_TIME_MS)),
  raw,
  boundedList(streamSchema, MAX_SUMMARY_STREAMS),
  boundedList(gapSchema, MAX_SUMMARY_GAPS),
]);

/** 10^−d at index d, one object each for all columns. */
export const DECIMAL_STEPS: readonly Step[] = Array.from({ length: MAX_DECIMALS + 1 }, (_, decimals) => ({
  numerator: 1,
  denominator: powerOfTen(decimals),
}));

function malformed(what: string): WaystationError {
  return new WaystationError('malformed', `expected the body of an hour: ${what}`);
}

function stepsOf(wire: v.InferOutput<typeof gridSchema>): {
  readonly step: Step | null;
  readonly unit: Step | null;
} {
  if (wire === null) return { step: null, unit: null };
  if (typeof wire !== 'number') {
    const step = { numerator: wire[0], denominator: wire[1] };
    return { step, unit: step };
  }
  const unit = DECIMAL_STEPS[wire < 0 ? -1 - wire : wire] ?? null;
  return { step: wire < 0 ? null : unit, unit };
}

function columnFrom(wire: v.InferOutput<typeof columnSchema>, rows: number): ColumnOverview {
  const [name, unit, grid, missing, least, span, mean] = wire;
  if (missing > rows) throw malformed('a column lacks more values than there are rows');
  const steps = stepsOf(grid);
  const extent =
    least === undefined || span === undefined || mean === undefined
      ? undefined
      : extentFrom(least, span, steps.unit);
  // Spelled out: objects put together from others take twice the room, and a page keeps a million of these.
  return {
    name: wordFrom(name),
    unit: wordFrom(unit),
    step: steps.step,
    count: rows - missing,
    min: extent?.min ?? null,
    max: extent?.max ?? null,
    mean: extent === undefined || mean === undefined ? null : valueAtStep(mean, TOP_MEAN, extent),
  };
}

type Extreme = v.InferOutput<typeof extremeSchema>;

function extentFrom(least: Extreme, span: Extreme, grid: Step | null): Extent {
  if (typeof least !== 'number' && typeof span !== 'number') {
    const [[min], [max]] = [least, span];
    if (!(min <= max)) throw malformed('a least value above the greatest');
    return { min, max };
  }
  if (typeof least !== 'number' || typeof span !== 'number' || grid === null)
    throw malformed('numbers on a grid, or values');
  const min = (least * grid.numerator) / grid.denominator;
  const max = ((least + span) * grid.numerator) / grid.denominator;
  if (!(min <= max) || !Number.isFinite(min) || !Number.isFinite(max))
    throw malformed('a least value above the greatest');
  return { min, max };
}

/** A moment that a date can hold. */
function moment(ms: number): number {
  if (!(Math.abs(ms) <= MAX_TIME_MS)) throw malformed('times that a date can hold');
  return ms;
}

function streamFrom(wire: v.InferOutput<typeof streamSchema>, startMs: number): StreamOverview {
  const [name, driver, device, replay, rows, first, length, width, wireColumns, bands] = wire;
  if ((first === null) !== (length === null)) throw malformed('the times of both ends, or of none');
  const firstMs = first === null ? null : moment(startMs + first);
  const lastMs = firstMs === null || length === null ? null : moment(firstMs + length);
  if (width < wireColumns.length) throw malformed('no more columns than the stream has');
  const parts = wireColumns.length === 0 ? bands.length : bands.length / wireColumns.length;
  const isTold =
    parts === 0 ||
    (firstMs !== null && parts >= 2 && parts <= MAX_PARTS && Number.isInteger(Math.log2(parts)));
  if (!isTold || (wireColumns.length === 0 && parts > 0))
    throw malformed('bands of two to 32 parts for each column');
  return {
    name: wordFrom(name),
    driver: wordFrom(driver),
    device: wordFrom(device),
    replay,
    rows,
    firstMs,
    lastMs,
    achievedRateHz: length === null || length === 0 || rows < 2 ? null : ((rows - 1) * 1_000) / length,
    width,
    columns: wireColumns.map((column) => columnFrom(column, rows)),
    bands,
  };
}

/** @throws WaystationError `malformed`, `limit`. */
export function decodeHourBody(bytes: Uint8Array): HourBody {
  const parsed = v.safeParse(hourSchema, decodeCbor(bytes, MAX_ENTRY_BYTES), FIRST_ISSUE);
  if (!parsed.success) throw malformed(parsed.issues[0].message);
  const [, station, stationName, startMs, lengthMs, openId, streams, gaps] = parsed.output;
  if (startMs + lengthMs > MAX_TIME_MS) throw malformed('an end that a date can hold');
  return {
    station: stationIdFrom(station),
    stationName: wordFrom(stationName),
    startMs,
    lengthMs,
    openId,
    streams: streams.map((stream) => streamFrom(stream, startMs)),
    gaps: gaps.map(([stream, from, length, cause, detail]): Gap => {
      const fromMs = moment(startMs + from);
      return { stream, fromMs, toMs: moment(fromMs + length), cause: wordFrom(cause) as GapCause, detail };
    }),
  };
}
