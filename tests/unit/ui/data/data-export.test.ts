/** Saving readings from the page: the same rows as the command line's, nothing left out silently, and it can be stopped. */
import { describe, expect, it } from 'vitest';
import { encodeHour } from '../../../../src/hour/container.ts';
import { csvRows } from '../../../../src/hour/export-csv.ts';
import type { HourContent } from '../../../../src/hour/types.ts';
import type { HourRecord } from '../../../../src/station/catalog.ts';
import { timelineOf } from '../../../../src/station/timeline.ts';
import {
  Exporter,
  type ExportOptions,
  type ExportProgress,
  fileName,
  isoOf,
  planExport,
  stopped,
  withIsoTimes,
} from '../../../../src/ui/model/data-export.ts';
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
  ({ startMs, lengthMs }, i) =>
    ({
      body: { startMs, lengthMs, gaps: [] },
      entry: { header: { blobs: [{ root: String(i), size: 100 }] } },
    }) as unknown as HourRecord,
);

function setUp(held: readonly boolean[] = [true, true, true], broken = -1) {
  const timeline = timelineOf(records, (one) => held[records.indexOf(one)] === true);
  const station = { key: 'key', id: 'id', name: 'Ridge', timeline };
  const options = (over: Partial<ExportOptions> = {}): ExportOptions => ({
    stations: [station],
    fromMs: null,
    toMs: null,
    columns: null,
    isoTimes: false,
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
  return { exporter, saver, progress, stop, options };
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
  it('writes the rows that the command line writes', async () => {
    const { exporter, saver, progress, options } = setUp();
    const parts = planExport(options());
    expect(await exporter.tables(parts, options(), saver)).toEqual([]);
    expect(saver.files.get('Ridge.csv')).toBe(await rowsOf(contents));
    expect(progress.at(-1)).toMatchObject({ doneHours: 6, totalHours: 6 });
    expect(progress.at(-1)?.writtenBytes).toBe(saver.files.get('Ridge.csv')?.length);
  });

  it('takes in the stretch and the columns that were asked for, and no more', async () => {
    const { exporter, saver, options } = setUp();
    const own = options({
      fromMs: START_MS + HOUR_MS,
      toMs: START_MS + HOUR_MS + 120_000,
      columns: [{ stream: 'air', index: 1 }],
    });
    await exporter.tables(planExport(own), own, saver);
    expect(saver.files.get('Ridge.csv')).toBe(
      `t_ms,t\n${[0, 1, 2].map((i) => `${START_MS + HOUR_MS + i * 60_000},${i / 7}\n`).join('')}`,
    );
  });

  it('adds dates beside the times without changing another cell', async () => {
    const { exporter, saver, options } = setUp();
    const own = options({ isoTimes: true });
    await exporter.tables(planExport(own), own, saver);
    const lines = (saver.files.get('Ridge.csv') ?? '')
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    const plain = (await rowsOf(contents))
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    expect(lines[0]?.slice(0, 2)).toEqual(['t_ms', 'time_utc']);
    expect(lines.map(([time, , ...rest]) => [time, ...rest])).toEqual(plain);
    for (const [time, iso] of lines.slice(1)) expect(Date.parse(iso ?? '')).toBe(Number(time));
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
    expect(saver.files.get('Ridge.csv')).toBe(await rowsOf([hourOf(0)]));
  });

  it('leaves no file behind when it is stopped', async () => {
    const { exporter, saver, options, stop } = setUp();
    stop.abort(stopped());
    await expect(exporter.tables(planExport(options()), options(), saver)).rejects.toMatchObject({
      code: 'closed',
    });
    expect(saver.files.size).toBe(0);
    expect(saver.aborted).toEqual(['Ridge.csv']);
  });

  it('puts times beside a header whose names, written by anybody, have lines of their own', async () => {
    const pieces = async function* () {
      yield 't_ms,"a\nb ""c""\n",d\n1500.5,1,2\n';
      yield '2500,3,4\n';
    };
    let text = '';
    for await (const piece of withIsoTimes(pieces())) text += piece;
    expect(text).toBe(
      't_ms,time_utc,"a\nb ""c""\n",d\n1500.5,1970-01-01T00:00:01.5005Z,1,2\n2500,1970-01-01T00:00:02.500Z,3,4\n',
    );
  });

  it('tells times to the last digit that was recorded, before 1970 as well', () => {
    expect(isoOf('1751983973', 9)).toBe('2025-07-08T14:12:53.000Z');
    expect(isoOf('1751983973.25', 9)).toBe('2025-07-08T14:12:53.250Z');
    expect(isoOf('1751983973123.4567', 6)).toBe('2025-07-08T14:12:53.1234567Z');
    expect(isoOf('1751983973123456789', 0)).toBe('2025-07-08T14:12:53.123456789Z');
    expect(isoOf('-0.5', 9)).toBe('1969-12-31T23:59:59.500Z');
    expect(isoOf('-1500', 6)).toBe('1969-12-31T23:59:58.500Z');
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

  it('takes names that a file system could take amiss apart', () => {
    expect(fileName('../../etc/passwd')).toBe('-..-etc-passwd');
    expect(fileName(' ... ')).toBe('station');
    expect(fileName('Hütte 3')).toBe('Hütte 3');
  });
});
