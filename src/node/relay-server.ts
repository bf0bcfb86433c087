/**
 * The HTTP side of a relay: serves the built app, answers `/healthz` and `/metrics`, and hosts signaling on the same port; on a second
 * port the same under TLS. Both ports share one signaling host. On a UDP port STUN, where that is asked for. Everything it serves is public anyway; nothing of a space passes through here.
 */
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { answerMetrics, type HostStats } from '../../signaling/host.node.ts';
import type { DirectStats } from '../../signaling/host-metrics.ts';
import { type AttachedSignaling, attachSignaling } from '../../signaling/server.node.ts';
import { type StunServer, startStunServer } from '../../signaling/stun-server.node.ts';
import { WaystationError } from '../core/errors.ts';
import { BuiltApp } from './built-app.ts';
import { answerTrust, type TrustFacts } from './https/trust-answers.ts';
import { answerShortCode, type OwnReach, ownFacts } from './own-page-answers.ts';
import type { ShortInvites } from './short-invites.ts';

/** What the app may do: load itself and its workers, and talk to hosts that invites name. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  // The hash is of the one script that stands in index.html itself.
  "script-src 'self' 'sha256-tYvrbaBmQ6X0m+bZjAaq1+xOFPTjfyqr1o2jd40awZg=' 'wasm-unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  'connect-src * ws: wss: data:',
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

/** Every address of both families; where a machine has no IPv6, every IPv4 one. */
export const ANYWHERE = '::';
const ANYWHERE_IPV4 = '0.0.0.0';
/** A client that does not finish its TLS handshake is let go; the slowest phone takes a second or two. */
const HANDSHAKE_TIMEOUT_MS = 20_000;
/** Nobody sends a relay anything long: a request that is not there by then is given up, and its file with it. */
const REQUEST_TIMEOUT_MS = 10_000;

/** From now on HTTPS is served with this certificate, and plain HTTP says how to trust it. */
export interface Secured {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
  readonly trust: TrustFacts;
}

export interface RelayServer {
  readonly port: number;
  /** Port of HTTPS, when that was asked for. */
  readonly securePort: number | undefined;
  /** UDP port of STUN, when that was asked for. */
  readonly stunPort: number | undefined;
  /** The address that is really listened on. */
  readonly listen: string;
  readonly signaling: AttachedSignaling;
  /** Takes a certificate, the first or a newer one; open connections are left alone. Handshakes before the first one fail. */
  secure(secured: Secured): void;
  /** What `/healthz` tells a page of this relay about where others reach it: its invites must lead there. */
  tellReach(reach: RelayReach): void;
  /** Which group this relay keeps, asked each time: its name, null while that is not known, undefined when it keeps none. */
  tellGroup(groupName: () => string | null | undefined): void;
  /** What `/healthz` and `/metrics` show of direct dials. */
  tellDirect(stats: () => DirectStats | undefined): void;
  close(): Promise<void>;
}

export interface RelayReach extends OwnReach {
  readonly isLocal: boolean;
}

/** Where the built app is, beside the built command line or seen from the sources. */
function builtAppFolders(): string[] {
  return ['../app', '../../dist/app'].map((one) => fileURLToPath(new URL(one, import.meta.url)));
}

function listenOnce(server: Server | SecureServer, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.off('error', reject);
      // A connection that cannot be taken, as when a flood has taken all files, must not end the relay.
      server.on('error', () => undefined);
      resolve();
    });
  });
}

/** @param option the one that chooses another port. */
async function listen(
  server: Server | SecureServer,
  port: number,
  address: string,
  option: string,
): Promise<string> {
  try {
    await listenOnce(server, port, address);
    return address;
  } catch (error) {
    const cause = error as NodeJS.ErrnoException;
    if (address === ANYWHERE && (cause.code === 'EAFNOSUPPORT' || cause.code === 'EADDRNOTAVAIL'))
      return await listen(server, port, ANYWHERE_IPV4, option);
    const where = address === ANYWHERE || address === ANYWHERE_IPV4 ? '' : ` on ${address}`;
    const what =
      cause.code === 'EADDRINUSE'
        ? `port ${port}${where} is in use: stop the other program or choose another with ${option}`
        : cause.code === 'EACCES'
          ? `this user may not open port ${port}: choose one above 1023 with ${option}`
          : cause.code === 'EADDRNOTAVAIL'
            ? `this machine has no address ${address}: choose one that it has with --listen`
            : `cannot listen on ${address}:${port}: ${cause.message}`;
    throw new WaystationError('unavailable', what, { cause });
  }
}

function portOf(server: Server | SecureServer): number {
  return (server.address() as AddressInfo).port;
}

function closed(server: Server | SecureServer | undefined): Promise<void> {
  if (server === undefined || !server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** What changes while a relay serves. */
interface Told {
  reach?: OwnReach | undefined;
  groupName: () => string | null | undefined;
  direct: () => DirectStats | undefined;
}

/** The page and its parts, signaling, short codes and `/healthz`. */
function relayAnswers(
  hostId: string,
  signaling: () => AttachedSignaling,
  stats: () => HostStats,
  told: Told,
  invites: ShortInvites | undefined,
  app: BuiltApp,
): RequestListener {
  return (request, response) => {
    if (signaling().handleRequest(request, response)) return;
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    if (answerShortCode(request, response, invites)) return;
    if (answerMetrics(request, response, stats)) return;
    if (request.url === '/healthz') {
      response.setHeader('content-type', 'application/json');
      // A page of this relay asks from another origin of its own whether that one can be reached.
      response.setHeader('access-control-allow-origin', '*');
      // Addresses of this network are nobody else's business.
      const own = ownFacts(request, told.reach, told.groupName());
      response.end(JSON.stringify({ ok: true, host: hostId, ...own, ...stats() }));
      return;
    }
    if (app.answer(request, response)) return;
    response.statusCode = 404;
    response.setHeader('content-type', 'text/plain; charset=utf-8');
    response.end(app.isBuilt ? 'Not found\n' : 'The app is not built. Run: npm run build\n');
  };
}

/** Whatever goes wrong with one request ends that request, never the relay. */
function guarded(answer: RequestListener): RequestListener {
  return (request, response) => {
    request.on('error', () => undefined);
    response.on('error', () => response.destroy());
    try {
      answer(request, response);
    } catch {
      if (response.headersSent) response.destroy();
      else response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' }).end('Try again.\n');
    }
  };
}

/**
 * Starts serving.
 * @param hostId stable name of this host for signaling topics.
 * @param securePort port of HTTPS; none is served when absent.
 * @throws WaystationError `unavailable` when a port cannot be had.
 */
export async function startRelayServer(options: {
  readonly port: number;
  readonly listen: string;
  readonly hostId: string;
  readonly securePort?: number;
  /** UDP port of STUN; none is answered when absent. */
  readonly stunPort?: number;
  readonly invites?: ShortInvites;
  /** Where the app may be; beside the command line when absent. */
  readonly appFolders?: readonly string[];
}): Promise<RelayServer> {
  const { hostId } = options;
  let trust: TrustFacts | undefined;
  const told: Told = { groupName: () => undefined, direct: () => undefined };
  const app = new BuiltApp(options.appFolders ?? builtAppFolders());
  let stun: StunServer | undefined;
  const stats = (): HostStats => {
    const direct = told.direct();
    return { ...signaling.stats(), ...(stun && { stun: stun.stats() }), ...(direct && { direct }) };
  };
  const answer = relayAnswers(hostId, () => signaling, stats, told, options.invites, app);
  const plain = createServer(
    guarded((request, response) => {
      if (trust === undefined || !answerTrust(request, response, trust)) answer(request, response);
    }),
  );
  const signaling = attachSignaling(plain, { hostId });
  const secure =
    options.securePort === undefined
      ? undefined
      : createSecureServer({ handshakeTimeout: HANDSHAKE_TIMEOUT_MS }, guarded(answer));
  if (secure !== undefined) signaling.watch(secure);
  for (const server of [plain, ...(secure === undefined ? [] : [secure])]) {
    server.headersTimeout = REQUEST_TIMEOUT_MS;
    server.requestTimeout = REQUEST_TIMEOUT_MS;
  }
  // One hub for both ports: a page on the one meets a command line on the other.
  secure?.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) =>
    plain.emit('upgrade', request, stream, head),
  );
  const close = async () => {
    signaling.close();
    await Promise.all([closed(plain), closed(secure), stun?.close()]);
  };
  try {
    const address = await listen(plain, options.port, options.listen, '--port');
    if (secure !== undefined) await listen(secure, options.securePort ?? 0, address, '--https-port');
    if (options.stunPort !== undefined)
      stun = await startStunServer({ port: options.stunPort, listen: address });
    return {
      port: portOf(plain),
      securePort: secure && portOf(secure),
      stunPort: stun?.port,
      listen: address,
      signaling,
      secure: ({ key, cert, trust: facts }) => {
        // Checked first: a context that does not work must not take the place of one that does.
        createSecureContext({ key, cert });
        secure?.setSecureContext({ key, cert });
        trust = facts;
      },
      tellReach: ({ url, hosts, isLocal }) => {
        told.reach = isLocal ? undefined : { url, hosts };
      },
      tellGroup: (groupName) => {
        told.groupName = groupName;
      },
      tellDirect: (direct) => {
        told.direct = direct;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
