/** Nobody gets in: whoever has not proved to be a member gets no byte of the space, whatever it shows or says. */
import { afterEach, expect, test } from 'vitest';
import { type Bytes, toUtf8 } from '../../src/core/bytes.ts';
import { feedIdFrom, nodeIdFrom, type SpaceId } from '../../src/core/ids.ts';
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
import { createNodeCrypto } from '../../src/identity/crypto.node.ts';
import { decodeChain, encodeChain, redemptionStatement } from '../../src/identity/grant-chain.ts';
import { parseInvite } from '../../src/identity/invite.ts';
import { inviteKeys } from '../../src/identity/invite-keys.ts';
import type { Role } from '../../src/identity/roles.ts';
import { SYSTEM_RANDOM } from '../../src/node/open-node.ts';
import { revokeMember } from '../../src/station/membership-actions.ts';
import type { WaystationNode } from '../../src/station/node.ts';
import type { Space } from '../../src/station/space.ts';
import { type SpaceRecord, saveSpaceRecord } from '../../src/station/space-record.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { createTestKeys } from '../unit/station/test-keys.ts';
import {
  closeNodes,
  connect,
  HANDSHAKE,
  HOUR_MS,
  link,
  makeHost,
  member,
  newNode,
  noticed,
  type TappedLink,
  until,
} from './in-process.ts';

const crypto = createNodeCrypto();
afterEach(closeNodes);

/** A node whose record of a space was made up. */
async function impostor(record: SpaceRecord, keys = createTestKeys()): Promise<WaystationNode> {
  const store = createMemoryStore();
  await saveSpaceRecord(store, record);
  return newNode({ store, keys });
}

/** A record as a stranger would make it who got hold of the meet secret. */
function recordWith(space: Space, credential: Bytes): SpaceRecord {
  const feed = () => ({ feed: feedIdFrom(SYSTEM_RANDOM.bytes(16)), succeeds: null });
  const { meetSecret } = space.record;
  return {
    ...space.record,
    meetSecret,
    credential,
    inviteSeed: null,
    epochKeys: [],
    control: feed(),
    data: feed(),
  };
}

/** Nothing of the space is in the node's store, or came over its link. */
async function expectNothing(node: WaystationNode, space: SpaceId, hostLink: TappedLink): Promise<void> {
  const { logs, blobs } = node.ports.store;
  expect([...(await logs.list()).keys()].filter((name) => name.startsWith('e/'))).toEqual([]);
  expect(await blobs.list()).toEqual([]);
  expect([...(node.spaces.get(space)?.replica.index.branches() ?? [])]).toEqual([]);
  expect(hostLink.sent.map(({ name }) => name).filter((name) => !HANDSHAKE.has(name))).toEqual([]);
}

/** Signs an entry in somebody's name, with whichever keys. */
async function forgedGrant(
  space: Space,
  author: string,
  signer: ReturnType<typeof createTestKeys>,
  seed: Bytes,
  role: Role,
) {
  const invited = inviteKeys(seed);
  const header: EntryHeader = {
    space: space.id,
    author: author as EntryHeader['author'],
    feed: feedIdFrom(SYSTEM_RANDOM.bytes(16)),
    purpose: PURPOSE.control,
    seq: 0,
    previous: null,
    lamport: 1_000,
    timeMs: Date.now(),
    kind: KIND.grant,
    blobs: [],
    epoch: null,
    seen: [],
    succeeds: null,
  };
  const body = BODY.grant.encode({
    inviteKey: invited.publicKey,
    inviteSealKey: invited.sealKey,
    role,
    uses: 9,
    expiresMs: Date.now() + HOUR_MS,
    owner: null,
  });
  const payload = encodePayload(encodeHeader(header), body);
  const [signature] = await signer.sign([signedBytes(payload)]);
  return assembleEntry(header, body, payload, signature as Bytes);
}

/** A credential that ends in a redemption of `grant` by `keys`. */
async function redeemed(
  space: Space,
  upTo: Bytes,
  grant: Entry,
  seed: Bytes,
  keys: ReturnType<typeof createTestKeys>,
) {
  const chain = decodeChain(upTo);
  const node = nodeIdFrom(keys.publicKey);
  const statement = redemptionStatement(space.id, grant.id, node, keys.sealKey);
  const signature = await crypto.signWithSeed(inviteKeys(seed).signSeed, statement);
  const redemption = { node, sealKey: keys.sealKey, signature };
  return encodeChain({ ...chain, levels: [...chain.levels, { grant, redemption }], last: null });
}

test('a node with the meet secret and the genesis alone is refused', async () => {
  const { host, space } = await makeHost();
  const stranger = await impostor(recordWith(space, space.record.credential));
  const refused = noticed(host, 'refused');
  const links = connect(stranger, host);
  await refused;
  await expectNothing(stranger, space.id, links.b);
});

test('a node that shows a member’s credential as its own is refused', async () => {
  const { host, space } = await makeHost();
  const { space: ofMember } = await member(host, await link(space, 'member'));
  const stranger = await impostor(recordWith(space, ofMember.record.credential));
  const refused = noticed(host, 'refused');
  const links = connect(stranger, host);
  await refused;
  await expectNothing(stranger, space.id, links.b);
});

test('a grant in the admin’s name that the admin did not sign is refused', async () => {
  const { host, space } = await makeHost();
  const [keys, seed] = [createTestKeys(), SYSTEM_RANDOM.bytes(32)];
  const grant = await forgedGrant(space, host.id, keys, seed, 'admin');
  const stranger = await impostor(
    recordWith(space, await redeemed(space, space.record.credential, grant, seed, keys)),
    keys,
  );
  const refused = noticed(host, 'refused', ({ code }) => code === 'bad-signature');
  const links = connect(stranger, host);
  await refused;
  await expectNothing(stranger, space.id, links.b);
});

test('a member that makes somebody an admin reaches too far: its guest is refused', async () => {
  const { host, space } = await makeHost();
  const memberKeys = createTestKeys();
  const node = await newNode({ keys: memberKeys });
  const ofMember = await node.join(parseInvite(await link(space, 'member')));
  const blob = noticed(node, 'blob-complete');
  connect(node, host);
  await blob;
  const [keys, seed] = [createTestKeys(), SYSTEM_RANDOM.bytes(32)];
  const grant = await forgedGrant(space, node.id, memberKeys, seed, 'admin');
  const credential = await redeemed(space, ofMember.record.credential, grant, seed, keys);
  const stranger = await impostor(recordWith(space, credential), keys);
  const refused = noticed(host, 'refused', ({ code }) => code === 'forbidden');
  const links = connect(stranger, host);
  await refused;
  await expectNothing(stranger, space.id, links.b);
});

test('a redemption that the invite key did not sign is refused', async () => {
  const { host, space } = await makeHost();
  const invite = parseInvite(await link(space, 'member'));
  const keys = createTestKeys();
  const known = {
    inviteKey: inviteKeys(invite.seed).publicKey,
    inviteSealKey: inviteKeys(invite.seed).sealKey,
  };
  const grant = decodeChain(invite.chain, known).last as Entry;
  const credential = await redeemed(space, space.record.credential, grant, SYSTEM_RANDOM.bytes(32), keys);
  const stranger = await impostor(recordWith(space, credential), keys);
  const refused = noticed(host, 'refused', ({ code }) => code === 'bad-signature');
  const links = connect(stranger, host);
  await refused;
  await expectNothing(stranger, space.id, links.b);
});

test('an invite that has expired by the host’s clock is refused, though the joiner’s clock says it is good', async () => {
  let aheadMs = 0;
  const { host, space } = await makeHost({ aheadMs: () => aheadMs });
  const late = await newNode();
  await late.join(parseInvite(await link(space, 'member')));
  aheadMs = 2 * HOUR_MS;
  const refused = noticed(host, 'refused', ({ code }) => code === 'expired');
  const told = noticed(late, 'refused-by-peer', ({ code }) => code === 'expired');
  const links = connect(late, host);
  await Promise.all([refused, told]);
  await expectNothing(late, space.id, links.b);
});

test('an invite that was withdrawn with its issuer is refused', async () => {
  const { host, space } = await makeHost();
  const { node: issuer, space: ofIssuer } = await member(host, await link(space, 'member'));
  const guest = await newNode();
  const grants = noticed(host, 'entries', ({ entries }) =>
    entries.some(({ header }) => header.author === issuer.id && header.kind === KIND.epoch),
  );
  await guest.join(parseInvite(await link(ofIssuer, 'member')));
  await grants;
  await revokeMember(space, issuer.id);
  const refused = noticed(host, 'refused', ({ code }) => code === 'revoked');
  const links = connect(guest, host);
  await refused;
  await expectNothing(guest, space.id, links.b);
});

test('a revoked member gets nothing that was written after it was revoked', async () => {
  const { host, space } = await makeHost();
  const { node, space: theirs } = await member(host, await link(space, 'member'));
  for (const { link: id } of node.peers()) node.driver.closeLink(id, 'away');
  const before = theirs.replica.index.heads().length;
  await revokeMember(space, node.id);
  await space.writeWithBlob(KIND.clip, () => toUtf8('later'), SYSTEM_RANDOM.bytes(200_000));
  const heads = [...theirs.replica.index.heads()].map(({ id }) => id).sort();
  const blobs = (await node.ports.store.blobs.list()).length;
  const refused = noticed(host, 'refused', ({ code }) => code === 'revoked');
  const links = connect(node, host);
  await refused;
  expect(theirs.replica.index.heads()).toHaveLength(before);
  expect([...theirs.replica.index.heads()].map(({ id }) => id).sort()).toEqual(heads);
  expect(await node.ports.store.blobs.list()).toHaveLength(blobs);
  expect(links.b.sent.map(({ name }) => name).filter((name) => !HANDSHAKE.has(name))).toEqual([]);
});

test('the second who comes by a one-use invite is refused as surplus', async () => {
  const { host, space } = await makeHost();
  const text = await link(space, 'member');
  await member(host, text);
  const second = await newNode();
  await second.join(parseInvite(text));
  const refused = noticed(host, 'refused', ({ code }) => code === 'surplus');
  const links = connect(second, host);
  await refused;
  await expectNothing(second, space.id, links.b);
});

test('a one-use invite that two redeemed on either side of a partition is settled alike on both when they meet', async () => {
  const { host, space } = await makeHost();
  const { node: other, space: ofOther } = await member(host, await link(space, 'member'));
  const grants = noticed(other, 'entries', ({ entries }) =>
    entries.some(({ header }) => header.kind === KIND.epoch),
  );
  const text = await link(space, 'reader');
  await grants;
  for (const { link: id } of other.peers()) other.driver.closeLink(id, 'partition');
  const { node: one } = await member(host, text);
  const { node: two } = await member(other, text);
  const standing = (of: Space) =>
    [one, two].filter(({ id }) => of.replica.membership.isActive(id)).map(({ id }) => id);
  expect([standing(space), standing(ofOther)]).toEqual([[one.id], [two.id]]);
  const settled = [host, other].map((node) =>
    noticed(node, 'entries', ({ entries }) => entries.some(({ header }) => header.kind === KIND.admit)),
  );
  connect(host, other);
  await Promise.all(settled);
  expect(standing(space)).toHaveLength(1);
  expect(standing(ofOther)).toEqual(standing(space));
});

test('two who meet before either was let in let each other in once one of them is', async () => {
  const { host, space } = await makeHost();
  const text = await link(space, 'member', 2);
  const [near, far] = [await newNode(), await newNode()];
  const ofNear = await near.join(parseInvite(text));
  const ofFar = await far.join(parseInvite(text));
  const shown = noticed(far, 'peer-proved');
  const between = connect(near, far);
  await shown;
  // Both have shown their chains, and neither can do anything with the other's yet.
  await Promise.all(
    [between.a, between.b].map((tapped) => until(() => tapped.sent.some(({ name }) => name === 'chain'))),
  );
  const complete = noticed(far, 'blob-complete');
  connect(near, host);
  await complete;
  await ofFar.settled();
  expect([ofNear.isAdmitted, ofFar.isAdmitted]).toEqual([true, true]);
  expect(ofFar.sealUnder()).not.toBeNull();
});
