/**
 * Signaling on a Node HTTP server: WebSockets by `ws`, attached to the upgrade of an existing server, so that one port serves the app,
 * signaling and `GET /peerjs/id`. All protocol decisions are in `hub.ts`, all shares in `address-shares.ts`; this file moves bytes,
 * keeps time and drops readers that are too slow.
 */
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { Counters } from '../src/core/counters.ts';
import { AddressShares, type Share, type ShareLimits } from './address-shares.ts';
import { HalfOpenGuard, type HalfOpenLimits } from './half-open.node.ts';
import { type ConnectionNumber, type HubEffect, type HubLimits, type HubStats, SignalingHub } from './hub.ts';
import { MAX_CLIENT_MESSAGE_CHARS, PEERJS_KEY, PEERJS_PATH } from './protocol.ts';

/** UTF-8 takes at most three bytes per UTF-16 unit; the hub bounds the characters. */
const MAX_FRAME_BYTES = MAX_CLIENT_MESSAGE_CHARS * 3;
/** A reader this far behind is dropped: five of the largest answers. */
const MAX_BUFFERED_BYTES = 1_280 * 1024;
/** Routers forget a connection that is quiet for a minute. */
const PING_MS = 20_000;
/** The hubs' clock tick. */
const TICK_MS = 1_000;

export interface SignalingOptions {
  /** WebSocket path, `/peerjs` at its end; the HTTP calls are beside it. */
  readonly path?: string;
  /** PeerServer API key, or several: clients of different keys do not see each other and have limits of their own. */
  readonly key?: string | readonly string[];
  /** Stable random name of this host, base64url; random per process when absent. */
  readonly hostId?: string;
  /** Per connection and per key. */
  readonly limits?: Partial<HubLimits>;
  /** Per address. */
  readonly shares?: Partial<ShareLimits>;
  readonly halfOpen?: Partial<HalfOpenLimits>;
  /** Time between WebSocket pings, ms; a socket that misses one whole interval is dead. 20 s when absent. */
  readonly pingMs?: number;
  /** `GET /peerjs/peers` names all ids, as PeerServer's `allow_discovery`; off when absent, for ids are what protects people who use PeerJS. */
  readonly listPeers?: boolean;
  /**
   * The address that a request counts for; that of its socket when absent. Behind a reverse proxy say what the proxy vouches for:
   * otherwise all its visitors are one house.
   */
  readonly addressOf?: (request: IncomingMessage) => string;
}

export interface SignalingStats extends HubStats {
  readonly sockets: number;
  /** Houses with a socket. */
  readonly addresses: number;
  /** Connections without a request so far. */
  readonly halfOpen: number;
  /** Of WebSocket messages, since the start. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Hubs at work on somebody's HTTP server. */
export interface AttachedSignaling {
  readonly hostId: string;
  stats(): SignalingStats;
  /** Answers `GET /peerjs/id` and its kin; false when the request is not signaling's. */
  handleRequest(request: IncomingMessage, response: ServerResponse): boolean;
  /** Ends connections of `server` that never ask anything, and counts them. The server it is attached to is watched already. */
  watch(server: Server): void;
  /** Closes all sockets of the hubs and detaches them; the HTTP server itself stays. */
  close(): void;
}

interface Connected {
  readonly socket: WebSocket;
  readonly hub: SignalingHub;
  isAlive: boolean;
}

/** Serves signaling on the upgrades of `server`; upgrades to other paths are left to other listeners. */
export function attachSignaling(server: Server, options: SignalingOptions = {}): AttachedSignaling {
  const path = options.path ?? PEERJS_PATH;
  const hostId = options.hostId ?? randomBytes(16).toString('base64url');
  const addressOf = options.addressOf ?? (({ socket }) => socket.remoteAddress ?? '');
  const hubs = makeHubs(hostId, options);
  const counters = new Counters();
  const shares = new AddressShares(options.shares ?? {}, randomInt(2 ** 32));
  const guard = new HalfOpenGuard(options.halfOpen ?? {}, (reason) => counters.count(reason));
  const connections = new Map<ConnectionNumber, Connected>();
  // perMessageDeflate stays off: it costs 300 kB a socket and sealed payloads do not compress.
  const webSockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    clientTracking: false,
  });
  let nextConnection: ConnectionNumber = 1;
  let bytesIn = 0;
  let bytesOut = 0;

  function apply(effects: readonly HubEffect[]): void {
    for (const effect of effects) {
      const socket = connections.get(effect.conn)?.socket;
      if (socket === undefined) continue;
      if (effect.kind === 'close') {
        // The closing handshake lets what was sent before arrive; `ws` destroys the socket if it is not answered.
        socket.close(1000, effect.reason);
      } else if (socket.bufferedAmount > MAX_BUFFERED_BYTES) {
        counters.count('slow-reader');
        socket.terminate();
      } else {
        bytesOut += Buffer.byteLength(effect.text);
        socket.send(effect.text);
      }
    }
  }

  function accept(socket: WebSocket, query: URLSearchParams, share: Share): void {
    const conn = nextConnection++;
    // A key that nobody has is refused by any hub.
    const hub = hubs.get(query.get('key') ?? '') ?? firstOf(hubs);
    const connected = { socket, hub, isAlive: true };
    connections.set(conn, connected);
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      bytesIn += data.length;
      const nowMs = performance.now();
      if (!shares.spend(share, data.length, nowMs)) apply(hub.dropped(conn, 'rate-address'));
      else if (isBinary) apply(hub.dropped(conn, 'binary', true));
      else apply(hub.text(conn, data.toString('utf8'), nowMs));
    });
    socket.on('pong', () => {
      connected.isAlive = true;
      hub.heard(conn, performance.now());
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      counters.count('socket-error');
      if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') counters.count('oversized-frame');
    });
    socket.on('close', () => {
      connections.delete(conn);
      shares.close(share);
      apply(hub.closed(conn));
    });
    apply(hub.connected(conn, query, performance.now(), share.house));
  }

  function onUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const url = requestUrl(request);
    if (url?.pathname !== path) {
      if (server.listenerCount('upgrade') === OWN_UPGRADE_LISTENERS) stream.destroy();
      return;
    }
    const onError = () => counters.count('socket-error');
    stream.on('error', onError);
    const share = shares.open(addressOf(request), performance.now());
    if (typeof share === 'string') {
      counters.count(share);
      const status = share === 'sockets-in-all' ? '503 Service Unavailable' : '429 Too Many Requests';
      // Nothing reads this socket any more: without this it would stay, and cost a file, for as long as the other side likes.
      stream.once('finish', () => stream.destroy());
      stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
      return;
    }
    // Whatever `ws` refuses (no key, a wrong version) it ends itself.
    const onClose = () => shares.close(share);
    stream.once('close', onClose);
    webSockets.handleUpgrade(request, stream, head, (socket) => {
      // From here on `ws` listens; thousands of sockets need not keep both.
      stream.off('close', onClose);
      stream.off('error', onError);
      accept(socket, url.searchParams, share);
    });
  }

  function handleRequest(request: IncomingMessage, response: ServerResponse): boolean {
    const pathname = requestUrl(request)?.pathname ?? '';
    // PeerServer's REST calls are /<key>/id and /<key>/peers below its mount point.
    const mount = path.slice(0, path.lastIndexOf('/') + 1);
    if (!pathname.startsWith(mount)) return false;
    const [key = '', call, ...more] = pathname.slice(mount.length).split('/');
    const hub = hubs.get(key);
    if (hub === undefined || (call !== 'id' && call !== 'peers') || more.length > 0) return false;
    response.setHeader('Access-Control-Allow-Origin', '*');
    if (request.method !== 'GET') response.writeHead(405, { Allow: 'GET', Connection: 'close' }).end();
    else if (call === 'id')
      response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' }).end(randomUUID());
    else if (options.listPeers === true)
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(hub.ids()));
    else response.writeHead(401).end('Unauthorized');
    return true;
  }

  const ticking = setInterval(() => {
    const nowMs = performance.now();
    for (const hub of hubs.values()) apply(hub.tick(nowMs));
    guard.tick(nowMs);
  }, TICK_MS);
  const pinging = setInterval(() => {
    for (const connected of connections.values()) {
      if (connected.isAlive) {
        connected.isAlive = false;
        connected.socket.ping();
      } else {
        counters.count('no-pong');
        connected.socket.terminate();
      }
    }
  }, options.pingMs ?? PING_MS);
  ticking.unref();
  pinging.unref();
  server.on('upgrade', onUpgrade);
  guard.watch(server);

  return {
    hostId,
    stats: () => ({
      ...sumOf(
        [...hubs.values()].map((hub) => hub.stats()),
        counters.snapshot(),
      ),
      sockets: connections.size,
      addresses: shares.houses,
      halfOpen: guard.size,
      bytesIn,
      bytesOut,
    }),
    handleRequest,
    watch: (other) => guard.watch(other),
    close() {
      clearInterval(ticking);
      clearInterval(pinging);
      server.off('upgrade', onUpgrade);
      guard.close();
      for (const { socket } of connections.values()) socket.terminate();
      webSockets.close();
    },
  };
}

/** The one that serves, and the one that notes who has spoken. */
const OWN_UPGRADE_LISTENERS = 2;

/** One hub per key: what stands between keys is that they share nothing. */
function makeHubs(hostId: string, options: SignalingOptions): ReadonlyMap<string, SignalingHub> {
  const named = options.key ?? PEERJS_KEY;
  const keys = typeof named === 'string' ? [named] : named;
  if (keys.length === 0) throw new RangeError('a host has one key at least');
  const limits = options.limits && { limits: options.limits };
  return new Map(
    keys.map((key) => [key, new SignalingHub({ hostId, key, wallMs: () => Date.now(), ...limits })]),
  );
}

function firstOf(hubs: ReadonlyMap<string, SignalingHub>): SignalingHub {
  const [hub] = hubs.values();
  if (hub === undefined) throw new RangeError('a host has one key at least');
  return hub;
}

function sumOf(all: readonly HubStats[], more: Readonly<Record<string, number>>): HubStats {
  const total = (pick: (stats: HubStats) => number) => all.reduce((sum, stats) => sum + pick(stats), 0);
  return {
    clients: total(({ clients }) => clients),
    topics: total(({ topics }) => topics),
    waitingMessages: total(({ waitingMessages }) => waitingMessages),
    opened: total(({ opened }) => opened),
    relayed: merged(all.map(({ relayed }) => relayed)),
    counters: merged([...all.map(({ counters }) => counters), more]),
  };
}

function merged(tables: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum = new Counters();
  for (const table of tables) for (const [key, count] of Object.entries(table)) sum.count(key, count);
  return sum.snapshot();
}

function requestUrl(request: IncomingMessage): URL | undefined {
  try {
    return new URL(request.url ?? '/', 'http://host.invalid');
  } catch {
    return undefined;
  }
}
