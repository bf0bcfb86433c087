/**
 * IP addresses as bytes: what rate limits and STUN count in. Pure.
 *
 * One house or phone has one IPv4 address, or one IPv6 network of 64 bits in which it may take any address; whoever sends from
 * many of them is one sender. A **neighbourhood** is what one provider gives to one customer at most: 24 bits of IPv4, 48 of IPv6.
 */

/** 4 bytes or 16, most significant first. An IPv4 address inside IPv6 (`::ffff:192.0.2.1`) is always the 4 bytes. */
export type IpBytes = Uint8Array;

const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] as const;
/** A scope (`fe80::1%eth0`) names the card, not the address. */
const SCOPE = /%.*$/;

/** Reads `192.0.2.1` or `2001:db8::1`; `undefined` for anything else, names included. */
export function parseIp(text: string): IpBytes | undefined {
  const plain = text.replace(SCOPE, '');
  if (!plain.includes(':')) return parseIpv4(plain);
  const bytes = parseIpv6(plain);
  if (bytes === undefined) return undefined;
  return MAPPED_PREFIX.every((byte, i) => bytes[i] === byte) ? bytes.subarray(12) : bytes;
}

function parseIpv4(text: string): IpBytes | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (const [i, part] of parts.entries()) {
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bytes[i] = Number(part);
  }
  return bytes;
}

function parseIpv6(text: string): IpBytes | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half, i) => groupsOf(half, i === halves.length - 1));
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === 16 ? Uint8Array.from(head) : undefined;
  if (tail === undefined || head.length + tail.length > 14) return undefined;
  const bytes = new Uint8Array(16);
  bytes.set(head);
  bytes.set(tail, 16 - tail.length);
  return bytes;
}

/** @param isLast an IPv4 address may stand at the very end. */
function groupsOf(text: string, isLast: boolean): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [i, group] of groups.entries()) {
    if (isLast && i === groups.length - 1 && group.includes('.')) {
      const four = parseIpv4(group);
      if (four === undefined) return undefined;
      bytes.push(...four);
    } else if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    } else return undefined;
  }
  return bytes;
}

/** How many leading bytes name one house. */
export function houseBytes(address: IpBytes): number {
  return address.length === 4 ? 4 : 8;
}

/** How many leading bytes name one neighbourhood. */
export function neighbourhoodBytes(address: IpBytes): number {
  return address.length === 4 ? 3 : 6;
}
