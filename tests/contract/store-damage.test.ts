/** The file store on a disk that rots, fills up, or was cut off in the middle of a write. */
import * as nodeFs from 'node:fs/promises';
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LEAF_BYTES } from '../../src/blob/merkle.ts';
import { isWaystationError } from '../../src/core/errors.ts';
import { type FileApi, openFileStore } from '../../src/store/file-system.node.ts';
import { pattern, refOf } from './store-contract.ts';

let workshop: string;
let folders = 0;
const folder = () => join(workshop, String(folders++));

beforeAll(async () => {
  workshop = await mkdtemp(join(tmpdir(), 'waystation-damage-'));
});
afterAll(() => rm(workshop, { recursive: true }));

const RECORDS = Array.from({ length: 12 }, (_, i) => pattern(i === 5 ? 0 : 30 + i, i + 1));
const BLOB = refOf(3 * LEAF_BYTES + 100, 9);

/** A closed store with a log of single records and a batch, a value, a whole blob and a partial one. */
async function makeStore(): Promise<string> {
  const directory = folder();
  const { logs, state, blobs, close } = await openFileStore(directory);
  for (const record of RECORDS.slice(0, 8)) await logs.append('feed/log', [record], 'relaxed');
  await logs.append('feed/log', RECORDS.slice(8), 'strict');
  await logs.append('other', [pattern(10)], 'strict');
  await state.put('value', pattern(100), 'strict');
  await blobs.put(BLOB, pattern(BLOB.size));
  await blobs.write(refOf(BLOB.size, 10), 1, pattern(2 * LEAF_BYTES));
  await close();
  return directory;
}

async function flipBit(path: string, bit: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
  await writeFile(path, bytes);
}

const bytesOf = (records: readonly Uint8Array[]) =>
  records.map((record) => Buffer.from(record).toString('hex'));

/** What the log holds after opening; everything else must have stayed as it was. */
async function openAndRead(directory: string) {
  const store = await openFileStore(directory);
  const records = await store.logs.read('feed/log', 0, 1000, 1e9);
  expect(bytesOf(await store.logs.read('other', 0, 10, 1e9))).toEqual(bytesOf([pattern(10)]));
  await store.close();
  return { records, recovered: store.recovered };
}

describe('a damaged log', () => {
  test('serves its intact beginning wherever a bit flips, says so, and keeps a copy unless the tail is torn', async () => {
    const directory = await makeStore();
    const path = join(directory, 'logs', 'feed~log.log');
    const whole = await readFile(path);
    const expected = bytesOf(RECORDS);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length * 8 - 1), async (bit) => {
        await writeFile(path, whole);
        await flipBit(path, bit);
        const before = (await readdir(join(directory, 'logs'))).length;
        const { records, recovered } = await openAndRead(directory);
        const kept = bytesOf(records);
        expect(kept).toEqual(expected.slice(0, kept.length));
        expect(kept.length).toBeLessThan(expected.length);
        // Records before the damaged one all stay; the four of the last batch stand or fall together.
        let frame = 0;
        for (let at = 0; at + 8 + RECORDS[frame]!.length <= bit >> 3; frame++)
          at += 8 + RECORDS[frame]!.length;
        expect(kept.length).toBe(Math.min(frame, 8));
        expect(recovered).toHaveLength(1);
        const copies = (await readdir(join(directory, 'logs'))).length - before;
        expect(copies).toBe(recovered[0]!.kind === 'damaged' ? 1 : 0);
        // Only a flipped length in the last frame is indistinguishable from a write cut short.
        if (frame < RECORDS.length - 1) expect(recovered[0]!.kind).toBe('damaged');
      }),
      { numRuns: 120 },
    );
  });

  test('is trimmed to its last whole batch wherever it was cut, and goes on from there', async () => {
    const directory = await makeStore();
    const path = join(directory, 'logs', 'feed~log.log');
    const whole = await readFile(path);
    for (let length = whole.length - 1; length >= 0; length -= 7) {
      await writeFile(path, whole.subarray(0, length));
      const { records, recovered } = await openAndRead(directory);
      let fits = 0;
      for (let at = 0; fits < 8 && at + 8 + RECORDS[fits]!.length <= length; fits++)
        at += 8 + RECORDS[fits]!.length;
      expect(bytesOf(records)).toEqual(bytesOf(RECORDS.slice(0, fits)));
      expect(recovered.every(({ kind }) => kind === 'torn-tail')).toBe(true);
      const store = await openFileStore(directory);
      expect(store.recovered).toEqual([]);
      await store.logs.append('feed/log', [pattern(5)], 'strict');
      await store.close();
      expect((await openAndRead(directory)).records).toHaveLength(fits + 1);
    }
  });

  test('a tail of zeros or of noise is torn, and cut off', async () => {
    for (const tail of [new Uint8Array(5000), pattern(5000), Uint8Array.of(0, 0, 0, 9)]) {
      const directory = await makeStore();
      await appendFile(join(directory, 'logs', 'feed~log.log'), tail);
      const { records, recovered } = await openAndRead(directory);
      expect(bytesOf(records)).toEqual(bytesOf(RECORDS));
      expect(recovered.map(({ kind }) => kind)).toEqual(['torn-tail']);
    }
  });

  test('every damaged copy is kept under its own name', async () => {
    const directory = await makeStore();
    const path = join(directory, 'logs', 'feed~log.log');
    const whole = await readFile(path);
    for (let i = 0; i < 3; i++) {
      await writeFile(path, whole);
      await flipBit(path, 100 + i);
      await openAndRead(directory);
    }
    const copies = (await readdir(join(directory, 'logs')))
      .filter((name) => name.includes('.damaged'))
      .sort();
    expect(copies).toEqual(['feed~log.log.damaged', 'feed~log.log.damaged-1', 'feed~log.log.damaged-2']);
    const copy = await readFile(join(directory, 'logs', 'feed~log.log.damaged'));
    expect(copy.length).toBe(whole.length);
  });

  test('what was lost is told at every start until it is back', async () => {
    const directory = await makeStore();
    await flipBit(join(directory, 'logs', 'feed~log.log'), 100);
    const { records } = await openAndRead(directory);
    for (let start = 0; start < 2; start++) {
      const { recovered } = await openAndRead(directory);
      expect(recovered.map(({ kind }) => kind)).toEqual(['damaged']);
      expect(recovered[0]?.message).toMatch(/feed\/log .* have not come back yet/);
    }
    const store = await openFileStore(directory);
    await store.logs.append('feed/log', RECORDS.slice(records.length), 'strict');
    await store.close();
    expect((await openAndRead(directory)).recovered).toEqual([]);
  });

  test('damage that appears while the store is open rejects with corrupt', async () => {
    const directory = await makeStore();
    const store = await openFileStore(directory);
    await flipBit(join(directory, 'logs', 'feed~log.log'), 200);
    await expect(store.logs.read('feed/log', 0, 100, 1e9)).rejects.toMatchObject({ code: 'corrupt' });
    expect(await store.logs.read('feed/log', 4, 2, 1e9)).toHaveLength(2);
    await store.close();
  });
});

describe('a damaged value', () => {
  test('is never returned wherever a bit flips, is reported, and is kept aside when it is replaced', async () => {
    const directory = await makeStore();
    const path = join(directory, 'state', 'value.val');
    const whole = await readFile(path);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length * 8 - 1), async (bit) => {
        await writeFile(path, whole);
        await flipBit(path, bit);
        const store = await openFileStore(directory);
        // The flag of a batch is the one bit of a frame that says nothing about a lone value; it is summed all the same.
        expect(store.recovered.map(({ kind }) => kind)).toEqual(['damaged']);
        await expect(store.state.get('value')).rejects.toMatchObject({ code: 'corrupt' });
        expect(await store.state.keys('')).toEqual(['value']);
        await store.state.put('value', pattern(7), 'strict');
        expect(await store.state.get('value')).toEqual(pattern(7));
        expect(await readdir(join(directory, 'state'))).toContain('value.val.damaged');
        await store.close();
      }),
      { numRuns: 40 },
    );
  });
});

describe('a damaged blob', () => {
  const path = (directory: string) =>
    join(directory, 'blobs', BLOB.root.slice(0, 2), `${BLOB.root}-${BLOB.size}`);

  test('never returns a wrong byte wherever a bit flips; the leaf can be fetched again', async () => {
    const directory = await makeStore();
    const file = path(directory);
    const whole = await readFile(file);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length * 8 - 1), async (bit) => {
        const store = await openFileStore(directory);
        await store.blobs.remove(BLOB);
        await store.blobs.put(BLOB, pattern(BLOB.size));
        await flipBit(file, bit);
        await expect(store.blobs.read(BLOB, 0, BLOB.size)).rejects.toMatchObject({ code: 'corrupt' });
        const leaf = bit >> 3 < BLOB.size ? Math.floor((bit >> 3) / LEAF_BYTES) : undefined;
        const held = await store.blobs.held(BLOB);
        if (leaf === undefined) {
          expect(held).toBeUndefined();
          expect((await stat(`${file}.damaged`)).size).toBe(whole.length);
          await store.blobs.put(BLOB, pattern(BLOB.size));
        } else {
          expect(held).toEqual({ complete: false, bits: Uint8Array.of(0b1111 & ~(1 << leaf)) });
          const at = leaf * LEAF_BYTES;
          expect(await store.blobs.write(BLOB, leaf, pattern(BLOB.size).subarray(at, at + LEAF_BYTES))).toBe(
            true,
          );
        }
        expect(Buffer.from(await store.blobs.read(BLOB, 0, BLOB.size)).equals(pattern(BLOB.size))).toBe(true);
        await store.close();
        const again = await openFileStore(directory);
        expect(again.recovered).toEqual([]);
        expect(Buffer.from(await again.blobs.read(BLOB, 0, BLOB.size)).equals(pattern(BLOB.size))).toBe(true);
        await again.close();
      }),
      { numRuns: 60 },
    );
  });

  test('cut short, it keeps the leaves that are whole', async () => {
    const directory = await makeStore();
    await truncate(path(directory), 2 * LEAF_BYTES + 5);
    const store = await openFileStore(directory);
    await expect(store.blobs.read(BLOB, 0, BLOB.size)).rejects.toMatchObject({ code: 'corrupt' });
    // Its sums are gone with its end, so nothing of it can be vouched for; the bytes stay for a person to look at.
    expect(await store.blobs.held(BLOB)).toBeUndefined();
    expect((await stat(`${path(directory)}.damaged`)).size).toBe(2 * LEAF_BYTES + 5);
    await store.close();
  });

  test('of a partial one no leaf is trusted that was not synced, and a damaged map is reported', async () => {
    const directory = await makeStore();
    const partial = refOf(BLOB.size, 10);
    const name = join(directory, 'partial', `${partial.root}-${partial.size}`);
    const map = await readFile(`${name}.held`);
    const data = await readFile(`${name}.data`);
    await fc.assert(
      fc.asyncProperty(fc.nat(map.length * 8 - 1), async (bit) => {
        await writeFile(`${name}.held`, map);
        await writeFile(`${name}.data`, data);
        await flipBit(`${name}.held`, bit);
        const store = await openFileStore(directory);
        expect(store.recovered.map(({ kind }) => kind)).toEqual(['damaged']);
        expect(await store.blobs.held(partial)).toBeUndefined();
        await store.close();
      }),
      { numRuns: 40 },
    );
    await writeFile(`${name}.held`, map);
    await writeFile(`${name}.data`, data.subarray(0, LEAF_BYTES + 10));
    const store = await openFileStore(directory);
    await expect(store.blobs.read(partial, LEAF_BYTES, LEAF_BYTES)).rejects.toMatchObject({
      code: 'corrupt',
    });
    await store.close();
  });
});

test('a folder of another layout is refused and left alone', async () => {
  const directory = folder();
  await mkdir(directory);
  await writeFile(join(directory, 'format'), 'waystation store 2\n');
  await expect(openFileStore(directory)).rejects.toMatchObject({ code: 'unavailable' });
  expect((await readdir(directory)).filter((name) => !name.startsWith('lock'))).toEqual(['format']);
});

test('folders and files are the owner’s alone', async () => {
  const directory = await makeStore();
  const all = await readdir(directory, { recursive: true, withFileTypes: true });
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  for (const item of all) {
    const { mode } = await stat(join(item.parentPath, item.name));
    expect([item.name, mode & 0o777]).toEqual([item.name, item.isDirectory() ? 0o700 : 0o600]);
  }
});

/** The real file system with room for `room` more bytes; like a real one, it takes what fits before it refuses. */
function fullDisk(): { readonly fs: FileApi; room: number } {
  const disk = { fs: nodeFs as FileApi, room: Number.POSITIVE_INFINITY };
  const full = () => Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  const writeTo = async (file: nodeFs.FileHandle, bytes: Uint8Array, position: number) => {
    const { size } = await file.stat();
    const growth = Math.max(0, position + bytes.length - size);
    const fits = bytes.length - Math.max(0, growth - disk.room);
    if (fits <= 0 && bytes.length > 0) throw full();
    disk.room -= Math.max(0, position + fits - size);
    return await file.write(bytes, 0, fits, position);
  };
  disk.fs = {
    ...nodeFs,
    async open(path, flags, mode) {
      const file = await nodeFs.open(path, flags, mode);
      const replaced = {
        writev: (parts: readonly Uint8Array[], position: number) =>
          writeTo(file, Buffer.concat(parts), position),
        write: (bytes: Uint8Array, offset: number, length: number, position: number) =>
          writeTo(file, bytes.subarray(offset, offset + length), position),
      };
      return new Proxy(file, {
        get(target, name) {
          if (name === 'writev' || name === 'write') return replaced[name];
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    },
    async copyFile(from, to, mode) {
      const { size } = await nodeFs.stat(from);
      if (size > disk.room) throw full();
      disk.room -= size;
      await nodeFs.copyFile(from, to, mode);
    },
  } as FileApi;
  return disk;
}

test('a store opened once can be opened on a full disk, read, and relieved', async () => {
  const directory = await makeStore();
  const disk = fullDisk();
  disk.room = 0;
  for (let i = 0; i < 3; i++) {
    const store = await openFileStore(directory, { fs: disk.fs });
    await expect(openFileStore(directory, { fs: disk.fs })).rejects.toMatchObject({ code: 'store-locked' });
    expect(await store.logs.read('feed/log', 0, 100, 1e9)).toHaveLength(RECORDS.length);
    await expect(store.logs.append('feed/log', [pattern(1)], 'strict')).rejects.toMatchObject({
      code: 'store-full',
    });
    if (i === 2) await store.blobs.remove(BLOB);
    await store.close();
  }
});

test('a disk that fills up at any byte refuses with store-full, tears nothing, and goes on when there is room', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(400_000), async (room) => {
      const directory = await makeStore();
      const disk = fullDisk();
      const store = await openFileStore(directory, { fs: disk.fs });
      disk.room = room;
      const done = { appended: 0, put: 0, blobs: new Set<number>() };
      const refused = (error: unknown) => expect(isWaystationError(error, 'store-full')).toBe(true);
      for (let i = 1; i <= 5; i++) {
        await store.logs
          .append('feed/log', [pattern(9000, i), pattern(9000, i)], 'strict')
          .then(() => done.appended++, refused);
        await store.state.put('value', pattern(9000, i), 'strict').then(() => {
          done.put = i;
        }, refused);
        await store.blobs.put(refOf(40_000, i), pattern(40_000, i)).then(() => done.blobs.add(i), refused);
        await store.blobs
          .write(refOf(40_000, 50 + i), 0, pattern(40_000, i))
          .then(() => done.blobs.add(50 + i), refused);
      }
      // A large blob goes straight to its file; refused, it must give back what it took.
      disk.room = Math.min(disk.room, 50_000);
      await store.blobs
        .write(refOf(2_000_000, 90), 0, pattern(8 * LEAF_BYTES))
        .then(() => expect.unreachable(), refused);
      expect(await readdir(join(directory, 'partial'))).not.toContain(
        `${refOf(2_000_000, 90).root}-2000000.data`,
      );
      disk.room = Number.POSITIVE_INFINITY;
      await store.logs.append('feed/log', [pattern(4)], 'strict');
      await store.blobs.write(refOf(40_000, 51), 0, pattern(40_000, 1));
      done.blobs.add(51);
      await store.close();
      const again = await openFileStore(directory);
      expect(again.recovered).toEqual([]);
      expect((await again.logs.list()).get('feed/log')).toBe(RECORDS.length + 2 * done.appended + 1);
      await again.logs.read('feed/log', 0, 1000, 1e9);
      const value = done.put === 0 ? pattern(100) : pattern(9000, done.put);
      expect(Buffer.from((await again.state.get('value'))!).equals(value)).toBe(true);
      for (let i = 1; i <= 5; i++) {
        for (const n of [i, 50 + i]) {
          const held = await again.blobs.held(refOf(40_000, n));
          expect(held?.complete === true).toBe(done.blobs.has(n));
          if (held === undefined) continue;
          const bytes = await again.blobs.read(refOf(40_000, n), 0, 40_000);
          expect(Buffer.from(bytes).equals(pattern(40_000, i))).toBe(true);
        }
      }
      await again.close();
    }),
    { numRuns: 25 },
  );
});
