/** Names that every disk takes, and the contract of archive folders for the one in memory. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWaystationError } from '../../../src/core/errors.ts';
import { fileName, isArchivePath } from '../../../src/store/archive-folder.ts';
import { directoryArchive } from '../../../src/store/directory-archive.browser.ts';
import { createMemoryArchive } from '../../../src/store/memory-archive.ts';
import { ARCHIVE_CONTRACT } from '../../contract/archive-folder-contract.ts';

describe('an archive folder in memory', () => {
  it.each(Object.entries(ARCHIVE_CONTRACT))('%s', async (_, holds) => {
    await holds({ open: async () => createMemoryArchive(new Map()) });
  });
});

describe('a folder on a disk', () => {
  const gone = () => Promise.reject(new DOMException('not found', 'NotFoundError'));
  /** A folder without the file that is asked for. */
  const folderWith = (next: () => Promise<IteratorResult<string>>) =>
    directoryArchive({ name: 'Stick', getFileHandle: gone, keys: () => ({ next }) } as never, 'stick');

  it('has no file that is not in it', async () => {
    const folder = folderWith(async () => ({ done: true, value: undefined }));
    expect(await folder.size(['x.hour'])).toBeUndefined();
  });

  it('does not say that files are gone when the whole disk is', async () => {
    const error = await folderWith(gone)
      .size(['x.hour'])
      .catch((thrown: unknown) => thrown);
    expect(isWaystationError(error, 'unavailable')).toBe(true);
  });
});

describe('a file name', () => {
  it.each([
    ['Ridge', 'Ridge'],
    ['Älm / Süd', 'Älm - Süd'],
    ['../../etc', '-..-etc'],
    ['CON', '-CON'],
    ['a<b>c:d"e|f?g*h', 'a-b-c-d-e-f-g-h'],
    ['  dots... ', 'dots'],
    ['', '-'],
    ['…', '…'],
    ['. Ridge', 'Ridge'],
    ['con ', '-con'],
    ['a\u200bb\u202ec\u0085d\ud800', 'a-b-c-d-'],
    ['👩\u200d🚀', '👩\u200d🚀'],
    [`${'x'.repeat(79)}\u3000y`, 'x'.repeat(79)],
    [`${'x'.repeat(79)}🚀`, 'x'.repeat(79)],
    [`con.${'x'.repeat(80)}`, `-con.${'x'.repeat(75)}`],
  ])('of “%s” is “%s”, also a second time', (text, name) => {
    expect(fileName(text)).toBe(name);
    expect(fileName(name)).toBe(name);
  });

  it('keeps its ending whole, however long it is', () => {
    expect(fileName('Ridge', ' 0123abcd')).toBe('Ridge 0123abcd');
    const name = fileName('x'.repeat(200), ' 0123abcd');
    expect(name).toBe(`${'x'.repeat(71)} 0123abcd`);
    expect(isArchivePath([name])).toBe(true);
  });

  it('is one part of a path, and stays as it is, whatever it was made from', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const name = fileName(text);
        expect(fileName(name)).toBe(name);
        expect(isArchivePath(['a', name])).toBe(true);
        expect(name.length).toBeLessThanOrEqual(80);
      }),
    );
  });
});
