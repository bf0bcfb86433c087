/** Reading a file that was named, and writing one that appears under its name only when it is whole. */
import { randomUUID } from 'node:crypto';
import {
  appendFile,
  link,
  lstat,
  mkdir,
  open,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorMessage, isWaystationError, WaystationError } from '../core/errors.ts';

/** The bytes of a file. @throws WaystationError `not-found` when it cannot be read, `limit` beyond `maxBytes`. */
export async function readWhole(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new WaystationError('not-found', `${path} is a folder or a device, no file`);
    if (found.size > maxBytes) {
      throw new WaystationError(
        'limit',
        `${path} has ${found.size} bytes, expected at most ${maxBytes}: is it the right file?`,
      );
    }
    return await readFile(path);
  } catch (cause) {
    if (isWaystationError(cause)) throw cause;
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
      throw new WaystationError('not-found', `there is no file ${path}`, { cause });
    throw new WaystationError('not-found', `cannot read ${path}: ${errorMessage(cause)}`, { cause });
  }
}

const WHY_NOT: ReadonlyMap<string | undefined, string> = new Map([
  ['ENOENT', 'there is no such folder: make it first'],
  ['ENOTDIR', 'what should be its folder is a file: choose another --out'],
  ['EEXIST', 'what should be its folder is a file: choose another --out'],
  ['EACCES', 'this user may not write there: choose another --out'],
  ['ENOSPC', 'no room is left: free some, or choose another --out'],
]);

/** A file that could not be written, and what to do. */
export function cannotWrite(path: string, cause: unknown): WaystationError {
  const why = WHY_NOT.get((cause as NodeJS.ErrnoException).code) ?? errorMessage(cause);
  return new WaystationError('unavailable', `cannot write ${path}: ${why}`, { cause });
}

export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

/**
 * Makes the folder, if it is not there; the one that it is to stand in must be.
 * @throws WaystationError `conflict` when a file has the name, `unavailable`.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw cannotWrite(path, error);
    if (!(await isFolder(path)))
      throw new WaystationError(
        'conflict',
        `${path} is a file, and was left as it is; a folder is needed for several files: choose another name`,
      );
  }
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
 * What is read may be the only copy there is: it is not replaced by what is made of it, whatever way it is named.
 * @throws WaystationError `conflict` when `to` is one of the files that are read, also under another name.
 */
export async function checkNotRead(to: string, read: readonly string[]): Promise<void> {
  const found = await stat(to, { bigint: true }).catch(() => undefined);
  if (found === undefined) return;
  for (const path of read) {
    const one = await stat(path, { bigint: true }).catch(() => undefined);
    if (path !== to && (one === undefined || one.dev !== found.dev || one.ino !== found.ino)) continue;
    throw new WaystationError(
      'conflict',
      `${to} is what is read here, and was left as it is: choose another name (--force does not replace it either)`,
    );
  }
}

/**
 * A file that is written aside, and gets its name when all of it is on the disk. It is open only while a piece is written, so that
 * hundreds can be under way.
 */
export class WholeFile {
  readonly #path: string;
  readonly #partial: string;
  readonly #isForced: boolean;
  #isThere = false;

  private constructor(path: string, isForced: boolean) {
    this.#path = path;
    this.#isForced = isForced;
    // Programs that read whole folders of tables skip names with a dot in front.
    this.#partial = join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}.part`);
  }

  /**
   * @param isForced replaces the file that has the name.
   * @throws WaystationError `conflict` when the name is taken, `unavailable` when it cannot be written.
   */
  static async create(path: string, isForced: boolean): Promise<WholeFile> {
    await checkFree(path, isForced);
    const file = new WholeFile(path, isForced);
    await file.#doing(async () => writeFile(file.#partial, '', { flag: 'wx' }));
    file.#isThere = true;
    return file;
  }

  /** @throws WaystationError `unavailable`. */
  async write(piece: string | Uint8Array): Promise<void> {
    await this.#doing(() => appendFile(this.#partial, piece));
  }

  /** @throws WaystationError as {@link WholeFile.create}. */
  async finish(): Promise<void> {
    await this.#doing(async () => {
      const handle = await open(this.#partial, 'r+');
      await handle.sync().finally(() => handle.close());
      await (this.#isForced ? rename(this.#partial, this.#path) : nameUntaken(this.#partial, this.#path));
    });
    this.#isThere = false;
  }

  /** Takes it back, if it is not finished. */
  async discard(): Promise<void> {
    if (this.#isThere) await rm(this.#partial, { force: true });
    this.#isThere = false;
  }

  async #doing(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      throw isWaystationError(error) ? error : cannotWrite(this.#path, error);
    }
  }
}

/**
 * Writes the pieces aside and gives them the name when all are on the disk.
 * @param isForced replaces the file that has the name.
 * @throws WaystationError as {@link WholeFile}; what the pieces throw.
 */
export async function writeWhole(
  path: string,
  pieces: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
  isForced: boolean,
): Promise<void> {
  const file = await WholeFile.create(path, isForced);
  try {
    for await (const piece of pieces) await file.write(piece);
    await file.finish();
  } finally {
    await file.discard();
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
