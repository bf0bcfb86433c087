/** A key that cannot be opened for now, because the code for that could not be loaded, is not damaged: it is opened with what comes next. */
import { afterEach, expect, it } from 'vitest';
import { WaystationError } from '../../../src/core/errors.ts';
import type { NodeKeys } from '../../../src/core/ports.ts';
import { revokeMember } from '../../../src/station/membership-actions.ts';
import { holdsCurrentKey, NodeWorld } from './node-world.ts';
import { createTestKeys } from './test-keys.ts';

const world = new NodeWorld();
afterEach(() => world.close());

it('opens a key later that it could not open at once, and tells of no damage', async () => {
  const inner = createTestKeys();
  let isLoaded = true;
  const keys: NodeKeys = {
    ...inner,
    hpkeOpen: (info, box) =>
      isLoaded
        ? inner.hpkeOpen(info, box)
        : Promise.reject(new WaystationError('unavailable', 'the code could not be loaded')),
  };
  const admin = await world.founded();
  const { node, space } = await world.joined(admin, 'member', { keys });
  const other = await world.joined(admin, 'member');
  world.link(admin.node, node);
  await world.pass(5_000);
  isLoaded = false;
  await revokeMember(admin.space, other.node.id);
  const current = () => admin.space.replica.membership.currentEpoch();
  await world.until(() => space.replica.membership.currentEpoch() === current());
  await space.settled();
  expect(holdsCurrentKey(space)).toBe(false);
  expect(space.catalog.damaged).toEqual([]);
  isLoaded = true;
  await admin.space.writeProfile({ name: 'Admin', station: null, spaceName: null });
  await world.until(() => holdsCurrentKey(space));
});
