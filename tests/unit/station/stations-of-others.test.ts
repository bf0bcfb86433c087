/** Nobody writes into, renames or spoils a station that another member records. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toUtf8 } from '../../../src/core/bytes.ts';
import type { StationId } from '../../../src/core/ids.ts';
import { nodeIdText } from '../../../src/core/ids.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import { encodePicture } from '../../../src/station/entry-bodies.ts';
import { exportCsv, findStation } from '../../../src/station/export.ts';
import { encodeHourBody } from '../../../src/station/hour-body-writing.ts';
import { spaceStatus } from '../../../src/station/status.ts';
import { type Member, NodeWorld } from './node-world.ts';
import { readingsOf, startRecording } from './station-recording.ts';

let world: NodeWorld;
let owner: Member;
let intruder: Member;

beforeEach(async () => {
  world = new NodeWorld();
  owner = await world.founded();
  intruder = await world.joined(owner, 'member');
});

afterEach(async () => {
  await world.close();
});

/** Writes, as the intruder, everything that can be written under a station’s id. */
async function intrude(station: StationId): Promise<void> {
  const { space } = intruder;
  const stream = {
    name: 'pressure',
    driver: 'test',
    device: '',
    replay: false,
    rows: 1_000,
    width: 0,
    columns: [],
    bands: new Uint8Array(0),
  };
  const body = encodeHourBody({
    station,
    stationName: 'Hacked',
    startMs: 0,
    lengthMs: 3_600_000,
    openId: new Uint8Array(16),
    streams: [{ ...stream, firstMs: 0, lastMs: 1_000, achievedRateHz: 1 }],
    gaps: [],
  });
  await space.writeProfile({ name: 'Hacked', station, spaceName: null });
  await space.writeWithBlob(KIND.hour, () => body, toUtf8('no hour file'));
  const picture = encodePicture({ station, atMs: 0, mediaType: 'image/jpeg', replay: false });
  await space.writeWithBlob(KIND.picture, () => picture, toUtf8('no picture'));
}

/** Lets the owner take in all that the intruder wrote. */
async function meet(): Promise<void> {
  const from = intruder.space.replica.index;
  const to = owner.space.replica.index;
  const part = world.link(owner.node, intruder.node);
  await world.until(() => {
    const heads = [...from.branches()].filter((branch) => branch.author === intruder.node.id);
    return heads.every((branch) => to.highestSeq(branch.author, branch.feed) === branch.entries.length - 1);
  });
  await world.until(() => owner.space.replica.blobCounts().missing === 0);
  part();
  await owner.space.settled();
}

async function csvOf(nameOrId: string): Promise<string> {
  let csv = '';
  for await (const piece of exportCsv(owner.space, findStation(owner.space, nameOrId), {})) csv += piece;
  return csv;
}

describe('a station', () => {
  it('stays what its owner recorded, whatever another member writes under its id', async () => {
    const { recording, sensor } = await startRecording(owner.space);
    sensor.deliver(7, world.clock.nowMs());
    await recording.stop();
    const before = await csvOf('Ridge');
    await intrude(recording.station);
    await meet();
    const stations = (await spaceStatus(owner.space)).stations;
    expect(stations.map(({ name, sealed }) => ({ name, sealed }))).toEqual([
      { name: 'Hacked', sealed: 1 },
      { name: 'Ridge', sealed: 1 },
    ]);
    expect(await csvOf('Ridge')).toBe(before);
    expect(await readingsOf(owner.space, owner.node.id)).toEqual([7]);
    expect(owner.space.catalog.station(owner.node.id, recording.station)?.pictures).toEqual([]);
    // The id is two stations’ now; their authors tell them apart.
    expect(() => findStation(owner.space, recording.station)).toThrow(nodeIdText(owner.node.id));
    expect(await csvOf(nodeIdText(owner.node.id))).toBe(before);
  });

  it('is its owner’s also when the other wrote first', async () => {
    const { recording, sensor } = await startRecording(owner.space);
    await intrude(recording.station);
    await meet();
    expect(recording.recordedRows('pressure', '')).toEqual({ rows: 0, firstMs: null });
    sensor.deliver(7, world.clock.nowMs());
    await recording.stop();
    expect(recording.writer.sealed).toBe(1);
    expect(findStation(owner.space, 'Ridge').author).toBe(owner.node.id);
    expect(await readingsOf(owner.space, owner.node.id)).toEqual([7]);
  });
});
