/**
 * The crypto port over node:crypto: synchronous but for HPKE. Ed25519 is strict in the sense of ed25519-points.ts.
 */

import type { KeyObject } from 'node:crypto';
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  sign,
  verify,
} from 'node:crypto';
import { asBytes, type Bytes, concatBytes } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import type { Crypto, SealedBox, Verification } from '../core/ports.ts';
import { isStrictPair } from './ed25519-points.ts';
import { hpkeOpen, hpkeSeal, importSealKeyPair } from './hpke.ts';
import { KeyCache } from './key-cache.ts';
import { ED25519_PKCS8_PREFIX, ED25519_SPKI_PREFIX, x25519PublicKey } from './key-formats.ts';

const AES = 'aes-256-gcm';
const TAG_BYTES = 16;

function plain(buffer: Uint8Array): Bytes {
  return asBytes(new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength));
}

function importPublicKey(raw: Uint8Array): KeyObject {
  const key = Buffer.from(concatBytes(ED25519_SPKI_PREFIX, raw));
  return createPublicKey({ key, format: 'der', type: 'spki' });
}

/** The private key object of a raw Ed25519 seed. */
function importSeed(seed: Uint8Array): KeyObject {
  const key = Buffer.from(concatBytes(ED25519_PKCS8_PREFIX, seed));
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

class NodeCrypto implements Crypto {
  readonly #keys = new KeyCache(importPublicKey);

  digest(chunks: readonly Uint8Array[]): Bytes[] {
    return chunks.map((chunk) => plain(createHash('sha256').update(chunk).digest()));
  }

  verify(items: readonly Verification[]): boolean[] {
    return items.map(({ publicKey, message, signature }) => {
      if (!isStrictPair(publicKey, signature)) return false;
      try {
        return verify(null, message, this.#keys.get(publicKey), signature);
      } catch {
        return false; // not a point: no signature fits
      }
    });
  }

  signWithSeed(seed: Uint8Array, message: Uint8Array): Bytes {
    return plain(sign(null, message, importSeed(seed)));
  }

  aeadSeal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Bytes {
    const cipher = createCipheriv(AES, key, nonce, { authTagLength: TAG_BYTES }).setAAD(aad);
    const body = cipher.update(plaintext);
    return concatBytes(body, cipher.final(), cipher.getAuthTag());
  }

  aeadOpen(key: Uint8Array, nonce: Uint8Array, ciphertext: Uint8Array, aad: Uint8Array): Bytes {
    try {
      const tagAt = ciphertext.length - TAG_BYTES;
      const decipher = createDecipheriv(AES, key, nonce, { authTagLength: TAG_BYTES }).setAAD(aad);
      decipher.setAuthTag(ciphertext.subarray(tagAt));
      const body = decipher.update(ciphertext.subarray(0, tagAt));
      decipher.final();
      return plain(body);
    } catch (cause) {
      throw new WaystationError('corrupt', 'expected ciphertext whose authentication tag fits', { cause });
    }
  }

  hpkeSeal(publicKey: Uint8Array, info: Uint8Array, plaintext: Uint8Array): Promise<SealedBox> {
    return hpkeSeal(publicKey, info, plaintext);
  }

  async hpkeOpenWithSeed(privateKey: Uint8Array, info: Uint8Array, box: SealedBox): Promise<Bytes> {
    return hpkeOpen(await importSealKeyPair(privateKey, x25519PublicKey(privateKey)), info, box);
  }
}

/** The crypto port of the command line, the relay and tests. */
export function createNodeCrypto(): Crypto {
  return new NodeCrypto();
}
