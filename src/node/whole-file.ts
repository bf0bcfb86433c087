/** Reading a file that was named, and writing one that appears under its name only when it is whole. */
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { link, lstat, readFile, rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errorMessage, isWaystationError, WaystationError } from '../core/errors.ts';

/** The bytes of a file. @throws WaystationError `not-found` when it cannot be read, `limit` beyond `maxBytes`. */
export async function readWhole(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new Error('it is no file');
    if (found.size > maxBytes) {
      throw new WaystationError(
        'limit',
        `${path} has ${found.size} bytes, expected at most ${maxBytes}: is it the right file?`,
      );
    }
    return await readFile(path);
  } catch (cause) {
    if (isWaystationError(cause)) throw cause;
    throw new WaystationError('not-found', `cannot read ${path}: ${errorMessage(cause)}`, { cause });
  }
}

const WHY_NOT: ReadonlyMap<string | undefined, string> = new Map([
  ['ENOENT', 'there is no such folder: make it first'],
  ['ENOTDIR', 'what should be its folder is a file: choose another --out'],
  ['EACCES', 'this user may not write there: choose another --out'],
  ['ENOSPC', 'no room is left: free some, or choose another --out'],
]);

/** A file that could not be written, and what to do. */
export function cannotWrite(path: string, cause: unknown): WaystationError {
  const why = WHY_NOT.get((cause as NodeJS.ErrnoException).code) ?? errorMessage(cause);
  return new WaystationError('unavailable', `cannot write ${path}: ${why}`, { cause });
}

function taken(path: string): WaystationError {
  return new WaystationError(
    'conflict',
    `${path} is there already and was left as it is: choose another name, or --force to replace it`,
  );
}

/** @throws WaystationError `conflict` when the name is taken. */
export async function checkFree(path: string, isForced: boolean): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!isForced) throw taken(path);
  if (!found.isFile())
    throw new WaystationError(
      'conflict',
      `${path} is no file, so it cannot be replaced: choose another name`,
    );
}

/**
 * Writes the pieces aside and gives them the name when all are on the disk.
 * @param isForced replaces the file that has the name.
 * @throws WaystationError `conflict` when the name is taken, `unavailable` when it cannot be written; what the pieces throw.
 */
export async function writeWhole(
  path: string,
  pieces: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
  isForced: boolean,
): Promise<void> {
  await checkFree(path, isForced);
  const partial = `${path}.${randomUUID().slice(0, 8)}.part`;
  try {
    await pipeline(Readable.from(pieces), createWriteStream(partial, { flags: 'wx', flush: true }));
    await (isForced ? rename(partial, path) : nameUntaken(partial, path));
  } catch (error) {
    await rm(partial, { force: true });
    throw isWaystationError(error) ? error : cannotWrite(path, error);
  }
}

/** A rename that replaces nothing. */
async function nameUntaken(partial: string, path: string): Promise<void> {
  try {
    await link(partial, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw taken(path);
    // File systems without links (FAT on a card): nearly as good.
    await checkFree(path, false);
    return rename(partial, path);
  }
  await rm(partial, { force: true });
}
