import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../src/core/bytes.ts';
import { momentText } from '../../../src/hour/describe.ts';
import { hourTables } from '../../../src/hour/export-tables.ts';
import type { ColumnDescriptor, HourContent, HourStream, TickNs } from '../../../src/hour/types.ts';
import { anyHour, bits, descriptor, START_MS, STATION } from './hour-samples.ts';
import { factsOf, metadataOf, type ReadTable, readInJavaScript, readInRust } from './parquet-readers.ts';

const MIN = 60_000;

function filesOf(hour: HourContent, streams = hour.streams): { name: string; bytes: Uint8Array }[] {
  return hourTables(hour, streams, []).map(({ name, pieces }) => ({
    name,
    bytes: concatBytes(...pieces()),
  }));
}

function hourOf(...streams: HourStream[]): HourContent {
  return {
    station: STATION,
    stationName: 'Ridge',
    startMs: START_MS,
    lengthMs: 60 * MIN,
    streams,
    gaps: [],
  };
}

function streamOf(
  columns: Readonly<Record<string, readonly number[]>>,
  offsetsNs?: readonly number[],
  tickNs: TickNs = 1_000_000,
): HourStream {
  const rows = Object.values(columns)[0]?.length ?? 0;
  return {
    descriptor: descriptor('s', Object.keys(columns), { tickNs }),
    rows: {
      baseMs: START_MS,
      offsetsNs: Float64Array.from(offsetsNs ?? Array.from({ length: rows }, (_, i) => i * 1e9)),
      columns: Object.values(columns).map((values) => Float64Array.from(values)),
    },
  };
}

/** Both readers' table; they must agree. */
async function read(bytes: Uint8Array): Promise<ReadTable> {
  const [one, other] = [await readInJavaScript(bytes), readInRust(bytes)];
  const told = ({ columns, ...rest }: ReadTable) => ({ ...rest, columns: columns.map(bits) });
  expect(told(one)).toEqual(told(other));
  return one;
}

async function readOne(hour: HourContent): Promise<ReadTable> {
  const [file] = filesOf(hour);
  return read(file?.bytes ?? new Uint8Array());
}

/** How a column of the first row group is encoded. */
function encodingsOf(bytes: Uint8Array, column: number): readonly string[] {
  return metadataOf(bytes).row_groups[0]?.columns[column]?.meta_data?.encodings ?? [];
}

/** Nanoseconds since 1970 of each row. */
function timesNs({ rows }: HourStream): bigint[] {
  return [...rows.offsetsNs].map((ns) => BigInt(rows.baseMs) * 1_000_000n + BigInt(ns));
}

const inNs = ({ unit, times }: ReadTable) => times.map((time) => (unit === 'NANOS' ? time : time * 1000n));

describe('a Parquet file', () => {
  it('holds every value bit for bit and every time exactly, in the order of delivery, for any hour', async () => {
    await fc.assert(
      fc.asyncProperty(anyHour, async (hour) => {
        const files = filesOf(hour);
        expect(files).toHaveLength(Math.max(1, hour.streams.length));
        for (const [s, stream] of hour.streams.entries()) {
          const table = await read(files[s]?.bytes ?? new Uint8Array());
          expect(inNs(table)).toEqual(timesNs(stream));
          expect(table.columns.map(bits)).toEqual(stream.rows.columns.map(bits));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('keeps −0, infinities, the edges of 2^53 and blanks, also where values repeat', async () => {
    const edges = [0, -0, 1, Number.NaN, Infinity, -Infinity, 2 ** 53, -(2 ** 53), 2 ** 53 - 1, 5e-324];
    // In no order, so that a dictionary is what pays; −0 must not be found in it as 0.
    let state = 1;
    const often = Array.from({ length: 5_000 }, () => {
      state = (state * 48_271) % 2_147_483_647;
      return edges[state % edges.length] as number;
    });
    const others = often.map((one) => one + 0);
    const [file] = filesOf(hourOf(streamOf({ often, others })));
    const { columns } = await read(file?.bytes ?? new Uint8Array());
    expect(bits(columns[0] as Float64Array)).toEqual(bits(Float64Array.from(often)));
    expect(bits(columns[1] as Float64Array)).toEqual(bits(Float64Array.from(others)));
    expect(encodingsOf(file?.bytes ?? new Uint8Array(), 2)).toContain('RLE_DICTIONARY');
  });

  it('keeps times that repeat, go back, and lie before the slot and before 1970', async () => {
    const offsets = [5e9, 5e9, 1e9, -2e9, 0, 0];
    const old = streamOf({ v: [1, 2, 3, 4, 5, 6] }, offsets);
    const hour = hourOf({ ...old, rows: { ...old.rows, baseMs: -1000 } });
    const table = await readOne({ ...hour, startMs: -1000 });
    expect(table.unit).toBe('MICROS');
    expect(inNs(table)).toEqual(offsets.map((ns) => BigInt(ns) - 1_000_000_000n));
  });

  it('has nanoseconds only where the stream has: microseconds are what every reader takes', async () => {
    expect((await readOne(hourOf(streamOf({ v: [1] }, [1000], 1000)))).unit).toBe('MICROS');
    expect((await readOne(hourOf(streamOf({ v: [1] }, [1001], 1000)))).unit).toBe('NANOS');
    expect((await readOne(hourOf(streamOf({ v: [1] }, [1000], 1)))).unit).toBe('NANOS');
  });

  it('of nanoseconds is refused beyond 64 bits of them; microseconds reach as far as dates', async () => {
    const far = (tickNs: TickNs): HourContent => {
      const stream = streamOf({ v: [1] }, [0], tickNs);
      return { ...hourOf({ ...stream, rows: { ...stream.rows, baseMs: 8.63e15 } }), startMs: 8.63e15 };
    };
    expect(() => filesOf(far(1))).toThrow(/before 1677 or after 2262/);
    expect((await readOne(far(1000))).times).toEqual([8_630_000_000_000_000_000n]);
  });

  it('is divided into row groups, so that memory is bounded, and reads the same', async () => {
    const rows = 250_000;
    const values = Array.from({ length: rows }, (_, i) => (i % 7 === 0 ? Number.NaN : ((i * 31) % 977) / 10));
    const [file] = filesOf(hourOf(streamOf({ v: values })));
    const bytes = file?.bytes ?? new Uint8Array();
    const groups = metadataOf(bytes).row_groups.map(({ num_rows }) => Number(num_rows));
    expect(groups).toEqual([122_880, 122_880, 4_240]);
    const { columns, times } = readInRust(bytes);
    expect(bits(columns[0] as Float64Array)).toEqual(bits(Float64Array.from(values)));
    expect(times.at(-1)).toBe(BigInt(START_MS) * 1000n + BigInt(rows - 1) * 1_000_000n);
    // Many columns share the room.
    const wide = Object.fromEntries(
      Array.from({ length: 256 }, (_, c) => [`c${c}`, Array.from({ length: 8_200 }, () => c)]),
    );
    const [other] = filesOf(hourOf(streamOf(wide)));
    expect(
      metadataOf(other?.bytes ?? new Uint8Array()).row_groups.map(({ num_rows }) => Number(num_rows)),
    ).toEqual([8_160, 40]);
  });

  it('of a stream without rows, or an hour without streams, is a file that says what the hour says', async () => {
    const empty = await readOne(hourOf(streamOf({ v: [] })));
    expect(empty).toEqual({ unit: 'MICROS', times: [], names: ['v'], columns: [new Float64Array()] });
    const gap = {
      stream: null,
      fromMs: START_MS,
      toMs: START_MS + MIN,
      cause: 'crash',
      detail: 'x',
    } as const;
    const [file] = filesOf({ ...hourOf(), gaps: [gap] });
    expect(await read(file?.bytes ?? new Uint8Array())).toMatchObject({ times: [], names: [] });
    expect(factsOf(file?.bytes ?? new Uint8Array()).hours[0]?.gaps).toMatchObject([{ cause: 'crash' }]);
  });

  it('is smaller where values repeat, and its bytes depend on nothing but the hour', () => {
    const values = Array.from({ length: 20_000 }, (_, i) => Math.round(100 * Math.sin(i * i)) / 10 + 0);
    const bytesOf = (stream: HourStream) => filesOf(hourOf(stream))[0]?.bytes ?? new Uint8Array();
    const [few, all] = [streamOf({ v: values }), streamOf({ v: values.map((v, i) => v + i * Math.PI) })];
    expect(bytesOf(few).length).toBeLessThan(2 * 20_000);
    expect(bytesOf(all).length).toBeGreaterThan(6 * 20_000);
    expect(encodingsOf(bytesOf(few), 1)).toContain('RLE_DICTIONARY');
    expect(bytesOf(few)).toEqual(bytesOf(few));
  });

  it('has one column for every column, whatever they are called, and says which is which', async () => {
    const names = ['time', 'Date', 'x', 'X', 'x', '', 'a\u0000b', '__proto__', 'a.b', '日本'];
    const columns = names.map((name): ColumnDescriptor => ({ name, unit: 'm', step: null }));
    const values = names.map((_, i) => Float64Array.of(i));
    const hour = hourOf({
      descriptor: descriptor('s', [], { columns }),
      rows: { baseMs: START_MS, offsetsNs: Float64Array.of(0), columns: values },
    });
    const table = await readOne(hour);
    expect(table.names).toEqual([
      'time_2',
      'Date_2',
      'x',
      'X_2',
      'x_3',
      '_',
      'a_b',
      '__proto__',
      'a.b',
      '日本',
    ]);
    expect(table.columns.map(([value]) => value)).toEqual(names.map((_, i) => i));
    const told = factsOf(filesOf(hour)[0]?.bytes ?? new Uint8Array()).recorded[0]?.columns;
    expect(told?.map(({ column }) => column)).toEqual(table.names);
    expect(told?.map(({ name }) => name)).toEqual(names);
  });
});

describe('the facts in a Parquet file', () => {
  it('are everything that the hour says beside its rows', () => {
    const step = { numerator: 9.80665, denominator: 16_384 };
    const stream: HourStream = {
      descriptor: {
        name: 'acc',
        columns: [{ name: 'x', unit: 'm/s2', step }],
        askedRateHz: 60,
        tickNs: 1000,
        driver: 'generic-sensor',
        device: 'Pixel “7”\n',
        replay: true,
        calibration: 'turned by hand\u0000',
      },
      rows: { baseMs: START_MS, offsetsNs: Float64Array.of(0, 1e6), columns: [Float64Array.of(1, 2)] },
    };
    const gaps = [
      { stream: null, fromMs: START_MS, toMs: START_MS + MIN, cause: 'hidden', detail: 'screen' },
      { stream: 0, fromMs: START_MS + MIN, toMs: START_MS + 2 * MIN, cause: 'sensor', detail: 'other' },
      { stream: 1, fromMs: START_MS + MIN, toMs: START_MS + 2 * MIN, cause: 'sensor', detail: 'cable' },
    ] as const;
    const hour: HourContent = {
      ...hourOf(streamOf({ v: [1] }), stream),
      gaps,
      responsible: 'Valley Weather Club',
      clock: { offsetMs: -12.5, errorMs: 3, source: 'peer' },
    };
    const lost = [
      { stream: 's', block: 1, blocks: 2, rows: 9, from: '', to: '', why: 'damaged' },
      { stream: 'acc', block: 2, blocks: 2, rows: 7, from: 'a', to: 'b', why: 'cut-off' },
    ] as const;
    const [table] = hourTables(hour, [stream], lost);
    expect(factsOf(concatBytes(...(table?.pieces() ?? [])))).toEqual({
      station: STATION,
      stream: 'acc',
      recorded: [
        {
          station: 'Ridge',
          responsible: 'Valley Weather Club',
          columns: [{ column: 'x', name: 'x', unit: 'm/s2', step }],
          askedPerSecond: 60,
          tickNs: 1000,
          driver: 'generic-sensor',
          device: 'Pixel “7”\n',
          replay: true,
          calibration: 'turned by hand\u0000',
        },
      ],
      hours: [
        {
          start: momentText(START_MS),
          end: momentText(START_MS + 60 * MIN),
          rows: 2,
          recorded: 0,
          clock: { offsetMs: -12.5, errorMs: 3, source: 'peer' },
          gaps: [
            {
              stream: null,
              from: momentText(START_MS),
              to: momentText(START_MS + MIN),
              cause: 'hidden',
              detail: 'screen',
            },
            {
              stream: 'acc',
              from: momentText(START_MS + MIN),
              to: momentText(START_MS + 2 * MIN),
              cause: 'sensor',
              detail: 'cable',
            },
          ],
          lost: [lost[1]],
        },
      ],
    });
  });
});
