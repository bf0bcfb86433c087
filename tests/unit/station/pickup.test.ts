/** What the van asks before it leaves: whether all that those it met told of is here, also when they have gone again. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeIdText } from '../../../src/core/ids.ts';
import { pickup } from '../../../src/station/pickup.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory.ts';
import type { Store } from '../../../src/store/port.ts';
import { type Member, NodeWorld } from './node-world.ts';
import { startRecording } from './station-recording.ts';
import { createTestKeys } from './test-keys.ts';

let world: NodeWorld;
let station: Member;
let empty: Member;
let van: Member;
/** The station hands out no blob while this is false. */
let isServing = true;

beforeEach(async () => {
  world = new NodeWorld();
  isServing = true;
  const inner = createMemoryStore();
  const store: Store = {
    ...inner,
    blobs: {
      ...inner.blobs,
      read: async (...span) => {
        while (!isServing) await new Promise(setImmediate);
        return inner.blobs.read(...span);
      },
    },
  };
  station = await world.founded({ store });
  const keys = createTestKeys();
  const disk = new MemoryDisk();
  const before = await world.joined(station, 'member', { keys, store: createMemoryStore(disk) });
  empty = await world.joined(station, 'member');
  const part = world.link(station.node, before.node);
  await world.until(() => before.space.replica.membership.isActive(empty.node.id));
  part();
  await before.node.close();
  // A run of its own: what the van was told before does not count.
  const node = await world.open({ keys, store: createMemoryStore(disk) });
  van = { node, space: node.space() };
});

afterEach(async () => {
  isServing = true;
  await world.close();
});

/** Resolves when the van has been compared with somebody once more. */
function compared(): Promise<unknown> {
  return van.node.waitFor((notice) => notice.kind === 'compared', AbortSignal.timeout(20_000));
}

async function recordHour(): Promise<void> {
  const { recording, sensor } = await startRecording(station.space);
  sensor.deliver(7, world.clock.nowMs());
  await recording.stop();
}

describe('a pickup', () => {
  it('is incomplete after the member that told of an hour has gone, whoever is met then', async () => {
    await recordHour();
    isServing = false;
    const part = world.link(station.node, van.node);
    await world.until(
      () => van.space.replica.blobCounts().missing === 1 && pickup(van.space).reached.length > 0,
    );
    const told = pickup(van.space);
    expect(told).toMatchObject({ reached: [station.node.id], complete: false, entriesMissing: 0 });
    part();
    isServing = true;
    await world.pass(10_000);
    expect(pickup(van.space)).toMatchObject({ reached: [station.node.id], complete: false });

    world.link(empty.node, van.node);
    await world.until(() => pickup(van.space).reached.includes(empty.node.id));
    await world.pass(10_000);
    expect(pickup(van.space)).toMatchObject({
      reached: [station.node.id, empty.node.id],
      complete: false,
      blobs: { held: 0, missing: 1 },
      missingFrom: [{ author: nodeIdText(station.node.id), name: 'Ridge', entries: 0, hours: 1 }],
    });

    world.link(station.node, van.node);
    await world.until(() => pickup(van.space).complete);
    expect(pickup(van.space)).toMatchObject({ blobs: { held: 1, missing: 0 }, missingFrom: [] });
  });

  it('counts entries that were told of and did not come', async () => {
    await recordHour();
    const gone = compared();
    const part = world.link(station.node, van.node);
    gone.then(part, () => undefined);
    await world.until(() => pickup(van.space).reached.length > 0);
    await gone;
    await world.pass(10_000);
    const { complete, entriesMissing, missingFrom } = pickup(van.space);
    expect(complete).toBe(false);
    expect(entriesMissing).toBeGreaterThan(0);
    expect(missingFrom).toMatchObject([{ author: nodeIdText(station.node.id) }]);
  });

  it('does not wait for what is recorded after they met', async () => {
    await recordHour();
    world.link(station.node, van.node);
    await world.until(() => pickup(van.space).complete);
    isServing = false;
    await recordHour();
    await world.until(() => van.space.replica.blobCounts().missing === 1);
    expect(pickup(van.space)).toMatchObject({ complete: true, blobs: { held: 1, missing: 1 } });
  });

  it('is incomplete before anybody was met', () => {
    expect(pickup(van.space)).toMatchObject({ reached: [], complete: false });
  });
});
