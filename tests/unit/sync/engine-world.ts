/**
 * A small deterministic world for sync engines: links are queues that a test pumps, time stands still until a test moves it, and
 * nothing is asynchronous. What travels can be looked at, changed and held back on the way.
 */
import type { Bytes } from '../../../src/core/bytes.ts';
import type { Channel } from '../../../src/mesh/port.ts';
import type { LinkId } from '../../../src/sync/effects.ts';
import { bytesOf, START_MS } from '../identity/test-space.ts';

/** What stands at one end of a link. */
export interface Peer {
  linkUp(link: WorldLink, end: 0 | 1): void;
  receive(link: WorldLink, channel: Channel, bytes: Bytes): void;
  linkDown(link: WorldLink, reason: string): void;
  /** When it wants to be woken; null: not at all. */
  nextWakeMs(): number | null;
  wake(): void;
}

export interface LinkOptions {
  /** Certificate fingerprints as each end uses and sees them; honest links have the same pair at both ends. */
  readonly prints?: readonly [{ local: Bytes; remote: Bytes }, { local: Bytes; remote: Bytes }];
  /** Changes what end `from` sends; no result lets it through, an empty list loses it. */
  readonly intercept?: (from: 0 | 1, bytes: Bytes, channel: Channel) => readonly Bytes[] | undefined;
}

export class WorldLink {
  readonly id: LinkId;
  readonly ends: readonly [Peer, Peer];
  readonly prints: readonly [{ local: Bytes; remote: Bytes }, { local: Bytes; remote: Bytes }];
  intercept: LinkOptions['intercept'];
  closedBecause: string | null = null;
  /** Bytes delivered from each end. */
  readonly bytes: [number, number] = [0, 0];
  readonly #world: World;

  constructor(world: World, id: LinkId, ends: readonly [Peer, Peer], options: LinkOptions) {
    this.#world = world;
    this.id = id;
    this.ends = ends;
    this.intercept = options.intercept;
    const [a, b] = [bytesOf(`print ${id} a`), bytesOf(`print ${id} b`)];
    this.prints = options.prints ?? [
      { local: a, remote: b },
      { local: b, remote: a },
    ];
  }

  endOf(peer: Peer): 0 | 1 {
    return this.ends[0] === peer ? 0 : 1;
  }

  send(from: Peer, channel: Channel, bytes: Bytes): void {
    const end = this.endOf(from);
    const sent = this.intercept?.(end, bytes, channel) ?? [bytes];
    for (const one of sent) {
      this.#world.enqueue(() => {
        if (this.closedBecause !== null) return;
        this.bytes[end] += one.length;
        this.ends[end === 0 ? 1 : 0].receive(this, channel, one);
      });
    }
  }

  close(by: Peer, reason: string): void {
    if (this.closedBecause !== null) return;
    this.closedBecause = reason;
    by.linkDown(this, reason);
    this.#world.enqueue(() =>
      this.ends[this.endOf(by) === 0 ? 1 : 0].linkDown(this, 'closed by the other side'),
    );
  }
}

/** More deliveries than this without rest is two machines talking in circles. */
const MAX_DELIVERIES = 200_000;

export class World {
  /** Monotonic time of every node, ms. */
  nowMs = 1_000;
  /** The date at `nowMs` 0. */
  readonly epochMs = START_MS + 60_000;
  readonly #peers = new Set<Peer>();
  readonly #queue: (() => void)[] = [];
  #nextLink = 1;
  deliveries = 0;

  get wallMs(): number {
    return this.epochMs + this.nowMs;
  }

  add(peer: Peer): void {
    this.#peers.add(peer);
  }

  remove(peer: Peer): void {
    this.#peers.delete(peer);
  }

  enqueue(task: () => void): void {
    this.#queue.push(task);
  }

  /** Links two peers, the first one being the initiator, and lets them talk. */
  connect(initiator: Peer, responder: Peer, options: LinkOptions = {}): WorldLink {
    const link = this.connectOnly(initiator, responder, options);
    this.pump();
    return link;
  }

  /** Links two peers without delivering anything yet. */
  connectOnly(initiator: Peer, responder: Peer, options: LinkOptions = {}): WorldLink {
    const link = new WorldLink(this, this.#nextLink++, [initiator, responder], options);
    initiator.linkUp(link, 0);
    responder.linkUp(link, 1);
    return link;
  }

  /** Delivers one message; false when none waits. */
  step(): boolean {
    const task = this.#queue.shift();
    task?.();
    return task !== undefined;
  }

  /** Delivers until nobody has anything more to say without time passing. */
  pump(): void {
    for (let i = 0; this.step(); i++) {
      this.deliveries++;
      if (i > MAX_DELIVERIES) throw new Error('the engines talk without end');
    }
  }

  /** Lets time pass, waking whoever wants to be woken on the way. */
  advance(ms: number): void {
    const target = this.nowMs + ms;
    for (let wakes = 0; ; wakes++) {
      if (wakes > MAX_DELIVERIES) throw new Error('the engines wake without end');
      const next = Math.min(...[...this.#peers].map((peer) => peer.nextWakeMs() ?? Number.POSITIVE_INFINITY));
      if (next > target) break;
      this.nowMs = Math.max(this.nowMs, next);
      for (const peer of this.#peers) {
        const at = peer.nextWakeMs();
        if (at !== null && at <= this.nowMs) peer.wake();
      }
      this.pump();
    }
    this.nowMs = target;
  }
}
