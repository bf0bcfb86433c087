/**
 * Leaving a group for good, as a page does it: everything of it is deleted, and the keys with it, so that whoever comes next is a new
 * device. Marked first and done at the next start, before anything is opened; a start that is cut short begins again.
 */
import type { Store } from '../store/port.ts';
import { MARK_PREFIX } from './moving-marks.ts';
import { clearStore } from './moving-settle.ts';

/** Stays while the rest is deleted, as the marks of moving do. */
const KEY = `${MARK_PREFIX}left-group`;

/** From the next start on nothing of the group is here. Durable on return. */
export async function markGroupLeft(store: Store): Promise<void> {
  await store.state.put(KEY, Uint8Array.of(1), 'strict');
}

/**
 * To be called before the node, and its keys, are opened; nothing when no group was left.
 * @param forgetKeys deletes the keys of this node, durably.
 */
export async function settleGroupLeft(store: Store, forgetKeys: () => Promise<void>): Promise<void> {
  if ((await store.state.get(KEY)) === undefined) return;
  await clearStore(store);
  await forgetKeys();
  await store.state.delete(KEY);
}
