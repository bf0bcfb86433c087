/** Collecting on a node: limits that outlive a restart, a visit that ends with everything here, what was picked up. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { HostStatus, Mesh } from '../../../src/mesh/mesh.ts';
import { Collecting } from '../../../src/station/collecting.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory.ts';
import { type Member, NodeWorld } from './node-world.ts';
import { startRecording } from './station-recording.ts';
import { createTestKeys } from './test-keys.ts';

const HOURS = 5;
const world = new NodeWorld();
let station: Member;
const keys = createTestKeys();
let disk: MemoryDisk;

async function recordHour(): Promise<void> {
  const { recording, sensor } = await startRecording(station.space);
  sensor.deliver(7, world.clock.nowMs());
  await recording.stop();
}

beforeEach(async () => {
  disk = new MemoryDisk();
  station = await world.founded();
  const { node } = await world.joined(station, 'member', { keys, store: createMemoryStore(disk) });
  await node.close();
  for (let i = 0; i < HOURS; i++) await recordHour();
});
afterEach(() => {
  vi.restoreAllMocks();
  return world.close();
});

async function openVan(): Promise<Member & { collecting: Collecting }> {
  const node = await world.open({ keys, store: createMemoryStore(disk) });
  const space = node.space();
  return { node, space, collecting: await Collecting.open(node, space) };
}

/** A van that has just got everything; it was looked at while nothing was here yet. */
async function visiting(): Promise<Member & { collecting: Collecting; part: () => void }> {
  const van = await openVan();
  await van.collecting.limit({ paused: true });
  const part = world.link(station.node, van.node);
  await world.until(() => van.space.replica.blobCounts().missing === HOURS);
  van.collecting.look();
  await van.collecting.limit({ paused: false });
  await world.until(() => van.space.replica.blobCounts().held === HOURS);
  return { ...van, part };
}

it('stays paused over a restart; goes on, and then lets one leave with everything', async () => {
  const before = await openVan();
  await before.collecting.limit({ paused: true, bytesPerSecond: 1e6 });
  await before.node.close();

  const { node, space, collecting } = await openVan();
  world.link(station.node, node);
  await world.until(() => space.replica.blobCounts().missing === HOURS);
  await world.pass(60_000);
  const paused = collecting.look();
  expect(paused).toMatchObject({
    limits: { paused: true, bytesPerSecond: 1e6, amountBytes: null },
    things: { held: 0, missing: HOURS },
    connected: 1,
    mayLeave: false,
    visit: { completeMs: null, things: 0 },
    history: [],
  });
  await collecting.limit({ paused: false });
  await world.until(() => collecting.look().mayLeave);
  const free = collecting.look();
  expect(free).toMatchObject({
    things: { held: HOURS, missing: 0 },
    bytes: { missing: 0 },
    visit: { things: HOURS, newThings: 0 },
  });
  expect(free.history).toMatchObject([{ things: HOURS, bytes: free.bytes.held }]);
  await node.close();
  const after = await openVan();
  expect(after.collecting.look().history).toEqual(free.history);
});

it('says calmly what is new after everything was here, and the visit ends when it is dismissed', async () => {
  const { space, collecting } = await visiting();
  await collecting.limit({ paused: true });
  expect(collecting.look()).toMatchObject({ mayLeave: true, visit: { newThings: 0 } });
  await recordHour();
  await world.until(() => space.replica.blobCounts().missing === 1);
  expect(collecting.look()).toMatchObject({ mayLeave: true, visit: { newThings: 1 } });
  await collecting.limit({ paused: false });
  await world.until(() => space.replica.blobCounts().missing === 0);
  expect(collecting.look()).toMatchObject({ mayLeave: true, visit: { newThings: 0 } });
  expect(collecting.look().history).toHaveLength(1);
  collecting.dismissVisit();
  expect(collecting.look().visit).toBeNull();
});

it('lets nobody leave while somebody who has just come has not told yet what there is', async () => {
  const { node, space, collecting, part } = await visiting();
  await world.until(() => collecting.look().mayLeave);
  part();
  await world.until(() => collecting.look().connected === 0);
  await recordHour();
  const before = space.replica.told.get(station.node.id);
  const early: boolean[] = [];
  node.onNotice(({ kind }) => {
    if (kind === 'space-open' && space.replica.told.get(station.node.id) === before)
      early.push(collecting.look().mayLeave);
  });
  world.link(station.node, node);
  await world.until(() => space.replica.told.get(station.node.id) !== before && collecting.look().mayLeave);
  expect(early).toEqual([false]);
});

it('does not wait for ever for somebody who never tells', async () => {
  const { node, collecting } = await visiting();
  await world.until(() => collecting.look().mayLeave);
  const silent = await world.joined(station, 'member');
  await world.until(() => node.space().replica.membership.isActive(silent.node.id));
  world.link(silent.node, node);
  await world.until(() => node.peers().length === 2);
  for (const { spaces, peer } of node.space().context.engine.sessions.values())
    if (peer === silent.node.id)
      for (const one of spaces.values()) Object.defineProperty(one.compare, 'done', { value: false });
  expect(collecting.look().mayLeave).toBe(false);
  await world.pass(31_000);
  expect(collecting.look().mayLeave).toBe(true);
});

it('is no visit for long when nobody here has what is missing', async () => {
  const { node: near, space: nearSpace } = await world.joined(station, 'member');
  const limits = await Collecting.open(near, nearSpace);
  await limits.limit({ paused: true });
  for (let i = 0; i < HOURS; i++) await recordHour();
  const part = world.link(station.node, near);
  await world.until(() => nearSpace.replica.blobCounts().missing >= HOURS);
  part();
  const { node, space, collecting } = await openVan();
  world.link(near, node);
  await world.until(() => space.replica.blobCounts().missing >= HOURS && collecting.look().visit !== null);
  await world.pass(60_000);
  expect(collecting.look().visit).not.toBeNull();
  await world.pass(61_000);
  expect(collecting.look()).toMatchObject({ visit: null, mayLeave: false, bytesPerSecond: 0 });
  await limits.limit({ paused: false });
  world.link(station.node, near);
  await world.until(() => collecting.look().mayLeave);
});

it('stays put away until everything is here, or nobody is', async () => {
  const { node, space, collecting } = await openVan();
  await collecting.limit({ paused: true });
  const part = world.link(station.node, node);
  await world.until(() => space.replica.blobCounts().missing === HOURS);
  expect(collecting.look().visit).not.toBeNull();
  collecting.dismissVisit();
  await world.pass(20_000);
  expect(collecting.look().visit).toBeNull();
  part();
  await world.until(() => collecting.look().connected === 0);
  world.link(station.node, node);
  await world.until(() => collecting.look().connected === 1);
  expect(collecting.look().visit).not.toBeNull();
});

it('remembers what is left of an amount', async () => {
  const before = await openVan();
  await before.collecting.limit({ amountBytes: 1e9 });
  world.link(station.node, before.node);
  await world.until(() => before.space.replica.blobCounts().held === HOURS);
  const { fetched } = before.space.replica.blobBytes();
  await world.pass(10_000);
  before.collecting.look();
  await before.node.close();
  const after = await openVan();
  expect(after.collecting.look().limits.amountBytes).toBe(1e9 - fetched);
});

it('is alone since its last connection ended, and forgets the visit a while after', async () => {
  const { collecting, part } = await visiting();
  expect(collecting.look()).toMatchObject({ aloneSinceMs: null, connected: 1 });
  expect(collecting.look().visit).not.toBeNull();
  part();
  await world.until(() => collecting.look().connected === 0);
  const goneMs = world.clock.nowMs();
  expect(collecting.look()).toMatchObject({ aloneSinceMs: goneMs, mayLeave: true });
  await world.pass(61_000);
  expect(collecting.look()).toMatchObject({ aloneSinceMs: goneMs, visit: null, mayLeave: true });
});

it('says through whom the hours of a station come that is not connected itself', async () => {
  const { node: near } = await world.joined(station, 'member');
  const part = world.link(station.node, near);
  await world.until(() => near.space().replica.blobCounts().held === HOURS);
  part();
  const { node, space, collecting } = await openVan();
  world.link(near, node);
  await world.until(() => space.replica.told.size > 0 && space.replica.blobCounts().held === HOURS);
  const through = () => collecting.throughOf([station.node.id, near.id]);
  expect(through().get(station.node.id)).toEqual([near.id]);
  expect(through().get(near.id)).toEqual([]);
  world.link(station.node, node);
  await world.until(() => node.peers().length === 2);
  expect(through().get(station.node.id)).toEqual([]);
});

it('tells since when no host answers: while none is known, or one is open, there is nothing to tell', async () => {
  const { node, collecting } = await openVan();
  world.start(node);
  const answers = (...states: HostStatus['state'][]) => {
    const host = {
      url: 'wss://hut.test',
      use: 'chosen',
      hostId: '',
      peers: 0,
      lastFailure: undefined,
    } as const;
    vi.spyOn(node.mesh as Mesh, 'hosts').mockReturnValue(states.map((state) => ({ ...host, state })));
  };
  expect(collecting.look().unmetSinceMs).toBeNull();
  const since = world.clock.nowMs();
  answers('connecting', 'closed');
  expect(collecting.look().unmetSinceMs).toBe(since);
  await world.pass(90_000);
  expect(collecting.look().unmetSinceMs).toBe(since);
  answers('closed', 'open');
  expect(collecting.look().unmetSinceMs).toBeNull();
});

it('counts as connected who is of the group: not one that was removed and still holds its link', async () => {
  const { node, space, collecting } = await openVan();
  world.link(station.node, node);
  await world.until(() => collecting.look().connected === 1);
  vi.spyOn(space.replica.membership, 'isActive').mockImplementation((peer) => peer !== station.node.id);
  expect(collecting.look().connected).toBe(0);
});
