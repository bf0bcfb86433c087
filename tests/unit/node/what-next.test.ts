import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KIND } from '../../../src/feed/kinds.ts';
import { parseInvite } from '../../../src/identity/invite.ts';
import { sayWhatNext } from '../../../src/node/commands/what-next.ts';
import { createOutput } from '../../../src/node/output.ts';
import type { RelayPlace } from '../../../src/node/relay-place.ts';
import { ShortInvites } from '../../../src/node/short-invites.ts';
import { revokeMember } from '../../../src/station/membership-actions.ts';
import type { WaystationNode } from '../../../src/station/node.ts';
import type { Space } from '../../../src/station/space.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory.ts';
import { connect } from '../../node/in-process.ts';
import { NodeWorld } from '../station/node-world.ts';

const DAY_MS = 86_400_000;
const HERE: RelayPlace = {
  url: 'http://localhost:7070',
  hosts: ['ws://localhost:7070'],
  isLocal: true,
};

let world: NodeWorld;
let invites: ShortInvites;
let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
  world = new NodeWorld();
  invites = new ShortInvites({ clock: world.clock });
});
afterEach(async () => {
  stop.abort();
  await world.close();
});

/** All that a relay says, now and later. */
function relayOf(node: WaystationNode, own: Space | undefined, place = HERE) {
  const heard = { text: '', documents: '' };
  const output = createOutput(
    true,
    (line) => {
      heard.documents += line;
    },
    (line) => {
      heard.text += line;
    },
    80,
  );
  const saying = sayWhatNext({
    node,
    own,
    place,
    data: 'data/relay',
    output,
    invites,
    stopped: stop.signal,
  });
  return { heard, saying };
}

async function said(node: WaystationNode, own: Space | undefined, place = HERE) {
  const { heard, saying } = relayOf(node, own, place);
  await saying;
  const { text, documents } = heard;
  const told: Partial<Record<'link' | 'short' | 'code', string>> =
    documents === '' ? {} : JSON.parse(documents);
  return { text, ...told };
}

const grants = (space: Space) => space.replica.membership.outstandingInvites(world.clock.nowMs()).length;

describe('a relay that was started with --create', () => {
  it('shows the same invite at every start, in the text and as a document', async () => {
    const { node, space } = await world.founded();
    const first = await said(node, space);
    expect(parseInvite(first.link ?? '').space).toBe(space.id);
    expect(first.text).toContain(first.short);
    expect(first.text).not.toContain('#join=');
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

describe('the short code of a relay’s invite', () => {
  const ask = (code: string | undefined) => invites.ask(code ?? '', '192.168.1.77');

  it('leads to the whole invite, and is the same at every start', async () => {
    const { node, space } = await world.founded();
    const { link, code, short } = await said(node, space);
    expect(short).toBe(`http://localhost:7070/#j=${code}`);
    expect(ask(code)).toEqual({ kind: 'invite', link });
    invites = new ShortInvites({ clock: world.clock });
    expect((await said(node, space)).code).toBe(code);
    expect(ask(code)).toEqual({ kind: 'invite', link });
  });

  it('dies with the invite: when it ends, is withdrawn or used up', async () => {
    const { node, space } = await world.founded();
    const ended = await said(node, space);
    world.clock.advance(7 * DAY_MS + 1);
    expect(ask(ended.code).kind).toBe('unknown');

    const withdrawn = await said(node, space);
    expect(withdrawn.code).not.toBe(ended.code);
    const { membership } = space.replica;
    for (const { id } of membership.outstandingInvites(world.clock.nowMs()))
      await space.write('control', { kind: KIND.revoke, body: membership.withdrawalOf(id, 'test') });
    expect(ask(withdrawn.code).kind).toBe('unknown');
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

  async function shown() {
    const { node, space } = await world.founded();
    const { text } = await said(node, space, place);
    const all = text.trimEnd().split('\n');
    return { text, all, code: all.filter((line) => /[█▀▄]/.test(line)) };
  }

  it('ends with a code that leads to the invite, its link and what it is good for, within 24 lines of 80 columns', async () => {
    const { text, all, code } = await shown();
    expect(code.length).toBeGreaterThan(10);
    expect(code.length).toBeLessThanOrEqual(17);
    for (const line of code) expect([...line].length).toBeLessThanOrEqual(40);
    for (const line of all) expect([...line].length).toBeLessThanOrEqual(80);
    const last = all.slice(-23).join('\n');
    expect(last).toContain(code.join('\n'));
    expect(last).toMatch(/^ {2}http:\/\/192\.168\.1\.20:7070\/#j=[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$/m);
    expect(last).toContain('Scan this');
    expect(text).not.toContain('#join=');
    expect(text).toContain('npx waystation invite --data data/relay');
  });

  it('says the number to compare, where the app is on this computer, and what a public address is good for', async () => {
    const { text } = await shown();
    expect(text).toMatch(/AB:CD:\n {2}EF:01/);
    expect(text).toContain('On this computer the app is at http://localhost:7070');
    expect(text).toContain('203.0.113.7');
    expect(text).not.toContain('columns');
  });
});

describe('the invite on the screen of a relay that runs', () => {
  /** The next invite that is shown after this point. */
  async function next(heard: { text: string; documents: string }, act: () => Promise<void> | void) {
    const before = { ...heard };
    await act();
    world.clock.advance(2_000);
    await vi.waitFor(() => expect(heard.documents.length).toBeGreaterThan(before.documents.length));
    await vi.waitFor(() => expect(heard.text.slice(before.text.length)).toContain('Whoever has it can join'));
    const told: { link: string; code: string } = JSON.parse(heard.documents.slice(before.documents.length));
    return { ...told, text: heard.text.slice(before.text.length) };
  }

  const isGood = (code: string | undefined) => invites.ask(code ?? '', '192.168.1.77').kind === 'invite';

  it('is replaced, with a word why, when a device that came by it is removed', async () => {
    const { node, space } = await world.founded();
    const { heard, saying } = relayOf(node, space);
    await saying;
    const { link, code } = JSON.parse(heard.documents);
    const phone = await world.open();
    const its = await phone.join(parseInvite(link));
    connect(node, phone);
    await vi.waitFor(() => expect(its.isAdmitted).toBe(true));
    const other = await next(heard, () => revokeMember(space, phone.id));
    expect(other.text).toContain('That invite was withdrawn');
    expect(other.text).toContain(other.code);
    expect([isGood(code), isGood(other.code)]).toEqual([false, true]);
    expect(grants(space)).toBe(1);
  });

  it('is replaced when it is over, again and again, and not before', async () => {
    const { node, space } = await world.founded();
    const { heard, saying } = relayOf(node, space);
    await saying;
    world.clock.advance(7 * DAY_MS - 1);
    expect(heard.documents.split('\n')).toHaveLength(2);
    for (let week = 0; week < 2; week++) {
      const other = await next(heard, () => world.clock.advance(week === 0 ? 2 : 7 * DAY_MS));
      expect(other.text).toContain('That invite is over');
      expect(isGood(other.code)).toBe(true);
    }
  });

  it('that could not be made is made as soon as there is room, and the trouble is said once', async () => {
    const disk = new MemoryDisk();
    const { node, space } = await world.founded({ store: createMemoryStore(disk) });
    disk.setQuota(disk.usedBytes);
    const { heard, saying } = relayOf(node, space);
    await saying;
    world.clock.advance(61_000);
    await vi.waitFor(() => expect(space.replica.space).toBe(space.id));
    disk.setQuota(Number.POSITIVE_INFINITY);
    const made = await next(heard, () => world.clock.advance(120_000));
    expect(isGood(made.code)).toBe(true);
    expect(heard.text.match(/No invite could be made/g)).toHaveLength(1);
  });

  it('is looked after no more once the relay stops', async () => {
    const { node, space } = await world.founded();
    const { heard, saying } = relayOf(node, space);
    await saying;
    stop.abort();
    world.clock.advance(8 * DAY_MS);
    await space.settled();
    expect(heard.documents.split('\n')).toHaveLength(2);
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
