/** A segment of any size comes back from its records, and a torn one is no segment. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinSegments, PART_BYTES, segmentRecords } from '../../../src/pipeline/segment-records.ts';
import { MAX_RECORD_BYTES } from '../../../src/store/guarded-store.ts';

const segments = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });

test('segments of any size come back in order, whatever a record holds', () => {
  fc.assert(
    fc.property(segments, fc.integer({ min: 1, max: 16 }), (given, partBytes) => {
      const records = given.flatMap((segment) => segmentRecords(segment, partBytes));
      expect(records.every((record) => record.length <= partBytes + 1)).toBe(true);
      expect(joinSegments(records).map((one) => [...one])).toEqual(given.map((one) => [...one]));
    }),
  );
});

test('a segment that lacks its last records is left out, those before it stay', () => {
  const whole = segmentRecords(Uint8Array.of(1, 2, 3), 2);
  const torn = segmentRecords(Uint8Array.of(4, 5, 6), 2).slice(0, 1);
  expect(joinSegments([...whole, ...torn]).map((one) => [...one])).toEqual([[1, 2, 3]]);
});

test('a record of the usual size is one that every store takes', () => {
  expect(PART_BYTES + 1).toBeLessThanOrEqual(MAX_RECORD_BYTES);
});
