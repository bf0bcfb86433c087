/**
 * Names of things. In memory every id is lower-case hex, branded so that one kind cannot be passed for another;
 * on the wire and in signed bytes it is the raw byte string. People see a node as `did:key:z6Mk…`
 * (W3C did:key with the Ed25519 multicodec 0xed01, base58btc).
 */
import { base58 } from '@scure/base';
import { type Bytes, concatBytes, fromHex, toHex } from './bytes.ts';
import { WaystationError } from './errors.ts';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Ed25519 public key of a node, 32 bytes. */
export type NodeId = Branded<'NodeId'>;
/** SHA-256 of the genesis entry, 32 bytes. */
export type SpaceId = Branded<'SpaceId'>;
/** Random name of one feed of one author, 16 bytes. */
export type FeedId = Branded<'FeedId'>;
/** SHA-256 of a whole signed entry, 32 bytes. */
export type EntryId = Branded<'EntryId'>;
/** Random name of a station, kept when its phone or key is replaced, 16 bytes. */
export type StationId = Branded<'StationId'>;
/** Merkle root of a blob, 32 bytes. Always travels with the size: see {@link BlobRef}. */
export type BlobRoot = Branded<'BlobRoot'>;
/** Entry id of the `epoch` entry that started a content key. */
export type EpochId = EntryId;

/** A blob's whole name: SHA-256 Merkle root over 16 KiB leaves (BEP 52) and size in bytes. */
export interface BlobRef {
  readonly root: BlobRoot;
  readonly size: number;
}

/** Key of a blob in maps and file names: `<root>-<size>`. */
export function blobKey(ref: BlobRef): string {
  return `${ref.root}-${ref.size}`;
}

function checked<T extends string>(kind: string, length: number): (bytes: Uint8Array) => T {
  return (bytes) => {
    if (bytes.length !== length) {
      throw new WaystationError('malformed', `expected a ${kind} of ${length} bytes, got ${bytes.length}`);
    }
    return toHex(bytes) as T;
  };
}

export const nodeIdFrom = checked<NodeId>('node id', 32);
export const spaceIdFrom = checked<SpaceId>('space id', 32);
export const feedIdFrom = checked<FeedId>('feed id', 16);
export const entryIdFrom = checked<EntryId>('entry id', 32);
export const stationIdFrom = checked<StationId>('station id', 16);
export const blobRootFrom = checked<BlobRoot>('blob root', 32);

/** The raw bytes of any id. */
export function idBytes(id: NodeId | SpaceId | FeedId | EntryId | StationId | BlobRoot): Bytes {
  return fromHex(id);
}

const ED25519_MULTICODEC = Uint8Array.of(0xed, 0x01);

/** `did:key:z6Mk…` text of a node id. */
export function nodeIdText(id: NodeId): string {
  return `did:key:z${base58.encode(concatBytes(ED25519_MULTICODEC, idBytes(id)))}`;
}

/** Reads `did:key:z6Mk…` or 64 hex digits. @throws WaystationError `malformed`. */
export function parseNodeId(text: string): NodeId {
  if (/^[0-9a-f]{64}$/.test(text)) return text as NodeId;
  const match = /^(?:did:key:)?z([1-9A-HJ-NP-Za-km-z]{40,60})$/.exec(text);
  const raw = match?.[1] === undefined ? undefined : base58.decode(match[1]);
  if (raw === undefined || raw.length !== 34 || raw[0] !== 0xed || raw[1] !== 0x01) {
    throw new WaystationError(
      'malformed',
      `expected a node id such as did:key:z6Mk…, got “${text.slice(0, 80)}”`,
    );
  }
  return nodeIdFrom(raw.subarray(2));
}

/** The six characters that people see beside a chosen name. */
export function shortNodeId(id: NodeId): string {
  return nodeIdText(id).slice('did:key:z6Mk'.length, 'did:key:z6Mk'.length + 6);
}
