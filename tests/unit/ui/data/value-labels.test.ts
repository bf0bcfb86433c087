import { describe, expect, it } from 'vitest';
import { valueLabels } from '../../../../src/ui/data/value-labels.ts';

/** As wide as figures are in the axis' type. */
const widthOf = (text: string) => text.length * 7.2;
const labels = (...values: number[]) => valueLabels(values, 54, widthOf);

describe('labels of an axis of values', () => {
  it('have the decimals that tell them apart', () => {
    expect(labels(-10, 0, 10)).toEqual(['-10', '0', '10']);
    expect(labels(0, 0.25, 0.5)).toEqual(['0.00', '0.25', '0.50'].map((text) => text.replace('.', point)));
    expect(labels(9.8, 9.801, 9.802).length).toBe(3);
    expect(labels(-0, 1)).toEqual(['0', '1']);
  });

  it('are never wider than the axis, and still tell values apart', () => {
    for (const values of [
      [101_325.1, 101_325.2, 101_325.3],
      [96_400, 96_410, 96_420],
      [1_250_000, 1_500_000],
      [-0.000_000_2, 0, 0.000_000_2],
      [1e300, 2e300],
      [-123_456_789, 123_456_789],
    ]) {
      const own = labels(...values);
      expect(own.length).toBe(values.length);
      for (const label of own) expect(widthOf(label)).toBeLessThanOrEqual(54);
    }
    expect(new Set(labels(96_400, 96_410, 96_420)).size).toBe(3);
  });

  it('are none where there is nothing to label', () => {
    expect(valueLabels([], 54, widthOf)).toEqual([]);
  });
});

/** The reader's decimal point. */
const point = (0.5).toLocaleString().charAt(1);
