/** Damage that something else than serving found first: the store answers `not-found` from then on. */
import { afterEach, expect, it } from 'vitest';
import { WaystationError } from '../../../src/core/errors.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import type { Store } from '../../../src/store/port.ts';
import { NodeWorld } from './node-world.ts';
import { readingsOf, startRecording } from './station-recording.ts';

const world = new NodeWorld();
afterEach(() => world.close());

it('an hour whose blob is not in the store any more is wanted again when it is read', async () => {
  const inner = createMemoryStore();
  let isGone = false;
  const read: Store['blobs']['read'] = async (...span) => {
    if (isGone) throw new WaystationError('not-found', 'demoted by an earlier read');
    return inner.blobs.read(...span);
  };
  const { node, space } = await world.founded({ store: { ...inner, blobs: { ...inner.blobs, read } } });
  const { recording, sensor } = await startRecording(space);
  sensor.deliver(7, world.clock.nowMs());
  await recording.stop();
  isGone = true;
  await expect(readingsOf(space, node.id)).rejects.toMatchObject({ code: 'not-found' });
  expect(space.replica.blobCounts()).toEqual({ held: 0, missing: 1, bytes: 0 });
});
