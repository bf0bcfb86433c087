import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeIdText } from '../../../src/core/ids.ts';
import { parseInvite } from '../../../src/identity/invite.ts';
import { nodeStatus, statusText } from '../../../src/node/commands/report-commands.ts';
import { revokeMember } from '../../../src/station/membership-actions.ts';
import { NodeWorld } from '../station/node-world.ts';

let world: NodeWorld;
beforeEach(() => {
  world = new NodeWorld();
});
afterEach(() => world.close());

describe('status in words', () => {
  it('lists the members by the id that revoke takes, and says who was removed', async () => {
    const host = await world.founded();
    const { node } = await world.joined(host, 'member');
    await revokeMember(host.space, node.id);
    const text = statusText(await nodeStatus(host.node));
    expect(text).toContain('in it as admin; 1 member;');
    expect(text).toMatch(new RegExp(`revoked +${nodeIdText(node.id)}`));
    expect(text).toMatch(new RegExp(`admin +${nodeIdText(host.node.id)}`));
  });

  it('tells one that waits to be let in from one that was removed', async () => {
    const host = await world.founded();
    const waiting = await world.open();
    await waiting.join(parseInvite(await world.inviteBy(host.space, 'reader')));
    expect(statusText(await nodeStatus(waiting))).toContain('invited as reader, not let in yet');
    const { node, space } = await world.joined(host, 'admin');
    await revokeMember(space, node.id);
    const text = statusText(await nodeStatus(node));
    expect(text).toContain('removed from it (revoked)');
    expect(text).not.toContain('not let in yet');
  });

  it('shows the first admin under a name of its own', async () => {
    const node = await world.open();
    const { space } = await node.createSpace({ name: 'Valley', isPublic: false, ownName: 'base-camp' });
    await space.settled();
    expect(space.catalog.names.get(node.id)).toBe('base-camp');
    expect(space.catalog.spaceName).toBe('Valley');
  });

  it('is not taken over by the names of others', async () => {
    const node = await world.open();
    await node.createSpace({ name: 'Val\u001b[2J\nley', isPublic: false });
    expect(statusText(await nodeStatus(node))).toMatch(/^[\x20-\x7e\n–]+$/);
    expect(
      statusText(await nodeStatus(node))
        .split('\n')
        .some((line) => line.startsWith('ley')),
    ).toBe(false);
  });
});
