/** Overviews of hours: bands that enclose what was recorded, whatever that was. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  areBands,
  columnBands,
  MAX_PARTS,
  MAX_PYRAMID_BYTES,
  NO_VALUE,
  partOfRows,
  partsFor,
  readBands,
  stepOf,
  valueAtStep,
} from '../../../src/hour/pyramid.ts';
import { columnExtent } from '../../../src/hour/summary.ts';
import { anyHour } from './hour-samples.ts';

const partCounts = fc.constantFrom(2, 4, 8, 16, MAX_PARTS);
const anyValue = fc.oneof(
  fc.integer({ min: -100, max: 100 }).map((k) => k / 10),
  fc.double(),
  fc.constantFrom(5e-324, -5e-324, 1.7976931348623157e308, -1.7976931348623157e308, 2 ** 53, -0, Number.NaN),
);

function extentOf(values: Float64Array) {
  const { min, max } = columnExtent(values);
  return min === null || max === null ? null : { min, max };
}

describe('a band', () => {
  it('encloses every finite value of its part, and no part without one has a band', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyValue, fc.nat(31))), partCounts, fc.nat(5), (cells, parts, power) => {
        const values = Float64Array.from(cells, ([value]) => value);
        const partOf = Uint8Array.from(cells, ([, part]) => part % parts);
        const extent = extentOf(values);
        const bands = columnBands(values, partOf, parts, extent);
        expect(areBands(bands)).toBe(true);
        if (extent === null) {
          expect([...bands].every((band) => band === NO_VALUE)).toBe(true);
          return;
        }
        const together = Math.min(parts, 2 ** power);
        const read = readBands(bands, extent, together);
        const filled = new Set<number>();
        values.forEach((value, i) => {
          if (!Number.isFinite(value)) return;
          const at = Math.floor((partOf[i] as number) / together);
          filled.add(at);
          expect(read.min[at]).toBeLessThanOrEqual(value);
          expect(read.max[at]).toBeGreaterThanOrEqual(value);
        });
        read.min.forEach((min, at) => {
          expect(Number.isNaN(min)).toBe(!filled.has(at));
          if (!filled.has(at)) return;
          expect(min).toBeGreaterThanOrEqual(extent.min);
          expect(read.max[at]).toBeLessThanOrEqual(extent.max);
        });
        // All parts together are the hour's own extremes.
        const all = readBands(bands, extent, parts);
        expect([all.min[0], all.max[0]]).toEqual([extent.min + 0, extent.max + 0]);
      }),
    );
  });

  it('is no further from its values than a step of sixteen', () => {
    const values = Float64Array.from({ length: 320 }, (_, i) => Math.sin(i / 50) * 7 + 1_000);
    const partOf = Uint8Array.from(values, (_, i) => i / 10);
    const extent = extentOf(values) as { min: number; max: number };
    const { min, max } = readBands(columnBands(values, partOf, 32, extent), extent);
    const step = (extent.max - extent.min) / 15;
    min.forEach((low, part) => {
      const own = values.subarray(part * 10, part * 10 + 10);
      expect(Math.min(...own) - low).toBeLessThan(step);
      expect((max[part] as number) - Math.max(...own)).toBeLessThan(step);
    });
  });
});

describe('steps between two values', () => {
  const pair = fc
    .tuple(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    )
    .map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) }));

  it('rise, stay between them and end on them', () => {
    fc.assert(
      fc.property(pair, fc.integer({ min: 0, max: 65_535 }), (extent, step) => {
        const value = valueAtStep(step, 65_535, extent);
        expect(value).toBeGreaterThanOrEqual(extent.min);
        expect(value).toBeLessThanOrEqual(extent.max);
        expect(valueAtStep(0, 65_535, extent)).toBe(extent.min);
        expect(valueAtStep(65_535, 65_535, extent)).toBe(extent.max);
      }),
    );
  });

  it('are found again', () => {
    const extent = { min: -7.6, max: 3.2 };
    for (const step of [0, 1, 7, 14, 15])
      expect(stepOf(valueAtStep(step, 15, extent), 15, extent)).toBeCloseTo(step, 9);
  });
});

describe('rows', () => {
  it('lie in a part, in order of time, the first in the first and the last in the last', () => {
    fc.assert(
      fc.property(anyHour, partCounts, ({ streams }, parts) => {
        for (const { rows } of streams) {
          const { min, max } = columnExtent(rows.offsetsNs);
          if (min === null || max === null) continue;
          const firstMs = Math.floor(rows.baseMs + min / 1e6);
          const lastMs = Math.floor(rows.baseMs + max / 1e6);
          const partOf = partOfRows(rows, parts, firstMs, lastMs);
          const order = [...partOf.keys()].sort(
            (a, b) => (rows.offsetsNs[a] ?? 0) - (rows.offsetsNs[b] ?? 0),
          );
          for (let i = 0; i < order.length; i++) {
            const part = partOf[order[i] as number] as number;
            expect(part).toBeLessThan(parts);
            if (i > 0) expect(part).toBeGreaterThanOrEqual(partOf[order[i - 1] as number] as number);
          }
        }
      }),
    );
  });
});

describe('the number of parts', () => {
  it.each([
    [60, 6, 8],
    [3_600, 6, 32],
    [216_000, 9, 32],
    [3_600, 64, 8],
    [3_600, 300, 0],
    [11, 1, 0],
    [0, 0, 0],
  ])('of %i rows in %i columns is %i', (rows, columns, parts) => {
    expect(partsFor(rows, columns)).toBe(parts);
  });

  it('keeps all overviews of an entry within their bound', () => {
    fc.assert(
      fc.property(fc.nat(300_000), fc.integer({ min: 1, max: 16_384 }), (rows, columns) => {
        expect(partsFor(rows, columns) * columns).toBeLessThanOrEqual(MAX_PYRAMID_BYTES);
      }),
    );
  });
});
