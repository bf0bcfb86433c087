/**
 * Which 16 KiB leaves of one blob are held: one bit per leaf, leaf 0 in bit 0 of byte 0, as in the store's port.
 * Invariant: bits beyond the last leaf are zero, and {@link LeafMap.held} counts the ones.
 */
import type { Bytes } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import { CHUNK_LEAVES, leafCount } from './merkle.ts';

export class LeafMap {
  /** Leaves of the blob. */
  readonly leaves: number;
  readonly #bits: Bytes;
  #held = 0;

  /** An empty map. @param size of the blob in bytes. @throws RangeError on a size that no blob has. */
  constructor(size: number) {
    this.leaves = leafCount(size);
    this.#bits = new Uint8Array(Math.ceil(this.leaves / 8));
  }

  /** The map of a blob that is held whole. */
  static full(size: number): LeafMap {
    const map = new LeafMap(size);
    map.setRange(0, map.leaves);
    return map;
  }

  /** Reads {@link toBytes}. @throws WaystationError `malformed` on a wrong length or a bit beyond the last leaf. */
  static fromBytes(size: number, bytes: Uint8Array): LeafMap {
    const map = new LeafMap(size);
    if (bytes.length !== map.#bits.length) {
      throw new WaystationError(
        'malformed',
        `expected a leaf map of ${map.#bits.length} bytes, got ${bytes.length}`,
      );
    }
    const used = map.leaves % 8;
    if (used !== 0 && (bytes[bytes.length - 1] as number) >> used !== 0) {
      throw new WaystationError('malformed', `expected no bit beyond leaf ${map.leaves - 1} in a leaf map`);
    }
    map.#bits.set(bytes);
    for (let leaf = 0; leaf < map.leaves; leaf++) if (map.has(leaf)) map.#held++;
    return map;
  }

  /** Leaves held. */
  get held(): number {
    return this.#held;
  }

  get complete(): boolean {
    return this.#held === this.leaves;
  }

  has(leaf: number): boolean {
    return ((this.#bits[leaf >> 3] ?? 0) & (1 << (leaf & 7))) !== 0;
  }

  /** True when all of [firstLeaf, firstLeaf + count) is held. */
  hasRange(firstLeaf: number, count: number): boolean {
    for (let leaf = firstLeaf; leaf < firstLeaf + count; leaf++) if (!this.has(leaf)) return false;
    return true;
  }

  /** Marks [firstLeaf, firstLeaf + count) as held; the result says how many were not before. @throws RangeError. */
  setRange(firstLeaf: number, count: number): number {
    return this.#change(firstLeaf, count, true);
  }

  /** Marks [firstLeaf, firstLeaf + count) as missing; the result says how many were held. @throws RangeError. */
  clearRange(firstLeaf: number, count: number): number {
    return this.#change(firstLeaf, count, false);
  }

  #change(firstLeaf: number, count: number, held: boolean): number {
    if (!Number.isSafeInteger(firstLeaf) || firstLeaf < 0 || count < 0 || firstLeaf + count > this.leaves) {
      throw new RangeError(`expected leaves inside 0 to ${this.leaves - 1}, got ${firstLeaf}+${count}`);
    }
    let changed = 0;
    for (let leaf = firstLeaf; leaf < firstLeaf + count; leaf++) {
      if (this.has(leaf) === held) continue;
      this.#bits[leaf >> 3] = (this.#bits[leaf >> 3] as number) ^ (1 << (leaf & 7));
      changed++;
    }
    this.#held += held ? changed : -changed;
    return changed;
  }

  /** Transfer chunks (of {@link CHUNK_LEAVES} leaves) of which at least one leaf is missing, in order. */
  *missingChunks(): IterableIterator<number> {
    for (let leaf = 0; leaf < this.leaves; leaf += CHUNK_LEAVES) {
      if (!this.hasRange(leaf, Math.min(CHUNK_LEAVES, this.leaves - leaf))) yield leaf / CHUNK_LEAVES;
    }
  }

  /** Maximal runs of held leaves, in order, as [first leaf, number of leaves]. */
  *heldRuns(): IterableIterator<readonly [firstLeaf: number, count: number]> {
    for (let leaf = 0; leaf < this.leaves; ) {
      if (!this.has(leaf)) {
        leaf++;
        continue;
      }
      const first = leaf;
      while (leaf < this.leaves && this.has(leaf)) leaf++;
      yield [first, leaf - first];
    }
  }

  /** A copy of the bits. */
  toBytes(): Bytes {
    return this.#bits.slice();
  }
}
