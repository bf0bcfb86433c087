/** What every {@link ArchiveFolder} promises; run in Node for memory, and in Chromium for directories. Throws when one does not. */
import { isWaystationError } from '../../src/core/errors.ts';
import { type ArchiveFolder, fileName } from '../../src/store/archive-folder.ts';

export interface ArchiveContractOptions {
  /** An empty folder of its own for each call. */
  readonly open: () => Promise<ArchiveFolder>;
}

function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(`an archive folder must: ${what}`);
}

async function code(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (error) {
    return isWaystationError(error) ? error.code : `not ours: ${String(error)}`;
  }
}

const same = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i]);

export const ARCHIVE_CONTRACT: Readonly<Record<string, (options: ArchiveContractOptions) => Promise<void>>> =
  {
    'keeps what is written, folders and all': async ({ open }) => {
      const folder = await open();
      const path = ['Valley', 'Ridge é 1', '2026', '01', '2026-01-31T120000Z.hour'];
      const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => i % 251);
      must((await folder.size(path)) === undefined, 'know no file that was not written');
      await folder.write(path, bytes);
      must((await folder.size(path)) === bytes.length, 'know the size of a file');
      must(same(await folder.read(path), bytes), 'give back what was written');
      must((await folder.size(['Valley', 'Barn', 'x.hour'])) === undefined, 'know no other file');
    },
    'replaces a file whole': async ({ open }) => {
      const folder = await open();
      await folder.write(['a.hour'], new Uint8Array(5_000).fill(1));
      await folder.write(['a.hour'], Uint8Array.of(2, 3));
      must(same(await folder.read(['a.hour']), Uint8Array.of(2, 3)), 'leave nothing of the file before');
    },
    'takes an empty file': async ({ open }) => {
      const folder = await open();
      await folder.write(['none.hour'], new Uint8Array(0));
      must((await folder.size(['none.hour'])) === 0, 'tell an empty file from none');
    },
    'says what is not there': async ({ open }) => {
      const folder = await open();
      must((await code(folder.read(['x', 'y.hour']))) === 'not-found', 'reject reading what is not there');
    },
    'takes names that were made of what anybody calls a station': async ({ open }) => {
      const folder = await open();
      for (const text of [
        '. Ridge',
        'Ri\u200bdge\u202e',
        'Ri\u0085dge',
        '\ufeffRidge',
        '\ud800',
        '\u{e0067}\u{e007f}',
        '👩\u200d🚀',
        'رویش\u200cها',
        '~',
        'CON.txt',
        'LPT¹',
        'Ridge.local',
        'Ridge.lnk',
        'Ridge.url',
        '%2e%2e',
        '谷'.repeat(200),
        '🚀'.repeat(200),
      ]) {
        const path = [fileName(text), fileName(text, ' 0123abcd'), 'x.hour'];
        must((await code(folder.write(path, Uint8Array.of(1)))) === 'none', `take ${JSON.stringify(path)}`);
        must((await folder.size(path)) === 1, `find ${JSON.stringify(path)} again`);
      }
    },
    'refuses names that lead out of it or that some disk does not take': async ({ open }) => {
      const folder = await open();
      for (const path of [
        [],
        [''],
        ['..', 'x'],
        ['.', 'x'],
        ['a/b'],
        ['a\\b'],
        ['a:b'],
        ['con'],
        ['x.'],
        [' x'],
      ])
        must(
          (await code(folder.write(path, Uint8Array.of(1)))) === 'malformed',
          `refuse ${JSON.stringify(path)}`,
        );
    },
  };
