/**
 * HPKE (RFC 9180) base mode, single shot: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, over WebCrypto wherever
 * that is: page, worker or Node.
 */
import type { CipherSuite } from '@hpke/core';
import { asBytes, type Bytes, concatBytes } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import type { SealedBox } from '../core/ports.ts';
import { RAW_KEY_BYTES, X25519_PKCS8_PREFIX } from './key-formats.ts';

let made: Promise<CipherSuite> | undefined;

/** Loaded when it is first used: a page that opens has remembered its keys, as a rule. @throws WaystationError `unavailable`. */
function suite(): Promise<CipherSuite> {
  made ??= import('@hpke/core').then(
    ({ Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 }) =>
      new CipherSuite({
        kem: new DhkemX25519HkdfSha256(),
        kdf: new HkdfSha256(),
        aead: new Aes256Gcm(),
      }),
    (cause: unknown) => {
      made = undefined;
      throw new WaystationError(
        'unavailable',
        'the part of this program that seals keys could not be loaded: try again where its address can be reached',
        { cause },
      );
    },
  );
  return made;
}

/** An X25519 key as WebCrypto holds it; the private half need not be extractable. */
export interface SealKeyPair {
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
}

async function importPublic(raw: Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', asBytes(raw), 'X25519', true, []);
}

/** Imports a raw X25519 private key and the public key that belongs to it (32 bytes each). */
export async function importSealKeyPair(privateKey: Uint8Array, publicKey: Uint8Array): Promise<SealKeyPair> {
  const pkcs8 = concatBytes(X25519_PKCS8_PREFIX, privateKey);
  return {
    privateKey: await crypto.subtle.importKey('pkcs8', pkcs8, 'X25519', false, ['deriveBits']),
    publicKey: await importPublic(publicKey),
  };
}

/**
 * Seals to a raw X25519 public key.
 * @throws WaystationError `malformed` when it is no key that anything can be sealed to (small order).
 */
export async function hpkeSeal(
  publicKey: Uint8Array,
  info: Uint8Array,
  plaintext: Uint8Array,
): Promise<SealedBox> {
  if (publicKey.length !== RAW_KEY_BYTES)
    throw new RangeError(`expected a 32-byte seal key, got ${publicKey.length}`);
  const hpke = await suite();
  try {
    const recipientPublicKey = await importPublic(publicKey);
    const { enc, ct } = await hpke.seal({ recipientPublicKey, info: asBytes(info) }, asBytes(plaintext));
    return { enc: new Uint8Array(enc), ciphertext: new Uint8Array(ct) };
  } catch (cause) {
    throw new WaystationError('malformed', 'expected an X25519 key that data can be sealed to', { cause });
  }
}

/** Opens a box. @throws WaystationError `corrupt` when it was not sealed to this key under this info. */
export async function hpkeOpen(pair: SealKeyPair, info: Uint8Array, box: SealedBox): Promise<Bytes> {
  const hpke = await suite();
  try {
    const opened = await hpke.open(
      { recipientKey: { ...pair }, enc: asBytes(box.enc), info: asBytes(info) },
      asBytes(box.ciphertext),
    );
    return new Uint8Array(opened);
  } catch (cause) {
    throw new WaystationError('corrupt', 'expected a box that was sealed to this key', { cause });
  }
}
