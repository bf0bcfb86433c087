/** Who of the group is connected with this node: what people mean by “connected”. */
import type { PeerLink, WaystationNode } from './node.ts';
import type { Space } from './space.ts';

/**
 * The links to devices of the group. Others may hold a link, too: one that was turned away, or removed, is not connected in any
 * sense that a person has. Before this device is let in it knows nobody's standing, and tells of all.
 */
export function linkedMembers(node: WaystationNode, space: Space): PeerLink[] {
  const peers = node.peers();
  if (!space.isAdmitted) return peers;
  return peers.filter(({ node: peer }) => space.replica.membership.isActive(peer));
}
