/**
 * The wire format of the sync session, alone in one file. Every message is one deterministic CBOR array whose first
 * element is its type; ids are raw byte strings, `alias` is the 8-byte session name of a space (see identity/prove), and a feed is the number
 * that its sender gave it in `names`, or its bytes (see link-names).
 * docs/PROTOCOL.md describes the exchange.
 */
import * as v from 'valibot';
import { MAX_BLOB_BYTES } from '../blob/merkle.ts';
import type { Bytes } from '../core/bytes.ts';
import { type CborValue, decodeCbor, encodeCbor } from '../core/cbor.ts';
import { WaystationError } from '../core/errors.ts';
import { boundedList, FIRST_ISSUE } from '../core/schema.ts';
import { MAX_BEAT_BYTES } from '../feed/beat.ts';
import { MAX_ENTRY_BLOBS, MAX_ENTRY_BYTES } from '../feed/entry.ts';
import { MAX_TIME_MS } from '../hour/limits.ts';
import { MAX_CHAIN_BYTES } from '../identity/grant-chain.ts';
import {
  MAX_BEATS_PER_MESSAGE,
  MAX_CHUNKS_PER_MESSAGE,
  MAX_HEADS_PER_MESSAGE,
  MAX_MESSAGE_BYTES,
  MAX_NAMES,
  MAX_NAMES_PER_MESSAGE,
  MAX_PULL_HOPS,
  MAX_PULLS_PER_MESSAGE,
  MAX_RANGES,
  MAX_RUN_NUMBERS,
  MAX_SPACE_TOKENS,
  MAX_WANTS_PER_MESSAGE,
} from './limits.ts';
import { EPOCH_NAME_BYTES, FEED_NAME_BYTES } from './link-names.ts';

export const PROTOCOL_VERSION = 2;
/** How much of an entry's id tells it from the others at its position, of which there are at most eight. */
export const ENTRY_ID_START_BYTES = 8;
/** How much of a blob's root tells it from the others that are named at its position. */
export const ROOT_START_BYTES = 4;
/** How much of the id before news tells it from others at that position: those of a fork, which its author itself has made. */
export const PREVIOUS_START_BYTES = 4;

const uint = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const raw = v.instance(Uint8Array) as v.GenericSchema<Bytes>;
const fixed = (length: number) => v.pipe(raw, v.length(length));
const upTo = (length: number) => v.pipe(raw, v.maxLength(length));
const id32 = fixed(32);
const id16 = fixed(16);
const alias = fixed(8);
const rangeKey = v.nullable(fixed(48));
const number = v.pipe(uint, v.maxValue(MAX_NAMES - 1));
const feedName = v.union([number, fixed(FEED_NAME_BYTES)]);
/** [author, feed, purpose, seq, entry id] */
const head = v.strictTuple([id32, id16, uint, uint, id32]);
/** [lo, hi, count, fingerprint] */
const range = v.strictTuple([rangeKey, rangeKey, uint, id16]);
/** [root, size] */
const blob = v.strictTuple([id32, v.pipe(uint, v.minValue(1), v.maxValue(MAX_BLOB_BYTES))]);
/** The whole entry, or time, Lamport number, kind, epoch, blobs, body, signature (see entry-wire). */
const entry = v.union([
  upTo(MAX_ENTRY_BYTES),
  v.strictTuple([
    v.pipe(uint, v.maxValue(MAX_TIME_MS)),
    uint,
    uint,
    v.union([v.null(), number, fixed(EPOCH_NAME_BYTES)]),
    boundedList(blob, MAX_ENTRY_BLOBS),
    upTo(MAX_ENTRY_BYTES),
    fixed(64),
  ]),
]);
/** purpose, first seq, the entry before it (its id, the start of it, or null), consecutive entries */
const run = v.strictTuple([
  uint,
  uint,
  v.union([v.null(), fixed(PREVIOUS_START_BYTES), id32]),
  boundedList(entry, 4_096),
]);

/** Wire schemas by type number. Field order is the wire order. */
const SCHEMAS = {
  /** version, node id, nonce */
  hello: v.strictTuple([v.literal(1), uint, id32, id32]),
  /** signature of the transcript, one token per space */
  prove: v.strictTuple([v.literal(2), fixed(64), boundedList(id32, MAX_SPACE_TOKENS)]),
  /** the sender does not know the receiver as a member: show a chain; whether the sender is admitted itself */
  need: v.strictTuple([v.literal(3), alias, v.boolean()]),
  /** grant chain, ending in the sender's own redemption */
  chain: v.strictTuple([v.literal(4), alias, upTo(MAX_CHAIN_BYTES)]),
  /** the sender accepts the receiver as a member and will serve it */
  open: v.strictTuple([v.literal(5), alias]),
  /** the sender will not serve: code */
  refuse: v.strictTuple([v.literal(6), alias, v.pipe(v.string(), v.maxLength(32))]),
  /** fingerprints of the sender's heads, to be answered range by range */
  ranges: v.strictTuple([v.literal(7), alias, boundedList(range, MAX_RANGES)]),
  /** answers to asked ranges: same (null), listed heads, or finer fingerprints */
  compared: v.strictTuple([
    v.literal(8),
    alias,
    boundedList(
      v.strictTuple([
        rangeKey,
        rangeKey,
        v.union([
          v.null(),
          v.strictTuple([v.literal(0), boundedList(head, MAX_HEADS_PER_MESSAGE)]),
          v.strictTuple([v.literal(1), boundedList(range, MAX_RANGES)]),
        ]),
      ]),
      MAX_RANGES,
    ),
  ]),
  /** new heads since the comparison: [feed, purpose, seq, entry id] */
  heads: v.strictTuple([
    v.literal(9),
    alias,
    boundedList(v.strictTuple([feedName, uint, uint, id32]), MAX_HEADS_PER_MESSAGE),
  ]),
  /** [feed, seq and start of the id of the wanted head, from seq] */
  wantEntries: v.strictTuple([
    v.literal(10),
    alias,
    boundedList(v.strictTuple([feedName, uint, fixed(ENTRY_ID_START_BYTES), uint]), MAX_WANTS_PER_MESSAGE),
  ]),
  /** feed, entries, whether this ends the answer */
  entries: v.strictTuple([v.literal(11), alias, feedName, run, v.boolean()]),
  /** [feed, runs of positions whose blobs are all held] */
  have: v.strictTuple([
    v.literal(12),
    alias,
    boundedList(v.strictTuple([feedName, boundedList(uint, MAX_RUN_NUMBERS)]), MAX_HEADS_PER_MESSAGE),
  ]),
  /** number of the first request, then [feed, seq, start of the root, chunk index] or [root, size, chunk index] */
  wantChunks: v.strictTuple([
    v.literal(13),
    alias,
    uint,
    boundedList(
      v.union([
        v.strictTuple([feedName, uint, fixed(ROOT_START_BYTES), uint]),
        v.strictTuple([id32, v.pipe(uint, v.minValue(1), v.maxValue(MAX_BLOB_BYTES)), uint]),
      ]),
      MAX_CHUNKS_PER_MESSAGE,
    ),
  ]),
  /** number of the request, Merkle proof bottom up, bytes */
  chunk: v.strictTuple([v.literal(14), alias, uint, boundedList(id32, 40), upTo(131_072)]),
  /** number of the request for what is not held */
  lack: v.strictTuple([v.literal(15), alias, uint]),
  /** please get these from your neighbours, hops left */
  pull: v.strictTuple([
    v.literal(16),
    alias,
    boundedList(blob, MAX_PULLS_PER_MESSAGE),
    v.pipe(uint, v.maxValue(MAX_PULL_HOPS)),
  ]),
  /** signed beats */
  beats: v.strictTuple([v.literal(17), alias, boundedList(upTo(MAX_BEAT_BYTES), MAX_BEATS_PER_MESSAGE)]),
  /** held already, of what the receiver asked to pull: where a fork or a policy keeps runs of positions from saying so */
  hold: v.strictTuple([v.literal(18), alias, boundedList(blob, MAX_PULLS_PER_MESSAGE)]),
  /** author ‖ feed, or the id of an epoch: the next numbers mean these */
  names: v.strictTuple([
    v.literal(19),
    alias,
    boundedList(v.union([fixed(FEED_NAME_BYTES), fixed(EPOCH_NAME_BYTES)]), MAX_NAMES_PER_MESSAGE),
  ]),
  /** feed and entries that the sender has just written in it; their blobs are held */
  news: v.strictTuple([v.literal(20), alias, feedName, run]),
} as const;

export type MessageName = keyof typeof SCHEMAS;
export type Message<N extends MessageName = MessageName> = { [K in N]: { name: K; fields: Fields<K> } }[N];
type Fields<N extends MessageName> = v.InferOutput<(typeof SCHEMAS)[N]>;

const TYPE_OF = Object.fromEntries(Object.keys(SCHEMAS).map((name, index) => [name, index + 1])) as Record<
  MessageName,
  number
>;
const BY_TYPE = new Map<number, MessageName>(
  (Object.keys(SCHEMAS) as MessageName[]).map((name, index) => [index + 1, name]),
);

type Tail<T extends readonly unknown[]> = T extends readonly [unknown, ...infer R] ? R : never;

/** Encodes a message from its fields after the type number. */
export function encodeMessage<N extends MessageName>(name: N, ...fields: Tail<Fields<N>>): Bytes {
  return encodeCbor([TYPE_OF[name], ...(fields as CborValue[])]);
}

/** Reads one message. @throws WaystationError `limit` or `malformed`. */
export function decodeMessage(bytes: Uint8Array): Message {
  const value = decodeCbor(bytes, MAX_MESSAGE_BYTES);
  const name = Array.isArray(value) ? BY_TYPE.get(value[0] as number) : undefined;
  if (name === undefined) throw new WaystationError('malformed', 'expected a message of a known type');
  const result = v.safeParse(SCHEMAS[name] as v.GenericSchema, value, FIRST_ISSUE);
  if (!result.success) {
    throw new WaystationError(
      'malformed',
      `expected a well-formed “${name}” message: ${result.issues[0].message}`,
    );
  }
  return { name, fields: result.output } as Message;
}
