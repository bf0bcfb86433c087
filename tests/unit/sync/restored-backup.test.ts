/**
 * A node that comes back from an old backup: it must neither lose what it wrote since, nor write a feed on from where the backup
 * ends. Whole nodes, real stores, links in memory.
 */
import { describe, expect, it } from 'vitest';
import { toUtf8 } from '../../../src/core/bytes.ts';
import type { NodeKeys } from '../../../src/core/ports.ts';
import type { Entry } from '../../../src/feed/entry.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import { createNodeCrypto } from '../../../src/identity/crypto.node.ts';
import { parseInvite } from '../../../src/identity/invite.ts';
import { memoryPair } from '../../../src/mesh/memory.ts';
import { SYSTEM_CLOCK, SYSTEM_RANDOM } from '../../../src/node/open-node.ts';
import { loadSpace } from '../../../src/station/entry-log.ts';
import { createInvite } from '../../../src/station/membership-actions.ts';
import { WaystationNode } from '../../../src/station/node.ts';
import type { Space } from '../../../src/station/space.ts';
import { verifySpace } from '../../../src/station/verify.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory.ts';
import { SeededRandom } from '../../sim/random.ts';
import { createTestKeys } from '../station/test-keys.ts';
import { copyOfDisk } from '../store/disk-copy.ts';

const WAIT_MS = 20_000;

function open(disk: MemoryDisk, keys: NodeKeys): Promise<WaystationNode> {
  return WaystationNode.open({
    store: createMemoryStore(disk),
    keys,
    crypto: createNodeCrypto(),
    clock: SYSTEM_CLOCK,
    random: SYSTEM_RANDOM,
  });
}

function connect(a: WaystationNode, b: WaystationNode): () => void {
  const [left, right] = memoryPair();
  a.attach(left, { host: 'memory', peerNode: b.id, spaces: [] });
  b.attach(right, { host: 'memory', peerNode: a.id, spaces: [] });
  return () => left.close('test');
}

function holds(node: WaystationNode, entry: Entry): boolean {
  const { author, feed, seq } = entry.header;
  return node.space().replica.index.has({ author, feed, seq, id: entry.id });
}

/** Resolves when the node holds all of these. */
async function holdsAll(node: WaystationNode, entries: readonly Entry[]): Promise<void> {
  const signal = AbortSignal.timeout(WAIT_MS);
  while (!entries.every((entry) => holds(node, entry))) {
    await node.waitFor((notice) => notice.kind === 'entries', signal);
  }
}

function write(space: Space, text: string): Promise<Entry> {
  return space.write('data', { kind: 300, body: toUtf8(text) });
}

/** A relay that keeps everything, and a station that writes, with a backup of the station made in between. */
async function setting() {
  const relay = await open(new MemoryDisk(), createTestKeys());
  const { space } = await relay.createSpace({ name: 'Valley', isPublic: true });
  const { link } = await createInvite(space, {
    role: 'member',
    uses: 1,
    expiresMs: Date.now() + 60_000,
    hosts: ['ws://127.0.0.1:1'],
  });
  const keys = createTestKeys();
  const disk = new MemoryDisk();
  const station = await open(disk, keys);
  await station.join(parseInvite(link));
  const unlink = connect(station, relay);
  await station.waitFor((notice) => notice.kind === 'compared', AbortSignal.timeout(WAIT_MS));
  const before = [];
  for (let i = 0; i < 5; i++) before.push(await write(station.space(), `before ${i}`));
  await holdsAll(relay, before);
  const backup = copyOfDisk(disk);
  const since = [];
  for (let i = 0; i < 4; i++) since.push(await write(station.space(), `since ${i}`));
  await holdsAll(relay, since);
  unlink();
  await station.close();
  return { relay, keys, backup, before, since, space: space.id };
}

/** What the node has on its disk is sound and reads back whole. */
async function expectSound(node: WaystationNode, disk: MemoryDisk, entries: readonly Entry[]): Promise<void> {
  const space = node.space().id;
  await node.close();
  const store = createMemoryStore(disk);
  const loaded = await loadSpace(store, space);
  expect(loaded.problems).toEqual([]);
  const ids = new Set(loaded.entries.map((entry) => entry.id));
  for (const entry of entries) expect(ids.has(entry.id)).toBe(true);
  expect((await verifySpace(store, createNodeCrypto(), space)).problems).toEqual([]);
  await store.close();
}

describe('a restored backup', () => {
  it('that syncs before it writes takes back its own later entries and goes on in a successor feed', async () => {
    const { relay, keys, backup, since } = await setting();
    const restored = await open(backup, keys);
    const discovered = restored.waitFor(
      (notice) => notice.kind === 'own-feed-elsewhere',
      AbortSignal.timeout(WAIT_MS),
    );
    connect(restored, relay);
    await discovered;
    await holdsAll(restored, since);
    const next = await write(restored.space(), 'after');
    const last = since.at(-1) as Entry;
    expect(next.header.feed).not.toBe(last.header.feed);
    expect(next.header.seq).toBe(0);
    // Everything up to the end is common: nothing was written twice.
    expect(next.header.succeeds).toEqual({
      author: restored.id,
      feed: last.header.feed,
      seq: last.header.seq,
      id: last.id,
    });
    expect(next.header.lamport).toBeGreaterThan(last.header.lamport);
    await holdsAll(relay, [next]);
    expect(relay.space().replica.index.branchesOf(restored.id, last.header.feed)).toHaveLength(1);
    const after = await write(restored.space(), 'after that');
    expect([after.header.feed, after.header.seq]).toEqual([next.header.feed, 1]);
    await holdsAll(relay, [after]);
    await expectSound(restored, backup, [...since, next, after]);
    await relay.close();
  });

  it('that wrote before it synced has forked: both branches stay, both spread, and a successor names where they part', async () => {
    const { relay, keys, backup, before, since } = await setting();
    const restored = await open(backup, keys);
    const fork = [];
    for (let i = 0; i < 3; i++) fork.push(await write(restored.space(), `fork ${i}`));
    const feed = (since[0] as Entry).header.feed;
    expect(fork[0]?.header.feed).toBe(feed);
    expect(fork[0]?.header.seq).toBe(since[0]?.header.seq);
    const noticed = [relay, restored].map((node) =>
      node.waitFor((notice) => notice.kind === 'forked', AbortSignal.timeout(WAIT_MS)),
    );
    connect(restored, relay);
    await Promise.all(noticed);
    await holdsAll(relay, fork);
    await holdsAll(restored, since);
    const next = await write(restored.space(), 'after');
    const common = before.at(-1) as Entry;
    expect(next.header.feed).not.toBe(feed);
    expect(next.header.succeeds).toEqual({
      author: restored.id,
      feed,
      seq: common.header.seq,
      id: common.id,
    });
    await holdsAll(relay, [next]);
    // Somebody who was not there gets all of it.
    const disk = new MemoryDisk();
    const late = await open(disk, createTestKeys());
    const { link } = await createInvite(relay.space(), {
      role: 'reader',
      uses: 1,
      expiresMs: Date.now() + 60_000,
      hosts: ['ws://127.0.0.1:1'],
    });
    await late.join(parseInvite(link));
    connect(late, relay);
    await holdsAll(late, [...since, ...fork, next]);
    await expectSound(restored, backup, [...since, ...fork, next]);
    await expectSound(late, disk, [...since, ...fork, next]);
    await relay.close();
  });

  it('that writes while it syncs, at any moment, keeps its logs in order', async () => {
    for (let seed = 1; seed <= 8; seed++) {
      const random = new SeededRandom(seed);
      const { relay, keys, backup, since } = await setting();
      const restored = await open(backup, keys);
      const written: Entry[] = [];
      connect(restored, relay);
      for (let i = 0; i < 12; i++) {
        for (let turns = random.integer(0, 12); turns > 0; turns--) await Promise.resolve();
        written.push(await write(restored.space(), `meanwhile ${seed}.${i}`));
      }
      await holdsAll(relay, written);
      await holdsAll(restored, since);
      const feeds = new Set(written.map((entry) => entry.header.feed));
      expect(feeds.size, `seed ${seed}`).toBeLessThanOrEqual(3);
      expect(new Set(written.map((entry) => entry.id)).size).toBe(written.length);
      await expectSound(restored, backup, [...since, ...written]);
      await relay.close();
    }
  });

  it('of two nodes with one key that run side by side: what either writes reaches everybody', async () => {
    const { relay, keys, backup, since } = await setting();
    const disks = [backup, copyOfDisk(backup)] as const;
    const one = await open(disks[0], keys);
    const two = await open(disks[1], keys);
    const a = [await write(one.space(), 'one a'), await write(one.space(), 'one b')];
    const b = [await write(two.space(), 'two a'), await write(two.space(), 'two b')];
    const unlink = connect(one, relay);
    await holdsAll(relay, a);
    unlink();
    connect(two, relay);
    await holdsAll(relay, b);
    await holdsAll(two, [...a, ...since]);
    expect(relay.space().replica.index.branchesOf(one.id, a[0]?.header.feed as never)).toHaveLength(3);
    await expectSound(two, disks[1], [...a, ...b, ...since]);
    await one.close();
    await relay.close();
  });
});

describe('writing a feed', () => {
  it('is done one entry after the other, however many are asked for at once', async () => {
    const disk = new MemoryDisk();
    const node = await open(disk, createTestKeys());
    await node.createSpace({ name: 'Alone', isPublic: false });
    const space = node.space();
    const entries = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        i % 7 === 3
          ? space.writeWithBlob(KIND.clip, () => toUtf8('clip'), new Uint8Array(5_000 + i))
          : space.write('data', { kind: 301, body: toUtf8(`${i}`) }),
      ),
    );
    const positions = entries.map((entry) => entry.header.seq);
    expect(positions).toEqual(positions.map((_, i) => (positions[0] as number) + i));
    for (let i = 1; i < entries.length; i++) expect(entries[i]?.header.previous).toBe(entries[i - 1]?.id);
    await expectSound(node, disk, entries);
  });

  it('goes on after an entry that could not be written, and leaves no hole', async () => {
    const disk = new MemoryDisk();
    const node = await open(disk, createTestKeys());
    await node.createSpace({ name: 'Alone', isPublic: true });
    const space = node.space();
    const first = await write(space, 'first');
    disk.setQuota(disk.usedBytes + 10);
    const failed = [write(space, 'no room'), write(space, 'none either')];
    for (const one of failed) await expect(one).rejects.toMatchObject({ code: 'store-full' });
    disk.setQuota(Number.POSITIVE_INFINITY);
    const tooLarge = space.write('data', { kind: 301, body: new Uint8Array(70_000) });
    await expect(tooLarge).rejects.toMatchObject({ code: 'limit' });
    const next = await write(space, 'next');
    expect(next.header.previous).toBe(first.id);
    await expectSound(node, disk, [first, next]);
  });
});
