/**
 * What a relay with HTTPS answers over plain HTTP instead of the app: the trust page, wherever a browser would not give the app what it
 * needs (a page from another machine without TLS is no secure context), and the certificate itself. The rest is left to the app.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fingerprintOf } from './certificates.ts';
import { renderTrustPage } from './trust-page.ts';
import { CERTIFICATE_PATH, systemOf } from './trust-steps.ts';

export interface TrustFacts {
  /** The relay's name, such as `waystation.local`. */
  readonly name: string;
  readonly shortId: string;
  readonly hostId: string;
  readonly port: number;
  readonly securePort: number;
  /** The authority's certificate, DER. */
  readonly authority: Buffer;
  readonly authorityPem: string;
  /** Literal addresses that the relay's certificate is for. */
  readonly addresses: readonly string[];
  /** Whether `localhost` leads here from this machine. */
  readonly isOnLoopback: boolean;
}

/** The same certificate in PEM, for programs. */
const PROGRAM_CERTIFICATE_PATH = '/waystation-ca.pem';
const HOST = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9.-]{1,253})(?::\d{1,5})?$/i;

/** The host part of the URL that was opened, without port and brackets, lower case; undefined when it is none. */
function hostOf(request: IncomingMessage): string | undefined {
  const { host = '' } = request.headers;
  return HOST.exec(host)?.[1]?.replaceAll(/[[\]]/g, '').toLowerCase();
}

/** Origins that browsers trust without TLS (W3C Secure Contexts, 3.1). */
function isTrustworthy(host: string | undefined): boolean {
  return (
    host === 'localhost' ||
    host?.endsWith('.localhost') === true ||
    host === '::1' ||
    (host !== undefined && /^127(\.\d{1,3}){3}$/.test(host))
  );
}

/** True when the URL that was opened names the machine of the browser itself: no name that somebody could have pointed here. */
export function isOnLoopbackName(request: IncomingMessage): boolean {
  return isTrustworthy(hostOf(request));
}

/** True when a page that this relay served may be asking, and no page from elsewhere: those say their origin. */
export function isFromOwnPage(request: IncomingMessage): boolean {
  const isSecure = 'encrypted' in request.socket || isOnLoopbackName(request);
  return isSecure && request.headers.origin === undefined;
}

/** A page is asked for, not a part of one. */
function isNavigation({ method, headers }: IncomingMessage, path: string): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  if (path === '/' || path.endsWith('.html')) return true;
  return headers.accept?.includes('text/html') === true && !/\.[a-z0-9]+$/i.test(path);
}

/** True when both ends of the connection have one address: the request comes from this machine. */
export function isFromHere({ socket }: IncomingMessage): boolean {
  return socket.remoteAddress !== undefined && socket.remoteAddress === socket.localAddress;
}

/** Answers, or returns false for what the app answers. */
export function answerTrust(request: IncomingMessage, response: ServerResponse, facts: TrustFacts): boolean {
  const path = (request.url ?? '/').split(/[?#]/)[0] ?? '/';
  const isHead = request.method === 'HEAD';
  response.setHeader('cache-control', 'no-store');
  response.setHeader('x-content-type-options', 'nosniff');
  if (path === CERTIFICATE_PATH || path === PROGRAM_CERTIFICATE_PATH) {
    const isPem = path === PROGRAM_CERTIFICATE_PATH;
    response.setHeader('content-type', isPem ? 'application/x-pem-file' : 'application/x-x509-ca-cert');
    response.end(isHead ? undefined : isPem ? facts.authorityPem : facts.authority);
    return true;
  }
  const host = hostOf(request);
  // A proxy in front that speaks TLS to the browser says so.
  const isEncrypted = request.headers['x-forwarded-proto'] === 'https';
  if (isTrustworthy(host) || isEncrypted || !isNavigation(request, path)) {
    response.removeHeader('cache-control');
    return false;
  }
  const { html, policy } = renderTrustPage({
    name: facts.name,
    shortId: facts.shortId,
    hostId: facts.hostId,
    fingerprint: fingerprintOf(facts.authority),
    port: facts.port,
    securePort: facts.securePort,
    system: systemOf(request.headers['user-agent']),
    address: host !== undefined && facts.addresses.includes(host) ? host : undefined,
    here: facts.isOnLoopback && isFromHere(request) ? `http://localhost:${facts.port}` : undefined,
  });
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.setHeader('content-security-policy', policy);
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('vary', 'user-agent');
  response.end(isHead ? undefined : html);
  return true;
}
