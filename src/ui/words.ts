/** Numbers and times as the page says them: in the reader's zone, with units, rounded to what is known. */

const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
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

const UNITS: Readonly<Record<string, string>> = { 'm/s2': 'm/s²', uT: 'µT', Cel: '°C' };

/** UCUM unit text as people write it. */
export function unitText(unit: string): string {
  return UNITS[unit] ?? unit;
}
