/**
 * Logs as append-only files `logs/<name>.log` of frames. What waits while one write is under way is written and synced
 * together, so many small strict appends cost one sync.
 *
 * Invariants: an offset index in memory names every record, and only records whose append has resolved are in it. Bytes behind
 * the index are never trusted: the next append writes over them, and a failed one is cut off again.
 */
import { constants, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bytes } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import {
  type DirectorySync,
  diskError,
  FILE_MODE,
  type FileApi,
  OPEN_OR_CREATE,
  readFully,
  systemCode,
  writeFully,
} from './file-api.node.ts';
import { encodeBatch, FRAME_HEADER_BYTES, frameRecordBytes, readFrame } from './frames.node.ts';
import type { HandleCache } from './handle-cache.ts';
import { scanLog } from './log-scan.node.ts';
import type { Durability, LogStore, Recovery, StoreName } from './port.ts';
import { flatName, nameFromFlat } from './store-names.ts';

/** Appends written together: enough to share a sync, small enough that the first of them does not wait long. */
const MAX_GROUP_BYTES = 2 ** 22;
const SUFFIX = '.log';
/** The copy of a log as it was when damage was found. */
const DAMAGED_FILE = /\.log\.damaged(-\d+)?$/;

interface Append {
  readonly kind: 'append';
  readonly frames: Bytes;
  /** Bytes of each frame. */
  readonly sizes: readonly number[];
  readonly strict: boolean;
  readonly done: (error?: unknown) => void;
}

interface Removal {
  readonly kind: 'remove';
  readonly done: (error?: unknown) => void;
}

interface LogFile {
  readonly name: StoreName;
  readonly path: string;
  /** Offset behind each record. */
  ends: number[];
  /** False until the directory entry of a new file was synced. */
  nameDurable: boolean;
  /** Bytes of a failed append may stand behind the last record. */
  unclean: boolean;
  waiting: (Append | Removal)[];
  busy: boolean;
}

export class FileLogs implements LogStore {
  readonly #fs: FileApi;
  readonly #directory: string;
  readonly #handles: HandleCache<FileHandle>;
  readonly #directories: DirectorySync;
  readonly #logs = new Map<StoreName, LogFile>();

  constructor(fs: FileApi, directory: string, handles: HandleCache<FileHandle>, directories: DirectorySync) {
    this.#fs = fs;
    this.#directory = directory;
    this.#handles = handles;
    this.#directories = directories;
  }

  /** Reads every log through, trims torn tails and sets damaged files aside. What was lost earlier is told until it is back. */
  async load(): Promise<Recovery[]> {
    const recovered: Recovery[] = [];
    const files = (await this.#fs.readdir(this.#directory)).sort();
    const lossesBefore = files.filter((file) => DAMAGED_FILE.test(file));
    for (const file of files) {
      const name = file.endsWith(SUFFIX) ? nameFromFlat(file.slice(0, -SUFFIX.length)) : undefined;
      if (name === undefined) continue;
      const log = this.#log(name);
      log.nameDurable = true;
      const mended = await this.#mend(log);
      if (mended !== undefined) recovered.push(mended);
    }
    for (const aside of lossesBefore) {
      const still = await this.#stillLost(aside, recovered);
      if (still !== undefined) recovered.push(still);
    }
    return recovered;
  }

  /** A log only grows by what comes next in it: one that is as long as its damaged copy has everything again. */
  async #stillLost(aside: string, found: readonly Recovery[]): Promise<Recovery | undefined> {
    const name = nameFromFlat(aside.replace(DAMAGED_FILE, ''));
    const log = name === undefined ? undefined : this.#logs.get(name);
    if (log === undefined || found.some(({ where }) => where === log.path)) return undefined;
    const where = join(this.#directory, aside);
    const { size } = await this.#handles.use(where, false, (copy) => copy.stat());
    await this.#handles.drop(where);
    const missing = size - (log.ends.at(-1) ?? 0);
    if (missing <= 0) return undefined;
    const message = `about ${missing} bytes of log ${log.name} were found damaged earlier and have not come back yet; the damaged file is kept`;
    return { kind: 'damaged', where, message };
  }

  async #mend(log: LogFile): Promise<Recovery | undefined> {
    const file = await this.#fs.open(log.path, OPEN_OR_CREATE, FILE_MODE);
    try {
      const { size } = await file.stat();
      const { ends, intactBytes, trouble } = await scanLog(file, size);
      log.ends = ends;
      if (trouble === undefined) return undefined;
      const aside = trouble === 'damaged' ? await this.#keepAside(log) : undefined;
      await file.truncate(intactBytes);
      await file.sync();
      const kept = `${ends.length} records (${intactBytes} bytes) of log ${log.name} are intact`;
      return aside === undefined
        ? {
            kind: 'torn-tail',
            where: log.path,
            message: `${kept}; the last ${size - intactBytes} bytes were half written when the program stopped, and were cut off`,
          }
        : {
            kind: 'damaged',
            where: log.path,
            message: `${kept}; the ${size - intactBytes} bytes behind them are damaged. The whole file was kept as ${aside}`,
          };
    } finally {
      await file.close();
    }
  }

  /** Copies a damaged log under a name that is free. */
  async #keepAside(log: LogFile): Promise<string> {
    for (let i = 0; ; i++) {
      const aside = `${log.path}.damaged${i === 0 ? '' : `-${i}`}`;
      try {
        await this.#fs.copyFile(log.path, aside, constants.COPYFILE_EXCL);
      } catch (error) {
        if (systemCode(error) === 'EEXIST') continue;
        throw error;
      }
      await this.#handles.use(aside, true, (copy) => copy.sync());
      await this.#handles.drop(aside);
      await this.#directories.sync(this.#directory);
      return aside;
    }
  }

  #log(name: StoreName): LogFile {
    let log = this.#logs.get(name);
    if (log === undefined) {
      const path = join(this.#directory, flatName(name) + SUFFIX);
      log = { name, path, ends: [], nameDurable: false, unclean: false, waiting: [], busy: false };
      this.#logs.set(name, log);
    }
    return log;
  }

  get usedBytes(): number {
    let bytes = 0;
    for (const log of this.#logs.values()) bytes += log.ends.at(-1) ?? 0;
    return bytes;
  }

  async list(): Promise<ReadonlyMap<StoreName, number>> {
    const counts = new Map<StoreName, number>();
    for (const log of this.#logs.values()) if (log.ends.length > 0) counts.set(log.name, log.ends.length);
    return counts;
  }

  append(name: StoreName, records: readonly Uint8Array[], durability: Durability): Promise<void> {
    const frames = encodeBatch(records);
    const sizes = records.map((record) => FRAME_HEADER_BYTES + record.length);
    return this.#submit(name, (done) => ({
      kind: 'append',
      frames,
      sizes,
      strict: durability === 'strict',
      done,
    }));
  }

  async remove(name: StoreName): Promise<void> {
    if (this.#logs.has(name)) await this.#submit(name, (done) => ({ kind: 'remove', done }));
  }

  #submit(name: StoreName, make: (done: (error?: unknown) => void) => Append | Removal): Promise<void> {
    const log = this.#log(name);
    return new Promise((resolve, reject) => {
      log.waiting.push(make((error) => (error === undefined ? resolve() : reject(error))));
      if (!log.busy) void this.#drain(log);
    });
  }

  async #drain(log: LogFile): Promise<void> {
    log.busy = true;
    while (log.waiting.length > 0) {
      const group = nextGroup(log.waiting);
      const failure = await this.#carryOut(log, group);
      if (failure === undefined || group.length === 1) {
        for (const task of group) task.done(failure);
        continue;
      }
      // One that is too large for the disk must not take the small ones beside it down.
      for (const task of group) task.done(await this.#carryOut(log, [task]));
    }
    log.busy = false;
  }

  /** The error to reject with, or undefined. */
  async #carryOut(log: LogFile, group: readonly (Append | Removal)[]): Promise<unknown> {
    try {
      if (group[0]?.kind === 'remove') await this.#remove(log);
      else await this.#write(log, group as readonly Append[]);
      return undefined;
    } catch (error) {
      return diskError(error, `writing log ${log.name}`);
    }
  }

  async #write(log: LogFile, group: readonly Append[]): Promise<void> {
    const start = log.ends.at(-1) ?? 0;
    const strict = group.some((append) => append.strict);
    await this.#handles.use(log.path, true, async (file) => {
      if (log.unclean) await file.truncate(start);
      log.unclean = true;
      try {
        const frames = group.map((append) => append.frames);
        await writeFully(file, frames, start);
        if (strict) await file.datasync();
        if (strict && !log.nameDurable) {
          await this.#directories.sync(this.#directory);
          log.nameDurable = true;
        }
      } catch (error) {
        // Rejected records must not come back at the next open; should this fail too, the next append tries again.
        await file.truncate(start).then(
          () => {
            log.unclean = false;
          },
          () => undefined,
        );
        throw error;
      }
      log.unclean = false;
    });
    let end = start;
    for (const { sizes } of group) {
      for (const size of sizes) {
        end += size;
        log.ends.push(end);
      }
    }
  }

  async #remove(log: LogFile): Promise<void> {
    await this.#handles.drop(log.path);
    try {
      await this.#fs.unlink(log.path);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
    }
    log.ends = [];
    log.nameDurable = false;
    await this.#directories.sync(this.#directory);
  }

  async read(name: StoreName, from: number, count: number, maxBytes: number): Promise<Bytes[]> {
    const log = this.#logs.get(name);
    if (log === undefined || from >= log.ends.length) return [];
    const { ends } = log;
    const start = from === 0 ? 0 : (ends[from - 1] as number);
    let to = from + 1;
    const bytesUpTo = (record: number) =>
      (ends[record - 1] as number) - start - (record - from) * FRAME_HEADER_BYTES;
    while (to < ends.length && to - from < count && bytesUpTo(to + 1) <= maxBytes) to++;
    const length = (ends[to - 1] as number) - start;
    try {
      const bytes = await this.#handles.use(log.path, true, (file) => readFully(file, start, length));
      return readRecords(log, bytes, from, to - from);
    } catch (error) {
      // Removed while we read.
      if (from >= log.ends.length) return [];
      throw diskError(error, `reading log ${name}`);
    }
  }
}

function readRecords(log: LogFile, bytes: Bytes, from: number, count: number): Bytes[] {
  const records: Bytes[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const record = readFrame(bytes, at);
    if (record === undefined) {
      throw new WaystationError(
        'corrupt',
        `expected record ${from + i} of log ${log.name} to match its checksum, but the disk returned other bytes. ` +
          'Check the disk; opening the store again keeps what is intact and sets the file aside',
      );
    }
    records.push(record as Bytes);
    at += FRAME_HEADER_BYTES + frameRecordBytes(bytes, at);
  }
  return records;
}

/** Takes from `waiting` what is carried out together: one removal, or appends up to the bound. */
function nextGroup(waiting: (Append | Removal)[]): (Append | Removal)[] {
  let bytes = 0;
  let count = 0;
  for (const task of waiting) {
    if (task.kind === 'remove') break;
    bytes += task.frames.length;
    if (count > 0 && bytes > MAX_GROUP_BYTES) break;
    count++;
  }
  return waiting.splice(0, Math.max(1, count));
}
