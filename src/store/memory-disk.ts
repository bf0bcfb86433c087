/**
 * What a store in memory is kept on. It outlives the stores opened on it, so a simulated crash can take what was not yet durable
 * and a new store can be opened on the rest.
 *
 * What each crash takes: `process` loses what is still being written (partial blobs since their last sync); `power` also loses
 * relaxed writes not followed by a strict one to the same log or key, of which the disk's plan may keep some.
 */
import { LeafMap } from '../blob/leaf-map.ts';
import { LEAF_BYTES } from '../blob/merkle.ts';
import type { Bytes } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import type { BlobRef } from '../core/ids.ts';
import type { StoreName } from './port.ts';

export interface MemoryDiskOptions {
  /** Bytes that fit; a write beyond rejects with `store-full`. Unbounded by default. */
  readonly quotaBytes?: number;
  /** How many of `unsynced` relaxed writes of one log (oldest first) or key survive a power cut; none by default. */
  readonly survivors?: (unsynced: number) => number;
}

export interface MemoryLog {
  readonly records: Bytes[];
  /** Records that survive a power cut. */
  durable: number;
}

export interface MemoryPartial {
  readonly ref: BlobRef;
  readonly bytes: Bytes;
  map: LeafMap;
  /** The map as a crash would find it. */
  synced: Bytes | undefined;
  unsyncedBytes: number;
}

/** What a crash leaves: everything a {@link createMemoryStore} keeps. */
export class MemoryDisk {
  readonly logs = new Map<StoreName, MemoryLog>();
  readonly values = new Map<StoreName, Bytes>();
  /** Per key, what its relaxed writes replaced, oldest first; the last value is in `values`. */
  readonly replaced = new Map<StoreName, (Bytes | undefined)[]>();
  readonly blobs = new Map<string, { readonly ref: BlobRef; readonly bytes: Bytes }>();
  readonly partials = new Map<string, MemoryPartial>();
  #quotaBytes: number;
  readonly #survivors: (unsynced: number) => number;
  #usedBytes = 0;
  #owner: object | undefined;

  constructor(options: MemoryDiskOptions = {}) {
    this.#quotaBytes = options.quotaBytes ?? Number.POSITIVE_INFINITY;
    this.#survivors = options.survivors ?? (() => 0);
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get freeBytes(): number | null {
    return Number.isFinite(this.#quotaBytes) ? Math.max(0, this.#quotaBytes - this.#usedBytes) : null;
  }

  /** Makes the disk larger or smaller; what is there stays. */
  setQuota(quotaBytes: number): void {
    this.#quotaBytes = quotaBytes;
  }

  /** @throws WaystationError `store-full` when `bytes` more (or fewer, when negative) do not fit; otherwise counts them. */
  account(bytes: number): void {
    if (bytes > 0 && this.#usedBytes + bytes > this.#quotaBytes) {
      throw new WaystationError(
        'store-full',
        `no room for ${bytes} more bytes in ${this.#quotaBytes}: free space or raise the quota`,
      );
    }
    this.#usedBytes += bytes;
  }

  /** @throws WaystationError `store-locked` while another store is open on this disk. */
  lock(owner: object): void {
    if (this.#owner !== undefined) {
      throw new WaystationError(
        'store-locked',
        'expected a disk that nobody has open; close the other store first',
      );
    }
    this.#owner = owner;
  }

  isOwner(owner: object): boolean {
    return this.#owner === owner;
  }

  unlock(owner: object): void {
    if (this.#owner === owner) this.#owner = undefined;
  }

  /** Ends the store that is open, as a kill (`process`) or a power cut (`power`) would; its later calls reject. */
  crash(kind: 'process' | 'power'): void {
    this.#owner = undefined;
    for (const [key, partial] of this.partials) {
      const before = partial.map.held;
      partial.map =
        partial.synced === undefined
          ? new LeafMap(partial.ref.size)
          : LeafMap.fromBytes(partial.ref.size, partial.synced);
      this.#usedBytes -= (before - partial.map.held) * LEAF_BYTES;
      if (partial.map.held === 0) this.partials.delete(key);
    }
    if (kind === 'process') return;
    for (const log of this.logs.values()) {
      const keep = log.durable + this.#surviving(log.records.length - log.durable);
      for (const record of log.records.splice(keep)) this.#usedBytes -= record.length;
      log.durable = keep;
    }
    for (const [key, versions] of this.replaced) {
      const kept = this.#surviving(versions.length);
      if (kept === versions.length) continue;
      const value = versions[kept];
      this.#usedBytes += (value?.length ?? 0) - (this.values.get(key)?.length ?? 0);
      if (value === undefined) this.values.delete(key);
      else this.values.set(key, value);
    }
    this.replaced.clear();
  }

  #surviving(unsynced: number): number {
    return Math.min(unsynced, Math.max(0, Math.floor(this.#survivors(unsynced))));
  }
}
