/** Arbitrary hours and small fixed ones, for the tests of the hour file and the recorder. */
import fc from 'fast-check';
import type { StationId } from '../../../src/core/ids.ts';
import type {
  Gap,
  GapCause,
  HourContent,
  HourStream,
  ReadingBatch,
  StreamDescriptor,
  TickNs,
} from '../../../src/hour/types.ts';

export const STATION = '000102030405060708090a0b0c0d0e0f' as StationId;
export const START_MS = Date.UTC(2026, 0, 1, 12);

const CAUSES: readonly GapCause[] = [
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
];
const TICKS: readonly TickNs[] = [1_000_000_000, 1_000_000, 1_000, 1];

export function descriptor(
  name: string,
  columns: readonly string[],
  over: Partial<StreamDescriptor> = {},
): StreamDescriptor {
  return {
    name,
    columns: columns.map((column) => ({ name: column, unit: '', step: null })),
    askedRateHz: null,
    tickNs: 1_000_000,
    driver: 'test',
    device: '',
    replay: false,
    ...over,
  };
}

/** One-column batch at whole milliseconds. */
export function batchAt(
  timesMs: readonly number[],
  values: readonly number[] = timesMs.map((_, i) => i),
): ReadingBatch {
  const baseMs = timesMs[0] ?? 0;
  return {
    baseMs,
    offsetsNs: Float64Array.from(timesMs, (ms) => (ms - baseMs) * 1e6),
    columns: [Float64Array.from(values)],
  };
}

const EDGES = [
  0,
  -0,
  1,
  -1,
  0.1,
  -0.3,
  5e-324,
  -5e-324,
  2.2250738585072014e-308,
  1.7976931348623157e308,
  -1.7976931348623157e308,
  2 ** 53 - 1,
  -(2 ** 53 - 1),
  2 ** 53,
  2 ** 53 + 2,
  -(2 ** 53),
  1e15,
  1e-15,
  0.123456789012345,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
];

/** Any bit pattern whatever, NaNs with payload included. */
const anyBits = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((bits) => {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
});

/** A value as sensors give it, or as nobody expects it. */
const value = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -100_000, max: 100_000 }).map((k) => k / 100) },
  { weight: 1, arbitrary: fc.constantFrom(...EDGES) },
  { weight: 1, arbitrary: anyBits },
  { weight: 1, arbitrary: fc.maxSafeInteger() },
);
const sensorValue = fc.integer({ min: -2000, max: 2000 }).map((k) => (k * 9.80665) / 16_384);

const step = fc.constantFrom(
  null,
  { numerator: 9.80665, denominator: 16_384 },
  { numerator: 1, denominator: 10 },
);

/** 2^53 − 1 ns and the largest jumps between times among them. */
const offsetNs = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -60_000, max: 3_600_000 }).map((ms) => ms * 1e6) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 3_600_000_000 }).map((us) => us * 1e3 + 1) },
  { weight: 1, arbitrary: fc.maxSafeInteger() },
);

function columnOf(rows: number): fc.Arbitrary<Float64Array> {
  const of = (one: fc.Arbitrary<number>) => fc.array(one, { minLength: rows, maxLength: rows });
  return fc
    .oneof(
      of(value),
      of(sensorValue),
      of(fc.constant(Number.NaN)),
      of(fc.constantFrom(20.1, 20.2, Number.NaN)),
    )
    .map((values) => Float64Array.from(values));
}

const text = fc.string({ unit: 'grapheme', maxLength: 20 });

export const anyStream: fc.Arbitrary<HourStream> = fc
  .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 4 }))
  .chain(([rows, width]) =>
    fc.record({
      descriptor: fc.record({
        name: text,
        columns: fc.array(fc.record({ name: text, unit: text, step }), {
          minLength: width,
          maxLength: width,
        }),
        askedRateHz: fc.option(fc.double({ min: 0, max: 1e4, noNaN: true })),
        tickNs: fc.constantFrom(...TICKS),
        driver: text,
        device: text,
        replay: fc.boolean(),
      }),
      rows: fc.record({
        baseMs: fc.constant(START_MS),
        offsetsNs: fc
          .array(offsetNs, { minLength: rows, maxLength: rows })
          .map((ns) => Float64Array.from(ns)),
        columns: fc.tuple(...Array.from({ length: width }, () => columnOf(rows))),
      }),
    }),
  )
  .map(({ descriptor: d, rows }) => ({ descriptor: { ...d, askedRateHz: plusZero(d.askedRateHz) }, rows }));

/** CBOR's shortest form does not tell −0 from 0, and no rate or time needs it. */
function plusZero<T extends number | null>(n: T): T {
  return (n === null ? n : n + 0) as T;
}

function anyGap(streams: number): fc.Arbitrary<Gap> {
  return fc.record({
    stream: streams === 0 ? fc.constant(null) : fc.option(fc.nat(streams - 1)),
    fromMs: fc.integer({ min: START_MS, max: START_MS + 3_600_000 }),
    toMs: fc.integer({ min: START_MS, max: START_MS + 3_600_000 }),
    cause: fc.constantFrom(...CAUSES),
    detail: text,
  });
}

export const anyHour: fc.Arbitrary<HourContent> = fc.array(anyStream, { maxLength: 3 }).chain((streams) =>
  fc.record({
    station: fc.constant(STATION),
    stationName: text,
    startMs: fc.constant(START_MS),
    lengthMs: fc.constant(3_600_000),
    streams: fc.constant(streams),
    gaps: fc.array(anyGap(streams.length), { maxLength: 4 }),
  }),
);

/** The 64-bit patterns, all NaNs as one: what must survive. */
export function bits(values: Float64Array): bigint[] {
  const canonical = values.map((one) => (Number.isNaN(one) ? Number.NaN : one));
  return [...new BigUint64Array(canonical.buffer)];
}

/** An hour with its arrays spelled out as bit patterns, for comparison. */
export function spelled(content: HourContent): unknown {
  return {
    ...content,
    streams: content.streams.map(({ descriptor: d, rows }) => ({
      descriptor: d,
      baseMs: rows.baseMs,
      offsetsNs: [...rows.offsetsNs].map(plusZero),
      columns: rows.columns.map(bits),
    })),
  };
}
