/** Hours cut down to the rows that are asked for. */
import type { HourContent, ReadingBatch } from './types.ts';

export interface TimeRange {
  /** Only readings from this time on, up to and with that one, ms. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
}

/** The rows for whose times, ms and nanoseconds behind them, `isWanted` holds; the same object when that is all. */
export function rowsWhere(rows: ReadingBatch, isWanted: (ms: number, ns: number) => boolean): ReadingBatch {
  const { baseMs, offsetsNs } = rows;
  const wanted: number[] = [];
  for (let row = 0; row < offsetsNs.length; row++) {
    const offset = offsetsNs[row] as number;
    const ms = Math.floor(offset / 1e6);
    if (isWanted(baseMs + ms, offset - ms * 1e6)) wanted.push(row);
  }
  if (wanted.length === offsetsNs.length) return rows;
  const chosen = (values: Float64Array) => Float64Array.from(wanted, (row) => values[row] as number);
  return { baseMs, offsetsNs: chosen(offsetsNs), columns: rows.columns.map(chosen) };
}

/** The rows in the range. */
export function rowsWithin(rows: ReadingBatch, { fromMs, toMs }: TimeRange): ReadingBatch {
  if (fromMs === undefined && toMs === undefined) return rows;
  const from = fromMs ?? Number.NEGATIVE_INFINITY;
  const to = toMs ?? Number.POSITIVE_INFINITY;
  return rowsWhere(rows, (ms, ns) => ms >= from && (ms < to || (ms === to && ns === 0)));
}

/** The hour with the rows in the range alone; its streams all stay. */
export function hourWithin(hour: HourContent, range: TimeRange): HourContent {
  if (range.fromMs === undefined && range.toMs === undefined) return hour;
  return {
    ...hour,
    streams: hour.streams.map((one) => ({ ...one, rows: rowsWithin(one.rows, range) })),
  };
}
