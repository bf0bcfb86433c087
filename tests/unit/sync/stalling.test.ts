/** Nobody can make two nodes talk without end, nor keep one from what others would give it, nor from being done. */

import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../src/core/bytes.ts';
import { feedIdFrom, idBytes } from '../../../src/core/ids.ts';
import { type Entry, headOf, PURPOSE } from '../../../src/feed/entry.ts';
import { MAX_BRANCHES_PER_FEED } from '../../../src/feed/feed-index.ts';
import { MAX_QUEUED_BYTES } from '../../../src/mesh/link-limits.ts';
import { ENTRY_BATCH_BYTES, MAX_ANSWER_BYTES, REQUEST_TIMEOUT_MS } from '../../../src/sync/limits.ts';
import { feedNameBytes } from '../../../src/sync/link-names.ts';
import { decodeMessage } from '../../../src/sync/messages.ts';
import { type Actor, bytesOf, START_MS, TestSpace } from '../identity/test-space.ts';
import { dataOf, EngineNode } from './engine-node.ts';
import { World } from './engine-world.ts';
import { RawPeer, wantOf } from './raw-peer.ts';

/** Longer than a request may take before another link is asked, a few times over. */
const LONG_MS = 4 * REQUEST_TIMEOUT_MS;

/** An admin, a relay, and an author whom `inviter` let in: revoking that from before makes the author unknown. */
function cutSetting() {
  const world = new World();
  const space = new TestSpace();
  const inviter = space.invite(space.admin, 'member', 'inviter');
  const author = space.invite(inviter, 'member', 'author');
  const carrier = space.invite(space.admin, 'member', 'carrier');
  const newcomer = space.invite(space.admin, 'member', 'newcomer');
  const relay = new EngineNode(world, space, carrier);
  const writer = new EngineNode(world, space, author);
  const link = world.connect(writer, relay);
  const entry = writer.write();
  world.advance(100);
  expect(relay.holdsEntry(entry)).toBe(true);
  link.close(writer, 'gone');
  world.pump();
  const cut = () => space.revoke(space.admin, inviter.node, []);
  return { world, space, relay, newcomer, entry, cut };
}

describe('an author whose admission is cut away', () => {
  it('while its entries are on their way: they are not taken, nor asked for without end', () => {
    const { world, space, relay, entry, cut } = cutSetting();
    const node = new EngineNode(world, space, space.admin);
    const link = world.connectOnly(node, relay);
    let answer: Bytes | undefined;
    link.intercept = (from, bytes) => {
      if (from === 0 || answer !== undefined || decodeMessage(bytes).name !== 'entries') return undefined;
      answer = bytes;
      return [];
    };
    world.pump();
    world.advance(100);
    if (answer === undefined) throw new Error('the relay did not answer');
    const asked = node.sentOf('wantEntries').length;
    node.publish(cut());
    node.receive(link, 'control', answer);
    world.advance(LONG_MS);
    expect(node.sentOf('wantEntries').length - asked).toBeLessThan(5);
    expect(node.holdsEntry(entry)).toBe(false);
    expect(link.closedBecause).toBeNull();
    const later = relay.write();
    world.advance(1_000);
    expect(node.holdsEntry(later)).toBe(true);
  });

  it('before a newcomer came: what others still hold of it does not keep the newcomer from being complete', () => {
    const { world, space, relay, newcomer, entry, cut } = cutSetting();
    relay.publish(cut());
    const entries = space.admin.written;
    const node = new EngineNode(world, space, newcomer, { entries });
    const link = world.connect(node, relay);
    world.advance(1_000);
    expect(node.session(link)?.compare.done).toBe(true);
    expect(node.holdsEntry(entry)).toBe(false);
    expect(node.session(link)?.toldIsHeld()).toBe(true);
  });
});

describe('a member that forks its feed more often than branches are kept', () => {
  it('keeps nobody from being complete', () => {
    const world = new World();
    const space = new TestSpace();
    const [author, carrier] = ['author', 'carrier'].map((name) => space.invite(space.admin, 'member', name));
    if (author === undefined || carrier === undefined) throw new Error('two members');
    const node = new EngineNode(world, space, space.admin);
    // Two nodes that hold different branches of it.
    const links = [0, 1].map((part) => {
      const other = new EngineNode(world, space, carrier);
      for (let i = 0; i < MAX_BRANCHES_PER_FEED; i++) {
        const writer = new EngineNode(new World(), space, author);
        other.publish(writer.write([], { timeMs: 1_000 + part * 100 + i }));
      }
      const link = world.connect(node, other);
      world.advance(60_000);
      return link;
    });
    expect(node.dropped('entries-limit')).toBeGreaterThan(0);
    for (const link of links.slice(1)) expect(node.session(link)?.toldIsHeld()).toBe(true);
  });
});

describe('a member that tells of a control feed and gives', () => {
  /** A liar that was asked for the admin's news first; an honest neighbour that has them and an hour of its own. */
  function liarSetting(count: number) {
    const world = new World();
    const space = new TestSpace();
    const [bad, good, newcomer] = ['liar', 'honest', 'newcomer'].map((name) =>
      space.invite(space.admin, 'member', name),
    ) as [Actor, Actor, Actor];
    const before = space.entries.slice();
    const news = Array.from({ length: count }, () => space.grant(space.admin, 'reader').grant);
    const last = news.at(-1) as Entry;
    const node = new EngineNode(world, space, newcomer, { entries: before });
    const honest = new EngineNode(world, space, good, { entries: [...before, ...news] });
    const hour = honest.write();
    const liar = new RawPeer(world, bad);
    const link = world.connect(liar, node);
    liar.say('open');
    liar.say('ranges', [[null, null, 0, new Uint8Array(16)]]);
    liar.tell(last);
    expect(liar.of('wantEntries').at(-1)?.fields[2].at(-1)?.[2]).toEqual(idBytes(last.id).slice(0, 8));
    world.connect(honest, node);
    return { world, space, node, liar, link, news, last, hour };
  }

  it('entries from elsewhere in it, again and again: others are asked', () => {
    const { world, space, node, liar, last, hour } = liarSetting(1);
    for (let i = 0; i < 4; i++) {
      world.advance(REQUEST_TIMEOUT_MS - 5_000);
      if (liar.closed === null) liar.answer(headOf(last), [space.genesis], false);
    }
    expect(node.holdsEntry(last)).toBe(true);
    expect(node.holdsEntry(hour)).toBe(true);
    expect(node.dropped('entries-out-of-place')).toBeGreaterThan(0);
  });

  it('one entry at a time, as late as it may: others are asked', () => {
    const { world, node, liar, news, last, hour } = liarSetting(20);
    for (const entry of news.slice(0, 4)) {
      world.advance(REQUEST_TIMEOUT_MS - 1_000);
      if (liar.closed === null) liar.answer(headOf(last), [entry], false);
    }
    expect(node.holdsEntry(last)).toBe(true);
    expect(node.holdsEntry(hour)).toBe(true);
  });

  it('invented heads, one after the other, and nothing of any: others are asked', () => {
    const { world, space, node, liar, last, hour } = liarSetting(1);
    const { author, feed } = last.header;
    for (let seq = 100; seq < 110; seq++) {
      liar.say('heads', [[feedNameBytes(author, feed), PURPOSE.control, seq, bytesOf(`invented ${seq}`)]]);
    }
    expect(space.admin.node).toBe(author);
    world.advance(REQUEST_TIMEOUT_MS + 5_000);
    expect(node.holdsEntry(hour)).toBe(true);
    expect(node.holdsEntry(last)).toBe(true);
  });

  it('nothing at all: others are asked', () => {
    const { world, node, last, hour } = liarSetting(1);
    world.advance(LONG_MS);
    expect(node.holdsEntry(last)).toBe(true);
    expect(node.holdsEntry(hour)).toBe(true);
  });
});

describe('a peer that reads nothing', () => {
  /** Entries as large as hours with many columns, `count` of them in each of `feeds` feeds. */
  function wideFeeds(feeds: number, count: number) {
    const world = new World();
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'member');
    const host = new EngineNode(world, space, space.admin);
    const heads = Array.from({ length: feeds }, (_, feed) => {
      let last: Entry | undefined;
      for (let seq = 0; seq < count; seq++) {
        const header = {
          space: space.id,
          author: space.admin.node,
          feed: feedIdFrom(bytesOf(`wide ${feed}`, 16)),
          purpose: PURPOSE.data,
          seq,
          previous: last?.id ?? null,
          lamport: 100 + seq,
          timeMs: START_MS + 1_000,
          kind: 99,
          blobs: [],
          epoch: null,
          seen: [],
          succeeds: null,
        };
        last = space.admin.signEntry(header, dataOf(`wide ${feed} ${seq}`, 60_000));
        host.publish(last);
      }
      return headOf(last as Entry);
    });
    return { world, space, member, host, heads };
  }

  it('is handed one bounded answer to a request, however much that asked for', () => {
    const { world, member, host, heads } = wideFeeds(1, 40);
    const peer = new RawPeer(world, member);
    const link = world.connect(peer, host);
    peer.say('open');
    const [head] = heads as [ReturnType<typeof headOf>];
    const until = host.sent.length;
    peer.say('wantEntries', [wantOf(head)]);
    const handed = host.sent.slice(until).reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(handed).toBeGreaterThan(ENTRY_BATCH_BYTES);
    expect(handed).toBeLessThan(MAX_ANSWER_BYTES + 2 * 65_536);
    expect(peer.of('entries').at(-1)?.fields[4]).toBe(true);
    expect(link.closedBecause).toBeNull();
  });

  it('but asks on when it reads again gets all of it', () => {
    const { world, member, host, heads } = wideFeeds(3, 20);
    const node = new EngineNode(world, host.space, member);
    const link = world.connect(node, host);
    world.advance(10_000);
    for (const head of heads) expect(node.replica.index.has(head)).toBe(true);
    expect(node.session(link)?.toldIsHeld()).toBe(true);
    expect([...node.engine.dropped, ...host.engine.dropped]).toEqual([]);
  });

  it('has asked, when it is honest, for less than a link lets wait', () => {
    const { world, member, host } = wideFeeds(60, 5);
    const node = new EngineNode(world, host.space, member);
    const waiting: Bytes[] = [];
    world.connect(node, host, {
      intercept: (from, bytes) => {
        if (from === 0 || decodeMessage(bytes).name !== 'entries') return undefined;
        waiting.push(bytes);
        return [];
      },
    });
    const handed = waiting.reduce((sum, bytes) => sum + bytes.length, 0);
    expect(handed).toBeGreaterThan(ENTRY_BATCH_BYTES);
    expect(handed).toBeLessThan(MAX_QUEUED_BYTES);
  });
});
