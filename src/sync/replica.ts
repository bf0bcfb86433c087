/**
 * One space as the sync engine sees it: its feeds, its members, which blobs exist, which of them are held and
 * which are wanted. Pure bookkeeping; all I/O is in effects.
 */

import { chunkBytes, chunkCount } from '../blob/merkle.ts';
import { type Run, RunSet } from '../blob/runs.ts';
import type { Bytes } from '../core/bytes.ts';
import { type BlobRef, blobKey, type NodeId, type SpaceId } from '../core/ids.ts';
import { type Entry, type Head, PURPOSE, type PurposedHead } from '../feed/entry.ts';
import {
  type Branch,
  type EntryMeta,
  type FeedIndex,
  type FeedKey,
  feedKey,
  headKey,
  type Placement,
} from '../feed/feed-index.ts';
import { KIND } from '../feed/kinds.ts';
import { HeadSet } from '../feed/reconcile.ts';
import type { Membership } from '../identity/membership.ts';
import type { LinkId } from './effects.ts';
import { MAX_PENDING_HEADS } from './limits.ts';
import { PutAway } from './put-away.ts';
import { Turns } from './turns.ts';

/** Where a blob was first named; what is wanted first is decided from this. */
export interface BlobOrigin {
  readonly author: NodeId;
  readonly kind: number;
  readonly timeMs: number;
}

/** Says whether this node collects a blob of its own accord. What others pull through it comes anyway. */
export type BlobPolicy = (origin: BlobOrigin, ref: BlobRef) => boolean;

export interface Want {
  readonly ref: BlobRef;
  readonly key: string;
  readonly origin: BlobOrigin;
  readonly chunks: number;
  /** Chunks verified and stored. */
  readonly held: Set<number>;
  /** Chunk → link it was asked from. */
  readonly inFlight: Map<number, LinkId>;
  /** Chunks that came and are being checked and written. */
  readonly arriving: Set<number>;
  /** Something of it has been given to the store. */
  begun: boolean;
  /** Where to look for the next chunk to ask for. */
  cursor: number;
  /** Hops that a request for it may still travel through us. */
  pullHops: number;
  /** It had its time to come by itself and may be asked for through neighbours. */
  ripe: boolean;
}

/** An entry that names a blob. */
interface Naming {
  readonly branch: Branch;
  readonly seq: number;
}

/** How much there is of a space's blobs, in bytes. */
export interface BlobBytes {
  /** Of all blobs that entries name. */
  readonly known: number;
  /** Of those held whole. */
  readonly held: number;
  /** Of what is wanted: what is not here yet. */
  readonly missing: number;
  /** Stored chunks of blobs that others sent, since this replica was made; never fewer than before. */
  readonly fetched: number;
}

/** Hears that the blob which is named at a position came to be held, or is not held any more. */
export type HoldingListener = (feed: FeedKey, seq: number) => void;

/** There are as many of these as blobs in the space, so they are small. */
interface KnownBlob {
  readonly ref: BlobRef;
  /** The first is the blob's origin. */
  readonly namings: Naming[];
  held: boolean;
}

export interface ReplicaOptions {
  readonly space: SpaceId;
  readonly meetSecret: Bytes;
  readonly membership: Membership;
  readonly index: FeedIndex;
  readonly policy: BlobPolicy;
  /** Our own grant chain with redemption, shown to those who do not know us. */
  readonly credential: Bytes;
}

function originOf({ branch, seq }: Naming): BlobOrigin {
  const { kind, timeMs } = branch.entries[seq - branch.base] as EntryMeta;
  return { author: branch.author, kind, timeMs };
}

/** Bytes of the stored chunks of a blob that is not whole. */
export function heldBytes({ ref, held }: Want): number {
  let bytes = 0;
  for (const chunk of held) bytes += chunkBytes(ref.size, chunk);
  return bytes;
}

/** Newest first, then smallest: what fits into ten minutes shows most. */
function compareWants(a: Want, b: Want): number {
  return b.origin.timeMs - a.origin.timeMs || a.ref.size - b.ref.size || (a.key < b.key ? -1 : 1);
}

/** Two ordered lists in one. */
function merged(a: readonly Want[], b: readonly Want[]): Want[] {
  if (b.length === 0) return [...a];
  const out: Want[] = [];
  let i = 0;
  for (const want of b) {
    for (; i < a.length && compareWants(a[i] as Want, want) <= 0; i++) out.push(a[i] as Want);
    out.push(want);
  }
  return [...out, ...a.slice(i)];
}

export class Replica {
  readonly space: SpaceId;
  readonly meetSecret: Bytes;
  readonly membership: Membership;
  readonly index: FeedIndex;
  readonly policy: BlobPolicy;
  /** Replaced when this node takes another invite before anybody let it in. */
  credential: Bytes;
  readonly wants = new Map<string, Want>();
  /** Latest verified beat per author: time and signed bytes. */
  readonly beats = new Map<NodeId, { readonly timeMs: number; readonly bytes: Bytes }>();
  /** Feeds with an entry request under way, over all links, and since when, monotonic ms. */
  readonly fetching = new Map<FeedKey, { readonly link: LinkId; readonly sinceMs: number }>();
  /** What each member told of when it was compared with; a link that ends does not make it untold. */
  readonly told = new Map<NodeId, readonly PurposedHead[]>();
  /**
   * Heads that are not taken, because their author had no right to what leads to them or forked too often, each with the
   * version of the membership by which that is so, or Infinity when it is for good.
   */
  readonly #turnedDown = new Map<string, number>();
  /** Links that would ask for a feed which another link is asked for. */
  readonly #waitingFor = new Map<FeedKey, Set<LinkId>>();
  /** Feeds whose holdings changed since they were last told. */
  readonly holdingsChanged = new Set<FeedKey>();
  readonly #blobs = new Map<string, KnownBlob>();
  readonly #holdings = new Map<FeedKey, RunSet>();
  /** Of each feed the positions with blobs still missing: how many. */
  readonly #missingAt = new Map<FeedKey, Map<number, number>>();
  /** Chunks that the store had at the start of blobs that it had not whole, until such a blob is whole. */
  readonly #partial: Map<string, ReadonlySet<number>>;
  /** Blobs that the store has whole though no entry names them yet. */
  readonly #heldAhead: Set<string>;
  readonly #putAway: PutAway;
  #putAwayCount = 0;
  #ordered: Want[] = [];
  /** Wants that are not in `#ordered` yet. */
  #unordered: Want[] = [];
  /** Letting nodes in, one at a time: what an invite's uses still allow is known when the one before is in. */
  readonly admissions = new Turns();
  /** Feeds whose logs are being written to, each with the work that waits for it. */
  readonly #writing = new Map<FeedKey, Turns>();
  #headSet: { version: number; set: HeadSet } | undefined;
  #heldCount = 0;
  #heldBytes = 0;
  #knownBytes = 0;
  /** Of wants: their sizes, and the chunks of them that are stored. */
  #wantedBytes = 0;
  #partialBytes = 0;
  #fetchedBytes = 0;
  readonly #holdingListeners = new Set<HoldingListener>();

  /**
   * @param held keys of blobs that the store has whole, and `partial` the chunks it has of others; `putAway` those that need not be held.
   */
  constructor(
    options: ReplicaOptions,
    held: ReadonlySet<string> = new Set(),
    partial: ReadonlyMap<string, ReadonlySet<number>> = new Map(),
    putAway: ReadonlySet<string> = new Set(),
  ) {
    this.space = options.space;
    this.meetSecret = options.meetSecret;
    this.membership = options.membership;
    this.index = options.index;
    this.policy = options.policy;
    this.credential = options.credential;
    this.#heldAhead = new Set(held);
    this.#partial = new Map(partial);
    this.#putAway = new PutAway(putAway);
    for (const branch of this.index.branches()) {
      branch.entries.forEach((meta, i) => {
        this.#notePosition(branch, branch.base + i, meta);
      });
    }
    this.holdingsChanged.clear();
  }

  /** Takes in entries that are durable; returns those that were new. */
  commit(entries: readonly Entry[], verified: (entry: Entry) => boolean): Placement {
    const placement = this.index.commit(entries, verified);
    const { branch } = placement;
    for (const entry of placement.fresh) {
      if (branch.purpose === PURPOSE.control) this.membership.add(entry);
      const { seq } = entry.header;
      this.#notePosition(branch, seq, branch.entries[seq - branch.base] as EntryMeta);
    }
    return placement;
  }

  headSet(): HeadSet {
    if (this.#headSet?.version !== this.index.version) {
      this.#headSet = { version: this.index.version, set: new HeadSet(this.index.heads()) };
    }
    return this.#headSet.set;
  }

  /** Positions of a feed whose blobs are all held. */
  holdings(feed: FeedKey): RunSet {
    return this.#holdings.get(feed) ?? new RunSet();
  }

  feedsWithHoldings(): IterableIterator<FeedKey> {
    return this.#holdings.keys();
  }

  knows(key: string): boolean {
    return this.#blobs.has(key);
  }

  refOf(key: string): BlobRef | undefined {
    return this.#blobs.get(key)?.ref;
  }

  holds(key: string): boolean {
    return this.#blobs.get(key)?.held === true;
  }

  /** Blobs named by entries: held and missing, counted, and bytes held. What is put away is neither. */
  blobCounts(): { held: number; missing: number; bytes: number } {
    const missing = this.#blobs.size - this.#heldCount - this.#putAwayCount;
    return { held: this.#heldCount, missing, bytes: this.#heldBytes };
  }

  /** Blobs named by entries that are put away. */
  get putAwayCount(): number {
    return this.#putAwayCount;
  }

  /** It is not held and need not be: what is in it is in a folder of the person's. */
  isPutAway(key: string): boolean {
    return this.#putAway.has(key) && this.#blobs.get(key)?.held === false;
  }

  /** All that the position lacks is put away. */
  isPutAwayAt(feed: FeedKey, seq: number): boolean {
    return this.#putAway.positions(feed)?.has(seq) === true;
  }

  /** Positions up to `last` that lack something which is not put away. */
  missingUpTo(feed: FeedKey, last: number): Run[] {
    const missing = this.holdings(feed).missingIn(0, last);
    const away = this.#putAway.positions(feed);
    return away === undefined ? missing : missing.flatMap((run) => away.missingIn(run.first, run.last));
  }

  /** This node collects it of its own accord, and not only because another asked it to. */
  isOwnWish(want: Want): boolean {
    return !this.#putAway.has(want.key) && this.policy(want.origin, want.ref);
  }

  /** The same in bytes; kept up to date as things come, so asking costs nothing. */
  blobBytes(): BlobBytes {
    return {
      known: this.#knownBytes,
      held: this.#heldBytes,
      missing: this.#wantedBytes - this.#partialBytes,
      fetched: this.#fetchedBytes,
    };
  }

  /** Tells `listener` of every position whose blobs change between held and not held; the result stops it. */
  watchHoldings(listener: HoldingListener): () => void {
    this.#holdingListeners.add(listener);
    return () => this.#holdingListeners.delete(listener);
  }

  #tellHolding(namings: readonly Naming[]): void {
    if (this.#holdingListeners.size === 0) return;
    for (const { branch, seq } of namings) for (const tell of this.#holdingListeners) tell(branch.key, seq);
  }

  /** A chunk that was fetched is stored. */
  chunkHeld(want: Want, chunk: number): void {
    if (want.held.has(chunk)) return;
    want.held.add(chunk);
    const bytes = chunkBytes(want.ref.size, chunk);
    this.#fetchedBytes += bytes;
    if (this.wants.get(want.key) === want) this.#partialBytes += bytes;
  }

  #dropWant(key: string): void {
    const want = this.wants.get(key);
    if (want === undefined) return;
    this.wants.delete(key);
    this.#wantedBytes -= want.ref.size;
    this.#partialBytes -= heldBytes(want);
  }

  /** Wants in the order in which they should be asked for; may hold some that are satisfied by now. */
  orderedWants(): readonly Want[] {
    if (this.#unordered.length > 0 || this.#ordered.length > 2 * this.wants.size + 64) {
      const current = (want: Want) => this.wants.get(want.key) === want;
      const added = this.#unordered.filter(current).sort(compareWants);
      this.#unordered = [];
      this.#ordered = merged(this.#ordered.filter(current), added);
    }
    return this.#ordered;
  }

  /**
   * Runs `work` when nobody else writes to this feed's logs, at once when that is now. Positions in a log are positions in a
   * branch, so between finding the place of entries and their being durable nothing may come in between.
   * @param work calls `release` once, when what it wrote has been committed or has failed.
   */
  exclusive(feed: FeedKey, work: (release: () => void) => void): void {
    let turns = this.#writing.get(feed);
    if (turns === undefined) {
      turns = new Turns(() => this.#writing.delete(feed));
      this.#writing.set(feed, turns);
    }
    turns.next(work);
  }

  /** Whether all is here that leads to a head that was told, entries and blobs, but for what does not count here. */
  isSettled(head: PurposedHead): boolean {
    if (this.isTurnedDown(head) || this.membership.member(head.author) === undefined) return true;
    return this.index.has(head) && this.missingUpTo(feedKey(head.author, head.feed), head.seq).length === 0;
  }

  /** It was turned down, and what we know of its author has not changed, or not to its good. */
  isTurnedDown(head: PurposedHead): boolean {
    const version = this.#turnedDown.get(headKey(head));
    if (version === undefined) return false;
    return (
      version === Number.POSITIVE_INFINITY || version === this.membership.version || this.#isBarred(head)
    );
  }

  /** The author has no right to this position, whatever stands there. */
  #isBarred({ author, feed, seq, id, purpose }: PurposedHead): boolean {
    const kind = purpose === PURPOSE.control ? KIND.admit : KIND.hour;
    const verdict = this.membership.mayAuthor(author, feed, seq, kind, id);
    return verdict === 'revoked' || verdict === 'succeeded' || verdict === 'surplus';
  }

  turnDown(head: Head, forGood: boolean): void {
    const name = headKey(head);
    if (this.#turnedDown.size >= MAX_PENDING_HEADS && !this.#turnedDown.has(name)) return;
    this.#turnedDown.set(name, forGood ? Number.POSITIVE_INFINITY : this.membership.version);
  }

  /** Notes that `link` would ask for this feed, or does so now. */
  noteWaiting(feed: FeedKey, link: LinkId, isWaiting: boolean): void {
    const links = this.#waitingFor.get(feed) ?? new Set();
    if (isWaiting) links.add(link);
    else links.delete(link);
    if (links.size > 0) this.#waitingFor.set(feed, links);
    else this.#waitingFor.delete(feed);
  }

  isWaitedFor(feed: FeedKey): boolean {
    return this.#waitingFor.has(feed);
  }

  /** Link `link` waits for nothing any more. */
  forgetWaiting(link: LinkId): void {
    for (const feed of [...this.#waitingFor.keys()]) this.noteWaiting(feed, link, false);
  }

  /** Every place where a known blob is named. */
  namingsOf(key: string): readonly Naming[] {
    return this.#blobs.get(key)?.namings ?? [];
  }

  /** Marks a blob as wanted though policy does not ask for it; false when no entry names it or it is held. */
  pull(key: string, hops: number): boolean {
    const known = this.#blobs.get(key);
    if (known === undefined || known.held) return false;
    const want = this.wants.get(key) ?? this.#want(known, key);
    want.pullHops = Math.max(want.pullHops, hops);
    return true;
  }

  /** The store has the blob whole. Returns true when that is news. */
  blobHeld(key: string): boolean {
    const known = this.#blobs.get(key);
    this.#partial.delete(key);
    if (known === undefined) this.#heldAhead.add(key);
    if (known === undefined || known.held) return false;
    known.held = true;
    this.#heldCount++;
    this.#heldBytes += known.ref.size;
    this.#dropWant(key);
    if (this.#putAway.has(key)) this.#noteAbsent(known, -1);
    for (const { branch, seq } of known.namings) this.#settle(branch.key, seq);
    this.#tellHolding(known.namings);
    return true;
  }

  /**
   * The blob need not be held any more, and if it is held now it will not be in a moment. Call when that is durable, and before the store
   * lets go of it. Returns true when others are to be told.
   */
  putAway(key: string): boolean {
    const known = this.#blobs.get(key);
    const isMarked = this.#putAway.has(key);
    this.#putAway.mark(key);
    if (known === undefined) return false;
    if (known.held) return this.blobLost(key);
    this.#dropWant(key);
    if (isMarked) return false;
    this.#noteAbsent(known, 1);
    this.#tellHolding(known.namings);
    return false;
  }

  /** The copy elsewhere is gone: what is not held is wanted again. */
  takeBack(key: string): void {
    const known = this.#blobs.get(key);
    const wasAway = this.isPutAway(key);
    this.#putAway.unmark(key);
    if (known === undefined || !wasAway) return;
    this.#noteAbsent(known, -1);
    const [first] = known.namings;
    if (!this.wants.has(key) && first !== undefined && this.policy(originOf(first), known.ref))
      this.#want(known, key);
    this.#tellHolding(known.namings);
  }

  /** One marked blob more, or fewer, is not held. */
  #noteAbsent({ namings }: KnownBlob, change: 1 | -1): void {
    this.#putAwayCount += change;
    for (const { branch, seq } of namings) {
      this.#putAway.note(branch.key, seq, change);
      this.#weigh(branch.key, seq);
    }
  }

  #weigh(feed: FeedKey, seq: number): void {
    this.#putAway.weigh(feed, seq, this.#missingAt.get(feed)?.get(seq) ?? 0);
  }

  /** The store turned out not to have it whole any more: it is wanted again, unless it is put away. Returns true when that is news. */
  blobLost(key: string): boolean {
    const known = this.#blobs.get(key);
    if (known?.held !== true) return false;
    known.held = false;
    this.#heldCount--;
    this.#heldBytes -= known.ref.size;
    for (const { branch, seq } of known.namings) {
      const missing = this.#missingIn(branch.key);
      missing.set(seq, (missing.get(seq) ?? 0) + 1);
      this.#holdings.get(branch.key)?.remove(seq);
      this.holdingsChanged.add(branch.key);
      this.#weigh(branch.key, seq);
    }
    if (this.#putAway.has(key)) this.#noteAbsent(known, 1);
    else this.#want(known, key, new Set());
    this.#tellHolding(known.namings);
    return true;
  }

  #notePosition(branch: Branch, seq: number, meta: EntryMeta): void {
    const feed = branch.key;
    const distinct = new Map(meta.blobs.map((ref) => [blobKey(ref), ref]));
    // A fork puts a second entry at a position whose blobs may all have been held.
    if (distinct.size > 0 && this.#holdings.get(feed)?.has(seq) === true) {
      this.#holdings.get(feed)?.remove(seq);
      this.holdingsChanged.add(feed);
    }
    const missing = this.#missingIn(feed);
    missing.set(seq, (missing.get(seq) ?? 0) + distinct.size + 1);
    for (const [key, ref] of distinct) {
      const known = this.#nowNamed(key, ref, { branch, seq });
      if (known.held) this.#settle(feed, seq);
      else if (this.#putAway.has(key)) this.#putAway.note(feed, seq, 1);
      else if (!this.wants.has(key) && this.policy(originOf({ branch, seq }), ref)) this.#want(known, key);
    }
    this.#settle(feed, seq);
  }

  #nowNamed(key: string, ref: BlobRef, naming: Naming): KnownBlob {
    const before = this.#blobs.get(key);
    if (before !== undefined) {
      before.namings.push(naming);
      return before;
    }
    const known = { ref, namings: [naming], held: this.#heldAhead.delete(key) };
    this.#blobs.set(key, known);
    this.#knownBytes += ref.size;
    if (known.held) {
      this.#heldCount++;
      this.#heldBytes += ref.size;
    } else if (this.#putAway.has(key)) this.#putAwayCount++;
    return known;
  }

  #missingIn(feed: FeedKey): Map<number, number> {
    let missing = this.#missingAt.get(feed);
    if (missing === undefined) {
      missing = new Map();
      this.#missingAt.set(feed, missing);
    }
    return missing;
  }

  #want(known: KnownBlob, key: string, held = new Set(this.#partial.get(key) ?? [])): Want {
    const want: Want = {
      ref: known.ref,
      key,
      origin: originOf(known.namings[0] as Naming),
      chunks: chunkCount(known.ref.size),
      held,
      inFlight: new Map(),
      arriving: new Set(),
      begun: held.size > 0,
      cursor: 0,
      pullHops: 0,
      ripe: false,
    };
    this.wants.set(key, want);
    this.#wantedBytes += want.ref.size;
    this.#partialBytes += heldBytes(want);
    this.#unordered.push(want);
    return want;
  }

  /** One thing that position `seq` waited for is there; with the last one the position counts as held. */
  #settle(feed: FeedKey, seq: number): void {
    const missing = this.#missingIn(feed);
    const left = (missing.get(seq) ?? 0) - 1;
    if (left > 0) {
      missing.set(seq, left);
      this.#weigh(feed, seq);
      return;
    }
    missing.delete(seq);
    let runs = this.#holdings.get(feed);
    if (runs === undefined) {
      runs = new RunSet();
      this.#holdings.set(feed, runs);
    }
    runs.add(seq);
    this.holdingsChanged.add(feed);
  }
}
