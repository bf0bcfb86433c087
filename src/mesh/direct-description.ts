/**
 * What both sides of a direct dial make up instead of signaling it (WebRTC-direct, second form: libp2p/specs#715). The dialer leaves its
 * own offer alone and invents the answer; the relay invents the offer from the first STUN request that reaches it.
 *
 *     server ufrag = server password = base64 (RFC 4648 §4, unpadded) of the dialer's ICE password
 *
 * So the USERNAME of that request (RFC 8445 §7.2.2: server ufrag ":" dialer ufrag) tells the relay everything that it needs. None of this
 * is secret: the dialer knows the relay by its certificate, the relay the dialer by the session's proof.
 */
import { toHex } from '../core/bytes.ts';
import type { DirectAddress, DirectEndpoint } from '../identity/direct-endpoint.ts';
import { MAX_LINK_MESSAGE_BYTES } from './port.ts';

/** What a native stack may be given; others may abort the process. */
const SERVER_UFRAG = /^[a-zA-Z0-9+/]{22,256}$/;
/** RFC 8839 §5.4. */
const UFRAG = /^[a-zA-Z0-9+/]{4,256}$/;
const PASSWORD = /^[a-zA-Z0-9+/]{22,256}$/;
const OFFERED_PASSWORD = /^a=ice-pwd:([a-zA-Z0-9+/]{22,256})\r?$/m;
/** RFC 8839 §5.1.2.1: a host candidate, the best there is. */
const PRIORITY = 2_130_706_431;
const SCTP_PORT = 5000;

/** What a STUN request says about its dialer. */
export interface DialerCredentials {
  readonly serverUfrag: string;
  readonly ufrag: string;
  readonly password: string;
}

/** The answer to `offer` that the relay at `endpoint` would give; undefined when the offer states no ICE password. */
export function inventedAnswer(offer: string, endpoint: DirectEndpoint): string | undefined {
  const [, password] = OFFERED_PASSWORD.exec(offer) ?? [];
  if (password === undefined) return undefined;
  const serverUfrag = btoa(password).replaceAll('=', '');
  if (!SERVER_UFRAG.test(serverUfrag)) return undefined;
  return description({
    ufrag: serverUfrag,
    password: serverUfrag,
    fingerprint: toHex(endpoint.certificateHash),
    setup: 'passive',
    candidates: endpoint.addresses,
  });
}

/** Reads the two halves of a request's USERNAME; undefined when they are not a dialer's. */
export function dialerCredentials(serverUfrag: string, ufrag: string): DialerCredentials | undefined {
  if (!SERVER_UFRAG.test(serverUfrag) || !UFRAG.test(ufrag)) return undefined;
  let password: string;
  try {
    password = atob(serverUfrag);
  } catch {
    return undefined;
  }
  return PASSWORD.test(password) ? { serverUfrag, ufrag, password } : undefined;
}

/**
 * The offer that the dialer would have sent. Its certificate is unknown and not looked at. The address the request came from stands in it
 * as a candidate: so the relay checks the path at once, and is ready when the dialer's first DTLS flight comes. Without it two
 * libdatachannel stacks take 1.5 s to open (the request is repeated after 500 ms, the flight after 1 s), with it 55 ms.
 */
export function inventedOffer({ ufrag, password }: DialerCredentials, from: DirectAddress): string {
  return description({
    ufrag,
    password,
    fingerprint: '00'.repeat(32),
    setup: 'active',
    candidates: [from],
  });
}

interface Facts {
  readonly ufrag: string;
  readonly password: string;
  /** Hex. */
  readonly fingerprint: string;
  /** RFC 4145: the dialer begins DTLS. */
  readonly setup: 'active' | 'passive';
  readonly candidates: readonly DirectAddress[];
}

function description({ ufrag, password, fingerprint, setup, candidates }: Facts): string {
  const pairs = fingerprint.toUpperCase().match(/../g)?.join(':') ?? '';
  const lines = [
    'v=0',
    'o=- 0 0 IN IP4 0.0.0.0',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 0.0.0.0',
    'a=mid:0',
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${password}`,
    `a=fingerprint:sha-256 ${pairs}`,
    `a=setup:${setup}`,
    `a=sctp-port:${SCTP_PORT}`,
    `a=max-message-size:${MAX_LINK_MESSAGE_BYTES}`,
    ...candidates.map(
      ({ address, port }, i) => `a=candidate:${i + 1} 1 udp ${PRIORITY - i} ${address} ${port} typ host`,
    ),
    ...(setup === 'passive' ? ['a=end-of-candidates'] : []),
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}
