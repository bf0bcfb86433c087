/**
 * Keeping a space's content keys where they belong: a fresh one when somebody who had the last is revoked, and the current one
 * for members who were let in where that was not known yet. What a crash or a partition left undone is done later, by
 * whoever is there.
 */

import { type Bytes, compareBytes, concatBytes, toHex } from '../core/bytes.ts';
import { sha256 } from '../core/hash.ts';
import { type EntryId, type EpochId, idBytes, type NodeId } from '../core/ids.ts';
import { KIND } from '../feed/kinds.ts';
import { BODY } from '../identity/bodies.ts';
import {
  EPOCH_KEY_BYTES,
  MAX_KEYS_PER_BOX,
  type NamedKey,
  recipientBatches,
  sealEpochs,
} from '../identity/epochs.ts';
import type { KeyRecipient } from '../identity/membership.ts';
import { mayAuthorKind, mayStartEpoch } from '../identity/roles.ts';
import type { Space } from './space.ts';

/** Later than this nobody waits for those whose turn it is first. */
const MAX_TURNS = 10;

/**
 * A fresh content key, sealed to everybody who may read from now on; those who held older keys keep them. More recipients than fit
 * one entry get theirs in further ones.
 */
export async function startEpoch(space: Space): Promise<void> {
  const { crypto, random, clock } = space.context;
  const key = random.bytes(EPOCH_KEY_BYTES);
  const [first = [], ...others] = recipientBatches(space.replica.membership.keyRecipients(clock.nowMs()), 1);
  const body = await sealEpochs(crypto, space.id, null, [[null, key]], first);
  const entry = await space.write('control', { kind: KIND.epoch, body });
  await space.keepEpochKey(entry.id, key);
  for (const batch of others) await sealTo(space, entry.id, [[entry.id, key]], batch);
}

/** What is due; nothing when everybody holds what they should and nobody else does. */
interface Due {
  /** Open invites whose seed a revoked member knows. */
  readonly invites: readonly EntryId[];
  /** A revoked member knows the current key, or there is none. */
  readonly epoch: boolean;
  /** Those who lack the current key. */
  readonly late: readonly KeyRecipient[];
}

/** What is due in this space and in this node's power, null when that is nothing. */
function dueIn(space: Space, unsealable: ReadonlySet<string>): Due | null {
  const { membership } = space.replica;
  const nowMs = space.context.clock.nowMs();
  const current = membership.currentEpoch();
  const role = membership.member(space.self)?.role;
  if (role === undefined || !space.isAdmitted) return null;
  const invites = mayAuthorKind(role, KIND.revoke) ? membership.exposedInvites(nowMs) : [];
  const exposed = current !== undefined && membership.isExposed(current);
  // None at all: the making of the space was cut off.
  const epoch = !membership.isPublic && (current === undefined || exposed) && mayStartEpoch(role);
  const maySeal = current !== undefined && !exposed && space.epochKeys().has(current);
  // A recorder takes keys from admins alone: it cannot check them.
  const isMine = ({ sealKey, recorder }: KeyRecipient) =>
    !unsealable.has(toHex(sealKey)) && (recorder === null || role === 'admin');
  const late =
    maySeal && mayAuthorKind(role, KIND.epoch) ? membership.unsealed(current, nowMs).filter(isMine) : [];
  return invites.length > 0 || epoch || late.length > 0 ? { invites, epoch, late } : null;
}

/**
 * Does what is due now: withdraws invites whose seed a revoked member knows, starts an epoch when one knows the current key, and
 * seals the keys to those who lack them.
 * @param unsealable keys that nothing can be sealed to, in hex; found ones are added.
 */
export async function keepKeys(space: Space, unsealable = new Set<string>()): Promise<void> {
  const { membership } = space.replica;
  const due = dueIn(space, unsealable);
  for (const invite of due?.invites ?? []) {
    const body = membership.withdrawalOf(invite, 'somebody who came by it was revoked');
    await space.write('control', { kind: KIND.revoke, body });
  }
  if (due?.epoch === true) await startEpoch(space);
  const current = membership.currentEpoch();
  if (current === undefined || due === null || due.late.length === 0) return;
  const keys = keysToHandOn(space, current);
  for (const batch of recipientBatches(due.late, keys.length)) {
    for (const sealKey of await sealTo(space, current, keys, batch)) unsealable.add(toHex(sealKey));
  }
}

/** The keys that a box takes: the current one, and of the others the latest. */
export function keysToHandOn(space: Space, current: EpochId): NamedKey[] {
  const held = space.epochKeys();
  const epochs = space.replica.membership.epochs().filter((epoch) => held.has(epoch) && epoch !== current);
  return [...epochs.slice(1 - MAX_KEYS_PER_BOX), current].map((epoch) => [epoch, held.get(epoch) as Bytes]);
}

/** Seals the keys to these; returns the keys to which that cannot be done. */
async function sealTo(
  space: Space,
  epoch: EpochId,
  keys: readonly NamedKey[],
  recipients: readonly KeyRecipient[],
): Promise<Bytes[]> {
  const body = await sealEpochs(space.context.crypto, space.id, epoch, keys, recipients);
  const { boxes } = BODY.epoch.decode(body);
  if (boxes.length > 0) await space.write('control', { kind: KIND.epoch, body });
  const sealed = new Set(boxes.map(({ recipient }) => toHex(recipient)));
  return recipients.map(({ sealKey }) => sealKey).filter((sealKey) => !sealed.has(toHex(sealKey)));
}

/** Looks after the keys of one space. Members take turns, in an order that needs no talk, so that not all do the same. */
export class KeyKeeper {
  readonly #space: Space;
  readonly #unsealable = new Set<string>();
  #turnsWaited = 0;
  /** Where nothing was due: entries and keys as they were then. */
  #idleAt = '';

  constructor(space: Space) {
    this.#space = space;
  }

  /** One turn has passed: does what is due when it is this node's turn, or when those before it have not. */
  async tick(): Promise<void> {
    const at = `${this.#space.replica.index.version}/${this.#space.epochKeys().size}`;
    if (at === this.#idleAt) return;
    if (dueIn(this.#space, this.#unsealable) === null) {
      this.#turnsWaited = 0;
      this.#idleAt = at;
    } else if (this.#turnsWaited++ >= turnsBefore(this.#space)) {
      await keepKeys(this.#space, this.#unsealable);
    }
  }
}

/** How many others go first. */
function turnsBefore(space: Space): number {
  const { membership } = space.replica;
  const current = membership.currentEpoch();
  if (current === undefined) return 0;
  const weight = (node: NodeId) => sha256(concatBytes(idBytes(current), idBytes(node)));
  const own = weight(space.self);
  let before = 0;
  for (const { node, status, role, isRecovery } of membership.members()) {
    if (status !== 'active' || isRecovery || !mayAuthorKind(role, KIND.epoch)) continue;
    if (compareBytes(weight(node), own) < 0) before++;
  }
  return Math.min(before, MAX_TURNS);
}
