/**
 * The store of a browser: logs and values in IndexedDB, blobs in OPFS files where this code runs in a dedicated worker and
 * in IndexedDB records otherwise. Which of the two is decided when the database is made, and stays.
 */

import { crc32 } from '../core/crc32.ts';
import { WaystationError } from '../core/errors.ts';
import { BlobKeeper } from './blob-keeper.ts';
import type { BlobMedium } from './blob-medium.ts';
import { guardStore } from './guarded-store.ts';
import { IndexedDbBlobs } from './indexed-db-blobs.browser.ts';
import { indexedDbLogs, indexedDbState, indexedDbUsedBytes } from './indexed-db-logs.browser.ts';
import { browserError, type Database, openDatabase } from './indexed-db-schema.browser.ts';
import { hasSyncAccess, OpfsBlobs } from './opfs-blobs.browser.ts';
import type { Store } from './port.ts';
import { takeTabLock } from './tab-lock.browser.ts';

export interface IndexedDbStoreOptions {
  readonly signal?: AbortSignal;
}

/**
 * Opens, or makes, the store `name` of this origin.
 * @throws WaystationError `store-locked` while another tab has it open, `store-full` when there is no room to make it,
 * `unavailable` when the browser refuses storage or the store needs a worker.
 */
export async function openIndexedDbStore(name: string, options: IndexedDbStoreOptions = {}): Promise<Store> {
  options.signal?.throwIfAborted();
  const release = await takeTabLock(`${name}-store`);
  let database: Database | undefined;
  try {
    database = await openDatabase(name, () => undefined);
    const store = await assemble(database, name, release);
    options.signal?.throwIfAborted();
    return store;
  } catch (error) {
    database?.close();
    await release();
    options.signal?.throwIfAborted();
    throw browserError(error, `opening the store ${name}`);
  }
}

async function assemble(database: Database, name: string, release: () => Promise<void>): Promise<Store> {
  const medium = await openMedium(database, name);
  const { keeper, recovered } = await BlobKeeper.open(medium, (bytes) => crc32(bytes));
  return guardStore({
    logs: indexedDbLogs(database),
    state: indexedDbState(database),
    blobs: keeper,
    recovered,
    async usage() {
      const usedBytes = keeper.usedBytes + (await indexedDbUsedBytes(database));
      return { usedBytes, freeBytes: await freeBytes() };
    },
    async close() {
      try {
        await keeper.close();
      } finally {
        database.close();
        await release();
      }
    },
  });
}

async function openMedium(database: Database, name: string): Promise<BlobMedium> {
  const decided = await database.get('settings', 'blob-place');
  const place = decided ?? (hasSyncAccess() ? 'opfs' : 'records');
  if (place === 'opfs' && !hasSyncAccess()) {
    throw new WaystationError(
      'unavailable',
      'expected to run in a worker: this store keeps its blobs in files that pages cannot open',
    );
  }
  if (decided === undefined) await database.put('settings', place, 'blob-place');
  return place === 'opfs' ? await OpfsBlobs.open(database, name) : new IndexedDbBlobs(database);
}

/** What the origin may still take; null where the browser does not say. */
async function freeBytes(): Promise<number | null> {
  if (typeof navigator === 'undefined' || navigator.storage?.estimate === undefined) return null;
  const { quota, usage } = await navigator.storage.estimate();
  return quota === undefined || usage === undefined ? null : Math.max(0, quota - usage);
}
