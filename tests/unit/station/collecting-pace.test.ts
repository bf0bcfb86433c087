/** Time left, from sequences as they were recorded: it comes true, and never jumps. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pace } from '../../../src/station/collecting-pace.ts';

/** kB that came in each second over a phone's Wi-Fi, walking away from a relay and back; and over a fast LAN with pauses. */
const WALK = [
  900, 1100, 950, 1020, 880, 760, 640, 300, 120, 60, 0, 0, 0, 40, 90, 260, 500, 720, 900, 1000, 1050, 990,
  1010, 980, 1000, 1020, 970, 1030, 990, 1000,
];
const BURSTS = [
  8000, 0, 0, 8000, 8000, 0, 0, 0, 8000, 0, 8000, 0, 0, 8000, 0, 8000, 8000, 0, 0, 0, 8000, 0, 8000, 0,
];

function play(
  kilobytes: readonly number[],
  totalBytes: number,
): { leftMs: number | null; missing: number }[] {
  const pace = new Pace();
  let done = 0;
  pace.note(0, 0, totalBytes);
  return kilobytes.map((kb, i) => {
    done = Math.min(totalBytes, done + kb * 1000);
    pace.note((i + 1) * 1000, done, totalBytes - done);
    return { leftMs: pace.leftMs, missing: totalBytes - done };
  });
}

describe('the time left', () => {
  it('is about right at a steady pace, and counts down', () => {
    const shown = play(
      Array.from({ length: 60 }, () => 1_000),
      60_000_000,
    );
    shown.forEach(({ leftMs }, i) => {
      if (i >= 2) expect(Math.abs(leftMs! - (59 - i) * 1000)).toBeLessThan(2_000);
    });
  });

  it.each([
    ['a walk away and back', WALK],
    ['bursts and pauses', BURSTS],
  ])('of %s never jumps by more than a fifth, or two seconds, and the second that passed', (_, sequence) => {
    const shown = play(sequence, 400_000_000);
    for (let i = 1; i < shown.length; i++) {
      const [before, after] = [shown[i - 1]!.leftMs, shown[i]!.leftMs];
      if (before === null || after === null) continue;
      expect(after).toBeLessThanOrEqual(Math.max(before * 1.2, before + 2_000));
      expect(after).toBeGreaterThanOrEqual(Math.min((before - 1_000) * 0.8, before - 3_000) - 1);
    }
    expect(shown.at(-1)!.leftMs).not.toBeNull();
  });

  it('is unknown at first and while nothing comes, and nothing when nothing is missing', () => {
    const pace = new Pace();
    pace.note(0, 0, 1_000);
    expect([pace.bytesPerSecond, pace.leftMs]).toEqual([null, null]);
    for (let s = 1; s <= 30; s++) pace.note(s * 1000, 0, 1_000);
    expect([pace.bytesPerSecond, pace.leftMs]).toEqual([0, null]);
    pace.note(31_000, 1_000, 0);
    expect(pace.leftMs).toBe(0);
  });

  it('does not call it slow that nothing came while nothing was missing', () => {
    const pace = new Pace();
    for (let s = 0; s <= 60; s++) pace.note(s * 1000, 5_000, 0);
    // An hour is finished elsewhere: it is on its way.
    for (let s = 61; s < 70; s++) {
      pace.note(s * 1000, 5_000, 1_000);
      expect([s, pace.bytesPerSecond]).toEqual([s, null]);
    }
    pace.note(70_000, 5_000, 1_000);
    expect(pace.bytesPerSecond).toBe(0);
  });

  it('is never negative or not a number, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 5_000 }), fc.nat(10_000_000), fc.nat(1_000_000_000))),
        (steps) => {
          const pace = new Pace();
          let [now, done] = [0, 0];
          for (const [ms, bytes, missing] of steps) {
            now += ms;
            done += bytes;
            pace.note(now, done, missing);
            if (pace.leftMs !== null) expect(pace.leftMs).toBeGreaterThanOrEqual(0);
            if (pace.bytesPerSecond !== null) expect(pace.bytesPerSecond).toBeGreaterThanOrEqual(0);
          }
        },
      ),
    );
  });
});
