/** DER wrappings of raw 32-byte keys (RFC 8410), and the one public half that is computed here. */
import { x25519 } from '@noble/curves/ed25519.js';
import { asBytes, type Bytes, fromHex } from '../core/bytes.ts';

/** Ed25519 and X25519 keys, public and private, are 32 bytes. */
export const RAW_KEY_BYTES = 32;

/** PKCS#8 up to the Ed25519 seed. */
export const ED25519_PKCS8_PREFIX: Bytes = fromHex('302e020100300506032b657004220420');
/** PKCS#8 up to the X25519 private key. */
export const X25519_PKCS8_PREFIX: Bytes = fromHex('302e020100300506032b656e04220420');
/** SubjectPublicKeyInfo up to the Ed25519 public key. */
export const ED25519_SPKI_PREFIX: Bytes = fromHex('302a300506032b6570032100');

/** The X25519 public key of a raw private key. WebCrypto computes it only for keys that it may export. */
export function x25519PublicKey(privateKey: Uint8Array): Bytes {
  return asBytes(x25519.getPublicKey(privateKey));
}
