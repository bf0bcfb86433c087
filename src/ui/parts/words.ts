/** Numbers and times as the page says them: in the reader's zone, with units, rounded to what is known. */
import { msg, str } from '@lit/localize';

const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const CLOCK_WITH_SECONDS = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const ZONE = new Intl.DateTimeFormat(undefined, { timeZoneName: 'short' });
/** Within half a day a time of day can be no other day's. */
const HALF_DAY_MS = 43_200_000;
const NUMBER = new Intl.NumberFormat();

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
