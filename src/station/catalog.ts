/**
 * What a space's entries say, opened: names, stations, hours, pictures. Built from entries as they come; needs no blob. On
 * a mirror, which holds no key, everything sealed stays unopened and stations are known by their authors only.
 */
import { openBody } from '../blob/seal-body.ts';
import type { Bytes } from '../core/bytes.ts';
import { errorMessage } from '../core/errors.ts';
import { type EpochId, type NodeId, nodeIdText, type SpaceId, type StationId } from '../core/ids.ts';
import type { Crypto } from '../core/ports.ts';
import { type Entry, encodeHeader } from '../feed/entry.ts';
import { KIND } from '../feed/kinds.ts';
import {
  decodeHourBody,
  decodePicture,
  decodeProfile,
  type HourBody,
  type PictureBody,
} from './entry-bodies.ts';

export interface HourRecord {
  readonly entry: Entry;
  readonly body: HourBody;
}

export interface PictureRecord {
  readonly entry: Entry;
  readonly body: PictureBody;
}

/** All that is known of one station. */
export interface StationRecord {
  /** Station id, or the author's node id where the hours cannot be opened. */
  readonly id: StationId | NodeId;
  /** Who records there. What another member writes under the same id is another station: nobody can write into this one. */
  readonly author: NodeId;
  name: string | null;
  /** In the order of their feeds and positions. */
  readonly hours: HourRecord[];
  readonly pictures: PictureRecord[];
  /** Entries of kind hour whose body could not be opened. */
  readonly unopened: Entry[];
}

/** Nothing has said what its author's station is: it stands for that, with what could not be opened, and goes when that is known. */
export function isOfNode({ id, author }: StationRecord): boolean {
  return id === author;
}

/** The key that opens what `author` sealed in `epoch`; undefined when this node has none. */
export type KeyOf = (epoch: EpochId, author: NodeId) => Bytes | undefined;

/** Opens an entry's body: plain as it is, sealed with the epoch's key. @throws WaystationError `no-key`, `corrupt`. */
export async function openEntryBody(
  crypto: Crypto,
  space: SpaceId,
  entry: Entry,
  keyOf: KeyOf,
): Promise<Bytes | undefined> {
  const { epoch, author, feed } = entry.header;
  if (epoch === null) return entry.body;
  const epochKey = keyOf(epoch, author);
  if (epochKey === undefined) return undefined;
  return openBody(crypto, { epochKey, space, author, feed }, entry.body, encodeHeader(entry.header));
}

function stationKey(author: NodeId, id: StationId | NodeId): string {
  return `${author}/${id}`;
}

export class Catalog {
  /** By author and station id. */
  readonly stations = new Map<string, StationRecord>();
  readonly names = new Map<NodeId, string>();
  /** Who says that it is a relay. */
  readonly relays = new Set<NodeId>();
  spaceName: string | null = null;
  /** Bodies that should have opened and did not: author and what was wrong. */
  readonly damaged: string[] = [];
  /** How often everything unopened was tried anew: `unopened` of the stations may have changed anywhere then. */
  retries = 0;
  readonly #crypto: Crypto;
  readonly #space: SpaceId;
  readonly #keyOf: KeyOf;
  readonly #mayNameSpace: (author: NodeId) => boolean;
  readonly #stationOf = new Map<NodeId, StationId>();
  #waiting: Entry[] = [];
  #tail: Promise<void> = Promise.resolve();

  constructor(crypto: Crypto, space: SpaceId, keyOf: KeyOf, mayNameSpace: (author: NodeId) => boolean) {
    this.#mayNameSpace = mayNameSpace;
    this.#crypto = crypto;
    this.#space = space;
    this.#keyOf = keyOf;
  }

  station(author: NodeId, id: StationId | NodeId): StationRecord | undefined {
    return this.stations.get(stationKey(author, id));
  }

  /** Takes entries in; resolves when all that were given so far are in. */
  add(entries: readonly Entry[]): Promise<void> {
    this.#tail = this.#tail.then(async () => {
      for (const entry of entries) await this.#take(entry);
    });
    return this.#tail;
  }

  /** New epoch keys are here: tries again what could not be opened. */
  retry(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.retries++;
    for (const [key, station] of this.stations) {
      station.unopened.length = 0;
      if (isOfNode(station)) this.stations.delete(key);
    }
    return this.add(waiting);
  }

  /** Everything given so far has been taken in. */
  settled(): Promise<void> {
    return this.#tail;
  }

  async #take(entry: Entry): Promise<void> {
    const { kind, author } = entry.header;
    if (kind !== KIND.profile && kind !== KIND.hour && kind !== KIND.picture) return;
    let body: Bytes | undefined;
    try {
      body = await openEntryBody(this.#crypto, this.#space, entry, this.#keyOf);
      if (body !== undefined) return this.#record(entry, body);
    } catch (error) {
      this.damaged.push(`${nodeIdText(author)} #${entry.header.seq}: ${errorMessage(error)}`);
    }
    this.#waiting.push(entry);
    if (kind === KIND.hour)
      this.#stationFor(this.#stationOf.get(author) ?? author, author).unopened.push(entry);
  }

  #record(entry: Entry, body: Bytes): void {
    const { kind, author } = entry.header;
    if (kind === KIND.profile) {
      const profile = decodeProfile(body);
      this.names.set(author, profile.name);
      if (profile.isRelay === true) this.relays.add(author);
      else this.relays.delete(author);
      if (profile.spaceName !== null && this.#mayNameSpace(author)) this.spaceName = profile.spaceName;
      if (profile.station !== null) this.#learnStation(profile.station, author).name = profile.name;
    } else if (kind === KIND.hour) {
      const hour = decodeHourBody(body);
      const station = this.#learnStation(hour.station, author);
      station.name = hour.stationName;
      insertInFeedOrder(station.hours, { entry, body: hour });
    } else {
      const picture = decodePicture(body);
      insertInFeedOrder(this.#learnStation(picture.station, author).pictures, { entry, body: picture });
    }
  }

  /** The author's station is this one: what could not be opened is its own, too. */
  #learnStation(id: StationId, author: NodeId): StationRecord {
    this.#stationOf.set(author, id);
    const station = this.#stationFor(id, author);
    const standIn = this.station(author, author);
    if (standIn !== undefined && standIn !== station) {
      // One by one: there may be more than a call takes.
      for (const entry of standIn.unopened) station.unopened.push(entry);
      this.stations.delete(stationKey(author, author));
    }
    return station;
  }

  #stationFor(id: StationId | NodeId, author: NodeId): StationRecord {
    let station = this.station(author, id);
    if (station === undefined) {
      station = { id, author, name: null, hours: [], pictures: [], unopened: [] };
      this.stations.set(stationKey(author, id), station);
    }
    return station;
  }
}

/** Lamport numbers order an author's feeds as they were written. */
function insertInFeedOrder<T extends { readonly entry: Entry }>(list: T[], item: T): void {
  let at = list.length;
  while (at > 0 && isAfter((list[at - 1] as T).entry, item.entry)) at--;
  list.splice(at, 0, item);
}

function isAfter(a: Entry, b: Entry): boolean {
  if (a.header.feed === b.header.feed)
    return a.header.seq > b.header.seq || (a.header.seq === b.header.seq && a.id > b.id);
  return a.header.lamport > b.header.lamport;
}
