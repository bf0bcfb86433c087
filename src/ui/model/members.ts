/** What the page says of a member: its name, and whether its part in the group has ended. */
import { type NodeId, shortNodeId } from '../../core/ids.ts';
import type { MemberStatus } from '../../identity/membership.ts';
import type { Space } from '../../station/space.ts';
import { plainName, sharedNames, shownName } from '../parts/names.ts';

/** How a device's part in the group has ended; null while it is in, or not in yet, as far as is known here. */
export function endedAs({ replica }: Space, node: NodeId): Exclude<MemberStatus, 'active'> | null {
  const status = replica.membership.member(node)?.status;
  return status === undefined || status === 'active' ? null : status;
}

/** What people call a device, as it may stand in a sentence; with its short id where another one has the same name. */
export function deviceName({ catalog: { names } }: Space, node: NodeId): string {
  const name = names.get(node);
  return shownName(name, shortNodeId(node), sharedNames(names).has(plainName(name)));
}
