/**
 * The invite that a relay with `--create` shows: one that is kept and shown again at the next start while it is good, because every
 * invite costs every node of the space an entry and every change of keys a box.
 */
import { fromUtf8, toUtf8 } from '../../core/bytes.ts';
import { decodeChain } from '../../identity/grant-chain.ts';
import { parseInvite } from '../../identity/invite.ts';
import { makeShortCode, readShortCode } from '../../identity/short-code.ts';
import { createInvite } from '../../station/membership-actions.ts';
import type { Space } from '../../station/space.ts';
import type { RelayPlace } from '../relay-place.ts';
import type { ShortInvites } from '../short-invites.ts';

const DAY_MS = 86_400_000;
const LIFE_MS = 7 * DAY_MS;
const USES = 20;
/** What is shown should be good for as long as it takes to fetch the other device. */
const LEAST_LIFE_MS = DAY_MS;
const KEPT = 'relay-invite/';
const KEPT_CODE = 'relay-code/';

export interface StandingInvite {
  readonly link: string;
  /** What people type instead. */
  readonly code: string;
  readonly usesLeft: number;
  readonly expiresMs: number;
}

/** The invite that was shown before, or a new one; its short code leads to it from now on. */
export async function standingInvite(
  space: Space,
  place: RelayPlace,
  invites: ShortInvites,
): Promise<StandingInvite> {
  const invite = await keptInvite(space, place);
  const code = await codeFor(space, invite.link);
  invites.keep(code, invite.link, () => grantStateOf(space, invite.link)?.status === 'open');
  return { ...invite, code };
}

/** What is known of the grant at the end of an invite's chain, now. */
export function grantStateOf(space: Space, link: string) {
  const grant = decodeChain(parseInvite(link).chain).last;
  return grant === null
    ? undefined
    : space.replica.membership.grantState(grant.id, space.context.clock.nowMs());
}

/** How an invite to `place` stands; undefined when it is not one, or not good any more. */
function standingOf(
  space: Space,
  link: string,
  { url, hosts }: RelayPlace,
): Omit<StandingInvite, 'code'> | undefined {
  const invite = parseInvite(link);
  const nowMs = space.context.clock.nowMs();
  const state = grantStateOf(space, link);
  const leadsHere = link.startsWith(`${url}/#`) && invite.hosts.join() === hosts.join();
  if (!leadsHere || state?.status !== 'open' || state.body.expiresMs - nowMs < LEAST_LIFE_MS)
    return undefined;
  return { link, usesLeft: state.usesLeft, expiresMs: state.body.expiresMs };
}

/** The code that was shown with this very invite before, or a new one. */
async function codeFor(space: Space, link: string): Promise<string> {
  const { store, random } = space.context;
  const kept = await store.state.get(KEPT_CODE + space.id);
  const [code = '', of] = kept === undefined ? [] : fromUtf8(kept).split(' ');
  if (of === link && readShortCode(code) === code) return code;
  const fresh = makeShortCode(random);
  await store.state.put(KEPT_CODE + space.id, toUtf8(`${fresh} ${link}`), 'strict');
  return fresh;
}

async function keptInvite(space: Space, place: RelayPlace): Promise<Omit<StandingInvite, 'code'>> {
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
