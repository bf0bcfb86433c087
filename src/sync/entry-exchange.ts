/**
 * Fetching entries of one space over one link. Control feeds come before data, because they say whose data counts. A run is
 * checked (links, membership, the signatures that cover it; every signature in control feeds), made durable, and only then taken in
 * and told to others.
 *
 * Invariants: one request per feed over all links, until it takes so long that another link is asked as well; nothing
 * unrequested is looked at but the peer's own news, and of that no more than of answers; one feed's log is written to by one at a time; a request that brings nothing new is not repeated
 * without end.
 */
import type { Bytes } from '../core/bytes.ts';
import { isWaystationError, WaystationError } from '../core/errors.ts';
import { type EntryId, idBytes } from '../core/ids.ts';
import type { Verification } from '../core/ports.ts';
import {
  type Entry,
  entryVerification,
  type Head,
  headOf,
  PURPOSE,
  type PurposedHead,
} from '../feed/entry.ts';
import { type FeedKey, feedKey, headKey, type Placement } from '../feed/feed-index.ts';
import { KIND } from '../feed/kinds.ts';
import { prepareAdmit } from '../identity/membership.ts';
import { checkFeed, endsToCheck, firstForbidden } from './entry-checks.ts';
import { type RunOnWire, runFromWire, wholeBytes } from './entry-wire.ts';
import {
  ANNOUNCE_DELAY_MS,
  LACK_MS,
  MAX_ANSWER_BYTES,
  MAX_FEEDS_PER_AUTHOR,
  MAX_FETCHES_PER_LINK,
  MAX_FRUITLESS_FETCHES,
  MAX_PENDING_HEADS,
  MAX_QUEUED_ENTRY_BYTES,
  MAX_STRAY_BATCHES,
  MAX_WANTS_PER_MESSAGE,
  REQUEST_TIMEOUT_MS,
} from './limits.ts';
import type { NamedFeed, NameOnWire } from './link-names.ts';
import { ENTRY_ID_START_BYTES, type Message } from './messages.ts';
import { RequestWindow } from './request-window.ts';
import { type SessionContext, sendControl } from './session-context.ts';
import { ToldHeads } from './told-heads.ts';

/** After a request that brought nothing new others are asked first: as long as a burst of news is collected. */
const FRUITLESS_REST_MS = ANNOUNCE_DELAY_MS;

/** What an entry is taken to have before the first has come: an hour's with a summary of ten columns. */
const FIRST_ENTRY_BYTES = 1_024;

/** Feed, position and start of the id of the head, and the position to begin at. */
type EntryWant = [NameOnWire, number, Bytes, number];

/** One message of an answer. */
interface Batch {
  readonly count: number;
  /** The entries; undefined when what stands before them is not known. @throws WaystationError for what is none. */
  readonly read: () => readonly Entry[] | undefined;
  readonly last: boolean;
  readonly bytes: number;
}

interface Fetch {
  readonly head: PurposedHead;
  readonly from: number;
  /** How much the answer will be, as far as can be told. */
  readonly bytes: number;
  readonly askedMs: number;
  /** Position at which the next run of the answer begins. */
  next: number;
  readonly batches: Batch[];
  /** More came than we can keep waiting: the rest is asked for again. */
  isCut: boolean;
  /** Answers that were not what comes next. */
  strays: number;
  /** When it was asked for, or last went on. */
  sinceMs: number;
  /** Requests are answered in their order. */
  readonly order: number;
  /** It takes long: another link may be asked too. */
  late: boolean;
  /** Something came of it. */
  gained: boolean;
  busy: boolean;
}

/** The way to a head whose branch we do not know yet. */
interface Search {
  /** How far before the head to begin: doubled with every miss. */
  lookBack: number;
  /** Highest position on the way that turned out to be held. */
  reached: number;
  /** Requests that brought nothing new. */
  fruitless: number;
}

export class EntryExchange {
  readonly #context: SessionContext;
  readonly #told = new ToldHeads();
  readonly #fetches = new Map<FeedKey, Fetch>();
  readonly #searches = new Map<string, Search>();
  /** Feeds of which the peer did not send what was asked for, until when it is not asked again. */
  readonly #deferred = new Map<FeedKey, number>();
  /** Feeds of which a request brought nothing new, until when they are not asked for here again. */
  readonly #resting = new Map<FeedKey, number>();
  #nextOrder = 0;
  #lastAnswered = 0;
  #heardMs = 0;
  /** Bytes of entries asked for and not yet here, by guess. */
  #bytesAsked = 0;
  readonly #window = new RequestWindow();
  /** Mean size of the entries that came. */
  #entryBytes = FIRST_ENTRY_BYTES;
  /** Bytes of answers that wait to be looked at or are being written. */
  #queuedBytes = 0;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /** Heads that the peer has and we do not, as far as we know. */
  get pending(): number {
    return this.#told.size;
  }

  /** When `expire` may have something to do, monotonic ms; null while nothing waits. */
  nextDueMs(): number | null {
    // Both maps are in the order of asking, about.
    const [deferredMs = Number.POSITIVE_INFINITY] = this.#deferred.values();
    const [restingMs = Number.POSITIVE_INFINITY] = this.#resting.values();
    let dueMs = Math.min(deferredMs, restingMs);
    for (const fetch of this.#fetches.values()) {
      dueMs = Math.min(dueMs, Math.max(fetch.sinceMs, this.#heardMs) + REQUEST_TIMEOUT_MS);
      if (fetch.late) continue;
      dueMs = Math.min(dueMs, fetch.askedMs + REQUEST_TIMEOUT_MS);
      break;
    }
    return dueMs === Number.POSITIVE_INFINITY ? null : dueMs;
  }

  /** The peer says that it holds everything up to `head`. */
  noteHead(head: PurposedHead): void {
    const { replica, out, link } = this.#context;
    if (replica.index.has(head) || this.#told.has(head)) return;
    if (this.#told.size >= MAX_PENDING_HEADS) return out.drop(link, 'too-many-heads');
    if (this.#mustWait(head)) this.#told.park(head);
    else this.#await(head);
  }

  /** By what we know of the members now it is not to be had. */
  #mustWait(head: PurposedHead): boolean {
    const { replica } = this.#context;
    return this.#isOfNobody(head) || replica.isTurnedDown(head);
  }

  /** The head waits until more is known of its author. */
  #park(head: PurposedHead): void {
    this.#forget(head);
    this.#told.park(head);
  }

  /** Members have come or gone: those whom we know now may have been told of before. */
  membersChanged(): void {
    for (const head of this.#told.parked) {
      if (this.#mustWait(head)) continue;
      this.#told.unpark(head);
      this.#await(head);
    }
  }

  #isOfNobody({ author, feed }: Head): boolean {
    return this.#context.replica.membership.mayAuthor(author, feed, 0, KIND.admit) === 'unknown';
  }

  #await(head: PurposedHead): void {
    const oldest = this.#told.await(head);
    if (oldest !== undefined) this.#searches.delete(headKey(oldest));
  }

  /** Asks for what is missing and may be had now. Called after anything that may have changed the answer. */
  evaluate(): void {
    const { hooks } = this.#context;
    if (this.#told.awaited === 0 || !this.#context.mayTake() || hooks.storePaused) return;
    const wants: EntryWant[] = [];
    const isControlUnderWay = this.#ask((head) => head.purpose === PURPOSE.control, wants);
    if (!isControlUnderWay) this.#ask((head) => head.purpose !== PURPOSE.control, wants);
    for (let i = 0; i < wants.length; i += MAX_WANTS_PER_MESSAGE) {
      sendControl(this.#context, 'wantEntries', wants.slice(i, i + MAX_WANTS_PER_MESSAGE));
    }
  }

  /** Asks for the heads that `isMeant`, as many as may be under way; true when some of them are. */
  #ask(isMeant: (head: PurposedHead) => boolean, wants: EntryWant[]): boolean {
    const { replica, out } = this.#context;
    let isUnderWay = false;
    for (const head of this.#told.listAwaited()) {
      if (!isMeant(head)) continue;
      if (replica.index.has(head)) {
        this.#forget(head);
        continue;
      }
      if (this.#fetches.size >= MAX_FETCHES_PER_LINK || this.#bytesAsked >= this.#window.bytes) return true;
      const key = feedKey(head.author, head.feed);
      if (this.#fetches.has(key)) {
        isUnderWay = true;
        continue;
      }
      // Another link is asked for it. What else is to be had here does not wait for that.
      const elsewhere = replica.fetching.get(key);
      if (elsewhere !== undefined && out.nowMs - elsewhere.sinceMs <= REQUEST_TIMEOUT_MS) {
        replica.noteWaiting(key, this.#context.link, true);
        continue;
      }
      if ((this.#deferred.get(key) ?? 0) > out.nowMs || (this.#resting.get(key) ?? 0) > out.nowMs) continue;
      if (this.#tooManyFeeds(head)) {
        this.#turnDown(head, 'too-many-feeds', true);
        continue;
      }
      const from = this.#startOf(head);
      if (from > head.seq) {
        // Everything up to there is held, and it is not the head that the peer told of.
        this.#forget(head);
        this.#context.strike('head-that-is-not-there');
        if (!this.#context.mayTake()) return true;
        continue;
      }
      this.#fetch(key, head, from);
      isUnderWay = true;
      const idStart = idBytes(head.id).slice(0, ENTRY_ID_START_BYTES);
      wants.push([this.#context.names.feed(head.author, head.feed), head.seq, idStart, from]);
    }
    return isUnderWay;
  }

  #fetch(key: FeedKey, head: PurposedHead, from: number): Fetch {
    const { replica, out, link } = this.#context;
    const bytes = Math.min(MAX_ANSWER_BYTES, Math.round(this.#entryBytes * (head.seq - from + 1)));
    this.#bytesAsked += bytes;
    replica.noteWaiting(key, link, false);
    replica.fetching.set(key, { link, sinceMs: out.nowMs });
    const state = { batches: [], isCut: false, strays: 0, late: false, gained: false, busy: false };
    const times = { askedMs: out.nowMs, sinceMs: out.nowMs };
    const fetch: Fetch = { head, from, next: from, bytes, order: this.#nextOrder++, ...times, ...state };
    this.#fetches.set(key, fetch);
    return fetch;
  }

  #startOf(head: PurposedHead): number {
    const search = this.#searches.get(headKey(head));
    if (search !== undefined && search.reached >= 0) return search.reached + 1;
    const next = this.#context.replica.index.highestSeq(head.author, head.feed) + 1;
    return Math.max(0, Math.min(next, head.seq) - (search?.lookBack ?? 0));
  }

  #searchFor(head: Head): Search {
    const name = headKey(head);
    const search = this.#searches.get(name) ?? { lookBack: 0, reached: -1, fruitless: 0 };
    this.#searches.set(name, search);
    return search;
  }

  /** There is nothing more to be done about this head here. */
  #forget(head: Head): void {
    this.#told.forget(head);
    this.#searches.delete(headKey(head));
  }

  #tooManyFeeds(head: PurposedHead): boolean {
    const { index, fetching } = this.#context.replica;
    if (index.branchesOf(head.author, head.feed).length > 0) return false;
    const feeds = new Set<FeedKey>();
    for (const { author, feed } of index.branches())
      if (author === head.author) feeds.add(feedKey(author, feed));
    for (const key of fetching.keys()) if (key.startsWith(`${head.author}.`)) feeds.add(key);
    return feeds.size >= MAX_FEEDS_PER_AUTHOR;
  }

  /** Gives up requests that the peer has forgotten. A slow peer answers one after the other, each of them late. */
  expire(nowMs: number): void {
    for (const [key, fetch] of this.#fetches) {
      if (!fetch.late && nowMs - fetch.askedMs > REQUEST_TIMEOUT_MS) {
        fetch.late = true;
        this.#context.hooks.reschedule(this.#context.replica);
      }
      if (fetch.busy || fetch.batches.length > 0) continue;
      const isNext = fetch.order > this.#lastAnswered;
      const sinceMs = isNext ? Math.max(fetch.sinceMs, this.#heardMs) : fetch.sinceMs;
      if (nowMs - sinceMs <= REQUEST_TIMEOUT_MS) continue;
      this.#context.out.drop(this.#context.link, 'entries-not-answered');
      this.#rest(fetch.head);
      this.#finish(key);
    }
    let due = false;
    for (const waiting of [this.#deferred, this.#resting]) {
      for (const [name, untilMs] of waiting) {
        if (untilMs > nowMs) continue;
        waiting.delete(name);
        due = true;
      }
    }
    if (due) this.evaluate();
  }

  /** The peer is not asked for this feed for a while, whatever heads it tells of: another link may have its turn. */
  #rest({ author, feed }: Head): void {
    const key = feedKey(author, feed);
    this.#deferred.delete(key);
    this.#deferred.set(key, this.#context.out.nowMs + LACK_MS);
  }

  /** The link is gone: others may ask for what it was asked for. */
  stop(): void {
    for (const key of [...this.#fetches.keys()]) this.#finish(key);
    this.#context.replica.forgetWaiting(this.#context.link);
    this.#deferred.clear();
    this.#resting.clear();
  }

  #finish(key: FeedKey): void {
    const { replica, link, hooks } = this.#context;
    const fetch = this.#fetches.get(key);
    this.#bytesAsked -= fetch?.bytes ?? 0;
    for (const { bytes } of fetch?.batches ?? []) this.#queuedBytes -= bytes;
    this.#fetches.delete(key);
    // Others may have their turn first: who gives nothing must not keep them from the feed.
    if (fetch?.gained === false && replica.isWaitedFor(key))
      this.#resting.set(key, this.#context.out.nowMs + FRUITLESS_REST_MS);
    if (replica.fetching.get(key)?.link === link) replica.fetching.delete(key);
    hooks.reschedule(replica);
  }

  onEntries([, , name, wire, last]: Message<'entries'>['fields']): void {
    const { names, out, link, mayTake } = this.#context;
    const named = names.feedOf(name);
    const key = feedKey(named.author, named.feed);
    const fetch = this.#fetches.get(key);
    if (fetch === undefined || !mayTake()) return out.drop(link, 'entries-not-asked-for');
    const { nowMs } = out;
    this.#lastAnswered = Math.max(this.#lastAnswered, fetch.order);
    const count = wire[3].length;
    const bytes = runBytes(wire);
    if (fetch.next === fetch.from && fetch.batches.length === 0)
      this.#window.answered(nowMs - fetch.askedMs, nowMs);
    if (count > 0) this.#entryBytes += (bytes / count - this.#entryBytes) / 8;
    if (fetch.isCut || this.#queuedBytes + bytes > MAX_QUEUED_ENTRY_BYTES) {
      fetch.isCut = true;
      this.#context.out.drop(this.#context.link, 'entries-too-fast');
      if (!fetch.busy) this.#finish(key);
      return;
    }
    this.#queuedBytes += bytes;
    fetch.batches.push({ count, read: () => this.#read(named, wire), last, bytes });
    if (!fetch.busy) this.#next(key, fetch);
  }

  /** A run as whole entries. What it hangs on is held, or the peer has told of it. */
  #read(feed: NamedFeed, wire: RunOnWire): Entry[] | undefined {
    const { names, replica } = this.#context;
    const seq = wire[1] - 1;
    const known = () => [...replica.index.idsAt(feed.author, feed.feed, seq), ...this.#told.idsAt(feed, seq)];
    const run = runFromWire(names, replica.space, feed, wire, known);
    if (run !== undefined) checkFeed(run, feed, replica.space);
    return run;
  }

  /**
   * The peer sends what it has just written, unasked. That is taken like an answer if nothing of the feed is under way and we have what stands
   * before it, and otherwise asked for like any head. Returns that head; undefined when it cannot be told.
   */
  onNews([, , name, wire]: Message<'news'>['fields']): PurposedHead | undefined {
    const { names, peer, out, link } = this.#context;
    const named = names.feedOf(name);
    if (named.author !== peer) throw new WaystationError('forbidden', 'news of another author’s entries');
    const run = this.#read(named, wire);
    const last = run?.at(-1);
    if (run === undefined || last === undefined) {
      out.drop(link, 'news-out-of-place');
      return undefined;
    }
    const head = { ...headOf(last), purpose: last.header.purpose };
    this.noteHead(head);
    this.#takeNews(head, run, runBytes(wire));
    return head;
  }

  #takeNews(head: PurposedHead, run: readonly Entry[], bytes: number): void {
    const { replica, hooks, out, link } = this.#context;
    const { author, feed } = head;
    const key = feedKey(author, feed);
    const { seq, previous } = (run[0] as Entry).header;
    const isNext = previous === null || replica.index.has({ author, feed, seq: seq - 1, id: previous });
    const isUnderWay = this.#fetches.has(key) || replica.fetching.has(key);
    const isTaken = this.#told.isAwaited(head) && isNext && !isUnderWay && !hooks.storePaused;
    if (!isTaken || this.#tooManyFeeds(head)) return this.evaluate();
    if (this.#fetches.size >= MAX_FETCHES_PER_LINK || this.#queuedBytes + bytes > MAX_QUEUED_ENTRY_BYTES) {
      out.drop(link, 'news-too-fast');
      return this.evaluate();
    }
    const fetch = this.#fetch(key, head, seq);
    this.#queuedBytes += bytes;
    fetch.batches.push({ count: run.length, read: () => run, last: true, bytes });
    this.#next(key, fetch);
  }

  #next(key: FeedKey, fetch: Fetch): void {
    const batch = fetch.batches[0];
    if (batch === undefined) {
      fetch.busy = false;
      if (fetch.isCut) this.#finish(key);
      return;
    }
    fetch.busy = true;
    const settled = (more: boolean) => {
      if (this.#fetches.get(key) !== fetch) return;
      fetch.batches.shift();
      this.#queuedBytes -= batch.bytes;
      if (more && !batch.last) this.#next(key, fetch);
      else this.#finish(key);
    };
    const astray = () => {
      this.#context.out.drop(this.#context.link, 'entries-out-of-place');
      if (++fetch.strays > MAX_STRAY_BATCHES) {
        this.#rest(fetch.head);
        return settled(false);
      }
      fetch.batches.shift();
      this.#queuedBytes -= batch.bytes;
      this.#next(key, fetch);
    };
    try {
      this.#take(fetch, batch, settled, astray);
    } catch (error) {
      this.#refuse(fetch, error);
      settled(false);
    }
  }

  /** A run that does not check out: look further back for a fork's start, or drop it for good. */
  #refuse(fetch: Fetch, error: unknown): void {
    if (isWaystationError(error, 'not-found') && fetch.from > 0) {
      const search = this.#searchFor(fetch.head);
      search.lookBack = Math.max(1, search.lookBack * 2);
      search.reached = -1;
      return this.#fruitless(fetch, search);
    }
    this.#forget(fetch.head);
    // An author who forks without end is no fault of whoever passes that on.
    if (isWaystationError(error, 'limit')) return this.#turnDown(fetch.head, 'entries-limit', true);
    this.#context.strike(isWaystationError(error) ? `entries-${error.code}` : 'entries-malformed');
  }

  /** What leads to this head is not taken from anybody: for good, or while the members are what they are. */
  #turnDown(head: PurposedHead, reason: string, forGood: boolean): void {
    this.#context.replica.turnDown(head, forGood);
    this.#park(head);
    this.#context.out.drop(this.#context.link, reason);
  }

  /** What came is held already: the next request begins after it. */
  #passOver(fetch: Fetch, run: readonly Entry[]): void {
    const search = this.#searchFor(fetch.head);
    const last = run.at(-1)?.header.seq ?? -1;
    if (last > search.reached) search.reached = last;
    else this.#fruitless(fetch, search);
  }

  #fruitless({ head }: Fetch, search: Search): void {
    search.fruitless++;
    if (search.fruitless <= MAX_FRUITLESS_FETCHES) return;
    this.#forget(head);
    this.#context.strike('entries-that-lead-nowhere');
  }

  #take(fetch: Fetch, batch: Batch, settled: (more: boolean) => void, astray: () => void): void {
    const { replica, out } = this.#context;
    if (batch.count === 0) {
      // It cannot give what it told of, now: its disk is damaged, or it may not prove what it holds.
      out.drop(this.#context.link, 'entries-lacking');
      this.#rest(fetch.head);
      return settled(false);
    }
    const run = batch.read();
    if (run === undefined) return astray();
    // What is left of an answer that was given up must not be taken for the answer to the request that followed it.
    if (run[0]?.header.seq !== fetch.next) return astray();
    fetch.next += run.length;
    fetch.sinceMs = out.nowMs;
    this.#heardMs = out.nowMs;
    const { branch, fresh } = replica.index.place(run);
    if (fresh.length === 0) {
      this.#passOver(fetch, run);
      return settled(true);
    }
    const taken = this.#permitted(fetch, fresh);
    if (taken.length === 0) return settled(false);

    const signed = new Set<EntryId>(
      branch.purpose === PURPOSE.control ? taken.map(({ id }) => id) : endsToCheck(taken),
    );
    const items: Verification[] = taken.filter((entry) => signed.has(entry.id)).map(entryVerification);
    for (const entry of taken) if (entry.header.kind === KIND.admit) items.push(...prepareAdmit(entry));
    const verified = (entry: Entry) => signed.has(entry.id);
    out.request(
      'verify',
      { items },
      (results) => {
        if (!results.every(Boolean)) {
          this.#refuse(fetch, new WaystationError('bad-signature', 'a signature that does not fit'));
          return settled(false);
        }
        this.#keep(fetch, taken, verified, (kept) => settled(kept && taken.length === fresh.length));
      },
      (error) => {
        this.#context.hooks.storeTrouble(error);
        settled(false);
      },
    );
  }

  /** Makes a run durable and takes it in, unless another link has brought it meanwhile. */
  #keep(
    fetch: Fetch,
    taken: readonly Entry[],
    verified: (entry: Entry) => boolean,
    done: (kept: boolean) => void,
  ): void {
    const { replica, out, self, hooks } = this.#context;
    const { author, feed } = fetch.head;
    replica.exclusive(feedKey(author, feed), (release) => {
      const ended = (kept: boolean) => {
        release();
        done(kept);
      };
      let placement: Placement;
      try {
        placement = replica.index.place(taken);
      } catch (error) {
        this.#refuse(fetch, error);
        return ended(false);
      }
      if (placement.fresh.length === 0) return ended(true);
      if (author === self) out.notice({ kind: 'own-feed-elsewhere', space: replica.space, head: fetch.head });
      out.request(
        'append',
        { space: replica.space, branch: placement.branch.name, entries: placement.fresh, verified },
        () => {
          try {
            this.#commit(placement.fresh, verified);
            this.#searches.delete(headKey(fetch.head));
            fetch.gained = true;
          } finally {
            ended(true); // whatever went wrong: the next one gets its turn
          }
        },
        (error) => {
          hooks.storeTrouble(error);
          ended(false);
        },
      );
    });
  }

  #commit(taken: readonly Entry[], verified: (entry: Entry) => boolean): void {
    const { replica, hooks, out, link } = this.#context;
    let placement: Placement;
    try {
      placement = replica.commit(taken, verified);
    } catch (error) {
      return out.drop(link, isWaystationError(error) ? `commit-${error.code}` : 'commit');
    }
    hooks.committed(replica, placement);
  }

  /** The entries up to the first that its author had no right to write. */
  #permitted(fetch: Fetch, fresh: readonly Entry[]): readonly Entry[] {
    const forbidden = firstForbidden(this.#context.replica, fresh);
    if (forbidden === null) return fresh;
    const { at, verdict } = forbidden;
    if (verdict === 'unknown') this.#park(fetch.head);
    else this.#turnDown(fetch.head, `entry-${verdict}`, verdict === 'purpose');
    return fresh.slice(0, at);
  }
}

function runBytes([, , , entries]: RunOnWire): number {
  return entries.reduce((sum, entry) => sum + wholeBytes(entry), 0);
}
