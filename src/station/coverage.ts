/**
 * What a stretch of time looks like from afar: cut into cells, each with the part of it that was recorded and is here, was recorded
 * and is elsewhere, or is missing, and whether something interrupted it. Pure.
 *
 * Invariants: each moment counts once, as here where any hour that is here has it; time in which nobody recorded (before a start,
 * after a stop, in a gap) is none of them.
 */
import { interruptionsOf, lengthOf, less, merged, piecesOf, type Stretch } from './hour-pieces.ts';
import {
  HOUR_HAS_GAP,
  HOUR_HELD,
  HOUR_IN_FOLDER,
  HOUR_IS_PART,
  HOUR_STOPPED,
  hoursWithin,
  type StationTimeline,
} from './timeline.ts';

/** Cells of equal length, each with the part of it that is here, that exists elsewhere, and whether something is wrong with it. */
export interface Coverage {
  /** Part of each cell that was recorded and is here, 0 to 1. */
  readonly held: Float32Array;
  /** Part that was recorded and is not here. */
  readonly known: Float32Array;
  /** Part that no hour covers though the station has earlier and later ones, and nobody had stopped it. */
  readonly missing: Float32Array;
  /** 1 where something interrupted the recording. */
  readonly gap: Uint8Array;
}

/** Hours that overlap each other: parts of one slot. Most have one. */
interface Group {
  /** Of the timeline's hours [first, end). */
  readonly first: number;
  readonly end: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly isStopped: boolean;
}

function groupAt({ startMs, endMs, flags }: StationTimeline, first: number): Group {
  const fromMs = startMs[first] as number;
  let toMs = endMs[first] as number;
  let end = first + 1;
  while (end < startMs.length && (startMs[end] as number) < toMs)
    toMs = Math.max(toMs, endMs[end++] as number);
  // Of the same slot the one that was sealed last.
  const isStopped = ((flags[end - 1] as number) & HOUR_STOPPED) !== 0;
  return { first, end, fromMs, toMs, isStopped };
}

/** After the run of hours from `first` on that were recorded whole, follow each other and are all here or all not; `first` if none. */
function wholeRun({ startMs, endMs, flags }: StationTimeline, first: number, end: number): number {
  const flag = flags[first] as number;
  if ((flag & ~(HOUR_HELD | HOUR_IN_FOLDER)) !== 0) return first;
  let i = first;
  // The next must begin where this one ends, or later: what overlaps is looked at piece by piece.
  while (
    i < end &&
    flags[i] === flag &&
    (startMs[i + 1] ?? Number.POSITIVE_INFINITY) >= (endMs[i] as number)
  ) {
    if (i > first && startMs[i] !== endMs[i - 1]) break;
    i++;
  }
  return i;
}

/** What the hours of a group recorded: what of it is here, and what only elsewhere. */
function recordedIn(timeline: StationTimeline, { first, end, fromMs, toMs }: Group) {
  const { flags, hours } = timeline;
  const flag = flags[first] as number;
  if (end - first === 1) {
    const hour = hours[first];
    const pieces =
      (flag & HOUR_IS_PART) === 0 || hour === undefined ? [{ fromMs, toMs }] : piecesOf(hour.body);
    return (flag & HOUR_HELD) !== 0 ? { held: pieces, known: [] } : { held: [], known: pieces };
  }
  const held: Stretch[] = [];
  const known: Stretch[] = [];
  for (let i = first; i < end; i++) {
    const hour = hours[i];
    if (hour !== undefined)
      (((flags[i] as number) & HOUR_HELD) !== 0 ? held : known).push(...piecesOf(hour.body));
  }
  const here = merged(held);
  return { held: here, known: less(merged(known), here) };
}

/** @param cells how many cells of `cellMs` there are from `fromMs` on. */
export function coverageOf(
  timeline: StationTimeline,
  fromMs: number,
  cellMs: number,
  cells: number,
): Coverage {
  const held = new Float32Array(cells);
  const known = new Float32Array(cells);
  const missing = new Float32Array(cells);
  const gap = new Uint8Array(cells);
  const told = new Float32Array(cells);
  const toMs = fromMs + cells * cellMs;
  const { startMs, flags, hours, span } = timeline;
  if (span === null) return { held, known, missing, gap };
  const add = (to: Float32Array, one: Stretch) =>
    spread(to, Math.max(one.fromMs, fromMs), Math.min(one.toMs, toMs), fromMs, cellMs);
  const { first, end } = hoursWithin(timeline, fromMs, toMs);
  // What was stopped before the first cell may still be stopped in it.
  for (let i = Math.max(0, first - 1); i < end; ) {
    const whole = wholeRun(timeline, i, end);
    if (whole > i) {
      const run = { fromMs: startMs[i] as number, toMs: timeline.endMs[whole - 1] as number };
      add(((flags[i] as number) & HOUR_HELD) !== 0 ? held : known, run);
      add(told, run);
      i = whole;
      continue;
    }
    const group = groupAt(timeline, i);
    const recorded = recordedIn(timeline, group);
    for (const one of recorded.held) add(held, one);
    for (const one of recorded.known) add(known, one);
    const nextMs = startMs[group.end] ?? span.toMs;
    add(told, group.isStopped ? { fromMs: group.fromMs, toMs: Math.max(group.toMs, nextMs) } : group);
    for (let at = group.first; at < group.end; at++) {
      const hour = hours[at];
      if (((flags[at] as number) & HOUR_HAS_GAP) === 0 || hour === undefined) continue;
      for (const one of interruptionsOf(hour.body)) mark(gap, one, fromMs, cellMs);
    }
    i = group.end;
  }
  add(missing, span);
  for (let cell = 0; cell < cells; cell++) {
    const rest = (missing[cell] as number) - (told[cell] as number);
    // Sums of thirds do not add up to one exactly.
    missing[cell] = rest > 1e-4 ? rest : 0;
  }
  return { held, known, missing, gap };
}

/** Adds the stretch [from, to) to the cells that it covers, as parts of a cell. */
function spread(cells: Float32Array, from: number, to: number, originMs: number, cellMs: number): void {
  if (!(to > from)) return;
  const last = Math.min(cells.length - 1, Math.ceil((to - originMs) / cellMs) - 1);
  for (let cell = Math.max(0, Math.floor((from - originMs) / cellMs)); cell <= last; cell++) {
    const cellFrom = originMs + cell * cellMs;
    const part = (Math.min(to, cellFrom + cellMs) - Math.max(from, cellFrom)) / cellMs;
    if (part > 0) cells[cell] = Math.min(1, (cells[cell] as number) + part);
  }
}

function mark(cells: Uint8Array, { fromMs, toMs }: Stretch, originMs: number, cellMs: number): void {
  const from = Math.max(0, Math.floor((fromMs - originMs) / cellMs));
  const to = Math.min(cells.length - 1, Math.ceil((toMs - originMs) / cellMs) - 1);
  for (let cell = from; cell <= to; cell++) cells[cell] = 1;
}

/** How much a station has recorded. */
export interface Recorded {
  readonly heldMs: number;
  /** Recorded, and not here. */
  readonly knownMs: number;
  /** Stretches that lie apart: a person stopped in between, or hours are missing. A gap does not make two of one. */
  readonly pieces: number;
  /** What interrupted it: gaps that touch, or befell several streams at about the same time, count once. */
  readonly gaps: number;
}

/** What happens to several streams at once is noticed within this, ms; and hours are cut where they touch. */
const TOGETHER_MS = 2_500;

/** @param fromMs together with `toMs`, hours that overlap that stretch alone. */
export function recordedOf(
  timeline: StationTimeline,
  fromMs: number = Number.NEGATIVE_INFINITY,
  toMs: number = Number.POSITIVE_INFINITY,
): Recorded {
  const total = { heldMs: 0, knownMs: 0, pieces: 0 };
  const gaps: Stretch[] = [];
  const { first, end } = hoursWithin(timeline, fromMs, toMs);
  let lastMs = Number.NEGATIVE_INFINITY;
  for (let i = first; i < end; ) {
    if ((timeline.endMs[i] as number) <= fromMs) {
      i++;
      continue;
    }
    const whole = wholeRun(timeline, i, end);
    if (whole > i) {
      const run = { fromMs: timeline.startMs[i] as number, toMs: timeline.endMs[whole - 1] as number };
      const isHeld = ((timeline.flags[i] as number) & HOUR_HELD) !== 0;
      i = whole;
      total[isHeld ? 'heldMs' : 'knownMs'] += run.toMs - run.fromMs;
      if (run.fromMs - lastMs > TOGETHER_MS) total.pieces++;
      lastMs = Math.max(lastMs, run.toMs);
      continue;
    }
    const group = groupAt(timeline, i);
    i = group.end;
    const { held, known } = recordedIn(timeline, group);
    total.heldMs += lengthOf(held);
    total.knownMs += lengthOf(known);
    const interrupted: Stretch[] = [];
    for (let at = group.first; at < group.end; at++) {
      const hour = timeline.hours[at];
      if (((timeline.flags[at] as number) & HOUR_HAS_GAP) !== 0 && hour !== undefined)
        interrupted.push(...interruptionsOf(hour.body));
    }
    for (const one of interrupted) gaps.push(one);
    for (const one of merged([...held, ...known, ...interrupted])) {
      if (one.fromMs - lastMs > TOGETHER_MS) total.pieces++;
      lastMs = Math.max(lastMs, one.toMs);
    }
  }
  return { ...total, gaps: togetherOf(gaps) };
}

/** How much of the hours that overlap [fromMs, toMs) is in a folder and not here: a part of what {@link recordedOf} finds to be elsewhere. */
export function inFolderMs(
  timeline: StationTimeline,
  fromMs: number = Number.NEGATIVE_INFINITY,
  toMs: number = Number.POSITIVE_INFINITY,
): number {
  const { flags, hours, endMs } = timeline;
  const { first, end } = hoursWithin(timeline, fromMs, toMs);
  const withFlag = (wanted: number) => {
    const found: Stretch[] = [];
    for (let i = first; i < end; i++) {
      const hour = hours[i];
      if (hour !== undefined && ((flags[i] as number) & wanted) !== 0 && (endMs[i] as number) > fromMs)
        found.push(...piecesOf(hour.body));
    }
    return merged(found);
  };
  const away = withFlag(HOUR_IN_FOLDER);
  if (away.length === 0) return 0;
  const here = withFlag(HOUR_HELD);
  return lengthOf(less(away, here));
}

function togetherOf(gaps: readonly Stretch[]): number {
  return merged(gaps.map((one) => ({ fromMs: one.fromMs, toMs: one.toMs + TOGETHER_MS }))).length;
}
