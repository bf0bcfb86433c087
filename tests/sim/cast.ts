/** How a simulated space begins: the first admin's entries, invites by role, and the credentials of those who redeem them. */
import { type Bytes, toUtf8 } from '../../src/core/bytes.ts';
import { sha256 } from '../../src/core/hash.ts';
import { feedIdFrom, nodeIdFrom, type SpaceId, spaceIdFrom } from '../../src/core/ids.ts';
import {
  assembleEntry,
  type Entry,
  type EntryHeader,
  encodeHeader,
  encodePayload,
  PURPOSE,
  signedBytes,
} from '../../src/feed/entry.ts';
import { KIND } from '../../src/feed/kinds.ts';
import { BODY } from '../../src/identity/bodies.ts';
import { epochCommitment } from '../../src/identity/epochs.ts';
import { type ChainLevel, encodeChain, redemptionStatement } from '../../src/identity/grant-chain.ts';
import { inviteKeys } from '../../src/identity/invite-keys.ts';
import type { Role } from '../../src/identity/roles.ts';
import type { OwnFeed } from '../../src/station/space-record.ts';
import { SimKeys, signWithSeed } from './crypto.ts';
import type { SeededRandom } from './random.ts';

/** An open invite: whoever has the seed may enter. */
export interface SimInvite {
  readonly seed: Bytes;
  readonly grant: Entry;
  /** The grants above it. */
  readonly levels: readonly ChainLevel[];
}

export interface Founding {
  readonly space: SpaceId;
  readonly meetSecret: Bytes;
  readonly admin: SimKeys;
  readonly genesis: Entry;
  /** The admin's control feed: genesis, epoch, grants. */
  readonly control: OwnFeed;
  readonly entries: readonly Entry[];
  readonly epoch: Entry;
  readonly invites: Readonly<Record<InviteName, SimInvite>>;
}

export type InviteName = 'member' | 'reader' | 'mirror' | 'expired';

/** The body of a grant for a fresh invite key. */
export function grantBody(seed: Bytes, role: Role, uses: number, expiresMs: number): Bytes {
  const { publicKey, sealKey } = inviteKeys(seed);
  return BODY.grant.encode({
    inviteKey: publicKey,
    inviteSealKey: sealKey,
    role,
    uses,
    expiresMs,
    owner: null,
  });
}

/** @param startMs date at which the space is founded. @param endMs invites hold until then. */
export function found(random: SeededRandom, startMs: number, endMs: number, uses: number): Founding {
  const admin = new SimKeys(random);
  const feed = feedIdFrom(random.bytes(16));
  const entries: Entry[] = [];
  const write = (kind: number, body: Bytes): Entry => {
    const header: EntryHeader = {
      space: entries.length === 0 ? null : spaceIdFrom(sha256((entries[0] as Entry).bytes)),
      author: admin.node,
      feed,
      purpose: PURPOSE.control,
      seq: entries.length,
      previous: entries.at(-1)?.id ?? null,
      lamport: entries.length + 1,
      timeMs: startMs,
      kind,
      blobs: [],
      epoch: null,
      seen: [],
      succeeds: null,
    };
    const payload = encodePayload(encodeHeader(header), body);
    const entry = assembleEntry(header, body, payload, admin.sign(signedBytes(payload)));
    entries.push(entry);
    return entry;
  };
  const recovery = new SimKeys(random);
  const genesis = write(
    KIND.genesis,
    BODY.genesis.encode({
      adminSealKey: admin.sealKey,
      recoveryKey: nodeIdFrom(recovery.publicKey),
      recoverySealKey: recovery.sealKey,
      isPublic: false,
      nonce: random.bytes(16),
    }),
  );
  // Keys are sealed by HPKE outside of the state machines: here an epoch has a name and no boxes.
  const epochKey = random.bytes(32);
  const epochBody = { of: null, commitment: epochCommitment(epochKey), boxes: [] };
  const epoch = write(KIND.epoch, BODY.epoch.encode(epochBody));
  const invite = (role: Role, expiresMs: number): SimInvite => {
    const seed = random.bytes(32);
    return { seed, grant: write(KIND.grant, grantBody(seed, role, uses, expiresMs)), levels: [] };
  };
  const invites = {
    member: invite('member', endMs),
    reader: invite('reader', endMs),
    mirror: invite('mirror', endMs),
    expired: invite('member', startMs - 1),
  };
  const space = spaceIdFrom(sha256(genesis.bytes));
  const meetSecret = sha256(toUtf8('meet'), random.bytes(32));
  const control = { feed, succeeds: null };
  return { space, meetSecret, admin, genesis, control, entries, epoch, invites };
}

/** The levels of the chain by which `keys` enters. @param forged signs with another key than the invite's. */
export function redeem(founding: Founding, invite: SimInvite, keys: SimKeys, forged = false): ChainLevel[] {
  const { space } = founding;
  const statement = redemptionStatement(space, invite.grant.id, keys.node, keys.sealKey);
  const seed = forged ? sha256(invite.seed) : inviteKeys(invite.seed).signSeed;
  const signature = signWithSeed(seed, statement);
  const redemption = { node: keys.node, sealKey: keys.sealKey, signature };
  return [...invite.levels, { grant: invite.grant, redemption }];
}

export function credentialOf(founding: Founding, levels: readonly ChainLevel[]): Bytes {
  return encodeChain({ genesis: founding.genesis, levels, last: null });
}
