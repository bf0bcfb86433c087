/**
 * What a relay tells its own pages alone: where others reach it, that it keeps a group, and the invite behind a short code. A page from
 * elsewhere (another site, or one that had a name point here, DNS rebinding) gets none of it.
 *
 * The group's name is told to this computer only. In the network it would tell every guest of a Wi-Fi what the group is called, before any
 * of its devices let them in; that there is a group they see anyway.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isFromHere, isFromOwnPage, isOnLoopbackName } from './https/trust-answers.ts';
import type { ShortInvites } from './short-invites.ts';

/** The page asks here with the code in this header: a page from elsewhere would need leave to send it, and gets none. */
export const CODE_PATH = '/invite';
export const CODE_HEADER = 'waystation-code';

/** Where others reach this relay: its invites must lead there. */
export interface OwnReach {
  readonly url: string;
  readonly hosts: readonly string[];
}

export interface OwnFacts {
  readonly reach?: OwnReach | undefined;
  /** Absent when this relay keeps none. */
  readonly group?: { readonly name: string | null };
}

/** True when a person at this very computer has the page open, with nothing in between. */
function isAtThisComputer(request: IncomingMessage): boolean {
  const { headers } = request;
  // A proxy on this computer asks from here, for anybody.
  const isForwarded = Object.keys(headers).some(
    (name) => name.startsWith('x-forwarded') || name === 'x-real-ip',
  );
  // No browser speaks HTTP/1.0 any more; nginx does, to what is behind it, and says no more of itself than that.
  const isOld = request.httpVersion === '1.0';
  const isProxied =
    isOld || isForwarded || headers['forwarded'] !== undefined || headers['via'] !== undefined;
  return isFromHere(request) && isOnLoopbackName(request) && !isProxied;
}

/** True for requests of a page that this relay served; browsers of today say so themselves. */
function isOwn(request: IncomingMessage): boolean {
  const site = request.headers['sec-fetch-site'];
  return isFromOwnPage(request) && (site === undefined || site === 'same-origin' || site === 'none');
}

/** What this request may know. @param groupName of the group that this relay keeps: null while it has no name; undefined when there is none. */
export function ownFacts(
  request: IncomingMessage,
  reach: OwnReach | undefined,
  groupName: string | null | undefined,
): OwnFacts {
  if (!isOwn(request)) return {};
  if (groupName === undefined) return { reach };
  return { reach, group: { name: isAtThisComputer(request) ? groupName : null } };
}

/** Answers `/invite`, and `/j/CODE` for people who type an address; false for everything else. */
export function answerShortCode(
  request: IncomingMessage,
  response: ServerResponse,
  invites: ShortInvites | undefined,
): boolean {
  const path = (request.url ?? '').split(/[?#]/)[0] ?? '';
  const [, typed] = /^\/j\/([0-9A-Za-z-]{1,20})$/.exec(path) ?? [];
  if (typed !== undefined) {
    response.writeHead(302, { location: `/#j=${typed}`, 'cache-control': 'no-store' }).end();
    return true;
  }
  if (path !== CODE_PATH) return false;
  response.setHeader('content-type', 'application/json');
  response.setHeader('cache-control', 'no-store');
  const code = request.headers[CODE_HEADER];
  const mayAsk = request.method === 'GET' && isOwn(request) && typeof code === 'string';
  const answer =
    mayAsk && invites !== undefined ? invites.ask(code, request.socket.remoteAddress ?? '') : undefined;
  if (answer?.kind === 'invite') response.end(JSON.stringify({ link: answer.link }));
  else if (answer?.kind === 'wait') {
    response.writeHead(429, { 'retry-after': String(answer.seconds) }).end('{"link":null}');
  } else response.writeHead(404).end('{"link":null}');
  return true;
}
