/**
 * A relay that is dialled without any host, as text among the hosts of an invite:
 *
 *     direct:192.0.2.7:4477,[2001:db8::7]:4477#<base64url of SHA-256 of its certificate>
 *
 * One to four addresses, IPv6 in brackets, each with its UDP port; all lead to the relay with that certificate.
 */
import { type Bytes, fromBase64Url, toBase64Url } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';

/** As many as a relay names of itself: one for each network it is in. */
export const MAX_DIRECT_ADDRESSES = 4;
/** Four of the longest IPv6 addresses have no room in an invite's host (200 characters); three have. */
export const MAX_DIRECT_LENGTH = 200;
/** SHA-256. */
const HASH_BYTES = 32;
const SCHEME = 'direct:';
const FORM = /^direct:([^#]+)#([A-Za-z0-9_-]{43})$/;
const ADDRESS = /^(?:((?:\d{1,3}\.){3}\d{1,3})|\[([0-9a-f:.]{2,45})\]):([1-9]\d{0,4})$/i;

/** One way to it. */
export interface DirectAddress {
  /** A literal IPv4 or IPv6 address, without brackets. */
  readonly address: string;
  /** UDP, 1 to 65,535. */
  readonly port: number;
}

export interface DirectEndpoint {
  readonly addresses: readonly DirectAddress[];
  /** SHA-256 of the certificate (DER), 32 bytes. */
  readonly certificateHash: Bytes;
}

/** True for what claims to be such a text, sound or not. */
export function isDirectEndpoint(text: string): boolean {
  return text.startsWith(SCHEME);
}

/** @throws WaystationError `malformed` for anything but the form above. */
export function parseDirectEndpoint(text: string): DirectEndpoint {
  const [, list, hash] = text.length <= MAX_DIRECT_LENGTH ? (FORM.exec(text) ?? []) : [];
  if (list === undefined || hash === undefined) throw malformed();
  const addresses = list.split(',').map(parseAddress);
  if (addresses.length > MAX_DIRECT_ADDRESSES) throw malformed();
  return { addresses, certificateHash: hashOf(hash) };
}

function hashOf(text: string): Bytes {
  try {
    const hash = fromBase64Url(text);
    if (hash.length === HASH_BYTES) return hash;
  } catch {
    // Bits to spare that are not zero.
  }
  throw malformed();
}

function parseAddress(text: string): DirectAddress {
  const [, four, six, digits] = ADDRESS.exec(text) ?? [];
  const address = four ?? six;
  const port = Number(digits);
  if (address === undefined || port > 65_535 || !isLiteral(address)) throw malformed();
  return { address, port };
}

/** The URL parser of every runtime knows the forms of addresses (WHATWG URL §3.5). */
function isLiteral(address: string): boolean {
  try {
    const host = address.includes(':') ? `[${address}]` : address;
    const { hostname } = new URL(`http://${host}/`);
    // Leading zeros would be octal there: what it reads must be what stands here.
    return address.includes(':') || hostname === address;
  } catch {
    return false;
  }
}

/**
 * The text; of the addresses as many, from the first, as there is room for.
 * @throws RangeError when there is none, or it could not be read back.
 */
export function directEndpointText({ addresses, certificateHash }: DirectEndpoint): string {
  const hash = `#${toBase64Url(certificateHash)}`;
  let text = '';
  for (const one of addresses.slice(0, MAX_DIRECT_ADDRESSES)) {
    const longer = `${text === '' ? SCHEME : `${text},`}${directAddressText(one)}`;
    if (longer.length + hash.length > MAX_DIRECT_LENGTH) break;
    text = longer;
  }
  try {
    parseDirectEndpoint(text + hash);
  } catch (cause) {
    throw new RangeError('expected one to four literal addresses with ports, and a SHA-256', { cause });
  }
  return text + hash;
}

/** `192.0.2.7:4477` or `[2001:db8::7]:4477`. */
export function directAddressText({ address, port }: DirectAddress): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

function malformed(): WaystationError {
  return new WaystationError(
    'malformed',
    'expected an address to dial directly, such as direct:192.0.2.7:4477#, followed by 43 characters',
  );
}
