/** Nodes that hold the same entries agree, in whatever order those came. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../../src/feed/entry.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import { BODY } from '../../../src/identity/bodies.ts';
import { Membership } from '../../../src/identity/membership.ts';
import { ROLES, type Role } from '../../../src/identity/roles.ts';
import { Actor, bytesOf, DAY_MS, type Invitation, START_MS, TestSpace } from './test-space.ts';

/** What people, some of them hostile, may do; numbers choose among those who are there. */
type Step =
  | {
      readonly do: 'grant';
      readonly who: number;
      readonly role: Role;
      readonly uses: number;
      readonly days: number;
    }
  | {
      readonly do: 'admit';
      readonly who: number;
      readonly invite: number;
      readonly joiner: number;
      readonly days: number;
    }
  | { readonly do: 'revoke'; readonly who: number; readonly whom: number; readonly keep: number }
  | { readonly do: 'withdraw'; readonly who: number; readonly invite: number }
  | { readonly do: 'succeed'; readonly who: number; readonly heir: number }
  | { readonly do: 'epoch'; readonly who: number; readonly of: number };

const pick = fc.nat({ max: 7 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('grant' as const),
      who: pick,
      role: fc.constantFrom(...ROLES),
      uses: fc.integer({ min: 1, max: 2 }),
      days: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('admit' as const),
      who: pick,
      invite: pick,
      joiner: pick,
      days: fc.nat({ max: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('revoke' as const),
      who: pick,
      whom: pick,
      keep: fc.nat({ max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('withdraw' as const), who: pick, invite: pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('succeed' as const), who: pick, heir: pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('epoch' as const), who: pick, of: pick }) },
);

function play(steps: readonly Step[]): { space: TestSpace; actors: Actor[] } {
  const space = new TestSpace();
  const actors = [
    space.admin,
    space.recovery,
    ...Array.from({ length: 6 }, (_, i) => new Actor(`actor ${i}`)),
  ];
  // Nobody has a credential before an admit; chains play no part here.
  space.credential = () => ({ genesis: space.genesis, levels: [], last: null });
  const invitations: Invitation[] = [space.grant(space.admin, 'admin', { uses: 2 })];
  const at = <T>(list: readonly T[], n: number): T => list[n % list.length] as T;
  for (const one of steps) {
    const who = at(actors, one.who);
    switch (one.do) {
      case 'grant':
        invitations.push(
          space.grant(who, one.role, { uses: one.uses, expiresMs: START_MS + one.days * DAY_MS }),
        );
        break;
      case 'admit':
        space.admit(who, at(invitations, one.invite), at(actors, one.joiner), START_MS + one.days * DAY_MS);
        break;
      case 'revoke': {
        const whom = at(actors, one.whom);
        const kept = whom.written[Math.min(one.keep, whom.written.length - 1)];
        space.revoke(who, whom.node, kept === undefined ? [] : [whom.position(kept)]);
        break;
      }
      case 'withdraw': {
        const known = new Membership(space.id);
        for (const entry of space.entries) known.add(entry);
        space.write(who, KIND.revoke, known.withdrawalOf(at(invitations, one.invite).grant.id, ''));
        break;
      }
      case 'succeed': {
        const heir = at(actors, one.heir);
        if (heir !== who) {
          space.write(who, KIND.succeed, BODY.succeed.encode({ heir: heir.node, heirSealKey: heir.sealKey }));
        }
        break;
      }
      case 'epoch': {
        const epochs = space.entries.filter(({ header }) => header.kind === KIND.epoch);
        const of = one.of === 0 || epochs.length === 0 ? null : at(epochs, one.of).id;
        space.write(who, KIND.epoch, BODY.epoch.encode({ of, commitment: bytesOf('commitment'), boxes: [] }));
        break;
      }
    }
  }
  return { space, actors };
}

function snapshot(membership: Membership, actors: readonly Actor[], entries: readonly Entry[]): unknown {
  const kinds = Object.values(KIND);
  return {
    members: actors.map(({ node }) => membership.member(node) ?? 'unknown'),
    count: [...membership.members()].length,
    verdicts: actors.map(({ node, feed }) =>
      [0, 2, 5].map((seq) => kinds.map((kind) => membership.mayAuthor(node, feed, seq, kind))),
    ),
    grants: entries.map(({ id }) => membership.grantState(id, START_MS + DAY_MS)?.status ?? null),
    nodes: entries.map(({ id }) => [...(membership.grantState(id, START_MS)?.nodes ?? [])].sort()),
    invites: membership.outstandingInvites(START_MS + DAY_MS).map(({ id }) => id),
    epochs: membership.epochs(),
    epochEntries: membership.epochEntries().map(({ id }) => id),
    recipients: new Set(
      membership.keyRecipients(START_MS).map(({ sealKey, recorder }) => `${sealKey.join()} ${recorder}`),
    ),
  };
}

describe('membership as a function of the set', () => {
  it('is the same in any order of arrival, with questions asked in between or not', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 4, maxLength: 24 }),
        fc.infiniteStream(fc.nat()),
        (steps, luck) => {
          const { space, actors } = play(steps);
          const inOrder = new Membership(space.id);
          for (const entry of space.entries) inOrder.add(entry);
          const shuffled = new Membership(space.id);
          const rest = [...space.entries];
          while (rest.length > 0) {
            const n = luck.next().value as number;
            const [entry] = rest.splice(n % rest.length, 1);
            shuffled.add(entry as Entry);
            if (n % 3 === 0) shuffled.member(space.admin.node);
          }
          expect(snapshot(shuffled, actors, space.entries)).toEqual(snapshot(inOrder, actors, space.entries));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('never has more nodes standing by a grant than it has uses, nor anybody by a grant that was not open to its issuer', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 4, maxLength: 24 }), (steps) => {
        const { space } = play(steps);
        const membership = new Membership(space.id);
        for (const entry of space.entries) membership.add(entry);
        for (const { header, id } of space.entries) {
          if (header.kind !== KIND.grant) continue;
          const state = membership.grantState(id, START_MS);
          expect(state?.nodes.length).toBeLessThanOrEqual(state?.body.uses ?? 0);
          if ((state?.nodes.length ?? 0) > 0)
            expect(membership.member(header.author)?.status).not.toBe('surplus');
        }
        for (const { node, role, depth, grant } of membership.members()) {
          if (grant === null) continue;
          const issuer = membership.grantState(grant, START_MS)?.issuer;
          const issued = issuer === undefined ? undefined : membership.member(issuer);
          expect(issued, node).toBeDefined();
          expect(depth).toBeGreaterThan(issued?.role === 'admin' ? 0 : 1);
          if (issued?.role === 'member') expect(['member', 'reader', 'mirror']).toContain(role);
        }
      }),
      { numRuns: 50 },
    );
  });
});
