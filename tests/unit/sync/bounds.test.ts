/** What one member can make a node hold or do: bounded, counted, and no harm to anybody else. */
import { describe, expect, it } from 'vitest';
import { type Bytes, concatBytes } from '../../../src/core/bytes.ts';
import { idBytes } from '../../../src/core/ids.ts';
import { PURPOSE } from '../../../src/feed/entry.ts';
import {
  MAX_FEEDS_PER_AUTHOR,
  MAX_FETCHES_PER_LINK,
  MAX_HEADS_PER_MESSAGE,
  MAX_MESSAGE_BYTES,
  MAX_PENDING_HEADS,
  MAX_RUN_NUMBERS,
  MAX_STRIKES,
  MAX_TOLD_FEEDS,
  MAX_TOLD_RUN_NUMBERS,
} from '../../../src/sync/limits.ts';
import { encodeMessage } from '../../../src/sync/messages.ts';
import { SeededRandom } from '../../sim/random.ts';
import { bytesOf, TestSpace } from '../identity/test-space.ts';
import { dataOf, EngineNode } from './engine-node.ts';
import { World } from './engine-world.ts';
import { RawPeer } from './raw-peer.ts';

function setting() {
  const world = new World();
  const space = new TestSpace();
  const rude = space.invite(space.admin, 'member', 'rude');
  const honest = space.invite(space.admin, 'member', 'honest');
  const node = new EngineNode(world, space, space.admin);
  const peer = new RawPeer(world, rude);
  const link = world.connect(peer, node);
  peer.say('open');
  peer.say('ranges', [[null, null, 0, new Uint8Array(16)]]);
  const random = new SeededRandom(7);
  const fakeHead = (author: Bytes): [Bytes, number, number, Bytes] => [
    concatBytes(author, random.bytes(16)),
    PURPOSE.data,
    9,
    random.bytes(32),
  ];
  /** An honest member still gets its entry and blob to the node. */
  const stillWorks = () => {
    const other = new EngineNode(world, space, honest);
    const blob = dataOf('honest hour', 200_000);
    const entry = other.write([blob]);
    world.connect(other, node);
    world.advance(1_000);
    return node.holdsEntry(entry) && node.holdsBlob(blob);
  };
  return { world, space, rude, node, peer, link, random, fakeHead, stillWorks };
}

describe('a member that wants too much', () => {
  it('is remembered for so many heads and no more, and a newer member is served beside it', () => {
    const { node, peer, random, fakeHead, stillWorks } = setting();
    const messages = MAX_PENDING_HEADS / MAX_HEADS_PER_MESSAGE + 4;
    for (let i = 0; i < messages; i++)
      peer.say(
        'heads',
        Array.from({ length: MAX_HEADS_PER_MESSAGE }, () => fakeHead(random.bytes(32))),
      );
    expect(node.dropped('too-many-heads')).toBe(4 * MAX_HEADS_PER_MESSAGE);
    expect(peer.of('wantEntries')).toEqual([]);
    expect(stillWorks()).toBe(true);
  });

  it('makes a node look into a bounded number of feeds of one author', () => {
    const { world, rude, node, peer, fakeHead, stillWorks } = setting();
    const heads = Array.from({ length: 300 }, () => fakeHead(idBytes(rude.node)));
    peer.say('heads', heads);
    const asked = () => peer.of('wantEntries').reduce((sum, { fields }) => sum + fields[2].length, 0);
    expect(asked()).toBeLessThanOrEqual(MAX_FETCHES_PER_LINK);
    world.advance(20_000);
    expect(asked()).toBeLessThanOrEqual(MAX_FETCHES_PER_LINK);
    expect(stillWorks()).toBe(true);
    expect(node.replica.index.branchesOf(rude.node, node.data[0]?.header.feed as never)).toEqual([]);
  });

  it('founds so many feeds and no more', () => {
    const { world, space, rude, node } = setting();
    const writer = new EngineNode(world, space, rude);
    const random = new SeededRandom(8);
    for (let i = 0; i < MAX_FEEDS_PER_AUTHOR + 20; i++) {
      writer.write([], {
        feed: Buffer.from(random.bytes(16)).toString('hex') as never,
        seq: 0,
        previous: null,
      });
    }
    world.connect(writer, node);
    world.advance(10_000);
    const feeds = [...node.replica.index.branches()].filter((branch) => branch.author === rude.node);
    expect(feeds.length).toBeLessThanOrEqual(MAX_FEEDS_PER_AUTHOR);
    expect(node.dropped('too-many-feeds')).toBeGreaterThan(0);
  });

  it('tells of so many holdings and no more', () => {
    const { node, peer, random, stillWorks } = setting();
    const author = random.bytes(32);
    const feeds = (count: number, numbers: number[]) =>
      Array.from({ length: count }, (): [Bytes, number[]] => [
        concatBytes(author, random.bytes(16)),
        numbers,
      ]);
    for (let i = 0; i < MAX_TOLD_FEEDS / 512 + 3; i++) peer.say('have', feeds(512, [0, 3]));
    expect(node.engine.dropped.size).toBeGreaterThan(0);
    const dropped = [...node.engine.dropped.values()].reduce((sum, n) => sum + n, 0);
    expect(dropped).toBeGreaterThanOrEqual(3);
    const many = Array.from({ length: MAX_RUN_NUMBERS }, () => 1);
    for (let i = 0; i < MAX_TOLD_RUN_NUMBERS / MAX_RUN_NUMBERS + 3; i++) peer.say('have', feeds(1, many));
    expect([...node.engine.dropped.values()].reduce((sum, n) => sum + n, 0)).toBeGreaterThan(dropped);
    expect(stillWorks()).toBe(true);
  });

  it('sends a message longer than any link carries: a strike', () => {
    const { node, peer, link } = setting();
    for (let i = 0; i < MAX_STRIKES; i++) peer.sendRaw(new Uint8Array(MAX_MESSAGE_BYTES + 1));
    expect(node.dropped('message-too-long')).toBe(MAX_STRIKES);
    expect(link.closedBecause).toMatch(/too much wrong data/);
  });

  it('sends run lists that are none: a strike', () => {
    const { node, peer, link } = setting();
    const author = bytesOf('author');
    for (const numbers of [[1], [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]])
      peer.say('have', [[concatBytes(author, bytesOf('feed', 16)), numbers]]);
    expect(node.dropped('message-malformed')).toBe(2);
    expect(link.closedBecause).toBeNull();
  });

  it('speaks of a space that is not open on this link: dropped, and after no number of times a way in', () => {
    const { node, peer, link } = setting();
    const until = node.namesSent(link).length;
    for (let i = 0; i < 100; i++) peer.sendRaw(encodeMessage('open', bytesOf(`alias ${i}`, 8)));
    expect(node.dropped('unknown-space')).toBe(100);
    expect(node.namesSent(link)).toHaveLength(until);
  });
});

describe('a space that is joined while the link is up', () => {
  it('opens on that link, whichever side joined later, or both', () => {
    for (const late of [[0], [1], [0, 1], [1, 0]]) {
      const world = new World();
      const space = new TestSpace();
      const member = space.invite(space.admin, 'member', 'member');
      const nodes = [
        new EngineNode(world, space, space.admin),
        new EngineNode(world, space, member),
      ] as const;
      const joining = late.map((i) => nodes[i] as EngineNode);
      for (const node of joining) node.engine.replicas.clear();
      const link = world.connect(nodes[0], nodes[1]);
      world.advance(1_000);
      expect(nodes[0].session(link)).toBeUndefined();
      for (const node of joining) {
        node.engine.addSpace(node.replica, world.nowMs);
        node.run();
        world.pump();
      }
      const entry = nodes[0].write();
      world.advance(1_000);
      expect(nodes[1].holdsEntry(entry), `joined late: ${late}`).toBe(true);
    }
  });
});
