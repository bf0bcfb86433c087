/**
 * The C library of examples/esp32: it needs nothing beside itself and no floating point, reads the vectors, and writes the bytes that the project's own
 * writer writes.
 */
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/core/bytes.ts';
import { encodeFastBlock } from '../../src/hour/coding/fast/block.ts';
import { decodeHour, encodeHour, hourHeaderBytes, readHourHeader } from '../../src/hour/container.ts';
import { inflateHeader } from '../../src/hour/header-dictionary.ts';
import { givesBack, numberOn } from '../../src/hour/lattice.ts';
import type { HourContent, Step } from '../../src/hour/types.ts';
import { bits, descriptor, START_MS, STATION, spelled } from '../unit/hour/hour-samples.ts';
import {
  buildHarness,
  type Cell,
  LIBRARY,
  type NativeColumn,
  type NativeHour,
  pairsCase,
  patternOf,
  readCase,
  run,
  runCases,
  sources,
  streamsOf,
  workFolder,
  writeCase,
  writtenOf,
} from './native.ts';

const folder = workFolder();
let harness = '';
beforeAll(() => {
  harness = buildHarness(folder.path);
});
afterAll(folder.remove);

type Spelt = number | string | null;
interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly content: {
    readonly startMs: number;
    readonly streams: readonly {
      readonly descriptor: {
        readonly columns: readonly { readonly name: string; readonly step: Step | null }[];
      };
      readonly rows: {
        readonly baseMs: number;
        readonly offsetsNs: readonly number[];
        readonly columns: readonly Spelt[][];
      };
    }[];
  };
}
const { vectors } = JSON.parse(
  readFileSync(new URL('../vectors/hour-fast.json', import.meta.url), 'utf8'),
) as { vectors: Vector[] };

function numbersOf(column: readonly Spelt[]): Float64Array {
  return Float64Array.from(column, (value) => (value === null ? Number.NaN : Number(value)));
}

/** Columns of vectors that are float32 as decimals: they are read, but a sensor's own writer has no use for them. */
const FOR_OTHERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['fast: float32, float32 as text, float64', ['t', 'b']],
  ['fast: outliers, one width, and wide numbers', ['out']],
]);

/** The flags that the README quotes. */
const FREESTANDING = [
  '-ffreestanding',
  '-nostdlib',
  '-std=c99',
  '-Wall',
  '-Wextra',
  '-Wconversion',
  '-Werror',
  '-pedantic',
  '-fno-builtin',
];

describe('the library', () => {
  it.each(['-Os', '-O2'])('is built without warnings, a library or floating point (%s)', (level) => {
    const readme = readFileSync(join(LIBRARY, 'README.md'), 'utf8');
    expect(readme).toContain(FREESTANDING.join(' '));
    const all = join(folder.path, `all${level}.o`);
    const general = ['x64', 'arm64'].includes(process.arch) ? ['-mgeneral-regs-only'] : [];
    const plain = ['-fno-tree-loop-distribute-patterns', ...general];
    run('gcc', [level, ...FREESTANDING, ...plain, '-r', ...sources(), '-o', all]);
    expect(run('nm', ['-u', all]).trim()).toBe('');
    // Nothing that outlives a call: no variable but constants.
    expect(
      run('nm', [all])
        .split('\n')
        .filter((line) => / [bBdDcC] /.test(line)),
    ).toEqual([]);
    const symbols = run('nm', ['-g', '--defined-only', all]).trim().split('\n');
    expect(symbols.filter((line) => !/ (wh_|WH_)/.test(line))).toEqual([]);
  });

  it.skipIf(process.arch !== 'x64')(
    'needs nothing but 64-bit division of the compiler on a 32-bit processor',
    () => {
      const all = join(folder.path, 'all32.o');
      const flags = ['-m32', '-mgeneral-regs-only', '-fno-pic', '-fno-tree-loop-distribute-patterns'];
      run('gcc', ['-Os', ...FREESTANDING, ...flags, '-r', ...sources(), '-o', all]);
      const missing = run('nm', ['-u', all])
        .trim()
        .split(/\s*U\s*/)
        .filter((name) => name !== '');
      expect(missing.filter((name) => !/^__u?(div|mod)di3$/.test(name))).toEqual([]);
    },
  );

  it('is built as its README says, and its example writes an hour that says it is simulated', () => {
    const copy = join(folder.path, 'esp32');
    cpSync(LIBRARY, copy, { recursive: true });
    const lines = readFileSync(join(copy, 'README.md'), 'utf8')
      .split('```sh\n')
      .slice(1)
      .map((part) => part.split('```')[0] as string);
    expect(lines.length).toBe(2);
    for (const line of lines) run('sh', ['-ec', `cd '${copy}'; ${line}`]);
    expect(run('nm', ['-u', join(copy, 'waystation_hour.o')]).trim()).toBe('');
    const hour = decodeHour(Uint8Array.from(readFileSync(join(copy, 'simulated.hour'))));
    expect(hour.stationName).toMatch(/simulated/i);
    const [stream] = hour.streams;
    expect(stream?.descriptor.device).toMatch(/simulated/);
    expect(stream?.rows.offsetsNs.length).toBe(3600);
    expect(stream?.rows.columns.map((column) => column.filter(Number.isNaN).length)).toEqual([5, 5]);
    expect(stream?.rows.columns[1]?.[0]).toBe(1013.25);
  });
});

describe('binary64 in whole numbers', () => {
  it('is what this machine calculates', () => {
    const edges = [
      0,
      -0,
      1,
      -1,
      0.5,
      3,
      2 ** 53,
      2 ** -1074,
      2 ** -1022,
      1.5 * 2 ** -149,
      2 ** -150,
      2 ** 128,
      1e308,
    ];
    const one = fc.oneof(
      fc.double({ noNaN: true }),
      fc.constantFrom(...edges, Number.POSITIVE_INFINITY, Number.MAX_VALUE),
      fc.integer({ min: -1000, max: 1000 }),
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 }).map((k) => k * 2 ** -155),
      fc.double({ min: 1, max: 2, noNaN: true }),
    );
    const near = one.chain((a) =>
      fc.tuple(fc.constant(a), fc.oneof(one, fc.constantFrom(a, -a, a * (1 + 2 ** -52)))),
    );
    const pairs = [
      ...fc.sample(near, { numRuns: 4000, seed: 3 }),
      ...edges.flatMap((a) => edges.map((b) => [a, b] as const)),
    ];
    const [answer] = runCases(harness, [pairsCase(pairs)]);
    const lines = pairs.map(([a, b]) => {
      const all = [a * b, a / b, a + b].map((value) => (Number.isNaN(value) ? Number.NaN : value));
      const hex = (value: number) => patternOf(value).toString(16);
      return `f ${all.map(hex).join(' ')} ${a < b ? 1 : 0} ${hex(Math.fround(a))}`;
    });
    expect(answer?.lines).toEqual(lines);
  });
});

describe.each(vectors.map((vector) => [vector.name, vector] as const))('the vector “%s”', (_, vector) => {
  it('is read as it is', () => {
    const [answer] = runCases(harness, [readCase(fromHex(vector.hex))]);
    expect(answer?.status).toBe('ok');
    const streams = streamsOf(answer?.lines ?? []);
    vector.content.streams.forEach(({ rows }, s) => {
      const read = streams.get(s);
      expect(read?.offsetsNs).toEqual(rows.offsetsNs);
      expect(read?.columns.map((column) => bits(Float64Array.from(column)))).toEqual(
        rows.columns.map((column) => bits(numbersOf(column))),
      );
    });
  });

  it('has columns that are written to the same bytes', () => {
    for (const { descriptor: d, rows } of vector.content.streams) {
      const ticks = rows.offsetsNs.map((ns) => ns / 1e6);
      rows.columns.forEach((column, c) => {
        const values = numbersOf(column);
        const declared = d.columns[c]?.step ?? null;
        const { bytes, steps } = encodeFastBlock(Float64Array.from(ticks), [values], [declared]);
        if (FOR_OTHERS.get(vector.name)?.includes(d.columns[c]?.name as string)) return;
        const hour = hourOf([{ ticks, columns: [columnOf(values, steps[0] ?? null)] }], [declared]);
        const [answer] = runCases(harness, [writeCase(hour)]);
        expect(answer?.status).toBe('ok');
        expect(toHex(writtenOf(answer?.lines ?? []).blocks[0] ?? new Uint8Array(0))).toBe(toHex(bytes));
      });
    }
  });
});

/** Values as numbers on a grid, others apart; patterns where there is none. */
function columnOf(values: Float64Array, grid: Step | null): NativeColumn {
  const cells = Array.from(values, (value): Cell => {
    if (Number.isNaN(value)) return null;
    if (grid === null) return { apart: value };
    const k = numberOn(grid, value);
    return givesBack(grid, k, value) && !Object.is(value, -0) ? { k } : { apart: value };
  });
  return { cells, grid };
}

function hourOf(
  blocks: NativeHour['streams'][number]['blocks'],
  steps: readonly (Step | null)[],
  over: Partial<NativeHour> = {},
): NativeHour {
  return {
    station: STATION,
    name: 'Ridge',
    startMs: START_MS,
    lengthMs: 3_600_000,
    gaps: [],
    streams: [{ descriptor: streamOf(steps), blocks }],
    ...over,
  };
}

function streamOf(steps: readonly (Step | null)[]) {
  return descriptor('s', [], {
    columns: steps.map((step, i) => ({ name: `c${i}`, unit: 'hPa', step })),
    profile: 'fast',
    askedRateHz: 12.5,
  });
}

// ---- Any numbers ----

const STEPS: readonly Step[] = [
  { numerator: 1, denominator: 1 },
  { numerator: 1, denominator: 10 },
  { numerator: 1, denominator: 100 },
  { numerator: 1, denominator: 65_536 },
  { numerator: 9.80665, denominator: 16_384 },
  { numerator: 3, denominator: 65_536 * 65_536 },
  { numerator: 0.0000457763671875, denominator: 1 },
];

/** Walks, ramps, constants, jumps; k below 2^40 (2^50 on the grid of whole numbers). */
const anyKs = (rows: number, isWhole: boolean) =>
  fc
    .record({
      start: fc.oneof(
        fc.integer({ min: -2000, max: 2000 }),
        fc.integer({ min: isWhole ? -(2 ** 50) : -(2 ** 40), max: isWhole ? 2 ** 50 : 2 ** 40 }),
      ),
      slope: fc.constantFrom(0, 0, 1, 7, -300, 65_536, 2 ** 24),
      pace: fc.constantFrom(0, 1, 5, 300, 70_000, 2 ** 31, 2 ** 36),
      unit: fc.constantFrom(1, 1, 1, 3, 60, 1000, 1001),
      noise: fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: rows, maxLength: rows }),
    })
    .map(({ start, slope, pace, unit, noise }) =>
      noise.map((n, i) => start + unit * (slope * i + Math.round(n * pace)) + 0),
    );

const anyColumn = (rows: number) =>
  fc.constantFrom(...STEPS).chain((step) =>
    fc
      .record({
        ks: anyKs(rows, step.numerator === 1 && step.denominator === 1),
        missing: fc.constantFrom(0, 0, 0.05, 0.5, 0.97, 1),
        dice: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: rows, maxLength: rows }),
        odd: fc.constantFrom(null, null, -0, Number.POSITIVE_INFINITY),
      })
      .map(({ ks, missing, dice, odd }) => ({
        step,
        cells: ks.map((k, i): Cell => {
          if ((dice[i] as number) < missing) return null;
          if (Object.is(odd, -0) && i % 3 === 1) return { apart: -0 };
          if (odd === Number.POSITIVE_INFINITY && i === 5) return { apart: i % 2 === 0 ? odd : -odd };
          return { k };
        }),
      })),
  );

const anyBlocks = fc.integer({ min: 1, max: 300 }).chain((rows) =>
  fc.record({
    ticks: fc.oneof(
      { weight: 4, arbitrary: anyKs(rows, false).map((ks) => ks.map((k) => k % 2 ** 33)) },
      { weight: 1, arbitrary: fc.constant(Array.from({ length: rows }, (_, i) => i * 1000)) },
    ),
    columns: fc
      .integer({ min: 0, max: 4 })
      .chain((width) => fc.tuple(...Array.from({ length: width }, () => anyColumn(rows)))),
  }),
);

function valuesOf(cells: readonly Cell[], { numerator, denominator }: Step): Float64Array {
  return Float64Array.from(cells, (cell) =>
    cell === null ? Number.NaN : 'k' in cell ? (cell.k * numerator) / denominator : cell.apart,
  );
}

function inflatedHeader(file: Uint8Array): string {
  const at = hourHeaderBytes(file);
  const size = new DataView(file.buffer, file.byteOffset).getUint32(5);
  return toHex(inflateHeader(file.subarray(13, at - 4), size));
}

/** Infinities above one in 16 rows, and numbers that 2^53 does not tell apart, are coded otherwise by who may choose the grid. */
function isPlain(cells: readonly Cell[], step: Step): boolean {
  const present = cells.filter((cell) => cell !== null);
  const odd = present.filter((cell) => 'apart' in cell && cell.apart !== 0).length;
  const values = valuesOf(present, step);
  return (
    odd <= present.length / 16 &&
    present.every((cell, i) => 'apart' in cell || numberOn(step, values[i] as number) === cell.k)
  );
}

describe('any numbers', () => {
  it('are written to the bytes of the project’s own writer, header and all, and come back', () => {
    const samples = fc.sample(anyBlocks, { numRuns: 400, seed: 5 });
    const plain = samples.filter(({ columns }) => columns.every(({ cells, step }) => isPlain(cells, step)));
    expect(plain.length).toBeGreaterThan(200);
    const hours = plain.map(({ ticks, columns }, i) =>
      hourOf(
        [
          {
            ticks,
            columns: columns.map(({ cells }) => ({
              cells,
              grid: 'declared',
              isSmall:
                i % 2 === 0 &&
                cells.every((cell) => cell === null || ('k' in cell && Math.abs(cell.k) < 2 ** 31)),
            })),
          },
        ],
        columns.map(({ step }) => step),
        {
          name: `Ridge ${i}`,
          gaps: [{ stream: 0, fromMs: START_MS, toMs: START_MS + i, cause: 'sensor', detail: 'loose' }],
        },
      ),
    );
    const answers = runCases(harness, hours.map(writeCase));
    let numbers = 0;
    answers.forEach(({ status, lines }, i) => {
      const { ticks, columns } = plain[i] as (typeof plain)[number];
      expect(status, `sample ${i}`).toBe('ok');
      const content: HourContent = {
        station: STATION,
        stationName: `Ridge ${i}`,
        startMs: START_MS,
        lengthMs: 3_600_000,
        gaps: hours[i]?.gaps ?? [],
        streams: [
          {
            descriptor: streamOf(columns.map(({ step }) => step)),
            rows: {
              baseMs: START_MS,
              offsetsNs: Float64Array.from(ticks, (tick) => tick * 1e6),
              columns: columns.map(({ cells, step }) => valuesOf(cells, step)),
            },
          },
        ],
      };
      const expected = encodeHour(content);
      const { file, blocks } = writtenOf(lines);
      const { dataAt } = readHourHeader(expected);
      expect(toHex(blocks[0] as Uint8Array), `sample ${i}`).toBe(toHex(expected.subarray(dataAt)));
      expect(inflatedHeader(file), `sample ${i}`).toBe(inflatedHeader(expected));
      expect(spelled(decodeHour(file))).toEqual(spelled(content));
      numbers += ticks.length * (1 + columns.length);
    });
    expect(numbers).toBeGreaterThan(50_000);
    // And read again by the library itself.
    const files = answers.map(({ lines }) => writtenOf(lines).file);
    runCases(harness, files.map(readCase)).forEach(({ status, lines }, i) => {
      expect(status).toBe('ok');
      const read = streamsOf(lines).get(0);
      expect(read?.columns.map((column) => bits(Float64Array.from(column)))).toEqual(
        plain[i]?.columns.map(({ cells, step }) => bits(valuesOf(cells, step).map((v) => v))),
      );
    });
  });

  it('of a whole block may add up to more than 2^64', () => {
    const rows = 16_384;
    const step: Step = { numerator: 1, denominator: 1 };
    const ticks = Array.from({ length: rows }, (_, i) => i);
    const ks = ticks.map((i) => 2 ** 50 + (i % 2));
    const columns = [{ cells: ks.map((k) => ({ k })), grid: 'declared' as const }];
    const content: HourContent = {
      station: STATION,
      stationName: 'Ridge',
      startMs: START_MS,
      lengthMs: 3_600_000,
      gaps: [],
      streams: [
        {
          descriptor: streamOf([step]),
          rows: {
            baseMs: START_MS,
            offsetsNs: Float64Array.from(ticks, (tick) => tick * 1e6),
            columns: [Float64Array.from(ks)],
          },
        },
      ],
    };
    const expected = encodeHour(content);
    const [written] = runCases(harness, [writeCase(hourOf([{ ticks, columns }], [step]))]);
    expect(inflatedHeader(writtenOf(written?.lines ?? []).file)).toBe(inflatedHeader(expected));
    expect(runCases(harness, [readCase(expected)])[0]?.status).toBe('ok');
  });

  it('that are no numbers of a step are written as float64 and float32 are', () => {
    const noise = Float64Array.from({ length: 200 }, (_, i) => Math.sin(i) ** 3);
    const floats = Float64Array.from({ length: 200 }, (_, i) => Math.fround(Math.sin(i + 1) * 1e-20));
    const blank = noise.map((value, i) => (i % 7 === 0 ? Number.NaN : value));
    const ticks = Array.from({ length: 200 }, (_, i) => i * 20);
    const { bytes } = encodeFastBlock(Float64Array.from(ticks), [noise, floats, blank], [null, null, null]);
    const columns = [noise, floats, blank].map((values) => columnOf(values, null));
    const [answer] = runCases(harness, [writeCase(hourOf([{ ticks, columns }], [null, null, null]))]);
    const { blocks, file } = writtenOf(answer?.lines ?? []);
    expect(toHex(blocks[0] as Uint8Array)).toBe(toHex(bytes));
    expect(decodeHour(file).streams[0]?.rows.columns.map(bits)).toEqual([noise, floats, blank].map(bits));
  });
});

describe('an hour of several streams and blocks', () => {
  it('is read by the project, and its long header was stored in several pieces', () => {
    const step: Step = { numerator: 1, denominator: 4096 };
    const block = (from: number) => ({
      ticks: [from, from + 1000, from + 2000],
      columns: Array.from({ length: 30 }, (_, c) => ({
        cells: [{ k: from + c }, null, { k: -c }],
        grid: 'declared' as const,
      })),
    });
    const one = streamOf(new Array<Step>(30).fill(step));
    const streams = ['a', 'b'].map((name) => ({
      descriptor: { ...one, name },
      blocks: Array.from({ length: 200 }, (_, i) => block(i * 3000)),
    }));
    const [answer] = runCases(harness, [writeCase(hourOf([], [], { streams }))]);
    expect(answer?.status).toBe('ok');
    const { head, file } = writtenOf(answer?.lines ?? []);
    expect(head.length).toBeGreaterThan(2 * 65_536);
    const hour = decodeHour(file);
    expect(hour.streams.map(({ descriptor: d, rows }) => [d.name, rows.offsetsNs.length])).toEqual([
      ['a', 600],
      ['b', 600],
    ]);
    expect(hour.streams[1]?.rows.columns[29]?.[3]).toBe((3000 + 29) / 4096);
    const [read] = runCases(harness, [readCase(file)]);
    expect(read?.status).toBe('ok');
  });
});
