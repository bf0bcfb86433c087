import { describe, expect, it } from 'vitest';
import type { NodeId } from '../../../src/core/ids.ts';
import { MeshWorld, meeting, nodeId, type TestNode } from './mesh-world.ts';

const A = 'ws://a.test:9000';
const B = 'ws://b.test:9000';
const valley = meeting('valley');
const house = meeting('house');

function linkedAll(nodes: readonly TestNode[]): boolean {
  return nodes.every((node) => node.peers().length === nodes.length - 1);
}

describe('meeting', () => {
  it('links two members of a space, dialled by the lower id', () => {
    const world = new MeshWorld();
    world.hubs.start('a.test:9000');
    const one = world.node(1, [A], [valley]);
    const two = world.node(2, [A], [valley]);
    expect(world.clock.advanceUntil(() => linkedAll([one, two]), 1_000)).toBeLessThan(200);
    expect(one.opened[0]?.link.initiator).toBe(true);
    expect(two.opened[0]?.link.initiator).toBe(false);
    expect(one.opened[0]?.info).toEqual({
      host: `${A}/peerjs`,
      peerNode: nodeId(2),
      spaces: [valley.space],
    });
    expect(two.mesh.counters()).not.toHaveProperty('dialled');
    one.sendTo(2, 'hello');
    two.sendTo(1, 'good day');
    world.clock.advance(10);
    expect([two.received, one.received]).toEqual([['hello'], ['good day']]);
    expect(one.mesh.hosts()).toEqual([
      {
        url: `${A}/peerjs`,
        state: 'open',
        use: 'given',
        hostId: 'id-of-a-test-9000',
        peers: 1,
        lastFailure: undefined,
      },
    ]);
  });

  it('makes one link per pair, whatever number of hosts and spaces they share', () => {
    const world = new MeshWorld();
    world.hubs.start('a.test:9000');
    world.hubs.start('b.test:9000');
    const nodes = [1, 2, 3, 4].map((n) => world.node(n, [A, B], [valley, house]));
    world.clock.advance(60_000);
    expect(nodes.map((node) => node.peers())).toEqual([
      [2, 3, 4],
      [1, 3, 4],
      [1, 2, 4],
      [1, 2, 3],
    ]);
    expect(nodes.map((node) => node.opened.length)).toEqual([3, 3, 3, 3]);
  });

  it('makes one link when two addresses lead to the same host', () => {
    const world = new MeshWorld();
    world.hubs.start('a.test:9000', { hostId: 'the-same' });
    world.hubs.start('b.test:9000', { hostId: 'the-same' });
    const one = world.node(1, [A, B], [valley]);
    const two = world.node(2, [B], [valley]);
    world.clock.advance(5_000);
    expect([one.peers(), two.peers(), one.opened.length]).toEqual([[2], [1], 1]);
  });

  it('lets twenty nodes that arrive at once all meet, within the limit of attempts', () => {
    const world = new MeshWorld();
    world.hubs.start('a.test:9000');
    const nodes = Array.from({ length: 20 }, (_, i) => world.node(i + 1, [A], [valley]));
    expect(world.clock.advanceUntil(() => linkedAll(nodes), 30_000)).toBeLessThan(10_000);
    expect(nodes.every((node) => node.opened.length === 19)).toBe(true);
  });

  it('keeps members of different spaces apart', () => {
    const world = new MeshWorld();
    world.hubs.start('a.test:9000');
    const one = world.node(1, [A], [valley]);
    const two = world.node(2, [A], [house]);
    world.clock.advance(60_000);
    expect([one.peers(), two.peers()]).toEqual([[], []]);
  });

  it('follows a change of spaces while running', () => {
    const world = new MeshWorld();
    world.hubs.start('a.test:9000');
    const one = world.node(1, [A], [valley]);
    const two = world.node(2, [A], []);
    world.clock.advance(1_000);
    two.mesh.setSpaces([valley]);
    expect(world.clock.advanceUntil(() => linkedAll([one, two]), 1_000)).toBeLessThan(100);
    two.mesh.setSpaces([]);
    world.clock.advance(1_000);
    expect(one.mesh.hosts()[0]?.peers).toBe(0);
    expect(one.peers()).toEqual([2]);
  });

  it('meets across midnight with clocks that differ by nine minutes', () => {
    const world = new MeshWorld(Date.UTC(2026, 6, 1, 23, 56));
    world.hubs.start('a.test:9000');
    const one = world.node(1, [A], [valley]);
    const two = world.node(2, [A], [valley], { clock: world.clock.shifted(9 * 60_000) });
    expect(world.clock.advanceUntil(() => linkedAll([one, two]), 1_000)).toBeLessThan(200);
  });

  const DAY_MS = 86_400_000;
  const NOW_MS = Date.UTC(2026, 6, 1, 12);

  it.each([
    ['a day behind', -DAY_MS],
    ['two days ahead', 2 * DAY_MS],
    ['where a dead battery leaves it', -NOW_MS],
    ['a century ahead', 100 * 365 * DAY_MS],
  ])('meets though one clock is %s', (_where, offMs) => {
    const world = new MeshWorld(NOW_MS);
    world.hubs.start('a.test:9000');
    const one = world.node(1, [A], [valley]);
    const two = world.node(2, [A], [valley], { clock: world.clock.shifted(offMs) });
    expect(world.clock.advanceUntil(() => linkedAll([one, two]), 1_000)).toBeLessThan(200);
    // And on the days that follow: the host's days go on though nobody connects anew.
    world.clock.advance(3 * DAY_MS);
    const late = world.node(3, [A], [valley], { clock: world.clock.shifted(-offMs) });
    expect(world.clock.advanceUntil(() => linkedAll([one, two, late]), 1_000)).toBeLessThan(200);
  });

  it.each([-DAY_MS, DAY_MS, 2 * DAY_MS])(
    'meets on a host that does not tell the time, %d ms apart',
    (offMs) => {
      const world = new MeshWorld(NOW_MS);
      world.hubs.start('a.test:9000', { hostId: 'timeless' });
      const one = world.node(1, [A], [valley]);
      const two = world.node(2, [A], [valley], { clock: world.clock.shifted(offMs) });
      expect(world.clock.advanceUntil(() => linkedAll([one, two]), 1_000)).toBeLessThan(200);
    },
  );

  it('meets on a host that finds the time only after some have come', () => {
    const world = new MeshWorld(NOW_MS);
    let hostMs = 0;
    world.hubs.start('a.test:9000', { hostId: 'no-battery', wallMs: () => hostMs });
    const dead = world.clock.shifted(-NOW_MS / 2);
    const one = world.node(1, [A], [valley], { clock: dead });
    world.clock.advance(60_000);
    hostMs = world.clock.nowMs();
    world.clock.advance(60_000);
    const two = world.node(2, [A], [valley]);
    expect(world.clock.advanceUntil(() => linkedAll([one, two]), 1_000)).toBeLessThan(200);
  });

  it('shows itself under one topic for each space, and under no more than a host allows, whatever the clock says', () => {
    const world = new MeshWorld(NOW_MS);
    const right = world.hubs.start('a.test:9000');
    const wrong = world.hubs.start('b.test:9000');
    const spaces = Array.from({ length: 32 }, (_, i) => meeting(`space ${i}`));
    world.node(1, [A], spaces);
    world.node(2, ['ws://b.test:9000'], spaces, { clock: world.clock.shifted(-3 * 365 * DAY_MS) });
    world.clock.advance(1_000);
    expect(right.stats().topics).toBe(32);
    expect(wrong.stats()).toMatchObject({ topics: 64, counters: {} });
  });

  it('is found by a newcomer after days have changed', () => {
    const world = new MeshWorld(Date.UTC(2026, 6, 1, 12));
    world.hubs.start('a.test:9000');
    world.node(1, [A], [valley]);
    world.clock.advance(26 * 3_600_000);
    const two = world.node(2, [A], [valley]);
    expect(world.clock.advanceUntil(() => two.peers().length === 1, 1_000)).toBeLessThan(200);
  });
});

describe('signaling loss', () => {
  it('does not touch a link; data still flow', () => {
    const world = new MeshWorld();
    world.hubs.start('a.test:9000');
    const one = world.node(1, [A], [valley]);
    const two = world.node(2, [A], [valley]);
    world.clock.advance(1_000);
    world.hubs.kill('a.test:9000');
    world.clock.advance(600_000);
    expect(one.mesh.hosts()[0]?.state).not.toBe('open');
    expect([one.peers(), one.opened.length]).toEqual([[2], 1]);
    two.sendTo(1, 'still here');
    world.clock.advance(10);
    expect(one.received).toEqual(['still here']);
  });

  it('finds a new peer within half a minute after the host is back', () => {
    const world = new MeshWorld();
    world.hubs.start('a.test:9000');
    const one = world.node(1, [A], [valley]);
    const two = world.node(2, [A], [valley]);
    world.clock.advance(1_000);
    world.hubs.kill('a.test:9000');
    world.clock.advance(3_600_000);
    world.hubs.start('a.test:9000');
    const three = world.node(3, [A], [valley]);
    expect(world.clock.advanceUntil(() => linkedAll([one, two, three]), 60_000)).toBeLessThan(34_000);
    expect([one.opened.length, two.opened.length]).toEqual([2, 2]);
  });

  it('connects when the only host appears after the nodes', () => {
    const world = new MeshWorld();
    const one = world.node(1, [A], [valley]);
    const two = world.node(2, [A], [valley]);
    world.clock.advance(5_000);
    world.hubs.start('a.test:9000');
    expect(world.clock.advanceUntil(() => linkedAll([one, two]), 60_000)).toBeLessThan(20_000);
  });
});

describe('a lost peer', () => {
  it('is dialled again when it comes back', () => {
    const world = new MeshWorld();
    world.hubs.start('a.test:9000');
    const one = world.node(1, [A], [valley]);
    const two = world.node(2, [A], [valley]);
    world.clock.advance(20_000);
    two.transport.close();
    two.mesh.close();
    expect(world.clock.advanceUntil(() => one.peers().length === 0, 1_000)).toBeLessThan(100);
    world.clock.advance(60_000);
    world.node(2, [A], [valley]);
    expect(world.clock.advanceUntil(() => one.peers().length === 1, 1_000)).toBeLessThan(200);
  });

  it('that was killed and came back before its link timed out is linked anew in seconds', () => {
    const world = new MeshWorld();
    world.hubs.start('a.test:9000');
    const one = world.node(1, [A], [valley]);
    const two = world.node(2, [A], [valley]);
    world.clock.advance(20_000);
    two.kill();
    world.clock.advance(500);
    expect(one.peers()).toEqual([2]);
    const again = world.node(2, [A], [valley]);
    expect(world.clock.advanceUntil(() => again.peers().length === 1, 10_000)).toBeLessThan(3_000);
    expect(one.peers()).toEqual([2]);
    again.sendTo(1, 'I am back');
    world.clock.advance(10);
    expect(one.received).toEqual(['I am back']);
  });

  it('is dialled again with growing pauses while its links keep dying', () => {
    const world = new MeshWorld();
    world.hubs.start('a.test:9000');
    const dials: number[] = [];
    world.node(1, [A], [valley], {
      onLink: (link) => {
        dials.push(world.clock.monotonicMs());
        link.close('not to my taste');
      },
    });
    world.node(2, [A], [valley]);
    world.clock.advance(120_000);
    const pauses = dials.slice(1).map((at, i) => at - (dials[i] ?? 0));
    for (const [i, pause] of pauses.entries()) {
      const nominal = Math.min(30_000, 100 * 2 ** i);
      expect(pause).toBeGreaterThanOrEqual(nominal * 0.9);
      expect(pause).toBeLessThan(nominal * 1.1 + 50);
    }
    expect(pauses.length).toBeGreaterThan(8);
  });

  it('is dialled again at once after a link that had been healthy', () => {
    const world = new MeshWorld();
    world.hubs.start('a.test:9000');
    const one = world.node(1, [A], [valley]);
    world.node(2, [A], [valley]);
    for (let round = 1; round <= 5; round++) {
      world.clock.advance(15_000);
      one.opened.at(-1)?.link.close('cable pulled');
      expect(one.peers()).toEqual([]);
      expect(world.clock.advanceUntil(() => one.peers().length === 1, 1_000)).toBeLessThan(200);
    }
  });
});

describe('whom to talk to', () => {
  it('neither dials nor answers a node that is not accepted, and accepts it once asked again', () => {
    const world = new MeshWorld();
    world.hubs.start('a.test:9000');
    let wanted: NodeId[] = [];
    const accept = (id: NodeId) => wanted.includes(id);
    const two = world.node(2, [A], [valley], { accept });
    const one = world.node(1, [A], [valley]);
    const three = world.node(3, [A], [valley]);
    world.clock.advance(30_000);
    expect([one.peers(), two.peers(), three.peers()]).toEqual([[3], [], [1]]);
    expect(two.mesh.counters()['not-accepted']).toBeGreaterThan(0);
    expect(two.mesh.counters()).not.toHaveProperty('dialled');
    wanted = [nodeId(3), nodeId(1)];
    two.mesh.reconsider();
    expect(world.clock.advanceUntil(() => linkedAll([one, two, three]), 60_000)).toBeLessThan(35_000);
  });

  it('closes a forgotten node and does not dial it until it is remembered', () => {
    const world = new MeshWorld();
    world.hubs.start('a.test:9000');
    const one = world.node(1, [A], [valley]);
    const two = world.node(2, [A], [valley]);
    world.clock.advance(1_000);
    one.mesh.forget(nodeId(2), 'wrong key');
    world.clock.advance(120_000);
    expect([one.peers(), two.peers(), one.opened.length]).toEqual([[], [], 1]);
    one.mesh.remember(nodeId(2));
    expect(world.clock.advanceUntil(() => linkedAll([one, two]), 1_000)).toBeLessThan(200);
  });

  it('keeps a proved link when another member claims its node id, and replaces it by one that proves itself', () => {
    const world = new MeshWorld();
    world.hubs.start('a.test:9000');
    const two = world.node(2, [A], [valley]);
    const one = world.node(1, [A], [valley]);
    world.clock.advance(20_000);
    const trueLink = two.mesh.links()[0]?.link;
    if (trueLink === undefined) throw new Error('no link');
    two.mesh.proven(trueLink, nodeId(1));
    const impostor = world.node(1, [A], [valley]);
    expect(world.clock.advanceUntil(() => impostor.peers().length === 1, 5_000)).toBeLessThan(1_000);
    expect(two.mesh.links().map(({ proven }) => proven)).toEqual([true, false]);
    two.opened.at(-1)?.link.close('the proof failed');
    one.sendTo(2, 'the true one');
    world.clock.advance(10);
    expect(two.received).toEqual(['the true one']);
    // The impostor dials again; this time it is (as after a restart) the node itself.
    expect(world.clock.advanceUntil(() => two.mesh.links().length === 2, 5_000)).toBeLessThan(1_000);
    const newer = two.opened.at(-1)?.link;
    if (newer === undefined) throw new Error('no link');
    two.mesh.proven(newer, nodeId(1));
    expect(two.mesh.links().map(({ link }) => link)).toEqual([newer]);
  });

  it('holds no more links than its limit and takes the next peer when one leaves', () => {
    const world = new MeshWorld();
    world.hubs.start('a.test:9000');
    const few = world.node(1, [A], [valley], { limits: { maxLinks: 3 } });
    const others = [2, 3, 4, 5, 6].map((n) => world.node(n, [A], [valley]));
    world.clock.advance(10_000);
    expect(few.peers()).toHaveLength(3);
    const leaving = others[(few.peers()[0] ?? 0) - 2];
    leaving?.transport.close();
    leaving?.mesh.close();
    expect(world.clock.advanceUntil(() => few.peers().length === 3, 60_000)).toBeLessThan(60_000);
  });

  it('uses the first eight hosts and says of each whether it can be used', () => {
    const world = new MeshWorld();
    const { mesh } = world.node(1, [], []);
    mesh.setHosts([
      'http://not-a-socket',
      'nonsense',
      ...Array.from({ length: 9 }, (_, i) => `ws://h${i}:1`),
    ]);
    world.clock.advance(1_000);
    expect(mesh.hosts()).toHaveLength(8);
    expect(mesh.counters()['hosts-over-limit']).toBe(1);
    expect(
      mesh
        .hosts()
        .map(({ state }) => state)
        .slice(0, 2),
    ).toEqual(['invalid', 'invalid']);
    expect(mesh.hosts()[1]?.lastFailure).toContain('expected a host such as ws://');
    expect(mesh.hosts()[2]?.lastFailure).toBe('connection refused');
  });
});
