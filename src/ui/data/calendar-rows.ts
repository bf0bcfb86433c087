/**
 * The calendar of hours: days as rows and the hours of the day as columns, in the reader's time zone. Pure.
 *
 * Hours of a station are aligned to UTC, so in zones that are off by half an hour a column is the hour that begins at its half. Days
 * on which clocks change have 23 or 25 hours: a column of the skipped hour is empty, the one of the repeated hour is shared by two.
 * Hours shorter than an hour (tests, demonstrations) have shorter rows.
 *
 * Invariant: every slot is in exactly one cell of one row; rows are in order of time.
 */
import type { StationTimeline } from '../../station/timeline.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Lengths of rows for hours that are shorter than an hour, in ms: whole parts of a day, so that rows begin at round times. */
const SHORT_ROWS_MS = [20, 30, 60, 120, 300, 600, 1_800, 3_600, 10_800, 21_600, 43_200].map((s) => s * 1000);
const CELLS_OF_A_SHORT_ROW = 12;
/** So many rows without an hour are told by one. */
const FOLD_FROM_ROWS = 4;

/** A time zone's clock. */
export class Zone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat | undefined;

  /** @param name IANA name; without one the system's. */
  constructor(name?: string) {
    const own = new Intl.DateTimeFormat().resolvedOptions().timeZone;
    this.name = name ?? own;
    if (this.name === own) return;
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: this.name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /** How far the zone's clocks are ahead of UTC at a time, ms. */
  offsetMs(ms: number): number {
    if (this.#format === undefined) return -new Date(ms).getTimezoneOffset() * 60_000;
    const parts = Object.fromEntries(
      this.#format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]),
    );
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000;
  }

  /** When the day that holds `ms` began. */
  dayStart(ms: number): number {
    const local = ms + this.offsetMs(ms);
    return this.#atLocal(Math.floor(local / DAY_MS) * DAY_MS, ms);
  }

  /** When the day after the one that holds `ms` begins. */
  nextDay(ms: number): number {
    const local = ms + this.offsetMs(ms);
    return this.#atLocal((Math.floor(local / DAY_MS) + 1) * DAY_MS, ms);
  }

  /** The first moment at which the zone's clocks show `local` or, where they skip it, what follows. */
  #atLocal(local: number, near: number): number {
    const guess = local - this.offsetMs(near);
    const candidates = [
      local - this.offsetMs(guess - 3 * HOUR_MS),
      local - this.offsetMs(guess + 3 * HOUR_MS),
    ];
    const right = candidates.filter((ms) => ms + this.offsetMs(ms) === local);
    // A skipped midnight: the day begins when the clocks go on.
    return right.length > 0 ? Math.min(...right) : Math.max(...candidates);
  }

  /** Hour of the day on the zone's clocks, 0 to 23. */
  hourOf(ms: number): number {
    const local = ms + this.offsetMs(ms);
    return Math.floor((local - Math.floor(local / DAY_MS) * DAY_MS) / HOUR_MS);
  }
}

export interface CalendarCell {
  readonly fromMs: number;
  readonly toMs: number;
  readonly column: number;
  /** Where clocks go back, two hours share a column: which this is. */
  readonly part: number;
  readonly parts: number;
}

export interface CellRow {
  readonly kind: 'cells';
  readonly fromMs: number;
  readonly toMs: number;
}

/** Rows without any hour, told by one. */
export interface FoldedRow {
  readonly kind: 'folded';
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
}

export type CalendarRow = CellRow | FoldedRow;

export interface CalendarShape {
  /** A day, or less where hours are shorter. */
  readonly isDays: boolean;
  readonly rowMs: number;
  readonly cellMs: number;
  readonly columns: number;
}

/** How long rows and cells are, from how long the station's hours are. */
export function shapeOf(timeline: StationTimeline): CalendarShape {
  const cellMs = Math.min(HOUR_MS, timeline.longestMs || HOUR_MS);
  if (cellMs === HOUR_MS) return { isDays: true, rowMs: DAY_MS, cellMs, columns: 24 };
  const rowMs = SHORT_ROWS_MS.find((ms) => ms / cellMs >= CELLS_OF_A_SHORT_ROW) ?? DAY_MS / 2;
  return { isDays: false, rowMs, cellMs, columns: Math.ceil(rowMs / cellMs) };
}

/** All rows from the first hour to the last, long stretches of nothing folded. */
export function calendarRows(timeline: StationTimeline, shape: CalendarShape, zone: Zone): CalendarRow[] {
  const span = timeline.span;
  if (span === null) return [];
  const next = (ms: number) =>
    shape.isDays ? zone.nextDay(ms) : (Math.floor(ms / shape.rowMs) + 1) * shape.rowMs;
  const start = (ms: number) =>
    shape.isDays ? zone.dayStart(ms) : Math.floor(ms / shape.rowMs) * shape.rowMs;
  const rows: CalendarRow[] = [];
  const { startMs } = timeline;
  let toMs = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < startMs.length; i++) {
    const hour = startMs[i] as number;
    if (hour < toMs) continue;
    const fromMs = start(hour);
    if (Number.isFinite(toMs) && fromMs > toMs) rows.push(...between(toMs, fromMs, next));
    toMs = next(fromMs);
    rows.push({ kind: 'cells', fromMs, toMs });
  }
  return rows;
}

function between(fromMs: number, toMs: number, next: (ms: number) => number): CalendarRow[] {
  const rows: CellRow[] = [];
  let at = fromMs;
  while (at < toMs && rows.length < FOLD_FROM_ROWS) {
    const end = next(at);
    rows.push({ kind: 'cells', fromMs: at, toMs: end });
    at = end;
  }
  if (rows.length < FOLD_FROM_ROWS) return rows;
  const usual = (rows[1] as CellRow).toMs - (rows[1] as CellRow).fromMs;
  return [{ kind: 'folded', fromMs, toMs, count: Math.round((toMs - fromMs) / usual) }];
}

/** The cells of a row: the slots that begin in it. */
export function cellsOf(row: CellRow, shape: CalendarShape, zone: Zone): CalendarCell[] {
  const { cellMs } = shape;
  const cells: { fromMs: number; toMs: number; column: number; part: number; parts: number }[] = [];
  for (let at = Math.ceil(row.fromMs / cellMs) * cellMs; at < row.toMs; at += cellMs) {
    const column = shape.isDays ? zone.hourOf(at) : cells.length;
    const last = cells.at(-1);
    const cell = { fromMs: at, toMs: at + cellMs, column, part: 0, parts: 1 };
    if (last !== undefined && last.column === column) {
      last.parts = 2;
      cell.part = 1;
      cell.parts = 2;
    }
    cells.push(cell);
  }
  return cells;
}
