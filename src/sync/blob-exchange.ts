/**
 * Fetching and serving blobs of one space over one link, in transfer chunks of 128 KiB that are checked against the
 * blob's root before they are kept. Requests are windowed by the receiver, so the sender never holds more than it was
 * asked for, and answers wait for the link's credit.
 *
 * What no linked peer has is pulled: the peer is asked to fetch it from its own neighbours, hop by hop.
 */
import { CHUNK_LEAVES, chunkBytes, chunkCount, splitLeaves, verifyRange } from '../blob/merkle.ts';
import { RunSet } from '../blob/runs.ts';
import type { Bytes } from '../core/bytes.ts';
import { type BlobRef, blobKey, blobRootFrom, feedIdFrom, idBytes, nodeIdFrom } from '../core/ids.ts';
import { type FeedKey, feedKey } from '../feed/feed-index.ts';
import {
  CHUNK_WINDOW_BYTES,
  MAX_CHUNKS_IN_FLIGHT,
  MAX_CHUNKS_PER_MESSAGE,
  MAX_HEADS_PER_MESSAGE,
  MAX_PULL_HOPS,
  MAX_PULLS_PER_MESSAGE,
  MAX_QUEUED_CHUNKS,
  MAX_READS_AHEAD,
  MAX_RUN_NUMBERS,
  PULL_REPEAT_MS,
  REQUEST_TIMEOUT_MS,
} from './limits.ts';
import { encodeMessage, type Message } from './messages.ts';
import type { Want } from './replica.ts';
import { type SpaceContext, sendControl } from './space-context.ts';

interface Asked {
  readonly want: Want;
  readonly chunk: number;
  readonly bytes: number;
  readonly sinceMs: number;
  /** The answer is here and being checked. */
  arrived: boolean;
}

export class BlobExchange {
  readonly #context: SpaceContext;
  readonly #theirs = new Map<FeedKey, RunSet>();
  /** Blobs the peer said it lacks though its runs claimed them. */
  readonly #lacks = new Set<string>();
  readonly #asked = new Map<string, Asked>();
  #askedBytes = 0;
  /** Wants this peer can serve, best first; rebuilt when offers or wants changed. */
  #queue: Want[] = [];
  #next = 0;
  #queueStale = true;
  readonly #pulledAtMs = new Map<string, number>();
  readonly #servings: { readonly ref: BlobRef; readonly chunk: number }[] = [];
  #reading = 0;

  constructor(context: SpaceContext) {
    this.#context = context;
  }

  /** Requests are under way. */
  get waiting(): boolean {
    return this.#asked.size > 0;
  }

  /** Wants or offers changed: the queue must be built anew. */
  invalidate(): void {
    this.#queueStale = true;
  }

  /** True when the peer claims the blob of `want`. */
  offers(want: Want): boolean {
    if (this.#lacks.has(want.key)) return false;
    for (const { feed, seq } of this.#context.replica.positionsOf(want.key)) {
      if (this.#theirs.get(feed)?.has(seq) === true) return true;
    }
    return false;
  }

  /** Tells the runs of these feeds, or of all. */
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
      const runs = this.#context.replica.holdings(key).encode();
      if (runs.length === 0 || runs.length > MAX_RUN_NUMBERS) continue;
      if (batch.length >= MAX_HEADS_PER_MESSAGE || numbers + runs.length > MAX_RUN_NUMBERS) flush();
      const [author, feed] = key.split('.') as [string, string];
      batch.push([idBytes(author as never), idBytes(feed as never), runs]);
      numbers += runs.length;
    }
    flush();
  }

  onHave([, , items]: Message<'have'>['fields']): void {
    for (const [author, feed, numbers] of items) {
      this.#theirs.set(
        feedKey(nodeIdFrom(author), feedIdFrom(feed)),
        RunSet.decode(numbers, MAX_RUN_NUMBERS),
      );
    }
    this.#lacks.clear();
    this.#queueStale = true;
    this.schedule();
  }

  /** Fills the window with requests for what this peer has and nobody is fetching. */
  schedule(): void {
    const { replica, hooks } = this.#context;
    if (replica.wants.size === 0 || hooks.storePaused || !this.#context.mayTake()) return;
    if (this.#queueStale) {
      this.#queueStale = false;
      this.#next = 0;
      this.#queue = replica.orderedWants().filter((want) => this.offers(want));
    }
    const requests: [Bytes, number, number][] = [];
    while (this.#askedBytes < CHUNK_WINDOW_BYTES && this.#asked.size < MAX_CHUNKS_IN_FLIGHT) {
      const want = this.#queue[this.#next];
      if (want === undefined) break;
      if (replica.wants.get(want.key) !== want || !this.#askNext(want, requests)) this.#next++;
    }
    for (let i = 0; i < requests.length; i += MAX_CHUNKS_PER_MESSAGE) {
      sendControl(this.#context, 'wantChunks', requests.slice(i, i + MAX_CHUNKS_PER_MESSAGE));
    }
  }

  #askNext(want: Want, requests: [Bytes, number, number][]): boolean {
    if (want.held.size + want.inFlight.size >= want.chunks) return false;
    for (let i = 0; i < want.chunks; i++) {
      const chunk = (want.cursor + i) % want.chunks;
      if (want.held.has(chunk) || want.inFlight.has(chunk)) continue;
      want.cursor = chunk + 1;
      const bytes = chunkBytes(want.ref.size, chunk);
      want.inFlight.set(chunk, this.#context.link);
      this.#asked.set(`${want.key}:${chunk}`, {
        want,
        chunk,
        bytes,
        sinceMs: this.#context.out.nowMs,
        arrived: false,
      });
      this.#askedBytes += bytes;
      requests.push([idBytes(want.ref.root), want.ref.size, chunk]);
      return true;
    }
    return false;
  }

  onChunk([, , root, size, chunk, proof, bytes]: Message<'chunk'>['fields']): void {
    const { out, link, replica, hooks } = this.#context;
    const ref: BlobRef = { root: blobRootFrom(root), size };
    const name = `${blobKey(ref)}:${chunk}`;
    const asked = this.#asked.get(name);
    if (asked === undefined || asked.arrived) return out.drop(link, 'chunk-not-asked-for');
    asked.arrived = true;
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
        out.request(
          'writeLeaves',
          { space: replica.space, ref, firstLeaf, bytes },
          (complete) => {
            asked.want.held.add(chunk);
            this.#release(name, asked);
            if (complete) hooks.blobHeld(replica, asked.want.key);
            // Refilled by halves: a request for every chunk that arrives would cost as much as the chunk.
            if (this.#askedBytes <= CHUNK_WINDOW_BYTES / 2) this.schedule();
          },
          unwritten,
        );
      },
      unwritten,
    );
  }

  #bad(name: string, asked: Asked): void {
    this.#lacks.add(asked.want.key);
    this.#release(name, asked);
    this.#context.strike('chunk-does-not-fit-root');
    this.#context.hooks.reschedule(this.#context.replica);
  }

  #release(name: string, asked: Asked): void {
    if (!this.#asked.delete(name)) return;
    this.#askedBytes -= asked.bytes;
    if (asked.want.inFlight.get(asked.chunk) === this.#context.link) asked.want.inFlight.delete(asked.chunk);
  }

  onLack([, , [root, size]]: Message<'lack'>['fields']): void {
    const key = blobKey({ root: blobRootFrom(root), size });
    let asked = false;
    for (const [name, request] of [...this.#asked]) {
      if (request.want.key !== key || request.arrived) continue;
      asked = true;
      this.#release(name, request);
    }
    if (!asked) return this.#context.out.drop(this.#context.link, 'lack-not-asked-for');
    this.#lacks.add(key);
    this.#context.hooks.reschedule(this.#context.replica);
  }

  /** Gives requests that were not answered in time to others. */
  expire(nowMs: number): void {
    let late = false;
    for (const [name, asked] of [...this.#asked]) {
      if (asked.arrived || nowMs - asked.sinceMs <= REQUEST_TIMEOUT_MS) continue;
      this.#lacks.add(asked.want.key);
      this.#release(name, asked);
      late = true;
    }
    if (late) this.#context.hooks.reschedule(this.#context.replica);
  }

  stop(): void {
    for (const [name, asked] of [...this.#asked]) this.#release(name, asked);
    this.#servings.length = 0;
  }

  /** Asks the peer to fetch for us what it does not offer; `elsewhere` says that another link offers it. */
  pullMissing(nowMs: number, elsewhere: (want: Want) => boolean): void {
    if (!this.#context.mayTake()) return;
    const byHops = new Map<number, [Bytes, number][]>();
    for (const want of this.#context.replica.orderedWants()) {
      if (this.#context.replica.wants.get(want.key) !== want || this.offers(want) || elsewhere(want))
        continue;
      if (nowMs - (this.#pulledAtMs.get(want.key) ?? Number.NEGATIVE_INFINITY) < PULL_REPEAT_MS) continue;
      const ownWish = this.#context.replica.policy(want.origin, want.ref);
      const hops = ownWish ? MAX_PULL_HOPS : want.pullHops;
      if (hops <= 0) continue;
      this.#pulledAtMs.set(want.key, nowMs);
      const batch = byHops.get(hops) ?? [];
      byHops.set(hops, batch);
      batch.push([idBytes(want.ref.root), want.ref.size]);
      if (batch.length >= MAX_PULLS_PER_MESSAGE) break;
    }
    for (const [hops, refs] of byHops) sendControl(this.#context, 'pull', refs, hops);
  }

  onPull([, , refs, hops]: Message<'pull'>['fields']): void {
    const { replica, hooks, out, link } = this.#context;
    if (!this.#context.mayServe()) return out.drop(link, 'pull-before-open');
    let news = false;
    for (const [root, size] of refs) {
      const key = blobKey({ root: blobRootFrom(root), size });
      if (!replica.knows(key)) out.drop(link, 'pull-of-unknown-blob');
      else if (replica.pull(key, hops - 1)) news = true;
    }
    if (news) hooks.reschedule(replica);
  }

  onWantChunks([, , requests]: Message<'wantChunks'>['fields']): void {
    const { out, link, replica } = this.#context;
    if (!this.#context.mayServe()) return out.drop(link, 'want-before-open');
    for (const [root, size, chunk] of requests) {
      const ref: BlobRef = { root: blobRootFrom(root), size };
      if (!replica.holds(blobKey(ref)) || chunk >= chunkCount(size)) {
        sendControl(this.#context, 'lack', [root, size]);
        continue;
      }
      if (this.#servings.length >= MAX_QUEUED_CHUNKS) return out.drop(link, 'too-many-chunk-wants');
      this.#servings.push({ ref, chunk });
    }
    this.pump();
  }

  /** Serves queued requests while the link takes bytes. Called again when it drains. */
  pump(): void {
    const { out } = this.#context;
    while (this.#servings.length > 0 && this.#reading < MAX_READS_AHEAD && this.#context.bulkCredit() > 0) {
      if (!this.#context.mayServe()) {
        this.#servings.length = 0;
        return;
      }
      const { ref, chunk } = this.#servings.shift() as { ref: BlobRef; chunk: number };
      this.#reading++;
      out.request(
        'readChunk',
        { ref, chunk },
        ({ bytes, proof }) => {
          this.#reading--;
          const { alias } = this.#context;
          if (this.#context.mayServe()) {
            const message = encodeMessage(
              'chunk',
              alias,
              idBytes(ref.root),
              ref.size,
              chunk,
              [...proof],
              bytes,
            );
            this.#context.sendBulk(message);
          }
          this.pump();
        },
        () => {
          this.#reading--;
          sendControl(this.#context, 'lack', [idBytes(ref.root), ref.size]);
          this.pump();
        },
      );
    }
  }
}
