/** A mesh that dials relays directly, over real WebRTC on loopback: without any host, and beside one. */
import { afterEach, describe, expect, it } from 'vitest';
import { startSignalingServer } from '../../../signaling/server.node.ts';
import type { NodeId } from '../../../src/core/ids.ts';
import { directEndpointText } from '../../../src/identity/direct-endpoint.ts';
import { NodeDataChannelTransport } from '../../../src/mesh/node-datachannel.node.ts';
import { nodeTextSockets } from '../../../src/mesh/web-socket.node.ts';
import { endpointOf, listenDirectly } from '../../contract/direct-pair.ts';
import { RealNode } from './real-node.ts';

const closes: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closes.splice(0).reverse()) await close();
});

const id = (n: number) => n.toString(16).padStart(64, '0') as NodeId;

function node(n: number, hosts: readonly string[]): RealNode {
  const made = new RealNode(
    n,
    hosts,
    new NodeDataChannelTransport({ bindAddress: '127.0.0.1' }),
    nodeTextSockets,
  );
  closes.push(() => made.stop());
  return made;
}

/** A node that others dial; it takes them for whom `names` says, as a session would after their proof. */
async function relay(
  hosts: readonly string[] = [],
): Promise<{ relay: RealNode; direct: string; halfOpen(): number }> {
  const made = node(9, hosts);
  const listener = await listenDirectly({ onLink: (link, settled) => made.mesh.takeDirect(link, settled) });
  closes.push(() => listener.close());
  const direct = directEndpointText(endpointOf(listener.port));
  return { relay: made, direct, halfOpen: () => listener.stats().halfOpen };
}

/** Says on both sides who the other end is. */
function proved(one: RealNode, oneId: number, other: RealNode, otherId: number): void {
  const last = (of: RealNode) => of.opened.at(-1);
  const [a, b] = [last(one), last(other)];
  if (a === undefined || b === undefined) throw new Error('no link');
  one.mesh.proven(a, id(otherId));
  other.mesh.proven(b, id(oneId));
}

describe('a mesh', () => {
  it('links to a relay at its direct endpoint though no host answers, and is nobody’s until proof', async () => {
    const far = await relay();
    const near = node(1, ['ws://127.0.0.1:9', far.direct]);
    await Promise.all([
      near.until((one) => one.opened.length === 1),
      far.relay.until((one) => one.opened.length === 1),
    ]);
    const infos = [near, far.relay].map((one) =>
      one.mesh.links().map(({ info, proven }) => [info.peerNode, proven]),
    );
    expect(infos).toEqual([[[null, false]], [[null, false]]]);
    expect(near.mesh.links()[0]?.info.host).toMatch(/^direct:127\.0\.0\.1:\d+$/);
    expect(far.halfOpen()).toBe(1);
    proved(near, 1, far.relay, 9);
    expect(far.halfOpen()).toBe(0);
    expect(near.mesh.hosts().map(({ url }) => url)).toEqual(['ws://127.0.0.1:9/peerjs']);
  });

  it('dials again when the link is lost', async () => {
    const far = await relay();
    const near = node(1, [far.direct]);
    await Promise.all([
      near.until((one) => one.opened.length === 1),
      far.relay.until((one) => one.opened.length === 1),
    ]);
    proved(near, 1, far.relay, 9);
    far.relay.mesh.links()[0]?.link.close('lost');
    await near.until((one) => one.opened.length === 2);
  });

  it('keeps one link with a relay that it meets on a host as well', async () => {
    const host = await startSignalingServer({ port: 0, listen: '127.0.0.1' });
    closes.push(() => host.close());
    const far = await relay([host.url]);
    const near = node(1, [host.url]);
    await Promise.all([
      near.until((one) => one.opened.length === 1),
      far.relay.until((one) => one.opened.length === 1),
    ]);
    proved(near, 1, far.relay, 9);
    near.mesh.setHosts([host.url, far.direct]);
    await Promise.all([
      near.until((one) => one.opened.length === 2),
      far.relay.until((one) => one.opened.length === 2),
    ]);
    expect(near.mesh.links()).toHaveLength(2);
    proved(near, 1, far.relay, 9);
    await near.until((one) => one.mesh.links().length === 1);
    await far.relay.until((one) => one.mesh.links().length === 1);
    expect(near.mesh.links()[0]?.info.host).toMatch(/^direct:/);
    // Neither the host nor the endpoint makes another.
    near.mesh.reconsider();
    expect(near.mesh.counters()['direct-dialled']).toBe(1);
  });

  it('closes the direct link of a node that it has forgotten', async () => {
    const far = await relay();
    const near = node(1, [far.direct]);
    await Promise.all([
      near.until((one) => one.opened.length === 1),
      far.relay.until((one) => one.opened.length === 1),
    ]);
    near.mesh.forget(id(9), 'not wanted');
    proved(near, 1, far.relay, 9);
    await far.relay.until((one) => one.mesh.links().length === 0);
    expect(near.mesh.links()).toEqual([]);
  });
});
