/**
 * Bodies of the clear kinds on which membership and keys depend: deterministic CBOR maps with integer keys.
 *
 * Invariants: decode(encode(x)) = x, and decode refuses whatever encode would not have written (unknown keys, other
 * lengths, values out of bounds), so a body has one byte form. Keys are raw 32-byte public keys: Ed25519 for
 * signing, X25519 ("seal key") for receiving sealed keys.
 */
import { type Bytes, equalBytes } from '../core/bytes.ts';
import { type CborValue, decodeCbor, encodeCbor } from '../core/cbor.ts';
import { errorMessage, WaystationError } from '../core/errors.ts';
import {
  type EntryId,
  type EpochId,
  entryIdFrom,
  type FeedId,
  feedIdFrom,
  idBytes,
  type NodeId,
  nodeIdFrom,
} from '../core/ids.ts';
import type { SealedBox } from '../core/ports.ts';
import { MAX_ENTRY_BYTES } from '../feed/entry.ts';
import { type Role, roleFrom, roleNumber } from './roles.ts';

/** A classroom or a village shares one link; more deserves a second invite that can be withdrawn on its own. */
export const MAX_INVITE_USES = 1000;
/** A revocation's reason is a sentence for the other admins, in UTF-16 units. */
export const MAX_REASON_LENGTH = 200;
/** Positions that one revocation may list: the feeds of a node (few), or all redemptions of a withdrawn invite. */
export const MAX_REVOKE_POSITIONS = MAX_INVITE_USES;
/** Boxes in one epoch entry: 350 boxes of one key (about 155 bytes each) stay under the entry's 64 KiB. */
export const MAX_EPOCH_BOXES = 350;

/** Starts a space; the entry's author is the first admin. */
export interface GenesisBody {
  /** X25519 key of the first admin. */
  readonly adminSealKey: Bytes;
  /** Ed25519 key made from the recovery words; acts as an admin. */
  readonly recoveryKey: NodeId;
  /** X25519 key made from the recovery words. */
  readonly recoverySealKey: Bytes;
  /** A public space's entries and blobs are plain. */
  readonly isPublic: boolean;
  /** 16 random bytes: two spaces made alike differ. */
  readonly nonce: Bytes;
}

/** An invite: whoever holds the private half of `inviteKey` may enter as `role`. */
export interface GrantBody {
  /** Ed25519 key that redemptions are signed with. */
  readonly inviteKey: Bytes;
  /** X25519 key that the epoch keys are sealed to. */
  readonly inviteSealKey: Bytes;
  readonly role: Role;
  /** Distinct nodes that may enter, 1 to {@link MAX_INVITE_USES}. */
  readonly uses: number;
  /** Last moment of entry, ms since the Unix epoch. */
  readonly expiresMs: number;
  /** The node that may control the devices that enter by this invite; null for nobody but admins. */
  readonly owner: NodeId | null;
}

/** The joiner's keys, signed with the invite key ({@link redemptionStatement} in grant-chain.ts). */
export interface Redemption {
  readonly node: NodeId;
  readonly sealKey: Bytes;
  /** 64 bytes. */
  readonly signature: Bytes;
}

/** A grant entry has about 350 bytes; the rest is room for what it saw. */
const MAX_GRANT_BYTES = 8_192;

/** A redemption that an admitted node has checked. */
export interface AdmitBody {
  readonly grant: EntryId;
  /** The grant's invite key, so that the redemption can be verified before the grant has arrived. */
  readonly inviteKey: Bytes;
  readonly redemption: Redemption;
  /** The grant's signed entry where it came in a chain and in no feed: whoever hears of the admission needs it. */
  readonly grantBytes?: Bytes | undefined;
}

/** The last accepted entry of one feed. A `Head` fits. */
export interface RevokePosition {
  readonly feed: FeedId;
  readonly seq: number;
  readonly id: EntryId;
}

/**
 * Ends a node's membership. What it wrote stays accepted up to the listed position of each feed; feeds that are not
 * listed are cut wholly. `node` may also be a grant's invite key: then the invite is withdrawn, and `feeds` lists the
 * `admit` entries that stand.
 */
export interface RevokeBody {
  readonly node: NodeId;
  readonly feeds: readonly RevokePosition[];
  readonly reason: string;
}

/** Keys sealed to one recipient. */
export interface EpochBox {
  /** X25519 key of the recipient, 32 bytes. */
  readonly recipient: Bytes;
  readonly box: SealedBox;
}

/** Epoch keys, sealed to their recipients. */
export interface EpochBody {
  /** Null starts a new epoch, named by this entry's id; otherwise a further sealing of that epoch and older ones. */
  readonly of: EpochId | null;
  /** Commitment to the key of the epoch started or named, 32 bytes. */
  readonly commitment: Bytes;
  readonly boxes: readonly EpochBox[];
}

/** Hands the author's place to another key; the author's own key is retired. */
export interface SucceedBody {
  readonly heir: NodeId;
  readonly heirSealKey: Bytes;
}

function malformed(body: string, what: string): WaystationError {
  return new WaystationError('malformed', `expected ${what} in a ${body} entry`);
}

/** Reads the fields of one map and complains in its name. */
class Fields {
  readonly #map: ReadonlyMap<number | string, CborValue>;
  readonly #body: string;

  constructor(value: CborValue, body: string) {
    if (!(value instanceof Map)) throw malformed(body, 'a map');
    this.#map = value as ReadonlyMap<number | string, CborValue>;
    this.#body = body;
  }

  value(key: number): CborValue | undefined {
    return this.#map.get(key);
  }

  bytes(key: number, length: number, what: string): Bytes {
    return exactly(this.#map.get(key), length, this.#body, what);
  }

  nodeOrNull(key: number, what: string): NodeId | null {
    return this.#map.get(key) === undefined ? null : nodeIdFrom(this.bytes(key, 32, what));
  }

  uint(key: number, what: string): number {
    const value = this.#map.get(key);
    if (!isUint(value)) throw malformed(this.#body, what);
    return value;
  }

  list(key: number, max: number, what: string): readonly CborValue[] {
    const value = this.#map.get(key);
    if (!Array.isArray(value) || value.length > max) throw malformed(this.#body, what);
    return value;
  }
}

function isUint(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function exactly(value: CborValue | undefined, length: number, body: string, what: string): Bytes {
  if (!(value instanceof Uint8Array) || value.length !== length)
    throw malformed(body, `${length} bytes of ${what}`);
  return value as Bytes;
}

interface BodyCodec<T> {
  /** @throws RangeError when a field is out of its bounds. */
  encode(body: T): Bytes;
  /** @throws WaystationError `malformed` or `limit`. */
  decode(bytes: Uint8Array): T;
}

function codec<T>(name: string, write: (body: T) => CborValue, read: (fields: Fields) => T): BodyCodec<T> {
  const decode = (bytes: Uint8Array): T => {
    const body = read(new Fields(decodeCbor(bytes, MAX_ENTRY_BYTES), name));
    // Unknown keys and another key order show up as a difference from what we would have written.
    if (!equalBytes(encodeCbor(write(body)), bytes)) throw malformed(name, 'the one deterministic form');
    return body;
  };
  const encode = (body: T): Bytes => {
    const bytes = encodeCbor(write(body));
    try {
      decode(bytes);
    } catch (cause) {
      throw new RangeError(`this ${name} body cannot be written: ${errorMessage(cause)}`, { cause });
    }
    return bytes;
  };
  return { encode, decode };
}

const genesis = codec<GenesisBody>(
  'genesis',
  (body) =>
    new Map<number, CborValue>([
      [1, body.adminSealKey],
      [2, idBytes(body.recoveryKey)],
      [3, body.recoverySealKey],
      [4, body.isPublic],
      [5, body.nonce],
    ]),
  (fields) => {
    const isPublic = fields.value(4);
    if (typeof isPublic !== 'boolean') throw malformed('genesis', 'public: true or false');
    return {
      adminSealKey: fields.bytes(1, 32, 'admin seal key'),
      recoveryKey: nodeIdFrom(fields.bytes(2, 32, 'recovery key')),
      recoverySealKey: fields.bytes(3, 32, 'recovery seal key'),
      isPublic,
      nonce: fields.bytes(5, 16, 'nonce'),
    };
  },
);

const grant = codec<GrantBody>(
  'grant',
  (body) => {
    const map = new Map<number, CborValue>([
      [1, body.inviteKey],
      [2, body.inviteSealKey],
      [3, roleNumber(body.role)],
      [4, body.uses],
      [5, body.expiresMs],
    ]);
    if (body.owner !== null) map.set(6, idBytes(body.owner));
    return map;
  },
  (fields) => {
    const role = roleFrom(fields.value(3));
    if (role === undefined) throw malformed('grant', 'a role from 0 to 4');
    const uses = fields.uint(4, 'uses');
    if (uses < 1 || uses > MAX_INVITE_USES) throw malformed('grant', `1 to ${MAX_INVITE_USES} uses`);
    return {
      inviteKey: fields.bytes(1, 32, 'invite key'),
      inviteSealKey: fields.bytes(2, 32, 'invite seal key'),
      role,
      uses,
      expiresMs: fields.uint(5, 'an expiry in ms'),
      owner: fields.nodeOrNull(6, 'owner'),
    };
  },
);

function boundedBytes(value: CborValue | undefined): Bytes | undefined {
  if (value === undefined) return undefined;
  if (!(value instanceof Uint8Array) || value.length === 0 || value.length > MAX_GRANT_BYTES)
    throw malformed('admit', `a grant of at most ${MAX_GRANT_BYTES} bytes`);
  return value as Bytes;
}

const admit = codec<AdmitBody>(
  'admit',
  (body) => {
    const map = new Map<number, CborValue>([
      [1, idBytes(body.grant)],
      [2, body.inviteKey],
      [3, idBytes(body.redemption.node)],
      [4, body.redemption.sealKey],
      [5, body.redemption.signature],
    ]);
    if (body.grantBytes !== undefined) map.set(6, body.grantBytes);
    return map;
  },
  (fields) => ({
    grant: entryIdFrom(fields.bytes(1, 32, 'grant id')),
    inviteKey: fields.bytes(2, 32, 'invite key'),
    redemption: {
      node: nodeIdFrom(fields.bytes(3, 32, 'node key')),
      sealKey: fields.bytes(4, 32, 'seal key'),
      signature: fields.bytes(5, 64, 'redemption signature'),
    },
    grantBytes: boundedBytes(fields.value(6)),
  }),
);

const revoke = codec<RevokeBody>(
  'revoke',
  (body) => {
    const map = new Map<number, CborValue>([
      [1, idBytes(body.node)],
      [2, body.feeds.map(({ feed, seq, id }) => [idBytes(feed), seq, idBytes(id)])],
    ]);
    if (body.reason !== '') map.set(3, body.reason);
    return map;
  },
  (fields) => {
    const reason = fields.value(3) ?? '';
    if (typeof reason !== 'string' || reason.length > MAX_REASON_LENGTH) {
      throw malformed('revoke', `a reason of at most ${MAX_REASON_LENGTH} characters`);
    }
    const feeds = fields
      .list(2, MAX_REVOKE_POSITIONS, `at most ${MAX_REVOKE_POSITIONS} positions`)
      .map((item) => {
        if (!Array.isArray(item) || item.length !== 3 || !isUint(item[1])) {
          throw malformed('revoke', 'positions as [feed, seq, entry id]');
        }
        return {
          feed: feedIdFrom(exactly(item[0], 16, 'revoke', 'feed id')),
          seq: item[1],
          id: entryIdFrom(exactly(item[2], 32, 'revoke', 'entry id')),
        };
      });
    return { node: nodeIdFrom(fields.bytes(1, 32, 'node key')), feeds, reason };
  },
);

const epoch = codec<EpochBody>(
  'epoch',
  (body) =>
    new Map<number, CborValue>([
      [1, body.of === null ? null : idBytes(body.of)],
      [2, body.commitment],
      [3, body.boxes.map(({ recipient, box }) => [recipient, box.enc, box.ciphertext])],
    ]),
  (fields) => {
    const boxes = fields.list(3, MAX_EPOCH_BOXES, `at most ${MAX_EPOCH_BOXES} boxes`).map((item) => {
      if (!Array.isArray(item) || item.length !== 3 || !(item[2] instanceof Uint8Array)) {
        throw malformed('epoch', 'boxes as [recipient, enc, ciphertext]');
      }
      return {
        recipient: exactly(item[0], 32, 'epoch', 'recipient key'),
        box: { enc: exactly(item[1], 32, 'epoch', 'encapsulated key'), ciphertext: item[2] },
      };
    });
    const of = fields.value(1);
    return {
      of: of === null ? null : entryIdFrom(exactly(of, 32, 'epoch', 'epoch id')),
      commitment: fields.bytes(2, 32, 'key commitment'),
      boxes,
    };
  },
);

const succeed = codec<SucceedBody>(
  'succeed',
  (body) =>
    new Map<number, CborValue>([
      [1, idBytes(body.heir)],
      [2, body.heirSealKey],
    ]),
  (fields) => ({
    heir: nodeIdFrom(fields.bytes(1, 32, 'heir key')),
    heirSealKey: fields.bytes(2, 32, 'heir seal key'),
  }),
);

/** Encoders and decoders by kind; `encode` throws RangeError, `decode` throws WaystationError `malformed`, `limit`. */
export const BODY = { genesis, grant, admit, revoke, epoch, succeed } as const;
