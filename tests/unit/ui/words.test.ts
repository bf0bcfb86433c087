import { describe, expect, it } from 'vitest';
import {
  bytesText,
  clockText,
  countText,
  lengthInHoursText,
  lengthText,
  momentText,
  nextPartMs,
  readingText,
  sentence,
  timeText,
  zoneAt,
} from '../../../src/ui/parts/words.ts';

describe('what the page says', () => {
  it('of the zone: summer time by its own name', () => {
    const [winter, summer] = [Date.parse('2026-01-15T12:00:00Z'), Date.parse('2026-07-15T12:00:00Z')];
    const differ = new Date(winter).getTimezoneOffset() !== new Date(summer).getTimezoneOffset();
    expect(zoneAt(winter) !== zoneAt(summer)).toBe(differ);
  });

  it('of a moment: the date as well, once the time of day alone could be another day’s', () => {
    const nowMs = Date.parse('2026-11-21T12:00:00Z');
    expect(momentText(nowMs - 3_600_000, nowMs)).toBe(clockText(nowMs - 3_600_000));
    expect(momentText(nowMs - 86_400_000, nowMs)).toBe(timeText(nowMs - 86_400_000));
  });

  it.each([
    [0, '0 seconds'],
    [400, '400 ms'],
    [994.9, '990 ms'],
    [999, '1 second'],
    [12_000, '12 seconds'],
    [90_000, '90 seconds'],
    [119_600, '2 minutes'],
    [3_599_000, '1 hour'],
    [3_600_000, '1 hour'],
    [7_500_000, '2 hours 5 minutes'],
    [7_199_000, '2 hours'],
    [3_660_000, '1 hour 1 minute'],
    [86_399_000, '24 hours'],
    [-86_400_000, '24 hours'],
    [47.8 * 3_600_000, '2 days'],
    [34 * 86_400_000, '34 days'],
    [1_000 * 86_400_000, '3 years'],
  ])('of a length of %d ms: %s', (ms, text) => {
    expect(lengthText(ms)).toBe(text);
  });

  it('of lengths where hours are counted: hours, however many', () => {
    expect([720_000, 3_600_000, 480 * 3_600_000].map(lengthInHoursText)).toEqual([
      '12 minutes',
      '1 hour',
      '480 hours',
    ]);
  });

  it('of counts: one, many, and very many', () => {
    const hours = (count: number) => countText(count, 'hour', 'hours');
    expect([0, 1, 2].map(hours)).toEqual(['0 hours', '1 hour', '2 hours']);
    expect(hours(5_184_000).replaceAll(/[^0-9a-z ]/g, '')).toBe('5184000 hours');
  });

  it('of bytes: never a thousand of one unit', () => {
    expect([0, 1, 999, 1_000, 999_499, 999_600, 1e15, 1e18].map(bytesText)).toEqual([
      '0 B',
      '1 B',
      '999 B',
      '1.0 kB',
      '999 kB',
      '1.0 MB',
      '1000 TB',
      '1000000 TB',
    ]);
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
