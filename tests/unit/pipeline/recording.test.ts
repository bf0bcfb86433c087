/**
 * A whole recording node (space, feeds, hours, blobs) killed at its store's operations: what was written ahead is sealed once,
 * as hours that open and verify.
 */
import { describe, expect, it } from 'vitest';
import type { NodeKeys } from '../../../src/core/ports.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import { decodeHour } from '../../../src/hour/container.ts';
import { createNodeCrypto } from '../../../src/identity/crypto.node.ts';
import { parseInvite } from '../../../src/identity/invite.ts';
import { memoryPair } from '../../../src/mesh/memory.ts';
import { SYSTEM_RANDOM } from '../../../src/node/open-node.ts';
import { createInvite } from '../../../src/station/membership-actions.ts';
import { WaystationNode } from '../../../src/station/node.ts';
import { Recording } from '../../../src/station/recording.ts';
import { verifySpace } from '../../../src/station/verify.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory.ts';
import type { Store } from '../../../src/store/port.ts';
import { VirtualClock } from '../mesh/virtual-clock.ts';
import { createTestKeys } from '../station/test-keys.ts';
import { copyOfDisk } from '../store/disk-copy.ts';
import { type Fault, FaultyStore, FULL, Killed } from './crashing-store.ts';
import { TestSensor } from './test-sensor.ts';
import { encodeAtOnce } from './whole-hour.ts';

const START_MS = Date.UTC(2026, 0, 1, 12);
const HOUR_MS = 10_000;

interface Life {
  readonly faulty: FaultyStore;
  readonly clock: VirtualClock;
  readonly node: WaystationNode;
  readonly recording: Recording;
  readonly sensor: TestSensor;
  readonly troubles: string[];
}

function nodeOn(store: Store, keys: NodeKeys, clock: VirtualClock): Promise<WaystationNode> {
  return WaystationNode.open({ store, keys, crypto: createNodeCrypto(), clock, random: SYSTEM_RANDOM });
}

async function live(faulty: FaultyStore, keys: NodeKeys, startMs: number): Promise<Life> {
  const clock = new VirtualClock(startMs);
  const node = await nodeOn(faulty.store, keys, clock);
  const troubles: string[] = [];
  const recording = await Recording.open({
    space: node.space(),
    name: 'Test',
    hourMs: HOUR_MS,
    encode: encodeAtOnce,
    onTrouble: (message) => troubles.push(message),
  });
  const sensor = new TestSensor();
  recording.run(sensor).catch(() => undefined);
  return { faulty, clock, node, recording, sensor, troubles };
}

/** Delivers readings `from` to `to`, one a second; the result is how many were certainly written ahead. */
async function record(life: Life, from: number, to: number): Promise<number> {
  const { clock, sensor, recording, faulty } = life;
  for (let i = from; i < to; i++) {
    sensor.deliver(i, clock.nowMs());
    clock.advance(1_000);
    await recording.writer.flush();
    if (faulty.isDead) return i;
  }
  return to;
}

/** The readings in the node's sealed hours, as its entries and blobs tell. */
async function sealedReadings(node: WaystationNode): Promise<number[]> {
  const space = node.space();
  await space.settled();
  const values: number[] = [];
  for (const station of space.catalog.stations.values()) {
    for (const { entry, body } of station.hours) {
      const [ref] = entry.header.blobs;
      if (ref === undefined) throw new Error('an hour without a blob');
      const hour = decodeHour(await node.ports.store.blobs.read(ref, 0, ref.size));
      const rows = hour.streams.flatMap((stream) => [...(stream.rows.columns[0] ?? [])]);
      expect(body.streams.reduce((sum, stream) => sum + stream.rows, 0)).toBe(rows.length);
      values.push(...rows);
    }
  }
  return values.sort((a, b) => a - b);
}

async function survives<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Killed) return undefined;
    throw error;
  }
}

/** The disk of a node that has made a public space, where hours are plain. */
async function freshDisk(keys: NodeKeys): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const node = await nodeOn(createMemoryStore(disk), keys, new VirtualClock(START_MS - 60_000));
  await node.createSpace({ name: 'Valley', isPublic: true });
  await node.close();
  return disk;
}

const READINGS = 25;

describe('a recording node', () => {
  it('killed at its store’s operations seals what it had written ahead once, and its space verifies', async () => {
    const keys = createTestKeys();
    const blank = await freshDisk(keys);
    const probe = await live(new FaultyStore(createMemoryStore(copyOfDisk(blank))), keys, START_MS);
    const opening = probe.faulty.operations;
    await record(probe, 0, READINGS);
    await probe.recording.stop();
    const operations = probe.faulty.operations;
    expect(await sealedReadings(probe.node)).toEqual(Array.from({ length: READINGS }, (_, i) => i));
    expect(operations - opening).toBeGreaterThan(30);

    for (let at = 1; at <= operations; at++) {
      const fault: Fault = { at, when: at % 2 === 0 ? 'before' : 'after' };
      const name = `killed ${fault.when} operation ${at}`;
      const disk = copyOfDisk(blank);
      const faulty = new FaultyStore(createMemoryStore(disk), fault);
      const first = await survives(live(faulty, keys, START_MS));
      let certain = 0;
      if (first !== undefined) {
        certain = await record(first, 0, READINGS);
        if (!faulty.isDead) await survives(first.recording.stop());
      }
      expect(faulty.isDead, name).toBe(true);
      disk.crash('process');
      const next = certain + 2;
      const second = await live(new FaultyStore(createMemoryStore(disk)), keys, START_MS + next * 1_000);
      await record(second, next, READINGS + 12);
      await second.recording.stop();
      expect(second.troubles, name).toEqual([]);
      const values = await sealedReadings(second.node);
      expect(new Set(values).size, `${name}: sealed twice`).toBe(values.length);
      const held = new Set(values);
      for (let i = 0; i < certain; i++) expect(held.has(i), `${name}: lost ${i}`).toBe(true);
      for (let i = next; i < READINGS + 12; i++) expect(held.has(i), `${name}: lost ${i}`).toBe(true);
      const { store } = second.faulty;
      const left = [...(await store.logs.list()).keys()].filter((log) => log.startsWith('wal/'));
      expect(left, name).toEqual([]);
      const report = await verifySpace(store, createNodeCrypto(), second.node.space().id);
      expect(report.problems, name).toEqual([]);
      await second.node.close();
    }
  });

  it('with a full disk goes on recording, says so, and seals everything when there is room', async () => {
    const keys = createTestKeys();
    const life = await live(new FaultyStore(createMemoryStore(await freshDisk(keys))), keys, START_MS);
    await record(life, 0, 5);
    life.faulty.failure = FULL;
    await record(life, 5, 22);
    expect(life.troubles).toContain('no room left');
    life.faulty.failure = null;
    await record(life, 22, READINGS);
    await life.recording.stop();
    expect(await sealedReadings(life.node)).toEqual(Array.from({ length: READINGS }, (_, i) => i));
    await life.node.close();
  });

  it('that nobody has let in yet keeps its hours over a restart and seals them when it is', async () => {
    const adminKeys = createTestKeys();
    const clock = new VirtualClock(START_MS);
    const admin = await nodeOn(createMemoryStore(), adminKeys, clock);
    const { space } = await admin.createSpace({ name: 'Valley', isPublic: false });
    const { link } = await createInvite(space, {
      role: 'member',
      uses: 1,
      expiresMs: START_MS + 3_600_000,
      hosts: ['ws://127.0.0.1:1'],
    });
    const keys = createTestKeys();
    const disk = new MemoryDisk();
    const joiner = await nodeOn(createMemoryStore(disk), keys, clock);
    await joiner.join(parseInvite(link));
    await joiner.close();
    const first = await live(new FaultyStore(createMemoryStore(disk)), keys, START_MS);
    await record(first, 0, 15);
    expect(first.recording.writer.sealed).toBe(0);
    expect(first.troubles).toEqual([]);
    disk.crash('process');
    const second = await live(new FaultyStore(createMemoryStore(disk)), keys, START_MS + 15_000);
    await record(second, 15, READINGS);
    expect(second.node.space().isAdmitted).toBe(false);
    const [left, right] = memoryPair();
    const letIn = second.node.waitFor((notice) => notice.kind === 'space-open', AbortSignal.timeout(20_000));
    admin.attach(left, { host: 'memory', peerNode: second.node.id, spaces: [] });
    second.node.attach(right, { host: 'memory', peerNode: admin.id, spaces: [] });
    await letIn;
    const signal = AbortSignal.timeout(20_000);
    while (second.node.space().replica.membership.currentEpoch() === undefined)
      await second.node.waitFor((notice) => notice.kind === 'entries', signal);
    await second.node.space().settled();
    expect(second.node.space().isAdmitted).toBe(true);
    await second.recording.admitted();
    await second.recording.stop();
    const hours = [...second.node.space().catalog.stations.values()].flatMap((station) => station.hours);
    const rows = hours.flatMap(({ body }) => body.streams.map((stream) => stream.rows));
    expect(rows.reduce((sum, n) => sum + n, 0)).toBe(READINGS);
    expect(new Set(hours.map(({ body }) => body.openId.join())).size).toBe(hours.length);
    expect(hours.every(({ entry }) => entry.header.kind === KIND.hour && entry.header.epoch !== null)).toBe(
      true,
    );
    await second.node.close();
    await admin.close();
  });
});
