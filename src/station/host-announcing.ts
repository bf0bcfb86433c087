/** Telling a space of a host, and where its invites lead. */
import { WaystationError } from '../core/errors.ts';
import type { NodeId } from '../core/ids.ts';
import { KIND } from '../feed/kinds.ts';
import { isDirectEndpoint } from '../identity/direct-endpoint.ts';
import { MAX_INVITE_HOSTS } from '../identity/invite.ts';
import { mayAuthorKind } from '../identity/roles.ts';
import { choiceTopic, rankHosts } from '../mesh/host-choice.ts';
import { hostSocketUrl } from '../mesh/host-url.ts';
import { type EndpointBody, encodeEndpoint } from './endpoint-body.ts';
import type { Space } from './space.ts';

/** Addresses of announced hosts that an invite carries besides its maker's own: whoever joins learns the others by its first link. */
const ANNOUNCED_IN_INVITE = 4;

/** Whether this node's word on a host of `node` counts now: every admitted member and mirror on its own, admins on all. */
export function mayAnnounce(space: Space, node: NodeId | null): boolean {
  const role = space.replica.membership.member(space.self)?.role;
  if (role === undefined || !space.isAdmitted || !mayAuthorKind(role, KIND.endpoint)) return false;
  return role === 'admin' || node === space.self;
}

/**
 * Announces a host, or retracts it (no addresses); false when this node has said exactly that before.
 * @throws WaystationError `forbidden` for a host that this node may not speak for; RangeError when a field is out of its bounds.
 */
export async function announceHost(space: Space, host: EndpointBody): Promise<boolean> {
  const body = encodeEndpoint(host);
  await space.settled();
  if (!mayAnnounce(space, host.node)) {
    const what = 'only admins may announce hosts of others, and members and mirrors their own';
    throw new WaystationError('forbidden', `${what}: ask an admin of this space`);
  }
  const said = space.hosts.saidBy(space.self, host.node, host.hostId);
  if (said === undefined ? host.addresses.length === 0 : isSame(said, host)) return false;
  await space.write('control', { kind: KIND.endpoint, body });
  return true;
}

function isSame(a: EndpointBody, b: EndpointBody): boolean {
  return a.weight === b.weight && a.addresses.join(' ') === b.addresses.join(' ');
}

/** Where an invite leads when its maker does not say: where its own invite led, and to the best of the hosts that were announced. */
export function inviteHosts(space: Space): string[] {
  const [first, ...others] = space.record.hosts;
  const announced = space.knownHosts().filter(({ hostId }) => hostId !== undefined);
  const best = rankHosts(choiceTopic(space.record.meetSecret), announced).flatMap(({ urls }) =>
    urls.slice(0, 1),
  );
  const direct = others.filter(isDirectEndpoint);
  const all = [first ?? [], direct, best.slice(0, ANNOUNCED_IN_INVITE), others].flat();
  const seen = new Set<string>();
  const distinct = all.filter((url) => {
    const form = hostSocketUrl(url) ?? url;
    return !seen.has(form) && seen.add(form);
  });
  return distinct.slice(0, MAX_INVITE_HOSTS).map((url) => url.replace(/\/peerjs$/, ''));
}
