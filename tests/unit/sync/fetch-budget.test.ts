/** The budget of fetching: a rate that holds over every stretch of time, an amount that is never exceeded and spent on whole files. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FetchBudget, NO_LIMITS } from '../../../src/sync/fetch-budget.ts';

const CHUNK = 131_072;
const file = (key: string, size: number) => ({ key, missingBytes: () => size });

describe('a fetch budget', () => {
  it('allows everything at first, and nothing while it is paused', () => {
    const budget = new FetchBudget();
    expect(budget.take(file('a', 10 ** 12), CHUNK, 0)).toBe('yes');
    budget.set({ ...NO_LIMITS, paused: true });
    expect(budget.take(file('a', 1), 1, 0)).toBe('no');
    expect(budget.isClosed).toBe(true);
    budget.set(NO_LIMITS);
    expect(budget.take(file('a', 1), 1, 0)).toBe('yes');
  });

  it('never lets more through than its rate and one short burst, however it is asked', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1_000, max: 5_000_000 }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 1, max: CHUNK })), {
          minLength: 1,
          maxLength: 200,
        }),
        (bytesPerSecond, asks) => {
          const budget = new FetchBudget();
          budget.set({ ...NO_LIMITS, bytesPerSecond });
          let nowMs = 5_000;
          const taken: { atMs: number; bytes: number }[] = [];
          for (const [waitMs, bytes] of asks) {
            nowMs += waitMs;
            if (budget.take(file('x', bytes), bytes, nowMs) === 'yes') taken.push({ atMs: nowMs, bytes });
          }
          const burst = Math.max(CHUNK, bytesPerSecond / 4);
          for (let from = 0; from < taken.length; from++) {
            let sum = 0;
            for (let to = from; to < taken.length; to++) {
              sum += taken[to]!.bytes;
              const stretchMs = taken[to]!.atMs - taken[from]!.atMs;
              expect(sum).toBeLessThanOrEqual(burst + (stretchMs / 1000) * bytesPerSecond + 1);
            }
          }
        },
      ),
    );
  });

  it('says when to ask again, and then says yes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000_000 }), (bytesPerSecond) => {
        const budget = new FetchBudget();
        budget.set({ ...NO_LIMITS, bytesPerSecond });
        while (budget.take(file('x', CHUNK), CHUNK, 0) === 'yes');
        let readyMs = budget.readyAtMs()!;
        expect(readyMs).toBeGreaterThan(0);
        budget.retried();
        expect(budget.readyAtMs()).toBeNull();
        // Its time is in whole milliseconds, so a chunk may lack a fraction of one.
        for (let tries = 0; tries < 2; tries++) {
          if (budget.take(file('x', CHUNK), CHUNK, readyMs) === 'yes') return;
          readyMs = budget.readyAtMs()!;
        }
        expect(budget.take(file('x', CHUNK), CHUNK, readyMs)).toBe('yes');
      }),
    );
  });

  it('never begins a file that does not fit into what is left, and finishes those that it began', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 40 * CHUNK }),
        fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 12 }),
        (amountBytes, chunkCounts) => {
          const budget = new FetchBudget();
          budget.set({ ...NO_LIMITS, amountBytes });
          let fetched = 0;
          chunkCounts.forEach((chunks, i) => {
            const one = file(`f${i}`, chunks * CHUNK);
            const answers = Array.from({ length: chunks }, () => {
              const answer = budget.take(one, CHUNK, 0);
              if (answer === 'yes') {
                budget.stored(one.key, CHUNK);
                fetched += CHUNK;
              }
              return answer;
            });
            expect(new Set(answers).size).toBeLessThanOrEqual(1);
            budget.finished(one.key);
          });
          expect(fetched).toBeLessThanOrEqual(amountBytes);
          expect(budget.limits.amountBytes).toBe(amountBytes - fetched);
        },
      ),
    );
  });

  it('keeps room for what was begun and is still on its way', () => {
    const budget = new FetchBudget();
    budget.set({ ...NO_LIMITS, amountBytes: 10 * CHUNK });
    expect(budget.take(file('a', 6 * CHUNK), CHUNK, 0)).toBe('yes');
    expect(budget.take(file('b', 5 * CHUNK), CHUNK, 0)).toBe('no');
    expect(budget.isSpent).toBe(true);
    expect(budget.take(file('c', 4 * CHUNK), CHUNK, 0)).toBe('yes');
    budget.finished('a'); // it came from elsewhere
    expect(budget.take(file('b', 5 * CHUNK), CHUNK, 0)).toBe('yes');
  });
});
