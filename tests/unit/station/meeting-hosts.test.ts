import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseInvite } from '../../../src/identity/invite.ts';
import { Mesh } from '../../../src/mesh/mesh.ts';
import { createInvite } from '../../../src/station/membership-actions.ts';
import type { MeetingHosts, WaystationNode } from '../../../src/station/node.ts';
import { NodeWorld } from './node-world.ts';

const OWN = 'ws://own:1';
const FAR = 'ws://far:2';

let world: NodeWorld;
beforeEach(() => {
  world = new NodeWorld();
});
afterEach(() => world.close());

function connect(node: WaystationNode, meeting?: MeetingHosts): void {
  const sockets = { open: () => ({ send: () => undefined, close: () => undefined }) };
  node.connect(
    { transport: { close: () => undefined } as never, sockets, createMesh: (options) => new Mesh(options) },
    meeting,
  );
}

/** Where it looks for members, as `ws://host`. */
const meetsOn = (node: WaystationNode) =>
  (node.mesh?.hosts() ?? [])
    .map(({ url }) => new URL(url))
    .map(({ protocol, host }) => `${protocol}//${host}`);

async function linkTo(host: string): Promise<string> {
  const { space } = await world.founded();
  const expiresMs = world.clock.nowMs() + 3_600_000;
  return (await createInvite(space, { role: 'member', uses: 1, expiresMs, hosts: [host] })).link;
}

describe('a running node', () => {
  it('meets on its own hosts and on those of an invite that it takes while it runs', async () => {
    const node = await world.open();
    connect(node, { hosts: [OWN] });
    expect(meetsOn(node)).toEqual([OWN]);
    await node.join(parseInvite(await linkTo(FAR)));
    expect(meetsOn(node)).toEqual([OWN, FAR]);
  });

  it('meets where it invites others to', async () => {
    const { node, space } = await world.founded();
    connect(node);
    const expiresMs = world.clock.nowMs() + 3_600_000;
    await createInvite(space, { role: 'member', uses: 1, expiresMs, hosts: [FAR] });
    expect(meetsOn(node)).toEqual([FAR]);
  });

  it('meets where a second invite says that replaced its first', async () => {
    const host = await world.founded();
    const expiresMs = world.clock.nowMs() + 3_600_000;
    const invite = async (at: string) =>
      parseInvite((await createInvite(host.space, { role: 'member', uses: 1, expiresMs, hosts: [at] })).link);
    const node = await world.open();
    await node.join(await invite(OWN));
    connect(node);
    await node.join(await invite(FAR));
    expect(meetsOn(node)).toContain(FAR);
  });

  it('that was given its hosts for good goes to no other', async () => {
    const node = await world.open();
    connect(node, { hosts: [OWN], exclusive: true });
    const space = await node.join(parseInvite(await linkTo(FAR)));
    await space.learnHosts(['ws://third:3']);
    expect(meetsOn(node)).toEqual([OWN]);
  });
});
