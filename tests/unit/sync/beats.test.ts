/** Beats: the latest word of every member, passed on, kept, and believed only when it is signed. */
import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../src/core/bytes.ts';
import type { SpaceId } from '../../../src/core/ids.ts';
import { type Beat, beatPayload } from '../../../src/feed/beat.ts';
import { encodeSign1, signedBytes } from '../../../src/feed/entry.ts';
import { MAX_BEATS_ASIDE, MAX_BEATS_PER_MESSAGE, MAX_CLOCK_AHEAD_MS } from '../../../src/sync/limits.ts';
import { Actor, sign, TestSpace } from '../identity/test-space.ts';
import { EngineNode } from './engine-node.ts';
import { World } from './engine-world.ts';
import { RawPeer } from './raw-peer.ts';

function beatOf(actor: Actor, space: SpaceId, timeMs: number, signer: Actor = actor): Bytes {
  const beat: Beat = { space, author: actor.node, timeMs, heads: [], extra: new Uint8Array(0) };
  const payload = beatPayload(beat);
  return encodeSign1(payload, sign(signer.signSeed, signedBytes(payload)));
}

function setting() {
  const world = new World();
  const space = new TestSpace();
  const [a, b] = ['a', 'b'].map((name) => space.invite(space.admin, 'member', name));
  if (a === undefined || b === undefined) throw new Error('two members');
  const node = new EngineNode(world, space, space.admin);
  const peer = new RawPeer(world, a);
  const link = world.connect(peer, node);
  peer.say('open');
  peer.say('ranges', [[null, null, 0, new Uint8Array(16)]]);
  const known = (actor: Actor) => node.replica.beats.get(actor.node)?.timeMs;
  return { world, space, node, peer, link, a, b, known };
}

describe('beats', () => {
  it('travel to everybody, the latest of each member, and each once', () => {
    const world = new World();
    const space = new TestSpace();
    const nodes = ['a', 'b', 'c', 'd'].map(
      (name) => [name, space.invite(space.admin, 'member', name)] as const,
    );
    const engines = nodes.map(([, actor]) => new EngineNode(world, space, actor));
    for (let i = 1; i < engines.length; i++)
      world.connect(engines[i - 1] as EngineNode, engines[i] as EngineNode);
    const [first, last] = [engines[0] as EngineNode, engines.at(-1) as EngineNode];
    first.beat();
    world.advance(1_000);
    first.beat();
    world.advance(1_000);
    expect(last.replica.beats.get(first.actor.node)?.timeMs).toBe(world.wallMs - 1_000);
    expect(engines.map((engine) => engine.sentOf('beats').length)).toEqual([2, 2, 2, 0]);
  });

  it('of a station that is dead by now reach a newcomer together with the entries that admit it', () => {
    const world = new World();
    const space = new TestSpace();
    const dead = space.invite(space.admin, 'member', 'dead');
    const host = new EngineNode(world, space, space.admin);
    const dying = new EngineNode(world, space, dead);
    const link = world.connect(dying, host);
    dying.beat();
    world.advance(1_000);
    const said = dying.replica.beats.get(dead.node)?.timeMs;
    link.close(dying, 'dead');
    world.pump();
    const van = space.invite(space.admin, 'reader', 'van');
    for (const entry of space.entries.slice(-2)) host.publish(entry);
    const newcomer = new EngineNode(world, space, van, { entries: [space.genesis] });
    world.connect(newcomer, host);
    world.advance(1_000);
    expect(newcomer.replica.beats.get(dead.node)?.timeMs).toBe(said);
  });

  it('that are forged are strikes and change nothing', () => {
    const { world, space, node, peer, link, a, b, known } = setting();
    const now = world.wallMs;
    peer.say('beats', [beatOf(b, space.id, now, a)]);
    peer.say('beats', [beatOf(space.admin, space.id, now, a)]);
    expect(node.dropped('beat-signature')).toBe(2);
    expect([known(b), known(space.admin)]).toEqual([undefined, undefined]);
    expect(link.closedBecause).toBeNull();
    peer.say('beats', [beatOf(b, space.id, now)]);
    expect(known(b)).toBe(now);
    peer.say('beats', [beatOf(b, space.id, now + 1, a)]);
    expect(link.closedBecause).toMatch(/too much wrong data/);
    expect(known(b)).toBe(now);
  });

  it('that are older than what is known, from too far ahead, or of another space are dropped', () => {
    const { world, space, node, peer, b, known } = setting();
    const now = world.wallMs;
    peer.say('beats', [beatOf(b, space.id, now)]);
    const verified = node.requests.get('verify');
    peer.say('beats', [beatOf(b, space.id, now - 1), beatOf(b, space.id, now)]);
    expect(known(b)).toBe(now);
    expect(node.requests.get('verify')).toBe(verified);
    peer.say('beats', [beatOf(b, space.id, now + MAX_CLOCK_AHEAD_MS + 1)]);
    peer.say('beats', [beatOf(b, new TestSpace(true).id, now + 5)]);
    peer.say('beats', [new Uint8Array(10), new Uint8Array(0)]);
    expect([node.dropped('beat-out-of-place'), node.dropped('beat-malformed')]).toEqual([2, 2]);
    expect(known(b)).toBe(now);
    // A clock that is some hours ahead is believed.
    peer.say('beats', [beatOf(b, space.id, now + MAX_CLOCK_AHEAD_MS)]);
    expect(known(b)).toBe(now + MAX_CLOCK_AHEAD_MS);
  });

  it('of nobody whom we know are put aside, a bounded number, and never believed or passed on', () => {
    const { world, space, node, peer } = setting();
    const other = new EngineNode(world, space, space.invite(space.admin, 'member', 'other'));
    for (const entry of space.entries.slice(-2)) node.publish(entry);
    const link = world.connect(other, node);
    const count = MAX_BEATS_ASIDE + 2 * MAX_BEATS_PER_MESSAGE;
    const beats = Array.from({ length: count }, (_, i) =>
      beatOf(new Actor(`stranger ${i}`), space.id, world.wallMs),
    );
    const verified = node.requests.get('verify');
    for (let i = 0; i < count; i += MAX_BEATS_PER_MESSAGE)
      peer.say('beats', beats.slice(i, i + MAX_BEATS_PER_MESSAGE));
    world.advance(1_000);
    expect(node.dropped('beat-of-no-member')).toBe(2 * MAX_BEATS_PER_MESSAGE);
    expect(node.replica.beats.size).toBe(0);
    expect(node.requests.get('verify')).toBe(verified);
    expect(node.sentOf('beats', link)).toEqual([]);
  });

  it('of a member that was revoked are dropped', () => {
    const { world, space, node, peer, b, known } = setting();
    node.publish(space.revokeFromNow(space.admin, b));
    peer.say('beats', [beatOf(b, space.id, world.wallMs)]);
    expect(node.dropped('beat-of-no-member')).toBe(1);
    expect(known(b)).toBeUndefined();
  });

  it('before anything was opened are dropped', () => {
    const { world, space, b } = setting();
    const node = new EngineNode(new World(), space, space.admin);
    const stranger = new RawPeer(node.world, new Actor('stranger'));
    node.world.connect(stranger, node);
    stranger.say('beats', [beatOf(b, space.id, world.wallMs)]);
    expect(node.dropped('beats-before-open')).toBe(1);
    expect(node.replica.beats.size).toBe(0);
  });
});
