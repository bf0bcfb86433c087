/**
 * Where authors were stopped: the positions up to which a revoked node's entries count, the admits that a withdrawn
 * invite keeps, and the entry by which a node handed over to its heir.
 */
import { type EntryId, type FeedId, type NodeId, nodeIdFrom } from '../core/ids.ts';
import type { Entry } from '../feed/entry.ts';
import type { GrantBody, RevokeBody, RevokePosition, SucceedBody } from './bodies.ts';
import { byLamport, type MembershipEntries, type Parsed } from './membership-entries.ts';

/** One revocation: last accepted position per feed. Feeds that are not in it are cut wholly. */
type Cut = ReadonlyMap<FeedId, RevokePosition>;

function within(cut: Cut, feed: FeedId, seq: number, id: EntryId | undefined): boolean {
  const last = cut.get(feed);
  if (last === undefined || seq > last.seq) return false;
  // A revoked author may have signed a second entry for the last accepted position: only the named one counts.
  return seq < last.seq || id === undefined || id === last.id;
}

/** The revocations that took effect so far, and what they stop. */
export class Revocations {
  readonly #entries: MembershipEntries;
  readonly #cuts = new Map<NodeId, Cut[]>();
  readonly #kept = new Map<NodeId, ReadonlySet<EntryId>[]>();
  readonly #successions = new Map<NodeId, Parsed<SucceedBody> | null>();

  constructor(entries: MembershipEntries) {
    this.#entries = entries;
  }

  /** Adds one revocation. Several of one node let stand what all of them let stand. */
  apply({ node, feeds }: RevokeBody): void {
    const cuts = this.#cuts.get(node) ?? [];
    const kept = this.#kept.get(node) ?? [];
    this.#cuts.set(node, [...cuts, new Map(feeds.map((position) => [position.feed, position]))]);
    this.#kept.set(node, [...kept, new Set(feeds.map(({ id }) => id))]);
    this.#successions.delete(node);
  }

  isRevoked(node: NodeId): boolean {
    return this.#cuts.has(node);
  }

  /** Whether this place lies before every cut of its author. Without `id` a fork at the last position is not told apart. */
  isWithin(author: NodeId, feed: FeedId, seq: number, id?: EntryId): boolean {
    return (this.#cuts.get(author) ?? []).every((cut) => within(cut, feed, seq, id));
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
