/** What an hour, a cell of the calendar, or a station's hours are in words. */
import { msg, str } from '@lit/localize';
import type { GapCause } from '../../hour/types.ts';
import { inFolderMs, type Recorded, recordedOf } from '../../station/coverage.ts';
import { gapMsOf, interruptionsOf, type SlotBody } from '../../station/hour-pieces.ts';
import { HOUR_HELD, HOUR_STOPPED, hoursWithin, type StationTimeline } from '../../station/timeline.ts';
import { mergedGaps } from '../model/gap-ledger.ts';
import { clockText, lengthInHoursText, lengthText } from '../parts/words.ts';

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

/** `1 gap of 4 minutes: page hidden`; empty when nothing interrupted it. What befell several sensors at once is one gap. */
export function gapsText(body: SlotBody): string {
  const gapMs = gapMsOf(body);
  if (gapMs === 0) return '';
  const gaps = mergedGaps(
    interruptionsOf(body).map(({ stream, ...gap }) => ({
      ...gap,
      stream: stream === null ? null : String(stream),
    })),
  );
  const causes = [...new Set(gaps.map(({ cause }) => causeText(cause)))].slice(0, 3).join(', ');
  return gaps.length === 1
    ? msg(str`1 gap of ${lengthText(gapMs)}: ${causes}`)
    : msg(str`${gaps.length} gaps, together ${lengthText(gapMs)}: ${causes}`);
}

/** Less than this of an hour is not told as missing from it: sensors take a moment to start. */
const WHOLE_WITHIN_MS = 5_000;

/** What there is of [fromMs, toMs), a cell of the calendar: `12 minutes of 14:00 – 15:00, here, 1 gap of 4 minutes: page hidden`. */
export function cellText(timeline: StationTimeline, fromMs: number, toMs: number): string {
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
  if (held + known === 0) return nothingText(timeline, fromMs, toMs);
  const recorded = recordedOf(timeline, fromMs, toMs);
  const folderMs = inFolderMs(timeline, fromMs, toMs);
  return [...partText(recorded, fromMs, toMs), whereText(recorded, folderMs), ...said].join(', ');
}

function nothingText(timeline: StationTimeline, fromMs: number, toMs: number): string {
  const span = timeline.span;
  if (span === null || toMs <= span.fromMs) return msg('before the first hour');
  if (fromMs >= span.toMs) return msg('after the last hour');
  const { end } = hoursWithin(timeline, fromMs, toMs);
  return ((timeline.flags[end - 1] ?? 0) & HOUR_STOPPED) !== 0
    ? msg('not recorded: it had been stopped')
    : msg('missing: no hour is known');
}

/** How much of the cell, and in how many pieces; nothing where it is all of it. */
function partText({ heldMs, knownMs, pieces }: Recorded, fromMs: number, toMs: number): string[] {
  const recordedMs = heldMs + knownMs;
  const parts: string[] = [];
  if (recordedMs < toMs - fromMs - WHOLE_WITHIN_MS)
    parts.push(msg(str`${lengthText(recordedMs)} of ${clockText(fromMs)} – ${clockText(toMs)}`));
  if (pieces > 1) parts.push(msg(str`in ${pieces} pieces`));
  return parts;
}

/** @param folderMs how much of what is not here was copied to a folder and let go of. */
function whereText({ heldMs, knownMs }: Recorded, folderMs: number): string {
  const awayMs = Math.max(0, knownMs - folderMs);
  if (knownMs === 0) return msg('here');
  if (folderMs === 0)
    return heldMs === 0
      ? msg('exists, not here yet')
      : msg(str`${lengthText(heldMs)} here, ${lengthText(knownMs)} not yet`);
  if (heldMs === 0 && awayMs === 0) return msg('in the folder');
  return [
    ...(heldMs > 0 ? [msg(str`${lengthText(heldMs)} here`)] : []),
    msg(str`${lengthText(folderMs)} in the folder`),
    ...(awayMs > 0 ? [msg(str`${lengthText(awayMs)} not here yet`)] : []),
  ].join(', ');
}

const counted = new WeakMap<StationTimeline, Recorded>();

/** Counted once a timeline. */
export function recordedBy(timeline: StationTimeline): Recorded {
  let recorded = counted.get(timeline);
  if (recorded === undefined) {
    recorded = recordedOf(timeline);
    counted.set(timeline, recorded);
  }
  return recorded;
}

/** `480 hours here, 9 hours in the folder, 20 hours not here yet, in 3 pieces, 2 gaps`; as long as they are: `12 minutes here`. */
export function countsText(timeline: StationTimeline): string {
  if (timeline.hours.length === 0) return msg('nothing finished yet');
  const { heldMs, knownMs, pieces, gaps } = recordedBy(timeline);
  const parts: string[] = [];
  const folderMs = inFolderMs(timeline);
  if (heldMs > 0 || knownMs === 0) parts.push(msg(str`${lengthInHoursText(heldMs)} here`));
  if (folderMs > 0) parts.push(msg(str`${lengthInHoursText(folderMs)} in the folder`));
  if (knownMs > folderMs) parts.push(msg(str`${lengthInHoursText(knownMs - folderMs)} not here yet`));
  if (pieces > 1) parts.push(msg(str`in ${pieces} pieces`));
  if (gaps > 0) parts.push(gaps === 1 ? msg('1 gap') : msg(str`${gaps} gaps`));
  return parts.join(', ');
}
