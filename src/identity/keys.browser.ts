/**
 * A node's keys in a browser: WebCrypto keys that cannot be exported, kept as CryptoKey objects in IndexedDB. Scripts of
 * the origin can use them and cannot read them. They are made once; of two tabs that start at once one wins.
 */
import { type DBSchema, openDB } from 'idb';
import { asBytes, type Bytes } from '../core/bytes.ts';
import { errorMessage, WaystationError } from '../core/errors.ts';
import type { NodeKeys, SealedBox } from '../core/ports.ts';
import { hpkeOpen, type SealKeyPair } from './hpke.ts';

const DEFAULT_DATABASE = 'waystation-keys';
const RECORD = 'node';

interface StoredKeys {
  readonly sign: CryptoKeyPair;
  readonly seal: CryptoKeyPair;
}

interface Schema extends DBSchema {
  keys: { key: string; value: StoredKeys };
}

class BrowserKeys implements NodeKeys {
  readonly publicKey: Bytes;
  readonly sealKey: Bytes;
  readonly #signKey: CryptoKey;
  readonly #sealPair: SealKeyPair;

  constructor(stored: StoredKeys, publicKey: Bytes, sealKey: Bytes) {
    this.publicKey = publicKey;
    this.sealKey = sealKey;
    this.#signKey = stored.sign.privateKey;
    this.#sealPair = stored.seal;
  }

  sign(messages: readonly Uint8Array[]): Promise<Bytes[]> {
    return Promise.all(
      messages.map(
        async (message) =>
          new Uint8Array(await crypto.subtle.sign('Ed25519', this.#signKey, asBytes(message))),
      ),
    );
  }

  hpkeOpen(info: Uint8Array, box: SealedBox): Promise<Bytes> {
    return hpkeOpen(this.#sealPair, info, box);
  }
}

async function rawPublicKey({ publicKey }: CryptoKeyPair): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.exportKey('raw', publicKey));
}

async function generate(): Promise<StoredKeys> {
  return {
    sign: (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair,
    seal: (await crypto.subtle.generateKey('X25519', false, ['deriveBits'])) as CryptoKeyPair,
  };
}

/**
 * The keys of this origin's node, made on first use and durable on return.
 * @param database name of the IndexedDB database, for several nodes in one origin.
 * @throws WaystationError `unavailable` without a secure context, Ed25519 in WebCrypto or storage.
 */
export async function loadOrCreateBrowserKeys(database: string = DEFAULT_DATABASE): Promise<NodeKeys> {
  if (globalThis.crypto?.subtle === undefined) {
    throw new WaystationError(
      'unavailable',
      'this page has no keys because it is not secure: open it over https or localhost',
    );
  }
  try {
    const db = await openDB<Schema>(database, 1, {
      upgrade: (fresh) => void fresh.createObjectStore('keys'),
    });
    try {
      // Generated before the transaction: IndexedDB closes one that waits for anything else.
      const made = (await db.get('keys', RECORD)) === undefined ? await generate() : undefined;
      const transaction = db.transaction('keys', 'readwrite', { durability: 'strict' });
      let stored = await transaction.store.get(RECORD);
      if (stored === undefined && made !== undefined) {
        await transaction.store.add(made, RECORD);
        stored = made;
      }
      await transaction.done;
      if (stored === undefined) throw new TypeError('the stored keys vanished while they were read');
      return new BrowserKeys(stored, await rawPublicKey(stored.sign), await rawPublicKey(stored.seal));
    } finally {
      db.close();
    }
  } catch (cause) {
    throw new WaystationError(
      'unavailable',
      `this browser cannot keep the node's keys: ${errorMessage(cause)}`,
      { cause },
    );
  }
}
