/**
 * What a scanned code or a pasted text is. Nothing of it is ever opened: what is no invite is only named, so that the person
 * knows which code they held before the camera.
 *
 * Invariant: the text comes from anywhere; it is bounded before it is looked at, and what is shown of it is short and plain.
 */
import { errorMessage, isWaystationError, WaystationError } from '../../core/errors.ts';
import type { SpaceId } from '../../core/ids.ts';
import { BODY } from '../../identity/bodies.ts';
import { directAddressText, isDirectEndpoint, parseDirectEndpoint } from '../../identity/direct-endpoint.ts';
import { decodeChain } from '../../identity/grant-chain.ts';
import { type Invite, looksLikeInvite, MAX_LINK_LENGTH, parseInvite } from '../../identity/invite.ts';
import type { Role } from '../../identity/roles.ts';
import { codeInLink, readShortCode } from '../../identity/short-code.ts';

/** A QR code holds at most 7,089 characters; a pasted text may be anything. */
export const MAX_SCANNED_LENGTH = 4 * MAX_LINK_LENGTH;
/** Of something that is no invite this much is shown. */
const SHOWN_LENGTH = 80;
/** Two devices' clocks are rarely further apart than this when both are right. */
export const CLOCK_TOLERANCE_MS = 10 * 60_000;

/** What an invite promises, as far as its link tells. Its signatures are checked when it is taken. */
export interface InviteTerms {
  /** The link as it was found, without what stood around it. */
  readonly link: string;
  readonly space: SpaceId;
  readonly role: Role;
  /** How many devices may come by it in all. */
  readonly uses: number;
  readonly issuedMs: number;
  readonly expiresMs: number;
  /** Where the group meets, as `host` or `host:port`. */
  readonly hosts: readonly string[];
}

export type OtherCode = 'web' | 'wifi' | 'contact' | 'mail' | 'phone' | 'position' | 'empty' | 'text';

export type Scanned =
  | { readonly kind: 'invite'; readonly terms: InviteTerms }
  /** Stands for an invite that a relay knows: typed, or in a short link. */
  | { readonly kind: 'code'; readonly code: string }
  /** An invite that cannot be used: cut off by a messenger, of another version, or made up. */
  | { readonly kind: 'broken'; readonly isCut: boolean; readonly message: string }
  | { readonly kind: 'other'; readonly what: OtherCode; readonly shown: string };

/** Says what the text is; never throws. */
export function readScanned(text: string): Scanned {
  const bounded = text.slice(0, MAX_SCANNED_LENGTH).trim();
  if (!looksLikeInvite(bounded)) {
    const code = readShortCode(bounded) ?? codeInLink(bounded);
    return code === undefined ? { kind: 'other', ...nameOther(bounded) } : { kind: 'code', code };
  }
  const link = linkIn(bounded);
  try {
    return { kind: 'invite', terms: termsOf(link, parseInvite(link)) };
  } catch (error) {
    const isCut = isWaystationError(error, 'malformed') && /cut off/.test(error.message);
    return { kind: 'broken', isCut, message: errorMessage(error) };
  }
}

/**
 * The link in a text that somebody wrote around it; lines that a messenger broke it into are put together again. In one pass: the
 * text may be long and made to be slow to search.
 */
function linkIn(text: string): string {
  const named = text.indexOf('#join=');
  const at = named < 0 ? text.indexOf('join=') : named;
  let start = at;
  while (start > 0 && !/[\s#]/.test(text.charAt(start - 1))) start--;
  const [payload = ''] = /^#?join=[\w-]*(?:\s+[\w-]{24,}(?=\s|$))*/.exec(text.slice(at)) ?? [];
  return `${text.slice(start, at)}${payload}`.replaceAll(/\s/g, '');
}

function termsOf(link: string, invite: Invite): InviteTerms {
  const { last } = decodeChain(invite.chain);
  // Whoever takes it learns the same from `joinSpace`; the person learns it before.
  if (last === null) throw new WaystationError('malformed', 'the link holds no open invite');
  const { role, uses, expiresMs } = BODY.grant.decode(last.body);
  return {
    link,
    space: invite.space,
    role,
    uses,
    issuedMs: last.header.timeMs,
    expiresMs,
    hosts: invite.hosts.flatMap(placesOf),
  };
}

/** A meeting point as people read it. */
function placesOf(host: string): string[] {
  if (isDirectEndpoint(host)) return parseDirectEndpoint(host).addresses.map(directAddressText);
  return [host.replace(/^\w+:\/\//, '').replace(/\/$/, '')];
}

export type InviteStanding =
  | 'open'
  /** It has ended, by this device's clock. */
  | 'ended'
  /** It was made in this device's future: one of the two clocks is wrong. */
  | 'from-the-future';

/** Whether an invite can be taken at `nowMs` by this device's clock. */
export function standingOf({ issuedMs, expiresMs }: InviteTerms, nowMs: number): InviteStanding {
  if (issuedMs > nowMs + CLOCK_TOLERANCE_MS) return 'from-the-future';
  return nowMs > expiresMs ? 'ended' : 'open';
}

function nameOther(text: string): { what: OtherCode; shown: string } {
  const lower = text.slice(0, 32).toLowerCase();
  const starts = (...heads: string[]) => heads.some((head) => lower.startsWith(head));
  const shown = plain(text);
  if (text === '') return { what: 'empty', shown: '' };
  // A network's password stands in its code: only its name is shown.
  if (starts('wifi:')) return { what: 'wifi', shown: plain(networkName(text)) };
  if (starts('http://', 'https://', 'www.')) return { what: 'web', shown: hostOf(text) };
  if (starts('begin:vcard', 'mecard:')) return { what: 'contact', shown: '' };
  if (starts('mailto:', 'matmsg:')) return { what: 'mail', shown };
  if (starts('tel:', 'sms:', 'smsto:')) return { what: 'phone', shown };
  if (starts('geo:')) return { what: 'position', shown };
  return { what: 'text', shown };
}

/** The name in the code of a Wi-Fi network: `WIFI:T:WPA;S:name;P:password;;`, where a backslash stands before what is meant as it is. */
function networkName(text: string): string {
  const fields = text.slice('wifi:'.length).match(/(?:\\.|[^;\\])+/gs) ?? [];
  const name = fields.find((field) => /^S:/i.test(field)) ?? '';
  return name.slice(2).replaceAll(/\\(.)/g, '$1');
}

function hostOf(text: string): string {
  try {
    return plain(new URL(text.startsWith('www.') ? `https://${text}` : text).host);
  } catch {
    return plain(text);
  }
}

/** Short, on one line, without characters that turn text around or hide. */
function plain(text: string): string {
  const seen = [
    ...text
      .slice(0, 4 * SHOWN_LENGTH)
      .replaceAll(/\s+/g, ' ')
      .replaceAll(/\p{C}/gu, '')
      .trim(),
  ];
  return seen.length <= SHOWN_LENGTH ? seen.join('') : `${seen.slice(0, SHOWN_LENGTH - 1).join('')}…`;
}
