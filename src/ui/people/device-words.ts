/** What a device is called, and how it stands, in words. */
import { msg, str } from '@lit/localize';
import { type IconNode, Link2, Link2Off } from 'lucide';
import type { DeviceRow } from '../model/people-model.ts';
import { shownName } from '../parts/names.ts';
import { agoText } from '../parts/words.ts';
import { isThisMachine } from './reach.ts';

/** What people call a device; with its short id where another has the same name. */
export function nameOf({ name, shortId, isNamesake }: DeviceRow): string {
  return shownName(name, shortId, isNamesake);
}

/** Where two devices found each other, as people know it: `wss://waystation.local:7443` is “waystation.local”. */
export function meetingText(via: string): string {
  const host = hostOf(via);
  if (host === null) return msg('connected');
  return isThisMachine(host)
    ? msg('connected (they met at this computer’s relay)')
    : msg(str`connected (they met at ${host})`);
}

function hostOf(url: string): string | null {
  try {
    return new URL(url.replace(/^ws/, 'http')).hostname || null;
  } catch {
    return null;
  }
}

/** How it stands, with a sign so that colour says nothing alone. */
export function stateOf(device: DeviceRow, nowMs: number): [IconNode | null, string, string] {
  const { standing, isSelf, via, lastHeardMs } = device;
  if (standing === 'revoked') return [null, msg('removed'), 'bad'];
  if (standing === 'surplus') return [null, msg('came by a used-up invite'), 'warn'];
  if (standing === 'succeeded') return [null, msg('replaced by another device'), 'soft'];
  if (isSelf) return [null, '', 'soft'];
  if (via !== null) return [Link2, msg('connected'), 'good'];
  return [
    Link2Off,
    lastHeardMs === null ? msg('not heard yet') : msg(str`heard ${agoText(lastHeardMs, nowMs)}`),
    'soft',
  ];
}
