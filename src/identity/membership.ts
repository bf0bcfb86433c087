/**
 * Who is in a space, what they may do, and which epochs and invites there are: a deterministic function of the SET of its
 * membership entries. The order in which they arrive does not matter, so nodes that hold the same entries agree without a
 * word. The rules stand in membership-fold.ts.
 *
 * Entries given to `add` have verified signatures, and admits verified redemptions ({@link prepareAdmit}).
 */
import type { Bytes } from '../core/bytes.ts';
import { toHex } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import type { EntryId, EpochId, FeedId, NodeId, SpaceId } from '../core/ids.ts';
import type { Verification } from '../core/ports.ts';
import { type Entry, entryVerification } from '../feed/entry.ts';
import { isClearKind, KIND } from '../feed/kinds.ts';
import {
  type AdmitBody,
  BODY,
  type EpochBody,
  type GenesisBody,
  type GrantBody,
  type RevokePosition,
} from './bodies.ts';
import { type ChainVerdict, redemptionStatement } from './grant-chain.ts';
import { byFollowedLamport, grantIn, MembershipEntries, type Parsed } from './membership-entries.ts';
import { type FoldedMembers, foldMembers, type Standing } from './membership-fold.ts';
import { holdsKeys, mayAuthorKind, mayStartEpoch, type Role } from './roles.ts';

export type MemberStatus = 'active' | 'revoked' | 'surplus' | 'succeeded';

export interface Member {
  readonly node: NodeId;
  /** X25519 key that epoch keys are sealed to, 32 bytes. */
  readonly sealKey: Bytes;
  readonly role: Role;
  /** Grants between the roots and this node. */
  readonly depth: number;
  /** The node that may control this one; null when only admins may. */
  readonly owner: NodeId | null;
  /** The grant and the admit it came by; null for the first admin and the recovery key. */
  readonly grant: EntryId | null;
  readonly admit: EntryId | null;
  readonly status: MemberStatus;
  /** The key behind the recovery words: an admin, but no device. */
  readonly isRecovery: boolean;
}

export interface OpenInvite {
  readonly id: EntryId;
  readonly body: GrantBody;
  readonly issuer: NodeId;
}

/** `unfounded`: its issuer had no right to it, or was stopped before it. */
export type GrantStatus = 'open' | 'spent' | 'expired' | 'withdrawn' | 'unfounded';

export interface GrantState {
  readonly status: GrantStatus;
  readonly body: GrantBody;
  readonly issuer: NodeId;
  /** Nodes that stand by this grant. */
  readonly nodes: readonly NodeId[];
  readonly usesLeft: number;
}

/** Whether a chain's holder is to be admitted, and if so by which `admit` body; otherwise why not. */
export type Admission =
  | {
      readonly verdict: 'admit';
      readonly body: Bytes;
      /** `admit` bodies for the nodes further up the chain that nobody is known to have admitted, to be written first. */
      readonly before: readonly Bytes[];
    }
  | { readonly verdict: 'expired' | 'revoked' | 'surplus' | 'unknown-issuer' };

/** Somebody who should hold epoch keys. */
export interface KeyRecipient {
  readonly sealKey: Bytes;
  /** For a recorder, the grant it came by: it is given keys derived for that grant alone. Null: the epoch keys. */
  readonly recorder: EntryId | null;
}

/** `yes`, `unknown` (nobody is known to have admitted the author), or the reason against it. */
export type AuthorVerdict = 'yes' | 'unknown' | 'revoked' | 'succeeded' | 'surplus' | 'role';

/**
 * What must be verified, besides its own signature, before an `admit` entry is given to `add`: the redemption.
 * @throws WaystationError `malformed` or `limit` when the body cannot be read.
 */
export function prepareAdmit(entry: Entry): Verification[] {
  const { grant, inviteKey, redemption, grantBytes } = BODY.admit.decode(entry.body);
  const space = entry.header.space;
  if (space === null) throw new WaystationError('malformed', 'expected an admit entry to name its space');
  const message = redemptionStatement(space, grant, redemption.node, redemption.sealKey);
  const items = [{ publicKey: inviteKey, message, signature: redemption.signature }];
  return grantBytes === undefined ? items : [...items, entryVerification(grantIn(grant, grantBytes))];
}

interface Fold extends FoldedMembers {
  readonly members: ReadonlyMap<NodeId, Member>;
}

export class Membership {
  readonly space: SpaceId;
  readonly #entries: MembershipEntries;
  #fold: Fold | undefined;
  #version = 0;
  #epochs: readonly Parsed<EpochBody>[] | undefined;

  constructor(space: SpaceId) {
    this.space = space;
    this.#entries = new MembershipEntries(space);
  }

  /** Entries that could not be taken in, counted by reason. */
  get ignored(): ReadonlyMap<string, number> {
    return this.#entries.ignored;
  }

  /** Grows whenever members may have changed: verdicts of before may be others now. */
  get version(): number {
    return this.#version;
  }

  /** Takes in one entry of a control feed; true when it was new and of a kind that counts here. */
  add(entry: Entry): boolean {
    const change = this.#entries.add(entry);
    // It may show which entries of its author's feed lie on the way to where it was stopped.
    const ofRevoked = this.#fold?.revocations.isRevoked(entry.header.author) === true;
    if (change === 'members' || ofRevoked) {
      this.#fold = undefined;
      this.#version++;
    }
    if (change !== 'nothing' || ofRevoked) this.#epochs = undefined;
    return change !== 'nothing';
  }

  get genesis(): Entry | undefined {
    return this.#entries.genesis?.entry;
  }

  get genesisBody(): GenesisBody | undefined {
    return this.#entries.genesis?.body;
  }

  get isPublic(): boolean {
    return this.genesisBody?.isPublic === true;
  }

  /** What is known of a node; undefined when no admit of it counts. */
  member(node: NodeId): Member | undefined {
    return this.#folded().members.get(node);
  }

  /** Everybody who is or was in the space, the recovery key (`isRecovery`) included. */
  members(): IterableIterator<Member> {
    return this.#folded().members.values();
  }

  isActive(node: NodeId): boolean {
    return this.member(node)?.status === 'active';
  }

  /**
   * Whether an entry of this author, place and kind counts.
   * @param id tells a revoked author's fork at its last accepted position from the entry that was accepted.
   */
  mayAuthor(node: NodeId, feed: FeedId, seq: number, kind: number, id?: EntryId): AuthorVerdict {
    const { members, revocations } = this.#folded();
    const genesis = this.genesis;
    if (kind === KIND.genesis && genesis !== undefined) {
      const { header } = genesis;
      return node === header.author && feed === header.feed && seq === header.seq ? 'yes' : 'role';
    }
    if (!revocations.isWithin(node, feed, seq, id)) return 'revoked';
    const member = members.get(node);
    if (member === undefined) return 'unknown';
    // What a surplus node admitted counts, so everybody must be able to hold the feed that says so.
    if (member.status === 'surplus' && !isClearKind(kind)) return 'surplus';
    const succession = revocations.successionOf(node)?.entry.header;
    if (succession !== undefined && feed === succession.feed && seq > succession.seq) return 'succeeded';
    return mayAuthorKind(member.role, kind) ? 'yes' : 'role';
  }

  /**
   * The last accepted positions of a feed whose author was revoked, by each revocation: what else it signed for earlier ones
   * does not count.
   */
  cutsOf(node: NodeId, feed: FeedId): readonly (readonly RevokePosition[])[] {
    return this.#folded().revocations.positionsOf(node, feed);
  }

  /** The body of a known grant, whether it counts or not. */
  grant(id: EntryId): GrantBody | undefined {
    return this.#entries.grants.get(id)?.body;
  }

  /** How a known grant stands at `nowMs`. */
  grantState(id: EntryId, nowMs: number): GrantState | undefined {
    const grant = this.#entries.grants.get(id);
    if (grant === undefined) return undefined;
    const { grants, revocations } = this.#folded();
    const { body, entry } = grant;
    const nodes = [...(grants.get(id)?.standing ?? [])];
    const usesLeft = body.uses - nodes.length;
    const status = (): GrantStatus => {
      if (!grants.has(id)) return 'unfounded';
      // A revoked issuer knows the seeds of its invites: nobody enters by them any more.
      if (revocations.isWithdrawn(body) || revocations.isRevoked(entry.header.author)) return 'withdrawn';
      if (usesLeft <= 0) return 'spent';
      return nowMs > body.expiresMs ? 'expired' : 'open';
    };
    return { status: status(), body, issuer: entry.header.author, nodes, usesLeft };
  }

  /** Invites that still let somebody in at `nowMs`, by id. */
  outstandingInvites(nowMs: number): OpenInvite[] {
    const open: OpenInvite[] = [];
    for (const id of [...this.#folded().grants.keys()].sort()) {
      const state = this.grantState(id, nowMs);
      if (state?.status === 'open') open.push({ id, body: state.body, issuer: state.issuer });
    }
    return open;
  }

  /** Somebody was let in by this grant, as an admit tells, and the grant has not arrived. */
  awaitsGrant(id: EntryId): boolean {
    return !this.#entries.grants.has(id) && this.#entries.admitsOf.get(id).length > 0;
  }

  /** Open invites by which somebody came who is revoked now and so knows their seed: they should be withdrawn. */
  exposedInvites(nowMs: number): EntryId[] {
    const known = new Set<EntryId | null>();
    for (const { status, grant } of this.#folded().members.values())
      if (status === 'revoked') known.add(grant);
    return this.outstandingInvites(nowMs)
      .map(({ id }) => id)
      .filter((id) => known.has(id));
  }

  /**
   * The `revoke` body that withdraws an invite: those who entered by it stay, nobody else enters.
   * @throws WaystationError `not-found` when the grant is not known.
   */
  withdrawalOf(grant: EntryId, reason: string): Bytes {
    const known = this.#entries.grants.get(grant);
    if (known === undefined)
      throw new WaystationError('not-found', 'expected an invite that this device knows');
    const { members, grants } = this.#folded();
    const standing = grants.get(grant)?.standing ?? new Set();
    const kept = this.#entries.admitsOf
      .get(grant)
      .filter(({ body }) => standing.has(body.redemption.node) && members.has(body.redemption.node))
      .map(({ entry }) => ({ feed: entry.header.feed, seq: entry.header.seq, id: entry.id }));
    return BODY.revoke.encode({ node: toHex(known.body.inviteKey) as NodeId, feeds: kept, reason });
  }

  /** Judges a verified chain: by its expiry, its uses, and what we know of those in it. */
  admission({ chain, holder }: ChainVerdict, nowMs: number): Admission {
    const { grants, members, revocations } = this.#folded();
    if (revocations.isRevoked(holder)) return { verdict: 'revoked' };
    // An heir needs no admit, only its predecessor's `succeed` entry, and that has not come to us yet.
    const heirs = chain.levels.length === 0 ? chain.heirs : chain.levels.at(-1)?.heirs;
    if (heirs !== undefined && heirs.length > 0 && !this.isActive(holder))
      return { verdict: 'unknown-issuer' };
    const bodies: AdmitBody[] = [];
    for (const [i, { grant, redemption }] of chain.levels.entries()) {
      const body = BODY.grant.decode(grant.body);
      const isLast = i === chain.levels.length - 1;
      const known = members.get(redemption.node);
      if (!revocations.counts(grant) || (known?.status === 'revoked' && isLast))
        return { verdict: 'revoked' };
      const admitted = grants.get(grant.id)?.standing ?? new Set();
      if (admitted.has(redemption.node) && !isLast) continue;
      if (revocations.isRevoked(grant.header.author) || revocations.isWithdrawn(body))
        return { verdict: 'revoked' };
      // An invite that ran out may have been redeemed in time elsewhere, but only its admit can show that.
      if (nowMs > body.expiresMs) return { verdict: isLast ? 'expired' : 'unknown-issuer' };
      if (admitted.size >= body.uses && !admitted.has(redemption.node)) {
        return { verdict: isLast ? 'surplus' : 'unknown-issuer' };
      }
      const isKnown = this.#entries.grants.has(grant.id);
      const grantBytes = isKnown ? undefined : grant.bytes;
      bodies.push({ grant: grant.id, inviteKey: body.inviteKey, redemption, grantBytes });
    }
    const [body, ...before] = bodies.map((one) => BODY.admit.encode(one)).reverse();
    // A chain of the genesis alone is the first admin's: nobody needs to admit it.
    if (body === undefined) return { verdict: 'revoked' };
    return { verdict: 'admit', body, before: before.reverse() };
  }

  /** Epochs that were started with the right to, oldest first by (Lamport number, id). */
  epochs(): EpochId[] {
    return this.#countedEpochs()
      .filter(({ body }) => body.of === null)
      .map(({ entry }) => entry.id);
  }

  /**
   * The epoch to seal under: the last of {@link epochs} that nobody who is revoked started, as far as there is one. An admin
   * gone wrong could otherwise number an epoch so high that no other ever followed it.
   */
  currentEpoch(): EpochId | undefined {
    const started = this.#countedEpochs().filter(({ body }) => body.of === null);
    const { revocations } = this.#folded();
    const trusted = started.findLast(({ entry }) => !revocations.isRevoked(entry.header.author));
    return (trusted ?? started.at(-1))?.entry.id;
  }

  /** Epoch entries that count, sealings to further recipients included, by (Lamport number, id). */
  epochEntries(): Entry[] {
    return this.#countedEpochs().map(({ entry }) => entry);
  }

  /** The commitment that the entry which started an epoch makes to its key; whoever may have written it. */
  commitmentOf(epoch: EpochId): Bytes | undefined {
    return this.#entries.epochs.find(({ entry, body }) => entry.id === epoch && body.of === null)?.body
      .commitment;
  }

  /**
   * Everybody who should hold the keys at `nowMs`: active members but mirrors, the recovery key, and open invites, except
   * those whose seed a revoked member knows because it came by them.
   */
  keyRecipients(nowMs: number): KeyRecipient[] {
    const recipients: KeyRecipient[] = [];
    const exposed = new Set(this.exposedInvites(nowMs));
    for (const { role, status, sealKey, grant } of this.#folded().members.values()) {
      if (status !== 'active' || !holdsKeys(role)) continue;
      recipients.push({ sealKey, recorder: role === 'recorder' ? grant : null });
    }
    for (const { id, body } of this.outstandingInvites(nowMs)) {
      if (!holdsKeys(body.role) || exposed.has(id)) continue;
      recipients.push({ sealKey: body.inviteSealKey, recorder: body.role === 'recorder' ? id : null });
    }
    // A recorder that shows another's seal key must not take that node's place.
    return recipients.sort((a, b) => Number(a.recorder !== null) - Number(b.recorder !== null));
  }

  /**
   * Recipients to whom nobody has sealed this epoch: whoever holds its key and may write `epoch` entries should. A member who
   * joined elsewhere while the epoch was started is one.
   */
  unsealed(epoch: EpochId, nowMs: number): KeyRecipient[] {
    const sealed = this.#sealedTo(epoch);
    return this.keyRecipients(nowMs).filter(({ sealKey }) => !sealed.has(toHex(sealKey)));
  }

  /**
   * True when somebody who is revoked may know this epoch's key: it was started before the revocation, as far as Lamport
   * numbers tell, or was sealed to that node or to the invite it came by. What one member seals to one of them counts in the
   * first epoch alone: a member gone wrong would make admins start epochs without end.
   */
  isExposed(epoch: EpochId): boolean {
    const { members, revocations } = this.#folded();
    const start = this.#entries.epochs.find(({ entry }) => entry.id === epoch)?.entry;
    const sealed = this.#exposingBoxes(epoch);
    // Seal keys are public, so a node may show another's as its own: that tells nothing about who can open the box.
    for (const { status, sealKey } of members.values())
      if (status === 'active') sealed.delete(toHex(sealKey));
    for (const { node, status, sealKey, grant } of members.values()) {
      if (status !== 'revoked') continue;
      if ((start?.header.lamport ?? 0) < revocations.sinceLamport(node)) return true;
      const inviteKey = grant === null ? undefined : this.grant(grant)?.inviteSealKey;
      if (sealed.has(toHex(sealKey)) || (inviteKey !== undefined && sealed.has(toHex(inviteKey))))
        return true;
    }
    return false;
  }

  /** The keys that this epoch's was sealed to by admins, or by members who had not sealed an earlier one to them, in hex. */
  #exposingBoxes(epoch: EpochId): Set<string> {
    const order = new Map(this.epochs().map((id, i) => [id, i]));
    const placeOf = ({ entry, body }: Parsed<EpochBody>) => order.get(body.of ?? entry.id) ?? 0;
    const place = order.get(epoch) ?? 0;
    const boxesAt = (isMeant: (at: number) => boolean) =>
      this.#countedEpochs()
        .filter((one) => isMeant(placeOf(one)))
        .flatMap(({ entry, body }) =>
          body.boxes.map(({ recipient }) => ({ author: entry.header.author, key: toHex(recipient) })),
        );
    const earlier = new Set(boxesAt((at) => at < place).map(({ author, key }) => `${author}/${key}`));
    const exposing = new Set<string>();
    for (const { author, key } of boxesAt((at) => at === place)) {
      if (this.member(author)?.role === 'admin' || !earlier.has(`${author}/${key}`)) exposing.add(key);
    }
    return exposing;
  }

  /** The keys that this epoch's was sealed to, in hex. */
  #sealedTo(epoch: EpochId): Set<string> {
    const sealed = new Set<string>();
    for (const { entry, body } of this.#countedEpochs()) {
      if ((body.of ?? entry.id) === epoch)
        for (const { recipient } of body.boxes) sealed.add(toHex(recipient));
    }
    return sealed;
  }

  #countedEpochs(): readonly Parsed<EpochBody>[] {
    if (this.#epochs !== undefined) return this.#epochs;
    const { standings, revocations } = this.#folded();
    this.#epochs = this.#entries.epochs
      .filter(({ entry, body }) => {
        const role = standings.get(entry.header.author)?.role;
        if (role === undefined || !revocations.counts(entry)) return false;
        return body.of === null ? mayStartEpoch(role) : mayAuthorKind(role, KIND.epoch);
      })
      .sort(byFollowedLamport);
    return this.#epochs;
  }

  #folded(): Fold {
    if (this.#fold === undefined) {
      const folded = foldMembers(this.#entries);
      this.#fold = { ...folded, members: membersOf(folded, this.genesisBody?.recoveryKey) };
    }
    return this.#fold;
  }
}

function membersOf(
  { standings, surplus, revocations }: FoldedMembers,
  recoveryKey: NodeId | undefined,
): ReadonlyMap<NodeId, Member> {
  const members = new Map<NodeId, Member>();
  const put = (node: NodeId, standing: Standing, status: MemberStatus) => {
    const current = revocations.isRevoked(node) ? 'revoked' : status;
    members.set(node, { node, ...standing, status: current, isRecovery: node === recoveryKey });
  };
  for (const [node, standing] of standings) {
    put(node, standing, revocations.successionOf(node) === undefined ? 'active' : 'succeeded');
  }
  for (const [node, standing] of surplus) put(node, standing, 'surplus');
  return members;
}
