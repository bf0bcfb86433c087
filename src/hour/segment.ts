/**
 * Write-ahead segments: what the recorder took in since the last one, written every second or so, so that a crash loses at most
 * that second. CRC-32 (u32 BE) over deterministic CBOR, float64 little endian for the rows: quick to write, told when damaged.
 */
import * as v from 'valibot';
import { asBytes, type Bytes, concatBytes } from '../core/bytes.ts';
import { decodeCbor, encodeCbor } from '../core/cbor.ts';
import { crc32 } from '../core/crc32.ts';
import { WaystationError } from '../core/errors.ts';
import type { Gap, GapCause, ReadingBatch, StreamDescriptor, TickNs } from './types.ts';

/** A second of 64 streams at 400 Hz with ten columns is 2 MiB; a fast replay writes more at once. */
export const MAX_SEGMENT_BYTES = 512 * 2 ** 20;
const CRC_BYTES = 4;

/** A gap that has not ended yet. */
export interface PendingGap {
  readonly stream: number;
  readonly fromMs: number;
  readonly cause: GapCause;
  readonly detail: string;
}

export interface SegmentRows {
  readonly stream: number;
  /** Which row of the hour the first of them is, from 0; null in segments of versions that did not tell. */
  readonly from: number | null;
  readonly batch: ReadingBatch;
}

export interface Segment {
  /** Slot that the open hour belongs to, ms. */
  readonly startMs: number;
  readonly lengthMs: number;
  /** From when on the station recorded in it, ms. */
  readonly beginMs: number;
  /** Streams that are new in this segment, in order of their numbers. */
  readonly streams: readonly StreamDescriptor[];
  readonly rows: readonly SegmentRows[];
  /** Gaps that were closed since the last segment. */
  readonly gaps: readonly Gap[];
  /** All gaps that are open now. */
  readonly pending: readonly PendingGap[];
  /** The hour is whole: nothing comes after this segment. */
  readonly isComplete: boolean;
}

function floatsToBytes(values: Float64Array): Bytes {
  const out = new Uint8Array(values.length * 8);
  const view = new DataView(out.buffer);
  for (let i = 0; i < values.length; i++) view.setFloat64(i * 8, values[i] as number, true);
  return out;
}

function floatsFrom(bytes: Uint8Array): Float64Array<ArrayBuffer> {
  if (bytes.length % 8 !== 0)
    throw new WaystationError('corrupt', 'expected whole float64 values in a segment');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const values = new Float64Array(bytes.length / 8);
  for (let i = 0; i < values.length; i++) values[i] = view.getFloat64(i * 8, true);
  return values;
}

export function encodeSegment(segment: Segment): Bytes {
  const body = encodeCbor([
    2,
    segment.startMs,
    segment.lengthMs,
    segment.beginMs,
    segment.streams.map((s) => [
      s.name,
      s.columns.map((c) => [c.name, c.unit, c.step === null ? null : [c.step.numerator, c.step.denominator]]),
      s.askedRateHz,
      s.tickNs,
      s.driver,
      s.device,
      s.replay,
      s.calibration ?? null,
    ]),
    segment.rows.map(({ stream, from, batch }) => [
      stream,
      from,
      batch.baseMs,
      floatsToBytes(batch.offsetsNs),
      batch.columns.map(floatsToBytes),
    ]),
    segment.gaps.map((gap) => [gap.stream, gap.fromMs, gap.toMs, gap.cause, gap.detail]),
    segment.pending.map((gap) => [gap.stream, gap.fromMs, gap.cause, gap.detail]),
    segment.isComplete,
  ]);
  const crc = new Uint8Array(CRC_BYTES);
  new DataView(crc.buffer).setUint32(0, crc32(body));
  return concatBytes(crc, body);
}

const uint = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const raw = v.instance(Uint8Array) as v.GenericSchema<Bytes>;
const step = v.nullable(v.strictTuple([v.number(), v.number()]));
/** What stands before the rows, and after them; 1 is what versions wrote that did not say which rows these are. */
const head = [
  v.pipe(v.number(), v.safeInteger()),
  v.pipe(uint, v.minValue(1)),
  v.number(),
  v.array(
    v.strictTuple([
      v.string(),
      v.array(v.strictTuple([v.string(), v.string(), step])),
      v.nullable(v.number()),
      v.number(),
      v.string(),
      v.string(),
      v.boolean(),
      v.nullable(v.string()),
    ]),
  ),
] as const;
const tail = [
  v.array(v.strictTuple([v.nullable(uint), v.number(), v.number(), v.string(), v.string()])),
  v.array(v.strictTuple([uint, v.number(), v.string(), v.string()])),
  v.boolean(),
] as const;
const rowsOf = [v.pipe(v.number(), v.safeInteger()), raw, v.array(raw)] as const;
const schema = v.union([
  v.strictTuple([
    v.literal(2),
    ...head,
    v.array(v.strictTuple([uint, v.nullable(uint), ...rowsOf])),
    ...tail,
  ]),
  v.pipe(
    v.strictTuple([v.literal(1), ...head, v.array(v.strictTuple([uint, ...rowsOf])), ...tail]),
    v.transform(([, startMs, lengthMs, beginMs, streams, rows, ...rest]) => {
      const unplaced = rows.map(([stream, ...batch]): [number, null, number, Bytes, Bytes[]] => [
        stream,
        null,
        ...batch,
      ]);
      return [2 as const, startMs, lengthMs, beginMs, streams, unplaced, ...rest] as const;
    }),
  ),
]);

/** @throws WaystationError `corrupt`, `malformed`, `limit`. */
export function decodeSegment(bytes: Uint8Array): Segment {
  const body = bytes.subarray(CRC_BYTES);
  const isWhole =
    bytes.length > CRC_BYTES &&
    new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0) === crc32(body);
  if (!isWhole)
    throw new WaystationError('corrupt', 'a write-ahead segment is damaged: the crash cut it off');
  const parsed = v.safeParse(schema, decodeCbor(body, MAX_SEGMENT_BYTES));
  if (!parsed.success) throw new WaystationError('corrupt', 'a write-ahead segment is not as expected');
  const [, startMs, lengthMs, beginMs, streams, rows, gaps, pending, isComplete] = parsed.output;
  return {
    startMs,
    lengthMs,
    beginMs,
    streams: streams.map(([name, columns, askedRateHz, tickNs, driver, device, replay, calibration]) => ({
      name,
      columns: columns.map(([columnName, unit, wire]) => ({
        name: columnName,
        unit,
        step: wire === null ? null : { numerator: wire[0], denominator: wire[1] },
      })),
      askedRateHz,
      tickNs: tickNs as TickNs,
      driver,
      device,
      replay,
      ...(calibration === null ? {} : { calibration }),
    })),
    rows: rows.map(([stream, from, baseMs, offsets, columns]) => ({
      stream,
      from,
      batch: { baseMs, offsetsNs: floatsFrom(asBytes(offsets)), columns: columns.map(floatsFrom) },
    })),
    gaps: gaps.map(([stream, fromMs, toMs, cause, detail]) => ({
      stream,
      fromMs,
      toMs,
      cause: cause as GapCause,
      detail,
    })),
    pending: pending.map(([stream, fromMs, cause, detail]) => ({
      stream,
      fromMs,
      cause: cause as GapCause,
      detail,
    })),
    isComplete,
  };
}
