/**
 * SHA-256, HMAC and HKDF over small inputs, synchronous (noble-hashes), for names, transcripts and key derivation.
 * Bulk digests go through the crypto port in `ports.ts`, which uses the platform's fast implementation.
 */
import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { type Bytes, concatBytes, freshBytes } from './bytes.ts';

/** SHA-256 (FIPS 180-4) of the concatenation of `parts`. */
export function sha256(...parts: readonly Uint8Array[]): Bytes {
  return freshBytes(nobleSha256(parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(...parts)));
}

/** HMAC-SHA-256 (RFC 2104) of the concatenation of `parts`. */
export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Bytes {
  return freshBytes(hmac(nobleSha256, key, concatBytes(...parts)));
}

/** HKDF-SHA-256 (RFC 5869). `length` in bytes. */
export function hkdfSha256(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Bytes {
  return freshBytes(hkdf(nobleSha256, secret, salt, info, length));
}
