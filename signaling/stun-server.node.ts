/** The STUN server on real UDP sockets, IPv4 and IPv6. All decisions are in `stun-responder.ts`; this file moves datagrams and keeps time. */
import { randomInt } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIP } from 'node:net';
import { WaystationError } from '../src/core/errors.ts';
import { parseIp } from './ip-address.ts';
import { type StunLimits, StunResponder, type StunStats } from './stun-responder.ts';

/** Where STUN servers are looked for (RFC 8489 §18.6). */
export const STUN_PORT = 3478;
/** A port chosen by the system for one family may be taken in the other. */
const PORT_TRIES = 8;

export interface StunServerOptions {
  /** UDP port; 0 lets the system choose one for both families. */
  readonly port?: number;
  /** Address to listen on, e.g. `127.0.0.1`; every address of both families when absent or `::`. */
  readonly listen?: string;
  readonly limits?: Partial<StunLimits>;
  /** What SOFTWARE says. */
  readonly software?: string;
}

export interface StunServer {
  /** The port it really listens on. */
  readonly port: number;
  /** The families that are answered: 4, 6 or both. */
  readonly families: readonly (4 | 6)[];
  stats(): StunStats;
  /** Resolves when the port is free again. */
  close(): Promise<void>;
}

/**
 * Answers STUN Binding requests.
 * @throws WaystationError `unavailable` when the port or address cannot be had.
 */
export async function startStunServer(options: StunServerOptions = {}): Promise<StunServer> {
  const responder = new StunResponder({
    salt: randomInt(2 ** 32),
    ...(options.limits && { limits: options.limits }),
    ...(options.software !== undefined && { software: options.software }),
  });
  const sockets = await bindAll(options.port ?? STUN_PORT, options.listen, responder);
  let closing: Promise<unknown> | undefined;
  return {
    port: sockets[0]?.address().port ?? 0,
    families: sockets.map((socket) => (socket.address().family === 'IPv6' ? 6 : 4)),
    stats: () => responder.stats(),
    close: async () => {
      closing ??= Promise.all(sockets.map(closed));
      await closing;
    },
  };
}

async function bindAll(
  port: number,
  listen: string | undefined,
  responder: StunResponder,
): Promise<readonly Socket[]> {
  if (listen !== undefined && listen !== '::') {
    const family = isIP(listen);
    if (family === 0)
      throw new WaystationError(
        'usage',
        `cannot answer STUN on “${listen}”: give an address such as 127.0.0.1`,
      );
    return [await bind(family === 6 ? 6 : 4, port, listen, responder)];
  }
  for (let tried = 1; ; tried++) {
    const four = await bind(4, port, '0.0.0.0', responder);
    try {
      return [four, await bind(6, four.address().port, '::', responder)];
    } catch (error) {
      const { code } = (error as WaystationError).cause as NodeJS.ErrnoException;
      // A machine without IPv6 answers IPv4.
      if (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL') return [four];
      await closed(four);
      if (port !== 0 || tried === PORT_TRIES) throw error;
    }
  }
}

async function bind(family: 4 | 6, port: number, address: string, responder: StunResponder): Promise<Socket> {
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    ipv6Only: family === 6,
    // Answers go to addresses, never to names: nothing is to be looked up.
    lookup: (host, _options, done) => done(null, host, family),
  });
  socket.on('message', (datagram: Buffer, from: RemoteInfo) => {
    const parsed = parseIp(from.address);
    if (parsed === undefined) return;
    const answer = responder.answer(datagram, { address: parsed, port: from.port }, performance.now());
    // UDP promises nothing, and whoever asked asks again: a failed answer is a lost one.
    if (answer !== undefined) socket.send(answer, from.port, from.address, () => undefined);
  });
  const bound = once(socket, 'listening');
  socket.bind({ port, address, exclusive: true });
  try {
    await bound;
  } catch (error) {
    socket.close();
    throw bindError(error as NodeJS.ErrnoException, port, address);
  }
  socket.on('error', () => undefined);
  return socket;
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()));
}

function bindError(cause: NodeJS.ErrnoException, port: number, address: string): WaystationError {
  const where = address === '0.0.0.0' || address === '::' ? '' : ` on ${address}`;
  const what =
    cause.code === 'EADDRINUSE'
      ? `UDP port ${port}${where} is in use: stop the other program or choose another with --stun-port`
      : cause.code === 'EACCES'
        ? `this user may not open UDP port ${port}: choose one above 1023 with --stun-port`
        : cause.code === 'EADDRNOTAVAIL'
          ? `this machine has no address ${address}: choose one that it has with --listen`
          : `cannot answer STUN on ${address} UDP port ${port}: ${cause.message}`;
  return new WaystationError('unavailable', what, { cause });
}
