import 'fake-indexeddb/auto';
import { type IDBPDatabase, openDB } from 'idb';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/core/bytes.ts';
import { createNodeCrypto } from '../../../src/identity/crypto.node.ts';
import {
  areKeysMovable,
  loadOrCreateBrowserKeys,
  readKeySeeds,
  settleStagedKeys,
  stageKeys,
} from '../../../src/identity/keys.browser.ts';
import { checkNodeKeys } from '../../contract/crypto-contract.ts';

let databases = 0;
const freshDatabase = () => `keys-${databases++}`;

async function publicKeys(database: string): Promise<string> {
  const { publicKey, sealKey } = await loadOrCreateBrowserKeys(database);
  return `${toHex(publicKey)} ${toHex(sealKey)}`;
}

async function inDatabase<T>(database: string, work: (db: IDBPDatabase) => Promise<T>): Promise<T> {
  const db = await openDB(database, 1, { upgrade: (fresh) => void fresh.createObjectStore('keys') });
  try {
    return await work(db);
  } finally {
    db.close();
  }
}

/** Every CryptoKey in a stored record. */
function keysIn(value: unknown): CryptoKey[] {
  if (value instanceof CryptoKey) return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(keysIn) : [];
}

describe('keys that can move', () => {
  it('are themselves again in another place, and sign and open there', async () => {
    const [old, fresh] = [freshDatabase(), freshDatabase()];
    const before = await publicKeys(old);
    expect(await publicKeys(fresh)).not.toBe(before);
    const seeds = await readKeySeeds(old);
    if (seeds === null) throw new Error('no seeds');
    await stageKeys(seeds, fresh);
    expect(await publicKeys(fresh)).not.toBe(before);
    await settleStagedKeys(true, fresh);
    expect(await publicKeys(fresh)).toBe(before);
    await checkNodeKeys(createNodeCrypto(), await loadOrCreateBrowserKeys(fresh));
    // And from there once more.
    expect(await readKeySeeds(fresh)).toEqual(seeds);
  });

  it('that were staged and are not wanted leave the ones in use alone', async () => {
    const [old, fresh] = [freshDatabase(), freshDatabase()];
    await publicKeys(old);
    const own = await publicKeys(fresh);
    const seeds = await readKeySeeds(old);
    if (seeds === null) throw new Error('no seeds');
    await stageKeys(seeds, fresh);
    await settleStagedKeys(false, fresh);
    await settleStagedKeys(true, fresh);
    expect(await publicKeys(fresh)).toBe(own);
  });

  it('lie in the database in no form that can be read or exported', async () => {
    const database = freshDatabase();
    await publicKeys(database);
    const seeds = await readKeySeeds(database);
    if (seeds === null) throw new Error('no seeds');
    await stageKeys(seeds, database);
    for (const name of ['node', 'arriving']) {
      const stored = await inDatabase(database, (db) => db.get('keys', name));
      const secrets = keysIn(stored).filter(({ type }) => type !== 'public');
      expect(secrets.map(({ extractable }) => extractable)).toEqual([false, false, false]);
      const { movable } = stored as { movable: Record<'sign' | 'seal', { wrapped: ArrayBuffer }> };
      for (const which of ['sign', 'seal'] as const)
        expect(toHex(new Uint8Array(movable[which].wrapped))).not.toContain(toHex(seeds[which]));
    }
  });

  it('that an earlier version made go on working and say that they stay', async () => {
    const database = freshDatabase();
    const earlier = {
      sign: await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']),
      seal: await crypto.subtle.generateKey('X25519', false, ['deriveBits']),
    };
    await inDatabase(database, (db) => db.add('keys', earlier, 'node'));
    await checkNodeKeys(createNodeCrypto(), await loadOrCreateBrowserKeys(database));
    expect(await areKeysMovable(database)).toBe(false);
    expect(await readKeySeeds(database)).toBeNull();
  });

  it('that can move say so', async () => {
    const database = freshDatabase();
    await publicKeys(database);
    expect(await areKeysMovable(database)).toBe(true);
  });
});
