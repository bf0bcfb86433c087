/** The store in memory, for tests and the simulator, on a {@link MemoryDisk} that can crash and be opened again. */
import { LeafMap } from '../blob/leaf-map.ts';
import { LEAF_BYTES } from '../blob/merkle.ts';
import { asBytes, type Bytes } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import { type BlobRef, blobKey } from '../core/ids.ts';
import { SYNC_EVERY_BYTES } from './blob-keeper.ts';
import { guardStore } from './guarded-store.ts';
import { MemoryDisk } from './memory-disk.ts';
import type { BlobStore, HeldLeaves, LogStore, StateStore, Store, StoreName } from './port.ts';

export { MemoryDisk, type MemoryDiskOptions } from './memory-disk.ts';

/** A store on `disk`, by default a new one. @throws WaystationError `store-locked` while another is open on it. */
export function createMemoryStore(disk: MemoryDisk = new MemoryDisk()): Store {
  const owner = {};
  disk.lock(owner);
  const alive = () => {
    if (!disk.isOwner(owner))
      throw new WaystationError('closed', 'the store went away in a simulated crash; open it again');
    return disk;
  };
  return guardStore({
    logs: memoryLogs(alive),
    state: memoryState(alive),
    blobs: memoryBlobs(alive),
    recovered: [],
    async usage() {
      const { usedBytes, freeBytes } = alive();
      return { usedBytes, freeBytes };
    },
    async close() {
      if (!disk.isOwner(owner)) return;
      for (const partial of disk.partials.values()) partial.synced = partial.map.toBytes();
      for (const log of disk.logs.values()) log.durable = log.records.length;
      disk.replaced.clear();
      disk.unlock(owner);
    },
  });
}

function copy(bytes: Uint8Array): Bytes {
  return asBytes(bytes.slice());
}

function memoryLogs(alive: () => MemoryDisk): LogStore {
  return {
    async list() {
      const counts = new Map<StoreName, number>();
      for (const [name, { records }] of alive().logs)
        if (records.length > 0) counts.set(name, records.length);
      return counts;
    },
    async append(name, records, durability) {
      const disk = alive();
      disk.account(records.reduce((sum, record) => sum + record.length, 0));
      let log = disk.logs.get(name);
      if (log === undefined) {
        log = { records: [], durable: 0 };
        disk.logs.set(name, log);
      }
      for (const record of records) log.records.push(copy(record));
      if (durability === 'strict') log.durable = log.records.length;
    },
    async read(name, from, count, maxBytes) {
      const out: Bytes[] = [];
      let bytes = 0;
      for (const record of alive()
        .logs.get(name)
        ?.records.slice(from, from + count) ?? []) {
        bytes += record.length;
        if (out.length > 0 && bytes > maxBytes) break;
        out.push(copy(record));
      }
      return out;
    },
    async remove(name) {
      const disk = alive();
      for (const record of disk.logs.get(name)?.records ?? []) disk.account(-record.length);
      disk.logs.delete(name);
    },
  };
}

function memoryState(alive: () => MemoryDisk): StateStore {
  return {
    async get(key) {
      const value = alive().values.get(key);
      return value === undefined ? undefined : copy(value);
    },
    async put(key, value, durability) {
      const disk = alive();
      const before = disk.values.get(key);
      disk.account(value.length - (before?.length ?? 0));
      disk.values.set(key, copy(value));
      if (durability === 'strict') disk.replaced.delete(key);
      else disk.replaced.set(key, [...(disk.replaced.get(key) ?? []), before]);
    },
    async delete(key) {
      const disk = alive();
      disk.account(-(disk.values.get(key)?.length ?? 0));
      disk.values.delete(key);
      disk.replaced.delete(key);
    },
    async keys(prefix) {
      return [...alive().values.keys()].filter((key) => key.startsWith(prefix)).sort();
    },
  };
}

function memoryBlobs(alive: () => MemoryDisk): BlobStore {
  function put(disk: MemoryDisk, ref: BlobRef, bytes: Bytes): void {
    disk.partials.delete(blobKey(ref));
    disk.blobs.set(blobKey(ref), { ref, bytes });
  }

  return {
    async list() {
      const disk = alive();
      const all = [...disk.blobs.values()].map(({ ref }) => ({ ref, complete: true }));
      for (const { ref, map } of disk.partials.values()) if (map.held > 0) all.push({ ref, complete: false });
      return all;
    },
    async held(ref): Promise<HeldLeaves | undefined> {
      const disk = alive();
      if (disk.blobs.has(blobKey(ref))) return { complete: true, bits: LeafMap.full(ref.size).toBytes() };
      const map = disk.partials.get(blobKey(ref))?.map;
      return map === undefined || map.held === 0 ? undefined : { complete: false, bits: map.toBytes() };
    },
    async write(ref, firstLeaf, bytes) {
      const disk = alive();
      const key = blobKey(ref);
      if (disk.blobs.has(key)) return true;
      const before = disk.partials.get(key);
      const map = before?.map ?? new LeafMap(ref.size);
      const count = Math.ceil(bytes.length / LEAF_BYTES);
      let fresh = 0;
      for (let leaf = firstLeaf; leaf < firstLeaf + count; leaf++) if (!map.has(leaf)) fresh++;
      // Leaves count as whole ones until the blob is complete, when the short last one is set right.
      const completes = map.held + fresh === map.leaves;
      disk.account(fresh * LEAF_BYTES - (completes ? map.leaves * LEAF_BYTES - ref.size : 0));
      const partial = before ?? {
        ref,
        bytes: new Uint8Array(ref.size),
        map,
        synced: undefined,
        unsyncedBytes: 0,
      };
      disk.partials.set(key, partial);
      partial.bytes.set(bytes, firstLeaf * LEAF_BYTES);
      map.setRange(firstLeaf, count);
      partial.unsyncedBytes += bytes.length;
      if (partial.unsyncedBytes >= SYNC_EVERY_BYTES) {
        partial.synced = map.toBytes();
        partial.unsyncedBytes = 0;
      }
      if (completes) put(disk, ref, partial.bytes);
      return completes;
    },
    async put(ref, bytes) {
      const disk = alive();
      if (disk.blobs.has(blobKey(ref))) return;
      disk.account(bytes.length - (disk.partials.get(blobKey(ref))?.map.held ?? 0) * LEAF_BYTES);
      put(disk, ref, copy(bytes));
    },
    async read(ref, offset, length) {
      const disk = alive();
      const whole = disk.blobs.get(blobKey(ref));
      if (whole !== undefined) return whole.bytes.slice(offset, offset + length);
      const partial = disk.partials.get(blobKey(ref));
      const first = Math.floor(offset / LEAF_BYTES);
      const count = Math.ceil((offset + length) / LEAF_BYTES) - first;
      if (partial === undefined || !partial.map.hasRange(first, count)) {
        throw new WaystationError(
          'not-found',
          `expected to hold bytes ${offset}+${length} of blob ${blobKey(ref)}, but do not`,
        );
      }
      return partial.bytes.slice(offset, offset + length);
    },
    async remove(ref) {
      const disk = alive();
      const partial = disk.partials.get(blobKey(ref));
      disk.account(-(partial?.map.held ?? 0) * LEAF_BYTES - (disk.blobs.get(blobKey(ref))?.ref.size ?? 0));
      disk.partials.delete(blobKey(ref));
      disk.blobs.delete(blobKey(ref));
    },
  };
}
