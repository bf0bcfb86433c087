import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { asBytes, fromBase64Url } from '../../../src/core/bytes.ts';
import type { NodeKeys } from '../../../src/core/ports.ts';
import { hpkeOpen, importSealKeyPair } from '../../../src/identity/hpke.ts';
import { freshKeys } from '../../../src/identity/keys.node.ts';

/** Fresh real keys, kept in memory. */
export function createTestKeys(): NodeKeys {
  const [signKey, sealKey] = freshKeys();
  const part = (key: KeyObject, name: 'x' | 'd') => fromBase64Url(key.export({ format: 'jwk' })[name] ?? '');
  const sealPublic = part(createPublicKey(sealKey), 'x');
  const sealKeys = importSealKeyPair(part(sealKey, 'd'), sealPublic);
  return {
    publicKey: part(createPublicKey(signKey), 'x'),
    sealKey: sealPublic,
    sign: (messages) => messages.map((message) => asBytes(new Uint8Array(sign(null, message, signKey)))),
    hpkeOpen: async (info, box) => hpkeOpen(await sealKeys, info, box),
  };
}
