/** What a relay tells the person who started it; what is to be scanned comes last, where the window shows it. */
import { errorMessage } from '../../core/errors.ts';
import { shortLink } from '../../identity/short-code.ts';
import type { WaystationNode } from '../../station/node.ts';
import type { Space } from '../../station/space.ts';
import { escapeControls, formatTime, type Output } from '../output.ts';
import type { RelayPlace } from '../relay-place.ts';
import type { ShortInvites } from '../short-invites.ts';
import { terminalCode } from '../terminal-code.ts';
import { keepInvited } from './keep-invited.ts';
import { type StandingInvite, standingInvite } from './standing-invite.ts';

export interface WhatNext {
  readonly node: WaystationNode;
  /** The space to invite to, when there is one. */
  readonly own: Space | undefined;
  readonly place: RelayPlace;
  /** As the person named the data folder. */
  readonly data: string;
  readonly output: Output;
  /** Takes the short code of the invite that is shown. */
  readonly invites: ShortInvites;
  /** Until then the invite is looked after. */
  readonly stopped: AbortSignal;
}

/** Who may use the address: said with every address that is not for all. */
function sayWhereItWorks({ isLocal, secure }: RelayPlace, output: Output): void {
  if (isLocal) {
    output.say(
      secure === undefined
        ? 'That works on this machine only. For phones start with --https (README, “What a phone or browser needs”).'
        : 'That works on this machine only: it is in no network, or --listen keeps others out.',
    );
  } else if (secure === undefined) {
    output.say(
      'Browsers on other machines need --https (README, “What a phone or browser needs”); `waystation join` does not.',
    );
  } else {
    sayPublic(secure.publicNames, output);
    output.say(
      'A phone asks once whether it may trust this relay, and is shown how. It is right if its certificate has this number (SHA-256):',
    );
    output.say(`  ${halves(secure.fingerprint)}`);
    if (secure.here !== undefined) output.say(`On this computer the app is at ${secure.here}`);
  }
}

/** A fingerprint on two lines, as phones show it. */
function halves(fingerprint: string): string {
  const middle = (fingerprint.length + 1) / 2;
  return `${fingerprint.slice(0, middle)}\n  ${fingerprint.slice(middle)}`;
}

function sayPublic(names: readonly string[], output: Output): void {
  if (names.length === 0) return;
  const addresses = names.join(' and ');
  output.say(
    `This computer is also on the internet (${addresses}). The relay’s certificate cannot vouch for that, on purpose: browsers ` +
      'out there need a web server with a certificate of its own in front (README). Programs do not.',
  );
}

/** A code for phones, when a phone can open what it says. */
function sayCode(address: string, { isLocal, secure }: RelayPlace, output: Output): void {
  if (isLocal || secure === undefined) return;
  const code = terminalCode(address);
  if (code !== undefined) output.say(code.text);
}

/** The last lines of the screen: the code, the link and what they are good for. */
function sayInvite(invite: StandingInvite, { own, place, output }: WhatNext): void {
  const { link, code, usesLeft, expiresMs } = invite;
  const short = shortLink(place.url, code);
  const isScanned = place.secure !== undefined && !place.isLocal;
  output.say(
    `${isScanned ? 'Scan this' : 'Open this link'} with the device that shall record. It joins your group, and this relay keeps what it records.`,
  );
  sayCode(short, place, output);
  output.event(
    { event: 'invite', space: own?.id, link, short, code, uses: usesLeft, expires: expiresMs },
    `  ${short}`,
  );
  output.say(`Or type the code where the app asks for it, under “Join”: ${code}`);
  const devices = usesLeft === 1 ? 'one device' : `${usesLeft} devices`;
  output.say(`Whoever has it can join: ${devices}, until ${formatTime(expiresMs)}.`);
}

/** Every space that this relay is in, with what can be done about it. */
function sayMemberships(node: WaystationNode, data: string, output: Output): void {
  for (const space of node.spaces.values()) {
    const name = escapeControls(space.catalog.spaceName ?? space.id);
    const standing = space.replica.membership.member(space.self)?.status;
    if (standing === 'active') output.say(`This relay is in “${name}” and keeps what its members record.`);
    else if (standing === undefined)
      output.say('This relay has joined a group. The next member that it meets lets it in.');
    else
      output.say(
        `This relay is ${standing} in “${name}” and gets nothing more: invite it anew, with a new folder.`,
      );
  }
  output.say(`What next: npx waystation status --data ${data} says what it holds. Stop with Ctrl-C.`);
}

function inviteCommand(data: string): string {
  return `  npx waystation invite --data ${data} --role member`;
}

/** The invite, made when there is none; when that fails, why. */
async function tryInvite({ place, invites }: WhatNext, own: Space): Promise<StandingInvite | string> {
  try {
    return await standingInvite(own, place, invites);
  } catch (error) {
    return errorMessage(error);
  }
}

/**
 * Says what next, and goes on looking after the invite that it shows. Whatever fails here (a full disk cannot take another invite) is said
 * too: the relay goes on serving.
 */
export async function sayWhatNext(next: WhatNext): Promise<void> {
  const { node, own, place, data, output, stopped } = next;
  if (own === undefined) return sayWithoutInvite(next);
  let lastTrouble: string | undefined;
  const tryIt = async (): Promise<StandingInvite | undefined> => {
    const made = await tryInvite(next, own);
    if (typeof made !== 'string') {
      lastTrouble = undefined;
      return made;
    }
    if (made !== lastTrouble) {
      output.say(`No invite could be made: ${made}`);
      output.say('This relay goes on, and tries again. To try yourself:');
      output.say(inviteCommand(data));
    }
    lastTrouble = made;
    return undefined;
  };
  const shown = await tryIt();
  output.say('Stop with Ctrl-C. Everything is kept; the same command goes on where it was.');
  output.say('To invite a device that does not reach this relay, make a longer link:');
  output.say(inviteCommand(data));
  sayWhereItWorks(place, output);
  if (shown !== undefined) {
    output.say('');
    sayInvite(shown, next);
  }
  const replace = async (why: string) => {
    const other = await tryIt();
    if (other === undefined) return undefined;
    output.say(`\n${why}`);
    sayInvite(other, next);
    return other;
  };
  keepInvited({ node, space: own, shown, replace, stopped });
}

/** Of a relay that invites nobody. */
function sayWithoutInvite({ node, place, data, output }: WhatNext): void {
  if (node.spaces.size > 0) {
    sayMemberships(node, data, output);
  } else {
    output.say(
      `What next: open ${place.url}, start a group there, make an invite, and give it to this relay:`,
    );
    output.say(`  npx waystation join --data ${data} LINK`);
    sayWhereItWorks(place, output);
  }
  sayCode(place.url, place, output);
}
