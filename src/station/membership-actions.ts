/** What people do about membership: making a space, joining one, inviting, revoking. */

import { WaystationError } from '../core/errors.ts';
import { sha256 } from '../core/hash.ts';
import { feedIdFrom, type NodeId, nodeIdFrom, spaceIdFrom } from '../core/ids.ts';
import {
  assembleEntry,
  type Entry,
  type EntryHeader,
  encodeHeader,
  encodePayload,
  encodeSign1,
  type Head,
  MAX_SEEN,
  PURPOSE,
  signedBytes,
} from '../feed/entry.ts';
import { branchHead } from '../feed/feed-index.ts';
import { KIND } from '../feed/kinds.ts';
import { BODY, type RevokePosition } from '../identity/bodies.ts';
import { sealEpochs } from '../identity/epochs.ts';
import {
  decodeChain,
  encodeChain,
  MAX_CHAIN_DEPTH,
  prepareChain,
  redemptionStatement,
} from '../identity/grant-chain.ts';
import { encodeInvite, type Invite, MAX_INVITE_HOSTS } from '../identity/invite.ts';
import { inviteKeys } from '../identity/invite-keys.ts';
import { RECOVERY_SEED_BYTES, recoveryKeys, recoveryWords } from '../identity/recovery.ts';
import { holdsKeys, mayGrant, type Role } from '../identity/roles.ts';
import { encodeProfile } from './entry-bodies.ts';
import { appendEntries } from './entry-log.ts';
import { inviteHosts } from './host-announcing.ts';
import { keepKeys, keysToHandOn, startEpoch } from './key-keeping.ts';
import { Space, type SpaceContext } from './space.ts';
import { type SpaceRecord, saveSpaceRecord } from './space-record.ts';

const MEET_SECRET_BYTES = 32;
const SEED_BYTES = 32;

export interface NewSpace {
  readonly name: string;
  readonly isPublic: boolean;
  /** What the first admin is called; as the space when absent. */
  readonly ownName?: string | undefined;
  /** Is given the recovery words when the space is made and nothing that follows has had the time to fail. */
  readonly onMade?: (recoveryWords: string) => void;
}

export interface MadeSpace {
  readonly space: Space;
  readonly recoveryWords: string;
  /** Writes what follows the genesis entry; to be called once the node's engine has the space. */
  finish(): Promise<void>;
}

/** Makes a space with this node as first admin. The recovery words are not kept anywhere. */
export async function createSpace(context: SpaceContext, options: NewSpace): Promise<MadeSpace> {
  const { keys, random, clock, store, self } = context;
  const profile = { name: options.ownName ?? options.name, station: null, spaceName: options.name };
  // What cannot be said later must not leave a space behind that has no name.
  encodeProfile(profile);
  const recoverySeed = random.bytes(RECOVERY_SEED_BYTES);
  const recovery = recoveryKeys(recoverySeed);
  const header: EntryHeader = {
    space: null,
    author: self,
    feed: feedIdFrom(random.bytes(16)),
    purpose: PURPOSE.control,
    seq: 0,
    previous: null,
    lamport: 1,
    timeMs: Math.max(0, Math.round(clock.nowMs())),
    kind: KIND.genesis,
    blobs: [],
    epoch: null,
    seen: [],
    succeeds: null,
  };
  const body = BODY.genesis.encode({
    adminSealKey: keys.sealKey,
    recoveryKey: nodeIdFrom(recovery.publicKey),
    recoverySealKey: recovery.sealKey,
    isPublic: options.isPublic,
    nonce: random.bytes(16),
  });
  const genesis = await signEntry(context, header, body);
  const record: SpaceRecord = {
    space: spaceIdFrom(sha256(genesis.bytes)),
    meetSecret: random.bytes(MEET_SECRET_BYTES),
    hosts: [],
    credential: encodeChain({ genesis, levels: [], last: null }),
    inviteSeed: null,
    epochKeys: [],
    control: { feed: header.feed, succeeds: null },
    data: { feed: feedIdFrom(random.bytes(16)), succeeds: null },
  };
  // The entry first: a record without its genesis would be a space that nobody can enter.
  await appendEntries(store, record.space, `${self}.${header.feed}`, [genesis], () => true);
  await saveSpaceRecord(store, record);
  const space = await Space.open(context, record);
  const finish = async () => {
    if (!options.isPublic) await startEpoch(space);
    await space.writeProfile(profile);
  };
  return { space, recoveryWords: recoveryWords(recoverySeed), finish };
}

async function signEntry(
  { keys }: SpaceContext,
  header: EntryHeader,
  body: Uint8Array<ArrayBuffer>,
): Promise<Entry> {
  const payload = encodePayload(encodeHeader(header), body);
  const [signature] = await keys.sign([signedBytes(payload)]);
  if (signature === undefined) throw new WaystationError('unavailable', 'the node key gave no signature');
  const entry = assembleEntry(header, body, payload, signature);
  return { ...entry, bytes: encodeSign1(payload, signature) };
}

/**
 * Takes an invite: checks its chain and signs this node's keys with the invite key. Nobody else is needed for that.
 * @throws WaystationError `expired`, or what the chain check throws for a forged or over-reaching invite.
 */
export async function joinSpace(context: SpaceContext, invite: Invite): Promise<Space> {
  const record = await redeem(context, invite);
  await saveSpaceRecord(context.store, record);
  return Space.open(context, record);
}

/**
 * Takes another invite to a space that this node has not been let into: its first one expired, or was used up.
 * @throws WaystationError as {@link joinSpace}; `revoked` when no invite can help this node any more.
 */
export async function joinAnew(space: Space, invite: Invite): Promise<void> {
  if (space.replica.membership.member(space.self)?.status === 'revoked') {
    const what = 'this node was revoked in that space, and no invite helps it: join with a new data folder';
    throw new WaystationError('revoked', what);
  }
  await space.replaceCredential(await redeem(space.context, invite));
}

async function redeem(context: SpaceContext, invite: Invite): Promise<SpaceRecord> {
  const { crypto, keys, clock, random, self } = context;
  const prepared = prepareChain(invite.space, invite.chain);
  const verdict = prepared.conclude(await crypto.verify(prepared.verifications));
  if (verdict.invite === null) throw new WaystationError('malformed', 'the link holds no open invite');
  const { id, body } = verdict.invite;
  const own = inviteKeys(invite.seed);
  if (nodeIdFrom(own.publicKey) !== nodeIdFrom(body.inviteKey)) {
    throw new WaystationError(
      'bad-signature',
      'the invite is forged: its key is not the one that was granted',
    );
  }
  if (clock.nowMs() > body.expiresMs) {
    const when = new Date(body.expiresMs).toISOString().slice(0, 16);
    throw new WaystationError(
      'expired',
      `this invite expired on ${when} UTC: ask for a new one, and check this device’s clock`,
    );
  }
  const statement = redemptionStatement(invite.space, id, self, keys.sealKey);
  const signature = await crypto.signWithSeed(own.signSeed, statement);
  const { chain } = verdict;
  const redemption = { node: self, sealKey: keys.sealKey, signature };
  const levels = [...chain.levels, { grant: chain.last as Entry, redemption }];
  return {
    space: invite.space,
    meetSecret: invite.meetSecret,
    hosts: invite.hosts,
    credential: encodeChain({ ...chain, levels, last: null }),
    inviteSeed: invite.seed,
    epochKeys: [],
    control: { feed: feedIdFrom(random.bytes(16)), succeeds: null },
    data: { feed: feedIdFrom(random.bytes(16)), succeeds: null },
  };
}

export interface InviteOptions {
  readonly role: Role;
  readonly uses: number;
  readonly expiresMs: number;
  /** Hosts for the link; when empty, some of those that this node knows. */
  readonly hosts: readonly string[];
  /** Address of the app that the link opens; made from the first host when absent. */
  readonly base?: string;
}

/**
 * Grants an invite and seals the epoch keys to it; the link works while this node is away.
 * @throws WaystationError `forbidden` when this node may not invite in that role.
 */
export async function createInvite(
  space: Space,
  options: InviteOptions,
): Promise<{ link: string; hosts: readonly string[] }> {
  const { crypto, random } = space.context;
  const own = space.replica.membership.member(space.self);
  if (own === undefined || own.status !== 'active') {
    throw new WaystationError(
      'not-a-member',
      'this node has not been let in yet, so it cannot invite others',
    );
  }
  if (!mayGrant(own.role, options.role)) {
    throw new WaystationError(
      'forbidden',
      `this node is ${own.role} here and cannot invite as ${options.role}`,
    );
  }
  const credential = decodeChain(space.record.credential);
  const { levels } = credential;
  if (levels.length + 1 > MAX_CHAIN_DEPTH) {
    throw new WaystationError(
      'forbidden',
      'this node was invited over too many others to invite more: ask an admin to',
    );
  }
  if (options.expiresMs <= space.context.clock.nowMs()) {
    throw new WaystationError('usage', 'the invite would have expired already');
  }
  await keepKeys(space);
  const seed = random.bytes(SEED_BYTES);
  const invited = inviteKeys(seed);
  const grant = await space.write('control', {
    kind: KIND.grant,
    body: BODY.grant.encode({
      inviteKey: invited.publicKey,
      inviteSealKey: invited.sealKey,
      role: options.role,
      uses: options.uses,
      expiresMs: options.expiresMs,
      owner: null,
    }),
  });
  const current = space.replica.membership.currentEpoch();
  if (!space.replica.membership.isPublic && holdsKeys(options.role)) {
    if (current === undefined || !space.epochKeys().has(current)) {
      throw new WaystationError('no-key', 'this node does not have the key of this space yet: sync first');
    }
    const keys = keysToHandOn(space, current);
    const recorder = options.role === 'recorder' ? grant.id : null;
    const recipient = { sealKey: invited.sealKey, recorder };
    const body = await sealEpochs(crypto, space.id, current, keys, [recipient]);
    await space.write('control', { kind: KIND.epoch, body });
  }
  const hosts = options.hosts.length > 0 ? options.hosts.slice(0, MAX_INVITE_HOSTS) : inviteHosts(space);
  await space.learnHosts(options.hosts.slice(0, MAX_INVITE_HOSTS));
  const { id, record } = space;
  const chain = encodeChain({ ...credential, last: grant });
  const link = encodeInvite(options.base ?? baseOf(hosts), {
    space: id,
    hosts,
    meetSecret: record.meetSecret,
    seed,
    chain,
  });
  return { link, hosts };
}

/** Relays serve the app where they host signaling, so the first host is an address to open. */
function baseOf(hosts: readonly string[]): string {
  const first = hosts.find((host) => /^wss?:/.test(host));
  return first === undefined ? 'waystation:' : `${first.replace(/^ws/, 'http').replace(/\/$/, '')}/`;
}

/**
 * Ends a member's rights: what we hold of its feeds stays, nothing later counts, and from now on data are sealed under a key that
 * it does not get.
 * @throws WaystationError `forbidden` for anyone but an admin, `not-found` for who is no member.
 */
export async function revokeMember(space: Space, node: NodeId, reason = ''): Promise<void> {
  const { membership, index } = space.replica;
  if (!space.isAdmitted || membership.member(space.self)?.role !== 'admin') {
    throw new WaystationError('forbidden', 'only an admin can revoke a member');
  }
  const admins = [...membership.members()].filter(
    (one) => one.role === 'admin' && one.status === 'active' && !one.isRecovery,
  );
  if (node === space.self && admins.length === 1) {
    throw new WaystationError(
      'forbidden',
      'this node is the only admin: nobody could let anyone in or out any more',
    );
  }
  const member = membership.member(node);
  if (member?.isRecovery === true) {
    throw new WaystationError('forbidden', 'this is the key behind the recovery words: it stays');
  }
  if (member === undefined)
    throw new WaystationError('not-found', 'no such member is known here: sync first, or check the id');
  // What was cut off after the revocation itself is made up for.
  if (member.status === 'revoked') return keepKeys(space);
  const feeds: RevokePosition[] = [];
  const seen: Head[] = [];
  for (const branch of index.branches()) {
    const head = branch.author === node ? branchHead(branch) : undefined;
    if (head === undefined) continue;
    feeds.push({ feed: head.feed, seq: head.seq, id: head.id });
    seen.push(head);
  }
  await space.write('control', {
    kind: KIND.revoke,
    body: BODY.revoke.encode({ node, feeds, reason }),
    seen: seen.slice(0, MAX_SEEN),
  });
  await keepKeys(space);
}
