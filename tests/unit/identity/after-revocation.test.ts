/** What a revoked node can still bring about with what it wrote before, and with what it signs afterwards: nothing. */
import { describe, expect, it } from 'vitest';
import { feedIdFrom } from '../../../src/core/ids.ts';
import { type Entry, PURPOSE } from '../../../src/feed/entry.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import { BODY } from '../../../src/identity/bodies.ts';
import { sealEpochs } from '../../../src/identity/epochs.ts';
import { inviteKeys } from '../../../src/identity/invite-keys.ts';
import { Membership } from '../../../src/identity/membership.ts';
import { Actor, bytesOf, DAY_MS, nodeCrypto, START_MS, TestSpace } from './test-space.ts';

/** A Lamport number that is allowed and that nobody's own follows. */
const HUGE_LAMPORT = 2 ** 50;

function membershipOf(space: TestSpace, entries: readonly Entry[] = space.entries): Membership {
  const membership = new Membership(space.id);
  for (const entry of entries) membership.add(entry);
  return membership;
}

/** The next entry of an actor's control feed, with this Lamport number; it becomes part of the space. */
function writeWithLamport(
  space: TestSpace,
  author: Actor,
  kind: number,
  body: Entry['body'],
  lamport: number,
) {
  const header = {
    space: space.id,
    author: author.node,
    feed: author.feed,
    purpose: PURPOSE.control,
    seq: author.written.length,
    previous: author.written.at(-1)?.id ?? null,
    lamport,
    timeMs: START_MS + 2_000,
    kind,
    blobs: [],
    epoch: null,
    seen: [],
    succeeds: null,
  };
  const entry = author.signEntry(header, body);
  author.written.push(entry);
  space.entries.push(entry);
  return entry;
}

function epochBody(space: TestSpace, name: string, to: readonly Actor[]) {
  const keys = [[null, bytesOf(name)]] as const;
  return sealEpochs(
    nodeCrypto,
    space.id,
    null,
    keys,
    to.map(({ sealKey }) => sealKey),
  );
}

/** What an admin does after a revocation: a key for those who are left. */
async function rotate(space: TestSpace, name: string): Promise<Entry> {
  const recipients = membershipOf(space).keyRecipients(START_MS);
  const body = await sealEpochs(nodeCrypto, space.id, null, [[null, bytesOf(name)]], recipients);
  return space.write(space.admin, KIND.epoch, body);
}

describe('an epoch of an admin who is revoked', () => {
  it('is not the current one any more, however high it was numbered, nor asks for one change of keys after another', async () => {
    const space = new TestSpace();
    const bad = space.invite(space.admin, 'admin', 'bad');
    const body = await epochBody(space, 'known to the bad one', [space.admin, bad]);
    const numbered = writeWithLamport(space, bad, KIND.epoch, body, HUGE_LAMPORT);
    expect(membershipOf(space).currentEpoch()).toBe(numbered.id);
    space.revokeFromNow(space.admin, bad);
    const fresh = await rotate(space, 'fresh');
    const membership = membershipOf(space);
    expect(membership.member(bad.node)?.status).toBe('revoked');
    expect(membership.currentEpoch()).toBe(fresh.id);
    expect(membership.isExposed(fresh.id)).toBe(false);
    // What was sealed under it stays readable.
    expect(membership.epochs()).toContain(numbered.id);
  });

  it('is exposed although no box in it is for that admin: who made the key knows it', async () => {
    const space = new TestSpace();
    const bad = space.invite(space.admin, 'admin', 'bad');
    const started = space.write(bad, KIND.epoch, await epochBody(space, 'kept in mind', [space.admin]));
    expect(membershipOf(space).isExposed(started.id)).toBe(false);
    space.revokeFromNow(space.admin, bad);
    const membership = membershipOf(space);
    expect(membership.currentEpoch()).toBe(started.id);
    expect(membership.isExposed(started.id)).toBe(true);
    const fresh = await rotate(space, 'fresh');
    expect(membershipOf(space).currentEpoch()).toBe(fresh.id);
    expect(membershipOf(space).isExposed(fresh.id)).toBe(false);
  });

  it('does not count when it was started beyond where that admin was stopped', async () => {
    const space = new TestSpace();
    const bad = space.invite(space.admin, 'admin', 'bad');
    space.revokeFromNow(space.admin, bad);
    const fresh = await rotate(space, 'fresh');
    writeWithLamport(space, bad, KIND.epoch, await epochBody(space, 'too late', [space.admin]), 60);
    const membership = membershipOf(space);
    expect(membership.currentEpoch()).toBe(fresh.id);
    expect(membership.epochs()).toEqual([fresh.id]);
  });
});

describe('a revoked node that showed an active member’s seal key as its own', () => {
  it('does not expose what is sealed to that member afterwards', async () => {
    const space = new TestSpace();
    const { sealPrivate } = space.admin;
    const thief = new Actor('thief', { signSeed: bytesOf('sign thief'), sealPrivate });
    expect(thief.sealKey).toEqual(space.admin.sealKey);
    space.admit(space.admin, space.grant(space.admin, 'reader'), thief);
    const before = await rotate(space, 'before');
    space.revokeFromNow(space.admin, thief);
    expect(membershipOf(space).isExposed(before.id)).toBe(true);
    for (const name of ['first', 'second']) {
      const epoch = await rotate(space, name);
      const membership = membershipOf(space);
      expect(membership.currentEpoch()).toBe(epoch.id);
      expect(membership.isExposed(epoch.id)).toBe(false);
      expect(membership.unsealed(epoch.id, START_MS)).toEqual([]);
    }
  });

  it('does not take that member’s keys away by coming as a recorder', () => {
    const space = new TestSpace();
    const { sealPrivate } = space.admin;
    const thief = new Actor('thief', { signSeed: bytesOf('sign thief'), sealPrivate });
    space.admit(space.admin, space.grant(space.admin, 'recorder'), thief);
    const forKey = membershipOf(space)
      .keyRecipients(START_MS)
      .filter(({ sealKey }) => Buffer.from(sealKey).equals(space.admin.sealKey));
    // The first box for a key is the one that is sealed.
    expect(forKey[0]?.recorder).toBeNull();
  });
});

describe('a fork below where a revoked author was stopped', () => {
  /** A member that let somebody in, was revoked, and then signed other entries for the position of that admission. */
  function forkSetting() {
    const space = new TestSpace();
    const author = space.invite(space.admin, 'admin', 'author');
    const guest = new Actor('guest');
    const first = space.grant(author, 'reader');
    const replaced = space.admit(author, first, guest);
    space.grant(author, 'reader');
    space.revokeFromNow(space.admin, author);

    const seed = bytesOf('seed of later');
    const { publicKey, sealKey } = inviteKeys(seed);
    const sybil = new Actor('sybil');
    const forge = (kind: number, body: Entry['body']) =>
      author.signEntry({ ...replaced.header, kind, lamport: replaced.header.lamport + 40 }, body);
    const grant = forge(
      KIND.grant,
      BODY.grant.encode({
        inviteKey: publicKey,
        inviteSealKey: sealKey,
        role: 'admin',
        uses: 1_000,
        expiresMs: START_MS + 365 * DAY_MS,
        owner: null,
      }),
    );
    const redemption = space.redeem({ grant, seed, chain: space.credential(author) }, sybil);
    const admit = forge(KIND.admit, BODY.admit.encode({ grant: grant.id, inviteKey: publicKey, redemption }));
    const revoke = forge(
      KIND.revoke,
      BODY.revoke.encode({ node: space.admin.node, feeds: [], reason: 'revenge' }),
    );
    return { space, author, guest, sybil, forged: [grant, admit, revoke] };
  }

  it('lets nobody in and stops nobody, in whatever order it is heard of', () => {
    const { space, author, guest, sybil, forged } = forkSetting();
    for (const entries of [
      [...space.entries, ...forged],
      [...forged, ...space.entries],
      [...space.entries, ...forged].reverse(),
    ]) {
      const membership = membershipOf(space, entries);
      expect(membership.member(author.node)?.status).toBe('revoked');
      expect(membership.member(sybil.node)).toBeUndefined();
      expect(membership.isActive(space.admin.node)).toBe(true);
      expect(membership.isActive(guest.node)).toBe(true);
      expect(membership.outstandingInvites(START_MS)).toEqual([]);
    }
  });

  it('is told from the entries that were accepted by its ids', () => {
    const { space, author, forged } = forkSetting();
    const membership = membershipOf(space);
    const verdict = ({ header, id }: Entry) =>
      membership.mayAuthor(author.node, header.feed, header.seq, header.kind, id);
    expect(forged.map(verdict)).toEqual(['revoked', 'revoked', 'revoked']);
    expect(author.written.map(verdict)).toEqual(author.written.map(() => 'yes'));
  });
});

describe('a revocation that lists several branches of one feed', () => {
  it('lets each stand as far as it is listed, in whatever order they are', () => {
    for (const isLongerFirst of [true, false]) {
      const space = new TestSpace();
      const member = space.invite(space.admin, 'member', 'member');
      const feed = feedIdFrom(bytesOf('data', 16));
      const longer = { feed, seq: 10, id: space.genesis.id };
      const shorter = { feed, seq: 3, id: (space.entries[1] as Entry).id };
      space.revoke(space.admin, member.node, isLongerFirst ? [longer, shorter] : [shorter, longer]);
      const membership = membershipOf(space);
      const verdict = (seq: number, id?: Entry['id']) =>
        membership.mayAuthor(member.node, feed, seq, KIND.hour, id);
      expect([2, 3, 4, 10, 11].map((seq) => verdict(seq))).toEqual(['yes', 'yes', 'yes', 'yes', 'revoked']);
      expect([verdict(3, shorter.id), verdict(10, longer.id)]).toEqual(['yes', 'yes']);
      expect(verdict(10, shorter.id)).toBe('revoked');
      expect(
        new Set(
          membership
            .cutsOf(member.node, feed)
            .flat()
            .map(({ seq }) => seq),
        ),
      ).toEqual(new Set([3, 10]));
    }
  });
});
