/**
 * Copies what this device holds to a folder, in a layout that needs no program to be understood:
 * `<group>/<station>/<year>/<month>/<start>.hour` (opened hour files, see HOUR.md), pictures beside them, and `.sealed` where this device
 * has no key.
 *
 * Invariants: a file is never replaced by another content: what has the same name and is not the same gets a number. What counts as
 * archived was read back after it was written, and had the right size and SHA-256.
 */
import * as v from 'valibot';
import { type Bytes, fromUtf8, toHex, toUtf8 } from '../core/bytes.ts';
import { isWaystationError, WaystationError } from '../core/errors.ts';
import { type BlobRef, blobKey } from '../core/ids.ts';
import type { Entry } from '../feed/entry.ts';
import { type ArchiveFolder, type ArchivePath, fileName } from '../store/archive-folder.ts';
import type { LogStore } from '../store/port.ts';
import type { StationRecord } from './catalog.ts';
import { readHourFile, readPicture, readStored } from './export.ts';
import type { LetGoFile } from './let-go.ts';
import type { Space } from './space.ts';

/** Files of one name before something is wrong: parts of one hour that was started over and over. */
const MAX_SAME_NAMES = 1_000;
/** Records of the ledger read back at once. */
const READ_BATCH = 4_096;
const READ_BATCH_BYTES = 4 * 2 ** 20;
const EXTENSIONS: Readonly<Record<string, string>> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/webp': 'webp',
  'image/avif': 'avif',
};

/** A file that belongs into the folder. */
export interface ArchiveItem {
  /** Names what it is made from; the same on every device. */
  readonly key: string;
  /** Where it goes unless something else is there: folders, then the name without its extension. */
  readonly folders: readonly string[];
  readonly stem: string;
  readonly extension: string;
  /** Bytes of what it is made from: about its own. */
  readonly bytes: number;
  readonly startMs: number;
  readonly entry: Entry;
  /** Copied as it is stored: this device has no key to it. */
  readonly isSealed: boolean;
  /** The blobs that it is made from. */
  readonly refs: readonly BlobRef[];
  load(): Promise<Uint8Array>;
}

/** Something that could not be copied, and why. What others wrote may be of any kind: it keeps nothing else from being copied. */
export interface LeftOut {
  readonly item: ArchiveItem;
  readonly error: unknown;
}

/** What is known of the folder. */
export interface ArchiveCounts {
  readonly files: number;
  readonly totalFiles: number;
  readonly bytes: number;
  readonly totalBytes: number;
  /** Of these, files whose content this device has let go of. */
  readonly onlyThere: number;
  /** Files in folders that were chosen before, and neither here nor in this one. */
  readonly inOtherFolders: number;
}

/**
 * What was written less than this ago may not be on the disk yet, whatever was read back: systems keep what they are given in memory for up
 * to 30 s before they write it, and a stick that is pulled out loses that.
 */
const SETTLE_MS = 60_000;

const ledgerSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.strictTuple([v.string(), v.array(v.string()), v.number(), v.string()]),
);

interface Archived {
  readonly path: ArchivePath;
  readonly size: number;
  readonly sha256: string;
}

/** `2026-01-31T120000Z`: an instant in a name that every disk takes. */
function instantName(ms: number): string {
  return new Date(ms).toISOString().replaceAll(':', '').replace('.000Z', 'Z');
}

function foldersOf(space: Space, station: StationRecord, ms: number): string[] {
  const [year = '', month = ''] = new Date(ms).toISOString().split('-').slice(-3);
  const group = fileName(space.catalog.spaceName ?? space.id);
  // Two stations of one name are told apart by what cannot be the same, however long the name is.
  const { name, id } = station;
  return [group, name === null ? fileName(id) : fileName(name, ` ${id.slice(0, 8)}`), year, month];
}

/** Everything that this device holds whole and that belongs into an archive, newest first. */
export function archiveItems(space: Space): ArchiveItem[] {
  const items: ArchiveItem[] = [];
  const holds = (refs: readonly { root: string; size: number }[]) =>
    refs.length > 0 && refs.every((ref) => space.replica.holds(`${ref.root}-${ref.size}`));
  for (const station of space.catalog.stations.values()) {
    for (const record of station.hours) {
      const { blobs } = record.entry.header;
      if (!holds(blobs)) continue;
      const { startMs } = record.body;
      items.push({
        key: record.entry.id,
        folders: foldersOf(space, station, startMs),
        stem: instantName(startMs),
        extension: 'hour',
        bytes: blobs.reduce((sum, { size }) => sum + size, 0),
        startMs,
        entry: record.entry,
        isSealed: false,
        refs: blobs,
        load: () => readHourFile(space, record),
      });
    }
    for (const picture of station.pictures) {
      const { entry, body } = picture;
      const [ref] = entry.header.blobs;
      if (ref === undefined || !holds(entry.header.blobs)) continue;
      items.push({
        key: entry.id,
        folders: foldersOf(space, station, body.atMs),
        stem: instantName(body.atMs),
        extension: EXTENSIONS[body.mediaType] ?? 'picture',
        bytes: ref.size,
        startMs: body.atMs,
        entry,
        isSealed: false,
        refs: entry.header.blobs,
        load: () => readPicture(space, picture),
      });
    }
    for (const entry of station.unopened) {
      if (!holds(entry.header.blobs)) continue;
      for (const ref of entry.header.blobs) {
        items.push({
          key: `${entry.id}/${blobKey(ref)}`,
          folders: foldersOf(space, station, entry.header.timeMs),
          stem: `${instantName(entry.header.timeMs)} ${ref.root.slice(0, 8)}`,
          extension: 'sealed',
          bytes: ref.size,
          startMs: entry.header.timeMs,
          entry,
          isSealed: true,
          refs: [ref],
          load: () => readStored(space, ref),
        });
      }
    }
  }
  return items.sort((a, b) => b.startMs - a.startMs);
}

export class Archive {
  readonly #space: Space;
  readonly #folder: ArchiveFolder;
  readonly #log: string;
  /** What was archived by this device, by key. */
  readonly #known = new Map<string, Archived>();
  /** Of these, what was found to be there since this was opened. */
  readonly #present = new Set<string>();
  /** When this opening was, and when it wrote or found what it did not know; monotonic, ms. */
  readonly #openedMs: number;
  readonly #notedMs = new Map<string, number>();

  private constructor(space: Space, folder: ArchiveFolder) {
    this.#space = space;
    this.#folder = folder;
    this.#log = `archive/${space.id}/${folder.id}`;
    this.#openedMs = space.context.clock.monotonicMs();
  }

  /** Reads back what this device has put into the folder before. */
  static async open(space: Space, folder: ArchiveFolder): Promise<Archive> {
    const archive = new Archive(space, folder);
    for await (const [key, archived] of readLedger(space.context.store.logs, archive.#log))
      archive.#known.set(key, archived);
    return archive;
  }

  /** How much of what this device holds, or has let go of for this folder, is in the folder, as far as it was looked. */
  counts(items: readonly ArchiveItem[]): ArchiveCounts {
    let files = 0;
    let bytes = 0;
    let totalBytes = 0;
    for (const item of items) {
      totalBytes += item.bytes;
      if (!this.#present.has(item.key)) continue;
      files++;
      bytes += item.bytes;
    }
    const { replica, letGo } = this.#space;
    const there = letGo
      .files(this.#folder.id)
      .filter((file) => file.blobs.every((key) => replica.isPutAway(key)));
    const thereBytes = there.reduce((sum, file) => sum + file.bytes, 0);
    return {
      files: files + there.length,
      totalFiles: items.length + there.length,
      bytes: bytes + thereBytes,
      totalBytes: totalBytes + thereBytes,
      onlyThere: there.length,
      inOtherFolders: this.#inOtherFolders().length,
    };
  }

  #inOtherFolders(): LetGoFile[] {
    const { replica, letGo } = this.#space;
    const { id } = this.#folder;
    return letGo
      .files()
      .filter(
        ({ folder, item, blobs }) =>
          folder !== id && !letGo.has(id, item) && blobs.some((key) => replica.isPutAway(key)),
      );
  }

  /** Folders that were chosen before are lost: what is only in them is wanted again, from whoever has it. */
  async wantFromOtherFolders(): Promise<void> {
    for (const { folder, item } of this.#inOtherFolders()) await this.#takeBack(folder, item);
  }

  /** What was not found in the folder since this was opened. */
  pending(items: readonly ArchiveItem[]): ArchiveItem[] {
    return items.filter(({ key }) => !this.#present.has(key));
  }

  get folderId(): string {
    return this.#folder.id;
  }

  /** Its file was written long enough ago for the disk to have it. Says nothing of what became of it since. */
  isSettled(key: string): boolean {
    if (!this.#known.has(key)) return false;
    const sinceMs = this.#notedMs.get(key) ?? this.#openedMs;
    return this.#space.context.clock.monotonicMs() - sinceMs >= SETTLE_MS;
  }

  /**
   * Reads one file back: true when it is what was written. When it is not, what this device had let go of for it it wants again.
   * @throws WaystationError `unavailable` when the folder is not at hand.
   */
  async isIntact(key: string): Promise<boolean> {
    const archived = this.#known.get(key);
    if (archived === undefined) return false;
    const { path, size, sha256 } = archived;
    const bytes = (await this.#folder.size(path)) === size ? await this.#folder.read(path) : undefined;
    const isIntact = bytes !== undefined && (await this.#sha256(bytes)) === sha256;
    if (isIntact) this.#present.add(key);
    else {
      this.#known.delete(key);
      this.#present.delete(key);
      await this.#takeBack(this.#folder.id, key);
    }
    return isIntact;
  }

  /** What the ledger says of these files survives a power cut from now on. */
  async keep(keys: readonly string[]): Promise<void> {
    const records = keys.flatMap((key) => {
      const archived = this.#known.get(key);
      return archived === undefined ? [] : [recordOf(key, archived)];
    });
    await this.#space.context.store.logs.append(this.#log, records, 'strict');
  }

  /**
   * Writes what is not there yet. Stopped or failed, it goes on from there the next time.
   * @param onFile told after each file that is in the folder.
   * @returns what cannot be read on this device, or has no name left in the folder; it is tried again the next time.
   * @throws WaystationError `store-full`, `unavailable`, `corrupt` (what was read back is not what was written); the signal's reason
   *   when stopped.
   */
  async run(
    items: readonly ArchiveItem[],
    signal: AbortSignal,
    onFile: (item: ArchiveItem) => void,
  ): Promise<LeftOut[]> {
    const leftOut: LeftOut[] = [];
    for (const item of items) {
      signal.throwIfAborted();
      if (this.#present.has(item.key)) continue;
      if (!(await this.#isThere(item.key))) {
        const left = await this.#copy(item);
        if (left !== undefined) {
          leftOut.push(left);
          continue;
        }
      }
      this.#present.add(item.key);
      onFile(item);
    }
    return leftOut;
  }

  /**
   * Reads every file back that this device wrote and compares it.
   * @returns files that are gone or changed; they are written again the next time, under another name where they are in the way. What this
   *   device had let go of for them it wants again, from whoever has it.
   */
  async verify(signal: AbortSignal, onFile: () => void): Promise<string[]> {
    const bad: string[] = [];
    for (const [key, { path }] of [...this.#known]) {
      signal.throwIfAborted();
      if (!(await this.isIntact(key))) bad.push(path.join('/'));
      onFile();
    }
    return bad;
  }

  async #takeBack(folder: string, item: string): Promise<void> {
    const { id, letGo, context } = this.#space;
    for (const blob of await letGo.takeBack(folder, [item]))
      context.engine.takeBack(id, blob, context.clock.monotonicMs());
    context.run();
  }

  /** Files that this device has put there. */
  get knownFiles(): number {
    return this.#known.size;
  }

  async #isThere(key: string): Promise<boolean> {
    const archived = this.#known.get(key);
    return archived !== undefined && (await this.#folder.size(archived.path)) === archived.size;
  }

  async #copy(item: ArchiveItem): Promise<LeftOut | undefined> {
    let bytes: Uint8Array;
    try {
      bytes = await item.load();
    } catch (error) {
      return { item, error };
    }
    const sha256 = await this.#sha256(bytes);
    const path = await this.#place(item, bytes, sha256);
    if (path === undefined) return { item, error: noNameLeft(item) };
    const archived = { path, size: bytes.length, sha256 };
    const { store, clock } = this.#space.context;
    this.#known.set(item.key, archived);
    this.#notedMs.set(item.key, clock.monotonicMs());
    await store.logs.append(this.#log, [recordOf(item.key, archived)], 'relaxed').catch((error: unknown) => {
      // Without the record the file is looked for again. A store that is full is why it is being copied.
      if (!isWaystationError(error, 'store-full')) throw error;
    });
    return undefined;
  }

  /** Writes the file where nothing else is; where the same is, it is there already. Undefined when every name is taken. */
  async #place(item: ArchiveItem, bytes: Uint8Array, sha256: string): Promise<ArchivePath | undefined> {
    for (let number = 1; number <= MAX_SAME_NAMES; number++) {
      const name = `${item.stem}${number === 1 ? '' : ` (${number})`}.${item.extension}`;
      const path = [...item.folders, name];
      const size = await this.#folder.size(path);
      // An empty file is what a crash leaves between making one and filling it: there is nothing in it to lose.
      if (size === undefined || size === 0) {
        await this.#folder.write(path, bytes);
        await this.#readBack(path, bytes.length, sha256);
        return path;
      }
      if (size === bytes.length && (await this.#sha256(await this.#folder.read(path))) === sha256)
        return path;
    }
    return undefined;
  }

  async #readBack(path: ArchivePath, size: number, sha256: string): Promise<void> {
    const isRight =
      (await this.#folder.size(path)) === size &&
      (await this.#sha256(await this.#folder.read(path))) === sha256;
    if (!isRight)
      throw new WaystationError(
        'corrupt',
        `the file ${path.join('/')} was read back from the folder and is not what was written: the disk is damaged; choose another. What is on this device is unharmed`,
      );
  }

  async #sha256(bytes: Uint8Array): Promise<string> {
    const [digest] = await this.#space.context.crypto.digest([bytes]);
    return toHex(digest as Bytes);
  }
}

function noNameLeft({ stem, extension }: ArchiveItem): WaystationError {
  return new WaystationError(
    'conflict',
    `the folder has ${MAX_SAME_NAMES} different files named ${stem}.${extension}: choose another folder`,
  );
}

function recordOf(key: string, { path, size, sha256 }: Archived): Uint8Array {
  return toUtf8(JSON.stringify([key, path, size, sha256]));
}

/** What cannot be read is looked for in the folder again. */
async function* readLedger(logs: LogStore, log: string): AsyncIterable<readonly [string, Archived]> {
  const count = (await logs.list()).get(log) ?? 0;
  for (let at = 0; at < count; ) {
    const records = await logs.read(log, at, READ_BATCH, READ_BATCH_BYTES);
    if (records.length === 0) return;
    at += records.length;
    for (const record of records) {
      const parsed = v.safeParse(ledgerSchema, fromUtf8(record));
      if (!parsed.success) continue;
      const [key, path, size, sha256] = parsed.output;
      yield [key, { path, size, sha256 }];
    }
  }
}
