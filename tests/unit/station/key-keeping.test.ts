import { afterEach, describe, expect, it } from 'vitest';
import { toUtf8 } from '../../../src/core/bytes.ts';
import { type BlobRef, blobKey } from '../../../src/core/ids.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import { BODY } from '../../../src/identity/bodies.ts';
import { createNodeCrypto } from '../../../src/identity/crypto.node.ts';
import { parseInvite } from '../../../src/identity/invite.ts';
import type { Role } from '../../../src/identity/roles.ts';
import { memoryPair } from '../../../src/mesh/memory.ts';
import { Mesh } from '../../../src/mesh/mesh.ts';
import { SYSTEM_RANDOM } from '../../../src/node/open-node.ts';
import { openEntryBody } from '../../../src/station/catalog.ts';
import { createInvite, revokeMember } from '../../../src/station/membership-actions.ts';
import { type MeshPorts, WaystationNode } from '../../../src/station/node.ts';
import type { Space } from '../../../src/station/space.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import { VirtualClock } from '../mesh/virtual-clock.ts';
import { createTestKeys } from './test-keys.ts';

const clock = new VirtualClock();
let nodes: WaystationNode[] = [];

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  nodes = [];
});

/** Nobody is found on any host: the test links its nodes itself. */
const NOBODY_THERE: MeshPorts = {
  transport: {
    connect: () => {
      throw new Error('expected nobody to dial');
    },
    close: () => undefined,
  },
  sockets: { open: () => ({ send: () => undefined, close: () => undefined }) },
  createMesh: (options) => new Mesh(options),
};

async function openTestNode(): Promise<WaystationNode> {
  const node = await WaystationNode.open({
    store: createMemoryStore(),
    keys: createTestKeys(),
    crypto: createNodeCrypto(),
    clock,
    random: SYSTEM_RANDOM,
  });
  node.connect(NOBODY_THERE, { hosts: [] });
  nodes.push(node);
  return node;
}

/** Links two nodes; the result parts them. */
function link(a: WaystationNode, b: WaystationNode): () => void {
  const [left, right] = memoryPair();
  a.attach(left, { host: 'memory', peerNode: b.id, spaces: [] });
  b.attach(right, { host: 'memory', peerNode: a.id, spaces: [] });
  return () => left.close('parted');
}

/** Lets time pass until it is so. */
async function until(isSo: () => boolean): Promise<void> {
  for (let turns = 0; !isSo(); turns++) {
    if (turns > 2_000_000) throw new Error('it did not come to be');
    clock.advance(10);
    await new Promise(setImmediate);
  }
}

async function inviteBy(space: Space, role: Role, uses = 1): Promise<string> {
  const expiresMs = clock.nowMs() + 7 * 24 * 3_600_000;
  return (await createInvite(space, { role, uses, expiresMs, hosts: ['ws://127.0.0.1:1'] })).link;
}

async function joined(host: WaystationNode, invite: string): Promise<{ node: WaystationNode; space: Space }> {
  const node = await openTestNode();
  const space = await node.join(parseInvite(invite));
  const part = link(host, node);
  await until(() => space.isAdmitted && holdsCurrentKey(space));
  part();
  return { node, space };
}

function holdsCurrentKey(space: Space): boolean {
  const current = space.replica.membership.currentEpoch();
  return current !== undefined && space.epochKeys().has(current);
}

async function founded(): Promise<{ node: WaystationNode; space: Space }> {
  const node = await openTestNode();
  const { space } = await node.createSpace({ name: 'Valley', isPublic: false });
  return { node, space };
}

describe('the keys of a space', () => {
  it('reach a member who was let in elsewhere while they were changed', async () => {
    const admin = await founded();
    const member = await joined(admin.node, await inviteBy(admin.space, 'member'));
    const other = await joined(admin.node, await inviteBy(admin.space, 'member'));
    const late = await joined(member.node, await inviteBy(member.space, 'member'));
    await revokeMember(admin.space, other.node.id);
    const key = admin.space.sealUnder();

    // The admin does not come back: the one who let the latecomer in hands on the key.
    const part = link(admin.node, member.node);
    await until(() => member.space.replica.membership.currentEpoch() === key?.epoch);
    part();
    link(member.node, late.node);
    await until(() => late.space.epochKeys().has(key?.epoch as never));
    expect(late.space.sealUnder()).toEqual(key);
    expect(other.space.epochKeys().has(key?.epoch as never)).toBe(false);
  });

  it('are changed also when the node that revoked stopped before it did', async () => {
    const admin = await founded();
    const member = await joined(admin.node, await inviteBy(admin.space, 'member'));
    const before = admin.space.sealUnder();
    const body = BODY.revoke.encode({ node: member.node.id, feeds: [], reason: '' });
    await admin.space.write('control', { kind: KIND.revoke, body });
    await until(() => admin.space.sealUnder()?.epoch !== before?.epoch);
    expect(admin.space.replica.membership.isExposed(admin.space.sealUnder()?.epoch as never)).toBe(false);
  });

  it('are not sealed to an invite that a revoked member came by, and nobody else enters by it', async () => {
    const admin = await founded();
    const shared = await inviteBy(admin.space, 'member', 5);
    const gone = await joined(admin.node, shared);
    const stays = await joined(admin.node, shared);
    await revokeMember(admin.space, gone.node.id);
    const { membership } = admin.space.replica;
    const epoch = membership.currentEpoch();
    expect(membership.outstandingInvites(clock.nowMs())).toEqual([]);
    expect(membership.isExposed(epoch as never)).toBe(false);

    link(admin.node, stays.node);
    await until(() => holdsCurrentKey(stays.space));
    const stranger = await openTestNode();
    const space = await stranger.join(parseInvite(shared));
    const refused = stranger.waitFor(
      (notice) => notice.kind === 'refused-by-peer',
      AbortSignal.timeout(20_000),
    );
    link(admin.node, stranger);
    await until(() => stranger.peers().length > 0);
    await refused;
    expect(space.isAdmitted).toBe(false);
    expect(stays.space.isAdmitted).toBe(true);
  });
});

describe('a recorder', () => {
  it('seals what members read, and reads nothing but its own', async () => {
    const admin = await founded();
    const recorder = await joined(admin.node, await inviteBy(admin.space, 'recorder'));
    const reader = await joined(admin.node, await inviteBy(admin.space, 'reader'));
    const secret = await admin.space.write('data', { kind: KIND.clip, body: toUtf8('for members') });
    const reading = await recorder.space.writeWithBlob(KIND.hour, () => toUtf8('7 °C'), toUtf8('sealed'));

    const open = (space: Space, entry: typeof reading) =>
      openEntryBody(space.context.crypto, space.id, entry, (epoch, author) => space.keyOf(epoch, author));
    link(admin.node, recorder.node);
    link(admin.node, reader.node);
    await until(() =>
      [admin.space, reader.space].every((space) =>
        space.replica.knows(blobKey(reading.header.blobs[0] as BlobRef)),
      ),
    );
    expect(await open(admin.space, reading)).toEqual(toUtf8('7 °C'));
    expect(await open(reader.space, reading)).toEqual(toUtf8('7 °C'));
    expect(await open(recorder.space, reading)).toEqual(toUtf8('7 °C'));
    expect(await open(recorder.space, secret)).toBeUndefined();
    const current = admin.space.replica.membership.currentEpoch() as never;
    expect(recorder.space.epochKeys().get(current)).not.toEqual(admin.space.epochKeys().get(current));
  });
});

describe('the seed of an invite', () => {
  it('is forgotten once the node is in and has the key', async () => {
    const admin = await founded();
    const member = await joined(admin.node, await inviteBy(admin.space, 'member', 5));
    await member.space.settled();
    expect(member.space.record.inviteSeed).toBeNull();
    const mirror = await openTestNode();
    const space = await mirror.join(parseInvite(await inviteBy(admin.space, 'mirror')));
    expect(space.record.inviteSeed).not.toBeNull();
    link(admin.node, mirror);
    await until(() => space.isAdmitted);
    await until(() => space.record.inviteSeed === null);
  });
});
