/**
 * Links: what a WebRTC connection looks like to everything above it, and the ports by which the mesh reaches the
 * world. Adapters: simple-peer in a page (`simple-peer.browser.ts`), node-datachannel in Node
 * (`node-datachannel.node.ts`), a pair in memory for tests (`memory.ts`).
 */
import type { Bytes } from '../core/bytes.ts';
import type { LinkPath } from './link-path.ts';

/** Two channels per link, both reliable and ordered: small messages never queue behind bulk. */
export type Channel = 'control' | 'bulk';

/** The largest message both implementations carry: 262,144 bytes (measured; one more throws). */
export const MAX_LINK_MESSAGE_BYTES = 262_144;

export interface LinkHandlers {
  onMessage(channel: Channel, bytes: Bytes): void;
  /** The bulk channel's queue fell below the low watermark. */
  onDrain(): void;
  /** Called once, after which no other handler is called. */
  onClose(reason: string): void;
}

/** An open, encrypted, unauthenticated channel pair. Authentication is the sync session's first step. */
export interface Link {
  readonly initiator: boolean;
  /** SHA-256 fingerprints of the DTLS certificates as this side's stack used and saw them, 32 bytes each. */
  readonly localFingerprint: Bytes;
  readonly remoteFingerprint: Bytes;
  /** Must be called once, right after the link is handed over; earlier messages are kept until then. */
  attach(handlers: LinkHandlers): void;
  /** Queues a message of at most {@link MAX_LINK_MESSAGE_BYTES}. A closed link swallows it. */
  send(channel: Channel, bytes: Uint8Array): void;
  /** Bytes of the bulk channel that may be queued before the high watermark; 0 or less means wait for `onDrain`. */
  bulkCredit(): number;
  /** The way it takes now; null when the stack does not tell, or the link is closed. Never rejects. */
  path(): Promise<LinkPath | null>;
  close(reason: string): void;
}

/** What must reach the other side through signaling: an SDP description or an ICE candidate, opaque here. */
export type SignalPayload =
  | { readonly kind: 'description'; readonly type: 'offer' | 'answer'; readonly sdp: string }
  | { readonly kind: 'candidate'; readonly candidate: string; readonly mid: string };

export interface ConnectionHandlers {
  onSignal(payload: SignalPayload): void;
  onOpen(link: Link): void;
  /** The attempt failed or was aborted before it opened; called at most once and never after `onOpen`. */
  onFail(reason: string): void;
}

/** A connection being set up. */
export interface Connection {
  signal(payload: SignalPayload): void;
  abort(reason: string): void;
}

/** Makes WebRTC connections. The initiator emits an offer at once. */
export interface Transport {
  connect(initiator: boolean, handlers: ConnectionHandlers): Connection;
  /** Releases native resources; open links close. */
  close(): void;
}

/** A text WebSocket, as little of it as signaling needs. */
export interface TextSocketHandlers {
  onOpen(): void;
  onMessage(text: string): void;
  /** Called once, also when the connection never opened. */
  onClose(reason: string): void;
}

export interface TextSocket {
  send(text: string): void;
  close(): void;
}

export interface TextSocketFactory {
  open(url: string, handlers: TextSocketHandlers): TextSocket;
}
