/**
 * The private halves of a node's two keys as raw bytes. They exist like this only while a node moves to another place: whoever has
 * them is the node.
 */
import { asBytes, type Bytes, concatBytes } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import { ED25519_PKCS8_PREFIX, RAW_KEY_BYTES, X25519_PKCS8_PREFIX } from './key-formats.ts';

export interface KeySeeds {
  /** Ed25519 seed, 32 bytes. */
  readonly sign: Bytes;
  /** X25519 private key, 32 bytes. */
  readonly seal: Bytes;
}

const PREFIX = { sign: ED25519_PKCS8_PREFIX, seal: X25519_PKCS8_PREFIX } as const;

/** PKCS#8 (RFC 8410) of one of the two. @throws RangeError unless it is 32 bytes long. */
export function seedPkcs8(seeds: KeySeeds, which: keyof KeySeeds): Bytes {
  if (seeds[which].length !== RAW_KEY_BYTES)
    throw new RangeError(`expected a private key of ${RAW_KEY_BYTES} bytes`);
  return concatBytes(PREFIX[which], seeds[which]);
}

/** The raw private key in PKCS#8 that WebCrypto wrote. @throws WaystationError `corrupt` when it is in any other form. */
export function seedFromPkcs8(pkcs8: Uint8Array, which: keyof KeySeeds): Bytes {
  const prefix = PREFIX[which];
  const isOurs =
    pkcs8.length === prefix.length + RAW_KEY_BYTES && prefix.every((byte, i) => pkcs8[i] === byte);
  if (!isOurs) throw new WaystationError('corrupt', 'expected a private key of 32 bytes in PKCS#8');
  return asBytes(pkcs8.slice(prefix.length));
}
