/** Numbers and times as the page says them: in the reader's zone, with units, rounded to what is known. */
import { msg, str } from '@lit/localize';

const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const CLOCK_WITH_SECONDS = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const ZONE = new Intl.DateTimeFormat(undefined, { timeZoneName: 'short' });
/** Within half a day a time of day can be no other day's. */
const HALF_DAY_MS = 43_200_000;
const NUMBER = new Intl.NumberFormat();
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The reader's time zone as it is called at that time: summer time has a name of its own. */
export function zoneAt(ms: number): string {
  return ZONE.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? '';
}

/** The reader's time zone as it is called now, to stand once beside times of about now. */
export function zoneName(): string {
  return zoneAt(Date.now());
}

export function timeText(ms: number | null): string {
  return ms === null ? '–' : TIME.format(ms);
}

/** The time of day, with seconds only where they say something. */
export function clockText(ms: number): string {
  return (ms % 60_000 === 0 ? CLOCK : CLOCK_WITH_SECONDS).format(ms);
}

/** The time of day, and the date where that alone would be taken for today's. */
export function momentText(ms: number, nowMs: number): string {
  return Math.abs(nowMs - ms) < HALF_DAY_MS ? clockText(ms) : timeText(ms);
}

/** `just now`, `3 min ago`, `2 h ago`, then the date. */
export function agoText(ms: number | null, nowMs: number): string {
  if (ms === null) return msg('never');
  const seconds = Math.max(0, Math.round((nowMs - ms) / 1000));
  if (seconds < 60) return msg('just now');
  if (seconds < 3600) return msg(str`${Math.floor(seconds / 60)} min ago`);
  if (seconds < 48 * 3600) return msg(str`${Math.floor(seconds / 3600)} h ago`);
  return timeText(ms);
}

export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  // A thousand of one unit, when it is rounded, is one of the next.
  if (power < units.length - 1 && Math.round(bytes / 1000 ** power) >= 1000) power++;
  const value = bytes / 1000 ** power;
  return `${power === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[power]}`;
}

/**
 * A length of time as one says it, rounded to the nearest of what is told: `340 ms`, `12 seconds`, `3 minutes`, `2 hours 5 minutes`,
 * `30 hours`, `34 days`. The one text for lengths everywhere; {@link durationText} is the clock that runs.
 */
export function lengthText(ms: number): string {
  const length = Math.abs(ms);
  if (length > 0 && length < 995) return msg(str`${Number(length.toPrecision(2))} ms`);
  const seconds = Math.round(length / 1_000);
  if (seconds < 2 * 60) return seconds === 1 ? msg('1 second') : msg(str`${seconds} seconds`);
  const minutes = Math.round(length / MINUTE_MS);
  if (minutes < 60) return minutesText(minutes);
  if (minutes < DAY_MS / MINUTE_MS) {
    const hours = hoursText(Math.floor(minutes / 60));
    return minutes % 60 === 0 ? hours : msg(str`${hours} ${minutesText(minutes % 60)}`);
  }
  const hours = Math.round(length / HOUR_MS);
  if (hours < 48) return hoursText(hours);
  const days = Math.round(length / DAY_MS);
  return days < 2 * 365 ? msg(str`${days} days`) : msg(str`${Math.round(days / 365)} years`);
}

function minutesText(count: number): string {
  return count === 1 ? msg('1 minute') : msg(str`${count} minutes`);
}

function hoursText(count: number): string {
  return count === 1 ? msg('1 hour') : msg(str`${numberText(count)} hours`);
}

/** The same where hours are what is counted, however many there are: `12 minutes`, `1 hour`, `480 hours`. */
export function lengthInHoursText(ms: number): string {
  return ms < 2 * DAY_MS ? lengthText(ms) : hoursText(Math.round(ms / HOUR_MS));
}

/** What a clock that runs shows: `0:42`, `1:02:07`. */
export function durationText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = String(seconds % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}

const UNITS: Readonly<Record<string, string>> = { 'm/s2': 'm/s²', uT: 'µT', Cel: '°C', By: 'bytes' };
/** Decimals of what this device's own sensors say: about what browsers let a page know, and always as many, so that nothing jumps. */
const DECIMALS: Readonly<Record<string, number>> = { 'm/s2': 2, 'rad/s': 3, uT: 2, By: 0 };

/** UCUM unit text as people write it. */
export function unitText(unit: string): string {
  return UNITS[unit] ?? unit;
}

/** A reading without its unit; a dash for none. */
export function readingText(value: number | null, unit: string): string {
  if (value === null) return '–';
  const decimals = DECIMALS[unit];
  const text = decimals === undefined ? String(Number(value.toPrecision(4))) : value.toFixed(decimals);
  return Number(text) === 0 ? text.replace('-', '') : text;
}

/** A count as people read it: `5,184,000`. */
export function numberText(count: number): string {
  return NUMBER.format(count);
}

/** `1 hour`, `2 hours`. */
export function countText(count: number, one: string, many: string): string {
  return `${numberText(count)} ${count === 1 ? one : many}`;
}

/** An error's text as a sentence. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?…)]$/.test(text) ? '' : '.'}`;
}

/** When the part that is being recorded is finished. */
export function nextPartMs(nowMs: number, hourMs: number): number {
  return (Math.floor(nowMs / hourMs) + 1) * hourMs;
}
