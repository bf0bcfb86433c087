/**
 * What the sealed hours of this device's own station tell of a recording: interruptions from before the page was opened, the newest
 * reading before a crash, how much room a day takes, and what there is when it has ended.
 */
import type { StationId } from '../../core/ids.ts';
import type { HourRecord } from '../../station/catalog.ts';
import { lengthOf, merged, piecesOf } from '../../station/hour-pieces.ts';
import type { Recording } from '../../station/recording.ts';
import type { Space } from '../../station/space.ts';
import { type GapView, MAX_LISTED_GAPS, mergedGaps, type OneGap } from './gap-ledger.ts';

const DAY_MS = 86_400_000;
/** The newest hours say best what the next ones take; a day of them evens out day and night. */
const HOURS_THAT_TELL = 24;
/** Less than this share of an hour, and what one takes that is nearly empty would be taken for a rate. */
const MIN_TOLD_SHARE = 0.5;

/** What there is when a recording has ended. */
export interface RecordingSummary {
  readonly fromMs: number;
  readonly toMs: number;
  /** Hours that are finished and safe on this device. */
  readonly hours: number;
  /** Finished hours that cannot be stored safely yet. */
  readonly waitingHours: number;
  /** For how long something was recorded in the hours that are finished, ms: a part of an hour counts as long as it is. */
  readonly recordedMs: number;
  readonly pictures: number;
  readonly bytes: number;
  readonly gaps: readonly GapView[];
  /** Devices that have all of it, this one included and otherwise those that are connected now; null while nothing of it is sealed. */
  readonly heldBy: number | null;
}

function ownHours(space: Space, station: StationId): readonly HourRecord[] {
  return space.catalog.station(space.self, station)?.hours ?? [];
}

/** Hours that hold something from `sinceMs` on, oldest first; the newest `most` of them. */
function hoursSince(
  space: Space,
  station: StationId,
  sinceMs: number,
  most = Number.POSITIVE_INFINITY,
): HourRecord[] {
  const hours = ownHours(space, station);
  const first = Math.max(0, hours.length - most);
  let at = hours.length;
  // From the end: a year of hours is not looked through each second.
  while (at > first && endOf(hours[at - 1] as HourRecord) > sinceMs) at--;
  return hours.slice(at);
}

/** How many hours hold something from `sinceMs` on. */
export function hourCountSince(space: Space, station: StationId, sinceMs: number): number {
  return hoursSince(space, station, sinceMs).length;
}

/** For how long something was recorded in finished hours from `sinceMs` on, ms; parts of one hour that overlap count once. */
export function recordedMsSince(space: Space, station: StationId, sinceMs: number): number {
  const pieces = hoursSince(space, station, sinceMs)
    .flatMap(({ body }) => piecesOf(body))
    .map(({ fromMs, toMs }) => ({ fromMs: Math.max(fromMs, sinceMs), toMs }))
    .filter(({ fromMs, toMs }) => toMs > fromMs);
  return lengthOf(merged(pieces));
}

function endOf({ body }: HourRecord): number {
  return Math.max(body.startMs + body.lengthMs, ...body.streams.map(({ lastMs }) => lastMs ?? 0));
}

function bytesOf(records: readonly { readonly entry: HourRecord['entry'] }[]): number {
  let bytes = 0;
  for (const { entry } of records) for (const { size } of entry.header.blobs) bytes += size;
  return bytes;
}

/**
 * Interruptions that the hours tell of from before this page was opened: of the day, or since the recording began.
 * Their ends are cut at the hours' edges.
 * @param interruptedMs the newest reading from before this page was opened; null when it did not interrupt anything.
 */
export function earlierGaps(
  space: Space,
  recording: Recording,
  sinceMs: number,
  interruptedMs: number | null,
): GapView[] {
  const openedMs = recording.sinceMs;
  if (sinceMs >= openedMs) return [];
  const fromMs = Math.max(sinceMs, openedMs - DAY_MS);
  const gaps: OneGap[] = [];
  for (const { body } of hoursSince(space, recording.station, fromMs)) {
    for (const { stream, fromMs: from, toMs, cause, detail } of body.gaps) {
      if (cause === 'start' || cause === 'stop' || from < fromMs || toMs > openedMs) continue;
      // The interruption that ended when the page was opened is told of as one, whatever hours it lies in.
      if (cause === 'crash' && interruptedMs !== null && toMs >= interruptedMs) continue;
      const name = stream === null ? null : (body.streams[stream]?.name ?? null);
      gaps.push({ stream: name, fromMs: from, toMs, cause, detail });
    }
  }
  return mergedGaps(gaps.slice(-MAX_LISTED_GAPS));
}

/** The newest reading of this station since `sinceMs`, in sealed hours or in the one that a crash left open; null when there is none. */
export function lastReadingMs(recording: Recording, space: Space, sinceMs: number): number | null {
  let last: number | null = null;
  const note = (ms: number | null) => {
    if (ms !== null && ms >= sinceMs && (last === null || ms > last)) last = ms;
  };
  const { recorder } = recording.writer;
  for (const stream of recorder.streams.keys()) note(recorder.openTally(stream)?.lastMs ?? null);
  for (const { body } of hoursSince(space, recording.station, sinceMs))
    for (const { lastMs } of body.streams) note(lastMs);
  return last;
}

/** What a day takes at the rate of the hours sealed since `sinceMs`, pictures included, bytes; null before there is such an hour. */
export function bytesPerDay(space: Space, station: StationId, sinceMs: number): number | null {
  const hours = hoursSince(space, station, sinceMs, HOURS_THAT_TELL);
  let ms = 0;
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = 0;
  for (const { body } of hours) {
    const firsts = body.streams.flatMap(({ firstMs }) => (firstMs === null ? [] : [firstMs]));
    const lasts = body.streams.flatMap(({ lastMs }) => (lastMs === null ? [] : [lastMs]));
    if (firsts.length === 0) continue;
    const first = Math.min(...firsts);
    const end = Math.max(...lasts);
    fromMs = Math.min(fromMs, first);
    toMs = Math.max(toMs, end);
    ms += Math.max(0, end - first);
  }
  if (ms === 0 || ms < MIN_TOLD_SHARE * (hours.at(-1)?.body.lengthMs ?? 0)) return null;
  const pictures = space.catalog.station(space.self, station)?.pictures ?? [];
  let at = pictures.length;
  while (at > 0 && (pictures[at - 1]?.body.atMs ?? 0) >= fromMs) at--;
  const told = pictures.slice(at).filter(({ body }) => body.atMs <= toMs);
  return ((bytesOf(hours) + bytesOf(told)) / ms) * DAY_MS;
}

export interface SummaryParts {
  readonly recording: Recording;
  readonly space: Space;
  readonly sinceMs: number;
  readonly gaps: readonly GapView[];
}

/** Where the hours since `sinceMs` are, see {@link RecordingSummary.heldBy}. */
export function heldBy(space: Space, station: StationId, sinceMs: number): number | null {
  const { engine } = space.context;
  let least: number | null = null;
  for (const { entry } of hoursSince(space, station, sinceMs)) {
    const { author, feed, seq } = entry.header;
    const holders = engine.holders(space.id, space.replica.index.keyOf(author, feed), seq);
    if (least === null || holders < least) least = holders;
  }
  return least === null ? null : least + 1;
}

/** What a recording that has just ended has left. */
export function summaryOf({ recording, space, sinceMs, gaps }: SummaryParts): RecordingSummary {
  const hours = hoursSince(space, recording.station, sinceMs);
  const pictures = (space.catalog.station(space.self, recording.station)?.pictures ?? []).filter(
    ({ body }) => body.atMs >= sinceMs,
  );
  return {
    fromMs: sinceMs,
    toMs: space.context.clock.nowMs(),
    hours: hours.length,
    waitingHours: recording.writer.waitingHours,
    recordedMs: recordedMsSince(space, recording.station, sinceMs),
    pictures: Math.max(pictures.length, recording.pictures),
    bytes: bytesOf(hours) + bytesOf(pictures),
    gaps,
    heldBy: heldBy(space, recording.station, sinceMs),
  };
}
