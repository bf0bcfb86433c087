/**
 * Epoch keys: the content keys of a private space, sealed with HPKE (RFC 9180) to everybody who may read.
 *
 * A box holds deterministic CBOR [scope, [[epoch id or null, key]…]]: null stands for the epoch that the entry itself starts.
 * Scope null gives the epoch keys. For a recorder the scope is the id of the grant it came by, and the keys are derived from
 * the epoch keys for that grant alone ({@link recorderKey}): it seals under them, everybody else can derive them, and a
 * stolen one opens nothing of the others.
 */
import { type Bytes, equalBytes, toHex } from '../core/bytes.ts';
import { type CborValue, decodeCbor, encodeCbor } from '../core/cbor.ts';
import { isWaystationError, WaystationError } from '../core/errors.ts';
import { hkdfSha256 } from '../core/hash.ts';
import { type EntryId, type EpochId, entryIdFrom, idBytes, type SpaceId } from '../core/ids.ts';
import type { Crypto, NodeKeys, SealedBox } from '../core/ports.ts';
import { type Entry, MAX_ENTRY_BYTES, statement } from '../feed/entry.ts';
import { KIND } from '../feed/kinds.ts';
import { BODY, type EpochBody, type EpochBox, MAX_EPOCH_BOXES } from './bodies.ts';
import { inviteKeys } from './invite-keys.ts';
import type { KeyRecipient, Member } from './membership.ts';

export const EPOCH_KEY_BYTES = 32;
/** A rotation a week for sixteen years: what fits one recipient's box in one entry. */
export const MAX_KEYS_PER_BOX = 850;
/** Bytes of one key with its epoch's name in a box, and of a box around them: CBOR heads, keys, tag. */
const NAMED_KEY_BYTES = 69;
const BOX_BYTES = 128;
/** Room for the header, the signature and the rest of the body of an epoch entry. */
const ENTRY_OVERHEAD_BYTES = 2_048;
const NO_SALT = new Uint8Array(0);

function boxInfo(space: SpaceId): Bytes {
  return statement('waystation/epoch/1', idBytes(space));
}

/** Commits to an epoch key without telling it, 32 bytes. */
export function epochCommitment(key: Uint8Array): Bytes {
  return hkdfSha256(key, NO_SALT, statement('waystation/epoch-commitment/1'), 32);
}

/** The key that recorders admitted by `grant` seal under instead of the epoch key, 32 bytes. */
export function recorderKey(epochKey: Uint8Array, space: SpaceId, grant: EntryId): Bytes {
  const info = statement('waystation/recorder-key/1', idBytes(space), idBytes(grant));
  return hkdfSha256(epochKey, NO_SALT, info, EPOCH_KEY_BYTES);
}

/**
 * The key that opens what `author` sealed in an epoch, for whoever holds the epoch's key.
 */
export function authorKey(epochKey: Bytes, space: SpaceId, author: Member | undefined): Bytes {
  if (author?.role !== 'recorder' || author.grant === null) return epochKey;
  return recorderKey(epochKey, space, author.grant);
}

/** An epoch key with its name; null is the epoch that the entry to be written starts. */
export type NamedKey = readonly [EpochId | null, Bytes];

/**
 * Splits recipients into lists that each fit one epoch entry. Whoever starts an epoch writes the first list with
 * `of: null` and the others as further sealings of the epoch that this started.
 */
export function recipientBatches<T>(recipients: readonly T[], keysPerBox: number): T[][] {
  const room = MAX_ENTRY_BYTES - ENTRY_OVERHEAD_BYTES;
  const fit = Math.floor(room / (BOX_BYTES + keysPerBox * NAMED_KEY_BYTES));
  const size = Math.max(1, Math.min(MAX_EPOCH_BOXES, fit));
  const batches: T[][] = [];
  for (let at = 0; at < recipients.length; at += size) batches.push(recipients.slice(at, at + size));
  return batches;
}

/**
 * The body of an `epoch` entry that seals `keys` to every recipient. A recipient whose key nothing can be sealed to is
 * left out, so that nobody can stop a rotation by joining with such a key.
 * @param of null to start a new epoch with the key named null, or the epoch that the commitment is about.
 * @param recipients seal keys of full recipients, or recipients from `Membership.keyRecipients` and `unsealed`.
 * @throws RangeError when the key of `of` is missing, or when more is given than fits ({@link recipientBatches}).
 */
export async function sealEpochs(
  crypto: Crypto,
  space: SpaceId,
  of: EpochId | null,
  keys: readonly NamedKey[],
  recipients: readonly (Uint8Array | KeyRecipient)[],
): Promise<Bytes> {
  const named = keys.find(([id]) => id === of);
  if (named === undefined) throw new RangeError('expected the key of the epoch that the entry is about');
  if (keys.length > MAX_KEYS_PER_BOX) throw new RangeError(`expected at most ${MAX_KEYS_PER_BOX} keys`);
  const boxes: EpochBox[] = [];
  const done = new Set<string>();
  for (const one of recipients) {
    const { sealKey, recorder } = one instanceof Uint8Array ? { sealKey: one, recorder: null } : one;
    if (done.has(toHex(sealKey))) continue;
    done.add(toHex(sealKey));
    try {
      const box = await crypto.hpkeSeal(sealKey, boxInfo(space), boxContents(space, keys, recorder));
      boxes.push({ recipient: sealKey.slice(), box });
    } catch (error) {
      if (!isWaystationError(error, 'malformed')) throw error;
    }
  }
  return BODY.epoch.encode({ of, commitment: epochCommitment(named[1]), boxes });
}

function boxContents(space: SpaceId, keys: readonly NamedKey[], recorder: EntryId | null): Bytes {
  const list = keys.map(([id, key]) => [
    id === null ? null : idBytes(id),
    recorder === null ? key : recorderKey(key, space, recorder),
  ]);
  return encodeCbor([recorder === null ? null : idBytes(recorder), list]);
}

/** Who tries to open boxes: the node itself, and with the seed of the invite it came by while it has that. */
export interface BoxOpener {
  readonly crypto: Crypto;
  readonly keys: NodeKeys;
  readonly inviteSeed: Uint8Array | null;
  /** This node is a recorder, so it takes keys derived for recorders; others never do. */
  readonly isRecorder?: boolean;
  /** `Membership.commitmentOf`: keys of other epochs are taken when they fit what the entries of these commit to. */
  readonly commitmentOf: (epoch: EpochId) => Uint8Array | undefined;
}

/** What a box held for us. */
export interface OpenedKeys {
  readonly keys: readonly [EpochId, Bytes][];
  /** Keys of epochs whose entries have not arrived: to be believed when they fit those. Until then anybody could name any key. */
  readonly unproved: readonly [EpochId, Bytes][];
}

const NOTHING: OpenedKeys = { keys: [], unproved: [] };

/**
 * The epoch keys that an `epoch` entry holds for us; none when it is not addressed to us.
 * @throws WaystationError `corrupt` when a box addressed to us does not hold what the entry commits to.
 */
export async function openEpochEntry(opener: BoxOpener, space: SpaceId, entry: Entry): Promise<OpenedKeys> {
  if (entry.header.kind !== KIND.epoch) return NOTHING;
  const body = BODY.epoch.decode(entry.body);
  const plaintext = await openBox(opener, space, body);
  if (plaintext === undefined) return NOTHING;
  const { isDerived, keys } = readContents(decodeCbor(plaintext, MAX_ENTRY_BYTES), entry.id);
  // Derived keys fit no commitment: whoever is no recorder must not have its epoch keys replaced by them.
  if (isDerived) return opener.isRecorder === true ? { keys, unproved: [] } : NOTHING;
  const about = body.of ?? entry.id;
  const named = keys.find(([id]) => id === about);
  if (named === undefined || !equalBytes(epochCommitment(named[1]), body.commitment)) {
    throw corrupt('the key that the entry commits to');
  }
  const commitmentOf = (id: EpochId) => (id === entry.id ? body.commitment : opener.commitmentOf(id));
  return {
    keys: keys.filter(([id, key]) => {
      const commitment = commitmentOf(id);
      return commitment !== undefined && equalBytes(epochCommitment(key), commitment);
    }),
    unproved: keys.filter(([id]) => commitmentOf(id) === undefined),
  };
}

function readContents(value: CborValue, self: EpochId): { isDerived: boolean; keys: [EpochId, Bytes][] } {
  const [scope, list] = Array.isArray(value) && value.length === 2 ? (value as CborValue[]) : [];
  if (scope !== null && !(scope instanceof Uint8Array && scope.length === 32)) throw corrupt('a scope');
  if (!Array.isArray(list) || list.length > MAX_KEYS_PER_BOX) throw corrupt('a list of epoch keys');
  const keys = (list as CborValue[]).map((item): [EpochId, Bytes] => {
    const [id, key] = Array.isArray(item) ? (item as CborValue[]) : [];
    if (!(key instanceof Uint8Array) || key.length !== EPOCH_KEY_BYTES) throw corrupt('keys of 32 bytes');
    if (id !== null && !(id instanceof Uint8Array && id.length === 32)) throw corrupt('epoch ids');
    return [id === null ? self : entryIdFrom(id), key as Bytes];
  });
  return { isDerived: scope !== null, keys };
}

function corrupt(what: string): WaystationError {
  return new WaystationError('corrupt', `expected ${what} in a sealed epoch box`);
}

async function openBox(
  { crypto, keys, inviteSeed }: BoxOpener,
  space: SpaceId,
  body: EpochBody,
): Promise<Bytes | undefined> {
  const find = (recipient: Uint8Array): SealedBox | undefined =>
    body.boxes.find((box) => equalBytes(box.recipient, recipient))?.box;
  const own = find(keys.sealKey);
  if (own !== undefined) return keys.hpkeOpen(boxInfo(space), own);
  if (inviteSeed === null) return undefined;
  const invite = inviteKeys(inviteSeed);
  const box = find(invite.sealKey);
  return box === undefined ? undefined : crypto.hpkeOpenWithSeed(invite.sealPrivate, boxInfo(space), box);
}

/** Epochs and keys for each that are remembered without proof: more than an honest space has, and a megabyte at most. */
const MAX_UNPROVED_EPOCHS = 4_096;
const MAX_UNPROVED_KEYS = 8;

/** Keys that boxes named for epochs whose entries have not arrived. */
export class UnprovedKeys {
  readonly #keys = new Map<EpochId, readonly Bytes[]>();

  add(epoch: EpochId, key: Bytes): void {
    const keys = this.#keys.get(epoch) ?? [];
    if (keys.some((known) => equalBytes(known, key))) return;
    const isFull =
      keys.length === 0 ? this.#keys.size >= MAX_UNPROVED_EPOCHS : keys.length >= MAX_UNPROVED_KEYS;
    if (!isFull) this.#keys.set(epoch, [...keys, key]);
  }

  /** The epoch's entry has arrived: the key that fits its commitment, if one was named. */
  take(epoch: EpochId, commitment: Uint8Array | undefined): Bytes | undefined {
    const keys = this.#keys.get(epoch) ?? [];
    this.#keys.delete(epoch);
    return keys.find((key) => commitment !== undefined && equalBytes(epochCommitment(key), commitment));
  }
}
