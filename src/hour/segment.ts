/**
 * Write-ahead segments: what the recorder took in since the last one, written every second or so, so that a crash loses at most
 * that second. Deterministic CBOR, float64 little endian for the rows; the store's logs check each segment for damage.
 */
import * as v from 'valibot';
import { asBytes, type Bytes } from '../core/bytes.ts';
import { decodeCbor, encodeCbor } from '../core/cbor.ts';
import { WaystationError } from '../core/errors.ts';
import type { Gap, GapCause, ReadingBatch, StreamDescriptor, TickNs } from './types.ts';

/** A second of 64 streams at 400 Hz with ten columns is 2 MiB; a fast replay writes more at once. */
export const MAX_SEGMENT_BYTES = 64 * 2 ** 20;

export interface Segment {
  /** Slot that the open hour belongs to, ms. */
  readonly startMs: number;
  readonly lengthMs: number;
  /** Streams that are new in this segment, in order of their numbers. */
  readonly streams: readonly StreamDescriptor[];
  readonly rows: readonly { readonly stream: number; readonly batch: ReadingBatch }[];
  /** Gaps that were closed since the last segment. */
  readonly gaps: readonly Gap[];
}

function floatsToBytes(values: Float64Array): Uint8Array {
  return new Uint8Array(values.slice().buffer);
}

function floatsFrom(bytes: Uint8Array): Float64Array<ArrayBuffer> {
  if (bytes.length % 8 !== 0) throw new WaystationError('corrupt', 'expected whole float64 values in a segment');
  return new Float64Array(bytes.slice().buffer);
}

export function encodeSegment(segment: Segment): Bytes {
  return encodeCbor([
    1,
    segment.startMs,
    segment.lengthMs,
    segment.streams.map((s) => [
      s.name,
      s.columns.map((c) => [c.name, c.unit, c.step === null ? null : [c.step.numerator, c.step.denominator]]),
      s.askedRateHz,
      s.tickNs,
      s.driver,
      s.device,
      s.replay,
    ]),
    segment.rows.map(({ stream, batch }) => [
      stream,
      batch.baseMs,
      floatsToBytes(batch.offsetsNs),
      batch.columns.map(floatsToBytes),
    ]),
    segment.gaps.map((gap) => [gap.stream, gap.fromMs, gap.toMs, gap.cause, gap.detail]),
  ]);
}

const uint = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const raw = v.instance(Uint8Array) as v.GenericSchema<Bytes>;
const step = v.nullable(v.strictTuple([v.number(), v.number()]));
const schema = v.strictTuple([
  v.literal(1),
  v.number(),
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
    ]),
  ),
  v.array(v.strictTuple([uint, v.number(), raw, v.array(raw)])),
  v.array(v.strictTuple([v.nullable(uint), v.number(), v.number(), v.string(), v.string()])),
]);

/** @throws WaystationError `corrupt`, `malformed`, `limit`. */
export function decodeSegment(bytes: Uint8Array): Segment {
  const parsed = v.safeParse(schema, decodeCbor(bytes, MAX_SEGMENT_BYTES));
  if (!parsed.success) throw new WaystationError('corrupt', 'a write-ahead segment is not as expected');
  const [, startMs, lengthMs, streams, rows, gaps] = parsed.output;
  return {
    startMs,
    lengthMs,
    streams: streams.map(([name, columns, askedRateHz, tickNs, driver, device, replay]) => ({
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
    })),
    rows: rows.map(([stream, baseMs, offsets, columns]) => ({
      stream,
      batch: { baseMs, offsetsNs: floatsFrom(asBytes(offsets)), columns: columns.map(floatsFrom) },
    })),
    gaps: gaps.map(([stream, fromMs, toMs, cause, detail]) => ({ stream, fromMs, toMs, cause: cause as GapCause, detail })),
  };
}
