/** Nodes that only the admin has met let each other in and compare, whatever they have heard of each other's invites. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseInvite } from '../../../src/identity/invite.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory.ts';
import { type Member, NodeWorld } from './node-world.ts';
import { createTestKeys } from './test-keys.ts';

let world: NodeWorld;
let admin: Member;
let early: Member;

beforeEach(async () => {
  world = new NodeWorld();
  admin = await world.founded();
  early = await world.joined(admin, 'member');
});

afterEach(() => world.close());

it.each([false, true])(
  'two members whom the admin let in one after the other compare (beating: %s)',
  async (beats) => {
    const late = await world.joined(admin, 'member');
    if (beats) for (const { node } of [early, late]) world.start(node);
    let compared = 0;
    for (const { node } of [early, late]) node.onNotice((notice) => notice.kind === 'compared' && compared++);
    world.link(early.node, late.node);
    await world.pass(120_000);
    // Early has written an admit for late (kind 2) and waits for the grant, which late would tell it of.
    expect(early.space.replica.membership.member(late.node.id)?.status).toBe('active');
    expect(compared).toBe(2);
  },
);

it('a joiner is let in by a member that has not heard of its invite', async () => {
  const node = await world.open();
  const space = await node.join(parseInvite(await world.inviteBy(admin.space, 'member')));
  world.link(early.node, node);
  await world.pass(120_000);
  expect(space.isAdmitted).toBe(true);
});

it('who let it in knows it after a restart as well, before any feed has told of its invite', async () => {
  const keys = createTestKeys();
  const disk = new MemoryDisk();
  const first = await world.joined(admin, 'member', { keys, store: createMemoryStore(disk) });
  const node = await world.open();
  const space = await node.join(parseInvite(await world.inviteBy(admin.space, 'member')));
  const part = world.link(first.node, node);
  await world.until(() => space.isAdmitted);
  part();
  await first.node.close();
  const again = await world.open({ keys, store: createMemoryStore(disk) });
  expect(again.space().replica.membership.member(node.id)?.status).toBe('active');
});
