/**
 * What this device has let go of because it is in a folder of the person's, remembered over restarts.
 *
 * Invariants: a note is durable before the device lets go of anything for it, so after a crash between the two the device still holds what
 * it need not hold, which costs room and nothing else. A note is taken back, durably, before what it names is wanted again.
 */
import * as v from 'valibot';
import { fromUtf8, toUtf8 } from '../core/bytes.ts';
import { type BlobRef, blobKey, type SpaceId } from '../core/ids.ts';
import type { Store } from '../store/port.ts';

const READ_BATCH = 4_096;
const READ_BATCH_BYTES = 4 * 2 ** 20;
/** Kept free for notes: on a disk that is full to the last byte nothing could be noted, and so nothing let go of. Some hundred notes. */
const RESERVE_BYTES = 64 * 2 ** 10;
const RESERVE_KEY = 'let-go/reserve';

/** A file in a folder, and what was let go of for it. */
export interface LetGoFile {
  readonly folder: string;
  /** The archive's name for what the file is made from. */
  readonly item: string;
  readonly blobs: readonly string[];
  /** Size of the blobs together. */
  readonly bytes: number;
}

const noteSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.strictTuple([v.picklist([0, 1]), v.string(), v.string(), v.array(v.string()), v.number()]),
);

export class LetGo {
  readonly #store: Store;
  readonly #log: string;
  /** By folder and item. */
  readonly #files = new Map<string, LetGoFile>();
  /** How many files each blob was let go of for. */
  readonly #uses = new Map<string, number>();

  private constructor(store: Store, space: SpaceId) {
    this.#store = store;
    this.#log = `let-go/${space}`;
  }

  static async open(store: Store, space: SpaceId): Promise<LetGo> {
    const letGo = new LetGo(store, space);
    const count = (await store.logs.list()).get(letGo.#log) ?? 0;
    for (let at = 0; at < count; ) {
      const records = await store.logs.read(letGo.#log, at, READ_BATCH, READ_BATCH_BYTES);
      if (records.length === 0) break;
      at += records.length;
      for (const record of records) letGo.#read(fromUtf8(record));
    }
    return letGo;
  }

  /** What cannot be read is no reason to hold anything less. */
  #read(record: string): void {
    const parsed = v.safeParse(noteSchema, record);
    if (!parsed.success) return;
    const [isGone, folder, item, blobs, bytes] = parsed.output;
    if (isGone === 1) this.#add({ folder, item, blobs, bytes });
    else this.#remove({ folder, item, blobs, bytes });
  }

  #add(file: LetGoFile): void {
    this.#remove(file);
    this.#files.set(nameOf(file), file);
    for (const key of file.blobs) this.#uses.set(key, (this.#uses.get(key) ?? 0) + 1);
  }

  #remove(file: LetGoFile): void {
    const known = this.#files.get(nameOf(file));
    if (known === undefined) return;
    this.#files.delete(nameOf(file));
    for (const key of known.blobs) {
      const left = (this.#uses.get(key) ?? 0) - 1;
      if (left > 0) this.#uses.set(key, left);
      else this.#uses.delete(key);
    }
  }

  /** Keys of the blobs that need not be held. */
  blobs(): ReadonlySet<string> {
    return new Set(this.#uses.keys());
  }

  /** Files of one folder for which something was let go of, or of all folders. */
  files(folder?: string): LetGoFile[] {
    const all = [...this.#files.values()];
    return folder === undefined ? all : all.filter((file) => file.folder === folder);
  }

  has(folder: string, item: string): boolean {
    return this.#files.has(nameOf({ folder, item }));
  }

  /** Sets a little room aside, so that notes can be taken when there is none left. Harmless when there is none to set aside. */
  async reserve(): Promise<void> {
    const { state } = this.#store;
    if ((await state.get(RESERVE_KEY)) !== undefined) return;
    await state.put(RESERVE_KEY, new Uint8Array(RESERVE_BYTES), 'relaxed').catch(() => undefined);
  }

  /** Gives back what {@link reserve} has set aside. */
  release(): Promise<void> {
    return this.#store.state.delete(RESERVE_KEY);
  }

  /** Notes files before what they hold is let go of. Durable on return. @throws WaystationError `store-full`. */
  async note(files: readonly LetGoFile[]): Promise<void> {
    await this.#store.logs.append(
      this.#log,
      files.map((file) => recordOf(1, file)),
      'strict',
    );
    for (const file of files) this.#add(file);
  }

  /**
   * The copies of these are gone. Durable on return.
   * @returns keys of the blobs that are to be held again.
   */
  async takeBack(folder: string, items: readonly string[]): Promise<string[]> {
    const files = items.flatMap((item) => this.#files.get(nameOf({ folder, item })) ?? []);
    if (files.length === 0) return [];
    await this.#store.logs.append(
      this.#log,
      files.map((file) => recordOf(0, file)),
      'strict',
    );
    for (const file of files) this.#remove(file);
    return files.flatMap(({ blobs }) => blobs.filter((key) => !this.#uses.has(key)));
  }
}

function nameOf({ folder, item }: Pick<LetGoFile, 'folder' | 'item'>): string {
  return `${folder}\n${item}`;
}

function recordOf(isGone: 0 | 1, { folder, item, blobs, bytes }: LetGoFile): Uint8Array {
  return toUtf8(JSON.stringify([isGone, folder, item, blobs, bytes]));
}

/** The file for which blobs are let go of. */
export function letGoFile(folder: string, item: string, refs: readonly BlobRef[]): LetGoFile {
  return {
    folder,
    item,
    blobs: refs.map((ref) => blobKey(ref)),
    bytes: refs.reduce((sum, { size }) => sum + size, 0),
  };
}
