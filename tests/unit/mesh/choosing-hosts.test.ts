import { describe, expect, it } from 'vitest';
import { choiceTopic, rankHosts } from '../../../src/mesh/host-choice.ts';
import type { KnownHost } from '../../../src/mesh/known-host.ts';
import type { MeshOptions, SpaceMeeting } from '../../../src/mesh/mesh.ts';
import type { Link } from '../../../src/mesh/port.ts';
import { MeshWorld, meeting, nodeId, type TestNode } from './mesh-world.ts';
import { seededRandom } from './virtual-clock.ts';

const valley = meeting('valley');
const at = (n: number) => `h${n}.test:9000`;

function host(n: number, more: Partial<KnownHost> = {}): KnownHost {
  return { name: `${nodeId(n)}/h${n}`, weight: 10, urls: [`ws://${at(n)}/peerjs`], ...more };
}

const hostsOf = (...numbers: number[]) => numbers.map((n) => host(n));
const FIVE = [1, 2, 3, 4, 5];

/** A space with these known hosts. */
const knowing = (hosts: readonly KnownHost[], space: SpaceMeeting = valley): SpaceMeeting => ({
  ...space,
  hosts,
});

/** The numbers of the hosts in the order of a space's choice. */
function choice(numbers: readonly number[], space: SpaceMeeting = valley): number[] {
  const ranked = rankHosts(choiceTopic(space.meetSecret), hostsOf(...numbers));
  return ranked.map(({ urls }) => Number(/\d+/.exec(urls[0] ?? '')));
}

/** The hosts that a node is connected to, by number, sorted. */
function openOn({ mesh }: TestNode): number[] {
  const open = mesh.hosts().filter(({ state }) => state === 'open');
  return open.map(({ url }) => Number(/\d+/.exec(url))).sort((a, b) => a - b);
}

const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);
const linkedAll = (nodes: readonly TestNode[]) =>
  nodes.every((node) => node.peers().length === nodes.length - 1);
/** Without lookouts, so that what is open is the choice alone. */
const NO_LOOKOUT: Partial<MeshOptions> = { hostPolicy: { lookoutMs: Number.POSITIVE_INFINITY } };

function worldWith(...numbers: number[]): MeshWorld {
  const world = new MeshWorld();
  for (const n of numbers) world.hubs.start(at(n));
  return world;
}

describe('a node that knows five hosts', () => {
  it('uses the first two of its space’s choice, and those alone', () => {
    const world = worldWith(...FIVE);
    const [one, two] = [1, 2].map((n) => world.node(n, [], [knowing(hostsOf(...FIVE))], NO_LOOKOUT));
    world.clock.advance(120_000);
    for (const node of [one, two]) {
      if (node === undefined) throw new Error('no node');
      expect(openOn(node)).toEqual(sorted(choice(FIVE).slice(0, 2)));
      expect(node.mesh.choices(valley.space).map(({ state }) => state)).toEqual([
        ...['open', 'open', 'standby', 'standby', 'standby'],
      ]);
    }
    expect([one?.peers(), two?.peers()]).toEqual([[2], [1]]);
  });

  it('puts the next in the place of one that is down, waits a moment before, and goes back when it is up again', () => {
    const world = worldWith(...FIVE);
    const nodes = [1, 2].map((n) => world.node(n, [], [knowing(hostsOf(...FIVE))], NO_LOOKOUT));
    const [node] = nodes as [TestNode];
    const [first = 0, second = 0, third = 0] = choice(FIVE);
    world.clock.advance(30_000);
    world.hubs.kill(at(first));
    world.clock.advance(2_900);
    expect(openOn(node)).toEqual([second]);
    expect(world.clock.advanceUntil(() => openOn(node).length === 2, 5_000)).toBeLessThan(300);
    expect(openOn(node)).toEqual(sorted([second, third]));
    world.clock.advance(300_000);
    world.hubs.start(at(first));
    // The longest wait of the backoff; then the substitute is kept for those who have not noticed yet.
    expect(world.clock.advanceUntil(() => openOn(node).includes(first), 60_000)).toBeLessThan(34_000);
    world.clock.advance(55_000);
    expect(openOn(node)).toEqual(sorted([first, second, third]));
    world.clock.advance(10_000);
    expect(openOn(node)).toEqual(sorted([first, second]));
    expect(nodes.map(({ opened }) => opened.length)).toEqual([1, 1]);
  });

  it('finds the living one behind twenty dead ones, within its number of sockets', () => {
    const numbers = Array.from({ length: 21 }, (_, i) => i + 1);
    const alive = choice(numbers).at(-1) ?? 0;
    const world = worldWith(alive);
    const node = world.node(1, [], [knowing(hostsOf(...numbers))], NO_LOOKOUT);
    let most = 0;
    const isThere = () => {
      most = Math.max(most, node.mesh.hosts().length);
      return openOn(node).length === 1;
    };
    expect(world.clock.advanceUntil(isThere, 60_000)).toBeLessThan(10_000);
    world.clock.advance(600_000);
    expect(openOn(node)).toEqual([alive]);
    expect(most).toBeLessThanOrEqual(16);
  });

  it('tries the addresses of a host in turn and stays with the one that answers', () => {
    const world = worldWith(2);
    const many = host(1, { urls: ['ws://192.168.7.7:1', `ws://${at(1)}`, `ws://${at(2)}`] });
    const node = world.node(1, [], [knowing([many])], NO_LOOKOUT);
    expect(world.clock.advanceUntil(() => openOn(node).length === 1, 5_000)).toBeLessThan(200);
    expect(node.mesh.hosts().map(({ url }) => url)).toEqual([`ws://${at(2)}/peerjs`]);
    world.hubs.kill(at(2));
    world.clock.advance(60_000);
    world.hubs.start(at(2));
    expect(world.clock.advanceUntil(() => openOn(node).length === 1, 60_000)).toBeLessThan(34_000);
  });

  it('is on every host in the local network besides', () => {
    const world = worldWith(...FIVE);
    const local = ['192.168.1.9:7070', 'waystation.local:7070'];
    for (const one of local) world.hubs.start(one);
    const known = [
      ...hostsOf(...FIVE),
      ...local.map((one, i) => host(6 + i, { urls: [`ws://${one}`], weight: 1 })),
    ];
    const node = world.node(1, [], [knowing(known)], {
      hostPolicy: { ...NO_LOOKOUT.hostPolicy, maxExtra: 0 },
    });
    world.clock.advance(1_000);
    expect(node.mesh.hosts().map(({ url }) => new URL(url).host)).toEqual(
      expect.arrayContaining([...local, ...choice(FIVE).slice(0, 2).map(at)]),
    );
  });

  it('shows each space only on the hosts that this space uses', () => {
    const world = new MeshWorld();
    const hubs = FIVE.map((n) => world.hubs.start(at(n)));
    const spaces = Array.from({ length: 12 }, (_, i) => meeting(`space ${i}`));
    const known = spaces.map((space) => knowing(hostsOf(...FIVE), space));
    world.node(1, [], known, { hostPolicy: { ...NO_LOOKOUT.hostPolicy, maxExtra: 0 } });
    world.clock.advance(5_000);
    const expected = FIVE.map(
      (n) => spaces.filter((space) => choice(FIVE, space).slice(0, 2).includes(n)).length,
    );
    expect(hubs.map((hub) => hub.stats().topics)).toEqual(expected);
  });

  it('is on two though all that a member announced goes by the name of the host that the person named', () => {
    const world = worldWith(4, 5);
    world.hubs.start('127.0.0.1:7070', { hostId: 'me' });
    const posing = [1, 2, 3].map((n) => host(n, { hostId: 'me', weight: 100 }));
    const known = [...posing, host(4, { weight: 1 }), host(5, { weight: 1 })];
    const policy = { hostPolicy: { ...NO_LOOKOUT.hostPolicy, maxExtra: 0 } };
    const node = world.node(1, ['ws://127.0.0.1:7070'], [knowing(known)], policy);
    world.clock.advance(120_000);
    expect(node.mesh.hosts().map(({ url, state }) => [new URL(url).host, state])).toEqual([
      ['127.0.0.1:7070', 'open'],
      [expect.stringMatching(/^h[45]/), 'open'],
    ]);
  });

  it('takes a host that the person named for that host of the choice, though the address differs', () => {
    const world = new MeshWorld();
    world.hubs.start('127.0.0.1:7070', { hostId: 'me' });
    const own = host(1, { hostId: 'me' });
    const node = world.node(1, ['ws://127.0.0.1:7070'], [knowing([own])], NO_LOOKOUT);
    world.clock.advance(10_000);
    expect(node.mesh.hosts().map(({ url, use }) => [url, use])).toEqual([
      ['ws://127.0.0.1:7070/peerjs', 'given'],
    ]);
    expect(node.mesh.choices(valley.space)).toEqual([{ urls: own.urls, rank: 0, state: 'open' }]);
  });
});

describe('hosts that take everybody in and carry nothing', () => {
  it('cannot keep members apart, though all of them choose those first', () => {
    const world = new MeshWorld();
    const limits = { allMessages: { burst: 0, perSecond: 0 } };
    const [first = 0, second = 0, ...others] = choice(FIVE);
    for (const n of [first, second]) world.hubs.start(at(n), { hostId: `liar-${n}`, limits });
    for (const n of others) world.hubs.start(at(n));
    const nodes = Array.from({ length: 6 }, (_, i) => world.node(i + 1, [], [knowing(hostsOf(...FIVE))]));
    expect(world.clock.advanceUntil(() => linkedAll(nodes), 60_000)).toBeLessThan(12_000);
    const late = world.node(7, [], [knowing(hostsOf(...FIVE))]);
    expect(world.clock.advanceUntil(() => late.peers().length > 0, 300_000)).toBeLessThan(120_000);
  });
});

/** Prints a measured time (virtual) where it is asked for. */
function show(text: string): void {
  if (process.env['WAYSTATION_SHOW'] !== undefined) console.log(text);
}

interface Joining {
  readonly world: MeshWorld;
  readonly nodes: TestNode[];
  readonly lastKillMs: number;
  readonly lastJoinMs: number;
}

/** Thirty nodes come one by one within half a minute, and three of five hosts die in it. */
function joinWhileHostsDie(seed: number, how: 'kill' | 'hang'): Joining {
  const world = worldWith(...FIVE);
  const chance = () => {
    const [a = 0, b = 0] = random.bytes(2);
    return (a * 256 + b) / 65_536;
  };
  const random = seededRandom(seed);
  const nodes: TestNode[] = [];
  const victims = [...FIVE].sort(() => chance() - 0.5).slice(0, 3);
  const kills = victims.map((n) => ({ atMs: chance() * 30_000, n }));
  for (const { atMs, n } of kills) world.clock.schedule(atMs, () => world.hubs[how](at(n)));
  const joins = Array.from({ length: 30 }, (_, i) => ({ atMs: chance() * 30_000, n: i + 1 }));
  for (const { atMs, n } of joins)
    world.clock.schedule(atMs, () => nodes.push(world.node(n, [], [knowing(hostsOf(...FIVE))])));
  world.clock.advance(30_000);
  return {
    world,
    nodes,
    lastKillMs: Math.max(...kills.map(({ atMs }) => atMs)),
    lastJoinMs: Math.max(...joins.map(({ atMs }) => atMs)),
  };
}

describe('thirty nodes', () => {
  it.each([1, 2, 3, 4])('find each other while three of five hosts die (seed %d)', (seed) => {
    const { world, nodes, lastKillMs, lastJoinMs } = joinWhileHostsDie(seed, 'kill');
    const tookMs = world.clock.advanceUntil(() => linkedAll(nodes), 120_000);
    const sinceMs = world.clock.monotonicMs() - Math.max(lastKillMs, lastJoinMs);
    expect(tookMs).toBeLessThan(15_000);
    expect(sinceMs).toBeLessThan(20_000);
    show(
      `three of five hosts die, seed ${seed}: all linked ${Math.round(sinceMs)} ms after the last arrival or death`,
    );
    expect(nodes.every(({ opened }) => opened.length === 29)).toBe(true);
  });

  it.each([1, 2])(
    'find each other while three of five hosts freeze, which takes longer to notice (seed %d)',
    (seed) => {
      const { world, nodes, lastKillMs, lastJoinMs } = joinWhileHostsDie(seed, 'hang');
      world.clock.advanceUntil(() => linkedAll(nodes), 120_000);
      const sinceMs = world.clock.monotonicMs() - Math.max(lastKillMs, lastJoinMs);
      show(`three of five hosts freeze, seed ${seed}: all linked after ${Math.round(sinceMs)} ms`);
      expect(sinceMs).toBeLessThan(45_000);
    },
  );

  it('notice nothing of it when every host dies in turn, and of a newcomer everything', () => {
    const world = worldWith(...FIVE);
    const nodes = Array.from({ length: 30 }, (_, i) => world.node(i + 1, [], [knowing(hostsOf(...FIVE))]));
    expect(world.clock.advanceUntil(() => linkedAll(nodes), 60_000)).toBeLessThan(30_000);
    const links = nodes.map(({ mesh }) => new Set<Link>(mesh.links().map(({ link }) => link)));
    for (const n of FIVE) {
      world.hubs.kill(at(n));
      world.clock.advance(20_000);
      nodes[0]?.sendTo(30, `without ${n}`);
      world.clock.advance(100);
      expect(nodes[29]?.received.at(-1)).toBe(`without ${n}`);
      world.hubs.start(at(n));
      world.clock.advance(20_000);
    }
    expect(nodes.map(({ opened }) => opened.length)).toEqual(nodes.map(() => 29));
    for (const [i, { mesh }] of nodes.entries())
      for (const { link } of mesh.links()) expect(links[i]?.has(link)).toBe(true);
    const late = world.node(31, [], [knowing(hostsOf(...FIVE))]);
    expect(world.clock.advanceUntil(() => linkedAll([...nodes, late]), 60_000)).toBeLessThan(10_000);
    // Everybody is back on the two of the choice, with one lookout at most.
    world.clock.advance(120_000);
    for (const node of nodes) {
      expect(openOn(node)).toEqual(expect.arrayContaining(sorted(choice(FIVE).slice(0, 2))));
      expect(openOn(node).length).toBeLessThanOrEqual(3);
    }
  });
});

describe('lists that differ by half', () => {
  const LEFT = [1, 2, 3, 4];
  const RIGHT = [3, 4, 5, 6];
  /** A space of which each half chooses two hosts that the other half does not know. */
  const apart = Array.from({ length: 500 }, (_, i) => meeting(`apart ${i}`)).find(
    (space) =>
      choice(LEFT, space)
        .slice(0, 2)
        .every((n) => n < 3) &&
      choice(RIGHT, space)
        .slice(0, 2)
        .every((n) => n > 4),
  ) as SpaceMeeting;

  /** Two groups of `size`; when two nodes are linked each learns what the other knows, as entries do it. */
  function halves(size: number, { learns, policy }: { learns: boolean; policy?: MeshOptions['hostPolicy'] }) {
    const world = worldWith(1, 2, 3, 4, 5, 6);
    const known = new Map<number, Set<number>>();
    const nodes: TestNode[] = [];
    const tell = (n: number) => {
      const hosts = hostsOf(...sorted([...(known.get(n) ?? [])]));
      nodes[n - 1]?.mesh.setSpaces([knowing(hosts, apart)]);
    };
    const learn = () => {
      for (let isNews = learns; isNews; ) {
        isNews = false;
        for (const [i, node] of nodes.entries()) {
          const own = known.get(i + 1);
          const before = own?.size ?? 0;
          for (const peer of node.peers()) for (const one of known.get(peer) ?? []) own?.add(one);
          if ((own?.size ?? 0) === before) continue;
          isNews = true;
          tell(i + 1);
        }
      }
    };
    for (let n = 1; n <= 2 * size; n++) {
      known.set(n, new Set(n % 2 === 1 ? LEFT : RIGHT));
      nodes.push(world.node(n, [], [], { ...(policy && { hostPolicy: policy }) }));
      tell(n);
    }
    const untilMet = (maxMs: number) => {
      for (let passedMs = 0; passedMs <= maxMs; passedMs += 500) {
        learn();
        if (linkedAll(nodes)) return passedMs;
        world.clock.advance(500);
      }
      return Number.POSITIVE_INFINITY;
    };
    return { world, nodes, untilMet };
  }

  it('stay two islands where nobody looks elsewhere: this is what lookouts are for', () => {
    const policy = { lookoutMs: Number.POSITIVE_INFINITY };
    const { nodes, untilMet } = halves(5, { learns: true, policy });
    expect(untilMet(600_000)).toBe(Number.POSITIVE_INFINITY);
    expect(nodes.every(({ mesh }) => mesh.links().length === 4)).toBe(true);
  });

  it('are bridged by a few, whose news of hosts then bring all together', () => {
    const { nodes, untilMet } = halves(15, { learns: true });
    const tookMs = untilMet(300_000);
    show(`two groups of 15: one after ${tookMs} ms`);
    expect(tookMs).toBeLessThan(150_000);
    // Now they choose from one list.
    const both = choice([1, 2, 3, 4, 5, 6], apart).slice(0, 2);
    for (const node of nodes) expect(openOn(node)).toEqual(expect.arrayContaining(sorted(both)));
  });

  it('are bridged also in twos, and by one and one', () => {
    const [twos, ones] = [2, 1].map((size) => halves(size, { learns: true }).untilMet(1_200_000));
    show(`two and two: one after ${twos} ms; one and one after ${ones} ms`);
    expect(twos).toBeLessThan(900_000);
    expect(ones).toBeLessThan(60_000);
  });

  it('are met all the same by a node that is on both', () => {
    const policy = { lookoutMs: Number.POSITIVE_INFINITY };
    const { world, nodes } = halves(5, { learns: true, policy });
    world.clock.advance(10_000);
    const bridge = world.node(
      99,
      [...LEFT, ...RIGHT].map((n) => `ws://${at(n)}`),
      [apart],
    );
    world.clock.advance(5_000);
    expect(bridge.peers()).toEqual(nodes.map((_, i) => i + 1));
    // What the bridge tells makes the lists one.
    for (const node of nodes) node.mesh.setSpaces([knowing(hostsOf(1, 2, 3, 4, 5, 6), apart)]);
    expect(
      world.clock.advanceUntil(() => nodes.every((node) => node.peers().length === 10), 60_000),
    ).toBeLessThan(10_000);
  });
});
