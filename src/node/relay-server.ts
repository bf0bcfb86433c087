/**
 * The HTTP side of a relay: serves the built app, answers `/healthz`, and hosts signaling on the same port. Everything it
 * serves is public anyway; nothing of a space passes through here.
 */
import { existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import sirv from 'sirv';
import { type AttachedSignaling, attachSignaling } from '../../signaling/server.node.ts';
import { WaystationError } from '../core/errors.ts';

/** What the app may do: load itself and its workers, and talk to hosts that invites name. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  'connect-src * ws: wss:',
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'permissions-policy':
    'camera=(self), microphone=(self), accelerometer=(self), gyroscope=(self), magnetometer=(self)',
};

export interface RelayServer {
  readonly port: number;
  readonly signaling: AttachedSignaling;
  close(): Promise<void>;
}

/** The folder of the built app beside the built command line, or undefined when it was not built. */
export function builtAppFolder(): string | undefined {
  for (const relative of ['../app', '../../dist/app']) {
    const folder = fileURLToPath(new URL(relative, import.meta.url));
    if (existsSync(`${folder}/index.html`)) return folder;
  }
  return undefined;
}

function listen(server: Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const what =
        cause.code === 'EADDRINUSE'
          ? `port ${port} on ${address} is in use: stop the other program or choose another with --port`
          : cause.code === 'EACCES'
            ? `this user may not open port ${port}: choose one above 1023 with --port`
            : cause.code === 'EADDRNOTAVAIL'
              ? `this machine has no address ${address}: choose one that it has with --listen`
              : `cannot listen on ${address}:${port}: ${cause.message}`;
      reject(new WaystationError('unavailable', what, { cause }));
    });
    server.listen(port, address, () => resolve());
  });
}

/**
 * Starts serving.
 * @param hostId stable name of this host for signaling topics.
 * @throws WaystationError `unavailable` when the port cannot be had.
 */
export async function startRelayServer(options: {
  readonly port: number;
  readonly listen: string;
  readonly hostId: string;
}): Promise<RelayServer> {
  const folder = builtAppFolder();
  const files = folder === undefined ? undefined : sirv(folder, { etag: true, single: false });
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    if (signaling.handleRequest(request, response)) return;
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    if (request.url === '/healthz') {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ ok: true, ...signaling.stats() }));
      return;
    }
    const missing = () => {
      response.statusCode = 404;
      response.setHeader('content-type', 'text/plain; charset=utf-8');
      response.end(files === undefined ? 'The app is not built. Run: npm run build\n' : 'Not found\n');
    };
    if (files === undefined) missing();
    else files(request, response, missing);
  });
  const signaling = attachSignaling(server, { hostId: options.hostId });
  try {
    await listen(server, options.port, options.listen);
  } catch (error) {
    signaling.close();
    throw error;
  }
  return {
    port: (server.address() as AddressInfo).port,
    signaling,
    close: () =>
      new Promise((resolve) => {
        signaling.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
