/** What cards say beyond the counts, from the hours as they are listed. */
import { describe, expect, it } from 'vitest';
import { spaceStatus } from '../../../../src/station/status.ts';
import type { ModelCore } from '../../../../src/ui/model/model-core.ts';
import type { StationFacts } from '../../../../src/ui/model/station-facts.ts';
import { StationsView } from '../../../../src/ui/model/stations-view.ts';
import { nameOf } from '../../../../src/ui/now/now-sentence.ts';
import { HOUR_MS, ManyStations, START_MS } from '../../station/many-stations.ts';

const MINUTE_MS = 60_000;

function setting() {
  const world = new ManyStations();
  const state = { stationFacts: [] as readonly StationFacts[], recording: null as unknown };
  const view = new StationsView({ state } as unknown as ModelCore);
  const look = async () => {
    const { stations } = await spaceStatus(world.space);
    state.stationFacts = view.facts(world.space, stations, () => []);
    return state.stationFacts;
  };
  const key = async () => (await look())[0]?.status.key ?? '';
  return { world, state, view, look, key };
}

describe('a station', () => {
  it('is stopped when its latest hour ends with a stop, and not any more when another follows', async () => {
    const { world, look } = setting();
    const stop = {
      stream: null,
      fromMs: START_MS + 20 * MINUTE_MS,
      toMs: START_MS + HOUR_MS,
      cause: 'stop' as const,
      detail: '',
    };
    await world.addHour(0, { gaps: [stop] });
    expect(await look()).toMatchObject([
      { stoppedMs: stop.fromMs, hourMs: HOUR_MS, lastEndMs: START_MS + HOUR_MS, gaps: [] },
    ]);
    await world.addHour(0);
    expect(await look()).toMatchObject([{ stoppedMs: null, lastEndMs: START_MS + 2 * HOUR_MS }]);
  });

  it('is neither stopped nor was silent to the end of an hour that ended with its program', async () => {
    const { world, look } = setting();
    const crash = {
      stream: null,
      fromMs: START_MS + 2 * MINUTE_MS,
      toMs: START_MS + HOUR_MS,
      cause: 'crash' as const,
      detail: '',
    };
    await world.addHour(0, { gaps: [crash] });
    expect(await look()).toMatchObject([{ stoppedMs: null, gaps: [] }]);
  });

  it('tells the interruptions of its latest hour once a cause, and neither starts nor short ones', async () => {
    const { world, look } = setting();
    const gap = (cause: 'hidden' | 'start' | 'sensor', ms: number, stream: number | null = null) => ({
      stream,
      fromMs: START_MS,
      toMs: START_MS + ms,
      cause,
      detail: '',
    });
    const gaps = [
      gap('start', 9 * MINUTE_MS),
      gap('sensor', 4_000),
      gap('hidden', MINUTE_MS, 0),
      gap('hidden', MINUTE_MS, 1),
    ];
    await world.addHour(0, { gaps });
    expect((await look())[0]?.gaps).toEqual([{ cause: 'hidden', ms: MINUTE_MS }]);
  });

  it('has a line of its last day, with means and extents', async () => {
    const { world, view, key } = setting();
    for (let hour = 0; hour < 30; hour++) await world.addHour(0, { mean: hour });
    const spark = view.spark(await key());
    expect(spark).toMatchObject({ label: 'pressure p', unit: 'hPa', isLive: false, stepMs: 1.5 * HOUR_MS });
    expect(spark?.points.map(({ mean }) => mean)).toEqual(Array.from({ length: 24 }, (_, i) => i + 6));
    expect(spark?.points[0]).toMatchObject({ min: 5, max: 7, atMs: START_MS + 6.5 * HOUR_MS });
  });

  it('has no line where nothing was measured', async () => {
    const { world, view, key } = setting();
    await world.addHour(0);
    expect(view.spark(await key())).toBeNull();
  });
});

describe('the room that a day takes', () => {
  it('is unknown before an hour was seen, and then what the last day took, over all stations', async () => {
    const { world, view, look } = setting();
    expect(view.bytesPerDay(START_MS)).toBeNull();
    for (let hour = 0; hour < 48; hour++)
      await world.addHour(0, { blobs: [world.blob(hour < 24 ? 9_999 : 1_000)] });
    await world.addHour(1, { blobs: [world.blob(500)] });
    await look();
    expect(view.bytesPerDay(START_MS + 24 * HOUR_MS)).toBe(24 * 1_000 + 24 * 500);
    // The second has brought nothing since the first hour: it takes no room any more.
    expect(view.bytesPerDay(START_MS + 48 * HOUR_MS)).toBe(24 * 1_000);
  });
});

it('takes a part of an hour for a part: what a few minutes took is no forecast', async () => {
  const { world, view, look } = setting();
  await world.addHour(0, { mean: 1, recordedMs: 5 * MINUTE_MS, blobs: [world.blob(1_000)] });
  await look();
  expect(view.bytesPerDay(START_MS + HOUR_MS)).toBeNull();
  await world.addHour(0, { mean: 1, recordedMs: HOUR_MS - 1_000, blobs: [world.blob(12_000)] });
  await look();
  const perDay = view.bytesPerDay(START_MS + 2 * HOUR_MS) ?? 0;
  expect(Math.round(perDay / 1_000)).toBe(288);
});

it('what this device reads now is its live line, and is gone when it stops', async () => {
  const { world, state, view, look } = setting();
  await world.addHour(0, { mean: 5 });
  const [facts] = await look();
  state.stationFacts = [{ ...(facts as StationFacts), isOwn: true }];
  const reading = (last: number) => ({
    streams: [{ name: 'light', trouble: null, columns: [{ name: 'lux', unit: 'lx', last }] }],
  });
  for (let second = 0; second < 90; second++) {
    state.recording = reading(second);
    view.noteReading(second * 1_000);
  }
  const spark = view.spark(facts?.status.key ?? '');
  expect(spark).toMatchObject({ label: 'light lux', unit: 'lx', isLive: true });
  expect(spark?.points).toHaveLength(60);
  expect(spark?.points.at(-1)?.mean).toBe(89);
  state.recording = null;
  view.noteReading(90_000);
  expect(view.spark(facts?.status.key ?? '')).toMatchObject({ isLive: false });
});

it('two stations of one name carry what tells them apart, everywhere they are named', async () => {
  const { world, look } = setting();
  await world.addHour(0, { name: 'Android phone' });
  await world.addHour(1, { name: 'Android phone' });
  await world.addHour(2);
  const [first, second, third] = await look();
  expect([first, second].map((one) => one?.status.name)).toEqual(['Android phone', 'Android phone']);
  // Of its own device; ids that this world makes begin alike, those of keys do not.
  expect([first, second].map((one) => one?.status.key.slice('did:key:z6Mk'.length, -1))).toEqual([
    expect.stringMatching(new RegExp(`^${first?.mark}`)),
    expect.stringMatching(new RegExp(`^${second?.mark}`)),
  ]);
  expect(third?.mark).toBeNull();
  expect(nameOf(first as StationFacts)).toBe(`Android phone (${first?.mark})`);
});

it('an hour that ended before its slot says that the recording ended with it', async () => {
  const { world, look } = setting();
  const end = { stream: null, fromMs: START_MS + MINUTE_MS, toMs: START_MS + HOUR_MS, detail: '' };
  await world.addHour(0, { gaps: [{ ...end, cause: 'sensor' }] });
  await world.addHour(1);
  expect((await look()).map(({ isWholeToEnd }) => isWholeToEnd)).toEqual([false, true]);
});
