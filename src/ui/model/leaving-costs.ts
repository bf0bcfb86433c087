/** What leaving a group would delete for good; views warn of it before, and the model refuses where others are in the group. */
import { msg } from '@lit/localize';
import { WaystationError } from '../../core/errors.ts';
import { blobKey } from '../../core/ids.ts';
import type { Entry } from '../../feed/entry.ts';
import type { HourBody } from '../../station/entry-bodies.ts';
import { recordedMsOf } from '../../station/hour-pieces.ts';
import type { Space } from '../../station/space.ts';
import type { LeavingCosts } from './people-model.ts';

/** Of more hours their number says it. */
const FEW_HOURS = 24;

function lengthOfFew(bodies: readonly HourBody[], count: number): number | null {
  if (count > FEW_HOURS || bodies.length < count) return null;
  return bodies.reduce((sum, body) => sum + recordedMsOf(body), 0);
}

/**
 * Null while this device shares the group with others. A device that was not let in, or is not in any more, shares it with nobody.
 * @param refusal what others said when they refused this device, which may not know of it itself.
 */
export function whatLeavingCosts(
  { replica, catalog, self }: Space,
  refusal: string | null,
): LeavingCosts | null {
  const { membership } = replica;
  const hasOthers = [...membership.members()].some(
    ({ node, status, isRecovery }) => !isRecovery && node !== self && status === 'active',
  );
  if (hasOthers && membership.isActive(self) && refusal !== 'revoked') return null;
  const isHeld = ({ header }: Entry) => header.blobs.every((ref) => replica.holds(blobKey(ref)));
  let ownHours = 0;
  let othersHours = 0;
  let taken = 0;
  const opened: { readonly own: HourBody[]; readonly others: HourBody[] } = { own: [], others: [] };
  for (const { author, hours, unopened, pictures } of catalog.stations.values()) {
    const isOwn = author === self;
    const there = isOwn ? hours : hours.filter(({ entry }) => isHeld(entry));
    const count = there.length + (isOwn ? unopened : unopened.filter(isHeld)).length;
    if (isOwn) ownHours += count;
    else othersHours += count;
    opened[isOwn ? 'own' : 'others'].push(...there.slice(0, FEW_HOURS + 1).map(({ body }) => body));
    taken += pictures.filter(({ entry }) => isHeld(entry)).length;
  }
  return {
    ownHours,
    othersHours,
    ownMs: lengthOfFew(opened.own, ownHours),
    othersMs: lengthOfFew(opened.others, othersHours),
    pictures: taken,
    isWaiting: !membership.isActive(self) && membership.member(self) === undefined,
  };
}

/** @throws WaystationError `forbidden` while others are in the group. */
export function refuseWithOthers(space: Space, refusal: string | null): void {
  if (whatLeavingCosts(space, refusal) !== null) return;
  throw new WaystationError(
    'forbidden',
    msg('other devices are in this group: it can be left only while this device is alone in it'),
  );
}
