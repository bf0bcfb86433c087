/**
 * A host: where nodes find each other. Signaling over WebSockets, STUN over UDP, and what both are doing at `/metrics` and `/healthz`.
 * It keeps nothing on disk, learns no space and no role, and whatever it does not answer it counts.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SignalingOptions, SignalingStats } from './attach.node.ts';
import { type DirectStats, hostMetrics } from './host-metrics.ts';
import { METRICS_TYPE } from './metrics.ts';
import { startSignalingServer } from './server.node.ts';
import type { StunLimits, StunStats } from './stun-responder.ts';
import { STUN_PORT, type StunServer, startStunServer } from './stun-server.node.ts';

/** Where PeerServer listens, so that what is written about it holds for a host as well. */
export const HOST_PORT = 9000;

export interface HostOptions extends SignalingOptions {
  /** TCP port of signaling; 9000 when absent, 0 lets the system choose. */
  readonly port?: number;
  /** Address to listen on for both, e.g. `127.0.0.1`; every address of both families when absent. */
  readonly listen?: string;
  /** UDP port of STUN; 3478 when absent, 0 lets the system choose, false for none. */
  readonly stunPort?: number | false;
  readonly stunLimits?: Partial<StunLimits>;
}

export interface HostStats extends SignalingStats {
  readonly stun?: StunStats;
  /** Where a relay is dialled directly as well. */
  readonly direct?: DirectStats;
}

export interface Host {
  /** Random name of this host, base64url; its clients are told it. */
  readonly hostId: string;
  readonly port: number;
  /** The address that is really listened on, `::` for all. */
  readonly listen: string;
  /** `ws://address:port`, as programs on this machine would write it. */
  readonly url: string;
  /** Absent without STUN. */
  readonly stunPort?: number;
  stats(): HostStats;
  /** Resolves when both ports are free again. */
  close(): Promise<void>;
}

/**
 * Starts a host.
 * @throws WaystationError `unavailable` when a port or address cannot be had; nothing is left open then.
 */
export async function startHost(options: HostOptions = {}): Promise<Host> {
  const { port = HOST_PORT, stunPort = STUN_PORT, stunLimits, ...signalingOptions } = options;
  const { listen } = options;
  let stun: StunServer | undefined;
  const stats = (): HostStats => ({ ...signaling.stats(), ...(stun && { stun: stun.stats() }) });
  const answer = (request: IncomingMessage, response: ServerResponse) =>
    answerHealth(request, response, () => ({ ok: true, host: signaling.hostId, ...stats() })) ||
    answerMetrics(request, response, stats);
  const signaling = await startSignalingServer({ ...signalingOptions, port, answer });
  try {
    if (stunPort !== false)
      stun = await startStunServer({
        port: stunPort,
        ...(listen !== undefined && { listen }),
        ...(stunLimits && { limits: stunLimits }),
      });
  } catch (error) {
    await signaling.close();
    throw error;
  }
  const { hostId, url } = signaling;
  return {
    hostId,
    port: signaling.port,
    listen: signaling.listen,
    url,
    ...(stun && { stunPort: stun.port }),
    stats,
    close: async () => {
      await Promise.all([signaling.close(), stun?.close()]);
    },
  };
}

/** Answers `GET /metrics` for Prometheus; false for every other request. */
export function answerMetrics(
  request: IncomingMessage,
  response: ServerResponse,
  stats: () => HostStats,
): boolean {
  if (pathOf(request) !== '/metrics') return false;
  if (!isRead(request, response)) return true;
  const { stun, direct, ...host } = stats();
  const numbers = {
    startedSeconds: Math.round(Date.now() / 1000 - process.uptime()),
    residentBytes: process.memoryUsage.rss(),
  };
  response.writeHead(200, { 'Content-Type': METRICS_TYPE, 'Cache-Control': 'no-store' });
  response.end(hostMetrics(host, numbers, stun, direct));
  return true;
}

function answerHealth(request: IncomingMessage, response: ServerResponse, health: () => unknown): boolean {
  if (pathOf(request) !== '/healthz') return false;
  if (!isRead(request, response)) return true;
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    'Access-Control-Allow-Origin': '*',
  });
  response.end(JSON.stringify(health()));
  return true;
}

function isRead({ method }: IncomingMessage, response: ServerResponse): boolean {
  if (method === 'GET' || method === 'HEAD') return true;
  response.writeHead(405, { Allow: 'GET', Connection: 'close' }).end();
  return false;
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?')[0] ?? '';
}
