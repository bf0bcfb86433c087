/** An encoder that hangs: it is ended and told, recording can be stopped and begun again, and the hour is sealed when one works. */
import { afterEach, expect, it } from 'vitest';
import type { RecordingOptions } from '../../../src/station/recording.ts';
import { Recording, sealWhatWaits } from '../../../src/station/recording.ts';
import { encodeAtOnce } from '../pipeline/whole-hour.ts';
import { NodeWorld } from './node-world.ts';
import { readingsOf, startRecording } from './station-recording.ts';

const world = new NodeWorld();
afterEach(() => world.close());

it('keeps nobody from recording', async () => {
  const { space, node } = await world.founded();
  const signals: AbortSignal[] = [];
  const hangs: RecordingOptions['encode'] = (_content, signal) => {
    signals.push(signal);
    return new Promise(() => undefined);
  };
  const { recording, sensor, troubles } = await startRecording(space, { encode: hangs });
  sensor.deliver(1, world.clock.nowMs());
  let isStopped = false;
  void recording.stop().then(() => {
    isStopped = true;
  });
  await world.pass(60_000);
  expect(isStopped).toBe(true);
  expect(signals[0]?.aborted).toBe(true);
  expect(troubles).toContainEqual(expect.stringMatching(/^an hour could not be made ready within 30 s/));

  // The same when what waits is sealed in the background, which recording waits for.
  void sealWhatWaits(space, { encode: hangs, onTrouble: (message) => troubles.push(message) });
  let again: Recording | undefined;
  const options = { space, name: 'Ridge', hourMs: 10_000, encode: encodeAtOnce, onTrouble: () => undefined };
  void Recording.open(options).then((opened) => {
    again = opened;
  });
  await world.pass(60_000);
  expect(again).toBeDefined();
  await again?.stop();
  expect(await readingsOf(space, node.id)).toEqual([1]);
});
