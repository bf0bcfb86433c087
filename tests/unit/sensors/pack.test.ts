import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeHour, encodeHour } from '../../../src/hour/container.ts';
import { csvLines } from '../../../src/hour/export-csv.ts';
import { MAX_HOUR_CELLS } from '../../../src/hour/limits.ts';
import { decimalStep, parseColumnPlans, stepText } from '../../../src/sensors/column-plan.ts';
import { checkPrinted } from '../../../src/sensors/pack-check.ts';
import { type PackOptions, packRecording } from '../../../src/sensors/pack-recording.ts';
import { parseRecording } from '../../../src/sensors/replay.ts';

const T0 = Date.UTC(2026, 0, 1, 12);

async function pack(text: string, options: PackOptions = {}) {
  const recording = await parseRecording(text, 'ridge.csv');
  return packRecording(recording, options);
}

/** CSV, hour, CSV. */
async function roundTrip(text: string): Promise<string> {
  const { content } = await pack(text);
  return [...csvLines(decodeHour(encodeHour(content)), { numbers: 'declared' })].join('');
}

async function exact(text: string, options: PackOptions = {}) {
  const recording = await parseRecording(text, 'ridge.csv');
  const { content } = packRecording(recording, options);
  return checkPrinted(text, 'ridge.csv', recording, decodeHour(encodeHour(content)));
}

describe('a table that is packed', () => {
  it('comes back with the same text: decimals, blanks, shortest numbers', async () => {
    const text =
      't_ms,T [Cel],p,n,mixed,blank\n' +
      `${T0},20.50,1013.0,7,0.1,\n` +
      `${T0 + 500},,1013.2,-8,0.25,\n` +
      `${T0 + 1000},-0.00,1013.5,0,-1e+300,\n`;
    expect(await roundTrip(text)).toBe(text);
    const { content, columns } = await pack(text);
    expect(content.streams[0]?.descriptor.columns).toEqual([
      { name: 'T [Cel]', unit: 'Cel', step: { numerator: 1, denominator: 100 } },
      { name: 'p', unit: '', step: { numerator: 1, denominator: 10 } },
      { name: 'n', unit: '', step: { numerator: 1, denominator: 1 } },
      { name: 'mixed', unit: '', step: null },
      { name: 'blank', unit: '', step: null },
    ]);
    expect(columns.map(({ stepSource }) => stepSource)).toEqual([
      'printed',
      'printed',
      'printed',
      'none',
      'none',
    ]);
  });

  it('comes back with the same text whatever is printed with the same number of decimals', async () => {
    const table = fc.integer({ min: 0, max: 6 }).chain((decimals) =>
      fc
        .array(fc.option(fc.integer({ min: -(10 ** 9) + 1, max: 10 ** 9 - 1 })), {
          minLength: 1,
          maxLength: 30,
        })
        .map((ks) => {
          const cell = (k: number | null) => {
            if (k === null) return '';
            const digits = String(Math.abs(k)).padStart(decimals + 1, '0');
            const whole = digits.slice(0, digits.length - decimals);
            return `${k < 0 ? '-' : ''}${whole}${decimals === 0 ? '' : `.${digits.slice(-decimals)}`}`;
          };
          return `t_s,v\n${ks.map((k, i) => `${T0 / 1000 + i},${cell(k)}\n`).join('')}`;
        }),
    );
    await fc.assert(
      fc.asyncProperty(table, async (text) => {
        expect(await roundTrip(text)).toBe(text);
      }),
      { numRuns: 150 },
    );
  });

  it('keeps the unit that its times are counted in, fractions and all', async () => {
    const text = 't_s,v\n0.02,1\n0.0400001,2\n1,3\n';
    expect(await roundTrip(text)).toBe(text);
  });

  it('has a slot that covers all its rows, aligned to UTC hours', async () => {
    const { content } = await pack(`t_ms,v\n${T0 + 3_599_999},1\n${T0 - 1},2\n${T0 + 3_600_000},3\n`);
    expect([content.startMs, content.lengthMs]).toEqual([T0 - 3_600_000, 3 * 3_600_000]);
  });

  it('keeps repeated and backward times in their order, and counts them', async () => {
    const text = `t_ms,v\n${T0 + 5},1\n${T0 + 5},2\n${T0},3\n${T0 + 5},4\n`;
    expect(await roundTrip(text)).toBe(text);
    expect(await pack(text)).toMatchObject({ repeatedTimes: 2, backwardTimes: 1 });
  });

  it('tells pauses and the ends of the table as gaps', async () => {
    const rows = Array.from(
      { length: 40 },
      (_, i) => `${T0 + 60_000 + i * 1000 + (i >= 20 ? 30_000 : 0)},${i}\n`,
    );
    const { content } = await pack(`t_ms,v\n${rows.join('')}`);
    expect(content.gaps.map(({ fromMs, toMs, cause }) => [fromMs - T0, toMs - T0, cause])).toEqual([
      [0, 60_000, 'start'],
      [79_000, 110_000, 'unknown'],
      [129_000, 3_600_000, 'stop'],
    ]);
  });

  it.each([
    ['six rows', [0, 10, 20, 370, 380, 390], [[20, 370]]],
    ['four rows', [0, 10, 360, 370], [[10, 360]]],
    ['a pause at once', [0, 350, 360, 370, 380], [[0, 350]]],
    ['three rows, which say nothing of what is usual', [0, 10, 360], []],
    ['no pause', [0, 10, 20, 40, 50], []],
  ])('tells a pause of a slow logger with few rows: %s', async (_, minutes, gaps) => {
    const rows = minutes.map((minute) => `${T0 + minute * 60_000},1\n`);
    const { content } = await pack(`t_ms,v\n${rows.join('')}`);
    expect(
      content.gaps
        .filter(({ cause }) => cause === 'unknown')
        .map(({ fromMs, toMs }) => [(fromMs - T0) / 60_000, (toMs - T0) / 60_000]),
    ).toEqual(gaps);
  });

  it('goes on learning: a logger that slows down by and by has no gaps', async () => {
    const seconds = Array.from({ length: 60 }, (_, i) => T0 + i * 3000 + (i > 30 ? (i - 30) * 4000 : 0));
    const { content } = await pack(`t_ms,v\n${seconds.map((ms) => `${ms},1\n`).join('')}`);
    expect(content.gaps.filter(({ cause }) => cause === 'unknown')).toEqual([]);
  });

  it('is one station however many tables are packed under its name', async () => {
    const text = `t_ms,v\n${T0},1\n`;
    const [a, b, c] = await Promise.all(['Ridge', 'Ridge', 'Hut'].map((name) => pack(text, { name })));
    expect(a?.content.station).toBe(b?.content.station);
    expect(a?.content.station).not.toBe(c?.content.station);
    expect((await pack(text)).content.stationName).toBe('ridge');
  });

  it('is refused when it spans more than a file can count, or its times are no dates', async () => {
    await expect(pack(`t_s,v\n${T0 / 1000},1\n${T0 / 1000 + 105 * 86_400},2\n`)).rejects.toMatchObject({
      code: 'limit',
      message: expect.stringContaining('spans 105 days, one hour file at most 104'),
    });
    const recording = await parseRecording(`t_ms,v\n${T0},1\n`, 'ridge.csv');
    expect(() => packRecording({ ...recording, timesMs: Float64Array.of(8.64e15) })).toThrow(
      /beyond any date/,
    );
  });

  it('is refused beyond the values of one hour file, and told into how many parts to cut it', async () => {
    const recording = await parseRecording(`t_ms,v\n${T0},1\n`, 'ridge.csv');
    expect(() => packRecording({ ...recording, rows: MAX_HOUR_CELLS })).toThrow(/cut it into 2 or more/);
  });
});

describe('what a person says about columns', () => {
  const text = `t_ms,ax,ay\n${T0},0.0007,1.5\n${T0 + 20},-0.0012,-2\n`;

  it('gives units, names and steps, and the values are rounded to the step', async () => {
    const plans = parseColumnPlans(
      '{"ax": {"unit": "m/s2", "step": "9.80665/16384", "name": "x"}, "ay": {"step": 1}}',
    );
    const { content, columns } = await pack(text, { plans });
    const stream = content.streams[0];
    expect(stream?.descriptor.columns).toEqual([
      { name: 'x', unit: 'm/s2', step: { numerator: 9.80665, denominator: 16384 } },
      { name: 'ay', unit: '', step: { numerator: 1, denominator: 1 } },
    ]);
    expect([...(stream?.rows.columns[0] ?? [])]).toEqual([9.80665 / 16384, (-2 * 9.80665) / 16384]);
    expect([...(stream?.rows.columns[1] ?? [])]).toEqual([2, -2]);
    expect(columns.map(({ from, stepSource, worstError }) => [from, stepSource, worstError])).toEqual([
      ['ax', 'given', Math.abs(9.80665 / 16384 - 0.0007)],
      ['ay', 'given', 0.5],
    ]);
    expect(content).toEqual(decodeHour(encodeHour(content)));
  });

  it('takes a decimal step as a quotient, so that its multiples are what people print', () => {
    expect(decimalStep(0.01)).toEqual({ numerator: 1, denominator: 100 });
    expect(decimalStep(0.25)).toEqual({ numerator: 25, denominator: 100 });
    expect(decimalStep(5)).toEqual({ numerator: 5, denominator: 1 });
    expect(decimalStep(1 / 3)).toEqual({ numerator: 1 / 3, denominator: 1 });
    expect([0.01, 0.25, 5].map((size) => stepText(decimalStep(size)))).toEqual(['0.01', '0.25', '5']);
    expect(stepText({ numerator: 9.80665, denominator: 16384 })).toBe('9.80665/16384');
  });

  it.each([
    ['{', 'is no JSON'],
    ['[]', 'does not fit'],
    ['7', 'does not fit'],
    ['null', 'does not fit'],
    ['{"ax": {"units": "m"}}', 'does not fit: “units” is none of unit, step, name. Expected such as'],
    ['{"ax": {"step": 0}}', 'has no step for “ax”'],
    ['{"ax": {"step": "1/0"}}', 'has no step'],
    ['{"ax": {"step": "1/2/3"}}', 'has no step'],
    ['{"ax": {"step": "0x10"}}', 'has no step'],
    ['{"ax": {"step": 1e999}}', 'has no step'],
    ['{"ax": {"name": ""}}', 'does not fit'],
  ])('is refused when it is %s', (json, message) => {
    expect(() => parseColumnPlans(json)).toThrow(message);
  });

  it.each([
    ['{"az": {"unit": "m"}}', 'speaks of “az”, which the table does not have; it has ax, ay'],
    ['{"ax": {"name": "ay"}}', 'two columns would be called “ay”'],
    ['{"ay": {"step": 1e-300}}', 'too fine for its value 1.5'],
  ])('is refused when it does not fit the table: %s', async (json, message) => {
    await expect(pack(text, { plans: parseColumnPlans(json) })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(message),
    });
  });
});

describe('insisting on every printed digit', () => {
  it('is content with what comes back as it was, times in fewer characters included', async () => {
    expect(await exact(`t_s,v\r\n0.020, 1.50\r\n0.040,2.50\r\n`)).toEqual({
      count: 2,
      example: '0.020 as 0.02',
    });
    expect(await exact('time,v\n2026-01-01T12:00:00.5Z,1\n2026-01-01T13:00:01.25+01:00,\n')).toMatchObject({
      count: 2,
    });
  });

  it('gives zeros back beside infinite values', async () => {
    expect(await exact(`t_ms,v\n${T0},22.0\n${T0},inf\n${T0},3.5\n`)).toMatchObject({ count: 1 });
  });

  it('counts the same digits in another notation', async () => {
    expect(await exact(`t_ms,v\n${T0},-3.5E-4\n${T0},nan\n${T0},+2\n${T0},-inf\n${T0},.5\n`)).toEqual({
      count: 5,
      example: '-3.5E-4 as -0.00035',
    });
  });

  it.each([
    [
      'digits that no float64 holds',
      `t_ms,v\n${T0},0.12345678901234567890\n`,
      '0.12345678901234567890 as 0.12345678901234568',
    ],
    ['zeros behind some numbers only', `t_ms,v\n${T0},1.5\n${T0},2.50\n`, 'line 3, “v”: 2.50 as 2.5'],
    [
      'zeros, and says what to do',
      `t_ms,v\n${T0},22.0\n${T0},2.15\n${T0},1e3\n`,
      'They are the same numbers with fewer or more zeros at their end',
    ],
    [
      'more than zeros, and does not speak of them',
      `t_ms,v\n${T0},22.0\n${T0},0.12345678901234567890\n`,
      'Without --exact they are kept as numbers',
    ],
    [
      'a number with more digits than an integer holds',
      `t_ms,v\n${T0},9007199254740993\n`,
      '9007199254740993 as 9007199254740992',
    ],
    ['a time finer than a nanosecond', 't_s,v\n0.0000000001,1\n', '“t_s”: 0.0000000001 as 0'],
  ])('fails over %s', async (_, text, message) => {
    await expect(exact(text)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(message),
    });
  });

  it('fails when a given step rounds', async () => {
    const plans = parseColumnPlans('{"v": {"step": 0.5}}');
    await expect(exact(`t_ms,v\n${T0},1.25\n`, { plans })).rejects.toThrow(/1 value would not come back/);
  });
});
