/** A space in a test: actors with keys from numbers, and their control feeds, real signatures throughout. */
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { asBytes, type Bytes, toHex, toUtf8 } from '../../../src/core/bytes.ts';
import { sha256 } from '../../../src/core/hash.ts';
import {
  type FeedId,
  feedIdFrom,
  type NodeId,
  nodeIdFrom,
  type SpaceId,
  spaceIdFrom,
} from '../../../src/core/ids.ts';
import type { NodeKeys } from '../../../src/core/ports.ts';
import {
  assembleEntry,
  type Entry,
  type EntryHeader,
  encodeHeader,
  encodePayload,
  PURPOSE,
  signedBytes,
} from '../../../src/feed/entry.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import { BODY, type Redemption, type RevokePosition } from '../../../src/identity/bodies.ts';
import { createNodeCrypto } from '../../../src/identity/crypto.node.ts';
import { type GrantChain, redemptionStatement } from '../../../src/identity/grant-chain.ts';
import { hpkeOpen, importSealKeyPair } from '../../../src/identity/hpke.ts';
import {
  inviteKeys as deriveInviteKeys,
  type SeedKeys,
  seedKeys,
} from '../../../src/identity/invite-keys.ts';
import type { Role } from '../../../src/identity/roles.ts';

export const nodeCrypto = createNodeCrypto();
/** 2026-01-01, whole seconds. */
export const START_MS = 1_767_225_600_000;
export const DAY_MS = 86_400_000;

const invites = new Map<string, SeedKeys>();
const actors = new Map<string, { node: NodeId; sealKey: Bytes }>();

/** Property tests make the same few keys thousands of times. */
function remembered<T>(made: Map<string, T>, name: string, make: () => T): T {
  const value = made.get(name) ?? make();
  made.set(name, value);
  return value;
}

function inviteKeys(seed: Uint8Array): SeedKeys {
  return remembered(invites, toHex(seed), () => deriveInviteKeys(seed));
}

/** 32 bytes that a label names. */
export function bytesOf(label: string, length = 32): Bytes {
  return sha256(toUtf8(label)).slice(0, length);
}

export function sign(seed: Uint8Array, message: Uint8Array): Bytes {
  return nodeCrypto.signWithSeed(seed, message) as Bytes;
}

export class Actor {
  readonly name: string;
  readonly signSeed: Bytes;
  readonly node: NodeId;
  readonly sealPrivate: Bytes;
  readonly sealKey: Bytes;
  readonly feed: FeedId;
  readonly written: Entry[] = [];

  constructor(name: string, seeds?: { signSeed: Bytes; sealPrivate: Bytes }) {
    this.name = name;
    this.signSeed = seeds?.signSeed ?? bytesOf(`sign ${name}`);
    this.sealPrivate = seeds?.sealPrivate ?? bytesOf(`seal ${name}`);
    const { node, sealKey } = remembered(actors, toHex(this.signSeed), () => ({
      node: nodeIdFrom(ed25519.getPublicKey(this.signSeed)),
      sealKey: asBytes(x25519.getPublicKey(this.sealPrivate)),
    }));
    this.node = node;
    this.sealKey = sealKey;
    this.feed = feedIdFrom(bytesOf(`feed ${name}`, 16));
  }

  get keys(): NodeKeys {
    return {
      publicKey: asBytes(ed25519.getPublicKey(this.signSeed)),
      sealKey: this.sealKey,
      sign: (messages) => messages.map((message) => sign(this.signSeed, message)),
      hpkeOpen: async (info, box) =>
        hpkeOpen(await importSealKeyPair(this.sealPrivate, this.sealKey), info, box),
    };
  }

  /** Signs an entry with exactly this header; it does not become part of the actor's feed. */
  signEntry(header: EntryHeader, body: Bytes): Entry {
    const payload = encodePayload(encodeHeader(header), body);
    return assembleEntry(header, body, payload, sign(this.signSeed, signedBytes(payload)));
  }

  position(entry: Entry): RevokePosition {
    return { feed: entry.header.feed, seq: entry.header.seq, id: entry.id };
  }
}

export interface Invitation {
  readonly grant: Entry;
  readonly seed: Bytes;
  readonly chain: GrantChain;
}

export interface GrantOptions {
  readonly uses?: number;
  readonly expiresMs?: number;
  readonly owner?: NodeId | null;
}

/** A space whose every entry is kept in `entries`, in the order of writing. */
export class TestSpace {
  readonly admin = new Actor('admin');
  readonly recoverySeed = bytesOf('recovery');
  readonly recovery: Actor;
  readonly genesis: Entry;
  readonly id: SpaceId;
  readonly entries: Entry[] = [];
  readonly #credentials = new Map<NodeId, GrantChain>();
  #invites = 0;
  #lamport = 1;

  constructor(isPublic = false) {
    this.recovery = new Actor('recovery', seedKeys(this.recoverySeed, 'recovery'));
    this.genesis = this.admin.signEntry(
      {
        space: null,
        author: this.admin.node,
        feed: this.admin.feed,
        purpose: PURPOSE.control,
        seq: 0,
        previous: null,
        lamport: 1,
        timeMs: START_MS,
        kind: KIND.genesis,
        blobs: [],
        epoch: null,
        seen: [],
        succeeds: null,
      },
      BODY.genesis.encode({
        adminSealKey: this.admin.sealKey,
        recoveryKey: this.recovery.node,
        recoverySealKey: this.recovery.sealKey,
        isPublic,
        nonce: bytesOf('nonce', 16),
      }),
    );
    this.admin.written.push(this.genesis);
    this.entries.push(this.genesis);
    this.id = spaceIdFrom(sha256(this.genesis.bytes));
    const root = { genesis: this.genesis, levels: [], last: null };
    this.#credentials.set(this.admin.node, root);
    this.#credentials.set(this.recovery.node, root);
  }

  /** Writes the next entry of an actor's control feed. */
  write(author: Actor, kind: number, body: Bytes, timeMs = START_MS + 1000): Entry {
    const previous = author.written.at(-1);
    const entry = author.signEntry(
      {
        space: this.id,
        author: author.node,
        feed: author.feed,
        purpose: PURPOSE.control,
        seq: author.written.length,
        previous: previous?.id ?? null,
        lamport: ++this.#lamport,
        timeMs,
        kind,
        blobs: [],
        epoch: null,
        seen: [],
        succeeds: null,
      },
      body,
    );
    author.written.push(entry);
    this.entries.push(entry);
    return entry;
  }

  grant(issuer: Actor, role: Role, options: GrantOptions = {}): Invitation {
    const seed = bytesOf(`invite ${this.#invites++}`);
    const invited = inviteKeys(seed);
    const grant = this.write(
      issuer,
      KIND.grant,
      BODY.grant.encode({
        inviteKey: invited.publicKey,
        inviteSealKey: invited.sealKey,
        role,
        uses: options.uses ?? 1,
        expiresMs: options.expiresMs ?? START_MS + 7 * DAY_MS,
        owner: options.owner ?? null,
      }),
    );
    return { grant, seed, chain: { ...this.credential(issuer), last: grant } };
  }

  redeem({ grant, seed }: Invitation, joiner: Actor): Redemption {
    const statement = redemptionStatement(this.id, grant.id, joiner.node, joiner.sealKey);
    const signature = sign(inviteKeys(seed).signSeed, statement);
    return { node: joiner.node, sealKey: joiner.sealKey, signature };
  }

  /** `joiner` redeems the invite and `host` admits it. */
  admit(host: Actor, invitation: Invitation, joiner: Actor, timeMs?: number): Entry {
    const redemption = this.redeem(invitation, joiner);
    const { levels, ...root } = invitation.chain;
    const redeemed = { ...root, levels: [...levels, { grant: invitation.grant, redemption }], last: null };
    this.#credentials.set(joiner.node, redeemed);
    const inviteKey = inviteKeys(invitation.seed).publicKey;
    return this.write(
      host,
      KIND.admit,
      BODY.admit.encode({ grant: invitation.grant.id, inviteKey, redemption }),
      timeMs,
    );
  }

  /** Grants, redeems and admits in one go. */
  invite(issuer: Actor, role: Role, name: string, options: GrantOptions = {}): Actor {
    const joiner = new Actor(name);
    this.admit(issuer, this.grant(issuer, role, options), joiner);
    return joiner;
  }

  revoke(author: Actor, node: NodeId, feeds: readonly RevokePosition[], reason = ''): Entry {
    return this.write(author, KIND.revoke, BODY.revoke.encode({ node, feeds, reason }));
  }

  /** A revocation that lets everything stand that `member` has written so far. */
  revokeFromNow(author: Actor, member: Actor): Entry {
    const last = member.written.at(-1);
    return this.revoke(author, member.node, last === undefined ? [] : [member.position(last)]);
  }

  succeed(author: Actor, heir: Actor): Entry {
    const body = BODY.succeed.encode({ heir: heir.node, heirSealKey: heir.sealKey });
    const entry = this.write(author, KIND.succeed, body);
    const { levels, heirs = [], ...root } = this.credential(author);
    const last = levels.at(-1);
    this.#credentials.set(
      heir.node,
      last === undefined
        ? { ...root, levels, heirs: [...heirs, entry] }
        : {
            ...root,
            heirs,
            levels: [...levels.slice(0, -1), { ...last, heirs: [...(last.heirs ?? []), entry] }],
          },
    );
    return entry;
  }

  credential(actor: Actor): GrantChain {
    const chain = this.#credentials.get(actor.node);
    if (chain === undefined) throw new Error(`${actor.name} has no credential`);
    return chain;
  }
}
