/**
 * The file system calls the file adapter makes, as an injectable set so that a test can play a full or failing disk, and the
 * few idioms over them: whole writes, durable directories, errors a person can act on.
 */

import type * as fsPromises from 'node:fs/promises';
import { constants, type FileHandle } from 'node:fs/promises';
import { errorMessage, isWaystationError, WaystationError } from '../core/errors.ts';
import { HandleCache } from './handle-cache.ts';

export type FileApi = Pick<
  typeof fsPromises,
  'open' | 'mkdir' | 'readdir' | 'readFile' | 'rename' | 'unlink' | 'link' | 'copyFile' | 'statfs'
>;

/** Only the owner reads and writes: feeds hold keys of members, state holds secrets. */
export const DIRECTORY_MODE = 0o700;
export const FILE_MODE = 0o600;

/** Read and write, made when missing. */
export const OPEN_OR_CREATE = constants.O_RDWR | constants.O_CREAT;
/** Write a file that must not be there yet. */
export const CREATE_NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
export const READ_ONLY = constants.O_RDONLY;

/** The system's code of an error (`ENOENT`…), if it has one. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** The error to reject with: `store-full` for a full disk or quota, `unavailable` for any other trouble of the disk. */
export function diskError(error: unknown, doing: string): WaystationError {
  if (isWaystationError(error)) return error;
  const code = systemCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new WaystationError(
      'store-full',
      `no room left ${doing}: free space on the disk or raise the quota (${code})`,
      {
        cause: error,
      },
    );
  }
  return new WaystationError('unavailable', `the disk failed ${doing}: ${errorMessage(error)}`, {
    cause: error,
  });
}

/** The files of a store that are kept open: read and write, made on demand, or read only. */
export function openFiles(fs: FileApi): HandleCache<FileHandle> {
  return new HandleCache({
    open: (path, create) => fs.open(path, create ? OPEN_OR_CREATE : READ_ONLY, FILE_MODE),
    close: (file) => file.close(),
  });
}

/** Writes all `parts` one after another at byte `position`; a disk that takes less than it was given is asked again. */
export async function writeFully(
  file: FileHandle,
  parts: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let total = 0;
  for (const part of parts) total += part.length;
  let written = total === 0 ? 0 : (await file.writev(parts, position)).bytesWritten;
  if (written === total) return;
  let start = 0;
  for (const part of parts) {
    while (written < start + part.length) {
      const rest = part.subarray(written - start);
      const { bytesWritten } = await file.write(rest, 0, rest.length, position + written);
      if (bytesWritten === 0)
        throw new WaystationError('unavailable', 'the disk took none of the bytes written to it');
      written += bytesWritten;
    }
    start += part.length;
  }
}

/** Up to `length` bytes from `position`, fewer only at the end of the file. */
export async function readFully(
  file: FileHandle,
  position: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  // Not zeroed first: only what was read is returned.
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await file.read(bytes, read, length - read, position + read);
    if (bytesRead === 0) return bytes.subarray(0, read);
    read += bytesRead;
  }
  return bytes;
}

/** Makes creations, renames and removals in a directory durable; callers of the same moment share one sync. */
export class DirectorySync {
  readonly #fs: FileApi;
  readonly #running = new Map<string, Promise<void>>();
  readonly #next = new Map<string, Promise<void>>();

  constructor(fs: FileApi) {
    this.#fs = fs;
  }

  /** Resolves after a sync of `directory` that began after this call. */
  sync(directory: string): Promise<void> {
    // Windows has no way to sync a directory; NTFS journals these changes itself.
    if (process.platform === 'win32') return Promise.resolve();
    const waiting = this.#next.get(directory);
    if (waiting !== undefined) return waiting;
    const running = this.#running.get(directory);
    const next = (running ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => {
        this.#next.delete(directory);
        const now = this.#sync(directory).finally(() => {
          if (this.#running.get(directory) === now) this.#running.delete(directory);
        });
        this.#running.set(directory, now);
        return now;
      });
    this.#next.set(directory, next);
    return next;
  }

  async #sync(directory: string): Promise<void> {
    const handle = await this.#fs.open(directory, READ_ONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

/** Replaces `path` by `parts` so that a crash leaves the old file or the new one: write beside it, sync, rename. */
export async function replaceFile(
  fs: FileApi,
  temporary: string,
  path: string,
  parts: readonly Uint8Array[],
): Promise<void> {
  try {
    const file = await fs.open(temporary, CREATE_NEW, FILE_MODE);
    try {
      await writeFully(file, parts, 0);
      await file.datasync();
    } finally {
      await file.close();
    }
    await fs.rename(temporary, path);
  } catch (error) {
    await fs.unlink(temporary).catch(() => undefined);
    throw error;
  }
}
