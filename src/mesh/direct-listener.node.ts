/**
 * A relay's side of direct dials: one UDP port on which any number of dialers reach it by address and certificate hash, without signaling
 * (`direct-description.ts`). libjuice carries all of them over one socket and tells of STUN requests that belong to none.
 *
 * Invariants
 * - Nothing native is made of a request before its USERNAME has been checked and a place taken (`direct-places.ts`).
 * - A place is kept until the owner says that the dialer has proved itself, or the link has closed; both are bounded in time.
 * - The dialer's certificate is not verified here: only the session's proof tells who it is.
 */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { cleanup, IceUdpMuxListener, PeerConnection } from 'node-datachannel';
import type { DirectStats } from '../../signaling/host-metrics.ts';
import { Counters } from '../core/counters.ts';
import { errorMessage, WaystationError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import { type DialerCredentials, dialerCredentials, inventedOffer } from './direct-description.ts';
import { DIRECT_LIMITS, type DirectLimits, DirectPlaces, type Place } from './direct-places.ts';
import { livePeers, NativePeer } from './native-peer.node.ts';
import type { Link } from './port.ts';

export interface DirectListenerOptions {
  /** UDP port; 0 lets the system choose. */
  readonly port: number;
  /** Address to listen on, `::` for all of both families. */
  readonly listen: string;
  /** PEM. Dialers pin the SHA-256 of the certificate. */
  readonly certificate: string;
  readonly key: string;
  readonly clock: Clock;
  readonly limits?: Partial<DirectLimits>;
  /** How long ICE may stay `disconnected`, ms. */
  readonly disconnectGraceMs?: number;
  /** A dialer's channels are open. Call `settled` once it has proved itself. */
  onLink(link: Link, settled: () => void): void;
}

interface Dial {
  readonly peer: NativePeer;
  readonly place: Place;
  cancelTimeout: () => void;
}

/** @see startDirectListener */
export interface DirectListener {
  /** The port it really listens on. */
  readonly port: number;
  stats(): DirectStats;
  /** Ends all dials and links and gives the port back. */
  close(): void;
}

/** What libjuice tells of a request, before anything about it was checked. */
export interface UnhandledRequest {
  readonly ufrag: string;
  readonly localUfrag: string;
  readonly host: string;
  readonly port: number;
}

/**
 * Listens for direct dials.
 * @throws WaystationError `unavailable` when the port cannot be had.
 */
export async function startDirectListener(options: DirectListenerOptions): Promise<DirectListener> {
  // libjuice does not say why it cannot have a port, and does not tell which one the system chose.
  const port = await freePort(options.port, options.listen);
  silenceLibjuice();
  return new NativeListener({ ...options, port });
}

let isSilent = false;

/**
 * libjuice writes a line to stdout for every malformed datagram until libdatachannel has taken its log over, which it does with its
 * first ICE agent: so one is made and let go, unless there are some. (`initLogger` does not reach it, and keeps the process alive.) A closed
 * connection keeps the process from ending until its garbage is collected, some 8 s; `cleanup` does that at once.
 */
function silenceLibjuice(): void {
  if (isSilent) return;
  isSilent = true;
  if (livePeers() > 0) return;
  const connection = new PeerConnection('log', {
    iceServers: [],
    disableAutoNegotiation: true,
    bindAddress: '127.0.0.1',
  });
  connection.createDataChannel('log');
  connection.setLocalDescription('offer');
  connection.close();
  cleanup();
}

class NativeListener implements DirectListener {
  readonly port: number;
  readonly #options: DirectListenerOptions;
  readonly #limits: DirectLimits;
  readonly #native: IceUdpMuxListener;
  readonly #places: DirectPlaces;
  readonly #counters = new Counters();
  /** By the USERNAME of its requests, links included: a request may come twice before its connection is registered. */
  readonly #dials = new Map<string, Dial>();
  #begun = 0;
  #opened = 0;
  #second = 0;
  #inSecond = 0;
  #closed = false;

  constructor(options: DirectListenerOptions) {
    this.#options = options;
    this.port = options.port;
    this.#limits = { ...DIRECT_LIMITS, ...options.limits };
    this.#places = new DirectPlaces(this.#limits);
    try {
      this.#native = new IceUdpMuxListener(options.port, options.listen);
    } catch (cause) {
      throw cannotListen(options.port, options.listen, cause);
    }
    this.#native.onUnhandledStunRequest((request) => this.#onRequest(request));
  }

  stats(): DirectStats {
    return {
      halfOpen: this.#places.size,
      dials: this.#begun,
      opened: this.#opened,
      dropped: this.#counters.snapshot(),
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#native.stop();
    for (const { peer } of [...this.#dials.values()]) peer.end('the relay is stopping');
  }

  /** Called by libjuice for every request of a stranger: must not throw. */
  #onRequest(request: UnhandledRequest): void {
    if (this.#closed) return;
    const nowMs = this.#options.clock.monotonicMs();
    if (!this.#mayLook(nowMs)) return this.#counters.count('requests-too-many');
    const { ufrag, localUfrag, host, port } = request;
    const credentials = dialerCredentials(localUfrag, ufrag);
    if (credentials === undefined) return this.#counters.count('username-malformed');
    const name = `${localUfrag}:${ufrag}`;
    // libjuice finds a connection by the first half alone.
    if (this.#dials.has(name)) return this.#counters.count('request-repeated');
    const place = this.#places.take(host, nowMs, (reason) => this.#dials.get(name)?.peer.end(reason));
    if (typeof place === 'string') return this.#counters.count(place);
    try {
      this.#answer(name, credentials, { address: unmapped(host), port }, place);
    } catch (error) {
      this.#places.release(place);
      this.#dials.delete(name);
      this.#counters.count('connection-unavailable');
      if (!(error instanceof Error)) throw error;
    }
  }

  /** A flood costs this process no more than the counting of it. */
  #mayLook(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#inSecond = 0;
    }
    return ++this.#inSecond <= this.#limits.requestsPerSecond;
  }

  #answer(
    name: string,
    credentials: DialerCredentials,
    from: { readonly address: string; readonly port: number },
    place: Place,
  ): void {
    const { certificate, clock, key, listen, onLink } = this.#options;
    const { serverUfrag } = credentials;
    const settled = () => {
      dial.cancelTimeout();
      this.#places.release(place);
    };
    let isOpen = false;
    const grace = this.#options.disconnectGraceMs;
    const peer = new NativePeer(
      false,
      grace === undefined ? {} : { disconnectGraceMs: grace },
      {
        onSignal: () => undefined,
        onOpen: (link) => {
          isOpen = true;
          this.#opened++;
          dial.cancelTimeout();
          dial.cancelTimeout = clock.schedule(this.#limits.proofMs, () => peer.end('no proof in time'));
          onLink(link, settled);
        },
        onFail: (reason) => this.#counters.count(FAILURES.get(reason) ?? 'dial-failed'),
      },
      () => {
        settled();
        this.#dials.delete(name);
      },
      {
        rtc: {
          bindAddress: listen,
          enableIceUdpMux: true,
          portRangeBegin: this.port,
          portRangeEnd: this.port,
          certificatePemFile: certificate,
          keyPemFile: key,
          disableFingerprintVerification: true,
        },
        credentials: { iceUfrag: serverUfrag, icePwd: serverUfrag },
        onPath: () => {
          place.hasPath = true;
        },
      },
    );
    const dial: Dial = {
      peer,
      place,
      cancelTimeout: clock.schedule(this.#limits.openMs, () => {
        if (!isOpen) peer.end(NOT_OPEN);
      }),
    };
    this.#dials.set(name, dial);
    this.#begun++;
    peer.start();
    peer.signal({ kind: 'description', type: 'offer', sdp: inventedOffer(credentials, from) });
  }
}

const NOT_OPEN = 'not open in time';

/** Why dials ended before they opened, by what the connection says of it. */
const FAILURES: ReadonlyMap<string, string> = new Map([
  [NOT_OPEN, 'not-open-in-time'],
  ['made room', 'made-room'],
  ['no path to the peer', 'no-path'],
  ['closed by the other side', 'closed-by-dialer'],
  ['the relay is stopping', 'stopping'],
]);

/** An IPv4 address that came over a socket of both families. */
function unmapped(host: string): string {
  return host.replace(/^::ffff:(?=[0-9.]+$)/i, '');
}

/** The port itself, or one that the system chooses: free at this moment. */
function freePort(port: number, listen: string): Promise<number> {
  const socket = createSocket({ type: isIPv6(listen) ? 'udp6' : 'udp4' });
  return new Promise((resolve, reject) => {
    socket.once('error', (cause) => {
      socket.close();
      reject(cannotListen(port, listen, cause));
    });
    socket.bind({ port, address: listen, exclusive: true }, () => {
      const found = socket.address().port;
      socket.close(() => resolve(found));
    });
  });
}

function cannotListen(port: number, listen: string, cause: unknown): WaystationError {
  const where = listen === '::' || listen === '0.0.0.0' ? '' : ` on ${listen}`;
  const { code } = cause as NodeJS.ErrnoException;
  const what =
    code === 'EADDRINUSE'
      ? `UDP port ${port}${where} is in use: stop the other program or choose another with --direct-port`
      : code === 'EACCES'
        ? `this user may not open UDP port ${port}: choose one above 1023 with --direct-port`
        : code === 'EADDRNOTAVAIL'
          ? `this machine has no address ${listen}: choose one that it has with --listen`
          : `cannot be dialled directly on UDP port ${port}${where}: ${errorMessage(cause)}`;
  return new WaystationError('unavailable', what, { cause });
}
