/** The gate is looked at again whenever membership changes: it closes on a link that is up, and opens again with nothing left out. */
import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../src/core/bytes.ts';
import { encodeChain } from '../../../src/identity/grant-chain.ts';
import { Actor, type Invitation, TestSpace } from '../identity/test-space.ts';
import { dataOf, EngineNode } from './engine-node.ts';
import { World, type WorldLink } from './engine-world.ts';

/** The chain of somebody who has redeemed an invite and whom nobody has admitted yet. */
function credentialOf(space: TestSpace, invitation: Invitation, joiner: Actor): Bytes {
  const redemption = space.redeem(invitation, joiner);
  const { levels, ...root } = invitation.chain;
  return encodeChain({ ...root, levels: [...levels, { grant: invitation.grant, redemption }], last: null });
}

/** What is written from now on is served to `peer` over this link. */
function isServed(world: World, host: EngineNode, peer: EngineNode, link: WorldLink): boolean {
  const blob = dataOf(`written at ${world.nowMs}`, 40_000);
  const told = () => host.sentOf('news', link).length + host.sentOf('heads', link).length;
  const until = told();
  const entry = host.write([blob]);
  world.advance(60_000);
  const served = [told() > until, peer.holdsEntry(entry), peer.holdsBlob(blob)];
  expect(new Set(served).size, 'told, given the entry and the blob, or none of it').toBe(1);
  return served[0] === true;
}

describe('a linked member whose inviter is revoked from before it was let in', () => {
  it('is served nothing more, whoever had let it in', () => {
    const world = new World();
    const space = new TestSpace();
    const inviter = space.invite(space.admin, 'member', 'inviter');
    const invited = space.invite(inviter, 'member', 'invited');
    const host = new EngineNode(world, space, space.admin);
    const peer = new EngineNode(world, space, invited);
    const link = world.connect(peer, host);
    world.advance(200);
    expect(isServed(world, host, peer, link)).toBe(true);
    host.publish(space.revoke(space.admin, inviter.node, []));
    world.advance(200);
    expect(host.replica.membership.member(invited.node)).toBeUndefined();
    expect(host.session(link)?.weServe).toBe(false);
    expect(isServed(world, host, peer, link)).toBe(false);
  });

  it('is served nothing more by the node that let it in over this very link', () => {
    const world = new World();
    const space = new TestSpace();
    const inviter = space.invite(space.admin, 'member', 'inviter');
    const invitation = space.grant(inviter, 'member');
    const host = new EngineNode(world, space, space.admin);
    const joiner = new Actor('joiner');
    const credential = credentialOf(space, invitation, joiner);
    const peer = new EngineNode(world, space, joiner, { entries: [], credential });
    const link = world.connect(peer, host);
    world.advance(200);
    expect(isServed(world, host, peer, link)).toBe(true);
    host.publish(space.revoke(space.admin, inviter.node, []));
    world.advance(200);
    expect(host.replica.membership.isActive(joiner.node)).toBe(false);
    expect(host.session(link)?.weServe).toBe(false);
    expect(isServed(world, host, peer, link)).toBe(false);
  });

  it('is not listened to either', () => {
    const world = new World();
    const space = new TestSpace();
    const inviter = space.invite(space.admin, 'member', 'inviter');
    const invited = space.invite(inviter, 'member', 'invited');
    const host = new EngineNode(world, space, space.admin);
    const peer = new EngineNode(world, space, invited);
    world.connect(peer, host);
    world.advance(200);
    host.publish(space.revoke(space.admin, inviter.node, []));
    world.advance(200);
    const late = peer.write([dataOf('late', 1_000)]);
    world.advance(60_000);
    expect(host.holdsEntry(late)).toBe(false);
  });
});

describe('a member that was turned away and is taken back on the same link', () => {
  it('gets what was written meanwhile, entries and blobs', () => {
    const world = new World();
    const space = new TestSpace();
    const deputy = space.invite(space.admin, 'admin', 'deputy');
    const member = space.invite(space.admin, 'member', 'member');
    const host = new EngineNode(world, space, space.admin);
    const peer = new EngineNode(world, space, member);
    const link = world.connect(peer, host);
    world.advance(200);
    host.publish(space.revoke(deputy, member.node, []));
    world.advance(200);
    expect(host.session(link)?.weServe).toBe(false);
    const blob = dataOf('meanwhile', 40_000);
    const entry = host.write([blob]);
    world.advance(200);
    expect(peer.holdsEntry(entry)).toBe(false);
    // The first admin stops the deputy from before its revocation of the member, which counts no more.
    host.publish(space.revoke(space.admin, deputy.node, []));
    world.advance(10_000);
    expect(host.session(link)?.weServe).toBe(true);
    expect(peer.holdsEntry(entry)).toBe(true);
    expect(peer.holdsBlob(blob)).toBe(true);
    expect(peer.session(link)?.toldIsHeld()).toBe(true);
    expect([...host.engine.dropped, ...peer.engine.dropped]).toEqual([]);
  });
});

describe('an invite for one', () => {
  it('lets one in when two show it to one node at the same moment, and the first of them', () => {
    const world = new World();
    const space = new TestSpace();
    const invitation = space.grant(space.admin, 'member');
    const host = new EngineNode(world, space, space.admin);
    host.holding.add('writeAdmit');
    const nodes = ['first', 'second'].map((name) => {
      const joiner = new Actor(name);
      const credential = credentialOf(space, invitation, joiner);
      return new EngineNode(world, space, joiner, { entries: [], credential });
    });
    for (const node of nodes) world.connect(node, host);
    host.holding.clear();
    host.release();
    world.advance(1_000);
    expect(host.requests.get('writeAdmit')).toBe(1);
    const { membership } = host.replica;
    expect(nodes.map(({ actor }) => membership.member(actor.node)?.status)).toEqual(['active', undefined]);
    expect(nodes[1]?.noticed('refused-by-peer').map(({ code }) => code)).toEqual(['surplus']);
    expect(nodes[1]?.replica.index.heads()).toEqual([]);
  });

  it('lets the next one in when the admission before it could not be written', () => {
    const world = new World();
    const space = new TestSpace();
    const invitation = space.grant(space.admin, 'member');
    const host = new EngineNode(world, space, space.admin);
    const nodes = ['first', 'second'].map((name) => {
      const joiner = new Actor(name);
      const credential = credentialOf(space, invitation, joiner);
      return new EngineNode(world, space, joiner, { entries: [], credential });
    });
    host.failing.set('writeAdmit', new Error('no room'));
    world.connect(nodes[0] as EngineNode, host);
    host.failing.clear();
    world.connect(nodes[1] as EngineNode, host);
    world.advance(1_000);
    const { membership } = host.replica;
    expect(nodes.map(({ actor }) => membership.isActive(actor.node))).toEqual([false, true]);
  });
});

describe('a revocation that is taken back', () => {
  /** An author's entry that only a carrier holds; the author is revoked by an admin who is revoked later, from before that. */
  function setting() {
    const world = new World();
    const space = new TestSpace();
    const usurper = space.invite(space.admin, 'admin', 'usurper');
    const author = space.invite(space.admin, 'member', 'author');
    const carrier = space.invite(space.admin, 'member', 'carrier');
    return { world, space, usurper, author, carrier };
  }

  it('lets in what was turned down meanwhile, without being told of it again', () => {
    const { world, space, usurper, author, carrier } = setting();
    const relay = new EngineNode(world, space, carrier);
    const writer = new EngineNode(world, space, author);
    const first = world.connect(writer, relay);
    const entry = writer.write();
    world.advance(200);
    expect(relay.holdsEntry(entry)).toBe(true);
    first.close(writer, 'gone');
    world.pump();
    const host = new EngineNode(world, space, space.admin);
    host.publish(space.revoke(usurper, author.node, []));
    const link = world.connect(host, relay);
    world.advance(1_000);
    expect(host.holdsEntry(entry)).toBe(false);
    expect(host.session(link)?.toldIsHeld()).toBe(true);
    host.publish(space.revoke(space.admin, usurper.node, []));
    world.advance(1_000);
    expect(host.holdsEntry(entry)).toBe(true);
    expect(host.session(link)?.toldIsHeld()).toBe(true);
  });

  it('lets in what the one who was turned away had told meanwhile', () => {
    const { world, space, usurper, author } = setting();
    const host = new EngineNode(world, space, space.admin);
    const peer = new EngineNode(world, space, author);
    world.connect(peer, host);
    world.advance(200);
    host.publish(space.revoke(usurper, author.node, []));
    const entry = peer.write();
    world.advance(1_000);
    expect(host.holdsEntry(entry)).toBe(false);
    host.publish(space.revoke(space.admin, usurper.node, []));
    world.advance(1_000);
    expect(host.holdsEntry(entry)).toBe(true);
  });
});
