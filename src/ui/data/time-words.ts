/** Times of a plot in the reader's zone and words: labels of the axis, moments under the cursor, stretches. */
import type { Span } from './view-state.ts';

export { zoneAt } from '../parts/words.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const YEAR = new Intl.DateTimeFormat(undefined, { year: 'numeric' });
const MONTH = new Intl.DateTimeFormat(undefined, { month: 'short', year: 'numeric' });
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const SECONDS = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const FRACTION = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});
const MOMENT = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});
const MOMENT_WITH_SECONDS = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});

/**
 * Labels of a time axis, the day on a second line where it begins.
 * @param stepMs distance of two labels.
 */
export function axisLabels(times: readonly number[], stepMs: number): string[] {
  let day = '';
  return times.map((ms) => {
    if (stepMs >= 360 * DAY_MS) return YEAR.format(ms);
    if (stepMs >= 27 * DAY_MS) return MONTH.format(ms);
    const own = DAY.format(ms);
    if (stepMs >= DAY_MS) return own;
    const clock = stepMs >= MINUTE_MS ? CLOCK : stepMs >= SECOND_MS ? SECONDS : FRACTION;
    const isNew = own !== day;
    day = own;
    return isNew ? `${clock.format(ms)}\n${own}` : clock.format(ms);
  });
}

/** A moment as fine as the stretch that is looked at lets it be told. */
export function momentText(ms: number, spanMs: number): string {
  if (spanMs > 3 * 3_600_000) return MOMENT.format(ms);
  if (spanMs > 20_000) return MOMENT_WITH_SECONDS.format(ms);
  return `${DAY.format(ms)}, ${FRACTION.format(ms)}`;
}

/** A stretch of time, the day told once where it is one. */
export function spanText({ fromMs, toMs }: Span): string {
  const length = toMs - fromMs;
  const clock = length < 60_000 ? (length < 3_000 ? FRACTION : SECONDS) : length < DAY_MS ? SECONDS : CLOCK;
  const range = `${clock.format(fromMs)} – `;
  if (length > 14 * DAY_MS) return MOMENT.formatRange(fromMs, toMs);
  return DAY.format(fromMs) === DAY.format(toMs)
    ? `${DAY.format(fromMs)}, ${range}${clock.format(toMs)}`
    : `${DAY.format(fromMs)}, ${range}${DAY.format(toMs)}, ${clock.format(toMs)}`;
}
