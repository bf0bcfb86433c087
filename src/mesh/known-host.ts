/**
 * A host as the members of a space know it, why a node is on one, and how many at once. `host-choice.ts` orders them, `host-keeper.ts` goes there.
 */
import type { WeightedHost } from './host-choice.ts';
import { hostSocketUrl } from './host-url.ts';
import { isPrivateAddress } from './link-path.ts';

/** A host as the members of a space know it. */
export interface KnownHost extends WeightedHost {
  /** `ws://host:port` or `wss://…`, at least one, the best first: all lead to this host, and one is used. */
  readonly urls: readonly string[];
  /** What it says of itself when it opens; absent when only an address is known. */
  readonly hostId?: string;
}

/** Why a node is on a host: the person named it; a space chose it; it is in the local network; it is the lookout. */
export type HostUse = 'given' | 'chosen' | 'local' | 'lookout';

export interface HostPolicy {
  /** Reachable hosts of a space's choice that are used at once: one may die, and nobody is out of reach. */
  readonly chosen: number;
  /** A host that was there may be away for so long before the next takes its place: a restart takes two seconds. */
  readonly downMs: number;
  /** Others need this long to notice that a host is back: their longest wait, twice. */
  readonly lingerMs: number;
  /** Who has met nobody in a space goes to one more host after each of these, up to `maxExtra`. */
  readonly aloneMs: number;
  readonly maxExtra: number;
  /** How long a lookout lasts, ±25 %; Infinity for none. */
  readonly lookoutMs: number;
  /** Hosts of one space in the local network: a house has one or two, and any member may name more. */
  readonly maxLocal: number;
  /** Sockets. */
  readonly maxHosts: number;
  /** A host that is down and had to make room is tried again after this. */
  readonly restMs: number;
}

export const HOST_POLICY: HostPolicy = {
  chosen: 2,
  downMs: 3_000,
  lingerMs: 60_000,
  aloneMs: 10_000,
  maxExtra: 6,
  lookoutMs: 60_000,
  maxLocal: 8,
  maxHosts: 16,
  restMs: 300_000,
};

/** What a node knows of one host of a space. */
export interface HostChoice {
  readonly urls: readonly string[];
  /** Its place in the order of the space, from 0. */
  readonly rank: number;
  /** `standby`: not connected, and not needed. */
  readonly state: 'open' | 'trying' | 'down' | 'standby';
}

/** Known hosts of one space among which it chooses. */
export const MAX_KNOWN_HOSTS = 256;

/** The hosts that a node can reach, with their addresses in one form, the first {@link MAX_KNOWN_HOSTS}. */
export function usableHosts(hosts: readonly KnownHost[]): KnownHost[] {
  return hosts.slice(0, MAX_KNOWN_HOSTS).flatMap((host) => {
    const urls = [...new Set(host.urls.flatMap((url) => hostSocketUrl(url) ?? []))];
    return urls.length === 0 ? [] : [{ ...host, urls }];
  });
}

/** One session for one host with these addresses: what another space says of the host must not lead this one elsewhere. */
export function keyOf({ name, urls }: KnownHost): string {
  return urls.length === 1 && urls[0] === name ? name : `${name} ${urls.join(' ')}`;
}

/** Some address of it is in a local network. */
export function isLocal({ urls }: KnownHost): boolean {
  return urls.some((url) => {
    try {
      return isPrivateAddress(new URL(url).hostname.replaceAll(/[[\]]/g, ''));
    } catch {
      return false;
    }
  });
}
