/**
 * Links in Node: WebRTC data channels by node-datachannel (libdatachannel). Interoperates with
 * `simple-peer.browser.ts`: two channels negotiated in advance, trickled candidates, no ICE servers. One connection is
 * `native-peer.node.ts`.
 */
import { NativePeer, type NodeDataChannelOptions } from './native-peer.node.ts';
import type { Connection, ConnectionHandlers, Transport } from './port.ts';

export type { NodeDataChannelOptions } from './native-peer.node.ts';

/** Makes WebRTC connections in Node. Once all have closed, nothing of it keeps the process running. */
export class NodeDataChannelTransport implements Transport {
  readonly #options: NodeDataChannelOptions;
  readonly #peers = new Set<NativePeer>();
  #closed = false;

  constructor(options: NodeDataChannelOptions = {}) {
    this.#options = options;
  }

  connect(initiator: boolean, handlers: ConnectionHandlers): Connection {
    if (this.#closed) throw new TypeError('the transport is closed');
    const peer = new NativePeer(initiator, this.#options, handlers, () => this.#peers.delete(peer));
    this.#peers.add(peer);
    peer.start();
    return peer;
  }

  close(): void {
    this.#closed = true;
    for (const peer of [...this.#peers]) peer.end('transport closed');
  }
}
