/** Whether everything that a linked member told of at link time is held: what the van asks before it leaves. */
import { type NodeId, nodeIdText } from '../core/ids.ts';
import { feedKey } from '../feed/feed-index.ts';
import type { WaystationNode } from './node.ts';
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

export function pickup(node: WaystationNode, space: Space): PickupState {
  const reached: NodeId[] = [];
  let complete = true;
  const missing = new Map<NodeId, { entries: number; hours: number }>();
  for (const session of node.engine.sessions.values()) {
    const open = session.spaces.get(space.id);
    if (session.peer === null || open === undefined || !open.compare.done || !open.weServe) continue;
    reached.push(session.peer);
    complete &&= open.toldIsHeld();
    for (const head of open.compare.told) {
      const { index } = space.replica;
      const entries = Math.max(0, head.seq - index.highestSeq(head.author, head.feed));
      const known = head.seq - entries;
      const runs =
        known < 0 ? [] : space.replica.holdings(feedKey(head.author, head.feed)).missingIn(0, known);
      const hours = runs.reduce((sum, run) => sum + run.last - run.first + 1, 0);
      const before = missing.get(head.author);
      if (entries + hours > 0 || before !== undefined) {
        missing.set(head.author, {
          entries: Math.max(before?.entries ?? 0, entries),
          hours: Math.max(before?.hours ?? 0, hours),
        });
      }
    }
  }
  const missingFrom = [...missing]
    .filter(([, { entries, hours }]) => entries + hours > 0)
    .map(([author, { entries, hours }]) => ({
      author: nodeIdText(author),
      name: nodeName(space, author),
      entries,
      hours,
    }));
  return {
    reached,
    complete: reached.length > 0 && complete && space.isAdmitted,
    blobs: space.replica.blobCounts(),
    entriesMissing: missingFrom.reduce((sum, one) => sum + one.entries, 0),
    missingFrom,
  };
}
