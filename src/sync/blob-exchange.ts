/**
 * Fetching blobs of one space over one link, in transfer chunks of 128 KiB that are checked against the blob's root before
 * they are kept. Requests are windowed by the receiver, so the sender never holds more than it was asked for.
 *
 * What no linked peer has is pulled: the peer is asked to fetch it from its own neighbours, hop by hop.
 */
import { CHUNK_LEAVES, chunkBytes, splitLeaves, verifyRange } from '../blob/merkle.ts';
import type { Bytes } from '../core/bytes.ts';
import { blobKey, blobRootFrom, idBytes } from '../core/ids.ts';
import type { BudgetAnswer } from './fetch-budget.ts';
import type { HoldingsTold } from './holdings-told.ts';
import {
  LACK_MS,
  MAX_CHUNKS_IN_FLIGHT,
  MAX_CHUNKS_PER_MESSAGE,
  MAX_OVERTAKEN,
  MAX_PULL_HOPS,
  MAX_PULL_REPEAT_MS,
  MAX_PULLS_PER_MESSAGE,
  PULL_REPEAT_MS,
  REQUEST_TIMEOUT_MS,
  STALLED_MS,
} from './limits.ts';
import { type Message, ROOT_START_BYTES } from './messages.ts';
import { heldBytes, type Want } from './replica.ts';
import { RequestWindow } from './request-window.ts';
import { type SessionContext, sendControl } from './session-context.ts';

type ChunkWant = Message<'wantChunks'>['fields'][3][number];

interface Asked {
  readonly want: Want;
  readonly chunk: number;
  readonly bytes: number;
  readonly sinceMs: number;
  readonly name: string;
  /** Counts the requests of this link; answers say it. They come about in this order. */
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
  readonly #holdings: HoldingsTold;
  /** Blobs the peer said it lacks though its runs claimed them, or did not send: until when it is not asked again. */
  readonly #lacks = new Map<string, number>();
  /** Blobs the peer said it holds when it was asked to pull them. */
  readonly #offered = new WeakSet<Want>();
  readonly #asked = new Map<string, Asked>();
  /** The same by number. */
  readonly #numbered = new Map<number, Asked>();
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

  constructor(context: SessionContext, holdings: HoldingsTold) {
    this.#context = context;
    this.#holdings = holdings;
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
      if (this.#holdings.theyHold(branch.key, seq)) return true;
    }
    return false;
  }

  onHave(fields: Message<'have'>['fields']): void {
    this.#holdings.onHave(fields);
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
    const requests: ChunkWant[] = [];
    const first = this.#nextOrder;
    while (!this.#isFull()) {
      const want = this.#queue[this.#next];
      if (want === undefined) break;
      const answer = replica.wants.get(want.key) === want ? this.#askNext(want, requests) : 'nothing';
      if (answer === 'nothing') this.#next++;
      else if (answer !== 'yes') break;
    }
    for (let i = 0; i < requests.length; i += MAX_CHUNKS_PER_MESSAGE) {
      sendControl(this.#context, 'wantChunks', first + i, requests.slice(i, i + MAX_CHUNKS_PER_MESSAGE));
    }
  }

  #isFull(): boolean {
    return this.#askedBytes >= this.#window.bytes || this.#asked.size >= MAX_CHUNKS_IN_FLIGHT;
  }

  /** Asks for the next chunk of `want`, unless there is none or the budget forbids it. */
  #askNext(want: Want, requests: ChunkWant[]): BudgetAnswer | 'nothing' {
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
      const order = this.#nextOrder++;
      const sinceMs = this.#context.out.nowMs;
      const state = { arrived: false, checking: false, late: false };
      const asked: Asked = { want, chunk, bytes, name, order, sinceMs, ...state };
      this.#asked.set(name, asked);
      this.#numbered.set(order, asked);
      this.#askedBytes += bytes;
      requests.push(this.#wireWant(want, chunk));
      return 'yes';
    }
    return 'nothing';
  }

  /** By the position that the peer holds, or by root and size where it holds it without having told of a position. */
  #wireWant({ key, ref }: Want, chunk: number): ChunkWant {
    const { names, replica } = this.#context;
    const root = idBytes(ref.root);
    const naming = replica.namingsOf(key).find(({ branch, seq }) => this.#holdings.theyHold(branch.key, seq));
    if (naming === undefined) return [root, ref.size, chunk];
    const { author, feed } = naming.branch;
    return [names.feed(author, feed), naming.seq, root.slice(0, ROOT_START_BYTES), chunk];
  }

  onChunk([, , order, proof, bytes]: Message<'chunk'>['fields']): void {
    const { out, link, replica, hooks } = this.#context;
    const asked = this.#numbered.get(order);
    if (asked === undefined || asked.arrived) return out.drop(link, 'chunk-not-asked-for');
    asked.arrived = true;
    this.#heardMs = out.nowMs;
    this.#lastAnswered = Math.max(this.#lastAnswered, asked.order);
    this.#window.answered(out.nowMs - asked.sinceMs, out.nowMs);
    const { want, chunk, name } = asked;
    const { ref } = want;
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
    this.#numbered.delete(asked.order);
    const { want, chunk } = asked;
    this.#askedBytes -= asked.bytes;
    if (asked.checking) want.arriving.delete(chunk);
    if (want.inFlight.get(chunk) === this.#context.link) want.inFlight.delete(chunk);
  }

  onLack([, , order]: Message<'lack'>['fields']): void {
    const lacking = this.#numbered.get(order);
    let asked = false;
    for (const [name, request] of lacking === undefined || lacking.arrived ? [] : [...this.#asked]) {
      if (request.want !== lacking?.want || request.arrived) continue;
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
