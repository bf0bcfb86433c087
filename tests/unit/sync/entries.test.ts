/** Entries over a link: what is asked for, what is believed, what is served. */

import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../src/core/bytes.ts';
import { type FeedId, idBytes } from '../../../src/core/ids.ts';
import {
  assembleEntry,
  type Entry,
  encodeHeader,
  encodePayload,
  entryVerification,
  headOf,
  PURPOSE,
} from '../../../src/feed/entry.ts';
import { MAX_LAMPORT } from '../../../src/feed/feed-index.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import { BODY } from '../../../src/identity/bodies.ts';
import {
  MAX_ENTRIES_PER_WANT,
  MAX_QUEUED_ENTRY_WANTS,
  MAX_STRIKES,
  MAX_WANTS_PER_MESSAGE,
  REQUEST_TIMEOUT_MS,
} from '../../../src/sync/limits.ts';
import { feedNameBytes } from '../../../src/sync/link-names.ts';
import { Actor, bytesOf, nodeCrypto, TestSpace } from '../identity/test-space.ts';
import { EngineNode } from './engine-node.ts';
import { World } from './engine-world.ts';
import { RawPeer, wantOf, wholeRun } from './raw-peer.ts';

function setting(names: readonly string[] = ['member']) {
  const world = new World();
  const space = new TestSpace();
  const members = names.map((name) => space.invite(space.admin, 'member', name));
  return { world, space, members, member: members[0] as Actor };
}

/** A node, and a member that says what the test wants, each having opened the space to the other. */
function withRawMember() {
  const { world, space, member } = setting();
  const node = new EngineNode(world, space, space.admin);
  const peer = new RawPeer(world, member);
  const link = world.connect(peer, node);
  peer.say('open');
  peer.say('ranges', [[null, null, 0, new Uint8Array(16)]]);
  // Entries that the member has written and the node does not have.
  const away = new EngineNode(new World(), space, member);
  return { world, space, node, peer, link, member, write: () => away.write(), away };
}

function wantFor(entry: Entry, from = 0) {
  return wantOf(headOf(entry), from);
}

function headIds(node: EngineNode): string[] {
  return node.replica.index
    .heads()
    .map((head) => head.id)
    .sort();
}

describe('entries', () => {
  it('come to be the same at both ends, control and data, of every author', () => {
    const { world, space, members } = setting(['a', 'b', 'c']);
    const [a, b] = members.map((actor) => new EngineNode(world, space, actor));
    if (a === undefined || b === undefined) throw new Error('two nodes');
    for (let i = 0; i < 20; i++) a.write();
    for (let i = 0; i < 7; i++) b.write();
    a.publish(space.grant(members[0] as Actor, 'reader').grant);
    const link = world.connect(a, b);
    world.advance(100);
    expect(headIds(a)).toEqual(headIds(b));
    expect(a.session(link)?.toldIsHeld()).toBe(true);
    expect([...a.engine.dropped, ...b.engine.dropped]).toEqual([]);
  });

  it('written while linked are told within a moment, over as many hops as there are', () => {
    const { world, space, members } = setting(['a', 'b', 'c', 'd']);
    const nodes = members.map((actor) => new EngineNode(world, space, actor));
    for (let i = 1; i < nodes.length; i++) world.connect(nodes[i - 1] as EngineNode, nodes[i] as EngineNode);
    const [first, last] = [nodes[0] as EngineNode, nodes.at(-1) as EngineNode];
    const entry = first.write();
    world.advance(200);
    expect(last.holdsEntry(entry)).toBe(true);
    // Nobody is told twice, nor told back what it told. Its author sends it unasked, the others are asked for it.
    const said = (name: 'news' | 'heads' | 'wantEntries') => nodes.map((node) => node.sentOf(name).length);
    expect(said('news')).toEqual([1, 0, 0, 0]);
    expect(said('heads')).toEqual([0, 1, 1, 0]);
    expect(said('wantEntries')).toEqual([0, 0, 1, 1]);
  });

  it('of a feed longer than one request are all fetched, each once', () => {
    const { world, space, members } = setting(['writer', 'reader']);
    const [writer, reader] = members.map((actor) => new EngineNode(world, space, actor));
    if (writer === undefined || reader === undefined) throw new Error('two nodes');
    const count = MAX_ENTRIES_PER_WANT + 300;
    for (let i = 0; i < count; i++) writer.write();
    world.connect(reader, writer);
    world.advance(1_000);
    expect(headIds(reader)).toEqual(headIds(writer));
    const entries = writer.sentOf('entries').reduce((sum, { bytes }) => sum + bytes.length, 0);
    const stored = [...writer.disk.logs.values()].flat().reduce((sum, bytes) => sum + bytes.length, 0);
    expect(entries).toBeLessThan(stored * 1.1);
    // One signature for each run, not for each entry.
    expect(reader.requests.get('verify') ?? 0).toBeLessThan(count / 5);
  });

  it('are given up to one whose own signature was checked, even in the middle of a checked run', () => {
    const { world, space, members } = setting(['writer', 'between']);
    const [writer, between] = members.map((actor) => new EngineNode(world, space, actor));
    if (writer === undefined || between === undefined) throw new Error('two nodes');
    const entries = Array.from({ length: 10 }, () => writer.write());
    world.connect(between, writer);
    const { branch } = between.replica.index.place(entries);
    expect(branch.entries.map((meta) => meta.verified)).toEqual([...Array(9).fill(false), true]);

    const asking = new RawPeer(world, space.admin);
    world.connect(asking, between);
    asking.say('wantEntries', [wantFor(entries[5] as Entry)]);
    const [answer] = asking.of('entries');
    const got = answer === undefined ? [] : asking.entriesOf(answer, space.id);
    expect(got.map((entry) => entry.id)).toEqual(entries.slice(0, 6).map((entry) => entry.id));
    expect(nodeCrypto.verify([entryVerification(got.at(-1) as Entry)])).toEqual([true]);
    expect(branch.entries[5]?.verified).toBe(true);
  });

  it('are not given at all when the one to end with was spoilt on disk', () => {
    const { world, space, members } = setting(['writer', 'between']);
    const [writer, between] = members.map((actor) => new EngineNode(world, space, actor));
    if (writer === undefined || between === undefined) throw new Error('two nodes');
    const entries = Array.from({ length: 10 }, () => writer.write());
    world.connect(between, writer);
    const { branch } = between.replica.index.place(entries);
    const log = between.disk.logs.get(branch.name) as Bytes[];
    for (const change of [
      (bytes: Bytes) => bytes.with(bytes.length - 1, (bytes.at(-1) as number) ^ 1) as Bytes,
      (bytes: Bytes) => bytes.slice(0, 20) as Bytes,
      () => new Uint8Array(3),
    ]) {
      log[5] = change(entries[5]?.bytes as Bytes);
      const asking = new RawPeer(world, space.admin);
      const link = world.connect(asking, between);
      asking.say('wantEntries', [wantFor(entries[5] as Entry, 5)]);
      expect(asking.of('entries').map((one) => [one.fields[3][3].length, one.fields[4]])).toEqual([
        [0, true],
      ]);
      link.close(asking, 'done');
      world.pump();
    }
  });

  it('of kinds that this version does not know are kept and passed on', () => {
    const { world, space, members } = setting(['a', 'b', 'c']);
    const nodes = members.map((actor) => new EngineNode(world, space, actor));
    const [a, b, c] = nodes as [EngineNode, EngineNode, EngineNode];
    const entry = a.write([], { kind: 4_711 });
    world.connect(a, b);
    world.connect(b, c);
    world.advance(100);
    expect(c.holdsEntry(entry)).toBe(true);
  });

  it('of a forked feed reach both sides, branch by branch, and the fork is noticed', () => {
    const { world, space, members } = setting(['forked', 'left', 'right']);
    const [author, left, right] = members as [Actor, Actor, Actor];
    const one = new EngineNode(world, space, author);
    for (let i = 0; i < 30; i++) one.write();
    const backup = new EngineNode(world, space, author, {
      entries: [...space.entries, ...one.data.slice(0, 12)],
    });
    for (let i = 0; i < 25; i++) backup.write([], { timeMs: 7 });
    const a = new EngineNode(world, space, left);
    const b = new EngineNode(world, space, right);
    const first = world.connect(a, one);
    const second = world.connect(b, backup);
    world.advance(100);
    first.close(a, 'done');
    second.close(b, 'done');
    world.pump();
    expect(headIds(a)).not.toEqual(headIds(b));
    world.connect(a, b);
    world.advance(2_000);
    expect(headIds(a)).toEqual(headIds(b));
    expect(a.noticed('forked')).toMatchObject([{ author: author.node }]);
    expect(b.noticed('forked')).toMatchObject([{ author: author.node }]);
    for (const entry of [...one.data, ...backup.data]) {
      expect(a.holdsEntry(entry)).toBe(true);
      expect(b.holdsEntry(entry)).toBe(true);
    }
    expect([...a.engine.dropped, ...b.engine.dropped]).toEqual([]);
  });

  it('of a fork that began further back than one request reaches are fetched too', () => {
    const { world, space, members } = setting(['forked', 'left', 'right']);
    const [author, left, right] = members as [Actor, Actor, Actor];
    const one = new EngineNode(world, space, author);
    for (let i = 0; i < 10; i++) one.write();
    const backup = new EngineNode(world, space, author, { entries: [...space.entries, ...one.data] });
    for (let i = 0; i < MAX_ENTRIES_PER_WANT + 200; i++) one.write();
    for (let i = 0; i < MAX_ENTRIES_PER_WANT + 100; i++) backup.write([], { timeMs: 7 });
    const a = new EngineNode(world, space, left);
    const b = new EngineNode(world, space, right);
    world.connect(a, one);
    world.connect(b, backup);
    world.advance(100);
    world.connect(a, b);
    world.advance(5_000);
    expect(headIds(a)).toEqual(headIds(b));
    expect(a.replica.index.branchesOf(author.node, one.data[0]?.header.feed as FeedId)).toHaveLength(2);
  });

  it('of a fork at position 0 are fetched too', () => {
    const { world, space, members } = setting(['forked', 'other']);
    const [author, other] = members as [Actor, Actor];
    const one = new EngineNode(world, space, author);
    const two = new EngineNode(world, space, author);
    for (let i = 0; i < 4; i++) one.write();
    for (let i = 0; i < 2; i++) two.write([], { timeMs: 7 });
    const node = new EngineNode(world, space, other);
    const first = world.connect(node, one);
    world.advance(100);
    first.close(node, 'done');
    world.connect(node, two);
    world.advance(1_000);
    for (const entry of [...one.data, ...two.data]) expect(node.holdsEntry(entry)).toBe(true);
  });
});

describe('entries that a member lies about', () => {
  it('are looked at only when they were asked for', () => {
    const { node, peer, write } = withRawMember();
    const entry = write();
    peer.answer(headOf(entry), [entry]);
    expect(node.dropped('entries-not-asked-for')).toBe(1);
    expect(node.holdsEntry(entry)).toBe(false);
  });

  it('are not kept when signature, order, feed or space is wrong, and three lies close the link', () => {
    const { space, away } = withRawMember();
    const good = Array.from({ length: 4 }, () => away.write());
    const [e0, e1, e2, e3] = good as [Entry, Entry, Entry, Entry];
    const forge = (entry: Entry, change: Partial<Entry['header']>): Entry =>
      away.actor.signEntry({ ...entry.header, ...change }, entry.body);
    const unsigned = (entry: Entry): Entry =>
      assembleEntry(
        entry.header,
        entry.body,
        encodePayload(encodeHeader(entry.header), entry.body),
        bytesOf('no signature', 32).slice(0, 32).length === 32
          ? new Uint8Array(64).fill(7)
          : new Uint8Array(64),
      );
    const lies: readonly (readonly [string, readonly Entry[], Entry])[] = [
      ['a last signature that does not fit', [e0, e1, e2, unsigned(e3)], unsigned(e3)],
      ['a hole', [e0, e2, e3], e3],
      ['an entry out of order', [e0, e1, e3, e2], e3],
      ['another entry inside', [e0, forge(e1, { timeMs: 1 }), e2, e3], e3],
      ['an entry of another space', [forge(e0, { space: new TestSpace(true).id })], e0],
      ['an entry of another feed', [forge(e0, { feed: '00'.repeat(16) as never })], e0],
      [
        'an entry of another author',
        [space.admin.signEntry({ ...e0.header, author: space.admin.node }, e0.body)],
        e0,
      ],
      ['a genesis entry', [space.genesis], e0],
      [
        'an absurd Lamport number',
        [forge(e0, { lamport: MAX_LAMPORT + 1 })],
        forge(e0, { lamport: MAX_LAMPORT + 1 }),
      ],
    ];
    for (const [what, run, told] of lies) {
      const { node, peer, link } = withRawMember();
      const before = headIds(node);
      for (let i = 0; i < MAX_STRIKES; i++) {
        expect(link.closedBecause, what).toBeNull();
        peer.tell(told);
        expect(peer.of('wantEntries').length, what).toBe(i + 1);
        peer.answer(headOf(told), run);
      }
      expect(link.closedBecause, what).toMatch(/too much wrong data/);
      expect(headIds(node), what).toEqual(before);
      expect(node.requests.get('append') ?? 0, what).toBe(0);
    }
  });

  it('from elsewhere in the feed than asked for are left over from an older request: passed over', () => {
    const { world, node, peer, link, away } = withRawMember();
    const entries = Array.from({ length: 6 }, () => away.write());
    const last = entries.at(-1) as Entry;
    peer.tell(last);
    peer.answer(headOf(last), entries.slice(2), true);
    peer.answer(headOf(last), entries.slice(0, 3), false);
    peer.answer(headOf(last), entries.slice(4), true);
    expect(node.dropped('entries-out-of-place')).toBe(2);
    expect(node.holdsEntry(entries[2] as Entry)).toBe(true);
    peer.answer(headOf(last), entries.slice(3), true);
    expect(node.holdsEntry(last)).toBe(true);
    expect(link.closedBecause).toBeNull();
    world.advance(1_000);
    expect(node.session(link)?.entries.nextDueMs()).toBeNull();
  });

  it('that come faster than they can be written are asked for again, not kept in memory', () => {
    const { node, peer, away } = withRawMember();
    const entries = Array.from({ length: 60 }, () => away.write());
    const last = entries.at(-1) as Entry;
    node.holding.add('verify');
    peer.tell(last);
    peer.answer(headOf(last), entries.slice(0, 5), false);
    const padding = new Uint8Array(60_000);
    const { author, feed } = last.header;
    for (let sent = 0; node.dropped('entries-too-fast') === 0 && sent < 2_000; sent++) {
      peer.say('entries', feedNameBytes(author, feed), wholeRun([padding, padding, padding]), false);
    }
    expect(node.dropped('entries-too-fast')).toBe(1);
    expect(peer.raw.length).toBeLessThan(200);
  });

  it('that are no entries at all are refused', () => {
    const { node, peer, link, write } = withRawMember();
    const entry = write();
    const { author, feed } = entry.header;
    for (const bytes of [new Uint8Array(0), new Uint8Array(500).fill(0x81), entry.bytes.slice(0, 50)]) {
      peer.tell(entry);
      peer.say('entries', feedNameBytes(author, feed), wholeRun([bytes as Bytes]), true);
    }
    expect(link.closedBecause).toMatch(/too much wrong data/);
    expect(node.holdsEntry(entry)).toBe(false);
  });

  it('in a control feed need every signature, not only the last', () => {
    const { space, member, node, peer } = withRawMember();
    const first = space.grant(member, 'reader').grant;
    const { header, body } = space.grant(member, 'reader').grant;
    // Only the author itself can do this: link an entry with a wrong signature into its feed.
    const unsigned = assembleEntry(
      first.header,
      first.body,
      encodePayload(encodeHeader(first.header), first.body),
      new Uint8Array(64).fill(9),
    );
    const second = member.signEntry({ ...header, previous: unsigned.id }, body);
    peer.tell(second);
    peer.answer(headOf(second), [unsigned, second]);
    expect(node.dropped('entries-bad-signature')).toBe(1);
    expect(node.holdsEntry(second)).toBe(false);
    expect(node.replica.membership.grant(unsigned.id)).toBeUndefined();
  });

  it('may not admit anybody by a redemption that was not signed with the invite key', () => {
    const { space, member, node, peer } = withRawMember();
    const invitation = space.grant(space.admin, 'member');
    node.publish(invitation.grant);
    const guest = new Actor('guest');
    const redemption = { ...space.redeem(invitation, new Actor('another')), node: guest.node };
    const { inviteKey } = BODY.grant.decode(invitation.grant.body);
    const admit = space.write(
      member,
      KIND.admit,
      BODY.admit.encode({ grant: invitation.grant.id, inviteKey, redemption }),
    );
    peer.tell(admit);
    peer.answer(headOf(admit), [admit]);
    expect(node.dropped('entries-bad-signature')).toBe(1);
    expect(node.replica.membership.isActive(guest.node)).toBe(false);
  });

  it('of nobody whom we know are not asked for', () => {
    const { world, space, node, peer } = withRawMember();
    const stranger = new EngineNode(new World(), space, new Actor('stranger'), {
      credential: new Uint8Array(1),
    });
    const entry = stranger.write();
    peer.tell(entry);
    peer.answer(headOf(entry), [entry]);
    world.advance(120_000);
    expect(peer.of('wantEntries')).toEqual([]);
    expect(node.holdsEntry(entry)).toBe(false);
  });

  it('that their author’s role does not allow are not kept, nor anything behind them', () => {
    const { world, space } = setting();
    const reader = space.invite(space.admin, 'reader', 'reader');
    const node = new EngineNode(world, space, space.admin);
    const peer = new RawPeer(world, reader);
    const link = world.connect(peer, node);
    peer.say('open');
    const away = new EngineNode(new World(), space, reader);
    const [allowed, forbidden, behind] = [KIND.profile, KIND.hour, KIND.profile].map((kind) =>
      away.write([], { kind }),
    ) as [Entry, Entry, Entry];
    peer.tell(behind);
    peer.answer(headOf(behind), [allowed, forbidden, behind]);
    expect(node.dropped('entry-role')).toBe(1);
    expect([allowed, forbidden, behind].map((entry) => node.holdsEntry(entry))).toEqual([true, false, false]);
    expect(link.closedBecause).toBeNull();
    // What will never come does not keep anybody waiting.
    peer.tell(behind);
    world.advance(300_000);
    expect(peer.of('wantEntries').length).toBeLessThan(4);
  });

  it('that do not exist are given up after a few questions', () => {
    const { world, node, peer, write } = withRawMember();
    const entries = Array.from({ length: 40 }, write);
    const last = entries.at(-1) as Entry;
    peer.tell(last);
    peer.answer(headOf(last), entries);
    expect(node.holdsEntry(last)).toBe(true);
    // Another id at a position in the middle: is it a fork, and from where?
    const invented = { ...headOf(entries[30] as Entry), id: last.id };
    peer.say('heads', [
      [feedNameBytes(invented.author, invented.feed), PURPOSE.data, invented.seq, idBytes(invented.id)],
    ]);
    const asked = () => peer.of('wantEntries').length;
    for (let i = 0; i < 60; i++) {
      const before = asked();
      const [want] = peer.of('wantEntries').at(-1)?.fields[2] ?? [];
      const from = want?.[3] ?? 0;
      peer.answer(invented, entries.slice(from, 31));
      world.advance(1_000);
      if (asked() === before) break;
    }
    expect(asked()).toBeLessThan(50);
    const settled = asked();
    world.advance(600_000);
    expect(asked()).toBe(settled);
  });

  it('and never come are asked of others', () => {
    const { world, space, node, peer, away } = withRawMember();
    const entry = away.write();
    peer.tell(entry);
    expect(peer.of('wantEntries')).toHaveLength(1);
    const other = new EngineNode(world, space, space.invite(space.admin, 'member', 'other'));
    for (const one of space.entries.slice(-2)) node.publish(one);
    other.engine.localEntries(space.id, [entry], world.nowMs);
    other.disk.logs.set(`${entry.header.author}.${entry.header.feed}`, [entry.bytes]);
    world.connect(other, node);
    world.advance(REQUEST_TIMEOUT_MS - 2_000);
    expect(node.holdsEntry(entry)).toBe(false);
    world.advance(4_000);
    expect(node.holdsEntry(entry)).toBe(true);
  });

  it('are asked of others at once when the link breaks', () => {
    const { world, space, node, peer, away, link } = withRawMember();
    const entry = away.write();
    peer.tell(entry);
    const other = new EngineNode(world, space, space.invite(space.admin, 'member', 'other'));
    for (const one of space.entries.slice(-2)) node.publish(one);
    other.engine.localEntries(space.id, [entry], world.nowMs);
    other.disk.logs.set(`${entry.header.author}.${entry.header.feed}`, [entry.bytes]);
    world.connect(other, node);
    expect(node.holdsEntry(entry)).toBe(false);
    link.close(peer, 'gone');
    world.pump();
    expect(node.holdsEntry(entry)).toBe(true);
  });
});

describe('requests for entries', () => {
  it('that are more than a peer may have waiting are dropped, and the others are answered', () => {
    const { node, peer } = withRawMember();
    const entry = node.write();
    node.holding.add('readEntries');
    const flood = Array.from({ length: MAX_WANTS_PER_MESSAGE }, () => wantFor(entry));
    for (let i = 0; i < (4 * MAX_QUEUED_ENTRY_WANTS) / MAX_WANTS_PER_MESSAGE; i++)
      peer.say('wantEntries', flood);
    expect(node.dropped('too-many-entry-wants')).toBeGreaterThan(0);
    expect(node.heldRequests).toHaveLength(1);
    node.holding.clear();
    node.release();
    const answers = node.sentOf('entries').length;
    expect(answers).toBeGreaterThan(0);
    expect(answers).toBeLessThanOrEqual(MAX_QUEUED_ENTRY_WANTS);
  });

  it('for what is not held, or from beyond the end, are answered with nothing', () => {
    const { node, peer } = withRawMember();
    const entry = node.write();
    const wants = [
      wantFor(entry, 1),
      wantFor(entry, Number.MAX_SAFE_INTEGER),
      wantFor({ ...entry, header: { ...entry.header, seq: 5 } }),
      wantFor({ ...entry, header: { ...entry.header, seq: Number.MAX_SAFE_INTEGER } }),
      wantFor({ ...entry, id: '11'.repeat(32) as never }),
      wantFor({ ...entry, header: { ...entry.header, feed: '22'.repeat(16) as never } }),
    ];
    peer.say('wantEntries', wants);
    const answers = peer.of('entries');
    expect(answers).toHaveLength(wants.length);
    for (const { fields } of answers) expect([fields[3][3].length, fields[4]]).toEqual([0, true]);
    expect(node.requests.get('readEntries') ?? 0).toBe(0);
  });

  it('are all answered when reading fails', () => {
    const { node, peer } = withRawMember();
    const entry = node.write();
    node.failing.set('readEntries', new Error('the disk is gone'));
    peer.say('wantEntries', [wantFor(entry), wantFor(entry)]);
    expect(peer.of('entries').map(({ fields }) => [fields[3][3].length, fields[4]])).toEqual([
      [0, true],
      [0, true],
    ]);
  });
});
