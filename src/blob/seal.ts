/**
 * Sealing a blob for a private space. What is stored, hashed and passed on is the ciphertext below, so a mirror can check and
 * serve it without a key, and every 16 KiB Merkle leaf opens on its own once leaf 0 has been read.
 *
 *     leaf 0      version(1) = 1 ‖ salt(32) ‖ commitment(32) ‖ AES-256-GCM(first ≤ 16,303 bytes of the stream) ‖ tag(16)
 *     leaf i ≥ 1  AES-256-GCM(next ≤ 16,368 bytes of the stream) ‖ tag(16)
 *     stream      length of the plaintext(8, big-endian) ‖ plaintext ‖ zero bytes of padding
 *     nonce       12 bytes: leaf index big-endian, its top bit set in the last leaf
 *     header      the first 65 bytes, associated data of every leaf
 *
 * All leaves but the last are exactly 16,384 bytes, and the last one is never empty. So a leaf cannot be moved (index), a
 * blob cannot be cut or lengthened (last flag), and a leaf cannot be carried into another blob (key, header). Padding follows
 * Padmé when asked for; the true length is inside. Derivation of key and commitment: `content-key.ts`.
 */
import { type Bytes, concatBytes } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import type { MaybePromise } from '../core/ports.ts';
import {
  COMMITMENT_BYTES,
  contentKey,
  openingKey,
  SALT_BYTES,
  type SealContext,
  type Sealer,
  TAG_BYTES,
} from './content-key.ts';
import { LEAF_BYTES, leafCount, MAX_BLOB_BYTES } from './merkle.ts';
import { padmeLength } from './padme.ts';

export type { SealContext, Sealer } from './content-key.ts';

export type Padding = 'none' | 'padme';

const VERSION = 1;
/** Version, salt and commitment in front of leaf 0. */
export const SEAL_HEADER_BYTES = 1 + SALT_BYTES + COMMITMENT_BYTES;
/** Bytes of the stream in every leaf after the first. */
export const PIECE_BYTES = LEAF_BYTES - TAG_BYTES;
const FIRST_PIECE_BYTES = PIECE_BYTES - SEAL_HEADER_BYTES;
const LENGTH_BYTES = 8;
const MIN_SEALED_BYTES = SEAL_HEADER_BYTES + LENGTH_BYTES + TAG_BYTES;
/** Leaves handed to the platform at once: 1 MiB, enough to keep its threads busy without thousands of promises. */
const LEAVES_PER_BATCH = 64;

/** Bytes of the sealed form of `plaintextBytes`. @throws RangeError when it would be larger than a blob may be. */
export function sealedSize(plaintextBytes: number, pad: Padding = 'none'): number {
  const stream = LENGTH_BYTES + (pad === 'padme' ? padmeLength(plaintextBytes) : plaintextBytes);
  const later = Math.max(0, stream - FIRST_PIECE_BYTES);
  const size = SEAL_HEADER_BYTES + stream + TAG_BYTES * (1 + Math.ceil(later / PIECE_BYTES));
  if (!Number.isSafeInteger(plaintextBytes) || plaintextBytes < 0 || size > MAX_BLOB_BYTES) {
    throw new RangeError(
      `expected at most ${MAX_BLOB_BYTES} sealed bytes, got a plaintext of ${plaintextBytes}`,
    );
  }
  return size;
}

/**
 * Seals `plaintext` under a fresh random `salt` of 32 bytes, which must never be used twice with one epoch key.
 * @throws RangeError on a salt or epoch key of the wrong length, or a plaintext too long for a blob.
 */
export async function sealBlob(
  crypto: Sealer,
  context: SealContext,
  salt: Uint8Array,
  plaintext: Uint8Array,
  pad: Padding = 'none',
): Promise<Bytes> {
  const { key, commitment } = contentKey('blob', context, salt);
  const header = concatBytes(Uint8Array.of(VERSION), salt, commitment);
  const sealed = new Uint8Array(sealedSize(plaintext.length, pad));
  sealed.set(header);
  const last = leafCount(sealed.length) - 1;
  await inBatches(last + 1, async (leaf) => {
    const { streamFrom, streamTo, at } = leafLayout(sealed.length, leaf);
    const piece = streamPiece(plaintext, streamFrom, streamTo);
    sealed.set(await crypto.aeadSeal(key, leafNonce(leaf, leaf === last), piece, header), at);
  });
  return sealed;
}

/**
 * Opens what {@link sealBlob} made.
 * @throws WaystationError `no-key` when it was sealed with another key or for another place, `corrupt` when a leaf does not
 * open, was moved or is missing, `malformed` when it is no sealed blob of a version known here.
 */
export async function openBlob(crypto: Sealer, context: SealContext, sealed: Uint8Array): Promise<Bytes> {
  const stream = await openStream(
    crypto,
    context,
    sealed.length,
    0,
    leafCount(Math.max(1, sealed.length)),
    (from, to) => sealed.subarray(from, to),
  );
  const length = plaintextLength(stream, sealed.length);
  if (stream.subarray(LENGTH_BYTES + length).some((byte) => byte !== 0)) {
    throw new WaystationError('corrupt', 'expected nothing but zero bytes in the padding of a sealed blob');
  }
  return stream.slice(LENGTH_BYTES, LENGTH_BYTES + length);
}

/**
 * Opens plaintext bytes [offset, offset + length), cut at the plaintext's end, reading only leaf 0 and the leaves they lie in.
 * @param size of the sealed blob in bytes.
 * @param read gives the sealed bytes from `from` up to `to`.
 * @throws WaystationError as {@link openBlob}. @throws RangeError on a negative or fractional range.
 */
export async function openBlobRange(
  crypto: Sealer,
  context: SealContext,
  size: number,
  read: (from: number, to: number) => MaybePromise<Uint8Array>,
  offset: number,
  length: number,
): Promise<Bytes> {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
    throw new RangeError(`expected a range of whole bytes, got ${offset}+${length}`);
  }
  const first = await openStream(crypto, context, size, 0, 1, read);
  const total = plaintextLength(first, size);
  const from = LENGTH_BYTES + Math.min(offset, total);
  const to = LENGTH_BYTES + Math.min(offset + length, total);
  if (to <= first.length || from === to) return first.slice(from, to);
  const firstLeaf = leafOfStream(from);
  const stream = await openStream(crypto, context, size, firstLeaf, leafOfStream(to - 1) + 1, read);
  const { streamFrom } = leafLayout(size, firstLeaf);
  return stream.slice(from - streamFrom, to - streamFrom);
}

/** Opens leaves [firstLeaf, endLeaf) and joins their pieces. The header is read and checked first. */
async function openStream(
  crypto: Sealer,
  context: SealContext,
  size: number,
  firstLeaf: number,
  endLeaf: number,
  read: (from: number, to: number) => MaybePromise<Uint8Array>,
): Promise<Bytes> {
  const leaves = size >= MIN_SEALED_BYTES && size <= MAX_BLOB_BYTES ? leafCount(size) : 0;
  const lastLeafBytes = size - (leaves - 1) * LEAF_BYTES;
  if (leaves === 0 || lastLeafBytes <= TAG_BYTES) {
    throw new WaystationError('malformed', `expected the size of a sealed blob, got ${size} bytes`);
  }
  const sealed = await readExactly(read, firstLeaf * LEAF_BYTES, Math.min(size, endLeaf * LEAF_BYTES));
  const header =
    firstLeaf === 0 ? sealed.subarray(0, SEAL_HEADER_BYTES) : await readExactly(read, 0, SEAL_HEADER_BYTES);
  if (header[0] !== VERSION) {
    throw new WaystationError(
      'malformed',
      `expected a sealed blob of version ${VERSION}, got ${header[0]}: it is not sealed, or a newer Waystation made it`,
    );
  }
  const salt = header.subarray(1, 1 + SALT_BYTES);
  const key = openingKey('blob', context, salt, header.subarray(1 + SALT_BYTES));
  const start = leafLayout(size, firstLeaf).streamFrom;
  const stream = new Uint8Array(leafLayout(size, endLeaf - 1).streamTo - start);
  await inBatches(endLeaf - firstLeaf, async (i) => {
    const leaf = firstLeaf + i;
    const { at, end, streamFrom } = leafLayout(size, leaf);
    const base = firstLeaf * LEAF_BYTES;
    const box = sealed.subarray(at - base, end - base);
    stream.set(
      await crypto.aeadOpen(key, leafNonce(leaf, leaf === leaves - 1), box, header),
      streamFrom - start,
    );
  });
  return stream;
}

async function readExactly(
  read: (from: number, to: number) => MaybePromise<Uint8Array>,
  from: number,
  to: number,
): Promise<Uint8Array> {
  const bytes = await read(from, to);
  if (bytes.length === to - from) return bytes;
  throw new WaystationError('corrupt', `expected ${to - from} sealed bytes at ${from}, got ${bytes.length}`);
}

/** The length told at the start of the stream. */
function plaintextLength(stream: Uint8Array, size: number): number {
  const view = new DataView(stream.buffer, stream.byteOffset, LENGTH_BYTES);
  const length = view.getUint32(0) * 2 ** 32 + view.getUint32(4);
  const room = leafLayout(size, leafCount(size) - 1).streamTo - LENGTH_BYTES;
  if (length <= room) return length;
  throw new WaystationError(
    'corrupt',
    `expected at most ${room} bytes of plaintext in a sealed blob, got ${length}`,
  );
}

/** Where leaf `leaf` keeps its box, and which part of the stream is in it. */
function leafLayout(size: number, leaf: number) {
  const at = leaf === 0 ? SEAL_HEADER_BYTES : leaf * LEAF_BYTES;
  const end = Math.min(size, (leaf + 1) * LEAF_BYTES);
  const streamFrom = leaf === 0 ? 0 : FIRST_PIECE_BYTES + (leaf - 1) * PIECE_BYTES;
  return { at, end, streamFrom, streamTo: streamFrom + (end - at - TAG_BYTES) };
}

/** The leaf that holds byte `at` of the stream. */
function leafOfStream(at: number): number {
  return at < FIRST_PIECE_BYTES ? 0 : 1 + Math.floor((at - FIRST_PIECE_BYTES) / PIECE_BYTES);
}

/** Bytes [from, to) of the stream: length, plaintext, zeros. */
function streamPiece(plaintext: Uint8Array, from: number, to: number): Uint8Array {
  const start = from - LENGTH_BYTES;
  if (start >= 0 && to - LENGTH_BYTES <= plaintext.length)
    return plaintext.subarray(start, to - LENGTH_BYTES);
  const piece = new Uint8Array(to - from);
  if (from === 0) {
    const view = new DataView(piece.buffer);
    view.setUint32(0, Math.floor(plaintext.length / 2 ** 32));
    view.setUint32(4, plaintext.length % 2 ** 32);
    piece.set(plaintext.subarray(0, to - LENGTH_BYTES), LENGTH_BYTES);
  } else {
    piece.set(plaintext.subarray(start, to - LENGTH_BYTES));
  }
  return piece;
}

function leafNonce(leaf: number, last: boolean): Bytes {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setUint32(8, leaf);
  if (last) nonce[0] = 0x80;
  return nonce;
}

async function inBatches(count: number, each: (index: number) => Promise<void>): Promise<void> {
  for (let from = 0; from < count; from += LEAVES_PER_BATCH) {
    const batch: Promise<void>[] = [];
    for (let i = from; i < Math.min(count, from + LEAVES_PER_BATCH); i++) batch.push(each(i));
    await Promise.all(batch);
  }
}
