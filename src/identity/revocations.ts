/**
 * Where authors were stopped: the positions up to which a revoked node's entries count, the admits that a withdrawn
 * invite keeps, and the entry by which a node handed over to its heir.
 */
import { type EntryId, type FeedId, type NodeId, nodeIdFrom } from '../core/ids.ts';
import type { Entry } from '../feed/entry.ts';
import { MAX_FOLLOWED_LAMPORT } from '../feed/feed-index.ts';
import type { GrantBody, RevokeBody, RevokePosition, SucceedBody } from './bodies.ts';
import { byLamport, type MembershipEntries, type Parsed } from './membership-entries.ts';

/** One revocation: the last accepted positions per feed, several where it forked. Feeds that are not in it are cut wholly. */
type Cut = ReadonlyMap<FeedId, readonly RevokePosition[]>;

function cutOf(positions: readonly RevokePosition[]): Cut {
  const cut = new Map<FeedId, RevokePosition[]>();
  for (const position of positions) cut.set(position.feed, [...(cut.get(position.feed) ?? []), position]);
  return cut;
}

/** The revocations that took effect so far, and what they stop. */
export class Revocations {
  readonly #entries: MembershipEntries;
  readonly #cuts = new Map<NodeId, Cut[]>();
  readonly #since = new Map<NodeId, number>();
  readonly #kept = new Map<NodeId, ReadonlySet<EntryId>[]>();
  readonly #successions = new Map<NodeId, Parsed<SucceedBody> | null>();
  readonly #paths = new Map<EntryId, readonly EntryId[]>();

  constructor(entries: MembershipEntries) {
    this.#entries = entries;
  }

  /** Adds one revocation. Several of one node let stand what all of them let stand. */
  apply({ entry, body: { node, feeds } }: Parsed<RevokeBody>): void {
    const { lamport } = entry.header;
    if (lamport <= MAX_FOLLOWED_LAMPORT)
      this.#since.set(node, Math.min(this.#since.get(node) ?? lamport, lamport));
    const cuts = this.#cuts.get(node) ?? [];
    const kept = this.#kept.get(node) ?? [];
    this.#cuts.set(node, [...cuts, cutOf(feeds)]);
    this.#kept.set(node, [...kept, new Set(feeds.map(({ id }) => id))]);
    this.#successions.delete(node);
  }

  /**
   * The Lamport number of the first revocation of a node, 0 when there is none. What was written in knowledge of it has a
   * higher one; of numbers that nobody follows (see feed-index) nothing is concluded.
   */
  sinceLamport(node: NodeId): number {
    return this.#since.get(node) ?? 0;
  }

  isRevoked(node: NodeId): boolean {
    return this.#cuts.has(node);
  }

  /** Whether this place lies before every cut of its author. Without `id` the branches of a fork are not told apart. */
  isWithin(author: NodeId, feed: FeedId, seq: number, id?: EntryId): boolean {
    return (this.#cuts.get(author) ?? []).every((cut) =>
      (cut.get(feed) ?? []).some(
        (last) => seq <= last.seq && (id === undefined || this.#leadsTo(last, seq, id)),
      ),
    );
  }

  /** The last accepted positions of a revoked author's feed, by each revocation. */
  positionsOf(author: NodeId, feed: FeedId): readonly (readonly RevokePosition[])[] {
    return (this.#cuts.get(author) ?? []).map((cut) => cut.get(feed) ?? []);
  }

  /**
   * Whether the listed entry follows on this one: a revoked author may sign other entries for earlier positions. What
   * lies before the entries that are known here is not told apart.
   */
  #leadsTo(last: RevokePosition, seq: number, id: EntryId): boolean {
    if (seq === last.seq) return id === last.id;
    const path = this.#pathTo(last);
    const there = path[last.seq - seq];
    return there === undefined || there === id;
  }

  /** The ids at the listed position and before it, latest first, as far back as they are known. */
  #pathTo({ id }: RevokePosition): readonly EntryId[] {
    const known = this.#paths.get(id);
    if (known !== undefined) return known;
    const path: EntryId[] = [];
    for (let at: EntryId | null | undefined = id; at != null; at = this.#entries.previousOf.get(at))
      path.push(at);
    this.#paths.set(id, path);
    return path;
  }

  /** The one hand-over of a node that counts: the first by (Lamport number, id) before its cuts. */
  successionOf(author: NodeId): Parsed<SucceedBody> | undefined {
    let found = this.#successions.get(author);
    if (found === undefined) {
      const candidates = this.#entries.successionsBy.get(author);
      found =
        candidates
          .filter(({ entry }) => this.isWithin(author, entry.header.feed, entry.header.seq, entry.id))
          .sort(byLamport)[0] ?? null;
      this.#successions.set(author, found);
    }
    return found ?? undefined;
  }

  /** Whether a membership entry stands before its author was revoked or retired. */
  counts({ id, header }: Entry): boolean {
    const { author, feed, seq, lamport } = header;
    if (!this.isWithin(author, feed, seq, id)) return false;
    const succession = this.successionOf(author)?.entry;
    if (succession === undefined || succession.id === id) return true;
    // Within one feed positions tell before from after; across an author's own feeds its Lamport numbers do.
    return succession.header.feed === feed
      ? seq < succession.header.seq
      : lamport <= succession.header.lamport;
  }

  /** The invite was withdrawn: nobody else enters by it. */
  isWithdrawn(grant: GrantBody): boolean {
    return this.#kept.has(nodeIdFrom(grant.inviteKey));
  }

  /** Whether an admit stands although its invite may have been withdrawn. */
  keepsAdmit(grant: GrantBody, admit: EntryId): boolean {
    return (this.#kept.get(nodeIdFrom(grant.inviteKey)) ?? []).every((kept) => kept.has(admit));
  }
}
