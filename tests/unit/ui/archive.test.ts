/** What the page says of copies in a folder: never more than is so. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Bytes } from '../../../src/core/bytes.ts';
import type { ArchiveFolder } from '../../../src/store/archive-folder.ts';
import { createMemoryArchive } from '../../../src/store/memory-archive.ts';
import type { StationModel } from '../../../src/ui/model/station-model.ts';
import { TestPage } from './page.ts';

let files: Map<string, Bytes>;
let page: TestPage;
let model: StationModel;
/** Called before each file is read back. */
let onRead: () => void;

beforeEach(async () => {
  files = new Map();
  onRead = () => undefined;
  const memory = createMemoryArchive(files);
  const folder: ArchiveFolder = {
    ...memory,
    read: (path) => {
      onRead();
      return memory.read(path);
    },
  };
  page = new TestPage();
  page.archive = { isPossible: true, pick: async () => folder, remembered: async () => undefined };
  model = (await page.founded()).model;
  for (let hours = 0; hours < 3; hours++) await recordHour();
});

async function recordHour(): Promise<void> {
  page.clock.advance(60_000);
  await model.record();
  await model.stop();
  await model.refresh();
}

const archive = () => model.state.collecting?.archive;

describe('copying to a folder', () => {
  it('does not say that all is there when more has come since', async () => {
    await model.collecting.chooseFolder();
    expect(archive()).toMatchObject({ phase: 'idle', files: 3, totalFiles: 3, error: null });
    await recordHour();
    page.clock.advance(10_000);
    await model.refresh();
    expect(archive()).toMatchObject({ files: 3, totalFiles: 4 });
    await model.collecting.startArchive();
    expect(archive()).toMatchObject({ files: 4, totalFiles: 4 });
  });

  it('says what it could not copy, and copies the rest', async () => {
    const { blobs } = page.faulty.store;
    const [, broken] = await blobs.list();
    const { read } = blobs;
    vi.spyOn(blobs, 'read').mockImplementation(async (ref, ...span) => {
      if (ref.root === broken?.ref.root) throw new Error('this sector is bad');
      return read(ref, ...span);
    });
    await model.collecting.chooseFolder();
    expect(files.size).toBe(2);
    expect(archive()).toMatchObject({
      phase: 'idle',
      files: 2,
      totalFiles: 3,
      error: '1 hour or picture could not be copied: this sector is bad',
    });
  });

  it('that were checked half-way are not said to be whole', async () => {
    await model.collecting.chooseFolder();
    onRead = () => model.collecting.stopArchive();
    await model.collecting.checkArchive();
    expect(archive()).toMatchObject({ phase: 'idle', checked: null });
    onRead = () => undefined;
    await model.collecting.checkArchive();
    expect(archive()?.checked).toEqual({ files: 3, damaged: [] });
  });
});
