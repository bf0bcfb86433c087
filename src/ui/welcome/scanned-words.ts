/** What a scanned or pasted text is, said to a person. */
import { msg, str } from '@lit/localize';
import type { OtherCode, Scanned } from '../parts/scanned.ts';

/** Why what was scanned or pasted is no use here, and what to do. */
export function troubleText(scanned: Exclude<Scanned, { kind: 'invite' | 'code' }>): string {
  if (scanned.kind === 'other') return otherText(scanned.what, scanned.shown);
  if (scanned.isCut) {
    return msg(
      'This invite link is incomplete: a messenger or a mail program has cut off its end. Copy the whole link again, or scan the code instead.',
    );
  }
  return msg(
    'This looks like an invite but cannot be read: it was changed on the way, or made by a newer version of Waystation. Ask for a new one, or update.',
  );
}

/** Where the next invite comes from. */
export function askForNewText(): string {
  return msg(
    'Ask somebody in the group for a new one: on their device under “Devices”, “Invite a device”. A relay that made the group also prints one when it is started.',
  );
}

function otherText(what: OtherCode, shown: string): string {
  switch (what) {
    case 'web':
      return msg(str`This is the address of a web page (${shown}), not an invite. It was not opened.`);
    case 'wifi':
      return shown === ''
        ? msg('This code is for joining a Wi-Fi network. Waystation needs the code of an invite.')
        : msg(
            str`This code is for joining the Wi-Fi network “${shown}”. Waystation needs the code of an invite.`,
          );
    case 'contact':
      return msg('This code is a person’s contact card, not an invite.');
    case 'mail':
      return msg(str`This code writes an e-mail (${shown}); it is not an invite. It was not opened.`);
    case 'phone':
      return msg(
        str`This code calls or writes to a number (${shown}); it is not an invite. Nothing was dialled.`,
      );
    case 'position':
      return msg(str`This code is a place on a map (${shown}), not an invite.`);
    case 'empty':
      return msg('There is nothing in it. Copy the whole link, then paste it here.');
    case 'text':
      return msg(
        str`This is a text (“${shown}”), not an invite. An invite link contains “#join=”; a short code has twelve letters and digits.`,
      );
  }
}
