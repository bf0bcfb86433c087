/**
 * Garbage of every kind into a running engine: nothing is thrown, what is wrong is counted, what is kept is true. Seeds are in
 * the names of what failed.
 */
import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../src/core/bytes.ts';
import { type CborValue, encodeCbor } from '../../../src/core/cbor.ts';
import { blobKey } from '../../../src/core/ids.ts';
import { decodeEntry } from '../../../src/feed/entry.ts';
import { decodeMessage } from '../../../src/sync/messages.ts';
import { mutate } from '../../fuzz/mutate.ts';
import { SeededRandom } from '../../sim/random.ts';
import { TestSpace } from '../identity/test-space.ts';
import { dataOf, EngineNode, refOf } from './engine-node.ts';
import { World, type WorldLink } from './engine-world.ts';
import { RawPeer } from './raw-peer.ts';

function someValue(random: SeededRandom, depth: number): CborValue {
  switch (random.integer(0, depth > 0 ? 8 : 5)) {
    case 0:
      return random.integer(0, 40);
    case 1:
      return random.bytes(random.pick([0, 1, 8, 16, 32, 48, 64, 200]));
    case 2:
      return random.pick([null, true, false, Number.MAX_SAFE_INTEGER, -1, 1.5]);
    case 3:
      return random.pick(['', 'revoked', 'x'.repeat(40)]);
    case 4:
      return random.integer(0, 2 ** 31) * 2 ** 21;
    default:
      return Array.from({ length: random.integer(0, 5) }, () => someValue(random, depth - 1));
  }
}

/** Everything that a node holds is what somebody wrote. */
function expectTruth(
  node: EngineNode,
  written: ReadonlySet<string>,
  blobs: ReadonlySet<string>,
  seed: number,
): void {
  for (const log of node.disk.logs.values())
    for (const bytes of log) expect(written.has(decodeEntry(bytes).id), `seed ${seed}: an entry`).toBe(true);
  for (const [key, bytes] of node.disk.blobs) {
    expect(blobs.has(key), `seed ${seed}: a blob`).toBe(true);
    expect(blobKey(refOf(bytes)), `seed ${seed}: a blob’s bytes`).toBe(key);
  }
}

describe('garbage', () => {
  it('in real conversations is never thrown over, is counted, and nothing false is kept', () => {
    let counted = 0;
    let learned = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const random = new SeededRandom(seed);
      const world = new World();
      const space = new TestSpace();
      const [a, b] = ['a', 'b'].map((name) => space.invite(space.admin, 'member', name));
      if (a === undefined || b === undefined) throw new Error('two members');
      const source = new EngineNode(world, space, a);
      const victim = new EngineNode(world, space, b, seed % 3 === 0 ? { entries: [space.genesis] } : {});
      const blobs = [dataOf(`one ${seed}`, 300_000), dataOf(`two ${seed}`, 20_000)];
      const own = [dataOf('own', 150_000)];
      for (const blob of blobs) source.write([blob]);
      victim.write(own);
      source.beat();
      const rate = random.pick([0.05, 0.2, 0.5]);
      let mutated = 0;
      const intercept = (from: 0 | 1, bytes: Bytes) => {
        if (from !== 0 || bytes.length > 140_000 || !random.chance(rate)) return undefined;
        mutated++;
        return random.chance(0.3) ? [bytes, mutate(random, bytes)] : [mutate(random, bytes)];
      };
      try {
        for (let round = 0; round < 3; round++) {
          const link: WorldLink = world.connectOnly(source, victim, { intercept });
          world.pump();
          source.write();
          world.advance(40_000);
          if (link.closedBecause === null) link.close(source, 'again');
          world.pump();
        }
      } catch (error) {
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
      }
      const written = [...space.entries, ...source.data, ...victim.data].map((entry) => entry.id as string);
      const keys = [...blobs, ...own].map((blob) => blobKey(refOf(blob)));
      expectTruth(victim, new Set(written), new Set(keys), seed);
      expectTruth(source, new Set(written), new Set(keys), seed);
      if (mutated > 0) for (const n of victim.engine.dropped.values()) counted += n;
      if (blobs.some((blob) => victim.holdsBlob(blob))) learned++;
      // And an honest link mends everything.
      world.connect(source, victim);
      world.advance(120_000);
      for (const blob of blobs) expect(victim.holdsBlob(blob), `seed ${seed}: not mended`).toBe(true);
      for (const entry of source.data) expect(victim.holdsEntry(entry), `seed ${seed}`).toBe(true);
    }
    expect(counted).toBeGreaterThan(60);
    expect(learned).toBeGreaterThan(5);
  });

  it('from a proved member, bytes or well-formed values at random, is dropped and counted', () => {
    const world = new World();
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'member');
    const node = new EngineNode(world, space, space.admin);
    node.write([dataOf('hour', 50_000)]);
    const before = new Set([...space.entries, ...node.data].map((entry) => entry.id as string));
    const random = new SeededRandom(99);
    let sent = 0;
    for (let i = 0; i < 150; i++) {
      const peer = new RawPeer(world, member);
      const link = world.connect(peer, node);
      peer.say('open');
      for (let j = 0; j < 40 && link.closedBecause === null; j++, sent++) {
        if (random.chance(0.3)) peer.sendRaw(random.bytes(random.integer(1, 300)));
        else {
          const fields = Array.from({ length: random.integer(1, 5) }, () => someValue(random, 3));
          peer.sendRaw(encodeCbor([random.integer(3, 19), peer.alias, ...fields]));
        }
      }
      if (link.closedBecause === null) link.close(peer, 'next');
      world.pump();
    }
    world.advance(120_000);
    const counted = [...node.engine.dropped.values()].reduce((sum, n) => sum + n, 0);
    expect(counted).toBeGreaterThan(sent / 2);
    expectTruth(node, before, new Set(node.disk.blobs.keys()), 99);
    expect(node.engine.sessions.size).toBe(0);
    const reasons = [...node.engine.dropped.keys()];
    expect(reasons.length).toBeLessThan(60);
    expect(reasons).not.toContain('message-failed');
  });

  it('after hello, instead of a proof, closes the link and leaves nothing', () => {
    const world = new World();
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'member');
    const node = new EngineNode(world, space, space.admin);
    const random = new SeededRandom(3);
    for (let i = 0; i < 100; i++) {
      const peer = new RawPeer(world, member, { proves: false });
      const link = world.connect(peer, node);
      if (random.chance(0.7)) peer.sayHello();
      const good = peer.transcript === undefined ? random.bytes(120) : peer.proof();
      for (let j = 0; j < 6 && link.closedBecause === null; j++) peer.sendRaw(mutate(random, good));
      const names = node.namesSent(link);
      if (node.noticed('peer-proved').length === 0)
        expect(names.filter((name) => name !== 'hello' && name !== 'prove')).toEqual([]);
      if (link.closedBecause === null) link.close(peer, 'next');
      world.pump();
    }
    world.advance(20_000);
    expect(node.engine.sessions.size).toBe(0);
    expect(decodeMessage(node.sent[0]?.bytes as Bytes).name).toBe('hello');
  });
});
