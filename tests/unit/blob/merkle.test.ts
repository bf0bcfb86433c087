import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { computeRef, leafHashes } from '../../../src/blob/digest.ts';
import {
  chunkBytes,
  chunkCount,
  chunkLeaves,
  LEAF_BYTES,
  leafCount,
  MAX_BLOB_BYTES,
  merkleRoot,
  merkleTree,
  rangeBytes,
  splitLeaves,
  verifyRange,
} from '../../../src/blob/merkle.ts';
import { toHex } from '../../../src/core/bytes.ts';
import { type BlobRef, blobRootFrom } from '../../../src/core/ids.ts';
import { blobBytes, nodeCrypto, nodeSha256 } from './node-crypto.ts';

interface Vector {
  readonly size: number;
  readonly root: string;
  readonly leaves: number;
  readonly lastChunk: { readonly firstLeaf: number; readonly rangeLeaves: number; readonly proof: string[] };
  readonly leafZeroProof: string[];
}
const file = readFileSync(new URL('../../vectors/merkle.json', import.meta.url), 'utf8');
const { vectors } = JSON.parse(file) as { vectors: Vector[] };

/** Independent of the code under test: recursion over halves, padding as real leaves. */
function naiveRoot(hashes: readonly Uint8Array[]): Uint8Array {
  let width = 1;
  while (width < hashes.length) width *= 2;
  const node = (at: number, count: number): Uint8Array =>
    count === 1
      ? (hashes[at] ?? new Uint8Array(32))
      : nodeSha256(node(at, count / 2), node(at + count / 2, count / 2));
  return node(0, width);
}

/** A tree over made-up leaf hashes and its reference; the last leaf is taken as full. */
function sample(leaves: number) {
  const hashes = Array.from({ length: leaves }, (_, i) => nodeSha256(Uint8Array.of(i & 255, i >> 8)));
  const tree = merkleTree(hashes);
  const ref: BlobRef = { root: blobRootFrom(tree.root), size: leaves * LEAF_BYTES };
  return { hashes, tree, ref };
}

/** Any aligned power-of-two range of a blob of 1 to 70 leaves. */
const anyRange = fc
  .record({ leaves: fc.integer({ min: 1, max: 70 }), level: fc.nat(7), at: fc.nat(69) })
  .map(({ leaves, level, at }) => {
    let count = 2 ** level;
    while (count / 2 >= leaves) count /= 2;
    const first = Math.floor((at % leaves) / count) * count;
    return { leaves, first, count };
  });

describe('merkle vectors', () => {
  test.each(vectors)(
    'root and proofs of $size bytes are those of the independent computation',
    async (vector) => {
      const bytes = blobBytes(vector.size);
      const hashes = await leafHashes(nodeCrypto, bytes);
      const tree = merkleTree(hashes);
      expect(leafCount(vector.size)).toBe(vector.leaves);
      expect(await computeRef(nodeCrypto, bytes)).toEqual({ root: vector.root, size: vector.size });
      expect(tree.proof(0, 1).map(toHex)).toEqual(vector.leafZeroProof);
      const { firstLeaf, leaves, rangeLeaves } = chunkLeaves(
        { root: blobRootFrom(tree.root), size: vector.size },
        chunkCount(vector.size) - 1,
      );
      expect({ firstLeaf, rangeLeaves }).toEqual({
        firstLeaf: vector.lastChunk.firstLeaf,
        rangeLeaves: vector.lastChunk.rangeLeaves,
      });
      expect(firstLeaf + leaves).toBe(vector.leaves);
      expect(tree.proof(firstLeaf, rangeLeaves).map(toHex)).toEqual(vector.lastChunk.proof);
    },
  );
});

describe('merkle tree', () => {
  test('the root of one leaf is the hash of that leaf', () => {
    const leaf = nodeSha256(blobBytes(10));
    expect(merkleRoot([leaf])).toEqual(leaf);
  });

  test('roots equal the naive recursion for every leaf count up to 70', () => {
    for (let leaves = 1; leaves <= 70; leaves++) {
      const { hashes, tree } = sample(leaves);
      expect(toHex(tree.root)).toBe(toHex(naiveRoot(hashes)));
    }
  });

  test('sizes that no blob has are refused', () => {
    for (const size of [0, -1, 1.5, Number.NaN, MAX_BLOB_BYTES + 1])
      expect(() => leafCount(size)).toThrow(RangeError);
    expect(() => merkleTree([])).toThrow(RangeError);
    expect(() => merkleTree([new Uint8Array(31)])).toThrow(RangeError);
  });

  test('chunks cover a blob exactly', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000_000 }), (size) => {
        let bytes = 0;
        let leaves = 0;
        for (let chunk = 0; chunk < chunkCount(size); chunk++) {
          const at = chunkLeaves({ root: blobRootFrom(new Uint8Array(32)), size }, chunk);
          expect(at.firstLeaf).toBe(leaves);
          expect(rangeBytes(size, at.firstLeaf, at.leaves)).toBe(chunkBytes(size, chunk));
          bytes += chunkBytes(size, chunk);
          leaves += at.leaves;
        }
        expect(bytes).toBe(size);
        expect(leaves).toBe(leafCount(size));
        expect(chunkBytes(size, chunkCount(size))).toBe(0);
      }),
    );
  });

  test('ranges that are not aligned powers of two inside the blob have no proof', () => {
    const { tree } = sample(5);
    for (const [first, count] of [
      [0, 3],
      [1, 2],
      [5, 1],
      [8, 8],
      [0, 16],
      [-1, 1],
      [0, 0],
      [0.5, 1],
    ] as const) {
      expect(() => tree.proof(first, count)).toThrow(RangeError);
    }
  });

  test('splitting gives whole leaves and a short last one', () => {
    expect(splitLeaves(blobBytes(LEAF_BYTES * 2 + 5)).map((leaf) => leaf.length)).toEqual([
      LEAF_BYTES,
      LEAF_BYTES,
      5,
    ]);
  });
});

describe('verifyRange', () => {
  test('accepts every aligned range with its proof', () => {
    fc.assert(
      fc.property(anyRange, ({ leaves, first, count }) => {
        const { hashes, tree, ref } = sample(leaves);
        const present = hashes.slice(first, first + count);
        expect(verifyRange(ref, first, present, tree.proof(first, count), count)).toBe(true);
      }),
    );
  });

  test('takes the range of a transfer chunk when none is named', () => {
    for (const leaves of [1, 3, 8, 9, 21]) {
      const { hashes, tree, ref } = sample(leaves);
      for (let chunk = 0; chunk < chunkCount(ref.size); chunk++) {
        const { firstLeaf, rangeLeaves } = chunkLeaves(ref, chunk);
        const present = hashes.slice(firstLeaf, firstLeaf + 8);
        expect(verifyRange(ref, firstLeaf, present, tree.proof(firstLeaf, rangeLeaves))).toBe(true);
      }
    }
  });

  test('refuses any flipped bit in leaves, proof or root', () => {
    fc.assert(
      fc.property(anyRange, fc.nat(), fc.nat(255), ({ leaves, first, count }, where, bit) => {
        const { hashes, tree, ref } = sample(leaves);
        const present = hashes.slice(first, first + count).map((hash) => hash.slice());
        const proof = tree.proof(first, count).map((hash) => hash.slice());
        const root = tree.root.slice();
        const targets = [...present, ...proof, root];
        const target = targets[where % targets.length] as Uint8Array;
        target[bit >> 3] = (target[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(verifyRange({ root: blobRootFrom(root), size: ref.size }, first, present, proof, count)).toBe(
          false,
        );
      }),
      { numRuns: 300 },
    );
  });

  test('refuses every other index', () => {
    fc.assert(
      fc.property(anyRange, fc.integer({ min: -2, max: 80 }), ({ leaves, first, count }, other) => {
        fc.pre(other !== first);
        const { hashes, tree, ref } = sample(leaves);
        const present = hashes.slice(first, first + count);
        expect(verifyRange(ref, other, present, tree.proof(first, count), count)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test('refuses a proof of any other length', () => {
    const { hashes, tree, ref } = sample(21);
    const proof = tree.proof(8, 8);
    const present = hashes.slice(8, 16);
    expect(verifyRange(ref, 8, present, proof, 8)).toBe(true);
    expect(verifyRange(ref, 8, present, proof.slice(1), 8)).toBe(false);
    expect(verifyRange(ref, 8, present, proof.slice(0, -1), 8)).toBe(false);
    expect(verifyRange(ref, 8, present, [...proof, new Uint8Array(32)], 8)).toBe(false);
    expect(verifyRange(ref, 8, present, [...proof.slice(0, -1), new Uint8Array(31)], 8)).toBe(false);
    expect(verifyRange(ref, 8, present.slice(1), proof, 8)).toBe(false);
  });

  test('refuses a size with another number of leaves wherever the proof or the range reaches the end', () => {
    // The range at the end shows the count of leaves; another tree width changes the proof's length everywhere. What a
    // full last chunk cannot show is padding claimed as further leaves: those would hash to zero, so nobody can serve them.
    for (let leaves = 2; leaves <= 40; leaves++) {
      const { hashes, tree, ref } = sample(leaves);
      const first = Math.floor((leaves - 1) / 8) * 8;
      const count = chunkLeaves(ref, chunkCount(ref.size) - 1).rangeLeaves;
      for (let lie = 1; lie <= 140; lie++) {
        if (lie === leaves || (lie > leaves && leaves % 8 === 0)) continue;
        const wrong = { root: ref.root, size: lie * LEAF_BYTES };
        const present = hashes.slice(first, first + count);
        expect(verifyRange(wrong, first, present, tree.proof(first, count), count)).toBe(false);
      }
    }
  });

  test('refuses an uncle that claims padding where the size says data ends', () => {
    // 17 leaves claimed as 16: from any chunk, the uncle beyond the claimed end is not padding.
    const { hashes, tree, ref } = sample(25);
    const shorter = { root: ref.root, size: 17 * LEAF_BYTES };
    expect(verifyRange(ref, 16, hashes.slice(16, 24), tree.proof(16, 8), 8)).toBe(true);
    expect(verifyRange(shorter, 16, hashes.slice(16, 17), tree.proof(16, 1), 1)).toBe(false);
  });

  test('never throws on sizes and ranges that make no sense', () => {
    const { hashes, tree, ref } = sample(4);
    const proof = tree.proof(0, 4);
    for (const size of [0, -5, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
      expect(verifyRange({ root: ref.root, size }, 0, hashes, proof, 4)).toBe(false);
    }
    for (const count of [0, -1, 3, 0.5, Number.NaN, 2 ** 40]) {
      expect(verifyRange(ref, 0, hashes, proof, count)).toBe(false);
    }
    expect(verifyRange(ref, Number.NaN, hashes, proof, 4)).toBe(false);
  });
});
