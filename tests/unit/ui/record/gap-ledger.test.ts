import { describe, expect, it } from 'vitest';
import { GapLedger, MAX_LISTED_GAPS } from '../../../../src/ui/model/gap-ledger.ts';

function ledgerOf(...streams: [string, number | null][]): GapLedger {
  const ledger = new GapLedger();
  for (const [name, rateHz] of streams) ledger.opened(name, rateHz);
  return ledger;
}

describe('the list of interruptions', () => {
  it('tells a driver’s word once, from the last reading to the next', () => {
    const ledger = ledgerOf(['gyroscope', 60]);
    ledger.heard('gyroscope', 1_000);
    ledger.gap('gyroscope', 900, 'hidden');
    ledger.gap('gyroscope', 1_500, 'frozen');
    expect(ledger.list()).toEqual([
      { streams: ['gyroscope'], fromMs: 1_000, toMs: null, cause: 'hidden', detail: '' },
    ]);
    expect(ledger.silentSinceMs('gyroscope')).toBe(1_000);
    ledger.heard('gyroscope', 61_000);
    expect(ledger.list()).toEqual([
      { streams: ['gyroscope'], fromMs: 1_000, toMs: 61_000, cause: 'hidden', detail: '' },
    ]);
    expect(ledger.silentSinceMs('gyroscope')).toBeNull();
  });

  it('notices silence that nobody told of, and takes the cause that is told later', () => {
    const ledger = ledgerOf(['gyroscope', 60], ['accelerometer', 60]);
    ledger.heard('gyroscope', 0);
    ledger.heard('accelerometer', 0);
    ledger.check(2_000);
    expect(ledger.list()).toEqual([]);
    ledger.heard('accelerometer', 3_000);
    ledger.check(3_000);
    expect(ledger.silentSinceMs('gyroscope')).toBe(0);
    expect(ledger.list().find(({ toMs }) => toMs === null)).toMatchObject({
      streams: ['gyroscope'],
      cause: 'unknown',
    });
    ledger.gap('gyroscope', 3_000, 'sensor', 'unplugged');
    expect(ledger.list().find(({ toMs }) => toMs === null)).toMatchObject({
      streams: ['gyroscope'],
      fromMs: 0,
      cause: 'sensor',
      detail: 'unplugged',
    });
  });

  it('gives a slow stream the time that it asked for, and one of events ten times its usual pause', () => {
    const ledger = ledgerOf(['camera', 1 / 60], ['motion', null]);
    ledger.heard('camera', 0);
    ledger.check(170_000);
    expect(ledger.silentSinceMs('camera')).toBeNull();
    ledger.check(181_000);
    expect(ledger.silentSinceMs('camera')).toBe(0);
    ledger.heard('motion', 0);
    ledger.check(1e9);
    expect(ledger.silentSinceMs('motion')).toBeNull();
    ledger.heard('motion', 1e9);
    ledger.heard('motion', 1e9 + 1);
    const quick = ledgerOf(['motion', null]);
    for (let at = 0; at <= 10_000; at += 1_000) quick.heard('motion', at);
    quick.check(19_000);
    expect(quick.silentSinceMs('motion')).toBeNull();
    quick.check(20_100);
    expect(quick.silentSinceMs('motion')).toBe(10_000);
  });

  it('shows what befell several streams at once as one', () => {
    const ledger = ledgerOf(['accelerometer', 60], ['gyroscope', 60], ['magnetometer', 10]);
    for (const name of ['accelerometer', 'gyroscope', 'magnetometer']) ledger.heard(name, 1_000);
    ledger.gap('accelerometer', 1_100, 'hidden');
    ledger.gap('gyroscope', 1_120, 'hidden');
    ledger.gap('magnetometer', 1_130, 'hidden');
    for (const name of ['accelerometer', 'gyroscope', 'magnetometer']) ledger.heard(name, 9_000);
    expect(ledger.list()).toEqual([
      {
        streams: ['accelerometer', 'gyroscope', 'magnetometer'],
        fromMs: 1_100,
        toMs: 9_000,
        cause: 'hidden',
        detail: '',
      },
    ]);
  });

  it('keeps the newest when there are more than it lists', () => {
    const ledger = ledgerOf();
    for (let i = 0; i < 3 * MAX_LISTED_GAPS; i++) ledger.all(i * 10_000, i * 10_000 + 1_000, 'crash');
    const list = ledger.list();
    expect(list.length).toBe(MAX_LISTED_GAPS);
    expect(list[0]?.fromMs).toBe((3 * MAX_LISTED_GAPS - 1) * 10_000);
  });

  it('forgets no other for one that has left the list already', () => {
    const ledger = ledgerOf(['gyroscope', 60]);
    ledger.heard('gyroscope', 0);
    ledger.check(10_000);
    for (let i = 1; i <= MAX_LISTED_GAPS; i++) ledger.all(i * 10_000, i * 10_000 + 1_000, 'crash');
    ledger.closed('gyroscope');
    expect(ledger.list()[0]?.fromMs).toBe(MAX_LISTED_GAPS * 10_000);
  });

  it.each([3_600_000, -3_600_000])(
    'takes a clock that was set by %d ms for no silence, and for no sign of life',
    (byMs) => {
      const ledger = ledgerOf(['gyroscope', 60]);
      ledger.heard('gyroscope', 1e9);
      ledger.clockSet(byMs);
      ledger.check(1e9 + byMs + 1_000);
      expect(ledger.list()).toEqual([]);
      ledger.check(1e9 + byMs + 4_000);
      expect(ledger.silentSinceMs('gyroscope')).toBe(1e9 + byMs);
      ledger.clockSet(-byMs);
      expect(ledger.silentSinceMs('gyroscope')).toBe(1e9);
    },
  );

  it('does not expect anything of a stream that was switched off', () => {
    const ledger = ledgerOf(['gyroscope', 60]);
    ledger.heard('gyroscope', 0);
    ledger.check(10_000);
    ledger.closed('gyroscope');
    ledger.check(20_000);
    expect(ledger.list()).toEqual([]);
  });
});
