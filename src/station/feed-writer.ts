/**
 * Writes this node's own entries in one space: one writer per feed, one entry after the other, each durable before the
 * engine hears of it. A feed that turns out to have entries elsewhere that we lack is never written to again; its
 * successor names the last entry that both share.
 */
import { sealBody } from '../blob/seal-body.ts';
import type { Bytes } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import { type BlobRef, type EpochId, type FeedId, feedIdFrom, type NodeId, nodeIdFrom } from '../core/ids.ts';
import type { Clock, Crypto, NodeKeys, Random } from '../core/ports.ts';
import {
  assembleEntry,
  type Entry,
  type EntryHeader,
  encodeHeader,
  encodePayload,
  type Head,
  MAX_ENTRY_BYTES,
  PURPOSE,
  type Purpose,
  signedBytes,
} from '../feed/entry.ts';
import { branchHead, feedKey } from '../feed/feed-index.ts';
import { isClearKind } from '../feed/kinds.ts';
import type { Store } from '../store/port.ts';
import type { Replica } from '../sync/replica.ts';
import { appendEntries } from './entry-log.ts';
import type { OwnFeed } from './space-record.ts';

export interface Draft {
  readonly kind: number;
  /** Plain deterministic CBOR; sealed here when the kind and the space ask for it. */
  readonly body: Bytes;
  readonly blobs?: readonly BlobRef[];
  readonly seen?: readonly Head[];
}

/** The key to seal under, and the epoch it belongs to. */
export interface Seal {
  readonly epoch: EpochId;
  readonly key: Bytes;
}

export interface FeedWriterOptions {
  readonly replica: Replica;
  readonly keys: NodeKeys;
  readonly crypto: Crypto;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** The content key to seal under, null in a public space. @throws WaystationError `no-key` when there is none yet. */
  readonly sealUnder: () => Seal | null;
  readonly ownFeed: (purpose: 'control' | 'data') => OwnFeed;
  /** Remembers, durably, that a feed was replaced. */
  readonly replaceFeed: (purpose: 'control' | 'data', feed: OwnFeed) => Promise<void>;
  /** Hands durable entries to the engine. */
  readonly publish: (entries: readonly Entry[]) => void;
  /** Performs what the engine asks for. */
  readonly run: () => void;
}

/**
 * A draft of a sealed kind that is made when its feed and key are known, because what it names is sealed for that feed and under
 * that key. A change of keys while it is being made does not change either.
 */
export type SealedDraft = (feed: FeedId, seal: Seal | null) => Promise<Draft>;

export class FeedWriter {
  readonly #options: FeedWriterOptions;
  readonly #self: NodeId;
  readonly #abandoned = new Set<FeedId>();
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: FeedWriterOptions) {
    this.#options = options;
    this.#self = nodeIdFrom(options.keys.publicKey);
  }

  /** The network holds entries of this feed of ours that we lack. */
  abandon(feed: FeedId): void {
    this.#abandoned.add(feed);
  }

  /**
   * Writes one entry; resolves when it is durable and handed on.
   * @throws WaystationError `limit` when the entry would be too large, `no-key`, and what the store throws.
   */
  write(purpose: 'control' | 'data', draft: Draft | SealedDraft): Promise<Entry> {
    const written = this.#tail.then(() => this.#write(purpose, draft));
    this.#tail = written.catch(() => undefined);
    return written;
  }

  /**
   * What the network brings of this very feed (a restored backup) is written to the same log: one at a time, from finding the
   * feed's end to the entry's being taken in.
   */
  #write(purpose: 'control' | 'data', drafted: Draft | SealedDraft): Promise<Entry> {
    const { replica, ownFeed, run } = this.#options;
    const key = feedKey(this.#self, ownFeed(purpose).feed);
    return new Promise((resolve, reject) => {
      replica.exclusive(key, (release) => {
        const released = () => {
          release();
          run();
        };
        this.#writeNext(purpose, drafted).finally(released).then(resolve, reject);
      });
    });
  }

  async #writeNext(purpose: 'control' | 'data', drafted: Draft | SealedDraft): Promise<Entry> {
    const { replica, store, publish, sealUnder } = this.#options;
    const { feed, head, succeeds } = await this.#tip(purpose);
    const isClear = typeof drafted !== 'function' && isClearKind(drafted.kind);
    const seal = isClear ? null : sealUnder();
    const draft = typeof drafted === 'function' ? await drafted(feed, seal) : drafted;
    const entry = await this.#sign(PURPOSE[purpose], feed, head, succeeds, draft, seal);
    if (entry.bytes.length > MAX_ENTRY_BYTES) {
      throw new WaystationError(
        'limit',
        `expected an entry of at most ${MAX_ENTRY_BYTES} bytes, got ${entry.bytes.length}: put what is large into a blob`,
      );
    }
    const { branch } = replica.index.place([entry]);
    await appendEntries(store, replica.space, branch.name, [entry], () => true);
    publish([entry]);
    return entry;
  }

  async #sign(
    purpose: Purpose,
    feed: FeedId,
    head: Head | undefined,
    succeeds: Head | null,
    draft: Draft,
    seal: Seal | null,
  ): Promise<Entry> {
    const { replica, keys, crypto, clock, random } = this.#options;
    const header: EntryHeader = {
      space: replica.space,
      author: this.#self,
      feed,
      purpose,
      seq: head === undefined ? 0 : head.seq + 1,
      previous: head?.id ?? null,
      lamport: replica.index.nextLamport(head ?? null),
      timeMs: Math.max(0, Math.round(clock.nowMs())),
      kind: draft.kind,
      blobs: draft.blobs ?? [],
      epoch: seal?.epoch ?? null,
      seen: draft.seen ?? [],
      succeeds: head === undefined ? succeeds : null,
    };
    const aad = encodeHeader(header);
    const context = { space: replica.space, author: this.#self, feed };
    const body =
      seal === null
        ? draft.body
        : await sealBody(crypto, { epochKey: seal.key, ...context }, random.bytes(32), draft.body, aad);
    const payload = encodePayload(aad, body);
    const [signature] = await keys.sign([signedBytes(payload)]);
    if (signature === undefined) throw new WaystationError('unavailable', 'the node key gave no signature');
    return assembleEntry(header, body, payload, signature);
  }

  async #tip(
    purpose: 'control' | 'data',
  ): Promise<{ feed: FeedId; head: Head | undefined; succeeds: Head | null }> {
    const { replica, random, ownFeed, replaceFeed } = this.#options;
    const own = ownFeed(purpose);
    const branches = replica.index.branchesOf(this.#self, own.feed);
    const main = branches[0];
    if (!this.#abandoned.has(own.feed) && branches.length <= 1) {
      return {
        feed: own.feed,
        head: main === undefined ? undefined : branchHead(main),
        succeeds: own.succeeds,
      };
    }
    const common = Math.min(...branches.slice(1).map((branch) => branch.base - 1), Number.POSITIVE_INFINITY);
    const shared = main?.entries[common];
    const last =
      shared !== undefined
        ? { author: this.#self, feed: own.feed, seq: common, id: shared.id }
        : main === undefined || common < 0
          ? null
          : (branchHead(main) ?? null);
    const successor: OwnFeed = { feed: feedIdFrom(random.bytes(16)), succeeds: last };
    await replaceFeed(purpose, successor);
    return { feed: successor.feed, head: undefined, succeeds: last };
  }
}
