/** The fast profile gives back what it got, whatever it got, and takes nothing hostile. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWaystationError } from '../../../src/core/errors.ts';
import { decodeFastBlock, encodeFastBlock } from '../../../src/hour/coding/fast/block.ts';
import type { Step } from '../../../src/hour/types.ts';

function roundTrip(
  ticks: Float64Array,
  columns: readonly Float64Array[],
  declared: readonly (Step | null)[] = [],
) {
  const { bytes, steps } = encodeFastBlock(ticks, columns, declared);
  const back = decodeFastBlock(bytes, ticks.length, steps, columns.length);
  expect(back.ticks).toEqual(ticks);
  columns.forEach((column, c) => {
    const got = back.columns[c] as Float64Array;
    expect(got.length).toBe(column.length);
    column.forEach((value, row) => {
      if (!Object.is(value, got[row]))
        throw new Error(`row ${row} of ${c}: ${value} came back as ${got[row]}`);
    });
  });
  return { bytes, steps, back };
}

const ticksOf = (rows: number) =>
  Float64Array.from({ length: rows }, (_, i) => i * 20 + (i % 7 === 0 ? 1 : 0));
const STEP: Step = { numerator: 9.80665, denominator: 16384 };

describe('the fast profile', () => {
  it('gives back grids, floats, noise, blanks and odd values bit for bit', () => {
    const rows = 1000;
    const at = (f: (i: number) => number) => Float64Array.from({ length: rows }, (_, i) => f(i));
    roundTrip(ticksOf(rows), [
      at((i) => Math.round(Math.sin(i / 10) * 1000) / 100),
      at((i) => ((i * 7919) % 4001) / 10),
      at(() => 7),
      at((i) => Math.fround(Math.sin(i) * 1e-20)),
      at((i) => Number(Math.fround(Math.sin(i) * 9.8).toPrecision(7))),
      at((i) => Math.sin(i) ** 3),
      at((i) => (i % 3 === 0 ? Number.NaN : i)),
      at((i) => (i < 990 ? Number.NaN : i)),
      at(() => Number.NaN),
      at((i) => (i % 5 === 0 ? -0 : i % 5 === 1 ? 0 : i)),
      at((i) => (i === 17 ? Number.POSITIVE_INFINITY : i === 500 ? 0.1234567890123 : i / 4)),
      at((i) => (i % 2 === 0 ? -(2 ** 53) : 2 ** 53)),
      at((i) => i * 1e12 + (i % 2)),
      at((i) => (i === 500 ? 2 ** 40 : i % 3)),
    ]);
  });

  it('finds the declared step, and says which grid it took', () => {
    const values = Float64Array.from(
      { length: 300 },
      (_, i) => (Math.round(Math.sin(i) * 900) * STEP.numerator) / STEP.denominator,
    );
    const { steps, bytes } = roundTrip(ticksOf(300), [values], [STEP]);
    expect(steps).toEqual([STEP]);
    expect(bytes.length).toBeLessThan(300 * 2);
  });

  it('reads as many columns as are wanted', () => {
    const { bytes, steps } = encodeFastBlock(ticksOf(10), [ticksOf(10), ticksOf(10)], []);
    expect(decodeFastBlock(bytes, 10, steps, 0).columns).toEqual([]);
    expect(decodeFastBlock(bytes, 10, steps, 1).columns).toEqual([ticksOf(10)]);
  });

  it('tells the extent of the numbers that it read', () => {
    const { back } = roundTrip(Float64Array.of(5, 6, 7), [
      Float64Array.of(0.5, -1.5, 0.5),
      Float64Array.of(1, Number.NaN, 3),
    ]);
    expect(back.extents).toEqual([
      { count: 3, min: 5, max: 7, sum: 18 },
      { count: 3, min: -3, max: 1, sum: -1 },
      { count: 2, min: 1, max: 3, sum: 4 },
    ]);
  });

  const value = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: -2000, max: 2000 }).map((k) => k / 100) },
    { weight: 1, arbitrary: fc.double() },
    { weight: 1, arbitrary: fc.float() },
    { weight: 1, arbitrary: fc.integer({ min: -(2 ** 31), max: 2 ** 31 }).map((k) => k * 2 ** 21) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        -0,
        0,
        Number.POSITIVE_INFINITY,
        Number.NaN,
        Number.NEGATIVE_INFINITY,
        2 ** 53,
        5e-324,
      ),
    },
  );
  const column = (rows: number) =>
    fc.oneof(
      fc.array(value, { minLength: rows, maxLength: rows }),
      fc.array(fc.integer({ min: -300, max: 300 }), { minLength: rows, maxLength: rows }),
      fc.array(fc.integer({ min: -(2 ** 45), max: 2 ** 45 }), { minLength: rows, maxLength: rows }),
      fc.array(fc.float({ noNaN: true }), { minLength: rows, maxLength: rows }),
    );
  const time = fc.oneof(fc.integer({ min: 0, max: 3_600_000 }), fc.maxSafeInteger());

  it('gives back any block', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }).chain((rows) =>
          fc.record({
            ticks: fc.array(time, { minLength: rows, maxLength: rows }),
            columns: fc.array(column(rows), { maxLength: 4 }),
          }),
        ),
        ({ ticks, columns }) => {
          roundTrip(
            Float64Array.from(ticks),
            columns.map((one) => Float64Array.from(one)),
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  it('refuses or reads anything else, and throws nothing but that it is corrupt', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 300 }), (bytes, rows) => {
        try {
          decodeFastBlock(bytes, rows, [STEP, null], 2);
        } catch (error) {
          expect(isWaystationError(error, 'corrupt')).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('notices every length that it was cut to', () => {
    const { bytes, steps } = encodeFastBlock(
      ticksOf(150),
      [Float64Array.from({ length: 150 }, (_, i) => (i * i) % 97)],
      [],
    );
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeFastBlock(bytes.subarray(0, length), 150, steps, 1), `${length} bytes`).toThrow(
        /damaged/,
      );
    expect(() => decodeFastBlock(Uint8Array.of(...bytes, 0), 150, steps, 1)).toThrow(/follows/);
  });
});
