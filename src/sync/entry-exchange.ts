/**
 * Fetching and serving entries of one space over one link. Control feeds come before data, because they say whose
 * data counts. A run is checked (links, membership, its last signature; every signature in control feeds), made
 * durable, and only then taken in and told to others.
 *
 * Invariants: at most one request per feed over all links; nothing unrequested is looked at; a run that we serve
 * ends at an entry whose own signature we checked, so the receiver can check it too.
 */
import type { Bytes } from '../core/bytes.ts';
import { isWaystationError, WaystationError } from '../core/errors.ts';
import { type EntryId, entryIdFrom, feedIdFrom, idBytes, nodeIdFrom } from '../core/ids.ts';
import type { Verification } from '../core/ports.ts';
import { decodeEntry, type Entry, entryVerification, type Head, PURPOSE } from '../feed/entry.ts';
import { type FeedKey, feedKey, type Placement, type Segment } from '../feed/feed-index.ts';
import { KIND } from '../feed/kinds.ts';
import { prepareAdmit } from '../identity/membership.ts';
import type { PurposedHead } from './compare.ts';
import {
  ENTRY_BATCH_BYTES,
  MAX_ENTRIES_PER_WANT,
  MAX_FEEDS_PER_AUTHOR,
  MAX_PENDING_HEADS,
  MAX_QUEUED_ENTRY_WANTS,
  MAX_WANTS_PER_MESSAGE,
  REQUEST_TIMEOUT_MS,
} from './limits.ts';
import { encodeMessage, type Message } from './messages.ts';
import { headKey, type SpaceContext, sendControl } from './space-context.ts';

interface Fetch {
  readonly head: PurposedHead;
  readonly from: number;
  readonly batches: { readonly wire: readonly Bytes[]; readonly last: boolean }[];
  sinceMs: number;
  busy: boolean;
}

interface Serving {
  readonly head: Head;
  from: number;
  /** Entries still to send for this request. */
  left: number;
}

export class EntryExchange {
  readonly #context: SpaceContext;
  /** Heads the peer has told of whose entries we lack. */
  readonly #pending = new Map<string, PurposedHead>();
  readonly #fetches = new Map<FeedKey, Fetch>();
  /** How far back to look for the common entry of a forked feed: doubled with every miss. */
  readonly #lookBack = new Map<string, number>();
  readonly #servings: Serving[] = [];
  #serving = false;

  constructor(context: SpaceContext) {
    this.#context = context;
  }

  /** Heads that the peer has and we do not, as far as we know. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Requests are under way. */
  get waiting(): boolean {
    return this.#fetches.size > 0;
  }

  /** The peer says that it holds everything up to `head`. */
  noteHead(head: PurposedHead): void {
    if (this.#context.replica.index.has(head)) return;
    if (this.#pending.size >= MAX_PENDING_HEADS)
      return this.#context.out.drop(this.#context.link, 'too-many-heads');
    this.#pending.set(headKey(head), head);
  }

  /** Asks for what is missing and may be had now. Called after anything that may have changed the answer. */
  evaluate(): void {
    const { replica, out, link } = this.#context;
    if (this.#pending.size === 0 || !this.#context.mayTake() || this.#context.hooks.storePaused) return;
    const wants: [Bytes, Bytes, number, Bytes, number][] = [];
    const controlFirst = [...this.#pending.values()].sort((a, b) => a.purpose - b.purpose || a.seq - b.seq);
    let controlUnderWay = false;
    for (const head of controlFirst) {
      if (replica.index.has(head)) {
        this.#pending.delete(headKey(head));
        continue;
      }
      const key = feedKey(head.author, head.feed);
      if (replica.fetching.has(key)) {
        controlUnderWay ||= head.purpose === PURPOSE.control;
        continue;
      }
      if (controlUnderWay && head.purpose !== PURPOSE.control) continue;
      if (replica.membership.mayAuthor(head.author, head.feed, 0, KIND.admit) === 'unknown') continue;
      if (this.#tooManyFeeds(head)) {
        this.#pending.delete(headKey(head));
        out.drop(link, 'too-many-feeds');
        continue;
      }
      const from = this.#startOf(head);
      replica.fetching.set(key, link);
      this.#fetches.set(key, { head, from, batches: [], sinceMs: out.nowMs, busy: false });
      controlUnderWay ||= head.purpose === PURPOSE.control;
      wants.push([idBytes(head.author), idBytes(head.feed), head.seq, idBytes(head.id), from]);
    }
    for (let i = 0; i < wants.length; i += MAX_WANTS_PER_MESSAGE) {
      sendControl(this.#context, 'wantEntries', wants.slice(i, i + MAX_WANTS_PER_MESSAGE));
    }
  }

  #startOf(head: PurposedHead): number {
    const next = this.#context.replica.index.highestSeq(head.author, head.feed) + 1;
    return Math.max(0, Math.min(next, head.seq) - (this.#lookBack.get(headKey(head)) ?? 0));
  }

  #tooManyFeeds(head: PurposedHead): boolean {
    const { index } = this.#context.replica;
    if (index.branchesOf(head.author, head.feed).length > 0) return false;
    const feeds = new Set<string>();
    for (const branch of index.branches()) if (branch.author === head.author) feeds.add(branch.feed);
    return feeds.size >= MAX_FEEDS_PER_AUTHOR;
  }

  /** Gives up requests that were not answered in time. */
  expire(nowMs: number): void {
    for (const [key, fetch] of this.#fetches) {
      if (!fetch.busy && fetch.batches.length === 0 && nowMs - fetch.sinceMs > REQUEST_TIMEOUT_MS) {
        this.#pending.delete(headKey(fetch.head));
        this.#finish(key);
        this.#context.strike('entries-not-answered');
      }
    }
  }

  /** The link is gone: others may ask for what it was asked for. */
  stop(): void {
    for (const key of [...this.#fetches.keys()]) this.#finish(key);
  }

  #finish(key: FeedKey): void {
    const { replica, link, hooks } = this.#context;
    this.#fetches.delete(key);
    if (replica.fetching.get(key) === link) replica.fetching.delete(key);
    hooks.reschedule(replica);
  }

  onEntries([, , author, feed, wire, last]: Message<'entries'>['fields']): void {
    const key = feedKey(nodeIdFrom(author), feedIdFrom(feed));
    const fetch = this.#fetches.get(key);
    if (fetch === undefined || !this.#context.mayTake()) {
      return this.#context.out.drop(this.#context.link, 'entries-not-asked-for');
    }
    fetch.sinceMs = this.#context.out.nowMs;
    fetch.batches.push({ wire, last });
    if (!fetch.busy) this.#next(key, fetch);
  }

  #next(key: FeedKey, fetch: Fetch): void {
    const batch = fetch.batches.shift();
    if (batch === undefined) {
      fetch.busy = false;
      return;
    }
    fetch.busy = true;
    const settled = (more: boolean) => {
      if (this.#fetches.get(key) !== fetch) return;
      fetch.sinceMs = this.#context.out.nowMs;
      if (more && !batch.last) this.#next(key, fetch);
      else this.#finish(key);
    };
    try {
      this.#take(fetch, batch.wire, settled);
    } catch (error) {
      this.#refuse(fetch, error);
      settled(false);
    }
  }

  /** A run that does not check out: look further back for a fork's start, or drop it for good. */
  #refuse(fetch: Fetch, error: unknown): void {
    const name = headKey(fetch.head);
    if (isWaystationError(error, 'not-found') && fetch.from > 0) {
      this.#lookBack.set(name, Math.max(1, (this.#lookBack.get(name) ?? 0) * 2));
      return;
    }
    this.#pending.delete(name);
    this.#context.strike(isWaystationError(error) ? `entries-${error.code}` : 'entries-malformed');
  }

  #take(fetch: Fetch, wire: readonly Bytes[], settled: (more: boolean) => void): void {
    const { replica, out, self } = this.#context;
    if (wire.length === 0) throw new WaystationError('not-found', 'the peer no longer has what it told of');
    const run = wire.map((bytes) => decodeEntry(bytes));
    for (const entry of run) {
      const { author, feed, space } = entry.header;
      const spaceFits = space === null ? entry.id === (replica.space as string) : space === replica.space;
      if (author !== fetch.head.author || feed !== fetch.head.feed || !spaceFits) {
        throw new WaystationError('bad-chain', 'an entry of another feed or space');
      }
    }
    const { branch, fresh } = replica.index.place(run);
    if (fresh.length === 0) return settled(true);
    const taken = this.#permitted(fetch, fresh);
    const lastTaken = taken.at(-1);
    if (lastTaken === undefined) return settled(false);

    const isControl = branch.purpose === PURPOSE.control;
    const signed = new Set<EntryId>(isControl ? taken.map((entry) => entry.id) : [lastTaken.id]);
    const items: Verification[] = taken.filter((entry) => signed.has(entry.id)).map(entryVerification);
    for (const entry of taken) if (entry.header.kind === KIND.admit) items.push(...prepareAdmit(entry));
    const verified = (entry: Entry) => signed.has(entry.id);
    const failed = (error: unknown) => {
      this.#context.hooks.storeTrouble(error);
      settled(false);
    };
    out.request(
      'verify',
      { items },
      (results) => {
        if (!results.every(Boolean)) {
          this.#refuse(fetch, new WaystationError('bad-signature', 'a signature that does not fit'));
          return settled(false);
        }
        if (fetch.head.author === self) {
          out.notice({ kind: 'own-feed-elsewhere', space: replica.space, head: fetch.head });
        }
        out.request(
          'append',
          { space: replica.space, branch: branch.name, entries: taken, verified },
          () => {
            this.#commit(taken, verified);
            settled(taken.length === fresh.length);
          },
          failed,
        );
      },
      failed,
    );
  }

  #commit(taken: readonly Entry[], verified: (entry: Entry) => boolean): void {
    const { replica, hooks } = this.#context;
    let placement: Placement;
    try {
      placement = replica.commit(taken, verified);
    } catch (error) {
      return this.#context.out.drop(
        this.#context.link,
        isWaystationError(error) ? `commit-${error.code}` : 'commit',
      );
    }
    hooks.committed(replica, placement);
  }

  /** The entries up to the first that its author had no right to write. */
  #permitted(fetch: Fetch, fresh: readonly Entry[]): readonly Entry[] {
    const { replica, out, link } = this.#context;
    for (let i = 0; i < fresh.length; i++) {
      const entry = fresh[i] as Entry;
      const { author, feed, seq, kind } = entry.header;
      if (kind === KIND.genesis && entry.id === (replica.space as string)) continue;
      const verdict = replica.membership.mayAuthor(author, feed, seq, kind, entry.id);
      if (verdict === 'yes') continue;
      if (verdict !== 'unknown') {
        this.#pending.delete(headKey(fetch.head));
        out.drop(link, `entry-${verdict}`);
      }
      return fresh.slice(0, i);
    }
    return fresh;
  }

  onWant([, , wants]: Message<'wantEntries'>['fields']): void {
    const { out, link } = this.#context;
    if (!this.#context.mayServe()) return out.drop(link, 'want-before-open');
    for (const [author, feed, seq, id, from] of wants) {
      if (this.#servings.length >= MAX_QUEUED_ENTRY_WANTS) return out.drop(link, 'too-many-entry-wants');
      const head = { author: nodeIdFrom(author), feed: feedIdFrom(feed), seq, id: entryIdFrom(id) };
      this.#servings.push({ head, from, left: MAX_ENTRIES_PER_WANT });
    }
    this.#serve();
  }

  /** Sends the next batch of the oldest request; one read at a time bounds what a peer can make us hold. */
  #serve(): void {
    const serving = this.#servings[0];
    if (serving === undefined || this.#serving) return;
    const segment = this.#context.replica.index.path(serving.head, serving.from)[0];
    if (segment === undefined || !this.#context.mayServe()) return this.#answer(serving, [], true);
    this.#serving = true;
    const to = Math.min(segment.to, segment.from + serving.left - 1);
    const ask = {
      space: this.#context.replica.space,
      segment: { ...segment, to },
      maxBytes: ENTRY_BATCH_BYTES,
    };
    const unreadable = () => {
      this.#serving = false;
      this.#answer(serving, [], true);
    };
    this.#context.out.request(
      'readEntries',
      ask,
      (bytes) => this.#endAtVerified(serving, segment, bytes),
      unreadable,
    );
  }

  #endAtVerified(serving: Serving, segment: Segment, bytes: readonly Bytes[]): void {
    const { branch, from } = segment;
    const meta = (i: number) => branch.entries[from - branch.base + i];
    let count = bytes.length;
    while (count > 0 && meta(count - 1)?.verified !== true) count--;
    const lastBytes = bytes.at(-1);
    if (count > 0 || lastBytes === undefined) {
      this.#serving = false;
      return this.#answer(
        serving,
        bytes.slice(0, count),
        serving.from + count > serving.head.seq || count === 0,
      );
    }
    const lastMeta = meta(bytes.length - 1);
    this.#context.out.request(
      'verify',
      { items: [entryVerification(decodeEntry(lastBytes))] },
      ([ok]) => {
        this.#serving = false;
        if (ok !== true || lastMeta === undefined) return this.#answer(serving, [], true);
        lastMeta.verified = true;
        this.#answer(serving, bytes, serving.from + bytes.length > serving.head.seq);
      },
      () => {
        this.#serving = false;
        this.#answer(serving, [], true);
      },
    );
  }

  #answer(serving: Serving, bytes: readonly Bytes[], ended: boolean): void {
    const { link, alias, out } = this.#context;
    serving.from += bytes.length;
    serving.left -= bytes.length;
    const last = ended || serving.left <= 0;
    const { author, feed } = serving.head;
    out.send(
      link,
      'control',
      encodeMessage('entries', alias, idBytes(author), idBytes(feed), [...bytes], last),
    );
    if (last) this.#servings.shift();
    this.#serve();
  }
}
