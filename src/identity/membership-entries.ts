/**
 * The set that membership is a function of: membership entries with their bodies read, indexed by what the fold looks
 * them up by. Only grows; nothing here depends on the order of arrival.
 */
import type { Bytes } from '../core/bytes.ts';
import { isWaystationError, WaystationError } from '../core/errors.ts';
import { type EntryId, type NodeId, nodeIdFrom, type SpaceId } from '../core/ids.ts';
import { decodeEntry, type Entry } from '../feed/entry.ts';
import { MAX_FOLLOWED_LAMPORT } from '../feed/feed-index.ts';
import { isMembershipKind, KIND } from '../feed/kinds.ts';
import {
  type AdmitBody,
  BODY,
  type EpochBody,
  type GenesisBody,
  type GrantBody,
  type RevokeBody,
  type SucceedBody,
} from './bodies.ts';

/** An entry and its body. */
export interface Parsed<T> {
  readonly entry: Entry;
  readonly body: T;
}

/** A list per key. */
class Index<K, T> {
  readonly #lists = new Map<K, T[]>();

  push(key: K, value: T): void {
    const list = this.#lists.get(key);
    if (list === undefined) this.#lists.set(key, [value]);
    else list.push(value);
  }

  get(key: K): readonly T[] {
    return this.#lists.get(key) ?? [];
  }
}

/** What adding an entry may have changed. */
export type Change = 'nothing' | 'epochs' | 'members';

export class MembershipEntries {
  readonly space: SpaceId;
  /** Entries that were refused, counted by reason. */
  readonly ignored = new Map<string, number>();
  /** Every entry of a control feed that was given, with the one before it: what an author's feed was like below a cut. */
  readonly previousOf = new Map<EntryId, EntryId | null>();
  genesis: Parsed<GenesisBody> | undefined;
  readonly grants = new Map<EntryId, Parsed<GrantBody>>();
  readonly grantsBy = new Index<NodeId, Parsed<GrantBody>>();
  readonly grantsWithKey = new Index<NodeId, Parsed<GrantBody>>();
  readonly admitsBy = new Index<NodeId, Parsed<AdmitBody>>();
  readonly admitsOf = new Index<EntryId, Parsed<AdmitBody>>();
  readonly successionsBy = new Index<NodeId, Parsed<SucceedBody>>();
  readonly revokes: Parsed<RevokeBody>[] = [];
  readonly epochs: Parsed<EpochBody>[] = [];

  constructor(space: SpaceId) {
    this.space = space;
  }

  /** Takes in one entry of a control feed whose signatures were verified. */
  add(entry: Entry): Change {
    if (this.previousOf.has(entry.id)) return 'nothing';
    this.previousOf.set(entry.id, entry.header.previous);
    if (!isMembershipKind(entry.header.kind)) return 'nothing';
    try {
      return this.#sort(entry);
    } catch (error) {
      return this.#ignore(isWaystationError(error) ? error.code : 'malformed');
    }
  }

  #ignore(reason: string): Change {
    this.ignored.set(reason, (this.ignored.get(reason) ?? 0) + 1);
    return 'nothing';
  }

  #sort(entry: Entry): Change {
    const { author, kind, space } = entry.header;
    if (kind === KIND.genesis) {
      if (space !== null || entry.id !== (this.space as string)) return this.#ignore('other-genesis');
      this.genesis = { entry, body: BODY.genesis.decode(entry.body) };
      return 'members';
    }
    if (space !== this.space) return this.#ignore('other-space');
    // Bodies of these kinds are plain in every space: a sealed one could not be acted on by a mirror.
    if (entry.header.epoch !== null) return this.#ignore('sealed');
    switch (kind) {
      case KIND.grant: {
        const grant = { entry, body: BODY.grant.decode(entry.body) };
        this.grants.set(entry.id, grant);
        this.grantsBy.push(author, grant);
        this.grantsWithKey.push(nodeIdFrom(grant.body.inviteKey), grant);
        return 'members';
      }
      case KIND.admit: {
        const admit = { entry, body: BODY.admit.decode(entry.body) };
        const { grant, grantBytes } = admit.body;
        if (grantBytes !== undefined) this.add(grantIn(grant, grantBytes));
        this.admitsBy.push(author, admit);
        this.admitsOf.push(admit.body.grant, admit);
        return 'members';
      }
      case KIND.succeed: {
        const succession = { entry, body: BODY.succeed.decode(entry.body) };
        if (succession.body.heir === author) return this.#ignore('own-heir');
        this.successionsBy.push(author, succession);
        return 'members';
      }
      case KIND.revoke:
        this.revokes.push({ entry, body: BODY.revoke.decode(entry.body) });
        return 'members';
      case KIND.epoch:
        this.epochs.push({ entry, body: BODY.epoch.decode(entry.body) });
        return 'epochs';
      default:
        return 'nothing';
    }
  }
}

/** The grant that an admit brings along. @throws WaystationError `malformed` when it is not the one that is named. */
export function grantIn(grant: EntryId, bytes: Bytes): Entry {
  const entry = decodeEntry(bytes);
  if (entry.id === grant && entry.header.kind === KIND.grant) return entry;
  throw new WaystationError('malformed', 'expected the grant that the admit names');
}

/** Order of entries that every node agrees on: by Lamport number, then id. */
export function byLamport(a: Parsed<unknown>, b: Parsed<unknown>): number {
  return a.entry.header.lamport - b.entry.header.lamport || byId(a, b);
}

/** The same, with numbers that nobody follows (see feed-index) first: nothing that is written later could come after them. */
export function byFollowedLamport(a: Parsed<unknown>, b: Parsed<unknown>): number {
  const followed = ({ entry }: Parsed<unknown>) => entry.header.lamport <= MAX_FOLLOWED_LAMPORT;
  return Number(followed(a)) - Number(followed(b)) || byLamport(a, b);
}

/** Order by entry id: what nobody's clock and no arrival decides. */
export function byId(a: Parsed<unknown>, b: Parsed<unknown>): number {
  return a.entry.id < b.entry.id ? -1 : a.entry.id > b.entry.id ? 1 : 0;
}
