/**
 * The signaling hub on a Node HTTP server: WebSockets by `ws`, attached to the upgrade of an existing server, so that
 * one port serves the app, signaling and `GET /peerjs/id`. All protocol decisions are in `hub.ts`; this file moves
 * bytes, keeps time and drops readers that are too slow.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { Counters } from '../src/core/counters.ts';
import { WaystationError } from '../src/core/errors.ts';
import { type ConnectionNumber, type HubEffect, type HubLimits, type HubStats, SignalingHub } from './hub.ts';
import { MAX_CLIENT_MESSAGE_CHARS, PEERJS_KEY, PEERJS_PATH } from './protocol.ts';

/** UTF-8 takes at most three bytes per UTF-16 unit; the hub bounds the characters. */
const MAX_FRAME_BYTES = MAX_CLIENT_MESSAGE_CHARS * 3;
/** A reader this far behind is dropped: five of the largest answers. */
const MAX_BUFFERED_BYTES = 1_280 * 1024;
/** WebSocket pings; a socket that misses one whole interval is dead. */
const PING_MS = 20_000;
/** The hub's clock tick. */
const TICK_MS = 1_000;
/** A house or a village behind one address translator. */
const MAX_SOCKETS_PER_ADDRESS = 512;

export interface SignalingOptions {
  /** WebSocket path and prefix of the HTTP calls. */
  readonly path?: string;
  /** PeerServer API key. */
  readonly key?: string;
  /** Stable random name of this host, base64url; random per process when absent. */
  readonly hostId?: string;
  readonly limits?: Partial<HubLimits>;
  readonly maxSocketsPerAddress?: number;
}

export interface SignalingStats extends HubStats {
  readonly sockets: number;
}

/** A hub at work on somebody's HTTP server. */
export interface AttachedSignaling {
  readonly hostId: string;
  stats(): SignalingStats;
  /** Answers `GET /peerjs/id` and its kin; false when the request is not signaling's. */
  handleRequest(request: IncomingMessage, response: ServerResponse): boolean;
  /** Closes all sockets of the hub and detaches it; the HTTP server itself stays. */
  close(): void;
}

/** Serves signaling on the upgrades of `server`; upgrades to other paths are left to other listeners. */
export function attachSignaling(server: Server, options: SignalingOptions = {}): AttachedSignaling {
  const path = options.path ?? PEERJS_PATH;
  const key = options.key ?? PEERJS_KEY;
  const hostId = options.hostId ?? randomBytes(16).toString('base64url');
  const maxPerAddress = options.maxSocketsPerAddress ?? MAX_SOCKETS_PER_ADDRESS;
  const hub = new SignalingHub({
    hostId,
    key,
    wallMs: () => Date.now(),
    ...(options.limits && { limits: options.limits }),
  });
  const counters = new Counters();
  const sockets = new Map<ConnectionNumber, WebSocket>();
  const answered = new Set<ConnectionNumber>();
  const perAddress = new Map<string, number>();
  // perMessageDeflate stays off: it costs 300 kB a socket and sealed payloads do not compress.
  const webSockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  });
  let nextConnection: ConnectionNumber = 1;

  function apply(effects: readonly HubEffect[]): void {
    for (const effect of effects) {
      const socket = sockets.get(effect.conn);
      if (socket === undefined) continue;
      if (effect.kind === 'close') {
        // The closing handshake lets what was sent before arrive; `ws` destroys the socket if it is not answered.
        socket.close(1000, effect.reason);
      } else if (socket.bufferedAmount > MAX_BUFFERED_BYTES) {
        counters.count('slow-reader');
        socket.terminate();
      } else {
        socket.send(effect.text);
      }
    }
  }

  function accept(socket: WebSocket, query: URLSearchParams, address: string): void {
    const conn = nextConnection++;
    sockets.set(conn, socket);
    answered.add(conn);
    perAddress.set(address, (perAddress.get(address) ?? 0) + 1);
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) counters.count('binary');
      else apply(hub.text(conn, data.toString('utf8'), performance.now()));
    });
    socket.on('pong', () => {
      answered.add(conn);
      hub.heard(conn, performance.now());
    });
    socket.on('error', () => counters.count('socket-error'));
    socket.on('close', () => {
      sockets.delete(conn);
      answered.delete(conn);
      const left = (perAddress.get(address) ?? 1) - 1;
      if (left > 0) perAddress.set(address, left);
      else perAddress.delete(address);
      apply(hub.closed(conn));
    });
    apply(hub.connected(conn, query, performance.now()));
  }

  function onUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const url = requestUrl(request);
    if (url?.pathname !== path) {
      if (server.listenerCount('upgrade') === 1) stream.destroy();
      return;
    }
    stream.on('error', () => counters.count('socket-error'));
    const address = request.socket.remoteAddress ?? '';
    if ((perAddress.get(address) ?? 0) >= maxPerAddress) {
      counters.count('sockets-per-address');
      stream.end('HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\n\r\n');
      return;
    }
    webSockets.handleUpgrade(request, stream, head, (socket) => accept(socket, url.searchParams, address));
  }

  function handleRequest(request: IncomingMessage, response: ServerResponse): boolean {
    const pathname = requestUrl(request)?.pathname;
    // PeerServer's REST calls are /<key>/id and /<key>/peers below its mount point.
    const prefix = `${path.slice(0, path.lastIndexOf('/'))}/${key}`;
    if (pathname !== `${prefix}/id` && pathname !== `${prefix}/peers`) return false;
    response.setHeader('Access-Control-Allow-Origin', '*');
    if (request.method !== 'GET') response.writeHead(405, { Allow: 'GET' }).end();
    else if (pathname.endsWith('/peers'))
      response.writeHead(401).end(); // discovery is off, as PeerServer's default
    else response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' }).end(randomUUID());
    return true;
  }

  const ticking = setInterval(() => apply(hub.tick(performance.now())), TICK_MS);
  const pinging = setInterval(() => {
    for (const [conn, socket] of sockets) {
      if (answered.delete(conn)) {
        socket.ping();
      } else {
        counters.count('no-pong');
        socket.terminate();
      }
    }
  }, PING_MS);
  ticking.unref();
  pinging.unref();
  server.on('upgrade', onUpgrade);

  return {
    hostId,
    stats() {
      const stats = hub.stats();
      return {
        ...stats,
        counters: { ...stats.counters, ...counters.snapshot() },
        sockets: sockets.size,
      };
    },
    handleRequest,
    close() {
      clearInterval(ticking);
      clearInterval(pinging);
      server.off('upgrade', onUpgrade);
      for (const socket of sockets.values()) socket.terminate();
      webSockets.close();
    },
  };
}

function requestUrl(request: IncomingMessage): URL | undefined {
  try {
    return new URL(request.url ?? '/', 'http://host.invalid');
  } catch {
    return undefined;
  }
}

export interface SignalingServerOptions extends SignalingOptions {
  /** TCP port; 0 lets the system choose. */
  readonly port: number;
  /** Address to listen on, e.g. `127.0.0.1`; all when absent. */
  readonly listen?: string;
}

/** A hub with an HTTP server of its own. */
export interface SignalingServer {
  readonly hostId: string;
  /** The port it really listens on. */
  readonly port: number;
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
  const server = createServer((request, response) => {
    if (!signaling.handleRequest(request, response)) response.writeHead(404).end();
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
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, port, address)));
    server.listen({ port, ...(address !== undefined && { host: address }) }, () => resolve());
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
