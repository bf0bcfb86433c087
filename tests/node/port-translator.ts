/** A router that rewrites addresses (NAT), as small as one can be: what comes in on one UDP port goes on to one server from another. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

async function bound(address: string): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, address);
  await once(socket, 'listening');
  return socket;
}

export interface Translator {
  /** Where clients send to. */
  readonly inside: { readonly address: string; readonly port: number };
  /** As whom the server sees them. */
  readonly outside: { readonly address: string; readonly port: number };
  close(): void;
}

/** Translates between the last client on `address` and the server at `address`:`serverPort`. */
export async function startTranslator(address: string, serverPort: number): Promise<Translator> {
  const [inner, outer] = [await bound(address), await bound(address)];
  let client: { readonly address: string; readonly port: number } | undefined;
  inner.on('message', (datagram, from) => {
    client = from;
    outer.send(datagram, serverPort, address);
  });
  outer.on('message', (datagram) => {
    if (client !== undefined) inner.send(datagram, client.port, client.address);
  });
  return {
    inside: { address, port: inner.address().port },
    outside: { address, port: outer.address().port },
    close: () => {
      inner.close();
      outer.close();
    },
  };
}
