/** What leaving deletes is said before, all of it. */
import { expect, it } from 'vitest';
import type { Space } from '../../../src/station/space.ts';
import { whatLeavingCosts } from '../../../src/ui/model/leaving-costs.ts';
import { leavingLosses } from '../../../src/ui/people/leaving-losses.ts';
import { HOUR_MS, ManyStations, START_MS } from '../station/many-stations.ts';

const NOTHING = { ownHours: 0, othersHours: 0, ownMs: null, othersMs: null, pictures: 0, isWaiting: false };
const NO_LOSS = 'Nothing was recorded in this group yet: no recording is lost.';

it('that nothing is lost is said only where nothing is', () => {
  expect(leavingLosses(NOTHING, { refusal: null, recordingPhase: 'idle' })).toContain(NO_LOSS);
  const recording = leavingLosses(NOTHING, { refusal: null, recordingPhase: 'running' });
  expect(recording).not.toContain(NO_LOSS);
  expect(recording[0]).toMatch(/^Recording stops, and what was recorded since the last full hour is deleted/);
  const pictures = leavingLosses({ ...NOTHING, pictures: 2 }, { refusal: null, recordingPhase: 'idle' });
  expect(pictures).not.toContain(NO_LOSS);
  expect(pictures[0]).toBe('Deleted here: 2 pictures.');
});

it('counts what a device keeps for others and cannot open', async () => {
  const world = new ManyStations();
  const blob = world.blob();
  await world.addHour(1, { isSealed: true, blobs: [blob] });
  await world.addHour(1, { isSealed: true });
  world.hold(blob);
  expect(whatLeavingCosts(world.space as Space, null)).toMatchObject({ ownHours: 0, othersHours: 1 });
});

it('says for how long was recorded where that is not many hours, and fits one as well as many', () => {
  const at = { refusal: null, recordingPhase: 'idle' } as const;
  const six = leavingLosses({ ...NOTHING, othersHours: 1, othersMs: 6 * 60_000 }, at);
  expect(six[0]).toBe('Deleted here: 6 minutes that other devices recorded.');
  const many = leavingLosses({ ...NOTHING, othersHours: 300 }, at);
  expect(many[0]).toBe('Deleted here: 300 hours that other devices recorded.');
});

it('knows for how long was recorded only of what it can open', async () => {
  const world = new ManyStations();
  const blobs = [world.blob()] as const;
  const stop = { stream: null, cause: 'stop' as const, detail: '' };
  await world.addHour(1, {
    gaps: [{ ...stop, fromMs: START_MS + 6 * 60_000, toMs: START_MS + HOUR_MS }],
    blobs: [blobs[0]],
  });
  world.hold(blobs[0]);
  await world.giveKey();
  const { othersHours, othersMs } = whatLeavingCosts(world.space as Space, null) ?? {};
  expect(othersHours).toBe(1);
  expect(Math.round((othersMs ?? 0) / 60_000)).toBe(6);
});
