import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLOCK_DIFFERENCE_MS, ClockCheck } from '../../../../src/ui/model/clock-check.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** Beats once a minute of a device whose clock differs by `offsetMs`, each under way for what `delaysMs` says. */
function beats(check: ClockCheck, device: string, offsetMs: number, delaysMs: readonly number[]): void {
  delaysMs.forEach((delayMs, i) => {
    const trueMs = i * MINUTE_MS;
    check.note(device, 1e12 + trueMs + offsetMs, 1e12 + trueMs + delayMs);
  });
}

describe('a clock that may be wrong', () => {
  it('is right when others’ times arrive late, however late', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 30 * DAY_MS }), { maxLength: 30 }), (delays) => {
        const check = new ClockCheck();
        // Stored beats of many devices, each told once.
        delays.forEach((delayMs, i) => check.note(`device ${i}`, 1e12 - delayMs, 1e12));
        expect(check.difference()).toBeNull();
      }),
    );
  });

  it('is right while a device’s stored times come in one after the other', () => {
    const check = new ClockCheck();
    for (let i = 0; i < 1_000; i++) check.note('far', 1e12 - DAY_MS + i * 30_000, 1e12 + i * 1_000);
    expect(check.difference()).toBeNull();
    check.noteStored('far', 1e12 - DAY_MS, 1e12);
    expect(check.difference()).toBeNull();
    check.noteStored('far', 1e12 + DAY_MS, 1e12);
    expect(check.difference()).toEqual({ behindMs: DAY_MS, devices: 1 });
  });

  it('is a day behind when three others say so at once', () => {
    const check = new ClockCheck();
    for (const device of ['a', 'b', 'c']) check.note(device, 1e12 + DAY_MS, 1e12);
    expect(check.difference()).toEqual({ behindMs: DAY_MS, devices: 3 });
  });

  it('is a day ahead when others are heard of minute by minute and say so', () => {
    const check = new ClockCheck();
    for (const device of ['a', 'b', 'c']) beats(check, device, -DAY_MS, [900, 40, 500]);
    expect(check.difference()).toEqual({ behindMs: -DAY_MS - 40, devices: 3 });
  });

  it('is not taken for wrong because one of three others is', () => {
    const check = new ClockCheck();
    beats(check, 'wrong', DAY_MS, [30, 30, 30]);
    beats(check, 'right', 0, [30, 30, 30]);
    beats(check, 'also right', 0, [50, 50, 50]);
    expect(check.difference()).toBeNull();
  });

  it('is right within two minutes, and forgets what was compared with a clock that was set', () => {
    const check = new ClockCheck();
    beats(check, 'a', CLOCK_DIFFERENCE_MS - 10_000, [30, 30]);
    expect(check.difference()).toBeNull();
    check.note('b', 1e12 + DAY_MS, 1e12);
    check.forget();
    expect(check.difference()).toBeNull();
  });
});
