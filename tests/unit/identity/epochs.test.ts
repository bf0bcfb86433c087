import { describe, expect, it } from 'vitest';
import { encodeCbor } from '../../../src/core/cbor.ts';
import { idBytes } from '../../../src/core/ids.ts';
import { type Entry, MAX_ENTRY_BYTES, statement } from '../../../src/feed/entry.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import { BODY } from '../../../src/identity/bodies.ts';
import {
  authorKey,
  epochCommitment,
  MAX_KEYS_PER_BOX,
  openEpochEntry,
  recipientBatches,
  recorderKey,
  sealEpochs,
} from '../../../src/identity/epochs.ts';
import { inviteKeys } from '../../../src/identity/invite-keys.ts';
import { Membership } from '../../../src/identity/membership.ts';
import { Actor, bytesOf, DAY_MS, nodeCrypto, START_MS, TestSpace } from './test-space.ts';

const KEY = bytesOf('first epoch key');

function membershipOf(space: TestSpace): Membership {
  const membership = new Membership(space.id);
  for (const entry of space.entries) membership.add(entry);
  return membership;
}

function opener(actor: Actor, inviteSeed: Uint8Array | null = null) {
  return { crypto: nodeCrypto, keys: actor.keys, inviteSeed, commitmentOf: (): undefined => undefined };
}

async function opened(...given: Parameters<typeof openEpochEntry>) {
  return (await openEpochEntry(...given)).keys;
}

async function startEpoch(space: TestSpace, key = KEY): Promise<Entry> {
  const recipients = membershipOf(space).keyRecipients(START_MS);
  return space.write(
    space.admin,
    KIND.epoch,
    await sealEpochs(nodeCrypto, space.id, null, [[null, key]], recipients),
  );
}

describe('epoch keys', () => {
  it('reach every member but mirrors, the recovery key, and whoever holds an open invite', async () => {
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'member');
    const reader = space.invite(space.admin, 'reader', 'reader');
    const mirror = space.invite(space.admin, 'mirror', 'mirror');
    const { seed } = space.grant(space.admin, 'reader');
    const mirrorInvite = space.grant(space.admin, 'mirror');
    const gone = space.invite(space.admin, 'member', 'gone');
    space.revokeFromNow(space.admin, gone);
    const entry = await startEpoch(space);
    const stranger = new Actor('stranger');
    for (const actor of [space.admin, space.recovery, member, reader]) {
      expect(await opened(opener(actor), space.id, entry), actor.name).toEqual([[entry.id, KEY]]);
    }
    expect(await opened(opener(stranger, seed), space.id, entry)).toEqual([[entry.id, KEY]]);
    for (const actor of [mirror, gone, stranger]) {
      expect(await opened(opener(actor), space.id, entry), actor.name).toEqual([]);
    }
    expect(await opened(opener(stranger, mirrorInvite.seed), space.id, entry)).toEqual([]);
  });

  it('are sealed to a new invite with their history', async () => {
    const space = new TestSpace();
    const first = await startEpoch(space);
    const second = await startEpoch(space, bytesOf('second epoch key'));
    const { seed } = space.grant(space.admin, 'member');
    const membership = membershipOf(space);
    expect(membership.epochs()).toEqual([first.id, second.id]);
    expect(membership.currentEpoch()).toBe(second.id);
    const missing = membership.unsealed(second.id, START_MS);
    expect(missing).toEqual([{ sealKey: inviteKeys(seed).sealKey, recorder: null }]);
    const keys = [
      [first.id, KEY],
      [second.id, bytesOf('second epoch key')],
    ] as const;
    const body = await sealEpochs(nodeCrypto, space.id, second.id, keys, missing);
    const entry = space.write(space.admin, KIND.epoch, body);
    const commitmentOf = membership.commitmentOf.bind(membership);
    const joiner = { ...opener(new Actor('joiner'), seed), commitmentOf };
    expect(await opened(joiner, space.id, entry)).toEqual(keys);
    expect(membershipOf(space).unsealed(second.id, START_MS)).toEqual([]);
    expect(membershipOf(space).currentEpoch()).toBe(second.id);
  });

  it('do not count when a member starts an epoch, nor after its author was stopped', async () => {
    const space = new TestSpace();
    const first = await startEpoch(space);
    const member = space.invite(space.admin, 'member', 'member');
    const deputy = space.invite(space.admin, 'admin', 'deputy');
    const body = await sealEpochs(nodeCrypto, space.id, null, [[null, bytesOf('usurped')]], []);
    space.write(member, KIND.epoch, body);
    expect(membershipOf(space).currentEpoch()).toBe(first.id);
    space.revoke(space.admin, deputy.node, []);
    space.write(deputy, KIND.epoch, body);
    expect(membershipOf(space).currentEpoch()).toBe(first.id);
    const sealedOn = await sealEpochs(nodeCrypto, space.id, first.id, [[first.id, KEY]], [member.sealKey]);
    const entry = space.write(member, KIND.epoch, sealedOn);
    expect(membershipOf(space).epochEntries()).toContain(entry);
  });

  it('that do not fit the commitment are refused', async () => {
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'member');
    const good = await sealEpochs(nodeCrypto, space.id, null, [[null, KEY]], [member.sealKey]);
    const forged = { ...BODY.epoch.decode(good), commitment: epochCommitment(bytesOf('another key')) };
    const entry = space.write(space.admin, KIND.epoch, BODY.epoch.encode(forged));
    await expect(openEpochEntry(opener(member), space.id, entry)).rejects.toMatchObject({ code: 'corrupt' });
  });

  it('of older epochs that do not fit what their own entries commit to are left out', async () => {
    const space = new TestSpace();
    const first = await startEpoch(space);
    const second = await startEpoch(space, bytesOf('second epoch key'));
    const membership = membershipOf(space);
    const victim = new Actor('victim');
    const named = [second.id, bytesOf('second epoch key')] as const;
    const body = await sealEpochs(
      nodeCrypto,
      space.id,
      second.id,
      [[first.id, bytesOf('junk')], named],
      [victim.sealKey],
    );
    const entry = space.write(space.admin, KIND.epoch, body);
    const commitmentOf = membership.commitmentOf.bind(membership);
    expect(await opened({ ...opener(victim), commitmentOf }, space.id, entry)).toEqual([named]);
  });

  it('of epochs that have not arrived are not believed until they have', async () => {
    const space = new TestSpace();
    const liar = space.invite(space.admin, 'member', 'liar');
    const victim = space.invite(space.admin, 'member', 'victim');
    const first = await startEpoch(space);
    const second = await startEpoch(space, bytesOf('second epoch key'));
    const keys = [
      [first.id, KEY],
      [second.id, bytesOf('junk')],
    ] as const;
    const body = await sealEpochs(nodeCrypto, space.id, first.id, keys, [victim.sealKey]);
    const planted = space.write(liar, KIND.epoch, body);
    const membership = new Membership(space.id);
    for (const entry of space.entries) if (entry !== second) membership.add(entry);
    const commitmentOf = membership.commitmentOf.bind(membership);
    expect(await openEpochEntry({ ...opener(victim), commitmentOf }, space.id, planted)).toEqual({
      keys: [[first.id, KEY]],
      unproved: [[second.id, bytesOf('junk')]],
    });
  });

  it('sealed for one space do not open in another', async () => {
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'member');
    const entry = await startEpoch(space);
    const other = new TestSpace(true);
    await expect(openEpochEntry(opener(member), other.id, entry)).rejects.toMatchObject({ code: 'corrupt' });
  });

  it('cannot be held up by a member whose seal key nothing can be sealed to', async () => {
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'member');
    const body = await sealEpochs(
      nodeCrypto,
      space.id,
      null,
      [[null, KEY]],
      [new Uint8Array(32), member.sealKey],
    );
    expect(BODY.epoch.decode(body).boxes.map(({ recipient }) => recipient)).toEqual([member.sealKey]);
  });

  it('are given to a recorder only as keys derived for its grant', async () => {
    const space = new TestSpace();
    const { seed, grant } = space.grant(space.admin, 'recorder');
    const entry = await startEpoch(space);
    const recorder = new Actor('recorder');
    const derived = recorderKey(KEY, space.id, grant.id);
    expect(await opened({ ...opener(recorder, seed), isRecorder: true }, space.id, entry)).toEqual([
      [entry.id, derived],
    ]);
    // Derived keys fit no commitment: nobody but a recorder lets them take the place of epoch keys.
    expect(await opened(opener(recorder, seed), space.id, entry)).toEqual([]);
    space.admit(space.admin, { grant, seed, chain: space.credential(space.admin) }, recorder);
    const author = membershipOf(space).member(recorder.node);
    expect(authorKey(KEY, space.id, author)).toEqual(derived);
    expect(authorKey(KEY, space.id, membershipOf(space).member(space.admin.node))).toEqual(KEY);
    const next = await startEpoch(space, bytesOf('second epoch key'));
    expect(await opened({ ...opener(recorder), isRecorder: true }, space.id, next)).toEqual([
      [next.id, recorderKey(bytesOf('second epoch key'), space.id, grant.id)],
    ]);
  });

  it('fit their entry however many recipients or keys there are', async () => {
    const space = new TestSpace();
    const recipients = Array.from({ length: 400 }, (_, i) => i);
    const batches = recipientBatches(recipients, 1);
    expect(batches.flat()).toEqual(recipients);
    expect(batches.length).toBe(2);
    const keys = Array.from({ length: MAX_KEYS_PER_BOX }, (_, i) => {
      return [i === 0 ? null : space.genesis.id, bytesOf(`key ${i}`)] as const;
    });
    const body = await sealEpochs(nodeCrypto, space.id, null, keys, [space.admin.sealKey]);
    const entry = space.write(space.admin, KIND.epoch, body);
    expect(entry.bytes.length).toBeLessThanOrEqual(MAX_ENTRY_BYTES);
    expect(recipientBatches([1, 2], MAX_KEYS_PER_BOX)).toEqual([[1], [2]]);
  });

  it('in a box with other contents are refused', async () => {
    const space = new TestSpace();
    const info = statement('waystation/epoch/1', idBytes(space.id));
    for (const contents of [
      [],
      [null, [[null, bytesOf('short', 31)]]],
      [null, [['name', KEY]]],
      ['scope', []],
    ]) {
      const box = await nodeCrypto.hpkeSeal(space.admin.sealKey, info, encodeCbor(contents as never));
      const body = {
        of: null,
        commitment: epochCommitment(KEY),
        boxes: [{ recipient: space.admin.sealKey, box }],
      };
      const entry = space.write(space.admin, KIND.epoch, BODY.epoch.encode(body));
      await expect(openEpochEntry(opener(space.admin), space.id, entry)).rejects.toMatchObject({
        code: 'corrupt',
      });
    }
  });

  it('go to invites only while these are open', () => {
    const space = new TestSpace();
    space.grant(space.admin, 'member');
    expect(membershipOf(space).keyRecipients(START_MS)).toHaveLength(3);
    expect(membershipOf(space).keyRecipients(START_MS + 8 * DAY_MS)).toHaveLength(2);
  });
});
