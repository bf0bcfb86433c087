import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder, writeWhole } from '../../../src/node/whole-file.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waystation-whole-'));
  path = join(folder, 'table.csv');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const names = () => readdirSync(folder);

describe('a file that is written aside', () => {
  it('has its name only when all of it is there, and nothing else is left', async () => {
    const seen: boolean[] = [];
    const pieces = function* () {
      for (const piece of ['one,', 'two,', 'three']) {
        yield piece;
        seen.push(existsSync(path));
      }
    };
    await writeWhole(path, pieces(), false);
    expect(seen).toEqual([false, false, false]);
    expect(readFileSync(path, 'utf8')).toBe('one,two,three');
    expect(names()).toEqual(['table.csv']);
  });

  it('is out of the way of programs that read whole folders of tables', async () => {
    const seen: string[] = [];
    const pieces = function* () {
      yield 'one';
      seen.push(...names());
    };
    await writeWhole(path, pieces(), false);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatch(/^\.table\.csv\..*\.part$/);
  });

  it('leaves what was there as it was when something fails on the way', async () => {
    writeFileSync(path, 'before');
    const pieces = async function* () {
      yield 'half';
      throw new Error('the hour is damaged');
    };
    await expect(writeWhole(path, pieces(), true)).rejects.toThrow('the hour is damaged');
    expect(readFileSync(path, 'utf8')).toBe('before');
    expect(names()).toEqual(['table.csv']);
  });

  it('replaces nothing that came there meanwhile, unless told to', async () => {
    const pieces = function* () {
      yield 'mine';
      writeFileSync(path, 'yours');
    };
    await expect(writeWhole(path, pieces(), false)).rejects.toMatchObject({ code: 'conflict' });
    expect(readFileSync(path, 'utf8')).toBe('yours');
    expect(names()).toEqual(['table.csv']);
    await writeWhole(path, pieces(), true);
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  it('can be empty', async () => {
    await writeWhole(path, [], false);
    expect(readFileSync(path, 'utf8')).toBe('');
  });
});

describe('a folder for several files', () => {
  it('is made, or taken as it is; a file or a missing one above is told', async () => {
    await makeFolder(join(folder, 'new'));
    await makeFolder(join(folder, 'new'));
    expect(names()).toEqual(['new']);
    mkdirSync(join(folder, 'other'));
    writeFileSync(join(folder, 'file'), '');
    await expect(makeFolder(join(folder, 'file'))).rejects.toMatchObject({ code: 'conflict' });
    await expect(makeFolder(join(folder, 'no/where'))).rejects.toThrow('there is no such folder');
  });
});
