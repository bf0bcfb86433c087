import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../src/core/bytes.ts';
import { type CborValue, encodeCbor } from '../../../src/core/cbor.ts';
import { crc32 } from '../../../src/core/crc32.ts';
import { isWaystationError, WaystationError } from '../../../src/core/errors.ts';
import { idBytes } from '../../../src/core/ids.ts';
import {
  decodeHour,
  decodeHourColumn,
  encodeHour,
  hourHeaderBytes,
  MAX_BLOCK_ROWS,
  PREAMBLE_BYTES,
  readHourHeader,
} from '../../../src/hour/container.ts';
import type { HourContent } from '../../../src/hour/types.ts';
import { anyHour, bits, descriptor, START_MS, STATION, spelled } from './hour-samples.ts';

function hourOf(values: Float64Array, offsetsNs = values.map((_, i) => i * 20_000_000)): HourContent {
  return {
    station: STATION,
    stationName: 'Ridge',
    startMs: START_MS,
    lengthMs: 3_600_000,
    streams: [
      { descriptor: descriptor('s', ['a']), rows: { baseMs: START_MS, offsetsNs, columns: [values] } },
    ],
    gaps: [],
  };
}

/** Decodes, and fails on anything but a result or an error of the family. */
function survives(bytes: Uint8Array): HourContent | WaystationError {
  try {
    return decodeHour(bytes);
  } catch (error) {
    if (isWaystationError(error)) return error;
    throw error;
  }
}

describe('the hour file', () => {
  it('gives back every hour bit for bit', () => {
    fc.assert(
      fc.property(anyHour, (content) => {
        expect(spelled(decodeHour(encodeHour(content)))).toEqual(spelled(content));
      }),
      { numRuns: 300 },
    );
  });

  it('gives back columns longer than a block, missing values included', () => {
    const values = Float64Array.from({ length: 2 * MAX_BLOCK_ROWS + 3 }, (_, i) =>
      i % 7 === 0 ? Number.NaN : Math.round(Math.sin(i / 50) * 1000) / 100,
    );
    const back = decodeHour(encodeHour(hourOf(values)));
    expect(bits(back.streams[0]?.rows.columns[0] as Float64Array)).toEqual(bits(values));
    expect(back.streams[0]?.rows.offsetsNs.at(-1)).toBe((values.length - 1) * 20_000_000);
  });

  it('gives back times that repeat, go back, lie before the slot and do not fit the tick', () => {
    const times = Float64Array.of(5e6, 5e6, 4e6, -3e6, 7_000_001, 2 ** 53 - 1, -(2 ** 53 - 1));
    const back = decodeHour(encodeHour(hourOf(new Float64Array(times.length), times)));
    expect([...(back.streams[0]?.rows.offsetsNs ?? [])]).toEqual([...times]);
  });

  it('counts times from the slot whatever base they came with', () => {
    const content = hourOf(Float64Array.of(1), Float64Array.of(7));
    const [stream] = content.streams;
    if (stream === undefined) throw new Error('no stream');
    const shifted = { ...content, streams: [{ ...stream, rows: { ...stream.rows, baseMs: START_MS + 2 } }] };
    const back = decodeHour(encodeHour(shifted)).streams[0]?.rows;
    expect(back?.baseMs).toBe(START_MS);
    expect([...(back?.offsetsNs ?? [])]).toEqual([2_000_007]);
  });

  it('keeps calibration, responsible party and clock estimate', () => {
    const content: HourContent = {
      ...hourOf(Float64Array.of(1)),
      responsible: 'Valley Weather Club',
      clock: { offsetMs: -12.5, errorMs: 3, source: 'peer' },
      streams: [
        {
          descriptor: descriptor('p', ['pressure'], {
            calibration: 'against a Vaisala on 2026-01-01, −0.3 hPa',
          }),
          rows: { baseMs: START_MS, offsetsNs: Float64Array.of(0), columns: [Float64Array.of(773.5)] },
        },
      ],
    };
    expect(spelled(decodeHour(encodeHour(content)))).toEqual(spelled(content));
  });

  it('lets a plot read its header from the beginning of the file and single columns after that', () => {
    const values = Float64Array.from({ length: 5000 }, (_, i) => 20 + (i % 10) / 10);
    const bytes = encodeHour(hourOf(values));
    const length = hourHeaderBytes(bytes.subarray(0, PREAMBLE_BYTES));
    const header = readHourHeader(bytes.subarray(0, length), bytes.length);
    const block = header.streams[0]?.blocks[1];
    const column = block?.columns[1];
    if (block === undefined || column === undefined) throw new Error('no second block');
    expect([block.rows, column.min, column.max, header.streams[0]?.achievedRateHz]).toEqual([
      904, 20, 20.9, 50,
    ]);
    const at = header.dataAt + column.offset;
    const part = decodeHourColumn(bytes.subarray(at, at + column.length), column, block.rows);
    expect(bits(part)).toEqual(bits(values.slice(4096)));
  });

  it('refuses to encode what it could not give back', () => {
    expect(() => encodeHour(hourOf(Float64Array.of(1), Float64Array.of(0.5)))).toThrow(RangeError);
    expect(() => encodeHour(hourOf(Float64Array.of(1), Float64Array.of(Number.NaN)))).toThrow(RangeError);
    expect(() => encodeHour(hourOf(Float64Array.of(1, 2), Float64Array.of(0)))).toThrow(RangeError);
    expect(() => encodeHour({ ...hourOf(Float64Array.of(1)), stationName: 'x'.repeat(501) })).toThrow(
      RangeError,
    );
  });
});

describe('a hostile hour file', () => {
  const honest = encodeHour({
    ...hourOf(Float64Array.from({ length: 300 }, (_, i) => (i % 5 === 0 ? Number.NaN : i / 10))),
    gaps: [{ stream: 0, fromMs: START_MS, toMs: START_MS + 5, cause: 'start', detail: '' }],
  });

  /** The honest file with a header of our making and right checksums: only the checks of the content are left. */
  function forged(
    change: (map: Map<string, CborValue>) => void,
    data: Uint8Array = new Uint8Array(0),
  ): Uint8Array {
    const map = new Map<string, CborValue>([
      ['station', idBytes(STATION)],
      ['name', 'x'],
      ['start', START_MS],
      ['length', 3_600_000],
      ['streams', []],
      ['gaps', []],
    ]);
    change(map);
    const header = encodeCbor(map);
    const preamble = honest.slice(0, PREAMBLE_BYTES);
    new DataView(preamble.buffer).setUint32(5, header.length);
    const crc = new Uint8Array(4);
    new DataView(crc.buffer).setUint32(0, crc32(header));
    return concatBytes(preamble, header, crc, data);
  }

  function streamMap(blocks: CborValue, rows: number): CborValue {
    return new Map<string, CborValue>([
      ['name', 's'],
      ['columns', []],
      ['asked', null],
      ['achieved', null],
      ['tick', 1],
      ['driver', ''],
      ['device', ''],
      ['replay', false],
      ['rows', rows],
      ['blocks', blocks],
    ]);
  }

  it('is told by its checksums wherever one byte changed', () => {
    for (let at = 0; at < honest.length; at++) {
      const bytes = honest.slice();
      bytes[at] = (bytes[at] as number) ^ 0x10;
      expect(survives(bytes), `byte ${at}`).toBeInstanceOf(WaystationError);
    }
  });

  it('is refused at every length it can be cut to, and with bytes behind it', () => {
    for (let length = 0; length < honest.length; length++) {
      expect(survives(honest.subarray(0, length)), `length ${length}`).toBeInstanceOf(WaystationError);
    }
    expect(survives(concatBytes(honest, Uint8Array.of(0)))).toBeInstanceOf(WaystationError);
  });

  it('never makes the decoder throw anything but its own errors, whatever the bytes', () => {
    const mutation = fc.array(fc.tuple(fc.nat(honest.length - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(mutation, fc.uint8Array({ maxLength: 60 }), (changes, tail) => {
        const bytes = honest.slice();
        for (const [at, byte] of changes) bytes[at] = byte;
        survives(bytes);
        survives(concatBytes(honest.subarray(0, PREAMBLE_BYTES), tail));
      }),
      { numRuns: 500 },
    );
  });

  it('never makes the decoder throw anything else when the checksums are right and the columns are not', () => {
    const header = readHourHeader(honest);
    const [time, values] = header.streams[0]?.blocks[0]?.columns ?? [];
    if (time === undefined || values === undefined) throw new Error('no columns');
    const bytesOf = (column: typeof time) =>
      honest.slice(header.dataAt + column.offset, header.dataAt + column.offset + column.length);
    fc.assert(
      fc.property(
        fc.constantFrom(time, values),
        fc.array(fc.tuple(fc.nat(10_000), fc.nat(255)), { maxLength: 4 }),
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 1, max: 4096 }),
        fc.nat(4096),
        (column, changes, coding, rows, missing) => {
          const bytes = bytesOf(column);
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          const claim = { ...column, coding, missing: Math.min(missing, rows), crc: crc32(bytes) };
          try {
            decodeHourColumn(bytes, claim, rows);
          } catch (error) {
            expect(isWaystationError(error)).toBe(true);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('cannot claim more values than the limit, however small it is', () => {
    const time = (at: number): CborValue => [0, null, 4096, at, 0, 0, [null, null]];
    const blocks = Array.from({ length: 9000 }, () => [4096, 1, [time(0)]] as CborValue);
    const bytes = forged((map) => map.set('streams', [streamMap(blocks, 9000 * 4096)]));
    expect(survives(bytes)).toMatchObject({ code: 'limit' });
  });

  it('cannot name the same bytes twice', () => {
    const time: CborValue = [1, [1, 1], 0, 0, 4, 0, [0, 0]];
    const blocks: CborValue = [
      [1, 1, [time]],
      [1, 1, [time]],
    ];
    const bytes = forged((map) => map.set('streams', [streamMap(blocks, 2)]), new Uint8Array(4));
    expect(survives(bytes)).toMatchObject({ code: 'malformed' });
  });

  it('cannot announce a header beyond the limit', () => {
    const bytes = honest.slice();
    new DataView(bytes.buffer).setUint32(5, 0xffffffff);
    expect(survives(bytes)).toMatchObject({ code: 'limit' });
  });

  it.each([
    [
      'a gap of a stream that is not there',
      (map: Map<string, CborValue>) => map.set('gaps', [[0, 1, 2, 'stop', '']]),
    ],
    [
      'a station of the wrong length',
      (map: Map<string, CborValue>) => map.set('station', new Uint8Array(15)),
    ],
    ['no length', (map: Map<string, CborValue>) => map.delete('length')],
    ['streams that are no list', (map: Map<string, CborValue>) => map.set('streams', 7)],
    ['a stream that is no map', (map: Map<string, CborValue>) => map.set('streams', [null])],
    ['rows without blocks', (map: Map<string, CborValue>) => map.set('streams', [streamMap([], 1)])],
    ['a block of no rows', (map: Map<string, CborValue>) => map.set('streams', [streamMap([[0, 1, []]], 0)])],
    [
      'a key that reaches for the prototype',
      (map: Map<string, CborValue>) => map.set('__proto__', []).delete('name'),
    ],
  ])('is refused with %s', (_, change) => {
    expect(survives(forged((map) => void change(map)))).toMatchObject({ code: 'malformed' });
  });

  it('reads a cause that it does not know yet as unknown, and ignores keys that it does not know', () => {
    const bytes = forged((map) => map.set('gaps', [[null, 1, 2, 'eclipse', 'moon']]).set('zz', [1]));
    expect(survives(bytes)).toMatchObject({ gaps: [{ cause: 'unknown', detail: 'moon' }] });
  });
});
