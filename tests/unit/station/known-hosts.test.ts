import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/core/hash.ts';
import { type NodeId, nodeIdFrom } from '../../../src/core/ids.ts';
import type { Entry } from '../../../src/feed/entry.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import { parseInvite } from '../../../src/identity/invite.ts';
import type { Membership } from '../../../src/identity/membership.ts';
import type { Role } from '../../../src/identity/roles.ts';
import { MemoryNetwork } from '../../../src/mesh/memory.ts';
import { Mesh } from '../../../src/mesh/mesh.ts';
import { type EndpointBody, encodeEndpoint } from '../../../src/station/endpoint-body.ts';
import { announceHost, mayAnnounce } from '../../../src/station/host-announcing.ts';
import { hostName, KnownHosts, MAX_HOSTS_PER_MEMBER } from '../../../src/station/known-hosts.ts';
import { createInvite, revokeMember } from '../../../src/station/membership-actions.ts';
import type { WaystationNode } from '../../../src/station/node.ts';
import type { Space } from '../../../src/station/space.ts';
import { HubWorld } from '../mesh/mesh-world.ts';
import { type Member, NodeWorld } from './node-world.ts';

const node = (n: number): NodeId => nodeIdFrom(sha256(Uint8Array.of(n)));
const ADMIN = node(0);
const ROLES: Readonly<Record<NodeId, Role>> = {
  [ADMIN]: 'admin',
  [node(1)]: 'admin',
  [node(2)]: 'member',
  [node(3)]: 'mirror',
};
const members = {
  member: (id: NodeId) => (ROLES[id] === undefined ? undefined : { role: ROLES[id], status: 'active' }),
  isActive: (id: NodeId) => ROLES[id] !== undefined,
} as unknown as Membership;

interface Said extends Partial<EndpointBody> {
  readonly by: NodeId;
  readonly at: number;
}

/** An entry as it counts here. */
function said({ by, at, ...body }: Said): Entry {
  const full = { node: by, hostId: 'h', weight: 10, addresses: ['ws://h'], ...body };
  const bytes = encodeEndpoint(full);
  const header = { kind: KIND.endpoint, author: by, lamport: at };
  return { header, body: bytes, id: String(at) } as unknown as Entry;
}

function known(...all: Said[]) {
  const hosts = new KnownHosts();
  hosts.note(all.map(said));
  return hosts.list(members, []).map(({ name, weight, urls }) => [name, weight, ...urls]);
}

const at = (n: NodeId | null, hostId = 'h') => hostName(n, hostId);
const PEERJS = 'ws://h/peerjs';

describe('who is believed', () => {
  it('a member and a mirror of their own host, with no more than the ordinary weight', () => {
    expect(known({ by: node(2), at: 1, weight: 100 }, { by: node(3), at: 1, weight: 3 })).toEqual(
      [
        [at(node(2)), 10, PEERJS],
        [at(node(3)), 3, PEERJS],
      ].sort(),
    );
  });

  it('not a member of another’s host, nor of one that nobody runs', () => {
    expect(known({ by: node(2), at: 1, node: node(3) }, { by: node(2), at: 2, node: null })).toEqual([]);
  });

  it('nobody who is no member', () => {
    expect(known({ by: node(9), at: 1 }, { by: ADMIN, at: 1, node: node(9) })).toEqual([]);
  });

  it('an admin of every host, before its own member', () => {
    expect(
      known(
        { by: node(2), at: 9, addresses: ['ws://old'] },
        { by: ADMIN, at: 1, node: node(2), weight: 50, addresses: ['ws://new'] },
        { by: ADMIN, at: 2, node: null, weight: 100 },
      ),
    ).toEqual([
      [at(null), 100, PEERJS],
      [at(node(2)), 50, 'ws://new/peerjs'],
    ]);
  });

  it('of two admins the latest', () => {
    expect(
      known({ by: ADMIN, at: 5, node: null, weight: 50 }, { by: node(1), at: 4, node: null, weight: 40 }),
    ).toEqual([[at(null), 50, PEERJS]]);
  });

  it('the latest of one author; no address retracts, and an admin retracts another’s', () => {
    expect(known({ by: node(2), at: 2, addresses: [] }, { by: node(2), at: 1 })).toEqual([]);
    expect(known({ by: node(2), at: 3 }, { by: node(2), at: 2, addresses: [] })).toHaveLength(1);
    expect(known({ by: node(2), at: 3 }, { by: ADMIN, at: 1, node: node(2), addresses: [] })).toEqual([]);
  });

  it('a member of four hosts, the latest', () => {
    const many = Array.from({ length: 9 }, (_, i) => ({ by: node(2), at: i + 1, hostId: `h${i}` }));
    expect(known(...many).map(([name]) => name)).toEqual([5, 6, 7, 8].map((i) => at(node(2), `h${i}`)));
    expect(MAX_HOSTS_PER_MEMBER).toBe(4);
  });

  it('makes the same of the same entries in whatever order they come', () => {
    const one = fc.record({
      by: fc.constantFrom(ADMIN, node(1), node(2), node(3), node(9)),
      at: fc.nat(400),
      hostId: fc.nat(99).map(String),
      addresses: fc.constantFrom([], ['ws://a'], ['ws://b']),
    });
    const list = fc.uniqueArray(one, { selector: (said) => said.at, minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(list, fc.infiniteStream(fc.nat()), (all, keys) => {
        const shuffled = all
          .map((one) => [keys.next().value as number, one] as const)
          .sort(([a], [b]) => a - b)
          .map(([, one]) => one);
        expect(known(...shuffled)).toEqual(known(...all));
      }),
    );
  });

  it('nothing that cannot be read', () => {
    const hosts = new KnownHosts();
    const bad = { ...said({ by: ADMIN, at: 1 }), body: Uint8Array.of(0xf7) };
    expect(hosts.note([bad as Entry])).toBe(false);
    expect([hosts.refused, hosts.list(members, [])]).toEqual([1, []]);
  });
});

it('hosts of invites are known besides, unless they were announced', () => {
  const hosts = new KnownHosts();
  hosts.note([said({ by: node(2), at: 1, addresses: ['ws://h', 'wss://h'] })]);
  const urls = (others: string[]) => hosts.list(members, others).map((one) => one.urls);
  const announced = ['ws://h/peerjs', 'wss://h/peerjs'];
  expect(urls(['wss://h/', 'ws://h/peerjs'])).toEqual([announced]);
  expect(urls(['ws://other', 'ws://other/peerjs'])).toEqual([['ws://other/peerjs'], announced]);
  expect(urls(['direct:192.0.2.7:4477#x', 'peerjs://h', 'nonsense'])).toEqual([announced]);
});

it('a member that announces an invite’s host behind an address of its own leads nobody away from it', () => {
  const urls = (by: NodeId) => {
    const hosts = new KnownHosts();
    hosts.note([said({ by, at: 1, addresses: ['ws://mallory', 'ws://h', 'wss://h'] })]);
    return hosts.list(members, ['wss://h/', 'ws://h']).map((one) => one.urls);
  };
  expect(urls(node(2))).toEqual([['ws://h/peerjs', 'wss://h/peerjs', 'ws://mallory/peerjs']]);
  // An admin's order holds: a host may move.
  expect(urls(ADMIN)).toEqual([['ws://mallory/peerjs', 'ws://h/peerjs', 'wss://h/peerjs']]);
});

describe('in a space', () => {
  let world: NodeWorld;
  beforeEach(() => {
    world = new NodeWorld();
  });
  afterEach(() => world.close());

  const urlsOf = (space: Space) =>
    space
      .knownHosts()
      .filter(({ hostId }) => hostId !== undefined)
      .flatMap(({ urls }) => urls);
  const own = (space: Space, addresses = ['ws://h:1']) =>
    announceHost(space, { node: space.self, hostId: 'h', weight: 10, addresses });

  /** It is never given a key, so nobody waits for that. */
  async function mirrorOf(founder: Member): Promise<Member> {
    const node = await world.open();
    const space = await node.join(parseInvite(await world.inviteBy(founder.space, 'mirror')));
    const part = world.link(founder.node, node);
    await world.until(() => space.isAdmitted);
    part();
    return { node, space };
  }

  it('a mirror’s announcement reaches everybody, once, and ends when it is retracted or the mirror revoked', async () => {
    const founder = await world.founded();
    const mirror = await mirrorOf(founder);
    const member = await world.joined(founder, 'member');
    expect(await own(mirror.space)).toBe(true);
    expect(await own(mirror.space)).toBe(false);
    world.link(mirror.node, founder.node);
    world.link(founder.node, member.node);
    await world.until(() => urlsOf(member.space).length === 1);
    expect(urlsOf(member.space)).toEqual(['ws://h:1/peerjs']);
    expect(await own(mirror.space, ['ws://h:2'])).toBe(true);
    await world.until(() => urlsOf(member.space)[0] === 'ws://h:2/peerjs');
    expect(await own(mirror.space, [])).toBe(true);
    await world.until(() => urlsOf(member.space).length === 0);
    expect(await own(mirror.space)).toBe(true);
    await world.until(() => urlsOf(member.space).length === 1);
    await revokeMember(founder.space, mirror.node.id, 'stolen');
    await world.until(() => urlsOf(member.space).length === 0);
  });

  it('survives a restart', async () => {
    const { node: first, space } = await world.founded();
    await own(space);
    await space.settled();
    const again = await world.open({ store: first.ports.store, keys: first.ports.keys });
    expect(urlsOf(again.space())).toEqual(['ws://h:1/peerjs']);
  });

  it('readers and recorders announce nothing, and members nothing of others', async () => {
    const founder = await world.founded();
    const member = await world.joined(founder, 'member');
    for (const role of ['reader', 'recorder'] as const) {
      const { space } = await world.joined(founder, role);
      expect(mayAnnounce(space, space.self)).toBe(false);
      await expect(own(space)).rejects.toThrow(/only admins may announce hosts of others/);
    }
    expect(mayAnnounce(member.space, member.node.id)).toBe(true);
    expect(mayAnnounce(member.space, null)).toBe(false);
    await expect(
      announceHost(member.space, { node: founder.node.id, hostId: 'h', weight: 1, addresses: [] }),
    ).rejects.toThrow(/ask an admin/);
  });

  it('an invite whose maker names no host leads to one that was announced', async () => {
    const founder = await world.founded();
    const member = await world.joined(founder, 'member');
    await own(member.space, ['ws://h:7', 'wss://h:8']);
    const { hosts } = await createInvite(member.space, {
      role: 'reader',
      uses: 1,
      expiresMs: world.clock.nowMs() + 1_000_000,
      hosts: [],
    });
    expect(hosts).toEqual(['ws://127.0.0.1:1', 'ws://h:7']);
    expect(member.space.record.hosts).toEqual(['ws://127.0.0.1:1']);
  });

  describe('on hosts', () => {
    let hubs: HubWorld;
    let network: MemoryNetwork;
    beforeEach(() => {
      hubs = new HubWorld(world.clock);
      network = new MemoryNetwork((deliver) => world.clock.schedule(1, deliver));
    });

    const connect = (one: WaystationNode, hosts: string[] = []) =>
      one.connect(
        {
          transport: network.transport(),
          sockets: hubs,
          createMesh: (options) =>
            new Mesh({ ...options, hostPolicy: { lookoutMs: Number.POSITIVE_INFINITY } }),
        },
        { hosts },
      );
    const openOn = (one: WaystationNode) =>
      (one.mesh?.hosts() ?? []).filter(({ state }) => state === 'open').map(({ url }) => new URL(url).host);

    it('that no invite named: once told of it they are on it, and meet there when the first is gone', async () => {
      hubs.start('one.test:1');
      hubs.start('two.test:2');
      const founder = await world.founded();
      connect(founder.node, ['ws://one.test:1']);
      const expiresMs = world.clock.nowMs() + 3_600_000;
      const invite = (hosts: string[]) => ({ role: 'member', uses: 2, expiresMs, hosts }) as const;
      const first = await createInvite(founder.space, invite(['ws://one.test:1']));
      const nodes = await Promise.all([world.open(), world.open()]);
      const spaces = await Promise.all(nodes.map((one) => one.join(parseInvite(first.link))));
      for (const one of nodes) connect(one);
      await world.until(() => spaces.every((space) => space.isAdmitted));
      await announceHost(founder.space, {
        node: null,
        hostId: 'id-of-two-test-2',
        weight: 50,
        addresses: ['ws://two.test:2'],
      });
      await world.until(() => nodes.every((one) => openOn(one).includes('two.test:2')));
      // All there is at the first host dies, and the founder with it.
      const [left, right] = nodes as [WaystationNode, WaystationNode];
      const second = await createInvite(spaces[0] as Space, invite([]));
      hubs.kill('one.test:1');
      await founder.node.close();
      const late = await world.open();
      const joined = await late.join(parseInvite(second.link));
      connect(late);
      await world.until(() => joined.isAdmitted && late.peers().length === 2);
      await world.until(() => openOn(late).length === 1);
      expect(openOn(late)).toEqual(['two.test:2']);
      expect([left.peers().length, right.peers().length]).toEqual([2, 2]);
    });
  });
});
