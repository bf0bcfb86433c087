import { describe, expect, it } from 'vitest';
import type { StationStatus } from '../../../src/station/status.ts';
import { holdingText, nextPartMs, readingText, sentence } from '../../../src/ui/parts/words.ts';

const STATION: StationStatus = {
  id: 'a',
  key: 'did:key:zA/a',
  name: 'Ridge',
  seq: 3,
  sealed: 3,
  held: 3,
  missing: 0,
  bytes: 1,
  unseen: 0,
  completeTo: '2026-11-21T14:00:00.000Z',
  lastHeard: '2026-11-21T13:51:00.000Z',
  replay: false,
};

describe('what the page says', () => {
  it('of a station: all here only when nothing is known to be elsewhere', () => {
    expect(holdingText(STATION)).toEqual({ text: 'all here', tone: 'good' });
    expect(holdingText({ ...STATION, unseen: 2 })).toEqual({ text: '2 missing', tone: 'warn' });
    expect(holdingText({ ...STATION, missing: 1, unseen: 2 }).text).toBe('3 missing');
    expect(holdingText({ ...STATION, sealed: 0, held: 0 })).toEqual({
      text: 'no part finished yet',
      tone: 'soft',
    });
  });

  it('of readings: as many decimals every time, and no negative nothing', () => {
    expect(['0.8', '0.7662', '10', '-0.001'].map((value) => readingText(Number(value), 'm/s2'))).toEqual([
      '0.80',
      '0.77',
      '10.00',
      '0.00',
    ]);
    expect(readingText(13_780, 'By')).toBe('13780');
    expect(readingText(-0, 'hPa')).toBe('0');
    expect(readingText(null, 'uT')).toBe('–');
  });

  it('of errors: sentences', () => {
    expect(sentence('this is not an invite link')).toBe('This is not an invite link.');
  });

  it('of the next part: the full hour', () => {
    const at = Date.parse('2026-11-21T13:51:00Z');
    expect(nextPartMs(at, 3_600_000)).toBe(Date.parse('2026-11-21T14:00:00Z'));
  });
});
