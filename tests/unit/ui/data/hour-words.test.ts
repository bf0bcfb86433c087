/** What the Data place says of hours: as long as they are, and the same of gaps everywhere. */
import { describe, expect, it } from 'vitest';
import type { Gap } from '../../../../src/hour/types.ts';
import type { HourBody } from '../../../../src/station/entry-bodies.ts';
import { timelineOf } from '../../../../src/station/timeline.ts';
import { cellText, countsText } from '../../../../src/ui/data/hour-words.ts';
import { clockText } from '../../../../src/ui/parts/words.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const START_MS = Date.UTC(2026, 9, 28, 14);

function gap(fromMinute: number, toMinute: number, cause: Gap['cause'], stream: number | null = null): Gap {
  return {
    stream,
    fromMs: START_MS + fromMinute * MINUTE_MS,
    toMs: START_MS + toMinute * MINUTE_MS,
    cause,
    detail: '',
  };
}

function hour(index: number, ...gaps: Gap[]) {
  const startMs = START_MS + index * HOUR_MS;
  return { body: { startMs, lengthMs: HOUR_MS, gaps, streams: [] } as unknown as HourBody };
}

const here = () => true;
const SLOT = `${clockText(START_MS)} – ${clockText(START_MS + HOUR_MS)}`;

function said(hours: readonly { body: HourBody }[], isHeld: () => boolean = here) {
  const timeline = timelineOf(hours, isHeld);
  return { counts: countsText(timeline), cell: cellText(timeline, START_MS, START_MS + HOUR_MS) };
}

describe('what is said of hours', () => {
  it('of twelve minutes: twelve minutes, without a gap', () => {
    expect(said([hour(0, gap(0, 3, 'start'), gap(15, 60, 'stop'))])).toEqual({
      counts: '12 minutes here',
      cell: `12 minutes of ${SLOT}, here`,
    });
  });

  it('of hours that were copied to a folder and let go of: that they are in the folder, and not that they will come', () => {
    const hours = [hour(0), hour(1), hour(2)];
    const timeline = timelineOf(
      hours,
      (one) => one === hours[2],
      (one) => one === hours[0],
    );
    expect(countsText(timeline)).toBe('1 hour here, 1 hour in the folder, 1 hour not here yet');
    const cell = (index: number) =>
      cellText(timeline, START_MS + index * HOUR_MS, START_MS + (index + 1) * HOUR_MS);
    expect([0, 1, 2].map(cell)).toEqual(['in the folder', 'exists, not here yet', 'here']);
  });

  it('of two recordings in one hour: how long together, in two pieces', () => {
    const parts = [hour(0, gap(20, 60, 'stop')), hour(0, gap(0, 40, 'start'))];
    expect(said(parts)).toEqual({
      counts: '40 minutes here, in 2 pieces',
      cell: `40 minutes of ${SLOT}, in 2 pieces, here`,
    });
  });

  it('of an interruption of several sensors: one gap, and why', () => {
    const { counts, cell } = said([hour(0, gap(20, 24, 'hidden', 0), gap(20, 24, 'hidden', 1))]);
    expect(counts).toBe('1 hour here, 1 gap');
    expect(cell).toBe('here, 1 gap of 4 minutes: page hidden or screen locked');
  });

  it('of what is elsewhere, and of many hours', () => {
    expect(said([hour(0, gap(0, 30, 'start'))], () => false)).toEqual({
      counts: '30 minutes not here yet',
      cell: `30 minutes of ${SLOT}, exists, not here yet`,
    });
    expect(said(Array.from({ length: 480 }, (_, i) => hour(i))).counts).toBe('480 hours here');
  });

  it('of an hour between a stop and a start: that it had been stopped, not that it is missing', () => {
    const cell = (first: Gap[]) =>
      cellText(timelineOf([hour(0, ...first), hour(3)], here), START_MS + HOUR_MS, START_MS + 2 * HOUR_MS);
    expect(cell([gap(30, 60, 'stop')])).toBe('not recorded: it had been stopped');
    expect(cell([])).toBe('missing: no hour is known');
  });
});
