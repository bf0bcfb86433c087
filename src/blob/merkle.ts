/**
 * The hash tree that names a blob: BitTorrent v2 `pieces root` (BEP 52). Leaves are 16 KiB of data, the last one may be
 * shorter; a leaf's hash is SHA-256 of its data, an inner node's SHA-256(left ‖ right), and the tree is filled to the next
 * power of two with hashes of 32 zero bytes. A blob of one leaf has that leaf's hash as its root.
 *
 * Invariants:
 * - Leaf and inner hashes share no prefix, so a root means something only together with the size ({@link BlobRef}): the
 *   size fixes the number of leaves, hence the depth, hence the exact length of every proof.
 * - An uncle that lies wholly beyond the blob's end must be the hash of padding; a proof that claims data there is refused.
 * - Hashes of leaves come from outside, because bulk digesting is the platform's work. Whoever hashed them answers for the
 *   *lengths*: within one leaf count the size is told only by the length of the last leaf ({@link rangeBytes}).
 */
import { type Bytes, equalBytes } from '../core/bytes.ts';
import { sha256 } from '../core/hash.ts';
import { type BlobRef, idBytes } from '../core/ids.ts';

/** Bytes of a leaf; BEP 52 fixes it. */
export const LEAF_BYTES = 16_384;
/** Leaves of one transfer chunk: 128 KiB, half the largest message that a DataChannel takes (262,144 bytes). */
export const CHUNK_LEAVES = 8;
/** Largest blob, 16 GiB: a year of hours fits many times over, and its leaf map and sums stay below 5 MiB. */
export const MAX_BLOB_BYTES = 2 ** 34;
/** Bytes of a hash in the tree. */
export const HASH_BYTES = 32;

/** Number of 16 KiB leaves of a blob of `size` bytes. @throws RangeError unless 1 ≤ size ≤ {@link MAX_BLOB_BYTES}. */
export function leafCount(size: number): number {
  if (!Number.isSafeInteger(size) || size < 1 || size > MAX_BLOB_BYTES) {
    throw new RangeError(`expected a blob size from 1 to ${MAX_BLOB_BYTES} bytes, got ${size}`);
  }
  return Math.ceil(size / LEAF_BYTES);
}

/** Number of 128 KiB transfer chunks of a blob of `size` bytes. @throws RangeError on a size out of bounds. */
export function chunkCount(size: number): number {
  return Math.ceil(leafCount(size) / CHUNK_LEAVES);
}

/** Bytes in the leaves [firstLeaf, firstLeaf + count) that lie inside a blob of `size` bytes. */
export function rangeBytes(size: number, firstLeaf: number, count: number): number {
  return Math.max(0, Math.min(size, (firstLeaf + count) * LEAF_BYTES) - firstLeaf * LEAF_BYTES);
}

/** Bytes of transfer chunk `chunk`; 0 beyond the end. */
export function chunkBytes(size: number, chunk: number): number {
  return rangeBytes(size, chunk * CHUNK_LEAVES, CHUNK_LEAVES);
}

/** Leaves that one chunk spans in the tree, padding included: {@link CHUNK_LEAVES}, or the whole tree when that is smaller. */
export function chunkRangeLeaves(size: number): number {
  return Math.min(CHUNK_LEAVES, treeWidth(leafCount(size)));
}

/** Where transfer chunk `chunk` lies: its first leaf, the leaves really there, and the leaves it spans in the tree. */
export interface ChunkLeaves {
  readonly firstLeaf: number;
  readonly leaves: number;
  readonly rangeLeaves: number;
}

/** @throws RangeError when the blob has no such chunk. */
export function chunkLeaves(ref: BlobRef, chunk: number): ChunkLeaves {
  const chunks = chunkCount(ref.size);
  if (!Number.isSafeInteger(chunk) || chunk < 0 || chunk >= chunks) {
    throw new RangeError(`expected a chunk from 0 to ${chunks - 1}, got ${chunk}`);
  }
  const firstLeaf = chunk * CHUNK_LEAVES;
  return {
    firstLeaf,
    leaves: Math.min(CHUNK_LEAVES, leafCount(ref.size) - firstLeaf),
    rangeLeaves: chunkRangeLeaves(ref.size),
  };
}

/** Views of `bytes` leaf by leaf, 16 KiB each, the last one may be shorter. */
export function splitLeaves(bytes: Uint8Array): Uint8Array[] {
  const leaves: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += LEAF_BYTES) leaves.push(bytes.subarray(at, at + LEAF_BYTES));
  return leaves;
}

/** Leaves of the full tree: the power of two at or above `leaves`. */
function treeWidth(leaves: number): number {
  let width = 1;
  while (width < leaves) width *= 2;
  return width;
}

const PADDING: Bytes[] = [new Uint8Array(HASH_BYTES)];

/** Hash of a subtree of 2^level padding leaves. */
function paddingHash(level: number): Bytes {
  for (let have = PADDING.length; have <= level; have++) {
    const below = PADDING[have - 1] as Bytes;
    PADDING.push(sha256(below, below));
  }
  return PADDING[level] as Bytes;
}

/** One layer up; a missing right neighbour is padding of `level`. */
function parents(layer: readonly Uint8Array[], level: number): Bytes[] {
  const above: Bytes[] = [];
  for (let i = 0; i < layer.length; i += 2) {
    above.push(sha256(layer[i] as Uint8Array, layer[i + 1] ?? paddingHash(level)));
  }
  return above;
}

/** A blob's whole tree in memory, without its padding: about 64 bytes per leaf. */
export class MerkleTree {
  readonly root: Bytes;
  readonly leafCount: number;
  readonly #layers: readonly (readonly Uint8Array[])[];

  /** @throws RangeError when there is no leaf or one is not 32 bytes long. */
  constructor(leafHashes: readonly Uint8Array[]) {
    if (leafHashes.length === 0 || leafHashes.some((hash) => hash.length !== HASH_BYTES)) {
      throw new RangeError(`expected one or more leaf hashes of ${HASH_BYTES} bytes`);
    }
    let layer: readonly Uint8Array[] = leafHashes;
    const layers = [layer];
    while (layer.length > 1) {
      layer = parents(layer, layers.length - 1);
      layers.push(layer);
    }
    this.#layers = layers;
    this.leafCount = leafHashes.length;
    this.root = (layer[0] as Uint8Array).slice() as Bytes;
  }

  /**
   * The uncle hashes, bottom up, that tie leaves [firstLeaf, firstLeaf + count) to the root; `count` is a power of two and
   * the range aligned to it, and only its beginning has to lie inside the blob.
   * @throws RangeError on any other range.
   */
  proof(firstLeaf: number, count: number): Bytes[] {
    if (!isRange(this.leafCount, firstLeaf, count)) {
      throw new RangeError(
        `expected an aligned power-of-two range inside ${this.leafCount} leaves, got ${firstLeaf}+${count}`,
      );
    }
    const uncles: Bytes[] = [];
    const top = this.#layers.length - 1;
    for (
      let level = Math.log2(count), at = firstLeaf / count;
      level < top;
      level++, at = Math.floor(at / 2)
    ) {
      const layer = this.#layers[level] as readonly Uint8Array[];
      uncles.push((layer[at ^ 1] ?? paddingHash(level)) as Bytes);
    }
    return uncles;
  }
}

/** Builds all layers of a blob's tree once. @throws RangeError when there is no leaf or one is not 32 bytes long. */
export function merkleTree(leafHashes: readonly Uint8Array[]): MerkleTree {
  return new MerkleTree(leafHashes);
}

/** The root over `leafHashes`. @throws RangeError when there is no leaf or one is not 32 bytes long. */
export function merkleRoot(leafHashes: readonly Uint8Array[]): Bytes {
  return new MerkleTree(leafHashes).root;
}

/** True when `count` is a power of two inside the tree and [firstLeaf, +count) is aligned and begins inside the blob. */
function isRange(leaves: number, firstLeaf: number, count: number): boolean {
  if (!Number.isSafeInteger(firstLeaf) || !Number.isSafeInteger(count)) return false;
  if (count < 1 || count > treeWidth(leaves) || !Number.isInteger(Math.log2(count))) return false;
  return firstLeaf >= 0 && firstLeaf < leaves && firstLeaf % count === 0;
}

/**
 * True when `leafHashes` are the hashes of the leaves really present in [firstLeaf, firstLeaf + rangeLeaves) of the blob
 * `ref` and `proof` (uncles bottom up) leads from them to its root. Never throws on a peer's input.
 * @param rangeLeaves power of two; by default the range of a transfer chunk.
 */
export function verifyRange(
  ref: BlobRef,
  firstLeaf: number,
  leafHashes: readonly Uint8Array[],
  proof: readonly Uint8Array[],
  rangeLeaves?: number,
): boolean {
  if (!Number.isSafeInteger(ref.size) || ref.size < 1 || ref.size > MAX_BLOB_BYTES) return false;
  const leaves = leafCount(ref.size);
  const count = rangeLeaves ?? chunkRangeLeaves(ref.size);
  if (!isRange(leaves, firstLeaf, count)) return false;
  if (leafHashes.length !== Math.min(count, leaves - firstLeaf)) return false;
  const rangeLevel = Math.log2(count);
  if (proof.length !== Math.log2(treeWidth(leaves)) - rangeLevel) return false;
  if ([...leafHashes, ...proof].some((hash) => hash.length !== HASH_BYTES)) return false;

  let layer: readonly Uint8Array[] = leafHashes;
  for (let level = 0; level < rangeLevel; level++) layer = parents(layer, level);
  let hash = layer[0] as Uint8Array;
  let at = firstLeaf / count;
  for (const [i, uncle] of proof.entries()) {
    const level = rangeLevel + i;
    const beyondEnd = (at ^ 1) * 2 ** level >= leaves;
    if (beyondEnd && !equalBytes(uncle, paddingHash(level))) return false;
    hash = at % 2 === 0 ? sha256(hash, uncle) : sha256(uncle, hash);
    at = Math.floor(at / 2);
  }
  return equalBytes(hash, idBytes(ref.root));
}
