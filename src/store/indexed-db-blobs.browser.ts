/**
 * Blob bytes as IndexedDB records of one transfer chunk (128 KiB) each, for where OPFS files cannot be had: pages outside a
 * worker, and tests. What is known of a blob is written before or with its first bytes, so nothing is ever left behind unnamed.
 */
import { CHUNK_LEAVES, chunkBytes, chunkCount, LEAF_BYTES, leafCount } from '../blob/merkle.ts';
import type { Bytes } from '../core/bytes.ts';
import { type BlobRef, blobKey } from '../core/ids.ts';
import type { BlobMedium, MediumContents, StoredPartial } from './blob-medium.ts';
import {
  type BlobMeta,
  browserError,
  type ChunkStore,
  type Database,
  type WriteTransaction,
  writeTransaction,
} from './indexed-db-schema.browser.ts';
import type { Durability } from './port.ts';

const CHUNK_BYTES = CHUNK_LEAVES * LEAF_BYTES;
const NO_BITS = new Uint8Array(0);

export function completeMeta(ref: BlobRef, sums: Uint32Array): BlobMeta {
  return { ref, complete: true, bits: NO_BITS, sums: new Uint32Array(sums) };
}

export function partialMeta({ ref, bits, sums }: StoredPartial): BlobMeta {
  return { ref, complete: false, bits: new Uint8Array(bits), sums: new Uint32Array(sums) };
}

export function emptyMeta(ref: BlobRef): BlobMeta {
  const leaves = leafCount(ref.size);
  return { ref, complete: false, bits: new Uint8Array(Math.ceil(leaves / 8)), sums: new Uint32Array(leaves) };
}

/** Everything known, walked by cursor so that sums are not all in memory at once. */
export async function loadMetas(
  database: Database,
): Promise<{ complete: BlobRef[]; partial: StoredPartial[] }> {
  const complete: BlobRef[] = [];
  const partial: StoredPartial[] = [];
  for await (const cursor of database.transaction('blobs').store) {
    if (cursor.value.complete) complete.push(cursor.value.ref);
    else partial.push(cursor.value);
  }
  return { complete, partial };
}

export class IndexedDbBlobs implements BlobMedium {
  readonly #database: Database;
  /** Keys of partial blobs that the database knows. */
  readonly #known = new Set<string>();

  constructor(database: Database) {
    this.#database = database;
  }

  async load(): Promise<MediumContents> {
    const { complete, partial } = await loadMetas(this.#database);
    const held: StoredPartial[] = [];
    for (const item of partial) {
      if (item.bits.some((byte) => byte !== 0)) {
        this.#known.add(blobKey(item.ref));
        held.push(item);
      } else {
        await this.remove(item.ref);
      }
    }
    return { complete, partial: held, recovered: [] };
  }

  async writePartial(ref: BlobRef, offset: number, bytes: Uint8Array): Promise<void> {
    const key = blobKey(ref);
    await this.#write(ref, 'relaxed', async (transaction) => {
      const chunks = transaction.objectStore('chunks');
      const work: Promise<unknown>[] = [];
      if (!this.#known.has(key)) work.push(transaction.objectStore('blobs').put(emptyMeta(ref), key));
      for (let at = offset; at < offset + bytes.length; ) {
        const chunk = Math.floor(at / CHUNK_BYTES);
        const start = chunk * CHUNK_BYTES;
        const end = Math.min(offset + bytes.length, start + CHUNK_BYTES);
        const part = bytes.slice(at - offset, end - offset);
        const size = chunkBytes(ref.size, chunk);
        work.push(
          part.length === size
            ? chunks.put(part, [key, chunk])
            : patch(chunks, [key, chunk], size, at - start, part),
        );
        at = end;
      }
      await Promise.all(work);
    });
    this.#known.add(key);
  }

  async syncPartial(partial: StoredPartial): Promise<void> {
    await this.#putMeta(partialMeta(partial), 'relaxed');
  }

  async complete(ref: BlobRef, sums: Uint32Array): Promise<void> {
    // Strict flushes the log that all earlier transactions went to, the chunks' included.
    await this.#putMeta(completeMeta(ref, sums), 'strict');
    this.#known.delete(blobKey(ref));
  }

  async writeWhole(ref: BlobRef, bytes: Uint8Array, sums: Uint32Array): Promise<void> {
    const key = blobKey(ref);
    await this.#write(ref, 'strict', async (transaction) => {
      const work: Promise<unknown>[] = [transaction.objectStore('blobs').put(completeMeta(ref, sums), key)];
      for (let chunk = 0; chunk < chunkCount(ref.size); chunk++) {
        const part = bytes.slice(chunk * CHUNK_BYTES, (chunk + 1) * CHUNK_BYTES);
        work.push(transaction.objectStore('chunks').put(part, [key, chunk]));
      }
      await Promise.all(work);
    });
    this.#known.delete(key);
  }

  async read(ref: BlobRef, _complete: boolean, offset: number, length: number): Promise<Bytes | undefined> {
    const key = blobKey(ref);
    const first = Math.floor(offset / CHUNK_BYTES);
    const end = Math.ceil((offset + length) / CHUNK_BYTES);
    const out = new Uint8Array(length);
    try {
      const store = this.#database.transaction('chunks').store;
      const chunks = await Promise.all(
        Array.from({ length: end - first }, (_, i) => store.get([key, first + i])),
      );
      for (const [i, chunk] of chunks.entries()) {
        const start = (first + i) * CHUNK_BYTES;
        const from = Math.max(offset, start);
        const to = Math.min(offset + length, start + CHUNK_BYTES);
        if (chunk === undefined || chunk.length < to - start)
          return i === 0 && chunk === undefined ? undefined : out.subarray(0, from - offset);
        out.set(chunk.subarray(from - start, to - start), from - offset);
      }
      return out;
    } catch (error) {
      throw browserError(error, `reading blob ${key}`);
    }
  }

  async readSums(ref: BlobRef): Promise<Uint32Array | undefined> {
    try {
      return (await this.#database.get('blobs', blobKey(ref)))?.sums;
    } catch (error) {
      throw browserError(error, `reading blob ${blobKey(ref)}`);
    }
  }

  async demote(partial: StoredPartial): Promise<void> {
    await this.#putMeta(partialMeta(partial), 'strict');
    this.#known.add(blobKey(partial.ref));
  }

  async setAside(ref: BlobRef): Promise<void> {
    // Without its sums there is no record of the blob at all: nothing that a person could use is left.
    await this.remove(ref);
  }

  async remove(ref: BlobRef): Promise<void> {
    const key = blobKey(ref);
    await this.#write(ref, 'relaxed', async (transaction) => {
      await Promise.all([
        transaction.objectStore('blobs').delete(key),
        transaction
          .objectStore('chunks')
          .delete(IDBKeyRange.bound([key, 0], [key, Number.POSITIVE_INFINITY])),
      ]);
    });
    this.#known.delete(key);
  }

  async close(): Promise<void> {
    // The database is the store's, which closes it last.
  }

  async #putMeta(meta: BlobMeta, durability: Durability): Promise<void> {
    await this.#write(meta.ref, durability, (transaction) =>
      transaction.objectStore('blobs').put(meta, blobKey(meta.ref)),
    );
  }

  async #write(
    ref: BlobRef,
    durability: Durability,
    write: (transaction: WriteTransaction) => Promise<unknown>,
  ): Promise<void> {
    await writeTransaction(
      this.#database,
      ['blobs', 'chunks'],
      durability,
      `writing blob ${blobKey(ref)}`,
      write,
    );
  }
}

/** Writes into a part of a chunk that may not be there yet. */
async function patch(
  chunks: ChunkStore,
  key: [string, number],
  size: number,
  at: number,
  part: Uint8Array,
): Promise<void> {
  const before = await chunks.get(key);
  const after = new Uint8Array(size);
  if (before?.length === size) after.set(before);
  after.set(part, at);
  await chunks.put(after, key);
}
