import { generateKeyPairSync, sign } from 'node:crypto';
import { asBytes, fromBase64Url } from '../../../src/core/bytes.ts';
import type { NodeKeys } from '../../../src/core/ports.ts';
import { hpkeOpen, importSealKeyPair } from '../../../src/identity/hpke.ts';

/** Fresh real keys, kept in memory. */
export function createTestKeys(): NodeKeys {
  const signPair = generateKeyPairSync('ed25519');
  const sealPair = generateKeyPairSync('x25519');
  const part = (key: typeof signPair.publicKey, name: 'x' | 'd') =>
    fromBase64Url(key.export({ format: 'jwk' })[name] ?? '');
  const sealKeys = importSealKeyPair(part(sealPair.privateKey, 'd'), part(sealPair.publicKey, 'x'));
  return {
    publicKey: part(signPair.publicKey, 'x'),
    sealKey: part(sealPair.publicKey, 'x'),
    sign: (messages) =>
      messages.map((message) => asBytes(new Uint8Array(sign(null, message, signPair.privateKey)))),
    hpkeOpen: async (info, box) => hpkeOpen(await sealKeys, info, box),
  };
}
