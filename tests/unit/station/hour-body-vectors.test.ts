/** The bodies of hours' entries that another implementation must read, and write again to the same bytes. `UPDATE_VECTORS=1` writes them anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { asBytes, fromHex, toHex } from '../../../src/core/bytes.ts';
import type { HourContent, HourStream } from '../../../src/hour/types.ts';
import { decodeHourBody, type HourBody } from '../../../src/station/hour-body.ts';
import { encodeHourBody, hourBodyOf } from '../../../src/station/hour-body-writing.ts';
import { descriptor, START_MS, STATION } from '../hour/hour-samples.ts';
import { weatherHours } from './hour-wire.ts';

const FILE = new URL('../../vectors/hour-body.json', import.meta.url);
const OPEN_ID = asBytes(Uint8Array.from({ length: 16 }, (_, i) => 0xf0 + i));
const { UPDATE_VECTORS } = process.env;

/** Bytes as hexadecimal. */
interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly body: unknown;
}

function spelled(body: HourBody): unknown {
  const streams = body.streams.map((stream) => ({ ...stream, bands: toHex(stream.bands) }));
  return { ...body, openId: toHex(body.openId), streams };
}

function stream(over: Parameters<typeof descriptor>[2], columns: readonly (readonly number[])[]): HourStream {
  const rows = columns[0]?.length ?? 0;
  return {
    descriptor: descriptor(
      'buoy',
      columns.map((_, i) => `quantity ${i}`),
      over,
    ),
    rows: {
      baseMs: START_MS + 250,
      offsetsNs: Float64Array.from({ length: rows }, (_, i) => i * 20e9 + 500),
      columns: columns.map((values) => Float64Array.from(values)),
    },
  };
}

async function contents(): Promise<readonly (readonly [string, HourContent])[]> {
  const base = { station: STATION, stationName: 'Høyde 3', startMs: START_MS, lengthMs: 3_600_000 };
  const [weather] = await weatherHours();
  if (weather === undefined) throw new Error('the example has hours');
  const lattice = { numerator: 9.80665, denominator: 16_384 };
  const many = (value: (i: number) => number) => Array.from({ length: 24 }, (_, i) => value(i));
  const columns = [
    { name: 'x', unit: 'm/s2', step: lattice },
    { name: 'strain', unit: 'ppm', step: null },
    { name: 'odd', unit: '', step: { numerator: 1, denominator: 100 } },
    { name: 'infinite', unit: '', step: null },
    { name: 'still', unit: 'hPa', step: { numerator: 1, denominator: 10 } },
    { name: 'thirds', unit: '', step: null },
  ];
  const values = [
    many((i) => ((i * i - 200) * 9.80665) / 16_384),
    many((i) => (i > 5 && i < 18 ? Number.NaN : i / 1_000)),
    many((i) => (i === 3 ? 1 / 3 : i / 100)),
    many(() => Number.POSITIVE_INFINITY),
    many(() => 1_013.2),
    many((i) => -i / 3),
  ];
  return [
    ['a quiet hour of a weather station', { ...weather, station: STATION }],
    [
      'grids, values beside them, gaps and nothing finite',
      {
        ...base,
        streams: [
          stream({ columns, driver: 'logger', device: 'Mk II', replay: true }, values),
          stream({ name: 'silent' }, []),
        ],
        gaps: [
          { stream: null, fromMs: START_MS, toMs: START_MS + 250, cause: 'start', detail: '' },
          {
            stream: 0,
            fromMs: START_MS + 90_000,
            toMs: START_MS + 400_000,
            cause: 'sensor',
            detail: 'unplugged',
          },
        ],
      },
    ],
    ['an hour without a stream', { ...base, streams: [], gaps: [] }],
  ];
}

async function written(): Promise<Vector[]> {
  return (await contents()).map(([name, content]) => {
    const bytes = encodeHourBody(hourBodyOf(content, OPEN_ID));
    return { name, hex: toHex(bytes), body: spelled(decodeHourBody(bytes)) };
  });
}

if (UPDATE_VECTORS === '1') {
  const about =
    'Bodies of the entries of hours (docs/PROTOCOL.md §10) and what they say; bytes are hexadecimal.';
  writeFileSync(FILE, `${JSON.stringify({ about, vectors: await written() }, null, 2)}\n`);
}
const { vectors } = JSON.parse(readFileSync(FILE, 'utf8')) as { vectors: Vector[] };

describe.each(vectors.map((vector) => [vector.name, vector] as const))(
  'the body of the vector “%s”',
  (name, vector) => {
    it('says what it says', () => {
      expect(spelled(decodeHourBody(fromHex(vector.hex)))).toEqual(vector.body);
    });

    it('is written again to the same bytes', () => {
      expect(toHex(encodeHourBody(decodeHourBody(fromHex(vector.hex))))).toBe(vector.hex);
    });

    it('is what our writer makes of the hour', async () => {
      const own = (await written()).find((one) => one.name === name);
      expect(own).toEqual(vector);
    });
  },
);
