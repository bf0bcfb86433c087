/** What an hour's entry tells before the hour itself has moved: rows, extent, mean and achieved rate per column and stream. */
import type { ColumnSummary, HourContent, StreamSummary } from './types.ts';

/** Least and greatest finite value, null when there is none. */
export function columnExtent(values: Float64Array): { min: number | null; max: number | null } {
  let min: number | null = null;
  let max: number | null = null;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (min === null || value < min) min = value;
    if (max === null || value > max) max = value;
  }
  return { min, max };
}

function columnSummary(values: Float64Array): ColumnSummary {
  let count = 0;
  let sum = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    count++;
    sum += value;
  }
  return { count, ...columnExtent(values), mean: count === 0 ? null : sum / count };
}

/** One summary per stream of the hour. Times are whole milliseconds. */
export function summarize(content: HourContent): StreamSummary[] {
  return content.streams.map(({ descriptor, rows }) => {
    const times = rows.offsetsNs;
    let first = Number.POSITIVE_INFINITY;
    let last = Number.NEGATIVE_INFINITY;
    for (const offset of times) {
      if (offset < first) first = offset;
      if (offset > last) last = offset;
    }
    const some = times.length > 0;
    return {
      name: descriptor.name,
      rows: times.length,
      firstMs: some ? Math.floor(rows.baseMs + first / 1e6) : null,
      lastMs: some ? Math.floor(rows.baseMs + last / 1e6) : null,
      achievedRateHz: times.length > 1 && last > first ? (times.length - 1) / ((last - first) / 1e9) : null,
      columns: rows.columns.map(columnSummary),
    };
  });
}
