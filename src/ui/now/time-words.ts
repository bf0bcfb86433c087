/** Stretches of time and amounts as one says them: rounded to what is known. */
import { msg, str } from '@lit/localize';
import { lengthText } from '../parts/words.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** From so long on a length is told in steps of so much, ms. */
const STEPS = [
  { fromMs: 2 * DAY_MS, stepMs: DAY_MS },
  { fromMs: HOUR_MS, stepMs: HOUR_MS },
  { fromMs: 2 * MINUTE_MS, stepMs: MINUTE_MS },
] as const;

/** `25 minutes`, `3 hours`, `2 days`: rounded down to one unit, so that an alarm does not change each minute; never nothing. */
export function stretchText(ms: number): string {
  const stepMs = STEPS.find(({ fromMs }) => ms >= fromMs)?.stepMs ?? 1_000;
  return lengthText(Math.max(1, Math.floor(ms / stepMs)) * stepMs);
}

/** `about 4 min`: coarser the longer it is, so that it seldom changes. */
export function leftText(ms: number): string {
  if (ms < 45_000) return msg('less than a minute');
  const minutes = Math.round(ms / MINUTE_MS);
  if (minutes < 10) return msg(str`about ${Math.max(1, minutes)} min`);
  if (minutes < 58) return msg(str`about ${Math.round(minutes / 5) * 5} min`);
  const halfHours = Math.round(ms / (HOUR_MS / 2));
  if (halfHours < 48) return msg(str`about ${halfHours / 2} h`);
  const days = Math.round(ms / DAY_MS);
  return days === 1 ? msg('about a day') : msg(str`about ${days} days`);
}

export function hoursText(count: number): string {
  return count === 1 ? msg('1 hour') : msg(str`${count} hours`);
}

/** `1 thing`: hours, pictures and clips where it is not known which. */
export function thingsText(count: number): string {
  return count === 1 ? msg('1 hour or picture') : msg(str`${count} hours and pictures`);
}

export function stationsText(count: number): string {
  return count === 1 ? msg('1 station') : msg(str`${count} stations`);
}

/** `Ridge, Barn and 3 more`. */
export function listText(names: readonly string[], most = 3): string {
  const shown = names.length <= most ? names : names.slice(0, most - 1);
  const more = names.length - shown.length;
  if (more > 0) return msg(str`${shown.join(', ')} and ${more} more`);
  const last = shown.at(-1) ?? '';
  return shown.length < 2 ? last : msg(str`${shown.slice(0, -1).join(', ')} and ${last}`);
}
