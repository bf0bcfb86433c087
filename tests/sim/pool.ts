/**
 * What exists in a simulated world, once: the disks of a hundred nodes refer to it instead of holding a hundred copies. A
 * blob goes in when its author seals it; whoever stores a piece of it later must store exactly these bytes.
 */
import {
  chunkBytes,
  chunkLeaves,
  LEAF_BYTES,
  type MerkleTree,
  merkleTree,
  splitLeaves,
} from '../../src/blob/merkle.ts';
import { type Bytes, equalBytes } from '../../src/core/bytes.ts';
import { type BlobRef, blobKey, blobRootFrom, type EntryId, type NodeId } from '../../src/core/ids.ts';
import type { Entry } from '../../src/feed/entry.ts';
import { digestAll } from './crypto.ts';

export interface PooledBlob {
  readonly key: string;
  readonly ref: BlobRef;
  readonly author: NodeId;
  readonly bytes: Bytes;
  readonly tree: MerkleTree;
}

export class Pool {
  readonly blobs = new Map<string, PooledBlob>();
  readonly #entries = new Map<EntryId, Entry>();

  addBlob(author: NodeId, bytes: Bytes): PooledBlob {
    const tree = merkleTree(digestAll(splitLeaves(bytes)));
    const ref = { root: blobRootFrom(tree.root), size: bytes.length };
    const blob = { key: blobKey(ref), ref, author, bytes, tree };
    this.blobs.set(blob.key, blob);
    return blob;
  }

  /** True when these are the bytes of that blob from that leaf on. */
  isPartOf(ref: BlobRef, firstLeaf: number, bytes: Uint8Array): boolean {
    const blob = this.blobs.get(blobKey(ref));
    const from = firstLeaf * LEAF_BYTES;
    return blob !== undefined && equalBytes(blob.bytes.subarray(from, from + bytes.length), bytes);
  }

  readChunk(ref: BlobRef, chunk: number): { bytes: Bytes; proof: readonly Bytes[] } | undefined {
    const blob = this.blobs.get(blobKey(ref));
    if (blob === undefined) return undefined;
    const { firstLeaf, rangeLeaves, leaves } = chunkLeaves(ref, chunk);
    const from = firstLeaf * LEAF_BYTES;
    const bytes = blob.bytes.subarray(from, from + chunkBytes(ref.size, chunk));
    return { bytes, proof: leaves * LEAF_BYTES >= ref.size ? [] : blob.tree.proof(firstLeaf, rangeLeaves) };
  }

  get entryCount(): number {
    return this.#entries.size;
  }

  /** The one copy of an entry: equal ids are equal bytes. */
  entry(entry: Entry): Entry {
    const known = this.#entries.get(entry.id);
    if (known !== undefined) return known;
    this.#entries.set(entry.id, entry);
    return entry;
  }

  knownEntry(id: EntryId): Entry | undefined {
    return this.#entries.get(id);
  }
}
