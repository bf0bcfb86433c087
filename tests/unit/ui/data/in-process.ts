/** The data worker without a worker, and files that stay in memory. */
import type { Sealer } from '../../../../src/blob/content-key.ts';
import type { Saver } from '../../../../src/ui/model/data-export.ts';
import { HourShelf } from '../../../../src/ui/model/data-shelf.ts';
import type { DataApi } from '../../../../src/ui/model/data-worker.browser.ts';

export function inProcessWorker(crypto: Sealer): DataApi {
  const shelf = new HourShelf(crypto);
  return {
    open: (key, stored, seal) => shelf.open(key, stored.slice(), seal),
    tiles: async (key, request) => shelf.tiles(key, request),
    content: async (key) => shelf.content(key),
    summary: async (key) => shelf.summary(key),
    file: async (key) => shelf.file(key),
  };
}

export class MemorySaver implements Saver {
  readonly files = new Map<string, string>();
  /** Files that were given up half way. */
  readonly aborted: string[] = [];

  async file(name: string): Promise<WritableStream<Uint8Array<ArrayBuffer>>> {
    const decoder = new TextDecoder();
    let text = '';
    return new WritableStream<Uint8Array<ArrayBuffer>>({
      write: (piece) => {
        text += decoder.decode(piece, { stream: true });
      },
      close: () => {
        this.files.set(name, text);
      },
      abort: () => {
        this.aborted.push(name);
      },
    });
  }
}
