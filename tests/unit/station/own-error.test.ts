/** An error of our own while entries are taken in: it is told, ends nothing, and the feed they are of goes on. */
import { afterEach, expect, it } from 'vitest';
import { KIND } from '../../../src/feed/kinds.ts';
import type { Notice } from '../../../src/sync/effects.ts';
import { NodeWorld } from './node-world.ts';
import { hoursOf, startRecording } from './station-recording.ts';

const world = new NodeWorld();
afterEach(() => world.close());

it('does not keep the turn of a feed', async () => {
  const station = await world.founded();
  const { node, space } = await world.joined(station, 'member');
  const told: Notice[] = [];
  node.onNotice((notice) => told.push(notice));
  world.link(station.node, node);
  await world.until(() => node.peers().length === 1);
  let errors = 0;
  const { replica } = space;
  const commit = replica.commit.bind(replica);
  replica.commit = (entries, verified) => {
    const placement = commit(entries, verified);
    if (errors > 0 || !entries.some(({ header }) => header.kind === KIND.hour)) return placement;
    return {
      ...placement,
      // Looked at when the entries have been taken in and others are to hear of them.
      get branch(): never {
        errors++;
        throw new TypeError('an error of ours');
      },
    };
  };
  for (let hours = 1; hours <= 3; hours++) {
    const { recording, sensor } = await startRecording(station.space);
    sensor.deliver(7, world.clock.nowMs());
    await recording.stop();
    await world.pass(5_000);
  }
  await space.settled();
  expect(errors).toBe(1);
  expect(told).toContainEqual({ kind: 'store-trouble', code: 'internal', message: 'an error of ours' });
  // Those after the one are here, though nobody was told of the one.
  expect(hoursOf(space, station.node.id)).toBeGreaterThanOrEqual(2);
  expect(node.peers()).toHaveLength(1);
});
