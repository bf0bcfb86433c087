/** Places that devices move between in tests: a store, keys, and files made quickly. */
import { leafCount, merkleRoot, splitLeaves } from '../../../src/blob/merkle.ts';
import { type Bytes, fromBase64Url, toHex, toUtf8 } from '../../../src/core/bytes.ts';
import { sha256 } from '../../../src/core/hash.ts';
import { type BlobRef, blobKey, blobRootFrom } from '../../../src/core/ids.ts';
import { createNodeCrypto } from '../../../src/identity/crypto.node.ts';
import type { KeySeeds } from '../../../src/identity/key-seeds.ts';
import { freshKeys } from '../../../src/identity/keys.node.ts';
import { SYSTEM_RANDOM } from '../../../src/node/open-node.ts';
import { type UnpackOptions, unpackMoving } from '../../../src/station/moving-in.ts';
import { MARK_PREFIX } from '../../../src/station/moving-marks.ts';
import { type PackOptions, packMoving } from '../../../src/station/moving-out.ts';
import type { KeyPlace } from '../../../src/station/moving-settle.ts';
import type { MovingKey } from '../../../src/station/moving-words.ts';
import type { Store } from '../../../src/store/port.ts';
import { pattern } from '../../contract/store-contract.ts';

export const WORDS = 'valley ridge river stone winter summer';

/** As strong as a test needs: the real derivation is slow on purpose and tested once. */
export async function quickKey(words: string, salt: Uint8Array): Promise<MovingKey> {
  const key = sha256(toUtf8(words), salt);
  return { key, check: key.slice(0, 16) };
}

/** Seeds with their public keys. */
export function makeSeeds(): { seeds: KeySeeds; publicKey: Bytes } {
  const [signKey, sealKey] = freshKeys();
  const sign = signKey.export({ format: 'jwk' });
  const seal = sealKey.export({ format: 'jwk' });
  return {
    seeds: { sign: fromBase64Url(sign.d ?? ''), seal: fromBase64Url(seal.d ?? '') },
    publicKey: fromBase64Url(sign.x ?? ''),
  };
}

/** Keys of a place, in memory. */
export class TestKeyPlace implements KeyPlace {
  used: KeySeeds | null = null;
  staged: KeySeeds | null = null;
  readonly stage = async (seeds: KeySeeds): Promise<void> => {
    this.staged = seeds;
  };
  readonly settle = async (use: boolean): Promise<void> => {
    if (use && this.staged !== null) this.used = this.staged;
    this.staged = null;
  };
}

/** A blob whose name fits its bytes. */
export function blobOf(size: number, seed = 1): { ref: BlobRef; bytes: Bytes } {
  const bytes = pattern(size, seed);
  const root = blobRootFrom(merkleRoot(splitLeaves(bytes).map((leaf) => sha256(leaf))));
  return { ref: { root, size }, bytes };
}

export type Parcel = Partial<PackOptions> & { readonly store: Store };

export async function pack(parcel: Parcel): Promise<Bytes[]> {
  const { seeds, publicKey } = makeSeeds();
  const chunks: Bytes[] = [];
  const options: PackOptions = {
    crypto: createNodeCrypto(),
    random: SYSTEM_RANDOM,
    publicKey,
    seeds,
    name: 'Ridge',
    everything: true,
    nowMs: 1_800_000_000_000,
    words: WORDS,
    derive: quickKey,
    ...parcel,
  };
  for await (const chunk of packMoving(options)) chunks.push(chunk);
  return chunks;
}

export async function* inPieces(bytes: Uint8Array, length = 70_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

export function unpack(
  store: Store,
  file: Uint8Array,
  over: Partial<UnpackOptions> = {},
): ReturnType<typeof unpackMoving> {
  return unpackMoving({
    store,
    crypto: createNodeCrypto(),
    keys: new TestKeyPlace(),
    source: inPieces(file),
    sizeBytes: file.length,
    words: WORDS,
    derive: quickKey,
    ...over,
  });
}

/** Everything a store holds, as text to compare; marks of moving are left out. */
export async function contentsOf(store: Store): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  for (const key of await store.state.keys(''))
    if (!key.startsWith(MARK_PREFIX))
      contents[`value ${key}`] = toHex(sha256((await store.state.get(key)) ?? new Uint8Array()));
  for (const [log, count] of await store.logs.list()) {
    const records = await store.logs.read(log, 0, count, 2 ** 30);
    contents[`log ${log}`] = records.map((record) => toHex(sha256(record)).slice(0, 16)).join(' ');
  }
  for (const { ref, complete } of await store.blobs.list()) {
    const held = await store.blobs.held(ref);
    let text = `${complete}`;
    for (let leaf = 0; leaf < leafCount(ref.size); leaf++) {
      if ((((held?.bits[leaf >> 3] ?? 0) >> (leaf & 7)) & 1) === 0) continue;
      const at = leaf * 16_384;
      const bytes = await store.blobs.read(ref, at, Math.min(16_384, ref.size - at));
      text += ` ${leaf}:${toHex(sha256(bytes)).slice(0, 16)}`;
    }
    contents[`blob ${blobKey(ref)}`] = text;
  }
  return contents;
}

/** Something of every kind: values, logs, whole blobs of several sizes, one of which a part is held. */
export async function fill(store: Store): Promise<void> {
  await store.state.put('name', toUtf8('Ridge'), 'strict');
  await store.state.put('station/1', pattern(16), 'strict');
  await store.state.put('empty', new Uint8Array(), 'strict');
  await store.state.put('beat/large', pattern(1_500_000), 'relaxed');
  const records = Array.from({ length: 300 }, (_, i) => pattern(i * 17, i + 1));
  await store.logs.append('e/valley/one', records, 'strict');
  await store.logs.append('wal/station/0-open', [pattern(2_000_000), pattern(5)], 'relaxed');
  for (const [i, size] of [1, 16_384, 16_385, 1_048_576, 3_000_001].entries()) {
    const { ref, bytes } = blobOf(size, i + 1);
    await store.blobs.put(ref, bytes);
  }
  const { ref, bytes } = blobOf(2_500_000, 9);
  await store.blobs.write(ref, 0, bytes.slice(0, 5 * 16_384));
  await store.blobs.write(ref, 100, bytes.slice(100 * 16_384));
}
