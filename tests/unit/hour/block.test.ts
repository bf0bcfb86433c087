import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBlock, encodeBlock } from '../../../src/hour/coding/block.ts';
import type { Step } from '../../../src/hour/types.ts';
import { bits } from './hour-samples.ts';

const MAX = Number.MAX_SAFE_INTEGER;
const TENTH: Step = { numerator: 1, denominator: 10 };

function ticksFor(rows: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => i * 20);
}

/** Codes columns there and back; what they took, and on which grids. */
function there(columns: readonly (readonly number[])[], declared: readonly (Step | null)[] = []) {
  const values = columns.map((column) => Float64Array.from(column));
  const ticks = ticksFor(values[0]?.length ?? 0);
  const coded = encodeBlock(ticks, values, declared);
  const back = decodeBlock(coded.bytes, ticks.length, coded.steps, values.length);
  expect(bits(back.ticks)).toEqual(bits(ticks));
  back.columns.forEach((column, i) => {
    expect(bits(column)).toEqual(bits(values[i] as Float64Array));
  });
  return { ...coded, size: coded.bytes.length };
}

/** A number from 0 to 1 made of `i`: the same on every machine, without a pattern that a predictor finds. */
function noise(i: number, seed = 1): number {
  let x = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(seed, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d);
  x = Math.imul(x ^ (x >>> 12), 0x297a2d39);
  return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32;
}

describe('a column of a block', () => {
  it.each([
    ['zero and minus zero', [0, -0, 1], { numerator: 1, denominator: 1 }],
    ['minus zero alone', [-0], { numerator: 1, denominator: 1 }],
    ['an infinity among many', [...Array(40).fill(1.6), Number.POSITIVE_INFINITY, 2], TENTH],
    ['nothing but infinities', [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY], null],
    ['the largest safe integers', [MAX, MAX, MAX - 1], { numerator: 1, denominator: 1 }],
    ['2^53, which is not safe', [2 ** 53, 0], null],
    ['a jump of 2^53 and more', [MAX, -MAX, MAX], null],
    ['a denormal', [5e-324, 0], null],
    ['the extremes', [Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, -0, 0], null],
    ['tenths', Array.from({ length: 100 }, (_, i) => i / 10), TENTH],
    [
      'a binary fraction',
      Array.from({ length: 100 }, (_, i) => i / 4096),
      { numerator: 1, denominator: 4096 },
    ],
    [
      'large integers with small steps',
      Array.from({ length: 100 }, (_, i) => MAX - i),
      { numerator: 1, denominator: 1 },
    ],
    ['nothing but missing values', [Number.NaN, Number.NaN], null],
    [
      'missing values between',
      [1, Number.NaN, 3, Number.NaN, Number.NaN, 6],
      { numerator: 1, denominator: 1 },
    ],
    ['float32', Array.from({ length: 60 }, (_, i) => Math.fround(Math.PI * 10 ** (i - 30))), null],
    [
      'float32 of both signs and -0',
      [...Array.from({ length: 60 }, (_, i) => Math.fround(1e-20 * (i - 30.5))), -0, 0],
      null,
    ],
  ])('of %s comes back bit for bit', (_, values, step) => {
    expect(there([values]).steps).toEqual([step]);
  });

  it('takes the sensor’s own step where it fits, and another where one value does not', () => {
    const step = { numerator: 9.80665, denominator: 16_384 };
    const values = Array.from({ length: 100 }, (_, i) => ((i - 50) * step.numerator) / step.denominator);
    expect(there([values], [step])).toMatchObject({ steps: [step] });
    expect(there([values], [step]).size).toBeLessThan(30);
    // Still found, without the declaration's help, and the one that is off given apart.
    expect(there([[...values, 0.1 + 0.2]], [step]).size).toBeLessThan(60);
    expect(there([[0.3, ...values.map((value) => Math.sqrt(Math.abs(value) + 2))]], [step]).steps).toEqual([
      null,
    ]);
  });

  it('comes back from any few values that make a grid hard', () => {
    const hard = fc.constantFrom(
      0,
      -0,
      0.5,
      1e-15,
      -1e-15,
      MAX,
      -MAX,
      2 ** 52,
      1e15,
      0.1,
      1e22,
      Number.NaN,
      Infinity,
    );
    fc.assert(
      fc.property(fc.array(hard, { minLength: 1, maxLength: 6 }), (values) => void there([values])),
      { numRuns: 1000 },
    );
  });

  it('comes back whatever the doubles, with others beside it', () => {
    const column = fc.array(fc.double(), { minLength: 7, maxLength: 7 });
    fc.assert(
      fc.property(fc.array(column, { minLength: 1, maxLength: 4 }), (columns) => void there(columns)),
      { numRuns: 500 },
    );
  });

  it('finds a sensor’s raw steps under a finer rounding, and an offset that changes between runs', () => {
    const raw = Array.from({ length: 4000 }, (_, i) => Math.floor(200 * Math.sin(i / 90) + 40 * noise(i)));
    const fine = raw.map((j, i) => Math.round(j * 39.2266 + (i < 2000 ? 5 : 6)) / 65_536);
    // The same raw steps alone: the rounding on top of them must cost next to nothing.
    expect(there([fine]).size).toBeLessThan(there([raw]).size * 1.03 + 40);
  });

  it.each([
    ['times a step in radians', (k: number) => k * ((0.1 * Math.PI) / 180)],
    ['divided by one', (k: number) => k / (1800 / Math.PI)],
  ])('finds whole numbers %s, as a browser gives turning', (_, turn) => {
    const ks = Array.from({ length: 3000 }, (_k, i) => Math.floor(900 * Math.sin(i / 60) + 30 * noise(i)));
    const turning = ks.map(turn);
    expect(there([turning]).size).toBeLessThan(there([ks]).size + 40);
    turning[77] = 0.123456789012345;
    turning[78] = Number.NEGATIVE_INFINITY;
    expect(there([turning]).size).toBeLessThan(there([ks]).size + 80);
  });

  it('codes few irregular values that repeat by their rank', () => {
    const levels = Array.from({ length: 12 }, (_, i) => Math.floor(1e6 * noise(i, 7)));
    const values = Array.from(
      { length: 2000 },
      (_, i) => levels[Math.floor(6 + 5.9 * Math.sin(i / 40))] as number,
    );
    expect(there([values]).size).toBeLessThan(300);
  });

  it('learns from the columns before it', () => {
    const first = Array.from({ length: 3000 }, (_, i) => Math.floor(1000 * noise(i)));
    const follows = first.map((value, i) => 2 * value + Math.floor(4 * noise(i, 3)));
    const alone = there([follows]).size;
    expect(there([first, follows]).size - there([first]).size).toBeLessThan(alone / 2);
  });

  it.each([
    ['that rise to the end of exact numbers by one great step', 1],
    ['that fall from there', -1],
  ])('keeps numbers %s', (_, sign) => {
    for (let t = 0; t < 200; t++) {
      const rows = 20 + t;
      const slope = Math.floor((MAX + 2 ** (3 + (t % 26)) + t) / (rows - 1));
      const up = Array.from({ length: rows }, (_, i) => Math.min(i * slope, MAX - (t % 7)));
      const values = sign > 0 ? up : up.map((value) => (up.at(-1) as number) - value);
      there([values]);
      const ticks = Float64Array.from(values);
      expect(bits(decodeBlock(encodeBlock(ticks, [], []).bytes, rows, [], 0).ticks)).toEqual(bits(ticks));
    }
  });

  it('keeps its grid when one value is odd', () => {
    const values = Array.from({ length: 3000 }, (_, i) => Math.round(300 * noise(i)) / 10);
    const { size } = there([values]);
    for (const odd of [-1e300, 0.1 + 0.2, 5e-324]) {
      expect(there([values.with(77, odd)])).toMatchObject({ steps: [TENTH] });
      expect(there([values.with(77, odd)]).size).toBeLessThan(size + 40);
    }
  });

  it('codes by rank what repeats and lies on no grid, −0 and infinities too', () => {
    const ks = Array.from({ length: 4000 }, (_, i) => Math.round(150 * Math.sin(i / 90) + 9 * noise(i)));
    const plain = there([ks]).size;
    const calibrated = ks.map((k) => k * 0.0023987 + 0.4471);
    expect(there([calibrated]).size).toBeLessThan(plain * 1.1 + 330 * 7);
    const odd = calibrated.map((value, i) =>
      i % 10 === 0 ? -0 : i % 10 === 1 ? 0 : i % 10 === 2 ? Infinity : value,
    );
    expect(there([odd]).size).toBeLessThan(plain * 3 + 330 * 7);
  });

  it('takes no more than the float64 where there is nothing to be found', () => {
    const random = Array.from({ length: 4096 }, (_, i) => {
      const view = new DataView(new ArrayBuffer(8));
      view.setUint32(0, Math.floor(noise(i, 5) * 2 ** 32));
      view.setUint32(4, Math.floor(noise(i, 6) * 2 ** 32));
      return view.getFloat64(0);
    });
    expect(there([random]).size).toBeLessThan(4096 * 8 * 1.01 + 40);
  });

  it('makes the same bytes on every machine', () => {
    const columns = [1, 2, 3].map((seed) =>
      Array.from(
        { length: 9000 },
        (_, i) => Math.floor(300 * noise(i >> 3, seed) + 20 * noise(i, seed + 9)) / 100,
      ),
    );
    const { bytes } = there(columns);
    let hash = 0x811c9dc5;
    for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
    expect([bytes.length, hash.toString(16)]).toEqual([19493, 'f7f2ded4']);
  });

  it('takes a few bytes for an even run', () => {
    expect(there([Array(16_384).fill(21.5)]).size).toBeLessThan(50);
  });
});
