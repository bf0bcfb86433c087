import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateSlots } from '../../../signaling/rate-slots.ts';

const address = (n: number) => Uint8Array.of(10, n >> 16, n >> 8, n);

describe('a table of buckets', () => {
  it('gives a burst, then its rate, and nothing for a clock that jumps back', () => {
    const slots = new RateSlots({ burst: 3, perSecond: 2 }, 1, 8);
    const slot = slots.slotOf(address(1));
    const taken = (nowMs: number) => slots.take(slot, 1, nowMs);
    expect([taken(5_000), taken(5_000), taken(5_000), taken(5_000)]).toEqual([true, true, true, false]);
    expect([taken(5_500), taken(5_500)]).toEqual([true, false]);
    expect([taken(1_000), taken(1_400)]).toEqual([false, false]);
    expect(taken(1_600)).toBe(true);
  });

  it('never gives anybody more than the limit, whoever else comes', () => {
    const arrival = fc.record({
      from: fc.nat(300),
      waitMs: fc.nat(40),
      cost: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(fc.array(arrival, { maxLength: 400 }), fc.nat(), (arrivals, salt) => {
        const limit = { burst: 6, perSecond: 10 };
        const slots = new RateSlots(limit, salt, 4);
        const given = new Map<number, number>();
        let nowMs = 0;
        for (const { from, waitMs, cost } of arrivals) {
          nowMs += waitMs;
          if (slots.take(slots.slotOf(address(from)), cost, nowMs))
            given.set(from, (given.get(from) ?? 0) + cost);
        }
        for (const tokens of given.values())
          expect(tokens).toBeLessThanOrEqual(limit.burst + (nowMs / 1000) * limit.perSecond + 1e-9);
      }),
    );
  });

  it('spreads addresses over its slots, differently for every salt', () => {
    const load = (salt: number) => {
      const slots = new RateSlots({ burst: 1, perSecond: 1 }, salt, 8);
      const counts = new Map<number, number>();
      for (let n = 0; n < 25_600; n++) {
        const slot = slots.slotOf(address(n));
        counts.set(slot, (counts.get(slot) ?? 0) + 1);
      }
      return { slot0: slots.slotOf(address(0)), used: counts.size, most: Math.max(...counts.values()) };
    };
    const loads = Array.from({ length: 16 }, (_, i) => load(i * 0x9e3779b1));
    for (const { used, most } of loads) {
      expect(used).toBe(256);
      expect(most).toBeLessThan(200); // 100 on average
    }
    expect(new Set(loads.map(({ slot0 }) => slot0)).size).toBeGreaterThan(8);
  });

  it('looks at as much of an address as it is told', () => {
    const slots = new RateSlots({ burst: 1, perSecond: 0 }, 7, 16);
    const six = (last: number) => Uint8Array.of(...new Array(15).fill(9), last);
    expect(slots.slotOf(six(1), 8)).toBe(slots.slotOf(six(2), 8));
    expect(slots.slotOf(six(1))).not.toBe(slots.slotOf(six(2)));
    // A /48 and a /64 that begin alike are two buckets.
    expect(slots.slotOf(six(1), 6)).not.toBe(slots.slotOf(six(1), 8));
  });
});
