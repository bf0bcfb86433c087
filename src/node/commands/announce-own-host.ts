/** A relay hosts signaling, and tells every space that it is in where: those who never had an invite with its address meet there, too. */
import { errorMessage } from '../../core/errors.ts';
import { DEFAULT_WEIGHT } from '../../mesh/host-choice.ts';
import { isHostAddress, MAX_HOST_ADDRESSES } from '../../station/endpoint-body.ts';
import { announceHost, mayAnnounce } from '../../station/host-announcing.ts';
import type { WaystationNode } from '../../station/node.ts';
import type { Output } from '../output.ts';
import type { RelayPlace } from '../relay-place.ts';

/** The addresses of a relay that mean the same to everybody; none where only this machine reaches it. */
export function announcedAddresses({ hosts, isLocal }: Pick<RelayPlace, 'hosts' | 'isLocal'>): string[] {
  return isLocal ? [] : hosts.filter(isHostAddress).slice(0, MAX_HOST_ADDRESSES);
}

/**
 * Announces this relay now and wherever it is let in later; says nothing that it has said before, and retracts what is not so any more.
 * @param place where it is at the moment. @returns a function to call when that has changed.
 */
export function keepAnnounced(
  node: WaystationNode,
  hostId: string,
  place: () => RelayPlace,
  output: Output,
): () => void {
  let said = '';
  const announce = async () => {
    const addresses = announcedAddresses(place());
    const standing = [...node.spaces.values()].map((space) => [space.id, mayAnnounce(space, node.id)]);
    const now = JSON.stringify([addresses, standing]);
    if (now === said) return;
    for (const space of node.spaces.values()) {
      await space.settled();
      if (!mayAnnounce(space, node.id)) continue;
      await announceHost(space, { node: node.id, hostId, weight: DEFAULT_WEIGHT, addresses });
    }
    said = now;
  };
  // One after the other: two at once would each find nothing said.
  let last: Promise<void> = Promise.resolve();
  const soon = () => {
    last = last
      .then(announce)
      .catch((error: unknown) =>
        output.say(`cannot tell the group where this relay is: ${errorMessage(error)}`),
      );
  };
  node.onNotice((notice) => {
    if (notice.kind === 'entries') soon();
  });
  soon();
  return soon;
}
