/** Whether everything that a linked member told of at link time is held: what the van asks before it leaves. */
import { type NodeId, nodeIdText } from '../core/ids.ts';
import { feedKey } from '../feed/feed-index.ts';
import type { Space } from './space.ts';
import { nodeName } from './status.ts';

export interface PickupState {
  /** Members that were reached and compared with. */
  readonly reached: readonly NodeId[];
  /** At least one member was reached, and all that those reached told of at link time is here. */
  readonly complete: boolean;
  readonly blobs: { readonly held: number; readonly missing: number; readonly bytes: number };
  /** Entries told of and not here. */
  readonly entriesMissing: number;
  /** Who still has something for us: author, name, entries and hours missing. */
  readonly missingFrom: readonly {
    readonly author: string;
    readonly name: string;
    readonly entries: number;
    readonly hours: number;
  }[];
}

export function pickup(space: Space): PickupState {
  const { replica } = space;
  const missing = new Map<NodeId, { entries: number; hours: number }>();
  const unsettled = [...replica.told.values()].flat().filter((head) => !replica.isSettled(head));
  for (const head of unsettled) {
    const entries = Math.max(0, head.seq - replica.index.highestSeq(head.author, head.feed));
    const known = head.seq - entries;
    const runs = known < 0 ? [] : replica.missingUpTo(feedKey(head.author, head.feed), known);
    const hours = runs.reduce((sum, run) => sum + run.last - run.first + 1, 0);
    const before = missing.get(head.author);
    missing.set(head.author, {
      entries: Math.max(before?.entries ?? 0, entries),
      hours: Math.max(before?.hours ?? 0, hours),
    });
  }
  const reached = [...replica.told.keys()];
  const missingFrom = [...missing].map(([author, { entries, hours }]) => ({
    author: nodeIdText(author),
    name: nodeName(space, author),
    entries,
    hours,
  }));
  return {
    reached,
    complete: reached.length > 0 && unsettled.length === 0 && space.isAdmitted,
    blobs: replica.blobCounts(),
    entriesMissing: missingFrom.reduce((sum, one) => sum + one.entries, 0),
    missingFrom,
  };
}
