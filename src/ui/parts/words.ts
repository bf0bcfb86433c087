/** Numbers and times as the page says them: in the reader's zone, with units, rounded to what is known. */
import type { StationStatus } from '../../station/status.ts';

const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const CLOCK_WITH_SECONDS = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const ZONE = new Intl.DateTimeFormat(undefined, { timeZoneName: 'short' })
  .formatToParts(0)
  .find((part) => part.type === 'timeZoneName')?.value;

/** The reader's time zone, to stand once beside a table of times. */
export function zoneName(): string {
  return ZONE ?? '';
}

export function timeText(ms: number | null): string {
  return ms === null ? '–' : TIME.format(ms);
}

/** The time of day, with seconds only where they say something. */
export function clockText(ms: number): string {
  return (ms % 60_000 === 0 ? CLOCK : CLOCK_WITH_SECONDS).format(ms);
}

/** `just now`, `3 min ago`, `2 h ago`, then the date. */
export function agoText(ms: number | null, nowMs: number): string {
  if (ms === null) return 'never';
  const seconds = Math.max(0, Math.round((nowMs - ms) / 1000));
  if (seconds < 60) return 'just now';
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ago`;
  return timeText(ms);
}

export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
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

/** `1 part`, `2 parts`. */
export function countText(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** An error's text as a sentence. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?…)]$/.test(text) ? '' : '.'}`;
}

/** What of a station is here, as the page says it. */
export function holdingText(station: StationStatus): {
  readonly text: string;
  readonly tone: 'soft' | 'good' | 'warn';
} {
  // What a station says it has written and we have not seen is missing as well.
  const missing = station.missing + station.unseen;
  if (missing > 0) return { text: `${missing} missing`, tone: 'warn' };
  if (station.sealed === 0) return { text: 'no part finished yet', tone: 'soft' };
  return { text: 'all here', tone: 'good' };
}

/** When the part that is being recorded is finished. */
export function nextPartMs(nowMs: number, hourMs: number): number {
  return (Math.floor(nowMs / hourMs) + 1) * hourMs;
}
