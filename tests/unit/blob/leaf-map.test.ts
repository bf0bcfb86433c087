import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LeafMap } from '../../../src/blob/leaf-map.ts';
import { CHUNK_LEAVES, LEAF_BYTES } from '../../../src/blob/merkle.ts';

const anySize = fc.integer({ min: 1, max: 100 * LEAF_BYTES });
const anyChanges = fc.array(fc.record({ first: fc.nat(99), count: fc.nat(40), held: fc.boolean() }), {
  maxLength: 20,
});

test('agrees with a plain set under any changes, and survives its bytes', () => {
  fc.assert(
    fc.property(anySize, anyChanges, (size, changes) => {
      const map = new LeafMap(size);
      const model = new Set<number>();
      for (const change of changes) {
        const first = change.first % map.leaves;
        const count = Math.min(change.count, map.leaves - first);
        const before = model.size;
        for (let leaf = first; leaf < first + count; leaf++) {
          if (change.held) model.add(leaf);
          else model.delete(leaf);
        }
        const changed = change.held ? map.setRange(first, count) : map.clearRange(first, count);
        expect(changed).toBe(Math.abs(model.size - before));
      }
      const all = Array.from({ length: map.leaves }, (_, leaf) => leaf);
      expect(all.filter((leaf) => map.has(leaf))).toEqual(all.filter((leaf) => model.has(leaf)));
      expect(map.held).toBe(model.size);
      expect(map.complete).toBe(model.size === map.leaves);
      const missing = new Set(
        all.filter((leaf) => !model.has(leaf)).map((leaf) => Math.floor(leaf / CHUNK_LEAVES)),
      );
      expect([...map.missingChunks()]).toEqual([...missing]);
      const runs = [...map.heldRuns()].flatMap(([first, count]) =>
        Array.from({ length: count }, (_, i) => first + i),
      );
      expect(runs).toEqual(all.filter((leaf) => model.has(leaf)));
      const again = LeafMap.fromBytes(size, map.toBytes());
      expect(again.toBytes()).toEqual(map.toBytes());
      expect(again.held).toBe(map.held);
    }),
  );
});

test('bytes of the wrong length or with stray bits are refused', () => {
  const size = 11 * LEAF_BYTES;
  expect(LeafMap.fromBytes(size, Uint8Array.of(0xff, 0x07)).complete).toBe(true);
  expect(() => LeafMap.fromBytes(size, Uint8Array.of(0xff, 0x08))).toThrow(/beyond leaf 10/);
  expect(() => LeafMap.fromBytes(size, Uint8Array.of(0xff))).toThrow(/2 bytes/);
  expect(() => LeafMap.fromBytes(size, Uint8Array.of(0xff, 0x07, 0))).toThrow(/2 bytes/);
});

test('leaf 0 is bit 0 of byte 0', () => {
  const map = new LeafMap(20 * LEAF_BYTES);
  map.setRange(0, 1);
  map.setRange(9, 1);
  expect(map.toBytes()).toEqual(Uint8Array.of(1, 2, 0));
});

test('leaves outside the blob are refused', () => {
  const map = new LeafMap(3 * LEAF_BYTES);
  expect(() => map.setRange(2, 2)).toThrow(RangeError);
  expect(() => map.setRange(-1, 1)).toThrow(RangeError);
  expect(() => map.clearRange(0.5, 1)).toThrow(RangeError);
  expect(map.has(3)).toBe(false);
  expect(LeafMap.full(5).complete).toBe(true);
});
