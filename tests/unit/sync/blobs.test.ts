/** Blobs over a link: fetched chunk by chunk, checked before they are kept, from whoever has them. */

import { describe, expect, it } from 'vitest';
import { chunkCount } from '../../../src/blob/merkle.ts';
import { type Bytes, concatBytes } from '../../../src/core/bytes.ts';
import { idBytes } from '../../../src/core/ids.ts';
import type { Entry } from '../../../src/feed/entry.ts';
import { feedKey } from '../../../src/feed/feed-index.ts';
import {
  LACK_MS,
  MAX_CHUNKS_PER_MESSAGE,
  MAX_QUEUED_CHUNKS,
  MAX_STRIKES,
  REQUEST_TIMEOUT_MS,
  STALLED_MS,
} from '../../../src/sync/limits.ts';
import { feedNameBytes } from '../../../src/sync/link-names.ts';
import { decodeMessage, encodeMessage } from '../../../src/sync/messages.ts';
import { TestSpace } from '../identity/test-space.ts';
import { dataOf, EngineNode, refOf } from './engine-node.ts';
import { type LinkOptions, World } from './engine-world.ts';
import { RawPeer } from './raw-peer.ts';

const CHUNK = 131_072;

function setting(names: readonly string[]) {
  const world = new World();
  const space = new TestSpace();
  const actors = names.map((name) => space.invite(space.admin, 'member', name));
  const nodes = actors.map((actor) => new EngineNode(world, space, actor));
  return { world, space, actors, nodes };
}

/** A source that says what the test wants: it has told of an hour whose blob it claims to hold. */
function withRawSource(blob: Bytes) {
  const world = new World();
  const space = new TestSpace();
  const member = space.invite(space.admin, 'member', 'source');
  const node = new EngineNode(world, space, space.admin);
  const away = new EngineNode(new World(), space, member);
  const hour = away.write([blob]);
  const peer = new RawPeer(world, member);
  const link = world.connect(peer, node);
  peer.say('open');
  peer.tell(hour);
  peer.answer({ ...hour.header, id: hour.id }, [hour]);
  peer.say('have', [[feedNameBytes(hour.header.author, hour.header.feed), [0, 0]]]);
  const ref = refOf(blob);
  const send = (chunk: number, change: { bytes?: Bytes; proof?: Bytes[] } = {}) => {
    const proof = change.proof ?? proofOf(away, blob, chunk);
    const bytes = change.bytes ?? (blob.slice(chunk * CHUNK, (chunk + 1) * CHUNK) as Bytes);
    peer.giveChunk(chunk, proof, bytes);
  };
  return { world, space, member, node, peer, link, hour, ref, send, away };
}

/** The Merkle proof of a chunk, as a node that holds the blob gives it. */
function proofOf(holder: EngineNode, blob: Bytes, chunk: number): Bytes[] {
  const { world, space } = holder;
  const asking = new RawPeer(world, space.admin);
  const link = world.connect(asking, holder);
  const { root, size } = refOf(blob);
  asking.say('wantChunks', 0, [[idBytes(root), size, chunk]]);
  const [answer] = asking.of('chunk');
  link.close(asking, 'done');
  world.pump();
  if (answer === undefined) throw new Error('expected a chunk');
  return [...answer.fields[3]] as Bytes[];
}

/** Chunks asked for over all, as `<root>:<chunk>`. */
function chunksAsked(node: EngineNode): string[] {
  return node.sentOf('wantChunks').flatMap(({ bytes }) => {
    const message = decodeMessage(bytes);
    if (message.name !== 'wantChunks') return [];
    return message.fields[3].map((want) => {
      const [root, chunk] = want.length === 3 ? [want[0], want[2]] : [want[2], want[3]];
      return `${root.slice(0, 4).join()}:${chunk}`;
    });
  });
}

/** Flips a bit of one chunk's bytes on the way from end 1. */
function spoils(which: number, times = 1): NonNullable<LinkOptions['intercept']> {
  let left = times;
  return (from, bytes) => {
    const message = decodeMessage(bytes);
    if (from !== 1 || message.name !== 'chunk' || message.fields[2] !== which || left-- <= 0)
      return undefined;
    const [, alias, request, proof, data] = message.fields;
    const wrong = data.with(data.length >> 1, (data[data.length >> 1] as number) ^ 4) as Bytes;
    return [encodeMessage('chunk', alias, request, proof, wrong)];
  };
}

describe('blobs', () => {
  it('of every awkward size arrive whole', () => {
    const { world, nodes } = setting(['source', 'sink']);
    const [source, sink] = nodes as [EngineNode, EngineNode];
    const sizes = [1, 16_383, 16_384, 16_385, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 9 * CHUNK + 16_384 + 1];
    const blobs = sizes.map((size) => dataOf(`blob ${size}`, size));
    for (const blob of blobs) source.write([blob]);
    const link = world.connect(sink, source);
    world.advance(1_000);
    expect(blobs.map((blob) => sink.holdsBlob(blob))).toEqual(sizes.map(() => true));
    expect(sink.session(link)?.toldIsHeld()).toBe(true);
    expect(sink.noticed('blob-complete')).toHaveLength(sizes.length);
    const asked = chunksAsked(sink);
    expect(new Set(asked).size).toBe(asked.length);
    expect(asked).toHaveLength(sizes.reduce((sum, size) => sum + chunkCount(size), 0));
    expect([...sink.engine.dropped, ...source.engine.dropped]).toEqual([]);
    expect(sink.replica.blobCounts()).toEqual({
      held: sizes.length,
      missing: 0,
      bytes: sizes.reduce((sum, size) => sum + size, 0),
    });
  });

  it('are told of to their author by whoever holds them, in one small message an hour', () => {
    const { world, nodes } = setting(['source', 'sink']);
    const [source, sink] = nodes as [EngineNode, EngineNode];
    const first = source.write([dataOf('first', 50_000)]);
    world.connect(sink, source);
    world.advance(5_000);
    const { space, author, feed, seq } = first.header;
    expect(source.engine.holders(space!, feedKey(author, feed), seq)).toBe(1);
    const before = sink.sentOf('have').length;
    const second = source.write([dataOf('second', 50_000)]);
    world.advance(5_000);
    expect(source.engine.holders(space!, feedKey(author, feed), second.header.seq)).toBe(1);
    const told = sink.sentOf('have').slice(before);
    expect(told).toHaveLength(1);
    expect(told[0]?.bytes.length).toBeLessThan(100);
  });

  it('come newest first, and of one time the smallest', () => {
    const { world, nodes } = setting(['source', 'sink']);
    const [source, sink] = nodes as [EngineNode, EngineNode];
    const make = (label: string, size: number, timeMs: number) => {
      const blob = dataOf(label, size);
      source.write([blob], { timeMs });
      return blob;
    };
    const old = make('old', 5_000, 1_000);
    const large = make('large', 60_000, 2_000);
    const small = make('small', 6_000, 2_000);
    world.connect(sink, source);
    world.advance(1_000);
    const order = sink.noticed('blob-complete').map((notice) => notice.ref.size);
    expect(order).toEqual([small.length, large.length, old.length]);
  });

  it('that policy does not want are not fetched', () => {
    const world = new World();
    const space = new TestSpace();
    const [a, b] = ['a', 'b'].map((name) => space.invite(space.admin, 'member', name));
    if (a === undefined || b === undefined) throw new Error('two members');
    const source = new EngineNode(world, space, a);
    const sink = new EngineNode(world, space, b, { policy: (_, ref) => ref.size < 10_000 });
    const [small, large] = [dataOf('small', 9_000), dataOf('large', 11_000)];
    source.write([small]);
    source.write([large]);
    world.connect(sink, source);
    world.advance(10_000);
    expect([sink.holdsBlob(small), sink.holdsBlob(large)]).toEqual([true, false]);
  });

  it('named by several entries are fetched once', () => {
    const { world, nodes } = setting(['one', 'two', 'sink']);
    const [one, two, sink] = nodes as [EngineNode, EngineNode, EngineNode];
    const blob = dataOf('shared', 200_000);
    one.write([blob]);
    two.write([blob, blob]);
    world.connect(sink, one);
    world.connect(sink, two);
    world.advance(1_000);
    expect(sink.holdsBlob(blob)).toBe(true);
    expect(chunksAsked(sink)).toHaveLength(chunkCount(blob.length));
    expect(sink.replica.blobCounts()).toEqual({ held: 1, missing: 0, bytes: blob.length });
  });

  it('are fetched from several sources together, no chunk twice', () => {
    const { world, nodes } = setting(['one', 'two', 'sink']);
    const [one, two, sink] = nodes as [EngineNode, EngineNode, EngineNode];
    const blobs = Array.from({ length: 40 }, (_, i) => dataOf(`many ${i}`, 2 * CHUNK));
    for (const blob of blobs) one.write([blob]);
    world.connect(two, one);
    world.advance(5_000);
    expect(two.replica.blobCounts().missing).toBe(0);
    world.connectOnly(sink, one);
    world.connectOnly(sink, two);
    world.pump();
    world.advance(5_000);
    for (const blob of blobs) expect(sink.holdsBlob(blob)).toBe(true);
    const asked = chunksAsked(sink);
    expect(new Set(asked).size).toBe(asked.length);
    expect(one.sentOf('chunk').length - 80).toBeGreaterThan(0);
    expect(two.sentOf('chunk').length).toBeGreaterThan(0);
  });

  it('held in part are gone on with at the first missing chunk, also after a restart', () => {
    const { world, nodes } = setting(['source', 'sink']);
    const [source, sink] = nodes as [EngineNode, EngineNode];
    const blob = dataOf('long', 20 * CHUNK + 5);
    source.write([blob]);
    let arrived = 0;
    const link = world.connectOnly(sink, source, {
      intercept: (from, bytes) => {
        if (from !== 1 || decodeMessage(bytes).name !== 'chunk') return undefined;
        return ++arrived <= 7 ? undefined : [];
      },
    });
    world.pump();
    link.close(sink, 'the van drives on');
    world.pump();
    expect(sink.holdsBlob(blob)).toBe(false);
    const again = sink.restart();
    world.connect(again, source);
    world.advance(1_000);
    expect(again.holdsBlob(blob)).toBe(true);
    expect(chunksAsked(again)).toHaveLength(chunkCount(blob.length) - 7);
  });

  it('never queue more than the link takes and one message more', () => {
    const world = new World();
    const space = new TestSpace();
    const [a, b] = ['a', 'b'].map((name) => space.invite(space.admin, 'member', name));
    if (a === undefined || b === undefined) throw new Error('two members');
    const credit = 300_000;
    const source = new EngineNode(world, space, a, { creditBytes: credit });
    const sink = new EngineNode(world, space, b);
    const blobs = Array.from({ length: 4 }, (_, i) => dataOf(`credit ${i}`, 10 * CHUNK));
    for (const blob of blobs) source.write([blob]);
    source.holding.add('readChunk');
    const link = world.connect(sink, source);
    const largest = CHUNK + 2_000;
    let rounds = 0;
    for (; rounds < 200 && blobs.some((blob) => !sink.holdsBlob(blob)); rounds++) {
      // Reads end in any order and all at once: what they bring still waits for room.
      source.release();
      world.pump();
      expect(source.credit.get(link.id) as number).toBeGreaterThan(-largest);
      source.drain(link, credit);
      world.pump();
    }
    expect(blobs.every((blob) => sink.holdsBlob(blob))).toBe(true);
    expect(rounds).toBeGreaterThan(10);
  });
});

describe('chunks that a source lies about', () => {
  it('are noticed within the 128 KiB and fetched elsewhere; nothing wrong is kept', () => {
    const { world, nodes } = setting(['liar', 'honest', 'sink']);
    const [liar, honest, sink] = nodes as [EngineNode, EngineNode, EngineNode];
    const blob = dataOf('wanted', 6 * CHUNK + 77);
    liar.write([blob]);
    world.connect(honest, liar);
    world.advance(1_000);
    expect(honest.holdsBlob(blob)).toBe(true);
    world.connectOnly(sink, liar, { intercept: spoils(3, 99) });
    world.pump();
    expect(sink.dropped('chunk-does-not-fit-root')).toBe(1);
    expect(sink.holdsBlob(blob)).toBe(false);
    world.connect(sink, honest);
    world.advance(1_000);
    expect(sink.holdsBlob(blob)).toBe(true);
    const again = chunksAsked(sink).length - chunkCount(blob.length);
    expect(again).toBe(1);
  });

  it('with any part wrong are refused: a bit, a length, a proof too long, too short, of another chunk', () => {
    const blob = dataOf('proved', 5 * CHUNK + 3);
    const lies: readonly ((source: ReturnType<typeof withRawSource>) => void)[] = [
      ({ send }) => send(2, { bytes: blob.slice(3 * CHUNK, 4 * CHUNK) as Bytes }),
      ({ send }) => send(2, { bytes: blob.slice(2 * CHUNK, 3 * CHUNK - 1) as Bytes }),
      ({ send }) => send(2, { bytes: new Uint8Array(0) }),
      ({ send }) => send(5, { bytes: concatBytes(blob.slice(5 * CHUNK), Uint8Array.of(0)) }),
      ({ send }) => send(2, { proof: [] }),
      ({ send, away }) => send(2, { proof: proofOf(away, blob, 3) }),
      ({ send, away }) => send(2, { proof: [...proofOf(away, blob, 2), new Uint8Array(32)] }),
      ({ send, away }) => send(2, { proof: proofOf(away, blob, 2).slice(1) }),
    ];
    for (const [i, lie] of lies.entries()) {
      const source = withRawSource(blob);
      expect(chunksAsked(source.node).length, `lie ${i}`).toBe(6);
      lie(source);
      expect(source.node.dropped('chunk-does-not-fit-root'), `lie ${i}`).toBe(1);
      expect(source.node.requests.get('writeLeaves') ?? 0, `lie ${i}`).toBe(0);
    }
  });

  it('close the link after three, and the blob is still had from others', () => {
    const blob = dataOf('patience', 4 * CHUNK);
    const { world, space, node, link, send, hour } = withRawSource(blob);
    for (let chunk = 0; chunk < MAX_STRIKES; chunk++) send(chunk, { bytes: new Uint8Array(CHUNK) });
    expect(link.closedBecause).toMatch(/too much wrong data/);
    const other = space.invite(space.admin, 'member', 'other');
    for (const one of space.entries.slice(-2)) node.publish(one);
    const holder = new EngineNode(world, space, other, { entries: [...space.entries, hour] });
    holder.disk.blobs.set(`${refOf(blob).root}-${blob.length}`, blob);
    world.connect(holder.restart(), node);
    world.advance(1_000);
    expect(node.holdsBlob(blob)).toBe(true);
  });

  it('were not asked for, or come twice, are dropped unread', () => {
    const blob = dataOf('twice', 2 * CHUNK);
    const { node, peer, send } = withRawSource(blob);
    send(7, { bytes: new Uint8Array(CHUNK), proof: [] });
    peer.say('chunk', 77, [], dataOf('other', 500));
    peer.say('chunk', Number.MAX_SAFE_INTEGER, [], blob.slice(0, CHUNK) as Bytes);
    expect(node.dropped('chunk-not-asked-for')).toBe(3);
    const digests = node.requests.get('digest') ?? 0;
    expect(digests).toBe(0);
    node.holding.add('digest');
    send(0);
    send(0);
    expect(node.dropped('chunk-not-asked-for')).toBe(4);
    expect(node.heldRequests).toHaveLength(1);
    node.holding.clear();
    node.release();
    send(1);
    expect(node.holdsBlob(blob)).toBe(true);
  });

  it('are claimed and then lacking are asked of others at once, and of that peer not again for a while', () => {
    const blob = dataOf('lacking', 3 * CHUNK);
    const { world, node, peer } = withRawSource(blob);
    const before = chunksAsked(node).length;
    peer.say('lack', 0);
    world.advance(LACK_MS / 2);
    expect(chunksAsked(node)).toHaveLength(before);
    peer.say('lack', 0);
    expect(node.dropped('lack-not-asked-for')).toBe(1);
  });

  it('never come are asked of others after half a minute, and still taken if they do', () => {
    const blob = dataOf('silence', 3 * CHUNK);
    const { world, space, node, hour } = withRawSource(blob);
    const other = space.invite(space.admin, 'member', 'other');
    for (const one of space.entries.slice(-2)) node.publish(one);
    const holder = new EngineNode(world, space, other, { entries: [...space.entries, hour] });
    holder.disk.blobs.set(`${refOf(blob).root}-${blob.length}`, blob);
    world.connect(holder.restart(), node);
    world.advance(REQUEST_TIMEOUT_MS - 2_000);
    expect(node.holdsBlob(blob)).toBe(false);
    world.advance(4_000);
    expect(node.holdsBlob(blob)).toBe(true);
  });

  it('never come are asked again of the only source, but not without end', () => {
    const blob = dataOf('forgetful', CHUNK);
    const { world, node, send } = withRawSource(blob);
    world.advance(STALLED_MS + LACK_MS + 5_000);
    expect(chunksAsked(node).length).toBe(2);
    send(0);
    expect(node.holdsBlob(blob)).toBe(true);
  });
});

describe('requests for chunks', () => {
  function served(blob: Bytes) {
    const world = new World();
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'asking');
    const node = new EngineNode(world, space, space.admin);
    const hour: Entry = node.write([blob]);
    const peer = new RawPeer(world, member);
    const link = world.connect(peer, node);
    peer.say('open');
    return { world, node, peer, link, hour, ref: refOf(blob) };
  }

  it('for what is not held or does not exist are answered with a lack', () => {
    const { node, peer, ref } = served(dataOf('held', 2 * CHUNK));
    peer.say('wantChunks', 0, [
      [idBytes(ref.root), ref.size, 2],
      [idBytes(ref.root), ref.size, Number.MAX_SAFE_INTEGER],
      [idBytes(ref.root), ref.size + 1, 0],
      [idBytes(refOf(dataOf('elsewhere', 10)).root), 10, 0],
    ]);
    expect(peer.of('lack')).toHaveLength(4);
    expect(peer.of('chunk')).toHaveLength(0);
    expect(node.requests.get('readChunk') ?? 0).toBe(0);
  });

  it('are answered with a lack when the blob is gone from the disk', () => {
    const { node, peer, ref } = served(dataOf('gone', CHUNK));
    node.disk.blobs.clear();
    peer.say('wantChunks', 0, [[idBytes(ref.root), ref.size, 0]]);
    expect(peer.of('lack')).toHaveLength(1);
  });

  it('more than a peer may have waiting are dropped', () => {
    const { node, peer, ref } = served(dataOf('flooded', CHUNK));
    node.holding.add('readChunk');
    const flood = Array.from({ length: MAX_CHUNKS_PER_MESSAGE }, (): [Bytes, number, number] => [
      idBytes(ref.root),
      ref.size,
      0,
    ]);
    for (let i = 0; i < (5 * MAX_QUEUED_CHUNKS) / MAX_CHUNKS_PER_MESSAGE; i++)
      peer.say('wantChunks', 0, flood);
    expect(node.dropped('too-many-chunk-wants')).toBeGreaterThan(0);
    expect(node.heldRequests.length).toBeLessThan(20);
    node.holding.clear();
    node.release();
    expect(node.sentOf('chunk').length).toBeLessThanOrEqual(MAX_QUEUED_CHUNKS + 20);
  });
});
