/**
 * What every adapter has in common at its surface: arguments are checked before anything is touched, calls after `close`
 * reject with `closed`, and `close` waits for what is under way. Adapters implement {@link StoreParts} and may rely on it.
 */
import { LEAF_BYTES, leafCount } from '../blob/merkle.ts';
import { WaystationError } from '../core/errors.ts';
import type { BlobRef } from '../core/ids.ts';
import type { BlobStore, LogStore, Recovery, StateStore, Store, StoreUsage } from './port.ts';
import { checkStoreName } from './store-names.ts';

/** Largest record or value, 16 MiB: entries are a thousandth of it, and opening a log may have to hold one in memory. */
export const MAX_RECORD_BYTES = 2 ** 24;

export interface StoreParts {
  readonly logs: LogStore;
  readonly state: StateStore;
  readonly blobs: BlobStore;
  readonly recovered: readonly Recovery[];
  usage(): Promise<StoreUsage>;
  /** Called once, when nothing else is under way. */
  close(): Promise<void>;
}

/** The store that callers see. */
export function guardStore(parts: StoreParts): Store {
  const underWay = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;

  async function enter<T>(task: () => Promise<T>): Promise<T> {
    if (closing !== undefined) throw new WaystationError('closed', 'the store was closed; open it again');
    const result = task();
    underWay.add(result);
    try {
      return await result;
    } finally {
      underWay.delete(result);
    }
  }

  async function shutDown(): Promise<void> {
    await Promise.allSettled(underWay);
    await parts.close();
  }

  const { logs, state, blobs } = parts;
  return {
    recovered: parts.recovered,
    logs: {
      list: () => enter(() => logs.list()),
      append: (log, records, durability) =>
        enter(async () => {
          checkStoreName(log);
          for (const record of records) checkRecord(record);
          if (records.length > 0) await logs.append(log, records, durability);
        }),
      read: (log, from, count, maxBytes) =>
        enter(async () => {
          checkStoreName(log);
          checkNatural('first record', from);
          checkNatural('number of records', count);
          return count === 0 ? [] : await logs.read(log, from, count, maxBytes);
        }),
      remove: (log) =>
        enter(async () => {
          checkStoreName(log);
          await logs.remove(log);
        }),
    },
    state: {
      get: (key) =>
        enter(async () => {
          checkStoreName(key);
          return await state.get(key);
        }),
      put: (key, value, durability) =>
        enter(async () => {
          checkStoreName(key);
          checkRecord(value);
          await state.put(key, value, durability);
        }),
      delete: (key) =>
        enter(async () => {
          checkStoreName(key);
          await state.delete(key);
        }),
      keys: (prefix) => enter(() => state.keys(prefix)),
    },
    blobs: {
      list: () => enter(() => blobs.list()),
      held: (ref) =>
        enter(async () => {
          leafCount(ref.size);
          return await blobs.held(ref);
        }),
      write: (ref, firstLeaf, bytes) =>
        enter(async () => {
          checkLeafWrite(ref, firstLeaf, bytes.length);
          return await blobs.write(ref, firstLeaf, bytes);
        }),
      put: (ref, bytes) =>
        enter(async () => {
          leafCount(ref.size);
          if (bytes.length !== ref.size) {
            throw new RangeError(`expected the ${ref.size} bytes of a whole blob, got ${bytes.length}`);
          }
          await blobs.put(ref, bytes);
        }),
      read: (ref, offset, length) =>
        enter(async () => {
          leafCount(ref.size);
          checkNatural('offset', offset);
          checkNatural('length', length);
          if (offset + length > ref.size) {
            throw new RangeError(`expected a range inside ${ref.size} bytes, got ${offset}+${length}`);
          }
          return length === 0 ? new Uint8Array(0) : await blobs.read(ref, offset, length);
        }),
      remove: (ref) =>
        enter(async () => {
          leafCount(ref.size);
          await blobs.remove(ref);
        }),
    },
    usage: () => enter(() => parts.usage()),
    close() {
      closing ??= shutDown();
      return closing;
    },
  };
}

function checkRecord(record: Uint8Array): void {
  if (record.length > MAX_RECORD_BYTES) {
    throw new RangeError(`expected at most ${MAX_RECORD_BYTES} bytes in one record, got ${record.length}`);
  }
}

function checkNatural(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`expected a ${what} of 0 or more, got ${value}`);
}

/** Whole leaves inside the blob; only the blob's last one may be short. */
function checkLeafWrite(ref: BlobRef, firstLeaf: number, bytes: number): void {
  const leaves = leafCount(ref.size);
  checkNatural('first leaf', firstLeaf);
  const end = firstLeaf * LEAF_BYTES + bytes;
  if (bytes === 0 || firstLeaf >= leaves || end > ref.size || (end < ref.size && end % LEAF_BYTES !== 0)) {
    throw new RangeError(
      `expected whole leaves of ${LEAF_BYTES} bytes inside a blob of ${ref.size}, got ${bytes} bytes at leaf ${firstLeaf}`,
    );
  }
}
