/**
 * What a relay tells the person who started it. With `--create` that is an invite: one that is kept and shown again at the next
 * start while it is good, because every invite costs every node of the space an entry and every change of keys a box.
 */

import { fromUtf8, toUtf8 } from '../../core/bytes.ts';
import { errorMessage } from '../../core/errors.ts';
import { decodeChain } from '../../identity/grant-chain.ts';
import { parseInvite } from '../../identity/invite.ts';
import { createInvite } from '../../station/membership-actions.ts';
import type { WaystationNode } from '../../station/node.ts';
import type { Space } from '../../station/space.ts';
import { escapeControls, formatTime, type Output } from '../output.ts';
import type { RelayPlace } from '../relay-place.ts';
import { type TerminalCode, terminalCode } from '../terminal-code.ts';

const DAY_MS = 86_400_000;
const LIFE_MS = 7 * DAY_MS;
const USES = 20;
/** What is shown should be good for as long as it takes to fetch the other device. */
const LEAST_LIFE_MS = DAY_MS;
const KEPT = 'relay-invite/';

interface StandingInvite {
  readonly link: string;
  readonly usesLeft: number;
  readonly expiresMs: number;
}

/** How an invite to `place` stands; undefined when it is not one, or not good any more. */
function standingOf(space: Space, link: string, { url, hosts }: RelayPlace): StandingInvite | undefined {
  const invite = parseInvite(link);
  const grant = decodeChain(invite.chain).last;
  const nowMs = space.context.clock.nowMs();
  const state = grant === null ? undefined : space.replica.membership.grantState(grant.id, nowMs);
  const leadsHere = link.startsWith(`${url}/#`) && invite.hosts.join() === hosts.join();
  if (!leadsHere || state?.status !== 'open' || state.body.expiresMs - nowMs < LEAST_LIFE_MS)
    return undefined;
  return { link, usesLeft: state.usesLeft, expiresMs: state.body.expiresMs };
}

/** The invite that was shown before, or a new one. */
async function standingInvite(space: Space, place: RelayPlace): Promise<StandingInvite> {
  const { store, clock } = space.context;
  const kept = await store.state.get(KEPT + space.id);
  const known = kept === undefined ? undefined : standingOf(space, fromUtf8(kept), place);
  if (known !== undefined) return known;
  const expiresMs = clock.nowMs() + LIFE_MS;
  const grant = { role: 'member', uses: USES, expiresMs, hosts: place.hosts, base: `${place.url}/` } as const;
  const { link } = await createInvite(space, grant);
  await store.state.put(KEPT + space.id, toUtf8(link), 'strict');
  return { link, usesLeft: USES, expiresMs };
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
    output.say(
      'A phone asks once whether it may trust this relay; the page that opens says how. It is right if the',
    );
    output.say(`certificate has this number (SHA-256):\n\n  ${halves(secure.fingerprint)}\n`);
    if (secure.here !== undefined) output.say(`On this computer the app is at ${secure.here}`);
    sayPublic(secure.publicNames, output);
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
    `This computer is also on the internet (${addresses}). The relay’s certificate cannot vouch for that, on purpose:`,
  );
  output.say(
    'browsers out there need a web server with a certificate of its own in front (README). Programs do not.',
  );
}

/**
 * A code for phones, when a phone can open what it says: the invite where the window is wide enough, otherwise the address.
 * @returns the code that the window is too narrow for.
 */
function sayCode(
  link: string | undefined,
  { url, isLocal, secure }: RelayPlace,
  output: Output,
  columns: number | undefined,
): TerminalCode | undefined {
  if (isLocal || secure === undefined) return undefined;
  const whole = link === undefined ? undefined : terminalCode(link);
  if (whole !== undefined && whole.columns <= (columns ?? 0)) {
    output.say(`\n${whole.text}`);
    return undefined;
  }
  const short = terminalCode(url);
  if (short !== undefined) output.say(`\n${short.text}`);
  if (whole !== undefined && columns !== undefined) {
    output.say(
      'This code leads to the app, but without the invite. For one with the invite make this window wider',
    );
    output.say(`(${whole.columns} columns; it has ${columns}), or send the link below to the phone.`);
  }
  return whole;
}

function sayInvite(invite: StandingInvite, space: Space, place: RelayPlace, output: Output): void {
  const { link, usesLeft, expiresMs } = invite;
  const how =
    place.secure === undefined || place.isLocal ? 'open this link' : 'scan the code or open this link';
  output.say(`What next: ${how} on the device that shall record. It joins your group, and this relay`);
  output.say(`keeps what it records. Good for ${usesLeft} devices until ${formatTime(expiresMs)}:\n`);
  output.event({ event: 'invite', space: space.id, link, uses: usesLeft, expires: expiresMs }, `  ${link}\n`);
  sayWhereItWorks(place, output);
  output.say('Stop with Ctrl-C. Everything is kept; the same command goes on where it was.');
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

/**
 * Says what next. Whatever fails here (a full disk cannot take another invite) is said too: the relay goes on serving.
 * @param own the space to invite to, when there is one.
 * @param columns width of the terminal, when there is one.
 * @returns a code with the invite, when the terminal is too narrow for it now.
 */
export async function sayWhatNext(
  node: WaystationNode,
  own: Space | undefined,
  place: RelayPlace,
  data: string,
  output: Output,
  columns?: number,
): Promise<TerminalCode | undefined> {
  if (own !== undefined) {
    try {
      const invite = await standingInvite(own, place);
      const wide = sayCode(invite.link, place, output, columns);
      sayInvite(invite, own, place, output);
      return wide;
    } catch (error) {
      output.say(`No invite could be made: ${errorMessage(error)}`);
      output.say(
        `This relay goes on. Once that is mended: npx waystation invite --data ${data} --role member`,
      );
    }
    return undefined;
  }
  sayCode(undefined, place, output, columns);
  if (node.spaces.size > 0) {
    sayMemberships(node, data, output);
    return undefined;
  }
  output.say(`What next: open ${place.url}, start a group there, make an invite, and give it to this relay:`);
  output.say(`  npx waystation join --data ${data} LINK`);
  sayWhereItWorks(place, output);
  return undefined;
}
