/** The hashing and AES-GCM part of the crypto port on node:crypto, synchronous, for the tests of this folder. */
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import type { Sealer } from '../../../src/blob/content-key.ts';
import type { Digester } from '../../../src/blob/digest.ts';
import { type Bytes, concatBytes } from '../../../src/core/bytes.ts';
import { WaystationError } from '../../../src/core/errors.ts';

export function nodeSha256(...parts: readonly Uint8Array[]): Bytes {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

export const nodeCrypto: Digester & Sealer = {
  digest: (chunks) => chunks.map((chunk) => nodeSha256(chunk)),
  aeadSeal(key, nonce, plaintext, aad) {
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad);
    return concatBytes(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
  },
  aeadOpen(key, nonce, ciphertext, aad) {
    const tagAt = ciphertext.length - 16;
    const decipher = createDecipheriv('aes-256-gcm', key, nonce)
      .setAAD(aad)
      .setAuthTag(ciphertext.subarray(tagAt));
    try {
      return concatBytes(decipher.update(ciphertext.subarray(0, tagAt)), decipher.final());
    } catch (cause) {
      throw new WaystationError('corrupt', 'expected a box that opens with this key', { cause });
    }
  },
};

/** Bytes of a blob that anyone can make again: SHA-256(seed ‖ counter u32 big-endian), joined and cut. */
export function blobBytes(size: number, seed = 'waystation'): Bytes {
  const out = new Uint8Array(size);
  const counter = new DataView(new ArrayBuffer(4));
  const prefix = new TextEncoder().encode(seed);
  for (let at = 0, i = 0; at < size; at += 32, i++) {
    counter.setUint32(0, i);
    out.set(nodeSha256(prefix, new Uint8Array(counter.buffer)).subarray(0, size - at), at);
  }
  return out;
}
