/** A station is listed once, under what it calls itself, in whatever order its entries and the keys to them come. */
import { expect, it } from 'vitest';
import { spaceStatus } from '../../../src/station/status.ts';
import { StationsView } from '../../../src/ui/model/stations-view.ts';
import { ManyStations } from './many-stations.ts';
import { NodeWorld } from './node-world.ts';
import { startRecording } from './station-recording.ts';

const listed = async ({ space }: ManyStations) =>
  (await spaceStatus(space)).stations.map(({ name, sealed }) => ({ name, sealed }));

it('whose hours came before the key to them is one station once the key is here', async () => {
  const world = new ManyStations();
  await world.addHour(1, { isSealed: true });
  await world.addHour(2, { isSealed: true });
  expect(await listed(world)).toHaveLength(2);
  await world.giveKey();
  expect(await listed(world)).toEqual([
    { name: 'Station 1', sealed: 1 },
    { name: 'Station 2', sealed: 1 },
  ]);
});

it('some of whose hours can never be opened has them beside the others', async () => {
  const world = new ManyStations();
  await world.addHour(1, { isSealed: true });
  await world.addHour(1);
  await world.addHour(1, { isSealed: true });
  expect(await listed(world)).toEqual([{ name: 'Station 1', sealed: 3 }]);
});

it('keeps its facts when the one that stood for it goes as it comes', async () => {
  const world = new ManyStations();
  const view = new StationsView({ state: { stationFacts: [], recording: null } } as never);
  const look = async () => view.facts(world.space, (await spaceStatus(world.space)).stations, () => []);
  await world.addHour(1, { isSealed: true });
  await look();
  await world.giveKey();
  expect(await look()).toMatchObject([{ hourMs: 3_600_000 }]);
});

it('is none before its first reading, whether it was asked to record or not', async () => {
  const world = new NodeWorld();
  const { space } = await world.founded();
  const { recording, sensor } = await startRecording(space);
  expect((await spaceStatus(space)).stations).toEqual([]);
  sensor.deliver(7, world.clock.nowMs());
  await world.until(() => space.catalog.stations.size === 1);
  expect((await spaceStatus(space)).stations).toMatchObject([{ name: 'Ridge', sealed: 0 }]);
  await recording.stop();
  await world.close();
});
