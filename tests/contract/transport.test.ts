import { MemoryNetwork } from '../../src/mesh/memory.ts';
import { NodeDataChannelTransport } from '../../src/mesh/node-datachannel.node.ts';
import { transportContract } from './transport-contract.ts';

const network = new MemoryNetwork();
transportContract('memory', () => network.transport());
transportContract('node-datachannel', () => new NodeDataChannelTransport({ bindAddress: '127.0.0.1' }));
