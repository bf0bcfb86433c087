import { constants, deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../src/core/bytes.ts';
import { encodeCbor } from '../../../src/core/cbor.ts';
import { isWaystationError } from '../../../src/core/errors.ts';
import { AdaptiveBits } from '../../../src/hour/coding/adaptive-bits.ts';
import { decodeBlock, encodeBlock } from '../../../src/hour/coding/block.ts';
import { inflateHeader } from '../../../src/hour/header-dictionary.ts';
import { checkItems } from '../../../src/hour/header-items.ts';

function codeOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return isWaystationError(error) ? error.code : error;
  }
}

describe('bits that no writer writes', () => {
  it.each([
    ['a code that begins at the end of the range', [0x7f, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5]],
    ['a code beyond it', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ])('are damaged, and read as numbers of their width all the same: %s', (_, start) => {
    const bits = AdaptiveBits.read(Uint8Array.from(start), 3, 3);
    for (let i = 0; i < 40; i++) {
      const width = (i % 12) + 1;
      const read = bits.raw(0, width);
      expect(read).toBeGreaterThanOrEqual(0);
      expect(read).toBeLessThan(2 ** width);
      expect([0, 1]).toContain(bits.bit(0, 0, 1, 2, 0));
    }
    expect(bits.isDamaged).toBe(true);
  });

  it('are refused behind the last column', () => {
    const { bytes, steps } = encodeBlock(Float64Array.of(0, 20), [Float64Array.of(1.5, 2.25)], []);
    expect(codeOf(() => decodeBlock(concatBytes(bytes, Uint8Array.of(7, 7)), 2, steps, 1))).toBe('corrupt');
  });

  it('are refused where only zeros are left to be read', () => {
    expect(codeOf(() => decodeBlock(new Uint8Array(0), 16_384, Array(256).fill(null), 256))).toBe('corrupt');
  });
});

describe('a description that is a bomb', () => {
  it('is given up as soon as it is larger than it says', () => {
    const piece = deflateRawSync(new Uint8Array(2 ** 26), { level: 9, finishFlush: constants.Z_FULL_FLUSH });
    const stored = concatBytes(...Array.from({ length: 64 }, () => Uint8Array.from(piece)));
    const before = performance.now();
    // All of it would be 4 GiB, and take seconds.
    expect(codeOf(() => inflateHeader(stored, 20))).toBe('corrupt');
    expect(performance.now() - before).toBeLessThan(500);
  });

  it('is refused before millions of items are built', () => {
    const list = new Uint8Array(2 ** 20 + 5).fill(0xa0);
    list.set([0x9a, 0, 0x10, 0, 0]);
    expect(codeOf(() => checkItems(list))).toBe('limit');
  });

  it('may have texts, floats and byte strings that look like items', () => {
    const text = 'x'.repeat(2 ** 21);
    expect(codeOf(() => checkItems(encodeCbor([text, 1.5, -70_000, new Uint8Array(2 ** 20), null])))).toBe(
      undefined,
    );
  });
});
