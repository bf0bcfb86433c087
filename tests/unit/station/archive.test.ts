/** Copying to a folder: every held hour once, byte for byte, nothing overwritten, on from where it was, and damage found. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Bytes } from '../../../src/core/bytes.ts';
import { isWaystationError } from '../../../src/core/errors.ts';
import { blobKey } from '../../../src/core/ids.ts';
import { parseInvite } from '../../../src/identity/invite.ts';
import { Archive, archiveItems } from '../../../src/station/archive.ts';
import { readHourFile } from '../../../src/station/export.ts';
import type { Space } from '../../../src/station/space.ts';
import type { ArchiveFolder } from '../../../src/store/archive-folder.ts';
import { createMemoryArchive } from '../../../src/store/memory-archive.ts';
import { type Member, NodeWorld } from './node-world.ts';
import { startRecording } from './station-recording.ts';

const world = new NodeWorld();
const never = new AbortController().signal;
let station: Member;
let files: Map<string, Bytes>;
let folder: ArchiveFolder;

beforeEach(async () => {
  station = await world.founded();
  files = new Map();
  folder = createMemoryArchive(files);
});
afterEach(() => world.close());

/** One recording of one reading; several within a slot make several hours of one start. */
async function recordHour(value: number): Promise<void> {
  const { recording, sensor } = await startRecording(station.space);
  sensor.deliver(value, world.clock.nowMs());
  await recording.stop();
  await station.space.settled();
}

async function hourFiles(space: Space): Promise<string[]> {
  const found: string[] = [];
  for (const { hours } of space.catalog.stations.values())
    for (const hour of hours) found.push(Buffer.from(await readHourFile(space, hour)).toString('hex'));
  return found.sort();
}

const inFolder = () => [...files.values()].map((bytes) => Buffer.from(bytes).toString('hex')).sort();
const run = async (archive: Archive) => archive.run(archiveItems(station.space), never, () => undefined);

it('writes every hour that is held, also those of one start, in a layout that reads by itself', async () => {
  for (const value of [1, 2, 3]) await recordHour(value);
  const archive = await Archive.open(station.space, folder);
  const items = archiveItems(station.space);
  expect(archive.counts(items)).toMatchObject({ files: 0, totalFiles: 3, bytes: 0 });
  await run(archive);
  expect(inFolder()).toEqual(await hourFiles(station.space));
  const names = [...files.keys()].sort();
  expect(names[0]).toMatch(
    /^Valley\/Ridge [0-9a-f]{8}\/\d{4}\/\d{2}\/\d{4}-\d{2}-\d{2}T\d{6}Z( \(\d\))?\.hour$/,
  );
  expect(archive.counts(items)).toMatchObject({ files: 3, totalFiles: 3 });
});

it('goes on after a stop, also in another run, and writes nothing twice', async () => {
  for (const value of [1, 2, 3]) await recordHour(value);
  const stop = new AbortController();
  const first = await Archive.open(station.space, folder);
  await first
    .run(archiveItems(station.space), stop.signal, () => stop.abort(new Error('stopped')))
    .catch(() => undefined);
  expect(files.size).toBe(1);
  let written = 0;
  const counting: ArchiveFolder = {
    ...folder,
    write: async (path, bytes) => {
      written++;
      await folder.write(path, bytes);
    },
  };
  const second = await Archive.open(station.space, counting);
  await run(second);
  expect([files.size, written]).toEqual([3, 2]);
  await recordHour(4);
  await run(second);
  expect([files.size, written]).toEqual([4, 3]);
  await run(await Archive.open(station.space, counting));
  expect(written).toBe(3);
});

it('knows what another device wrote there, and overwrites nothing that is not the same', async () => {
  await recordHour(1);
  await run(await Archive.open(station.space, folder));
  const [path = ''] = files.keys();
  const bytes = files.get(path) as Bytes;
  // A device that has no record of having written it.
  await run(await Archive.open(station.space, { ...folder, id: 'another' }));
  expect(files.size).toBe(1);
  files.set(path, Uint8Array.of(1, 2, 3) as Bytes);
  await run(await Archive.open(station.space, { ...folder, id: 'a-third' }));
  expect(files.get(path)).toEqual(Uint8Array.of(1, 2, 3));
  expect(files.get(path.replace('.hour', ' (2).hour'))).toEqual(bytes);
});

it('finds files that are gone or changed, and writes them again', async () => {
  for (const value of [1, 2, 3]) await recordHour(value);
  const archive = await Archive.open(station.space, folder);
  await run(archive);
  const [gone = '', changed = ''] = files.keys();
  files.delete(gone);
  const bytes = files.get(changed) as Bytes;
  files.set(changed, bytes.with(9, (bytes[9] as number) ^ 1) as Bytes);
  expect((await archive.verify(never, () => undefined)).sort()).toEqual([gone, changed].sort());
  await run(archive);
  for (const hour of await hourFiles(station.space)) expect(inFolder()).toContain(hour);
  expect(await archive.verify(never, () => undefined)).toEqual([]);
});

it('counts nothing as archived that reads back wrong', async () => {
  await recordHour(1);
  const lying: ArchiveFolder = {
    ...folder,
    read: async (path) => (await folder.read(path)).map((byte) => byte ^ 1) as Bytes,
  };
  const archive = await Archive.open(station.space, lying);
  const error = await run(archive).catch((thrown: unknown) => thrown);
  expect(isWaystationError(error, 'corrupt')).toBe(true);
  expect(archive.counts(archiveItems(station.space)).files).toBe(0);
});

it('copies everything else when an hour cannot be read here, and says which', async () => {
  for (const value of [1, 2, 3]) await recordHour(value);
  const archive = await Archive.open(station.space, folder);
  const items = archiveItems(station.space).map((item, i) => ({
    ...item,
    load: i === 1 ? () => Promise.reject(new Error('sealed with another key')) : item.load,
  }));
  const leftOut = await archive.run(items, never, () => undefined);
  expect(leftOut).toEqual([{ item: items[1], error: new Error('sealed with another key') }]);
  expect(files.size).toBe(2);
  expect(archive.counts(items)).toMatchObject({ files: 2, totalFiles: 3 });
  expect(await run(archive)).toEqual([]);
  expect(inFolder()).toEqual(await hourFiles(station.space));
});

it('fills the empty file that a crash has left, instead of keeping it', async () => {
  await recordHour(1);
  await run(await Archive.open(station.space, folder));
  const [path = ''] = files.keys();
  const whole = files.get(path);
  files.set(path, new Uint8Array(0) as Bytes);
  await run(await Archive.open(station.space, { ...folder, id: 'another' }));
  expect([...files]).toEqual([[path, whole]]);
});

it('keeps stations of one name apart, however long it is', async () => {
  await recordHour(1);
  const [record] = station.space.catalog.stations.values();
  record!.name = 'x'.repeat(200);
  const [item] = archiveItems(station.space);
  expect(item?.folders[1]).toMatch(new RegExp(`^x{71} ${record!.id.slice(0, 8)}$`));
});

it.each(['. Ridge', 'Ri\u200bdge', `${'x'.repeat(79)}\u3000y`])(
  'copies the hours of a station whose name no disk takes: “%s”',
  async (name) => {
    await recordHour(1);
    const [record] = station.space.catalog.stations.values();
    record!.name = name;
    station.space.catalog.spaceName = name;
    expect(await run(await Archive.open(station.space, folder))).toEqual([]);
    expect(files.size).toBe(1);
  },
);

it('leaves out what is not held here', async () => {
  for (const value of [1, 2]) await recordHour(value);
  const [item] = archiveItems(station.space);
  const [record] = [...station.space.catalog.stations.values()]
    .flatMap(({ hours }) => hours)
    .filter(({ entry }) => entry.id === item?.key);
  station.space.replica.blobLost(blobKey(record!.entry.header.blobs[0]!));
  expect(archiveItems(station.space).map(({ key }) => key)).not.toContain(item?.key);
  expect(archiveItems(station.space)).toHaveLength(1);
});

it('of a device that has no key are the sealed files, as they are', async () => {
  for (const value of [1, 2]) await recordHour(value);
  const node = await world.open();
  const space = await node.join(parseInvite(await world.inviteBy(station.space, 'mirror')));
  world.link(station.node, node);
  await world.until(() => space.isAdmitted && space.replica.blobCounts().held === 2);
  await space.settled();
  await (await Archive.open(space, folder)).run(archiveItems(space), never, () => undefined);
  const { store } = space.context;
  const stored = await Promise.all(
    [...space.catalog.stations.values()].flatMap(({ unopened }) =>
      unopened.flatMap(({ header }) => header.blobs.map((ref) => store.blobs.read(ref, 0, ref.size))),
    ),
  );
  expect(stored).toHaveLength(2);
  expect(inFolder()).toEqual(stored.map((bytes) => Buffer.from(bytes).toString('hex')).sort());
  for (const path of files.keys()) expect(path).toMatch(/\.sealed$/);
});
