/**
 * Unpacks the file of `moving.ts` into an empty store: all of it or nothing.
 *
 * Until the last piece is proven a mark says that only a part is here; what a crash leaves so is cleared at the next start
 * (`moving-settle.ts`). After it a mark says that all is here, and what a crash leaves so is finished. Keys wait beside the
 * ones in use until then. Blobs that are whole are checked against their roots before they are kept; leaves of others are as good as the
 * file, whose every byte is authenticated.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { leafCount, merkleRoot, splitLeaves } from '../blob/merkle.ts';
import { type Bytes, equalBytes } from '../core/bytes.ts';
import { isWaystationError, WaystationError } from '../core/errors.ts';
import { type BlobRef, blobKey, idBytes } from '../core/ids.ts';
import type { Crypto } from '../core/ports.ts';
import type { KeySeeds } from '../identity/key-seeds.ts';
import type { Store } from '../store/port.ts';
import { openMoving } from './moving.ts';
import type { MovingItem, MovingManifest } from './moving-items.ts';
import { type Arrival, MARK_PREFIX, markArriving, noteArrival } from './moving-marks.ts';
import { clearStore, type KeyPlace, settleArriving } from './moving-settle.ts';
import type { MovingKey } from './moving-words.ts';
import { listSpaces } from './space-record.ts';

export interface UnpackOptions {
  readonly store: Store;
  readonly crypto: Crypto;
  readonly keys: KeyPlace;
  readonly source: AsyncIterable<Uint8Array>;
  /** Size of the whole file. */
  readonly sizeBytes: number;
  /** As `parseMovingWords` gives them. */
  readonly words: string;
  readonly signal?: AbortSignal | undefined;
  /** Bytes of the file that have been taken in. */
  readonly onProgress?: (bytes: number) => void;
  /** Instead of the slow derivation, in tests of everything else. */
  readonly derive?: (words: string, salt: Uint8Array) => Promise<MovingKey>;
}

/**
 * Takes in a device; the node that is open on the store is to be opened anew afterwards.
 * @throws WaystationError `conflict` when something is here already, `store-full`, and as `openMoving`; the place is as empty as it
 *   was then, or is made so at the next start.
 */
export async function unpackMoving(options: UnpackOptions): Promise<Arrival> {
  const { store, crypto, keys, sizeBytes, words, signal, onProgress, derive } = options;
  await settleArriving(store, keys);
  await refuseIfTaken(store);
  await refuseIfTooLarge(store, sizeBytes);
  const items = openMoving(options.source, {
    crypto,
    words,
    signal,
    ...(onProgress === undefined ? {} : { onRead: onProgress }),
    ...(derive === undefined ? {} : { derive }),
  });
  try {
    // Nothing is touched before the words have proven to be right.
    const first = await items.next();
    if (first.done === true || first.value.kind !== 'manifest') throw unfit();
    const manifest = first.value;
    if (manifest.seeds !== null) checkSeeds(manifest.seeds, manifest.publicKey);
    await markArriving(store, 'part');
    try {
      await clearStore(store);
      if (manifest.seeds !== null) await keys.stage(manifest.seeds);
      const arrival = await takeIn(store, crypto, manifest, items);
      signal?.throwIfAborted();
      await noteArrival(store, arrival);
      await markArriving(store, 'whole');
      await settleArriving(store, keys);
      return arrival;
    } catch (error) {
      // What cannot be cleared now is cleared at the next start: the first error says more.
      await settleArriving(store, keys).catch(() => undefined);
      throw isWaystationError(error, 'store-full') ? noRoom(sizeBytes, error) : error;
    }
  } finally {
    await items.return();
  }
}

async function refuseIfTaken(store: Store): Promise<void> {
  const [spaces, blobs, logs] = await Promise.all([listSpaces(store), store.blobs.list(), store.logs.list()]);
  if (spaces.length === 0 && blobs.length === 0 && ![...logs.keys()].some((name) => name.startsWith('e/')))
    return;
  throw new WaystationError(
    'conflict',
    'there is a device with recordings here already, and two cannot be one: open this address in another browser profile, or ' +
      'clear the data of this site first',
  );
}

async function refuseIfTooLarge(store: Store, sizeBytes: number): Promise<void> {
  const { freeBytes } = await store.usage();
  if (freeBytes === null || sizeBytes <= freeBytes) return;
  throw noRoom(sizeBytes);
}

/** Browsers say how much they have left when they feel like it: many find out by trying. */
function noRoom(sizeBytes: number, cause?: unknown): WaystationError {
  const size = sizeBytes < 1e6 ? 'less than a megabyte' : `about ${Math.ceil(sizeBytes / 1e6)} MB`;
  return new WaystationError(
    'store-full',
    `there is no room here for ${size}, and nothing was kept: free space on the device and try again, or make the file without the ` +
      'recordings',
    { cause },
  );
}

function unfit(): WaystationError {
  return new WaystationError(
    'malformed',
    'the parts of this file do not fit together: make it anew at the old address',
  );
}

function checkSeeds({ sign }: KeySeeds, publicKey: Bytes): void {
  if (!equalBytes(ed25519.getPublicKey(sign), publicKey)) throw unfit();
}

async function takeIn(
  store: Store,
  crypto: Crypto,
  { name, seeds, everything }: MovingManifest,
  items: AsyncIterable<MovingItem>,
): Promise<Arrival> {
  const totals = { values: 0, records: 0, blobBytes: 0 };
  const logs = new Map<string, number>();
  const blobs = new BlobIntake(store, crypto);
  for await (const item of items) {
    switch (item.kind) {
      case 'values':
        for (const [key, value] of item.values) {
          if (key.startsWith(MARK_PREFIX)) throw unfit();
          await store.state.put(key, value, 'strict');
        }
        totals.values += item.values.length;
        break;
      case 'records': {
        const { log, from, records } = item;
        if ((logs.get(log) ?? 0) !== from) throw unfit();
        await store.logs.append(log, records, 'strict');
        logs.set(log, from + records.length);
        totals.records += records.length;
        break;
      }
      case 'leaves':
        totals.blobBytes += item.bytes.length;
        await blobs.take(item.ref, item.firstLeaf, item.bytes);
        break;
      case 'end':
        if (
          item.values !== totals.values ||
          item.records !== totals.records ||
          item.blobBytes !== totals.blobBytes
        ) {
          throw unfit();
        }
        break;
      default:
        throw unfit();
    }
  }
  const { count, damaged } = blobs;
  return { name, identity: seeds !== null, everything, blobs: count, blobBytes: totals.blobBytes, damaged };
}

/** Blobs as they come in, one after the other, each in ascending order. */
class BlobIntake {
  readonly #store: Store;
  readonly #crypto: Crypto;
  readonly #seen = new Set<string>();
  #key = '';
  #nextLeaf = 0;
  /** Hashes of the leaves from the first one on; undefined once one was left out. */
  #hashes: Bytes[] | undefined = [];
  #isDamaged = false;
  damaged = 0;

  constructor(store: Store, crypto: Crypto) {
    this.#store = store;
    this.#crypto = crypto;
  }

  /** Blobs that were kept, whole or in part. */
  get count(): number {
    return this.#seen.size - this.damaged;
  }

  async take(ref: BlobRef, firstLeaf: number, bytes: Bytes): Promise<void> {
    if (blobKey(ref) !== this.#key) this.#begin(ref);
    const leaves = splitLeaves(bytes);
    // In this order a blob that becomes whole was looked at whole.
    if (firstLeaf < this.#nextLeaf) throw unfit();
    if (firstLeaf > this.#nextLeaf) this.#hashes = undefined;
    this.#nextLeaf = firstLeaf + leaves.length;
    if (this.#isDamaged) return;
    if (this.#hashes !== undefined) {
      for (const hash of await this.#crypto.digest(leaves)) this.#hashes.push(hash);
      const isWhole = this.#hashes.length === leafCount(ref.size);
      if (isWhole && !equalBytes(merkleRoot(this.#hashes), idBytes(ref.root))) {
        this.#isDamaged = true;
        this.damaged++;
        await this.#store.blobs.remove(ref);
        return;
      }
    }
    await this.#store.blobs.write(ref, firstLeaf, bytes);
  }

  #begin(ref: BlobRef): void {
    this.#key = blobKey(ref);
    if (this.#seen.has(this.#key)) throw unfit();
    this.#seen.add(this.#key);
    this.#nextLeaf = 0;
    this.#hashes = [];
    this.#isDamaged = false;
  }
}
