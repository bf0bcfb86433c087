/** What was recorded before admission and could not be sealed in the moment when the key came is sealed later. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { NodeKeys } from '../../../src/core/ports.ts';
import { parseInvite } from '../../../src/identity/invite.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory.ts';
import type { Store } from '../../../src/store/port.ts';
import { FULL } from '../pipeline/crashing-store.ts';
import { encodeAtOnce } from '../pipeline/whole-hour.ts';
import { holdsCurrentKey, type Member, NodeWorld } from './node-world.ts';
import { hoursOf, startRecording } from './station-recording.ts';
import { createTestKeys } from './test-keys.ts';

let world: NodeWorld;
let admin: Member;
let disk: MemoryDisk;
let keys: NodeKeys;

beforeEach(async () => {
  world = new NodeWorld();
  admin = await world.founded();
  disk = new MemoryDisk();
  keys = createTestKeys();
  const node = await world.open({ store: createMemoryStore(disk), keys });
  const space = await node.join(parseInvite(await world.inviteBy(admin.space, 'member')));
  const { recording, sensor } = await startRecording(space);
  sensor.deliver(7, world.clock.nowMs());
  await recording.stop();
  await node.close();
});

afterEach(() => world.close());

it('killed after the key was remembered, before the hour was sealed: the next run seals it', async () => {
  const killed = () => Promise.reject(new Error('the encoder was killed'));
  const first = await world.open({ store: createMemoryStore(disk), keys }, { encode: killed });
  world.link(admin.node, first);
  await world.until(() => first.space().isAdmitted && holdsCurrentKey(first.space()));
  await world.pass(1_000);
  await first.close();
  const again = await world.open({ store: createMemoryStore(disk), keys }, { encode: encodeAtOnce });
  world.start(again);
  world.link(admin.node, again);
  await world.pass(600_000);
  expect(hoursOf(again.space(), again.id)).toBe(1);
});

it('a full disk when the key came: sealed when there is room', async () => {
  const inner = createMemoryStore(disk);
  let isFull = true;
  const put: Store['blobs']['put'] = async (ref, bytes) => {
    if (isFull) throw FULL;
    await inner.blobs.put(ref, bytes);
  };
  const node = await world.open(
    { store: { ...inner, blobs: { ...inner.blobs, put } }, keys },
    { encode: encodeAtOnce },
  );
  world.start(node);
  world.link(admin.node, node);
  await world.until(() => node.space().isAdmitted && holdsCurrentKey(node.space()));
  await world.pass(10_000);
  isFull = false;
  await world.pass(600_000);
  expect(hoursOf(node.space(), node.id)).toBe(1);
});
