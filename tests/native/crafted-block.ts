/** Blocks in the fast profile of any shape, field by field, with numbers at the edges of what a reader may take. */
import type { Bytes } from '../../src/core/bytes.ts';
import { BitWriter } from '../../src/hour/coding/fast/bits.ts';
import type { SeededRandom } from '../sim/random.ts';

const MAX = Number.MAX_SAFE_INTEGER;
const BASES = [0, 0, 1, -1, 215, -40, 2 ** 31, MAX, -MAX, 2 ** 53, -(2 ** 53), 2 ** 52];
const UNITS = [1, 2, 3, 100, 257, 2 ** 7, 2 ** 8, 2 ** 25, 2 ** 25 + 1, 2 ** 46, MAX, 2 ** 53];
const FLOATS = [
  0,
  -0,
  0.5,
  7,
  -3,
  MAX,
  2 ** 53,
  2 ** 200,
  1e-40,
  5e-324,
  Number.POSITIVE_INFINITY,
  Number.NaN,
  0.1,
];
/** float32 as upper halves of ordinals: powers of ten and two, their neighbours, and the ends. */
const HIGHS = [
  1e-45,
  1.1e-38,
  1e-13,
  1e-12,
  0.1,
  1,
  9.999999,
  1e6,
  1e22,
  1e23,
  1.1e24,
  3e27,
  1e28,
  3.4e38,
  Number.POSITIVE_INFINITY,
];

const word = new DataView(new ArrayBuffer(8));

function highOf(value: number): number {
  word.setFloat64(0, Math.fround(value));
  return Number(word.getBigUint64(0) >> 29n);
}

/** m of one mini-block as codes of one mode; what they add up to is nobody's care. */
function putMini(random: SeededRandom, bits: BitWriter, count: number, isNarrow: boolean): void {
  const mode = random.pick([0, 0, 1, 2, 3, 5, 8, 13, 20, 26, 27, 29, 30, 30, 31, 31]);
  bits.bits(random.integer(0, 4), 2);
  bits.bits(mode, 5);
  if (mode === 31) return;
  if (mode === 30) {
    const width = random.chance(0.9) ? random.integer(1, isNarrow ? 32 : 54) : random.integer(0, 64);
    bits.bits(width, 6);
    const least = random.chance(0.5) ? 2 ** Math.min(6, width) : 2 ** Math.min(width, 53);
    for (let i = 0; i < count; i++)
      bits.fixed(Math.floor((random.integer(0, 1000) / 1000) * (least - 1)), Math.min(width, 53));
    return;
  }
  for (let i = 0; i < count; i++) {
    if (random.chance(0.05)) {
      bits.bits(0, 20);
      bits.unsigned(
        random.pick([
          0,
          1,
          40,
          2 ** 28,
          2 ** 29,
          2 ** 30,
          2 ** 31 - 1,
          2 ** 31,
          2 ** 46,
          2 ** 47,
          MAX,
          2 ** 53,
        ]),
      );
    } else {
      bits.bits(1, random.integer(1, random.pick([3, 3, 3, 21])));
      bits.fixed(random.integer(0, 2 ** Math.min(mode, 30)), mode);
    }
  }
}

function putNumbers(random: SeededRandom, bits: BitWriter, count: number, base: number): void {
  bits.signed(base);
  const unit = random.chance(0.6) ? 1 : random.pick(UNITS);
  bits.bits(unit === 1 && random.chance(0.9) ? 1 : 0, 1);
  if (unit !== 1) bits.unsigned(unit);
  const isNarrow = random.chance(0.6);
  bits.bits(isNarrow ? 1 : 0, 1);
  for (let from = 0; from < count; from += 64) putMini(random, bits, Math.min(64, count - from), isNarrow);
}

function putExceptions(random: SeededRandom, bits: BitWriter, count: number): void {
  const most = random.integer(0, 3);
  bits.unsigned(most);
  for (let i = 0; i < most; i++) {
    bits.unsigned(random.integer(0, count));
    bits.float(random.pick(FLOATS));
  }
}

/** @returns how many values there are. */
function putPresence(random: SeededRandom, bits: BitWriter, rows: number): number {
  let present = 0;
  let row = 0;
  for (let here = 1; row < rows; here = 1 - here) {
    const run =
      row === 0 && here === 1
        ? random.integer(0, rows + 1)
        : random.integer(1, rows - row + (random.chance(0.02) ? 2 : 1));
    bits.gamma(row === 0 && here === 1 ? run + 1 : run);
    present += here * run;
    row += run;
  }
  return present;
}

function putColumn(random: SeededRandom, bits: BitWriter, rows: number): void {
  const form = random.pick([0, 1, 1, 1, 2, 3, 3]);
  bits.bits(form, 2);
  if (form === 0) return;
  const isSparse = random.chance(0.4);
  bits.bits(isSparse ? 1 : 0, 1);
  const count = isSparse ? putPresence(random, bits, rows) : rows;
  if (form === 2) {
    for (let i = 0; i < count; i++) bits.float(random.chance(0.02) ? random.pick(FLOATS) : i / 3);
    return;
  }
  const flags = random.chance(0.5) ? 0 : random.integer(0, 4);
  bits.bits(flags, 2);
  if (form === 1) {
    putNumbers(random, bits, count, random.pick(BASES));
    // As many as a reader asks for, or too few, or too many.
    if (flags >= 2) bits.fixed(random.integer(0, 2 ** 20), random.integer(0, 21));
  } else {
    const isBinary = random.chance(0.5);
    bits.bits(isBinary ? 1 : 0, 1);
    if (isBinary) bits.bits(random.pick([0, 4, 10, 24, 53, 63]), 6);
    const high = highOf(random.pick(HIGHS)) + random.integer(-1, 2);
    putNumbers(
      random,
      bits,
      count,
      isBinary ? random.pick([0, 5, -9, 2 ** 24, 2 ** 24 + 1]) : random.chance(0.5) ? high : -high,
    );
  }
  if (flags % 2 === 1) putExceptions(random, bits, count);
}

export function craftedBlock(random: SeededRandom, rows: number, columns: number): Bytes {
  const bits = new BitWriter();
  if (random.chance(0.1)) {
    bits.bits(0b10_0, 3);
    for (let i = 0; i < rows; i++) bits.float(random.chance(0.01) ? random.pick(FLOATS) : i * 1000);
  } else {
    bits.bits(random.chance(0.95) ? 0b01_0_00 : random.integer(0, 32), 5);
    putNumbers(random, bits, rows, random.chance(0.7) ? 0 : random.pick(BASES));
  }
  for (let c = 0; c < columns; c++) putColumn(random, bits, rows);
  return bits.finish();
}
