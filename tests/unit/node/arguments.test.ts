import { describe, expect, it } from 'vitest';
import { parseTime } from '../../../src/node/arguments.ts';

const HOUR_MS = 3_600_000;
const AT_MS = Date.UTC(2026, 6, 1, 14);

describe('a time on the command line', () => {
  it.each([
    ['2026-07-01T14:00', AT_MS],
    ['2026-07-01T14:00Z', AT_MS],
    ['2026-07-01T14:00+02:00', AT_MS - 2 * HOUR_MS],
    ['2026-07-01', AT_MS - 14 * HOUR_MS],
    ['2026-07-01 14:00:00.5', AT_MS + 500],
    [String(AT_MS), AT_MS],
  ])('%s is UTC unless it names a zone, whatever zone this machine is in', (text, ms) => {
    const before = process.env['TZ'];
    process.env['TZ'] = 'America/New_York';
    try {
      expect(parseTime(text, '--from')).toBe(ms);
    } finally {
      if (before === undefined) delete process.env['TZ'];
      else process.env['TZ'] = before;
    }
  });

  it.each(['2026', 'station 1', '1751983973', '2026-02-31', 'yesterday', '', '9'.repeat(30)])(
    '“%s” is none, and the refusal shows one',
    (text) => {
      expect(() => parseTime(text, '--from')).toThrow(/--from takes a time such as 2026-07-01T14:00/);
    },
  );
});
