/**
 * Short codes for invites: what a relay prints in a terminal and people type, instead of a link of 700 characters. A code says nothing
 * by itself; the relay that made it knows which invite it stands for (src/node/short-invites.ts).
 *
 * Twelve digits of Crockford's base 32 (no I, L, O, U), 60 bits. In an address the code stands behind the #, so that it is not sent over a
 * network that others listen to before the page is a secure one.
 */
import type { Random } from '../core/ports.ts';

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** 60 bits: at the pace at which a relay lets one address guess, thousands of millions of years. */
export const CODE_LENGTH = 12;
const GROUP = 4;
/** What is longer is none; spaces and dashes included. */
const MAX_TYPED = 24;

/** A new code, grouped for reading: `K7QM-2F9X-RT4D`. */
export function makeShortCode(random: Random): string {
  // 256 is a multiple of 32: every digit is as likely as any other.
  const digits = [...random.bytes(CODE_LENGTH)].map((byte) => DIGITS.charAt(byte & 31));
  return grouped(digits.join(''));
}

function grouped(digits: string): string {
  return digits.match(new RegExp(`.{${GROUP}}`, 'g'))?.join('-') ?? digits;
}

/** The code in what was typed, as {@link makeShortCode} writes it: small letters, missing dashes, O and I are forgiven. Undefined when it is none. */
export function readShortCode(typed: string): string | undefined {
  const text = typed.trim();
  if (text.length > MAX_TYPED || !/^[0-9A-Za-z]{4}[ \-–]*[0-9A-Za-z]{4}[ \-–]*[0-9A-Za-z]{4}$/.test(text))
    return undefined;
  const digits = text
    .replaceAll(/[^0-9A-Za-z]/g, '')
    .toUpperCase()
    .replaceAll('O', '0')
    .replaceAll(/[IL]/g, '1');
  return [...digits].every((digit) => DIGITS.includes(digit)) ? grouped(digits) : undefined;
}

/** The address that opens the app with a code. @param base origin of the app, without a slash at its end. */
export function shortLink(base: string, code: string): string {
  return `${base}/#j=${code}`;
}

/** The code in an address, `…/#j=CODE` or `…/j/CODE`; undefined when there is none. */
export function codeInLink(text: string): string | undefined {
  const [, code] = /(?:#j=|\/j\/)([0-9A-Za-z-]{12,20})(?![\w-])/.exec(text.slice(0, 2_048)) ?? [];
  return code === undefined ? undefined : readShortCode(code);
}
