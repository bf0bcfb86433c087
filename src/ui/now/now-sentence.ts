/**
 * What the page says of all stations in one sentence, and what needs a person, worst first. Pure: from the state and the time alone.
 *
 * It must not cry wolf: a station that a person stopped is not silent; what is not heard because this device is connected to nobody is said
 * to be so; what is on its way is not missing.
 */
import { msg, str } from '@lit/localize';
import type { GapCause } from '../../hour/types.ts';
import type { AppState } from '../model/app-state.ts';
import type { StationFacts } from '../model/station-facts.ts';
import { plainName } from '../parts/names.ts';
import { bytesText } from '../parts/words.ts';
import { hoursText, stationsText, stretchText } from './time-words.ts';

const DAY_MS = 86_400_000;
/** Beats come every minute; a phone in a pocket, or a mesh that heals, may take a quarter of an hour. */
const MIN_SILENCE_MS = 15 * 60_000;
/** Room for less than this is a warning; for less than a day, an alarm. */
const LOW_ROOM_DAYS = 3;
/** However little is recorded, a browser with less than this soon stores nothing. */
const LOW_ROOM_BYTES = 100 * 10 ** 6;

export type Tone = 'good' | 'soft' | 'warn' | 'bad';

/** Something that needs a person. */
export interface Concern {
  readonly tone: 'warn' | 'bad';
  readonly text: string;
  /** The station it is about; null for this device. */
  readonly station: string | null;
}

export interface NowSentence {
  readonly tone: Tone;
  readonly text: string;
  /** What else to know; null for nothing. */
  readonly detail: string | null;
  /** All concerns where the sentence is not the only one, worst first. */
  readonly concerns: readonly Concern[];
}

/** The part of the page's state that the sentence is made from. */
export type NowState = Pick<
  AppState,
  'stationFacts' | 'collecting' | 'recording' | 'sensorFailure' | 'refusal' | 'admitted' | 'storage'
>;

export function nameOf({ status }: StationFacts): string {
  const name = plainName(status.name);
  return name === '' ? msg('A station without a name') : name;
}

/** Since when a station has said nothing, ms, when that is longer than it should be; null while it is well or was stopped. */
export function silentMs(
  { status, hourMs, stoppedMs, isOwn, isRemoved }: StationFacts,
  nowMs: number,
): number | null {
  if (isOwn || isRemoved || stoppedMs !== null || status.lastHeard === null) return null;
  const silence = nowMs - Date.parse(status.lastHeard);
  return silence > Math.max(2 * (hourMs ?? 0), MIN_SILENCE_MS) ? silence : null;
}

/**
 * For how long a station that is heard has brought no hour, ms, when that is longer than it should be; null while it records, was stopped,
 * plays a recording, or has written what has not arrived. A device that is awake says so each minute, whether it records or not.
 */
export function idleMs(
  { status, hourMs, lastEndMs, stoppedMs, isOwn }: StationFacts,
  nowMs: number,
): number | null {
  if (isOwn || stoppedMs !== null || lastEndMs === null || status.lastHeard === null) return null;
  if (status.unseen > 0 || status.replay) return null;
  const idle = Math.min(nowMs, Date.parse(status.lastHeard)) - lastEndMs;
  return idle > Math.max(2 * (hourMs ?? 0), MIN_SILENCE_MS) ? idle : null;
}

/**
 * How much later than this device's clock a station's own says it is, ms; null while they agree well enough. Until then nobody can tell
 * when it falls silent.
 */
export function aheadMs({ status, isOwn, stoppedMs }: StationFacts, nowMs: number): number | null {
  if (isOwn || stoppedMs !== null || status.lastHeard === null) return null;
  const ahead = Date.parse(status.lastHeard) - nowMs;
  return ahead > MIN_SILENCE_MS ? ahead : null;
}

/** Why a station did not record for a while. */
export function gapText(cause: GapCause): string {
  switch (cause) {
    case 'hidden':
      return msg('its screen was off or another app in front');
    case 'frozen':
      return msg('its system froze the page');
    case 'permission':
      return msg('a permission was missing');
    case 'sensor':
      return msg('a sensor stopped');
    case 'crash':
      return msg('its browser was ended');
    case 'clock':
      return msg('its clock was changed');
    case 'store':
      return msg('it was full');
    default:
      return msg('nobody knows why');
  }
}

/** The interruption to speak of: in an hour that ended no longer ago than two of them. */
function recentGap(
  { gaps, lastEndMs, hourMs }: StationFacts,
  nowMs: number,
): StationFacts['gaps'][number] | null {
  if (lastEndMs === null || hourMs === null || nowMs - lastEndMs > 2 * hourMs) return null;
  return gaps[0] ?? null;
}

function stationConcerns(facts: StationFacts, state: NowState, nowMs: number): Concern[] {
  const { collecting } = state;
  const name = nameOf(facts);
  const station = facts.status.key;
  const isAlone = (collecting?.connected ?? 0) === 0;
  const silence = silentMs(facts, nowMs);
  if (silence !== null && !isAlone)
    return [{ tone: 'bad', station, text: msg(str`${name} has been silent for ${stretchText(silence)}`) }];
  const idle = silence === null ? idleMs(facts, nowMs) : null;
  if (idle !== null)
    return [
      {
        tone: 'bad',
        station,
        text: msg(str`${name} is awake, and has recorded nothing for ${stretchText(idle)}`),
      },
    ];
  const found: Concern[] = [];
  const ahead = aheadMs(facts, nowMs);
  if (ahead !== null)
    found.push({
      tone: 'warn',
      station,
      text: msg(str`The clock of ${name} is ${stretchText(ahead)} ahead of this device’s`),
    });
  const isStalled =
    collecting !== null &&
    collecting.bytesPerSecond === 0 &&
    !(collecting.limits.paused || collecting.isSpent || collecting.isFull);
  if (facts.status.missing > 0 && !isAlone && isStalled && collecting.visit === null)
    found.push({
      tone: 'warn',
      station,
      text: msg(
        str`${hoursText(facts.status.missing)} of ${name} did not come: no connected device has them`,
      ),
    });
  const gap = recentGap(facts, nowMs);
  if (gap !== null)
    found.push({
      tone: 'warn',
      station,
      text: msg(str`${name} did not record for ${stretchText(gap.ms)}: ${gapText(gap.cause)}`),
    });
  return found;
}

/** How long this device takes to be full, days; null while that is not known. */
export function roomDays({ storage, collecting }: Pick<NowState, 'storage' | 'collecting'>): number | null {
  const perDay = collecting?.bytesPerDay ?? null;
  return storage.freeBytes === null || perDay === null || perDay <= 0 ? null : storage.freeBytes / perDay;
}

function ownConcerns(state: NowState): Concern[] {
  const { collecting, recording, sensorFailure, storage } = state;
  const own: Concern[] = [];
  const say = (tone: Concern['tone'], text: string) => own.push({ tone, text, station: null });
  if (!state.admitted) say('warn', msg('This device waits to be let in by another device of the group'));
  else if (state.refusal !== null) say('bad', msg('Another device does not share with this one: see Record'));
  if (sensorFailure !== null)
    say(
      'bad',
      sensorFailure.denied
        ? msg('This device records nothing: it may not use its sensors')
        : msg('This device records nothing: no sensor delivers'),
    );
  const broken = recording?.streams.filter(({ trouble }) => trouble !== null) ?? [];
  const [first] = broken;
  if (first !== undefined && sensorFailure === null)
    say(
      'warn',
      broken.length === 1
        ? msg(str`A sensor of this device delivers nothing: ${first.name}`)
        : msg(str`${broken.length} sensors of this device deliver nothing`),
    );
  const days = roomDays(state);
  if (collecting?.isFull === true) say('bad', msg('This device is full: free space on it'));
  else if (days !== null && days < 1) say('bad', msg('This device is full within a day'));
  else if (storage.freeBytes !== null && storage.freeBytes < LOW_ROOM_BYTES)
    say('bad', msg(str`This device is nearly full: ${bytesText(storage.freeBytes)} are left`));
  else if (days !== null && days < LOW_ROOM_DAYS)
    say('warn', msg(str`This device is full in ${stretchText(days * DAY_MS)}`));
  return own;
}

/** Everything that needs a person, worst first, then in the order of the stations. */
export function concernsOf(state: NowState, nowMs: number): Concern[] {
  const concerns = [
    ...ownConcerns(state),
    ...state.stationFacts.flatMap((facts) => stationConcerns(facts, state, nowMs)),
  ];
  // Stable: alarms before warnings.
  return [
    ...concerns.filter(({ tone }) => tone === 'bad'),
    ...concerns.filter(({ tone }) => tone === 'warn'),
  ];
}

/** What to know beside the sentence while this device is connected to nobody. */
function aloneText(state: NowState, clock: (ms: number) => string): string | null {
  const { collecting, recording } = state;
  if (collecting === null || collecting.connected > 0) return null;
  const since = collecting.aloneSinceMs;
  const alone =
    since === null
      ? msg('Connected to no device.')
      : msg(str`Connected to no device since ${clock(since)}: what others record is not heard here.`);
  return recording === null ? alone : `${alone} ${msg('Recording goes on.')}`;
}

/**
 * @param clock says a time of day in the reader's zone.
 */
export function nowSentence(state: NowState, nowMs: number, clock: (ms: number) => string): NowSentence {
  const concerns = concernsOf(state, nowMs);
  const detail = aloneText(state, clock);
  const [first] = concerns;
  if (first !== undefined) {
    const stations = new Set(concerns.map(({ station }) => station));
    const tone = first.tone;
    if (concerns.length === 1) return { tone, text: first.text, detail, concerns: [] };
    if (!stations.has(null) && stations.size > 1)
      return { tone, text: msg(str`${stationsText(stations.size)} need you`), detail, concerns };
    if (stations.size === 1 && !stations.has(null))
      return { tone, text: first.text, detail, concerns: concerns.slice(1) };
    return { tone, text: msg(str`${concerns.length} things need you`), detail, concerns };
  }
  const stations = state.stationFacts.filter(({ isRemoved, isOwn }) => isOwn || !isRemoved);
  const count = stations.length;
  const [only] = stations;
  if (only === undefined)
    return { tone: 'soft', text: msg('Nothing has been recorded yet'), detail, concerns };
  if (detail !== null && stations.some(({ isOwn }) => !isOwn)) {
    const text =
      count === 1
        ? msg(str`${nameOf(only)} was fine when it was last heard`)
        : msg(str`${stationsText(count)} were fine when they were last heard`);
    return { tone: 'soft', text, detail, concerns };
  }
  // What this device does itself it knows, whatever its last hour says.
  const resting = stations.filter(({ stoppedMs, isOwn }) =>
    isOwn ? state.recording === null : stoppedMs !== null,
  ).length;
  const text =
    count === 1
      ? msg(str`${nameOf(only)} is fine`)
      : resting === 0
        ? msg(str`All ${count} stations are fine`)
        : msg(str`All that record are fine: ${count - resting} of ${count} stations`);
  if (resting === count && count === 1)
    return { tone: 'soft', text: msg(str`${nameOf(only)} is not recording`), detail, concerns };
  if (resting === count)
    return { tone: 'soft', text: msg(str`None of the ${count} stations is recording`), detail, concerns };
  return { tone: 'good', text, detail, concerns };
}
