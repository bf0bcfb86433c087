/** An archive folder in memory, for tests. */
import type { Bytes } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import { type ArchiveFolder, type ArchivePath, isArchivePath } from './archive-folder.ts';

/** @param files what is in it, by path with slashes; looked at and changed by whoever tests with it. */
export function createMemoryArchive(files = new Map<string, Bytes>(), name = 'memory'): ArchiveFolder {
  return {
    name,
    id: name,
    size: async (path) => files.get(path.join('/'))?.length,
    read: async (path) => {
      const bytes = files.get(path.join('/'));
      if (bytes === undefined)
        throw new WaystationError('not-found', `no file ${path.join('/')} in the folder`);
      return bytes.slice() as Bytes;
    },
    write: async (path: ArchivePath, bytes) => {
      if (!isArchivePath(path))
        throw new WaystationError('malformed', 'expected names that every disk takes');
      files.set(path.join('/'), bytes.slice() as Bytes);
    },
  };
}
