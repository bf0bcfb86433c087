/**
 * What a node knows of a space's feeds: for every feed its main branch and, where an author forked itself (a restored
 * backup, a crash that lost a write), the other branches. Holds no entry bytes, only what replication and status need.
 *
 * Invariants: within a branch positions are consecutive and each entry names the one before it; a fork branch starts
 * at the first position where it differs and hangs on the branch that holds the position before. Which branch came
 * first differs between nodes; the set of entries does not.
 */
import { WaystationError } from '../core/errors.ts';
import type { BlobRef, EntryId, FeedId, NodeId } from '../core/ids.ts';
import type { Entry, Head, Purpose } from './entry.ts';

/** A member gone wrong could fork without end; eight branches tell the story and bound the memory. */
export const MAX_BRANCHES_PER_FEED = 8;

/**
 * Lamport numbers above this are refused. A space would have to write an entry every microsecond for 140 years to get
 * there, so nobody who is honest does; without a bound one member could leave no number for anybody's next entry.
 */
export const MAX_LAMPORT = 2 ** 52;
/**
 * A number above this moves nobody else's on: a member who jumps ahead leaves 2^52 − 2^48 numbers for all others' own
 * feeds, and disturbs the order of entries only.
 */
export const MAX_FOLLOWED_LAMPORT = 2 ** 48;

export interface EntryMeta {
  readonly id: EntryId;
  readonly lamport: number;
  readonly timeMs: number;
  readonly kind: number;
  readonly blobs: readonly BlobRef[];
  /** Its own signature was checked, so a run served to others may end here. */
  verified: boolean;
}

/** Names the feed within a space: `<author>.<feed>`. */
export type FeedKey = string;

export function feedKey(author: NodeId, feed: FeedId): FeedKey {
  return `${author}.${feed}`;
}

/** Key of a head in maps. */
export function headKey(head: Head): string {
  return `${head.author}.${head.feed}.${head.seq}.${head.id}`;
}

export interface Branch {
  readonly author: NodeId;
  readonly feed: FeedId;
  readonly purpose: Purpose;
  /** Names the feed: one string for all that refer to it. */
  readonly key: FeedKey;
  /** `<author>.<feed>` for the first branch, with `.<start of the first entry's id>` for a fork: names its log. */
  readonly name: string;
  /** Position of `entries[0]`. */
  readonly base: number;
  /** The branch that holds position `base` − 1; null when `base` is 0. */
  readonly parent: Branch | null;
  readonly entries: EntryMeta[];
}

/** Where a run of entries goes: the branch it extends or founds, and those of its entries that are new. */
export interface Placement {
  readonly branch: Branch;
  readonly founded: boolean;
  readonly fresh: readonly Entry[];
}

/** A stretch of one branch's log. Positions are feed positions, both inclusive. */
export interface Segment {
  readonly branch: Branch;
  readonly from: number;
  readonly to: number;
}

export function branchHead(branch: Branch): Head | undefined {
  const last = branch.entries.at(-1);
  if (last === undefined) return undefined;
  return {
    author: branch.author,
    feed: branch.feed,
    seq: branch.base + branch.entries.length - 1,
    id: last.id,
  };
}

function metaOf(entry: Entry, verified: boolean): EntryMeta {
  const { lamport, timeMs, kind, blobs } = entry.header;
  return { id: entry.id, lamport, timeMs, kind, blobs, verified };
}

export class FeedIndex {
  readonly #feeds = new Map<NodeId, Map<FeedId, readonly Branch[]>>();
  #highestLamport = 0;
  #version = 0;

  /** Grows with every change: a cheap way to tell that something derived is stale. */
  get version(): number {
    return this.#version;
  }

  /** Highest Lamport number taken in, of those up to {@link MAX_FOLLOWED_LAMPORT}. */
  get highestLamport(): number {
    return this.#highestLamport;
  }

  *branches(): IterableIterator<Branch> {
    for (const feeds of this.#feeds.values()) for (const branches of feeds.values()) yield* branches;
  }

  branchesOf(author: NodeId, feed: FeedId): readonly Branch[] {
    return this.#feeds.get(author)?.get(feed) ?? [];
  }

  /** The feed's name; the same string each time once the feed is known. */
  keyOf(author: NodeId, feed: FeedId): FeedKey {
    return this.branchesOf(author, feed)[0]?.key ?? feedKey(author, feed);
  }

  /** Every branch head, unordered. */
  heads(): Head[] {
    const heads: Head[] = [];
    for (const branch of this.branches()) {
      const head = branchHead(branch);
      if (head !== undefined) heads.push(head);
    }
    return heads;
  }

  /** The branch and record that stand at `seq` with this id, or undefined. */
  find(
    author: NodeId,
    feed: FeedId,
    seq: number,
    id: EntryId,
  ): { branch: Branch; meta: EntryMeta } | undefined {
    for (const branch of this.branchesOf(author, feed)) {
      const meta = branch.entries[seq - branch.base];
      if (meta !== undefined && meta.id === id) return { branch, meta };
    }
    return undefined;
  }

  /** The ids of the entries at this position, one of each branch that reaches there. */
  idsAt(author: NodeId, feed: FeedId, seq: number): EntryId[] {
    return this.branchesOf(author, feed).flatMap(({ base, entries }) => entries[seq - base]?.id ?? []);
  }

  /** The blobs that are named at this position, in all branches. */
  blobsAt(author: NodeId, feed: FeedId, seq: number): BlobRef[] {
    return this.branchesOf(author, feed).flatMap(({ base, entries }) => entries[seq - base]?.blobs ?? []);
  }

  /** The Lamport number that an entry after `head` (null: the first of a feed) takes. */
  nextLamport(head: Head | null): number {
    const before = head === null ? undefined : this.find(head.author, head.feed, head.seq, head.id);
    return Math.max(this.#highestLamport, before?.meta.lamport ?? 0) + 1;
  }

  has(head: Head): boolean {
    return this.find(head.author, head.feed, head.seq, head.id) !== undefined;
  }

  /** True when whoever has everything up to `head` has `earlier` too, as far as we hold both. */
  leadsTo(head: Head, earlier: Head): boolean {
    if (head.id === earlier.id) return true;
    if (head.seq <= earlier.seq) return false;
    const there = this.find(earlier.author, earlier.feed, earlier.seq, earlier.id)?.branch;
    let to = head.seq;
    let branch: Branch | null = this.find(head.author, head.feed, head.seq, head.id)?.branch ?? null;
    for (; branch !== null && there !== undefined; branch = branch.parent) {
      if (branch === there) return earlier.seq <= to;
      to = Math.min(to, branch.base - 1);
    }
    return false;
  }

  /** Highest position known of a feed over all its branches, or −1. */
  highestSeq(author: NodeId, feed: FeedId): number {
    let highest = -1;
    for (const branch of this.branchesOf(author, feed)) {
      highest = Math.max(highest, branch.base + branch.entries.length - 1);
    }
    return highest;
  }

  /** The logs to read, oldest first, for positions `from` to that of `head`. Empty when `head` is not held. */
  path(head: Head, from: number): Segment[] {
    const found = this.find(head.author, head.feed, head.seq, head.id);
    const segments: Segment[] = [];
    let to = head.seq;
    for (
      let branch: Branch | null = found?.branch ?? null;
      branch !== null && to >= from;
      branch = branch.parent
    ) {
      if (to >= branch.base) segments.unshift({ branch, from: Math.max(from, branch.base), to });
      to = Math.min(to, branch.base - 1);
    }
    return segments;
  }

  /**
   * Finds the place of a run of consecutive entries of one feed. Checks positions, hash links and Lamport order
   * within the run and to what is held; signatures are the caller's business.
   * @throws WaystationError `bad-chain` when the run does not fit together, `not-found` when the entry before it is
   *   not held (ask again from further back), `limit` when it would found one branch too many.
   */
  place(run: readonly Entry[]): Placement {
    const first = run[0];
    if (first === undefined) throw new RangeError('expected at least one entry');
    const { author, feed, purpose } = first.header;
    for (const { header } of run) {
      if (header.lamport > MAX_LAMPORT)
        throw new WaystationError('bad-chain', `expected Lamport numbers up to ${MAX_LAMPORT}`);
    }
    for (let i = 1; i < run.length; i++) checkLink(run[i - 1] as Entry, run[i] as Entry);

    let known = 0;
    let at: { branch: Branch; meta: EntryMeta } | undefined;
    for (; known < run.length; known++) {
      const entry = run[known] as Entry;
      const found = this.find(author, feed, entry.header.seq, entry.id);
      if (found === undefined) break;
      at = found;
    }
    const fresh = run.slice(known);
    const next = fresh[0];
    if (next === undefined) return { branch: (at as { branch: Branch }).branch, founded: false, fresh };

    const branches = this.branchesOf(author, feed);
    if (next.header.seq > 0 && at === undefined) {
      at = this.find(author, feed, next.header.seq - 1, next.header.previous as EntryId);
      if (at === undefined) {
        throw new WaystationError('not-found', `the entry before position ${next.header.seq} is not held`);
      }
      if (next.header.lamport <= at.meta.lamport)
        throw new WaystationError('bad-chain', 'Lamport numbers must grow');
    }
    const parent = at?.branch ?? null;
    if (parent !== null && parent.purpose !== purpose) {
      throw new WaystationError('bad-chain', 'a feed has one purpose from its start');
    }
    if (parent !== null && parent.base + parent.entries.length === next.header.seq) {
      return { branch: parent, founded: false, fresh };
    }
    if (branches.length >= MAX_BRANCHES_PER_FEED) {
      throw new WaystationError(
        'limit',
        `feed ${feedKey(author, feed)} forked more than ${MAX_BRANCHES_PER_FEED} times`,
      );
    }
    const key = branches[0]?.key ?? feedKey(author, feed);
    const name = branches.length === 0 ? key : `${key}.${next.id.slice(0, 16)}`;
    const branch: Branch = { author, feed, purpose, key, name, base: next.header.seq, parent, entries: [] };
    return { branch, founded: true, fresh };
  }

  /**
   * Takes in a run that `place` accepted and the store has made durable. `verified` says of each entry of `run`
   * whether its own signature was checked. Places anew, because others may have been taken in since.
   */
  commit(run: readonly Entry[], verified: (entry: Entry) => boolean): Placement {
    const placement = this.place(run);
    const { branch, founded, fresh } = placement;
    if (fresh.length === 0) return placement;
    if (founded) {
      const { author, feed } = branch;
      const feeds = this.#feeds.get(author) ?? new Map<FeedId, readonly Branch[]>();
      feeds.set(feed, [...(feeds.get(feed) ?? []), branch]);
      this.#feeds.set(author, feeds);
    }
    for (const entry of fresh) {
      branch.entries.push(metaOf(entry, verified(entry)));
      const { lamport } = entry.header;
      if (lamport <= MAX_FOLLOWED_LAMPORT) this.#highestLamport = Math.max(this.#highestLamport, lamport);
    }
    this.#version++;
    return placement;
  }
}

function checkLink(before: Entry, after: Entry): void {
  const a = before.header;
  const b = after.header;
  const fits =
    b.author === a.author &&
    b.feed === a.feed &&
    b.purpose === a.purpose &&
    b.seq === a.seq + 1 &&
    b.previous === before.id &&
    b.lamport > a.lamport;
  if (!fits) throw new WaystationError('bad-chain', `position ${b.seq} does not continue position ${a.seq}`);
}
