/**
 * One WebRTC connection of Node, by node-datachannel (libdatachannel): made by signaling (`node-datachannel.node.ts`) or by a
 * direct dial (`direct-listener.node.ts`).
 *
 * Invariants
 * - `alive` holds every connection and link until it has closed: a native channel without a strong reference is
 *   collected in the middle of a transfer.
 * - A peer's descriptions and candidates are checked before the native stack sees them.
 *
 * Two libdatachannel stacks lose a second when the side that sends the first DTLS flight (the active one, RFC 5763 §5)
 * has ICE before the other: the flight is dropped and repeated after 1 s. If the offerer is active and ICE connects while
 * it is still setting the answer, the handshake even fails for want of the fingerprint. So the offerer takes the active
 * role by writing `setup:active`, keeps its candidates until it has set the answer, and an answerer that reads
 * `setup:active` keeps its own until it has ICE: the offerer is the last to have it, and not too early. Measured over
 * 900 links, half of them under load: median 60 ms, none above 350 ms; otherwise 10 to 70 % took a second.
 */
import { networkInterfaces } from 'node:os';
import {
  type DataChannel,
  type DataChannelInitConfig,
  type LocalDescriptionInit,
  PeerConnection,
  type RtcConfig,
} from 'node-datachannel';
import { asBytes, type Bytes } from '../core/bytes.ts';
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
import {
  type Channel,
  type Connection,
  type ConnectionHandlers,
  type Link,
  type LinkHandlers,
  MAX_LINK_MESSAGE_BYTES,
  type SignalPayload,
} from './port.ts';
import { fingerprintBytes, fingerprintOf, signalFault } from './session-description.ts';

export interface NodeDataChannelOptions {
  /** Local address to bind to; all interfaces when absent, or loopback on a machine that has nothing else. */
  readonly bindAddress?: string;
  /** How long ICE may stay `disconnected`, ms. */
  readonly disconnectGraceMs?: number;
}

/**
 * The answerer's candidates are needed after all when its own checks cannot reach the offerer: behind an address
 * translator, or an answer that is slow to arrive.
 */
const HOLD_CANDIDATES_MS = 200;

/** How long a closed link is kept to tell the other side. */
const FAREWELL_MS = 500;

const alive = new Set<object>();

/** Connections of this process that have not closed. */
export function livePeers(): number {
  return alive.size;
}

function rtcConfig(options: NodeDataChannelOptions): RtcConfig {
  const bindAddress = options.bindAddress ?? (hasNetwork() ? undefined : '127.0.0.1');
  return {
    iceServers: [],
    maxMessageSize: MAX_LINK_MESSAGE_BYTES,
    // Creating negotiated channels would otherwise make the answering side offer as well.
    disableAutoNegotiation: true,
    ...(bindAddress !== undefined && { bindAddress }),
  };
}

/** libjuice leaves loopback out unless it is bound to it. */
function hasNetwork(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ internal }) => !internal));
}

/** How a direct dial is answered: on the listener's UDP port, with its certificate and the ICE credentials that the dialer chose. */
export interface DirectAnswer {
  readonly rtc: Partial<RtcConfig>;
  readonly credentials: LocalDescriptionInit;
  /** The path to the dialer was checked both ways: it is where it says. */
  onPath(): void;
}

/** Call {@link NativePeer.start} once. */
export class NativePeer implements Connection {
  readonly #initiator: boolean;
  readonly #graceMs: number;
  readonly #handlers: ConnectionHandlers;
  readonly #released: () => void;
  readonly #answer: DirectAnswer | undefined;
  readonly #pc: PeerConnection;
  readonly #channels = new Map<Channel, DataChannel>();
  readonly #inbox = new LinkInbox();
  /** The peer's, until its description has come. */
  readonly #earlyCandidates: SignalPayload[] = [];
  /** Our own, while they are held. */
  readonly #heldCandidates: SignalPayload[] = [];
  #holdsCandidates: boolean;
  #release: NodeJS.Timeout | undefined;
  #remoteCandidates = 0;
  #described = false;
  #ended = false;
  #link: NativeLink | undefined;
  #farewell: NodeJS.Timeout | undefined;
  #grace: NodeJS.Timeout | undefined;

  /** @throws Error when the stack has no more connections to give. */
  constructor(
    initiator: boolean,
    options: NodeDataChannelOptions,
    handlers: ConnectionHandlers,
    released: () => void,
    answer?: DirectAnswer,
  ) {
    this.#initiator = initiator;
    this.#holdsCandidates = initiator;
    this.#graceMs = options.disconnectGraceMs ?? DISCONNECT_GRACE_MS;
    this.#handlers = handlers;
    this.#released = released;
    this.#answer = answer;
    this.#pc = new PeerConnection('waystation', { ...rtcConfig(options), ...answer?.rtc });
  }

  start(): void {
    alive.add(this);
    this.#pc.onLocalDescription((sdp, type) => {
      if (this.#ended || (type !== 'offer' && type !== 'answer')) return;
      const sent = type === 'offer' ? sdp.replace('a=setup:actpass', 'a=setup:active') : sdp;
      this.#handlers.onSignal({ kind: 'description', type, sdp: sent });
    });
    this.#pc.onLocalCandidate((line, mid) => {
      if (this.#ended) return;
      const candidate: SignalPayload = { kind: 'candidate', candidate: line.replace(/^a=/, ''), mid };
      if (this.#holdsCandidates) this.#heldCandidates.push(candidate);
      else this.#handlers.onSignal(candidate);
    });
    this.#pc.onStateChange((state) => this.#onState(state));
    this.#pc.onIceStateChange((state) => this.#onIceState(state));
    if (this.#initiator) {
      this.#createChannels();
      this.#pc.setLocalDescription('offer');
    }
  }

  signal(payload: SignalPayload): void {
    if (this.#ended) return;
    const fault = signalFault(payload);
    if (fault !== undefined) {
      this.end(`bad signal from the peer: ${fault}`);
      return;
    }
    try {
      if (payload.kind === 'candidate') this.#addCandidate(payload);
      else this.#describe(payload.type, payload.sdp);
    } catch (error) {
      this.end(`bad signal from the peer: ${errorMessage(error)}`);
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
    const native = this.#channels.get(channel);
    if (this.#ended || native === undefined || !native.isOpen()) return;
    if (native.bufferedAmount() > MAX_QUEUED_BYTES) {
      this.end('the peer does not read');
      return;
    }
    try {
      native.sendMessageBinary(bytes);
    } catch (error) {
      this.end(`sending failed: ${errorMessage(error)}`);
    }
  }

  bulkCredit(): number {
    const native = this.#channels.get('bulk');
    return this.#ended || native === undefined ? 0 : BULK_HIGH_WATERMARK_BYTES - native.bufferedAmount();
  }

  path(): LinkPath | null {
    if (this.#ended) return null;
    const pair = this.#pc.getSelectedCandidatePair();
    if (pair === null) return null;
    const roundTripMs = this.#pc.rtt();
    return {
      kind: pathKind(pair.local, pair.remote),
      roundTripMs: roundTripMs >= 0 ? roundTripMs : null,
      sentBytes: this.#pc.bytesSent(),
      receivedBytes: this.#pc.bytesReceived(),
    };
  }

  /** Closes everything and says so once, to whoever has the connection or the link. */
  end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#grace);
    clearTimeout(this.#release);
    if (this.#link === undefined) {
      this.#destroy();
      this.#handlers.onFail(reason);
      return;
    }
    // Closing the connection at once is lost on a page about one time in eight, which then waits 15 s for ICE to fail.
    // Closing the channels is not; the other side answers by closing, or time does.
    for (const native of this.#channels.values()) native.close();
    this.#farewell = setTimeout(() => this.#destroy(), FAREWELL_MS);
    this.#inbox.close(reason);
  }

  /** Lets go of everything native. */
  #destroy(): void {
    clearTimeout(this.#farewell);
    try {
      this.#pc.close();
    } finally {
      this.#channels.clear();
      alive.delete(this);
      this.#released();
    }
  }

  #describe(type: 'offer' | 'answer', sdp: string): void {
    if (this.#described || (type === 'offer') === this.#initiator) {
      this.end(`bad signal from the peer: unexpected ${type}`);
      return;
    }
    this.#described = true;
    this.#pc.setRemoteDescription(sdp, type);
    if (type === 'offer') {
      this.#holdsCandidates = sdp.includes('a=setup:active');
      if (this.#holdsCandidates)
        this.#release = setTimeout(() => this.#releaseCandidates(), HOLD_CANDIDATES_MS);
      this.#createChannels();
      this.#pc.setLocalDescription('answer', this.#answer?.credentials);
    }
    if (this.#initiator) this.#releaseCandidates();
    for (const candidate of this.#earlyCandidates.splice(0)) this.signal(candidate);
  }

  #releaseCandidates(): void {
    clearTimeout(this.#release);
    this.#holdsCandidates = false;
    for (const candidate of this.#heldCandidates.splice(0)) this.#handlers.onSignal(candidate);
  }

  #addCandidate(payload: Extract<SignalPayload, { kind: 'candidate' }>): void {
    if (!this.#described) {
      if (this.#earlyCandidates.length < MAX_REMOTE_CANDIDATES) this.#earlyCandidates.push(payload);
      return;
    }
    if (++this.#remoteCandidates > MAX_REMOTE_CANDIDATES) return;
    // ICE-TCP is off here; libdatachannel throws on what it cannot use.
    if (/^candidate:\S+ \d+ udp /i.test(payload.candidate)) {
      this.#pc.addRemoteCandidate(payload.candidate, payload.mid);
    }
  }

  #createChannels(): void {
    this.#createChannel('control', 'ws-control', { negotiated: true, id: CONTROL_CHANNEL_ID });
    this.#createChannel('bulk', 'ws-bulk', { negotiated: true, id: BULK_CHANNEL_ID });
  }

  #createChannel(channel: Channel, label: string, config: DataChannelInitConfig): void {
    const native = this.#pc.createDataChannel(label, config);
    this.#channels.set(channel, native);
    native.onOpen(() => this.#onChannelOpen());
    native.onClosed(() => this.end('closed by the other side'));
    native.onError((text) => this.end(`channel failed: ${text}`));
    native.onMessage((message) => this.#onMessage(channel, message));
    if (channel === 'bulk') {
      native.setBufferedAmountLowThreshold(BULK_LOW_WATERMARK_BYTES);
      native.onBufferedAmountLow(() => this.#inbox.drained());
    }
  }

  #onChannelOpen(): void {
    if (this.#ended || this.#link !== undefined) return;
    for (const native of this.#channels.values()) if (!native.isOpen()) return;
    let local: Bytes;
    let remote: Bytes;
    try {
      local = fingerprintOf(this.#pc.localDescription()?.sdp ?? '');
      remote = fingerprintBytes(this.#pc.remoteFingerprint().value);
    } catch (error) {
      this.end(errorMessage(error));
      return;
    }
    this.#link = new NativeLink(this, this.#initiator, local, remote);
    this.#handlers.onOpen(this.#link);
  }

  #onMessage(channel: Channel, message: string | Buffer | ArrayBuffer): void {
    if (this.#ended) return;
    if (typeof message === 'string') {
      this.end('the peer sent text where bytes are expected');
      return;
    }
    const bytes = message instanceof ArrayBuffer ? new Uint8Array(message) : viewOf(message);
    if (!this.#inbox.deliver(channel, bytes)) this.end('nobody attached');
  }

  #onState(state: string): void {
    if (this.#ended) {
      // `disconnected` here means that the other side has closed the connection.
      if (this.#farewell !== undefined && state === 'disconnected') this.#destroy();
      return;
    }
    if (state === 'failed') this.end('no path to the peer');
    if (state === 'closed') this.end('closed by the other side');
  }

  #onIceState(state: string): void {
    if (state === 'failed') this.end('no path to the peer');
    if (state === 'connected' || state === 'completed') {
      if (!this.#initiator) this.#releaseCandidates();
      this.#answer?.onPath();
      clearTimeout(this.#grace);
      this.#grace = undefined;
    }
    if (state === 'disconnected' && !this.#ended) {
      this.#grace ??= setTimeout(() => this.end('the path to the peer was lost'), this.#graceMs);
    }
  }
}

/** node-datachannel hands over a Buffer of its own memory: a view of it needs no copy. */
function viewOf(buffer: Buffer): Bytes {
  return asBytes(new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength));
}

class NativeLink implements Link {
  readonly initiator: boolean;
  readonly localFingerprint: Bytes;
  readonly remoteFingerprint: Bytes;
  readonly #peer: NativePeer;

  constructor(peer: NativePeer, initiator: boolean, local: Bytes, remote: Bytes) {
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

  async path(): Promise<LinkPath | null> {
    return this.#peer.path();
  }

  close(reason: string): void {
    this.#peer.end(reason);
  }
}
