/** Files that an export puts into a folder of the person: beside what is there, never over it. */
import { afterEach, expect, it, vi } from 'vitest';
import { openSaver } from '../../../../src/ui/model/save-files.browser.ts';

const files = new Map<string, string>();

/** A folder on a disk that takes `Ridge` and `ridge` for one name. */
const folder = {
  async getFileHandle(name: string, { create = false } = {}) {
    const key = name.toLowerCase();
    if (key === 'folder.csv') throw new DOMException('it is a folder', 'TypeMismatchError');
    if (!files.has(key) && !create) throw new DOMException('none', 'NotFoundError');
    if (!files.has(key)) files.set(key, '');
    let text = '';
    return {
      createWritable: async () =>
        new WritableStream<Uint8Array>({
          write: (piece) => {
            text += new TextDecoder().decode(piece);
          },
          close: () => {
            files.set(key, text);
          },
        }),
    };
  },
};

afterEach(() => vi.unstubAllGlobals());

it('beside files of the same name, whatever the disk takes for the same', async () => {
  vi.stubGlobal('showDirectoryPicker', async () => folder);
  files.set('ridge.csv', 'of last week');
  const saver = await openSaver({ count: 20, firstName: 'Ridge.csv' }, 1_000);
  for (const name of ['Ridge.csv', 'ridge.csv', 'folder.csv', 'Hut.csv']) {
    const writer = (await saver.file(name, 'text/csv')).getWriter();
    await writer.write(new TextEncoder().encode(name));
    await writer.close();
  }
  expect(Object.fromEntries(files)).toEqual({
    'ridge.csv': 'of last week',
    'ridge (2).csv': 'Ridge.csv',
    'ridge (3).csv': 'ridge.csv',
    'folder (2).csv': 'folder.csv',
    'hut.csv': 'Hut.csv',
  });
});
