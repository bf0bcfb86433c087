/**
 * Times of recordings, exactly: decimal text or ISO 8601 to whole milliseconds and the nanoseconds beyond them, because
 * nanoseconds since 1970 do not fit the 53 bits of a float64.
 */
import type { TickNs } from '../hour/types.ts';

/** `ms` is whole (rounded down), `ns` is 0 to 999,999 beyond it. */
export interface ExactTime {
  readonly ms: number;
  readonly ns: number;
}

const DIGITS: Readonly<Record<TickNs, number>> = { 1000000000: 9, 1000000: 6, 1000: 3, 1: 0 };
/** Enough for any epoch in nanoseconds; longer numbers are no times. */
const MAX_WHOLE_DIGITS = 21;

/**
 * A decimal number of `unitNs`, with or without fraction and exponent. Digits beyond the nanosecond (the noise that
 * `i * 0.02` leaves in a file) are rounded away. Undefined when the text is no such number.
 */
export function decimalTime(text: string, unitNs: TickNs): ExactTime | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,2}))?$/.exec(text);
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match ?? [];
  if (match === null || whole + fraction === '') return undefined;
  const point = whole.length + Number(exponent) + DIGITS[unitNs];
  const digits = whole + fraction;
  if (point > MAX_WHOLE_DIGITS || point < -MAX_WHOLE_DIGITS) return undefined;
  const nanoseconds = point <= 0 ? '0' : digits.slice(0, point).padEnd(point, '0');
  const rest = point < 0 ? 0 : Number(`0.${digits.slice(point) || '0'}`);
  let ms = Number(nanoseconds.slice(0, -6) || '0');
  let ns = Number(nanoseconds.slice(-6)) + (rest >= 0.5 ? 1 : 0);
  if (sign === '-') ns = -ns;
  if (sign === '-') ms = -ms;
  const carry = Math.floor(ns / 1e6);
  ms += carry;
  ns -= carry * 1e6;
  return Number.isSafeInteger(ms) ? { ms: ms + 0, ns: ns + 0 } : undefined;
}

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;

/** A date and time of ISO 8601 (or with a blank for the T); without a zone it is UTC, as hours are. */
export function isoTime(text: string): ExactTime | undefined {
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = match;
  const fields = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(Date.UTC(fields[0], fields[1] - 1, fields[2], fields[3], fields[4], fields[5]));
  // 31 February or 25:00 would silently become another time.
  const real = [
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
  ];
  if (real.some((value, i) => value !== fields[i + 1])) return undefined;
  const [, zoneSign = '+', zoneHours = '0', zoneMinutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  const zoneMs = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60_000 * (zoneSign === '-' ? -1 : 1);
  const nanoseconds = fraction.slice(0, 9).padEnd(9, '0');
  return { ms: date.getTime() - zoneMs + Number(nanoseconds.slice(0, 3)), ns: Number(nanoseconds.slice(3)) };
}

/** Whether a time that {@link isoTime} takes says its zone. */
export function saysZone(text: string): boolean {
  return text.length > 10 && /(?:z|[+-]\d\d(?::?\d\d)?)$/i.test(text);
}

/** The unit of a bare number in a `time` column, by its size in our century. */
export function unitBySize(value: number): TickNs {
  const size = Math.abs(value);
  return size >= 1e17 ? 1 : size >= 1e14 ? 1_000 : size >= 1e11 ? 1_000_000 : 1_000_000_000;
}
