/**
 * What every store adapter promises, as cases that need no test framework, so that they run in Node and inside a browser page
 * alike. A case gets a fresh place to keep things and may open it again after closing.
 */
import { LEAF_BYTES, leafCount } from '../../src/blob/merkle.ts';
import { type ErrorCode, isWaystationError } from '../../src/core/errors.ts';
import type { BlobRef, BlobRoot } from '../../src/core/ids.ts';
import type { Store } from '../../src/store/port.ts';

/** A place that stores are opened on, one after another. */
export interface StorePlace {
  open(): Promise<Store>;
  /** Deletes everything. All stores are closed. */
  destroy(): Promise<void>;
}

export interface ContractCase {
  readonly name: string;
  run(place: StorePlace): Promise<void>;
}

const KIB = 1024;

/** Deterministic bytes that differ from offset to offset. */
export function pattern(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let x = (seed * 2_654_435_761) >>> 0 || 1;
  for (let i = 0; i < length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    bytes[i] = x;
  }
  return bytes;
}

/** A reference for tests: stores take roots on trust, so any 32 bytes will do. */
export function refOf(size: number, seed = 1): BlobRef {
  const root = [...pattern(32, seed + size)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return { root: root as BlobRoot, size };
}

function check(condition: boolean, promise: string): asserts condition {
  if (!condition) throw new Error(`broken promise: ${promise}`);
}

function same(actual: unknown, expected: unknown, promise: string): void {
  const text = (value: unknown) =>
    JSON.stringify(value, (_, v: unknown) => (v instanceof Uint8Array ? [...v] : v));
  check(
    text(actual) === text(expected),
    `${promise}; expected ${text(expected)?.slice(0, 300)}, got ${text(actual)?.slice(0, 300)}`,
  );
}

function sameBytes(actual: Uint8Array | undefined, expected: Uint8Array, promise: string): void {
  const equal = actual?.length === expected.length && expected.every((byte, i) => byte === actual[i]);
  check(equal, `${promise}; ${actual?.length} bytes for ${expected.length}`);
}

async function rejects(
  attempt: Promise<unknown>,
  expected: ErrorCode | typeof RangeError,
  promise: string,
): Promise<void> {
  let error: unknown;
  try {
    await attempt;
  } catch (thrown) {
    error = thrown;
  }
  const fits = typeof expected === 'string' ? isWaystationError(error, expected) : error instanceof expected;
  check(fits, `${promise}; got ${error instanceof Error ? `${error.name} ${error.message}` : String(error)}`);
}

async function withStore<T>(place: StorePlace, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await place.open();
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

const utf8 = (text: string) => new TextEncoder().encode(text);

const logCases: ContractCase[] = [
  {
    name: 'log records come back in order, by index, after reopening too',
    async run(place) {
      const records = Array.from({ length: 50 }, (_, i) => pattern(i * 7, i + 1));
      await withStore(place, async ({ logs }) => {
        await logs.append('feed/a', records.slice(0, 20), 'strict');
        for (const record of records.slice(20)) await logs.append('feed/a', [record], 'relaxed');
        await logs.append('feed/b', [utf8('x')], 'relaxed');
        same(await logs.read('feed/a', 0, 100, 1e9), records, 'all records');
      });
      await withStore(place, async ({ logs, recovered }) => {
        same(recovered, [], 'a clean stop leaves nothing to mend');
        same(
          [...(await logs.list())].sort(),
          [
            ['feed/a', 50],
            ['feed/b', 1],
          ],
          'list tells counts',
        );
        same(await logs.read('feed/a', 0, 100, 1e9), records, 'all records after reopening');
        same(await logs.read('feed/a', 48, 100, 1e9), records.slice(48), 'the end');
        same(await logs.read('feed/a', 50, 1, 1e9), [], 'nothing behind the end');
        same(await logs.read('feed/none', 0, 1, 1e9), [], 'nothing of an unknown log');
        await logs.append('feed/a', [utf8('more')], 'strict');
        same(await logs.read('feed/a', 50, 1, 1e9), [utf8('more')], 'appending goes on behind the old end');
      });
    },
  },
  {
    name: 'a read stops before maxBytes, but never before one record',
    async run(place) {
      await withStore(place, async ({ logs }) => {
        const records = [pattern(100), pattern(100, 2), pattern(100, 3)];
        await logs.append('l', records, 'relaxed');
        same((await logs.read('l', 0, 10, 200)).length, 2, 'two fit 200 bytes exactly');
        same((await logs.read('l', 0, 10, 199)).length, 1, 'one fits 199 bytes');
        same((await logs.read('l', 0, 10, 0)).length, 1, 'at least one comes');
        same((await logs.read('l', 0, 0, 1000)).length, 0, 'none when none is asked for');
        same(await logs.read('l', 1, 1, 1000), [records[1]], 'count bounds too');
      });
    },
  },
  {
    name: 'concurrent appends keep the order of their calls and their batches whole',
    async run(place) {
      await withStore(place, async ({ logs }) => {
        const appends: Promise<void>[] = [];
        for (let i = 0; i < 60; i++) {
          const batch = [utf8(`${i}.0`), utf8(`${i}.1`), utf8(`${i}.2`)];
          appends.push(logs.append('l', batch, i % 7 === 0 ? 'strict' : 'relaxed'));
        }
        await Promise.all(appends);
        const read = (await logs.read('l', 0, 1000, 1e9)).map((record) => new TextDecoder().decode(record));
        same(
          read,
          Array.from({ length: 180 }, (_, i) => `${Math.floor(i / 3)}.${i % 3}`),
          'order of calls',
        );
      });
    },
  },
  {
    name: 'a removed log is gone and can begin anew',
    async run(place) {
      await withStore(place, async ({ logs }) => {
        await logs.append('l', [utf8('1'), utf8('2')], 'strict');
        await Promise.all([
          logs.remove('l'),
          logs.append('l', [utf8('3')], 'relaxed'),
          logs.remove('unknown'),
        ]);
        same(await logs.read('l', 0, 10, 1e9), [utf8('3')], 'only what came after the removal');
      });
      await withStore(place, async ({ logs }) => {
        same([...(await logs.list())], [['l', 1]], 'after reopening');
        await logs.remove('l');
        same([...(await logs.list())], [], 'removed');
      });
      await withStore(place, async ({ logs }) => same([...(await logs.list())], [], 'still removed'));
    },
  },
  {
    name: 'appending nothing makes no log, and empty records are records',
    async run(place) {
      await withStore(place, async ({ logs }) => {
        await logs.append('none', [], 'strict');
        await logs.append('empty', [new Uint8Array(0), new Uint8Array(0)], 'strict');
      });
      await withStore(place, async ({ logs }) => {
        same([...(await logs.list())], [['empty', 2]], 'list');
        same(await logs.read('empty', 0, 5, 10), [new Uint8Array(0), new Uint8Array(0)], 'empty records');
      });
    },
  },
];

const stateCases: ContractCase[] = [
  {
    name: 'values are replaced, deleted and found by prefix, after reopening too',
    async run(place) {
      await withStore(place, async ({ state }) => {
        same(await state.get('a'), undefined, 'absent');
        await state.put('a', utf8('1'), 'strict');
        await state.put('a', utf8('2'), 'relaxed');
        await state.put('set/b', utf8('b'), 'strict');
        await state.put('set/a', new Uint8Array(0), 'relaxed');
        await state.put('set-c', utf8('c'), 'relaxed');
        await state.put('gone', utf8('x'), 'strict');
        await state.delete('gone');
        await state.delete('never');
      });
      await withStore(place, async ({ state, recovered }) => {
        same(recovered, [], 'a clean stop leaves nothing to mend');
        same(await state.get('a'), utf8('2'), 'the newest value');
        same(await state.get('set/a'), new Uint8Array(0), 'an empty value is a value');
        same(await state.get('gone'), undefined, 'deleted');
        same(await state.keys(''), ['a', 'set-c', 'set/a', 'set/b'], 'all keys in code unit order');
        same(await state.keys('set/'), ['set/a', 'set/b'], 'keys by prefix');
        same(await state.keys('zzz'), [], 'no such prefix');
      });
    },
  },
  {
    name: 'of concurrent puts and deletes the last call wins',
    async run(place) {
      await withStore(place, async ({ state }) => {
        const puts: Promise<void>[] = [];
        for (let i = 0; i < 30; i++)
          puts.push(state.put('k', utf8(String(i)), i % 5 === 0 ? 'strict' : 'relaxed'));
        puts.push(state.put('d', utf8('1'), 'relaxed'), state.delete('d'));
        puts.push(
          state.put('e', utf8('1'), 'strict'),
          state.delete('e'),
          state.put('e', utf8('2'), 'strict'),
        );
        await Promise.all(puts);
        same(await state.get('k'), utf8('29'), 'last put');
        same(await state.get('d'), undefined, 'deleted after the put');
        same(await state.get('e'), utf8('2'), 'put after the deletion');
      });
    },
  },
];

const blobCases: ContractCase[] = [
  {
    name: 'a blob that is put comes back whole and in any range, after reopening too',
    async run(place) {
      const sizes = [1, 5000, LEAF_BYTES, LEAF_BYTES + 1, 128 * KIB, 300 * KIB + 77, 1200 * KIB + 3];
      await withStore(place, async ({ blobs }) => {
        for (const size of sizes) await blobs.put(refOf(size), pattern(size, size));
        for (const size of sizes) await blobs.put(refOf(size), pattern(size, size));
      });
      await withStore(place, async ({ blobs, recovered }) => {
        same(recovered, [], 'a clean stop leaves nothing to mend');
        const list = [...(await blobs.list())].sort((a, b) => a.ref.size - b.ref.size);
        same(
          list,
          sizes.map((size) => ({ ref: refOf(size), complete: true })),
          'list',
        );
        for (const size of sizes) {
          const ref = refOf(size);
          const bytes = pattern(size, size);
          sameBytes(await blobs.read(ref, 0, size), bytes, `all ${size} bytes`);
          for (const [from, to] of [
            [0, 1],
            [size - 1, size],
            [size >> 1, size],
            [size >> 2, size >> 1],
          ] as const) {
            sameBytes(
              await blobs.read(ref, from, to - from),
              bytes.subarray(from, to),
              `bytes ${from} to ${to} of ${size}`,
            );
          }
          sameBytes(await blobs.read(ref, 0, 0), new Uint8Array(0), 'no bytes');
          const held = await blobs.held(ref);
          check(held?.complete === true, 'held says complete');
          const ones = [...(held?.bits ?? [])].reduce(
            (sum, byte) => sum + byte.toString(2).replaceAll('0', '').length,
            0,
          );
          same(ones, leafCount(size), 'a bit per leaf and none beyond');
        }
      });
    },
  },
  {
    name: 'leaves written in any order become the blob, small and large',
    async run(place) {
      for (const size of [5, 100 * KIB + 9, 3 * 1024 * KIB + 123]) {
        const ref = refOf(size, 2);
        const bytes = pattern(size, 3);
        const chunks: number[] = [];
        for (let leaf = 0; leaf < leafCount(size); leaf += 8) chunks.push(leaf);
        chunks.sort((a, b) => ((a * 7919) % 31) - ((b * 7919) % 31));
        await withStore(place, async ({ blobs }) => {
          const done: boolean[] = [];
          for (const leaf of chunks) {
            const at = leaf * LEAF_BYTES;
            done.push(await blobs.write(ref, leaf, bytes.subarray(at, at + 8 * LEAF_BYTES)));
          }
          same(
            done,
            chunks.map((_, i) => i === chunks.length - 1),
            'only the last write completes',
          );
          sameBytes(await blobs.read(ref, 0, size), bytes, 'whole');
          check(
            await blobs.write(ref, 0, bytes.subarray(0, Math.min(size, LEAF_BYTES))),
            'writing again is harmless',
          );
        });
        await withStore(place, async ({ blobs }) => {
          sameBytes(await blobs.read(ref, 0, size), bytes, 'whole after reopening');
        });
      }
    },
  },
  {
    name: 'a partial blob tells its leaves, serves them alone, and goes on after reopening',
    async run(place) {
      for (const size of [20 * LEAF_BYTES + 5, 100 * LEAF_BYTES + 5]) {
        const ref = refOf(size, 4);
        const bytes = pattern(size, 5);
        const write = (store: Store, leaf: number, leaves: number) =>
          store.blobs.write(ref, leaf, bytes.subarray(leaf * LEAF_BYTES, (leaf + leaves) * LEAF_BYTES));
        await withStore(place, async (store) => {
          same(await store.blobs.held(ref), undefined, 'nothing held');
          await rejects(store.blobs.read(ref, 0, 1), 'not-found', 'nothing to read');
          await write(store, 3, 2);
          await write(store, leafCount(size) - 1, 1);
          await write(store, 4, 1);
          same((await store.blobs.held(ref))?.bits[0], 0b11000, 'leaves 3 and 4');
          sameBytes(
            await store.blobs.read(ref, 3 * LEAF_BYTES + 10, LEAF_BYTES),
            bytes.subarray(3 * LEAF_BYTES + 10, 4 * LEAF_BYTES + 10),
            'across held leaves',
          );
          sameBytes(
            await store.blobs.read(ref, size - 5, 5),
            bytes.subarray(size - 5),
            'the short last leaf',
          );
          await rejects(
            store.blobs.read(ref, 2 * LEAF_BYTES, LEAF_BYTES + 1),
            'not-found',
            'a range with a missing leaf',
          );
        });
        await withStore(place, async (store) => {
          const list = await store.blobs.list();
          check(
            list.some((item) => item.ref.root === ref.root && !item.complete),
            'listed as partial',
          );
          const held = await store.blobs.held(ref);
          check(
            held !== undefined && !held.complete && held.bits[0] === 0b11000,
            'leaves kept over a clean stop',
          );
          sameBytes(
            await store.blobs.read(ref, 3 * LEAF_BYTES, 2 * LEAF_BYTES),
            bytes.subarray(3 * LEAF_BYTES, 5 * LEAF_BYTES),
            'leaves of the session before',
          );
          await write(store, 0, 3);
          check(await write(store, 5, leafCount(size) - 6), 'the missing leaves complete it');
          sameBytes(await store.blobs.read(ref, 0, size), bytes, 'whole');
        });
      }
    },
  },
  {
    name: 'many blobs at once, interleaved, all become whole',
    async run(place) {
      const size = 900 * KIB;
      const count = 24; // more than fit the memory set aside for small blobs
      await withStore(place, async ({ blobs }) => {
        for (let leaf = 0; leaf < leafCount(size); leaf += 8) {
          await Promise.all(
            Array.from({ length: count }, (_, i) => {
              const at = leaf * LEAF_BYTES;
              return blobs.write(
                refOf(size, 100 + i),
                leaf,
                pattern(size, i).subarray(at, at + 8 * LEAF_BYTES),
              );
            }),
          );
        }
        for (let i = 0; i < count; i++) {
          sameBytes(await blobs.read(refOf(size, 100 + i), 0, size), pattern(size, i), `blob ${i}`);
        }
        same((await blobs.list()).filter((item) => item.complete).length, count, 'all complete');
      });
    },
  },
  {
    name: 'a removed blob is gone, whole or partial, and can come again',
    async run(place) {
      const whole = refOf(200 * KIB, 6);
      const part = refOf(200 * KIB, 7);
      const large = refOf(2000 * KIB, 8);
      await withStore(place, async ({ blobs }) => {
        await blobs.put(whole, pattern(whole.size));
        await blobs.write(part, 2, pattern(LEAF_BYTES));
        await blobs.write(large, 2, pattern(LEAF_BYTES));
        for (const ref of [whole, part, large, refOf(77, 9)]) await blobs.remove(ref);
        same(await blobs.list(), [], 'nothing listed');
        await rejects(blobs.read(whole, 0, 1), 'not-found', 'nothing to read');
        same(await blobs.held(part), undefined, 'nothing held');
        await blobs.put(whole, pattern(whole.size, 2));
        sameBytes(await blobs.read(whole, 0, whole.size), pattern(whole.size, 2), 'the new bytes');
      });
      await withStore(place, async ({ blobs }) => {
        same(await blobs.list(), [{ ref: whole, complete: true }], 'after reopening');
      });
    },
  },
  {
    name: 'putting a whole blob replaces what had arrived of it',
    async run(place) {
      for (const size of [100 * KIB, 2000 * KIB]) {
        const ref = refOf(size, 10);
        await withStore(place, async ({ blobs }) => {
          await blobs.write(ref, 1, pattern(size).subarray(LEAF_BYTES, 2 * LEAF_BYTES));
          await blobs.put(ref, pattern(size));
          sameBytes(await blobs.read(ref, 0, size), pattern(size), 'whole');
          same((await blobs.list()).filter((item) => item.ref.root === ref.root).length, 1, 'listed once');
        });
        await withStore(place, async ({ blobs }) => {
          sameBytes(await blobs.read(ref, 0, size), pattern(size), 'whole after reopening');
        });
      }
    },
  },
];

const generalCases: ContractCase[] = [
  {
    name: 'what is handed in and what is handed out is the caller’s own',
    async run(place) {
      await withStore(place, async ({ logs, state, blobs }) => {
        const bytes = pattern(LEAF_BYTES);
        const ref = refOf(LEAF_BYTES * 2, 11);
        await logs.append('l', [bytes], 'relaxed');
        await state.put('k', bytes, 'relaxed');
        await blobs.write(ref, 0, bytes);
        bytes.fill(0);
        const expected = pattern(LEAF_BYTES);
        for (let i = 0; i < 2; i++) {
          const [record] = await logs.read('l', 0, 1, 1e9);
          const value = await state.get('k');
          const leaf = await blobs.read(ref, 0, LEAF_BYTES);
          sameBytes(record, expected, 'record');
          sameBytes(value, expected, 'value');
          sameBytes(leaf, expected, 'leaf');
          for (const out of [record, value, leaf]) out?.fill(1);
        }
      });
    },
  },
  {
    name: 'a view into a larger buffer is kept as the view alone',
    async run(place) {
      await withStore(place, async ({ logs, state, blobs }) => {
        const view = pattern(3 * LEAF_BYTES).subarray(LEAF_BYTES, 2 * LEAF_BYTES);
        const ref = refOf(LEAF_BYTES, 12);
        await logs.append('l', [view], 'strict');
        await state.put('k', view, 'strict');
        await blobs.put(ref, view);
        sameBytes((await logs.read('l', 0, 1, 1e9))[0], view, 'record');
        sameBytes(await state.get('k'), view, 'value');
        sameBytes(await blobs.read(ref, 0, LEAF_BYTES), view, 'blob');
      });
    },
  },
  {
    name: 'arguments that make no sense reject with RangeError and change nothing',
    async run(place) {
      await withStore(place, async ({ logs, state, blobs }) => {
        for (const name of ['', '/', 'a/', '/a', 'a//b', 'A', 'ä', '..', 'a/../b', 'a~b', 'x'.repeat(201)]) {
          await rejects(logs.append(name, [utf8('x')], 'relaxed'), RangeError, `log name “${name}”`);
          await rejects(state.put(name, utf8('x'), 'relaxed'), RangeError, `key “${name}”`);
        }
        await logs.append(`${'x'.repeat(99)}/${'y'.repeat(100)}`, [utf8('x')], 'relaxed');
        await rejects(logs.read('l', -1, 1, 1), RangeError, 'negative index');
        await rejects(logs.read('l', 0, 0.5, 1), RangeError, 'half a record');
        const ref = refOf(LEAF_BYTES * 3 + 5, 13);
        const writes: [number, number][] = [
          [0, 5],
          [0, 0],
          [3, 4],
          [3, 6],
          [4, 5],
          [-1, LEAF_BYTES],
          [0.5, LEAF_BYTES],
          [0, LEAF_BYTES * 4],
          [2, LEAF_BYTES * 2],
        ];
        for (const [leaf, length] of writes) {
          await rejects(
            blobs.write(ref, leaf, pattern(length)),
            RangeError,
            `${length} bytes at leaf ${leaf}`,
          );
        }
        await rejects(blobs.put(ref, pattern(5)), RangeError, 'a whole blob of the wrong size');
        for (const size of [0, -1, 0.5, 2 ** 50]) {
          await rejects(blobs.write(refOf(size, 14), 0, pattern(5)), RangeError, `a blob of ${size} bytes`);
          await rejects(blobs.held(refOf(size, 14)), RangeError, `a blob of ${size} bytes`);
        }
        await rejects(blobs.read(ref, 0, ref.size + 1), RangeError, 'a range beyond the end');
        await rejects(blobs.read(ref, -1, 1), RangeError, 'a range before the beginning');
        same(await blobs.list(), [], 'no blob came of it');
        same(await state.keys(''), [], 'no value came of it');
        same((await logs.list()).size, 1, 'no log came of it');
      });
    },
  },
  {
    name: 'one owner at a time: a second open rejects with store-locked until the first closes',
    async run(place) {
      const first = await place.open();
      await rejects(place.open(), 'store-locked', 'a second owner');
      await first.state.put('k', utf8('1'), 'strict');
      await first.close();
      await withStore(place, async ({ state }) =>
        same(await state.get('k'), utf8('1'), 'the next owner reads it'),
      );
    },
  },
  {
    name: 'close waits for what is under way; later calls reject with closed',
    async run(place) {
      const store = await place.open();
      const underWay = [
        store.logs.append('l', [utf8('1')], 'relaxed'),
        store.state.put('k', utf8('2'), 'relaxed'),
        store.blobs.put(refOf(5, 15), pattern(5)),
      ];
      await Promise.all([store.close(), store.close(), ...underWay]);
      await rejects(store.logs.list(), 'closed', 'logs');
      await rejects(store.logs.append('l', [utf8('1')], 'strict'), 'closed', 'append');
      await rejects(store.state.get('k'), 'closed', 'state');
      await rejects(store.blobs.put(refOf(5, 15), pattern(5)), 'closed', 'blobs');
      await rejects(store.usage(), 'closed', 'usage');
      await withStore(place, async ({ logs, state, blobs }) => {
        same([...(await logs.list())], [['l', 1]], 'append under way');
        same(await state.get('k'), utf8('2'), 'put under way');
        sameBytes(await blobs.read(refOf(5, 15), 0, 5), pattern(5), 'blob under way');
      });
    },
  },
  {
    name: 'usage counts what is kept',
    async run(place) {
      await withStore(place, async ({ logs, state, blobs, usage }) => {
        const before = (await usage()).usedBytes;
        await logs.append('l', [pattern(10_000)], 'strict');
        await state.put('k', pattern(10_000), 'strict');
        await blobs.put(refOf(600 * KIB, 16), pattern(600 * KIB));
        const { usedBytes, freeBytes } = await usage();
        const grown = usedBytes - before;
        check(grown >= 600 * KIB && grown < 2000 * KIB, `usage grew by ${grown} for 630,000 bytes`);
        check(freeBytes === null || freeBytes > 0, 'free bytes are told or null');
      });
    },
  },
];

/** Every promise of the port, in an order that puts the simple ones first. */
export const STORE_CONTRACT: readonly ContractCase[] = [
  ...logCases,
  ...stateCases,
  ...blobCases,
  ...generalCases,
];
