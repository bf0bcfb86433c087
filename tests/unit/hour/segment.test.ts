/** What was written ahead comes back bit for bit, whatever it was and however much of it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bytes, concatBytes } from '../../../src/core/bytes.ts';
import { type CborValue, decodeCbor, encodeCbor } from '../../../src/core/cbor.ts';
import { crc32 } from '../../../src/core/crc32.ts';
import { MAX_BLOCK_ROWS } from '../../../src/hour/limits.ts';
import { decodeSegment, encodeSegment, type Segment, type TakenRows } from '../../../src/hour/segment.ts';
import type { StreamDescriptor } from '../../../src/hour/types.ts';
import { anyHour, bits, descriptor, START_MS } from './hour-samples.ts';

function segmentOf(
  rows: readonly TakenRows[],
  streams: readonly StreamDescriptor[] = rows.map((one) => one.descriptor),
): Bytes {
  return encodeSegment({
    startMs: START_MS,
    lengthMs: 3_600_000,
    beginMs: START_MS,
    streams,
    rows,
    gaps: [],
    pending: [],
    isComplete: false,
  });
}

/** Every row of one stream, put together. */
function rowsOf({ rows }: Segment, stream: number): { times: number[]; columns: bigint[][] } {
  const own = rows.filter((one) => one.stream === stream);
  const width = own[0]?.batch.columns.length ?? 0;
  return {
    times: own.flatMap(({ batch }) => [...batch.offsetsNs].map((ns) => (batch.baseMs - START_MS) * 1e6 + ns)),
    columns: Array.from({ length: width }, (_, i) =>
      own.flatMap(({ batch }) => bits(batch.columns[i] as Float64Array)),
    ),
  };
}

/** The same with one item of its list replaced, and a checksum that fits. */
function changed(segment: Bytes, index: number, value: CborValue): Bytes {
  const body = [...(decodeCbor(segment.subarray(4), segment.length) as CborValue[])];
  body[index] = value;
  const bytes = encodeCbor(body);
  const crc = new Uint8Array(4);
  new DataView(crc.buffer).setUint32(0, crc32(bytes));
  return concatBytes(crc, bytes);
}

describe('a write-ahead segment', () => {
  it('gives back every row of every stream, and where it belongs', () => {
    fc.assert(
      fc.property(anyHour, fc.nat(1_000_000), ({ streams }, from) => {
        const taken = streams.map((one, stream) => ({
          stream,
          from,
          descriptor: one.descriptor,
          batch: one.rows,
        }));
        const back = decodeSegment(segmentOf(taken));
        expect(back.streams).toEqual(streams.map((one) => one.descriptor));
        streams.forEach(({ rows }, stream) => {
          if (rows.offsetsNs.length === 0) return;
          const { times, columns } = rowsOf(back, stream);
          expect(times).toEqual([...rows.offsetsNs].map((ns) => ns + 0));
          expect(columns).toEqual(rows.columns.map(bits));
          expect(back.rows.find((one) => one.stream === stream)?.from).toBe(from);
        });
      }),
      { numRuns: 300 },
    );
  });

  it.each([1, MAX_BLOCK_ROWS, MAX_BLOCK_ROWS + 1, 3 * MAX_BLOCK_ROWS + 7])(
    'takes %i rows, of which none is in two blocks',
    (count) => {
      const batch = {
        baseMs: START_MS + 5_000,
        offsetsNs: Float64Array.from({ length: count }, (_, i) => i * 2_500_000 + 1),
        columns: [Float64Array.from({ length: count }, (_, i) => (i % 5 === 0 ? Number.NaN : i / 8))],
      };
      const back = decodeSegment(
        segmentOf([{ stream: 3, from: 100, descriptor: descriptor('a', ['x']), batch }]),
      );
      let next = 100;
      for (const one of back.rows) {
        expect(one.from).toBe(next);
        next += one.batch.offsetsNs.length;
      }
      expect(next).toBe(100 + count);
      const { times, columns } = rowsOf(back, 3);
      expect(times).toEqual([...batch.offsetsNs].map((ns) => 5e9 + ns));
      expect(columns).toEqual(batch.columns.map(bits));
    },
  );

  it('keeps all that a descriptor says, as it was said: a stream is found again by it', () => {
    const known = [
      descriptor('a', ['x'], { profile: 'fast', calibration: 'by hand' }),
      descriptor('b', [], { profile: 'small' }),
      descriptor('c', ['x']),
    ];
    const { calibration, profile, ...rest } = known[0] as StreamDescriptor;
    const told = [{ ...rest, calibration, profile } as StreamDescriptor, ...known.slice(1)];
    const back = decodeSegment(segmentOf([], told)).streams;
    expect(back.map((one) => JSON.stringify(one))).toEqual(told.map((one) => JSON.stringify(one)));
  });

  it('is refused when it is of another version, or its blocks are not what they say', () => {
    const batch = { baseMs: START_MS, offsetsNs: Float64Array.of(0, 1e9), columns: [Float64Array.of(1, 2)] };
    const whole = segmentOf([{ stream: 0, from: 0, descriptor: descriptor('a', ['x']), batch }]);
    const body = decodeCbor(whole.subarray(4), whole.length) as CborValue[];
    const [[stream, from, , tick, steps, bytes]] = body[5] as [CborValue[]];
    const refused: [number, CborValue][] = [
      [0, 2],
      [5, [[stream, from, 0, tick, steps, bytes]]],
      [5, [[stream, from, MAX_BLOCK_ROWS + 1, tick, steps, bytes]]],
      [5, [[stream, from, 3, tick, steps, bytes]]],
      [5, [[stream, from, 2, 7, steps, bytes]]],
      [5, [[stream, from, 2, tick, [], bytes]]],
      [5, [[stream, from, 2, tick, [[0, 1]], bytes]]],
      // More than memory should be asked for.
      [
        5,
        Array.from({ length: 2_000 }, () => [stream, from, MAX_BLOCK_ROWS, tick, steps, bytes] as CborValue),
      ],
    ].map(([index, value]) => [index as number, value as CborValue]);
    expect(rowsOf(decodeSegment(changed(whole, 5, body[5] as CborValue)), 0).times).toEqual([0, 1e9]);
    for (const [index, value] of refused)
      expect(() => decodeSegment(changed(whole, index, value))).toThrow(
        expect.objectContaining({ code: 'corrupt' }),
      );
  });
});
