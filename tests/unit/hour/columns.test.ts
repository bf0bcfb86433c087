import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CODING, decodeColumn, encodeColumn } from '../../../src/hour/columns.ts';
import type { Step } from '../../../src/hour/types.ts';
import { bits } from './hour-samples.ts';

const MAX = Number.MAX_SAFE_INTEGER;

function there(values: readonly number[], step: Step | null = null): number {
  const column = Float64Array.from(values);
  const coded = encodeColumn(column, step);
  expect(bits(decodeColumn(coded, column.length))).toEqual(bits(column));
  return coded.coding;
}

describe('a column', () => {
  it.each([
    ['zero and minus zero', [0, -0, 1], CODING.float64],
    ['minus zero alone', [-0], CODING.float64],
    ['an infinity', [1, Number.POSITIVE_INFINITY], CODING.float64],
    ['the largest safe integers', [MAX, MAX, MAX - 1], CODING.lattice],
    ['2^53, which is not safe', [2 ** 53, 0], CODING.float64],
    ['a jump of 2^53 and more', [MAX, -MAX, MAX], CODING.float64],
    ['a denormal', [5e-324, 0], CODING.float64],
    ['fifteen decimals', Array.from({ length: 50 }, (_, i) => (i % 2) * 1e-15), CODING.lattice],
    ['0.1 + 0.2, which is no decimal of fifteen digits', [0.1 + 0.2], CODING.float64],
    ['tenths', Array.from({ length: 100 }, (_, i) => i / 10), CODING.lattice],
    ['large integers with small steps', Array.from({ length: 100 }, (_, i) => MAX - i), CODING.lattice],
    ['nothing but missing values', [Number.NaN, Number.NaN], CODING.missing],
  ])('of %s comes back bit for bit', (_, values, coding) => {
    expect(there(values)).toBe(coding);
  });

  it('takes the sensor’s own step where it fits, and another coding where one value does not', () => {
    const step = { numerator: 9.80665, denominator: 16_384 };
    const values = Array.from({ length: 100 }, (_, i) => ((i - 50) * step.numerator) / step.denominator);
    expect(encodeColumn(Float64Array.from(values), step)).toMatchObject({ coding: CODING.lattice, step });
    expect(there([...values, 0.1 + 0.2], step)).toBe(CODING.float64);
    expect(encodeColumn(Float64Array.from(values), step).bytes.length).toBeLessThan(60);
  });

  it('comes back from any few values that make a lattice hard', () => {
    const hard = fc.constantFrom(0, -0, 0.5, 1e-15, -1e-15, MAX, -MAX, 2 ** 52, 1e15, 0.1, 1e22, Number.NaN);
    fc.assert(
      fc.property(fc.array(hard, { minLength: 1, maxLength: 6 }), (values) => void there(values)),
      { numRuns: 2000 },
    );
  });

  it('is refused when an inflated body would be longer than its rows', () => {
    const bomb = encodeColumn(new Float64Array(4096), null);
    expect(() => decodeColumn(bomb, 10)).toThrow(/corrupt|inflates|add up/);
    const floats = encodeColumn(
      Float64Array.from({ length: 4096 }, () => 0.1 + 0.2),
      null,
    );
    expect(() => decodeColumn(floats, 10)).toThrow(/inflates to more than 80 bytes/);
  });
});
