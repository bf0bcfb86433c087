import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type Bytes, concatBytes, equalBytes, fromHex, toHex, toUtf8 } from '../../../src/core/bytes.ts';
import { isWaystationError, WaystationError } from '../../../src/core/errors.ts';
import { createNodeCrypto } from '../../../src/identity/crypto.node.ts';
import { SYSTEM_RANDOM } from '../../../src/node/open-node.ts';
import { openMoving } from '../../../src/station/moving.ts';
import { decodeMovingItem, encodeMovingItem, type MovingItem } from '../../../src/station/moving-items.ts';
import { markLeaving, readArriving, readLeaving, takeArrival } from '../../../src/station/moving-marks.ts';
import { settleArriving } from '../../../src/station/moving-settle.ts';
import { deriveMovingKey, makeMovingWords, parseMovingWords } from '../../../src/station/moving-words.ts';
import { openFileStore } from '../../../src/store/file-system.node.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory.ts';
import type { Store } from '../../../src/store/port.ts';
import { mutate } from '../../fuzz/mutate.ts';
import { SeededRandom } from '../../sim/random.ts';
import vector from '../../vectors/moving.json' with { type: 'json' };
import { FaultyStore } from '../pipeline/crashing-store.ts';
import {
  blobOf,
  contentsOf,
  fill,
  inPieces,
  makeSeeds,
  pack,
  quickKey,
  TestKeyPlace,
  unpack,
  WORDS,
} from './moving-world.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function fileStore(): Promise<Store> {
  const folder = await mkdtemp(join(tmpdir(), 'waystation-moving-'));
  folders.push(folder);
  return openFileStore(folder);
}

const memoryStore = async () => createMemoryStore();
const PLACES = { memory: memoryStore, files: fileStore } as const;

async function smallFile(): Promise<{ chunks: Bytes[]; file: Bytes; contents: Record<string, string> }> {
  const store = createMemoryStore();
  await store.state.put('name', toUtf8('Ridge'), 'strict');
  await store.logs.append('e/valley/one', [toUtf8('one'), toUtf8('two')], 'strict');
  for (const size of [100, 40_000]) {
    const { ref, bytes } = blobOf(size, size);
    await store.blobs.put(ref, bytes);
  }
  const chunks = await pack({ store });
  return { chunks, file: concatBytes(...chunks), contents: await contentsOf(store) };
}

async function readAll(file: Uint8Array, words = WORDS): Promise<MovingItem[]> {
  const items: MovingItem[] = [];
  const options = { crypto: createNodeCrypto(), words, derive: quickKey };
  for await (const item of openMoving(inPieces(file, 1_000), options)) items.push(item);
  return items;
}

describe('what moves', () => {
  it.each([
    ['memory', 'files'],
    ['files', 'memory'],
    ['memory', 'memory'],
  ] as const)('from %s to %s everything is there again, keys included', async (from, to) => {
    const there = await PLACES[from]();
    const here = await PLACES[to]();
    await fill(there);
    await markLeaving(there, { phase: 'packing', to: null, sinceMs: 1 });
    const { seeds, publicKey } = makeSeeds();
    const keys = new TestKeyPlace();
    const arrival = await unpack(here, concatBytes(...(await pack({ store: there, seeds, publicKey }))), {
      keys,
    });
    expect(await contentsOf(here)).toEqual(await contentsOf(there));
    expect(keys.used).toEqual(seeds);
    expect(arrival).toMatchObject({ name: 'Ridge', identity: true, everything: true, blobs: 6, damaged: 0 });
    expect(await readLeaving(here)).toBeNull();
    expect(await readArriving(here)).toBeNull();
    expect(await takeArrival(here)).toEqual(arrival);
    expect(await takeArrival(here)).toBeNull();
    await there.close();
    await here.close();
  });

  it('without the recordings only the blobs stay behind', async () => {
    const there = createMemoryStore();
    const here = createMemoryStore();
    await fill(there);
    await unpack(here, concatBytes(...(await pack({ store: there, everything: false }))));
    const expected = Object.entries(await contentsOf(there)).filter(([key]) => !key.startsWith('blob '));
    expect(await contentsOf(here)).toEqual(Object.fromEntries(expected));
  });

  it('without keys nothing of the identity is in the file', async () => {
    const there = createMemoryStore();
    const here = createMemoryStore();
    await fill(there);
    await there.state.put('space/valley', toUtf8('secret of the group'), 'strict');
    const keys = new TestKeyPlace();
    await unpack(here, concatBytes(...(await pack({ store: there, seeds: null }))), { keys });
    const moved = Object.keys(await contentsOf(here));
    expect(moved.filter((key) => !key.startsWith('blob '))).toEqual(['value name', 'log e/valley/one']);
    expect(moved.filter((key) => key.startsWith('blob '))).toHaveLength(6);
    expect(keys.used).toBeNull();
  });

  it('what belongs to the old place stays there', async () => {
    const there = createMemoryStore();
    await there.state.put('recording', Uint8Array.of(1), 'strict');
    await there.state.put('name', toUtf8('Ridge'), 'strict');
    const here = createMemoryStore();
    await unpack(here, concatBytes(...(await pack({ store: there, stays: ['recording'] }))));
    expect(Object.keys(await contentsOf(here))).toEqual(['value name']);
  });

  it('recordings that are damaged here are left out, and the others come', async () => {
    const inner = createMemoryStore();
    const [good, bad] = [blobOf(50_000, 1), blobOf(50_000, 2)];
    await inner.blobs.put(good.ref, good.bytes);
    await inner.blobs.put(bad.ref, bad.bytes);
    const read: Store['blobs']['read'] = async (ref, ...span) => {
      if (ref.root !== bad.ref.root) return inner.blobs.read(ref, ...span);
      await inner.blobs.remove(ref);
      throw new WaystationError('corrupt', 'the disk returned other bytes');
    };
    const there = { ...inner, blobs: { ...inner.blobs, read } };
    const here = createMemoryStore();
    const arrival = await unpack(here, concatBytes(...(await pack({ store: there }))));
    expect(arrival).toMatchObject({ blobs: 1, damaged: 0 });
    expect((await here.blobs.list()).map(({ ref }) => ref)).toEqual([good.ref]);
  });

  it('a recording that does not match its name is not kept', async () => {
    const there = createMemoryStore();
    const [good, bad] = [blobOf(50_000, 1), blobOf(3_000_000, 2)];
    await there.blobs.put(good.ref, good.bytes);
    const changed = bad.bytes.slice();
    changed[2_999_999] = (changed[2_999_999] ?? 0) ^ 1;
    await there.blobs.put(bad.ref, changed);
    const here = createMemoryStore();
    const arrival = await unpack(here, concatBytes(...(await pack({ store: there }))));
    expect(arrival).toMatchObject({ blobs: 1, damaged: 1 });
    expect((await here.blobs.list()).map(({ ref }) => ref)).toEqual([good.ref]);
  });

  it('no piece of a large file is larger than a mebibyte and its frame', async () => {
    const store = createMemoryStore();
    const { ref, bytes } = blobOf(20_000_000, 4);
    await store.blobs.put(ref, bytes);
    await store.logs.append(
      'e/valley/one',
      Array.from({ length: 5_000 }, (_, i) => bytes.slice(i, i + 1_000)),
      'strict',
    );
    const chunks = await pack({ store });
    expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThan(2 ** 20 + 65_536);
    expect(chunks.length).toBeGreaterThan(20);
  });
});

describe('a place that something arrives at', () => {
  it('is refused when a device with recordings is there', async () => {
    const { file } = await smallFile();
    const taken = createMemoryStore();
    await taken.state.put('space/valley', toUtf8('x'), 'strict');
    const before = await contentsOf(taken);
    await expect(unpack(taken, file)).rejects.toMatchObject({ code: 'conflict' });
    expect(await contentsOf(taken)).toEqual(before);
  });

  it('is refused before anything is read when the file does not fit, and is as it was', async () => {
    const { file } = await smallFile();
    const store = createMemoryStore(new MemoryDisk({ quotaBytes: 20_000 }));
    await expect(unpack(store, file)).rejects.toMatchObject({ code: 'store-full' });
    expect(await contentsOf(store)).toEqual({});
  });

  it('is empty again when the disk runs full in the middle', async () => {
    const { file } = await smallFile();
    const disk = new MemoryDisk({ quotaBytes: file.length - 5_000 });
    const store = createMemoryStore(disk);
    const keys = new TestKeyPlace();
    await expect(unpack(store, file, { keys, sizeBytes: 0 })).rejects.toMatchObject({ code: 'store-full' });
    expect(await contentsOf(store)).toEqual({});
    expect(await readArriving(store)).toBeNull();
    expect(keys).toMatchObject({ used: null, staged: null });
  });

  it('is empty again when it is stopped', async () => {
    const { file } = await smallFile();
    const store = createMemoryStore();
    const stop = new AbortController();
    const stopped = unpack(store, file, {
      signal: stop.signal,
      onProgress: (bytes) => {
        if (bytes > 1_000) stop.abort(new Error('stopped by hand'));
      },
    });
    await expect(stopped).rejects.toThrow('stopped by hand');
    expect(await contentsOf(store)).toEqual({});
  });

  it('is either empty or whole after a crash at any step', async () => {
    const { file, contents } = await smallFile();
    const { seeds, publicKey } = makeSeeds();
    const source = createMemoryStore();
    await unpack(source, file);
    const again = concatBytes(...(await pack({ store: source, seeds, publicKey })));
    const outcomes = new Set<string>();
    for (const when of ['before', 'after'] as const) {
      for (let at = 1; ; at++) {
        const disk = new MemoryDisk();
        const keys = new TestKeyPlace();
        const faulty = new FaultyStore(createMemoryStore(disk), { at, when });
        const ended = await unpack(faulty.store, again, { keys }).then(
          () => 'ended',
          () => 'died',
        );
        disk.crash('power');
        const store = createMemoryStore(disk);
        await settleArriving(store, keys);
        const after = await contentsOf(store);
        const isWhole = keys.used !== null;
        outcomes.add(isWhole ? 'whole' : 'empty');
        expect(after, `${when} operation ${at}`).toEqual(isWhole ? contents : {});
        expect(keys.staged).toBeNull();
        expect(await readArriving(store)).toBeNull();
        expect((await takeArrival(store)) !== null, 'greets only whom is here').toBe(isWhole);
        // What is empty takes the same file again.
        if (!isWhole) await unpack(store, again, { keys });
        expect(await contentsOf(store)).toEqual(contents);
        expect(keys.used).toEqual(seeds);
        if (ended === 'ended' && !faulty.isDead) break;
      }
    }
    expect(outcomes).toEqual(new Set(['empty', 'whole']));
  });

  it('is settled by the next start when the keys could not be taken into use', async () => {
    const { file, contents } = await smallFile();
    const store = createMemoryStore();
    const keys = new TestKeyPlace();
    const { settle } = keys;
    const broken = {
      stage: keys.stage,
      settle: async (use: boolean) => {
        if (use) throw new Error('killed before the keys were exchanged');
        return settle(use);
      },
    };
    await expect(unpack(store, file, { keys: broken })).rejects.toThrow('killed');
    await settleArriving(store, keys);
    expect(keys.used).not.toBeNull();
    expect(await contentsOf(store)).toEqual(contents);
  });
});

describe('the file', () => {
  it('opens with its words, however they were typed, and with no others', async () => {
    const words = makeMovingWords(SYSTEM_RANDOM);
    const store = createMemoryStore();
    await store.state.put('name', toUtf8('Ridge'), 'strict');
    const file = concatBytes(...(await pack({ store, words, derive: deriveMovingKey })));
    const typed = ` ${words.toUpperCase().replaceAll(' ', ', ')}\n`;
    const options = { crypto: createNodeCrypto(), words: parseMovingWords(typed) };
    const items: MovingItem[] = [];
    for await (const item of openMoving(inPieces(file), options)) items.push(item);
    expect(items.map(({ kind }) => kind)).toEqual(['manifest', 'values', 'end']);
    const other = openMoving(inPieces(file), { ...options, words: WORDS });
    await expect(other.next()).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('that version 1 wrote is read for good', async () => {
    const items: MovingItem[] = [];
    const options = { crypto: createNodeCrypto(), words: vector.words };
    for await (const item of openMoving(inPieces(fromHex(vector.file)), options)) items.push(item);
    expect(items.map((item) => toHex(encodeMovingItem(item)))).toEqual(vector.items);
    expect(items[0]).toMatchObject({
      kind: 'manifest',
      name: 'Ridge',
      everything: true,
      madeAtMs: 1_800_000_000_000,
    });
  });

  it('names the word that is wrong', () => {
    expect(() => parseMovingWords('valley ridge')).toThrow('expected 6 words, got 2');
    expect(() => parseMovingWords('valley ridge rivr stone winter summer')).toThrow('word 3, “rivr”');
  });

  it('tells a cut file, a changed one, another kind of file, and a newer version', async () => {
    const { file, chunks } = await smallFile();
    const code = async (bytes: Uint8Array) =>
      readAll(bytes).then(
        () => 'accepted',
        (error: unknown) => (isWaystationError(error) ? error.code : `not ours: ${String(error)}`),
      );
    for (const length of [10, 60, file.length - 1, file.length - (chunks.at(-1)?.length ?? 0)])
      expect(await code(file.subarray(0, length)), `cut to ${length}`).toBe('incomplete');
    const changed = file.slice();
    changed[file.length - 20] = (changed[file.length - 20] ?? 0) ^ 1;
    expect(await code(changed)).toBe('corrupt');
    expect(await code(concatBytes(file, Uint8Array.of(0)))).toBe('corrupt');
    const [head, first, ...rest] = chunks as [Bytes, Bytes, ...Bytes[]];
    expect(await code(concatBytes(head, first, first, ...rest))).toBe('corrupt');
    expect(await code(concatBytes(head, first, ...rest.slice(1)))).toBe('corrupt');
    // Cut after a chunk that says that it is the last.
    const early = concatBytes(head, first);
    early[head.length] = (early[head.length] ?? 0) | 0x80;
    expect(await code(early)).toBe('corrupt');
    expect(await code(toUtf8('time,x,y\n1,2,3\n'))).toBe('malformed');
    expect(await code(new Uint8Array())).toBe('malformed');
    const newer = file.slice();
    newer[9] = 2;
    expect(await code(newer)).toBe('unavailable');
  });

  it('whatever happens to its bytes, it is refused with a reason or read as it was', async () => {
    const { file } = await smallFile();
    const whole = await readAll(file);
    const random = new SeededRandom(Number(process.env['WAYSTATION_SEED'] ?? 1));
    for (let round = 0; round < 500; round++) {
      let bytes: Uint8Array = file;
      for (let times = random.integer(1, 4); times > 0; times--) bytes = mutate(random, bytes);
      try {
        expect(await readAll(bytes)).toEqual(whole);
      } catch (error) {
        if (!isWaystationError(error)) throw error;
      }
    }
  });

  it('an item whose bytes were changed is refused with a reason or is another sound item', () => {
    const { seeds, publicKey } = makeSeeds();
    const { ref, bytes } = blobOf(40_000);
    const items: MovingItem[] = [
      { kind: 'manifest', name: 'Ridge', publicKey, seeds, everything: true, madeAtMs: 5 },
      { kind: 'manifest', name: '', publicKey, seeds: null, everything: false, madeAtMs: 0 },
      { kind: 'values', values: [['name', toUtf8('Ridge')]] },
      { kind: 'records', log: 'e/a/b', from: 7, records: [toUtf8('one'), new Uint8Array()] },
      { kind: 'leaves', ref, firstLeaf: 1, bytes: bytes.slice(16_384) },
      { kind: 'end', values: 1, records: 2, blobBytes: 3 },
    ];
    const corpus = items.map((item) => {
      expect(decodeMovingItem(encodeMovingItem(item))).toEqual(item);
      return encodeMovingItem(item);
    });
    const random = new SeededRandom(2);
    let accepted = 0;
    for (let round = 0; round < 2_000; round++) {
      const input = mutate(random, random.pick(corpus));
      try {
        expect(equalBytes(encodeMovingItem(decodeMovingItem(input)), input)).toBe(true);
        accepted++;
      } catch (error) {
        if (!isWaystationError(error)) throw error;
      }
    }
    expect(accepted).toBeGreaterThan(0);
  });

  it('leaves that do not lie inside their blob are refused', () => {
    const { ref, bytes } = blobOf(40_000);
    const leaves = (firstLeaf: number, part: Bytes) =>
      decodeMovingItem(encodeMovingItem({ kind: 'leaves', ref, firstLeaf, bytes: part }));
    expect(() => leaves(0, bytes.slice(0, 100))).toThrow(WaystationError);
    expect(() => leaves(3, bytes.slice(0, 16_384))).toThrow(WaystationError);
    expect(() => leaves(2, bytes.slice(0, 16_384))).toThrow(WaystationError);
    expect(leaves(2, bytes.slice(32_768))).toMatchObject({ firstLeaf: 2 });
  });

  it('any values and records come back as they were', async () => {
    const name = fc.stringMatching(/^[a-z0-9_-]{1,20}(\/[a-z0-9_-]{1,20})?$/);
    const bytes = fc.uint8Array({ maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(name, bytes, { maxKeys: 20 }),
        fc.dictionary(name, fc.array(bytes, { minLength: 1, maxLength: 20 }), { maxKeys: 5 }),
        async (values, logs) => {
          const there = createMemoryStore();
          for (const [key, value] of Object.entries(values))
            await there.state.put(`v/${key}`, value, 'strict');
          for (const [log, records] of Object.entries(logs))
            await there.logs.append(`l/${log}`, records, 'strict');
          const here = createMemoryStore();
          await unpack(here, concatBytes(...(await pack({ store: there }))));
          expect(await contentsOf(here)).toEqual(await contentsOf(there));
        },
      ),
      { numRuns: 50 },
    );
  });
});
