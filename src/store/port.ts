/**
 * Keeping things: the port that every store adapter (memory, files, IndexedDB with OPFS) implements and the
 * contract suite in tests/contract/store-contract.ts checks.
 *
 * Invariants every adapter keeps:
 * - When a promise of a `strict` write resolves, the data survives a power cut; a `relaxed` write survives the
 *   death of the process. A write is all or nothing: after any crash a record, value or blob is either whole or absent.
 * - Nothing is returned that does not match its checksum: damage is reported (`corrupt`, or a `Recovery` on open),
 *   never silently skipped, and never takes anything undamaged with it.
 * - A full disk or quota rejects with `store-full` and leaves everything else as it was.
 * - One owner at a time: opening a store that another process or tab holds rejects with `store-locked`.
 */
import type { Bytes } from '../core/bytes.ts';
import type { BlobRef } from '../core/ids.ts';

export type Durability = 'strict' | 'relaxed';

/** Name of a log or key: 1 to 200 characters of `[a-z0-9._-]`, segments joined by `/`. */
export type StoreName = string;

/** Append-only logs of opaque records, addressed by index from 0. */
export interface LogStore {
  /** Every log that has at least one record, with its record count. */
  list(): Promise<ReadonlyMap<StoreName, number>>;
  /** Appends all `records`, or none, in order. Creates the log if needed. */
  append(log: StoreName, records: readonly Uint8Array[], durability: Durability): Promise<void>;
  /** Records from index `from`, at most `count` of them and stopping before `maxBytes` (but at least one record). */
  read(log: StoreName, from: number, count: number, maxBytes: number): Promise<Bytes[]>;
  /** Forgets a log whole. */
  remove(log: StoreName): Promise<void>;
}

/** Small named values, each replaced atomically. */
export interface StateStore {
  get(key: StoreName): Promise<Bytes | undefined>;
  put(key: StoreName, value: Uint8Array, durability: Durability): Promise<void>;
  delete(key: StoreName): Promise<void>;
  /** Keys that start with `prefix`, in code unit order. */
  keys(prefix: string): Promise<StoreName[]>;
}

/** Which 16 KiB leaves of a blob are held: one bit per leaf, leaf 0 in bit 0 of byte 0. */
export interface HeldLeaves {
  readonly complete: boolean;
  readonly bits: Uint8Array;
}

/** Immutable blobs, whole or in part. The caller has verified every leaf it writes. */
export interface BlobStore {
  /** Every blob of which at least one leaf is held. */
  list(): Promise<readonly { readonly ref: BlobRef; readonly complete: boolean }[]>;
  /** Undefined when nothing of it is held. */
  held(ref: BlobRef): Promise<HeldLeaves | undefined>;
  /**
   * Writes whole leaves from leaf index `firstLeaf` (the last leaf of a blob may be short). When this completes the
   * blob, it is durable (`strict`) on return and the result is true.
   * @throws RangeError when the bytes do not lie on leaf boundaries or beyond the size.
   */
  write(ref: BlobRef, firstLeaf: number, bytes: Uint8Array): Promise<boolean>;
  /** Writes a whole blob, durable on return. Harmless when it is there already. */
  put(ref: BlobRef, bytes: Uint8Array): Promise<void>;
  /** @throws WaystationError `not-found` when a leaf in the range is not held. */
  read(ref: BlobRef, offset: number, length: number): Promise<Bytes>;
  remove(ref: BlobRef): Promise<void>;
}

/** What opening had to mend, for the person and the log. */
export interface Recovery {
  /** A sentence: what was found, what was kept, what was lost. */
  readonly message: string;
  readonly kind: 'torn-tail' | 'damaged' | 'left-over';
  readonly where: string;
}

export interface StoreUsage {
  readonly usedBytes: number;
  /** Null when the platform does not say. */
  readonly freeBytes: number | null;
}

export interface Store {
  readonly logs: LogStore;
  readonly state: StateStore;
  readonly blobs: BlobStore;
  /** What opening mended; empty after a clean stop. */
  readonly recovered: readonly Recovery[];
  usage(): Promise<StoreUsage>;
  /** Flushes and releases the lock. Later calls reject with `closed`. */
  close(): Promise<void>;
}
