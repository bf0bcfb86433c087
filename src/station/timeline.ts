/**
 * What is known of a station over time: which hours exist, which of them are here, where they have gaps and where there is nothing.
 * Pure; asked anew every second by the page, so what has not changed is not worked out again.
 *
 * Invariants: hours are in the order of their start; `flags[i]`, `startMs[i]` and `endMs[i]` belong to `hours[i]`; the same object is
 * given out until something about the station changed.
 */
import type { HourBody } from './entry-bodies.ts';

/** What is known of an hour from its entry. */
export interface KnownHour {
  readonly body: Pick<HourBody, 'startMs' | 'lengthMs' | 'gaps'>;
}

/** Bits of `flags`. */
export const HOUR_HELD = 1;
export const HOUR_HAS_GAP = 2;

export interface StationTimeline<Hour extends KnownHour = KnownHour> {
  readonly hours: readonly Hour[];
  readonly startMs: Float64Array;
  readonly endMs: Float64Array;
  readonly flags: Uint8Array;
  readonly heldCount: number;
  /** Length of the longest hour: how far before a moment an hour that covers it may start. */
  readonly longestMs: number;
  /** From the first hour's start to the latest end; null before there is an hour. */
  readonly span: { readonly fromMs: number; readonly toMs: number } | null;
}

export interface Gap {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Puts hours in order. `isHeld` is asked once of each. */
export function timelineOf<Hour extends KnownHour>(
  hours: readonly Hour[],
  isHeld: (hour: Hour) => boolean,
): StationTimeline<Hour> {
  const sorted = isSorted(hours) ? [...hours] : [...hours].sort((a, b) => a.body.startMs - b.body.startMs);
  const startMs = new Float64Array(sorted.length);
  const endMs = new Float64Array(sorted.length);
  const flags = new Uint8Array(sorted.length);
  let heldCount = 0;
  let longestMs = 0;
  // Hours of one station seldom differ in length, and their ends need not be in order.
  let toMs = Number.NEGATIVE_INFINITY;
  sorted.forEach((hour, i) => {
    const { body } = hour;
    startMs[i] = body.startMs;
    endMs[i] = body.startMs + body.lengthMs;
    longestMs = Math.max(longestMs, body.lengthMs);
    toMs = Math.max(toMs, body.startMs + body.lengthMs);
    const held = isHeld(hour);
    if (held) heldCount++;
    flags[i] = (held ? HOUR_HELD : 0) | (gapMsOf(body) > 0 ? HOUR_HAS_GAP : 0);
  });
  const fromMs = startMs[0];
  const span = fromMs === undefined ? null : { fromMs, toMs };
  return { hours: sorted, startMs, endMs, flags, heldCount, longestMs, span };
}

function isSorted(hours: readonly KnownHour[]): boolean {
  for (let i = 1; i < hours.length; i++) {
    if ((hours[i - 1] as KnownHour).body.startMs > (hours[i] as KnownHour).body.startMs) return false;
  }
  return true;
}

/** How long an hour was without readings of some stream, ms; gaps that overlap count once. */
export function gapMsOf({ startMs, lengthMs, gaps }: KnownHour['body']): number {
  if (gaps.length === 0) return 0;
  const within = gaps
    .map(({ fromMs, toMs }) => ({
      fromMs: Math.max(fromMs, startMs),
      toMs: Math.min(toMs, startMs + lengthMs),
    }))
    .filter(({ fromMs, toMs }) => toMs > fromMs);
  return mergedGaps(within).reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
}

/** Overlapping stretches as one, in order. */
export function mergedGaps(gaps: readonly Gap[]): Gap[] {
  const merged: { fromMs: number; toMs: number }[] = [];
  for (const { fromMs, toMs } of [...gaps].sort((a, b) => a.fromMs - b.fromMs)) {
    const last = merged.at(-1);
    if (last !== undefined && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, toMs);
    else merged.push({ fromMs, toMs });
  }
  return merged;
}

/** Indices [first, end) of the hours that may overlap [fromMs, toMs). */
export function hoursWithin(
  { startMs, longestMs }: StationTimeline,
  fromMs: number,
  toMs: number,
): { readonly first: number; readonly end: number } {
  const first = lowerBound(startMs, fromMs - longestMs);
  return { first, end: Math.max(first, lowerBound(startMs, toMs)) };
}

/** First index whose value is not below `wanted`. */
export function lowerBound(sorted: ArrayLike<number>, wanted: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Cells of equal length, each with the part of it that is here, that exists elsewhere, and whether something is wrong with it. */
export interface Coverage {
  /** Part of each cell that is covered by hours that are here, 0 to 1. */
  readonly held: Float32Array;
  /** Part that is covered by hours that exist and are not here. */
  readonly known: Float32Array;
  /** Part that no hour covers though the station has earlier and later ones. */
  readonly missing: Float32Array;
  /** 1 where an hour in the cell has a gap. */
  readonly gap: Uint8Array;
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
  const toMs = fromMs + cells * cellMs;
  const { startMs, endMs, flags, span } = timeline;
  if (span === null) return { held, known, missing, gap };
  const { first, end } = hoursWithin(timeline, fromMs, toMs);
  // Parts of one slot overlap each other: each moment counts once.
  let coveredToMs = Number.NEGATIVE_INFINITY;
  for (let i = first; i < end; i++) {
    const hourFrom = startMs[i] as number;
    const hourTo = endMs[i] as number;
    const isHeld = ((flags[i] as number) & HOUR_HELD) !== 0;
    const hasGap = ((flags[i] as number) & HOUR_HAS_GAP) !== 0;
    const start = Math.max(hourFrom, fromMs, coveredToMs);
    spread(isHeld ? held : known, start, Math.min(hourTo, toMs), fromMs, cellMs);
    coveredToMs = Math.max(coveredToMs, hourTo);
    if (hasGap) {
      const from = Math.max(0, Math.floor((hourFrom - fromMs) / cellMs));
      const to = Math.min(cells - 1, Math.ceil((hourTo - fromMs) / cellMs) - 1);
      for (let cell = from; cell <= to; cell++) gap[cell] = 1;
    }
  }
  spread(missing, Math.max(span.fromMs, fromMs), Math.min(span.toMs, toMs), fromMs, cellMs);
  for (let cell = 0; cell < cells; cell++) {
    const rest = (missing[cell] as number) - (held[cell] as number) - (known[cell] as number);
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

/** What a {@link TimelineCache} is told of the store. */
export interface Holdings<Hour> {
  isHeld(hour: Hour): boolean;
  /** Changes whenever an hour of this station came or was lost. */
  readonly version: number;
  /** Changes whenever any hour was lost. */
  readonly lost: number;
}

interface Cached<Hour extends KnownHour> {
  readonly hours: readonly Hour[];
  readonly count: number;
  readonly last: Hour | undefined;
  readonly version: number;
  readonly lost: number;
  readonly timeline: StationTimeline<Hour>;
}

/**
 * Remembers each station's timeline until its hours or what is held of them change. Hours that are added at the end, and hours that
 * come, are put into what is known; only what is rare (hours from earlier, hours that are lost) makes it begin anew.
 */
export class TimelineCache<Hour extends KnownHour> {
  readonly #known = new Map<string, Cached<Hour>>();

  /** @param hours grows in place, as the catalog's lists do. */
  of(station: string, hours: readonly Hour[], holdings: Holdings<Hour>): StationTimeline<Hour> {
    const before = this.#known.get(station);
    const { version, lost } = holdings;
    const isGrown =
      before !== undefined &&
      before.hours === hours &&
      before.lost === lost &&
      before.count <= hours.length &&
      (before.count === 0 || hours[before.count - 1] === before.last);
    if (isGrown && before.count === hours.length && before.version === version) return before.timeline;
    const isHeld = (hour: Hour) => holdings.isHeld(hour);
    const timeline =
      (isGrown ? grown(before.timeline, hours, isHeld, before.version !== version) : undefined) ??
      timelineOf(hours, isHeld);
    this.#known.set(station, { hours, count: hours.length, last: hours.at(-1), version, lost, timeline });
    return timeline;
  }
}

/** The timeline with what came since; undefined when that is not all at its end. */
function grown<Hour extends KnownHour>(
  before: StationTimeline<Hour>,
  hours: readonly Hour[],
  isHeld: (hour: Hour) => boolean,
  isNewsOfHeld: boolean,
): StationTimeline<Hour> | undefined {
  const known = before.hours.length;
  const added = hours.slice(known);
  const first = added[0];
  if (first !== undefined && first.body.startMs < (before.startMs[known - 1] ?? Number.NEGATIVE_INFINITY))
    return undefined;
  const tail = timelineOf(added, isHeld);
  const flags = joined(Uint8Array, before.flags, tail.flags);
  let heldCount = before.heldCount + tail.heldCount;
  if (isNewsOfHeld) {
    for (let i = 0; i < known; i++) {
      if (((flags[i] as number) & HOUR_HELD) !== 0 || !isHeld(before.hours[i] as Hour)) continue;
      flags[i] = (flags[i] as number) | HOUR_HELD;
      heldCount++;
    }
  }
  const spans = [before.span, tail.span].flatMap((span) => (span === null ? [] : [span]));
  const [earliest] = spans;
  return {
    hours: added.length === 0 ? before.hours : [...before.hours, ...tail.hours],
    startMs: joined(Float64Array, before.startMs, tail.startMs),
    endMs: joined(Float64Array, before.endMs, tail.endMs),
    flags,
    heldCount,
    longestMs: Math.max(before.longestMs, tail.longestMs),
    span:
      earliest === undefined
        ? null
        : { fromMs: earliest.fromMs, toMs: Math.max(...spans.map(({ toMs }) => toMs)) },
  };
}

function joined<T extends Float64Array | Uint8Array>(Type: new (length: number) => T, a: T, b: T): T {
  const both = new Type(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
