/**
 * One host, spoken to as a member of spaces: shows our sealed hello under each space's topic, tells who else is there,
 * and carries sealed signals. Between the plain `SignalingClient` and the mesh, this is where ciphertext ends.
 *
 * Invariants
 * - What one host delivers is handled in the order of its arrival, and what we send leaves in order, though sealing and
 *   opening may be asynchronous.
 * - Results that belong to an earlier connection are discarded: ids and topics live as long as a connection.
 */

import { MAX_TOPICS_PER_CLIENT, type Presence, type SealedPayload } from '../../signaling/protocol.ts';
import type { Bytes } from '../core/bytes.ts';
import type { Counters } from '../core/counters.ts';
import type { NodeId, SpaceId } from '../core/ids.ts';
import type { Clock, MaybePromise, Random } from '../core/ports.ts';
import { InOrder } from './in-order.ts';
import { meetingDays, meetingTopic } from './meeting-topic.ts';
import type { TextSocketFactory } from './port.ts';
import { CARRIER, type Signal, type SignalSealer } from './sealed-signal.ts';
import { type HostConnectionState, SignalingClient, type SignalType } from './signaling-client.ts';

/** Two full answers of presence and a burst of candidates. */
const MAX_INCOMING_JOBS = 2_048;
const MAX_OUTGOING_JOBS = 2_048;
/** Connections that one host may show us; a space of a village. */
const MAX_PRESENCES = 1_024;

/** A space in which we look for members, with its signal key. */
export interface Meeting {
  readonly space: SpaceId;
  readonly meetSecret: Uint8Array;
  readonly key: Bytes;
}

/** What a member said, opened; `nodeId` is its claim. */
export interface HeardSignal {
  readonly connId: string;
  readonly connectionId: string;
  readonly nodeId: NodeId;
  readonly meeting: Meeting;
  readonly signal: Signal;
}

export interface HostSessionHandlers {
  onPeer(host: HostSession, connId: string, nodeId: NodeId, topic: string, meeting: Meeting): void;
  onPeerGone(host: HostSession, connId: string, topic: string): void;
  /** All peers of the host are gone from signaling. */
  onDown(host: HostSession): void;
  /** It opened, or none of its addresses answered. */
  onTurn?(host: HostSession): void;
  onSignal(host: HostSession, heard: HeardSignal): void;
  onUndelivered(host: HostSession, connId: string): void;
}

export interface HostSessionOptions {
  /** Addresses of one host, at least one. */
  readonly urls: readonly string[];
  readonly nodeId: NodeId;
  readonly sockets: TextSocketFactory;
  readonly clock: Clock;
  readonly random: Random;
  readonly sealer: SignalSealer;
  readonly counters: Counters;
  readonly handlers: HostSessionHandlers;
}

export class HostSession {
  readonly #options: HostSessionOptions;
  readonly #client: SignalingClient;
  readonly #incoming = new InOrder(MAX_INCOMING_JOBS);
  readonly #outgoing = new InOrder(MAX_OUTGOING_JOBS);
  /** Topics joined or being joined on the present connection. */
  readonly #joined = new Map<string, Meeting>();
  /** Topics under which each connection is known; all of one connection claim one node id. */
  readonly #present = new Map<string, { readonly nodeId: NodeId; readonly topics: Set<string> }>();
  #meetings: readonly Meeting[] = [];

  constructor(options: HostSessionOptions) {
    this.#options = options;
    this.#client = new SignalingClient({
      ...options,
      handlers: {
        onOpen: () => {
          this.refresh(this.#meetings);
          options.handlers.onTurn?.(this);
        },
        onDown: () => this.#onDown(),
        onUnreachable: () => options.handlers.onTurn?.(this),
        onPresent: (topic, peers) => {
          for (const peer of peers) this.#onPresence(topic, peer);
        },
        onArrived: (topic, peer) => this.#onPresence(topic, peer),
        onLeft: (topic, id) =>
          this.#inTurn(
            () => undefined,
            () => this.#gone(id, topic),
          ),
        onSignal: (type, src, payload) => this.#onSignal(type, src, payload),
        onUndelivered: (id) =>
          this.#inTurn(
            () => undefined,
            () => options.handlers.onUndelivered(this, id),
          ),
      },
    });
  }

  get url(): string {
    return this.#client.url;
  }

  get state(): HostConnectionState {
    return this.#client.state;
  }

  get hostId(): string {
    return this.#client.hostId;
  }

  /** It has answered at least once. */
  get wasOpen(): boolean {
    return this.#client.wasOpen;
  }

  get lastFailure(): string | undefined {
    return this.#client.lastFailure;
  }

  /** Connections of members that this host shows. */
  get peerCount(): number {
    return this.#present.size;
  }

  /** Joins and leaves topics so that they fit `meetings` and the present day; cheap when nothing changed. */
  refresh(meetings: readonly Meeting[]): void {
    this.#meetings = meetings;
    const src = this.#client.selfId;
    if (src === '') return;
    const wanted = new Map<string, Meeting>();
    for (const day of meetingDays(this.#options.clock.nowMs(), this.#client.hostNowMs)) {
      for (const meeting of meetings) {
        // What a host would refuse is not asked for: of many spaces the least likely days are left out.
        if (wanted.size >= MAX_TOPICS_PER_CLIENT) break;
        wanted.set(meetingTopic(meeting.meetSecret, this.#client.hostId, day), meeting);
      }
    }
    const parted = [...this.#joined.keys()].filter((topic) => !wanted.has(topic));
    if (parted.length > 0) this.#client.part(parted);
    for (const topic of parted) {
      this.#joined.delete(topic);
      for (const connId of [...this.#present.keys()]) this.#gone(connId, topic);
    }
    for (const [topic, meeting] of wanted) {
      if (!this.#joined.has(topic)) this.#join(topic, meeting, src);
    }
  }

  /** Seals `signal` for a member of the meeting's space and sends it to its connection; lost if the host is down. */
  send(connId: string, connectionId: string, { key }: Meeting, signal: Signal): void {
    const src = this.#client.selfId;
    if (src === '') return;
    const { sealer, nodeId } = this.#options;
    this.#outgoingTurn(
      () => sealer.sealSignal(key, nodeId, signal, { src, dst: connId, connectionId }),
      (sealed) => {
        if (this.#client.selfId !== src) return;
        this.#client.signal(CARRIER[signal.kind], connId, { sealed, connectionId });
      },
    );
  }

  /** Leaves the host; no handler is called any more. */
  close(): void {
    this.#client.close();
    this.#joined.clear();
    this.#present.clear();
  }

  #join(topic: string, meeting: Meeting, src: string): void {
    this.#joined.set(topic, meeting);
    const { sealer, nodeId } = this.#options;
    this.#outgoingTurn(
      () => sealer.sealHello(meeting.key, nodeId, topic, src),
      (hello) => {
        if (this.#client.selfId === src && this.#joined.has(topic)) this.#client.join([{ topic, hello }]);
      },
    );
  }

  #onDown(): void {
    this.#joined.clear();
    this.#present.clear();
    this.#options.handlers.onDown(this);
  }

  #onPresence(topic: string, { id, hello }: Presence): void {
    const meeting = this.#joined.get(topic);
    if (meeting === undefined) {
      this.#options.counters.count('presence-unasked');
      return;
    }
    this.#inTurn(
      () => this.#options.sealer.openHello(meeting.key, hello, topic, id),
      (nodeId) => this.#found(id, nodeId, topic, meeting),
    );
  }

  #found(connId: string, nodeId: NodeId, topic: string, meeting: Meeting): void {
    const { counters, handlers } = this.#options;
    if (nodeId === this.#options.nodeId || !this.#joined.has(topic)) return;
    const known = this.#present.get(connId);
    if (known !== undefined && known.nodeId !== nodeId) counters.count('hello-two-nodes');
    else if (known === undefined && this.#present.size >= MAX_PRESENCES) counters.count('presences-full');
    else {
      const topics = known?.topics ?? new Set();
      topics.add(topic);
      this.#present.set(connId, { nodeId, topics });
      handlers.onPeer(this, connId, nodeId, topic, meeting);
    }
  }

  #gone(connId: string, topic: string): void {
    const known = this.#present.get(connId);
    if (known === undefined || !known.topics.delete(topic)) return;
    if (known.topics.size === 0) this.#present.delete(connId);
    this.#options.handlers.onPeerGone(this, connId, topic);
  }

  #onSignal(type: SignalType, src: string, { sealed, connectionId }: SealedPayload): void {
    const route = { src, dst: this.#client.selfId, connectionId };
    const { sealer, handlers } = this.#options;
    this.#inTurn(
      () =>
        firstThatOpens(this.#meetingsWith(src), (meeting) => {
          const opened = sealer.openSignal(meeting.key, sealed, type, route);
          const withMeeting = (found: Awaited<typeof opened>) => ({ ...found, meeting });
          return opened instanceof Promise ? opened.then(withMeeting) : withMeeting(opened);
        }),
      (heard) => handlers.onSignal(this, { connId: src, connectionId, ...heard }),
    );
  }

  /** The meetings a connection was seen in, or all when it was not seen (a full topic does not show everybody). */
  #meetingsWith(connId: string): readonly Meeting[] {
    const seen = [...(this.#present.get(connId)?.topics ?? [])].flatMap(
      (topic) => this.#joined.get(topic) ?? [],
    );
    return seen.length > 0 ? [...new Set(seen)] : this.#meetings;
  }

  /** Does incoming work in the order of arrival and drops it, counted, when it fails or there is too much of it. */
  #inTurn<T>(work: () => MaybePromise<T>, done: (result: T) => void): void {
    const { counters } = this.#options;
    const src = this.#client.selfId;
    const taken = this.#incoming.run(
      work,
      (result) => {
        if (this.#client.selfId === src && src !== '') done(result);
      },
      () => counters.count('unopenable'),
    );
    if (!taken) counters.count('incoming-full');
  }

  #outgoingTurn<T>(work: () => MaybePromise<T>, done: (result: T) => void): void {
    const { counters } = this.#options;
    if (!this.#outgoing.run(work, done, () => counters.count('unsealable'))) counters.count('outgoing-full');
  }
}

/** The first result that does not throw or reject. @throws what the last one threw. */
function firstThatOpens<T, U>(items: readonly T[], open: (item: T) => MaybePromise<U>): MaybePromise<U> {
  const [first, ...others] = items;
  if (first === undefined) throw new TypeError('nothing to open with');
  if (others.length === 0) return open(first);
  try {
    const result = open(first);
    return result instanceof Promise ? result.catch(() => firstThatOpens(others, open)) : result;
  } catch {
    return firstThatOpens(others, open);
  }
}
