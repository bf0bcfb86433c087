/** One sentence for everything: it says what is wrong, names the worst first, and cries no wolf. */
import { describe, expect, it } from 'vitest';
import { type NowState, nowSentence } from '../../../../src/ui/now/now-sentence.ts';
import { collectingView, HOUR_MS, heard, MINUTE_MS, NOW_MS, nowState, stationFacts } from './now-facts.ts';

const clock = (ms: number) => new Date(ms).toISOString().slice(11, 16);
const say = (state: NowState) => {
  const { tone, text } = nowSentence(state, NOW_MS, clock);
  return `${tone}: ${text}`;
};
const alone = collectingView({ connected: 0, aloneSinceMs: NOW_MS - 2 * HOUR_MS });
const many = (count: number) => Array.from({ length: count }, (_, i) => stationFacts(`S${i}`));
const rested = (name: string) => stationFacts(name, { stoppedMs: NOW_MS - HOUR_MS });
const silent = (name: string) => stationFacts(name, heard(3 * HOUR_MS + MINUTE_MS));

describe('the sentence', () => {
  it.each<[string, NowState]>([
    ['soft: Nothing has been recorded yet', nowState([])],
    ['good: Ridge is fine', nowState([stationFacts('Ridge')])],
    ['good: All 12 stations are fine', nowState(many(12))],
    ['bad: Ridge has been silent for 3 hours', nowState([silent('Ridge'), ...many(3)])],
    ['bad: 2 stations need you', nowState([silent('Ridge'), silent('Barn'), ...many(3)])],
    // Two hours of an hour's length, a quarter of an hour of a short one.
    ['good: Ridge is fine', nowState([stationFacts('Ridge', heard(2 * HOUR_MS))])],
    ['bad: Ridge has been silent for 2 hours', nowState([stationFacts('Ridge', heard(2 * HOUR_MS + 1))])],
    ['good: Ridge is fine', nowState([stationFacts('Ridge', { hourMs: 60_000, ...heard(15 * MINUTE_MS) })])],
    [
      'bad: Ridge has been silent for 16 minutes',
      nowState([stationFacts('Ridge', { hourMs: 60_000, ...heard(16 * MINUTE_MS) })]),
    ],
    // Of who was removed nothing is expected, and it is not counted.
    ['good: Barn is fine', nowState([{ ...silent('Ridge'), isRemoved: true }, stationFacts('Barn')])],
    ['good: All 2 stations are fine', nowState([...many(2), { ...stationFacts('Van'), isRemoved: true }])],
    // Who was stopped is not silent, and who was never heard cannot fall silent.
    [
      'soft: Ridge has not recorded since 03:00',
      nowState([stationFacts('Ridge', { stoppedMs: NOW_MS - 9 * HOUR_MS, ...heard(9 * HOUR_MS) })]),
    ],
    [
      'good: Barn is recording. Ridge has not recorded since 03:00.',
      nowState([
        stationFacts('Ridge', { stoppedMs: NOW_MS - 9 * HOUR_MS, ...heard(9 * HOUR_MS) }),
        stationFacts('Barn'),
      ]),
    ],
    [
      'good: 3 stations are recording. Ford has not recorded since 11:00.',
      nowState([...many(3), rested('Ford')]),
    ],
    [
      'good: 3 stations are recording. Ford and Weir are not recording.',
      nowState([...many(3), rested('Ford'), rested('Weir')]),
    ],
    [
      'good: 3 stations are recording. 4 stations are not.',
      nowState([...many(3), ...many(4).map((one) => ({ ...one, stoppedMs: NOW_MS }))]),
    ],
    [
      'good: Ridge is recording. Here is not recording.',
      nowState([stationFacts('Ridge'), stationFacts('Here', { isOwn: true })]),
    ],
    ['soft: Ford and Weir are not recording', nowState([rested('Ford'), rested('Weir')])],
    [
      'soft: None of the 3 stations is recording',
      nowState(['a', 'b', 'c'].map((name) => stationFacts(name, { stoppedMs: NOW_MS }))),
    ],
    ['good: Ridge is fine', nowState([stationFacts('Ridge', { status: { lastHeard: null } })])],
    // Silence that may be this device's own.
    ['soft: Ridge was fine when it was last heard', nowState([silent('Ridge')], { collecting: alone })],
    [
      'soft: 2 stations were fine when they were last heard',
      nowState([silent('Ridge'), silent('Barn')], { collecting: alone }),
    ],
    [
      'soft: Ridge was fine when it was last heard',
      nowState([silent('Ridge'), stationFacts('Here', { isOwn: true })], {
        collecting: alone,
        recording: { streams: [] } as never,
      }),
    ],
    [
      'good: Here is fine',
      nowState([stationFacts('Here', { isOwn: true })], {
        collecting: alone,
        recording: { streams: [] } as never,
      }),
    ],
    // This device knows what it does, whatever its last hour says.
    ['soft: Here is not recording', nowState([stationFacts('Here', { isOwn: true })], { collecting: alone })],
    // A device that is awake says so each minute, also when its recording has ended by itself.
    [
      'bad: Ridge is awake, and has recorded nothing for 3 days',
      nowState([stationFacts('Ridge', { lastEndMs: NOW_MS - 73 * HOUR_MS }), ...many(3)]),
    ],
    [
      'good: Ridge is fine',
      nowState([stationFacts('Ridge', { lastEndMs: NOW_MS - 73 * HOUR_MS, status: { unseen: 3 } })]),
    ],
    [
      'good: Ridge is fine',
      nowState([stationFacts('Ridge', { lastEndMs: NOW_MS - 73 * HOUR_MS, status: { replay: true } })]),
    ],
    // By a clock that is ahead a station would never fall silent.
    [
      'warn: The clock of Ridge is 5 hours ahead of this device’s',
      nowState([stationFacts('Ridge', heard(-5 * HOUR_MS))]),
    ],
    // What is missing while it could come, and does not.
    [
      'warn: 2 hours of Ridge did not come: no connected device has them',
      nowState([stationFacts('Ridge', { status: { held: 8, missing: 2 } })]),
    ],
    [
      'good: Ridge is fine',
      nowState([stationFacts('Ridge', { status: { held: 8, missing: 2 } })], {
        collecting: collectingView({ bytesPerSecond: 900 }),
      }),
    ],
    [
      'soft: Ridge was fine when it was last heard',
      nowState([stationFacts('Ridge', { status: { held: 8, missing: 2 } })], { collecting: alone }),
    ],
    // Interruptions of the latest hour, not of one long ago.
    [
      'warn: Ridge did not record for 4 minutes: its screen was off or another app in front',
      nowState([stationFacts('Ridge', { gaps: [{ cause: 'hidden', ms: 4 * MINUTE_MS }] })]),
    ],
    [
      'good: Ridge is fine',
      nowState([
        stationFacts('Ridge', {
          lastEndMs: NOW_MS - 2 * HOUR_MS - 10 * MINUTE_MS,
          gaps: [{ cause: 'hidden', ms: 4 * MINUTE_MS }],
          ...heard(20 * MINUTE_MS),
        }),
      ]),
    ],
    [
      'bad: 2 stations need you',
      nowState([stationFacts('Barn', { gaps: [{ cause: 'crash', ms: MINUTE_MS }] }), silent('Ridge')]),
    ],
    // This device.
    [
      'warn: This device waits to be let in by another device of the group',
      nowState([], { admitted: false }),
    ],
    [
      'bad: This device is not in the group: nothing is shared with it',
      nowState(many(2), { refusal: 'revoked', admitted: false }),
    ],
    ['bad: This device was not let in', nowState([], { refusal: 'surplus', admitted: false })],
    ['bad: This device was replaced by another one', nowState([], { refusal: 'succeeded', admitted: false })],
    ['bad: Another device does not share with this one', nowState(many(2), { refusal: 'expired' })],
    [
      'bad: This device records nothing: it may not use its sensors',
      nowState(many(2), { sensorFailure: { denied: true, sensors: [], troubles: [], isInterrupted: false } }),
    ],
    [
      'bad: This device is full: free space on it',
      nowState(many(2), { collecting: collectingView({ isFull: true }) }),
    ],
    [
      'warn: This device is full in 2 days',
      nowState(many(2), { storage: { usedBytes: 1, freeBytes: 2.5e8, persistent: null } }),
    ],
    [
      'bad: This device is full within a day',
      nowState(many(2), { storage: { usedBytes: 1, freeBytes: 5e7, persistent: null } }),
    ],
    // However slowly it fills, no day is named that nobody knows.
    [
      'bad: This device is nearly full: 50 MB are left',
      nowState(many(2), {
        storage: { usedBytes: 1, freeBytes: 5e7, persistent: null },
        collecting: collectingView({ bytesPerDay: null }),
      }),
    ],
    [
      'good: All 2 stations are fine',
      nowState(many(2), { storage: { usedBytes: 1, freeBytes: null, persistent: null } }),
    ],
    [
      'good: All 2 stations are fine',
      nowState(many(2), {
        storage: { usedBytes: 1, freeBytes: 2e8, persistent: null },
        collecting: collectingView({ bytesPerDay: null }),
      }),
    ],
    ['bad: 2 things need you', nowState([silent('Ridge')], { collecting: collectingView({ isFull: true }) })],
  ])('%s', (expected, state) => {
    expect(say(state)).toBe(expected);
  });

  it('says since when nobody is connected, and that recording goes on', () => {
    const state = nowState([silent('Ridge')], { collecting: alone, recording: { streams: [] } as never });
    expect(nowSentence(state, NOW_MS, clock).detail).toBe(
      'Connected to no device since 10:00: what others record is not heard here. Recording goes on.',
    );
    expect(nowSentence(nowState([silent('Ridge')]), NOW_MS, clock).detail).toBeNull();
  });

  describe('where devices find each other and nothing answers', () => {
    const down = { url: 'wss://raspberrypi.local:8443', state: 'unreachable' } as const;
    const since = (unmetSinceMs: number | null, change: Partial<NowState> = {}) => {
      const collecting = collectingView({ connected: 0, aloneSinceMs: NOW_MS - 2 * HOUR_MS, unmetSinceMs });
      return nowSentence(nowState(many(2), { hosts: [down], collecting, ...change }), NOW_MS, clock).detail;
    };

    it('says so, that recording goes on, and what waits', () => {
      expect(since(NOW_MS - HOUR_MS, { recording: { streams: [] } as never })).toBe(
        'raspberrypi.local, through which devices find each other, has not answered since 11:00: it is tried again. Recording goes on. Nothing is copied until then; what is here stays.',
      );
      expect(since(NOW_MS - HOUR_MS, { hosts: [down, { ...down, url: 'wss://hut.example' }] })).toBe(
        'None of the 2 meeting points has answered since 11:00: they are tried again. Nothing is copied until then; what is here stays.',
      );
    });

    it('says nothing of it for a minute, nor while a device is connected', () => {
      expect(since(NOW_MS - MINUTE_MS + 1)).toMatch(/^Connected to no device since/);
      expect(since(null)).toMatch(/^Connected to no device since/);
      const connected = collectingView({ connected: 1, unmetSinceMs: NOW_MS - HOUR_MS });
      expect(since(NOW_MS - HOUR_MS, { collecting: connected })).toBeNull();
    });
  });

  it('lists what needs a person with alarms first', () => {
    const gap = stationFacts('Barn', { gaps: [{ cause: 'store', ms: MINUTE_MS }] });
    const { concerns } = nowSentence(nowState([gap, silent('Ridge')]), NOW_MS, clock);
    expect(concerns.map(({ text }) => text)).toEqual([
      'Ridge has been silent for 3 hours',
      'Barn did not record for 60 seconds: it was full',
    ]);
  });
});
