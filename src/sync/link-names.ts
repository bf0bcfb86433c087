/**
 * Short names for what is named over and over on one link in one space: feeds and epochs. Whoever first speaks of one says its bytes once, in
 * `names`, and from then on its number: 0 for the first that this side named, and so on. The two directions count apart, and numbers go over
 * the control channel only, so a name is always there before it is used.
 *
 * Invariants: a number never changes its meaning while the link stands; a name is learned whatever may be said to whom at that time, so
 * that both sides count alike; at most {@link MAX_NAMES} each way, beyond which bytes are said in full.
 */
import { type Bytes, concatBytes } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import {
  type EpochId,
  entryIdFrom,
  type FeedId,
  feedIdFrom,
  idBytes,
  type NodeId,
  nodeIdFrom,
} from '../core/ids.ts';
import { type FeedKey, feedKey } from '../feed/feed-index.ts';
import { MAX_NAMES } from './limits.ts';

export const FEED_NAME_BYTES = 48;
export const EPOCH_NAME_BYTES = 32;

/** A number given before, or the bytes themselves: author ‖ feed (48), or the id of an epoch (32). */
export type NameOnWire = number | Bytes;

export interface NamedFeed {
  readonly author: NodeId;
  readonly feed: FeedId;
}

/** The bytes that name a feed. */
export function feedNameBytes(author: NodeId, feed: FeedId): Bytes {
  return concatBytes(idBytes(author), idBytes(feed));
}

function feedFrom(bytes: Bytes): NamedFeed {
  return { author: nodeIdFrom(bytes.subarray(0, 32)), feed: feedIdFrom(bytes.subarray(32)) };
}

export class LinkNames {
  /** What we have named, by feed key or epoch. */
  readonly #ours = new Map<FeedKey | EpochId, number>();
  /** Named and not said yet. */
  #unsaid: Bytes[] = [];
  readonly #theirs: (NamedFeed | EpochId)[] = [];

  /** How to name a feed to the peer. */
  feed(author: NodeId, feed: FeedId): NameOnWire {
    return this.#name(feedKey(author, feed), () => feedNameBytes(author, feed));
  }

  /** How to name an epoch to the peer. */
  epoch(id: EpochId): NameOnWire {
    return this.#name(id, () => idBytes(id));
  }

  #name(key: FeedKey | EpochId, bytes: () => Bytes): NameOnWire {
    const number = this.#ours.get(key);
    if (number !== undefined) return number;
    if (this.#ours.size >= MAX_NAMES) return bytes();
    this.#ours.set(key, this.#ours.size);
    this.#unsaid.push(bytes());
    return this.#ours.size - 1;
  }

  /** What must be said before any message that was made until now. */
  takeUnsaid(): Bytes[] {
    if (this.#unsaid.length === 0) return this.#unsaid;
    const unsaid = this.#unsaid;
    this.#unsaid = [];
    return unsaid;
  }

  /** The peer names these: 48 bytes a feed, 32 an epoch. @throws WaystationError `limit` when there are too many. */
  learn(names: readonly Bytes[]): void {
    if (this.#theirs.length + names.length > MAX_NAMES)
      throw new WaystationError('limit', `expected at most ${MAX_NAMES} names on a link`);
    for (const name of names)
      this.#theirs.push(name.length === FEED_NAME_BYTES ? feedFrom(name) : entryIdFrom(name));
  }

  /** The feed that the peer means. @throws WaystationError `malformed` when it has not named it. */
  feedOf(name: NameOnWire): NamedFeed {
    const found = typeof name === 'number' ? this.#theirs[name] : feedFrom(name);
    if (found === undefined || typeof found === 'string')
      throw new WaystationError('malformed', 'expected the number of a feed that was named on this link');
    return found;
  }

  /** The epoch that the peer means. @throws WaystationError `malformed` when it has not named it. */
  epochOf(name: NameOnWire): EpochId {
    const found = typeof name === 'number' ? this.#theirs[name] : entryIdFrom(name);
    if (typeof found !== 'string')
      throw new WaystationError('malformed', 'expected the number of an epoch that was named on this link');
    return found;
  }
}
