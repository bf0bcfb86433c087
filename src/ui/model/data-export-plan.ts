/**
 * What an export takes in: which hours of which stations and what is not here, in how many files of which names. Nothing is opened for it.
 */
import { MAX_TIME_MS } from '../../hour/limits.ts';
import type { HourRecord } from '../../station/catalog.ts';
import { HOUR_HELD, hoursWithin, type StationTimeline } from '../../station/timeline.ts';
import { fileName } from '../../store/archive-folder.ts';
import type { ColumnRef } from './data-series.ts';

/** Of a sensor's name in a file's: what the station's leaves. */
const MAX_SENSOR_CHARS = 30;

export interface ExportStation {
  readonly key: string;
  readonly id: string;
  readonly name: string;
  readonly timeline: StationTimeline<HourRecord>;
}

export interface ExportOptions {
  readonly stations: readonly ExportStation[];
  /** Null: from the first reading, to the last. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
  /** Null: all of them. */
  readonly columns: readonly ColumnRef[] | null;
  readonly table: TableForm;
}

/** How tables are written; each line has its time as ISO 8601 in UTC in any case. */
export interface TableForm {
  /**
   * One table a station with one line for each moment at which any of its sensors told something, which two seldom do at the very same; or
   * one table for each sensor, whose lines are whole.
   */
  readonly tables: 'together' | 'apart';
  /** Beside UTC the time on the reader's clocks. */
  readonly localTimes: boolean;
  /** Beside UTC the time as a number, in the sensor's own ticks, and values to their last bit: what a replay takes in as it was. */
  readonly ticks: boolean;
}

export const DEFAULT_TABLE: TableForm = { tables: 'together', localTimes: false, ticks: false };

/** What is planned before it is known how it is written. */
export type PlanOptions = Pick<ExportOptions, 'stations' | 'fromMs' | 'toMs'>;

/** One station's part of an export. */
export interface ExportPart {
  readonly station: ExportStation;
  readonly hours: readonly HourRecord[];
  /** Starts of the hours in the range that are not on this device. */
  readonly notHereMs: readonly number[];
  /** Bytes of the hours, as they are stored. */
  readonly storedBytes: number;
}

/** What an export would take in, and what it would leave out. */
export function planExport(options: PlanOptions): ExportPart[] {
  const fromMs = options.fromMs ?? Number.NEGATIVE_INFINITY;
  const toMs = options.toMs ?? Number.POSITIVE_INFINITY;
  return options.stations.map((station) => {
    const { timeline } = station;
    const { first, end } = hoursWithin(timeline, fromMs, toMs);
    const hours: HourRecord[] = [];
    const notHereMs: number[] = [];
    let storedBytes = 0;
    for (let i = first; i < end; i++) {
      const hour = timeline.hours[i] as HourRecord;
      if ((timeline.endMs[i] as number) <= fromMs) continue;
      if (((timeline.flags[i] as number) & HOUR_HELD) === 0) {
        notHereMs.push(hour.body.startMs);
        continue;
      }
      hours.push(hour);
      storedBytes += hour.entry.header.blobs[0]?.size ?? 0;
    }
    return { station, hours, notHereMs, storedBytes };
  });
}

/**
 * A table's name on disk: station, sensor where it has a table of its own, and the days (in UTC, as the times in it) that are in it:
 * `Ridge accelerometer 2026-10-28 to 2026-10-30.csv`. Every file system takes it.
 */
export function tableName(
  { station, hours }: Pick<ExportPart, 'hours'> & { readonly station: { readonly name: string } },
  { fromMs, toMs }: Pick<ExportOptions, 'fromMs' | 'toMs'>,
  sensor = '',
): string {
  let firstMs = MAX_TIME_MS;
  let lastMs = -MAX_TIME_MS;
  // One by one: years of hours are more than a call takes.
  for (const { body } of hours)
    for (const one of extentOf(body)) {
      firstMs = Math.min(firstMs, one.fromMs);
      lastMs = Math.max(lastMs, one.toMs);
    }
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const first = hours.length === 0 ? '' : day(Math.max(firstMs, fromMs ?? -MAX_TIME_MS));
  const last = hours.length === 0 ? '' : day(Math.min(lastMs, toMs ?? MAX_TIME_MS));
  const days = first === last ? first : `${first} to ${last}`;
  const ofSensor = sensor === '' ? '' : ` ${fileName(fileName(sensor).slice(0, MAX_SENSOR_CHARS))}`;
  return `${fileName(station.name || 'station', `${ofSensor} ${days}`)}.csv`;
}

/** An hour file's name on disk: station and start in UTC. */
export function hourName(name: string, startMs: number): string {
  const start = new Date(startMs).toISOString().replace(/[:.]/g, '').replace('000Z', 'Z');
  return `${fileName(name || 'station', ` ${start}`)}.hour`;
}

/** From the first reading of an hour to its last, stream by stream; where none is told, its start. */
function extentOf({
  startMs,
  streams,
}: HourRecord['body']): { readonly fromMs: number; readonly toMs: number }[] {
  const told = streams.flatMap(({ firstMs, lastMs }) =>
    firstMs === null || lastMs === null ? [] : [{ fromMs: firstMs, toMs: lastMs }],
  );
  return told.length > 0 ? told : [{ fromMs: startMs, toMs: startMs }];
}

/** What the first file is called. */
export function firstFileName(
  kind: 'csv' | 'hours',
  parts: readonly ExportPart[],
  options: Pick<ExportOptions, 'fromMs' | 'toMs'>,
): string {
  const part = parts.find(({ hours }) => hours.length > 0);
  const hour = part?.hours[0];
  if (part === undefined || hour === undefined) return kind === 'csv' ? 'station.csv' : 'station.hour';
  return kind === 'csv' ? tableName(part, options) : hourName(part.station.name, hour.body.startMs);
}

/** Names of the sensors that have a table of their own, in the order in which the hours tell them. */
export function sensorsOf(
  { hours }: Pick<ExportPart, 'hours'>,
  columns: readonly ColumnRef[] | null,
): string[] {
  const names = new Set<string>();
  for (const { body } of hours)
    for (const { name, rows } of body.streams)
      if (rows > 0 && (columns === null || columns.some(({ stream }) => stream === name))) names.add(name);
  return [...names];
}

/** How many tables a part becomes. */
export function tableCount(
  part: ExportPart,
  { table, columns }: Pick<ExportOptions, 'table' | 'columns'>,
): number {
  if (part.hours.length === 0) return 0;
  return table.tables === 'together' ? 1 : sensorsOf(part, columns).length;
}
