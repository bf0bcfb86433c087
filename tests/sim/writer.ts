/**
 * Writes a simulated node's own entries by the rules of src/station/feed-writer.ts: one after the other, each durable before
 * the engine hears of it, a forked feed left for its successor.
 */
import type { Bytes } from '../../src/core/bytes.ts';
import { type BlobRef, type EpochId, type FeedId, feedIdFrom, type NodeId } from '../../src/core/ids.ts';
import {
  assembleEntry,
  type Entry,
  type EntryHeader,
  encodeHeader,
  encodePayload,
  type Head,
  PURPOSE,
  signedBytes,
} from '../../src/feed/entry.ts';
import { branchHead, feedKey } from '../../src/feed/feed-index.ts';
import { isClearKind } from '../../src/feed/kinds.ts';
import type { OwnFeed } from '../../src/station/space-record.ts';
import type { Replica } from '../../src/sync/replica.ts';
import type { SimKeys } from './crypto.ts';
import type { SimDisk } from './disk.ts';
import type { Pool } from './pool.ts';
import type { SeededRandom } from './random.ts';

export type OwnPurpose = 'control' | 'data';

export interface Draft {
  readonly kind: number;
  readonly body: Bytes;
  readonly blobs?: readonly BlobRef[];
}

export interface WriterOptions {
  readonly self: NodeId;
  readonly keys: SimKeys;
  readonly disk: SimDisk;
  readonly replica: Replica;
  readonly pool: Pool;
  readonly random: SeededRandom;
  readonly wallMs: () => number;
  /** Names the content key of sealed bodies. */
  readonly epoch: () => EpochId | null;
  /** Hands a durable entry to the engine. */
  readonly publish: (entry: Entry) => void;
  /** Performs what the engine asks for. */
  readonly run: () => void;
}

export class SimWriter {
  readonly #options: WriterOptions;
  readonly #abandoned = new Set<FeedId>();
  readonly #line: ((next: () => void) => void)[] = [];
  #busy = false;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** The network holds entries of this feed of ours that we lack. */
  abandon(feed: FeedId): void {
    this.#abandoned.add(feed);
  }

  /** Writes one entry; `done` hears when it is durable and handed on. */
  write(purpose: OwnPurpose, draft: Draft, done: (entry: Entry) => void = () => {}): void {
    const { replica, disk, pool, publish, self, run } = this.#options;
    this.#line.push((next) => {
      const own = feedKey(self, disk.state.record[purpose].feed);
      replica.exclusive(own, (release) =>
        this.#tip(purpose, (tip) => {
          const entry = pool.entry(this.#sign(purpose, draft, tip));
          const { branch } = replica.index.place([entry]);
          disk.appendEntries(branch.name, [{ entry, verified: true }], () => {
            publish(entry);
            release();
            run();
            next();
            done(entry);
          });
        }),
      );
    });
    if (!this.#busy) this.#next();
  }

  #next(): void {
    const work = this.#line.shift();
    this.#busy = work !== undefined;
    work?.(() => this.#next());
  }

  #tip(
    purpose: OwnPurpose,
    use: (tip: { feed: FeedId; head: Head | undefined; succeeds: Head | null }) => void,
  ): void {
    const { replica, disk, random, self } = this.#options;
    const own = disk.state.record[purpose];
    const branches = replica.index.branchesOf(self, own.feed);
    const main = branches[0];
    if (!this.#abandoned.has(own.feed) && branches.length <= 1) {
      return use({ feed: own.feed, head: main && branchHead(main), succeeds: own.succeeds });
    }
    const common = Math.min(...branches.slice(1).map((branch) => branch.base - 1), Number.POSITIVE_INFINITY);
    const shared = main?.entries[common];
    const last =
      shared !== undefined
        ? { author: self, feed: own.feed, seq: common, id: shared.id }
        : main === undefined || common < 0
          ? null
          : (branchHead(main) ?? null);
    const successor: OwnFeed = { feed: feedIdFrom(random.bytes(16)), succeeds: last };
    disk.writeRecord({ [purpose]: successor }, () =>
      use({ feed: successor.feed, head: undefined, succeeds: last }),
    );
  }

  #sign(
    purpose: OwnPurpose,
    { kind, body, blobs = [] }: Draft,
    { feed, head, succeeds }: { feed: FeedId; head: Head | undefined; succeeds: Head | null },
  ): Entry {
    const { replica, keys, wallMs, epoch, self } = this.#options;
    const header: EntryHeader = {
      space: replica.space,
      author: self,
      feed,
      purpose: PURPOSE[purpose],
      seq: head === undefined ? 0 : head.seq + 1,
      previous: head?.id ?? null,
      lamport: replica.index.nextLamport(head ?? null),
      timeMs: Math.max(0, Math.round(wallMs())),
      kind,
      blobs,
      epoch: isClearKind(kind) ? null : epoch(),
      seen: [],
      succeeds: head === undefined ? succeeds : null,
    };
    const payload = encodePayload(encodeHeader(header), body);
    return assembleEntry(header, body, payload, keys.sign(signedBytes(payload)));
  }
}
