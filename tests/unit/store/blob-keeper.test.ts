import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LEAF_BYTES } from '../../../src/blob/merkle.ts';
import { crc32 } from '../../../src/core/crc32.ts';
import { type BlobRef, blobKey } from '../../../src/core/ids.ts';
import { BlobKeeper } from '../../../src/store/blob-keeper.ts';
import type { BlobMedium, MediumContents, StoredPartial } from '../../../src/store/blob-medium.ts';
import { HandleCache } from '../../../src/store/handle-cache.ts';
import { KeyQueue } from '../../../src/store/key-queue.ts';
import { pattern, refOf } from '../../contract/store-contract.ts';

test('the checksum is zlib’s CRC-32, at any length and alignment, in one go or in parts', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), fc.nat(20), (bytes, cut, skip) => {
      const view = bytes.subarray(Math.min(skip, bytes.length));
      expect(crc32(view)).toBe(zlibCrc32(view));
      expect(crc32(view.subarray(cut), crc32(view.subarray(0, cut)))).toBe(zlibCrc32(view));
    }),
  );
});

/** A medium that remembers what was asked of it, and loses everything unsynced when it crashes. */
class RecordingMedium implements BlobMedium {
  readonly calls: string[] = [];
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly trusted = new Map<string, StoredPartial>();
  contents: MediumContents = { complete: [], partial: [], recovered: [] };
  readonly sums = new Map<string, Uint32Array>();

  count(call: string): number {
    return this.calls.filter((made) => made === call).length;
  }

  #file(ref: BlobRef): Uint8Array<ArrayBuffer> {
    const file = this.files.get(blobKey(ref)) ?? new Uint8Array(ref.size);
    this.files.set(blobKey(ref), file);
    return file;
  }

  async load() {
    return this.contents;
  }
  async writePartial(ref: BlobRef, offset: number, bytes: Uint8Array) {
    this.calls.push('writePartial');
    this.#file(ref).set(bytes, offset);
  }
  async syncPartial(partial: StoredPartial) {
    this.calls.push('syncPartial');
    this.trusted.set(blobKey(partial.ref), {
      ...partial,
      bits: partial.bits.slice(),
      sums: partial.sums.slice(),
    });
  }
  async complete(ref: BlobRef, sums: Uint32Array) {
    this.calls.push('complete');
    this.sums.set(blobKey(ref), sums);
  }
  async writeWhole(ref: BlobRef, bytes: Uint8Array, sums: Uint32Array) {
    this.calls.push('writeWhole');
    this.#file(ref).set(bytes);
    this.sums.set(blobKey(ref), sums.slice());
  }
  async read(ref: BlobRef, _complete: boolean, offset: number, length: number) {
    return this.files.get(blobKey(ref))?.slice(offset, offset + length);
  }
  async readSums(ref: BlobRef) {
    return this.sums.get(blobKey(ref));
  }
  async demote() {
    this.calls.push('demote');
  }
  async setAside() {
    this.calls.push('setAside');
  }
  async remove(ref: BlobRef) {
    this.calls.push('remove');
    this.files.delete(blobKey(ref));
  }
  async close() {
    this.calls.push('close');
  }
}

async function openKeeper(medium: RecordingMedium): Promise<BlobKeeper> {
  return (await BlobKeeper.open(medium, crc32)).keeper;
}

describe('BlobKeeper', () => {
  test('a small blob in many pieces is written once, when it is complete', async () => {
    const medium = new RecordingMedium();
    const keeper = await openKeeper(medium);
    const bytes = pattern(2 ** 20);
    for (let leaf = 0; leaf < 64; leaf++) {
      await keeper.write(refOf(2 ** 20), leaf, bytes.subarray(leaf * LEAF_BYTES, (leaf + 1) * LEAF_BYTES));
    }
    expect(medium.calls).toEqual(['writeWhole']);
  });

  test('a large blob is synced every 8 MiB, not per piece', async () => {
    const medium = new RecordingMedium();
    const keeper = await openKeeper(medium);
    const ref = refOf(20 * 2 ** 20);
    const piece = pattern(8 * LEAF_BYTES);
    for (let leaf = 0; leaf < 20 * 64; leaf += 8) await keeper.write(ref, leaf, piece);
    expect([medium.count('writePartial'), medium.count('syncPartial'), medium.count('complete')]).toEqual([
      160, 2, 1,
    ]);
  });

  test('what a crash finds trusted is only what was synced, and the rest can be written again', async () => {
    const medium = new RecordingMedium();
    const keeper = await openKeeper(medium);
    const ref = refOf(10 * 2 ** 20);
    const piece = pattern(8 * LEAF_BYTES);
    for (let leaf = 0; leaf < 600; leaf += 8) await keeper.write(ref, leaf, piece);
    const found = medium.trusted.get(blobKey(ref))!;
    const again = new RecordingMedium();
    again.contents = { complete: [], partial: [found], recovered: [] };
    again.files.set(blobKey(ref), medium.files.get(blobKey(ref))!);
    const reopened = await openKeeper(again);
    const { bits } = (await reopened.held(ref))!;
    expect(bits.reduce((ones, byte) => ones + (byte === 255 ? 8 : 0), 0)).toBe(512);
    for (let leaf = 512; leaf < 632; leaf += 8) expect(await reopened.write(ref, leaf, piece)).toBe(false);
    expect(await reopened.write(ref, 632, piece)).toBe(true);
    expect((await reopened.read(ref, 0, ref.size)).length).toBe(ref.size);
  });

  test('beyond 16 MiB of collected blobs the one waiting longest goes to the medium', async () => {
    const medium = new RecordingMedium();
    const keeper = await openKeeper(medium);
    const leaf = pattern(LEAF_BYTES);
    for (let n = 0; n < 16; n++) await keeper.write(refOf(2 ** 20, n), 0, leaf);
    expect(medium.calls).toEqual([]);
    await keeper.write(refOf(2 ** 20, 0), 1, leaf);
    await keeper.write(refOf(2 ** 20, 99), 0, leaf);
    expect([...medium.files.keys()]).toEqual([blobKey(refOf(2 ** 20, 1))]);
    expect(await keeper.read(refOf(2 ** 20, 1), 0, LEAF_BYTES)).toEqual(leaf);
    await keeper.close();
    expect(medium.trusted.size).toBe(17);
  });

  test('after a failed completion the leaves of that write count as missing, and can come again', async () => {
    for (const size of [2 ** 17, 2 ** 21]) {
      const medium = new RecordingMedium();
      const keeper = await openKeeper(medium);
      const ref = refOf(size);
      const bytes = pattern(size);
      const { complete, writeWhole } = medium;
      medium.complete = medium.writeWhole = async () => {
        throw new Error('no room');
      };
      await keeper.write(ref, 0, bytes.subarray(0, size - LEAF_BYTES));
      const last = () => keeper.write(ref, size / LEAF_BYTES - 1, bytes.subarray(size - LEAF_BYTES));
      await expect(last()).rejects.toThrow('no room');
      expect((await keeper.held(ref))?.complete).toBe(false);
      Object.assign(medium, { complete, writeWhole });
      expect(await last()).toBe(true);
      expect(await keeper.read(ref, 0, size)).toHaveLength(size);
    }
  });

  test('a blob whose sums are gone is set aside, and no byte of it is returned', async () => {
    const medium = new RecordingMedium();
    const keeper = await openKeeper(medium);
    await keeper.put(refOf(5), pattern(5));
    medium.sums.clear();
    await expect(keeper.read(refOf(5), 0, 5)).rejects.toMatchObject({ code: 'corrupt' });
    expect(medium.calls).toEqual(['writeWhole', 'setAside']);
    expect(await keeper.list()).toEqual([]);
  });
});

test('a key queue runs tasks of one key in order and of others beside them, whatever fails', async () => {
  const queue = new KeyQueue();
  const order: string[] = [];
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const first = queue.run('a', async () => {
    await gate;
    order.push('a1');
    throw new Error('failed');
  });
  const second = queue.run('a', async () => order.push('a2'));
  await queue.run('b', async () => order.push('b'));
  open();
  await expect(first).rejects.toThrow('failed');
  await second;
  await queue.idle();
  expect(order).toEqual(['b', 'a1', 'a2']);
});

test('a handle cache stays in its bound, never closes what is in use, and opens anew after a failure', async () => {
  const opened: string[] = [];
  const closed: string[] = [];
  let failing = true;
  const cache = new HandleCache<string>(
    {
      async open(path) {
        if (path === 'bad' && failing) throw new Error('ENOENT');
        opened.push(path);
        return path;
      },
      close: (handle) => void closed.push(handle),
    },
    2,
  );
  await cache.use('a', false, async () => {
    for (const path of ['b', 'c', 'd']) await cache.use(path, false, async () => undefined);
    expect(closed).toEqual(['b', 'c']);
    const dropped = cache.drop('a').then(() => closed.push('drop resolved'));
    await cache.use('a', false, async () => undefined);
    expect(closed).not.toContain('a');
    void dropped;
  });
  await expect(cache.use('bad', false, async () => undefined)).rejects.toThrow('ENOENT');
  failing = false;
  expect(await cache.use('bad', false, (handle) => handle)).toBe('bad');
  await cache.closeAll();
  expect([...closed].filter((path) => path !== 'drop resolved').sort()).toEqual([...opened].sort());
  expect(closed.indexOf('a')).toBeLessThan(closed.indexOf('drop resolved'));
});
