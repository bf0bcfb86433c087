/**
 * One simulated node: its keys and disk, which outlive crashes, and while it is up the real sync engine on what the disk
 * holds. Performs the engine's effects as src/station/sync-driver.ts does, writes at the disk's pace and cryptography at once
 * or after a virtual wait.
 */

import { CHUNK_LEAVES } from '../../src/blob/merkle.ts';
import type { Bytes } from '../../src/core/bytes.ts';
import { WaystationError } from '../../src/core/errors.ts';
import { type EpochId, type NodeId, nodeIdFrom } from '../../src/core/ids.ts';
import { beatPayload } from '../../src/feed/beat.ts';
import { type Entry, encodeSign1, type Head, signedBytes } from '../../src/feed/entry.ts';
import { branchHead } from '../../src/feed/feed-index.ts';
import { KIND } from '../../src/feed/kinds.ts';
import type { Role } from '../../src/identity/roles.ts';
import type { Channel } from '../../src/mesh/port.ts';
import type { Effect, LinkId, Notice, RequestEffect } from '../../src/sync/effects.ts';
import { SyncEngine } from '../../src/sync/engine.ts';
import type { BlobPolicy, Replica } from '../../src/sync/replica.ts';
import type { MemoisedVerifier, SimKeys } from './crypto.ts';
import { digestAll, sealOnce } from './crypto.ts';
import type { SimDisk } from './disk.ts';
import { loadReplica } from './load.ts';
import type { LinkEnd, Side, SimLink } from './network.ts';
import type { Pool } from './pool.ts';
import type { SeededRandom } from './random.ts';
import type { VirtualTime } from './virtual-time.ts';
import { type Draft, type OwnPurpose, SimWriter } from './writer.ts';

/** What nodes of one world share, and whom they tell. */
export interface Surroundings {
  readonly time: VirtualTime;
  readonly pool: Pool;
  readonly verifier: MemoisedVerifier;
  /** Date at virtual time 0, ms since the Unix epoch. */
  readonly startMs: number;
  /** Longest virtual wait for a batch of signatures or hashes; 0 answers at once. */
  readonly cryptoMs: number;
  /** The epoch that sealed bodies name. */
  epoch(): EpochId | null;
  /** Called with everything that a node is about to send; what it returns is sent instead. */
  sending(from: Running, link: OpenLink, channel: Channel, bytes: Bytes): readonly Bytes[];
  notice(at: Running, notice: Notice): void;
  closed(at: Running, link: OpenLink, reason: string): void;
  /** Something that must never happen. */
  violated(what: string): void;
}

export interface OpenLink {
  readonly id: LinkId;
  readonly link: SimLink;
  readonly side: Side;
  readonly peer: SimNode;
  readonly sinceMs: number;
}

export interface SimNodeOptions {
  /** Its place in the world's list. */
  readonly number: number;
  readonly name: string;
  readonly role: Role;
  readonly keys: SimKeys;
  readonly disk: SimDisk;
  readonly random: SeededRandom;
  readonly policy: BlobPolicy;
  /** How far this node's clock is off, ms. */
  readonly skewMs: number;
}

export class SimNode {
  readonly number: number;
  readonly name: string;
  readonly role: Role;
  readonly id: NodeId;
  readonly keys: SimKeys;
  readonly disk: SimDisk;
  readonly random: SeededRandom;
  readonly policy: BlobPolicy;
  readonly skewMs: number;
  readonly around: Surroundings;
  running: Running | null = null;
  crashes = 0;

  constructor(around: Surroundings, options: SimNodeOptions) {
    this.around = around;
    this.number = options.number;
    this.name = options.name;
    this.role = options.role;
    this.keys = options.keys;
    this.disk = options.disk;
    this.random = options.random;
    this.policy = options.policy;
    this.skewMs = options.skewMs;
    this.id = nodeIdFrom(options.keys.publicKey);
  }

  get isUp(): boolean {
    return this.running !== null;
  }

  start(): Running {
    if (this.running !== null) throw new RangeError('expected a node that is down');
    this.running = new Running(this);
    this.running.recover();
    return this.running;
  }

  /** The power goes. Links fall silent; the other ends find out by themselves. */
  crash(): void {
    const running = this.running;
    if (running === null) return;
    this.crashes++;
    this.running = null;
    running.stop();
    this.disk.crash();
  }
}

/** What is found in every plaintext and must never be found anywhere else. */
export const PLAINTEXT_MARK = Buffer.from('plain text of a sensor reading');

export class Running {
  readonly node: SimNode;
  readonly engine: SyncEngine;
  readonly replica: Replica;
  readonly writer: SimWriter;
  readonly links = new Map<LinkId, OpenLink>();
  alive = true;
  /** Links over which bulk went since the engine was last told their credit. */
  readonly #sentBulk = new Set<LinkId>();
  #nextLink = 1;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #running = false;
  #lastBeatMs = 0;

  constructor(node: SimNode) {
    this.node = node;
    const { around, disk } = node;
    const loaded = loadReplica(disk.state, node.policy);
    for (const problem of loaded.problems) around.violated(`${node.name} cannot read its disk: ${problem}`);
    this.replica = loaded.replica;
    this.engine = new SyncEngine({ self: node.id, wallMs: () => this.wallMs() });
    this.writer = new SimWriter({
      self: node.id,
      keys: node.keys,
      disk,
      replica: this.replica,
      pool: around.pool,
      random: node.random,
      wallMs: () => this.wallMs(),
      epoch: () => around.epoch(),
      publish: (entry) => {
        this.engine.localEntries(this.replica.space, [entry], this.#nowMs);
        this.run();
      },
      run: () => this.run(),
    });
    this.engine.addSpace(this.replica, this.#nowMs);
    this.run();
  }

  get #nowMs(): number {
    return this.node.around.time.nowMs;
  }

  wallMs(): number {
    return this.node.around.startMs + this.#nowMs + this.node.skewMs;
  }

  get isAdmitted(): boolean {
    return this.replica.membership.isActive(this.node.id);
  }

  stop(): void {
    this.alive = false;
    for (const { link } of this.links.values()) link.cut();
    this.links.clear();
  }

  // Recording.

  /** Hours that were recorded and not sealed before the crash are sealed now. */
  recover(): void {
    const { pool } = this.node.around;
    const sealed = new Set<number>();
    for (const branch of this.replica.index.branches()) {
      if (branch.author !== this.node.id) continue;
      for (const meta of branch.entries) {
        if (meta.kind === KIND.hour) sealed.add(hourOf(pool.knownEntry(meta.id) as Entry));
      }
    }
    for (const hour of [...this.node.disk.state.recorded].sort((a, b) => a - b)) {
      if (!sealed.has(hour)) this.#seal(hour);
    }
  }

  /** The readings of an hour are written ahead; it is sealed at once. */
  recordHour(hour: number): void {
    this.node.disk.state.recorded.add(hour);
    this.#seal(hour);
  }

  #seal(hour: number): void {
    const { around, random, disk } = this.node;
    const plaintext = new Uint8Array(hourBytes(random));
    plaintext.set(PLAINTEXT_MARK);
    const blob = around.pool.addBlob(this.node.id, sealOnce(random.bytes(32), plaintext));
    disk.putBlob(blob.ref, () => {
      if (!this.alive) return;
      this.engine.localBlob(this.replica.space, blob.key, this.#nowMs);
      // The hour's number stands for the summary that a real body holds.
      const body = new Uint8Array(SUMMARY_BYTES);
      body.set(sealOnce(random.bytes(32), PLAINTEXT_MARK), HOUR_NUMBER_BYTES);
      new DataView(body.buffer).setUint32(0, hour);
      this.write('data', { kind: KIND.hour, body, blobs: [blob.ref] });
    });
  }

  write(purpose: OwnPurpose, draft: Draft, done?: (entry: Entry) => void): void {
    this.writer.write(purpose, draft, done);
  }

  beat(): void {
    if (!this.isAdmitted) return;
    const timeMs = Math.max(Math.round(this.wallMs()), this.#lastBeatMs + 1);
    this.#lastBeatMs = timeMs;
    const heads: Head[] = [];
    for (const branch of this.replica.index.branches()) {
      const head = branch.author === this.node.id ? branchHead(branch) : undefined;
      if (head !== undefined) heads.push(head);
    }
    const { space } = this.replica;
    const payload = beatPayload({ space, author: this.node.id, timeMs, heads, extra: new Uint8Array(0) });
    const bytes = encodeSign1(payload, this.node.keys.sign(signedBytes(payload)));
    this.node.disk.state.beats.set(this.node.id, { timeMs, bytes });
    this.engine.localBeat(space, timeMs, bytes, this.#nowMs);
    this.run();
  }

  // Links.

  /** Takes over one end of a link. @param fingerprints what DTLS saw: of this end, of the other. */
  attach(
    peer: SimNode,
    side: Side,
    fingerprints: readonly [Bytes, Bytes],
  ): { end: LinkEnd; open: (link: SimLink) => void } {
    const id = this.#nextLink++;
    const end: LinkEnd = {
      deliver: (channel, bytes) => {
        if (!this.links.has(id)) return;
        this.engine.message(id, channel, bytes, this.#nowMs);
        this.run();
      },
      drained: () => {
        const open = this.links.get(id);
        if (open === undefined) return;
        this.engine.drained(id, open.link.credit(open.side), this.#nowMs);
        this.run();
      },
      down: () => {
        if (!this.links.delete(id)) return;
        this.engine.linkDown(id, this.#nowMs);
        this.run();
      },
    };
    const open = (link: SimLink) => {
      this.links.set(id, { id, link, side, peer, sinceMs: this.#nowMs });
      const [localFingerprint, remoteFingerprint] = fingerprints;
      const facts = { link: id, initiator: side === 0, localFingerprint, remoteFingerprint };
      this.engine.linkUp(facts, this.node.random.bytes(32), link.credit(side), this.#nowMs);
      this.run();
    };
    return { end, open };
  }

  // Effects.

  run(): void {
    if (this.#running || !this.alive) return;
    this.#running = true;
    for (let effects = this.engine.takeEffects(); effects.length > 0; effects = this.engine.takeEffects()) {
      for (const effect of effects) this.#perform(effect);
      this.#tellCredit();
    }
    this.#running = false;
    this.#scheduleWake();
  }

  #scheduleWake(): void {
    const at = this.engine.nextWakeMs();
    if (at === null || at >= this.#wakeAtMs) return;
    this.#wakeAtMs = at;
    this.node.around.time.at(at, () => {
      if (!this.alive || this.#wakeAtMs !== at) return;
      this.#wakeAtMs = Number.POSITIVE_INFINITY;
      this.engine.wake(Math.max(at, this.#nowMs));
      this.run();
    });
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'send':
        return this.#send(effect.link, effect.channel, effect.bytes);
      case 'close': {
        const open = this.links.get(effect.link);
        if (open === undefined) return;
        this.node.around.closed(this, open, effect.reason);
        return open.link.close(open.side, effect.reason);
      }
      case 'notice':
        return this.#notice(effect.notice);
      default:
        return this.#answer(effect);
    }
  }

  #notice(notice: Notice): void {
    if (notice.kind === 'own-feed-elsewhere') this.writer.abandon(notice.head.feed);
    if (notice.kind === 'beat') {
      const beat = this.replica.beats.get(notice.author);
      if (beat !== undefined) this.node.disk.state.beats.set(notice.author, beat);
    }
    this.node.around.notice(this, notice);
  }

  #send(id: LinkId, channel: Channel, bytes: Bytes): void {
    const open = this.links.get(id);
    if (open === undefined) return;
    for (const message of this.node.around.sending(this, open, channel, bytes)) {
      open.link.send(open.side, channel, message);
    }
    if (channel === 'bulk') this.#sentBulk.add(id);
  }

  #tellCredit(): void {
    for (const id of this.#sentBulk) {
      const open = this.links.get(id);
      if (open !== undefined) this.engine.drained(id, open.link.credit(open.side), this.#nowMs);
    }
    this.#sentBulk.clear();
  }

  #answer(effect: RequestEffect): void {
    const answer = (value: unknown) => {
      if (!this.alive) return;
      this.engine.result(effect.id, value as never, this.#nowMs);
      this.run();
    };
    const { around, keys, disk } = this.node;
    switch (effect.type) {
      case 'sign':
        return this.#afterCrypto(() => answer(keys.sign(effect.message)));
      case 'verify':
        return this.#afterCrypto(() => answer(around.verifier.verify(effect.items)));
      case 'digest':
        return this.#afterCrypto(() => answer(digestAll(effect.chunks)));
      case 'append':
        return disk.appendEntries(
          effect.branch,
          effect.entries.map((entry) => ({
            entry: around.pool.entry(entry),
            verified: effect.verified(entry),
          })),
          () => answer(undefined),
        );
      case 'readEntries': {
        const records = disk.state.logs.get(effect.segment.branch.name) ?? [];
        const { from, to, branch } = effect.segment;
        const read: Bytes[] = [];
        let bytes = 0;
        for (const { entry } of records.slice(from - branch.base, to - branch.base + 1)) {
          bytes += entry.bytes.length;
          if (read.length > 0 && bytes > effect.maxBytes) break;
          read.push(entry.bytes);
        }
        return answer(read);
      }
      case 'writeLeaves': {
        const { ref, firstLeaf, bytes } = effect;
        if (!around.pool.isPartOf(ref, firstLeaf, bytes))
          around.violated(`${this.node.name} keeps bytes of no blob`);
        return disk.writeChunk(ref, firstLeaf / CHUNK_LEAVES, bytes.length, answer);
      }
      case 'readChunk': {
        const chunk = around.pool.readChunk(effect.ref, effect.chunk);
        if (chunk !== undefined) return answer(chunk);
        return this.engine.failed(effect.id, new WaystationError('not-found', 'no such blob'), this.#nowMs);
      }
      case 'writeAdmit':
        return this.write('control', { kind: KIND.admit, body: effect.body }, () => answer(undefined));
    }
  }

  /** Verifying and hashing happen in a worker: answers come later, batches in any order. */
  #afterCrypto(work: () => void): void {
    const { cryptoMs, time } = this.node.around;
    if (cryptoMs === 0) return work();
    time.after(this.node.random.unit() * cryptoMs, () => {
      if (this.alive) work();
    });
  }
}

const HOUR_NUMBER_BYTES = 4;
const SUMMARY_BYTES = 160;

/** The hour that a sealed hour's entry is about. */
export function hourOf(entry: Entry): number {
  return new DataView(entry.body.buffer, entry.body.byteOffset).getUint32(0);
}

/** Mostly a few slow streams; some fast ones; once in a while 50 Hz motion, which takes several chunks. */
function hourBytes(random: SeededRandom): number {
  const kind = random.unit();
  if (kind < 0.85) return random.integer(200, 2_000);
  if (kind < 0.95) return random.integer(2_000, 20_000);
  if (kind < 0.99) return random.integer(20_000, 60_000);
  return random.integer(131_072, 200_000);
}
