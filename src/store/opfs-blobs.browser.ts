/**
 * Blob bytes as files of the origin private file system, through synchronous access handles, which only dedicated workers
 * have; several times as fast as IndexedDB. What is known of a blob (leaf map, sums, complete or not) stays in IndexedDB and is
 * written *after* the file was flushed, so it never claims more than the file holds.
 */
import type { Bytes } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import { type BlobRef, blobKey } from '../core/ids.ts';
import type { BlobMedium, MediumContents, StoredPartial } from './blob-medium.ts';
import { HandleCache } from './handle-cache.ts';
import { completeMeta, loadMetas, partialMeta } from './indexed-db-blobs.browser.ts';
import { type BlobMeta, browserError, type Database, writeTransaction } from './indexed-db-schema.browser.ts';
import type { Durability, Recovery } from './port.ts';

/** WHATWG File System, `FileSystemSyncAccessHandle`; TypeScript declares it for workers only. */
interface SyncHandle {
  read(into: Uint8Array, options: { readonly at: number }): number;
  write(bytes: Uint8Array, options: { readonly at: number }): number;
  flush(): void;
  close(): void;
}
interface SyncFileHandle {
  createSyncAccessHandle(): Promise<SyncHandle>;
}
interface ListableDirectory extends FileSystemDirectoryHandle {
  keys(): AsyncIterableIterator<string>;
}

/** True where synchronous access handles can be had: in dedicated workers. */
export function hasSyncAccess(): boolean {
  return (
    typeof FileSystemFileHandle === 'function' && 'createSyncAccessHandle' in FileSystemFileHandle.prototype
  );
}

export class OpfsBlobs implements BlobMedium {
  readonly #database: Database;
  readonly #directory: ListableDirectory;
  readonly #handles: HandleCache<SyncHandle>;

  private constructor(database: Database, directory: ListableDirectory) {
    this.#database = database;
    this.#directory = directory;
    this.#handles = new HandleCache({
      async open(path, create) {
        const file = await directory.getFileHandle(path, { create });
        return await (file as unknown as SyncFileHandle).createSyncAccessHandle();
      },
      close: (handle) => handle.close(),
    });
  }

  /** Files of the store `name` beside the database that knows them. */
  static async open(database: Database, name: string): Promise<OpfsBlobs> {
    const root = await navigator.storage.getDirectory();
    const directory = await root.getDirectoryHandle(`${name}-blobs`, { create: true });
    return new OpfsBlobs(database, directory as ListableDirectory);
  }

  async load(): Promise<MediumContents> {
    const { complete, partial } = await loadMetas(this.#database);
    const files = new Set<string>();
    for await (const file of this.#directory.keys()) files.add(file);
    const recovered: Recovery[] = [];
    const there = async <T>(items: readonly T[], refOf: (item: T) => BlobRef): Promise<T[]> => {
      const kept: T[] = [];
      for (const item of items) {
        const key = blobKey(refOf(item));
        if (files.delete(key)) {
          kept.push(item);
          continue;
        }
        await this.#write(key, 'relaxed', undefined);
        recovered.push({
          kind: 'damaged',
          where: key,
          message: `the file of blob ${key} is gone; it will be fetched again`,
        });
      }
      return kept;
    };
    const contents = {
      complete: await there(complete, (ref) => ref),
      partial: await there(partial, ({ ref }) => ref),
      recovered,
    };
    if (files.size > 0) {
      for (const file of files) await this.#directory.removeEntry(file);
      const message = `${files.size} blob(s) were arriving when the program stopped and will be fetched from their beginning`;
      recovered.push({ kind: 'left-over', where: this.#directory.name, message });
    }
    return contents;
  }

  async writePartial(ref: BlobRef, offset: number, bytes: Uint8Array): Promise<void> {
    await this.#guard(ref, () =>
      this.#handles.use(blobKey(ref), true, (file) => writeFully(file, bytes, offset)),
    );
  }

  async syncPartial(partial: StoredPartial): Promise<void> {
    await this.#guard(partial.ref, () =>
      this.#handles.use(blobKey(partial.ref), true, (file) => file.flush()),
    );
    await this.#write(blobKey(partial.ref), 'relaxed', partialMeta(partial));
  }

  async complete(ref: BlobRef, sums: Uint32Array): Promise<void> {
    await this.#guard(ref, () => this.#handles.use(blobKey(ref), true, (file) => file.flush()));
    await this.#write(blobKey(ref), 'strict', completeMeta(ref, sums));
  }

  async writeWhole(ref: BlobRef, bytes: Uint8Array, sums: Uint32Array): Promise<void> {
    try {
      await this.#guard(ref, () =>
        this.#handles.use(blobKey(ref), true, (file) => {
          writeFully(file, bytes, 0);
          file.flush();
        }),
      );
      await this.#write(blobKey(ref), 'strict', completeMeta(ref, sums));
    } catch (error) {
      await this.remove(ref).catch(() => undefined);
      throw error;
    }
  }

  async read(ref: BlobRef, _complete: boolean, offset: number, length: number): Promise<Bytes | undefined> {
    try {
      return await this.#handles.use(blobKey(ref), true, (file) => {
        const bytes = new Uint8Array(length);
        return bytes.subarray(0, file.read(bytes, { at: offset }));
      });
    } catch (error) {
      throw browserError(error, `reading blob ${blobKey(ref)}`);
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
    await this.#write(blobKey(partial.ref), 'strict', partialMeta(partial));
  }

  async setAside(ref: BlobRef): Promise<void> {
    // Nobody can reach into this file system to repair by hand what is kept there.
    await this.remove(ref);
  }

  async remove(ref: BlobRef): Promise<void> {
    const key = blobKey(ref);
    await this.#write(key, 'relaxed', undefined);
    await this.#guard(ref, async () => {
      await this.#handles.drop(key);
      try {
        await this.#directory.removeEntry(key);
      } catch (error) {
        if (!(error instanceof DOMException) || error.name !== 'NotFoundError') throw error;
      }
    });
  }

  async close(): Promise<void> {
    await this.#handles.closeAll();
  }

  /** Records what is known of a blob, or forgets it. */
  async #write(key: string, durability: Durability, meta: BlobMeta | undefined): Promise<void> {
    await writeTransaction(this.#database, ['blobs'], durability, `writing blob ${key}`, (transaction) => {
      const store = transaction.objectStore('blobs');
      return meta === undefined ? store.delete(key) : store.put(meta, key);
    });
  }

  async #guard<T>(ref: BlobRef, task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      throw browserError(error, `writing blob ${blobKey(ref)}`);
    }
  }
}

/** Chromium's `FILE_ERROR_NO_SPACE` as `write` returns it, see {@link writeFully}. */
const NO_SPACE = 2 ** 32 - 8;

/**
 * Writes all of `bytes`. Chromium 156 does not throw when the quota is exceeded: `write` keeps what fits and *returns* the
 * negative error number as an unsigned integer, so more bytes than were given mean failure.
 */
function writeFully(file: SyncHandle, bytes: Uint8Array, at: number): void {
  let written = 0;
  while (written < bytes.length) {
    const rest = bytes.subarray(written);
    const took = file.write(rest, { at: at + written });
    if (took === 0 || took === NO_SPACE) {
      throw new WaystationError(
        'store-full',
        'the browser grants this site no more room for files: free space on the device',
      );
    }
    if (took > rest.length) {
      throw new WaystationError(
        'unavailable',
        `the browser failed to write a file (error ${took - 2 ** 32})`,
      );
    }
    written += took;
  }
}
