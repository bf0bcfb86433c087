/** Revoking somebody: the key is changed for good, once, and nobody is locked out by it who should not be. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Bytes } from '../../../src/core/bytes.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import { BODY } from '../../../src/identity/bodies.ts';
import { createNodeCrypto } from '../../../src/identity/crypto.node.ts';
import { sealEpochs } from '../../../src/identity/epochs.ts';
import { keepKeys } from '../../../src/station/key-keeping.ts';
import { revokeMember } from '../../../src/station/membership-actions.ts';
import type { Space } from '../../../src/station/space.ts';
import { verifySpace } from '../../../src/station/verify.ts';
import { bytesOf } from '../identity/test-space.ts';
import { FailingKeys, type Member, NodeWorld } from './node-world.ts';

let world: NodeWorld;

beforeEach(() => {
  world = new NodeWorld();
});

afterEach(async () => {
  await world.close();
});

function epochsOf(space: Space): readonly string[] {
  return space.replica.membership.epochs();
}

/** Starts an epoch whose key is sealed to these; its id. */
async function startEpochFor(member: Member, sealKeys: readonly Bytes[]): Promise<string> {
  const keys = [[null, bytesOf('chosen key')]] as const;
  const body = await sealEpochs(createNodeCrypto(), member.space.id, null, keys, sealKeys);
  return (await member.space.write('control', { kind: KIND.epoch, body })).id;
}

/** An admin and a deputy whose epoch the admin has heard of. */
async function withDeputy(startsEpoch: (deputy: Member, admin: Member) => Promise<string>) {
  const admin = await world.founded();
  const deputy = await world.joined(admin, 'admin');
  world.link(admin.node, deputy.node);
  const epoch = await startsEpoch(deputy, admin);
  await world.until(() => epochsOf(admin.space).includes(epoch));
  return { admin, deputy, epoch };
}

describe('revoking', () => {
  it('again completes what was cut off before the key was changed, and changes it once', async () => {
    const failing = new FailingKeys();
    const admin = await world.founded({ keys: failing.keys });
    const member = await world.joined(admin, 'member');
    const before = epochsOf(admin.space);
    failing.signaturesLeft = 1;
    await expect(revokeMember(admin.space, member.node.id)).rejects.toThrow('killed');
    const { membership } = admin.space.replica;
    expect(membership.member(member.node.id)?.status).toBe('revoked');
    expect(epochsOf(admin.space)).toEqual(before);

    failing.signaturesLeft = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 3; i++) await revokeMember(admin.space, member.node.id);
    expect(epochsOf(admin.space)).toHaveLength(before.length + 1);
    expect(admin.space.sealUnder()?.epoch).toBe(epochsOf(admin.space).at(-1));
    expect(membership.isExposed(admin.space.sealUnder()?.epoch as never)).toBe(false);
  });

  it('an admin changes the key also when that admin chose it and sealed it to others alone', async () => {
    const { admin, deputy, epoch } = await withDeputy((by, to) =>
      startEpochFor(by, [to.space.context.keys.sealKey]),
    );
    const { membership } = admin.space.replica;
    expect(membership.currentEpoch()).toBe(epoch);
    await revokeMember(admin.space, deputy.node.id);
    expect(membership.currentEpoch()).not.toBe(epoch);
    expect(membership.isExposed(membership.currentEpoch() as never)).toBe(false);
  });

  it('an admin changes the key once, however high that admin had numbered its own', async () => {
    const { admin, deputy, epoch } = await withDeputy((by, to) => {
      vi.spyOn(by.space.replica.index, 'nextLamport').mockReturnValue(2 ** 50);
      return startEpochFor(by, [to.space.context.keys.sealKey, by.space.context.keys.sealKey]);
    });
    expect(admin.space.replica.membership.currentEpoch()).not.toBe(epoch);
    await revokeMember(admin.space, deputy.node.id);
    const current = admin.space.replica.membership.currentEpoch();
    expect(current).not.toBe(epoch);
    const { length } = epochsOf(admin.space);
    for (let i = 0; i < 5; i++) await keepKeys(admin.space);
    expect(epochsOf(admin.space)).toHaveLength(length);
    expect(admin.space.replica.membership.currentEpoch()).toBe(current);
  });

  it('oneself is refused to the only admin, and nothing is written', async () => {
    const admin = await world.founded();
    const heads = admin.space.replica.index.heads();
    await expect(revokeMember(admin.space, admin.node.id)).rejects.toMatchObject({ code: 'forbidden' });
    expect(admin.space.replica.index.heads()).toEqual(heads);
    expect(admin.space.isAdmitted).toBe(true);
    await expect(world.inviteBy(admin.space, 'member')).resolves.toMatch(/^http/);
  });

  it('oneself is possible while another admin is there', async () => {
    const admin = await world.founded();
    const deputy = await world.joined(admin, 'admin');
    world.link(admin.node, deputy.node);
    await revokeMember(admin.space, admin.node.id);
    const { membership } = deputy.space.replica;
    await world.until(() => membership.member(admin.node.id)?.status === 'revoked');
    expect(deputy.space.isAdmitted).toBe(true);
  });

  it('from before somebody was let in leaves sound what that one wrote: it counts no more, and is no damage', async () => {
    const admin = await world.founded();
    const inviter = await world.joined(admin, 'member');
    const invited = await world.joined(inviter, 'member');
    await invited.space.writeProfile({ name: 'Ridge', station: null, spaceName: null });
    world.link(inviter.node, invited.node);
    world.link(inviter.node, admin.node);
    const { membership, index } = admin.space.replica;
    await world.until(() => [...index.branches()].some(({ author }) => author === invited.node.id));
    const body = BODY.revoke.encode({ node: inviter.node.id, feeds: [], reason: '' });
    await admin.space.write('control', { kind: KIND.revoke, body });
    expect(membership.member(invited.node.id)).toBeUndefined();
    const { store, crypto } = admin.node.ports;
    const report = await verifySpace(store, crypto, admin.space.id);
    expect(report.problems).toEqual([]);
    expect(report.stopped).toBeGreaterThan(1);
  });
});
