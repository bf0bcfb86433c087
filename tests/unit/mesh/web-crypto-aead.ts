import { asBytes } from '../../../src/core/bytes.ts';
import type { Aead } from '../../../src/mesh/sealed-signal.ts';

/** AES-256-GCM by WebCrypto, asynchronous, in a page and in Node. */
export const webCryptoAead: Aead = {
  async aeadSeal(key, nonce, plaintext, aad) {
    const imported = await crypto.subtle.importKey('raw', asBytes(key), 'AES-GCM', false, ['encrypt']);
    const parameters = { name: 'AES-GCM', iv: asBytes(nonce), additionalData: asBytes(aad) };
    return new Uint8Array(await crypto.subtle.encrypt(parameters, imported, asBytes(plaintext)));
  },
  async aeadOpen(key, nonce, ciphertext, aad) {
    const imported = await crypto.subtle.importKey('raw', asBytes(key), 'AES-GCM', false, ['decrypt']);
    const parameters = { name: 'AES-GCM', iv: asBytes(nonce), additionalData: asBytes(aad) };
    return new Uint8Array(await crypto.subtle.decrypt(parameters, imported, asBytes(ciphertext)));
  },
};
