import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../src/core/bytes.ts';
import { WaystationError } from '../../../src/core/errors.ts';
import type { Clock } from '../../../src/core/ports.ts';
import { decodeHour, encodeHour } from '../../../src/hour/container.ts';
import { type CsvOptions, csvRows } from '../../../src/hour/export-csv.ts';
import { Recorder } from '../../../src/hour/recorder.ts';
import type { HourContent, ReadingBatch, StreamDescriptor } from '../../../src/hour/types.ts';
import type { DriverSink } from '../../../src/sensors/port.ts';
import {
  createReplayDriver,
  parseRecording,
  type RecordingSource,
  type ReplayOptions,
} from '../../../src/sensors/replay.ts';
import { openReplayFile } from '../../../src/sensors/replay-file.node.ts';
import { STATION } from '../hour/hour-samples.ts';
import { COMMITTED_PATH, realRecordings } from './shared-recordings.ts';

const NOW = Date.UTC(2026, 5, 1, 12, 0, 0, 500);

/** Time that passes only when somebody waits for it. */
class TestClock implements Clock {
  #monotonic = 0;
  readonly waits: number[] = [];
  nowMs(): number {
    return NOW + this.#monotonic;
  }
  monotonicMs(): number {
    return this.#monotonic;
  }
  schedule(delayMs: number, fire: () => void): () => void {
    let isCancelled = false;
    setImmediate(() => {
      if (isCancelled) return;
      this.waits.push(delayMs);
      this.#monotonic += delayMs;
      fire();
    });
    return () => {
      isCancelled = true;
    };
  }
}

interface Played {
  readonly descriptor: StreamDescriptor;
  readonly batches: readonly ReadingBatch[];
  readonly clock: TestClock;
}

async function play(source: RecordingSource, over: Partial<ReplayOptions> = {}): Promise<Played> {
  const clock = new TestClock();
  const batches: ReadingBatch[] = [];
  let descriptor: StreamDescriptor | undefined;
  const sink: DriverSink = {
    addStream: (one) => {
      descriptor = one;
      return 0;
    },
    batch: (_, batch) => {
      batches.push(batch);
    },
    gap: () => undefined,
  };
  const driver = createReplayDriver({
    read: async () => source,
    fileName: 'a.csv',
    speed: 1e9,
    clock,
    ...over,
  });
  await driver.run(sink, new AbortController().signal);
  if (descriptor === undefined) throw new Error('the driver added no stream');
  return { descriptor, batches, clock };
}

/** Times in ns since 1970. */
function timesOf({ batches }: Played): bigint[] {
  return batches.flatMap((batch) =>
    [...batch.offsetsNs].map((ns) => BigInt(batch.baseMs) * 1_000_000n + BigInt(ns)),
  );
}

function valuesOf({ batches }: Played, column = 0): number[] {
  return batches.flatMap((batch) => [...(batch.columns[column] ?? [])]);
}

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
}

async function* each<T>(items: readonly T[]): AsyncIterable<T> {
  yield* items;
}

/** A recording through driver, recorder, hour files and back to CSV. */
async function throughTheStation(
  source: RecordingSource,
  fileName: string,
  options: CsvOptions = {},
): Promise<string> {
  let next = 0;
  const newOpenId = (): Bytes => new Uint8Array(16).fill(next++);
  const recorder = new Recorder({ station: STATION, stationName: 'Replay', hourMs: 3_600_000, newOpenId });
  const sink: DriverSink = {
    addStream: (descriptor) => recorder.addStream(descriptor),
    batch: (stream, batch) => recorder.batch(stream, batch),
    gap: (stream, fromMs, cause, detail) => recorder.gap(stream, fromMs, cause, detail),
  };
  const driver = createReplayDriver({
    read: async () => source,
    fileName,
    speed: 1e9,
    clock: new TestClock(),
  });
  await driver.run(sink, new AbortController().signal);
  recorder.stop('stop');
  const hours = recorder.takeFinished().map(({ content }) => decodeHour(encodeHour(content)));
  return textOf(csvRows(each(hours), options));
}

/** Cells as what they mean: numbers by value, header cells as text. */
function meaning(csv: string): (string | number)[][] {
  const [header = '', ...lines] = csv.trimEnd().split('\n');
  const cells = (line: string) => line.split(',').map((cell) => (cell === '' ? '' : Number(cell)));
  return [header.split(','), ...lines.map(cells)];
}

describe('a replayed recording', () => {
  it.each(realRecordings().map((recording) => [recording.fileName, recording] as const))(
    'is exported as it went in, value for value: %s',
    async (_, { fileName, text }) => {
      const csv = await throughTheStation(text, fileName);
      expect(csv.split('\n').length).toBe(text.trimEnd().split('\n').length + 1);
      expect(meaning(csv)).toEqual(meaning(text));
      // The times even to the digit.
      const times = (one: string) =>
        one
          .trimEnd()
          .split('\n')
          .map((line) => line.slice(0, line.indexOf(',')));
      expect(times(csv)).toEqual(times(text));
    },
  );

  it('is labelled, named after its file and described by its header', async () => {
    const { descriptor } = await play('t_ms,temp [Cel],wind (m/s),x\n1,2,3,4\n', {
      fileName: 'ridge.csv.gz',
    });
    expect(descriptor).toMatchObject({
      name: 'ridge',
      device: expect.stringMatching(/^ridge\.csv\.gz \([0-9a-f]{8}\)$/),
      driver: 'replay',
      replay: true,
      askedRateHz: null,
    });
    expect(descriptor.columns.map(({ name, unit }) => [name, unit])).toEqual([
      ['temp [Cel]', 'Cel'],
      ['wind (m/s)', 'm/s'],
      ['x', ''],
    ]);
  });

  it('is read from bytes cut anywhere, plain or gzipped, with or without a byte order mark', async () => {
    const text = '\uFEFFt_ms,"größe, x"\r\n1757000000000,1\r\n\r\n1757000000001,2';
    for (const bytes of [new TextEncoder().encode(text), gzipSync(text)]) {
      for (const size of [1, 3, 1000]) {
        const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
          bytes.subarray(i * size, (i + 1) * size),
        );
        const played = await play(each(parts));
        expect(played.descriptor.columns[0]?.name).toBe('größe, x');
        expect(valuesOf(played)).toEqual([1, 2]);
      }
    }
  });

  it('says how it is to be coded, where that is not the usual way', async () => {
    const text = 't_ms,x\n1757000000000,1\n';
    expect((await play(text, { profile: 'fast' })).descriptor).toMatchObject({
      profile: 'fast',
      replay: true,
    });
    expect((await play(text, { profile: 'small' })).descriptor).toEqual((await play(text)).descriptor);
  });

  it('is read from a file, and a missing file is told by its path', async () => {
    const clock = new TestClock();
    const rows: number[] = [];
    const sink: DriverSink = {
      addStream: () => 0,
      batch: (_, batch) => void rows.push(...batch.offsetsNs),
      gap: () => undefined,
    };
    await openReplayFile(COMMITTED_PATH, { clock, speed: 1e9 }).run(sink, new AbortController().signal);
    expect(rows.length).toBe(readFileSync(COMMITTED_PATH, 'utf8').trimEnd().split('\n').length - 1);
    const missing = openReplayFile('/nowhere/at-all.csv', { clock, speed: 1 });
    const error: unknown = await missing
      .run(sink, new AbortController().signal)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'not-found' });
    expect(String(error)).toMatch(/at-all\.csv/);
  });
});

describe('the times of a recording', () => {
  it.each([
    ['t_s', '1757000000', 1_000_000_000, 1757000000000000000n],
    ['t_s', '1757000000.5', 1_000_000, 1757000000500000000n],
    ['t_s', '1757000000.000000001', 1, 1757000000000000001n],
    ['t_ms', '1757000000000', 1_000_000, 1757000000000000000n],
    ['t_ms', '1757000000000.25', 1_000, 1757000000000250000n],
    ['t_us', '1757000000000001', 1_000, 1757000000000001000n],
    ['t_ns', '1757000000000000001', 1, 1757000000000000001n],
    ['time', '1757000000', 1_000_000_000, 1757000000000000000n],
    ['time', '1757000000000', 1_000_000, 1757000000000000000n],
    ['time', '1757000000000123', 1_000, 1757000000000123000n],
    ['time', '1757000000000000123', 1, 1757000000000000123n],
    ['time', '1.757e9', 1_000_000_000, 1757000000000000000n],
    ['time', '2025-09-04T15:33:20Z', 1_000_000_000, 1757000000000000000n],
    ['time', '2025-09-04 15:33:20.5', 1_000_000, 1757000000500000000n],
    ['time', '2025-09-04T17:33:20.000000001+02:00', 1, 1757000000000000001n],
    ['time', '1995-09-04', 1_000_000_000, 810172800000000000n],
  ])('%s %s are held exactly, in the coarsest tick that does', async (header, cell, tickNs, ns) => {
    const played = await play(`${header},x\n${cell},1\n`);
    expect([played.descriptor.tickNs, timesOf(played)]).toEqual([tickNs, [ns]]);
  });

  it('are moved to now when they count from some start, in whole ticks, resuming where an earlier run began', async () => {
    const source = 't_s,x\n5,1\n6,2\n8,3\n';
    const nowS = BigInt(Math.floor(NOW / 1000)) * 1_000_000_000n;
    const played = await play(source);
    expect(timesOf(played)).toEqual([nowS, nowS + 1_000_000_000n, nowS + 3_000_000_000n]);
    expect(played.descriptor.tickNs).toBe(1_000_000_000);
    const again = await play(source, { recorded: () => ({ rows: 2, firstMs: 1_700_000_000_000 }) });
    expect(timesOf(again)).toEqual([1_700_000_003_000_000_000n]);
  });

  it('keep order, repetitions and steps back, and years between two rows', async () => {
    const played = await play('t_s,x\n1757000000,1\n1757000000,2\n1756999999,3\n1857000000,4\n');
    expect(timesOf(played).map((ns) => Number(ns / 1_000_000_000n))).toEqual([
      1757000000, 1757000000, 1756999999, 1857000000,
    ]);
    for (const { offsetsNs } of played.batches) expect([...offsetsNs].every(Number.isSafeInteger)).toBe(true);
  });

  it('are exported exactly whatever their unit and fraction', async () => {
    const digits: Record<string, number> = { t_s: 9, t_ms: 6, t_us: 3, t_ns: 0 };
    const tickDigits: Record<number, number> = { 1000000000: 9, 1000000: 6, 1000: 3, 1: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('t_s', 't_ms', 't_us', 't_ns'),
        fc.array(fc.bigInt({ min: 1_757_000_000_000_000_000n, max: 1_757_000_010_000_000_000n }), {
          minLength: 1,
          maxLength: 5,
        }),
        async (header, times) => {
          const text = (ns: bigint, point: number) => {
            const all = String(ns);
            return point === 0 ? all : `${all.slice(0, -point)}.${all.slice(-point)}`;
          };
          const source = `${header},x\n${times.map((ns) => `${text(ns, digits[header] as number)},1`).join('\n')}\n`;
          const { descriptor } = await parseRecording(source, 'a.csv');
          const csv = await throughTheStation(source, 'a.csv');
          const shown = csv
            .trimEnd()
            .split('\n')
            .slice(1)
            .map((line) => line.split(',')[0] as string);
          const point = tickDigits[descriptor.tickNs] as number;
          const back = shown.map((cell) => {
            const [whole = '', fraction = ''] = cell.split('.');
            return BigInt(whole + fraction.padEnd(point, '0'));
          });
          expect(back).toEqual(times);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('a recording with a mistake', () => {
  it.each([
    ['nothing', '', 'empty'],
    ['blank lines only', '\n\n', 'empty'],
    ['a header only', 't_ms,x\n', 'expected readings below the header'],
    ['no header', '1757000000000,1\n1757000000001,2\n', 'line 1 begins with the number'],
    ['no time column', 'x,y\n1,2\n', 'expected the first column to be t_s'],
    ['no other column', 't_ms\n1\n', 'at least one column beside the time'],
    ['a name twice', 't_ms,x,x\n1,2,3\n', 'two columns are called “x”'],
    ['a column without a name', 't_ms,x,\n1,2,3\n', 'column 3 has no name'],
    [
      'text among numbers',
      't_ms,x,y\n1,2,3\n\n2,2,wet\n',
      'line 4, column “y”: expected a number or a blank, got “wet”',
    ],
    ['a number that only programs read', 't_ms,x\n1,0x10\n', 'line 2, column “x”'],
    [
      'a decimal comma',
      'time;x\n2026-01-01;19,4\n',
      'got “19,4”: a decimal comma? Save the table with decimal points',
    ],
    ['a decimal comma in the time', 't_s;x\n1,5;19.4\n', 'got “1,5”: a decimal comma?'],
    [
      'a date with points',
      'time,x\n08.07.2025 14:00,1\n',
      'got “08.07.2025 14:00”: dates must be like 2025-07-06T10:00:00Z',
    ],
    ['a date with slashes', 'time,x\n7/8/2025,1\n', 'dates must be like 2025-07-06T10:00:00Z'],
    ['a time column of another name', 'Datum,x\n2026-01-01,1\n', 'time, timestamp or datetime (dates like'],
    [
      'the days of a spreadsheet',
      'time,x\n45846,1\n45846.58994,2\n',
      'that a spreadsheet counts (45846): give',
    ],
    ['a ragged row', 't_ms,x\n1,2\n2\n', 'line 3 has 1 cells, the header 2'],
    ['no time in a row', 't_ms,x\n1,2\n,3\n', 'line 3, column “t_ms”: expected a number, got “”'],
    ['another kind of time further down', 'time,x\n2026-01-01T00:00:00Z,1\n17,2\n', 'line 3, column “time”'],
    ['a date that is none', 'time,x\n2026-01-01,1\n2026-02-31,2\n', 'line 3, column “time”'],
    ['a quotation mark that stays open', 't_ms,x\n1,"2\n3,4\n', 'line 2'],
    [
      'too many columns',
      `t_ms,${Array.from({ length: 257 }, (_, i) => `c${i}`).join(',')}\n`,
      'at most 256 columns',
    ],
  ])('is refused before anything is recorded: %s', async (_, source, message) => {
    await expect(play(source)).rejects.toThrow(message);
    await expect(play(source)).rejects.toBeInstanceOf(WaystationError);
  });

  it.each([
    ['t_s,x\n45846.5,1\n45846.6,2\n', 45_846_500],
    ['time,x\n45846,1\n45847,2\n', 45_846_000],
    ['time,x\n0.5,1\n45847.5,2\n', 500],
  ])('is none when seconds only resemble a spreadsheet’s days: %s', async (source, firstMs) => {
    expect((await parseRecording(source, 'a.csv')).timesMs[0]).toBe(firstMs);
  });

  it.each(['time', 'timestamp', 'DateTime'])('is none when dates stand under %s', async (name) => {
    const table = `${name};x\n2026-01-01T12:00:00Z;1.5\n`;
    expect(await parseRecording(table, 'a.csv')).toMatchObject({ rows: 1, unitNs: null, withoutZone: false });
  });

  it.each([
    ['2026-01-01T12:00', true],
    ['2026-01-01', true],
    ['2026-01-01 12:00:00,5', true],
    ['2026-01-01T12:00z', false],
    ['2026-01-01T12:00 +0200', false],
    ['2026-01-01T12:00-05', false],
  ])('is none without a zone, which is told: %s', async (time, withoutZone) => {
    expect(await parseRecording(`time;x\n${time};1\n`, 'a.csv')).toMatchObject({ withoutZone });
  });

  it('is refused when its bytes are no text, or its compression is cut off', async () => {
    await expect(play(each([Uint8Array.of(0x74, 0xff, 0xfe)]))).rejects.toMatchObject({ code: 'malformed' });
    const cut = gzipSync('t_ms,x\n1,2\n'.repeat(100)).subarray(0, 30);
    await expect(play(each([cut]))).rejects.toMatchObject({ code: 'malformed' });
  });

  it('reads blanks and NaN as missing, and infinities as such', async () => {
    const played = await play('t_ms,x\n1,\n2,NaN\n3,-inf\n4,Infinity\n5, 7 \n');
    expect(valuesOf(played)).toEqual([
      Number.NaN,
      Number.NaN,
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      7,
    ]);
  });
});

describe('the pace of a replay', () => {
  const source = `t_ms,x\n${Array.from({ length: 500 }, (_, i) => `${i * 20},${i}`).join('\n')}\n`;

  it('is the recording’s own, five batches a second', async () => {
    const { batches, clock } = await play(source, { speed: 1 });
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(499 * 20);
    expect(clock.monotonicMs()).toBeLessThan(499 * 20 + 200);
    expect(batches.length).toBeGreaterThan(40);
    expect(batches.length).toBeLessThan(60);
  });

  it('is faster by the speed asked for', async () => {
    const { clock } = await play(source, { speed: 10 });
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(998);
    expect(clock.monotonicMs()).toBeLessThan(1400);
  });

  it('bounds batches and lets others run between them, however fast', async () => {
    const long = `t_ms,x\n${Array.from({ length: 10_000 }, (_, i) => `${i},${i}`).join('\n')}\n`;
    const { batches, clock } = await play(long, { speed: 1e12 });
    expect(batches.map(({ offsetsNs }) => offsetsNs.length)).toEqual([1, 4096, 4096, 1807]);
    expect(clock.waits.length).toBe(3);
  });

  it('ends at once when it is told to', async () => {
    const clock = new TestClock();
    const stopping = new AbortController();
    let rows = 0;
    const sink: DriverSink = {
      addStream: () => 0,
      batch: (_, batch) => {
        rows += batch.offsetsNs.length;
        stopping.abort();
      },
      gap: () => undefined,
    };
    await createReplayDriver({ read: async () => source, fileName: 'a.csv', speed: 1, clock }).run(
      sink,
      stopping.signal,
    );
    expect(rows).toBe(1);
  });
});

describe('hours as CSV', () => {
  function hour(startMs: number, streams: Record<string, [ms: number, value: number][]>): HourContent {
    return {
      station: STATION,
      stationName: 'x',
      startMs,
      lengthMs: 3_600_000,
      gaps: [],
      streams: Object.entries(streams).map(([name, rows]) => ({
        descriptor: {
          name,
          columns: [{ name: 'v', unit: '', step: null }],
          askedRateHz: null,
          tickNs: name === 'slow' ? 1_000_000_000 : 1_000_000,
          driver: '',
          device: '',
          replay: false,
        },
        rows: {
          baseMs: startMs,
          offsetsNs: Float64Array.from(rows, ([ms]) => ms * 1e6),
          columns: [Float64Array.from(rows, ([, value]) => value)],
        },
      })),
    };
  }

  it('of several streams are one table by time, rows of the same time in one line, each stream in its own order', async () => {
    const content = hour(0, {
      fast: [
        [0, 0.1],
        [500, Number.NaN],
        [500, 2],
        [400, 3],
      ],
      slow: [
        [0, 10],
        [1000, 11],
      ],
    });
    expect(await textOf(csvRows(each([content])))).toBe(
      't_ms,fast.v,slow.v\n0,0.1,10\n500,,\n500,2,\n400,3,\n1000,,11\n',
    );
  });

  it('are one stream when asked for one, between two times', async () => {
    const content = hour(0, {
      fast: [[0, 1]],
      slow: [
        [0, 10],
        [1000, 11],
        [2000, 12],
      ],
    });
    expect(await textOf(csvRows(each([content]), { stream: 'slow', fromMs: 1000, toMs: 1999 }))).toBe(
      't_s,v\n1,11\n',
    );
    await expect(textOf(csvRows(each([content]), { stream: 'none' }))).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  it('never lose a stream that begins in a later hour', async () => {
    const hours = [hour(0, { fast: [[0, 1]] }), hour(3_600_000, { fast: [[0, 2]], slow: [[0, 3]] })];
    await expect(textOf(csvRows(each(hours)))).rejects.toMatchObject({ code: 'conflict' });
    const whole = 't_ms,fast.v,slow.v\n0,1,\n3600000,2,3\n';
    expect(await textOf(csvRows(() => each(hours)))).toBe(whole);
    const streams = hours[1]?.streams.map((stream) => stream.descriptor) ?? [];
    expect(await textOf(csvRows(each(hours), { streams }))).toBe(whole);
  });

  it('quote names, and let none act as a formula', async () => {
    const content = hour(0, { '=cmd,1': [[0, 1]], 'b"': [[0, -0]] });
    expect(await textOf(csvRows(each([content])))).toBe(`t_ms,"'=cmd,1.v","b"".v"\n0,1,-0\n`);
  });

  it('print times before 1970 and values in their shortest form that reads back', async () => {
    const content = hour(-3_600_000, {
      fast: [
        [0.5, 0.1 + 0.2],
        [1, 1e21],
        [3_600_000, 5e-324],
      ],
    });
    expect(await textOf(csvRows(each([content])))).toBe(
      't_ms,v\n-3599999.5,0.30000000000000004\n-3599999,1e+21\n0,5e-324\n',
    );
  });
});
