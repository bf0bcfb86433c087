import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../src/core/bytes.ts';
import { isWaystationError, WaystationError } from '../../../src/core/errors.ts';
import { decodeHour, encodeHour, MAX_BLOCK_ROWS, readHourHeader } from '../../../src/hour/container.ts';
import { describeHour } from '../../../src/hour/describe.ts';
import { isWhole, type SalvagedHour, salvageHour } from '../../../src/hour/salvage.ts';
import type { HourContent } from '../../../src/hour/types.ts';
import { anyHour, descriptor, START_MS, STATION, spelled } from './hour-samples.ts';

const ROWS = 200;

function hourOf(streams: readonly [name: string, rows: number][]): HourContent {
  return {
    station: STATION,
    stationName: 'Ridge',
    startMs: START_MS,
    lengthMs: 3_600_000,
    streams: streams.map(([name, rows], s) => ({
      descriptor: descriptor(name, ['a', 'b']),
      rows: {
        baseMs: START_MS,
        offsetsNs: Float64Array.from({ length: rows }, (_, i) => i * 100e6),
        columns: [
          Float64Array.from({ length: rows }, (_, i) => Math.round(Math.sin(i / 9 + s) * 1000) / 10),
          Float64Array.from({ length: rows }, (_, i) => (i % 11 === 0 ? Number.NaN : (i * 37) % 101)),
        ],
      },
    })),
    gaps: [{ stream: 1, fromMs: START_MS, toMs: START_MS + 5, cause: 'start', detail: '' }],
  };
}

const small = hourOf([
  ['first', ROWS],
  ['second', ROWS],
  ['third', ROWS],
]);
const honest = encodeHour(small);
const header = readHourHeader(honest);

/** The streams that came back whole; those with a lost block must be empty here, as each has one block. */
function intact({ content, lost }: SalvagedHour): string[] {
  const missing = new Set(lost.map(({ stream }) => stream));
  return content.streams.flatMap(({ descriptor: { name }, rows }, s) => {
    expect(rows.offsetsNs.length).toBe(missing.has(s) ? 0 : ROWS);
    return missing.has(s) ? [] : [name];
  });
}

function survives(bytes: Uint8Array): SalvagedHour | WaystationError {
  try {
    return salvageHour(bytes);
  } catch (error) {
    if (isWaystationError(error)) return error;
    throw error;
  }
}

describe('an hour file that is whole', () => {
  it('reads as it always does', () => {
    fc.assert(
      fc.property(anyHour, (content) => {
        const bytes = encodeHour(content);
        const salvaged = salvageHour(bytes);
        expect(isWhole(salvaged)).toBe(true);
        expect(spelled(salvaged.content)).toEqual(spelled(decodeHour(bytes)));
        expect(describeHour(salvaged, bytes.length).whole).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a damaged hour file', () => {
  it('loses exactly the one block in which a bit flipped, wherever that is behind the description', () => {
    for (let at = header.dataAt; at < honest.length; at++) {
      const bytes = honest.slice();
      bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
      const salvaged = salvageHour(bytes);
      expect(salvaged.lost, `byte ${at}`).toHaveLength(1);
      const [lost] = salvaged.lost;
      const block = header.streams[lost?.stream ?? -1]?.blocks[0];
      const from = header.dataAt + (block?.offset ?? 0);
      expect(at >= from && at < from + (block?.length ?? 0), `byte ${at}`).toBe(true);
      expect(lost).toMatchObject({ block: 1, rows: ROWS, why: 'damaged' });
      expect(lost?.fromMs).toBe(START_MS);
      expect(lost?.toMs).toBe(START_MS + (ROWS - 1) * 100);
      expect(intact(salvaged)).toHaveLength(2);
    }
  });

  it('reads up to the cut, wherever it is cut off behind its description, and says how much is missing', () => {
    for (let length = header.dataAt; length < honest.length; length++) {
      const salvaged = salvageHour(honest.subarray(0, length));
      const whole = header.streams.filter(({ blocks: [block] }) => {
        return header.dataAt + (block?.offset ?? 0) + (block?.length ?? 0) <= length;
      });
      expect(intact(salvaged), `length ${length}`).toEqual(whole.map((one) => one.descriptor.name));
      expect(salvaged.missingBytes).toBe(honest.length - length);
      expect(salvaged.lost.every(({ why }) => why === 'cut-off')).toBe(true);
    }
  });

  it('gives back the rows on both sides of a lost block of a long stream, bit for bit', () => {
    const content = hourOf([['long', 2 * MAX_BLOCK_ROWS + 100]]);
    const bytes = encodeHour({ ...content, gaps: [] });
    const block = readHourHeader(bytes).streams[0]?.blocks[1];
    const at = readHourHeader(bytes).dataAt + (block?.offset ?? 0) + 5;
    bytes[at] = (bytes[at] as number) ^ 4;
    const salvaged = salvageHour(bytes);
    expect(salvaged.lost).toMatchObject([{ stream: 0, block: 2, rows: MAX_BLOCK_ROWS }]);
    const source = content.streams[0]?.rows;
    const keep = (values: Float64Array | undefined) => [
      ...(values?.subarray(0, MAX_BLOCK_ROWS) ?? []),
      ...(values?.subarray(2 * MAX_BLOCK_ROWS) ?? []),
    ];
    const back = salvaged.content.streams[0]?.rows;
    expect([...(back?.offsetsNs ?? [])]).toEqual(keep(source?.offsetsNs));
    expect([...(back?.columns[1] ?? [])]).toEqual(keep(source?.columns[1]));
    const described = describeHour(salvaged, bytes.length);
    expect(described.damaged).toMatchObject([{ stream: 'long', block: 2, blocks: 3 }]);
    // The index still knows the extent of what is lost.
    expect(described.streams[0]?.columns[0]?.values).toBe(2 * MAX_BLOCK_ROWS + 100);
  });

  it('says that bytes stand behind its last block, and reads all the same', () => {
    const salvaged = salvageHour(concatBytes(honest, Uint8Array.of(1, 2, 3)));
    expect(salvaged).toMatchObject({ lost: [], missingBytes: 0, surplusBytes: 3 });
    expect(isWhole(salvaged)).toBe(false);
  });

  it('is refused when its description is damaged or cut off: nothing else says what the bytes mean', () => {
    for (let at = 0; at < header.dataAt; at++) {
      const bytes = honest.slice();
      bytes[at] = (bytes[at] as number) ^ 0x10;
      expect(survives(bytes), `byte ${at}`).toBeInstanceOf(WaystationError);
      expect(survives(honest.subarray(0, at)), `length ${at}`).toBeInstanceOf(WaystationError);
    }
  });

  it('never throws anything but its own errors, whatever is changed', () => {
    const changes = fc.array(fc.tuple(fc.nat(honest.length - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 9,
    });
    fc.assert(
      fc.property(changes, fc.nat(honest.length), (list, length) => {
        const bytes = honest.slice(0, length);
        for (const [at, byte] of list) if (at < length) bytes[at] = byte;
        survives(bytes);
      }),
      { numRuns: 300 },
    );
  });
});
