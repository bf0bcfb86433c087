import { afterEach, expect, it } from 'vitest';
import { spaceStatus } from '../../../src/station/status.ts';
import { NodeWorld } from './node-world.ts';
import { HOUR_MS, startRecording } from './station-recording.ts';

const world = new NodeWorld();
afterEach(() => world.close());

it('a station is complete to the end of its last hour, or to where that was stopped: never to a time that has not come', async () => {
  const { space } = await world.founded();
  const { recording, sensor } = await startRecording(space);
  const completeTo = async () => Date.parse((await spaceStatus(space)).stations[0]?.completeTo ?? '');
  const startMs = Math.ceil(world.clock.nowMs() / HOUR_MS) * HOUR_MS;
  world.clock.advance(startMs - world.clock.nowMs());
  for (let i = 0; i < HOUR_MS / 1_000; i++) {
    sensor.deliver(i, world.clock.nowMs());
    world.clock.advance(1_000);
  }
  await world.pass(5_000);
  expect(await completeTo()).toBe(startMs + HOUR_MS);
  const lastMs = world.clock.nowMs();
  sensor.deliver(7, lastMs);
  await recording.stop();
  expect(await completeTo()).toBe(lastMs);
});
