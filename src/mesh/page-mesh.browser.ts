/** What a page meets others with; loaded once its own storage is open, for it is a quarter of all the code. */
import { Mesh, type MeshOptions } from './mesh.ts';
import type { TextSocketFactory, Transport } from './port.ts';
import { SimplePeerTransport } from './simple-peer.browser.ts';
import { browserTextSockets } from './web-socket.browser.ts';

export function pageMesh(): {
  readonly transport: Transport;
  readonly sockets: TextSocketFactory;
  readonly createMesh: (options: MeshOptions) => Mesh;
} {
  return {
    transport: new SimplePeerTransport(),
    sockets: browserTextSockets,
    createMesh: (options) => new Mesh(options),
  };
}
