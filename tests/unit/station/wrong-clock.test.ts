/** A device whose clock is wrong is let in, gives and takes hours, and disturbs nobody. */
import { afterEach, expect, it } from 'vitest';
import { isWaystationError } from '../../../src/core/errors.ts';
import { createNodeCrypto } from '../../../src/identity/crypto.node.ts';
import { parseInvite } from '../../../src/identity/invite.ts';
import { SYSTEM_RANDOM } from '../../../src/node/open-node.ts';
import { WaystationNode } from '../../../src/station/node.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import { NodeWorld } from './node-world.ts';
import { hoursOf, startRecording } from './station-recording.ts';
import { createTestKeys } from './test-keys.ts';

const DAY_MS = 86_400_000;
const world = new NodeWorld();
let strange: WaystationNode | undefined;

async function deviceWithClock(offMs: number): Promise<WaystationNode> {
  strange = await WaystationNode.open({
    store: createMemoryStore(),
    keys: createTestKeys(),
    crypto: createNodeCrypto(),
    clock: world.clock.shifted(offMs),
    random: SYSTEM_RANDOM,
  });
  return strange;
}

afterEach(async () => {
  await strange?.close();
  await world.close();
});

it.each([
  ['a day ahead', () => DAY_MS],
  ['two days ahead', () => 2 * DAY_MS],
  ['two days behind', () => -2 * DAY_MS],
  ['at the beginning of 1970', () => -world.clock.nowMs()],
])('%s', async (_when, offMs) => {
  const station = await world.founded();
  const node = await deviceWithClock(offMs());
  const space = await node.join(parseInvite(await world.inviteBy(station.space, 'member')));
  world.link(station.node, node);
  await world.until(() => space.isAdmitted);
  for (const [writer, reader] of [
    [station.space, space],
    [space, station.space],
  ] as const) {
    const { recording, sensor } = await startRecording(writer);
    sensor.deliver(7, writer.context.clock.nowMs());
    await recording.stop();
    await world.until(() => hoursOf(reader, writer.self) === 1 && reader.replica.blobCounts().missing === 0);
  }
  // What it says of being alive is taken or left, and no reason to part.
  await space.beat();
  await station.space.beat();
  await world.pass(10_000);
  expect(node.peers()).toHaveLength(1);
});

it('with a clock so far ahead that the invite is over, is told to look at its clock', async () => {
  const station = await world.founded();
  const node = await deviceWithClock(8 * DAY_MS);
  const invite = parseInvite(await world.inviteBy(station.space, 'member'));
  const error = await node.join(invite).catch((thrown: unknown) => thrown);
  expect(isWaystationError(error, 'expired')).toBe(true);
  expect((error as Error).message).toContain('check this device’s clock');
});
