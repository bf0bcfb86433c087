import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../src/core/bytes.ts';
import { type CborValue, encodeCbor } from '../../../src/core/cbor.ts';
import { crc32 } from '../../../src/core/crc32.ts';
import { isWaystationError, WaystationError } from '../../../src/core/errors.ts';
import { idBytes } from '../../../src/core/ids.ts';
import {
  decodeHour,
  decodeHourBlock,
  encodeHour,
  hourHeaderBytes,
  MAX_BLOCK_ROWS,
  PREAMBLE_BYTES,
  readHourHeader,
} from '../../../src/hour/container.ts';
import { deflateHeader } from '../../../src/hour/header-dictionary.ts';
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

  it('lets a plot read its header from the beginning of the file and single blocks after that', () => {
    const values = Float64Array.from({ length: MAX_BLOCK_ROWS + 904 }, (_, i) => 20 + (i % 10) / 10);
    const bytes = encodeHour(hourOf(values));
    const length = hourHeaderBytes(bytes.subarray(0, PREAMBLE_BYTES));
    const header = readHourHeader(bytes.subarray(0, length), bytes.length);
    const block = header.streams[0]?.blocks[1];
    const column = block?.columns[0];
    if (block === undefined || column === undefined) throw new Error('no second block');
    expect([block.rows, column.count, column.min, column.max, header.streams[0]?.achievedRateHz]).toEqual([
      904, 904, 20, 20.9, 50,
    ]);
    expect(column.sum).toBe(
      values.slice(MAX_BLOCK_ROWS).reduce((sum, value) => sum + Math.round(value * 10), 0) / 10,
    );
    const at = header.dataAt + block.offset;
    const part = decodeHourBlock(bytes.subarray(at, at + block.length), block);
    expect(bits(part.columns[0] as Float64Array)).toEqual(bits(values.slice(MAX_BLOCK_ROWS)));
    expect(decodeHourBlock(bytes.subarray(at, at + block.length), block, 0).columns).toEqual([]);
  });

  it('gives back a value off the grid that is the least or greatest of its block', () => {
    for (const odd of [100.12345678901234, -1e300, -5e-324]) {
      const values = Float64Array.from({ length: 3000 }, (_, row) => {
        const raw = Math.floor(900 * Math.sin(row / 60)) + ((row * 7919) % 31);
        return raw * (Math.PI / 1800);
      });
      values[77] = odd;
      const bytes = encodeHour(hourOf(values));
      expect(bits(decodeHour(bytes).streams[0]?.rows.columns[0] as Float64Array)).toEqual(bits(values));
      const column = readHourHeader(bytes).streams[0]?.blocks[0]?.columns[0];
      expect(column).toMatchObject({ min: Math.min(...values), max: Math.max(...values) });
      expect(column?.step).not.toBeNull();
      expect(column?.sum).toBe(values.reduce((sum, value) => sum + value, 0));
    }
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
    const stored = deflateHeader(header);
    const preamble = honest.slice(0, PREAMBLE_BYTES);
    new DataView(preamble.buffer).setUint32(5, header.length);
    new DataView(preamble.buffer).setUint32(9, stored.length);
    const crc = new Uint8Array(4);
    new DataView(crc.buffer).setUint32(0, crc32(stored));
    return concatBytes(preamble, stored, crc, data);
  }

  function streamMap(blocks: CborValue): CborValue {
    return new Map<string, CborValue>([
      ['name', 's'],
      ['columns', []],
      ['asked', null],
      ['tick', 1],
      ['driver', ''],
      ['device', ''],
      ['replay', false],
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

  it('never makes the decoder throw anything else when the checksums are right and the blocks are not', () => {
    const header = readHourHeader(honest);
    const block = header.streams[0]?.blocks[0];
    if (block === undefined) throw new Error('no block');
    const at = header.dataAt + block.offset;
    const step = fc.constantFrom(null, { numerator: 1, denominator: 10 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(10_000), fc.nat(255)), { maxLength: 4 }),
        fc.uint8Array({ maxLength: 40 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 4096 }),
        fc.array(step, { minLength: 1, maxLength: 4 }),
        (changes, noise, isNoise, rows, steps) => {
          const bytes = isNoise ? noise : honest.slice(at, at + block.length);
          for (const [place, byte] of changes) if (bytes.length > 0) bytes[place % bytes.length] = byte;
          const columns = steps.map((one) => ({ step: one, count: 1, min: 0, max: 0, sum: 0 }));
          const claim = { ...block, rows, length: bytes.length, crc: crc32(bytes), columns };
          try {
            decodeHourBlock(bytes, claim);
          } catch (error) {
            expect(isWaystationError(error)).toBe(true);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('cannot claim more values than the limit, however small it is', () => {
    const blocks = Array.from({ length: 2100 }, () => [MAX_BLOCK_ROWS, 1, 0, 0, 0, 0, []] as CborValue);
    const bytes = forged((map) => map.set('streams', [streamMap(blocks)]));
    expect(survives(bytes)).toMatchObject({ code: 'limit' });
  });

  it('cannot name bytes that are not there', () => {
    const block: CborValue = [1, 1, 4, 0, 0, 0, []];
    const bytes = forged((map) => map.set('streams', [streamMap([block, block])]), new Uint8Array(4));
    expect(survives(bytes)).toMatchObject({ code: 'corrupt' });
  });

  it('cannot inflate its description to more than it said', () => {
    const bytes = honest.slice();
    new DataView(bytes.buffer).setUint32(5, 20);
    expect(survives(bytes)).toMatchObject({ code: 'corrupt' });
  });

  it('cannot tell another extent, count or sum than its values have', () => {
    const header = readHourHeader(honest);
    const block = header.streams[0]?.blocks[0];
    const column = block?.columns[0];
    if (block === undefined || column === undefined) throw new Error('no block');
    const part = honest.slice(header.dataAt + block.offset, header.dataAt + block.offset + block.length);
    for (const lie of [{ min: 0 }, { max: 31 }, { sum: 1 }, { count: 3 }]) {
      const columns = [{ ...column, ...lie }];
      expect(() => decodeHourBlock(part, { ...block, columns })).toThrow(/does not fit its values/);
    }
    expect(() => decodeHourBlock(part, { ...block, lastTick: block.lastTick + 1 })).toThrow(/does not fit/);
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
    [
      'a block that ends before it begins',
      (map: Map<string, CborValue>) => map.set('streams', [streamMap([[1, 1, 0, 0, 2, 1, []]])]),
    ],
    [
      'a block without its columns',
      (map: Map<string, CborValue>) =>
        map.set('streams', [streamMap([[1, 1, 0, 0, 0, 0, [[0, null, null, null]]]])]),
    ],
    [
      'a block of no rows',
      (map: Map<string, CborValue>) => map.set('streams', [streamMap([[0, 1, 0, 0, 0, 0, []]])]),
    ],
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
