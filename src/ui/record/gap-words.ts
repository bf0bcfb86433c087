/** Interruptions in words: what happened, what it means, what to do. Pure. */
import { msg, str } from '@lit/localize';
import type { RecordingView, StreamView } from '../model/app-state.ts';
import type { GapView } from '../model/gap-ledger.ts';
import { lengthText } from '../parts/words.ts';
import type { Battery } from './battery-watch.ts';
import { senseTitle } from './sense-words.ts';

export interface GapWords {
  readonly what: string;
  /** What can be done about it; empty when nothing needs to be. */
  readonly remedy: string;
}

/** Why there was nothing, and what to do about it. */
export function gapWords({ cause, detail }: Pick<GapView, 'cause' | 'detail'>): GapWords {
  switch (cause) {
    case 'hidden':
      return {
        what: msg('The page was hidden, or the screen was off'),
        remedy: msg(
          'Keep this page in front: browsers read sensors for the page that is seen, and for no other.',
        ),
      };
    case 'frozen':
      return {
        what: msg('The system put the page to sleep'),
        remedy: msg(
          'Keep this page in front and the device on a charger, and take the browser out of the battery saver.',
        ),
      };
    case 'permission':
      return {
        what: msg('The permission was taken back'),
        remedy: msg('Permit it in the browser’s site settings, then tap “Try again”.'),
      };
    case 'sensor':
      return {
        what: detail === '' ? msg('The sensor stopped') : msg(str`The sensor stopped: ${detail}`),
        remedy: msg('See whether it is plugged in, and whether another program uses it.'),
      };
    case 'crash':
      return {
        what: msg('The page was closed or loaded anew, or the browser ended'),
        remedy: msg('Nothing needs to be done: recording went on when the page was open again.'),
      };
    case 'clock':
      return clockWords(Number(detail));
    case 'store':
      return { what: msg('This device was full'), remedy: msg('Free some space on it.') };
    case 'stop':
      return { what: msg('It was switched off'), remedy: '' };
    default:
      return {
        what: msg('No readings came, and nobody said why'),
        remedy: msg('If it happens again, close other programs that use the sensor, or restart the device.'),
      };
  }
}

function clockWords(byMs: number): GapWords {
  const remedy = msg(
    'Times before and after it do not fit together. Switch on the automatic time in the device’s settings.',
  );
  if (!Number.isFinite(byMs) || byMs === 0) return { what: msg('The clock was set'), remedy };
  const by = lengthText(byMs);
  return byMs < 0
    ? { what: msg(str`The clock was set back by ${by}`), remedy }
    : { what: msg(str`The clock was set forward by ${by}, or the device slept so long`), remedy };
}

/** Whom it befell; empty for everything. */
export function gapStreams({ streams }: Pick<GapView, 'streams'>): string {
  return streams.map((name) => senseTitle(name)).join(', ');
}

/** How the recording stands, for somebody a metre away. */
export interface Standing {
  readonly isFine: boolean;
  /** Large: a word or a few. */
  readonly word: string;
  /** Without numbers that change each second: what a screen reader is told. */
  readonly said: string;
}

/** The worst first. */
export function standing(recording: RecordingView): Standing {
  const { streams, fullSinceMs } = recording;
  if (fullSinceMs !== null) {
    const word = msg('This device is full');
    return { isFine: false, word, said: word };
  }
  if (streams.every(({ rows }) => rows === 0) && streams.every(({ trouble }) => trouble === null)) {
    const word = msg('Waiting for the first reading');
    return { isFine: false, word, said: word };
  }
  const silent = streams.filter(({ trouble }) => trouble !== null);
  const [worst] = silent;
  if (worst === undefined) {
    const word = msg('Recording');
    return { isFine: true, word, said: msg('Recording. Everything delivers.') };
  }
  const names = silent.map(({ name }) => senseTitle(name)).join(', ');
  return { isFine: false, word: silentText(names, worst), said: msg(str`${names}: no readings`) };
}

function silentText(names: string, { silentMs, isOver }: StreamView): string {
  if (isOver || silentMs === null) return msg(str`${names}: stopped`);
  return msg(str`${names}: silent for ${lengthText(silentMs)}`);
}

/** From here on phones save power by themselves. */
const LOW_BATTERY = 0.2;

/** The screen is not kept on: why, as far as it is known, and what to do. Nothing is guessed of a battery that nobody tells of. */
export function sleepyText(awake: 'refused' | 'unsupported', battery: Battery | null): string {
  const pauses = msg('When the screen goes off, recording pauses.');
  if (awake === 'unsupported')
    return msg(
      str`This browser cannot keep the screen on. Set the screen to stay on in the device’s settings. ${pauses}`,
    );
  if (battery === null || battery.charging)
    return msg(
      str`The system does not keep the screen on. Set it to stay on in the device’s settings, and switch off a battery saver. ${pauses}`,
    );
  const percent = Math.round(battery.level * 100);
  return battery.level <= LOW_BATTERY
    ? msg(
        str`The system does not keep the screen on: the battery is at ${percent} %. Plug the device in. ${pauses}`,
      )
    : msg(
        str`The system does not keep the screen on; the battery is at ${percent} % and not charging. Plug the device in, switch off a battery saver, or set the screen to stay on. ${pauses}`,
      );
}

/** How long the room lasts, in words that say no more than is known. */
export function roomText(freeBytes: number | null, bytesPerDay: number | null, nextAt: string): string {
  if (freeBytes === null) return msg('The browser does not tell how much room there is.');
  if (bytesPerDay === null)
    return msg(str`How long the room lasts is known when the first hour is finished, at ${nextAt}.`);
  const days = freeBytes / Math.max(1, bytesPerDay);
  if (days > 3_650) return msg('Room for more than ten years at this rate.');
  if (days > 730) return msg(str`Room for about ${Math.round(days / 365)} years at this rate.`);
  if (days >= 2) return msg(str`Room for about ${Math.round(days)} days at this rate.`);
  if (days * 24 >= 1) return msg(str`Room for about ${Math.round(days * 24)} hours at this rate.`);
  return msg('Room for less than an hour at this rate: free some space now.');
}
