import { describe, expect, it } from 'vitest';
import type { ReadingBatch } from '../../../src/hour/types.ts';
import { Batcher } from '../../../src/sensors/batcher.ts';
import { PageClock } from '../../../src/sensors/page-clock.browser.ts';

function batcher() {
  const batches: ReadingBatch[] = [];
  const timers: (() => void)[] = [];
  const one = new Batcher(
    2,
    (batch) => batches.push(batch),
    (_, fire) => {
      timers.push(fire);
      return () => void timers.splice(timers.indexOf(fire), 1);
    },
  );
  return { batches, timers, one };
}

describe('a batcher', () => {
  it('delivers by its timer even when no further reading comes', () => {
    const { batches, timers, one } = batcher();
    one.add(1000.25, [1, 2]);
    one.add(1010.5, [3]);
    expect(batches).toEqual([]);
    timers[0]?.();
    expect(batches).toEqual([
      {
        baseMs: 1000,
        offsetsNs: Float64Array.of(250_000, 10_500_000),
        columns: [Float64Array.of(1, 3), Float64Array.of(2, Number.NaN)],
      },
    ]);
    expect(timers).toEqual([]);
  });

  it('delivers nothing twice and nothing empty', () => {
    const { batches, timers, one } = batcher();
    one.flush();
    one.add(1, [1, 1]);
    one.flush();
    one.flush();
    expect([batches.length, timers.length]).toEqual([1, 0]);
  });

  it('never holds more than 512 readings', () => {
    const { batches, one } = batcher();
    for (let i = 0; i < 1025; i++) one.add(i, [i, i]);
    expect(batches.map(({ offsetsNs }) => offsetsNs.length)).toEqual([512, 512]);
  });
});

describe('the page clock', () => {
  it('follows the wall clock when the monotonic one stood still or the wall clock was set', () => {
    let nowMs = 1_000_000;
    let monotonicMs = 500;
    const clock = new PageClock(
      999_500,
      () => nowMs,
      () => monotonicMs,
    );
    expect(clock.epochMs(499.5)).toBe(999_999.5);
    nowMs += 60_000 + 20; // asleep for a minute, 20 ms of it awake
    monotonicMs += 20;
    expect(clock.epochMs(520)).toBe(1_060_020);
    nowMs -= 3_600_000;
    expect(clock.epochMs(520)).toBe(1_060_020 - 3_600_000);
  });

  it('does not follow the jitter of reading two clocks', () => {
    let nowMs = 1_000_000;
    const clock = new PageClock(
      999_500,
      () => nowMs,
      () => 500,
    );
    nowMs += 90;
    expect(clock.epochMs(500)).toBe(1_000_000);
  });
});
