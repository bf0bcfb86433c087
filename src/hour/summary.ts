/** What an hour's entry tells before the hour itself has moved: rows, extent, mean and achieved rate per column and stream. */
import type { ColumnSummary, HourContent, ReadingBatch, StreamSummary } from './types.ts';

/** Least and greatest finite value, null when there is none. */
export function columnExtent(values: Float64Array): { min: number | null; max: number | null } {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  // Adding 0 turns −0 into 0: CBOR's shortest form of both is the integer 0.
  return min <= max ? { min: min + 0, max: max + 0 } : { min: null, max: null };
}

/** Earliest and latest reading, ns from the batch's base (null when empty), and rows per second between them. */
export function timeExtent({ offsetsNs }: ReadingBatch): {
  firstNs: number | null;
  lastNs: number | null;
  achievedRateHz: number | null;
} {
  const { min, max } = columnExtent(offsetsNs);
  const spanNs = min === null || max === null ? 0 : max - min;
  return {
    firstNs: min,
    lastNs: max,
    achievedRateHz: spanNs > 0 ? (offsetsNs.length - 1) / (spanNs / 1e9) : null,
  };
}

function columnSummary(values: Float64Array): ColumnSummary {
  let count = 0;
  let finite = 0;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (Number.isNaN(value)) continue;
    count++;
    if (!Number.isFinite(value)) continue;
    finite++;
    sum += value;
  }
  return { count, ...columnExtent(values), mean: finite === 0 ? null : meanOf(values, sum, finite) };
}

/** A sum of huge values overflows although their mean does not: then each is divided first. */
function meanOf(values: Float64Array, sum: number, count: number): number {
  if (Number.isFinite(sum)) return sum / count;
  let mean = 0;
  for (const value of values) if (Number.isFinite(value)) mean += value / count;
  return mean;
}

/** One summary per stream of the hour. Times are whole milliseconds. */
export function summarize(content: HourContent): StreamSummary[] {
  return content.streams.map(({ descriptor, rows }) => {
    const { firstNs, lastNs, achievedRateHz } = timeExtent(rows);
    return {
      name: descriptor.name,
      rows: rows.offsetsNs.length,
      firstMs: firstNs === null ? null : Math.floor(rows.baseMs + firstNs / 1e6),
      lastMs: lastNs === null ? null : Math.floor(rows.baseMs + lastNs / 1e6),
      achievedRateHz,
      columns: rows.columns.map(columnSummary),
    };
  });
}
