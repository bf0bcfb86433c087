/** Whether one may leave, in words. Pure: from what collecting says. */
import { msg, str } from '@lit/localize';
import type { CollectingView } from '../model/collecting-view.ts';
import type { StationFacts } from '../model/station-facts.ts';
import { bytesText } from '../parts/words.ts';
import { nameOf } from './now-sentence.ts';
import { hoursText, listText, stationsText, thingsText } from './time-words.ts';

/** Stations named of those that would miss something. */
const MAX_NAMED = 4;

export interface Leaving {
  /** `leave`: go. `stay`: something is still coming. `stuck`: something is missing and nothing comes. */
  readonly kind: 'leave' | 'stay' | 'stuck';
  readonly headline: string;
  readonly detail: string;
  /** What leaving now would cost, station by station; empty when nothing. */
  readonly missing: readonly string[];
}

/** What is still coming: hours where that is all, else what there is. */
function comingText(stations: readonly StationFacts[], { things, pickup }: CollectingView): string {
  const behind = stations.filter(({ status }) => status.missing > 0);
  const hours = behind.reduce((sum, { status }) => sum + status.missing, 0);
  if (hours > 0) return msg(str`${hoursText(hours)} of ${stationsText(behind.length)}`);
  if (things.missing > 0) return thingsText(things.missing);
  return msg(str`the lists of ${stationsText(Math.max(1, pickup.missingFrom.length))}`);
}

/** @param clock says a time of day in the reader's zone. */
export function leaving(
  stations: readonly StationFacts[],
  collecting: CollectingView,
  clock: (ms: number) => string,
): Leaving {
  const { visit, mayLeave, met, limits, isFull, isSpent, connected, bytesPerSecond } = collecting;
  const missing = missingWords(stations);
  if (mayLeave) {
    const newThings = visit?.newThings ?? 0;
    const everything = msg(str`Everything that ${listText(met)} had is stored on this device.`);
    return {
      kind: 'leave',
      headline: msg('You can leave now'),
      detail:
        newThings > 0 && visit?.completeMs !== null && visit !== null
          ? `${everything} ${msg(str`${newText(stations, newThings)} new since ${clock(visit.completeMs)}: on the way.`)}`
          : everything,
      missing: [],
    };
  }
  const coming = comingText(stations, collecting);
  const reason = isFull
    ? msg('This device is full: free space on it. What is here stays, and can be copied to a folder.')
    : limits.paused
      ? msg('Collecting is paused: nothing comes until you go on.')
      : isSpent
        ? msg('The amount that you set is used up: nothing more comes until you change it.')
        : connected === 0
          ? msg('The connection is gone. Stay near: it is made again by itself.')
          : bytesPerSecond === 0
            ? msg(
                'Nothing has come for a while: no connected device has it, or the connection is too weak. Waiting may not help.',
              )
            : null;
  if (reason !== null)
    return { kind: 'stuck', headline: msg(str`Not here yet: ${coming}`), detail: reason, missing };
  return { kind: 'stay', headline: msg(str`Stay: ${coming} still coming`), detail: '', missing };
}

/** Hours where that is all. */
function newText(stations: readonly StationFacts[], count: number): string {
  const hours = stations.reduce((sum, { status }) => sum + status.missing, 0);
  return hours === count ? hoursText(count) : thingsText(count);
}

/** `Ridge: 4 hours`, the most first. */
function missingWords(stations: readonly StationFacts[]): string[] {
  const behind = stations
    .filter(({ status }) => status.missing > 0)
    .sort((a, b) => b.status.missing - a.status.missing);
  const named = behind.slice(0, behind.length > MAX_NAMED ? MAX_NAMED - 1 : MAX_NAMED);
  const rest = behind.slice(named.length);
  const words = named.map((facts) => `${nameOf(facts)}: ${hoursText(facts.status.missing)}`);
  if (rest.length > 0) {
    const hours = rest.reduce((sum, { status }) => sum + status.missing, 0);
    words.push(msg(str`${stationsText(rest.length)} more: ${hoursText(hours)}`));
  }
  return words;
}

/** `1.2 of 3.4 GB`. */
export function ofText(done: number, all: number): string {
  return msg(str`${bytesText(done)} of ${bytesText(all)}`);
}
