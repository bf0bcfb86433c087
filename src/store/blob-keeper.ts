/**
 * The blob store of every persistent adapter: what is held, when it becomes durable, and whether it may be trusted. Bytes go
 * to a {@link BlobMedium}.
 *
 * Invariants:
 * - A leaf of a partial blob counts after a crash only if its bytes were synced before the map that names it.
 * - Small blobs are collected in memory and written once, when they are complete; large ones are written as they come and
 *   synced every {@link SYNC_EVERY_BYTES}. Nothing is synced per piece.
 * - Every leaf read is checked against the CRC-32 taken when it was written. A damaged leaf rejects with `corrupt` and counts
 *   as missing from then on, so it will be fetched again; the leaves around it stay.
 */
import { LeafMap } from '../blob/leaf-map.ts';
import { LEAF_BYTES, leafCount, rangeBytes } from '../blob/merkle.ts';
import type { Bytes } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import { type BlobRef, blobKey } from '../core/ids.ts';
import type { BlobMedium } from './blob-medium.ts';
import { BufferPool } from './buffer-pool.ts';
import { KeyQueue } from './key-queue.ts';
import type { BlobStore, HeldLeaves, Recovery } from './port.ts';

/** Blobs up to this size are collected in memory: hours are smaller, clips mostly larger. */
export const BUFFERED_BLOB_BYTES = 2 ** 20;
/** All such buffers together; beyond it the one waiting longest goes to the medium. */
export const MAX_BUFFERED_BYTES = 2 ** 24;
/** Unsynced bytes of a large blob: what a crash may cost in refetching, against the price of a sync. */
export const SYNC_EVERY_BYTES = 2 ** 23;
/** Tables of sums kept at hand; a blob being served is read again and again. */
const MAX_CACHED_SUMS = 64;

type Checksum = (bytes: Uint8Array) => number;

interface Partial {
  readonly ref: BlobRef;
  readonly map: LeafMap;
  readonly sums: Uint32Array;
  /** The bytes so far, as long as nothing of it was written. */
  buffer: Bytes | undefined;
  unsyncedBytes: number;
}

export class BlobKeeper implements BlobStore {
  readonly #medium: BlobMedium;
  readonly #checksum: Checksum;
  readonly #complete = new Map<string, BlobRef>();
  /** In order of their last write, so that the first buffered one has waited longest. */
  readonly #partial = new Map<string, Partial>();
  readonly #queue = new KeyQueue();
  readonly #sums = new Map<string, Uint32Array>();
  readonly #buffers = new BufferPool(BUFFERED_BLOB_BYTES, MAX_BUFFERED_BYTES);
  #completeBytes = 0;

  private constructor(medium: BlobMedium, checksum: Checksum) {
    this.#medium = medium;
    this.#checksum = checksum;
  }

  /** Loads what the medium holds. */
  static async open(
    medium: BlobMedium,
    checksum: Checksum,
  ): Promise<{ readonly keeper: BlobKeeper; readonly recovered: readonly Recovery[] }> {
    const keeper = new BlobKeeper(medium, checksum);
    const { complete, partial, recovered } = await medium.load();
    for (const ref of complete) keeper.#noteComplete(ref);
    for (const { ref, bits, sums } of partial) {
      const map = LeafMap.fromBytes(ref.size, bits);
      keeper.#partial.set(blobKey(ref), { ref, map, sums, buffer: undefined, unsyncedBytes: 0 });
    }
    return { keeper, recovered };
  }

  /** Bytes held, complete and partial. */
  get usedBytes(): number {
    let bytes = this.#completeBytes;
    for (const { ref, map } of this.#partial.values()) bytes += Math.min(ref.size, map.held * LEAF_BYTES);
    return bytes;
  }

  async list(): Promise<{ readonly ref: BlobRef; readonly complete: boolean }[]> {
    const all = [...this.#complete.values()].map((ref) => ({ ref, complete: true }));
    for (const { ref, map } of this.#partial.values()) if (map.held > 0) all.push({ ref, complete: false });
    return all;
  }

  async held(ref: BlobRef): Promise<HeldLeaves | undefined> {
    const key = blobKey(ref);
    if (this.#complete.has(key)) return { complete: true, bits: LeafMap.full(ref.size).toBytes() };
    const map = this.#partial.get(key)?.map;
    return map === undefined || map.held === 0 ? undefined : { complete: false, bits: map.toBytes() };
  }

  async write(ref: BlobRef, firstLeaf: number, bytes: Uint8Array): Promise<boolean> {
    const key = blobKey(ref);
    if (!this.#partial.has(key) && ref.size <= BUFFERED_BLOB_BYTES) await this.#makeRoom(ref.size);
    return await this.#queue.run(key, async () => {
      if (this.#complete.has(key)) return true;
      const partial = this.#partial.get(key) ?? this.#begin(ref);
      this.#partial.delete(key);
      this.#partial.set(key, partial);
      await this.#take(partial, firstLeaf, bytes);
      return partial.map.complete;
    });
  }

  async put(ref: BlobRef, bytes: Uint8Array): Promise<void> {
    const key = blobKey(ref);
    await this.#queue.run(key, async () => {
      if (this.#complete.has(key)) return;
      await this.#medium.writeWhole(ref, bytes, this.#sumsOf(bytes));
      this.#noteComplete(ref);
    });
  }

  async read(ref: BlobRef, offset: number, length: number): Promise<Bytes> {
    const key = blobKey(ref);
    if (this.#complete.has(key)) {
      const bytes = await this.#readComplete(ref, offset, length);
      if (bytes !== undefined) return bytes;
    }
    return await this.#queue.run(key, () => this.#readPartial(ref, offset, length));
  }

  async remove(ref: BlobRef): Promise<void> {
    const key = blobKey(ref);
    await this.#queue.run(key, async () => {
      const partial = this.#partial.get(key);
      const onlyBuffered = partial?.buffer !== undefined;
      if (partial === undefined && !this.#complete.has(key)) return;
      if (!onlyBuffered) await this.#medium.remove(ref);
      this.#forget(key);
    });
  }

  /** Writes down what is only in memory and closes the medium. @throws the first error, after trying the others. */
  async close(): Promise<void> {
    await this.#queue.idle();
    const failures: unknown[] = [];
    for (const partial of this.#partial.values()) {
      try {
        if (partial.buffer !== undefined) await this.#spill(partial);
        if (partial.unsyncedBytes > 0) await this.#sync(partial);
      } catch (error) {
        failures.push(error);
      }
    }
    await this.#medium.close();
    if (failures.length > 0) throw failures[0];
  }

  #begin(ref: BlobRef): Partial {
    const buffer = this.#buffers.take(ref.size);
    const sums = new Uint32Array(leafCount(ref.size));
    return { ref, map: new LeafMap(ref.size), sums, buffer, unsyncedBytes: 0 };
  }

  /** Keeps verified leaves; after a failure none of them counts as held. */
  async #take(partial: Partial, firstLeaf: number, bytes: Uint8Array): Promise<void> {
    const { ref, map, sums } = partial;
    const count = Math.ceil(bytes.length / LEAF_BYTES);
    const fresh: number[] = [];
    for (let leaf = firstLeaf; leaf < firstLeaf + count; leaf++) if (!map.has(leaf)) fresh.push(leaf);
    if (fresh.length === 0) return;
    const offset = firstLeaf * LEAF_BYTES;
    try {
      if (partial.buffer === undefined) await this.#medium.writePartial(ref, offset, bytes);
      else partial.buffer.set(bytes, offset);
      sums.set(this.#sumsOf(bytes), firstLeaf);
      map.setRange(firstLeaf, count);
      partial.unsyncedBytes += bytes.length;
      if (map.complete) await this.#finish(partial);
      else if (partial.buffer === undefined && partial.unsyncedBytes >= SYNC_EVERY_BYTES)
        await this.#sync(partial);
    } catch (error) {
      for (const leaf of fresh) if (map.has(leaf)) map.clearRange(leaf, 1);
      if (map.held === 0) await this.#abandon(partial);
      throw error;
    }
  }

  /** Gives back the room of a blob whose first leaves could not be kept. */
  async #abandon(partial: Partial): Promise<void> {
    if (partial.buffer === undefined) await this.#medium.remove(partial.ref).catch(() => undefined);
    this.#forget(blobKey(partial.ref));
  }

  async #finish(partial: Partial): Promise<void> {
    const { ref, buffer, sums } = partial;
    if (buffer === undefined) await this.#medium.complete(ref, sums);
    else await this.#medium.writeWhole(ref, buffer, sums);
    this.#noteComplete(ref);
  }

  async #sync(partial: Partial): Promise<void> {
    await this.#medium.syncPartial({ ref: partial.ref, bits: partial.map.toBytes(), sums: partial.sums });
    partial.unsyncedBytes = 0;
  }

  /** Writes a buffered blob out as a partial one. */
  async #spill(partial: Partial): Promise<void> {
    const { ref, map, buffer } = partial;
    if (buffer === undefined) return;
    for (const [firstLeaf, count] of map.heldRuns()) {
      const offset = firstLeaf * LEAF_BYTES;
      const end = offset + rangeBytes(ref.size, firstLeaf, count);
      await this.#medium.writePartial(ref, offset, buffer.subarray(offset, end));
    }
    partial.buffer = undefined;
    this.#buffers.release(buffer);
  }

  /** Spills the buffers that have waited longest until `bytes` more fit. */
  async #makeRoom(bytes: number): Promise<void> {
    while (!this.#buffers.hasRoom(bytes)) {
      const oldest = this.#oldestBuffered();
      if (oldest === undefined) return;
      const key = blobKey(oldest.ref);
      await this.#queue.run(key, async () => {
        if (this.#partial.get(key) === oldest) await this.#spill(oldest);
      });
    }
  }

  #oldestBuffered(): Partial | undefined {
    for (const partial of this.#partial.values()) if (partial.buffer !== undefined) return partial;
    return undefined;
  }

  async #readComplete(ref: BlobRef, offset: number, length: number): Promise<Bytes | undefined> {
    const sums = await this.#sumsFor(ref);
    if (sums === undefined) return undefined;
    const span = leafSpan(ref, offset, length);
    const bytes = await this.#medium.read(ref, true, span.offset, span.length);
    if (bytes === undefined) return undefined;
    const damaged = this.#damagedLeaves(ref, span, bytes, sums);
    if (damaged.length > 0) {
      await this.#queue.run(blobKey(ref), () => this.#demote(ref, damaged, sums));
      throw damageError(ref, damaged);
    }
    return bytes.subarray(offset - span.offset, offset - span.offset + length);
  }

  /** Runs in the blob's queue, where a complete blob cannot become anything else meanwhile. */
  async #readPartial(ref: BlobRef, offset: number, length: number): Promise<Bytes> {
    const key = blobKey(ref);
    if (this.#complete.has(key)) {
      const bytes = await this.#readQueuedComplete(ref, offset, length);
      if (bytes !== undefined) return bytes;
    }
    const partial = this.#partial.get(key);
    const span = leafSpan(ref, offset, length);
    if (partial === undefined || !partial.map.hasRange(span.firstLeaf, span.leaves)) {
      throw new WaystationError(
        'not-found',
        `expected to hold bytes ${offset}+${length} of blob ${key}, but do not`,
      );
    }
    if (partial.buffer !== undefined) return partial.buffer.slice(offset, offset + length);
    const bytes = (await this.#medium.read(ref, false, span.offset, span.length)) ?? new Uint8Array(0);
    const damaged = this.#damagedLeaves(ref, span, bytes, partial.sums);
    if (damaged.length > 0) {
      for (const leaf of damaged) partial.map.clearRange(leaf, 1);
      await this.#sync(partial);
      throw damageError(ref, damaged);
    }
    return bytes.subarray(offset - span.offset, offset - span.offset + length);
  }

  async #readQueuedComplete(ref: BlobRef, offset: number, length: number): Promise<Bytes | undefined> {
    const key = blobKey(ref);
    const sums = await this.#sumsFor(ref);
    if (sums === undefined) {
      await this.#medium.setAside(ref);
      this.#forget(key);
      throw new WaystationError(
        'corrupt',
        `expected the checksums of blob ${key} to be readable, but they are damaged. The blob was set aside and counts as missing`,
      );
    }
    const span = leafSpan(ref, offset, length);
    const bytes = (await this.#medium.read(ref, true, span.offset, span.length)) ?? new Uint8Array(0);
    const damaged = this.#damagedLeaves(ref, span, bytes, sums);
    if (damaged.length > 0) {
      await this.#demote(ref, damaged, sums);
      throw damageError(ref, damaged);
    }
    return bytes.subarray(offset - span.offset, offset - span.offset + length);
  }

  async #demote(ref: BlobRef, damaged: readonly number[], sums: Uint32Array): Promise<void> {
    const key = blobKey(ref);
    if (!this.#complete.has(key)) return;
    const map = LeafMap.full(ref.size);
    for (const leaf of damaged) map.clearRange(leaf, 1);
    await this.#medium.demote({ ref, bits: map.toBytes(), sums });
    this.#forget(key);
    this.#partial.set(key, { ref, map, sums, buffer: undefined, unsyncedBytes: 0 });
  }

  async #sumsFor(ref: BlobRef): Promise<Uint32Array | undefined> {
    const key = blobKey(ref);
    const cached = this.#sums.get(key);
    const sums = cached ?? (await this.#medium.readSums(ref));
    if (sums === undefined) return undefined;
    this.#sums.delete(key);
    this.#sums.set(key, sums);
    for (const oldest of this.#sums.keys()) {
      if (this.#sums.size <= MAX_CACHED_SUMS) break;
      this.#sums.delete(oldest);
    }
    return sums;
  }

  #sumsOf(bytes: Uint8Array): Uint32Array {
    const sums = new Uint32Array(Math.ceil(bytes.length / LEAF_BYTES));
    for (let i = 0; i < sums.length; i++)
      sums[i] = this.#checksum(bytes.subarray(i * LEAF_BYTES, (i + 1) * LEAF_BYTES));
    return sums;
  }

  #damagedLeaves(ref: BlobRef, span: LeafSpan, bytes: Uint8Array, sums: Uint32Array): number[] {
    const damaged: number[] = [];
    for (let i = 0; i < span.leaves; i++) {
      const leaf = span.firstLeaf + i;
      const data = bytes.subarray(i * LEAF_BYTES, (i + 1) * LEAF_BYTES);
      if (data.length !== rangeBytes(ref.size, leaf, 1) || this.#checksum(data) !== sums[leaf])
        damaged.push(leaf);
    }
    return damaged;
  }

  #noteComplete(ref: BlobRef): void {
    const key = blobKey(ref);
    this.#forget(key);
    this.#complete.set(key, ref);
    this.#completeBytes += ref.size;
  }

  #forget(key: string): void {
    const partial = this.#partial.get(key);
    if (partial?.buffer !== undefined) this.#buffers.release(partial.buffer);
    this.#partial.delete(key);
    this.#completeBytes -= this.#complete.get(key)?.size ?? 0;
    this.#complete.delete(key);
    this.#sums.delete(key);
  }
}

interface LeafSpan {
  readonly firstLeaf: number;
  readonly leaves: number;
  readonly offset: number;
  readonly length: number;
}

/** The whole leaves that bytes [offset, offset + length) lie in. */
function leafSpan(ref: BlobRef, offset: number, length: number): LeafSpan {
  const firstLeaf = Math.floor(offset / LEAF_BYTES);
  const leaves = Math.ceil((offset + length) / LEAF_BYTES) - firstLeaf;
  return {
    firstLeaf,
    leaves,
    offset: firstLeaf * LEAF_BYTES,
    length: rangeBytes(ref.size, firstLeaf, leaves),
  };
}

function damageError(ref: BlobRef, damaged: readonly number[]): WaystationError {
  return new WaystationError(
    'corrupt',
    `expected leaf ${damaged.join(', ')} of blob ${blobKey(ref)} to match the checksum it was written with, but the storage ` +
      'returned other bytes. It counts as missing now and will be fetched again; check the health of the disk',
  );
}
