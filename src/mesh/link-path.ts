/**
 * The way a link takes, as far as the WebRTC stack tells: over the local network or the internet, how long a message takes, and how
 * much it has carried. A page is not always told the other side's address (mDNS candidates hide it): then the kinds of the candidates
 * decide (RFC 8445 §5.1.1).
 */

export interface LinkPath {
  readonly kind: 'local' | 'internet';
  /** There and back, ms; null when the stack has not measured it. */
  readonly roundTripMs: number | null;
  /** Bytes of the link so far, as the stack counts them. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** One end of the candidate pair in use. */
export interface PathEnd {
  /** `host`, `srflx`, `prflx` or `relay`. */
  readonly type: string;
  /** Null when the page is not told. */
  readonly address: string | null;
}

const PRIVATE_V4 =
  /^(10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./;
const PRIVATE_V6 = /^(::1$|f[cd]|fe[89ab])/i;

/** An address that no route leads to from the internet: RFC 1918, 3927, 4193, 4291, 6598, and loopback. */
export function isPrivateAddress(address: string): boolean {
  const mapped = address.replace(/^::ffff:/i, '');
  return PRIVATE_V4.test(mapped) || PRIVATE_V6.test(mapped) || mapped.endsWith('.local');
}

/** Over which kind of network a pair of candidates leads. */
export function pathKind(local: PathEnd, remote: PathEnd): LinkPath['kind'] {
  if (local.type === 'relay' || remote.type === 'relay') return 'internet';
  if (remote.address !== null && remote.address !== '')
    return isPrivateAddress(remote.address) ? 'local' : 'internet';
  return remote.type === 'srflx' || local.type === 'srflx' ? 'internet' : 'local';
}
