/**
 * Links in memory for tests and simulations: same contract as the WebRTC transports, no sockets. Messages are copied,
 * delivered in order and never in the sender's turn; when is up to the injected scheduler (microtasks by default).
 */
import { type Bytes, toUtf8 } from '../core/bytes.ts';
import { sha256 } from '../core/hash.ts';
import { LinkInbox } from './link-inbox.ts';
import {
  BULK_HIGH_WATERMARK_BYTES,
  BULK_LOW_WATERMARK_BYTES,
  checkMessageLength,
  MAX_QUEUED_BYTES,
} from './link-limits.ts';
import type { LinkPath } from './link-path.ts';
import type {
  Channel,
  Connection,
  ConnectionHandlers,
  Link,
  LinkHandlers,
  SignalPayload,
  Transport,
} from './port.ts';

/** Runs `deliver` later, keeping the order of calls. */
export type Schedule = (deliver: () => void) => void;

/** Two open links that are each other's far end. */
export function memoryPair(schedule: Schedule = queueMicrotask): [initiator: Link, responder: Link] {
  return linkPair(schedule, sha256(toUtf8('memory/a')), sha256(toUtf8('memory/b')));
}

function linkPair(schedule: Schedule, printA: Bytes, printB: Bytes): [MemoryLink, MemoryLink] {
  const a = new MemoryLink(schedule, true, printA, printB);
  const b = new MemoryLink(schedule, false, printB, printA);
  a.join(b);
  b.join(a);
  return [a, b];
}

class MemoryLink implements Link {
  readonly initiator: boolean;
  readonly localFingerprint: Bytes;
  readonly remoteFingerprint: Bytes;
  readonly #schedule: Schedule;
  readonly #inbox = new LinkInbox();
  readonly #queuedBytes: Record<Channel, number> = { control: 0, bulk: 0 };
  readonly #carried = { sentBytes: 0, receivedBytes: 0 };
  #peer: MemoryLink | undefined;

  constructor(schedule: Schedule, initiator: boolean, local: Bytes, remote: Bytes) {
    this.#schedule = schedule;
    this.initiator = initiator;
    this.localFingerprint = local;
    this.remoteFingerprint = remote;
  }

  join(peer: MemoryLink): void {
    this.#peer = peer;
  }

  attach(handlers: LinkHandlers): void {
    this.#inbox.attach(handlers);
  }

  send(channel: Channel, bytes: Uint8Array): void {
    checkMessageLength(bytes);
    if (this.#inbox.isClosed) return;
    if (this.#queuedBytes[channel] > MAX_QUEUED_BYTES) {
      this.close('the peer does not read');
      return;
    }
    const copy = new Uint8Array(bytes);
    this.#carried.sentBytes += copy.length;
    this.#queuedBytes[channel] += copy.length;
    this.#schedule(() => this.#arrive(channel, copy));
  }

  bulkCredit(): number {
    return BULK_HIGH_WATERMARK_BYTES - this.#queuedBytes.bulk;
  }

  path(): Promise<LinkPath | null> {
    const path = { kind: 'local', roundTripMs: null, ...this.#carried } as const;
    return Promise.resolve(this.#inbox.isClosed ? null : path);
  }

  close(reason: string): void {
    if (!this.#inbox.close(reason)) return;
    this.#schedule(() => this.#peer?.lost('closed by the other side'));
  }

  get isClosed(): boolean {
    return this.#inbox.isClosed;
  }

  /** Stops sending and hearing without a word to the far end. */
  vanish(): void {
    this.#peer = undefined;
    this.#inbox.close('vanished');
  }

  /** The far end is gone. */
  lost(reason: string): void {
    this.#inbox.close(reason);
  }

  #arrive(channel: Channel, bytes: Bytes): void {
    const before = this.#queuedBytes[channel];
    const after = before - bytes.length;
    this.#queuedBytes[channel] = after;
    if (!this.#inbox.isClosed) this.#peer?.deliver(channel, bytes);
    if (channel === 'bulk' && before > BULK_LOW_WATERMARK_BYTES && after <= BULK_LOW_WATERMARK_BYTES) {
      this.#inbox.drained();
    }
  }

  deliver(channel: Channel, bytes: Bytes): void {
    this.#carried.receivedBytes += bytes.length;
    if (!this.#inbox.deliver(channel, bytes)) this.close('nobody attached');
  }
}

/** A transport of a {@link MemoryNetwork}. */
export interface MemoryTransport extends Transport {
  readonly openLinks: number;
  /** Ends everything as a killed process does: the far ends are not told. */
  vanish(): void;
}

/** Transports that can reach each other; the signals between them still go through the caller. */
export class MemoryNetwork {
  readonly #schedule: Schedule;
  readonly #offers = new Map<string, MemoryConnection>();
  #nextId = 1;

  constructor(schedule: Schedule = queueMicrotask) {
    this.#schedule = schedule;
  }

  /** A new node's transport, with a fingerprint of its own. */
  transport(): MemoryTransport {
    const fingerprint = sha256(toUtf8(`memory/${this.#nextId++}`));
    const links = new Set<MemoryLink>();
    const connections = new Set<MemoryConnection>();
    return {
      connect: (initiator, handlers) => {
        const connection = new MemoryConnection(this.#schedule, this.#offers, initiator, fingerprint, {
          onSignal: handlers.onSignal,
          onOpen: (link) => {
            connections.delete(connection);
            if (link instanceof MemoryLink) links.add(link);
            handlers.onOpen(link);
          },
          onFail: (reason) => {
            connections.delete(connection);
            handlers.onFail(reason);
          },
        });
        connections.add(connection);
        if (initiator) connection.offer(String(this.#nextId++));
        return connection;
      },
      get openLinks() {
        return [...links].filter((link) => !link.isClosed).length;
      },
      vanish: () => {
        for (const link of links) link.vanish();
        for (const connection of connections) connection.vanish();
        links.clear();
        connections.clear();
      },
      close: () => {
        for (const connection of connections) connection.abort('transport closed');
        for (const link of links) link.close('transport closed');
        links.clear();
      },
    };
  }
}

class MemoryConnection implements Connection {
  readonly #schedule: Schedule;
  readonly #offers: Map<string, MemoryConnection>;
  readonly #initiator: boolean;
  readonly #fingerprint: Bytes;
  readonly #handlers: ConnectionHandlers;
  #offerName: string | undefined;
  #answerer: MemoryConnection | undefined;
  #settled = false;

  constructor(
    schedule: Schedule,
    offers: Map<string, MemoryConnection>,
    initiator: boolean,
    fingerprint: Bytes,
    handlers: ConnectionHandlers,
  ) {
    this.#schedule = schedule;
    this.#offers = offers;
    this.#initiator = initiator;
    this.#fingerprint = fingerprint;
    this.#handlers = handlers;
  }

  offer(name: string): void {
    this.#offerName = name;
    this.#offers.set(name, this);
    this.#emit({ kind: 'description', type: 'offer', sdp: name });
    this.#emit({ kind: 'candidate', candidate: 'candidate:memory', mid: '0' });
  }

  signal(payload: SignalPayload): void {
    if (this.#settled || payload.kind === 'candidate') return;
    if (!this.#initiator && payload.type === 'offer') {
      const offerer = this.#offers.get(payload.sdp);
      if (offerer === undefined) {
        this.#fail('no such offer');
        return;
      }
      offerer.#answerer = this;
      this.#emit({ kind: 'description', type: 'answer', sdp: payload.sdp });
    } else if (this.#initiator && payload.type === 'answer' && payload.sdp === this.#offerName) {
      this.#open();
    } else {
      this.#fail('unexpected description');
    }
  }

  abort(reason: string): void {
    this.#fail(reason);
  }

  /** Stops without a word. */
  vanish(): void {
    this.#settle();
  }

  #open(): void {
    const answerer = this.#answerer;
    if (answerer === undefined || answerer.#settled) {
      this.#fail('the other side is gone');
      return;
    }
    this.#settle();
    answerer.#settle();
    const [a, b] = linkPair(this.#schedule, this.#fingerprint, answerer.#fingerprint);
    this.#schedule(() => {
      this.#handlers.onOpen(a);
      answerer.#handlers.onOpen(b);
    });
  }

  #emit(payload: SignalPayload): void {
    this.#schedule(() => {
      if (!this.#settled) this.#handlers.onSignal(payload);
    });
  }

  #settle(): void {
    this.#settled = true;
    if (this.#offerName !== undefined) this.#offers.delete(this.#offerName);
  }

  #fail(reason: string): void {
    if (this.#settled) return;
    this.#settle();
    this.#schedule(() => this.#handlers.onFail(reason));
  }
}
