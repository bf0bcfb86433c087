/** What an hour, a cell of the calendar, or a station's hours are in words. */
import { msg, str } from '@lit/localize';
import type { GapCause } from '../../hour/types.ts';
import type { HourBody } from '../../station/entry-bodies.ts';
import {
  gapMsOf,
  HOUR_HAS_GAP,
  HOUR_HELD,
  hoursWithin,
  type StationTimeline,
} from '../../station/timeline.ts';

/** Why there was nothing to record. */
export function causeText(cause: GapCause | string): string {
  switch (cause) {
    case 'start':
      return msg('recording began');
    case 'stop':
      return msg('recording was stopped');
    case 'hidden':
      return msg('page hidden or screen locked');
    case 'frozen':
      return msg('stopped by the phone to save energy');
    case 'permission':
      return msg('sensor not permitted');
    case 'sensor':
      return msg('sensor silent');
    case 'crash':
      return msg('device or browser stopped');
    case 'clock':
      return msg('clock was set');
    case 'store':
      return msg('device full');
    default:
      return msg('cause not known');
  }
}

/** `4 min`, `12 s`, `2 h 5 min`: as a person would say it. */
export function lengthText(ms: number): string {
  if (ms < 1_000) return msg(str`${Number(ms.toPrecision(2))} ms`);
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return msg(str`${seconds} s`);
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return msg(str`${minutes} min`);
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? msg(str`${hours} h`) : msg(str`${hours} h ${minutes % 60} min`);
  return msg(str`${Math.round(hours / 24)} days`);
}

/** `1 gap of 4 min: page hidden`. */
export function gapsText(body: Pick<HourBody, 'startMs' | 'lengthMs' | 'gaps'>): string {
  const gapMs = gapMsOf(body);
  if (gapMs === 0) return '';
  const causes = [...new Set(body.gaps.map(({ cause }) => causeText(cause)))].slice(0, 3).join(', ');
  const count = body.gaps.length;
  return count === 1
    ? msg(str`1 gap of ${lengthText(gapMs)}: ${causes}`)
    : msg(str`${count} gaps, together ${lengthText(gapMs)}: ${causes}`);
}

/** State of the hours that begin in [fromMs, toMs): `held, 1 gap of 4 min: page hidden`. */
export function cellText(
  timeline: StationTimeline<{ readonly body: HourBody }>,
  fromMs: number,
  toMs: number,
): string {
  const { first, end } = hoursWithin(timeline, fromMs, toMs);
  const said: string[] = [];
  let held = 0;
  let known = 0;
  for (let i = first; i < end; i++) {
    if ((timeline.endMs[i] as number) <= fromMs) continue;
    if (((timeline.flags[i] as number) & HOUR_HELD) !== 0) held++;
    else known++;
    const hour = timeline.hours[i];
    if (hour !== undefined && said.length < 3) {
      const gaps = gapsText(hour.body);
      if (gaps !== '') said.push(gaps);
    }
  }
  if (held + known === 0) {
    const span = timeline.span;
    if (span === null || toMs <= span.fromMs) return msg('before the first hour');
    if (fromMs >= span.toMs) return msg('after the last hour');
    return msg('missing: no hour is known');
  }
  const state =
    known === 0
      ? held === 1
        ? msg('here')
        : msg(str`${held} parts, all here`)
      : held === 0
        ? msg('exists, not here yet')
        : msg(str`${held} parts here, ${known} not yet`);
  return [state, ...said].join(', ');
}

export interface HourCounts {
  readonly held: number;
  readonly known: number;
  readonly withGaps: number;
}

const counted = new WeakMap<StationTimeline, HourCounts>();

/** Counted once a timeline. */
export function countsOf(timeline: StationTimeline): HourCounts {
  let counts = counted.get(timeline);
  if (counts === undefined) {
    let withGaps = 0;
    for (const flag of timeline.flags) if ((flag & HOUR_HAS_GAP) !== 0) withGaps++;
    const held = timeline.heldCount;
    counts = { held, known: timeline.hours.length - held, withGaps };
    counted.set(timeline, counts);
  }
  return counts;
}

/** `480 hours here, 20 not here yet, 2 with gaps`. */
export function countsText(timeline: StationTimeline): string {
  const { held, known, withGaps } = countsOf(timeline);
  if (held + known === 0) return msg('nothing finished yet');
  // Tests and demonstrations have shorter ones.
  const parts =
    timeline.longestMs < 3_600_000
      ? [held === 1 ? msg('1 part here') : msg(str`${held} parts here`)]
      : [held === 1 ? msg('1 hour here') : msg(str`${held} hours here`)];
  if (known > 0) parts.push(msg(str`${known} not here yet`));
  if (withGaps > 0) parts.push(msg(str`${withGaps} with gaps`));
  return parts.join(', ');
}
