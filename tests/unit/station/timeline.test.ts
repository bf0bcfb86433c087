import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Gap } from '../../../src/hour/types.ts';
import { coverageOf } from '../../../src/station/coverage.ts';
import { gapMsOf, merged } from '../../../src/station/hour-pieces.ts';
import {
  HOUR_HAS_GAP,
  HOUR_HELD,
  HOUR_IS_PART,
  hoursWithin,
  type KnownHour,
  TimelineCache,
  timelineOf,
} from '../../../src/station/timeline.ts';

const HOUR_MS = 3_600_000;

function hour(index: number, gaps: readonly Gap[] = [], lengthMs = HOUR_MS): KnownHour {
  return { body: { startMs: index * lengthMs, lengthMs, gaps } };
}

function gap(fromMs: number, toMs: number): Gap {
  return { stream: null, fromMs, toMs, cause: 'hidden', detail: '' };
}

describe('a station’s timeline', () => {
  it('orders hours by their start and knows which are here and which have gaps', () => {
    const hours = [hour(3), hour(1, [gap(HOUR_MS, HOUR_MS + 60_000)]), hour(2)];
    const timeline = timelineOf(hours, (one) => one === hours[1]);
    expect([...timeline.startMs]).toEqual([1, 2, 3].map((i) => i * HOUR_MS));
    expect([...timeline.flags]).toEqual([HOUR_HELD | HOUR_HAS_GAP | HOUR_IS_PART, 0, 0]);
    expect(timeline.heldCount).toBe(1);
    expect(timeline.span).toEqual({ fromMs: HOUR_MS + 60_000, toMs: 4 * HOUR_MS });
  });

  it('counts gaps that overlap once, and only what lies in the hour', () => {
    expect(gapMsOf(hour(0, [gap(-500, 1_000), gap(500, 2_000), gap(5_000, 6_000)]).body)).toBe(3_000);
    expect(merged([gap(5, 7), gap(1, 3), gap(2, 4)])).toEqual([
      { fromMs: 1, toMs: 4 },
      { fromMs: 5, toMs: 7 },
    ]);
  });

  it('finds every hour that overlaps a stretch', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ startMs: fc.integer({ min: 0, max: 500 }), lengthMs: fc.integer({ min: 1, max: 60 }) }),
        ),
        fc.integer({ min: 0, max: 500 }),
        fc.integer({ min: 1, max: 100 }),
        (bodies, fromMs, lengthMs) => {
          const timeline = timelineOf(
            bodies.map((body) => ({ body: { ...body, gaps: [] } })),
            () => true,
          );
          const toMs = fromMs + lengthMs;
          const { first, end } = hoursWithin(timeline, fromMs, toMs);
          timeline.hours.forEach(({ body }, i) => {
            const overlaps = body.startMs < toMs && body.startMs + body.lengthMs > fromMs;
            if (overlaps) expect(i >= first && i < end).toBe(true);
          });
        },
      ),
    );
  });

  it('says of each cell which part is here, exists elsewhere, or is missing, and the parts add up', () => {
    const timeline = timelineOf([hour(0), hour(1), hour(4)], (one) => one.body.startMs === 0);
    const { held, known, missing } = coverageOf(timeline, 0, HOUR_MS, 6);
    expect([...held]).toEqual([1, 0, 0, 0, 0, 0]);
    expect([...known]).toEqual([0, 1, 0, 0, 1, 0]);
    expect([...missing]).toEqual([0, 0, 1, 1, 0, 0]);
    const coarse = coverageOf(timeline, 0, 5 * HOUR_MS, 1);
    expect(coarse.held[0]).toBeCloseTo(0.2);
    expect(coarse.known[0]).toBeCloseTo(0.4);
    expect(coarse.missing[0]).toBeCloseTo(0.4);
  });

  it('covers the station’s span exactly, however it is cut into cells', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.boolean()), {
          selector: ([at]) => at,
          minLength: 1,
        }),
        fc.integer({ min: 1, max: 37 }),
        (slots, cells) => {
          const isHeld = new Map(slots);
          const timeline = timelineOf(
            slots.map(([at]) => hour(at)),
            ({ body }) => isHeld.get(body.startMs / HOUR_MS) === true,
          );
          const span = timeline.span!;
          const cellMs = (41 * HOUR_MS) / cells;
          const { held, known, missing } = coverageOf(timeline, 0, cellMs, cells);
          const sum = (part: Float32Array) => part.reduce((a, b) => a + b, 0) * cellMs;
          const wanted = slots.filter(([, here]) => here).length * HOUR_MS;
          expect(sum(held)).toBeCloseTo(wanted, -3);
          expect(sum(known)).toBeCloseTo(slots.length * HOUR_MS - wanted, -3);
          expect(sum(held) + sum(known) + sum(missing)).toBeCloseTo(span.toMs - span.fromMs, -4);
        },
      ),
    );
  });

  it('is not worked out again while nothing changed', () => {
    const cache = new TimelineCache<KnownHour>();
    const hours = Array.from({ length: 1_000 }, (_, i) => hour(i));
    let asked = 0;
    const holdings = (version: number) => ({
      version,
      lost: 0,
      isHeld: () => {
        asked++;
        return true;
      },
    });
    const first = cache.of('a', hours, holdings(1));
    expect(cache.of('a', hours, holdings(1))).toBe(first);
    expect(asked).toBe(1_000);
    hours.push(hour(1_000));
    const grown = cache.of('a', hours, holdings(1));
    // Only the new one was looked at.
    expect(asked).toBe(1_001);
    expect(grown).not.toBe(first);
    expect(grown.hours.length).toBe(1_001);
    expect(cache.of('a', hours, holdings(2))).not.toBe(grown);
    expect(cache.of('b', [hour(1)], holdings(2)).hours.length).toBe(1);
    expect(cache.of('a', hours, holdings(2)).hours.length).toBe(1_001);
    expect(cache.of('a', hours, holdings(2))).toBe(cache.of('a', hours, holdings(2)));
  });

  it('that grows as hours come, are added and are lost is the one that is made at once', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), at: fc.integer({ min: 0, max: 60 }) }),
      fc.record({ kind: fc.constant('come' as const), at: fc.nat() }),
      fc.record({ kind: fc.constant('lose' as const), at: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const cache = new TimelineCache<KnownHour>();
        const hours: KnownHour[] = [];
        const held = new Set<KnownHour>();
        let version = 0;
        let lost = 0;
        for (const { kind, at } of steps) {
          const one = hours[at % Math.max(1, hours.length)];
          if (kind === 'add') hours.push(hour(at, at % 3 === 0 ? [gap(at * HOUR_MS, at * HOUR_MS + 5)] : []));
          else if (one !== undefined && kind === 'come') held.add(one);
          else if (one !== undefined && held.delete(one)) lost++;
          version++;
          const isHeld = (wanted: KnownHour) => held.has(wanted);
          expect(cache.of('a', hours, { isHeld, version, lost })).toEqual(timelineOf(hours, isHeld));
        }
      }),
    );
  });
});
