import { describe, expect, test } from 'vitest';
import { LEAF_BYTES } from '../../../src/blob/merkle.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory.ts';
import { pattern, refOf } from '../../contract/store-contract.ts';

describe('a crash of the memory disk', () => {
  test('a power cut takes relaxed writes that no strict one followed, and nothing else', async () => {
    const disk = new MemoryDisk();
    const store = createMemoryStore(disk);
    await store.logs.append('a', [pattern(1), pattern(2)], 'relaxed');
    await store.logs.append('a', [pattern(3)], 'strict');
    await store.logs.append('a', [pattern(4)], 'relaxed');
    await store.state.put('k', pattern(1), 'strict');
    await store.state.put('k', pattern(2), 'relaxed');
    await store.state.put('k', pattern(3), 'relaxed');
    await store.state.put('new', pattern(1), 'relaxed');
    await store.blobs.put(refOf(5), pattern(5));
    disk.crash('power');
    await expect(store.logs.list()).rejects.toMatchObject({ code: 'closed' });
    const again = createMemoryStore(disk);
    expect((await again.logs.read('a', 0, 9, 99)).map((record) => record.length)).toEqual([1, 2, 3]);
    expect(await again.state.get('k')).toEqual(pattern(1));
    expect(await again.state.get('new')).toBeUndefined();
    expect(await again.blobs.read(refOf(5), 0, 5)).toEqual(pattern(5));
    expect((await again.usage()).usedBytes).toBe(1 + 2 + 3 + 1 + 5);
  });

  test('a killed process keeps relaxed writes and loses unsynced leaves', async () => {
    const disk = new MemoryDisk();
    const store = createMemoryStore(disk);
    await store.logs.append('a', [pattern(1)], 'relaxed');
    await store.state.put('k', pattern(2), 'relaxed');
    await store.blobs.write(refOf(LEAF_BYTES * 4), 1, pattern(LEAF_BYTES));
    disk.crash('process');
    const again = createMemoryStore(disk);
    expect(await again.logs.read('a', 0, 9, 99)).toHaveLength(1);
    expect(await again.state.get('k')).toEqual(pattern(2));
    expect(await again.blobs.list()).toEqual([]);
    expect((await again.usage()).usedBytes).toBe(3);
  });

  test('the plan says how many unsynced writes survive', async () => {
    const disk = new MemoryDisk({ survivors: (unsynced) => unsynced - 1 });
    const store = createMemoryStore(disk);
    await store.logs.append('a', [pattern(1), pattern(2), pattern(3)], 'relaxed');
    await store.state.put('k', pattern(1), 'relaxed');
    await store.state.put('k', pattern(2), 'relaxed');
    disk.crash('power');
    const again = createMemoryStore(disk);
    expect(await again.logs.read('a', 0, 9, 99)).toHaveLength(2);
    expect(await again.state.get('k')).toEqual(pattern(1));
  });

  test('leaves of a large blob survive once 8 MiB of it were written', async () => {
    const disk = new MemoryDisk();
    const store = createMemoryStore(disk);
    const ref = refOf(16 * 2 ** 20);
    await store.blobs.write(ref, 0, pattern(2 ** 23));
    await store.blobs.write(ref, 512, pattern(LEAF_BYTES));
    disk.crash('power');
    const bits = (await createMemoryStore(disk).blobs.held(ref))?.bits ?? new Uint8Array(0);
    expect([bits[0], bits[63], bits[64]]).toEqual([255, 255, 0]);
  });
});

test('a full memory disk refuses with store-full, keeps what it has, and takes more when it grows', async () => {
  const disk = new MemoryDisk({ quotaBytes: 100_000 });
  const store = createMemoryStore(disk);
  await store.blobs.put(refOf(90_000), pattern(90_000));
  const attempts = [
    store.blobs.put(refOf(10_001), pattern(10_001)),
    store.blobs.write(refOf(50_000), 0, pattern(LEAF_BYTES)),
    store.logs.append('a', [pattern(5000), pattern(5001)], 'strict'),
    store.state.put('k', pattern(10_001), 'strict'),
  ];
  for (const result of await Promise.allSettled(attempts)) {
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'store-full' } });
  }
  expect((await store.usage()).freeBytes).toBe(10_000);
  expect((await store.logs.list()).size).toBe(0);
  expect(await store.state.get('k')).toBeUndefined();
  expect(await store.blobs.list()).toHaveLength(1);
  await store.blobs.remove(refOf(90_000));
  await store.blobs.put(refOf(10_001), pattern(10_001));
  disk.setQuota(200_000);
  await store.blobs.put(refOf(150_000), pattern(150_000));
});
