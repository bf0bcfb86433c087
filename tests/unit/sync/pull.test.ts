/** What no neighbour has is fetched through neighbours: hop by hop, only as far as asked, and never in circles. */
import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../src/core/bytes.ts';
import { idBytes } from '../../../src/core/ids.ts';
import { MAX_PULL_HOPS, MAX_PULLS_PER_MESSAGE } from '../../../src/sync/limits.ts';
import { decodeMessage } from '../../../src/sync/messages.ts';
import { TestSpace } from '../identity/test-space.ts';
import { dataOf, EngineNode, refOf } from './engine-node.ts';
import { World } from './engine-world.ts';
import { RawPeer } from './raw-peer.ts';

/** Stations that collect nothing but their own, and a van that wants everything. */
function valley(stations: number) {
  const world = new World();
  const space = new TestSpace();
  const actors = Array.from({ length: stations }, (_, i) =>
    space.invite(space.admin, 'member', `station ${i}`),
  );
  const nodes = actors.map(
    (actor) => new EngineNode(world, space, actor, { policy: ({ author }) => author === actor.node }),
  );
  const van = new EngineNode(world, space, space.admin);
  return { world, space, nodes, van };
}

/** Blobs asked for through others, over all the messages that a node sent. */
function pulled(node: EngineNode): number {
  return node.sentOf('pull').reduce((sum, { bytes }) => {
    const message = decodeMessage(bytes);
    return sum + (message.name === 'pull' ? message.fields[2].length : 0);
  }, 0);
}

describe('pulling', () => {
  it('brings the far end of a chain of stations that keep only their own to a van at the near end', () => {
    const { world, nodes, van } = valley(4);
    const blobs = nodes.map((node, i) => {
      const blob = dataOf(`hour of ${i}`, 150_000 + i);
      node.write([blob]);
      return blob;
    });
    for (let i = 1; i < nodes.length; i++) world.connect(nodes[i - 1] as EngineNode, nodes[i] as EngineNode);
    world.advance(10_000);
    // Nobody asks for what nobody wants.
    expect(nodes.map((node) => pulled(node))).toEqual([0, 0, 0, 0]);
    expect(nodes[0]?.holdsBlob(blobs[3] as Bytes)).toBe(false);
    const link = world.connect(van, nodes[0] as EngineNode);
    world.advance(60_000);
    for (const blob of blobs) expect(van.holdsBlob(blob)).toBe(true);
    expect(van.session(link)?.toldIsHeld()).toBe(true);
  });

  it('goes on where it was when the chain is joined in the middle later', () => {
    const { world, nodes, van } = valley(3);
    const [near, middle, far] = nodes as [EngineNode, EngineNode, EngineNode];
    const blob = dataOf('far', 400_000);
    far.write([blob]);
    const away = world.connect(middle, far);
    world.connect(near, middle);
    world.advance(1_000);
    away.close(far, 'dead');
    world.pump();
    world.connect(van, near);
    world.advance(120_000);
    expect(van.holdsBlob(blob)).toBe(false);
    world.connect(far, middle);
    world.advance(120_000);
    expect(van.holdsBlob(blob)).toBe(true);
  });

  it('does not go round in circles, nor back to where it came from', () => {
    const { world, nodes, van } = valley(5);
    const gone = dataOf('gone', 30_000);
    const [first] = nodes as [EngineNode];
    first.write([gone]);
    // A ring with chords, and a blob that everybody knows of and nobody has any more.
    for (let i = 0; i < nodes.length; i++) {
      world.connect(nodes[i] as EngineNode, nodes[(i + 1) % nodes.length] as EngineNode);
      world.connect(nodes[i] as EngineNode, nodes[(i + 2) % nodes.length] as EngineNode);
    }
    world.advance(5_000);
    first.disk.blobs.clear();
    for (const link of [...first.links.values()]) link.close(first, 'dead');
    world.pump();
    world.connect(van, nodes[1] as EngineNode);
    const minutes = 10;
    world.advance(minutes * 60_000);
    const links = nodes.reduce((sum, node) => sum + node.links.size, 0) + van.links.size;
    const all = [...nodes, van].reduce((sum, node) => sum + pulled(node), 0);
    expect(all).toBeGreaterThan(0);
    // Each node asks over each of its links at most once a minute.
    expect(all).toBeLessThanOrEqual(links * (minutes + 1));
    // And nobody asks the van, who asked for it, to fetch it.
    expect(nodes.flatMap((node) => node.sentOf('pull', [...van.links.values()][0]))).toEqual([]);
  });

  it('asks one hop less far with every hop, and stops', () => {
    const { world, space, nodes } = valley(3);
    const [near, middle, far] = nodes as [EngineNode, EngineNode, EngineNode];
    const blob = dataOf('far', 20_000);
    far.write([blob]);
    world.connect(near, middle);
    world.connect(middle, far);
    world.advance(1_000);
    const { root, size } = refOf(blob);
    const ask = (hops: number) => {
      const peer = new RawPeer(world, space.admin);
      const link = world.connect(peer, near);
      peer.say('open');
      peer.say('pull', [[idBytes(root), size]], hops);
      world.advance(70_000);
      link.close(peer, 'done');
      world.pump();
    };
    ask(0);
    ask(1);
    expect(pulled(near)).toBe(0);
    ask(2);
    expect(pulled(near)).toBe(1);
    const message = decodeMessage(near.sentOf('pull')[0]?.bytes as Bytes);
    expect(message.name === 'pull' && message.fields[3]).toBe(1);
    expect(pulled(middle)).toBe(0);
    // The far station offers it to the middle one, which was asked for it: one hop is enough.
    expect(near.holdsBlob(blob)).toBe(true);
  });

  it('of blobs that no entry names is dropped, and of what is held needs nothing', () => {
    const { world, space, nodes } = valley(1);
    const [node] = nodes as [EngineNode];
    const blob = dataOf('own', 10_000);
    node.write([blob]);
    const peer = new RawPeer(world, space.admin);
    world.connect(peer, node);
    peer.say('open');
    const unknown = Array.from({ length: MAX_PULLS_PER_MESSAGE }, (_, i): [Bytes, number] => [
      idBytes(refOf(dataOf(`no ${i}`, 10)).root),
      10,
    ]);
    peer.say('pull', unknown, MAX_PULL_HOPS);
    const { root, size } = refOf(blob);
    peer.say('pull', [[idBytes(root), size]], MAX_PULL_HOPS);
    expect(node.dropped('pull-of-unknown-blob')).toBe(MAX_PULLS_PER_MESSAGE);
    expect(node.replica.wants.size).toBe(0);
  });
});
