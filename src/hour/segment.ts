/**
 * Write-ahead segments: what the recorder took in since the last one, written every second or so, so that a crash loses at most
 * that second. CRC-32 (u32 BE) over deterministic CBOR, rows as blocks in the fast profile whatever the stream's own is: quick to
 * write, small, told when damaged. Every value comes back bit for bit, NaN standing for missing (docs/HOUR.md).
 */
import * as v from 'valibot';
import { type Bytes, concatBytes } from '../core/bytes.ts';
import { type CborValue, decodeCbor, encodeCbor } from '../core/cbor.ts';
import { crc32 } from '../core/crc32.ts';
import { WaystationError } from '../core/errors.ts';
import { stepFrom, stepSchema, stepToWire, tickSchema } from './block-index.ts';
import { checkTimes, setTimes, ticksOf } from './block-times.ts';
import { decodeFastBlock, encodeFastBlock } from './coding/fast/block.ts';
import { MAX_BLOCK_ROWS, MAX_COLUMNS, MAX_HOUR_CELLS } from './limits.ts';
import type { Gap, GapCause, ReadingBatch, StreamDescriptor } from './types.ts';

const VERSION = 3;
/** A second of 64 streams at 400 Hz with ten columns is some 300 KiB; a fast replay writes more at once, at most {@link MAX_HOUR_CELLS}. */
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
  /** Which row of the hour the first of them is, from 0. */
  readonly from: number;
  readonly batch: ReadingBatch;
}

/** Rows that are to be written. */
export interface TakenRows extends SegmentRows {
  readonly descriptor: StreamDescriptor;
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

/** Rows as blocks, which end where a block is full. */
function rowsToWire({ stream, from: first, descriptor, batch }: TakenRows, startMs: number): CborValue[] {
  const declared = descriptor.columns.map(({ step }) => step);
  const count = batch.offsetsNs.length;
  checkTimes(batch, startMs, 0, count);
  const blocks: CborValue[] = [];
  for (let from = 0; from < count; from += MAX_BLOCK_ROWS) {
    const to = Math.min(count, from + MAX_BLOCK_ROWS);
    const { tickNs, ticks } = ticksOf(batch, startMs, from, to, descriptor.tickNs);
    const columns = batch.columns.map((column) => column.subarray(from, to));
    const { bytes, steps } = encodeFastBlock(ticks, columns, declared);
    const wireSteps = columns.map((_, i) => (steps[i] == null ? null : stepToWire(steps[i])));
    blocks.push([stream, first + from, to - from, tickNs, wireSteps, bytes]);
  }
  return blocks;
}

/** @throws RangeError when times are no whole nanoseconds. */
export function encodeSegment(
  segment: Omit<Segment, 'rows'> & { readonly rows: readonly TakenRows[] },
): Bytes {
  const body = encodeCbor([
    VERSION,
    segment.startMs,
    segment.lengthMs,
    segment.beginMs,
    segment.streams.map((s) => [
      s.name,
      s.columns.map((c) => [c.name, c.unit, c.step === null ? null : stepToWire(c.step)]),
      s.askedRateHz,
      s.tickNs,
      s.driver,
      s.device,
      s.replay,
      s.calibration ?? null,
      s.profile ?? null,
    ]),
    segment.rows.flatMap((rows) => rowsToWire(rows, segment.startMs)),
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
const steps = v.array(v.nullable(stepSchema));
const schema = v.strictTuple([
  v.literal(VERSION),
  v.pipe(v.number(), v.safeInteger()),
  v.pipe(uint, v.minValue(1)),
  v.number(),
  v.array(
    v.strictTuple([
      v.string(),
      v.array(v.strictTuple([v.string(), v.string(), v.nullable(stepSchema)])),
      v.nullable(v.number()),
      tickSchema,
      v.string(),
      v.string(),
      v.boolean(),
      v.nullable(v.string()),
      v.nullable(v.picklist(['small', 'fast'])),
    ]),
  ),
  v.array(
    v.strictTuple([
      uint,
      uint,
      v.pipe(uint, v.minValue(1), v.maxValue(MAX_BLOCK_ROWS)),
      tickSchema,
      v.pipe(steps, v.maxLength(MAX_COLUMNS)),
      raw,
    ]),
  ),
  v.array(v.strictTuple([v.nullable(uint), v.number(), v.number(), v.string(), v.string()])),
  v.array(v.strictTuple([uint, v.number(), v.string(), v.string()])),
  v.boolean(),
]);
type WireBlock = v.InferOutput<typeof schema>[5][number];

/** @throws WaystationError `corrupt`. */
function blockFrom([stream, from, rows, tickNs, wireSteps, bytes]: WireBlock, startMs: number): SegmentRows {
  const columnSteps = wireSteps.map((step) => (step === null ? null : stepFrom(step)));
  const { ticks, columns } = decodeFastBlock(bytes, rows, columnSteps, columnSteps.length);
  setTimes(ticks, tickNs, ticks, 0);
  return { stream, from, batch: { baseMs: startMs, offsetsNs: ticks, columns } };
}

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
  const [, startMs, lengthMs, beginMs, streams, blocks, gaps, pending, isComplete] = parsed.output;
  const cells = blocks.reduce((sum, [, , rows, , columns]) => sum + rows * (columns.length + 1), 0);
  if (cells > MAX_HOUR_CELLS)
    throw new WaystationError('corrupt', 'a write-ahead segment has more than an hour holds');
  return {
    startMs,
    lengthMs,
    beginMs,
    streams: streams.map(
      ([name, columns, askedRateHz, tickNs, driver, device, replay, calibration, profile]) => ({
        name,
        columns: columns.map(([columnName, unit, wire]) => ({
          name: columnName,
          unit,
          step: wire === null ? null : stepFrom(wire),
        })),
        askedRateHz,
        tickNs,
        driver,
        device,
        replay,
        ...(calibration === null ? {} : { calibration }),
        ...(profile === null ? {} : { profile }),
      }),
    ),
    rows: blocks.map((block) => blockFrom(block, startMs)),
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
