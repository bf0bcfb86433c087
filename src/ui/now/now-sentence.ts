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
import { hoursText, listText, stationsText, stretchText } from './time-words.ts';

const DAY_MS = 86_400_000;
/** A meeting point that does not answer for less long than this is dialled again as a rule before anybody need know. */
const MIN_UNMET_MS = 60_000;
/** Stations named of those that do not record. */
const MAX_NAMED = 2;
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
  'stationFacts' | 'collecting' | 'recording' | 'sensorFailure' | 'refusal' | 'admitted' | 'storage' | 'hosts'
>;

/** What people call a station, with what tells it from another of the same name. */
export function nameOf({ status, mark }: StationFacts): string {
  const name = plainName(status.name);
  if (name === '') return msg('A station without a name');
  return mark === null ? name : `${name} (${mark})`;
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

/** How this device stands in its group where it does not take part; why, and what to do, is said above every place. */
function standingText({ admitted, refusal }: NowState): string | null {
  if (refusal === null)
    return admitted ? null : msg('This device waits to be let in by another device of the group');
  if (refusal === 'revoked') return msg('This device is not in the group: nothing is shared with it');
  if (refusal === 'succeeded') return msg('This device was replaced by another one');
  return admitted ? msg('Another device does not share with this one') : msg('This device was not let in');
}

function ownConcerns(state: NowState): Concern[] {
  const { collecting, recording, sensorFailure, storage } = state;
  const own: Concern[] = [];
  const say = (tone: Concern['tone'], text: string) => own.push({ tone, text, station: null });
  const standing = standingText(state);
  if (standing !== null) say(state.refusal === null ? 'warn' : 'bad', standing);
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
function aloneText(state: NowState, nowMs: number, clock: (ms: number) => string): string | null {
  const { collecting, recording } = state;
  if (collecting === null || collecting.connected > 0) return null;
  const unmet = unmetText(state, nowMs, clock);
  if (unmet !== null) {
    const goesOn = recording === null ? '' : `${msg('Recording goes on.')} `;
    return `${unmet} ${goesOn}${msg('Nothing is copied until then; what is here stays.')}`;
  }
  const since = collecting.aloneSinceMs;
  const alone =
    since === null
      ? msg('Connected to no device.')
      : msg(str`Connected to no device since ${clock(since)}: what others record is not heard here.`);
  return recording === null ? alone : `${alone} ${msg('Recording goes on.')}`;
}

/** That no meeting point answers, without which no device can be found; null while one does, or was there a moment ago. */
function unmetText(
  { collecting, hosts }: NowState,
  nowMs: number,
  clock: (ms: number) => string,
): string | null {
  const since = collecting?.unmetSinceMs ?? null;
  const [first, ...others] = hosts;
  if (since === null || first === undefined || nowMs - since < MIN_UNMET_MS) return null;
  return others.length === 0
    ? msg(
        str`${new URL(first.url).hostname}, through which devices find each other, has not answered since ${clock(since)}: it is tried again.`,
      )
    : msg(
        str`None of the ${hosts.length} meeting points has answered since ${clock(since)}: they are tried again.`,
      );
}

/** `2 stations are recording. Ford has not recorded since 14:02.` */
function mixedText(
  recording: readonly StationFacts[],
  resting: readonly StationFacts[],
  clock: (ms: number) => string,
): string {
  const [one] = recording;
  const first =
    recording.length === 1 && one !== undefined
      ? msg(str`${nameOf(one)} is recording.`)
      : msg(str`${stationsText(recording.length)} are recording.`);
  return `${first} ${restingText(resting, clock)}.`;
}

/** Stations that do not record: by name where they are few. */
function restingText(resting: readonly StationFacts[], clock: (ms: number) => string): string {
  const [one] = resting;
  if (resting.length === 1 && one !== undefined)
    return one.stoppedMs === null
      ? msg(str`${nameOf(one)} is not recording`)
      : msg(str`${nameOf(one)} has not recorded since ${clock(one.stoppedMs)}`);
  return resting.length <= MAX_NAMED
    ? msg(str`${listText(resting.map(nameOf))} are not recording`)
    : msg(str`${stationsText(resting.length)} are not`);
}

/** @param clock says a time of day in the reader's zone, and which zone that is. */
export function nowSentence(state: NowState, nowMs: number, clock: (ms: number) => string): NowSentence {
  const concerns = concernsOf(state, nowMs);
  const detail = aloneText(state, nowMs, clock);
  if (concerns.length > 0) return { ...alarmText(concerns), detail };
  const calm = (tone: Tone, text: string): NowSentence => ({ tone, text, detail, concerns });
  const stations = state.stationFacts.filter(({ isRemoved, isOwn }) => isOwn || !isRemoved);
  const count = stations.length;
  const [only] = stations;
  if (only === undefined) return calm('soft', msg('Nothing has been recorded yet'));
  // This device’s own station is heard all the time.
  const others = detail === null ? [] : stations.filter(({ isOwn }) => !isOwn);
  const [other] = others;
  if (other !== undefined)
    return calm(
      'soft',
      others.length === 1
        ? msg(str`${nameOf(other)} was fine when it was last heard`)
        : msg(str`${stationsText(others.length)} were fine when they were last heard`),
    );
  // What this device does itself it knows, whatever its last hour says.
  const rests = ({ stoppedMs, isOwn }: StationFacts) =>
    isOwn ? state.recording === null : stoppedMs !== null;
  const resting = stations.filter(rests);
  if (resting.length === 0)
    return calm(
      'good',
      count === 1 ? msg(str`${nameOf(only)} is fine`) : msg(str`All ${count} stations are fine`),
    );
  if (resting.length < count)
    return calm(
      'good',
      mixedText(
        stations.filter((facts) => !rests(facts)),
        resting,
        clock,
      ),
    );
  return calm(
    'soft',
    count <= MAX_NAMED ? restingText(resting, clock) : msg(str`None of the ${count} stations is recording`),
  );
}

/** The worst thing, or how many there are. */
function alarmText(concerns: readonly Concern[]): Omit<NowSentence, 'detail'> {
  const [first] = concerns as [Concern, ...Concern[]];
  const { tone } = first;
  if (concerns.length === 1) return { tone, text: first.text, concerns: [] };
  const stations = new Set(concerns.map(({ station }) => station));
  if (!stations.has(null) && stations.size > 1)
    return { tone, text: msg(str`${stationsText(stations.size)} need you`), concerns };
  if (!stations.has(null)) return { tone, text: first.text, concerns: concerns.slice(1) };
  return { tone, text: msg(str`${concerns.length} things need you`), concerns };
}
