/**
 * What every crypto adapter promises, as cases that need no test framework, so that they run in Node and inside a browser page
 * alike. Vectors come in from tests/vectors.
 */
import { fromHex, toHex, toUtf8 } from '../../src/core/bytes.ts';
import { isWaystationError } from '../../src/core/errors.ts';
import type { Crypto, NodeKeys } from '../../src/core/ports.ts';

export interface Ed25519Vector {
  readonly what: string;
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
  readonly valid: boolean;
  /** Where known, the signature is what signing with this seed gives. */
  readonly seed?: string;
}

export interface CryptoVectors {
  readonly ed25519: readonly Ed25519Vector[];
  readonly hpke: {
    readonly privateKey: string;
    readonly publicKey: string;
    readonly info: string;
    readonly enc: string;
    readonly ciphertext: string;
    readonly plaintext: string;
  };
}

export interface CryptoCase {
  readonly name: string;
  run(crypto: Crypto, vectors: CryptoVectors): Promise<void>;
}

function check(condition: boolean, promise: string): asserts condition {
  if (!condition) throw new Error(`broken promise: ${promise}`);
}

async function isRefused(
  attempt: () => unknown,
  code: 'corrupt' | 'malformed',
  promise: string,
): Promise<void> {
  try {
    await attempt();
  } catch (error) {
    check(isWaystationError(error, code), `${promise}: expected “${code}”, got ${String(error)}`);
    return;
  }
  throw new Error(`broken promise: ${promise}: nothing was thrown`);
}

const key = new Uint8Array(32).fill(7);
const nonce = new Uint8Array(12).fill(9);
const aad = toUtf8('header');

export const CRYPTO_CONTRACT: readonly CryptoCase[] = [
  {
    name: 'digests every chunk, in order, empty ones and views too',
    async run(crypto) {
      const digests = await crypto.digest([toUtf8('abc'), new Uint8Array(0), toUtf8('xabcx').subarray(1, 4)]);
      const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
      const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
      check(digests.map(toHex).join() === [abc, empty, abc].join(), 'FIPS 180-4 examples');
    },
  },
  {
    name: 'verifies Ed25519 strictly, the same everywhere',
    async run(crypto, { ed25519 }) {
      const items = ed25519.map(({ publicKey, message, signature }) => ({
        publicKey: fromHex(publicKey),
        message: fromHex(message),
        signature: fromHex(signature),
      }));
      const results = await crypto.verify(items);
      const wrong = ed25519.filter(({ valid }, i) => results[i] !== valid).map(({ what }) => what);
      check(
        results.length === ed25519.length && wrong.length === 0,
        `as the vectors say: ${wrong.join('; ')}`,
      );
    },
  },
  {
    name: 'verifies keys and signatures of wrong lengths as false',
    async run(crypto, { ed25519 }) {
      const good = ed25519.find(({ valid }) => valid);
      check(good !== undefined, 'a valid vector');
      const [publicKey, message, signature] = [good.publicKey, good.message, good.signature].map(fromHex);
      check(publicKey !== undefined && message !== undefined && signature !== undefined, 'a whole vector');
      const results = await crypto.verify([
        { publicKey: publicKey.subarray(1), message, signature },
        { publicKey, message, signature: signature.subarray(1) },
        { publicKey, message, signature: new Uint8Array(0) },
        { publicKey: new Uint8Array(0), message, signature },
        { publicKey, message, signature },
      ]);
      check(
        results.join() === 'false,false,false,false,true',
        `false for the odd ones, got ${results.join()}`,
      );
    },
  },
  {
    name: 'signs with a seed as RFC 8032 does',
    async run(crypto, { ed25519 }) {
      for (const { seed, message, signature } of ed25519) {
        if (seed === undefined) continue;
        check(
          toHex(await crypto.signWithSeed(fromHex(seed), fromHex(message))) === signature,
          'the RFC’s signature',
        );
      }
    },
  },
  {
    name: 'seals and opens with AES-256-GCM, and opens nothing that was changed',
    async run(crypto) {
      for (const plaintext of [
        new Uint8Array(0),
        toUtf8('sixteen thousand'),
        new Uint8Array(16_368).fill(3),
      ]) {
        const sealed = await crypto.aeadSeal(key, nonce, plaintext, aad);
        check(sealed.length === plaintext.length + 16, 'ciphertext and a 16-byte tag');
        check(toHex(await crypto.aeadOpen(key, nonce, sealed, aad)) === toHex(plaintext), 'what was sealed');
        const changed = sealed.slice();
        changed[0] = (changed[0] as number) ^ 1;
        const open =
          (...[k, n, c, a]: Parameters<Crypto['aeadOpen']>) =>
          () =>
            crypto.aeadOpen(k, n, c, a);
        await isRefused(open(key, nonce, changed, aad), 'corrupt', 'a changed byte');
        await isRefused(open(key, nonce, sealed.subarray(0, -1), aad), 'corrupt', 'a tag cut off');
        await isRefused(open(key, nonce, sealed.subarray(0, 3), aad), 'corrupt', 'less than a tag');
        await isRefused(open(key, nonce, sealed, toUtf8('other')), 'corrupt', 'another header');
        await isRefused(open(key, new Uint8Array(12), sealed, aad), 'corrupt', 'another nonce');
        await isRefused(open(new Uint8Array(32), nonce, sealed, aad), 'corrupt', 'another key');
      }
    },
  },
  {
    name: 'matches a known AES-256-GCM ciphertext',
    async run(crypto) {
      const zeros = new Uint8Array(32);
      const sealed = await crypto.aeadSeal(
        zeros,
        zeros.subarray(0, 12),
        zeros.subarray(0, 16),
        new Uint8Array(0),
      );
      const expected = 'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919';
      check(toHex(sealed) === expected, 'test case 14 of the GCM specification');
    },
  },
  {
    name: 'seals with HPKE to a key, and only its private half opens',
    async run(crypto, { hpke }) {
      const publicKey = fromHex(hpke.publicKey);
      const info = toUtf8('info');
      const box = await crypto.hpkeSeal(publicKey, info, toUtf8('a secret'));
      check(box.enc.length === 32 && box.ciphertext.length === 8 + 16, 'a key, the ciphertext, a tag');
      const opened = await crypto.hpkeOpenWithSeed(fromHex(hpke.privateKey), info, box);
      check(toHex(opened) === toHex(toUtf8('a secret')), 'what was sealed');
      const again = await crypto.hpkeSeal(publicKey, info, toUtf8('a secret'));
      check(toHex(again.enc) !== toHex(box.enc), 'a fresh key every time');
      await isRefused(() => crypto.hpkeOpenWithSeed(key, info, box), 'corrupt', 'another private key');
      await isRefused(
        () => crypto.hpkeOpenWithSeed(fromHex(hpke.privateKey), aad, box),
        'corrupt',
        'other info',
      );
      const short = { ...box, enc: box.enc.subarray(1) };
      await isRefused(
        () => crypto.hpkeOpenWithSeed(fromHex(hpke.privateKey), info, short),
        'corrupt',
        'a short key',
      );
    },
  },
  {
    name: 'opens the HPKE box of the vectors',
    async run(crypto, { hpke }) {
      const box = { enc: fromHex(hpke.enc), ciphertext: fromHex(hpke.ciphertext) };
      const opened = await crypto.hpkeOpenWithSeed(fromHex(hpke.privateKey), fromHex(hpke.info), box);
      check(toHex(opened) === hpke.plaintext, 'the plaintext of the vectors');
    },
  },
  {
    name: 'refuses to seal to a key of small order',
    async run(crypto) {
      const one = new Uint8Array(32);
      one[0] = 1;
      for (const bad of [new Uint8Array(32), one]) {
        await isRefused(() => crypto.hpkeSeal(bad, aad, aad), 'malformed', 'a key that everybody could open');
      }
    },
  },
];

/** What node keys promise beside any crypto adapter. @returns the empty string, or what did not hold. */
export async function checkNodeKeys(crypto: Crypto, keys: NodeKeys): Promise<void> {
  check(keys.publicKey.length === 32 && keys.sealKey.length === 32, '32-byte public keys');
  const messages = [toUtf8('one'), toUtf8('two')];
  const signatures = await keys.sign(messages);
  const items = messages.map((message, i) => ({
    publicKey: keys.publicKey,
    message,
    signature: signatures[i] ?? new Uint8Array(0),
  }));
  check((await crypto.verify(items)).join() === 'true,true', 'signatures that fit the public key, in order');
  const box = await crypto.hpkeSeal(keys.sealKey, aad, toUtf8('a secret'));
  check(
    toHex(await keys.hpkeOpen(aad, box)) === toHex(toUtf8('a secret')),
    'what was sealed to the seal key',
  );
  await isRefused(() => keys.hpkeOpen(toUtf8('other'), box), 'corrupt', 'other info');
}
