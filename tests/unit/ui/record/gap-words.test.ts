import { describe, expect, it } from 'vitest';
import type { GapCause } from '../../../../src/hour/types.ts';
import type { RecordingView, StreamView } from '../../../../src/ui/model/app-state.ts';
import { gapWords, roomText, sleepyText, standing } from '../../../../src/ui/record/gap-words.ts';

const STREAM: StreamView = {
  name: 'gyroscope',
  driver: 'gyroscope',
  trouble: null,
  isOver: false,
  silentMs: null,
  replay: false,
  rateHz: 60,
  rows: 100,
  columns: [],
};

function recording(change: Partial<RecordingView>): RecordingView {
  return {
    sinceMs: 0,
    hourMs: 3_600_000,
    streams: [STREAM],
    sealedHours: 0,
    sealedMs: 0,
    pictures: 0,
    waitingHours: 0,
    gaps: [],
    awake: 'held',
    fullSinceMs: null,
    resumed: null,
    bytesPerDay: null,
    ...change,
  };
}

describe('words of a recording', () => {
  it('every cause of an interruption has words of its own', () => {
    const causes: GapCause[] = [
      'hidden',
      'frozen',
      'permission',
      'sensor',
      'crash',
      'clock',
      'store',
      'stop',
      'unknown',
    ];
    const words = causes.map((cause) => gapWords({ cause, detail: '' }).what);
    expect(new Set(words).size).toBe(causes.length);
    expect(gapWords({ cause: 'clock', detail: '-3600000' }).what).toBe('The clock was set back by 1 hour');
    expect(gapWords({ cause: 'sensor', detail: 'the cable was pulled out' }).what).toBe(
      'The sensor stopped: the cable was pulled out',
    );
  });

  it.each([
    [recording({}), true, 'Recording'],
    [recording({ streams: [] }), false, 'Waiting for the first reading'],
    [recording({ streams: [{ ...STREAM, rows: 0 }] }), false, 'Waiting for the first reading'],
    [
      recording({ streams: [STREAM, { ...STREAM, name: 'accelerometer', trouble: 'x', silentMs: 12_400 }] }),
      false,
      'Movement: silent for 12 seconds',
    ],
    [
      recording({ streams: [STREAM, { ...STREAM, name: 'camera', trouble: 'x', isOver: true }] }),
      false,
      'Pictures: stopped',
    ],
    [recording({ fullSinceMs: 5 }), false, 'This device is full'],
  ])('how it stands is fit for a metre away (%#)', (view, isFine, word) => {
    expect(standing(view)).toMatchObject({ isFine, word });
  });

  it('what a screen reader is told does not change with the seconds', () => {
    const silent = (silentMs: number) => recording({ streams: [{ ...STREAM, trouble: 'x', silentMs }] });
    expect(standing(silent(12_000)).said).toBe(standing(silent(13_000)).said);
    expect(standing(silent(12_000)).word).not.toBe(standing(silent(13_000)).word);
  });

  it.each([
    [null, 1e6, 'The browser does not tell how much room there is.'],
    [1e9, null, 'How long the room lasts is known when the first hour is finished, at 15:00.'],
    [34e6, 1e6, 'Room for about 34 days at this rate.'],
    [5e5, 1e6, 'Room for about 12 hours at this rate.'],
    [1e4, 1e6, 'Room for less than an hour at this rate: free some space now.'],
    [1e9, 1e6, 'Room for about 3 years at this rate.'],
    [1e12, 1, 'Room for more than ten years at this rate.'],
    [0, 0, 'Room for less than an hour at this rate: free some space now.'],
  ])('room says no more than is known (%s free, %s a day)', (freeBytes, bytesPerDay, text) => {
    expect(roomText(freeBytes, bytesPerDay, '15:00')).toBe(text);
  });

  it('nothing is guessed of the battery when the screen is not kept on', () => {
    const charging = sleepyText('refused', { level: 0.1, charging: true });
    expect(charging).not.toMatch(/is low|the battery is at|Plug/);
    expect(sleepyText('refused', null)).toBe(charging);
    expect(sleepyText('refused', { level: 0.15, charging: false })).toMatch(
      /the battery is at 15 %\. Plug the device in/,
    );
    expect(sleepyText('refused', { level: 0.8, charging: false })).toMatch(/80 % and not charging/);
    expect(sleepyText('unsupported', null)).toMatch(/This browser cannot keep the screen on/);
  });
});
