/** What the page says of copies in a folder: never more than is so. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Bytes } from '../../../src/core/bytes.ts';
import { WaystationError } from '../../../src/core/errors.ts';
import { createNodeCrypto } from '../../../src/identity/crypto.node.ts';
import { parseInvite } from '../../../src/identity/invite.ts';
import { memoryPair } from '../../../src/mesh/memory.ts';
import { SYSTEM_RANDOM } from '../../../src/node/open-node.ts';
import { createInvite } from '../../../src/station/membership-actions.ts';
import { WaystationNode } from '../../../src/station/node.ts';
import { HOUR_IN_FOLDER } from '../../../src/station/timeline.ts';
import type { ArchiveFolder } from '../../../src/store/archive-folder.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import { createMemoryArchive } from '../../../src/store/memory-archive.ts';
import type { StationModel } from '../../../src/ui/model/station-model.ts';
import { createTestKeys } from '../station/test-keys.ts';
import { TestPage } from './page.ts';

let files: Map<string, Bytes>;
let page: TestPage;
let model: StationModel;
/** Called before each file is read back. */
let onRead: () => void;

/** The folder is on a disk that is plugged in. */
let isAtHand: boolean;
let node: WaystationNode;

beforeEach(async () => {
  isAtHand = true;
  files = new Map();
  onRead = () => undefined;
  const memory = createMemoryArchive(files);
  const folder: ArchiveFolder = {
    ...memory,
    size: async (path) => {
      if (!isAtHand) throw new WaystationError('unavailable', 'the disk is gone');
      return memory.size(path);
    },
    read: (path) => {
      onRead();
      return memory.read(path);
    },
  };
  page = new TestPage();
  page.archive = { isPossible: true, pick: async () => folder, remembered: async () => undefined };
  ({ model, node } = await page.founded());
  for (let hours = 0; hours < 3; hours++) await recordHour();
});

async function recordHour(): Promise<void> {
  page.clock.advance(60_000);
  await model.record();
  await model.stop();
  await model.refresh();
}

/** Another device of the group that has everything; it is connected. */
async function connected(): Promise<WaystationNode> {
  const { clock } = page;
  const other = await WaystationNode.open({
    store: createMemoryStore(),
    keys: createTestKeys(),
    crypto: createNodeCrypto(),
    clock,
    random: SYSTEM_RANDOM,
  });
  const expiresMs = clock.nowMs() + 3_600_000;
  const { link } = await createInvite(node.space(), {
    role: 'member',
    uses: 1,
    expiresMs,
    hosts: ['ws://127.0.0.1:1'],
  });
  const space = await other.join(parseInvite(link));
  const [left, right] = memoryPair();
  node.attach(left, { host: 'memory', peerNode: other.id, spaces: [] });
  other.attach(right, { host: 'memory', peerNode: node.id, spaces: [] });
  await until(() => space.replica.blobCounts().held === 3);
  await pass(5_000);
  return other;
}

async function until(isSo: () => boolean): Promise<void> {
  for (let turns = 0; !isSo(); turns++) {
    if (turns > 100_000) throw new Error('it did not come to be');
    page.clock.advance(10);
    await new Promise(setImmediate);
  }
}

async function pass(ms: number): Promise<void> {
  const untilMs = page.clock.monotonicMs() + ms;
  await until(() => page.clock.monotonicMs() >= untilMs);
}

/** Time passes for a page that is looked at. */
async function looking(isSo: () => boolean): Promise<void> {
  for (let seconds = 0; !isSo(); seconds++) {
    if (seconds > 600) throw new Error('it did not come to be');
    await pass(1_000);
    await model.refresh();
  }
}

const blobCounts = () => node.space().replica.blobCounts();
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

describe('freeing room', () => {
  it('keeps what only this device has, and says so; lets go of it when another has it, and counts it as complete', async () => {
    await model.collecting.setArchiveFrees(true);
    await model.collecting.chooseFolder();
    await looking(() => archive()?.onlyHere === 3);
    expect(blobCounts().held).toBe(3);
    await connected();
    await looking(() => archive()?.onlyThere === 3);
    expect(blobCounts()).toMatchObject({ held: 0, missing: 0 });
    expect(archive()).toMatchObject({ phase: 'idle', files: 3, totalFiles: 3, onlyHere: 0, error: null });
    expect(model.state.collecting?.inFolder).toBe(3);
    const [status] = model.state.stations;
    expect(status).toMatchObject({ sealed: 3, held: 0, inFolder: 3, missing: 0 });
    await model.loadData();
    const [inData] = model.data.stations();
    expect([...(inData?.timeline.flags ?? [])].every((flag) => (flag & HOUR_IN_FOLDER) !== 0)).toBe(true);
    // What comes later is copied without being asked for again.
    await recordHour();
    await looking(() => archive()?.files === 4);
    expect(files.size).toBe(4);
  });

  it('is done by itself only when room is short, and for as much as is short', async () => {
    await connected();
    await model.collecting.chooseFolder();
    for (let seconds = 0; seconds < 150; seconds += 10) {
      await pass(10_000);
      await model.refresh();
    }
    expect(blobCounts().held).toBe(3);
    vi.spyOn(page.faulty.store, 'usage').mockResolvedValue({ usedBytes: 9, freeBytes: 64 * 2 ** 20 - 1 });
    await looking(() => archive()?.onlyThere === 1);
    expect(blobCounts()).toMatchObject({ held: 2, missing: 0 });
  });

  it('stops with a word when the folder is gone, and lets go of nothing', async () => {
    await connected();
    await model.collecting.setArchiveFrees(true);
    await model.collecting.chooseFolder();
    isAtHand = false;
    await looking(() => archive()?.phase === 'failed');
    expect(archive()?.error).toBe('the disk is gone');
    expect(blobCounts().held).toBe(3);
  });

  it('tries what cannot be copied again now and then, and not every second', async () => {
    const { blobs } = page.faulty.store;
    const [, broken] = await blobs.list();
    const { read } = blobs;
    let tries = 0;
    vi.spyOn(blobs, 'read').mockImplementation(async (ref, ...span) => {
      if (ref.root !== broken?.ref.root) return read(ref, ...span);
      tries++;
      throw new Error('this sector is bad');
    });
    await model.collecting.setArchiveFrees(true);
    await model.collecting.chooseFolder();
    for (let seconds = 0; seconds < 180; seconds++) {
      await pass(1_000);
      await model.refresh();
    }
    expect(tries).toBeGreaterThan(1);
    expect(tries).toBeLessThan(8);
  });

  it('does not go on by itself after it was stopped', async () => {
    await connected();
    await model.collecting.setArchiveFrees(true);
    await model.collecting.chooseFolder();
    model.collecting.stopArchive();
    await recordHour();
    for (let seconds = 0; seconds < 150; seconds += 10) {
      await pass(10_000);
      await model.refresh();
    }
    expect([files.size, archive()?.onlyThere]).toEqual([3, 0]);
  });
});
