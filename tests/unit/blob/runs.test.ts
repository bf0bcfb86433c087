import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RunSet } from '../../../src/blob/runs.ts';
import { decodeCbor, encodeCbor } from '../../../src/core/cbor.ts';

type Change = { readonly kind: 'add' | 'range' | 'remove'; readonly at: number; readonly length: number };
const anyChanges = fc.array(
  fc.record<Change>({
    kind: fc.constantFrom('add', 'range', 'remove'),
    at: fc.nat(120),
    length: fc.nat(30),
  }),
  { maxLength: 60 },
);

function build(changes: readonly Change[]) {
  const set = new RunSet();
  const model = new Set<number>();
  for (const { kind, at, length } of changes) {
    if (kind === 'add') {
      set.add(at);
      model.add(at);
    } else if (kind === 'remove') {
      set.remove(at);
      model.delete(at);
    } else {
      set.addRange(at, at + length);
      for (let i = at; i <= at + length; i++) model.add(i);
    }
  }
  return { set, model };
}

const positions = (set: RunSet) =>
  [...set.runs()].flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
const sorted = (model: Set<number>) => [...model].sort((a, b) => a - b);

describe('RunSet', () => {
  test('agrees with a plain set under any changes', () => {
    fc.assert(
      fc.property(anyChanges, (changes) => {
        const { set, model } = build(changes);
        expect(positions(set)).toEqual(sorted(model));
        expect(set.size).toBe(model.size);
        for (let i = 0; i <= 160; i++) expect(set.has(i)).toBe(model.has(i));
        const runs = [...set.runs()];
        for (let i = 1; i < runs.length; i++) {
          expect((runs[i] as { first: number }).first).toBeGreaterThan(
            (runs[i - 1] as { last: number }).last + 1,
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  test('tells exactly what is missing between two positions', () => {
    fc.assert(
      fc.property(anyChanges, fc.nat(150), fc.nat(50), (changes, first, length) => {
        const { set, model } = build(changes);
        const missing = set
          .missingIn(first, first + length)
          .flatMap((run) => Array.from({ length: run.last - run.first + 1 }, (_, i) => run.first + i));
        const expected = Array.from({ length: length + 1 }, (_, i) => first + i).filter((i) => !model.has(i));
        expect(missing).toEqual(expected);
      }),
    );
  });

  test('encoding goes through CBOR and back, and equal sets have equal bytes', () => {
    fc.assert(
      fc.property(anyChanges, (changes) => {
        const { set, model } = build(changes);
        const bytes = encodeCbor(set.encode());
        const again = RunSet.decode(decodeCbor(bytes, 1000) as number[]);
        expect(again.equals(set)).toBe(true);
        expect(again.size).toBe(set.size);
        expect(encodeCbor(RunSet.of(...sorted(model).reverse()).encode())).toEqual(bytes);
      }),
    );
  });

  test('10 to 5000 without 77 takes four small numbers', () => {
    const set = new RunSet();
    set.addRange(10, 5000);
    set.remove(77);
    expect(set.encode()).toEqual([10, 66, 0, 4922]);
    expect(encodeCbor(set.encode()).length).toBe(8);
  });

  test('with too many runs the highest are told and nothing that is not held', () => {
    fc.assert(
      fc.property(anyChanges, fc.integer({ min: 0, max: 9 }), (changes, maxNumbers) => {
        const { set } = build(changes);
        const told = RunSet.decode(set.encode(maxNumbers), maxNumbers);
        const all = [...set.runs()];
        expect([...told.runs()]).toEqual(all.slice(Math.max(0, all.length - Math.floor(maxNumbers / 2))));
      }),
    );
  });

  test('every even list of natural numbers is the canonical form of one set', () => {
    const anyList = fc
      .array(fc.tuple(fc.nat(1000), fc.nat(1000)), { maxLength: 30 })
      .map((pairs) => pairs.flat());
    fc.assert(
      fc.property(anyList, (numbers) => {
        expect(RunSet.decode(numbers).encode()).toEqual(numbers);
      }),
    );
  });

  test('malformed and oversized lists are refused', () => {
    expect(() => RunSet.decode([1])).toThrow(/two numbers per run/);
    expect(() => RunSet.decode([1, 2, 3, 4], 3)).toThrow(/at most 3/);
    for (const bad of [-1, 0.5, '1', null, Number.NaN, 2 ** 53]) {
      expect(() => RunSet.decode([0, bad])).toThrow(/non-negative integers/);
    }
    expect(() => RunSet.decode([Number.MAX_SAFE_INTEGER, 0])).toThrow(/below 2\^53/);
    expect(() => RunSet.decode([0, 2 ** 52, 2 ** 52, 2 ** 52])).toThrow(/below 2\^53/);
  });

  test('positions out of range are a bug of the caller', () => {
    const set = new RunSet();
    for (const bad of [-1, 0.5, Number.NaN, Number.MAX_SAFE_INTEGER])
      expect(() => set.add(bad)).toThrow(RangeError);
    expect(() => set.addRange(5, 4)).toThrow(RangeError);
  });
});
