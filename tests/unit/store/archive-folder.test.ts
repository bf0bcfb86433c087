/** Names that every disk takes, and the contract of archive folders for the one in memory. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileName, isArchivePath } from '../../../src/store/archive-folder.ts';
import { createMemoryArchive } from '../../../src/store/memory-archive.ts';
import { ARCHIVE_CONTRACT } from '../../contract/archive-folder-contract.ts';

describe('an archive folder in memory', () => {
  it.each(Object.entries(ARCHIVE_CONTRACT))('%s', async (_, holds) => {
    await holds({ open: async () => createMemoryArchive(new Map()) });
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
  ])('of “%s” is “%s”', (text, name) => {
    expect(fileName(text)).toBe(name);
  });

  it('is one part of a path, and stays as it is, whatever it was made from', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const name = fileName(text);
        expect(fileName(name)).toBe(name);
        expect(isArchivePath(['a', name])).toBe(true);
        expect(name.length).toBeLessThanOrEqual(81);
      }),
    );
  });
});
