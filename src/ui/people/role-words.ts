/** What a device may do in a group, in plain words. */
import { msg } from '@lit/localize';
import type { Role } from '../../identity/roles.ts';

export interface RoleWords {
  /** Of a device: “Records and sees everything”. */
  readonly title: string;
  /** What that means, in a sentence or two. */
  readonly detail: string;
  /** To the person whose device it will be: “This device will …”. */
  readonly promise: string;
}

export function roleWords(role: Role): RoleWords {
  switch (role) {
    case 'member':
      return {
        title: msg('Records and sees everything'),
        detail: msg('For your own stations and phones. It can invite more devices, but not remove any.'),
        promise: msg('This device can record, and see what every station records.'),
      };
    case 'reader':
      return {
        title: msg('Only sees and collects'),
        detail: msg('For somebody who looks on, or a van that picks up recordings. It does not record.'),
        promise: msg(
          'This device can see and collect what every station records. It does not record itself.',
        ),
      };
    case 'recorder':
      return {
        title: msg('Only records, sees nothing'),
        detail: msg('For a station that strangers may get hold of: it cannot read what others recorded.'),
        promise: msg('This device can record. It cannot see what other stations record.'),
      };
    case 'mirror':
      return {
        title: msg('Keeps a locked copy'),
        detail: msg(
          'For a computer of somebody you need not trust: it keeps and passes on copies it cannot open.',
        ),
        promise: msg('This device keeps a locked copy of everything. It cannot read any of it.'),
      };
    case 'admin':
      return {
        title: msg('Manages the group'),
        detail: msg(
          'Records, sees everything, invites and removes devices. For yourself, on a second device.',
        ),
        promise: msg('This device can record, see everything, and invite and remove devices.'),
      };
  }
}

/** What of the group a device with this role opens first. */
export function recordsItself(role: Role): boolean {
  return role === 'admin' || role === 'member' || role === 'recorder';
}
