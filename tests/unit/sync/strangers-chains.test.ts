/** What a refused chain brings leaves no trace. */
import { expect, it } from 'vitest';
import { encodeChain } from '../../../src/identity/grant-chain.ts';
import { Actor, TestSpace } from '../identity/test-space.ts';
import { EngineNode } from './engine-node.ts';
import { World } from './engine-world.ts';

it('a revoked member cannot fill memberships with grants of its own', () => {
  const world = new World();
  const space = new TestSpace();
  const gone = space.invite(space.admin, 'member', 'gone');
  const host = new EngineNode(world, space, space.admin);
  host.publish(space.revoke(space.admin, gone.node, []));
  const version = host.replica.membership.version;
  for (let i = 0; i < 20; i++) {
    const invitation = space.grant(gone, 'member');
    const key = new Actor(`key ${i}`);
    const redemption = space.redeem(invitation, key);
    const { levels, ...root } = invitation.chain;
    const credential = encodeChain({
      ...root,
      levels: [...levels, { grant: invitation.grant, redemption }],
      last: null,
    });
    const peer = new EngineNode(world, space, key, { entries: [], credential });
    const link = world.connect(peer, host);
    world.advance(500);
    link.close(peer, 'next');
    world.pump();
  }
  const kept = host.replica.membership.version - version;
  expect(kept).toBe(0);
});
