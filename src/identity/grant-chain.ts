/**
 * Grant chains: who may be in a space, checked from the space id alone and from nothing else. A chain is the genesis entry and
 * up to four grants, each redeemed by the node that wrote the next one. Where a node has handed its place to another key, its
 * `succeed` entry stands between. A member's chain (its credential) ends in its own redemption or hand-over; an invite's
 * chain ends in the grant that it carries.
 *
 * Signatures are an effect: `prepareChain` says what must be verified, `conclude` what follows when it holds.
 * Bytes: chain-codec.ts.
 */
import type { Bytes } from '../core/bytes.ts';
import { type CborValue, decodeCbor, encodeCbor } from '../core/cbor.ts';
import { WaystationError } from '../core/errors.ts';
import { type EntryId, idBytes, type NodeId, nodeIdFrom, type SpaceId } from '../core/ids.ts';
import type { Verification } from '../core/ports.ts';
import { type Entry, entryVerification, statement } from '../feed/entry.ts';
import { KIND } from '../feed/kinds.ts';
import { BODY, type GenesisBody, type GrantBody, type Redemption } from './bodies.ts';
import {
  ChainPlaces,
  compactEntry,
  expandEntry,
  GENESIS_PLACE,
  type KnownInviteKeys,
} from './chain-codec.ts';
import { mayGrant, type Role } from './roles.ts';

/** Grants from the first admin down to a member: each costs about 0.4 kB in every link. */
export const MAX_CHAIN_DEPTH = 4;
/** Hand-overs in one chain: a phone replaced every other year for sixteen years. */
export const MAX_CHAIN_HEIRS = 8;
/** Genesis, four redeemed grants and eight hand-overs are under 4 KiB; the bound leaves room for entries that name what they saw. */
export const MAX_CHAIN_BYTES = 8_192;

export interface ChainLevel {
  readonly grant: Entry;
  readonly redemption: Redemption;
  /** `succeed` entries by which the redeemed node's place went on to other keys, in order. */
  readonly heirs?: readonly Entry[];
}

export interface GrantChain {
  readonly genesis: Entry;
  /** `succeed` entries by which the first admin's place went on to other keys, in order. */
  readonly heirs?: readonly Entry[];
  readonly levels: readonly ChainLevel[];
  /** The grant of an invite that is not redeemed yet; null in a credential. */
  readonly last: Entry | null;
}

/** What a sound chain says. */
export interface ChainVerdict {
  /** The node that the chain ends in; for an invite the one whose place its issuer acts from. */
  readonly holder: NodeId;
  /** X25519 key of the holder, 32 bytes. */
  readonly sealKey: Bytes;
  readonly role: Role;
  /** Grants between the first admin and the holder. */
  readonly depth: number;
  readonly genesis: GenesisBody;
  readonly chain: GrantChain;
  /** The open invite's terms; null in a credential. */
  readonly invite: { readonly id: EntryId; readonly body: GrantBody } | null;
}

export interface PreparedChain {
  readonly verifications: Verification[];
  /** @throws WaystationError `bad-signature` when a result is false. */
  conclude(results: readonly boolean[]): ChainVerdict;
}

/** What a joiner signs with the invite key: its own keys, for this grant of this space. */
export function redemptionStatement(
  space: SpaceId,
  grant: EntryId,
  node: NodeId,
  sealKey: Uint8Array,
): Bytes {
  return statement('waystation/redeem/1', idBytes(space), idBytes(grant), idBytes(node), sealKey);
}

/** The chain's bytes. @param known the keys of an invite, left out of its open grant. */
export function encodeChain(chain: GrantChain, known?: KnownInviteKeys): Bytes {
  const places = new ChainPlaces(chain.genesis);
  const steps: CborValue[] = [];
  const addHeirs = (heirs: readonly Entry[] = []) => {
    for (const entry of heirs) {
      steps.push([compactEntry(entry, places.next(KIND.succeed))]);
      places.passed(entry, BODY.succeed.decode(entry.body).heir);
    }
  };
  addHeirs(chain.heirs);
  for (const { grant, redemption, heirs } of chain.levels) {
    const { node, sealKey, signature } = redemption;
    steps.push([compactEntry(grant, places.next(KIND.grant)), idBytes(node), sealKey, signature]);
    places.passed(grant, node);
    addHeirs(heirs);
  }
  const last = chain.last === null ? null : compactEntry(chain.last, places.next(KIND.grant), known);
  return encodeCbor([compactEntry(chain.genesis, GENESIS_PLACE), steps, last]);
}

function badChain(what: string): WaystationError {
  return new WaystationError('bad-chain', `expected ${what} in a grant chain`);
}

function bytesOf(value: CborValue | undefined, length: number, what: string): Bytes {
  if (!(value instanceof Uint8Array) || value.length !== length) throw badChain(what);
  return value.slice() as Bytes;
}

/**
 * Reads a chain; nothing about it is checked but its form.
 * @param known the keys of an invite, when its open grant leaves them out.
 * @throws WaystationError `malformed`, `limit` or `bad-chain`.
 */
export function decodeChain(bytes: Uint8Array, known?: KnownInviteKeys): GrantChain {
  const value = decodeCbor(bytes, MAX_CHAIN_BYTES);
  if (!Array.isArray(value) || value.length !== 3 || !Array.isArray(value[1])) throw badChain('three parts');
  const [first, steps, last] = value as [CborValue, CborValue[], CborValue];
  if (steps.length > MAX_CHAIN_DEPTH + MAX_CHAIN_HEIRS) throw badChain('fewer steps');
  const genesis = expandEntry(first, GENESIS_PLACE);
  const places = new ChainPlaces(genesis);
  const rootHeirs: Entry[] = [];
  const levels: { grant: Entry; redemption: Redemption; heirs: Entry[] }[] = [];
  for (const step of steps) {
    if (!Array.isArray(step)) throw badChain('steps');
    if (step.length === 1) {
      const entry = expandEntry(step[0], places.next(KIND.succeed));
      (levels.at(-1)?.heirs ?? rootHeirs).push(entry);
      places.passed(entry, BODY.succeed.decode(entry.body).heir);
      continue;
    }
    if (step.length !== 4) throw badChain('steps of one or four fields');
    const redemption = {
      node: nodeIdFrom(bytesOf(step[1], 32, 'a node key')),
      sealKey: bytesOf(step[2], 32, 'a seal key'),
      signature: bytesOf(step[3], 64, 'a signature'),
    };
    const grant = expandEntry(step[0], places.next(KIND.grant));
    levels.push({ grant, redemption, heirs: [] });
    places.passed(grant, redemption.node);
  }
  if (levels.length + (last === null ? 0 : 1) > MAX_CHAIN_DEPTH)
    throw badChain(`at most ${MAX_CHAIN_DEPTH} grants`);
  const open = last === null ? null : expandEntry(last, places.next(KIND.grant), known);
  return { genesis, heirs: rootHeirs, levels, last: open };
}

/**
 * Checks everything about a chain but its signatures.
 * @throws WaystationError `malformed`, `limit`, `bad-chain` (wrong space, wrong author) or `forbidden` (a role that the
 *   issuer could not pass on).
 */
export function prepareChain(space: SpaceId, bytes: Uint8Array): PreparedChain {
  const chain = decodeChain(bytes);
  const { genesis, levels, last } = chain;
  if (
    genesis.id !== (space as string) ||
    genesis.header.kind !== KIND.genesis ||
    genesis.header.space !== null
  ) {
    throw badChain('the genesis entry of this space');
  }
  const genesisBody = BODY.genesis.decode(genesis.body);
  const verifications: Verification[] = [entryVerification(genesis)];
  let holder = genesis.header.author;
  let sealKey = genesisBody.adminSealKey;
  let issuers: readonly NodeId[] = [holder, genesisBody.recoveryKey];
  let role: Role = 'admin';
  const checkPlace = (entry: Entry, kind: number): void => {
    const { header } = entry;
    if (header.kind !== kind || header.space !== space || header.epoch !== null)
      throw badChain('entries of this space');
    if (!issuers.includes(header.author)) throw badChain('entries by the node before them');
    verifications.push(entryVerification(entry));
  };
  const checkHeirs = (heirs: readonly Entry[] = []): void => {
    for (const entry of heirs) {
      checkPlace(entry, KIND.succeed);
      const body = BODY.succeed.decode(entry.body);
      holder = body.heir;
      sealKey = body.heirSealKey;
      issuers = [holder];
    }
  };
  const checkGrant = (grant: Entry): GrantBody => {
    checkPlace(grant, KIND.grant);
    const body = BODY.grant.decode(grant.body);
    if (!mayGrant(role, body.role)) {
      throw new WaystationError(
        'forbidden',
        `the invite promises “${body.role}”, which its issuer (${role}) cannot give`,
      );
    }
    return body;
  };
  checkHeirs(chain.heirs);
  for (const { grant, redemption, heirs } of levels) {
    const body = checkGrant(grant);
    verifications.push({
      publicKey: body.inviteKey,
      message: redemptionStatement(space, grant.id, redemption.node, redemption.sealKey),
      signature: redemption.signature,
    });
    holder = redemption.node;
    sealKey = redemption.sealKey;
    issuers = [holder];
    role = body.role;
    checkHeirs(heirs);
  }
  const invite = last === null ? null : { id: last.id, body: checkGrant(last) };
  return {
    verifications,
    conclude: (results) => {
      if (results.length !== verifications.length || !results.every(Boolean)) {
        throw new WaystationError('bad-signature', 'the invite is forged: a signature in it does not fit');
      }
      return { holder, sealKey, role, depth: levels.length, genesis: genesisBody, chain, invite };
    },
  };
}
