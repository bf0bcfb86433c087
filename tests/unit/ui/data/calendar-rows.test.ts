import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timelineOf } from '../../../../src/station/timeline.ts';
import { calendarRows, cellsOf, shapeOf, Zone } from '../../../../src/ui/data/calendar-rows.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function timelineAt(starts: readonly number[], lengthMs = HOUR_MS) {
  return timelineOf(
    starts.map((startMs) => ({ body: { startMs, lengthMs, gaps: [] } })),
    () => true,
  );
}

/** The row that a moment lies in, and its cells. */
function cellsOfDay(iso: string, zoneName: string) {
  const zone = new Zone(zoneName);
  const at = Date.parse(iso);
  const row = { kind: 'cells', fromMs: zone.dayStart(at), toMs: zone.nextDay(at) } as const;
  return cellsOf(row, shapeOf(timelineAt([at])), zone);
}

describe('the calendar of hours', () => {
  it('has 24 cells on an ordinary day, each in its column', () => {
    const cells = cellsOfDay('2026-02-03T12:00Z', 'Europe/Berlin');
    expect(cells.map(({ column }) => column)).toEqual(Array.from({ length: 24 }, (_, i) => i));
    expect(cells[0]?.fromMs).toBe(Date.parse('2026-02-02T23:00Z'));
  });

  it('leaves the skipped hour empty on the day of 23 hours', () => {
    const cells = cellsOfDay('2026-03-29T12:00Z', 'Europe/Berlin');
    expect(cells.length).toBe(23);
    expect(cells.map(({ column }) => column)).not.toContain(2);
    expect(cells.every(({ parts }) => parts === 1)).toBe(true);
  });

  it('shares one column between the two of the repeated hour on the day of 25', () => {
    const cells = cellsOfDay('2026-10-25T12:00Z', 'Europe/Berlin');
    expect(cells.length).toBe(25);
    expect(cells.filter(({ column }) => column === 2).map(({ part, parts }) => [part, parts])).toEqual([
      [0, 2],
      [1, 2],
    ]);
  });

  it('keeps slots whole in zones that are off by half an hour', () => {
    const cells = cellsOfDay('2026-02-03T12:00Z', 'Asia/Kolkata');
    expect(cells.length).toBe(24);
    expect(cells.every(({ fromMs }) => fromMs % HOUR_MS === 0)).toBe(true);
    // The day begins at 18:30 UTC; its first slot at 19:00, which is half past midnight there.
    expect(cells[0]).toMatchObject({ fromMs: Date.parse('2026-02-02T19:00Z'), column: 0 });
  });

  it('begins a day at the first moment that there is, where clocks skip midnight', () => {
    const zone = new Zone('America/Santiago');
    const at = Date.parse('2026-09-06T12:00Z');
    expect(new Date(zone.dayStart(at)).toISOString()).toBe('2026-09-06T04:00:00.000Z');
    expect(zone.nextDay(at) - zone.dayStart(at)).toBe(23 * HOUR_MS);
  });

  it('puts every slot into exactly one cell, in any zone', () => {
    const zones = [
      'UTC',
      'Europe/Berlin',
      'Asia/Kolkata',
      'Australia/Lord_Howe',
      'America/St_Johns',
      'Pacific/Apia',
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: 490_000, max: 500_000 }),
        fc.uniqueArray(fc.integer({ min: 0, max: 2_000 }), { minLength: 1, maxLength: 40 }),
        (name, base, offsets) => {
          const zone = new Zone(name);
          const starts = offsets.map((offset) => (base + offset) * HOUR_MS);
          const timeline = timelineAt(starts);
          const shape = shapeOf(timeline);
          const rows = calendarRows(timeline, shape, zone);
          const found = rows.flatMap((row) => (row.kind === 'cells' ? cellsOf(row, shape, zone) : []));
          for (const start of starts) expect(found.filter(({ fromMs }) => fromMs === start).length).toBe(1);
          rows.slice(1).forEach((row, i) => {
            expect(row.fromMs).toBe(rows[i]?.toMs);
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('folds a long time without hours into one row', () => {
    const zone = new Zone('UTC');
    const timeline = timelineAt([0, 30 * DAY_MS]);
    expect(calendarRows(timeline, shapeOf(timeline), zone)).toEqual([
      { kind: 'cells', fromMs: 0, toMs: DAY_MS },
      { kind: 'folded', fromMs: DAY_MS, toMs: 30 * DAY_MS, count: 29 },
      { kind: 'cells', fromMs: 30 * DAY_MS, toMs: 31 * DAY_MS },
    ]);
  });

  it('groups hours of three seconds in rows of a minute', () => {
    const timeline = timelineAt([0, 3_000, 6_000], 3_000);
    const shape = shapeOf(timeline);
    expect(shape).toMatchObject({ isDays: false, rowMs: 60_000, cellMs: 3_000, columns: 20 });
    expect(calendarRows(timeline, shape, new Zone('UTC')).length).toBe(1);
  });
});
