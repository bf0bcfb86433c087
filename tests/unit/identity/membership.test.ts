import { describe, expect, it } from 'vitest';
import { type NodeId, nodeIdFrom } from '../../../src/core/ids.ts';
import type { Entry } from '../../../src/feed/entry.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import { BODY } from '../../../src/identity/bodies.ts';
import { encodeChain, prepareChain } from '../../../src/identity/grant-chain.ts';
import { inviteKeys } from '../../../src/identity/invite-keys.ts';
import { Membership, prepareAdmit } from '../../../src/identity/membership.ts';
import { Actor, bytesOf, DAY_MS, nodeCrypto, START_MS, TestSpace } from './test-space.ts';

function membershipOf(space: TestSpace, entries: readonly Entry[] = space.entries): Membership {
  const membership = new Membership(space.id);
  for (const entry of entries) membership.add(entry);
  return membership;
}

function stand(space: TestSpace, actor: Actor): string {
  const member = membershipOf(space).member(actor.node);
  return member === undefined ? 'unknown' : `${member.status} ${member.role} ${member.depth}`;
}

/** Entry ids are hashes: tries names until the order is the one wanted. */
function until<T>(attempt: (n: number) => T, wanted: (made: T) => boolean): T {
  for (let n = 0; n < 200; n++) {
    const made = attempt(n);
    if (wanted(made)) return made;
  }
  throw new Error('no attempt had the order wanted');
}

describe('membership', () => {
  it('starts with the genesis author and the recovery key as admins', () => {
    const space = new TestSpace();
    expect(stand(space, space.admin)).toBe('active admin 0');
    expect(stand(space, space.recovery)).toBe('active admin 0');
    expect(membershipOf(space).member(space.recovery.node)?.isRecovery).toBe(true);
    expect(membershipOf(space).isPublic).toBe(false);
    expect(membershipOf(new TestSpace(true)).isPublic).toBe(true);
  });

  it('admits what an admitted node redeemed, any role of the admitter, at most four grants deep', () => {
    const space = new TestSpace();
    const one = space.invite(space.admin, 'member', 'one');
    const mirror = space.invite(one, 'mirror', 'mirror');
    const two = new Actor('two');
    space.admit(mirror, space.grant(one, 'member'), two);
    const three = space.invite(two, 'member', 'three');
    const four = space.invite(three, 'reader', 'four');
    expect([one, mirror, two, three, four].map((actor) => stand(space, actor))).toEqual([
      'active member 1',
      'active mirror 2',
      'active member 2',
      'active member 3',
      'active reader 4',
    ]);
    const fourToo = space.invite(three, 'member', 'four too');
    const five = space.invite(fourToo, 'member', 'five');
    expect(stand(space, five)).toBe('unknown');
  });

  it('ignores grants that pass on more than their issuer holds', () => {
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'member');
    const reader = space.invite(space.admin, 'reader', 'reader');
    const recorder = space.invite(space.admin, 'recorder', 'recorder');
    const made = [
      space.invite(member, 'admin', 'a'),
      space.invite(member, 'recorder', 'b'),
      space.invite(reader, 'reader', 'c'),
      space.invite(recorder, 'mirror', 'd'),
    ];
    expect(made.map((actor) => stand(space, actor))).toEqual(['unknown', 'unknown', 'unknown', 'unknown']);
  });

  it('ignores admits by strangers, admits after the expiry, and admits under another key than the grant names', () => {
    const space = new TestSpace();
    const stranger = new Actor('stranger');
    const invitation = space.grant(space.admin, 'member', { uses: 9, expiresMs: START_MS + DAY_MS });
    const byStranger = new Actor('by stranger');
    space.admit(stranger, invitation, byStranger);
    const late = new Actor('late');
    space.admit(space.admin, invitation, late, START_MS + DAY_MS + 1);
    const inTime = new Actor('in time');
    space.admit(space.admin, invitation, inTime, START_MS + DAY_MS);
    const otherKey = new Actor('other key');
    space.admit(space.admin, { ...invitation, seed: bytesOf('another invite') }, otherKey);
    expect([byStranger, late, otherKey].map((actor) => stand(space, actor))).toEqual([
      'unknown',
      'unknown',
      'unknown',
    ]);
    expect(stand(space, inTime)).toBe('active member 1');
  });

  it('says what has to be verified of an admit, and a forged redemption fails it', () => {
    const space = new TestSpace();
    const invitation = space.grant(space.admin, 'member');
    const entry = space.admit(space.admin, invitation, new Actor('one'));
    expect(nodeCrypto.verify(prepareAdmit(entry))).toEqual([true]);
    const body = BODY.admit.decode(entry.body);
    const thief = { ...body, redemption: { ...body.redemption, node: new Actor('thief').node } };
    const forged = space.write(space.admin, KIND.admit, BODY.admit.encode(thief));
    expect(nodeCrypto.verify(prepareAdmit(forged))).toEqual([false]);
  });

  it('lets the redemptions with the lowest admit ids stand when an invite was used too often', () => {
    const space = new TestSpace();
    const invitation = space.grant(space.admin, 'member', { uses: 2 });
    const joiners = ['a', 'b', 'c', 'd'].map((name) => new Actor(name));
    const admits = joiners.map((joiner) => ({ joiner, id: space.admit(space.admin, invitation, joiner).id }));
    admits.sort((x, y) => (x.id < y.id ? -1 : 1));
    expect(admits.map(({ joiner }) => stand(space, joiner))).toEqual([
      'active member 1',
      'active member 1',
      'surplus member 1',
      'surplus member 1',
    ]);
    const surplus = admits[3]?.joiner as Actor;
    const guest = space.invite(surplus, 'reader', 'guest of surplus');
    expect(stand(space, guest)).toBe('unknown');
    const membership = membershipOf(space);
    expect(membership.mayAuthor(surplus.node, surplus.feed, 0, KIND.hour)).toBe('surplus');
    expect(membership.mayAuthor(surplus.node, surplus.feed, 0, KIND.admit)).toBe('yes');
    expect(membership.grantState(invitation.grant.id, START_MS)).toMatchObject({
      status: 'spent',
      usesLeft: 0,
    });
  });

  it('gives a node that two grants admit the stronger role', () => {
    const space = new TestSpace();
    const node = space.invite(space.admin, 'reader', 'node');
    space.admit(space.admin, space.grant(space.admin, 'member'), node);
    expect(stand(space, node)).toBe('active member 1');
    const guest = space.invite(node, 'reader', 'guest');
    expect(stand(space, guest)).toBe('active reader 2');
  });

  it('cuts a revoked node at the listed positions and keeps whom it invited before', () => {
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'member');
    const before = space.invite(member, 'reader', 'before');
    space.revokeFromNow(space.admin, member);
    const after = space.invite(member, 'reader', 'after');
    expect([member, before, after].map((actor) => stand(space, actor))).toEqual([
      'revoked member 1',
      'active reader 2',
      'unknown',
    ]);
    const membership = membershipOf(space);
    const last = member.written[1] as Entry;
    expect(membership.mayAuthor(member.node, member.feed, 1, KIND.grant)).toBe('yes');
    expect(membership.mayAuthor(member.node, member.feed, 1, KIND.grant, last.id)).toBe('yes');
    expect(membership.mayAuthor(member.node, member.feed, 1, KIND.grant, before.node as never)).toBe(
      'revoked',
    );
    expect(membership.mayAuthor(member.node, member.feed, 2, KIND.grant)).toBe('revoked');
    expect(membership.mayAuthor(member.node, before.feed, 0, KIND.hour)).toBe('revoked');
  });

  it('ignores a fork at the last accepted position of a revoked author', () => {
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'member');
    const honest = space.grant(member, 'reader');
    space.revokeFromNow(space.admin, member);
    member.written.length = 0;
    const forged = space.grant(member, 'reader');
    const guest = new Actor('guest');
    space.admit(space.admin, forged, guest);
    expect(forged.grant.header.seq).toBe(honest.grant.header.seq);
    expect(stand(space, guest)).toBe('unknown');
  });

  it('takes revocations from admins alone', () => {
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'member');
    const other = space.invite(space.admin, 'member', 'other');
    space.revokeFromNow(member, other);
    space.revokeFromNow(member, space.admin);
    expect(stand(space, other)).toBe('active member 1');
    expect(stand(space, space.admin)).toBe('active admin 0');
    expect(membershipOf(space).mayAuthor(member.node, member.feed, 9, KIND.revoke)).toBe('role');
  });

  it('settles mutual revocations for the shorter grant chain', () => {
    const space = new TestSpace();
    const deputy = space.invite(space.admin, 'admin', 'deputy');
    space.revokeFromNow(deputy, space.admin);
    space.revoke(space.admin, deputy.node, []);
    expect(stand(space, space.admin)).toBe('active admin 0');
    expect(stand(space, deputy)).toBe('revoked admin 1');
  });

  it('settles mutual revocations between equals for the lower entry id', () => {
    const { space, a, b, byA } = until(
      (n) => {
        const space = new TestSpace();
        const a = space.invite(space.admin, 'admin', `a${n}`);
        const b = space.invite(space.admin, 'admin', `b${n}`);
        const byA = space.revoke(a, b.node, []);
        const byB = space.revoke(b, a.node, []);
        return { space, a, b, byA, byB };
      },
      ({ byA, byB }) => byA.id > byB.id,
    );
    expect(byA.header.author).toBe(a.node);
    expect(stand(space, a)).toBe('revoked admin 1');
    expect(stand(space, b)).toBe('active admin 1');
  });

  it('lets a revoked admin’s revocations stand up to the position where it was stopped', () => {
    const space = new TestSpace();
    const deputy = space.invite(space.admin, 'admin', 'deputy');
    const kept = space.invite(space.admin, 'member', 'kept');
    const lost = space.invite(space.admin, 'member', 'lost');
    space.revokeFromNow(deputy, lost);
    space.revokeFromNow(space.admin, deputy);
    space.revokeFromNow(deputy, kept);
    expect([deputy, lost, kept].map((actor) => stand(space, actor))).toEqual([
      'revoked admin 1',
      'revoked member 1',
      'active member 1',
    ]);
  });

  it('lets the recovery key prevail over a stolen first admin', () => {
    const { space } = until(
      (n) => {
        const space = new TestSpace();
        for (let i = 0; i < n; i++) space.grant(space.admin, 'reader');
        const byThief = space.revoke(space.admin, space.recovery.node, []);
        const byRecovery = space.revokeFromNow(space.recovery, space.admin);
        return { space, byThief, byRecovery };
      },
      ({ byThief, byRecovery }) => byThief.id < byRecovery.id,
    );
    expect(stand(space, space.admin)).toBe('revoked admin 0');
    // The thief's revocation lies before the position that recovery named, so it must name an earlier one.
    const strict = new TestSpace();
    strict.revoke(strict.admin, strict.recovery.node, []);
    strict.revoke(strict.recovery, strict.admin.node, [strict.admin.position(strict.genesis)]);
    expect(stand(strict, strict.recovery)).toBe('active admin 0');
    const heir = strict.invite(strict.recovery, 'admin', 'new laptop');
    expect(stand(strict, heir)).toBe('active admin 1');
  });

  it('hands a place over to an heir and retires the key', () => {
    const space = new TestSpace();
    const before = space.invite(space.admin, 'member', 'before');
    const heir = new Actor('heir');
    space.succeed(space.admin, heir);
    const guest = space.invite(heir, 'admin', 'guest');
    const after = space.invite(space.admin, 'member', 'after');
    expect([space.admin, heir, before, guest, after].map((actor) => stand(space, actor))).toEqual([
      'succeeded admin 0',
      'active admin 0',
      'active member 1',
      'active admin 1',
      'unknown',
    ]);
    const membership = membershipOf(space);
    expect(membership.mayAuthor(space.admin.node, space.admin.feed, 2, KIND.admit)).toBe('yes');
    expect(membership.mayAuthor(space.admin.node, space.admin.feed, 9, KIND.admit)).toBe('succeeded');
    expect(membership.isActive(space.admin.node)).toBe(false);
  });

  it('gives an heir the same of two equal places, whichever was heard of first', () => {
    for (let n = 0; n < 4; n++) {
      const space = new TestSpace();
      const node = new Actor(`twice ${n}`);
      for (const owner of [space.admin.node, null])
        space.admit(space.admin, space.grant(space.admin, 'member', { owner }), node);
      const heir = new Actor('heir');
      space.succeed(node, heir);
      const place = membershipOf(space).member(heir.node);
      expect(place?.status).toBe('active');
      expect(membershipOf(space, [...space.entries].reverse()).member(heir.node)).toEqual(place);
    }
  });

  it('withdraws an invite: who entered stays, nobody else enters', () => {
    const space = new TestSpace();
    const invitation = space.grant(space.admin, 'member', { uses: 5 });
    const first = new Actor('first');
    space.admit(space.admin, invitation, first);
    const withdrawal = membershipOf(space).withdrawalOf(invitation.grant.id, 'sent to the wrong person');
    space.write(space.admin, KIND.revoke, withdrawal);
    const second = new Actor('second');
    space.admit(space.admin, invitation, second);
    const membership = membershipOf(space);
    expect(membership.isActive(first.node)).toBe(true);
    expect(membership.member(second.node)).toBeUndefined();
    expect(membership.grantState(invitation.grant.id, START_MS)?.status).toBe('withdrawn');
    expect(membership.outstandingInvites(START_MS)).toEqual([]);
  });

  it('names open invites, and none of a revoked issuer', () => {
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'member');
    const open = space.grant(space.admin, 'reader');
    const short = space.grant(space.admin, 'reader', { expiresMs: START_MS + 10 });
    const theirs = space.grant(member, 'reader');
    const ids = (nowMs: number) =>
      membershipOf(space)
        .outstandingInvites(nowMs)
        .map(({ id }) => id);
    expect(ids(START_MS).sort()).toEqual([open.grant.id, short.grant.id, theirs.grant.id].sort());
    expect(ids(START_MS + 11).sort()).toEqual([open.grant.id, theirs.grant.id].sort());
    space.revokeFromNow(space.admin, member);
    expect(ids(START_MS + 11)).toEqual([open.grant.id]);
  });

  it('says who may write what', () => {
    const space = new TestSpace();
    const recorder = space.invite(space.admin, 'recorder', 'recorder');
    const membership = membershipOf(space);
    const may = (actor: Actor, kind: number) => membership.mayAuthor(actor.node, actor.feed, 0, kind);
    expect(may(recorder, KIND.hour)).toBe('yes');
    expect(may(recorder, KIND.setting)).toBe('role');
    expect(may(recorder, 77)).toBe('role');
    expect(may(space.admin, 77)).toBe('yes');
    expect(may(space.admin, KIND.genesis)).toBe('yes');
    expect(may(recorder, KIND.genesis)).toBe('role');
    expect(may(new Actor('stranger'), KIND.hour)).toBe('unknown');
  });

  it('takes an admit as soon as the grant that it names has arrived', () => {
    const space = new TestSpace();
    const joiner = space.invite(space.admin, 'member', 'joiner');
    const [genesis, grant, admit] = space.entries as [Entry, Entry, Entry];
    const membership = membershipOf(space, [genesis, admit]);
    expect(membership.member(joiner.node)).toBeUndefined();
    expect(membership.add(grant)).toBe(true);
    expect(membership.isActive(joiner.node)).toBe(true);
  });

  it('drops, and counts, what cannot count, and takes nothing twice', () => {
    const space = new TestSpace();
    const other = new TestSpace(true);
    const membership = membershipOf(space);
    expect(membership.add(space.genesis)).toBe(false);
    expect(membership.add(other.genesis)).toBe(false);
    expect(membership.add(other.grant(other.admin, 'member').grant)).toBe(false);
    expect(membership.add(space.write(space.admin, KIND.grant, bytesOf('no grant body')))).toBe(false);
    expect(membership.add(space.write(space.admin, KIND.receipt, bytesOf('opaque')))).toBe(false);
    expect(Object.fromEntries(membership.ignored)).toEqual({
      'other-genesis': 1,
      'other-space': 1,
      malformed: 1,
    });
  });
});

describe('admission by chain', () => {
  function admission(space: TestSpace, joiner: Actor, nowMs: number, known = membershipOf(space)) {
    const prepared = prepareChain(space.id, encodeChain(space.credential(joiner)));
    const verdict = prepared.conclude(nodeCrypto.verify(prepared.verifications) as boolean[]);
    return known.admission(verdict, nowMs);
  }

  /** Everything that `known` was not told of. */
  function without(space: TestSpace, ...hidden: readonly Actor[]): Membership {
    const authors = new Set<NodeId>(hidden.map((actor) => actor.node));
    return membershipOf(
      space,
      space.entries.filter((entry) => !authors.has(entry.header.author)),
    );
  }

  it('writes the admit of a good chain although its grant was never seen', () => {
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'member');
    const joiner = space.invite(member, 'reader', 'joiner');
    const answer = admission(space, joiner, START_MS, without(space, member));
    if (answer.verdict !== 'admit') throw new Error(answer.verdict);
    expect(BODY.admit.decode(answer.body).redemption.node).toBe(joiner.node);
    expect(answer.before).toEqual([]);
  });

  it('also admits the nodes further up whom nobody here knows of', () => {
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'member');
    const joiner = space.invite(member, 'reader', 'joiner');
    const answer = admission(space, joiner, START_MS, membershipOf(space, [space.genesis]));
    if (answer.verdict !== 'admit') throw new Error(answer.verdict);
    expect(answer.before.map((body) => BODY.admit.decode(body).redemption.node)).toEqual([member.node]);
  });

  it('refuses after the expiry, and chains over an issuer who was never seen in time', () => {
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'member', { expiresMs: START_MS + DAY_MS });
    const joiner = space.invite(member, 'reader', 'joiner');
    const later = START_MS + 2 * DAY_MS;
    expect(admission(space, joiner, later).verdict).toBe('admit');
    expect(admission(space, joiner, later, membershipOf(space, [space.genesis])).verdict).toBe(
      'unknown-issuer',
    );
    expect(admission(space, joiner, START_MS + 8 * DAY_MS).verdict).toBe('expired');
  });

  it('refuses when the uses are spent, the invite withdrawn, its issuer or the joiner revoked', () => {
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'member');
    const invitation = space.grant(member, 'reader');
    space.admit(member, invitation, new Actor('first'));
    const known = membershipOf(space);
    const second = new Actor('second');
    space.admit(member, invitation, second);
    expect(admission(space, second, START_MS, known).verdict).toBe('surplus');
    space.revokeFromNow(space.admin, member);
    expect(admission(space, second, START_MS).verdict).toBe('revoked');
    expect(admission(space, member, START_MS).verdict).toBe('revoked');

    const other = new TestSpace();
    const withdrawn = other.grant(other.admin, 'reader', { uses: 9 });
    other.revoke(other.admin, nodeIdFrom(inviteKeys(withdrawn.seed).publicKey), []);
    const late = new Actor('late');
    other.admit(other.admin, withdrawn, late);
    expect(admission(other, late, START_MS).verdict).toBe('revoked');
  });

  it('waits for the hand-over itself before it takes an heir', () => {
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'member');
    const heir = new Actor('heir');
    space.succeed(member, heir);
    expect(admission(space, heir, START_MS, without(space, member)).verdict).toBe('unknown-issuer');
    expect(membershipOf(space).isActive(heir.node)).toBe(true);
  });
});
