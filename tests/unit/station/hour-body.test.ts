/** The entry of an hour names and draws it before it is here: told exactly where it matters, bounded, and safe to read from anybody. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CborValue, decodeCbor, encodeCbor } from '../../../src/core/cbor.ts';
import { isWaystationError } from '../../../src/core/errors.ts';
import { MAX_ENTRY_BYTES } from '../../../src/feed/entry.ts';
import { MAX_TIME_MS } from '../../../src/hour/limits.ts';
import { partOfRows, readBands } from '../../../src/hour/pyramid.ts';
import { summarize } from '../../../src/hour/summary.ts';
import type { HourContent, HourStream } from '../../../src/hour/types.ts';
import { bandsOfColumn, decodeHourBody, type HourBody } from '../../../src/station/hour-body.ts';
import { encodeHourBody, hourBodyOf } from '../../../src/station/hour-body-writing.ts';
import { timelineOf } from '../../../src/station/timeline.ts';
import { drawLine, historyOf } from '../../../src/ui/model/data-series.ts';
import { anyHour, descriptor, START_MS, STATION } from '../hour/hour-samples.ts';

const OPEN_ID = new Uint8Array(16);
const HOUR_MS = 3_600_000;

function told(content: HourContent): HourBody {
  return decodeHourBody(encodeHourBody(hourBodyOf(content, OPEN_ID)));
}

function hourOf(streams: readonly HourStream[]): HourContent {
  return { station: STATION, stationName: 'Ridge', startMs: START_MS, lengthMs: HOUR_MS, streams, gaps: [] };
}

/** A reading of every column each second. */
function wide(name: string, columns: number, rows = 3_600): HourStream {
  return {
    descriptor: descriptor(
      name,
      Array.from({ length: columns }, (_, i) => `quantity ${i}`),
    ),
    rows: {
      baseMs: START_MS,
      offsetsNs: Float64Array.from({ length: rows }, (_, i) => i * 1e9),
      columns: Array.from({ length: columns }, (_, c) =>
        Float64Array.from({ length: rows }, (_, i) => Math.round(1e6 * Math.sin(i / 100 + c)) / 1e6),
      ),
    },
  };
}

describe('the entry of an hour', () => {
  it('tells names, units, steps, extents and rows exactly, and means as well as they can be seen', () => {
    fc.assert(
      fc.property(anyHour, (content) => {
        const body = told(content);
        const summaries = summarize(content);
        expect(body.gaps).toEqual(content.gaps);
        expect(body.streams.length).toBe(content.streams.length);
        body.streams.forEach((stream, i) => {
          const { descriptor: own, rows } = content.streams[i] as HourStream;
          const summary = summaries[i];
          expect(stream).toMatchObject({
            name: own.name,
            driver: own.driver,
            device: own.device,
            replay: own.replay,
            rows: rows.offsetsNs.length,
            firstMs: summary?.firstMs,
            lastMs: summary?.lastMs,
            width: own.columns.length,
          });
          stream.columns.forEach((column, at) => {
            const exact = summary?.columns[at];
            expect(column).toMatchObject({
              ...own.columns[at],
              count: exact?.count,
              min: exact?.min,
              max: exact?.max,
            });
            if (column.mean === null || column.min === null || column.max === null) return;
            expect(column.mean).toBeGreaterThanOrEqual(column.min);
            expect(column.mean).toBeLessThanOrEqual(column.max);
            const span = column.max / 2 - column.min / 2;
            expect(Math.abs(column.mean - (exact?.mean ?? Number.NaN))).toBeLessThanOrEqual(span / 30_000);
          });
        });
      }),
    );
  });

  it('has bands that enclose the readings of their part', () => {
    fc.assert(
      fc.property(anyHour, fc.integer({ min: 12, max: 300 }), (content, many) => {
        // Each row many times over, so that there are parts to tell.
        const streams = content.streams.map(({ descriptor: own, rows }): HourStream => {
          const at = Array.from(
            { length: rows.offsetsNs.length * many },
            (_, i) => i % rows.offsetsNs.length,
          );
          return {
            descriptor: own,
            rows: {
              baseMs: rows.baseMs,
              offsetsNs: Float64Array.from(at, (i) => rows.offsetsNs[i] as number),
              columns: rows.columns.map((column) => Float64Array.from(at, (i) => column[i] as number)),
            },
          };
        });
        const body = told({ ...content, streams });
        body.streams.forEach((stream, s) => {
          const { rows } = streams[s] as HourStream;
          const { firstMs, lastMs } = stream;
          stream.columns.forEach(({ min, max }, c) => {
            const bands = bandsOfColumn(stream, c);
            if (firstMs === null || lastMs === null || min === null || max === null || bands.length === 0)
              return;
            const read = readBands(bands, { min, max });
            const partOf = partOfRows(rows, bands.length, firstMs, lastMs);
            rows.columns[c]?.forEach((value, row) => {
              if (!Number.isFinite(value)) return;
              const part = partOf[row] as number;
              expect(read.min[part]).toBeLessThanOrEqual(value);
              expect(read.max[part]).toBeGreaterThanOrEqual(value);
            });
          });
        });
      }),
      { numRuns: 40 },
    );
  });

  it('is told again to the same bytes', () => {
    fc.assert(
      fc.property(anyHour, (content) => {
        const body = told(content);
        // Means are rounded once.
        expect(decodeHourBody(encodeHourBody(body))).toEqual(body);
      }),
    );
  });

  it.each([
    ['64 columns', [wide('logger', 64)], 64, 512],
    ['256 columns', [wide('logger', 256)], 64, 512],
    ['64 streams of a column', Array.from({ length: 64 }, (_, i) => wide(`probe ${i}`, 1)), 1, 512],
    ['64 streams of 64 columns', Array.from({ length: 64 }, (_, i) => wide(`rack ${i}`, 64, 60)), 1, 0],
  ] as const)(
    'of %s stays small, and tells least, greatest and mean at least',
    (_, streams, least, bandBytes) => {
      const content = hourOf(streams);
      const bytes = encodeHourBody(hourBodyOf(content, OPEN_ID));
      expect(bytes.length).toBeLessThan(MAX_ENTRY_BYTES - 4_000);
      const body = decodeHourBody(bytes);
      expect(body.streams.length).toBe(streams.length);
      expect(body.streams.reduce((sum, { bands }) => sum + bands.length, 0)).toBe(bandBytes);
      for (const stream of body.streams) {
        expect(stream.width).toBe(streams[0]?.descriptor.columns.length);
        expect(stream.columns.length).toBeGreaterThanOrEqual(least);
        for (const { mean, min, max } of stream.columns) {
          expect(min).toBeLessThan(max as number);
          expect(mean).not.toBeNull();
        }
      }
    },
  );

  it('is about a kilobyte for a logger of 64 columns, bands included', () => {
    const bytes = encodeHourBody(hourBodyOf(hourOf([wide('logger', 64)]), OPEN_ID));
    // 64 names of a dozen letters alone are 0.8 kB.
    expect(bytes.length).toBeLessThan(2_600);
  });
});

/** What a reader may rely on. */
function expectSound(body: HourBody): void {
  const isDate = (ms: number | null) => ms === null || Math.abs(ms) <= MAX_TIME_MS;
  expect(isDate(body.startMs) && isDate(body.startMs + body.lengthMs) && body.lengthMs > 0).toBe(true);
  for (const { fromMs, toMs } of body.gaps) expect(isDate(fromMs) && isDate(toMs)).toBe(true);
  for (const stream of body.streams) {
    const { firstMs, lastMs, rows, achievedRateHz, bands, columns } = stream;
    expect(isDate(firstMs) && isDate(lastMs) && rows >= 0).toBe(true);
    expect((firstMs ?? 0) <= (lastMs ?? 0)).toBe(true);
    expect(achievedRateHz === null || Number.isFinite(achievedRateHz)).toBe(true);
    expect(bands.length).toBeLessThanOrEqual(32 * columns.length);
    for (const { count, min, max, mean } of columns) {
      expect(count >= 0 && count <= rows).toBe(true);
      if (min === null || max === null || mean === null) expect([min, max, mean]).toEqual([null, null, null]);
      else expect(Number.isFinite(min) && Number.isFinite(max) && min <= mean && mean <= max).toBe(true);
    }
  }
}

/** Draws every column of an hour that is not here, at several widths. */
function drawn(body: HourBody): void {
  const timeline = timelineOf([{ body }], () => false);
  for (const { name, columns } of body.streams) {
    columns.forEach((_, index) => {
      const column = { stream: name, index };
      for (const level of [-10, 10, 45]) {
        const { overview } = drawLine({
          column,
          timeline,
          history: historyOf(timeline, column),
          fromMs: body.startMs,
          toMs: body.startMs + body.lengthMs,
          level,
          breaks: [],
          tilesOf: () => undefined,
        });
        expect(overview.x.length).toBeLessThanOrEqual(128);
        for (let i = 0; i < overview.x.length; i++) {
          expect(Number.isFinite(overview.x[i])).toBe(true);
          const [min, mean, max] = [overview.min[i], overview.mean[i], overview.max[i]];
          if (min === null || mean === null || max === null) continue;
          expect(Number(min) <= Number(mean) && Number(mean) <= Number(max)).toBe(true);
        }
      }
    });
  }
}

function readOrRefused(bytes: Uint8Array): void {
  let body: HourBody;
  try {
    body = decodeHourBody(bytes);
  } catch (error) {
    expect(isWaystationError(error)).toBe(true);
    return;
  }
  expectSound(body);
  drawn(body);
}

describe('an entry from a stranger', () => {
  it('that is no body at all is refused', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), readOrRefused));
  });

  it('with a byte changed is refused, or read within its bounds', () => {
    const honest = encodeHourBody(hourBodyOf(hourOf([wide('air', 3, 120), wide('ground', 1, 7)]), OPEN_ID));
    fc.assert(
      fc.property(fc.nat(honest.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bytes = honest.slice();
        bytes[at] = (bytes[at] as number) ^ flip;
        readOrRefused(bytes);
      }),
      { numRuns: 1_000 },
    );
  });

  const number = fc.oneof(
    fc.integer(),
    fc.maxSafeInteger(),
    fc.constantFrom(0, 1, -1, 8.64e15, -8.64e15, 2 ** 53 - 1, 1e308, -1e308, 5e-324, 1.5, 65_535, 65_536),
  );
  const strange: fc.Arbitrary<CborValue> = fc.oneof(
    number,
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array(),
    fc.array(number, { maxLength: 3 }),
  );

  /** Replaces the item at `path` of nested lists by `item`. */
  function replaced(value: CborValue, path: readonly number[], item: CborValue): CborValue {
    const [step, ...rest] = path;
    if (step === undefined || !Array.isArray(value) || value.length === 0) return item;
    return value.map((one, i) =>
      i === step % value.length ? replaced(one as CborValue, rest, item) : one,
    ) as CborValue;
  }

  it('with any item replaced by any other is refused, or read within its bounds', () => {
    const honest = decodeCbor(
      encodeHourBody(
        hourBodyOf(
          {
            ...hourOf([wide('air', 3, 120)]),
            gaps: [{ stream: 0, fromMs: START_MS, toMs: START_MS + 5, cause: 'sensor', detail: '' }],
          },
          OPEN_ID,
        ),
      ),
      MAX_ENTRY_BYTES,
    );
    fc.assert(
      fc.property(fc.array(fc.nat(12), { maxLength: 4 }), strange, (path, item) => {
        readOrRefused(encodeCbor(replaced(honest, path, item)));
      }),
      { numRuns: 2_000 },
    );
  });
});
