/**
 * Links in a page: WebRTC by simple-peer (prebuilt, so that no bundler has to imitate Node). Interoperates with
 * `node-datachannel.node.ts`: simple-peer's own channel is *control*, a second one is *bulk*, both negotiated in
 * advance, so that page and Node may each be the initiator.
 *
 * Invariants
 * - The remote fingerprint is the one in the remote description, of which the browser accepted exactly one and refuses
 *   DTLS to any other certificate.
 * - simple-peer's default STUN servers are never used: no third party hears of a connection.
 */
import SimplePeer from 'simple-peer/simplepeer.min.js';
import type { Bytes } from '../core/bytes.ts';
import { errorMessage } from '../core/errors.ts';
import { LinkInbox } from './link-inbox.ts';
import {
  BULK_CHANNEL_ID,
  BULK_HIGH_WATERMARK_BYTES,
  BULK_LOW_WATERMARK_BYTES,
  CONTROL_CHANNEL_ID,
  checkMessageLength,
  DISCONNECT_GRACE_MS,
  MAX_QUEUED_BYTES,
  MAX_REMOTE_CANDIDATES,
} from './link-limits.ts';
import { type LinkPath, pathKind } from './link-path.ts';
import type {
  Channel,
  Connection,
  ConnectionHandlers,
  Link,
  LinkHandlers,
  SignalPayload,
  Transport,
} from './port.ts';
import { fingerprintOf, signalFault } from './session-description.ts';

export interface SimplePeerOptions {
  /** How long ICE may stay `disconnected`, ms. */
  readonly disconnectGraceMs?: number;
}

/** Makes WebRTC connections in a page. */
export class SimplePeerTransport implements Transport {
  readonly #graceMs: number;
  readonly #peers = new Set<PagePeer>();
  #closed = false;

  constructor(options: SimplePeerOptions = {}) {
    this.#graceMs = options.disconnectGraceMs ?? DISCONNECT_GRACE_MS;
  }

  connect(initiator: boolean, handlers: ConnectionHandlers): Connection {
    if (this.#closed) throw new TypeError('the transport is closed');
    const peer = new PagePeer(initiator, this.#graceMs, handlers, () => this.#peers.delete(peer));
    this.#peers.add(peer);
    return peer;
  }

  close(): void {
    this.#closed = true;
    for (const peer of [...this.#peers]) peer.end('transport closed');
  }
}

/** What simple-peer signals; its typings lack some of it. */
interface PeerSignal {
  readonly type?: string;
  readonly sdp?: string | undefined;
  readonly candidate?: { readonly candidate: string; readonly sdpMid: string | null };
}

class PagePeer implements Connection {
  readonly #initiator: boolean;
  readonly #graceMs: number;
  readonly #handlers: ConnectionHandlers;
  readonly #released: () => void;
  readonly #peer: SimplePeer.Instance;
  readonly #pc: RTCPeerConnection;
  readonly #bulk: RTCDataChannel;
  readonly #inbox = new LinkInbox();
  #controlOpen = false;
  #remoteCandidates = 0;
  #described = false;
  #ended = false;
  #failure: string | undefined;
  #link: PageLink | undefined;
  #grace: ReturnType<typeof setTimeout> | undefined;

  constructor(initiator: boolean, graceMs: number, handlers: ConnectionHandlers, released: () => void) {
    this.#initiator = initiator;
    this.#graceMs = graceMs;
    this.#handlers = handlers;
    this.#released = released;
    let connection: RTCPeerConnection | undefined;
    class CapturedConnection extends RTCPeerConnection {
      constructor(config?: RTCConfiguration) {
        super(config);
        connection = this;
      }
    }
    this.#peer = new SimplePeer({
      initiator,
      trickle: true,
      objectMode: true, // keeps message boundaries
      channelName: 'ws-control',
      channelConfig: { negotiated: true, id: CONTROL_CHANNEL_ID },
      config: { iceServers: [] },
      wrtc: { RTCPeerConnection: CapturedConnection, RTCSessionDescription, RTCIceCandidate },
    });
    if (connection === undefined) {
      this.#peer.on('error', () => undefined);
      throw new TypeError('the browser has no more peer connections to give');
    }
    this.#pc = connection;
    this.#bulk = connection.createDataChannel('ws-bulk', { negotiated: true, id: BULK_CHANNEL_ID });
    this.#listen();
  }

  signal(payload: SignalPayload): void {
    if (this.#ended) return;
    const fault = signalFault(payload);
    if (fault !== undefined) {
      this.end(`bad signal from the peer: ${fault}`);
      return;
    }
    if (payload.kind === 'candidate') {
      if (++this.#remoteCandidates > MAX_REMOTE_CANDIDATES) return;
      const { candidate, mid } = payload;
      this.#hand({ type: 'candidate', candidate: { candidate, sdpMid: mid } });
    } else if (this.#described || (payload.type === 'offer') === this.#initiator) {
      this.end(`bad signal from the peer: unexpected ${payload.type}`);
    } else {
      this.#described = true;
      this.#hand({ type: payload.type, sdp: payload.sdp });
    }
  }

  abort(reason: string): void {
    if (this.#link === undefined) this.end(reason);
  }

  attach(handlers: LinkHandlers): void {
    this.#inbox.attach(handlers);
  }

  send(channel: Channel, bytes: Uint8Array): void {
    checkMessageLength(bytes);
    if (this.#ended) return;
    const queued = channel === 'bulk' ? this.#bulk.bufferedAmount : this.#peer.bufferSize;
    if (queued > MAX_QUEUED_BYTES) {
      this.end('the peer does not read');
      return;
    }
    try {
      if (channel === 'control') this.#peer.send(bytes);
      else this.#bulk.send(bytes as Bytes);
    } catch (error) {
      // A channel that is just closing throws; the close event follows.
      this.end(`sending failed: ${errorMessage(error)}`);
    }
  }

  bulkCredit(): number {
    return this.#ended ? 0 : BULK_HIGH_WATERMARK_BYTES - this.#bulk.bufferedAmount;
  }

  async path(): Promise<LinkPath | null> {
    if (this.#ended) return null;
    try {
      return selectedPath(await this.#pc.getStats());
    } catch {
      return null; // it was closed meanwhile
    }
  }

  /** Closes everything and says so once, to whoever has the connection or the link. */
  end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#grace);
    this.#peer.destroy();
    this.#released();
    if (this.#link === undefined) this.#handlers.onFail(reason);
    else this.#inbox.close(reason);
  }

  #hand(signal: PeerSignal): void {
    try {
      this.#peer.signal(signal as SimplePeer.SignalData);
    } catch (error) {
      this.end(`bad signal from the peer: ${errorMessage(error)}`);
    }
  }

  #listen(): void {
    this.#peer.on('signal', (signal: SimplePeer.SignalData) => this.#onSignal(signal as PeerSignal));
    this.#peer.on('connect', () => {
      this.#controlOpen = true;
      this.#maybeOpen();
    });
    this.#peer.on('data', (data: unknown) => this.#onMessage('control', data));
    this.#peer.on('error', (error) => {
      // Chromium's word for an SCTP abort from the other side (RFC 9260 §3.3.10.12), which is how libdatachannel closes.
      if (!error.message.startsWith('User-Initiated Abort')) this.#failure = error.message;
    });
    this.#peer.on('close', () => this.end(this.#failure ?? 'closed by the other side'));
    this.#peer.on('iceStateChange', (state: string) => this.#onIceState(state));
    this.#bulk.binaryType = 'arraybuffer';
    this.#bulk.bufferedAmountLowThreshold = BULK_LOW_WATERMARK_BYTES;
    this.#bulk.onbufferedamountlow = () => this.#inbox.drained();
    this.#bulk.onopen = () => this.#maybeOpen();
    this.#bulk.onmessage = (event: MessageEvent<unknown>) => this.#onMessage('bulk', event.data);
    this.#bulk.onclose = () => this.end('closed by the other side');
  }

  #onSignal(signal: PeerSignal): void {
    if (this.#ended) return;
    if (signal.candidate !== undefined) {
      const { candidate, sdpMid } = signal.candidate;
      // The empty candidate only says that there are no more.
      if (candidate !== '') this.#handlers.onSignal({ kind: 'candidate', candidate, mid: sdpMid ?? '0' });
    } else if ((signal.type === 'offer' || signal.type === 'answer') && signal.sdp !== undefined) {
      this.#handlers.onSignal({ kind: 'description', type: signal.type, sdp: signal.sdp });
    }
  }

  #maybeOpen(): void {
    if (this.#ended || this.#link !== undefined || !this.#controlOpen || this.#bulk.readyState !== 'open') {
      return;
    }
    let local: Bytes;
    let remote: Bytes;
    try {
      local = fingerprintOf(this.#pc.localDescription?.sdp ?? '');
      remote = fingerprintOf(this.#pc.remoteDescription?.sdp ?? '');
    } catch (error) {
      this.end(errorMessage(error));
      return;
    }
    this.#link = new PageLink(this, this.#initiator, local, remote);
    this.#handlers.onOpen(this.#link);
  }

  #onMessage(channel: Channel, data: unknown): void {
    if (this.#ended) return;
    const bytes = bytesOf(data);
    if (bytes === undefined) this.end('the peer sent text where bytes are expected');
    else if (!this.#inbox.deliver(channel, bytes)) this.end('nobody attached');
  }

  #onIceState(state: string): void {
    if (state === 'connected' || state === 'completed') {
      clearTimeout(this.#grace);
      this.#grace = undefined;
    }
    if (state === 'disconnected' && !this.#ended) {
      this.#grace ??= setTimeout(() => this.end('the path to the peer was lost'), this.#graceMs);
    }
  }
}

/** simple-peer wraps what it gets in its own Buffer; bulk arrives as ArrayBuffer. Neither needs a copy. */
function bytesOf(data: unknown): Bytes | undefined {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (data instanceof Uint8Array && data.buffer instanceof ArrayBuffer) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  return undefined;
}

/** What of a report tells the way (W3C webrtc-stats: transport → selected candidate pair → its two candidates). */
interface StatsEntry {
  readonly type: string;
  readonly selectedCandidatePairId?: string;
  readonly localCandidateId?: string;
  readonly remoteCandidateId?: string;
  readonly candidateType?: string;
  readonly address?: string | null;
  readonly currentRoundTripTime?: number;
  readonly bytesSent?: number;
  readonly bytesReceived?: number;
}

function selectedPath(report: RTCStatsReport): LinkPath | null {
  const entries = report as unknown as ReadonlyMap<string, StatsEntry>;
  const transport = [...entries.values()].find(({ type }) => type === 'transport');
  const pair = entries.get(transport?.selectedCandidatePairId ?? '');
  const local = entries.get(pair?.localCandidateId ?? '');
  const remote = entries.get(pair?.remoteCandidateId ?? '');
  if (pair === undefined || local === undefined || remote === undefined) return null;
  const end = ({ candidateType = '', address = null }: StatsEntry) => ({ type: candidateType, address });
  const seconds = pair.currentRoundTripTime;
  return {
    kind: pathKind(end(local), end(remote)),
    roundTripMs: seconds === undefined ? null : seconds * 1000,
    sentBytes: pair.bytesSent ?? 0,
    receivedBytes: pair.bytesReceived ?? 0,
  };
}

class PageLink implements Link {
  readonly initiator: boolean;
  readonly localFingerprint: Bytes;
  readonly remoteFingerprint: Bytes;
  readonly #peer: PagePeer;

  constructor(peer: PagePeer, initiator: boolean, local: Bytes, remote: Bytes) {
    this.#peer = peer;
    this.initiator = initiator;
    this.localFingerprint = local;
    this.remoteFingerprint = remote;
  }

  attach(handlers: LinkHandlers): void {
    this.#peer.attach(handlers);
  }

  send(channel: Channel, bytes: Uint8Array): void {
    this.#peer.send(channel, bytes);
  }

  bulkCredit(): number {
    return this.#peer.bulkCredit();
  }

  path(): Promise<LinkPath | null> {
    return this.#peer.path();
  }

  close(reason: string): void {
    this.#peer.end(reason);
  }
}
