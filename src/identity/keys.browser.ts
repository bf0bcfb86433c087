/**
 * A node's keys in a browser, in IndexedDB: WebCrypto keys that cannot be exported. They are made once; of two tabs that start
 * at once one wins.
 *
 * Beside each key lies a copy that is encrypted under a wrapping key, itself not exportable, so that a person can take the
 * device's identity to another address (decision 0017). {@link readKeySeeds} is the one place that opens it. What a script of the origin
 * gets hold of by way of the daily keys, or by reading the database, is of no use elsewhere; a script that knows of
 * the copy and runs as this page could open it as well. Keys that earlier versions made have no copy and stay where they are.
 *
 * Keys that come from elsewhere wait under a name of their own until everything else has arrived ({@link settleStagedKeys}).
 */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { asBytes, type Bytes, fromBase64Url } from '../core/bytes.ts';
import { errorMessage, isWaystationError, WaystationError } from '../core/errors.ts';
import type { NodeKeys, SealedBox } from '../core/ports.ts';
import { hpkeOpen, type SealKeyPair } from './hpke.ts';
import { x25519PublicKey } from './key-formats.ts';
import { type KeySeeds, seedFromPkcs8, seedPkcs8 } from './key-seeds.ts';

const DEFAULT_DATABASE = 'waystation-keys';
const RECORD = 'node';
const STAGED = 'arriving';
/** AES-GCM's own length (NIST SP 800-38D). */
const IV_BYTES = 12;

interface WrappedKey {
  readonly iv: Uint8Array<ArrayBuffer>;
  /** PKCS#8, encrypted. */
  readonly wrapped: ArrayBuffer;
}

interface MovableCopy {
  /** AES-256-GCM, for wrapping and unwrapping only, not exportable. */
  readonly wrapping: CryptoKey;
  readonly sign: WrappedKey;
  readonly seal: WrappedKey;
}

interface StoredKeys {
  readonly sign: CryptoKeyPair;
  readonly seal: CryptoKeyPair;
  /** Absent in keys that earlier versions made. */
  readonly movable?: MovableCopy;
}

interface Schema extends DBSchema {
  keys: { key: string; value: StoredKeys };
}

const ALGORITHM = { sign: 'Ed25519', seal: 'X25519' } as const;
const USAGES: Readonly<Record<keyof KeySeeds, KeyUsage[]>> = { sign: ['sign'], seal: ['deriveBits'] };

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

async function wrap(key: CryptoKey, wrapping: CryptoKey): Promise<WrappedKey> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  return { iv, wrapped: await crypto.subtle.wrapKey('pkcs8', key, wrapping, { name: 'AES-GCM', iv }) };
}

function unwrap(
  { sign, seal, wrapping }: MovableCopy,
  which: keyof KeySeeds,
  extractable: boolean,
): Promise<CryptoKey> {
  const { iv, wrapped } = which === 'sign' ? sign : seal;
  const algorithm = { name: 'AES-GCM', iv };
  return crypto.subtle.unwrapKey(
    'pkcs8',
    wrapped,
    wrapping,
    algorithm,
    ALGORITHM[which],
    extractable,
    USAGES[which],
  );
}

/** Both pairs for daily use, which cannot be exported, and their encrypted copy, from pairs that can. */
async function guarded(sign: CryptoKeyPair, seal: CryptoKeyPair): Promise<StoredKeys> {
  const wrapping = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
    'wrapKey',
    'unwrapKey',
  ]);
  const movable = {
    wrapping,
    sign: await wrap(sign.privateKey, wrapping),
    seal: await wrap(seal.privateKey, wrapping),
  };
  return {
    sign: { publicKey: sign.publicKey, privateKey: await unwrap(movable, 'sign', false) },
    seal: { publicKey: seal.publicKey, privateKey: await unwrap(movable, 'seal', false) },
    movable,
  };
}

async function generate(): Promise<StoredKeys> {
  return guarded(
    (await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as CryptoKeyPair,
    (await crypto.subtle.generateKey('X25519', true, ['deriveBits'])) as CryptoKeyPair,
  );
}

async function fromSeeds(seeds: KeySeeds): Promise<StoredKeys> {
  const importPrivate = (which: keyof KeySeeds) =>
    crypto.subtle.importKey('pkcs8', seedPkcs8(seeds, which), ALGORITHM[which], true, USAGES[which]);
  const sign = await importPrivate('sign');
  const { x } = await crypto.subtle.exportKey('jwk', sign);
  if (x === undefined) throw new TypeError('the browser did not compute the public key');
  const importPublic = (raw: Bytes, algorithm: string, usages: KeyUsage[]) =>
    crypto.subtle.importKey('raw', raw, algorithm, true, usages);
  return guarded(
    { privateKey: sign, publicKey: await importPublic(fromBase64Url(x), 'Ed25519', ['verify']) },
    {
      privateKey: await importPrivate('seal'),
      publicKey: await importPublic(x25519PublicKey(seeds.seal), 'X25519', []),
    },
  );
}

/** Does something with the database of keys. @throws WaystationError `unavailable` when the browser cannot. */
async function withDatabase<T>(database: string, work: (db: IDBPDatabase<Schema>) => Promise<T>): Promise<T> {
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
      return await work(db);
    } finally {
      db.close();
    }
  } catch (cause) {
    if (isWaystationError(cause)) throw cause;
    throw new WaystationError(
      'unavailable',
      `this browser cannot keep the node's keys: ${errorMessage(cause)}`,
      { cause },
    );
  }
}

/**
 * The keys of this origin's node, made on first use and durable on return.
 * @param database name of the IndexedDB database, for several nodes in one origin.
 * @throws WaystationError `unavailable` without a secure context, Ed25519 in WebCrypto or storage.
 */
export function loadOrCreateBrowserKeys(database: string = DEFAULT_DATABASE): Promise<NodeKeys> {
  return withDatabase(database, async (db) => {
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
  });
}

/**
 * The private halves of this origin's keys, to be taken elsewhere; null when they were made by a version that kept no copy.
 * @throws WaystationError `corrupt` when the copy cannot be opened, otherwise as {@link loadOrCreateBrowserKeys}.
 */
export function readKeySeeds(database: string = DEFAULT_DATABASE): Promise<KeySeeds | null> {
  return withDatabase(database, async (db) => {
    const movable = (await db.get('keys', RECORD))?.movable;
    if (movable === undefined) return null;
    const seed = async (which: keyof KeySeeds) => {
      const key = await unwrap(movable, which, true);
      return seedFromPkcs8(new Uint8Array(await crypto.subtle.exportKey('pkcs8', key)), which);
    };
    return { sign: await seed('sign'), seal: await seed('seal') };
  });
}

/** True when {@link readKeySeeds} would find something. */
export function areKeysMovable(database: string = DEFAULT_DATABASE): Promise<boolean> {
  return withDatabase(database, async (db) => (await db.get('keys', RECORD))?.movable !== undefined);
}

/** Keeps keys that came from elsewhere, durably, beside the ones in use. */
export function stageKeys(seeds: KeySeeds, database: string = DEFAULT_DATABASE): Promise<void> {
  return withDatabase(database, async (db) => {
    const stored = await fromSeeds(seeds);
    const transaction = db.transaction('keys', 'readwrite', { durability: 'strict' });
    await transaction.store.put(stored, STAGED);
    await transaction.done;
  });
}

/** Deletes this origin's keys, durably: whoever comes next is another node. */
export function forgetBrowserKeys(database: string = DEFAULT_DATABASE): Promise<void> {
  return withDatabase(database, async (db) => {
    const transaction = db.transaction('keys', 'readwrite', { durability: 'strict' });
    await transaction.store.delete(RECORD);
    await transaction.done;
  });
}

/** Puts the keys of {@link stageKeys} in the place of the ones in use, or drops them; nothing when there are none. */
export function settleStagedKeys(use: boolean, database: string = DEFAULT_DATABASE): Promise<void> {
  return withDatabase(database, async (db) => {
    const transaction = db.transaction('keys', 'readwrite', { durability: 'strict' });
    const staged = await transaction.store.get(STAGED);
    if (staged !== undefined) {
      if (use) await transaction.store.put(staged, RECORD);
      await transaction.store.delete(STAGED);
    }
    await transaction.done;
  });
}
