/** News: a node’s own entries go unasked to who has what stands before them; what is taken of them, and what is not. */
import { describe, expect, it } from 'vitest';
import { type Bytes, concatBytes } from '../../../src/core/bytes.ts';
import { type EntryId, idBytes } from '../../../src/core/ids.ts';
import { type Entry, headOf } from '../../../src/feed/entry.ts';
import { runToWire } from '../../../src/sync/entry-wire.ts';
import { MAX_NAMES, MAX_NAMES_PER_MESSAGE, MAX_STRIKES } from '../../../src/sync/limits.ts';
import { feedNameBytes, LinkNames } from '../../../src/sync/link-names.ts';
import type { Message } from '../../../src/sync/messages.ts';
import { type Actor, bytesOf, TestSpace } from '../identity/test-space.ts';
import { dataOf, EngineNode } from './engine-node.ts';
import { World } from './engine-world.ts';
import { RawPeer, wholeRun } from './raw-peer.ts';

type Run = Message<'news'>['fields'][3];

function withRawMember() {
  const world = new World();
  const space = new TestSpace();
  const member = space.invite(space.admin, 'member', 'member');
  const node = new EngineNode(world, space, space.admin);
  const peer = new RawPeer(world, member);
  const link = world.connect(peer, node);
  peer.say('open');
  peer.say('ranges', [[null, null, 0, new Uint8Array(16)]]);
  peer.say('compared', [[null, null, null]]);
  const away = new EngineNode(new World(), space, member);
  /** These entries of the member, as news. */
  const runOf = (entries: readonly Entry[], isNext = true): Run => {
    const { author, feed } = (entries[0] as Entry).header;
    const bytes = entries.map((entry) => entry.bytes);
    return runToWire(new LinkNames(), space.id, { author, feed }, bytes, isNext);
  };
  const say = (entries: readonly Entry[], run = runOf(entries)) => {
    const { author, feed } = (entries[0] as Entry).header;
    peer.say('news', feedNameBytes(author, feed), run);
  };
  return { world, space, node, peer, link, member, away, say, runOf };
}

function pair() {
  const world = new World();
  const space = new TestSpace();
  const [a, b] = ['a', 'b'].map((name) => space.invite(space.admin, 'member', name)) as [Actor, Actor];
  const [writer, reader] = [new EngineNode(world, space, a), new EngineNode(world, space, b)];
  const link = world.connect(writer, reader);
  world.advance(1_000);
  return { world, space, writer, reader, link };
}

describe('news', () => {
  it('brings an entry and that its blobs are held: nothing is asked but the blob, nothing said but that it has come', () => {
    const { world, writer, reader } = pair();
    writer.write([dataOf('first', 5_000)]);
    world.advance(5_000);
    const until = [writer.sent.length, reader.sent.length] as const;
    const blob = dataOf('second', 5_000);
    const entry = writer.write([blob]);
    world.advance(5_000);
    expect([reader.holdsEntry(entry), reader.holdsBlob(blob)]).toEqual([true, true]);
    expect(writer.sent.slice(until[0]).map(({ name }) => name)).toEqual(['news', 'chunk']);
    expect(reader.sent.slice(until[1]).map(({ name }) => name)).toEqual(['wantChunks', 'have']);
    expect([...writer.engine.dropped, ...reader.engine.dropped]).toEqual([]);
  });

  it('of many entries written at once is one message, and more than a message is told as a head', () => {
    const { world, writer, reader } = pair();
    writer.write();
    world.advance(1_000);
    const few = Array.from({ length: 5 }, () => writer.write());
    world.advance(1_000);
    const many = Array.from({ length: 200 }, () => writer.write());
    world.advance(5_000);
    expect([...few, ...many].every((entry) => reader.holdsEntry(entry))).toBe(true);
    expect(writer.sentOf('heads')).toHaveLength(1);
    const after = writer.write();
    world.advance(1_000);
    expect(reader.holdsEntry(after)).toBe(true);
    expect(writer.sentOf('heads')).toHaveLength(1);
  });

  it('that blobs are held is not meant when one is not: then it is told as a head', () => {
    const { world, writer, reader } = pair();
    const lost = dataOf('lost', 5_000);
    const entry = writer.write([lost]);
    const [ref] = entry.header.blobs;
    writer.engine.blobLost(writer.space.id, `${ref?.root}-${ref?.size}`, world.nowMs);
    world.advance(1_000);
    expect(writer.sentOf('news')).toHaveLength(0);
    expect(reader.holdsEntry(entry)).toBe(true);
    const { author, feed, seq } = entry.header;
    expect(reader.engine.holders(reader.space.id, `${author}.${feed}`, seq)).toBe(0);
  });

  it('of an entry that came from elsewhere before still says where its blobs are to be had', () => {
    const { world, node, peer, away, say } = withRawMember();
    const entry = away.write([dataOf('hour', 500)]);
    node.publish(entry);
    world.advance(100);
    expect(peer.of('wantChunks')).toHaveLength(0);
    say([entry]);
    expect(peer.of('wantChunks')).toHaveLength(1);
  });

  it('of blobs that are lost or let go of before they were fetched is taken back, also from who holds all that is left', () => {
    const { world, writer, reader, link } = pair();
    writer.write([dataOf('first', 5_000)]);
    world.advance(5_000);
    reader.holding.add('writeLeaves');
    const { header } = writer.write([dataOf('second', 5_000)]);
    world.advance(1_000);
    const feed = `${header.author}.${header.feed}`;
    const believed = () => [0, 1].map((seq) => reader.session(link)?.holdings.theyHold(feed, seq));
    expect(believed()).toEqual([true, true]);
    const [ref] = header.blobs;
    writer.engine.putAway(writer.space.id, `${ref?.root}-${ref?.size}`, world.nowMs);
    writer.run();
    world.advance(1_000);
    expect(believed()).toEqual([true, false]);
  });

  it('is taken from its author, restored to the very bytes that were signed', () => {
    const { node, away, say, space } = withRawMember();
    const entries = [away.write(), away.write([dataOf('hour', 500)]), away.write()];
    say(entries.slice(0, 1));
    say(entries.slice(1));
    expect(entries.map((entry) => node.holdsEntry(entry))).toEqual([true, true, true]);
    const { author, feed } = (entries[0] as Entry).header;
    expect(node.disk.logs.get(`${author}.${feed}`)).toEqual(entries.map(({ bytes }) => bytes));
    expect(space.id).toBe(entries[0]?.header.space);
  });

  it('of another author’s entries is wrong data', () => {
    const { node, link, say, space } = withRawMember();
    const other = new EngineNode(new World(), space, space.invite(space.admin, 'member', 'other'));
    for (const one of space.entries.slice(-2)) node.publish(one);
    const entry = other.write();
    for (let i = 0; i < MAX_STRIKES; i++) say([entry]);
    expect(node.holdsEntry(entry)).toBe(false);
    expect(link.closedBecause).toMatch(/too much wrong data/);
  });

  it.each([0, 1, 2, 3, 4, 5])(
    'changed in one field (%i) gives another id, which its signature does not fit',
    (field) => {
      const { node, away, say, runOf, link } = withRawMember();
      const first = away.write();
      const second = away.write();
      const [purpose, seq, before, [item]] = runOf([second]);
      if (item === undefined || item instanceof Uint8Array) throw new Error('expected a short form');
      const [time, lamport, kind, epoch, blobs, body, signature] = item;
      say([first]);
      expect(node.holdsEntry(first)).toBe(true);
      const changed = [
        [time + 1, lamport, kind, epoch, blobs, body, signature],
        [time, lamport + 1, kind, epoch, blobs, body, signature],
        [time, lamport, kind, idBytes(first.id), blobs, body, signature],
        [time, lamport, kind, epoch, [[bytesOf('root'), 9]], body, signature],
        [time, lamport, kind, epoch, blobs, bytesOf('other'), signature],
        [time, lamport, kind, epoch, blobs, body, new Uint8Array(64)],
      ][field] as Run[3][number];
      for (let i = 0; i < MAX_STRIKES; i++) say([second], [purpose, seq, before, [changed]]);
      expect(node.dropped('entries-bad-signature')).toBe(MAX_STRIKES);
      expect(link.closedBecause).toMatch(/too much wrong data/);
      expect(node.holdsEntry(second)).toBe(false);
    },
  );

  it('that hangs on what is not known is dropped, counted, and what the peer has is asked for anew', () => {
    const { node, away, say, link, peer } = withRawMember();
    const entries = [away.write(), away.write(), away.write()];
    const ranges = node.sentOf('ranges').length;
    say(entries.slice(2));
    expect(node.dropped('news-out-of-place')).toBe(1);
    expect(node.sentOf('ranges').length).toBe(ranges + 1);
    say(entries.slice(2));
    expect(node.sentOf('ranges').length).toBe(ranges + 1);
    expect(link.closedBecause).toBeNull();
    peer.tell(entries[1] as Entry);
    // Now it is known what it hangs on, though not held: asked for like any head.
    say(entries.slice(2));
    peer.answer(headOf(entries[1] as Entry), entries.slice(0, 2));
    const [want] = peer.of('wantEntries').at(-1)?.fields[2] ?? [];
    expect([want?.[1], want?.[3]]).toEqual([2, 2]);
    peer.answer(headOf(entries[2] as Entry), entries.slice(2));
    expect(entries.map((entry) => node.holdsEntry(entry))).toEqual([true, true, true]);
  });

  it('beyond what may wait is not kept in memory', () => {
    const { node, away, say } = withRawMember();
    const entries = Array.from({ length: 400 }, () => away.write());
    node.holding.add('append');
    for (const entry of entries) say([entry]);
    expect(node.heldRequests).toHaveLength(1);
    node.holding.clear();
    node.release();
    expect(node.holdsEntry(entries[0] as Entry)).toBe(true);
  });

  it('of nothing, or of what is no entry, is wrong data', () => {
    const { node, away, say, link } = withRawMember();
    const entry = away.write();
    say([entry], wholeRun([new Uint8Array(40)]));
    say([entry], [1, 0, null, [[0, 0, 0, null, [], new Uint8Array(65_536), new Uint8Array(64)]]]);
    say([entry], [1, 7, null, [[0, 0, 0, null, [], new Uint8Array(6), new Uint8Array(64)]]]);
    expect(link.closedBecause).toMatch(/too much wrong data/);
    expect(node.holdsEntry(entry)).toBe(false);
  });
});

describe('names on a link', () => {
  it('that were never given are wrong data', () => {
    const { node, peer, link } = withRawMember();
    peer.say('heads', [[0, 1, 0, bytesOf('id')]]);
    peer.say('have', [[4_095, [0, 1]]]);
    peer.say('names', [bytesOf('an epoch')]);
    peer.say('have', [[0, [0, 1]]]);
    expect(node.dropped('message-malformed')).toBe(3);
    expect(link.closedBecause).toMatch(/too much wrong data/);
  });

  it('are taken up to a bound, and beyond it are wrong data', () => {
    const { node, peer, away, link } = withRawMember();
    const many = Array.from({ length: MAX_NAMES_PER_MESSAGE }, (_, i) =>
      concatBytes(bytesOf(`author ${i}`), bytesOf('feed', 16)),
    );
    for (let i = 0; i < MAX_NAMES / MAX_NAMES_PER_MESSAGE; i++) peer.say('names', many);
    expect(link.closedBecause).toBeNull();
    peer.say('names', many.slice(0, 1));
    expect(node.dropped('message-limit')).toBe(1);
    // What has no number is said in full.
    const entry = away.write();
    peer.tell(entry);
    peer.answer(headOf(entry), [entry]);
    expect(node.holdsEntry(entry)).toBe(true);
  });

  it('are given once each, and said in full when there are too many', () => {
    const names = new LinkNames();
    const theirs = new LinkNames();
    const feeds = Array.from({ length: MAX_NAMES + 3 }, (_, i) => ({
      author: Buffer.from(bytesOf(`author ${i}`)).toString('hex') as never,
      feed: '11'.repeat(16) as never,
    }));
    for (let round = 0; round < 2; round++)
      for (const [i, { author, feed }] of feeds.entries()) {
        const name = names.feed(author, feed);
        expect(name).toEqual(i < MAX_NAMES ? i : feedNameBytes(author, feed));
        theirs.learn(names.takeUnsaid());
        expect(theirs.feedOf(name)).toEqual({ author, feed });
      }
    const epoch = 'ab'.repeat(32) as EntryId;
    expect(theirs.epochOf(names.epoch(epoch) as Bytes)).toBe(epoch);
    expect(() => theirs.epochOf(0)).toThrow(/epoch/);
  });
});
