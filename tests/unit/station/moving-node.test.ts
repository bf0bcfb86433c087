/** Whole nodes that move: they go on as who they were; and if the old place goes on as well, nothing is lost. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Bytes, concatBytes } from '../../../src/core/bytes.ts';
import { parseInvite } from '../../../src/identity/invite.ts';
import type { KeySeeds } from '../../../src/identity/key-seeds.ts';
import { placeNodeKeys } from '../../../src/identity/keys.node.ts';
import type { WaystationNode } from '../../../src/station/node.ts';
import type { Space } from '../../../src/station/space.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory.ts';
import { makeSeeds, pack, TestKeyPlace, unpack } from './moving-world.ts';
import { type Member, NodeWorld } from './node-world.ts';
import { readingsOf, startRecording } from './station-recording.ts';

const world = new NodeWorld();
const folders: string[] = [];
afterEach(async () => {
  await world.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function keysFrom(seeds: KeySeeds) {
  const folder = await mkdtemp(join(tmpdir(), 'waystation-moving-'));
  folders.push(folder);
  return placeNodeKeys(folder, seeds);
}

/** Records one reading as an hour of its own. */
async function recordOne({ space }: Member, value: number): Promise<void> {
  await world.pass(20_000);
  const { recording, sensor } = await startRecording(space);
  sensor.deliver(value, world.clock.nowMs());
  await recording.stop();
}

interface Phone extends Member {
  readonly disk: MemoryDisk;
  readonly seeds: KeySeeds;
  readonly publicKey: Bytes;
}

/** A phone in the group of `home` whose keys can move. */
async function phoneOf(home: Member): Promise<Phone> {
  const made = makeSeeds();
  const disk = new MemoryDisk();
  const ports = { store: createMemoryStore(disk), keys: await keysFrom(made.seeds) };
  return { ...(await world.joined(home, 'member', ports)), disk, ...made };
}

/** Closes the phone, and makes its file. */
async function leave(phone: Phone): Promise<Bytes> {
  await phone.node.close();
  const store = createMemoryStore(phone.disk);
  const { seeds, publicKey } = phone;
  const file = concatBytes(...(await pack({ store, seeds, publicKey })));
  await store.close();
  return file;
}

/** Opens it again where it was. */
async function stay(phone: Phone): Promise<Member> {
  const node = await world.open({
    store: createMemoryStore(phone.disk),
    keys: await keysFrom(phone.seeds),
  });
  return { node, space: node.space() };
}

/** Opens what a file holds in a new place. */
async function arrive(file: Bytes): Promise<Member> {
  const store = createMemoryStore();
  const keys = new TestKeyPlace();
  await unpack(store, file, { keys });
  if (keys.used === null) throw new Error('no keys came');
  const node = await world.open({ store, keys: await keysFrom(keys.used) });
  return { node, space: node.space() };
}

async function readings(space: Space, author: WaystationNode): Promise<number[]> {
  return readingsOf(space, author.id).catch(() => []);
}

/** Links two until `there` has all these readings of `author`. */
async function meet(
  a: Member,
  b: Member,
  author: WaystationNode,
  expected: readonly number[],
): Promise<void> {
  const part = world.link(a.node, b.node);
  let last: number[] = [];
  await world.until(() => {
    void readings(b.space, author).then((values) => {
      last = values;
    });
    return last.length === expected.length && expected.every((value, i) => value === last[i]);
  });
  part();
}

describe('a device that moved', () => {
  it('is the same member under the same name, with all it held, and goes on recording', async () => {
    const home = await world.founded();
    const phone = await phoneOf(home);
    await recordOne(phone, 1);
    const role = phone.space.role;
    const moved = await arrive(await leave(phone));
    expect(moved.node.id).toBe(phone.node.id);
    expect(moved.space.isAdmitted).toBe(true);
    expect(moved.space.role).toBe(role);
    expect(await readings(moved.space, moved.node)).toEqual([1]);
    await recordOne(moved, 2);
    await meet(moved, home, moved.node, [1, 2]);
    const stations = [...home.space.catalog.stations.values()].filter((one) => one.author === moved.node.id);
    expect(stations.map(({ name }) => name)).toEqual(['Ridge']);
    expect(home.space.replica.index.branchesOf(moved.node.id, moved.space.record.data.feed)).toHaveLength(1);
  });

  it('with a file that is older than what others have seen goes on in a successor feed, and loses nothing', async () => {
    const home = await world.founded();
    const phone = await phoneOf(home);
    await recordOne(phone, 1);
    const file = await leave(phone);
    const stayed = await stay(phone);
    await recordOne(stayed, 2);
    await meet(stayed, home, stayed.node, [1, 2]);
    await stayed.node.close();

    const moved = await arrive(file);
    const feedBefore = moved.space.record.data.feed;
    const elsewhere: string[] = [];
    moved.node.onNotice(({ kind }) => elsewhere.push(kind));
    await meet(home, moved, moved.node, [1, 2]);
    expect(elsewhere).toContain('own-feed-elsewhere');
    await recordOne(moved, 3);
    expect(moved.space.record.data.feed).not.toBe(feedBefore);
    await meet(moved, home, moved.node, [1, 2, 3]);
  });

  it('that writes in both places before either meets anybody forks, and both sides are kept by all', async () => {
    const home = await world.founded();
    const phone = await phoneOf(home);
    await recordOne(phone, 1);
    const file = await leave(phone);
    const stayed = await stay(phone);
    await recordOne(stayed, 2);
    const moved = await arrive(file);
    await recordOne(moved, 3);
    await meet(stayed, home, stayed.node, [1, 2]);
    await meet(moved, home, moved.node, [1, 2, 3]);
    await meet(home, moved, moved.node, [1, 2, 3]);
    await recordOne(moved, 4);
    await meet(moved, home, moved.node, [1, 2, 3, 4]);
  });

  it('whose keys could not come along joins anew with what it held', async () => {
    const home = await world.founded();
    const phone = await phoneOf(home);
    await recordOne(phone, 1);
    await meet(phone, home, phone.node, [1]);
    await phone.node.close();
    const from = createMemoryStore(phone.disk);
    const file = concatBytes(...(await pack({ store: from, seeds: null })));
    const store = createMemoryStore();
    await unpack(store, file);
    const node = await world.open({ store });
    expect(node.spaces.size).toBe(0);
    const space = await node.join(parseInvite(await world.inviteBy(home.space, 'member')));
    expect(space.replica.blobCounts()).toMatchObject({ held: 1, missing: 0 });
    await meet(home, { node, space }, phone.node, [1]);
    expect(node.id).not.toBe(phone.node.id);
  });
});
