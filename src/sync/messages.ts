/**
 * The wire format of the sync session, alone in one file. Every message is one deterministic CBOR array whose first
 * element is its type; ids are raw byte strings, `alias` is the 8-byte session name of a space (see identity/prove).
 * docs/PROTOCOL.md describes the exchange.
 */
import * as v from 'valibot';
import { MAX_BLOB_BYTES } from '../blob/merkle.ts';
import type { Bytes } from '../core/bytes.ts';
import { type CborValue, decodeCbor, encodeCbor } from '../core/cbor.ts';
import { WaystationError } from '../core/errors.ts';
import { boundedList, FIRST_ISSUE } from '../core/schema.ts';
import { MAX_BEAT_BYTES } from '../feed/beat.ts';
import { MAX_ENTRY_BYTES } from '../feed/entry.ts';
import { MAX_CHAIN_BYTES } from '../identity/grant-chain.ts';
import {
  MAX_BEATS_PER_MESSAGE,
  MAX_CHUNKS_PER_MESSAGE,
  MAX_HEADS_PER_MESSAGE,
  MAX_MESSAGE_BYTES,
  MAX_PULL_HOPS,
  MAX_PULLS_PER_MESSAGE,
  MAX_RANGES,
  MAX_RUN_NUMBERS,
  MAX_SPACE_TOKENS,
  MAX_WANTS_PER_MESSAGE,
} from './limits.ts';

export const PROTOCOL_VERSION = 1;

const uint = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const raw = v.instance(Uint8Array) as v.GenericSchema<Bytes>;
const fixed = (length: number) => v.pipe(raw, v.length(length));
const upTo = (length: number) => v.pipe(raw, v.maxLength(length));
const id32 = fixed(32);
const id16 = fixed(16);
const alias = fixed(8);
const rangeKey = v.nullable(fixed(48));
/** [author, feed, purpose, seq, entry id] */
const head = v.strictTuple([id32, id16, uint, uint, id32]);
/** [lo, hi, count, fingerprint] */
const range = v.strictTuple([rangeKey, rangeKey, uint, id16]);
/** [root, size] */
const blob = v.strictTuple([id32, v.pipe(uint, v.minValue(1), v.maxValue(MAX_BLOB_BYTES))]);

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
  /** new heads since the comparison */
  heads: v.strictTuple([v.literal(9), alias, boundedList(head, MAX_HEADS_PER_MESSAGE)]),
  /** [author, feed, seq and id of the wanted head, from seq] */
  wantEntries: v.strictTuple([
    v.literal(10),
    alias,
    boundedList(v.strictTuple([id32, id16, uint, id32, uint]), MAX_WANTS_PER_MESSAGE),
  ]),
  /** author, feed, consecutive signed entries, whether this ends the answer */
  entries: v.strictTuple([
    v.literal(11),
    alias,
    id32,
    id16,
    boundedList(upTo(MAX_ENTRY_BYTES), 4_096),
    v.boolean(),
  ]),
  /** [author, feed, runs of positions whose blobs are all held] */
  have: v.strictTuple([
    v.literal(12),
    alias,
    boundedList(v.strictTuple([id32, id16, boundedList(uint, MAX_RUN_NUMBERS)]), MAX_HEADS_PER_MESSAGE),
  ]),
  /** [root, size, chunk index] */
  wantChunks: v.strictTuple([
    v.literal(13),
    alias,
    boundedList(
      v.strictTuple([id32, v.pipe(uint, v.minValue(1), v.maxValue(MAX_BLOB_BYTES)), uint]),
      MAX_CHUNKS_PER_MESSAGE,
    ),
  ]),
  /** root, size, chunk index, Merkle proof bottom up, bytes */
  chunk: v.strictTuple([v.literal(14), alias, id32, uint, uint, boundedList(id32, 40), upTo(131_072)]),
  /** asked for but not held */
  lack: v.strictTuple([v.literal(15), alias, blob]),
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
