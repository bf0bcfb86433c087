/** Entries for tests of structure alone: their signatures are noise, their hash links are real. */
import { type Bytes, toUtf8 } from '../../../src/core/bytes.ts';
import { sha256 } from '../../../src/core/hash.ts';
import {
  type EntryId,
  type FeedId,
  feedIdFrom,
  type NodeId,
  nodeIdFrom,
  type SpaceId,
  spaceIdFrom,
} from '../../../src/core/ids.ts';
import {
  assembleEntry,
  type Entry,
  type EntryHeader,
  encodeHeader,
  encodePayload,
  PURPOSE,
} from '../../../src/feed/entry.ts';

export function named(label: string, length = 32): Bytes {
  return sha256(toUtf8(label)).slice(0, length);
}

export const SPACE: SpaceId = spaceIdFrom(named('space'));
export const AUTHOR: NodeId = nodeIdFrom(named('author'));
export const FEED: FeedId = feedIdFrom(named('feed', 16));

let made = 0;

/** An entry after `previous`, or the first of a feed; every call makes another one. */
export function entryAfter(previous: Entry | null, change: Partial<EntryHeader> = {}): Entry {
  const header: EntryHeader = {
    space: SPACE,
    author: previous?.header.author ?? AUTHOR,
    feed: previous?.header.feed ?? FEED,
    purpose: previous?.header.purpose ?? PURPOSE.data,
    seq: previous === null ? 0 : previous.header.seq + 1,
    previous: previous?.id ?? null,
    lamport: (previous?.header.lamport ?? 0) + 1,
    timeMs: 1,
    kind: 99,
    blobs: [],
    epoch: null,
    seen: [],
    succeeds: null,
    ...change,
  };
  const body = toUtf8(`entry ${made++}`);
  const signature = new Uint8Array(64).fill(made & 255);
  return assembleEntry(header, body, encodePayload(encodeHeader(header), body), signature);
}

/** `count` entries in a row after `previous`. */
export function chainAfter(
  previous: Entry | null,
  count: number,
  change: Partial<EntryHeader> = {},
): Entry[] {
  const chain: Entry[] = [];
  let last = previous;
  for (let i = 0; i < count; i++) {
    last = entryAfter(last, i === 0 && previous === null ? change : {});
    chain.push(last);
  }
  return chain;
}

/** Ids in the order of the given entries. */
export function idsOf(entries: readonly Entry[]): EntryId[] {
  return entries.map((entry) => entry.id);
}
