/**
 * Files for the person: small ones as an ordinary download, large ones written piece by piece to where the person says, in browsers
 * that can do that; elsewhere a download as well, whose pieces the browser keeps on disk.
 */
import { WaystationError } from '../../core/errors.ts';
import type { Saver } from './data-export.ts';

/** Above this the person is asked where, and nothing is gathered first. */
const ASK_FROM_BYTES = 32 * 2 ** 20;
/** Pieces of a download are put into blobs of about this size, which the browser may move out of memory. */
const PIECE_BYTES = 2 ** 20;
/** Files of one name in one folder before something is wrong. */
const MAX_SAME_NAMES = 1_000;
/** A download has begun reading its address by then. */
const ADDRESS_MS = 60_000;

interface Pickers {
  showSaveFilePicker?: (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;
  showDirectoryPicker?: (options: { mode: 'readwrite' }) => Promise<FileSystemDirectoryHandle>;
}

/**
 * Asks where to, when that is worth asking; call it in answer to a tap.
 * @throws DOMException `AbortError` when the person chose nothing.
 */
export async function openSaver(
  files: { readonly count: number; readonly firstName: string },
  bytes: number,
): Promise<Saver> {
  const pickers = globalThis as Pickers;
  if (bytes > ASK_FROM_BYTES && files.count === 1 && pickers.showSaveFilePicker !== undefined) {
    const handle = await pickers.showSaveFilePicker({ suggestedName: files.firstName });
    return { file: () => handle.createWritable() };
  }
  // A browser asks about, or blocks, many downloads at once.
  if (
    (bytes > ASK_FROM_BYTES || files.count > 10) &&
    files.count > 1 &&
    pickers.showDirectoryPicker !== undefined
  ) {
    const folder = await pickers.showDirectoryPicker({ mode: 'readwrite' });
    return { file: async (name) => (await newFile(folder, name)).createWritable() };
  }
  return { file: async (name, mediaType) => download(name, mediaType) };
}

/**
 * A file beside what is in the folder, never over it: an earlier export, or what the disk takes for the same name.
 * @throws WaystationError `conflict` when all names are taken.
 */
async function newFile(folder: FileSystemDirectoryHandle, name: string): Promise<FileSystemFileHandle> {
  const dot = name.lastIndexOf('.');
  for (let number = 1; number <= MAX_SAME_NAMES; number++) {
    const own = number === 1 ? name : `${name.slice(0, dot)} (${number})${name.slice(dot)}`;
    try {
      await folder.getFileHandle(own);
    } catch (error) {
      const reason = error instanceof DOMException ? error.name : '';
      if (reason === 'NotFoundError') return await folder.getFileHandle(own, { create: true });
      if (reason !== 'TypeMismatchError') throw error;
    }
  }
  throw new WaystationError(
    'conflict',
    `the folder has ${MAX_SAME_NAMES} files named like ${name}: choose another`,
  );
}

/** What is written becomes a download when it is closed. */
function download(name: string, mediaType: string): WritableStream<Uint8Array<ArrayBuffer>> {
  const blobs: Blob[] = [];
  let pieces: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  const gather = () => {
    blobs.push(new Blob(pieces));
    pieces = [];
    bytes = 0;
  };
  return new WritableStream<Uint8Array<ArrayBuffer>>({
    write(piece) {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes >= PIECE_BYTES) gather();
    },
    close() {
      gather();
      saveBlob(name, new Blob(blobs, { type: mediaType }));
    },
  });
}

/** Downloads something that is there already. */
export function saveBlob(name: string, blob: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), ADDRESS_MS);
}
