/**
 * How much of each station is held, or is in a folder and need not be, kept up to date as hours arrive and blobs come and go, so that asking costs the number of stations
 * and not the number of hours.
 *
 * Invariant: after {@link StationTallies.of} a tally equals what a walk over all hours of the station would find.
 */
import { blobKey } from '../core/ids.ts';
import type { Entry } from '../feed/entry.ts';
import { type FeedKey, feedKey } from '../feed/feed-index.ts';
import type { GapCause } from '../hour/types.ts';
import type { Replica } from '../sync/replica.ts';
import type { HourRecord, StationRecord } from './catalog.ts';
import type { HourBody } from './entry-bodies.ts';

/** What is known of a station's hours. */
export interface StationTally {
  readonly sealed: number;
  readonly held: number;
  /** Hours that this device has let go of because they are in a folder. */
  readonly inFolder: number;
  readonly bytes: number;
  /** End of what is held or in a folder without a missing hour before it, ms since the Unix epoch; null when the first is missing. */
  readonly completeToMs: number | null;
}

type Whereabouts = 'held' | 'folder' | 'missing';

interface TalliedHour {
  readonly entry: Entry;
  readonly list: TalliedList;
  where: Whereabouts;
}

const ENDS: ReadonlySet<GapCause> = new Set(['stop', 'crash', 'sensor']);

/** Up to when an hour says what there was: to its end, or to where recording stopped. */
export function toldToMs({ startMs, lengthMs, gaps }: HourBody): number {
  const endMs = startMs + lengthMs;
  const stops = gaps.filter(({ stream, toMs, cause }) => stream === null && toMs >= endMs && ENDS.has(cause));
  return Math.min(endMs, ...stops.map(({ fromMs }) => fromMs));
}

/** Hours in their order, and how many of them are held or in a folder. */
class TalliedList {
  readonly hours: TalliedHour[] = [];
  held = 0;
  inFolder = 0;
  bytes = 0;
  /** So many from the start are held or in a folder; it may be more. */
  #whole = 0;

  /** Hours before the first that is missing. */
  get whole(): number {
    for (let next = this.hours[this.#whole]; next !== undefined && next.where !== 'missing'; ) {
      this.#whole++;
      next = this.hours[this.#whole];
    }
    return this.#whole;
  }

  note(hour: TalliedHour, where: Whereabouts): void {
    if (hour.where === where) return;
    this.#count(hour, -1);
    hour.where = where;
    this.#count(hour, 1);
    // Losing one is rare: where it was does not matter.
    if (where === 'missing') this.#whole = 0;
  }

  #count({ where, entry }: TalliedHour, sign: 1 | -1): void {
    if (where === 'folder') this.inFolder += sign;
    if (where !== 'held') return;
    this.held += sign;
    for (const { size } of entry.header.blobs) this.bytes += sign * size;
  }

  clear(): void {
    this.hours.length = 0;
    this.held = 0;
    this.inFolder = 0;
    this.bytes = 0;
    this.#whole = 0;
  }
}

interface Tallied {
  readonly opened: TalliedList;
  readonly unopened: TalliedList;
  retries: number;
}

export class StationTallies {
  readonly #replica: Replica;
  readonly #stations = new Map<StationRecord, Tallied>();
  /** Per feed and position the hours there: more than one only where an author forked. */
  readonly #at = new Map<FeedKey, Map<number, TalliedHour[]>>();

  constructor(replica: Replica) {
    this.#replica = replica;
    replica.watchHoldings((feed, seq) => {
      for (const hour of this.#at.get(feed)?.get(seq) ?? []) hour.list.note(hour, this.#whereIs(hour.entry));
    });
  }

  /** @param retries of the catalog that `station` is from. */
  of(station: StationRecord, retries: number): StationTally {
    let tallied = this.#stations.get(station);
    if (tallied === undefined) {
      tallied = { opened: new TalliedList(), unopened: new TalliedList(), retries };
      this.#stations.set(station, tallied);
    }
    const { opened, unopened } = tallied;
    if (tallied.retries !== retries) this.#clear(unopened);
    tallied.retries = retries;
    this.#update(opened, station.hours.length, (i) => (station.hours[i] as HourRecord).entry);
    this.#update(unopened, station.unopened.length, (i) => station.unopened[i] as Entry);
    return {
      sealed: opened.hours.length + unopened.hours.length,
      held: opened.held + unopened.held,
      inFolder: opened.inFolder + unopened.inFolder,
      bytes: opened.bytes + unopened.bytes,
      completeToMs: completeToMs(station, opened.whole, unopened),
    };
  }

  /** Forgets the stations that are not among these any more: one that stood for another goes when that is known. */
  keepOnly(stations: ReadonlyMap<string, StationRecord>): void {
    if (this.#stations.size <= stations.size) return;
    const live = new Set(stations.values());
    for (const [station, { opened, unopened }] of this.#stations) {
      if (live.has(station)) continue;
      this.#clear(opened);
      this.#clear(unopened);
      this.#stations.delete(station);
    }
  }

  /** Hours are appended as a rule; where they were not, the list is made anew. */
  #update(list: TalliedList, count: number, entryAt: (i: number) => Entry): void {
    const known = list.hours.length;
    const isSame = known <= count && (known === 0 || list.hours[known - 1]?.entry === entryAt(known - 1));
    if (!isSame) this.#clear(list);
    for (let i = list.hours.length; i < count; i++) this.#add(list, entryAt(i));
  }

  #clear(list: TalliedList): void {
    for (const hour of list.hours) this.#forget(hour);
    list.clear();
  }

  #add(list: TalliedList, entry: Entry): void {
    const hour: TalliedHour = { entry, list, where: 'missing' };
    list.hours.push(hour);
    list.note(hour, this.#whereIs(entry));
    const { author, feed, seq } = entry.header;
    const key = this.#replica.index.keyOf(author, feed);
    let positions = this.#at.get(key);
    if (positions === undefined) {
      positions = new Map();
      this.#at.set(key, positions);
    }
    const before = positions.get(seq);
    if (before === undefined) positions.set(seq, [hour]);
    else before.push(hour);
  }

  #forget({ entry, list }: TalliedHour): void {
    const { author, feed, seq } = entry.header;
    const positions = this.#at.get(feedKey(author, feed));
    const left = positions?.get(seq)?.filter((other) => other.entry !== entry || other.list !== list) ?? [];
    if (left.length > 0) positions?.set(seq, left);
    else positions?.delete(seq);
  }

  #whereIs({ header }: Entry): Whereabouts {
    const keys = header.blobs.map((ref) => blobKey(ref));
    if (keys.every((key) => this.#replica.holds(key))) return 'held';
    return keys.every((key) => this.#replica.holds(key) || this.#replica.isPutAway(key))
      ? 'folder'
      : 'missing';
  }
}

/** End of the last hour before the first that is missing; what cannot be opened comes after what can. */
function completeToMs(station: StationRecord, whole: number, unopened: TalliedList): number | null {
  const last = whole === station.hours.length ? unopened.hours[unopened.whole - 1] : undefined;
  if (last !== undefined) return last.entry.header.timeMs;
  const hour = station.hours[whole - 1];
  return hour === undefined ? null : toldToMs(hour.body);
}
