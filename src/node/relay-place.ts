/** Where a relay is found: what it says to people, and what it writes into invites. */
import { MAX_INVITE_HOSTS } from '../identity/invite.ts';
import { type Reach, reachOf } from './addresses.ts';
import { isPrivateAddress } from './https/private-networks.ts';

export interface RelayPlace {
  /** Where the app is, for links; a phone opens it. */
  readonly url: string;
  /** Where to meet. */
  readonly hosts: readonly string[];
  /** Only this machine reaches it. */
  readonly isLocal: boolean;
  /** Under HTTPS. */
  readonly secure?: SecurePlace;
}

export interface SecurePlace {
  /** The app under the relay's stable name. */
  readonly url: string;
  /** What a phone shows of the certificate. */
  readonly fingerprint: string;
  /** The app on this machine; absent when it does not listen on loopback. */
  readonly here?: string;
  /** Addresses that the certificate cannot be for. */
  readonly publicNames: readonly string[];
}

/** The place of a relay that speaks HTTP alone. */
export function plainPlace(listen: string, port: number): RelayPlace {
  const { names, isLocal } = reachOf(listen);
  return {
    url: `http://${names[0] ?? 'localhost'}:${port}`,
    hosts: names.map((one) => `ws://${one}:${port}`),
    isLocal,
  };
}

export interface SecurePorts {
  readonly listen: string;
  readonly port: number;
  readonly securePort: number;
  /** Such as `waystation.local`. */
  readonly name: string;
  /** Whether anybody can find that name. */
  readonly isAnnounced: boolean;
  readonly fingerprint: string;
}

/** True for “all addresses” of either family. */
export function isAnywhere(listen: string): boolean {
  return listen === '0.0.0.0' || listen === '::';
}

/**
 * The place of a relay with HTTPS. Pages need `wss:` there, and programs `ws:`, as they do not know the authority. Where there are
 * private addresses the public ones are left out: they lead round the house, and the IPv6 ones of a home change daily.
 */
export function securePlace(ports: SecurePorts, reach: Reach = reachOf(ports.listen)): RelayPlace {
  const { port, securePort, name, isAnnounced, fingerprint } = ports;
  const isPrivate = (one: string) => isPrivateAddress(one.replaceAll(/[[\]]/g, ''));
  const own = reach.names.filter(isPrivate);
  const publicNames = reach.isLocal ? [] : reach.names.filter((one) => !isPrivate(one));
  const names = own.length > 0 ? own : reach.names;
  const hosts = [
    ...(isAnnounced && !reach.isLocal ? [`wss://${name}:${securePort}`] : []),
    ...names.flatMap((one) => [
      ...(isPrivate(one) && !reach.isLocal ? [`wss://${one}:${securePort}`] : []),
      `ws://${one}:${port}`,
    ]),
  ];
  const isOnLoopback = isAnywhere(ports.listen) || reach.isLocal;
  return {
    url: `http://${names[0] ?? 'localhost'}:${port}`,
    hosts: hosts.slice(0, MAX_INVITE_HOSTS),
    isLocal: reach.isLocal,
    secure: {
      url: `https://${name}:${securePort}`,
      fingerprint,
      ...(isOnLoopback ? { here: `http://localhost:${port}` } : {}),
      publicNames: own.length > 0 ? publicNames.filter((one) => !one.startsWith('[')) : publicNames,
    },
  };
}
