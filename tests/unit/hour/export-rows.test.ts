import { describe, expect, it } from 'vitest';
import { csvLines } from '../../../src/hour/export-csv.ts';
import { jsonLines, nothingLeftOut, streamsOf } from '../../../src/hour/export-rows.ts';
import { senmlLines } from '../../../src/hour/export-senml.ts';
import type { ColumnDescriptor, HourContent, TickNs } from '../../../src/hour/types.ts';
import { descriptor, START_MS, STATION } from './hour-samples.ts';

interface Sample {
  readonly columns: readonly (string | Partial<ColumnDescriptor>)[];
  readonly rows: readonly (readonly number[])[];
  readonly offsetsNs?: readonly number[];
  readonly startMs?: number;
  readonly tickNs?: TickNs;
  readonly stream?: string;
}

function hourOf({ columns, rows, offsetsNs, startMs = START_MS, tickNs = 1_000_000, stream = 's' }: Sample) {
  const content: HourContent = {
    station: STATION,
    stationName: 'Ridge',
    startMs,
    lengthMs: 3_600_000,
    streams: [
      {
        descriptor: descriptor(stream, [], {
          tickNs,
          columns: columns.map((one) => ({
            name: 'a',
            unit: '',
            step: null,
            ...(typeof one === 'string' ? { name: one } : one),
          })),
        }),
        rows: {
          baseMs: startMs,
          offsetsNs: Float64Array.from(offsetsNs ?? rows.map((_, i) => i * 500e6)),
          columns: columns.map((_, c) => Float64Array.from(rows, (row) => row[c] ?? Number.NaN)),
        },
      },
    ],
    gaps: [],
  };
  return content;
}

function senml(content: HourContent, leftOut = nothingLeftOut()) {
  return JSON.parse([...senmlLines(content, content.streams, leftOut)].join(''));
}

/** RFC 8428 §4.6: each record with its base values applied. */
function resolved(pack: Record<string, unknown>[]) {
  let [bn, bt] = ['', 0];
  return pack.map((record) => {
    bn = (record['bn'] as string | undefined) ?? bn;
    bt = (record['bt'] as number | undefined) ?? bt;
    return { n: `${bn}${record['n']}`, t: bt + ((record['t'] as number | undefined) ?? 0), v: record['v'] };
  });
}

describe('JSON lines', () => {
  it('are one object per row, missing values null and −0 kept', () => {
    const content = hourOf({
      columns: ['p', 'q'],
      rows: [
        [773.5, Number.NaN],
        [-0, 1e300],
      ],
    });
    const lines = [...jsonLines(content, content.streams, nothingLeftOut())];
    expect(lines).toEqual([
      '{"stream":"s","time":"2026-01-01T12:00:00.000Z","p":773.5,"q":null}\n',
      '{"stream":"s","time":"2026-01-01T12:00:00.500Z","p":-0,"q":1e+300}\n',
    ]);
    expect(JSON.parse(lines[1] ?? '')).toEqual({
      stream: 's',
      time: '2026-01-01T12:00:00.500Z',
      p: -0,
      q: 1e300,
    });
  });

  it('leave infinities out, and count them', () => {
    const leftOut = nothingLeftOut();
    const content = hourOf({
      columns: ['p', 'q'],
      rows: [
        [Number.POSITIVE_INFINITY, 1],
        [2, Number.NEGATIVE_INFINITY],
      ],
    });
    const rows = [...jsonLines(content, content.streams, leftOut)].map((line) => JSON.parse(line));
    expect(rows.map((row) => [row.p, row.q])).toEqual([
      [undefined, 1],
      [2, undefined],
    ]);
    expect(leftOut.infinities).toBe(2);
  });

  it('hide no value behind another one of the same name, and keep times to the nanosecond', () => {
    const content = hourOf({
      columns: ['time', 'stream', 'x', 'x', '__proto__', '"'],
      rows: [[1, 2, 3, 4, 5, 6]],
      offsetsNs: [-1],
      tickNs: 1,
    });
    const [line = ''] = jsonLines(content, content.streams, nothingLeftOut());
    expect(line).toBe(
      '{"stream":"s","time":"2026-01-01T11:59:59.999999999Z","time_2":1,"stream_2":2,"x":3,"x_2":4,"__proto__":5,"\\"":6}\n',
    );
  });

  it('are refused where times are no dates', () => {
    const content = hourOf({ columns: ['p'], rows: [[1]], startMs: 8.64e15, offsetsNs: [5e15] });
    expect(() => [...jsonLines(content, content.streams, nothingLeftOut())]).toThrow(/no date/);
  });
});

describe('SenML', () => {
  it('names, times and values every reading; missing values have no record', () => {
    const content = hourOf({
      columns: [
        { name: 'p', unit: 'Pa' },
        { name: 'T', unit: '°C' },
      ],
      rows: [
        [77350, Number.NaN],
        [77351, -0.5],
      ],
    });
    const pack = senml(content);
    expect(pack).toEqual([
      { bn: `${STATION}/s/`, bt: START_MS / 1000, n: 'p', u: 'Pa', v: 77350 },
      { n: 'p', u: 'Pa', t: 0.5, v: 77351 },
      { n: 'T', u: 'Cel', t: 0.5, v: -0.5 },
    ]);
    expect(resolved(pack)[2]).toEqual({ n: `${STATION}/s/T`, t: START_MS / 1000 + 0.5, v: -0.5 });
  });

  it('writes only characters that SenML allows, and keeps names apart', () => {
    const content = hourOf({
      columns: ['é', 'ü', 'a b', 'a:b', ''],
      rows: [[1, 2, 3, 4, 5]],
      stream: 'wétter 1',
    });
    const pack = senml(content);
    expect(pack.map(({ n }: { n: string }) => n)).toEqual(['_', '__2', 'a_b', 'a:b', '__3']);
    for (const { n } of resolved(pack)) expect(n).toMatch(/^[A-Za-z0-9][A-Za-z0-9\-:./_]*$/);
    expect(pack[0].bn).toBe(`${STATION}/w_tter_1/`);
  });

  it('leaves out units that its registry lacks or that may mean two things, and tells which', () => {
    const leftOut = nothingLeftOut();
    const units = ['hPa', 'C', 'm/s2', 'uT', 'deg', ''];
    const content = hourOf({
      columns: [...units.map((unit, i) => ({ name: `c${i}`, unit })), { name: 'lat', unit: 'deg' }],
      rows: [[1, 2, 3, 4, 5, 6, 7]],
    });
    const used = senml(content, leftOut).map(({ u }: { u?: string }) => u);
    expect(used).toEqual([undefined, undefined, 'm/s2', undefined, undefined, undefined, 'lat']);
    expect([...leftOut.units]).toEqual(['hPa', 'C', 'uT', 'deg']);
  });

  it('leaves out infinities and counts them', () => {
    const leftOut = nothingLeftOut();
    const content = hourOf({ columns: ['p'], rows: [[Number.NEGATIVE_INFINITY], [1], [Number.NaN]] });
    expect(senml(content, leftOut)).toEqual([
      { bn: `${STATION}/s/`, bt: START_MS / 1000, n: 'p', t: 0.5, v: 1 },
    ]);
    expect(leftOut.infinities).toBe(1);
    expect(senml(hourOf({ columns: ['p'], rows: [] }))).toEqual([]);
  });

  it('keeps nanoseconds, and times before the slot', () => {
    const content = hourOf({ columns: ['p'], rows: [[1], [2], [3]], offsetsNs: [-1, 1, 3_600_000_000_001] });
    const text = [...senmlLines(content, content.streams, nothingLeftOut())].join('');
    expect(text).toContain('"t":-0.000000001,');
    expect(text).toContain('"t":0.000000001,');
    expect(text).toContain('"t":3600.000000001,');
  });

  it('is refused for times that it would take as distances from now', () => {
    const content = hourOf({ columns: ['p'], rows: [[1]], startMs: 0 });
    expect(() => senml(content)).toThrow(/distances from now/);
  });
});

describe('one stream of an hour', () => {
  it('is named with the others when it is not there', () => {
    expect(() => streamsOf(hourOf({ columns: ['p'], rows: [] }), 'wind')).toThrow(/no stream “wind”.*: s$/);
  });
});

describe('CSV with declared decimals', () => {
  const lines = (step: ColumnDescriptor['step'], values: readonly number[]) =>
    [
      ...csvLines(hourOf({ columns: [{ name: 'p', step }], rows: values.map((value) => [value]) }), {
        numbers: 'declared',
      }),
    ]
      .slice(1)
      .map((line) => line.trim().split(',')[1]);

  it('prints all decimals of a decimal step', () => {
    const step = { numerator: 1, denominator: 100 };
    expect(lines(step, [20.5, -3, 0, -0, Number.NaN])).toEqual(['20.50', '-3.00', '0.00', '-0.00', '']);
  });

  it('never prints another value: what does not lie on the step is printed in full', () => {
    const step = { numerator: 1, denominator: 100 };
    expect(lines(step, [20.505, 1e300, Number.POSITIVE_INFINITY])).toEqual(['20.505', '1e+300', 'Infinity']);
  });

  it('prints other steps in their shortest form', () => {
    expect(lines({ numerator: 9.80665, denominator: 16384 }, [9.80665 / 16384])).toEqual([
      String(9.80665 / 16384),
    ]);
    expect(lines(null, [20.5])).toEqual(['20.5']);
  });
});
