/** Whether one may leave: only when all is here, and why not otherwise. */
import { describe, expect, it } from 'vitest';
import type { CollectingView } from '../../../../src/ui/model/collecting-view.ts';
import { limitsText } from '../../../../src/ui/now/collecting-words.ts';
import { leaving } from '../../../../src/ui/now/leave-words.ts';
import { byUrgency } from '../../../../src/ui/now/station-card.ts';
import { leftText, listText, stretchText } from '../../../../src/ui/now/time-words.ts';
import { runsOf } from '../../../../src/ui/parts/sparkline.ts';
import { collectingView, HOUR_MS, heard, NOW_MS, stationFacts } from './now-facts.ts';

const clock = (ms: number) => new Date(ms).toISOString().slice(11, 16);
const behind = (name: string, missing: number) => stationFacts(name, { status: { held: 10, missing } });
const stations = [behind('Ridge', 9), behind('Barn', 4), behind('Spring', 1), stationFacts('Mill')];
const visit = { sinceMs: NOW_MS, things: 3, bytes: 9, completeMs: null, newThings: 0 };
const coming = (change: Partial<CollectingView> = {}) =>
  collectingView({
    mayLeave: false,
    bytesPerSecond: 9e5,
    things: { held: 90, missing: 14 },
    visit,
    ...change,
  });

describe('leaving', () => {
  it('is told to stay for what is still coming, and what would stay behind', () => {
    expect(leaving(stations, coming(), clock)).toEqual({
      kind: 'stay',
      headline: 'Stay: 14 hours of 3 stations still coming',
      detail: '',
      missing: ['Ridge: 9 hours', 'Barn: 4 hours', 'Spring: 1 hour'],
    });
  });

  it.each([
    [
      { limits: { paused: true, bytesPerSecond: null, amountBytes: null } },
      'Collecting is paused: nothing comes until you go on.',
    ],
    [
      { isFull: true },
      'This device is full: free space on it. What is here stays, and can be copied to a folder.',
    ],
    [{ isSpent: true }, 'The amount that you set is used up: nothing more comes until you change it.'],
    [{ connected: 0 }, 'The connection is gone. Stay near: it is made again by itself.'],
    [
      { bytesPerSecond: 0 },
      'Nothing has come for a while: no connected device has it, or the connection is too weak. Waiting may not help.',
    ],
  ])('is told why nothing comes: %o', (change, reason) => {
    expect(leaving(stations, coming(change), clock)).toMatchObject({ kind: 'stuck', detail: reason });
  });

  it('is free when all that was told of is here, and hears calmly of what is new since', () => {
    const free = collectingView({ visit: { ...visit, completeMs: NOW_MS } });
    expect(leaving([stationFacts('Mill')], free, clock)).toEqual({
      kind: 'leave',
      headline: 'You can leave now',
      detail: 'Everything that Barn had is stored on this device.',
      missing: [],
    });
    const more = collectingView({ visit: { ...visit, completeMs: NOW_MS, newThings: 1 } });
    expect(leaving([behind('Ridge', 1)], more, clock)).toMatchObject({
      kind: 'leave',
      detail: 'Everything that Barn had is stored on this device. 1 hour new since 12:00: on the way.',
    });
  });

  it('is never told to leave while it may not, whatever else is so', () => {
    for (const paused of [true, false])
      for (const connected of [0, 1])
        for (const missing of [0, 5]) {
          const limits = { paused, bytesPerSecond: null, amountBytes: null };
          const view = coming({ limits, connected, things: { held: 1, missing } });
          expect(leaving(missing === 0 ? [] : stations, view, clock).kind).not.toBe('leave');
        }
  });
});

describe('words', () => {
  it('of a stretch of time are rounded down and never nothing', () => {
    expect(
      [0, 59_000, 61_000, 119_000, 2 * HOUR_MS - 1, 47 * HOUR_MS, 49 * HOUR_MS].map(stretchText),
    ).toEqual(['1 second', '59 seconds', '61 seconds', '119 seconds', '1 hour', '47 hours', '2 days']);
  });

  it('of the time left are coarser the longer it is', () => {
    expect([0, 44_000, 46_000, 262_000, 1_300_000, 3_600_000, 9_100_000, 90_000_000].map(leftText)).toEqual([
      'less than a minute',
      'less than a minute',
      'about 1 min',
      'about 4 min',
      'about 20 min',
      'about 1 h',
      'about 2.5 h',
      'about a day',
    ]);
  });

  it('name a few and count the rest', () => {
    expect(
      [[], ['a'], ['a', 'b'], ['a', 'b', 'c'], ['a', 'b', 'c', 'd', 'e']].map((names) => listText(names)),
    ).toEqual(['', 'a', 'a and b', 'a, b and c', 'a, b and 3 more']);
  });

  it('of limits have numbers in them', () => {
    const limits = { paused: false, bytesPerSecond: 200_000, amountBytes: 500e6 };
    expect(limitsText(collectingView({ limits }))).toBe(
      'At most 500 MB more are collected, newest first, at most 200 kB a second.',
    );
    expect(limitsText(collectingView())).toBe('Everything is collected, newest first, as fast as it goes.');
  });
});

it('cards stand by urgency, then by name as people count', () => {
  const cards = ['S10', 'S9', 'Ridge'].map((name) => stationFacts(name));
  const silent = stationFacts('Zinc', heard(9 * HOUR_MS));
  const order = byUrgency([...cards, behind('Mill', 2), silent], {
    nowMs: NOW_MS,
    isAlone: false,
    isRecording: false,
    isOut: false,
  });
  expect(order.map(({ status }) => status.name)).toEqual(['Zinc', 'Mill', 'Ridge', 'S9', 'S10']);
});

it('a line breaks where nothing was recorded', () => {
  const at = (...times: number[]) => times.map((atMs) => ({ atMs }));
  expect(runsOf(at(0, 1, 2, 9, 10), 2).map((run) => run.length)).toEqual([3, 2]);
  expect(runsOf(at(), 2)).toEqual([]);
});
