/**
 * The simulator's cryptography: real Ed25519 and SHA-256 through node:crypto, synchronous, keys from seeds. Whether a
 * signature fits is a pure function of key, message and signature, so it is computed once per run and remembered for all
 * nodes: in a run of a hundred nodes every signature would otherwise be checked a hundred times with the same answer.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { asBytes, type Bytes, concatBytes, equalBytes, fromBase64Url } from '../../src/core/bytes.ts';
import { sha256 } from '../../src/core/hash.ts';
import { type NodeId, nodeIdFrom } from '../../src/core/ids.ts';
import type { Verification } from '../../src/core/ports.ts';
import { createNodeCrypto } from '../../src/identity/crypto.node.ts';
import { ED25519_PKCS8_PREFIX } from '../../src/identity/key-formats.ts';
import type { SeededRandom } from './random.ts';

const NODE_CRYPTO = createNodeCrypto();

interface Checked {
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly ok: boolean;
}

/** Checks signatures, each once. */
export class MemoisedVerifier {
  /** By the signature's bytes as Latin-1 text; several when a signature was tried on other messages. */
  readonly #checked = new Map<string, Checked[]>();
  computed = 0;

  verify(items: readonly Verification[]): boolean[] {
    return items.map((item) => this.#verify(item));
  }

  #verify(item: Verification): boolean {
    const { publicKey, message, signature } = item;
    const name = Buffer.from(signature.buffer, signature.byteOffset, signature.length).toString('latin1');
    const known = this.#checked.get(name) ?? [];
    for (const one of known) {
      if (equalBytes(one.publicKey, publicKey) && equalBytes(one.message, message)) return one.ok;
    }
    this.computed++;
    const [ok = false] = NODE_CRYPTO.verify([item]) as boolean[];
    known.push({ publicKey: publicKey.slice(), message: message.slice(), ok });
    this.#checked.set(name, known);
    return ok;
  }
}

/** SHA-256 of each chunk. */
export function digestAll(chunks: readonly Uint8Array[]): Bytes[] {
  return NODE_CRYPTO.digest(chunks) as Bytes[];
}

/** AES-256-GCM under a key used for one message only, so the nonce is zero: what a sealed hour looks like to the others. */
export function sealOnce(key: Uint8Array, plaintext: Uint8Array): Bytes {
  return NODE_CRYPTO.aeadSeal(key, new Uint8Array(12), plaintext, new Uint8Array(0)) as Bytes;
}

export function signWithSeed(seed: Uint8Array, message: Uint8Array): Bytes {
  return NODE_CRYPTO.signWithSeed(seed, message) as Bytes;
}

/** A node's keys, made from the run's seed. Nothing is sealed to the X25519 key here, so it is 32 bytes of chance. */
export class SimKeys {
  readonly node: NodeId;
  readonly publicKey: Bytes;
  readonly sealKey: Bytes;
  readonly #key: KeyObject;

  constructor(random: SeededRandom) {
    const der = Buffer.from(concatBytes(ED25519_PKCS8_PREFIX, random.bytes(32)));
    this.#key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    this.publicKey = fromBase64Url(createPublicKey(this.#key).export({ format: 'jwk' }).x ?? '');
    this.sealKey = sha256(random.bytes(32));
    this.node = nodeIdFrom(this.publicKey);
  }

  sign(message: Uint8Array): Bytes {
    return asBytes(new Uint8Array(sign(null, message, this.#key)));
  }
}
