/** Links that were dialled directly keep the contract of all links; here Node dials Node. */
import { NodeDataChannelTransport } from '../../src/mesh/node-datachannel.node.ts';
import type { Link } from '../../src/mesh/port.ts';
import { dialled, endpointOf, listenDirectly } from './direct-pair.ts';
import { linkContract } from './transport-contract.ts';

linkContract('direct dial', async () => {
  let taken: (link: Link) => void = () => undefined;
  const atRelay = new Promise<Link>((resolve) => {
    taken = resolve;
  });
  const listener = await listenDirectly({
    onLink: (link, settled) => {
      settled();
      taken(link);
    },
  });
  const transport = new NodeDataChannelTransport({ bindAddress: '127.0.0.1' });
  return {
    links: await Promise.all([dialled(transport, endpointOf(listener.port)), atRelay]),
    close: [() => transport.close(), () => listener.close()],
  };
});
