/**
 * One signaling host as the mesh sees it: keeps a WebSocket to a PeerServer-compatible hub open, under a fresh random
 * id each time (never the node key), beats as PeerJS does, comes back with backoff. Knows messages, not their meaning.
 *
 * Invariants
 * - Never throws and never gives up until closed; what a hub sends is bounded, checked, counted and else dropped.
 * - Every connection has its own 128-bit id and token, so that connections cannot be linked by the host; topics are
 *   therefore joined anew after each `onOpen`.
 */

import {
  type ClientMessage,
  MAX_SERVER_MESSAGE_CHARS,
  MAX_TOPICS_PER_CLIENT,
  PEERJS_KEY,
  type Presence,
  parseSealedPayload,
  parseServerMessage,
  type SealedPayload,
  type ServerMessage,
  type TopicHello,
} from '../../signaling/protocol.ts';
import { toHex } from '../core/bytes.ts';
import type { Counters } from '../core/counters.ts';
import type { Clock, Random } from '../core/ports.ts';
import { TokenBucket } from '../core/token-bucket.ts';
import { Backoff, HEALTHY_MS } from './backoff.ts';
import { hostSocketUrl } from './host-url.ts';
import type { TextSocket, TextSocketFactory } from './port.ts';

/** As PeerJS. */
const HEARTBEAT_MS = 5_000;
/** A host that has not said OPEN by then is treated as down. */
const OPEN_TIMEOUT_MS = 10_000;
/** The same where another address is left to try: a slow TLS handshake takes two seconds. */
const NEXT_ADDRESS_MS = 4_000;
/** One of our hubs echoes heartbeats: three missing ones mean that the path is dead, whatever TCP believes. */
const SILENCE_MS = 17_500;
/** A hub among hundreds of peers that all send candidates; above that it is flooding. */
const INCOMING_BURST = 2_000;
const INCOMING_PER_SECOND = 400;
/** Messages of a flooding hub that are dropped before the connection is. */
const MAX_DROPS = 4_000;

export type HostConnectionState = 'invalid' | 'connecting' | 'open' | 'waiting' | 'closed';

export type SignalType = 'OFFER' | 'ANSWER' | 'CANDIDATE';

export interface SignalingHandlers {
  /** The hub accepted us as `selfId`; `hostId` is empty for a stock PeerServer. Join topics now. */
  onOpen(selfId: string, hostId: string): void;
  /** The connection is gone; everyone seen through it is out of reach of signaling. */
  onDown(reason: string): void;
  /** None of the host's addresses answered; they are tried again. */
  onUnreachable?(reason: string): void;
  onPresent(topic: string, peers: readonly Presence[]): void;
  onArrived(topic: string, peer: Presence): void;
  onLeft(topic: string, id: string): void;
  onSignal(type: SignalType, src: string, payload: SealedPayload): void;
  /** A message of ours to `id` could not be delivered. */
  onUndelivered(id: string): void;
}

export interface SignalingClientOptions {
  /** `ws://host:port` or `wss://…`, at least one; the path defaults to `/peerjs`. Tried in turn, one connection at a time. */
  readonly urls: readonly string[];
  readonly sockets: TextSocketFactory;
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: Counters;
  readonly handlers: SignalingHandlers;
}

export class SignalingClient {
  readonly #options: SignalingClientOptions;
  readonly #backoff: Backoff;
  #state: HostConnectionState = 'connecting';
  /** Which address is tried, or connected. */
  #at = 0;
  /** How many have been tried since the last that answered. */
  #tried = 0;
  #wasOpen = false;
  #selfId = '';
  #hostId = '';
  /** How far the host's clock is from our monotonic one; null while it has not told. */
  #hostAheadMs: number | null = null;
  #lastFailure: string | undefined;
  #socket: TextSocket | undefined;
  /** Tells callbacks of an earlier socket from those of the present one. */
  #generation = 0;
  #incoming: TokenBucket;
  #drops = 0;
  #heardMs = 0;
  readonly #timers = new Map<'connect' | 'open' | 'health' | 'beat', () => void>();

  /** Starts connecting at once; handlers are not called before the constructor has returned. */
  constructor(options: SignalingClientOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.random);
    this.#incoming = this.#newBucket();
    this.#after('connect', 0, () => this.#connect());
  }

  /** The address that is tried now, or connected. */
  get url(): string {
    return this.#options.urls[this.#at] ?? '';
  }

  get state(): HostConnectionState {
    return this.#state;
  }

  /** It has answered at least once. */
  get wasOpen(): boolean {
    return this.#wasOpen;
  }

  /** Our id on the present connection, empty when there is none. */
  get selfId(): string {
    return this.#state === 'open' ? this.#selfId : '';
  }

  /** The host's stable name as it said in OPEN, empty for a stock PeerServer or while not open. */
  get hostId(): string {
    return this.#state === 'open' ? this.#hostId : '';
  }

  /** What the host's clock says now, ms since the Unix epoch; null when it does not tell, or while there is no connection. */
  get hostNowMs(): number | null {
    if (this.#state !== 'open' || this.#hostAheadMs === null) return null;
    return this.#options.clock.monotonicMs() + this.#hostAheadMs;
  }

  /** Why the last connection ended or did not come about. */
  get lastFailure(): string | undefined {
    return this.#lastFailure;
  }

  /** Shows `topics` with their hellos on the present connection; without one it does nothing. */
  join(topics: readonly TopicHello[]): void {
    for (let i = 0; i < topics.length; i += MAX_TOPICS_PER_CLIENT) {
      this.#send({ type: 'WS-JOIN', payload: { topics: topics.slice(i, i + MAX_TOPICS_PER_CLIENT) } });
    }
  }

  /** Leaves `topics` on the present connection; without one it does nothing. */
  part(topics: readonly string[]): void {
    for (let i = 0; i < topics.length; i += MAX_TOPICS_PER_CLIENT) {
      this.#send({ type: 'WS-PART', payload: { topics: topics.slice(i, i + MAX_TOPICS_PER_CLIENT) } });
    }
  }

  /** Sends a sealed payload to the connection id `dst`; without a connection it does nothing. */
  signal(type: SignalType, dst: string, payload: SealedPayload): void {
    this.#send({ type, dst, payload });
  }

  /** Ends the connection for good; no handler is called any more. */
  close(): void {
    this.#state = 'closed';
    this.#disconnect();
  }

  #newBucket(): TokenBucket {
    return new TokenBucket(INCOMING_BURST, INCOMING_PER_SECOND, this.#options.clock.monotonicMs());
  }

  #after(name: 'connect' | 'open' | 'health' | 'beat', delayMs: number, fire: () => void): void {
    this.#timers.get(name)?.();
    this.#timers.set(name, this.#options.clock.schedule(delayMs, fire));
  }

  #send(message: ClientMessage): void {
    if (this.#state === 'open') this.#socket?.send(JSON.stringify(message));
  }

  #connect(): void {
    const target = hostSocketUrl(this.url);
    if (target === undefined) {
      this.#lastFailure = `expected a host such as ws://192.168.1.10:9000, got “${this.url.slice(0, 80)}”`;
      if (this.#options.urls.length > 1) this.#down(this.#lastFailure);
      else this.#state = 'invalid';
      return;
    }
    const generation = ++this.#generation;
    const current = (handle: () => void) => {
      if (generation === this.#generation) handle();
    };
    this.#state = 'connecting';
    this.#selfId = toHex(this.#options.random.bytes(16));
    const token = toHex(this.#options.random.bytes(16));
    const query = new URLSearchParams({ key: PEERJS_KEY, id: this.#selfId, token, version: 'waystation-1' });
    this.#incoming = this.#newBucket();
    this.#drops = 0;
    const timeoutMs = this.#options.urls.length > 1 ? NEXT_ADDRESS_MS : OPEN_TIMEOUT_MS;
    this.#after('open', timeoutMs, () => {
      if (this.#state === 'connecting') this.#down('the host did not answer');
    });
    this.#socket = this.#options.sockets.open(`${target}?${query}`, {
      onOpen: () => undefined, // the hub speaks first
      onMessage: (text) => current(() => this.#onMessage(text)),
      onClose: (reason) => current(() => this.#down(reason)),
    });
  }

  #disconnect(): void {
    this.#generation++;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#socket?.close();
    this.#socket = undefined;
  }

  #down(reason: string): void {
    if (this.#state === 'closed' || this.#state === 'waiting') return;
    const wasOpen = this.#state === 'open';
    this.#state = 'waiting';
    this.#lastFailure = reason;
    this.#disconnect();
    const { urls, handlers } = this.#options;
    // The address that worked is the first to be tried again; then each of the others once before it is waited for.
    if (!wasOpen) this.#at = (this.#at + 1) % urls.length;
    const isRoundOver = wasOpen || ++this.#tried >= urls.length;
    if (isRoundOver) this.#tried = 0;
    this.#after('connect', isRoundOver ? this.#backoff.next() : 0, () => this.#connect());
    if (wasOpen) handlers.onDown(reason);
    else if (isRoundOver) handlers.onUnreachable?.(reason);
  }

  #onMessage(text: string): void {
    const { clock } = this.#options;
    this.#heardMs = clock.monotonicMs();
    if (!this.#incoming.take(1, this.#heardMs)) {
      this.#drop('hub-flood');
      return;
    }
    if (text.length > MAX_SERVER_MESSAGE_CHARS) {
      this.#drop('hub-too-long');
      return;
    }
    const message = parseServerMessage(text);
    if (message === undefined) this.#drop('hub-malformed');
    else this.#handle(message);
  }

  #handle(message: ServerMessage): void {
    const { handlers } = this.#options;
    if (message.type === 'OPEN') {
      if (this.#state === 'connecting') this.#opened(message.payload ?? {});
      else this.#drop('hub-out-of-turn');
      return;
    }
    if (message.type === 'ERROR' || message.type === 'ID-TAKEN' || message.type === 'INVALID-KEY') {
      this.#options.counters.count('hub-refused');
      this.#down(`the host refused: ${message.payload?.msg ?? message.type}`);
      return;
    }
    if (this.#state !== 'open') {
      this.#drop('hub-out-of-turn');
      return;
    }
    switch (message.type) {
      case 'HEARTBEAT':
        // A host may find the time only while we are connected.
        this.#noteTime(message.payload?.timeMs);
        return;
      case 'LEAVE': // says that a PeerJS connection ended, which means nothing to us
        return;
      case 'EXPIRE':
        handlers.onUndelivered(message.src);
        return;
      case 'WS-PRESENT':
        handlers.onPresent(message.payload.topic, message.payload.peers);
        return;
      case 'WS-ARRIVED':
        handlers.onArrived(message.payload.topic, { id: message.payload.id, hello: message.payload.hello });
        return;
      case 'WS-LEFT':
        handlers.onLeft(message.payload.topic, message.payload.id);
        return;
      default: {
        if (!('src' in message)) return;
        const payload = parseSealedPayload(message.payload);
        if (payload === undefined) this.#drop('foreign-signal');
        else handlers.onSignal(message.type, message.src, payload);
      }
    }
  }

  #noteTime(timeMs: number | undefined): void {
    if (timeMs !== undefined) this.#hostAheadMs = timeMs - this.#options.clock.monotonicMs();
  }

  #opened({ hostId = '', timeMs }: { hostId?: string; timeMs?: number | undefined }): void {
    this.#state = 'open';
    this.#wasOpen = true;
    this.#tried = 0;
    this.#hostId = hostId;
    this.#hostAheadMs = null;
    this.#noteTime(timeMs);
    this.#lastFailure = undefined;
    this.#after('health', HEALTHY_MS, () => this.#backoff.reset());
    this.#after('beat', HEARTBEAT_MS, () => this.#beat());
    this.#options.handlers.onOpen(this.#selfId, hostId);
  }

  #beat(): void {
    if (this.#state !== 'open') return;
    // Only our own hubs, which name themselves in OPEN, answer heartbeats.
    if (this.#hostId !== '' && this.#options.clock.monotonicMs() - this.#heardMs > SILENCE_MS) {
      this.#down('the host fell silent');
      return;
    }
    this.#send({ type: 'HEARTBEAT', payload: { echo: true } });
    this.#after('beat', HEARTBEAT_MS, () => this.#beat());
  }

  #drop(reason: string): void {
    this.#options.counters.count(reason);
    if (++this.#drops > MAX_DROPS) this.#down('the host sends nonsense');
  }
}
