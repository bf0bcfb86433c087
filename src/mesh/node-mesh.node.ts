/** What a Node program meets others with. */
import { Mesh, type MeshOptions } from './mesh.ts';
import { NodeDataChannelTransport } from './node-datachannel.node.ts';
import type { TextSocketFactory, Transport } from './port.ts';
import { nodeTextSockets } from './web-socket.node.ts';

export function nodeMesh(): {
  readonly transport: Transport;
  readonly sockets: TextSocketFactory;
  readonly createMesh: (options: MeshOptions) => Mesh;
} {
  return {
    transport: new NodeDataChannelTransport(),
    sockets: nodeTextSockets,
    createMesh: (options) => new Mesh(options),
  };
}
