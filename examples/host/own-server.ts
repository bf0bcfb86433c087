/**
 * A program of your own with a meeting point inside: its HTTP server goes on as it is, PeerJS pages and nodes of Waystation meet under
 * `/peerjs`, and a UDP port tells devices under which address they are seen (STUN).
 *
 *     node examples/host/own-server.ts          on Node 22.18 and later; earlier ones bundle it first:
 *     npx vite build --ssr examples/host/own-server.ts --outDir dist/example && node dist/example/own-server.js
 *
 * PORT and STUN_PORT choose other ports, LISTEN another address than 127.0.0.1.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerMetrics, attachSignaling, startStunServer } from '../../signaling/index.node.ts';

const { PORT = '9000', STUN_PORT = '3478', LISTEN = '127.0.0.1' } = process.env;

const server = createServer((request, response) => {
  if (signaling.handleRequest(request, response)) return;
  if (answerMetrics(request, response, () => ({ ...signaling.stats(), stun: stun.stats() }))) return;
  response.end('Hello from the program around it\n');
});
const signaling = attachSignaling(server);
const stun = await startStunServer({ port: Number(STUN_PORT), listen: LISTEN });

server.listen(Number(PORT), LISTEN, () => {
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ http: `http://${LISTEN}:${port}`, stun: `stun:${LISTEN}:${stun.port}` }));
});

process.once('SIGTERM', async () => {
  signaling.close();
  server.closeAllConnections();
  server.close();
  await stun.close();
});
