/** What a node can say about itself: per space and station how much exists, how much is held, and up to when it is complete. */
import type { Bytes } from '../core/bytes.ts';
import { type NodeId, nodeIdText, shortNodeId } from '../core/ids.ts';
import { decodeBeat } from '../feed/beat.ts';
import { type Head, PURPOSE } from '../feed/entry.ts';
import { branchHead } from '../feed/feed-index.ts';
import type { MemberStatus } from '../identity/membership.ts';
import type { Replica } from '../sync/replica.ts';
import { isOfNode, type StationRecord } from './catalog.ts';
import type { Space } from './space.ts';
import { stationName } from './station-name.ts';
import { StationTallies } from './station-tally.ts';

export interface StationStatus {
  readonly id: string;
  /** Tells it from every other, also from one that another member gives the same id: its author and its id. */
  readonly key: string;
  readonly name: string | null;
  /** Last position of its data feed that is held, −1 for none. */
  readonly seq: number;
  /** Hours that are known to exist, and how many of them are held whole, are in a folder and were let go of here, or are neither. */
  readonly sealed: number;
  readonly held: number;
  readonly inFolder: number;
  readonly missing: number;
  readonly bytes: number;
  /** Entries that its last beat tells of and that have not arrived. */
  readonly unseen: number;
  /** End of what is held or in a folder without a missing hour before it, ISO 8601: of the last hour, or where it was stopped. */
  readonly completeTo: string | null;
  /** When it was last heard of, ISO 8601. */
  readonly lastHeard: string | null;
  /** Its latest hour was replayed from a recording. */
  readonly replay: boolean;
}

/** A member as people know it. */
export interface MemberRecord {
  readonly node: string;
  readonly name: string;
  readonly role: string;
  readonly standing: MemberStatus;
}

export interface SpaceStatus {
  readonly id: string;
  readonly name: string | null;
  readonly role: string | null;
  readonly admitted: boolean;
  /** How this node stands in it: `invited` while nobody has let it in. */
  readonly standing: MemberStatus | 'invited';
  readonly stations: readonly StationStatus[];
  readonly blobs: { readonly held: number; readonly missing: number; readonly bytes: number };
  readonly members: number;
  /** Everybody who is or was in it, this node included. */
  readonly roster: readonly MemberRecord[];
  /** Feeds that are known to have forked. */
  readonly forks: number;
}

/** Made once: a new one for every comparison is most of what sorting costs. */
const BY_NAME = new Intl.Collator();

function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** What an author's feeds say, looked up once for all its stations. */
interface AuthorFeeds {
  /** Latest time of an entry. */
  heardMs: number | null;
  /** Last position of a data feed, −1 for none. */
  dataSeq: number;
}

function feedsByAuthor(space: Space): Map<NodeId, AuthorFeeds> {
  const authors = new Map<NodeId, AuthorFeeds>();
  for (const branch of space.replica.index.branches()) {
    let feeds = authors.get(branch.author);
    if (feeds === undefined) {
      feeds = { heardMs: null, dataSeq: -1 };
      authors.set(branch.author, feeds);
    }
    const timeMs = branch.entries.at(-1)?.timeMs;
    if (timeMs !== undefined) feeds.heardMs = Math.max(feeds.heardMs ?? timeMs, timeMs);
    if (branch.purpose === PURPOSE.data)
      feeds.dataSeq = Math.max(feeds.dataSeq, branchHead(branch)?.seq ?? -1);
  }
  return authors;
}

/** What beats say, decoded once each. */
const beatHeads = new WeakMap<Uint8Array, readonly Head[]>();

function headsOf(bytes: Bytes): readonly Head[] {
  let heads = beatHeads.get(bytes);
  if (heads === undefined) {
    heads = decodeBeat(bytes).beat.heads;
    beatHeads.set(bytes, heads);
  }
  return heads;
}

function unseenEntries(space: Space, author: NodeId): number {
  const beat = space.replica.beats.get(author);
  let unseen = 0;
  for (const head of beat === undefined ? [] : headsOf(beat.bytes)) {
    unseen += Math.max(0, head.seq - space.replica.index.highestSeq(author, head.feed));
  }
  return unseen;
}

const tallies = new WeakMap<Replica, StationTallies>();

/** What is held of the space's stations, counted from the first time somebody asks. */
function talliesOf({ replica }: Space): StationTallies {
  let known = tallies.get(replica);
  if (known === undefined) {
    known = new StationTallies(replica);
    tallies.set(replica, known);
  }
  return known;
}

function stationStatus(space: Space, station: StationRecord, feeds: AuthorFeeds | undefined): StationStatus {
  const { sealed, held, inFolder, bytes, completeToMs } = talliesOf(space).of(station, space.catalog.retries);
  const beatMs = space.replica.beats.get(station.author)?.timeMs ?? null;
  const entryMs = feeds?.heardMs ?? null;
  return {
    id: isOfNode(station) ? nodeIdText(station.author) : station.id,
    key: stationName(station),
    // A picture may come before what names its station.
    name: station.name ?? space.catalog.names.get(station.author) ?? null,
    seq: feeds?.dataSeq ?? -1,
    sealed,
    held,
    inFolder,
    missing: sealed - held - inFolder,
    bytes,
    unseen: unseenEntries(space, station.author),
    completeTo: iso(completeToMs),
    // Latest sign of life of its node: its beat and the times of its entries.
    lastHeard: iso(beatMs === null || entryMs === null ? (beatMs ?? entryMs) : Math.max(beatMs, entryMs)),
    replay: station.hours.at(-1)?.body.streams.some((stream) => stream.replay) === true,
  };
}

/** The state of one space. */
export async function spaceStatus(space: Space): Promise<SpaceStatus> {
  await space.settled();
  const { replica, catalog } = space;
  const member = replica.membership.member(space.self);
  const devices = [...replica.membership.members()].filter((one) => !one.isRecovery);
  const feeds = feedsByAuthor(space);
  talliesOf(space).keepOnly(catalog.stations);
  const stations = [...catalog.stations.values()].map((station) =>
    stationStatus(space, station, feeds.get(station.author)),
  );
  stations.sort((a, b) => BY_NAME.compare(a.name ?? a.id, b.name ?? b.id));
  return {
    id: space.id,
    name: catalog.spaceName,
    role: member?.role ?? space.invitedRole,
    admitted: replica.membership.isActive(space.self),
    standing: member?.status ?? 'invited',
    stations,
    blobs: replica.blobCounts(),
    members: devices.filter(({ status }) => status === 'active').length,
    roster: devices.map(({ node, role, status }) => ({
      node: nodeIdText(node),
      name: nodeName(space, node),
      role,
      standing: status,
    })),
    forks: [...replica.index.branches()].filter((branch) => branch.name.split('.').length > 2).length,
  };
}

/** The name a person knows a node by: what it calls itself, or the first characters of its key. */
export function nodeName(space: Space | undefined, node: NodeId): string {
  return space?.catalog.names.get(node) ?? shortNodeId(node);
}
