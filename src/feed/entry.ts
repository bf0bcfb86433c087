/**
 * Entries: the signed records that feeds are made of.
 *
 * Wire and signed form: COSE_Sign1 (RFC 9052 §4.2, tag 18, alg EdDSA) over deterministic CBOR (RFC 8949 §4.2).
 * The COSE payload is the array [header, body]: the header is a map with the integer keys of {@link HEADER_KEY},
 * always readable; the body is a byte string, sealed when the header names an epoch and plain otherwise.
 *
 * Invariants: decode(encode(x)) = x; decode refuses whatever encode would not have written, so an entry has one
 * byte form and one id. The id is SHA-256 of the whole COSE_Sign1, signature included, so an entry's successor
 * vouches for its signature bytes as well.
 */
import { MAX_BLOB_BYTES } from '../blob/merkle.ts';
import { type Bytes, concatBytes, equalBytes, toUtf8 } from '../core/bytes.ts';
import { type CborValue, decodeCbor, encodeCbor } from '../core/cbor.ts';
import { WaystationError } from '../core/errors.ts';
import { sha256 } from '../core/hash.ts';
import {
  type BlobRef,
  blobRootFrom,
  type EntryId,
  type EpochId,
  entryIdFrom,
  type FeedId,
  feedIdFrom,
  idBytes,
  type NodeId,
  nodeIdFrom,
  type SpaceId,
  spaceIdFrom,
} from '../core/ids.ts';
import type { Verification } from '../core/ports.ts';
import { MAX_TIME_MS } from '../hour/limits.ts';

export const ENTRY_VERSION = 1;

/** An hour's summary of 64 streams fits in a quarter of this; a link message (256 KiB) holds several. */
export const MAX_ENTRY_BYTES = 65_536;
/** An hour is one blob, a clip two (video, poster); more is a packing list, which is a blob itself. */
export const MAX_ENTRY_BLOBS = 16;
/** Heads that one entry may name as seen; a revocation lists the feeds of one node, of which there are few. */
export const MAX_SEEN = 64;

/** What a feed is for; replication may be partial by purpose. */
export const PURPOSE = { control: 0, data: 1, state: 2 } as const;
export type Purpose = number;

/** A position in a feed together with the entry that stands there. */
export interface Head {
  readonly author: NodeId;
  readonly feed: FeedId;
  readonly seq: number;
  readonly id: EntryId;
}

/** A head with the purpose of its feed, as it travels. */
export interface PurposedHead extends Head {
  readonly purpose: number;
}

export interface EntryHeader {
  /** Null only in the genesis entry, whose id becomes the space's. */
  readonly space: SpaceId | null;
  readonly author: NodeId;
  readonly feed: FeedId;
  readonly purpose: Purpose;
  /** Position in the feed, from 0. */
  readonly seq: number;
  /** The entry at seq − 1; null at 0. */
  readonly previous: EntryId | null;
  /** Greater than that of `previous` and of everything in `seen`. */
  readonly lamport: number;
  /** Author's clock, ms since the Unix epoch. */
  readonly timeMs: number;
  readonly kind: number;
  readonly blobs: readonly BlobRef[];
  /** Names the content key that the body (and the blobs) are sealed under; null when they are plain. */
  readonly epoch: EpochId | null;
  /** Heads of other feeds that the author had taken in. */
  readonly seen: readonly Head[];
  /** At seq 0 of a successor feed: the last entry that it shares with the feed that forked. */
  readonly succeeds: Head | null;
}

export interface Entry {
  readonly id: EntryId;
  readonly header: EntryHeader;
  readonly body: Bytes;
  /** The exact signed bytes. */
  readonly bytes: Bytes;
}

const HEADER_KEY = {
  version: 1,
  space: 2,
  author: 3,
  feed: 4,
  purpose: 5,
  seq: 6,
  previous: 7,
  lamport: 8,
  time: 9,
  kind: 10,
  blobs: 11,
  epoch: 12,
  seen: 13,
  succeeds: 14,
} as const;

/** { 1: -8 }: algorithm EdDSA (RFC 9053 §2.2). */
const PROTECTED = Uint8Array.of(0xa1, 0x01, 0x27);
const COSE_SIGN1_TAG = 0xd2;
const NO_BYTES = new Uint8Array(0);

function headValue(head: Head): CborValue {
  return [idBytes(head.author), idBytes(head.feed), head.seq, idBytes(head.id)];
}

/** Deterministic CBOR of the header: what a sealed body is bound to as associated data. */
export function encodeHeader(header: EntryHeader): Bytes {
  const map = new Map<number, CborValue>([
    [HEADER_KEY.version, ENTRY_VERSION],
    [HEADER_KEY.space, header.space === null ? null : idBytes(header.space)],
    [HEADER_KEY.author, idBytes(header.author)],
    [HEADER_KEY.feed, idBytes(header.feed)],
    [HEADER_KEY.purpose, header.purpose],
    [HEADER_KEY.seq, header.seq],
    [HEADER_KEY.previous, header.previous === null ? null : idBytes(header.previous)],
    [HEADER_KEY.lamport, header.lamport],
    [HEADER_KEY.time, header.timeMs],
    [HEADER_KEY.kind, header.kind],
  ]);
  if (header.blobs.length > 0) {
    map.set(
      HEADER_KEY.blobs,
      header.blobs.map((blob) => [idBytes(blob.root), blob.size]),
    );
  }
  if (header.epoch !== null) map.set(HEADER_KEY.epoch, idBytes(header.epoch));
  if (header.seen.length > 0) map.set(HEADER_KEY.seen, header.seen.map(headValue));
  if (header.succeeds !== null) map.set(HEADER_KEY.succeeds, headValue(header.succeeds));
  return encodeCbor(map);
}

/** The COSE payload of an entry: the bytes [header, body]. */
export function encodePayload(encodedHeader: Uint8Array, body: Uint8Array): Bytes {
  return concatBytes(Uint8Array.of(0x82), encodedHeader, encodeCbor(body));
}

/** Sig_structure (RFC 9052 §4.4) with empty external data: what is signed for `payload`. */
export function signedBytes(payload: Uint8Array): Bytes {
  return encodeCbor(['Signature1', PROTECTED, NO_BYTES, payload]);
}

/** COSE_Sign1 from its payload and 64-byte signature. */
export function encodeSign1(payload: Uint8Array, signature: Uint8Array): Bytes {
  return concatBytes(Uint8Array.of(COSE_SIGN1_TAG), encodeCbor([PROTECTED, new Map(), payload, signature]));
}

/** Puts a signed entry together. */
export function assembleEntry(
  header: EntryHeader,
  body: Bytes,
  payload: Uint8Array,
  signature: Uint8Array,
): Entry {
  const bytes = encodeSign1(payload, signature);
  return { id: entryIdFrom(sha256(bytes)), header, body, bytes };
}

function malformed(what: string): WaystationError {
  return new WaystationError('malformed', `expected ${what} in a signed entry`);
}

/** Splits a COSE_Sign1 of ours into payload and signature. @throws WaystationError `malformed`, `limit`. */
export function decodeSign1(
  bytes: Uint8Array,
  maxBytes: number,
): { payload: Uint8Array; signature: Uint8Array } {
  if (bytes.length > maxBytes) {
    throw new WaystationError('limit', `expected at most ${maxBytes} signed bytes, got ${bytes.length}`);
  }
  if (bytes[0] !== COSE_SIGN1_TAG) throw malformed('COSE_Sign1 (tag 18)');
  const value = decodeCbor(bytes.subarray(1), maxBytes);
  if (!Array.isArray(value) || value.length !== 4) throw malformed('four COSE_Sign1 fields');
  const [protectedHeader, unprotected, payload, signature] = value as CborValue[];
  if (!(protectedHeader instanceof Uint8Array) || !equalBytes(protectedHeader, PROTECTED)) {
    throw malformed('the algorithm EdDSA');
  }
  if (!(unprotected instanceof Map) || unprotected.size !== 0) throw malformed('no unprotected headers');
  if (!(payload instanceof Uint8Array)) throw malformed('a payload');
  if (!(signature instanceof Uint8Array) || signature.length !== 64) throw malformed('a 64-byte signature');
  return { payload, signature };
}

function bytesField(value: CborValue | undefined, what: string): Uint8Array {
  if (!(value instanceof Uint8Array)) throw malformed(what);
  return value;
}

function uintField(value: CborValue | undefined, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw malformed(what);
  return value;
}

/** A time that every clock and calendar here can show: one that they cannot would stop whoever shows it. */
export function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= MAX_TIME_MS;
}

function timeField(value: CborValue | undefined): number {
  if (!isTime(value)) throw malformed('a time');
  return value;
}

function listField(value: CborValue | undefined, max: number, what: string): readonly CborValue[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length === 0 || value.length > max) throw malformed(what);
  return value;
}

/** Reads [author, feed, seq, id]. @throws WaystationError `malformed`. */
export function decodeHead(value: CborValue): Head {
  if (!Array.isArray(value) || value.length !== 4) throw malformed('a head of four fields');
  return {
    author: nodeIdFrom(bytesField(value[0], 'an author')),
    feed: feedIdFrom(bytesField(value[1], 'a feed id')),
    seq: uintField(value[2], 'a position'),
    id: entryIdFrom(bytesField(value[3], 'an entry id')),
  };
}

function decodeBlobRef(value: CborValue): BlobRef {
  if (!Array.isArray(value) || value.length !== 2) throw malformed('a blob as [root, size]');
  const size = uintField(value[1], 'a blob size');
  if (size === 0 || size > MAX_BLOB_BYTES) throw malformed('a blob size from 1 to 16 GiB');
  return { root: blobRootFrom(bytesField(value[0], 'a blob root')), size };
}

function decodeHeader(value: CborValue | undefined): EntryHeader {
  if (!(value instanceof Map)) throw malformed('a header map');
  if (value.get(HEADER_KEY.version) !== ENTRY_VERSION) throw malformed(`version ${ENTRY_VERSION}`);
  const space = value.get(HEADER_KEY.space);
  const previous = value.get(HEADER_KEY.previous);
  const epoch = value.get(HEADER_KEY.epoch);
  const succeeds = value.get(HEADER_KEY.succeeds);
  const seq = uintField(value.get(HEADER_KEY.seq), 'a position');
  if ((previous === null) !== (seq === 0)) throw malformed('a previous entry exactly from position 1 on');
  if (succeeds !== undefined && seq !== 0) throw malformed('a predecessor only at position 0');
  return {
    space: space === null ? null : spaceIdFrom(bytesField(space, 'a space')),
    author: nodeIdFrom(bytesField(value.get(HEADER_KEY.author), 'an author')),
    feed: feedIdFrom(bytesField(value.get(HEADER_KEY.feed), 'a feed id')),
    purpose: uintField(value.get(HEADER_KEY.purpose), 'a purpose'),
    seq,
    previous: previous === null ? null : entryIdFrom(bytesField(previous, 'a previous entry')),
    lamport: uintField(value.get(HEADER_KEY.lamport), 'a Lamport number'),
    timeMs: timeField(value.get(HEADER_KEY.time)),
    kind: uintField(value.get(HEADER_KEY.kind), 'a kind'),
    blobs: listField(value.get(HEADER_KEY.blobs), MAX_ENTRY_BLOBS, `1 to ${MAX_ENTRY_BLOBS} blobs`).map(
      decodeBlobRef,
    ),
    epoch: epoch === undefined ? null : entryIdFrom(bytesField(epoch, 'an epoch')),
    seen: listField(value.get(HEADER_KEY.seen), MAX_SEEN, `1 to ${MAX_SEEN} seen heads`).map(decodeHead),
    succeeds: succeeds === undefined ? null : decodeHead(succeeds),
  };
}

/** The parts of an entry that was checked when it was taken in. @throws WaystationError `malformed` or `limit`. */
export function openEntry(bytes: Bytes): {
  readonly header: EntryHeader;
  readonly body: Bytes;
  readonly payload: Uint8Array;
  readonly signature: Bytes;
} {
  const { payload, signature } = decodeSign1(bytes, MAX_ENTRY_BYTES);
  const value = decodeCbor(payload, MAX_ENTRY_BYTES);
  if (!Array.isArray(value) || value.length !== 2) throw malformed('header and body');
  const body = bytesField(value[1], 'a body') as Bytes;
  return { header: decodeHeader(value[0]), body, payload, signature: signature as Bytes };
}

/** Reads an entry without checking its signature. @throws WaystationError `malformed` or `limit`. */
export function decodeEntry(bytes: Bytes): Entry {
  const { header, body, payload } = openEntry(bytes);
  // Key order and unknown header keys: only what we would have written ourselves has this one byte form.
  if (!equalBytes(encodePayload(encodeHeader(header), body), payload))
    throw malformed('the one deterministic form');
  return { id: entryIdFrom(sha256(bytes)), header, body, bytes };
}

/** What has to hold for the entry's own signature. */
export function entryVerification(entry: Entry): Verification {
  const { payload, signature } = decodeSign1(entry.bytes, MAX_ENTRY_BYTES);
  return { publicKey: idBytes(entry.header.author), message: signedBytes(payload), signature };
}

/** The head that an entry is. */
export function headOf(entry: Entry): Head {
  const { author, feed, seq } = entry.header;
  return { author, feed, seq, id: entry.id };
}

/** Domain separation for other signed statements of a node (redemptions, proofs): label, then fixed-length fields. */
export function statement(label: string, ...fields: readonly Uint8Array[]): Bytes {
  return concatBytes(toUtf8(label), Uint8Array.of(0), ...fields);
}
