/** Hours are sealed once, by who may, and found by a name that nobody else can take. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { toUtf8 } from '../../../src/core/bytes.ts';
import { nodeIdText } from '../../../src/core/ids.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import { parseInvite } from '../../../src/identity/invite.ts';
import { findStation } from '../../../src/station/export.ts';
import { encodeHourBody } from '../../../src/station/hour-body-writing.ts';
import { joinAnew } from '../../../src/station/membership-actions.ts';
import { encodeAtOnce } from '../pipeline/whole-hour.ts';
import { holdsCurrentKey, NodeWorld } from './node-world.ts';
import { hoursOf, readingsOf, startRecording } from './station-recording.ts';

let world: NodeWorld;
beforeEach(() => {
  world = new NodeWorld();
});
afterEach(() => world.close());

it('a key that comes just after stop seals the hour once', async () => {
  const admin = await world.founded();
  const node = await world.open({}, { encode: encodeAtOnce });
  const space = await node.join(parseInvite(await world.inviteBy(admin.space, 'member')));
  const { recording, sensor } = await startRecording(space);
  node.onNotice((notice) => {
    if (notice.kind !== 'entries') return;
    void (async () => {
      await space.settled();
      await recording.admitted();
    })().catch(() => undefined);
  });
  sensor.deliver(7, world.clock.nowMs());
  await recording.stop();
  world.link(admin.node, node);
  await world.until(() => space.isAdmitted && holdsCurrentKey(space));
  await world.pass(20_000);
  expect([hoursOf(space, node.id), await readingsOf(space, node.id)]).toEqual([1, [7]]);
});

it('a device that became a reader seals nothing', async () => {
  const admin = await world.founded();
  const node = await world.open({}, { encode: encodeAtOnce });
  const space = await node.join(parseInvite(await world.inviteBy(admin.space, 'member')));
  const { recording, sensor } = await startRecording(space);
  sensor.deliver(7, world.clock.nowMs());
  await recording.stop();
  await joinAnew(space, parseInvite(await world.inviteBy(admin.space, 'reader')));
  world.link(admin.node, node);
  await world.until(() => space.isAdmitted && holdsCurrentKey(space));
  await world.pass(20_000);
  expect(hoursOf(space, node.id)).toBe(0);
});

it('a station is found by author and id, whoever else uses the id', async () => {
  const owner = await world.founded();
  const intruder = await world.joined(owner, 'member');
  const { recording, sensor } = await startRecording(owner.space);
  sensor.deliver(7, world.clock.nowMs());
  await recording.stop();
  const body = encodeHourBody({
    station: recording.station,
    stationName: 'Ridge',
    startMs: 0,
    lengthMs: 3_600_000,
    openId: new Uint8Array(16),
    streams: [],
    gaps: [],
  });
  await intruder.space.writeWithBlob(KIND.hour, () => body, toUtf8('no hour file'));
  world.link(owner.node, intruder.node);
  await world.pass(5_000);
  await owner.space.settled();
  expect(findStation(owner.space, `${nodeIdText(owner.node.id)}/${recording.station}`).author).toBe(
    owner.node.id,
  );
});
