/**
 * Grants that came in somebody's chain and in no feed yet: this node may have let that somebody in by them, and must know them after
 * a restart as well. They were checked with the chain.
 */
import type { SpaceId } from '../core/ids.ts';
import { decodeEntry, type Entry } from '../feed/entry.ts';
import type { Store } from '../store/port.ts';

function prefixOf(space: SpaceId): string {
  return `grant/${space}/`;
}

export async function saveGrants(store: Store, space: SpaceId, grants: readonly Entry[]): Promise<void> {
  for (const grant of grants) await store.state.put(prefixOf(space) + grant.id, grant.bytes, 'strict');
}

/** @throws WaystationError `malformed` when what is stored is no entry. */
export async function loadGrants(store: Store, space: SpaceId): Promise<Entry[]> {
  const grants: Entry[] = [];
  for (const key of await store.state.keys(prefixOf(space))) {
    const bytes = await store.state.get(key);
    if (bytes !== undefined) grants.push(decodeEntry(bytes));
  }
  return grants;
}
