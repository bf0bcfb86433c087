/**
 * One owner per folder, by lock files `lock.<n>` that say which process took them.
 *
 * The owner is whoever made the highest n. To take over from a process that died, `lock.<n+1>` is made, which the file system
 * grants to one alone; only a confirmed owner deletes lower ones, and nobody deletes a confirmed highest. So a slow process
 * that still thinks of an old n finds a higher one, or a living lower one, when it looks again, and withdraws.
 *
 * A released lock file leaves its block of disk to the next owner as `lock-spare`, so that a full disk can still be opened and
 * room be made on it.
 *
 * A process is told by its id *and* its start time (Linux), because ids are used again. Processes in containers that do not
 * see each other's ids must not share a folder.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { toHex } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import { CREATE_NEW, FILE_MODE, type FileApi, systemCode, writeFully } from './file-api.node.ts';

interface Holder {
  readonly pid: number;
  /** Tells processes of one id apart; empty where the system does not say. */
  readonly started: string;
  /** Set by an owner that closed. */
  readonly released: boolean;
}

/** A file with room for a lock's text, kept for a day when the disk is full. */
const SPARE = 'lock-spare';
/** More than any lock's text; the rest is blank. */
const LOCK_TEXT_BYTES = 256;

/** More rounds than this, and others are taking and leaving the folder without pause. */
const MAX_ATTEMPTS = 20;

export class FolderLock {
  readonly #fs: FileApi;
  readonly #path: string;

  private constructor(fs: FileApi, path: string) {
    this.#fs = fs;
    this.#path = path;
  }

  /** Takes the folder. @throws WaystationError `store-locked` while a living process, this one included, holds it. */
  static async take(fs: FileApi, directory: string): Promise<FolderLock> {
    const mine: Holder = { pid: process.pid, started: await startOf(fs, process.pid), released: false };
    const draft = join(directory, `lock-draft-${toHex(randomBytes(8))}`);
    const spare = join(directory, SPARE);
    await writeDraft(fs, spare, draft, lockText(mine));
    let claimed = false;
    try {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const highest = (await lockNumbers(fs, directory)).at(-1);
        if (highest !== undefined) await refuseIfHeld(fs, lockPath(directory, highest));
        const number = (highest ?? 0) + 1;
        if (!(await claim(fs, draft, lockPath(directory, number)))) continue;
        claimed = await confirm(fs, directory, number);
        if (claimed) return new FolderLock(fs, lockPath(directory, number));
      }
    } finally {
      // The draft of an owner is its lock under a second name; that of a loser is free again.
      if (claimed) await unlinkIfThere(fs, draft);
      else await fs.rename(draft, spare);
    }
    throw new WaystationError(
      'store-locked',
      `other processes keep taking ${directory}; stop them and try again`,
    );
  }

  /** Leaves the folder to the next. */
  async release(): Promise<void> {
    const file = await this.#fs.open(this.#path, 'r+');
    try {
      await writeFully(file, [lockText({ pid: process.pid, started: '', released: true })], 0);
    } finally {
      await file.close();
    }
  }
}

/** Looks again after `lock.<number>` was made: true when it is the highest and nobody below it is alive. */
async function confirm(fs: FileApi, directory: string, number: number): Promise<boolean> {
  let lower: string[] = [];
  let confirmed = false;
  try {
    const numbers = await lockNumbers(fs, directory);
    lower = numbers.filter((other) => other < number).map((other) => lockPath(directory, other));
    for (const path of lower) await refuseIfHeld(fs, path);
    confirmed = numbers.at(-1) === number;
  } finally {
    if (!confirmed) await unlinkIfThere(fs, lockPath(directory, number));
  }
  if (!confirmed) return false;
  const [old, ...rest] = lower;
  const spare = join(directory, SPARE);
  // Without a spare a full disk would lock its owner out one day; without room for one now, today is that day already.
  if (old === undefined) await fs.copyFile(lockPath(directory, number), spare).catch(() => undefined);
  else await fs.rename(old, spare);
  for (const path of rest) await unlinkIfThere(fs, path);
  return true;
}

function lockPath(directory: string, number: number): string {
  return join(directory, `lock.${number}`);
}

function lockText(holder: Holder): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(holder).padEnd(LOCK_TEXT_BYTES - 1)}\n`);
}

/** Writes `text` as the file `draft`, in the spare file's room where there is one. */
async function writeDraft(fs: FileApi, spare: string, draft: string, text: Uint8Array): Promise<void> {
  let flags = 'r+';
  try {
    await fs.rename(spare, draft);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    flags = 'wx';
  }
  const file = await fs.open(draft, flags, FILE_MODE);
  try {
    await writeFully(file, [text], 0);
  } finally {
    await file.close();
  }
}

async function lockNumbers(fs: FileApi, directory: string): Promise<number[]> {
  const numbers: number[] = [];
  for (const name of await fs.readdir(directory)) {
    const match = /^lock\.([1-9][0-9]{0,14})$/.exec(name);
    if (match !== null) numbers.push(Number(match[1]));
  }
  return numbers.sort((a, b) => a - b);
}

/** Makes the lock file with its text in one step; false when it is there already. */
async function claim(fs: FileApi, draft: string, path: string): Promise<boolean> {
  try {
    await fs.link(draft, path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    if (!['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'].includes(systemCode(error) ?? ''))
      throw error;
  }
  // No hard links here (FAT, some network shares): two steps, and a reader in between finds an empty file.
  try {
    const file = await fs.open(path, CREATE_NEW, FILE_MODE);
    try {
      await writeFully(file, [await fs.readFile(draft)], 0);
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** A lock file that cannot be read as a holder is taken for a dead one's: its text is written in one piece. */
async function refuseIfHeld(fs: FileApi, path: string): Promise<void> {
  let holder: Partial<Holder>;
  try {
    const text = new TextDecoder().decode(await fs.readFile(path));
    const parsed: unknown = JSON.parse(text);
    holder = typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch (error) {
    if (error instanceof SyntaxError || systemCode(error) === 'ENOENT') return;
    throw error;
  }
  const { pid, started, released } = holder;
  if (released === true || typeof pid !== 'number' || !(await isAlive(fs, pid, started ?? ''))) return;
  const who = pid === process.pid ? 'this process' : `process ${pid}`;
  throw new WaystationError(
    'store-locked',
    `this folder is in use: ${who} holds it. Stop that one first, or use another folder. Only if it is surely no Waystation, ` +
      `delete ${path}`,
  );
}

async function isAlive(fs: FileApi, pid: number, started: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (systemCode(error) !== 'EPERM') return false;
  }
  if (started === '') return true;
  const now = await startOf(fs, pid);
  return now === '' || now === started;
}

/** Boot id and start tick of a process (Linux: field 22 of /proc/<pid>/stat); empty where there is no /proc. */
async function startOf(fs: FileApi, pid: number): Promise<string> {
  try {
    const decoder = new TextDecoder();
    const stat = decoder.decode(await fs.readFile(`/proc/${pid}/stat`));
    const boot = decoder.decode(await fs.readFile('/proc/sys/kernel/random/boot_id')).trim();
    // The second field is the program's name in parentheses and may hold anything; fields count on from behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return `${boot}/${fields[19] ?? ''}`;
  } catch {
    return '';
  }
}

async function unlinkIfThere(fs: FileApi, path: string): Promise<void> {
  try {
    await fs.unlink(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}
