/**
 * An archive folder by the File System Access API: what `showDirectoryPicker` gives. The chosen folder is kept in a small database of its
 * own, because a handle can be kept nowhere else; after a reload the browser may want to ask for it again, on a tap.
 *
 * `createWritable` writes beside the file and swaps it in on `close`, so a file is whole or not there.
 */
import { type DBSchema, openDB } from 'idb';
import type { Bytes } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import { type ArchiveFolder, type ArchivePath, isArchivePath } from './archive-folder.ts';

const DATABASE = 'waystation-archive';
const KEY = 'folder';

interface Schema extends DBSchema {
  handles: { key: string; value: { readonly id: string; readonly handle: FileSystemDirectoryHandle } };
}

/** What the DOM types do not have yet. */
interface Permitted {
  queryPermission?(options: { mode: 'readwrite' }): Promise<PermissionState>;
  requestPermission?(options: { mode: 'readwrite' }): Promise<PermissionState>;
}
interface PickerWindow {
  showDirectoryPicker?(options: { id: string; mode: 'readwrite' }): Promise<FileSystemDirectoryHandle>;
}

function isNamed(error: unknown, ...names: string[]): boolean {
  return error instanceof DOMException && names.includes(error.name);
}

function archiveError(error: unknown): unknown {
  if (isNamed(error, 'NotFoundError', 'TypeMismatchError'))
    return new WaystationError('not-found', 'the file or the folder is not there any more', { cause: error });
  if (isNamed(error, 'QuotaExceededError'))
    return new WaystationError(
      'store-full',
      'the folder’s disk is full: free space on it, or choose another',
      {
        cause: error,
      },
    );
  if (isNamed(error, 'NotAllowedError', 'SecurityError', 'NoModificationAllowedError', 'InvalidStateError'))
    return new WaystationError(
      'unavailable',
      'the folder may not be written to, or its disk is gone: attach it, and choose the folder again',
      { cause: error },
    );
  return error;
}

async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw archiveError(error);
  }
}

/** A disk that was pulled out has no files, either: what is on it is not gone for that. */
async function mustBeThere(root: FileSystemDirectoryHandle): Promise<void> {
  try {
    await root.keys().next();
  } catch (error) {
    if (!isNamed(error, 'NotFoundError')) throw archiveError(error);
    throw new WaystationError(
      'unavailable',
      'the folder is not there: attach its disk, or choose another folder. Nothing was changed',
      { cause: error },
    );
  }
}

/** @param id tells it from other folders; kept with the handle. */
export function directoryArchive(root: FileSystemDirectoryHandle, id: string): ArchiveFolder {
  const folderOf = async (path: ArchivePath, create: boolean): Promise<FileSystemDirectoryHandle> => {
    if (!isArchivePath(path)) throw new WaystationError('malformed', 'expected names that every disk takes');
    let folder = root;
    for (const part of path.slice(0, -1)) folder = await folder.getDirectoryHandle(part, { create });
    return folder;
  };
  const fileOf = async (path: ArchivePath) =>
    (await (await folderOf(path, false)).getFileHandle(path.at(-1) as string)).getFile();
  return {
    name: root.name,
    id,
    size: async (path) => {
      try {
        return (await fileOf(path)).size;
      } catch (error) {
        if (!isNamed(error, 'NotFoundError')) throw archiveError(error);
        await mustBeThere(root);
        return undefined;
      }
    },
    read: (path) => told(async () => new Uint8Array(await (await fileOf(path)).arrayBuffer()) as Bytes),
    write: (path, bytes) =>
      told(async () => {
        const folder = await folderOf(path, true);
        const file = await folder.getFileHandle(path.at(-1) as string, { create: true });
        const writable = await file.createWritable();
        try {
          await writable.write(bytes as Bytes);
          await writable.close();
        } catch (error) {
          await writable.abort().catch(() => undefined); // the first error says more
          // An empty file that was made for this is none of the archive's.
          if ((await file.getFile()).size === 0 && bytes.length > 0)
            await folder.removeEntry(path.at(-1) as string).catch(() => undefined);
          throw error;
        }
      }),
  };
}

function database() {
  return openDB<Schema>(DATABASE, 1, { upgrade: (db) => void db.createObjectStore('handles') });
}

/** Lets the person choose a folder, and remembers it; undefined when they do not. Call from a tap. */
export async function pickArchiveFolder(): Promise<ArchiveFolder | undefined> {
  let handle: FileSystemDirectoryHandle | undefined;
  try {
    handle = await (globalThis as PickerWindow).showDirectoryPicker?.({
      id: 'waystation',
      mode: 'readwrite',
    });
  } catch (error) {
    if (isNamed(error, 'AbortError')) return undefined;
    throw archiveError(error);
  }
  if (handle === undefined) return undefined;
  const db = await database();
  try {
    const before = await db.get('handles', KEY);
    const isSame = before !== undefined && (await before.handle.isSameEntry(handle).catch(() => false));
    const id = isSame ? before.id : crypto.randomUUID();
    await db.put('handles', { id, handle }, KEY);
    return directoryArchive(handle, id);
  } finally {
    db.close();
  }
}

/** The folder that was chosen last, and whether it may be written to without asking. */
export interface RememberedFolder {
  readonly name: string;
  readonly isAllowed: boolean;
  /** Asks where that is needed (call from a tap); undefined when it is refused. */
  open(): Promise<ArchiveFolder | undefined>;
  forget(): Promise<void>;
}

export async function rememberedFolder(): Promise<RememberedFolder | undefined> {
  const db = await database();
  const kept = await db.get('handles', KEY).finally(() => db.close());
  if (kept === undefined) return undefined;
  const handle = kept.handle as FileSystemDirectoryHandle & Permitted;
  const mode = { mode: 'readwrite' } as const;
  const isAllowed = ((await handle.queryPermission?.(mode)) ?? 'granted') === 'granted';
  return {
    name: handle.name,
    isAllowed,
    open: async () => {
      const answer = isAllowed ? 'granted' : ((await handle.requestPermission?.(mode)) ?? 'granted');
      return answer === 'granted' ? directoryArchive(handle, kept.id) : undefined;
    },
    forget: async () => {
      const again = await database();
      await again.delete('handles', KEY).finally(() => again.close());
    },
  };
}
