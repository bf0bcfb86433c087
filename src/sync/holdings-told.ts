/**
 * What two nodes have told each other of the blobs that they hold, by positions of feeds.
 *
 * Invariant: what the peer believes of our own feeds is what `have` said last, and what the news of our own entries meant since.
 */
import { RunSet } from '../blob/runs.ts';
import type { FeedId, NodeId } from '../core/ids.ts';
import type { FeedKey } from '../feed/feed-index.ts';
import { MAX_HEADS_PER_MESSAGE, MAX_RUN_NUMBERS, MAX_TOLD_FEEDS, MAX_TOLD_RUN_NUMBERS } from './limits.ts';
import type { NameOnWire } from './link-names.ts';
import type { Message } from './messages.ts';
import { type SessionContext, sendControl } from './session-context.ts';

export class HoldingsTold {
  readonly #context: SessionContext;
  readonly #theirs = new Map<FeedKey, RunSet>();
  #theirRunNumbers = 0;
  /** Feeds of which the peer was not told what we hold, because it holds all that itself. */
  readonly #untold = new Set<FeedKey>();
  /** Of our own feeds, what the peer was told. */
  readonly #toldOfOwn = new Map<FeedKey, RunSet>();

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /** True when the peer has told that it holds all blobs of this position. */
  theyHold(feed: FeedKey, seq: number): boolean {
    return this.#theirs.get(feed)?.has(seq) === true;
  }

  /** Tells all runs, whatever was told before. */
  tellAll(): void {
    this.#toldOfOwn.clear();
    this.tell(this.#context.replica.feedsWithHoldings());
  }

  /**
   * Tells the runs of these feeds, but where the peer holds all that we hold. An author is told of its own all the same: it alone can say to
   * the person who records in how many places that is safe.
   */
  tell(feeds: Iterable<FeedKey>): void {
    const { mayServe, replica, names, peer, self } = this.#context;
    if (!mayServe()) return;
    let batch: [NameOnWire, number[]][] = [];
    let numbers = 0;
    const flush = () => {
      if (batch.length > 0) sendControl(this.#context, 'have', batch);
      batch = [];
      numbers = 0;
    };
    for (const key of feeds) {
      const held = replica.holdings(key);
      const isTheirOwn = key.startsWith(`${peer}.`);
      const told = this.#toldOfOwn.get(key);
      // What was told of and is not held any more is taken back, whatever the peer holds.
      const isTrue = told === undefined || held.covers(told);
      if (!isTheirOwn && isTrue && this.#theirs.get(key)?.covers(held) === true) {
        this.#untold.add(key);
        continue;
      }
      this.#untold.delete(key);
      const [author, feed] = key.split('.') as [NodeId, FeedId];
      if (author === self && told?.equals(held) === true) continue;
      // No runs at all are told as well: what was held may not be any more.
      const runs = held.encode(MAX_RUN_NUMBERS);
      if (author === self) this.#toldOfOwn.set(key, RunSet.decode(runs, MAX_RUN_NUMBERS));
      if (batch.length >= MAX_HEADS_PER_MESSAGE || numbers + runs.length > MAX_RUN_NUMBERS) flush();
      batch.push([names.feed(author, feed), runs]);
      numbers += runs.length;
    }
    flush();
  }

  /** News of entries of our own goes out, and with it that their blobs are held. */
  noteMeant(feed: FeedKey, first: number, last: number): void {
    const told = this.#toldOfOwn.get(feed) ?? new RunSet();
    told.addRange(first, last);
    this.#toldOfOwn.set(feed, told);
  }

  /** News of entries of the peer's own has come. */
  noteImplied(feed: FeedKey, first: number, last: number): void {
    const told = this.#theirs.get(feed) ?? new RunSet();
    // One run more at most.
    const isFull = this.#theirs.size >= MAX_TOLD_FEEDS && !this.#theirs.has(feed);
    if (isFull || this.#theirRunNumbers + 2 > MAX_TOLD_RUN_NUMBERS) return this.#tooMany();
    const before = told.runCount;
    told.addRange(first, last);
    this.#theirRunNumbers += 2 * (told.runCount - before);
    this.#theirs.set(feed, told);
  }

  #tooMany(): void {
    this.#context.out.drop(this.#context.link, 'too-many-holdings');
  }

  onHave([, , items]: Message<'have'>['fields']): void {
    const { names, replica } = this.#context;
    const untold: FeedKey[] = [];
    for (const [name, numbers] of items) {
      const { author, feed } = names.feedOf(name);
      const key = replica.index.keyOf(author, feed);
      const told = this.#theirs.get(key);
      const runNumbers = this.#theirRunNumbers - 2 * (told?.runCount ?? 0) + numbers.length;
      if ((told === undefined && this.#theirs.size >= MAX_TOLD_FEEDS) || runNumbers > MAX_TOLD_RUN_NUMBERS) {
        this.#tooMany();
        continue;
      }
      this.#theirs.set(key, RunSet.decode(numbers, MAX_RUN_NUMBERS));
      this.#theirRunNumbers = runNumbers;
      if (this.#untold.has(key)) untold.push(key);
    }
    this.tell(untold);
  }
}
