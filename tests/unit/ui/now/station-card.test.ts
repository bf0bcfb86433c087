/** What a station's card says of where its hours are. */
import { expect, it } from 'vitest';
import { hereText, standingOf } from '../../../../src/ui/now/station-card.ts';
import { HOUR_MS, MINUTE_MS, NOW_MS, type StationChange, stationFacts } from './now-facts.ts';

it.each([
  [{ sealed: 0, held: 0 }, 'no hour finished yet'],
  [{ sealed: 12, held: 12 }, 'all 12 hours here'],
  [{ sealed: 12, held: 3, inFolder: 9 }, '3 of 12 hours here, 9 in the folder'],
  [{ sealed: 12, held: 3, inFolder: 4 }, '3 of 12 hours here, 4 in the folder'],
  [{ sealed: 12, held: 0, inFolder: 12 }, 'all 12 hours in the folder'],
])('%o: %s', (status, text) => {
  expect(hereText(stationFacts('Ridge', { status }))).toBe(text);
});

it('says how long that is where it is not many hours: a part of one is not one', () => {
  const facts = (recordedMs: number) => stationFacts('Ridge', { recordedMs, status: { sealed: 1, held: 1 } });
  expect(hereText(facts(12 * MINUTE_MS))).toBe('all 12 minutes here');
  expect(hereText(facts(60 * MINUTE_MS))).toBe('all 1 hour here');
});

const CONTEXT = { nowMs: NOW_MS, isAlone: false, isRecording: false, isOut: false };
const heardAt = (ms: number) => ({ lastHeard: new Date(ms).toISOString() });

it.each<readonly [string, StationChange, string]>([
  ['its last hour went to its end, and it was heard since', {}, 'records now'],
  ['its last hour ended early', { isWholeToEnd: false }, 'fine'],
  ['it was not heard for ten minutes', { status: heardAt(NOW_MS - 10 * MINUTE_MS) }, 'fine'],
  ['it was last heard before its hour ended', { lastEndMs: NOW_MS - MINUTE_MS / 2 }, 'fine'],
  ['its next hour is due', { lastEndMs: NOW_MS - HOUR_MS - 6 * MINUTE_MS }, 'fine'],
  ['it plays a recording', { status: { replay: true } }, 'fine'],
  [
    'it has finished nothing yet',
    { lastEndMs: null, hourMs: null, status: { sealed: 0, held: 0 } },
    'has begun to record',
  ],
  ['a person stopped it', { stoppedMs: NOW_MS - 30 * MINUTE_MS }, 'stopped'],
])('another station: %s', (_, change, text) => {
  expect(standingOf(stationFacts('Ridge', change), CONTEXT).text).toMatch(new RegExp(`^${text}`));
});

it('is not called fine by a device that takes no part in the group', () => {
  expect(standingOf(stationFacts('Ridge'), { ...CONTEXT, isOut: true })).toMatchObject({
    tone: 'soft',
    text: 'shares nothing with this device',
  });
});
