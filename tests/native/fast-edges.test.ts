/** Edges of the fast profile that a second reader (examples/esp32) brought to light. */
import { describe, expect, it } from 'vitest';
import { isWaystationError } from '../../src/core/errors.ts';
import { BitWriter } from '../../src/hour/coding/fast/bits.ts';
import { decodeFastBlock, encodeFastBlock } from '../../src/hour/coding/fast/block.ts';
import { decodeHour, encodeHour } from '../../src/hour/container.ts';
import { descriptor, START_MS, STATION } from '../unit/hour/hour-samples.ts';

const ONE = { numerator: 1, denominator: 1 };

/** A column of the grid 1 ÷ 1 with one number, base + unit × m. */
function oneNumber(bits: BitWriter, base: number, unit: number, m: number): void {
  bits.bits(0b01_0_00, 5);
  bits.signed(base);
  bits.bits(0, 1);
  bits.unsigned(unit);
  // Wide; the predictor of the one before, and a mini-block of escaped numbers.
  bits.bits(0b0_01_00000, 8);
  bits.bits(0, 20);
  bits.unsigned(2 * m);
}

function isRefused(bytes: Uint8Array, columns: number): boolean {
  try {
    decodeFastBlock(bytes, 1, new Array<typeof ONE>(columns).fill(ONE), columns);
    return false;
  } catch (error) {
    if (!isWaystationError(error, 'corrupt')) throw error;
    return true;
  }
}

describe('the fast profile', () => {
  it('reads what it wrote where differences from the first number add up to more than 2^53', () => {
    const first = -3_000_000_000_000_000;
    const values = Float64Array.of(first, first + 1001 * 5_994_005_994_005, first + 1001 * 5_994_005_994_004);
    const file = encodeHour({
      station: STATION,
      stationName: '',
      startMs: START_MS,
      lengthMs: 3_600_000,
      gaps: [],
      streams: [
        {
          descriptor: descriptor('s', ['a'], { profile: 'fast' }),
          rows: { baseMs: START_MS, offsetsNs: Float64Array.of(0, 1e6, 2e6), columns: [values] },
        },
      ],
    });
    expect(decodeHour(file).streams[0]?.rows.columns[0]).toEqual(values);
  });

  it('reads what it wrote of float64 beyond every float32, with the low bits of one', () => {
    for (const value of [2 ** 200, 2 ** -200, 1.5 * 2 ** 128, 2 ** -149, 1.5 * 2 ** -149]) {
      const { bytes, steps } = encodeFastBlock(
        Float64Array.of(0, 1),
        [Float64Array.of(value, -value)],
        [null],
      );
      expect(decodeFastBlock(bytes, 2, steps, 1).columns[0]).toEqual(Float64Array.of(value, -value));
    }
  });

  it('refuses a unit so often that float64 would round it, instead of reading another number', () => {
    const bits = new BitWriter();
    oneNumber(bits, 0, 2, 0);
    oneNumber(bits, -Number.MAX_SAFE_INTEGER, 257, 2 ** 45 - 1);
    expect(isRefused(bits.finish(), 1)).toBe(true);
    const right = new BitWriter();
    oneNumber(right, 0, 2, 0);
    oneNumber(right, -Number.MAX_SAFE_INTEGER, 255, 2 ** 45 - 1);
    expect(isRefused(right.finish(), 1)).toBe(false);
  });

  it('takes no times that are missing, −0, apart or no whole numbers', () => {
    const times = (write: (bits: BitWriter) => void) => {
      const bits = new BitWriter();
      write(bits);
      return isRefused(bits.finish(), 0);
    };
    const float = (value: number) => (bits: BitWriter) => {
      bits.bits(0b10_0, 3);
      bits.float(value);
    };
    expect(times(float(17))).toBe(false);
    expect(times(float(-0))).toBe(true);
    expect(times(float(0.5))).toBe(true);
    expect(times(float(2 ** 53))).toBe(true);
    expect(times((bits) => bits.bits(0, 2))).toBe(true);
    // All of one row are there, and it is said nonetheless.
    expect(
      times((bits) => {
        bits.bits(0b10_1_010, 6);
        bits.float(17);
      }),
    ).toBe(true);
    expect(
      times((bits) => {
        bits.bits(0b01_0_10, 5);
        bits.signed(0);
        bits.bits(0b1_1_00_11111, 9);
        bits.bits(0, 1);
      }),
    ).toBe(true);
  });
});
