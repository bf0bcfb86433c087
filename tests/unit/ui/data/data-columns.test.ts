/** What columns are called before an hour of theirs is here, and what is learnt of those that entries leave out. */
import { describe, expect, it } from 'vitest';
import type { HourContent } from '../../../../src/hour/types.ts';
import { decodeHourBody } from '../../../../src/station/hour-body.ts';
import { encodeHourBody, hourBodyOf } from '../../../../src/station/hour-body-writing.ts';
import { timelineOf } from '../../../../src/station/timeline.ts';
import { ColumnNames, type NamedHours } from '../../../../src/ui/model/data-columns.ts';
import type { AnyHour } from '../../../../src/ui/model/data-port.ts';
import type { HourFacts } from '../../../../src/ui/model/data-shelf.ts';
import { batchAt, descriptor, START_MS, STATION } from '../../hour/hour-samples.ts';

const HOUR_MS = 3_600_000;

function named(count: number, prefix = 'probe'): { name: string; unit: string; step: null }[] {
  return Array.from({ length: count }, (_, i) => ({ name: `${prefix} ${i}`, unit: 'Cel', step: null }));
}

/** A station of one stream, an hour for each list of its columns. */
function stationOf(key: string, ...hours: ReturnType<typeof named>[]): NamedHours {
  const known = hours.map((columns, i) => {
    const startMs = START_MS + i * HOUR_MS;
    const { offsetsNs } = batchAt([startMs]);
    const content: HourContent = {
      station: STATION,
      stationName: key,
      startMs,
      lengthMs: HOUR_MS,
      gaps: [],
      streams: [
        {
          descriptor: descriptor('rack', [], { columns }),
          rows: { baseMs: startMs, offsetsNs, columns: columns.map((_, at) => Float64Array.of(at)) },
        },
      ],
    };
    return { body: decodeHourBody(encodeHourBody(hourBodyOf(content, new Uint8Array(16)))) } as AnyHour;
  });
  return { key, timeline: timelineOf(known, () => false) };
}

describe('columns', () => {
  it('have the names and units of their newest hour, and are the same objects while nothing changes', () => {
    const names = new ColumnNames();
    const station = stationOf('ridge', named(2, 'old'), named(2, 'new'));
    const views = names.of(station);
    expect(views).toEqual([
      { ref: { stream: 'rack', index: 0 }, name: 'new 0', unit: 'Cel' },
      { ref: { stream: 'rack', index: 1 }, name: 'new 1', unit: 'Cel' },
    ]);
    expect(names.of(station)).toBe(views);
  });

  it('that an entry has no room for have no name until an hour was opened', () => {
    const names = new ColumnNames();
    const station = stationOf('ridge', named(70));
    const before = names.of(station);
    expect(before.length).toBe(70);
    expect(before.map(({ name }) => name)).toEqual([
      ...named(64).map(({ name }) => name),
      ...new Array(6).fill(null),
    ]);
    expect(names.isOpened('ridge', 'rack')).toBe(false);
    names.learn('ridge', { streams: [{ name: 'rack', columns: named(70) }] } as unknown as HourFacts);
    expect(names.isOpened('ridge', 'rack')).toBe(true);
    expect(names.learnt).toBe(1);
    expect(names.of(station).map(({ name }) => name)).toEqual(named(70).map(({ name }) => name));
  });

  it('of several stations are each there once, with the name of whoever tells it', () => {
    const names = new ColumnNames();
    const all = names.ofAll([stationOf('ridge', named(70)), stationOf('barn', named(3))]);
    expect(all.length).toBe(70);
    expect(all[0]?.name).toBe('probe 0');
  });
});
