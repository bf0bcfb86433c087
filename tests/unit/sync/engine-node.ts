/** A sync engine with the smallest store that can serve it, in memory and at once, and with everything it did on record. */
import {
  CHUNK_LEAVES,
  chunkBytes,
  chunkLeaves,
  LEAF_BYTES,
  leafCount,
  merkleTree,
  splitLeaves,
} from '../../../src/blob/merkle.ts';
import { type Bytes, concatBytes, equalBytes, toHex } from '../../../src/core/bytes.ts';
import { type BlobRef, type BlobRoot, blobKey, feedIdFrom, type SpaceId } from '../../../src/core/ids.ts';
import { beatPayload } from '../../../src/feed/beat.ts';
import { decodeEntry, type Entry, encodeSign1, PURPOSE, signedBytes } from '../../../src/feed/entry.ts';
import { FeedIndex, feedKey } from '../../../src/feed/feed-index.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import { encodeChain } from '../../../src/identity/grant-chain.ts';
import { Membership } from '../../../src/identity/membership.ts';
import type { Channel } from '../../../src/mesh/port.ts';
import type { Effect, LinkId, Notice, RequestEffect, RequestName } from '../../../src/sync/effects.ts';
import { SyncEngine } from '../../../src/sync/engine.ts';
import { decodeMessage, type MessageName } from '../../../src/sync/messages.ts';
import { type BlobPolicy, Replica } from '../../../src/sync/replica.ts';
import type { SpaceSession } from '../../../src/sync/space-session.ts';
import { type Actor, bytesOf, nodeCrypto, sign, type TestSpace } from '../identity/test-space.ts';
import type { Peer, World, WorldLink } from './engine-world.ts';

export const MEET_SECRET = bytesOf('meet secret');

/** What survives a restart. */
export interface Disk {
  /** Per branch name, the entries' bytes. */
  readonly logs: Map<string, Bytes[]>;
  readonly blobs: Map<string, Bytes>;
  readonly partial: Map<string, Map<number, Bytes>>;
}

export interface NodeOptions {
  /** Entries it holds from the start; by default all that the space has. */
  readonly entries?: readonly Entry[];
  readonly policy?: BlobPolicy;
  readonly credential?: Bytes;
  readonly meetSecret?: Bytes;
  readonly acceptPeer?: (node: string) => boolean;
  readonly disk?: Disk;
  /** Bytes of bulk that each link takes before it must be drained; unlimited by default. */
  readonly creditBytes?: number;
  /** Sends away who shares no space, as after a direct dial. */
  readonly mustShare?: boolean;
}

export interface Sent {
  readonly link: LinkId;
  readonly channel: Channel;
  readonly name: MessageName;
  readonly bytes: Bytes;
}

/** Data that a label names, cheap to make and hard to compress. */
export function dataOf(label: string, size: number): Bytes {
  const seed = bytesOf(label);
  const out = new Uint8Array(size);
  let x = ((seed[0] as number) << 16) | ((seed[1] as number) << 8) | 1;
  for (let i = 0; i < size; i++) {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    out[i] = x >>> 24;
  }
  return out;
}

function digest(chunks: readonly Uint8Array[]): readonly Bytes[] {
  return nodeCrypto.digest(chunks) as Bytes[];
}

export function refOf(bytes: Uint8Array): BlobRef {
  return { root: toHex(merkleTree(digest(splitLeaves(bytes))).root) as BlobRoot, size: bytes.length };
}

/** The entries of each branch that these entries make, oldest first, and an index that holds them. */
function indexed(space: SpaceId, entries: readonly Entry[]): { index: FeedIndex; membership: Membership } {
  const index = new FeedIndex();
  const membership = new Membership(space);
  for (const entry of entries) {
    index.commit([entry], () => true);
    if (entry.header.purpose === PURPOSE.control) membership.add(entry);
  }
  return { index, membership };
}

export class EngineNode implements Peer {
  readonly world: World;
  readonly actor: Actor;
  readonly space: TestSpace;
  readonly engine: SyncEngine;
  readonly replica: Replica;
  readonly disk: Disk;
  readonly notices: Notice[] = [];
  readonly sent: Sent[] = [];
  readonly closes: string[] = [];
  /** Requests of these kinds wait for {@link release}. */
  readonly holding = new Set<RequestName>();
  readonly #held: RequestEffect[] = [];
  /** Requests of these kinds fail with this. */
  readonly failing = new Map<RequestName, unknown>();
  readonly requests = new Map<RequestName, number>();
  readonly links = new Map<LinkId, WorldLink>();
  readonly credit = new Map<LinkId, number>();
  readonly data: Entry[] = [];
  readonly #options: NodeOptions;
  readonly #sentBulk = new Set<LinkId>();
  #nonces = 0;
  #running = false;

  constructor(world: World, space: TestSpace, actor: Actor, options: NodeOptions = {}) {
    this.world = world;
    this.space = space;
    this.actor = actor;
    this.#options = options;
    this.disk = options.disk ?? { logs: new Map(), blobs: new Map(), partial: new Map() };
    const { acceptPeer } = options;
    this.engine = new SyncEngine({
      self: actor.node,
      wallMs: () => world.wallMs,
      ...(acceptPeer === undefined ? {} : { acceptPeer }),
    });
    const start = options.entries ?? (options.disk === undefined ? space.entries : []);
    for (const { header, bytes } of start) this.#logOf(feedKey(header.author, header.feed)).push(bytes);
    const held = [...this.disk.logs.values()].flatMap((log) => log.map((bytes) => decodeEntry(bytes)));
    held.sort((a, b) => a.header.lamport - b.header.lamport);
    const { index, membership } = indexed(space.id, held);
    if (membership.genesis === undefined) membership.add(space.genesis);
    const partial = [...this.disk.partial].map(([key, leaves]) => [key, chunksOf(key, leaves)] as const);
    this.replica = new Replica(
      {
        space: space.id,
        meetSecret: options.meetSecret ?? MEET_SECRET,
        membership,
        index,
        policy: options.policy ?? (() => true),
        credential: options.credential ?? encodeChain(space.credential(actor)),
      },
      new Set(this.disk.blobs.keys()),
      new Map(partial),
    );
    this.data.push(
      ...held.filter((e) => e.header.author === actor.node && e.header.purpose === PURPOSE.data),
    );
    this.engine.addSpace(this.replica, world.nowMs);
    world.add(this);
  }

  #logOf(branch: string): Bytes[] {
    const log = this.disk.logs.get(branch) ?? [];
    this.disk.logs.set(branch, log);
    return log;
  }

  /** Ends this node as a kill would, and starts another on its disk. */
  restart(options: NodeOptions = {}): EngineNode {
    for (const link of [...this.links.values()]) link.close(this, 'killed');
    this.world.remove(this);
    return new EngineNode(this.world, this.space, this.actor, {
      ...this.#options,
      ...options,
      disk: this.disk,
    });
  }

  // What it does of its own accord.

  /** Writes the next entry of its data feed, storing the blobs it names first. */
  write(blobs: readonly Bytes[] = [], change: Partial<Entry['header']> = {}): Entry {
    const refs = blobs.map((bytes) => {
      const ref = refOf(bytes);
      this.disk.blobs.set(blobKey(ref), bytes);
      this.engine.localBlob(this.space.id, blobKey(ref), this.world.nowMs);
      return ref;
    });
    const previous = this.data.at(-1);
    const entry = this.actor.signEntry(
      {
        space: this.space.id,
        author: this.actor.node,
        feed: feedIdFrom(bytesOf(`data ${this.actor.name}`, 16)),
        purpose: PURPOSE.data,
        seq: previous === undefined ? 0 : previous.header.seq + 1,
        previous: previous?.id ?? null,
        lamport: this.replica.index.highestLamport + 1,
        timeMs: this.world.wallMs,
        kind: refs.length > 0 ? KIND.hour : 99,
        blobs: refs,
        epoch: null,
        seen: [],
        succeeds: null,
        ...change,
      },
      bytesOf(`body ${this.actor.name} ${this.data.length}`),
    );
    this.data.push(entry);
    this.publish(entry);
    return entry;
  }

  /** Makes an entry of its own durable and tells the engine. */
  publish(entry: Entry): void {
    const { branch } = this.replica.index.place([entry]);
    this.#logOf(branch.name).push(entry.bytes);
    this.engine.localEntries(this.space.id, [entry], this.world.nowMs);
    this.run();
  }

  beat(timeMs = this.world.wallMs): Bytes {
    const payload = beatPayload({
      space: this.space.id,
      author: this.actor.node,
      timeMs,
      heads: [],
      extra: new Uint8Array(0),
    });
    const bytes = encodeSign1(payload, sign(this.actor.signSeed, signedBytes(payload)));
    this.engine.localBeat(this.space.id, timeMs, bytes, this.world.nowMs);
    this.run();
    return bytes;
  }

  // What a test asks of it.

  holdsEntry({ header, id }: Entry): boolean {
    return this.replica.index.has({ author: header.author, feed: header.feed, seq: header.seq, id });
  }

  holdsBlob(bytes: Uint8Array): boolean {
    const kept = this.disk.blobs.get(blobKey(refOf(bytes)));
    return kept !== undefined && equalBytes(kept, bytes);
  }

  /** Sent messages of one kind, over one link or all. */
  sentOf(name: MessageName, link?: WorldLink): Sent[] {
    return this.sent.filter((one) => one.name === name && (link === undefined || one.link === link.id));
  }

  namesSent(link: WorldLink): MessageName[] {
    return this.sent.filter((one) => one.link === link.id).map((one) => one.name);
  }

  noticed<K extends Notice['kind']>(kind: K): Extract<Notice, { kind: K }>[] {
    return this.notices.filter((notice) => notice.kind === kind) as Extract<Notice, { kind: K }>[];
  }

  dropped(reason: string): number {
    return this.engine.dropped.get(reason) ?? 0;
  }

  session(link: WorldLink): SpaceSession | undefined {
    return this.engine.sessions.get(link.id)?.spaces.get(this.space.id);
  }

  /** Answers what was held back, oldest first, or what `pick` chooses. */
  release(pick: (effect: RequestEffect) => boolean = () => true): void {
    const now = this.#held.filter(pick);
    for (const effect of now) {
      this.#held.splice(this.#held.indexOf(effect), 1);
      this.#answer(effect);
    }
    this.run();
  }

  get heldRequests(): readonly RequestEffect[] {
    return this.#held;
  }

  drain(link: WorldLink, bytes: number): void {
    this.credit.set(link.id, bytes);
    this.engine.drained(link.id, bytes, this.world.nowMs);
    this.run();
  }

  // The driver's part.

  linkUp(link: WorldLink, end: 0 | 1): void {
    this.links.set(link.id, link);
    const { local, remote } = link.prints[end];
    const facts = {
      link: link.id,
      initiator: end === 0,
      localFingerprint: local,
      remoteFingerprint: remote,
      mustShare: this.#options.mustShare === true,
    };
    const credit = this.#options.creditBytes ?? Number.MAX_SAFE_INTEGER;
    this.credit.set(link.id, credit);
    const nonce = bytesOf(`nonce ${this.actor.name} ${link.id} ${this.#nonces++}`);
    this.engine.linkUp(facts, nonce, credit, this.world.nowMs);
    this.run();
  }

  receive(link: WorldLink, channel: Channel, bytes: Bytes): void {
    if (!this.links.has(link.id)) return;
    this.engine.message(link.id, channel, bytes, this.world.nowMs);
    this.run();
  }

  linkDown(link: WorldLink, reason: string): void {
    if (!this.links.delete(link.id)) return;
    this.closes.push(reason);
    this.engine.linkDown(link.id, this.world.nowMs);
    this.run();
  }

  nextWakeMs(): number | null {
    return this.engine.nextWakeMs();
  }

  wake(): void {
    this.engine.wake(this.world.nowMs);
    this.run();
  }

  run(): void {
    if (this.#running) return;
    this.#running = true;
    try {
      for (let effects = this.engine.takeEffects(); effects.length > 0; effects = this.engine.takeEffects()) {
        for (const effect of effects) this.#perform(effect);
        for (const id of this.#sentBulk) this.engine.drained(id, this.credit.get(id) ?? 0, this.world.nowMs);
        this.#sentBulk.clear();
      }
    } finally {
      this.#running = false;
    }
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'send':
        return this.#send(effect.link, effect.channel, effect.bytes);
      case 'close':
        this.links.get(effect.link)?.close(this, effect.reason);
        return;
      case 'notice':
        this.notices.push(effect.notice);
        return;
      default:
        this.requests.set(effect.type, (this.requests.get(effect.type) ?? 0) + 1);
        if (this.holding.has(effect.type)) this.#held.push(effect);
        else this.#answer(effect);
    }
  }

  #send(id: LinkId, channel: Channel, bytes: Bytes): void {
    const link = this.links.get(id);
    if (link === undefined) return;
    this.sent.push({ link: id, channel, name: decodeMessage(bytes).name, bytes });
    link.send(this, channel, bytes);
    if (channel !== 'bulk' || this.#options.creditBytes === undefined) return;
    this.credit.set(id, (this.credit.get(id) ?? 0) - bytes.length);
    this.#sentBulk.add(id);
  }

  #answer(effect: RequestEffect): void {
    const { nowMs } = this.world;
    const failure = this.failing.get(effect.type);
    if (failure !== undefined) return this.engine.failed(effect.id, failure, nowMs);
    try {
      this.engine.result(effect.id, this.#request(effect) as never, nowMs);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      this.engine.failed(effect.id, error, nowMs);
    }
  }

  #request(effect: RequestEffect): unknown {
    switch (effect.type) {
      case 'sign':
        return sign(this.actor.signSeed, effect.message);
      case 'verify':
        return nodeCrypto.verify(effect.items);
      case 'digest':
        return digest(effect.chunks);
      case 'append':
        this.#logOf(effect.branch).push(...effect.entries.map((entry) => entry.bytes));
        return undefined;
      case 'readEntries':
        return this.#readEntries(effect);
      case 'writeLeaves':
        return this.#writeLeaves(effect.ref, effect.firstLeaf, effect.bytes);
      case 'readChunk':
        return this.#readChunk(effect.ref, effect.chunk);
      case 'writeAdmit': {
        const entry = this.space.write(this.actor, KIND.admit, effect.body, this.world.wallMs);
        this.publish(entry);
        return undefined;
      }
    }
  }

  #readEntries({ segment, maxBytes }: Extract<RequestEffect, { type: 'readEntries' }>): Bytes[] {
    const { branch, from, to } = segment;
    const log = (this.disk.logs.get(branch.name) ?? []).slice(from - branch.base, to - branch.base + 1);
    const out: Bytes[] = [];
    let size = 0;
    for (const bytes of log) {
      size += bytes.length;
      if (out.length > 0 && size > maxBytes) break;
      out.push(bytes);
    }
    return out;
  }

  #writeLeaves(ref: BlobRef, firstLeaf: number, bytes: Bytes): boolean {
    const key = blobKey(ref);
    if (this.disk.blobs.has(key)) return true;
    const leaves = this.disk.partial.get(key) ?? new Map<number, Bytes>();
    this.disk.partial.set(key, leaves);
    splitLeaves(bytes).forEach((leaf, i) => {
      leaves.set(firstLeaf + i, leaf.slice() as Bytes);
    });
    const count = leafCount(ref.size);
    if (leaves.size < count) return false;
    const all = Array.from({ length: count }, (_, leaf) => leaves.get(leaf) as Bytes);
    this.disk.partial.delete(key);
    this.disk.blobs.set(key, concatBytes(...all));
    return true;
  }

  #readChunk(ref: BlobRef, chunk: number): { bytes: Bytes; proof: readonly Bytes[] } {
    const blob = this.disk.blobs.get(blobKey(ref));
    if (blob === undefined) throw new Unanswered('the blob is gone');
    const { firstLeaf, rangeLeaves, leaves } = chunkLeaves(ref, chunk);
    const from = firstLeaf * LEAF_BYTES;
    const bytes = blob.slice(from, from + chunkBytes(ref.size, chunk));
    if (leaves * LEAF_BYTES >= ref.size) return { bytes, proof: [] };
    return { bytes, proof: merkleTree(digest(splitLeaves(blob))).proof(firstLeaf, rangeLeaves) };
  }
}

class Unanswered extends Error {}

/** The chunks of which all leaves are there. */
function chunksOf(key: string, leaves: ReadonlyMap<number, Bytes>): ReadonlySet<number> {
  const count = leafCount(Number(key.split('-')[1]));
  const chunks = new Set<number>();
  for (let first = 0; first < count; first += CHUNK_LEAVES) {
    let all = true;
    for (let leaf = first; leaf < Math.min(count, first + CHUNK_LEAVES); leaf++) all &&= leaves.has(leaf);
    if (all) chunks.add(first / CHUNK_LEAVES);
  }
  return chunks;
}
