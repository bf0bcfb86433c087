/**
 * The store as a folder, for relays, the command line and tests.
 *
 *     format      the layout's version, in words          lock.<n>   who has it open (`file-lock.node.ts`)
 *     logs/       one append-only file per log            state/     one file per value
 *     blobs/ab/   complete blobs by the root's first byte partial/   blobs on their way
 *     tmp/        files before they get their name; emptied at open
 *
 * Folders are 0700, files 0600. Everything with a final name is whole; see the files of each part for how.
 */
import * as nodeFs from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import { toUtf8 } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import { BlobKeeper } from './blob-keeper.ts';
import {
  DIRECTORY_MODE,
  DirectorySync,
  diskError,
  type FileApi,
  openFiles,
  replaceFile,
  systemCode,
} from './file-api.node.ts';
import { FileBlobs } from './file-blobs.node.ts';
import { FolderLock } from './file-lock.node.ts';
import { FileLogs } from './file-logs.node.ts';
import { FileState } from './file-state.node.ts';
import { guardStore } from './guarded-store.ts';
import type { Recovery, Store } from './port.ts';

export type { FileApi } from './file-api.node.ts';

export interface FileStoreOptions {
  /** The file system; a test can hand in one that fails. */
  readonly fs?: FileApi;
  readonly signal?: AbortSignal;
}

const FORMAT = 'waystation store 1\n';
const FOLDERS = ['logs', 'state', 'blobs', 'partial', 'tmp'] as const;

/**
 * Opens, or makes, the store in the folder `directory`.
 * @throws WaystationError `store-locked` while another process holds it, `store-full` when there is no room to make it,
 * `unavailable` when the disk fails or the folder belongs to something else.
 */
export async function openFileStore(directory: string, options: FileStoreOptions = {}): Promise<Store> {
  const fs = options.fs ?? nodeFs;
  const root = resolve(directory);
  options.signal?.throwIfAborted();
  try {
    await fs.mkdir(root, { recursive: true, mode: DIRECTORY_MODE });
    const lock = await FolderLock.take(fs, root);
    try {
      return await openLocked(fs, root, lock, options.signal);
    } catch (error) {
      await lock.release();
      throw error;
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    throw diskError(error, `opening the store in ${root}`);
  }
}

async function openLocked(
  fs: FileApi,
  root: string,
  lock: FolderLock,
  signal: AbortSignal | undefined,
): Promise<Store> {
  const directories = new DirectorySync(fs);
  await prepare(fs, root, directories);
  const recovered: Recovery[] = await sweep(fs, join(root, 'tmp'));
  const handles = openFiles(fs);
  let temporaries = 0;
  const temporary = () => join(root, 'tmp', String(temporaries++));

  const logs = new FileLogs(fs, join(root, 'logs'), handles, directories);
  recovered.push(...(await logs.load()));
  signal?.throwIfAborted();
  const state = new FileState(fs, join(root, 'state'), temporary, directories);
  recovered.push(...(await state.load()));
  signal?.throwIfAborted();
  const folders = { blobs: join(root, 'blobs'), partials: join(root, 'partial') };
  const medium = new FileBlobs(fs, folders, temporary, handles, directories);
  const { keeper, recovered: ofBlobs } = await BlobKeeper.open(medium, (bytes) => crc32(bytes));
  recovered.push(...ofBlobs);
  signal?.throwIfAborted();

  return guardStore({
    logs,
    state,
    blobs: keeper,
    recovered,
    async usage() {
      const { bavail, bsize } = await fs.statfs(root);
      return { usedBytes: logs.usedBytes + state.usedBytes + keeper.usedBytes, freeBytes: bavail * bsize };
    },
    async close() {
      try {
        await keeper.close();
      } finally {
        await handles.closeAll();
        await lock.release();
      }
    },
  });
}

/** Makes the folders, and refuses a folder of another layout. */
async function prepare(fs: FileApi, root: string, directories: DirectorySync): Promise<void> {
  const path = join(root, 'format');
  let found: string | undefined;
  try {
    found = new TextDecoder().decode(await fs.readFile(path));
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  if (found !== undefined && found !== FORMAT) {
    throw new WaystationError(
      'unavailable',
      `expected “${FORMAT.trim()}” in ${path}, got “${found.slice(0, 80).trim()}”: a newer Waystation made this folder, or it is damaged`,
    );
  }
  for (const folder of FOLDERS) await fs.mkdir(join(root, folder), { recursive: true, mode: DIRECTORY_MODE });
  if (found === undefined) await replaceFile(fs, join(root, 'tmp', 'format'), path, [toUtf8(FORMAT)]);
  await directories.sync(root);
}

/** Deletes what was being written when the program stopped. */
async function sweep(fs: FileApi, temporary: string): Promise<Recovery[]> {
  const names = await fs.readdir(temporary);
  for (const name of names) await fs.unlink(join(temporary, name));
  if (names.length === 0) return [];
  const message = `${names.length} file(s) were being written when the program stopped; they counted for nothing and were deleted`;
  return [{ kind: 'left-over', where: temporary, message }];
}
