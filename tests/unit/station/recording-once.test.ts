/** A space is recorded in once at a time: two recordings would share their segments, and lose or double what is in them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sealWhatWaits } from '../../../src/station/recording.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import { FaultyStore, FULL } from '../pipeline/crashing-store.ts';
import { encodeAtOnce } from '../pipeline/whole-hour.ts';
import { type Member, NodeWorld } from './node-world.ts';
import { HOUR_MS, hoursOf, readingsOf, startRecording } from './station-recording.ts';

let world: NodeWorld;
let faulty: FaultyStore;
let here: Member;

beforeEach(async () => {
  world = new NodeWorld();
  faulty = new FaultyStore(createMemoryStore());
  here = await world.founded({ store: faulty.store });
});

afterEach(async () => {
  faulty.failure = null;
  await world.close();
});

const CONFLICT = { code: 'conflict' };

describe('a second recording in the same space', () => {
  it('is refused, however early it is asked for, until the first has ended', async () => {
    const { space, node } = here;
    const both = await Promise.allSettled([startRecording(space), startRecording(space)]);
    const started = both.filter((one) => one.status === 'fulfilled').map(({ value }) => value);
    expect(started).toHaveLength(1);
    const [first] = started;
    await expect(startRecording(space)).rejects.toMatchObject(CONFLICT);
    first?.sensor.deliver(0, world.clock.nowMs());
    await first?.recording.stop();
    const second = await startRecording(space);
    second.sensor.deliver(1, world.clock.nowMs());
    await second.recording.stop();
    expect(await readingsOf(space, node.id)).toEqual([0, 1]);
  });

  it('is refused while the first one’s last hour is still being sealed, which is sealed once', async () => {
    const { space, node } = here;
    let encoded: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      encoded = resolve;
    });
    const slow = await startRecording(space, {
      encode: async (source, signal) => {
        await held;
        return encodeAtOnce(source, signal);
      },
    });
    for (let i = 0; i < 5; i++) slow.sensor.deliver(i, world.clock.nowMs());
    await slow.recording.writer.flush();
    const stopped = slow.recording.stop();
    await expect(startRecording(space)).rejects.toMatchObject(CONFLICT);
    encoded();
    await stopped;
    const next = await startRecording(space);
    next.sensor.deliver(5, world.clock.nowMs());
    await next.recording.stop();
    expect(await readingsOf(space, node.id)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(hoursOf(space, node.id)).toBe(2);
  });

  it('begins when the first could not be opened', async () => {
    faulty.failure = FULL;
    await expect(startRecording(here.space)).rejects.toBe(FULL);
    faulty.failure = null;
    const { recording } = await startRecording(here.space);
    await recording.stop();
  });
});

describe('what an earlier run left', () => {
  it('is not touched by anybody else while it is recorded on', async () => {
    const { space, node } = here;
    const { recording, sensor } = await startRecording(space);
    sensor.deliver(0, world.clock.nowMs());
    await recording.writer.flush();
    await sealWhatWaits(space, { encode: encodeAtOnce, onTrouble: () => undefined });
    expect(hoursOf(space, node.id)).toBe(0);
    sensor.deliver(1, world.clock.nowMs());
    await recording.stop();
    expect(await readingsOf(space, node.id)).toEqual([0, 1]);
  });
});

describe('a recording that ends on a full disk', () => {
  it('says that readings are lost, and lets the next one begin', async () => {
    const { space, node } = here;
    const { recording, sensor, troubles } = await startRecording(space, { hourMs: 360 * HOUR_MS });
    sensor.deliver(0, world.clock.nowMs());
    await recording.writer.flush();
    faulty.failure = FULL;
    sensor.deliver(1, world.clock.nowMs());
    await expect(recording.stop()).rejects.toMatchObject({ code: 'store-full' });
    expect(troubles).toContain(FULL.message);
    faulty.failure = null;
    const next = await startRecording(space, { hourMs: 360 * HOUR_MS });
    next.sensor.deliver(2, world.clock.nowMs());
    await next.recording.stop();
    expect(await readingsOf(space, node.id)).toEqual([0, 2]);
  });
});
