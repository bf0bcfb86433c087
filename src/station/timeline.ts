/**
 * What is known of a station over time: which hours exist, which of them are here, where they have gaps and where there is nothing.
 * Pure; asked anew every second by the page, so what has not changed is not worked out again.
 *
 * Invariants: hours are in the order of their start; `flags[i]`, `startMs[i]` and `endMs[i]` belong to `hours[i]`; the same object is
 * given out until something about the station changed.
 */
import { gapMsOf, isStopped, isWhole, piecesOf, type SlotBody, type Stretch } from './hour-pieces.ts';

/** What is known of an hour from its entry. */
export interface KnownHour {
  readonly body: SlotBody;
}

/** Bits of `flags`. */
export const HOUR_HELD = 1;
/** Something interrupted it that nobody wanted. */
export const HOUR_HAS_GAP = 2;
/** Only parts of its slot were recorded. */
export const HOUR_IS_PART = 4;
/** A person ended the recording in it. */
export const HOUR_STOPPED = 8;
/** It is in a folder of the person's, and this device has let go of it. */
export const HOUR_IN_FOLDER = 16;

export interface StationTimeline<Hour extends KnownHour = KnownHour> {
  readonly hours: readonly Hour[];
  readonly startMs: Float64Array;
  readonly endMs: Float64Array;
  readonly flags: Uint8Array;
  readonly heldCount: number;
  /** Length of the longest hour: how far before a moment an hour that covers it may start. */
  readonly longestMs: number;
  /** From when the first hour recorded something to when the last one did; null before there is an hour. */
  readonly span: Stretch | null;
}

/** Puts hours in order. `isHeld` is asked once of each, `isInFolder` of those that are not held. */
export function timelineOf<Hour extends KnownHour>(
  hours: readonly Hour[],
  isHeld: (hour: Hour) => boolean,
  isInFolder: (hour: Hour) => boolean = () => false,
): StationTimeline<Hour> {
  const sorted = isSorted(hours) ? [...hours] : [...hours].sort((a, b) => a.body.startMs - b.body.startMs);
  const startMs = new Float64Array(sorted.length);
  const endMs = new Float64Array(sorted.length);
  const flags = new Uint8Array(sorted.length);
  let heldCount = 0;
  let longestMs = 0;
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = Number.NEGATIVE_INFINITY;
  sorted.forEach((hour, i) => {
    const { body } = hour;
    startMs[i] = body.startMs;
    endMs[i] = body.startMs + body.lengthMs;
    longestMs = Math.max(longestMs, body.lengthMs);
    const held = isHeld(hour);
    if (held) heldCount++;
    const place = held ? HOUR_HELD : isInFolder(hour) ? HOUR_IN_FOLDER : 0;
    flags[i] = place | flagsOf(body);
    const own = ((flags[i] as number) & HOUR_IS_PART) === 0 ? undefined : extentOf(body);
    fromMs = Math.min(fromMs, own?.fromMs ?? (startMs[i] as number));
    toMs = Math.max(toMs, own?.toMs ?? (endMs[i] as number));
  });
  const span = sorted.length === 0 ? null : { fromMs, toMs };
  return { hours: sorted, startMs, endMs, flags, heldCount, longestMs, span };
}

function isSorted(hours: readonly KnownHour[]): boolean {
  for (let i = 1; i < hours.length; i++) {
    if ((hours[i - 1] as KnownHour).body.startMs > (hours[i] as KnownHour).body.startMs) return false;
  }
  return true;
}

/** What an hour's flags say but for whether it is here. */
function flagsOf(body: SlotBody): number {
  if (isWhole(body)) return 0;
  const pieces = piecesOf(body);
  const [only] = pieces;
  const isPart = pieces.length !== 1 || only === undefined || only.toMs - only.fromMs !== body.lengthMs;
  return (
    (gapMsOf(body) > 0 ? HOUR_HAS_GAP : 0) |
    (isPart ? HOUR_IS_PART : 0) |
    (isStopped(body) ? HOUR_STOPPED : 0)
  );
}

/** From the first moment that an hour recorded to the last; its slot where nothing is told of that. */
function extentOf(body: SlotBody): Stretch {
  const pieces = piecesOf(body);
  return {
    fromMs: pieces[0]?.fromMs ?? body.startMs,
    toMs: pieces.at(-1)?.toMs ?? body.startMs + body.lengthMs,
  };
}

function joinedSpan(a: Stretch | null, b: Stretch | null): Stretch | null {
  if (a === null || b === null) return a ?? b;
  return { fromMs: Math.min(a.fromMs, b.fromMs), toMs: Math.max(a.toMs, b.toMs) };
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

/** What a {@link TimelineCache} is told of the store. */
export interface Holdings<Hour> {
  isHeld(hour: Hour): boolean;
  /** It was let go of for a folder, and is not held. */
  isInFolder?(hour: Hour): boolean;
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
    const isInFolder = (hour: Hour) => holdings.isInFolder?.(hour) === true;
    const timeline =
      (isGrown
        ? grown(before.timeline, hours, { isHeld, isInFolder }, before.version !== version)
        : undefined) ?? timelineOf(hours, isHeld, isInFolder);
    this.#known.set(station, { hours, count: hours.length, last: hours.at(-1), version, lost, timeline });
    return timeline;
  }
}

/** The timeline with what came since; undefined when that is not all at its end. */
function grown<Hour extends KnownHour>(
  before: StationTimeline<Hour>,
  hours: readonly Hour[],
  { isHeld, isInFolder }: Record<'isHeld' | 'isInFolder', (hour: Hour) => boolean>,
  isNewsOfHeld: boolean,
): StationTimeline<Hour> | undefined {
  const known = before.hours.length;
  const added = hours.slice(known);
  const first = added[0];
  if (first !== undefined && first.body.startMs < (before.startMs[known - 1] ?? Number.NEGATIVE_INFINITY))
    return undefined;
  const tail = timelineOf(added, isHeld, isInFolder);
  const flags = joined(Uint8Array, before.flags, tail.flags);
  let heldCount = before.heldCount + tail.heldCount;
  if (isNewsOfHeld) {
    for (let i = 0; i < known; i++) {
      if (((flags[i] as number) & HOUR_HELD) !== 0 || !isHeld(before.hours[i] as Hour)) continue;
      flags[i] = ((flags[i] as number) | HOUR_HELD) & ~HOUR_IN_FOLDER;
      heldCount++;
    }
  }
  return {
    hours: added.length === 0 ? before.hours : [...before.hours, ...tail.hours],
    startMs: joined(Float64Array, before.startMs, tail.startMs),
    endMs: joined(Float64Array, before.endMs, tail.endMs),
    flags,
    heldCount,
    longestMs: Math.max(before.longestMs, tail.longestMs),
    span: joinedSpan(before.span, tail.span),
  };
}

function joined<T extends Float64Array | Uint8Array>(Type: new (length: number) => T, a: T, b: T): T {
  const both = new Type(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
