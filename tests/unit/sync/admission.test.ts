/** Who is let in, by what it shows; and that nobody else is given a byte of the space. */

import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../src/core/bytes.ts';
import { idBytes } from '../../../src/core/ids.ts';
import { headOf, PURPOSE } from '../../../src/feed/entry.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import { encodeChain } from '../../../src/identity/grant-chain.ts';
import { feedNameBytes } from '../../../src/sync/link-names.ts';
import type { MessageName } from '../../../src/sync/messages.ts';
import {
  Actor,
  DAY_MS,
  type GrantOptions,
  type Invitation,
  START_MS,
  TestSpace,
} from '../identity/test-space.ts';
import { dataOf, EngineNode, refOf } from './engine-node.ts';
import { World, type WorldLink } from './engine-world.ts';
import { RawPeer, wantOf } from './raw-peer.ts';

/** All that anybody may hear who is not an active member. */
const BEFORE_MEMBERSHIP: ReadonlySet<MessageName> = new Set(['hello', 'prove', 'need', 'chain', 'refuse']);

/** The chain of somebody who has redeemed an invite and whom nobody has admitted yet. */
function credentialOf(space: TestSpace, invitation: Invitation, joiner: Actor): Bytes {
  const redemption = space.redeem(invitation, joiner);
  const { levels, ...root } = invitation.chain;
  return encodeChain({ ...root, levels: [...levels, { grant: invitation.grant, redemption }], last: null });
}

/** A host that holds the whole space and a blob, and a joiner that holds its invite alone. */
function setting(options: { role?: 'member' | 'reader'; grant?: GrantOptions } = {}) {
  const world = new World();
  const space = new TestSpace();
  const invitation = space.grant(space.admin, options.role ?? 'member', options.grant);
  const host = new EngineNode(world, space, space.admin);
  const secret = dataOf('secret', 40_000);
  const hour = host.write([secret]);
  const joiner = new Actor('joiner');
  return { world, space, invitation, host, secret, hour, joiner };
}

function refusals(node: EngineNode): string[] {
  return node.noticed('refused-by-peer').map((notice) => notice.code);
}

/** The joiner heard nothing that only members may hear. */
function expectNothingGiven(host: EngineNode, link: WorldLink): void {
  expect(host.namesSent(link).filter((name) => !BEFORE_MEMBERSHIP.has(name))).toEqual([]);
}

describe('admission', () => {
  it('lets the holder of a sound chain in and gives it everything', () => {
    const { world, space, invitation, host, secret, hour, joiner } = setting();
    const node = new EngineNode(world, space, joiner, {
      entries: [],
      credential: credentialOf(space, invitation, joiner),
    });
    const link = world.connect(node, host);
    world.advance(100);
    expect(host.replica.membership.isActive(joiner.node)).toBe(true);
    expect(node.replica.membership.isActive(joiner.node)).toBe(true);
    expect(node.holdsEntry(hour)).toBe(true);
    expect(node.holdsBlob(secret)).toBe(true);
    expect(node.session(link)?.toldIsHeld()).toBe(true);
    expect([...host.engine.dropped]).toEqual([]);
    expect([...node.engine.dropped]).toEqual([]);
  });

  it('says nothing but what admission takes until the joiner’s admit is durable', () => {
    const { world, space, invitation, host, joiner } = setting();
    const node = new EngineNode(world, space, joiner, {
      entries: [],
      credential: credentialOf(space, invitation, joiner),
    });
    host.holding.add('writeAdmit');
    const link = world.connect(node, host);
    world.advance(1_000);
    expectNothingGiven(host, link);
    expect(host.heldRequests.map((effect) => effect.type)).toEqual(['writeAdmit']);
    host.holding.clear();
    host.release();
    world.advance(1_000);
    expect(host.namesSent(link)).toContain('open');
    expect(node.replica.membership.isActive(joiner.node)).toBe(true);
  });

  it('asks a stranger for a chain and says nothing else, whatever it asks for', () => {
    const { world, space, host, secret, hour } = setting();
    const stranger = new RawPeer(world, new Actor('stranger'));
    const link = world.connect(stranger, host);
    expect(stranger.names()).toEqual(['hello', 'prove', 'need']);
    const ref = refOf(secret);
    const { author, feed } = hour.header;
    stranger.say('open');
    stranger.say('ranges', [[null, null, 0, new Uint8Array(16)]]);
    stranger.say('wantEntries', [wantOf(headOf(hour))]);
    stranger.say('wantChunks', 0, [[idBytes(ref.root), ref.size, 0]]);
    stranger.say('pull', [[idBytes(ref.root), ref.size]], 4);
    stranger.say('have', [[feedNameBytes(author, feed), [0, 1]]]);
    stranger.tell(hour);
    stranger.say('beats', [new Uint8Array(100)]);
    host.write();
    host.beat();
    world.advance(120_000);
    expectNothingGiven(host, link);
    for (const bytes of [idBytes(space.id), idBytes(hour.id), secret.slice(0, 32), idBytes(ref.root)])
      expect(stranger.heardBytes(bytes)).toBe(false);
  });

  it('shows its own chain to somebody who showed a sound one, and not before', () => {
    const { world, space, invitation, host, joiner } = setting();
    const peer = new RawPeer(world, joiner);
    const link = world.connect(peer, host);
    peer.say('need', false);
    peer.say('need', false);
    expectNothingGiven(host, link);
    expect(peer.names()).not.toContain('chain');
    peer.say('chain', credentialOf(space, invitation, joiner));
    expect(peer.of('chain')).toHaveLength(1);
    expect(peer.names()).toContain('open');
  });

  it('shows its chain once to one peer, however often it is asked', () => {
    const { world, space, invitation, host, joiner } = setting();
    const peer = new RawPeer(world, joiner);
    world.connect(peer, host);
    peer.say('chain', credentialOf(space, invitation, joiner));
    for (let i = 0; i < 50; i++) peer.say('need', true);
    expect(peer.of('chain').length).toBeLessThanOrEqual(1);
  });

  it('checks one chain of one peer, however many it sends', () => {
    const { world, space, invitation, host, joiner } = setting();
    const good = credentialOf(space, invitation, joiner);
    const forged = good.slice() as Bytes;
    forged[forged.length - 3] = (forged[forged.length - 3] as number) ^ 1;
    const peer = new RawPeer(world, joiner);
    const link = world.connect(peer, host);
    const before = host.requests.get('verify') ?? 0;
    for (let i = 0; i < 20; i++) if (link.closedBecause === null) peer.say('chain', forged);
    expect((host.requests.get('verify') ?? 0) - before).toBeLessThanOrEqual(3);
    expectNothingGiven(host, link);
  });

  describe('refuses', () => {
    /** The joiner shows this chain: what it is told, and that it was told nothing else. */
    function shows(world: World, host: EngineNode, space: TestSpace, joiner: Actor, chain: Bytes): string[] {
      const node = new EngineNode(world, space, joiner, { entries: [], credential: chain });
      const link = world.connect(node, host);
      world.advance(5_000);
      expectNothingGiven(host, link);
      expect(host.replica.membership.isActive(joiner.node)).toBe(false);
      return refusals(node);
    }

    it('a chain with any signature wrong', () => {
      const { world, space, invitation, host, joiner } = setting();
      const chain = credentialOf(space, invitation, joiner);
      const other = new Actor('thief');
      const stolen = { ...space.redeem(invitation, other), node: joiner.node };
      const { levels, ...root } = invitation.chain;
      const wrongRedemption = encodeChain({
        ...root,
        levels: [...levels, { grant: invitation.grant, redemption: stolen }],
        last: null,
      });
      expect(shows(world, host, space, joiner, wrongRedemption)).toEqual(['bad-signature']);
      const late = chain.slice() as Bytes;
      late[chain.length - 2] = (late[chain.length - 2] as number) ^ 1;
      expect(shows(world, host, space, new Actor('joiner'), late)).toEqual(['bad-signature']);
    });

    it('a chain that is no chain', () => {
      const { world, space, host, joiner } = setting();
      expect(shows(world, host, space, joiner, new Uint8Array(200))).toEqual(['malformed']);
    });

    it('somebody else’s chain', () => {
      const { world, space, invitation, host, joiner } = setting();
      const owner = new Actor('owner');
      const [code] = shows(world, host, space, joiner, credentialOf(space, invitation, owner));
      expect(code).toBe('bad-chain');
      expect(host.replica.membership.isActive(owner.node)).toBe(false);
    });

    it('a chain of another space', () => {
      const { world, space, host, joiner } = setting();
      const elsewhere = new TestSpace(true);
      const invitation = elsewhere.grant(elsewhere.admin, 'member');
      expect(shows(world, host, space, joiner, credentialOf(elsewhere, invitation, joiner))).toEqual([
        'bad-chain',
      ]);
    });

    it('a chain whose invite has expired', () => {
      const { world, space, invitation, host, joiner } = setting({ grant: { expiresMs: START_MS + 1_000 } });
      expect(world.wallMs).toBeGreaterThan(START_MS + 1_000);
      expect(shows(world, host, space, joiner, credentialOf(space, invitation, joiner))).toEqual(['expired']);
    });

    it('a chain whose invite was withdrawn, and one whose issuer was revoked', () => {
      const { world, space, joiner } = setting();
      const host = new EngineNode(world, space, space.admin);
      const withdrawn = space.grant(space.admin, 'member');
      host.publish(withdrawn.grant);
      const body = host.replica.membership.withdrawalOf(withdrawn.grant.id, '');
      host.publish(space.write(space.admin, KIND.revoke, body));
      expect(shows(world, host, space, joiner, credentialOf(space, withdrawn, joiner))).toEqual(['revoked']);

      const space2 = new TestSpace();
      const issuer = space2.invite(space2.admin, 'member', 'issuer');
      const byIssuer = space2.grant(issuer, 'member');
      space2.revokeFromNow(space2.admin, issuer);
      const world2 = new World();
      const host2 = new EngineNode(world2, space2, space2.admin);
      expect(shows(world2, host2, space2, joiner, credentialOf(space2, byIssuer, joiner))).toEqual([
        'revoked',
      ]);
    });

    it('one joiner more than the invite has uses', () => {
      const { world, space, invitation, host, joiner } = setting();
      const first = new Actor('first');
      world.connect(
        new EngineNode(world, space, first, {
          entries: [],
          credential: credentialOf(space, invitation, first),
        }),
        host,
      );
      expect(host.replica.membership.isActive(first.node)).toBe(true);
      expect(shows(world, host, space, joiner, credentialOf(space, invitation, joiner))).toEqual(['surplus']);
    });

    it('a chain in which somebody passes on more than it holds', () => {
      const { world, space, joiner } = setting();
      const member = space.invite(space.admin, 'member', 'greedy');
      const over = space.grant(member, 'admin');
      const host = new EngineNode(world, space, space.admin);
      expect(shows(world, host, space, joiner, credentialOf(space, over, joiner))).toEqual(['forbidden']);
    });

    it('a member that was revoked, and serves it nothing', () => {
      const { world, space } = setting();
      const member = space.invite(space.admin, 'member', 'ex');
      space.revokeFromNow(space.admin, member);
      const host = new EngineNode(world, space, space.admin);
      const node = new EngineNode(world, space, member, { entries: [space.genesis] });
      const link = world.connect(node, host);
      world.advance(5_000);
      expect(refusals(node)).toEqual(['revoked']);
      expectNothingGiven(host, link);
    });
  });
});

describe('a member that is revoked while it is linked', () => {
  function linked() {
    const world = new World();
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'member');
    const host = new EngineNode(world, space, space.admin);
    const blobs = [dataOf('one', 300_000), dataOf('two', 300_000)];
    host.write(blobs);
    const peer = new RawPeer(world, member);
    const link = world.connect(peer, host);
    peer.say('open');
    expect(peer.names()).toContain('open');
    const revoke = () => host.publish(space.revokeFromNow(space.admin, member));
    const [ref] = blobs.map((blob) => refOf(blob));
    if (ref === undefined) throw new Error('no blob');
    return { world, space, host, peer, link, revoke, ref, member };
  }

  it('is told so and from then on hears nothing', () => {
    const { world, host, peer, revoke, link, ref } = linked();
    revoke();
    const until = host.sent.length;
    const revokedAt = host.namesSent(link).lastIndexOf('refuse');
    expect(revokedAt).toBe(host.namesSent(link).length - 1);
    const hour = host.data[0];
    if (hour === undefined) throw new Error('no hour');
    peer.say('ranges', [[null, null, 0, new Uint8Array(16)]]);
    peer.say('wantEntries', [wantOf(headOf(hour))]);
    peer.say('wantChunks', 0, [[idBytes(ref.root), ref.size, 0]]);
    peer.say('pull', [[idBytes(ref.root), ref.size]], 3);
    host.write([dataOf('after', 20_000)]);
    host.beat();
    world.advance(120_000);
    expect(host.sent.slice(until)).toEqual([]);
  });

  it('does not get what it had asked for before and was still being read', () => {
    const { host, peer, revoke, ref } = linked();
    host.holding.add('readEntries');
    host.holding.add('readChunk');
    const hour = host.data[0];
    if (hour === undefined) throw new Error('no hour');
    const want = wantOf(headOf(hour));
    peer.say('wantEntries', [want, want, want]);
    peer.say('wantChunks', 0, [
      [idBytes(ref.root), ref.size, 0],
      [idBytes(ref.root), ref.size, 1],
      [idBytes(ref.root), ref.size, 2],
    ]);
    expect(host.heldRequests.length).toBeGreaterThan(1);
    revoke();
    const until = host.sent.length;
    host.holding.clear();
    host.release();
    expect(host.sent.slice(until).map((one) => one.name)).toEqual([]);
  });

  it('does not get what waited for the link to drain', () => {
    const world = new World();
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'member');
    const host = new EngineNode(world, space, space.admin, { creditBytes: 1 });
    const blob = dataOf('big', 600_000);
    host.write([blob]);
    const ref = refOf(blob);
    const peer = new RawPeer(world, member);
    const link = world.connect(peer, host);
    peer.say('open');
    peer.say(
      'wantChunks',
      0,
      [0, 1, 2, 3].map((chunk): [Bytes, number, number] => [idBytes(ref.root), ref.size, chunk]),
    );
    expect(host.sentOf('chunk')).toHaveLength(1);
    host.publish(space.revokeFromNow(space.admin, member));
    const until = host.sent.length;
    host.drain(link, 10_000_000);
    expect(host.sent.slice(until)).toEqual([]);
  });

  it('is believed up to the named position and no further', () => {
    const { world, space, host, member, revoke } = linked();
    revoke();
    const late = new EngineNode(world, space, member, {
      entries: space.entries.filter((entry) => entry.header.kind !== KIND.revoke),
    });
    const entry = late.write([dataOf('late', 1_000)]);
    // A third node that does not know of the revocation carries it to the host.
    const carrier = space.invite(space.admin, 'member', 'carrier');
    for (const one of space.entries.slice(-2)) host.publish(one);
    const before = space.entries.filter(
      (one) => one.header.kind !== KIND.revoke || one.header.author !== space.admin.node,
    );
    const known = before.filter((one) => one.header.author !== space.admin.node || one.header.seq < 3);
    const node = new EngineNode(world, space, carrier, { entries: known });
    node.engine.localEntries(space.id, [entry], world.nowMs);
    world.connect(node, host);
    world.advance(5_000);
    expect(host.holdsEntry(entry)).toBe(false);
    expect(headOf(entry).seq).toBe(0);
    expect(entry.header.purpose).toBe(PURPOSE.data);
  });

  it('is served again by nobody who comes back from a restart', () => {
    const { world, host, revoke, member, space } = linked();
    revoke();
    const again = host.restart();
    const node = new EngineNode(world, space, member, { entries: [space.genesis] });
    const link = world.connect(node, again);
    expect(again.namesSent(link).filter((name) => !BEFORE_MEMBERSHIP.has(name))).toEqual([]);
    expect(START_MS + DAY_MS).toBeGreaterThan(world.wallMs);
  });
});
