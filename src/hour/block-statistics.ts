/** What the index tells of a block's columns, found in the values: by whoever writes a block, and by whoever checks one. */
import type { Extent } from './coding/coded-block.ts';
import type { ColumnIndex } from './header.ts';
import { givesBack, numberOn } from './lattice.ts';
import { columnExtent } from './summary.ts';
import type { Step } from './types.ts';

/** Finite values of a block's column as its index tells them. */
export function statisticsOf(values: Float64Array, step: Step | null): ColumnIndex {
  const { min, max } = columnExtent(values);
  let count = 0;
  let sum = 0;
  let sumOfNumbers = 0;
  let isOnGrid = step !== null;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isFinite(value)) continue;
    count++;
    sum += value;
    if (step === null || !isOnGrid) continue;
    const k = numberOn(step, value);
    isOnGrid = givesBack(step, k, value);
    sumOfNumbers += k;
  }
  let isTold = count > 0 && Number.isFinite(sum);
  if (step !== null && isOnGrid) {
    // On a grid the numbers are added, which is exact.
    sum = (sumOfNumbers * step.numerator) / step.denominator;
    isTold = count > 0 && Number.isSafeInteger(sumOfNumbers) && numberOn(step, sum) === sumOfNumbers;
  }
  return { step, count, min, max, sum: isTold ? sum + 0 : null };
}

/** The same of numbers that were read, without finding them again. */
export function statisticsOfNumbers({ count, min, max, sum }: Extent, step: Step): ColumnIndex | null {
  if (sum === null) return null;
  const valueAt = (k: number) => (k * step.numerator) / step.denominator + 0;
  const isTold = numberOn(step, valueAt(sum)) === sum;
  return { step, count, min: valueAt(min), max: valueAt(max), sum: isTold ? valueAt(sum) : null };
}
