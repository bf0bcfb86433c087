/**
 * The bytes of a grant chain, small enough for a QR code: of each entry only what its place in the chain does not tell.
 *
 * Wire form: deterministic CBOR [genesis, [step…], last]. A step is [grant, node, seal key, redemption signature] or,
 * for a hand-over, [succeed]; `last` is an open grant or null. An entry is
 * [author, feed, seq, previous, lamport, time, body, signature], where null stands for: the author who must have written it; the
 * feed of that author's entry before it in the chain; at position 1 the genesis entry as the previous one. An entry whose header has more in it (blobs, seen heads)
 * stands whole, as a byte string. In an invite the body of `last` leaves out both invite keys, which follow from the seed.
 *
 * Entries have one deterministic form, so what is put together again has the signed bytes and the same id.
 */
import { type Bytes, equalBytes } from '../core/bytes.ts';
import { type CborValue, decodeCbor, encodeCbor } from '../core/cbor.ts';
import { WaystationError } from '../core/errors.ts';
import { sha256 } from '../core/hash.ts';
import {
  entryIdFrom,
  feedIdFrom,
  idBytes,
  type NodeId,
  nodeIdFrom,
  type SpaceId,
  spaceIdFrom,
} from '../core/ids.ts';
import {
  assembleEntry,
  decodeEntry,
  decodeSign1,
  type Entry,
  type EntryHeader,
  encodeHeader,
  encodePayload,
  MAX_ENTRY_BYTES,
  PURPOSE,
} from '../feed/entry.ts';
import { KIND } from '../feed/kinds.ts';
import { BODY } from './bodies.ts';

/** What is known of an entry from its place in the chain. */
interface Place {
  readonly kind: number;
  readonly space: SpaceId | null;
  readonly author: NodeId | null;
  /** An earlier entry of the same author. */
  readonly earlier: Entry | undefined;
  readonly genesis: Entry | undefined;
}

/** Both public keys of an invite whose seed stands beside the chain. */
export interface KnownInviteKeys {
  readonly inviteKey: Bytes;
  readonly inviteSealKey: Bytes;
}

function malformed(what: string): WaystationError {
  return new WaystationError('malformed', `expected ${what} in a grant chain`);
}

/** The compact form of an entry at its place. */
export function compactEntry(entry: Entry, place: Place, known?: KnownInviteKeys): CborValue {
  const { header, body } = entry;
  const { signature } = decodeSign1(entry.bytes, MAX_ENTRY_BYTES);
  const elided = known === undefined ? undefined : elideKeys(body, known);
  const value = [
    header.author === place.author ? null : idBytes(header.author),
    header.feed === place.earlier?.header.feed ? null : idBytes(header.feed),
    header.seq,
    header.previous === null || (header.seq === 1 && header.previous === place.genesis?.id)
      ? null
      : idBytes(header.previous),
    header.lamport,
    header.timeMs,
    elided ?? body,
    signature,
  ];
  try {
    if (equalBytes(expandEntry(value, place, known).bytes, entry.bytes)) return value;
  } catch {
    // Not reducible: it stands whole.
  }
  return entry.bytes;
}

/** Puts an entry together again. @throws WaystationError `malformed`, `limit`. */
export function expandEntry(value: CborValue | undefined, place: Place, known?: KnownInviteKeys): Entry {
  if (value instanceof Uint8Array) return decodeEntry(value.slice());
  if (!Array.isArray(value) || value.length !== 8) throw malformed('entries of eight fields');
  const [author, feed, seq, previous, lamport, timeMs, body, signature] = value as CborValue[];
  const writer = author === null ? place.author : nodeIdFrom(raw(author, 'an author'));
  const log = feed === null ? place.earlier?.header.feed : feedIdFrom(raw(feed, 'a feed'));
  if (writer === null || log === undefined) throw malformed('an author and a feed');
  const position = uint(seq, 'a position');
  const header: EntryHeader = {
    space: place.space,
    author: writer,
    feed: log,
    purpose: PURPOSE.control,
    seq: position,
    previous:
      previous === null ? impliedPrevious(position, place) : entryIdFrom(raw(previous, 'an entry id')),
    lamport: uint(lamport, 'a Lamport number'),
    timeMs: uint(timeMs, 'a time'),
    kind: place.kind,
    blobs: [],
    epoch: null,
    seen: [],
    succeeds: null,
  };
  const whole = body instanceof Uint8Array ? (body.slice() as Bytes) : restoreKeys(body, known);
  if ((header.previous === null) !== (position === 0)) throw malformed('a previous entry');
  const mark = raw(signature, 'a signature');
  if (mark.length !== 64) throw malformed('64-byte signatures');
  const entry = assembleEntry(header, whole, encodePayload(encodeHeader(header), whole), mark);
  if (entry.bytes.length > MAX_ENTRY_BYTES) throw malformed('entries within their bound');
  return entry;
}

function impliedPrevious(seq: number, { genesis }: Place): Entry['id'] | null {
  return seq === 1 && genesis !== undefined ? genesis.id : null;
}

function raw(value: CborValue | undefined, what: string): Uint8Array {
  if (!(value instanceof Uint8Array)) throw malformed(what);
  return value;
}

function uint(value: CborValue | undefined, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw malformed(what);
  return value;
}

/** Grant body keys 1 and 2 (see bodies.ts). */
const INVITE_KEY = 1;
const INVITE_SEAL_KEY = 2;

function elideKeys(body: Bytes, known: KnownInviteKeys): CborValue | undefined {
  const grant = BODY.grant.decode(body);
  if (
    !equalBytes(grant.inviteKey, known.inviteKey) ||
    !equalBytes(grant.inviteSealKey, known.inviteSealKey)
  ) {
    return undefined;
  }
  const map = new Map(decodeCbor(body, MAX_ENTRY_BYTES) as ReadonlyMap<number, CborValue>);
  map.delete(INVITE_KEY);
  map.delete(INVITE_SEAL_KEY);
  return map;
}

function restoreKeys(body: CborValue | undefined, known: KnownInviteKeys | undefined): Bytes {
  if (!(body instanceof Map) || known === undefined) throw malformed('a body');
  const map = new Map(body as ReadonlyMap<number, CborValue>);
  map.set(INVITE_KEY, known.inviteKey);
  map.set(INVITE_SEAL_KEY, known.inviteSealKey);
  return encodeCbor(map);
}

/** The place of the genesis entry. */
export const GENESIS_PLACE: Place = {
  kind: KIND.genesis,
  space: null,
  author: null,
  earlier: undefined,
  genesis: undefined,
};

/** Tells the place of each entry after the genesis, in the order of the chain. */
export class ChainPlaces {
  readonly #genesis: Entry;
  readonly #space: SpaceId;
  readonly #last = new Map<NodeId, Entry>();
  #author: NodeId;

  constructor(genesis: Entry) {
    this.#genesis = genesis;
    this.#space = spaceIdFrom(sha256(genesis.bytes));
    this.#author = genesis.header.author;
    this.#last.set(this.#author, genesis);
  }

  next(kind: number): Place {
    const author = this.#author;
    return { kind, space: this.#space, author, earlier: this.#last.get(author), genesis: this.#genesis };
  }

  /** `entry` was written, and whatever comes next is by `author`. */
  passed(entry: Entry, author: NodeId): void {
    this.#last.set(entry.header.author, entry);
    this.#author = author;
  }
}
