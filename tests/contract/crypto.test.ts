import { describe, expect, test } from 'vitest';
import { createNodeCrypto } from '../../src/identity/crypto.node.ts';
import { createWebCrypto } from '../../src/identity/crypto.web.ts';
import ed25519 from '../vectors/ed25519.json' with { type: 'json' };
import labels from '../vectors/identity-keys.json' with { type: 'json' };
import { CRYPTO_CONTRACT } from './crypto-contract.ts';

const ADAPTERS = { 'node:crypto': createNodeCrypto, WebCrypto: createWebCrypto };
const vectors = { ed25519: ed25519.cases, hpke: labels.hpke };

describe.each(Object.entries(ADAPTERS))('crypto contract on %s in Node', (_, create) => {
  test.each(CRYPTO_CONTRACT)('$name', async ({ run }) => {
    await run(create(), vectors);
  });
});

test('node:crypto answers at once where it can: the simulator and the relay depend on it', () => {
  const crypto = createNodeCrypto();
  const seed = new Uint8Array(32);
  const bytes = new Uint8Array(12);
  const answers = [
    crypto.digest([seed]),
    crypto.verify([]),
    crypto.signWithSeed(seed, seed),
    crypto.aeadSeal(seed, bytes, seed, seed),
  ];
  for (const answer of answers) expect(answer).not.toBeInstanceOf(Promise);
});
