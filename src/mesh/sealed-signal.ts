/**
 * What members of a space say to each other through a host that must not understand it. Hellos and signals are
 * AES-256-GCM under HKDF-SHA-256(meet secret, 'waystation/signal/1'), nonce (12 random bytes) first, and bound by the
 * associated data to what they are and between whom: the host cannot read, forge, redirect or relabel them. Contents
 * are deterministic CBOR.
 *
 * The node id inside is a claim: every member has the key. The proof is the first step of the sync session.
 */

import { MAX_HELLO_BYTES, MAX_SEALED_CHARS } from '../../signaling/protocol.ts';
import { type Bytes, concatBytes, fromBase64Url, toBase64Url, toUtf8 } from '../core/bytes.ts';
import { type CborValue, decodeCbor, encodeCbor } from '../core/cbor.ts';
import { WaystationError } from '../core/errors.ts';
import { hkdfSha256 } from '../core/hash.ts';
import { idBytes, type NodeId, nodeIdFrom } from '../core/ids.ts';
import type { Crypto, MaybePromise, Random } from '../core/ports.ts';
import { MAX_CANDIDATE_CHARS, MAX_SDP_CHARS } from './link-limits.ts';
import type { SignalType } from './signaling-client.ts';

const KEY_INFO = toUtf8('waystation/signal/1');
const HELLO_LABEL = 'waystation/hello/1';
const SIGNAL_LABEL = 'waystation/signal/1';
const NONCE_BYTES = 12;
const MAX_SIGNAL_BYTES = Math.floor((MAX_SEALED_CHARS * 3) / 4);

/** The part of the crypto port that sealing needs. */
export type Aead = Pick<Crypto, 'aeadSeal' | 'aeadOpen'>;

/** What travels sealed between two members. */
export type Signal =
  | { readonly kind: 'offer'; readonly sdp: string }
  | { readonly kind: 'answer'; readonly sdp: string }
  | { readonly kind: 'candidate'; readonly candidate: string; readonly mid: string }
  /** The node with the higher id asks the other to dial. */
  | { readonly kind: 'dial-me' }
  /** The offer is not taken now; the dialler tries again after its backoff. */
  | { readonly kind: 'refuse'; readonly reason: string };

/** The PeerServer message type that carries a signal. */
export const CARRIER: Readonly<Record<Signal['kind'], SignalType>> = {
  offer: 'OFFER',
  answer: 'ANSWER',
  candidate: 'CANDIDATE',
  'dial-me': 'OFFER',
  refuse: 'ANSWER',
};

/** The key under which members of a space seal what hosts carry. */
export function signalKey(meetSecret: Uint8Array): Bytes {
  return hkdfSha256(meetSecret, new Uint8Array(0), KEY_INFO, 32);
}

/** Where a signal goes: connection ids on the host, and the attempt's name. */
export interface SignalRoute {
  readonly src: string;
  readonly dst: string;
  readonly connectionId: string;
}

/** Seals and opens with one random source and one crypto port. */
export class SignalSealer {
  readonly #aead: Aead;
  readonly #random: Random;

  constructor(aead: Aead, random: Random) {
    this.#aead = aead;
    this.#random = random;
  }

  /** The hello of `nodeId` for one topic and one connection, base64url. */
  sealHello(key: Bytes, nodeId: NodeId, topic: string, src: string): MaybePromise<string> {
    return this.#seal(key, encodeCbor([idBytes(nodeId)]), helloData(topic, src));
  }

  /** The node id that a hello claims. @throws WaystationError when it was not made for this topic and connection. */
  openHello(key: Bytes, hello: string, topic: string, src: string): MaybePromise<NodeId> {
    return after(this.#open(key, hello, helloData(topic, src)), (plain) => {
      const value = decodeCbor(plain, MAX_HELLO_BYTES);
      // Later versions may append; the node id stays first.
      return nodeIdOf(Array.isArray(value) ? value[0] : undefined);
    });
  }

  /** A signal from `nodeId`, base64url. */
  sealSignal(key: Bytes, nodeId: NodeId, signal: Signal, route: SignalRoute): MaybePromise<string> {
    return this.#seal(key, encodeSignal(nodeId, signal), signalData(CARRIER[signal.kind], route));
  }

  /** A signal and the node id that it claims. @throws WaystationError when anything about it does not fit. */
  openSignal(
    key: Bytes,
    sealed: string,
    carrier: SignalType,
    route: SignalRoute,
  ): MaybePromise<{ nodeId: NodeId; signal: Signal }> {
    return after(this.#open(key, sealed, signalData(carrier, route)), (plain) => {
      const { nodeId, signal } = decodeSignal(plain);
      if (CARRIER[signal.kind] !== carrier) throw malformed(`a ${signal.kind} in ${carrier}`);
      return { nodeId, signal };
    });
  }

  #seal(key: Bytes, plain: Bytes, data: Bytes): MaybePromise<string> {
    const nonce = this.#random.bytes(NONCE_BYTES);
    return after(this.#aead.aeadSeal(key, nonce, plain, data), (sealed) =>
      toBase64Url(concatBytes(nonce, sealed)),
    );
  }

  #open(key: Bytes, text: string, data: Bytes): MaybePromise<Bytes> {
    const bytes = fromBase64Url(text);
    if (bytes.length < NONCE_BYTES + 16) throw malformed(`${bytes.length} bytes`);
    return this.#aead.aeadOpen(key, bytes.subarray(0, NONCE_BYTES), bytes.subarray(NONCE_BYTES), data);
  }
}

function after<T, U>(value: MaybePromise<T>, next: (value: T) => U): MaybePromise<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}

function helloData(topic: string, src: string): Bytes {
  return encodeCbor([HELLO_LABEL, topic, src]);
}

function signalData(carrier: SignalType, { src, dst, connectionId }: SignalRoute): Bytes {
  return encodeCbor([SIGNAL_LABEL, carrier, src, dst, connectionId]);
}

function encodeSignal(nodeId: NodeId, signal: Signal): Bytes {
  const head: CborValue[] = [signal.kind, idBytes(nodeId)];
  switch (signal.kind) {
    case 'offer':
    case 'answer':
      return encodeCbor([...head, signal.sdp]);
    case 'candidate':
      return encodeCbor([...head, signal.candidate, signal.mid]);
    case 'refuse':
      return encodeCbor([...head, signal.reason]);
    case 'dial-me':
      return encodeCbor(head);
  }
}

function decodeSignal(plain: Bytes): { nodeId: NodeId; signal: Signal } {
  const value = decodeCbor(plain, MAX_SIGNAL_BYTES);
  if (!Array.isArray(value)) throw malformed('no array');
  const [kind, id, first, second] = value as CborValue[];
  const nodeId = nodeIdOf(id);
  switch (kind) {
    case 'offer':
    case 'answer':
      return { nodeId, signal: { kind, sdp: textOf(first, MAX_SDP_CHARS) } };
    case 'candidate': {
      const candidate = textOf(first, MAX_CANDIDATE_CHARS);
      return { nodeId, signal: { kind, candidate, mid: textOf(second, 64) } };
    }
    case 'dial-me':
      return { nodeId, signal: { kind } };
    case 'refuse':
      return { nodeId, signal: { kind, reason: textOf(first, 200) } };
    default:
      throw malformed('an unknown kind');
  }
}

function nodeIdOf(value: CborValue | undefined): NodeId {
  if (!(value instanceof Uint8Array)) throw malformed('no node id');
  return nodeIdFrom(value);
}

function textOf(value: CborValue | undefined, maxChars: number): string {
  if (typeof value !== 'string' || value.length > maxChars)
    throw malformed('a text that is missing or too long');
  return value;
}

function malformed(got: string): WaystationError {
  return new WaystationError('malformed', `expected a sealed signal of a member, got ${got}`);
}
