/**
 * What a {@link BlobKeeper} needs of the place where blob bytes lie: files, IndexedDB records or OPFS files. The keeper
 * serialises calls per blob (reads of complete blobs excepted) and decides when to sync; the medium only moves bytes.
 *
 * `bits` is the leaf map of the port (leaf 0 in bit 0 of byte 0), `sums` the CRC-32 of each leaf, 0 where it is not held.
 */
import type { Bytes } from '../core/bytes.ts';
import type { BlobRef } from '../core/ids.ts';
import type { Recovery } from './port.ts';

export interface StoredPartial {
  readonly ref: BlobRef;
  readonly bits: Uint8Array;
  readonly sums: Uint32Array;
}

export interface MediumContents {
  readonly complete: readonly BlobRef[];
  readonly partial: readonly StoredPartial[];
  readonly recovered: readonly Recovery[];
}

export interface BlobMedium {
  /** Everything that is there at open, after mending what a crash left. */
  load(): Promise<MediumContents>;
  /** Writes `bytes` at byte `offset` of a partial blob; may be lost in a crash until {@link syncPartial}. */
  writePartial(ref: BlobRef, offset: number, bytes: Uint8Array): Promise<void>;
  /** Makes everything written durable, and *then* records that the leaves in `bits` may be trusted. */
  syncPartial(partial: StoredPartial): Promise<void>;
  /** Turns a partial blob whose every byte was written into a complete one; durable on return. */
  complete(ref: BlobRef, sums: Uint32Array): Promise<void>;
  /** Writes a complete blob at once; durable on return, absent after a failure. Replaces what there was of it. */
  writeWhole(ref: BlobRef, bytes: Uint8Array, sums: Uint32Array): Promise<void>;
  /** Up to `length` bytes from `offset`, fewer where the medium lost some; undefined when the blob is not there. */
  read(ref: BlobRef, complete: boolean, offset: number, length: number): Promise<Bytes | undefined>;
  /** The sums of a complete blob; undefined when they are damaged or gone. */
  readSums(ref: BlobRef): Promise<Uint32Array | undefined>;
  /** Turns a complete blob into a partial one that lacks the leaves found damaged. */
  demote(partial: StoredPartial): Promise<void>;
  /** Moves a complete blob of which nothing can be trusted out of the way, keeping its bytes where there is room to. */
  setAside(ref: BlobRef): Promise<void>;
  /** Forgets a blob, whole or partial. */
  remove(ref: BlobRef): Promise<void>;
  /** Releases handles. */
  close(): Promise<void>;
}
