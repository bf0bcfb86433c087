/** An hour that comes in pieces is the hour that comes as a whole: its file, and what its entry tells. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeHour, MAX_BLOCK_ROWS } from '../../../src/hour/container.ts';
import { type EncodedHour, HourEncoder } from '../../../src/hour/hour-encoder.ts';
import { ledgerOf } from '../../../src/hour/hour-ledger.ts';
import { outlinesOf } from '../../../src/hour/outline.ts';
import { columnBands, partOfRows, partsFor } from '../../../src/hour/pyramid.ts';
import { summarize } from '../../../src/hour/summary.ts';
import type { HourContent, HourStream, ReadingBatch } from '../../../src/hour/types.ts';
import { anyHour, descriptor, START_MS, STATION } from './hour-samples.ts';

function finished(encoder: HourEncoder, content: HourContent): EncodedHour & { steps: number } {
  const steps = encoder.finish(ledgerOf(content));
  for (let count = 1; ; count++) {
    const step = steps.next();
    if (step.done === true) return { ...step.value, steps: count };
  }
}

function piece({ baseMs, offsetsNs, columns }: ReadingBatch, from: number, to: number): ReadingBatch {
  return {
    baseMs,
    offsetsNs: offsetsNs.slice(from, to),
    columns: columns.map((column) => column.slice(from, to)),
  };
}

/** Pieces of `sizes` rows, a stream after the other in turns. */
function inPieces(content: HourContent, sizes: readonly number[]): EncodedHour {
  const encoder = new HourEncoder(content.startMs);
  const at = content.streams.map(() => 0);
  for (
    let turn = 0;
    content.streams.some(({ rows }, i) => (at[i] as number) < rows.offsetsNs.length);
    turn++
  ) {
    content.streams.forEach(({ descriptor: known, rows }, i) => {
      const from = at[i] as number;
      const to = Math.min(rows.offsetsNs.length, from + (sizes[(turn + i) % sizes.length] as number));
      if (to > from) encoder.add(i, known, piece(rows, from, to));
      at[i] = to;
    });
  }
  return finished(encoder, content);
}

function long(name: string, rows: number, value: (i: number) => number): HourStream {
  return {
    descriptor: descriptor(name, ['x', 'y']),
    rows: {
      baseMs: START_MS,
      offsetsNs: Float64Array.from({ length: rows }, (_, i) => i * 1_000_000 - (i % 3)),
      columns: [1, -7].map((scale) => Float64Array.from({ length: rows }, (_, i) => scale * value(i))),
    },
  };
}

function hourOf(streams: readonly HourStream[]): HourContent {
  return {
    station: STATION,
    stationName: 'Ridge',
    startMs: START_MS,
    lengthMs: 3_600_000,
    streams,
    gaps: [],
  };
}

/** As docs/PROTOCOL.md tells it, of a whole hour. */
function bandsOf({ streams }: HourContent): number[][] {
  const width = streams.reduce((sum, { rows }) => sum + rows.columns.length, 0);
  return summarize(hourOf(streams)).map(({ rows: count, firstMs, lastMs, columns }, s) => {
    const parts = partsFor(count, width);
    if (parts === 0 || firstMs === null || lastMs === null) return [];
    const { rows } = streams[s] as HourStream;
    const partOf = partOfRows(rows, parts, firstMs, lastMs);
    return columns.flatMap(({ min, max }, i) => [
      ...columnBands(
        rows.columns[i] as Float64Array,
        partOf,
        parts,
        min === null || max === null ? null : { min, max },
      ),
    ]);
  });
}

function expectWhole(encoded: EncodedHour, content: HourContent): void {
  expect(encoded.bytes).toEqual(encodeHour(content));
  const bare = encoded.outlines.map(({ bands: _, ...summary }) => summary);
  expect(bare).toEqual(summarize(content));
  expect(encoded.outlines.map(({ bands }) => [...bands])).toEqual(bandsOf(content));
  expect(encoded.outlines).toEqual(outlinesOf(content));
}

describe('an hour in pieces', () => {
  it('is the same whatever the pieces', () => {
    fc.assert(
      fc.property(
        anyHour,
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 }),
        (content, sizes) => expectWhole(inPieces(content, sizes), content),
      ),
      { numRuns: 300 },
    );
  });

  it('is the same when it has many blocks, and pieces end anywhere in them', () => {
    const content = hourOf([
      long('a', 2 * MAX_BLOCK_ROWS + 100, (i) => Math.round(1000 * Math.sin(i / 90)) / 100),
      long('b', MAX_BLOCK_ROWS, (i) => (i % 11 === 0 ? Number.NaN : i)),
      long('c', 1, () => 5),
    ]);
    for (const sizes of [[1_920], [MAX_BLOCK_ROWS], [5_000, 16_383, 1], [3 * MAX_BLOCK_ROWS]])
      expectWhole(inPieces(content, sizes), content);
  });

  it('has means where sums are beyond float64', () => {
    const content = hourOf([long('a', 400, (i) => 2.4e307 + i * 1e303)]);
    expect(summarize(content)[0]?.columns[1]?.mean).toBeLessThan(-1e308);
    expectWhole(inPieces(content, [150]), content);
  });

  it('ends in steps of a block each', () => {
    const content = hourOf([long('a', 3 * MAX_BLOCK_ROWS, (i) => i)]);
    const encoder = new HourEncoder(START_MS);
    const [only] = content.streams as [HourStream];
    encoder.add(0, only.descriptor, only.rows);
    expect(finished(encoder, content).steps).toBeGreaterThan(3);
  });

  it('refuses rows of a stream that its ledger does not list', () => {
    const content = hourOf([long('a', 3, (i) => i)]);
    const encoder = new HourEncoder(START_MS);
    const [only] = content.streams as [HourStream];
    encoder.add(1, only.descriptor, only.rows);
    expect(() => finished(encoder, content)).toThrow(/expected stream 1 in the ledger/);
  });
});
