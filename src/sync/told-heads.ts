/**
 * The heads that one peer has told of whose entries are not here: those that may be asked for, and those that must wait until more is known of
 * their authors. How many there may be in all is the caller's business; of one feed a bounded number may be asked for.
 */
import type { EntryId } from '../core/ids.ts';
import type { Head, PurposedHead } from '../feed/entry.ts';
import { type FeedKey, feedKey, headKey } from '../feed/feed-index.ts';
import { MAX_PENDING_PER_FEED } from './limits.ts';
import type { NamedFeed } from './link-names.ts';

export class ToldHeads {
  readonly #awaited = new Map<string, PurposedHead>();
  /** The names in `#awaited`, by feed, oldest first. */
  readonly #awaitedOf = new Map<FeedKey, Set<string>>();
  /** Heads of authors of whom nobody has told us yet, or who by what we know had no right to them. */
  readonly #parked = new Map<string, PurposedHead>();

  get size(): number {
    return this.#awaited.size + this.#parked.size;
  }

  /** How many may be asked for. */
  get awaited(): number {
    return this.#awaited.size;
  }

  listAwaited(): PurposedHead[] {
    return [...this.#awaited.values()];
  }

  get parked(): IterableIterator<PurposedHead> {
    return this.#parked.values();
  }

  has(head: Head): boolean {
    return this.isAwaited(head) || this.#parked.has(headKey(head));
  }

  isAwaited(head: Head): boolean {
    return this.#awaited.has(headKey(head));
  }

  park(head: PurposedHead): void {
    this.#parked.set(headKey(head), head);
  }

  unpark(head: Head): void {
    this.#parked.delete(headKey(head));
  }

  /** This head may be asked for. Returns the one that is forgotten for it, if any. */
  await(head: PurposedHead): PurposedHead | undefined {
    const name = headKey(head);
    const key = feedKey(head.author, head.feed);
    const names = this.#awaitedOf.get(key) ?? new Set();
    const [oldest] = names;
    // Newer heads of a feed lead to older ones; only the branches of a fork do not.
    const tooMany = names.size >= MAX_PENDING_PER_FEED && oldest !== undefined;
    const forgotten = tooMany ? this.#awaited.get(oldest) : undefined;
    if (forgotten !== undefined) this.forget(forgotten);
    this.#awaitedOf.set(key, names.add(name));
    this.#awaited.set(name, head);
    return forgotten;
  }

  /** This head is not asked for any more. */
  forget(head: Head): void {
    const name = headKey(head);
    const key = feedKey(head.author, head.feed);
    const names = this.#awaitedOf.get(key);
    names?.delete(name);
    if (names?.size === 0) this.#awaitedOf.delete(key);
    this.#awaited.delete(name);
  }

  /** The ids that the peer has told of at this position; of those that must wait only when there is no other. */
  idsAt({ author, feed }: NamedFeed, seq: number): EntryId[] {
    const isThere = (head: Head) => head.seq === seq && head.author === author && head.feed === feed;
    const names = this.#awaitedOf.get(feedKey(author, feed)) ?? [];
    const awaited = [...names].flatMap((name) => this.#awaited.get(name) ?? []).filter(isThere);
    const heads = awaited.length > 0 ? awaited : [...this.#parked.values()].filter(isThere);
    return heads.map(({ id }) => id);
  }
}
