/** Letting go of what is in a folder: only what is safely there, never the last copy, not wanted again, and nothing lost in a crash. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Bytes } from '../../../src/core/bytes.ts';
import { isWaystationError, WaystationError } from '../../../src/core/errors.ts';
import { type BlobRef, blobKey } from '../../../src/core/ids.ts';
import { Archive, archiveItems } from '../../../src/station/archive.ts';
import { type Freed, freeRoom } from '../../../src/station/archive-room.ts';
import { revokeMember } from '../../../src/station/membership-actions.ts';
import { pickup } from '../../../src/station/pickup.ts';
import type { Space } from '../../../src/station/space.ts';
import { type StationStatus, spaceStatus } from '../../../src/station/status.ts';
import type { ArchiveFolder } from '../../../src/store/archive-folder.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory.ts';
import { createMemoryArchive } from '../../../src/store/memory-archive.ts';
import type { Store } from '../../../src/store/port.ts';
import { NO_LIMITS } from '../../../src/sync/fetch-budget.ts';
import { type Member, NodeWorld } from './node-world.ts';
import { HOUR_MS, startRecording } from './station-recording.ts';
import { createTestKeys } from './test-keys.ts';

const HOURS = 5;
const ALL = Number.POSITIVE_INFINITY;
const never = new AbortController().signal;
const world = new NodeWorld();
const keys = createTestKeys();
let station: Member;
let disk: MemoryDisk;
let files: Map<string, Bytes>;
let folder: ArchiveFolder;

async function recordHour(space: Space, value = 7): Promise<void> {
  await world.pass(HOUR_MS);
  const { recording, sensor } = await startRecording(space);
  sensor.deliver(value, world.clock.nowMs());
  await recording.stop();
  await space.settled();
}

beforeEach(async () => {
  disk = new MemoryDisk();
  files = new Map();
  folder = createMemoryArchive(files);
  station = await world.founded();
  const { node } = await world.joined(station, 'member', { keys, store: createMemoryStore(disk) });
  await node.close();
  for (let i = 0; i < HOURS; i++) await recordHour(station.space, i);
});
afterEach(() => world.close());

async function openVan(store: Store = createMemoryStore(disk)): Promise<Member> {
  const node = await world.open({ keys, store });
  return { node, space: node.space() };
}

const held = (space: Space) => space.replica.blobCounts().held;

/** A van that has everything of the station. */
async function collected(): Promise<Member & { part: () => void }> {
  const van = await openVan();
  const part = world.link(station.node, van.node);
  await world.until(() => held(van.space) === HOURS);
  await van.space.settled();
  return { ...van, part };
}

async function archived(space: Space, into = folder): Promise<Archive> {
  const archive = await Archive.open(space, into);
  expect(await archive.run(archiveItems(space), never, () => undefined)).toEqual([]);
  return archive;
}

/** Copied so long ago that the disk has it. */
async function settledArchive(space: Space): Promise<Archive> {
  const archive = await archived(space);
  await world.pass(61_000);
  return archive;
}

const free = (space: Space, archive: Archive, bytes = ALL): Promise<Freed> =>
  freeRoom(space, archive, bytes, never);

async function ofStation(space: Space): Promise<StationStatus> {
  const [status] = (await spaceStatus(space)).stations;
  return status as StationStatus;
}

function refsOf(space: Space): BlobRef[] {
  return [...space.catalog.stations.values()].flatMap(({ hours }) =>
    hours.flatMap(({ entry }) => entry.header.blobs),
  );
}

async function storedRoots(store: Store): Promise<string[]> {
  return (await store.blobs.list()).map(({ ref }) => ref.root);
}

it('frees the room, counts the hours as complete, tells others that it does not hold them, and does not fetch them again', async () => {
  const van = await collected();
  const before = await ofStation(van.space);
  const archive = await settledArchive(van.space);
  const used = disk.usedBytes;
  const freed = await free(van.space, archive);
  expect(freed).toMatchObject({ files: HOURS, onlyHere: 0, fresh: 0 });
  expect(freed.bytes).toBe(before.bytes);
  // The notes and the reserve take their room, but less than what was freed would on any real disk.
  expect(await storedRoots(van.space.context.store)).toEqual([]);
  expect(disk.usedBytes).toBeLessThan(used + 70_000);
  expect(await ofStation(van.space)).toMatchObject({ held: 0, inFolder: HOURS, missing: 0, bytes: 0 });
  expect((await ofStation(van.space)).completeTo).toBe(before.completeTo);
  expect(archive.counts(archiveItems(van.space))).toMatchObject({
    files: HOURS,
    totalFiles: HOURS,
    onlyThere: HOURS,
  });
  // The author is told at once: it says to the person who records in how many places that is safe.
  const { engine } = station.node;
  const [branch] = [...station.space.replica.index.branches()].filter(
    ({ author, purpose }) => author === station.node.id && purpose === 2,
  );
  await world.pass(120_000);
  expect(
    branch === undefined ? 0 : engine.holders(station.space.id, branch.key, branch.entries.length - 1),
  ).toBe(0);
  expect(van.space.replica.wants.size).toBe(0);
  expect(pickup(van.space)).toMatchObject({ complete: true, blobs: { held: 0, missing: 0 } });
});

it('knows after a restart what is in the folder, and that it is not to be fetched', async () => {
  const van = await collected();
  await free(van.space, await settledArchive(van.space), 1);
  expect(await ofStation(van.space)).toMatchObject({ held: HOURS - 1, inFolder: 1, missing: 0 });
  await van.node.close();
  const again = await openVan();
  world.link(station.node, again.node);
  await world.pass(60_000);
  expect(await ofStation(again.space)).toMatchObject({ held: HOURS - 1, inFolder: 1, missing: 0 });
  expect(again.space.replica.wants.size).toBe(0);
  // The oldest goes first.
  const [oldest] = [...again.space.catalog.stations.values()].flatMap(({ hours }) => hours);
  expect(again.space.replica.isPutAway(blobKey(oldest?.entry.header.blobs[0] as BlobRef))).toBe(true);
});

it('keeps what was written a moment ago, which a stick that is pulled out would lose', async () => {
  const van = await collected();
  const archive = await archived(van.space);
  expect(await free(van.space, archive)).toMatchObject({ files: 0, fresh: HOURS });
  // Opening it anew makes nothing older.
  expect(await free(van.space, await Archive.open(van.space, folder))).toMatchObject({
    files: 0,
    fresh: HOURS,
  });
  await world.pass(61_000);
  expect(await free(van.space, archive)).toMatchObject({ files: HOURS });
});

it('never lets go of what it recorded itself and nobody else holds', async () => {
  const van = await openVan();
  await recordHour(van.space);
  const own = await settledArchive(van.space);
  expect(await free(van.space, own)).toEqual({ files: 0, bytes: 0, onlyHere: 1, fresh: 0 });
  expect(held(van.space)).toBe(1);
  // Whoever is linked and says that it holds it makes the difference, and only while it does.
  const part = world.link(station.node, van.node);
  await world.until(() => held(station.space) === HOURS + 1 && held(van.space) === HOURS + 1);
  await world.pass(5_000);
  part();
  expect(await free(van.space, own)).toMatchObject({ onlyHere: 1 });
  world.link(station.node, van.node);
  await world.pass(10_000);
  expect(await free(van.space, own)).toMatchObject({ files: 1, onlyHere: 0 });
});

it('does not count on a removed device, though it is still linked and has said that it holds everything', async () => {
  const van = await collected();
  await world.pass(5_000);
  const own = await settledArchive(station.space);
  await revokeMember(station.space, van.node.id);
  await station.space.settled();
  expect(await free(station.space, own)).toMatchObject({ files: 0, onlyHere: HOURS });
  expect(held(station.space)).toBe(HOURS);
});

it('lets go of nothing whose file is not what was written, or while the folder is not at hand', async () => {
  const van = await collected();
  let isAtHand = true;
  const removable: ArchiveFolder = {
    ...folder,
    size: (path) =>
      isAtHand ? folder.size(path) : Promise.reject(new WaystationError('unavailable', 'no disk')),
  };
  const archive = await archived(van.space, removable);
  await world.pass(61_000);
  isAtHand = false;
  const error = await free(van.space, archive).catch((thrown: unknown) => thrown);
  expect(isWaystationError(error, 'unavailable')).toBe(true);
  expect(held(van.space)).toBe(HOURS);
  isAtHand = true;
  const [changed = '', gone = ''] = files.keys();
  const bytes = files.get(changed) as Bytes;
  files.set(changed, bytes.with(9, (bytes[9] as number) ^ 1) as Bytes);
  files.delete(gone);
  expect(await free(van.space, archive)).toMatchObject({ files: HOURS - 2 });
  expect(held(van.space)).toBe(2);
});

it('wants again what a check does not find in the folder any more', async () => {
  const van = await collected();
  const archive = await settledArchive(van.space);
  await free(van.space, archive);
  const [gone = ''] = files.keys();
  files.delete(gone);
  expect(await archive.verify(never, () => undefined)).toEqual([gone]);
  await world.until(() => held(van.space) === 1);
  await van.node.close();
  const again = await openVan();
  expect(await ofStation(again.space)).toMatchObject({ held: 1, inFolder: HOURS - 1, missing: 0 });
});

it('wants what it let go of when the file turns out to be gone while freeing, and the copy that came back is damaged later', async () => {
  const van = await collected();
  const archive = await settledArchive(van.space);
  await free(van.space, archive, 1);
  const [oldest] = [...van.space.catalog.stations.values()].flatMap(({ hours }) => hours);
  const ref = oldest?.entry.header.blobs[0] as BlobRef;
  const key = blobKey(ref);
  // Somebody asked for it through here, and then its file is gone.
  van.space.replica.pull(key, 1);
  van.node.engine.limitFetching(NO_LIMITS, world.clock.monotonicMs());
  van.space.context.run();
  await world.until(() => van.space.replica.holds(key));
  files.clear();
  expect(await free(van.space, archive)).toMatchObject({ files: 0 });
  van.space.replica.blobLost(key);
  expect(van.space.replica.isPutAway(key)).toBe(false);
  expect(van.space.replica.wants.has(key)).toBe(true);
});

it('keeps what it has no key to yet: no key opens a file in a folder', async () => {
  const van = await collected();
  for (const record of van.space.catalog.stations.values()) {
    record.unopened.push(...record.hours.map(({ entry }) => entry));
    record.hours.length = 0;
  }
  expect(await free(van.space, await settledArchive(van.space))).toMatchObject({ files: 0 });
  expect([files.size, held(van.space)]).toEqual([HOURS, HOURS]);
});

it('fetches again what was only in a folder that is lost', async () => {
  const van = await collected();
  await free(van.space, await settledArchive(van.space));
  const other = await archived(van.space, createMemoryArchive(new Map(), 'another stick'));
  expect(other.counts(archiveItems(van.space))).toMatchObject({ totalFiles: 0, inOtherFolders: HOURS });
  await other.wantFromOtherFolders();
  await world.until(() => held(van.space) === HOURS);
  expect(other.counts(archiveItems(van.space))).toMatchObject({ totalFiles: HOURS, inOtherFolders: 0 });
});

it('passes on what others ask for through it, though it does not hold it', async () => {
  const late = await world.joined(station, 'member');
  await recordHour(station.space);
  const before = held(late.space);
  expect(before).toBeLessThan(HOURS + 1);
  const van = await openVan();
  world.link(station.node, van.node);
  await world.until(() => held(van.space) === HOURS + 1);
  await van.space.settled();
  const archive = await settledArchive(van.space);
  await free(van.space, archive);
  world.link(van.node, late.node);
  await world.until(() => held(late.space) === HOURS + 1);
  // It came through here, and may be let go of again.
  expect(held(van.space)).toBe(HOURS + 1 - before);
  expect(await free(van.space, archive)).toMatchObject({ files: HOURS + 1 - before });
  expect(await ofStation(van.space)).toMatchObject({ inFolder: HOURS + 1, missing: 0 });
});

it('keeps what another group of this device holds', async () => {
  const van = await collected();
  const [ref] = refsOf(van.space) as [BlobRef];
  const { space: other } = await van.node.createSpace({ name: 'Other', isPublic: true });
  other.replica.holds = (key) => key === blobKey(ref);
  expect(await free(van.space, await settledArchive(van.space))).toMatchObject({ files: HOURS - 1 });
  expect(await storedRoots(van.space.context.store)).toEqual([ref.root]);
});

it('lets go though the store is full to the last byte', async () => {
  const van = await collected();
  const archive = await settledArchive(van.space);
  await van.space.letGo.reserve();
  disk.setQuota(disk.usedBytes);
  expect(await free(van.space, archive)).toMatchObject({ files: HOURS });
  await van.node.close();
  expect(await ofStation((await openVan()).space)).toMatchObject({ inFolder: HOURS, missing: 0 });
});

/** The store as it is for a process that is killed after so many more changes. */
function mortal(inner: Store, life: { left: number }): Store {
  const dies =
    <A extends unknown[], R>(change: (...args: A) => Promise<R>) =>
    async (...args: A) => {
      if (life.left-- <= 0) throw new Error('the process was killed');
      return change(...args);
    };
  const { logs, state, blobs } = inner;
  return {
    ...inner,
    recovered: inner.recovered,
    usage: () => inner.usage(),
    close: () => inner.close(),
    logs: {
      list: () => logs.list(),
      read: (...args) => logs.read(...args),
      append: dies((...args) => logs.append(...args)),
      remove: dies((log) => logs.remove(log)),
    },
    state: {
      get: (key) => state.get(key),
      keys: (prefix) => state.keys(prefix),
      put: dies((...args) => state.put(...args)),
      delete: dies((key) => state.delete(key)),
    },
    blobs: {
      list: () => blobs.list(),
      held: (ref) => blobs.held(ref),
      read: (...args) => blobs.read(...args),
      write: dies((...args) => blobs.write(...args)),
      put: dies((...args) => blobs.put(...args)),
      remove: dies((ref) => blobs.remove(ref)),
    },
  };
}

it.each(['process', 'power'] as const)(
  'loses nothing when it is cut off between any two changes (%s)',
  async (kind) => {
    const { node, part, space } = await collected();
    await settledArchive(space);
    part();
    await node.close();
    for (let changes = 0; ; changes++) {
      const life = { left: ALL };
      const van = await openVan(mortal(createMemoryStore(disk), life));
      const archive = await Archive.open(van.space, folder);
      await world.pass(61_000);
      life.left = changes;
      const isDone = await free(van.space, archive, 1).then(
        ({ files: freed }) => freed === 0,
        () => false,
      );
      disk.crash(kind);
      const after = await openVan();
      const status = await ofStation(after.space);
      expect([changes, status.held + status.inFolder, status.missing]).toEqual([changes, HOURS, 0]);
      // Whatever is not here was noted, and its file is in the folder, whole.
      const items = await Archive.open(after.space, folder);
      expect(await items.verify(never, () => undefined)).toEqual([]);
      expect(items.knownFiles).toBe(HOURS);
      disk.crash(kind);
      if (isDone) break;
      expect(changes).toBeLessThan(60);
    }
  },
);
