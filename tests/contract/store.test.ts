import 'fake-indexeddb/auto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { openFileStore } from '../../src/store/file-system.node.ts';
import { openIndexedDbStore } from '../../src/store/indexed-db.browser.ts';
import { createMemoryStore, MemoryDisk } from '../../src/store/memory.ts';
import { STORE_CONTRACT, type StorePlace } from './store-contract.ts';

async function memoryPlace(): Promise<StorePlace> {
  const disk = new MemoryDisk();
  return { open: async () => createMemoryStore(disk), destroy: async () => undefined };
}

async function filePlace(): Promise<StorePlace> {
  const directory = await mkdtemp(join(tmpdir(), 'waystation-store-'));
  return { open: () => openFileStore(directory), destroy: () => rm(directory, { recursive: true }) };
}

let databases = 0;

async function indexedDbPlace(): Promise<StorePlace> {
  const name = `contract-${databases++}`;
  return {
    open: () => openIndexedDbStore(name),
    destroy: async () => {
      indexedDB.deleteDatabase(name);
    },
  };
}

const places: readonly [string, () => Promise<StorePlace>][] = [
  ['memory', memoryPlace],
  ['files', filePlace],
  ['IndexedDB records (fake)', indexedDbPlace],
];

describe.each(places)('store contract on %s', (_, makePlace) => {
  test.each(STORE_CONTRACT)('$name', async (promise) => {
    const place = await makePlace();
    try {
      await promise.run(place);
    } finally {
      await place.destroy();
    }
  });
});
