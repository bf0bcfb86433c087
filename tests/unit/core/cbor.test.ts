import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bytes, fromHex, toHex } from '../../../src/core/bytes.ts';
import { type CborValue, decodeCbor, encodeCbor } from '../../../src/core/cbor.ts';
import { isWaystationError } from '../../../src/core/errors.ts';

const MAX = 1_000_000;

/** RFC 8949 Appendix A: what our formats can hold, in its preferred encoding. */
const EXAMPLES: readonly (readonly [CborValue, string])[] = [
  [0, '00'],
  [1, '01'],
  [10, '0a'],
  [23, '17'],
  [24, '1818'],
  [25, '1819'],
  [100, '1864'],
  [1000, '1903e8'],
  [1_000_000, '1a000f4240'],
  [1_000_000_000_000, '1b000000e8d4a51000'],
  [-1, '20'],
  [-10, '29'],
  [-100, '3863'],
  [-1000, '3903e7'],
  [1.1, 'fb3ff199999999999a'],
  [1.5, 'f93e00'],
  [3.4028234663852886e38, 'fa7f7fffff'],
  [1.0e300, 'fb7e37e43c8800759c'],
  [2 ** -24, 'f90001'],
  [0.00006103515625, 'f90400'],
  [-4.1, 'fbc010666666666666'],
  [false, 'f4'],
  [true, 'f5'],
  [null, 'f6'],
  [new Uint8Array(0), '40'],
  [Uint8Array.of(1, 2, 3, 4), '4401020304'],
  ['', '60'],
  ['a', '6161'],
  ['IETF', '6449455446'],
  ['"\\', '62225c'],
  ['\u00fc', '62c3bc'],
  ['\u6c34', '63e6b0b4'],
  ['\ud800\udd51', '64f0908591'],
  [[], '80'],
  [[1, 2, 3], '83010203'],
  [[1, [2, 3], [4, 5]], '8301820203820405'],
  [Array.from({ length: 25 }, (_, i) => i + 1), '98190102030405060708090a0b0c0d0e0f101112131415161718181819'],
  [new Map(), 'a0'],
  [
    new Map([
      [1, 2],
      [3, 4],
    ]),
    'a201020304',
  ],
  [
    new Map<string, CborValue>([
      ['a', 1],
      ['b', [2, 3]],
    ]),
    'a26161016162820203',
  ],
  [['a', new Map([['b', 'c']])], '826161a161626163'],
];

function refuses(hex: string, code = 'malformed'): void {
  try {
    decodeCbor(fromHex(hex), MAX);
  } catch (error) {
    expect(isWaystationError(error, code as 'malformed'), `${hex}: ${String(error)}`).toBe(true);
    return;
  }
  expect.fail(`${hex} was accepted`);
}

/** Every value that has one encoding: no −0 (it is 0), no NaN, well-formed text, safe integers. */
const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -300, max: 70_000 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((x) => !Object.is(x, -0)),
  fc.float({ noNaN: true, noDefaultInfinity: true }).filter((x) => !Object.is(x, -0)),
);
const key = fc.oneof(fc.maxSafeInteger(), fc.string({ unit: 'grapheme', maxLength: 6 }));
const { value } = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    number,
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => new Uint8Array(bytes)),
    fc.array(tie('value'), { maxLength: 5 }),
    fc
      .uniqueArray(fc.tuple(key, tie('value')), { maxLength: 5, selector: ([k]) => `${typeof k}${k}` })
      .map((pairs) => new Map(pairs)),
  ),
}));

/** The value with its maps in the order of their encoded keys, as a decoder finds them. */
function inOrder(one: CborValue): CborValue {
  if (one instanceof Map) {
    const pairs = [...(one as ReadonlyMap<number | string, CborValue>)];
    const hexOf = (k: number | string) => toHex(encodeCbor(k));
    pairs.sort(([a], [b]) => (hexOf(a) < hexOf(b) ? -1 : 1));
    return new Map(pairs.map(([k, v]) => [k, inOrder(v)]));
  }
  return Array.isArray(one) ? one.map((item) => inOrder(item as CborValue)) : one;
}

describe('deterministic CBOR', () => {
  it('writes and reads the examples of RFC 8949 Appendix A', () => {
    for (const [one, hex] of EXAMPLES) {
      expect(toHex(encodeCbor(one))).toBe(hex);
      expect(decodeCbor(fromHex(hex), MAX)).toEqual(one);
    }
  });

  it('sorts map keys by their encoded bytes (RFC 8949 §4.2.1)', () => {
    const map = new Map<number | string, CborValue>([
      ['aa', 5],
      ['z', 4],
      [-1, 3],
      [100, 2],
      [10, 1],
    ]);
    expect(toHex(encodeCbor(map))).toBe('a50a011864022003617a0462616105');
  });

  it('reads back what it wrote, and writes the same bytes again', () => {
    fc.assert(
      fc.property(value, (one) => {
        const bytes = encodeCbor(one);
        const read = decodeCbor(bytes, MAX);
        expect(read).toEqual(one);
        expect([...keysOf(read)]).toEqual([...keysOf(inOrder(one))]);
        expect(encodeCbor(read)).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
  });

  it('gives equal maps equal bytes in whatever order they were filled', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(key, number), { maxLength: 12, selector: ([k]) => `${typeof k}${k}` }),
        fc.infiniteStream(fc.nat()),
        (pairs, order) => {
          const shuffled = pairs.map((pair) => ({ pair, rank: order.next().value as number }));
          shuffled.sort((a, b) => a.rank - b.rank);
          expect(encodeCbor(new Map(shuffled.map(({ pair }) => pair)))).toEqual(encodeCbor(new Map(pairs)));
        },
      ),
    );
  });

  it('refuses every other encoding of a value', () => {
    refuses('1817'); // 23 in two bytes
    refuses('190018'); // 24 in three
    refuses('1a0000ffff');
    refuses('1b00000000ffffffff');
    refuses('3817');
    refuses('5801ff'); // a length that would fit the head
    refuses('780161');
    refuses('980100');
    refuses('b8010001');
    refuses('f93c00'); // 1 as a float
    refuses('f98000'); // −0
    refuses('fa3fc00000'); // 1.5 in more bytes than it needs
    refuses('fb3ff8000000000000');
    refuses('fb433fffffffffffff'); // 2^53 − 1 as a float
    refuses('a201020001'); // keys out of order
    refuses('a201020102'); // a key twice
    refuses('a2617a016161 02'.replace(' ', ''));
    refuses('9f01ff'); // indefinite
    refuses('bf0102ff');
    refuses('5f4101ff');
    refuses('7f6161ff');
  });

  it('refuses what our formats do not have: tags, undefined, NaN, infinities, other simple values, odd keys', () => {
    for (const hex of ['c074', 'd818 4101', 'f7', 'f97e00', 'f97c00', 'f9fc00', 'f0', 'f8ff', 'e0', 'fc']) {
      refuses(hex.replace(' ', ''));
    }
    for (const hex of ['a1f600', 'a1410000', 'a18000', 'a1a000', 'a1f93e0000']) refuses(hex);
    refuses('62c328'); // not UTF-8
    refuses('63eda080'); // a lone surrogate in UTF-8's clothes
  });

  it('refuses integers that a double cannot hold exactly', () => {
    expect(decodeCbor(fromHex('1b001fffffffffffff'), MAX)).toBe(Number.MAX_SAFE_INTEGER);
    expect(decodeCbor(fromHex('3b001ffffffffffffe'), MAX)).toBe(-Number.MAX_SAFE_INTEGER);
    refuses('1b0020000000000000');
    refuses('3b001fffffffffffff');
    refuses('1bffffffffffffffff');
  });

  it('refuses bytes that are missing, left over, or promised and not there', () => {
    refuses('');
    refuses('18');
    refuses('8201');
    refuses('a101');
    refuses('5a00ffffff00');
    refuses('7affffffff61');
    refuses('9affffffff00');
    refuses('9bffffffffffffffff');
    refuses('bbffffffffffffffff');
    refuses('0000');
    refuses('f6f6');
  });

  it('looks at no byte of what is too long', () => {
    const long = new Uint8Array(101).fill(0xff);
    expect(() => decodeCbor(long, 100)).toThrow(expect.objectContaining({ code: 'limit' }));
    expect(decodeCbor(encodeCbor(new Uint8Array(98)), 100)).toEqual(new Uint8Array(98));
  });

  it('reads 32 levels and refuses a million without a stack overflow', () => {
    const nested = (head: readonly number[], depth: number): Bytes =>
      Uint8Array.from({ length: head.length * depth + 1 }, (_, i) =>
        i === head.length * depth ? 0 : (head[i % head.length] as number),
      );
    expect(() => decodeCbor(nested([0x81], 32), MAX)).not.toThrow();
    refuses(toHex(nested([0x81], 33)), 'limit');
    refuses(toHex(nested([0xa1, 0x00], 33)), 'limit');
    refuses(toHex(nested([0x81], 400_000)), 'limit');
    refuses('c1'.repeat(400_000), 'malformed');
  });

  it('accepts bytes only if they are what it would have written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 24 }), (bytes) => {
        let read: CborValue;
        try {
          read = decodeCbor(bytes, MAX);
        } catch (error) {
          expect(isWaystationError(error), String(error)).toBe(true);
          return;
        }
        expect(toHex(encodeCbor(read))).toBe(toHex(bytes));
      }),
      { numRuns: 20_000 },
    );
  });

  it('accepts a changed encoding only if it is the encoding of another value', () => {
    fc.assert(
      fc.property(value, fc.nat(), fc.integer({ min: 0, max: 7 }), (one, at, bit) => {
        const bytes = encodeCbor(one);
        const i = at % bytes.length;
        bytes[i] = (bytes[i] as number) ^ (1 << bit);
        try {
          expect(toHex(encodeCbor(decodeCbor(bytes, MAX)))).toBe(toHex(bytes));
        } catch (error) {
          expect(isWaystationError(error), String(error)).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

/** Map keys in the order of reading, depth first. */
function* keysOf(one: CborValue): IterableIterator<number | string> {
  if (one instanceof Map) {
    for (const [k, v] of one as ReadonlyMap<number | string, CborValue>) {
      yield k;
      yield* keysOf(v);
    }
  } else if (Array.isArray(one)) {
    for (const item of one) yield* keysOf(item as CborValue);
  }
}
