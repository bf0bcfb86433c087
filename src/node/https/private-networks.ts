/**
 * The networks that a relay's certificate authority may vouch for: those that nobody owns on the internet, so that a certificate
 * for an address in them is worth nothing to anybody outside the own network (RFC 1918, RFC 3927, RFC 4193, RFC 4291).
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** As CIDR. Shared addresses of providers (100.64.0.0/10) are not among them: there the neighbour is a stranger. */
export const PRIVATE_NETWORKS = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '127.0.0.0/8',
  'fc00::/7',
  'fe80::/10',
  '::1/128',
] as const;

const blocks = new BlockList();
for (const network of PRIVATE_NETWORKS) {
  const [address = '', bits] = network.split('/');
  blocks.addSubnet(address, Number(bits), isIPv4(address) ? 'ipv4' : 'ipv6');
}

/** True for a literal IP address, without brackets, that lies in one of them. */
export function isPrivateAddress(address: string): boolean {
  if (isIPv4(address)) return blocks.check(address, 'ipv4');
  return isIPv6(address) && !address.includes('%') && blocks.check(address, 'ipv6');
}
