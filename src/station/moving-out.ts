/**
 * Packs what a store holds into the file of `moving.ts`, piece by piece: nothing but one piece is in memory. The node on the store
 * is at rest meanwhile (`moving-marks.ts`), so that what is packed is of one moment.
 */
import { LeafMap } from '../blob/leaf-map.ts';
import { LEAF_BYTES, rangeBytes } from '../blob/merkle.ts';
import type { Bytes } from '../core/bytes.ts';
import { isWaystationError } from '../core/errors.ts';
import type { BlobRef } from '../core/ids.ts';
import type { Crypto, Random } from '../core/ports.ts';
import type { KeySeeds } from '../identity/key-seeds.ts';
import type { Store } from '../store/port.ts';
import { MovingSealer } from './moving.ts';
import { CHUNK_TARGET_BYTES, MAX_ITEMS, type MovingItem } from './moving-items.ts';
import { MARK_PREFIX } from './moving-marks.ts';
import { deriveMovingKey, type MovingKey, makeMovingSalt } from './moving-words.ts';

/** Leaves of one piece. */
const PIECE_LEAVES = CHUNK_TARGET_BYTES / LEAF_BYTES;
/** What moves without an identity: the name, and what is the same for every member of the group. */
const DATA_VALUE = /^name$/;
const DATA_LOG = /^(?:e|claims)\//;

export interface PackOptions {
  readonly store: Store;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly publicKey: Bytes;
  /** Null: the identity cannot be taken along, only data move. */
  readonly seeds: KeySeeds | null;
  /** Name of the device. */
  readonly name: string;
  /** Recordings as well, not only who the device is and what it knows of them. */
  readonly everything: boolean;
  readonly nowMs: number;
  /** As `parseMovingWords` gives them. */
  readonly words: string;
  /** Values that belong to this place and not to the device. */
  readonly stays?: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** Bytes of the file so far. */
  readonly onProgress?: (bytes: number) => void;
  /** Instead of the slow derivation, in tests of everything else. */
  readonly derive?: (words: string, salt: Uint8Array) => Promise<MovingKey>;
}

/**
 * The file, in order. Recordings whose bytes turn out to be damaged here are left out; they count as missing from now on.
 * @throws what the store throws, and the reason of `signal`.
 */
export async function* packMoving(options: PackOptions): AsyncGenerator<Bytes, void, undefined> {
  const { crypto, random, words, signal, onProgress, derive = deriveMovingKey } = options;
  signal?.throwIfAborted();
  const salt = makeMovingSalt(random);
  const sealer = new MovingSealer(crypto, await derive(words, salt), salt);
  let bytes = sealer.header.length;
  yield sealer.header;
  for await (const item of items(options)) {
    signal?.throwIfAborted();
    const sealed = await sealer.seal(item);
    bytes += sealed.length;
    onProgress?.(bytes);
    yield sealed;
  }
}

async function* items(options: PackOptions): AsyncGenerator<MovingItem, void, undefined> {
  const { store, seeds, publicKey, name, everything, nowMs } = options;
  yield { kind: 'manifest', name, publicKey, seeds, everything, madeAtMs: Math.max(0, Math.round(nowMs)) };
  const totals = { values: 0, records: 0, blobBytes: 0 };
  for await (const values of valuesOf(options)) {
    totals.values += values.length;
    yield { kind: 'values', values };
  }
  for (const [log, count] of await store.logs.list()) {
    if (seeds === null && !DATA_LOG.test(log)) continue;
    for (let from = 0; from < count; ) {
      const records = await store.logs.read(log, from, Math.min(count - from, MAX_ITEMS), CHUNK_TARGET_BYTES);
      if (records.length === 0) break;
      yield { kind: 'records', log, from, records };
      from += records.length;
      totals.records += records.length;
    }
  }
  if (everything) {
    for (const { ref } of await store.blobs.list()) {
      for await (const piece of piecesOf(store, ref)) {
        totals.blobBytes += piece.bytes.length;
        yield piece;
      }
    }
  }
  yield { kind: 'end', ...totals };
}

async function* valuesOf({ store, seeds, stays = [] }: PackOptions): AsyncGenerator<[string, Bytes][]> {
  let values: [string, Bytes][] = [];
  let bytes = 0;
  for (const key of await store.state.keys('')) {
    if (key.startsWith(MARK_PREFIX) || stays.includes(key)) continue;
    if (seeds === null && !DATA_VALUE.test(key)) continue;
    const value = await store.state.get(key);
    if (value === undefined) continue;
    if (values.length === MAX_ITEMS || (bytes > 0 && bytes + value.length > CHUNK_TARGET_BYTES)) {
      yield values;
      values = [];
      bytes = 0;
    }
    values.push([key, value]);
    bytes += value.length + key.length;
  }
  if (values.length > 0) yield values;
}

async function heldMap(store: Store, ref: BlobRef): Promise<LeafMap | undefined> {
  const held = await store.blobs.held(ref);
  return held === undefined ? undefined : LeafMap.fromBytes(ref.size, held.bits);
}

/** The held leaves of a blob in order. */
async function* piecesOf(
  store: Store,
  ref: BlobRef,
): AsyncGenerator<MovingItem & { readonly kind: 'leaves' }> {
  let map = await heldMap(store, ref);
  for (let leaf = 0; map !== undefined && leaf < map.leaves; ) {
    let count = 0;
    while (count < PIECE_LEAVES && map.has(leaf + count)) count++;
    if (count === 0) {
      leaf++;
      continue;
    }
    try {
      const length = rangeBytes(ref.size, leaf, count);
      const bytes = await store.blobs.read(ref, leaf * LEAF_BYTES, length);
      yield { kind: 'leaves', ref, firstLeaf: leaf, bytes };
      leaf += count;
    } catch (error) {
      // The store has just found damage, and from now on counts what is damaged as missing.
      if (!isWaystationError(error, 'corrupt') && !isWaystationError(error, 'not-found')) throw error;
      const left = await heldMap(store, ref);
      if (left !== undefined && left.held >= map.held) throw error;
      map = left;
    }
  }
}
