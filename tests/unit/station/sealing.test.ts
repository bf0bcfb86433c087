/** Hours are sealed once, under a key that members hold, whenever the key comes or changes. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NodeKeys } from '../../../src/core/ports.ts';
import { parseInvite } from '../../../src/identity/invite.ts';
import { revokeMember } from '../../../src/station/membership-actions.ts';
import type { Space } from '../../../src/station/space.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory.ts';
import type { Store } from '../../../src/store/port.ts';
import { FULL } from '../pipeline/crashing-store.ts';
import { encodeAtOnce } from '../pipeline/whole-hour.ts';
import { holdsCurrentKey, type Member, NodeWorld } from './node-world.ts';
import { HOUR_MS, hoursOf, readingsOf, startRecording } from './station-recording.ts';
import { createTestKeys } from './test-keys.ts';

let world: NodeWorld;
let admin: Member;

beforeEach(async () => {
  world = new NodeWorld();
  admin = await world.founded();
});

afterEach(async () => {
  await world.close();
});

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Another member is revoked; `space`, which is linked to the admin, takes in the keys that are changed for it. */
async function changeKeys(space: Space, revoked: Member): Promise<void> {
  const before = space.replica.membership.currentEpoch();
  await revokeMember(admin.space, revoked.node.id);
  await world.until(() => space.replica.membership.currentEpoch() !== before && holdsCurrentKey(space));
}

describe('an hour', () => {
  it('is readable when the keys change while its blob is being stored', async () => {
    const inner = createMemoryStore();
    let storing = 0;
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const store: Store = {
      ...inner,
      blobs: {
        ...inner.blobs,
        put: async (ref, bytes) => {
          storing++;
          await held;
          await inner.blobs.put(ref, bytes);
        },
      },
    };
    const member = await world.joined(admin, 'member', { store });
    const gone = await world.joined(admin, 'member');
    world.link(admin.node, member.node);
    const { recording, sensor } = await startRecording(member.space);
    sensor.deliver(7, world.clock.nowMs());
    const stopped = recording.stop();
    await world.until(() => storing === 1);
    await changeKeys(member.space, gone);
    release();
    await stopped;
    expect(await readingsOf(member.space, member.node.id)).toEqual([7]);
    await world.until(() => hoursOf(admin.space, member.node.id) === 1);
    await world.until(() => admin.space.replica.blobCounts().missing === 0);
    expect(await readingsOf(admin.space, member.node.id)).toEqual([7]);
  });

  it('is sealed once while a new key cannot be remembered', async () => {
    const inner = createMemoryStore();
    let isFull = false;
    const store: Store = {
      ...inner,
      state: {
        ...inner.state,
        put: async (key, value, durability) => {
          if (isFull && key.startsWith('space/')) throw FULL;
          await inner.state.put(key, value, durability);
        },
      },
    };
    const member = await world.joined(admin, 'member', { store });
    const gone = await world.joined(admin, 'member');
    world.link(admin.node, member.node);
    const { recording, sensor, troubles } = await startRecording(member.space);
    isFull = true;
    await changeKeys(member.space, gone);
    sensor.deliver(7, world.clock.nowMs());
    await world.pass(3 * HOUR_MS);
    expect(recording.writer.sealed).toBe(1);
    expect(recording.writer.waitingHours).toBe(0);
    isFull = false;
    await recording.stop();
    expect(troubles).toEqual([]);
    expect(await readingsOf(member.space, member.node.id)).toEqual([7]);
  });
});

describe('what was recorded before anybody let the device in', () => {
  let disk: MemoryDisk;
  let keys: NodeKeys;

  beforeEach(() => {
    disk = new MemoryDisk();
    keys = createTestKeys();
  });

  async function opened(): Promise<Member> {
    const node = await world.open({ store: createMemoryStore(disk), keys }, { encode: encodeAtOnce });
    const [space] = node.spaces.values();
    return {
      node,
      space: space ?? (await node.join(parseInvite(await world.inviteBy(admin.space, 'member')))),
    };
  }

  function waiting(): string[] {
    return [...disk.logs.keys()].filter((log) => log.startsWith('wal/') || log.startsWith('pictures/'));
  }

  const READINGS = 25;

  /** Records some hours and a picture. */
  async function recordIn({ space }: Member): Promise<void> {
    const { recording, sensor, troubles } = await startRecording(space);
    for (const i of upTo(READINGS)) {
      sensor.deliver(i, world.clock.nowMs());
      await world.pass(1_000);
    }
    sensor.picture(world.clock.nowMs(), Uint8Array.of(0xff, 0xd8, 0xff));
    await recording.stop();
    expect(troubles).toEqual([]);
    expect(recording.writer.sealed).toBe(0);
    expect(waiting().length).toBeGreaterThan(2);
  }

  /** Links it to the admin, and what the admin then reads of it. */
  async function letIn({ node, space }: Member): Promise<number[]> {
    world.link(admin.node, node);
    const pictures = () =>
      [...admin.space.catalog.stations.values()].flatMap((station) => station.pictures).length;
    await world.until(() => space.isAdmitted && pictures() === 1);
    await world.until(() => admin.space.replica.blobCounts().missing === 0);
    await space.sealing;
    return readingsOf(admin.space, node.id);
  }

  it('is sealed when it is let in, though it records no more', async () => {
    const member = await opened();
    await recordIn(member);
    expect(await letIn(member)).toEqual(upTo(READINGS));
    expect(waiting()).toEqual([]);
  });

  it('is sealed also by a later run that records nothing', async () => {
    const first = await opened();
    await recordIn(first);
    await first.node.close();
    const again = await opened();
    expect(await letIn(again)).toEqual(upTo(READINGS));
    expect(waiting()).toEqual([]);
  });

  it('is sealed once when it records on meanwhile', async () => {
    const member = await opened();
    await recordIn(member);
    const { recording, sensor } = await startRecording(member.space);
    sensor.deliver(READINGS, world.clock.nowMs());
    world.link(admin.node, member.node);
    await world.until(() => holdsCurrentKey(member.space));
    await recording.admitted();
    await recording.stop();
    await world.until(() => hoursOf(admin.space, member.node.id) === hoursOf(member.space, member.node.id));
    await world.until(() => admin.space.replica.blobCounts().missing === 0);
    expect(await readingsOf(admin.space, member.node.id)).toEqual(upTo(READINGS + 1));
    expect(waiting()).toEqual([]);
  });

  it('is not read back again and again while it waits', async () => {
    const inner = createMemoryStore(disk);
    let reads = 0;
    const store: Store = {
      ...inner,
      logs: {
        ...inner.logs,
        read: async (log, ...span) => {
          if (log.startsWith('wal/')) reads++;
          return inner.logs.read(log, ...span);
        },
      },
    };
    const node = await world.open({ store, keys }, { encode: encodeAtOnce });
    const space = await node.join(parseInvite(await world.inviteBy(admin.space, 'member')));
    const { recording, sensor } = await startRecording(space);
    sensor.deliver(0, world.clock.nowMs());
    await world.pass(3 * HOUR_MS);
    expect(recording.writer.waitingHours).toBe(1);
    expect(reads).toBe(0);
    await recording.stop();
  });
});
