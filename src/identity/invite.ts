/**
 * Invites: a link whose fragment, which no server sees, holds everything a joiner needs: space id, hosts, meet secret, the seed of a
 * one-off invite key, and the grant chain down to that key. Expiry and uses stand in the last grant. The epoch key is not in it.
 *
 * Payload: base64url of deterministic CBOR [1, [host…], meet secret, seed, chain] followed by the first 4 bytes of its
 * SHA-256, so that a link which a messenger cut off is told apart from a forged one. What follows from the rest is left out: the
 * space id is the hash of the chain's genesis, the invite's public keys follow from its seed.
 */
import * as v from 'valibot';
import { type Bytes, concatBytes, equalBytes, fromBase64Url, toBase64Url } from '../core/bytes.ts';
import { decodeCbor, encodeCbor } from '../core/cbor.ts';
import { errorMessage, WaystationError } from '../core/errors.ts';
import { sha256 } from '../core/hash.ts';
import { type SpaceId, spaceIdFrom } from '../core/ids.ts';
import { FIRST_ISSUE } from '../core/schema.ts';
import type { KnownInviteKeys } from './chain-codec.ts';
import { isDirectEndpoint, parseDirectEndpoint } from './direct-endpoint.ts';
import { decodeChain, encodeChain } from './grant-chain.ts';
import { inviteKeys } from './invite-keys.ts';

export const MAX_INVITE_HOSTS = 8;
export const MAX_HOST_LENGTH = 200;
/** Four grants and eight long hosts make 5 kB of base64url. */
export const MAX_LINK_LENGTH = 8_192;
const CHECK_BYTES = 4;
const FRAGMENT = 'join=';

export interface Invite {
  readonly space: SpaceId;
  /** Hosts to meet on: ws, wss, later peerjs; and relays to dial directly (direct-endpoint.ts). */
  readonly hosts: readonly string[];
  readonly meetSecret: Bytes;
  /** Seed of the invite key (see invite-keys.ts). */
  readonly seed: Bytes;
  /** Encoded grant chain whose last grant is open. */
  readonly chain: Bytes;
}

/** Where an invite may lead: a URL of a host, or a whole and sound direct endpoint. */
export function isMeetingPlace(text: string): boolean {
  if (!isDirectEndpoint(text)) return /^(wss?|peerjs):\/\/\S+$/.test(text);
  try {
    parseDirectEndpoint(text);
    return true;
  } catch {
    return false;
  }
}

const raw = v.instance(Uint8Array) as v.GenericSchema<Bytes>;
const schema = v.strictTuple([
  v.literal(1),
  v.pipe(
    v.array(v.pipe(v.string(), v.maxLength(MAX_HOST_LENGTH), v.check(isMeetingPlace))),
    v.maxLength(MAX_INVITE_HOSTS),
  ),
  v.pipe(raw, v.length(32)),
  v.pipe(raw, v.length(32)),
  raw,
]);

/**
 * The link: `base` without its fragment, then the payload.
 * @throws RangeError when the hosts, the seed or the chain could not be read back.
 */
export function encodeInvite(base: string, invite: Invite): string {
  const { hosts, meetSecret, seed } = invite;
  const chain = encodeChain(decodeChain(invite.chain), knownKeys(seed));
  const payload = encodeCbor([1, [...hosts], meetSecret, seed, chain]);
  const text = toBase64Url(concatBytes(payload, sha256(payload).subarray(0, CHECK_BYTES)));
  const link = `${base.split('#')[0]}#${FRAGMENT}${text}`;
  try {
    if (parseInvite(link).space === invite.space) return link;
  } catch (cause) {
    throw new RangeError(`this invite cannot be written: ${errorMessage(cause)}`, { cause });
  }
  throw new RangeError('expected a chain of the space that the invite names');
}

function knownKeys(seed: Uint8Array): KnownInviteKeys {
  const { publicKey, sealKey } = inviteKeys(seed);
  return { inviteKey: publicKey, inviteSealKey: sealKey };
}

/** True when the text looks like an invite at all. */
export function looksLikeInvite(text: string): boolean {
  return text.includes(FRAGMENT);
}

/**
 * Reads an invite link, its fragment or its payload; white space that messengers put in is ignored. Signatures are not checked
 * here (see grant-chain.ts).
 * @throws WaystationError `malformed`, `limit`.
 */
export function parseInvite(text: string): Invite {
  if (text.length > MAX_LINK_LENGTH) {
    throw new WaystationError(
      'limit',
      `this is too long for an invite link (${text.length} characters, at most ${MAX_LINK_LENGTH})`,
    );
  }
  const squeezed = text.replaceAll(/[\s\u200b\u00ad]/g, '');
  const fragment = squeezed.slice(squeezed.indexOf('#') + 1);
  const isNamed = fragment.startsWith(FRAGMENT);
  const payload = isNamed ? fragment.slice(FRAGMENT.length) : fragment;
  const cutOff = (cause?: unknown) =>
    new WaystationError(
      'malformed',
      'the invite link is cut off or changed: copy it whole, or scan the code',
      { cause },
    );
  if (!/^[A-Za-z0-9_-]{40,}$/.test(payload)) {
    if (isNamed) throw cutOff();
    throw new WaystationError(
      'malformed',
      'this is not an invite link: expected a link that contains #join=…',
    );
  }
  let bytes: Bytes;
  try {
    bytes = fromBase64Url(payload);
  } catch (error) {
    throw cutOff(error);
  }
  const body = bytes.subarray(0, -CHECK_BYTES);
  if (!equalBytes(sha256(body).subarray(0, CHECK_BYTES), bytes.subarray(-CHECK_BYTES))) throw cutOff();
  const parsed = v.safeParse(schema, decodeCbor(body, MAX_LINK_LENGTH), FIRST_ISSUE);
  if (!parsed.success) {
    throw new WaystationError(
      'malformed',
      'this invite is of a kind that this version cannot read: update Waystation',
    );
  }
  const [, hosts, meetSecret, seed, compact] = parsed.output;
  const chain = decodeChain(compact, knownKeys(seed));
  const space = spaceIdFrom(sha256(chain.genesis.bytes));
  return { space, hosts, meetSecret, seed, chain: encodeChain(chain) };
}
