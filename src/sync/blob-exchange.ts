/**
 * Fetching blobs of one space over one link, in transfer chunks of 128 KiB that are checked against the blob's root before
 * they are kept. Requests are windowed by the receiver, so the sender never holds more than it was asked for.
 *
 * What no linked peer has is pulled: the peer is asked to fetch it from its own neighbours, hop by hop.
 */
import { CHUNK_LEAVES, chunkBytes, splitLeaves, verifyRange } from '../blob/merkle.ts';
import { RunSet } from '../blob/runs.ts';
import type { Bytes } from '../core/bytes.ts';
import { type BlobRef, blobKey, blobRootFrom, feedIdFrom, idBytes, nodeIdFrom } from '../core/ids.ts';
import type { FeedKey } from '../feed/feed-index.ts';
import type { BudgetAnswer } from './fetch-budget.ts';
import {
  LACK_MS,
  MAX_CHUNKS_IN_FLIGHT,
  MAX_CHUNKS_PER_MESSAGE,
  MAX_HEADS_PER_MESSAGE,
  MAX_OVERTAKEN,
  MAX_PULL_HOPS,
  MAX_PULL_REPEAT_MS,
  MAX_PULLS_PER_MESSAGE,
  MAX_RUN_NUMBERS,
  MAX_TOLD_FEEDS,
  MAX_TOLD_RUN_NUMBERS,
  PULL_REPEAT_MS,
  REQUEST_TIMEOUT_MS,
  STALLED_MS,
} from './limits.ts';
import type { Message } from './messages.ts';
import { heldBytes, type Want } from './replica.ts';
import { RequestWindow } from './request-window.ts';
import { type SessionContext, sendControl } from './session-context.ts';

interface Asked {
  readonly want: Want;
  readonly chunk: number;
  readonly bytes: number;
  readonly sinceMs: number;
  /** Requests are answered about in their order. */
  readonly order: number;
  /** The answer is here. */
  arrived: boolean;
  /** It is being checked and written. */
  checking: boolean;
  /** It takes long: others may be asked too. */
  late: boolean;
}

export class BlobExchange {
  readonly #context: SessionContext;
  readonly #theirs = new Map<FeedKey, RunSet>();
  #theirRunNumbers = 0;
  /** Feeds of which the peer was not told what we hold, because it holds all that itself. */
  readonly #untold = new Set<FeedKey>();
  /** Blobs the peer said it lacks though its runs claimed them, or did not send: until when it is not asked again. */
  readonly #lacks = new Map<string, number>();
  /** Blobs the peer said it holds when it was asked to pull them. */
  readonly #offered = new WeakSet<Want>();
  readonly #asked = new Map<string, Asked>();
  #askedBytes = 0;
  readonly #window = new RequestWindow();
  #nextOrder = 0;
  #lastAnswered = 0;
  #heardMs = 0;
  /** Wants this peer can serve, best first; rebuilt when offers or wants changed. */
  #queue: Want[] = [];
  #next = 0;
  #queueStale = true;
  /** What the peer asked us to fetch for it, and over how many hops. */
  readonly #hopsAsked = new WeakMap<Want, number>();
  /** Blobs the peer was asked to fetch for us: when next, and after how long again. */
  readonly #pulls = new WeakMap<Want, { readonly nextMs: number; readonly waitMs: number }>();

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /** When `expire` may have something to do, monotonic ms; null while nothing waits. */
  nextDueMs(): number | null {
    // Both maps are in the order of time.
    const [asked] = this.#asked.values();
    const [untilMs] = this.#lacks.values();
    if (asked === undefined) return untilMs ?? null;
    const lateMs = asked.late
      ? Math.max(asked.sinceMs, this.#heardMs) + STALLED_MS
      : asked.sinceMs + REQUEST_TIMEOUT_MS;
    return Math.min(lateMs, untilMs ?? Number.POSITIVE_INFINITY);
  }

  /** Wants or offers changed: the queue must be built anew. */
  invalidate(): void {
    this.#queueStale = true;
  }

  /** True when the peer claims the blob of `want`. */
  offers(want: Want): boolean {
    if (this.#lacks.has(want.key)) return false;
    if (this.#offered.has(want)) return true;
    for (const { branch, seq } of this.#context.replica.namingsOf(want.key)) {
      if (this.#theirs.get(branch.key)?.has(seq) === true) return true;
    }
    return false;
  }

  /** True when the peer has told that it holds all blobs of this position. */
  theyHold(feed: FeedKey, seq: number): boolean {
    return this.#theirs.get(feed)?.has(seq) === true;
  }

  /**
   * Tells the runs of these feeds, but where the peer holds all that we hold. An author is told of its own all the same: it alone can say to
   * the person who records in how many places that is safe.
   */
  tellHoldings(feeds: Iterable<FeedKey>): void {
    if (!this.#context.mayServe()) return;
    let batch: [Bytes, Bytes, number[]][] = [];
    let numbers = 0;
    const flush = () => {
      if (batch.length > 0) sendControl(this.#context, 'have', batch);
      batch = [];
      numbers = 0;
    };
    for (const key of feeds) {
      const held = this.#context.replica.holdings(key);
      const isTheirOwn = key.startsWith(`${this.#context.peer}.`);
      if (!isTheirOwn && this.#theirs.get(key)?.covers(held) === true) {
        this.#untold.add(key);
        continue;
      }
      this.#untold.delete(key);
      // No runs at all are told as well: what was held may not be any more.
      const runs = held.encode(MAX_RUN_NUMBERS);
      if (batch.length >= MAX_HEADS_PER_MESSAGE || numbers + runs.length > MAX_RUN_NUMBERS) flush();
      const [author, feed] = key.split('.') as [string, string];
      batch.push([idBytes(author as never), idBytes(feed as never), runs]);
      numbers += runs.length;
    }
    flush();
  }

  onHave([, , items]: Message<'have'>['fields']): void {
    const untold: FeedKey[] = [];
    for (const [author, feed, numbers] of items) {
      const key = this.#context.replica.index.keyOf(nodeIdFrom(author), feedIdFrom(feed));
      const told = this.#theirs.get(key);
      const runNumbers = this.#theirRunNumbers - 2 * (told?.runCount ?? 0) + numbers.length;
      if ((told === undefined && this.#theirs.size >= MAX_TOLD_FEEDS) || runNumbers > MAX_TOLD_RUN_NUMBERS) {
        this.#context.out.drop(this.#context.link, 'too-many-holdings');
        continue;
      }
      this.#theirs.set(key, RunSet.decode(numbers, MAX_RUN_NUMBERS));
      this.#theirRunNumbers = runNumbers;
      if (this.#untold.has(key)) untold.push(key);
    }
    this.tellHoldings(untold);
    this.#queueStale = true;
    this.schedule();
  }

  /** Fills the window with requests for what this peer has and nobody is fetching. */
  schedule(): void {
    const { replica, hooks } = this.#context;
    if (replica.wants.size === 0 || hooks.storePaused || hooks.budget.isPaused) return;
    if (!this.#context.mayTake()) return;
    if (this.#isFull()) return;
    if (this.#queueStale) {
      this.#queueStale = false;
      this.#next = 0;
      this.#queue = replica.orderedWants().filter((want) => this.offers(want));
    }
    const requests: [Bytes, number, number][] = [];
    while (!this.#isFull()) {
      const want = this.#queue[this.#next];
      if (want === undefined) break;
      const answer = replica.wants.get(want.key) === want ? this.#askNext(want, requests) : 'nothing';
      if (answer === 'nothing') this.#next++;
      else if (answer !== 'yes') break;
    }
    for (let i = 0; i < requests.length; i += MAX_CHUNKS_PER_MESSAGE) {
      sendControl(this.#context, 'wantChunks', requests.slice(i, i + MAX_CHUNKS_PER_MESSAGE));
    }
  }

  #isFull(): boolean {
    return this.#askedBytes >= this.#window.bytes || this.#asked.size >= MAX_CHUNKS_IN_FLIGHT;
  }

  /** Asks for the next chunk of `want`, unless there is none or the budget forbids it. */
  #askNext(want: Want, requests: [Bytes, number, number][]): BudgetAnswer | 'nothing' {
    if (want.held.size >= want.chunks) return 'nothing';
    for (let i = 0; i < want.chunks; i++) {
      const chunk = (want.cursor + i) % want.chunks;
      if (want.held.has(chunk) || want.inFlight.has(chunk) || want.arriving.has(chunk)) continue;
      const name = `${want.key}:${chunk}`;
      // Asked already, and late: it may still come.
      if (this.#asked.has(name)) continue;
      const bytes = chunkBytes(want.ref.size, chunk);
      const { hooks, out } = this.#context;
      const file = { key: want.key, missingBytes: () => want.ref.size - heldBytes(want) };
      const answer = hooks.budget.take(file, bytes, out.nowMs);
      if (answer !== 'yes') return answer;
      want.cursor = chunk + 1;
      want.inFlight.set(chunk, this.#context.link);
      this.#asked.set(name, {
        want,
        chunk,
        bytes,
        sinceMs: this.#context.out.nowMs,
        order: this.#nextOrder++,
        arrived: false,
        checking: false,
        late: false,
      });
      this.#askedBytes += bytes;
      requests.push([idBytes(want.ref.root), want.ref.size, chunk]);
      return 'yes';
    }
    return 'nothing';
  }

  onChunk([, , root, size, chunk, proof, bytes]: Message<'chunk'>['fields']): void {
    const { out, link, replica, hooks } = this.#context;
    const ref: BlobRef = { root: blobRootFrom(root), size };
    const name = `${blobKey(ref)}:${chunk}`;
    const asked = this.#asked.get(name);
    if (asked === undefined || asked.arrived) return out.drop(link, 'chunk-not-asked-for');
    asked.arrived = true;
    this.#heardMs = out.nowMs;
    this.#lastAnswered = Math.max(this.#lastAnswered, asked.order);
    this.#window.answered(out.nowMs - asked.sinceMs, out.nowMs);
    const { want } = asked;
    // It came late, and another peer was quicker.
    if (replica.wants.get(want.key) !== want || want.held.has(chunk) || want.arriving.has(chunk)) {
      this.#release(name, asked);
      return this.schedule();
    }
    want.arriving.add(chunk);
    asked.checking = true;
    if (bytes.length !== asked.bytes) return this.#bad(name, asked);
    const firstLeaf = chunk * CHUNK_LEAVES;
    const unwritten = (error: unknown) => {
      this.#release(name, asked);
      hooks.storeTrouble(error);
    };
    out.request(
      'digest',
      { chunks: splitLeaves(bytes) },
      (leaves) => {
        if (!verifyRange(ref, firstLeaf, leaves, proof)) return this.#bad(name, asked);
        const isFirst = !want.begun;
        want.begun = true;
        out.request(
          'writeLeaves',
          { space: replica.space, ref, firstLeaf, bytes, isFirst },
          (complete) => {
            replica.chunkHeld(want, chunk);
            hooks.budget.stored(want.key, asked.bytes);
            this.#release(name, asked);
            if (complete) hooks.blobHeld(replica, want.key);
            // Refilled by halves: a request for every chunk that arrives would cost as much as the chunk.
            if (this.#askedBytes <= this.#window.bytes / 2) this.schedule();
          },
          unwritten,
        );
      },
      unwritten,
    );
  }

  #bad(name: string, asked: Asked): void {
    this.#putOff(asked.want);
    this.#release(name, asked);
    this.#context.strike('chunk-does-not-fit-root');
    this.#context.hooks.reschedule(this.#context.replica);
  }

  /** The peer is not asked for this blob for a while. */
  #putOff(want: Want): void {
    this.#lacks.delete(want.key);
    this.#lacks.set(want.key, this.#context.out.nowMs + LACK_MS);
  }

  #release(name: string, asked: Asked): void {
    if (!this.#asked.delete(name)) return;
    const { want, chunk } = asked;
    this.#askedBytes -= asked.bytes;
    if (asked.checking) want.arriving.delete(chunk);
    if (want.inFlight.get(chunk) === this.#context.link) want.inFlight.delete(chunk);
  }

  onLack([, , [root, size]]: Message<'lack'>['fields']): void {
    const key = blobKey({ root: blobRootFrom(root), size });
    let asked = false;
    for (const [name, request] of [...this.#asked]) {
      if (request.want.key !== key || request.arrived) continue;
      asked = true;
      this.#putOff(request.want);
      this.#release(name, request);
    }
    if (!asked) return this.#context.out.drop(this.#context.link, 'lack-not-asked-for');
    this.#heardMs = this.#context.out.nowMs;
    this.#context.hooks.reschedule(this.#context.replica);
  }

  /**
   * What takes long may be asked of others too, and is still welcome from here: a slow link is not made to carry it twice.
   * What the peer has forgotten is given up.
   */
  expire(nowMs: number): void {
    let changed = false;
    for (const [name, asked] of [...this.#asked]) {
      if (asked.arrived) continue;
      const stalled = nowMs - Math.max(asked.sinceMs, this.#heardMs) > STALLED_MS;
      if (stalled || this.#lastAnswered - asked.order > MAX_OVERTAKEN) {
        this.#context.out.drop(this.#context.link, 'chunk-not-answered');
        this.#putOff(asked.want);
        this.#release(name, asked);
        changed = true;
      } else if (!asked.late && nowMs - asked.sinceMs > REQUEST_TIMEOUT_MS) {
        asked.late = true;
        if (asked.want.inFlight.get(asked.chunk) === this.#context.link)
          asked.want.inFlight.delete(asked.chunk);
        changed = true;
      }
    }
    for (const [key, untilMs] of this.#lacks) {
      if (untilMs > nowMs) continue;
      this.#lacks.delete(key);
      changed = true;
    }
    if (changed) this.#context.hooks.reschedule(this.#context.replica);
  }

  /** What was asked for will not come, or is not wanted from here any more. */
  forgetAsked(): void {
    for (const [name, asked] of [...this.#asked]) this.#release(name, asked);
  }

  /** Asks the peer to fetch for us what it does not offer; `elsewhere` says that another link offers it. */
  pullMissing(nowMs: number, elsewhere: (want: Want) => boolean): void {
    if (!this.#context.mayTake() || this.#context.hooks.budget.isClosed) return;
    const byHops = new Map<number, [Bytes, number][]>();
    for (const want of this.#context.replica.orderedWants()) {
      if (this.#context.replica.wants.get(want.key) !== want || this.offers(want) || elsewhere(want))
        continue;
      if (!want.ripe && want.pullHops === 0) continue;
      const pulled = this.#pulls.get(want);
      if (pulled !== undefined && nowMs < pulled.nextMs) continue;
      const ownWish = this.#context.replica.isOwnWish(want);
      const hops = ownWish ? MAX_PULL_HOPS : want.pullHops;
      // A peer that asks us for it looks for it itself, as far as it asks.
      if (hops <= (this.#hopsAsked.get(want) ?? 0)) continue;
      const waitMs = pulled?.waitMs ?? PULL_REPEAT_MS;
      this.#pulls.set(want, { nextMs: nowMs + waitMs, waitMs: Math.min(2 * waitMs, MAX_PULL_REPEAT_MS) });
      const batch = byHops.get(hops) ?? [];
      byHops.set(hops, batch);
      batch.push([idBytes(want.ref.root), want.ref.size]);
      if (batch.length >= MAX_PULLS_PER_MESSAGE) break;
    }
    for (const [hops, refs] of byHops) sendControl(this.#context, 'pull', refs, hops);
  }

  /** The peer holds what we asked it to pull. */
  onHold([, , refs]: Message<'hold'>['fields']): void {
    const { replica, out, link } = this.#context;
    for (const [root, size] of refs) {
      const want = replica.wants.get(blobKey({ root: blobRootFrom(root), size }));
      // It may have come from elsewhere meanwhile.
      if (want === undefined) continue;
      if (!this.#pulls.has(want)) out.drop(link, 'hold-not-asked-for');
      else this.#offered.add(want);
    }
    this.#queueStale = true;
    this.schedule();
  }

  onPull([, , refs, hops]: Message<'pull'>['fields']): void {
    const { replica, hooks, out, link } = this.#context;
    if (!this.#context.mayServe()) return out.drop(link, 'pull-before-open');
    let news = false;
    const held: [Bytes, number][] = [];
    for (const [root, size] of refs) {
      const key = blobKey({ root: blobRootFrom(root), size });
      if (!replica.knows(key)) out.drop(link, 'pull-of-unknown-blob');
      else if (replica.holds(key)) held.push([root, size]);
      else if (replica.pull(key, hops - 1)) {
        news = true;
        const want = replica.wants.get(key);
        if (want !== undefined) this.#hopsAsked.set(want, Math.max(hops, this.#hopsAsked.get(want) ?? 0));
      }
    }
    if (held.length > 0) sendControl(this.#context, 'hold', held);
    if (!news) return;
    hooks.reschedule(replica);
    hooks.pullSoon();
  }
}
