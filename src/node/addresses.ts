/** By which addresses a relay is reached, from where it listens and what networks this machine is in. */
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { isDirectEndpoint, parseDirectEndpoint } from '../identity/direct-endpoint.ts';

/** Each is one more place where a joiner looks; further ones are container bridges and the like. */
const MAX_NAMES = 4;

export interface Reach {
  /** Host parts for URLs, the best one first. */
  readonly names: readonly string[];
  /** Only programs on this machine get there. */
  readonly isLocal: boolean;
}

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** True for the host part of a URL that means the machine which opens it. */
function isLoopback(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || /^127\./.test(name);
}

/** True when a ws or http URL, or a direct endpoint, leads to the machine that opens it, whichever that is. */
export function isLocalUrl(url: string): boolean {
  if (isDirectEndpoint(url))
    return parseDirectEndpoint(url).addresses.every((one) => isLoopback(hostPart(one.address)));
  return isLoopback(new URL(url).hostname);
}

/** An address as it stands in URLs. */
function hostPart(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** How others reach what listens on `listen`: for “any address” those that this machine has in its networks. */
export function reachOf(listen: string, interfaces: Interfaces = networkInterfaces()): Reach {
  const bracketed = hostPart(listen);
  if (listen !== '0.0.0.0' && listen !== '::') {
    const name = listen === '127.0.0.1' ? 'localhost' : bracketed;
    return { names: [name], isLocal: isLoopback(name) };
  }
  const others = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !/^fe80:/i.test(address));
  // What a machine gave itself counts where nobody gives addresses: two computers on one cable.
  const given = others.filter(({ address }) => !address.startsWith('169.254.'));
  const own = given.length > 0 ? given : others;
  const four = own.filter(({ family }) => family === 'IPv4').map(({ address }) => address);
  const six = own.filter(({ family }) => family === 'IPv6').map(({ address }) => `[${address}]`);
  const names = (listen === '::' ? [...four, ...six] : four).slice(0, MAX_NAMES);
  return names.length > 0 ? { names, isLocal: false } : { names: ['localhost'], isLocal: true };
}
