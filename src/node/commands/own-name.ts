/** What a node on the command line calls itself in a space: said when it may, and again when it has been let in or its key has come. */
import { isWaystationError } from '../../core/errors.ts';
import { KIND } from '../../feed/kinds.ts';
import { mayAuthorKind } from '../../identity/roles.ts';
import type { Space } from '../../station/space.ts';

/**
 * Says the name unless it has been said: not before this node was let in, not without a key, and never as a mirror.
 * @param nameOf the name, from the one that is known; the same again says nothing.
 */
export async function sayOwnName(
  space: Space,
  nameOf: (known: string | undefined) => string,
  isRelay: boolean,
): Promise<void> {
  await space.settled();
  const role = space.replica.membership.member(space.self)?.role;
  if (!space.isAdmitted || role === undefined || !mayAuthorKind(role, KIND.profile)) return;
  const name = nameOf(space.catalog.names.get(space.self));
  try {
    await space.writeProfile({ name, station: null, spaceName: null, ...(isRelay ? { isRelay } : {}) });
  } catch (error) {
    if (!isWaystationError(error, 'no-key')) throw error;
  }
}
