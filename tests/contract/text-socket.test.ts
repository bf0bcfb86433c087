import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterAll } from 'vitest';
import { WebSocketServer } from 'ws';
import { nodeTextSockets } from '../../src/mesh/web-socket.node.ts';
import { type TextSocketTarget, textSocketContract } from './text-socket-contract.ts';

let starting: Promise<TextSocketTarget> | undefined;
let server: WebSocketServer | undefined;

async function start(): Promise<TextSocketTarget> {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => {
    socket.on('message', (data) => {
      if (String(data) === 'bye') socket.close();
      else socket.send(String(data));
    });
  });
  await once(server, 'listening');
  const unused = createServer().listen(0, '127.0.0.1');
  await once(unused, 'listening');
  const { port } = unused.address() as AddressInfo;
  unused.close();
  await once(unused, 'close');
  return {
    echoUrl: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    deadUrl: `ws://127.0.0.1:${port}`,
  };
}

afterAll(() => {
  server?.close();
});

textSocketContract('ws', nodeTextSockets, () => {
  starting ??= start();
  return starting;
});
