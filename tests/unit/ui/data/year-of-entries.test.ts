/** A year of twenty stations is drawn from entries alone: nothing is loaded, opened or decoded for it. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { HourContent } from '../../../../src/hour/types.ts';
import { decodeHourBody, type HourBody } from '../../../../src/station/hour-body.ts';
import { encodeHourBody, hourBodyOf } from '../../../../src/station/hour-body-writing.ts';
import { timelineOf } from '../../../../src/station/timeline.ts';
import { type PlotHour, PlotSource, type PlotStation } from '../../../../src/ui/model/data-plot.ts';
import { descriptor, START_MS, STATION } from '../../hour/hour-samples.ts';

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;
const STATIONS = 20;
const HOURS = 365 * 24;
const ROWS = 60;

/** An hour of one reading a minute, as others read it. */
function bodyAt(startMs: number, station: number): HourBody {
  const at = Float64Array.from({ length: ROWS }, (_, i) => i);
  const content: HourContent = {
    station: STATION,
    stationName: `Station ${station}`,
    startMs,
    lengthMs: HOUR_MS,
    gaps: [],
    streams: [
      {
        descriptor: descriptor('weather', ['temperature', 'pressure']),
        rows: {
          baseMs: startMs,
          offsetsNs: at.map((i) => i * 60e9),
          columns: [at.map((i) => station + i / 10), at.map((i) => 1_000 + i / 10)],
        },
      },
    ],
  };
  return decodeHourBody(encodeHourBody(hourBodyOf(content, new Uint8Array(16))));
}

const calls = { load: 0, open: 0, tiles: 0, decode: 0 };
let stations: PlotStation[];

function counted<T>(name: keyof typeof calls): () => Promise<T> {
  return () => {
    calls[name]++;
    return Promise.reject(new Error('nothing is to be opened for this'));
  };
}

const plot = new PlotSource<PlotHour>({
  worker: {
    open: counted('open'),
    tiles: counted('tiles'),
    content: counted('decode'),
    summary: counted('decode'),
    file: counted('load'),
  },
  keyOf: ({ body }) => `${body.stationName} ${body.startMs}`,
  load: counted('load'),
  onFacts: () => undefined,
});

beforeAll(() => {
  stations = Array.from({ length: STATIONS }, (_, station) => {
    // The bodies of a station differ in their times alone: what is drawn does not ask for more.
    const first = bodyAt(START_MS, station);
    const hours = Array.from({ length: HOURS }, (_, hour) => {
      const shiftMs = hour * HOUR_MS;
      const streams = first.streams.map((stream) => ({
        ...stream,
        firstMs: (stream.firstMs ?? 0) + shiftMs,
        lastMs: (stream.lastMs ?? 0) + shiftMs,
      }));
      return { body: { ...first, startMs: first.startMs + shiftMs, streams } };
    });
    // Two thirds of the hours are here.
    return {
      key: `station ${station}`,
      timeline: timelineOf(hours, ({ body }) => (body.startMs / HOUR_MS) % 3 !== 0),
    };
  });
});

describe('a year of twenty stations at 1,000 pixels', () => {
  it('reads no file, opens no hour and decodes no block, held or not', async () => {
    const request = {
      stations,
      columns: [
        { stream: 'weather', index: 0 },
        { stream: 'weather', index: 1 },
      ],
      fromMs: START_MS,
      toMs: START_MS + YEAR_MS,
      widthPx: 1_000,
    };
    const lines = plot.lines(request);
    await plot.fill(request, new AbortController().signal, () => undefined);
    expect(calls).toEqual({ load: 0, open: 0, tiles: 0, decode: 0 });
    expect(plot.unreadable()).toEqual([]);
    expect(lines.length).toBe(2 * STATIONS);
    for (const { detail, overview, station, column } of lines) {
      const drawn = [...detail.mean, ...overview.mean].filter((mean) => mean !== null);
      expect(drawn.length).toBeGreaterThan(900);
      expect(drawn.length).toBeLessThan(2_100);
      const least = column.index === 0 ? Number(station.split(' ')[1]) : 1_000;
      for (const line of [detail, overview]) {
        for (let i = 0; i < line.x.length; i++) {
          if (line.mean[i] === null) continue;
          expect(line.min[i]).toBeCloseTo(least, 9);
          expect(line.max[i]).toBeCloseTo(least + 5.9, 9);
        }
      }
    }
  });

  it('shows a day of hours that are not here in parts, still without opening one of them', async () => {
    const known = stations.map(({ key, timeline }) => ({
      key: `${key}, known`,
      timeline: timelineOf(timeline.hours, () => false),
    }));
    const request = {
      stations: known,
      columns: [{ stream: 'weather', index: 0 }],
      fromMs: START_MS,
      toMs: START_MS + 24 * HOUR_MS,
      widthPx: 1_000,
    };
    await plot.fill(request, new AbortController().signal, () => undefined);
    expect(calls).toEqual({ load: 0, open: 0, tiles: 0, decode: 0 });
    for (const { detail, overview } of plot.lines(request)) {
      expect(detail.x).toEqual([]);
      // Eight parts of each of 24 hours, with a beginning and an end.
      expect(overview.mean.filter((mean) => mean !== null).length).toBe(24 * 8 * 2);
    }
  });
});
