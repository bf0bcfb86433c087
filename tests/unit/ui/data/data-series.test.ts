import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeHour, readHourHeader } from '../../../../src/hour/container.ts';
import type { HourContent } from '../../../../src/hour/types.ts';
import type { HourBody } from '../../../../src/station/entry-bodies.ts';
import { hourBodyOf } from '../../../../src/station/hour-body-writing.ts';
import { timelineOf } from '../../../../src/station/timeline.ts';
import {
  addTile,
  align,
  drawLine,
  historyOf,
  LineBuilder,
  type LineInput,
  type Polyline,
} from '../../../../src/ui/model/data-series.ts';
import {
  binned,
  cut,
  DecodedBlocks,
  readingsOf,
  type Sums,
  tileFrom,
} from '../../../../src/ui/model/data-tiles.ts';
import { batchAt, descriptor, START_MS, STATION } from '../../hour/hour-samples.ts';

const HOUR_MS = 3_600_000;

function sumsOf(readings: readonly (readonly [number, number])[]): Sums {
  const x = Float64Array.from(readings, ([ms]) => ms);
  const values = Float64Array.from(readings, ([, value]) => value);
  return { exact: true, x, min: values, max: values, sum: values, count: new Float64Array(x.length).fill(1) };
}

const readings = fc
  .array(fc.tuple(fc.integer({ min: -50_000, max: 50_000 }), fc.integer({ min: -1_000, max: 1_000 })), {
    minLength: 1,
  })
  .map((list) => list.sort((a, b) => a[0] - b[0]));

describe('bins', () => {
  it('keep count, sum, least and greatest of what goes in', () => {
    fc.assert(
      fc.property(readings, fc.integer({ min: -3, max: 17 }), (list, level) => {
        const bins = binned(sumsOf(list), level);
        const total = (part: Float64Array) => part.reduce((a, b) => a + b, 0);
        expect(total(bins.count)).toBe(list.length);
        expect(total(bins.sum)).toBe(list.reduce((sum, [, value]) => sum + value, 0));
        expect(Math.min(...bins.min)).toBe(Math.min(...list.map(([, value]) => value)));
        expect(Math.max(...bins.max)).toBe(Math.max(...list.map(([, value]) => value)));
        for (let i = 1; i < bins.x.length; i++) expect(bins.x[i]!).toBeGreaterThan(bins.x[i - 1]!);
      }),
    );
  });

  it('are the same whether they are made at once or from finer ones', () => {
    fc.assert(
      fc.property(
        readings,
        fc.integer({ min: 0, max: 8 }),
        fc.integer({ min: 0, max: 8 }),
        (list, level, more) => {
          const sums = sumsOf(list);
          expect(binned(binned(sums, level), level + more)).toEqual(binned(sums, level + more));
        },
      ),
    );
  });

  it('give readings as they are where there are few, and bins of the asked width where there are many', () => {
    const few = tileFrom(
      sumsOf([
        [1_000, 3],
        [2_000, 4],
      ]),
      5,
    );
    expect(few).toMatchObject({ exact: true, min: null });
    expect([...few.x]).toEqual([1_000, 2_000]);
    const many = tileFrom(sumsOf(Array.from({ length: 3_000 }, (_, i) => [i, i % 10])), 10);
    expect(many.exact).toBe(false);
    expect([...many.x]).toEqual([512, 1_536, 2_560]);
    expect([...many.max!]).toEqual([9, 9, 9]);
  });

  it('of two pages have together what both have', () => {
    fc.assert(
      fc.property(readings, fc.integer({ min: -50_000, max: 50_000 }), (list, at) => {
        const sums = sumsOf(list);
        const both = [cut(sums, Number.NEGATIVE_INFINITY, at), cut(sums, at, Number.POSITIVE_INFINITY)];
        expect(both.flatMap(({ x }) => [...x])).toEqual([...sums.x]);
      }),
    );
  });
});

describe('readings of an hour file', () => {
  it('are those of the stretch, in order of time, without what is missing', () => {
    const times = [0, 5_000, 1_000, 2_000, 9_000];
    const stream = {
      descriptor: descriptor('air', ['p', 't']),
      rows: {
        ...batchAt(times.map((ms) => START_MS + ms)),
        columns: [Float64Array.of(1, 2, 3, 4, 5), Float64Array.of(1, Number.NaN, 3, 4, 5)],
      },
    };
    const file = encodeHour({
      station: STATION,
      stationName: 'Ridge',
      startMs: START_MS,
      lengthMs: HOUR_MS,
      streams: [stream],
      gaps: [],
    });
    const header = readHourHeader(file);
    const decoded = new DecodedBlocks();
    const read = (column: number, from: number, to: number) => {
      const { x, sum } = readingsOf(
        decoded,
        file,
        header,
        header.streams[0]!,
        column,
        START_MS + from,
        START_MS + to,
      );
      return [...x].map((ms, i) => [ms - START_MS, sum[i]]);
    };
    expect(read(0, 0, 10_000)).toEqual([
      [0, 1],
      [1_000, 3],
      [2_000, 4],
      [5_000, 2],
      [9_000, 5],
    ]);
    expect(read(1, 1_000, 9_000)).toEqual([
      [1_000, 3],
      [2_000, 4],
    ]);
  });
});

/** Neighbours that a line joins. */
function joined({ x, mean }: Polyline): [number, number][] {
  const pairs: [number, number][] = [];
  for (let i = 1; i < x.length; i++)
    if (mean[i] !== null && mean[i - 1] !== null) pairs.push([x[i - 1]!, x[i]!]);
  return pairs;
}

describe('lines', () => {
  it('never join what lies on both sides of a gap', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 400 }), { minLength: 2 }),
        fc.integer({ min: 0, max: 400 }),
        fc.integer({ min: 1, max: 200 }),
        (times, fromMs, lengthMs) => {
          const toMs = fromMs + lengthMs;
          // A gap has no readings in it.
          const outside = times.filter((ms) => ms <= fromMs || ms >= toMs).sort((a, b) => a - b);
          const builder = new LineBuilder([{ fromMs, toMs, cause: 'hidden', detail: '' }]);
          for (const ms of outside) builder.add(ms, 1, 1, 1, Number.POSITIVE_INFINITY);
          for (const [a, b] of joined(builder.line)) {
            const overlap = Math.min(b, toMs) - Math.max(a, fromMs);
            expect(overlap < (b - a) / 2).toBe(true);
          }
          expect(builder.line.x.filter((_, i) => builder.line.mean[i] !== null)).toEqual(outside);
        },
      ),
    );
  });

  it('weigh what two hours have in the same bin by their readings', () => {
    const builder = new LineBuilder([]);
    builder.add(8, 10, 5, 15, Number.POSITIVE_INFINITY, 3);
    builder.add(8, 2, 1, 3, Number.POSITIVE_INFINITY, 1);
    expect(builder.line).toEqual({ x: [8], mean: [8], min: [1], max: [15] });
  });

  it('are interrupted where readings pause, though nobody noted it', () => {
    const builder = new LineBuilder([]);
    const x = [0, 10, 20, 30, 40, 50, 60, 500, 510, 520];
    addTile(
      builder,
      { exact: true, x: Float64Array.from(x), mean: Float64Array.from(x), min: null, max: null, count: null },
      1,
    );
    expect(joined(builder.line)).not.toContainEqual([60, 500]);
    expect(joined(builder.line).length).toBe(8);
  });

  function body(index: number, values: readonly number[]): HourBody {
    const startMs = START_MS + index * HOUR_MS;
    const step = HOUR_MS / values.length;
    const content: HourContent = {
      station: STATION,
      stationName: 'Ridge',
      startMs,
      lengthMs: HOUR_MS,
      gaps: [],
      streams: [
        {
          descriptor: descriptor('air', ['p']),
          rows: batchAt(
            values.map((_, i) => startMs + i * step),
            values,
          ),
        },
      ],
    };
    return hourBodyOf(content, new Uint8Array(0));
  }

  const bodies = [body(0, [1, 2, 3]), body(1, [4, 5, 6]), body(5, [10, 20, 30])];
  const input = (level: number, heldUpTo: number) => {
    const timeline = timelineOf(
      bodies.map((one) => ({ body: one })),
      (hour) => bodies.indexOf(hour.body) < heldUpTo,
    );
    return {
      column: { stream: 'air', index: 0 },
      timeline,
      history: historyOf(timeline, { stream: 'air', index: 0 }),
      fromMs: START_MS,
      toMs: START_MS + 6 * HOUR_MS,
      level,
      breaks: [],
      tilesOf: () => undefined,
    };
  };

  it('tell from entries alone what is not here, apart from what is', () => {
    const { detail, overview } = drawLine(input(21, 2));
    expect(detail.mean).toEqual([2, 5]);
    expect(overview.mean).toEqual([20]);
    expect([overview.min[0], overview.max[0]]).toEqual([10, 30]);
  });

  it('are interrupted where hours are missing', () => {
    const { detail } = drawLine(input(21, 3));
    expect(detail.mean).toEqual([2, 5, null, 20]);
  });

  it('show an hour that is not decoded yet as one stretch with its band', () => {
    const { detail, overview } = drawLine(input(10, 3));
    expect(detail.x).toEqual([]);
    expect(overview.mean).toEqual([2, 2, null, 5, 5, null, 20, 20]);
  });

  it('show an hour that is not here as the bands of its parts, coarser where the plot is', () => {
    const values = Array.from({ length: 64 }, (_, i) => i);
    const at = (level: number, own = body(0, values), breaks: LineInput['breaks'] = []) => {
      const timeline = timelineOf([{ body: own }], () => false);
      const column = { stream: 'air', index: 0 };
      const history = historyOf(timeline, column);
      const span = { fromMs: START_MS, toMs: START_MS + HOUR_MS };
      const { detail, overview } = drawLine({
        ...{ column, timeline, history, ...span, level, breaks },
        tilesOf: () => undefined,
      });
      expect(detail.x).toEqual([]);
      return overview;
    };
    const fine = at(10);
    // Eight parts of eight readings, each with its beginning and its end.
    expect(fine.x.length).toBe(16);
    for (let part = 0; part < 8; part++) {
      const [min, max] = [fine.min[2 * part] as number, fine.max[2 * part] as number];
      expect(min).toBeLessThanOrEqual(8 * part);
      expect(max).toBeGreaterThanOrEqual(8 * part + 7);
      expect(max - min).toBeLessThan(7 + 2 * (63 / 15));
    }
    expect(fine.x[0]).toBe(START_MS);
    // Bins of 17 minutes: no part is narrower than one.
    const coarse = at(20);
    expect(coarse.x.length).toBe(4);
    expect([coarse.min[0], coarse.max.at(-1)]).toEqual([0, 63]);
    // What is told to be a gap is left open, and nothing is drawn across it.
    const gap = { fromMs: START_MS + 20 * 60_000, toMs: START_MS + 30 * 60_000, cause: 'hidden', detail: '' };
    const paused = values.map((i) => (i >= 21 && i < 32 ? Number.NaN : i));
    const broken = at(10, body(0, paused), [gap]);
    for (const [a, b] of joined(broken))
      expect(Math.min(b, gap.toMs) - Math.max(a, gap.fromMs)).toBeLessThanOrEqual(0);
    expect(broken.mean).toContain(null);
  });

  it('leave open what has no reading in an hour that is not here, though nobody noted a gap', () => {
    const values = Array.from({ length: 60 }, (_, i) => (i >= 15 && i < 30 ? Number.NaN : i));
    const own = body(0, values);
    const timeline = timelineOf([{ body: own }], () => false);
    const column = { stream: 'air', index: 0 };
    const span = { fromMs: START_MS, toMs: START_MS + HOUR_MS };
    const { overview } = drawLine({
      ...{ column, timeline, history: historyOf(timeline, column), ...span, level: 10, breaks: [] },
      tilesOf: () => undefined,
    });
    const minute = (ms: number) => (ms - START_MS) / 60_000;
    const pairs = joined(overview).map(([a, b]) => [minute(a), minute(b)]);
    // The parts that lie wholly in the pause are those from minute 22 to 29.
    expect(pairs.some(([a = 0, b = 0]) => a < 29 && b > 22.5)).toBe(false);
    expect(overview.mean).toContain(null);
  });

  it('put hours that share a bin together, weighed by their readings', () => {
    const { detail } = drawLine(input(40, 3));
    expect(detail.x.length).toBe(1);
    expect(detail.mean[0]).toBeCloseTo((1 + 2 + 3 + 4 + 5 + 6 + 10 + 20 + 30) / 9);
    expect([detail.min[0], detail.max[0]]).toEqual([1, 30]);
  });

  it('stay interrupted between the times of other lines', () => {
    const aligned = align([
      { x: [1, 5, 9], y: [10, null, 30] },
      { x: [2, 4, 6, 8], y: [1, 2, 3, 4] },
    ]);
    expect(aligned.x).toEqual([1, 2, 4, 5, 6, 8, 9]);
    expect(aligned.values[0]).toEqual([10, null, null, null, null, null, 30]);
  });

  it('are put on one row of times without losing a value or a gap', () => {
    const aligned = align([
      { x: [1, 2, 3], y: [10, null, 30] },
      { x: [2, 4], y: [7, 8] },
    ]);
    expect(aligned.x).toEqual([1, 2, 3, 4]);
    expect(aligned.values).toEqual([
      [10, null, 30, undefined],
      [undefined, 7, undefined, 8],
    ]);
  });
});
