/** Signaling with an HTTP server of its own. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WaystationError } from '../src/core/errors.ts';
import { attachSignaling, type SignalingOptions, type SignalingStats } from './attach.node.ts';

export {
  type AttachedSignaling,
  attachSignaling,
  type SignalingOptions,
  type SignalingStats,
} from './attach.node.ts';

/** A request here has a line and some headers: whoever takes longer sends them one by one. */
const REQUEST_MS = 10_000;
/** How often the server looks for such. */
const CHECK_MS = 2_000;

export interface SignalingServerOptions extends SignalingOptions {
  /** TCP port; 0 lets the system choose. */
  readonly port: number;
  /** Address to listen on, e.g. `127.0.0.1`; all when absent. */
  readonly listen?: string;
  /** Answers what is not signaling's; false leaves it to a 404. */
  readonly answer?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** Hubs with an HTTP server of their own. */
export interface SignalingServer {
  readonly hostId: string;
  /** The port it really listens on. */
  readonly port: number;
  /** The address it really listens on. */
  readonly listen: string;
  /** `ws://address:port`, as peers on this machine would write it. */
  readonly url: string;
  stats(): SignalingStats;
  /** Resolves when the port is free again. */
  close(): Promise<void>;
}

/**
 * Starts a hub that serves nothing else.
 * @throws WaystationError `unavailable` when the port is in use or may not be opened.
 */
export async function startSignalingServer(options: SignalingServerOptions): Promise<SignalingServer> {
  const limits = {
    headersTimeout: REQUEST_MS,
    requestTimeout: REQUEST_MS,
    connectionsCheckingInterval: CHECK_MS,
  };
  const server = createServer(limits, (request, response) => {
    // Nothing here reads a body: one that comes all the same ends with its connection.
    request.on('error', () => undefined);
    if (signaling.handleRequest(request, response) || options.answer?.(request, response) === true) return;
    response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('Not found\n');
  });
  const signaling = attachSignaling(server, options);
  try {
    await listen(server, options.port, options.listen);
  } catch (error) {
    signaling.close();
    throw error;
  }
  const { port, address, family } = server.address() as AddressInfo;
  const host = address === '::' || address === '0.0.0.0' ? 'localhost' : address;
  return {
    hostId: signaling.hostId,
    port,
    listen: address,
    url: `ws://${family === 'IPv6' && host !== 'localhost' ? `[${host}]` : host}:${port}`,
    stats: () => signaling.stats(),
    close: () =>
      new Promise((resolve) => {
        signaling.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number, address: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => reject(listenError(error, port, address));
    server.once('error', onError);
    server.listen({ port, ...(address !== undefined && { host: address }) }, () => {
      server.off('error', onError);
      // A connection that cannot be taken, as when a flood has taken all files, must not end the host.
      server.on('error', () => undefined);
      resolve();
    });
  });
}

function listenError(
  error: NodeJS.ErrnoException,
  port: number,
  address: string | undefined,
): WaystationError {
  const where = address === undefined ? `port ${port}` : `${address} port ${port}`;
  const options = { cause: error };
  switch (error.code) {
    case 'EADDRINUSE':
      return new WaystationError(
        'unavailable',
        `cannot serve signaling on ${where}: another program is using it; stop that program or choose another port`,
        options,
      );
    case 'EACCES':
      return new WaystationError(
        'unavailable',
        `cannot serve signaling on ${where}: not permitted; choose a port above 1023`,
        options,
      );
    case 'EADDRNOTAVAIL':
      return new WaystationError(
        'unavailable',
        `cannot serve signaling on ${where}: this machine does not have that address`,
        options,
      );
    default:
      return new WaystationError(
        'unavailable',
        `cannot serve signaling on ${where}: ${error.message}`,
        options,
      );
  }
}
