/** The worker that opens and decodes hours for the plot and for export, so that neither holds up the page. */
import { expose, transfer } from 'comlink';
import { createWebCrypto } from '../src/identity/crypto.web.ts';
import { HourShelf } from '../src/ui/model/data-shelf.ts';
import type { DataApi } from '../src/ui/model/data-worker.browser.ts';

const shelf = new HourShelf(createWebCrypto());

const api: DataApi = {
  open: (key, stored, seal) => shelf.open(key, stored, seal),
  async tiles(key, request) {
    const tiles = shelf.tiles(key, request);
    if (tiles === undefined) return undefined;
    const buffers = tiles.flatMap(({ x, mean, min, max, count }) =>
      [x, mean, min, max, count].flatMap((part) => (part === null ? [] : [part.buffer as ArrayBuffer])),
    );
    return transfer(tiles, [...new Set(buffers)]);
  },
  async content(key) {
    const content = shelf.content(key);
    if (content === undefined) return undefined;
    const buffers = content.streams.flatMap(({ rows }) =>
      [rows.offsetsNs, ...rows.columns].map((part) => part.buffer as ArrayBuffer),
    );
    return transfer(content, [...new Set(buffers)]);
  },
  summary: async (key) => shelf.summary(key),
  file: async (key) => shelf.file(key),
};

expose(api);
