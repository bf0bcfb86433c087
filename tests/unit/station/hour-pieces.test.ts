/** Parts of hours are as long as they are: from the real recorder, through the entry's body, to what is painted and said. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Recorder } from '../../../src/hour/recorder.ts';
import type { StreamDescriptor } from '../../../src/hour/types.ts';
import { coverageOf, recordedOf } from '../../../src/station/coverage.ts';
import { decodeHourBody, type HourBody } from '../../../src/station/entry-bodies.ts';
import { encodeHourBody, hourBodyOf } from '../../../src/station/hour-body-writing.ts';
import {
  gapMsOf,
  lengthOf,
  less,
  merged,
  piecesOf,
  recordedMsOf,
  type Stretch,
  without,
} from '../../../src/station/hour-pieces.ts';
import { timelineOf } from '../../../src/station/timeline.ts';
import { STATION } from '../hour/hour-samples.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** A full hour. */
const START_MS = Date.UTC(2026, 9, 28, 14);

function stream(name: string): StreamDescriptor {
  const columns = [{ name: 'x', unit: 'm/s2', step: null }];
  return { name, columns, askedRateHz: 1, tickNs: 1_000_000, driver: 'test', device: '', replay: false };
}

/** A live recorder that is played with a reading a second. */
class Player {
  readonly bodies: HourBody[] = [];
  readonly recorder = new Recorder({
    station: STATION,
    stationName: 'Ridge',
    hourMs: HOUR_MS,
    newOpenId: () => new Uint8Array(16),
  });
  #streams: number[] = [];

  start(...names: string[]): void {
    this.#streams = names.map((name) => this.recorder.addStream(stream(name)));
  }

  /** Readings of every second of [fromMs, toMs), of some of the streams. */
  play(fromMs: number, toMs: number, which: readonly number[] = this.#streams): void {
    for (let ms = fromMs; ms < toMs; ms += 1_000) {
      this.recorder.tick(ms);
      const batch = { baseMs: ms, offsetsNs: Float64Array.of(0), columns: [Float64Array.of(1)] };
      for (const one of which) this.recorder.batch(one, batch);
    }
    this.take();
  }

  hidden(fromMs: number): void {
    this.recorder.gap(null, fromMs, 'hidden');
  }

  stop(atMs: number): void {
    this.recorder.tick(atMs);
    this.recorder.stop('stop');
    this.take();
  }

  take(): void {
    for (const { content, openId } of this.recorder.takeFinished())
      this.bodies.push(decodeHourBody(encodeHourBody(hourBodyOf(content, openId))));
  }

  get timeline() {
    return timelineOf(
      this.bodies.map((body) => ({ body })),
      () => true,
    );
  }
}

describe('an hour of which twelve minutes were recorded', () => {
  const player = new Player();
  player.start('accelerometer', 'gyroscope');
  player.play(START_MS + 3 * MINUTE_MS, START_MS + 15 * MINUTE_MS);
  player.stop(START_MS + 15 * MINUTE_MS);

  it('is twelve minutes long, from when it began to when it was stopped, and was not interrupted', () => {
    const [body] = player.bodies as [HourBody];
    expect(piecesOf(body)).toEqual([{ fromMs: START_MS + 3 * MINUTE_MS, toMs: START_MS + 15 * MINUTE_MS }]);
    expect(recordedMsOf(body)).toBe(12 * MINUTE_MS);
    expect(gapMsOf(body)).toBe(0);
    expect(recordedOf(player.timeline)).toEqual({ heldMs: 12 * MINUTE_MS, knownMs: 0, pieces: 1, gaps: 0 });
    expect(player.timeline.span).toEqual({
      fromMs: START_MS + 3 * MINUTE_MS,
      toMs: START_MS + 15 * MINUTE_MS,
    });
  });

  it('is painted as long as it is, and nothing of its hour is missing', () => {
    const { held, known, missing, gap } = coverageOf(player.timeline, START_MS, 3 * MINUTE_MS, 20);
    expect([...held]).toEqual([0, 1, 1, 1, 1, ...new Array<number>(15).fill(0)]);
    for (const part of [known, missing, gap]) expect([...part].every((value) => value === 0)).toBe(true);
    expect(coverageOf(player.timeline, START_MS, HOUR_MS, 1).held[0]).toBeCloseTo(0.2);
  });
});

describe('a station that was stopped and started again', () => {
  const player = new Player();
  player.start('accelerometer');
  player.play(START_MS, START_MS + 20 * MINUTE_MS);
  player.stop(START_MS + 20 * MINUTE_MS);
  player.start('accelerometer');
  player.play(START_MS + 40 * MINUTE_MS, START_MS + HOUR_MS + 10 * MINUTE_MS);
  player.stop(START_MS + HOUR_MS + 10 * MINUTE_MS);
  player.start('accelerometer');
  player.play(START_MS + 5 * HOUR_MS, START_MS + 6 * HOUR_MS);
  player.stop(START_MS + 6 * HOUR_MS);

  it('has recorded in pieces, as long as they are together', () => {
    expect(player.bodies.length).toBe(4);
    expect(recordedOf(player.timeline)).toEqual({
      heldMs: (20 + 30 + 60) * MINUTE_MS,
      knownMs: 0,
      pieces: 3,
      gaps: 0,
    });
    expect(recordedOf(player.timeline, START_MS, START_MS + HOUR_MS)).toMatchObject({
      heldMs: 40 * MINUTE_MS,
      pieces: 2,
    });
  });

  it('lacks nothing between a stop and the next start', () => {
    const { held, missing } = coverageOf(player.timeline, START_MS, HOUR_MS, 6);
    expect([...held].map((part) => Math.round(part * 60))).toEqual([40, 10, 0, 0, 0, 60]);
    expect([...missing]).toEqual([0, 0, 0, 0, 0, 0]);
    // Also when the stop lies before what is looked at.
    expect([...coverageOf(player.timeline, START_MS + 3 * HOUR_MS, HOUR_MS, 3).missing]).toEqual([0, 0, 0]);
  });

  it('lacks an hour whose entry is not known, when nobody stopped it', () => {
    const hours = player.bodies.map((body) => ({ body: { ...body, gaps: [] } }));
    expect([
      ...coverageOf(
        timelineOf(hours, () => true),
        START_MS,
        HOUR_MS,
        6,
      ).missing,
    ]).toEqual([0, 0, 1, 1, 1, 0]);
  });
});

describe('an hour that was interrupted', () => {
  const player = new Player();
  player.start('accelerometer', 'gyroscope');
  player.play(START_MS, START_MS + 20 * MINUTE_MS);
  player.hidden(START_MS + 20 * MINUTE_MS);
  player.play(START_MS + 27 * MINUTE_MS, START_MS + 40 * MINUTE_MS);
  player.play(START_MS + 40 * MINUTE_MS, START_MS + 44 * MINUTE_MS, [0]);
  player.play(START_MS + 44 * MINUTE_MS, START_MS + HOUR_MS + MINUTE_MS);

  it('has a gap for each interruption, however many sensors it befell, and stays one piece', () => {
    const [body] = player.bodies as [HourBody];
    expect(body.gaps.length).toBe(3);
    const { heldMs, pieces, gaps } = recordedOf(player.timeline);
    expect({ pieces, gaps }).toEqual({ pieces: 1, gaps: 2 });
    expect(Math.abs(heldMs - 53 * MINUTE_MS)).toBeLessThan(2_000);
  });

  it('is blank where nothing was recorded, and marked where something was interrupted', () => {
    const { held, gap } = coverageOf(player.timeline, START_MS, MINUTE_MS, 60);
    const blank = [...held.keys()].filter((minute) => (held[minute] as number) < 0.5);
    expect(blank).toEqual([20, 21, 22, 23, 24, 25, 26]);
    expect(gap[22]).toBe(1);
    expect(gap[42]).toBe(1);
    expect(gap[10]).toBe(0);
    expect(gap[55]).toBe(0);
  });
});

describe('pieces', () => {
  it('end where readings do when the entry had no room for the gap that says so', () => {
    const player = new Player();
    player.start('accelerometer');
    player.play(START_MS + 3 * MINUTE_MS, START_MS + 15 * MINUTE_MS);
    player.stop(START_MS + 15 * MINUTE_MS);
    const [body] = player.bodies as [HourBody];
    expect(recordedMsOf({ ...body, gaps: [] })).toBeCloseTo(12 * MINUTE_MS, -4);
  });

  it('lie in the slot, in order and apart, and together with the silence are the slot', () => {
    const stretch = fc.tuple(fc.integer({ min: -50, max: 150 }), fc.integer({ min: 1, max: 60 }));
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 12 }), (gaps) => {
        const body = {
          startMs: 0,
          lengthMs: 100,
          gaps: gaps.map(([fromMs, lengthMs]) => ({
            stream: null,
            fromMs,
            toMs: fromMs + lengthMs,
            cause: 'hidden' as const,
            detail: '',
          })),
        };
        const pieces = piecesOf(body);
        let lastMs = -1;
        for (const { fromMs, toMs } of pieces) {
          expect(fromMs).toBeGreaterThan(lastMs);
          expect(toMs).toBeGreaterThan(fromMs);
          lastMs = toMs;
        }
        const silent = (ms: number) => body.gaps.some(({ fromMs, toMs }) => fromMs <= ms && ms < toMs);
        const inPiece = (ms: number) => pieces.some(({ fromMs, toMs }: Stretch) => fromMs <= ms && ms < toMs);
        for (let ms = 0; ms < 100; ms++) expect(inPiece(ms)).toBe(!silent(ms));
        expect(without({ fromMs: 0, toMs: 100 }, pieces).every(({ fromMs }) => silent(fromMs))).toBe(true);
      }),
    );
  });

  it('of whole hours are those of the stretch that is asked for, and found without looking at each', () => {
    const count = 100_000;
    const hours = Array.from({ length: count }, (_, i) => ({
      body: { startMs: i * HOUR_MS, lengthMs: HOUR_MS, gaps: [] },
    }));
    const timeline = timelineOf(hours, ({ body }) => body.startMs < 10 * HOUR_MS);
    const { heldMs, knownMs, pieces } = recordedOf(timeline, 5 * HOUR_MS, 12 * HOUR_MS);
    expect({ heldMs, knownMs, pieces }).toEqual({ heldMs: 5 * HOUR_MS, knownMs: 2 * HOUR_MS, pieces: 1 });
    const { held, known } = coverageOf(timeline, 0, HOUR_MS, 12);
    expect([...held]).toEqual([...new Array<number>(10).fill(1), 0, 0]);
    expect([...known]).toEqual([...new Array<number>(10).fill(0), 1, 1]);
    expect(recordedOf(timeline).knownMs).toBe((count - 10) * HOUR_MS);
  });
});

it('takes stretches from each other as one by one, and a season of interrupted hours in a moment', () => {
  const stretches = fc.array(
    fc
      .record({ fromMs: fc.nat(100), lengthMs: fc.integer({ min: 1, max: 20 }) })
      .map(({ fromMs, lengthMs }) => ({ fromMs, toMs: fromMs + lengthMs })),
  );
  fc.assert(
    fc.property(stretches, stretches, (a, b) => {
      const [ones, others] = [merged(a), merged(b)];
      expect(less(ones, others)).toEqual(ones.flatMap((one) => without(one, others)));
    }),
  );
  const every = (shift: number) =>
    Array.from({ length: 100_000 }, (_, i) => ({ fromMs: 10 * i + shift, toMs: 10 * i + shift + 4 }));
  const startedMs = performance.now();
  expect(lengthOf(less(every(0), every(2)))).toBe(200_000);
  expect(performance.now() - startedMs).toBeLessThan(1_000);
});

it('keeps its pieces in the slot, in order and apart, whatever an entry tells', () => {
  const time = fc.integer({ min: -50, max: 4_000 }).map((at) => START_MS + at * 1_000);
  const gaps = fc.array(
    fc.record({
      stream: fc.constantFrom(null, 0, 1, 7),
      fromMs: time,
      toMs: time,
      cause: fc.constantFrom('start' as const, 'stop' as const, 'hidden' as const),
      detail: fc.constant(''),
    }),
    { maxLength: 6 },
  );
  const streams = fc.array(
    fc.record({
      rows: fc.nat(3),
      firstMs: fc.option(time),
      lastMs: fc.option(time),
      achievedRateHz: fc.option(fc.constantFrom(0, 1e-9, 60, 1e300)),
    }),
    { maxLength: 3 },
  );
  fc.assert(
    fc.property(gaps, streams, (told, heard) => {
      const body = { startMs: START_MS, lengthMs: HOUR_MS, gaps: told, streams: heard as never };
      const pieces = piecesOf(body);
      let atMs = START_MS;
      for (const { fromMs, toMs } of pieces) {
        expect(fromMs).toBeGreaterThanOrEqual(atMs);
        expect(toMs).toBeGreaterThan(fromMs);
        atMs = toMs;
      }
      expect(atMs).toBeLessThanOrEqual(START_MS + HOUR_MS);
    }),
    { numRuns: 2_000 },
  );
});
