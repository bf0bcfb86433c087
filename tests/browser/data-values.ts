/** The weather of the made-up stations of data-page.ts. */
const HOUR_MS = 3_600_000;

/** Readings of an hour. */
export const ROWS = 3_600;
export const COLUMN_NAMES = [
  ['pressure', 'hPa'],
  ['temperature', 'Cel'],
] as const;

/** Noise of a reading goes this far to both sides. */
export const NOISE = 0.15;

export function valueAt(ms: number, station: number, column: number): number {
  const day = Math.sin((ms / (24 * HOUR_MS)) * 2 * Math.PI + station);
  const slow = Math.sin(ms / (17 * 24 * HOUR_MS) + station);
  return column === 0 ? 1008 + 6 * slow + 0.8 * day : 9 + 7 * day + 3 * slow;
}
