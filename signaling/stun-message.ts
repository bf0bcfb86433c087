/**
 * STUN messages (RFC 8489 §5, §14) between bytes and values. Pure; big endian throughout.
 *
 * Invariants: `decodeStun` looks at every byte at most twice and never throws; what it accepts it has checked whole (length, cookie,
 * attributes inside the message, FINGERPRINT where there is one); `decodeStun(encodeStun(m))` gives `m`.
 */
import { crc32 } from '../src/core/crc32.ts';
import type { IpBytes } from './ip-address.ts';

export const STUN_HEADER_BYTES = 20;
export const TRANSACTION_BYTES = 12;
const MAGIC_COOKIE = 0x2112_a442;
/** `STUN` in ASCII, so that a checksum of ours is not one of whatever else is on the port (§14.7). */
const FINGERPRINT_XOR = 0x5354_554e;

export const BINDING_METHOD = 0x001;

/** The attributes of RFC 8489 that this code names. Those below 0x8000 must be understood by whoever gets a request with them. */
export const STUN_ATTRIBUTE = {
  mappedAddress: 0x0001,
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  realm: 0x0014,
  nonce: 0x0015,
  messageIntegritySha256: 0x001c,
  passwordAlgorithm: 0x001d,
  userhash: 0x001e,
  xorMappedAddress: 0x0020,
  software: 0x8022,
  fingerprint: 0x8028,
} as const;

const CLASSES = ['request', 'indication', 'success', 'error'] as const;
export type StunClass = (typeof CLASSES)[number];

export interface StunAttribute {
  /** 16 bits. */
  readonly type: number;
  /** Without padding. */
  readonly value: Uint8Array;
}

export interface StunMessage {
  readonly messageClass: StunClass;
  /** 12 bits. */
  readonly method: number;
  readonly transaction: Uint8Array;
  /** In order, FINGERPRINT left out. */
  readonly attributes: readonly StunAttribute[];
  /** FINGERPRINT stands, or is to stand, at the end. */
  readonly hasFingerprint: boolean;
}

export interface StunEndpoint {
  readonly address: IpBytes;
  readonly port: number;
}

/** Why bytes are no STUN message; all of them are answered with silence (§6.3). */
export type StunFault = 'not-stun' | 'bad-length' | 'bad-attribute' | 'bad-fingerprint';

/** True when the first bytes can only be STUN's (§5, §6.3): two zero bits, a length in whole words, the cookie. */
export function looksLikeStun(bytes: Uint8Array): boolean {
  return (
    bytes.length >= STUN_HEADER_BYTES &&
    ((bytes[0] ?? 0xff) & 0xc0) === 0 &&
    ((bytes[3] ?? 0xff) & 3) === 0 &&
    bytes[4] === 0x21 &&
    bytes[5] === 0x12 &&
    bytes[6] === 0xa4 &&
    bytes[7] === 0x42
  );
}

/** Reads one datagram. The parts of the message are views of `bytes`. */
export function decodeStun(bytes: Uint8Array): StunMessage | StunFault {
  if (!looksLikeStun(bytes)) return 'not-stun';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint16(2) !== bytes.length - STUN_HEADER_BYTES) return 'bad-length';
  const type = view.getUint16(0);
  const attributes: StunAttribute[] = [];
  let hasFingerprint = false;
  for (let at = STUN_HEADER_BYTES; at < bytes.length; ) {
    // After FINGERPRINT there is nothing (§14.7).
    if (hasFingerprint || at + 4 > bytes.length) return 'bad-attribute';
    const [attribute, length] = [view.getUint16(at), view.getUint16(at + 2)];
    const end = at + 4 + length;
    const next = end + ((4 - (length & 3)) & 3);
    if (next > bytes.length) return 'bad-attribute';
    if (attribute === STUN_ATTRIBUTE.fingerprint) {
      if (length !== 4) return 'bad-attribute';
      if (view.getUint32(at + 4) !== fingerprintOf(bytes.subarray(0, at))) return 'bad-fingerprint';
      hasFingerprint = true;
    } else attributes.push({ type: attribute, value: bytes.subarray(at + 4, end) });
    at = next;
  }
  const messageClass = CLASSES[((type >> 4) & 1) | ((type >> 7) & 2)] ?? 'request';
  const method = (type & 0xf) | ((type >> 1) & 0x70) | ((type >> 2) & 0xf80);
  return {
    messageClass,
    method,
    transaction: bytes.subarray(8, STUN_HEADER_BYTES),
    attributes,
    hasFingerprint,
  };
}

function fingerprintOf(before: Uint8Array): number {
  return (crc32(before) ^ FINGERPRINT_XOR) >>> 0;
}

/** Bytes that {@link encodeStun} gives for attributes with values of these lengths. */
export function stunLength(valueLengths: readonly number[], hasFingerprint: boolean): number {
  const attributes = valueLengths.reduce((sum, length) => sum + 4 + padded(length), 0);
  return STUN_HEADER_BYTES + attributes + (hasFingerprint ? 8 : 0);
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

/**
 * Writes a message; padding is zeros.
 * @throws RangeError when the transaction is not 12 bytes or the message does not fit its length field.
 */
export function encodeStun(message: StunMessage): Uint8Array {
  const { messageClass, method, transaction, attributes, hasFingerprint } = message;
  const length = stunLength(
    attributes.map(({ value }) => value.length),
    hasFingerprint,
  );
  if (transaction.length !== TRANSACTION_BYTES) throw new RangeError('a transaction id has 12 bytes');
  if (length - STUN_HEADER_BYTES > 0xffff) throw new RangeError('a STUN message has at most 65,535 bytes');
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  const classBits = CLASSES.indexOf(messageClass);
  const methodBits = (method & 0xf) | ((method & 0x70) << 1) | ((method & 0xf80) << 2);
  view.setUint16(0, methodBits | ((classBits & 1) << 4) | ((classBits & 2) << 7));
  view.setUint16(2, length - STUN_HEADER_BYTES);
  view.setUint32(4, MAGIC_COOKIE);
  bytes.set(transaction, 8);
  let at = STUN_HEADER_BYTES;
  for (const { type, value } of attributes) {
    view.setUint16(at, type);
    view.setUint16(at + 2, value.length);
    bytes.set(value, at + 4);
    at += 4 + padded(value.length);
  }
  if (hasFingerprint) {
    view.setUint16(at, STUN_ATTRIBUTE.fingerprint);
    view.setUint16(at + 2, 4);
    view.setUint32(at + 4, fingerprintOf(bytes.subarray(0, at)));
  }
  return bytes;
}

/** XOR-MAPPED-ADDRESS (§14.2): routers that rewrite addresses in passing do not recognise it. */
export function xorMappedAddress(source: StunEndpoint, transaction: Uint8Array): StunAttribute {
  const { address, port } = source;
  const value = new Uint8Array(4 + address.length);
  const view = new DataView(value.buffer);
  value[1] = address.length === 4 ? 1 : 2;
  view.setUint16(2, port ^ (MAGIC_COOKIE >>> 16));
  for (let i = 0; i < address.length; i++) value[4 + i] = (address[i] ?? 0) ^ xorByte(i, transaction);
  return { type: STUN_ATTRIBUTE.xorMappedAddress, value };
}

/** Reads the value of XOR-MAPPED-ADDRESS; `undefined` when it has another family or length. */
export function readXorMappedAddress(value: Uint8Array, transaction: Uint8Array): StunEndpoint | undefined {
  const bytes = value[1] === 1 ? 4 : value[1] === 2 ? 16 : 0;
  if (bytes === 0 || value.length !== 4 + bytes) return undefined;
  const port = (((value[2] ?? 0) << 8) | (value[3] ?? 0)) ^ (MAGIC_COOKIE >>> 16);
  const address = Uint8Array.from(value.subarray(4), (byte, i) => byte ^ xorByte(i, transaction));
  return { address, port };
}

/** The cookie, then the transaction. */
function xorByte(i: number, transaction: Uint8Array): number {
  return i < 4 ? (MAGIC_COOKIE >>> (24 - 8 * i)) & 0xff : (transaction[i - 4] ?? 0);
}

/** ERROR-CODE (§14.8). @param code 300 to 699. @param reason ASCII, may be empty. */
export function errorCode(code: number, reason: string): StunAttribute {
  const value = new Uint8Array(4 + reason.length);
  value[2] = Math.floor(code / 100);
  value[3] = code % 100;
  for (let i = 0; i < reason.length; i++) value[4 + i] = reason.charCodeAt(i) & 0x7f;
  return { type: STUN_ATTRIBUTE.errorCode, value };
}

/** UNKNOWN-ATTRIBUTES (§14.13). */
export function unknownAttributes(types: readonly number[]): StunAttribute {
  const value = new Uint8Array(2 * types.length);
  for (const [i, type] of types.entries()) {
    value[2 * i] = type >> 8;
    value[2 * i + 1] = type & 0xff;
  }
  return { type: STUN_ATTRIBUTE.unknownAttributes, value };
}
