/** The shape of the IndexedDB database, and the few idioms over its transactions. */
import type { DBSchema, IDBPDatabase, IDBPObjectStore, IDBPTransaction, StoreNames } from 'idb';
import { openDB } from 'idb';
import type { Bytes } from '../core/bytes.ts';
import { errorMessage, isWaystationError, WaystationError } from '../core/errors.ts';
import type { BlobRef } from '../core/ids.ts';
import type { Durability } from './port.ts';

/** What is known of one blob; its bytes lie in `chunks` or in OPFS. */
export interface BlobMeta {
  readonly ref: BlobRef;
  readonly complete: boolean;
  /** Leaf map of a partial blob; empty when complete. */
  readonly bits: Uint8Array;
  /** CRC-32 of each leaf. */
  readonly sums: Uint32Array;
}

export interface StoreSchema extends DBSchema {
  /** [log, index] → record. */
  records: { key: [string, number]; value: Uint8Array };
  /** Log → how much there is of it. */
  logs: { key: string; value: { readonly count: number; readonly bytes: number } };
  state: { key: string; value: Uint8Array };
  /** Blob key → what is known of it. */
  blobs: { key: string; value: BlobMeta };
  /** [blob key, chunk] → the bytes of one transfer chunk. */
  chunks: { key: [string, number]; value: Uint8Array };
  /** `blob-place` → where this database keeps blob bytes, decided when it was made. */
  settings: { key: string; value: string };
}

export type Database = IDBPDatabase<StoreSchema>;
type Names = StoreNames<StoreSchema>[];
export type WriteTransaction = IDBPTransaction<StoreSchema, Names, 'readwrite'>;

export type ChunkStore = IDBPObjectStore<StoreSchema, Names, 'chunks', 'readwrite'>;

const SCHEMA_VERSION = 1;

/** Opens or makes the database. @param onTerminated called when the browser cuts the connection. */
export async function openDatabase(name: string, onTerminated: () => void): Promise<Database> {
  return await openDB<StoreSchema>(name, SCHEMA_VERSION, {
    upgrade(database) {
      for (const store of ['records', 'logs', 'state', 'blobs', 'chunks', 'settings'] as const) {
        database.createObjectStore(store);
      }
    },
    terminated: onTerminated,
  });
}

/**
 * Runs `write` in one transaction that is kept whole or not at all, durable as asked when it resolves.
 * @throws WaystationError `store-full` or `unavailable`.
 */
export async function writeTransaction(
  database: Database,
  stores: Names,
  durability: Durability,
  doing: string,
  write: (transaction: WriteTransaction) => Promise<unknown>,
): Promise<void> {
  try {
    const transaction = database.transaction(stores, 'readwrite', { durability });
    // The requests' own errors say less than the transaction's, which is why it is asked first.
    const [done, written] = await Promise.allSettled([transaction.done, abortOnError(transaction, write)]);
    if (written.status === 'rejected' && !isAbort(written.reason)) throw written.reason;
    if (done.status === 'rejected') throw done.reason;
  } catch (error) {
    throw browserError(error, doing);
  }
}

async function abortOnError(
  transaction: WriteTransaction,
  write: (transaction: WriteTransaction) => Promise<unknown>,
): Promise<void> {
  try {
    await write(transaction);
  } catch (error) {
    try {
      transaction.abort();
    } catch {
      // It has been aborted by what failed.
    }
    throw error;
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/** The error to reject with: `store-full` for an exceeded quota, `unavailable` for any other trouble of the browser's storage. */
export function browserError(error: unknown, doing: string): WaystationError {
  if (isWaystationError(error)) return error;
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  if (name === 'QuotaExceededError') {
    return new WaystationError(
      'store-full',
      `the browser grants this site no more room ${doing}: free space on the device, or let data move to another node`,
      { cause: error },
    );
  }
  return new WaystationError('unavailable', `the browser's storage failed ${doing}: ${errorMessage(error)}`, {
    cause: error,
  });
}

/** `bytes` in a buffer of their own, because structured cloning keeps the whole buffer behind a view. */
export function exactBytes(bytes: Uint8Array): Bytes {
  return new Uint8Array(bytes);
}
