/**
 * The crypto port over WebCrypto alone: pages, workers, and Node. Everything is asynchronous; batches run at once.
 * Ed25519 is strict in the sense of ed25519-points.ts.
 */
import { asBytes, type Bytes, concatBytes } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import type { Crypto, SealedBox, Verification } from '../core/ports.ts';
import { isStrictPair } from './ed25519-points.ts';
import { hpkeOpen, hpkeSeal, importSealKeyPair } from './hpke.ts';
import { KeyCache } from './key-cache.ts';
import { ED25519_PKCS8_PREFIX, x25519PublicKey } from './key-formats.ts';

async function aesKey(raw: Uint8Array, usage: 'encrypt' | 'decrypt'): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', asBytes(raw), 'AES-GCM', false, [usage]);
}

function aesParams(nonce: Uint8Array, aad: Uint8Array): AesGcmParams {
  return { name: 'AES-GCM', iv: asBytes(nonce), additionalData: asBytes(aad), tagLength: 128 };
}

class WebCrypto implements Crypto {
  readonly #keys = new KeyCache(async (raw) => {
    try {
      return await crypto.subtle.importKey('raw', asBytes(raw), 'Ed25519', false, ['verify']);
    } catch {
      return null; // not a point: no signature fits
    }
  });

  digest(chunks: readonly Uint8Array[]): Promise<Bytes[]> {
    return Promise.all(
      chunks.map(async (chunk) => new Uint8Array(await crypto.subtle.digest('SHA-256', asBytes(chunk)))),
    );
  }

  verify(items: readonly Verification[]): Promise<boolean[]> {
    return Promise.all(items.map((item) => this.#verifyOne(item)));
  }

  async #verifyOne({ publicKey, message, signature }: Verification): Promise<boolean> {
    if (!isStrictPair(publicKey, signature)) return false;
    const key = await this.#keys.get(publicKey);
    if (key === null) return false;
    return crypto.subtle.verify('Ed25519', key, asBytes(signature), asBytes(message));
  }

  async signWithSeed(seed: Uint8Array, message: Uint8Array): Promise<Bytes> {
    const pkcs8 = concatBytes(ED25519_PKCS8_PREFIX, seed);
    const key = await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']);
    return new Uint8Array(await crypto.subtle.sign('Ed25519', key, asBytes(message)));
  }

  async aeadSeal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Promise<Bytes> {
    const imported = await aesKey(key, 'encrypt');
    return new Uint8Array(await crypto.subtle.encrypt(aesParams(nonce, aad), imported, asBytes(plaintext)));
  }

  async aeadOpen(
    key: Uint8Array,
    nonce: Uint8Array,
    ciphertext: Uint8Array,
    aad: Uint8Array,
  ): Promise<Bytes> {
    const imported = await aesKey(key, 'decrypt');
    try {
      return new Uint8Array(
        await crypto.subtle.decrypt(aesParams(nonce, aad), imported, asBytes(ciphertext)),
      );
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

/** The crypto port of pages and workers. */
export function createWebCrypto(): Crypto {
  return new WebCrypto();
}
