/** What a device is called, and how it stands, in words. */
import { msg, str } from '@lit/localize';
import { type IconNode, Link2, Link2Off } from 'lucide';
import type { DeviceRow } from '../model/people-model.ts';
import { plainName } from '../parts/names.ts';
import { agoText } from '../parts/words.ts';

/** What people call a device. */
export function nameOf({ name, shortId }: DeviceRow): string {
  const plain = plainName(name);
  return plain === '' ? msg(str`A device without a name (${shortId})`) : plain;
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
