/**
 * Says in the local network which address a `.local` name has (multicast DNS, RFC 6762), by ciao: probing first, so that no two
 * devices have one name. A name that is taken is either numbered (`waystation-2.local`) or, once phones know this relay by it, given up:
 * what they keep and trust belongs to that name and no other.
 */
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { type CiaoService, getResponder } from '@homebridge/ciao';
import { errorMessage, WaystationError } from '../../core/errors.ts';
import { labelOf, suffixedName } from './local-name.ts';

const MDNS_PORT = 5353;
/** After this many the id of the relay makes a name that nobody else has. */
const MAX_NUMBER = 9;

export interface AnnounceOptions {
  /** Such as `waystation.local`. */
  readonly name: string;
  /** Whether another name may be taken when this one is somebody else's. */
  readonly mayRename: boolean;
  /** Tells this relay's entry in lists of services from others. */
  readonly shortId: string;
  /** Port of the HTTPS server. */
  readonly port: number;
  /** The one address that is listened on; absent when all are. */
  readonly address?: string;
  /** Only IPv4 is listened on. */
  readonly onlyIPv4: boolean;
  /** Ends the looking for a name. */
  readonly signal: AbortSignal;
  /** Called at most once, when another device has taken the name after it was announced; it is not announced any more then. */
  readonly onTaken: () => void;
}

export interface Announcement {
  /** The name that leads here now. */
  readonly name: string;
  /** Takes the name back from the network. Never rejects. */
  close(): Promise<void>;
}

/** Rejects when another program keeps the port of multicast DNS to itself; ciao would go on without a socket. */
async function checkPort(): Promise<void> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(MDNS_PORT, resolve);
    });
  } finally {
    socket.close();
  }
}

/**
 * The network interfaces to announce on. ciao's own way to find them misses those of containers, and fails where there is no
 * loopback.
 */
function interfacesFor(address: string | undefined): string[] {
  const all = Object.entries(networkInterfaces());
  if (!all.some(([, addresses]) => addresses?.some(({ internal }) => internal))) return [];
  return all
    .filter(([, addresses]) =>
      addresses?.some((one) => !one.internal && (address === undefined || one.address === address)),
    )
    .map(([name]) => name);
}

/** True when the name leads to this machine already: its own host name, announced by the system. */
async function leadsHere(name: string): Promise<boolean> {
  const own = new Set(
    Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)),
  );
  const found = await lookup(name, { all: true }).catch(() => []);
  return found.some(({ address }) => own.has(address));
}

/** What a relay may be called when its first name is taken. */
function* otherNames(name: string, shortId: string): Generator<string> {
  for (let number = 2; number <= MAX_NUMBER; number++) yield suffixedName(name, String(number));
  yield suffixedName(name, shortId.toLowerCase());
}

/** Resolves when the service stands under a name of its own, or `signal` aborts. */
function advertised(service: CiaoService, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () =>
      reject(new WaystationError('closed', 'the network did not take the announcement in time'));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    service
      .advertise()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/**
 * Announces the name until it is closed.
 * @throws WaystationError `conflict` when the name is another device's and may not be changed, `unavailable` when nothing can be
 *   announced, `closed` when the signal aborts.
 */
export async function announce(options: AnnounceOptions): Promise<Announcement> {
  await checkPort().catch((cause: unknown) => {
    throw new WaystationError(
      'unavailable',
      `names cannot be announced on this computer (${errorMessage(cause)})`,
      { cause },
    );
  });
  const { name, signal } = options;
  const names = interfacesFor(options.address);
  if (names.length === 0)
    throw new WaystationError(
      'unavailable',
      'this computer is in no network in which a name could be announced',
    );
  const responder = getResponder({ interface: names });
  let ended: Promise<void> | undefined;
  const end = (service: CiaoService | undefined) => {
    ended ??= (async () => {
      // The service first: it tells ciao's own repeated tries to stop.
      await service?.destroy().catch(() => undefined);
      await responder.shutdown().catch(() => undefined);
    })();
    return ended;
  };
  let service: CiaoService | undefined;
  try {
    // ciao numbers a name that is taken in a way that no URL can have, “name-(2)”: we number ourselves.
    for (const wanted of options.mayRename ? [name, ...otherNames(name, options.shortId)] : [name]) {
      service = responder.createService({
        name: `Waystation ${options.shortId}`,
        type: 'https',
        port: options.port,
        // Without any text ciao takes its own empty record for somebody else's, and probes for ever.
        txt: { path: '/' },
        hostname: labelOf(wanted),
        disabledIpv6: options.onlyIPv4,
        ...(options.address === undefined ? {} : { restrictedAddresses: [options.address] }),
      });
      // ciao numbers names in a way that no URL can have: what it found instead is not used.
      // Without a listener ciao complains on the console.
      service.on('name-change', () => undefined);
      await advertised(service, signal);
      if (service.getHostname().toLowerCase() === `${wanted}.`) {
        const standing = service;
        standing.once('name-change', () => void end(standing).then(options.onTaken));
        return { name: wanted, close: () => end(standing) };
      }
      await service.destroy();
      service = undefined;
      if (await leadsHere(wanted)) {
        await end(undefined);
        return { name: wanted, close: () => Promise.resolve() };
      }
    }
  } catch (error) {
    await end(service);
    throw error;
  }
  await end(undefined);
  throw new WaystationError('conflict', `another device in this network is called ${name}`);
}
