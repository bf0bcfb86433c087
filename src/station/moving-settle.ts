/**
 * What the start of a node does about an arrival that the end of the program cut short: finishes it when everything was there,
 * otherwise clears what was. Small, because every start needs it.
 */
import type { KeySeeds } from '../identity/key-seeds.ts';
import type { Store } from '../store/port.ts';
import { forgetArrival, MARK_PREFIX, markArriving, readArriving } from './moving-marks.ts';

/** Where a runtime keeps the keys of its node. */
export interface KeyPlace {
  /** Keeps keys beside the ones in use, durably. */
  readonly stage: (seeds: KeySeeds) => Promise<void>;
  /** Takes the staged keys into use in one step, or drops them; nothing when there are none. */
  readonly settle: (use: boolean) => Promise<void>;
}

/** To be called before the node, and its keys, are opened; nothing when there was no arrival. */
export async function settleArriving(store: Store, keys: KeyPlace): Promise<void> {
  const arriving = await readArriving(store);
  if (arriving === null) return;
  if (arriving === 'part') {
    await clearStore(store);
    await forgetArrival(store);
  }
  await keys.settle(arriving === 'whole');
  await markArriving(store, null);
}

/** Removes everything but the marks of moving. */
export async function clearStore(store: Store): Promise<void> {
  for (const { ref } of await store.blobs.list()) await store.blobs.remove(ref);
  for (const log of (await store.logs.list()).keys()) await store.logs.remove(log);
  for (const key of await store.state.keys('')) {
    if (!key.startsWith(MARK_PREFIX)) await store.state.delete(key);
  }
}
