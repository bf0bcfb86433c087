/**
 * Performs the sync engine's effects with real ports and brings the results back. The only place where the pure engine
 * meets links, disks and clocks.
 */
import { chunkBytes, chunkLeaves, LEAF_BYTES, merkleTree, splitLeaves } from '../blob/merkle.ts';
import { type Bytes, toHex } from '../core/bytes.ts';
import { errorMessage, WaystationError } from '../core/errors.ts';
import { type BlobRef, blobKey, type SpaceId } from '../core/ids.ts';
import type { Clock, Crypto, MaybePromise, NodeKeys, Random } from '../core/ports.ts';
import type { Channel, Link } from '../mesh/port.ts';
import type { Store } from '../store/port.ts';
import type { Effect, LinkId, Notice, RequestEffect, Requests } from '../sync/effects.ts';
import type { SyncEngine } from '../sync/engine.ts';
import { claimBlob } from './blob-claims.ts';
import { appendEntries, readSegment } from './entry-log.ts';

/** Leaves of the Merkle trees kept for serving, all together: 64 bytes each, so 32 MiB for 8 GiB of blobs. */
const MAX_TREE_LEAVES = 2 ** 19;
/** Leaves hashed in one batch while a tree is built. */
const TREE_BATCH_BYTES = 2 * 2 ** 20;

export interface SyncDriverOptions {
  readonly engine: SyncEngine;
  readonly crypto: Crypto;
  readonly keys: NodeKeys;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** Writes an `admit` entry and hands it to the engine. */
  readonly writeAdmit: (space: SpaceId, body: Bytes) => Promise<void>;
  readonly onNotice: (notice: Notice) => void;
  readonly onLinkClosed?: (link: LinkId, reason: string) => void;
}

type Tree = ReturnType<typeof merkleTree>;

export class SyncDriver {
  readonly #options: SyncDriverOptions;
  readonly #links = new Map<LinkId, Link>();
  readonly #trees = new Map<string, Promise<Tree>>();
  readonly #treeLeaves = new Map<string, number>();
  /** Links over which bulk went since the engine was last told their credit. */
  readonly #sentBulk = new Set<LinkId>();
  #nextLink = 1;
  #cancelWake: (() => void) | undefined;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #running = false;
  #closed = false;

  constructor(options: SyncDriverOptions) {
    this.#options = options;
  }

  /**
   * Takes over an open link. `assigned` hears the number that names it in notices before the first of them.
   * @param mustShare a peer that shares no space is sent away once it has proved itself.
   */
  attach(link: Link, assigned: (id: LinkId) => void, mustShare = false): void {
    const { engine, random } = this.#options;
    const id = this.#nextLink++;
    this.#links.set(id, link);
    assigned(id);
    const facts = {
      link: id,
      initiator: link.initiator,
      localFingerprint: link.localFingerprint,
      remoteFingerprint: link.remoteFingerprint,
      mustShare,
    };
    engine.linkUp(facts, random.bytes(32), link.bulkCredit(), this.#now());
    link.attach({
      onMessage: (channel, bytes) =>
        this.#guarded(id, () => {
          engine.message(id, channel, bytes, this.#now());
          this.run();
        }),
      onDrain: () =>
        this.#guarded(id, () => {
          engine.drained(id, link.bulkCredit(), this.#now());
          this.run();
        }),
      onClose: (reason) => this.#guarded(id, () => this.#linkClosed(id, reason)),
    });
    this.run();
  }

  /** An error of ours in a native callback would end the process: it ends the link instead, and is told. */
  #guarded(id: LinkId, event: () => void): void {
    try {
      event();
    } catch (error) {
      this.#links.get(id)?.close('internal error');
      this.#options.onNotice({ kind: 'store-trouble', code: 'internal', message: errorMessage(error) });
    }
  }

  #now(): number {
    return this.#options.clock.monotonicMs();
  }

  #linkClosed(id: LinkId, reason: string): void {
    if (!this.#links.delete(id)) return;
    this.#options.engine.linkDown(id, this.#now());
    this.#options.onLinkClosed?.(id, reason);
    this.run();
  }

  closeLink(id: LinkId, reason: string): void {
    const link = this.#links.get(id);
    link?.close(reason);
    this.#linkClosed(id, reason);
  }

  /** Performs what the engine asks until it asks for nothing more. Call after every event given to the engine. */
  run(): void {
    if (this.#running || this.#closed) return;
    this.#running = true;
    try {
      const { engine } = this.#options;
      for (let effects = engine.takeEffects(); effects.length > 0; effects = engine.takeEffects()) {
        for (const effect of effects) this.#perform(effect);
        this.#tellCredit();
      }
    } finally {
      this.#running = false;
    }
    this.#scheduleWake();
  }

  #scheduleWake(): void {
    const at = this.#options.engine.nextWakeMs();
    if (at === null || at >= this.#wakeAtMs) return;
    this.#cancelWake?.();
    this.#wakeAtMs = at;
    this.#cancelWake = this.#options.clock.schedule(Math.max(0, at - this.#now()), () => {
      this.#wakeAtMs = Number.POSITIVE_INFINITY;
      this.#cancelWake = undefined;
      if (this.#closed) return;
      this.#options.engine.wake(Math.max(at, this.#now()));
      this.run();
    });
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'send':
        return this.#send(effect.link, effect.channel, effect.bytes);
      case 'close':
        return this.closeLink(effect.link, effect.reason);
      case 'notice':
        return this.#options.onNotice(effect.notice);
      default:
        return this.#answer(effect);
    }
  }

  #send(id: LinkId, channel: Channel, bytes: Bytes): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    link.send(channel, bytes);
    if (channel === 'bulk') this.#sentBulk.add(id);
  }

  /** What is left of the credit is true only when nothing that the engine has decided to send waits to be sent. */
  #tellCredit(): void {
    for (const id of this.#sentBulk) {
      const link = this.#links.get(id);
      if (link !== undefined) this.#options.engine.drained(id, link.bulkCredit(), this.#now());
    }
    this.#sentBulk.clear();
  }

  #answer(effect: RequestEffect): void {
    const { engine } = this.#options;
    const bring = (back: () => void) => {
      if (this.#closed) return;
      try {
        back();
      } catch (error) {
        // An error of ours: unheard it would end the process, and with it everything else that works.
        this.#options.onNotice({ kind: 'store-trouble', code: 'internal', message: errorMessage(error) });
      }
      this.run();
    };
    const failed = (error: unknown) => bring(() => engine.failed(effect.id, error, this.#now()));
    const done = (answer: never) => bring(() => engine.result(effect.id, answer, this.#now()));
    let answer: MaybePromise<unknown>;
    try {
      answer = this.#request(effect);
    } catch (error) {
      return failed(error);
    }
    if (answer instanceof Promise) answer.then((value) => done(value as never), failed);
    else done(answer as never);
  }

  #request(effect: RequestEffect): MaybePromise<unknown> {
    const { crypto, keys, store, writeAdmit } = this.#options;
    switch (effect.type) {
      case 'sign': {
        const signatures = keys.sign([effect.message]);
        return signatures instanceof Promise ? signatures.then(([one]) => one) : signatures[0];
      }
      case 'verify':
        return effect.items.length === 0 ? [] : crypto.verify(effect.items);
      case 'digest':
        return crypto.digest(effect.chunks);
      case 'append':
        return appendEntries(store, effect.space, effect.branch, effect.entries, effect.verified);
      case 'readEntries':
        return readSegment(store, effect.space, effect.segment, effect.maxBytes);
      case 'writeLeaves':
        return this.#writeLeaves(effect);
      case 'readChunk':
        return this.#readChunk(effect.ref, effect.chunk);
      case 'writeAdmit':
        return writeAdmit(effect.space, effect.body);
    }
  }

  async #writeLeaves({
    space,
    ref,
    firstLeaf,
    bytes,
    isFirst,
  }: Requests['writeLeaves']['ask']): Promise<boolean> {
    const { store } = this.#options;
    if (isFirst) await claimBlob(store, space, ref);
    return store.blobs.write(ref, firstLeaf, bytes);
  }

  async #readChunk(ref: BlobRef, chunk: number): Promise<{ bytes: Bytes; proof: readonly Bytes[] }> {
    const { firstLeaf, rangeLeaves, leaves } = chunkLeaves(ref, chunk);
    const bytes = await this.#options.store.blobs.read(
      ref,
      firstLeaf * LEAF_BYTES,
      chunkBytes(ref.size, chunk),
    );
    if (leaves * LEAF_BYTES >= ref.size) return { bytes, proof: [] };
    const tree = await this.#tree(ref);
    return { bytes, proof: tree.proof(firstLeaf, rangeLeaves) };
  }

  /** Keeps the tree of a blob that was hashed just now, so that serving it need not read it all once more. */
  rememberTree(ref: BlobRef, tree: Tree): void {
    const key = blobKey(ref);
    this.#trees.delete(key);
    this.#trees.set(key, Promise.resolve(tree));
    this.#treeLeaves.set(key, tree.leafCount);
    let leaves = 0;
    for (const count of this.#treeLeaves.values()) leaves += count;
    for (const oldest of [...this.#trees.keys()]) {
      if (leaves <= MAX_TREE_LEAVES || oldest === key) break;
      leaves -= this.#treeLeaves.get(oldest) ?? 0;
      this.#trees.delete(oldest);
      this.#treeLeaves.delete(oldest);
    }
  }

  #tree(ref: BlobRef): Promise<Tree> {
    const key = blobKey(ref);
    const cached = this.#trees.get(key);
    if (cached !== undefined) return cached;
    const built = this.#buildTree(ref);
    this.#trees.set(key, built);
    built.then(
      (tree) => this.rememberTree(ref, tree),
      () => this.#trees.delete(key),
    );
    return built;
  }

  async #buildTree(ref: BlobRef): Promise<Tree> {
    const leaves: Bytes[] = [];
    for (let at = 0; at < ref.size; at += TREE_BATCH_BYTES) {
      const bytes = await this.#options.store.blobs.read(ref, at, Math.min(TREE_BATCH_BYTES, ref.size - at));
      leaves.push(...(await this.#options.crypto.digest(splitLeaves(bytes))));
    }
    const tree = merkleTree(leaves);
    if (toHex(tree.root) !== ref.root) {
      throw new WaystationError('corrupt', `the stored blob ${blobKey(ref)} no longer matches its name`);
    }
    return tree;
  }

  /** Closes every link and stops answering. */
  close(reason: string): void {
    this.#closed = true;
    this.#cancelWake?.();
    for (const link of this.#links.values()) {
      try {
        link.close(reason);
      } catch (error) {
        this.#options.onNotice({ kind: 'store-trouble', code: 'closed', message: errorMessage(error) });
      }
    }
    this.#links.clear();
  }
}
