/**
 * Where the file of a moving device goes, without ever being whole in memory: to the place that the person chooses, where a browser can
 * write there; else into a file of the origin that becomes a download; else into blobs, which the browser may keep on disk.
 */
import { WaystationError } from '../../core/errors.ts';
import type { SaveTarget } from '../model/moving.ts';
import { forgetMovingFile, MOVING_FILE } from '../platform/moving-file.browser.ts';

/** A download has begun reading by then. */
const ADDRESS_MS = 60_000;

interface SavePicker {
  showSaveFilePicker?: (options: {
    suggestedName: string;
    types: readonly { description: string; accept: Record<string, string[]> }[];
  }) => Promise<FileSystemFileHandle>;
}

/**
 * Asks where to; call it in answer to a tap.
 * @throws DOMException `AbortError` when the person chose nothing.
 */
export async function openSaveTarget(name: string, description: string): Promise<SaveTarget> {
  const { showSaveFilePicker } = globalThis as SavePicker;
  if (showSaveFilePicker !== undefined) {
    const types = [{ description, accept: { 'application/octet-stream': ['.wsmove'] } }];
    const handle = await showSaveFilePicker({ suggestedName: name, types });
    return intoStream(await handle.createWritable());
  }
  return (await spilled(name)) ?? inBlobs(name);
}

function intoStream(stream: FileSystemWritableFileStream): SaveTarget {
  const told = async (work: Promise<void>) => {
    try {
      await work;
    } catch (cause) {
      throw saveError(cause);
    }
  };
  return {
    write: (bytes) => told(stream.write(bytes)),
    close: () => told(stream.close()),
    abort: () => stream.abort(),
  };
}

function saveError(cause: unknown): unknown {
  if (!(cause instanceof DOMException)) return cause;
  const isFull = cause.name === 'QuotaExceededError';
  return new WaystationError(
    isFull ? 'store-full' : 'unavailable',
    isFull
      ? 'there is not enough room for the file: choose another place, such as a memory stick, or leave the recordings out'
      : `the file could not be written: ${cause.message}`,
    { cause },
  );
}

/** Undefined where a page cannot write files of its own. */
async function spilled(name: string): Promise<SaveTarget | undefined> {
  try {
    const root = await navigator.storage.getDirectory();
    await forgetMovingFile(); // of the last time
    const handle = await root.getFileHandle(MOVING_FILE, { create: true });
    const target = intoStream(await handle.createWritable());
    return {
      write: target.write,
      close: async () => {
        await target.close();
        download(name, await handle.getFile());
      },
      abort: async () => {
        await target.abort().catch(() => undefined);
        await forgetMovingFile();
      },
    };
  } catch {
    return undefined;
  }
}

function inBlobs(name: string): SaveTarget {
  const blobs: Blob[] = [];
  return {
    write: async (bytes) => void blobs.push(new Blob([bytes])),
    close: async () => download(name, new Blob(blobs)),
    abort: async () => void blobs.splice(0),
  };
}

function download(name: string, blob: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), ADDRESS_MS);
}
