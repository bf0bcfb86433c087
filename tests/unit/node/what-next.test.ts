import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KIND } from '../../../src/feed/kinds.ts';
import { parseInvite } from '../../../src/identity/invite.ts';
import { sayWhatNext } from '../../../src/node/commands/what-next.ts';
import { createOutput } from '../../../src/node/output.ts';
import type { RelayPlace } from '../../../src/node/relay-place.ts';
import { revokeMember } from '../../../src/station/membership-actions.ts';
import type { WaystationNode } from '../../../src/station/node.ts';
import type { Space } from '../../../src/station/space.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory.ts';
import { NodeWorld } from '../station/node-world.ts';

const DAY_MS = 86_400_000;
const HERE: RelayPlace = {
  url: 'http://localhost:7070',
  hosts: ['ws://localhost:7070'],
  isLocal: true,
};

let world: NodeWorld;
beforeEach(() => {
  world = new NodeWorld();
});
afterEach(() => world.close());

async function said(node: WaystationNode, own: Space | undefined, place = HERE) {
  let text = '';
  let documents = '';
  const output = createOutput(
    true,
    (line) => {
      documents += line;
    },
    (line) => {
      text += line;
    },
  );
  await sayWhatNext(node, own, place, 'data/relay', output);
  const link = documents === '' ? undefined : (JSON.parse(documents).link as string);
  return { text, link };
}

const grants = (space: Space) => space.replica.membership.outstandingInvites(world.clock.nowMs()).length;

describe('a relay that was started with --create', () => {
  it('shows the same invite at every start, in the text and as a document', async () => {
    const { node, space } = await world.founded();
    const first = await said(node, space);
    expect(parseInvite(first.link ?? '').space).toBe(space.id);
    expect(first.text).toContain(first.link);
    expect(first.text).toContain('this machine only');
    world.clock.advance(3 * DAY_MS);
    expect((await said(node, space)).link).toBe(first.link);
    expect(grants(space)).toBe(1);
  });

  it('makes another when the kept one expires within a day, leads elsewhere, or lets nobody in any more', async () => {
    const { node, space } = await world.founded();
    const first = await said(node, space);
    world.clock.advance(6 * DAY_MS + 1);
    const second = await said(node, space);
    expect(second.link).not.toBe(first.link);
    const moved = { ...HERE, url: 'http://localhost:8080', hosts: ['ws://localhost:8080'] };
    const third = await said(node, space, moved);
    expect(third.link?.startsWith('http://localhost:8080/#')).toBe(true);
    const { membership } = space.replica;
    for (const { id } of membership.outstandingInvites(world.clock.nowMs()))
      await space.write('control', { kind: KIND.revoke, body: membership.withdrawalOf(id, 'test') });
    expect((await said(node, space, moved)).link).not.toBe(third.link);
  });

  it('goes on when no invite can be made, and says so', async () => {
    const disk = new MemoryDisk();
    const { node, space } = await world.founded({ store: createMemoryStore(disk) });
    disk.setQuota(disk.usedBytes);
    const { text, link } = await said(node, space);
    expect(link).toBeUndefined();
    expect(text).toContain('No invite could be made');
    expect(text).toContain('This relay goes on');
  });
});

describe('a relay that phones can open', () => {
  const place: RelayPlace = {
    url: 'http://192.168.1.20:7070',
    hosts: ['wss://waystation.local:7443', 'wss://192.168.1.20:7443', 'ws://192.168.1.20:7070'],
    isLocal: false,
    secure: {
      url: 'https://waystation.local:7443',
      fingerprint: 'AB:CD:EF:01',
      here: 'http://localhost:7070',
      publicNames: ['203.0.113.7'],
    },
  };

  async function shown(columns?: number) {
    const { node, space } = await world.founded();
    let text = '';
    const output = createOutput(
      false,
      () => undefined,
      (line) => {
        text += line;
      },
    );
    const wide = await sayWhatNext(node, space, place, 'data/relay', output, columns);
    return { text, wide, first: text.split('\n\n')[0]?.trim().split('\n') ?? [] };
  }

  it('shows a code of the whole invite where the window is wide enough', async () => {
    const { text, wide, first } = await shown(200);
    expect(wide).toBeUndefined();
    expect(first[0]?.length).toBeGreaterThan(60);
    expect(text).toContain('http://192.168.1.20:7070/#join=');
    expect(text).toContain('scan the code');
  });

  it('shows the address in a narrow one, says how wide it must be, and has the other code ready', async () => {
    const { text, wide, first } = await shown(80);
    expect(first[0]?.length).toBeLessThan(40);
    expect(text).toContain(`(${wide?.columns} columns; it has 80)`);
  });

  it('says the number to compare, where the app is on this computer, and what a public address is good for', async () => {
    const { text } = await shown();
    expect(text).toMatch(/AB:CD:\n {2}EF:01/);
    expect(text).toContain('On this computer the app is at http://localhost:7070');
    expect(text).toContain('203.0.113.7');
    expect(text).not.toContain('columns');
  });
});

describe('a relay that invites nobody', () => {
  it('in no space yet says how it gets an invite', async () => {
    const { text } = await said(await world.open(), undefined);
    expect(text).toContain('start a group there, make an invite');
    expect(text).toContain('join --data data/relay LINK');
  });

  it('that has joined says so, and not to start a group', async () => {
    const host = await world.founded();
    const node = await world.open();
    await node.join(parseInvite(await world.inviteBy(host.space, 'member')));
    const waiting = await said(node, undefined);
    expect(waiting.text).toContain('has joined a group. The next member that it meets lets it in');
    const inside = await world.joined(host, 'member');
    const { text } = await said(inside.node, undefined);
    expect(text).toContain('is in “Valley”');
    for (const each of [waiting.text, text]) expect(each).not.toContain('start a group');
  });

  it('that was revoked says so', async () => {
    const host = await world.founded();
    const { node, space } = await world.joined(host, 'admin');
    await revokeMember(space, node.id);
    expect((await said(node, undefined)).text).toContain('is revoked in “Valley”');
  });
});
