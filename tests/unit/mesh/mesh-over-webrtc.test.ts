/** The whole way in Node: real hubs, real WebSockets, real WebRTC, real time, and only waiting for what happens. */
import { afterEach, describe, expect, it } from 'vitest';
import { type SignalingServer, startSignalingServer } from '../../../signaling/server.node.ts';
import { NodeDataChannelTransport } from '../../../src/mesh/node-datachannel.node.ts';
import { nodeTextSockets } from '../../../src/mesh/web-socket.node.ts';
import { RealNode } from './real-node.ts';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of cleanUp.splice(0).reverse()) await each();
});

async function startHost(port = 0): Promise<SignalingServer> {
  const server = await startSignalingServer({ port, listen: '127.0.0.1' });
  cleanUp.push(() => server.close());
  return server;
}

function startNode(n: number, hosts: readonly string[]): RealNode {
  const transport = new NodeDataChannelTransport({ bindAddress: '127.0.0.1' });
  const node = new RealNode(n, hosts, transport, nodeTextSockets);
  cleanUp.push(() => node.stop());
  return node;
}

describe('nodes with real WebRTC', () => {
  it('meet on a host, talk on after it is gone, and find a newcomer when it is back', async () => {
    const host = await startHost();
    const one = startNode(1, [host.url]);
    const two = startNode(2, [host.url]);
    await Promise.all([
      one.until((node) => node.peers().length === 1),
      two.until((node) => node.peers().length === 1),
    ]);
    expect(one.opened[0]?.localFingerprint).toEqual(two.opened[0]?.remoteFingerprint);

    await host.close();
    one.send(2, 'the host is gone');
    two.send(1, 'so it is');
    await two.until((node) => node.received.includes('the host is gone'));
    await one.until((node) => node.received.includes('so it is'));

    await startHost(host.port);
    const three = startNode(3, [host.url]);
    await Promise.all([one, two, three].map((each) => each.until((node) => node.peers().length === 2)));
    expect([one.opened.length, two.opened.length]).toEqual([2, 2]);
  });

  it('dial a killed peer again when it is back', async () => {
    const host = await startHost();
    const one = startNode(1, [host.url]);
    const two = startNode(2, [host.url]);
    await two.until((node) => node.peers().length === 1);
    await one.until((node) => node.peers().length === 1);
    two.stop();
    await one.until((node) => node.peers().length === 0);
    const again = startNode(2, [host.url]);
    await one.until((node) => node.peers().length === 1);
    await again.until((node) => node.peers().length === 1);
    again.send(1, 'back');
    await one.until((node) => node.received.includes('back'));
  });

  it('make one link over two hosts, and use the one that is up', async () => {
    const [first, second] = [await startHost(), await startHost()];
    await second.close();
    const urls = [second.url, first.url];
    const one = startNode(1, urls);
    const two = startNode(2, urls);
    await Promise.all([
      one.until((node) => node.peers().length === 1),
      two.until((node) => node.peers().length === 1),
    ]);
    await startHost(second.port);
    // A third node that is found through the second host shows that the others are on it as well.
    const three = startNode(3, [second.url]);
    await Promise.all([one, two, three].map((each) => each.until((node) => node.peers().length === 2)));
    expect([one.peers(), one.opened.length, two.opened.length]).toEqual([[2, 3], 2, 2]);
  });
});
