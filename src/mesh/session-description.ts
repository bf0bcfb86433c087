/**
 * What we read from a WebRTC session description (RFC 8866, RFC 8122, RFC 8839): the certificate fingerprint, and
 * whether it is safe to hand to a native stack.
 *
 * Invariant: a description is accepted only if all its fingerprint lines say the same SHA-256 value. A browser takes
 * any of several fingerprints for the peer's, and then nobody could tell which certificate it saw.
 */
import { type Bytes, fromHex } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import { MAX_CANDIDATE_CHARS, MAX_REMOTE_CANDIDATES, MAX_SDP_CHARS } from './link-limits.ts';
import type { SignalPayload } from './port.ts';

const FINGERPRINT_LINE = /^a=fingerprint:(\S+)[ \t]+(\S+)[ \t]*\r?$/gim;
const SHA256_VALUE = /^[0-9A-F]{2}(?::[0-9A-F]{2}){31}$/;
/** RFC 8839 §5.4: ice-char; a native stack may abort the process on others. */
const UFRAG_LINE = /^a=ice-ufrag:[A-Za-z0-9+/]{4,256}\r?$/m;
const PASSWORD_LINE = /^a=ice-pwd:[A-Za-z0-9+/]{22,256}\r?$/m;
/**
 * RFC 8839 §5.1: foundation, component, transport, priority, address, port, then extensions. Addresses are literal or
 * mDNS names: a stack that looked up other names would let a peer choose whom we ask.
 */
const CANDIDATE =
  /^candidate:\S{1,64} \d{1,3} (?:udp|tcp) \d{1,10} (?:[0-9.]{7,15}|[0-9A-F:.]{2,45}|[0-9A-Z-]{1,63}\.local) \d{1,5} typ [\x20-\x7e]+$/i;
const CANDIDATE_LINE = /^a=(candidate:.*?)\r?$/gm;

/** The SHA-256 fingerprint that a description states, 32 bytes. @throws WaystationError `malformed`. */
export function fingerprintOf(sdp: string): Bytes {
  const values = new Set<string>();
  for (const [, algorithm, value] of sdp.matchAll(FINGERPRINT_LINE)) {
    values.add(`${algorithm?.toLowerCase()} ${value?.toUpperCase()}`);
  }
  const [only, ...others] = values;
  const value = only?.startsWith('sha-256 ') ? only.slice('sha-256 '.length) : undefined;
  if (value === undefined || others.length > 0 || !SHA256_VALUE.test(value)) {
    throw new WaystationError(
      'malformed',
      `expected one SHA-256 fingerprint in the description, got ${values.size} fingerprints`,
    );
  }
  return fromHex(value.replaceAll(':', '').toLowerCase());
}

/** The bytes of a fingerprint written as `AA:BB:…`. @throws WaystationError `malformed`. */
export function fingerprintBytes(text: string): Bytes {
  return fingerprintOf(`a=fingerprint:sha-256 ${text}`);
}

/** Why a peer's signal must not reach the stack, or `undefined` when it may. */
export function signalFault(payload: SignalPayload): string | undefined {
  if (payload.kind === 'candidate') {
    if (payload.candidate.length > MAX_CANDIDATE_CHARS || payload.mid.length > 64)
      return 'candidate too long';
    return CANDIDATE.test(payload.candidate) ? undefined : 'not a candidate';
  }
  const { sdp } = payload;
  if (sdp.length > MAX_SDP_CHARS) return 'description too long';
  if (!UFRAG_LINE.test(sdp) || !PASSWORD_LINE.test(sdp)) return 'description without valid ICE credentials';
  const candidates = [...sdp.matchAll(CANDIDATE_LINE)];
  if (candidates.length > MAX_REMOTE_CANDIDATES) return 'description with too many candidates';
  if (!candidates.every(([, candidate]) => CANDIDATE.test(candidate ?? ''))) return 'not a candidate';
  try {
    fingerprintOf(sdp);
    return undefined;
  } catch {
    return 'description without one SHA-256 fingerprint';
  }
}
