/**
 * Ed25519 public keys that strict verification refuses whatever the platform says: the points of small order and the encodings
 * that are not canonical (Chalkias, Garillot, Nikolaenko 2020, "Taming the many EdDSAs", table 6). A signature under such a key
 * can be made to fit any message.
 */
import { fromHex, toHex } from '../core/bytes.ts';

const SMALL_ORDER = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000080',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
]);

const PRIME = fromHex('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f');
/** Order of the base point, little endian. */
const ORDER = fromHex('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010');

/** a < b for little-endian numbers of 32 bytes. */
function isBelow(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** True for a 32-byte key that no honest node has: small order, or y not reduced modulo 2^255 − 19. */
export function isWeakPublicKey(publicKey: Uint8Array): boolean {
  if (publicKey.length !== 32 || SMALL_ORDER.has(toHex(publicKey))) return true;
  const y = publicKey.slice();
  y[31] = (y[31] as number) & 0x7f;
  return !isBelow(y, PRIME);
}

/** True for a signature whose S is not below the group order (RFC 8032 §5.1.7): it could be changed without the key. */
export function isMalleableSignature(signature: Uint8Array): boolean {
  return signature.length !== 64 || !isBelow(signature.subarray(32), ORDER);
}
