/** What a node can say about itself: per space and station how much exists, how much is held, and up to when it is complete. */
import { type NodeId, nodeIdText, shortNodeId } from '../core/ids.ts';
import { decodeBeat } from '../feed/beat.ts';
import { PURPOSE } from '../feed/entry.ts';
import { branchHead } from '../feed/feed-index.ts';
import type { GapCause } from '../hour/types.ts';
import type { MemberStatus } from '../identity/membership.ts';
import type { StationRecord } from './catalog.ts';
import type { HourBody } from './entry-bodies.ts';
import { stationName } from './export.ts';
import type { Space } from './space.ts';

export interface StationStatus {
  readonly id: string;
  /** Tells it from every other, also from one that another member gives the same id: its author and its id. */
  readonly key: string;
  readonly name: string | null;
  /** Last position of its data feed that is held, −1 for none. */
  readonly seq: number;
  /** Hours that are known to exist, and how many of them are held whole or not. */
  readonly sealed: number;
  readonly held: number;
  readonly missing: number;
  readonly bytes: number;
  /** Entries that its last beat tells of and that have not arrived. */
  readonly unseen: number;
  /** End of what is held without a missing hour before it, ISO 8601: of the last hour, or where it was stopped. */
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

const ENDS: ReadonlySet<GapCause> = new Set(['stop', 'crash']);

function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** Latest sign of life of a node: its beat and the times of its entries. */
function lastHeardMs(space: Space, author: NodeId): number | null {
  let latest: number | null = null;
  const note = (ms: number | undefined) => {
    if (ms !== undefined && (latest === null || ms > latest)) latest = ms;
  };
  note(space.replica.beats.get(author)?.timeMs);
  for (const branch of space.replica.index.branches()) {
    if (branch.author === author) note(branch.entries.at(-1)?.timeMs);
  }
  return latest;
}

function unseenEntries(space: Space, author: NodeId): number {
  const beat = space.replica.beats.get(author);
  let unseen = 0;
  for (const head of beat === undefined ? [] : decodeBeat(beat.bytes).beat.heads) {
    unseen += Math.max(0, head.seq - space.replica.index.highestSeq(author, head.feed));
  }
  return unseen;
}

/** Up to when an hour says what there was: to its end, or to where recording stopped. */
function toldToMs({ startMs, lengthMs, gaps }: HourBody): number {
  const endMs = startMs + lengthMs;
  const stops = gaps.filter(({ stream, toMs, cause }) => stream === null && toMs >= endMs && ENDS.has(cause));
  return Math.min(endMs, ...stops.map(({ fromMs }) => fromMs));
}

function stationStatus(space: Space, station: StationRecord): StationStatus {
  const { replica } = space;
  let held = 0;
  let bytes = 0;
  let completeToMs: number | null = null;
  let unbroken = true;
  const entries = [
    ...station.hours.map(({ entry, body }) => ({ entry, endMs: toldToMs(body) })),
    ...station.unopened.map((entry) => ({ entry, endMs: entry.header.timeMs })),
  ];
  for (const { entry, endMs } of entries) {
    const whole = entry.header.blobs.every((ref) => replica.holds(`${ref.root}-${ref.size}`));
    if (whole) {
      held++;
      bytes += entry.header.blobs.reduce((sum, ref) => sum + ref.size, 0);
      if (unbroken) completeToMs = endMs;
    } else {
      unbroken = false;
    }
  }
  let seq = -1;
  for (const branch of replica.index.branches()) {
    if (branch.purpose === PURPOSE.data && station.author === branch.author) {
      seq = Math.max(seq, branchHead(branch)?.seq ?? -1);
    }
  }
  const isNode = station.unopened.length > 0 && station.hours.length === 0;
  return {
    id: isNode ? nodeIdText(station.id as NodeId) : station.id,
    key: stationName(station),
    name: station.name,
    seq,
    sealed: entries.length,
    held,
    missing: entries.length - held,
    bytes,
    unseen: unseenEntries(space, station.author),
    completeTo: iso(completeToMs),
    lastHeard: iso(lastHeardMs(space, station.author)),
    replay: station.hours.at(-1)?.body.streams.some((stream) => stream.replay) === true,
  };
}

/** The state of one space. */
export async function spaceStatus(space: Space): Promise<SpaceStatus> {
  await space.settled();
  const { replica, catalog } = space;
  const member = replica.membership.member(space.self);
  const devices = [...replica.membership.members()].filter((one) => !one.isRecovery);
  const stations = [...catalog.stations.values()].map((station) => stationStatus(space, station));
  stations.sort((a, b) => (a.name ?? a.id).localeCompare(b.name ?? b.id));
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
