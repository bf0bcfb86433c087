/**
 * What goes over a signaling WebSocket: the PeerServer protocol (peers/peerjs-server 1.x, JSON text messages
 * `{type, src, dst, payload}`), so that stock PeerJS clients can use our hosts and our nodes can speak to a stock
 * PeerServer, plus our own `WS-` messages by which members of a space find each other under a blinded topic.
 *
 * Invariants: text is bounded before it is parsed; whatever does not fit a schema is `undefined`, never an exception;
 * the hub sees topics (32 bytes of HMAC) and hellos (ciphertext) only.
 */
import * as v from 'valibot';
import { boundedList, FIRST_ISSUE } from '../src/core/schema.ts';

/** WebSocket path of a PeerServer with default settings. */
export const PEERJS_PATH = '/peerjs';
/** The API key that PeerServer and PeerJS use unless told otherwise. */
export const PEERJS_KEY = 'peerjs';

/** An SDP with several media sections stays under 20 kB; PeerJS metadata rides in the same message. */
export const MAX_CLIENT_MESSAGE_CHARS = 65_536;
/** A `WS-PRESENT` of 256 peers with the longest ids and hellos is 220,000 characters. */
export const MAX_SERVER_MESSAGE_CHARS = 262_144;
/** PeerJS makes ids of 36 characters, ours have 32; people type shorter ones. */
export const MAX_PEER_ID_CHARS = 64;
/** Tokens are random strings of 10 to 32 characters. */
export const MAX_TOKEN_CHARS = 128;
/** A hello is a sealed node id, about 80 bytes; the rest is room for what later versions add. */
export const MAX_HELLO_BYTES = 512;
/** Base64url characters of {@link MAX_HELLO_BYTES}. */
export const MAX_HELLO_CHARS = Math.ceil((MAX_HELLO_BYTES * 4) / 3);
/** As many spaces as a node can be in with two days each, which is what they are met under around midnight. */
export const MAX_TOPICS_PER_CLIENT = 64;
/** More peers than a node ever links to; the newest are the likeliest to be alive. */
export const MAX_PRESENT_PEERS = 256;
/** A sealed description or candidate, base64url. */
export const MAX_SEALED_CHARS = 49_152;
/** Names one connection attempt between two peers. */
export const MAX_CONNECTION_ID_CHARS = 64;

/** The latest moment that a date can hold, ms since the Unix epoch. */
const LATEST_MS = 8.64e15;

const PEER_ID = /^[A-Za-z0-9](?:[A-Za-z0-9 _-]*[A-Za-z0-9])?$/;
const TOPIC = /^[A-Za-z0-9_-]{43}$/;
const BASE64URL = /^[A-Za-z0-9_-]*$/;

const PeerIdSchema = v.pipe(v.string(), v.maxLength(MAX_PEER_ID_CHARS), v.regex(PEER_ID));
const TopicSchema = v.pipe(v.string(), v.regex(TOPIC));
const HelloSchema = v.pipe(v.string(), v.maxLength(MAX_HELLO_CHARS), v.regex(BASE64URL));
const PresenceSchema = v.object({ id: PeerIdSchema, hello: HelloSchema });
const TopicHelloSchema = v.object({ topic: TopicSchema, hello: HelloSchema });

/** Message types that a hub carries from one client to another without looking inside. */
export const RELAYED_TYPES = ['OFFER', 'ANSWER', 'CANDIDATE', 'LEAVE', 'EXPIRE'] as const;
export type RelayedType = (typeof RELAYED_TYPES)[number];

const ClientMessageSchema = v.variant('type', [
  v.object({
    type: v.picklist(RELAYED_TYPES),
    /** Never believed; another id than the sender's own is counted. */
    src: v.optional(v.unknown()),
    dst: v.optional(v.nullable(PeerIdSchema)),
    payload: v.optional(v.unknown()),
  }),
  v.object({ type: v.literal('HEARTBEAT'), payload: v.optional(v.unknown()) }),
  v.object({
    type: v.literal('WS-JOIN'),
    payload: v.object({
      topics: boundedList(TopicHelloSchema, MAX_TOPICS_PER_CLIENT, 1),
    }),
  }),
  v.object({
    type: v.literal('WS-PART'),
    payload: v.object({
      topics: boundedList(TopicSchema, MAX_TOPICS_PER_CLIENT, 1),
    }),
  }),
]);

/** A host whose clock says what no date can hold is as one that does not tell the time. */
const TimeSchema = v.fallback(
  v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(LATEST_MS))),
  undefined,
);
const OpenPayloadSchema = v.object({
  hostId: v.pipe(v.string(), v.maxLength(64), v.regex(BASE64URL)),
  timeMs: TimeSchema,
});
const ReasonSchema = v.object({ msg: v.pipe(v.string(), v.maxLength(1000)) });

const ServerMessageSchema = v.variant('type', [
  v.object({ type: v.literal('OPEN'), payload: v.optional(v.nullable(OpenPayloadSchema)) }),
  v.object({
    type: v.picklist(['ERROR', 'ID-TAKEN', 'INVALID-KEY']),
    payload: v.optional(v.nullable(ReasonSchema)),
  }),
  v.object({
    type: v.literal('HEARTBEAT'),
    payload: v.fallback(v.optional(v.nullable(v.object({ timeMs: TimeSchema }))), undefined),
  }),
  v.object({
    type: v.picklist(RELAYED_TYPES),
    src: PeerIdSchema,
    payload: v.optional(v.unknown()),
  }),
  v.object({
    type: v.literal('WS-PRESENT'),
    payload: v.object({
      topic: TopicSchema,
      peers: boundedList(PresenceSchema, MAX_PRESENT_PEERS),
    }),
  }),
  v.object({
    type: v.literal('WS-ARRIVED'),
    payload: v.object({ topic: TopicSchema, id: PeerIdSchema, hello: HelloSchema }),
  }),
  v.object({ type: v.literal('WS-LEFT'), payload: v.object({ topic: TopicSchema, id: PeerIdSchema }) }),
]);

const SealedPayloadSchema = v.object({
  sealed: v.pipe(v.string(), v.maxLength(MAX_SEALED_CHARS), v.regex(BASE64URL)),
  connectionId: v.pipe(v.string(), v.maxLength(MAX_CONNECTION_ID_CHARS), v.regex(BASE64URL)),
});

const ConnectParamsSchema = v.object({
  key: v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_TOKEN_CHARS)),
  id: PeerIdSchema,
  token: v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_TOKEN_CHARS)),
});

/** What a client may say to a hub. */
export type ClientMessage = v.InferOutput<typeof ClientMessageSchema> & {
  /** It says `type`, `dst` and `payload`, and nothing else: its text can be carried as it is. */
  readonly isPlain?: boolean;
};
/** What a hub may say to a client. */
export type ServerMessage = v.InferOutput<typeof ServerMessageSchema>;
/** One peer under a topic: its connection id and its opaque hello, base64url. */
export type Presence = v.InferOutput<typeof PresenceSchema>;
/** A topic (43 characters, base64url of 32 bytes) and the hello to show there. */
export type TopicHello = v.InferOutput<typeof TopicHelloSchema>;
/** What our own nodes put into OFFER, ANSWER and CANDIDATE. */
export type SealedPayload = v.InferOutput<typeof SealedPayloadSchema>;
/** The query parameters of a PeerServer WebSocket, checked. */
export type ConnectParams = v.InferOutput<typeof ConnectParamsSchema>;

function parseBounded<T>(text: string, maxChars: number, check: (value: unknown) => T): T | undefined {
  if (text.length > maxChars) return undefined;
  try {
    return check(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Reads what a client sent to a hub; `undefined` when it is too long or not a message of the protocol. */
export function parseClientMessage(text: string): ClientMessage | undefined {
  return parseBounded(
    text,
    MAX_CLIENT_MESSAGE_CHARS,
    (value) => relayedMessage(value) ?? v.parse(ClientMessageSchema, value, FIRST_ISSUE),
  );
}

const RELAYED: ReadonlySet<unknown> = new Set(RELAYED_TYPES);

/** What the schema would say of a message to be carried, without the price of a schema: nearly all messages are such. */
function relayedMessage(value: unknown): ClientMessage | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { type, src, dst, payload } = value as Readonly<Record<string, unknown>>;
  if (!RELAYED.has(type) || typeof dst !== 'string') return undefined;
  if (dst.length > MAX_PEER_ID_CHARS || !PEER_ID.test(dst)) return undefined;
  if (src !== undefined) return { type: type as RelayedType, src, dst, payload };
  let isPlain = true;
  for (const key in value) isPlain &&= key === 'type' || key === 'dst' || key === 'payload';
  return { type: type as RelayedType, dst, payload, isPlain };
}

/** Reads what a hub sent to a client; `undefined` when it is too long or not a message of the protocol. */
export function parseServerMessage(text: string): ServerMessage | undefined {
  return parseBounded(text, MAX_SERVER_MESSAGE_CHARS, (value) =>
    v.parse(ServerMessageSchema, value, FIRST_ISSUE),
  );
}

/** Reads the payload that our nodes put into OFFER, ANSWER and CANDIDATE; `undefined` for anything else. */
export function parseSealedPayload(payload: unknown): SealedPayload | undefined {
  const result = v.safeParse(SealedPayloadSchema, payload, FIRST_ISSUE);
  return result.success ? result.output : undefined;
}

/** Reads `key`, `id` and `token` of a connection request; `undefined` when one is missing or out of bounds. */
export function parseConnectParams(query: URLSearchParams): ConnectParams | undefined {
  const result = v.safeParse(ConnectParamsSchema, {
    key: query.get('key'),
    id: query.get('id'),
    token: query.get('token'),
  });
  return result.success ? result.output : undefined;
}
