/** Saving readings from the page: the same rows as the command line's, nothing left out silently, and it can be stopped. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeHour } from '../../../../src/hour/container.ts';
import { type CsvOptions, csvRows, tidyNumber } from '../../../../src/hour/export-csv.ts';
import type { HourContent } from '../../../../src/hour/types.ts';
import type { HourRecord } from '../../../../src/station/catalog.ts';
import { hourBodyOf } from '../../../../src/station/hour-body-writing.ts';
import { timelineOf } from '../../../../src/station/timeline.ts';
import {
  csvOptionsOf,
  Exporter,
  type ExportProgress,
  stopped,
} from '../../../../src/ui/model/data-export.ts';
import {
  DEFAULT_TABLE,
  type ExportOptions,
  planExport,
  type TableForm,
  tableName,
} from '../../../../src/ui/model/data-export-plan.ts';
import { TableSizes } from '../../../../src/ui/model/data-export-size.ts';
import { batchAt, descriptor, START_MS, STATION } from '../../hour/hour-samples.ts';
import { MemorySaver } from './in-process.ts';

const HOUR_MS = 3_600_000;

function hourOf(index: number): HourContent {
  const startMs = START_MS + index * HOUR_MS;
  const times = Array.from({ length: 50 }, (_, i) => startMs + i * 60_000);
  const air = {
    ...batchAt(times),
    columns: [Float64Array.from(times.keys()), Float64Array.from(times, (_, i) => i / 7)],
  };
  return {
    station: STATION,
    stationName: 'Ridge',
    startMs,
    lengthMs: HOUR_MS,
    gaps: [],
    streams: [
      { descriptor: descriptor('air', ['p', 't']), rows: air },
      { descriptor: descriptor('wind', ['v']), rows: batchAt(times.map((ms) => ms + 1)) },
    ],
  };
}

const contents = [hourOf(0), hourOf(1), hourOf(2)];
const records = contents.map(
  (content, i) =>
    ({
      body: hourBodyOf(content, new Uint8Array(16)),
      entry: { header: { blobs: [{ root: String(i), size: 100 }] } },
    }) as unknown as HourRecord,
);
const TABLE = 'Ridge 2026-01-01.csv';
const PEOPLE: CsvOptions = { times: ['utc'], numbers: 'tidy' };

function form(change: Partial<TableForm>): TableForm {
  return { ...DEFAULT_TABLE, ...change };
}

function setUp(held: readonly boolean[] = [true, true, true], broken = -1) {
  const timeline = timelineOf(records, (one) => held[records.indexOf(one)] === true);
  const station = { key: 'key', id: 'id', name: 'Ridge', timeline };
  const options = (over: Partial<ExportOptions> = {}): ExportOptions => ({
    stations: [station],
    fromMs: null,
    toMs: null,
    columns: null,
    table: DEFAULT_TABLE,
    ...over,
  });
  const saver = new MemorySaver();
  const progress: ExportProgress[] = [];
  const stop = new AbortController();
  const read = (hour: HourRecord): HourContent => {
    const index = records.indexOf(hour);
    if (index === broken) throw new Error('a block of this hour is damaged');
    return contents[index] as HourContent;
  };
  const sizes = new TableSizes(async (_, hour) => read(hour));
  const exporter = new Exporter(
    {
      content: async (_, hour) => read(hour),
      streams: async (_, hour) =>
        (contents[records.indexOf(hour)] as HourContent).streams.map((one) => one.descriptor),
      file: async (_, hour) => encodeHour(read(hour)),
      turn: async () => undefined,
      nowMs: () => 0,
    },
    stop.signal,
    (told) => progress.push(told),
  );
  return { exporter, sizes, saver, progress, stop, options };
}

async function rowsOf(hours: readonly HourContent[], over = {}): Promise<string> {
  let text = '';
  for await (const piece of csvRows(async function* () {
    yield* hours;
  }, over))
    text += piece;
  return text;
}

describe('saving a table', () => {
  it('writes the rows that the command line writes, each with its time as one reads it', async () => {
    const { exporter, saver, progress, options } = setUp();
    const parts = planExport(options());
    expect(await exporter.tables(parts, options(), saver)).toEqual([]);
    const text = saver.files.get(TABLE) ?? '';
    expect(text).toBe(await rowsOf(contents, PEOPLE));
    expect(text.split('\n').slice(0, 2)).toEqual([
      'time,air.p,air.t,wind.v',
      '2026-01-01T12:00:00.000Z,0,0,',
    ]);
    const exact = (await rowsOf(contents)).trim().split('\n').slice(1);
    const lines = text.trim().split('\n').slice(1);
    expect(lines.map((line) => String(Date.parse(line.split(',')[0] ?? '')))).toEqual(
      exact.map((line) => line.split(',')[0]),
    );
    expect(progress.at(-1)).toMatchObject({ doneHours: 6, totalHours: 6 });
    expect(progress.at(-1)?.writtenBytes).toBe(text.length);
  });

  it('takes in the stretch and the columns that were asked for, and no more', async () => {
    const { exporter, saver, options } = setUp();
    const own = options({
      fromMs: START_MS + HOUR_MS,
      toMs: START_MS + HOUR_MS + 120_000,
      columns: [{ stream: 'air', index: 1 }],
      table: form({ ticks: true }),
    });
    await exporter.tables(planExport(own), own, saver);
    expect(saver.files.get(TABLE)).toBe(
      `time,t_ms,t\n${[0, 1, 2].map((i) => `2026-01-01T13:0${i}:00.000Z,${START_MS + HOUR_MS + i * 60_000},${i / 7}\n`).join('')}`,
    );
  });

  it('adds the time on the reader’s clocks and the time as a number where that is wanted', async () => {
    const { exporter, saver, options } = setUp();
    const own = options({ table: form({ localTimes: true, ticks: true }) });
    await exporter.tables(planExport(own), own, saver);
    const [header = [], ...lines] = (saver.files.get(TABLE) ?? '')
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    expect(header.slice(0, 3)).toEqual(['time', 'time_local', 't_ms']);
    for (const [utc = '', local = '', ticks] of lines) {
      expect(local).toMatch(/[+-]\d\d:\d\d$/);
      expect([Date.parse(utc), Date.parse(local)]).toEqual([Number(ticks), Number(ticks)]);
    }
  });

  it('makes a table of each sensor where that is wanted, which together have every reading', async () => {
    const { exporter, saver, progress, options } = setUp();
    const own = options({ table: form({ tables: 'apart' }) });
    await exporter.tables(planExport(own), own, saver);
    expect([...saver.files.keys()]).toEqual(['Ridge air 2026-01-01.csv', 'Ridge wind 2026-01-01.csv']);
    for (const stream of ['air', 'wind'])
      expect(saver.files.get(`Ridge ${stream} 2026-01-01.csv`)).toBe(
        await rowsOf(contents, { ...PEOPLE, stream }),
      );
    expect(progress.at(-1)).toMatchObject({ doneHours: 9, totalHours: 9 });
  });

  it('says which hours are not here before it begins, and which could not be read after it', async () => {
    const { exporter, saver, options } = setUp([true, false, true], 2);
    const parts = planExport(options());
    expect(parts[0]?.notHereMs).toEqual([START_MS + HOUR_MS]);
    expect(parts[0]?.hours.length).toBe(2);
    const leftOut = await exporter.tables(parts, options(), saver);
    expect(leftOut).toEqual([
      { station: 'key', startMs: START_MS + 2 * HOUR_MS, reason: 'a block of this hour is damaged' },
    ]);
    expect(saver.files.get(TABLE)).toBe(await rowsOf([hourOf(0)], PEOPLE));
  });

  it('leaves no file behind when it is stopped', async () => {
    const { exporter, saver, options, stop } = setUp();
    const file = saver.file.bind(saver);
    saver.file = async (name) => {
      stop.abort(stopped());
      return file(name);
    };
    await expect(exporter.tables(planExport(options()), options(), saver)).rejects.toMatchObject({
      code: 'closed',
    });
    expect(saver.files.size).toBe(0);
    expect(saver.aborted).toEqual([TABLE]);
  });

  it('begins no file when it was stopped before', async () => {
    const { exporter, saver, options, stop } = setUp();
    stop.abort(stopped());
    await expect(exporter.tables(planExport(options()), options(), saver)).rejects.toMatchObject({
      code: 'closed',
    });
    expect([...saver.files.keys(), ...saver.aborted]).toEqual([]);
  });
});

describe('a table for people', () => {
  async function timesOf(
    ns: readonly number[],
    tickNs: 1 | 1_000 | 1_000_000 | 1_000_000_000,
    over: CsvOptions,
  ) {
    const rows = {
      baseMs: START_MS,
      offsetsNs: Float64Array.from(ns),
      columns: [new Float64Array(ns.length)],
    };
    const streams = [{ descriptor: descriptor('a', ['v'], { tickNs }), rows }];
    const hour: HourContent = { ...hourOf(0), streams };
    return (await rowsOf([hour], over))
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.slice(0, -2));
  }

  it('tells times to the digits of their clock, and to the last that was recorded where there are more', async () => {
    expect(await timesOf([0, 1e9], 1_000_000_000, PEOPLE)).toEqual([
      '2026-01-01T12:00:00Z',
      '2026-01-01T12:00:01Z',
    ]);
    expect(await timesOf([16_667_000, 500e6], 1_000, PEOPLE)).toEqual([
      '2026-01-01T12:00:00.016667Z',
      '2026-01-01T12:00:00.500000Z',
    ]);
    expect(await timesOf([250e6, 123_456_789], 1_000_000_000, PEOPLE)).toEqual([
      '2026-01-01T12:00:00.25Z',
      '2026-01-01T12:00:00.123456789Z',
    ]);
    const before = (START_MS + 500) * 1e6;
    expect(await timesOf([-before], 1_000_000, PEOPLE)).toEqual(['1969-12-31T23:59:59.500Z']);
  });

  it('tells local times with how far they are from UTC, also west of it and where that changes', async () => {
    const localOffsetMs = (ms: number) => (ms < START_MS + 1_000 ? 5.5 : -3.5) * HOUR_MS;
    expect(await timesOf([0, 1e9], 1_000_000_000, { times: ['local'], localOffsetMs })).toEqual([
      '2026-01-01T17:30:00+05:30',
      '2026-01-01T08:30:01-03:30',
    ]);
  });

  it('writes values as the sensor told them, without what binary arithmetic left behind, and drops no digit', () => {
    const told = [-12, 3, 981, 7].map((k) => k * 0.1);
    expect(told.map(String)).toContain('-1.2000000000000002');
    expect(told.map(tidyNumber)).toEqual(['-1.2', '0.3', '98.1', '0.7']);
    const own = [
      0.017453292519943295,
      1 / 3,
      101_325.25,
      1e300,
      5e-324,
      -0,
      0.1 + 0.2,
      123_456_789_012_345_680,
    ];
    expect(own.map(tidyNumber)).toEqual([
      '0.017453292519943295',
      '0.3333333333333333',
      '101325.25',
      '1e+300',
      '5e-324',
      '-0',
      '0.3',
      '123456789012345680',
    ]);
    expect([Number.NaN, Number.POSITIVE_INFINITY].map(tidyNumber)).toEqual(['', 'Infinity']);
  });

  it('writes values to the last bit where the table is to be as it was recorded', async () => {
    const value = -12 * 0.1;
    const rows = { ...batchAt([START_MS]), columns: [Float64Array.of(value)] };
    const hour: HourContent = { ...hourOf(0), streams: [{ descriptor: descriptor('a', ['x']), rows }] };
    const written = async (ticks: boolean) => {
      const options = { fromMs: null, toMs: null, columns: null, table: form({ ticks }) };
      const line = (await rowsOf([hour], csvOptionsOf(options))).trim().split('\n').at(-1) ?? '';
      return line.split(',').at(-1);
    };
    expect(await written(false)).toBe('-1.2');
    expect(await written(true)).toBe('-1.2000000000000002');
  });

  it('changes no value by more than the last bits of its double', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Math.abs(Number(tidyNumber(value)) - value)).toBeLessThanOrEqual(Math.abs(value) * 1e-14);
      }),
    );
  });
});

describe('how large tables become', () => {
  it('is told within a twentieth before they are written, whatever is chosen', async () => {
    for (const table of [
      DEFAULT_TABLE,
      form({ tables: 'apart' }),
      form({ localTimes: true }),
      form({ ticks: true, tables: 'apart', localTimes: true }),
    ]) {
      for (const columns of [null, [{ stream: 'air', index: 1 }]]) {
        const { exporter, saver, options, sizes } = setUp();
        const own = options({ table, columns, fromMs: START_MS + HOUR_MS / 2 });
        const parts = planExport(own);
        const told = await sizes.measured(parts, own);
        await exporter.tables(parts, own, saver);
        const written = [...saver.files.values()].reduce((sum, text) => sum + text.length, 0);
        expect(Math.abs(told - written) / written).toBeLessThan(0.05);
      }
    }
  });

  it('is told roughly without opening an hour, and also when none can be read', async () => {
    const { options, sizes, exporter, saver } = setUp([true, true, true], 2);
    const parts = planExport(options());
    const rough = sizes.known(parts, options());
    expect(await sizes.measured(parts, options())).toBe(rough);
    await exporter.tables(parts, options(), saver);
    expect(rough / (saver.files.get(TABLE)?.length ?? 0)).toBeGreaterThan(0.7);
    expect(rough / (saver.files.get(TABLE)?.length ?? 0)).toBeLessThan(2);
  });
});

describe('saving hour files', () => {
  it('writes each as it was recorded, under a name with its station and start', async () => {
    const { exporter, saver, options } = setUp([true, false, true]);
    await exporter.hourFiles(planExport(options()), saver);
    expect([...saver.files.keys()]).toEqual([
      'Ridge 2026-01-01T120000Z.hour',
      'Ridge 2026-01-01T140000Z.hour',
    ]);
  });

  it('takes names that a file system could take amiss apart, and says whose and of when they are', () => {
    const named = (name: string, hours = records, sensor = '', range = { fromMs: null, toMs: null }) =>
      tableName({ station: { name }, hours }, range, sensor);
    expect(named('../../etc/passwd')).toBe('-..-etc-passwd 2026-01-01.csv');
    expect(named('Hütte 3')).toBe('Hütte 3 2026-01-01.csv');
    expect(named(' ... ')).toBe('- 2026-01-01.csv');
    expect(named('')).toBe('station 2026-01-01.csv');
    expect(named('Ridge', records, 'a:b')).toBe('Ridge a-b 2026-01-01.csv');
    // Windows opens a device for what is before the first dot.
    for (const device of ['CON', 'prn', 'Aux.x', 'NUL', 'com1', 'LPT9']) {
      const name = named(device);
      expect(name.split('.')[0]).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)$/i);
      expect(name).toMatch(/2026-01-01\.csv$/);
    }
    expect(named('x'.repeat(300)).length).toBeLessThan(100);
    const [hour] = records as [HourRecord];
    const later = {
      ...hour,
      body: { ...hour.body, startMs: hour.body.startMs + 48 * HOUR_MS },
    } as HourRecord;
    expect(named('Ridge', [hour, { ...later, body: { ...later.body, streams: [], gaps: [] } }])).toBe(
      'Ridge 2026-01-01 to 2026-01-03.csv',
    );
    // A name that is cut in the middle of a picture is still one that disks take.
    expect(named('Ridge', records, `${'x'.repeat(29)}🚀`)).toBe(`Ridge ${'x'.repeat(29)}- 2026-01-01.csv`);
    // Twenty years of hours.
    const years = Array.from({ length: 200_000 }, (_, i) => ({
      ...hour,
      body: { ...hour.body, startMs: hour.body.startMs + i * HOUR_MS, streams: [] },
    }));
    expect(named('Ridge', years)).toBe('Ridge 2026-01-01 to 2048-10-25.csv');
  });
});
