import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  asBytes,
  compareBytes,
  concatBytes,
  equalBytes,
  fromBase64Url,
  fromHex,
  fromUtf8,
  toBase64Url,
  toHex,
  toUtf8,
} from '../../../src/core/bytes.ts';
import { crc32 } from '../../../src/core/crc32.ts';

const bytes = fc.uint8Array({ maxLength: 60 }).map((one) => new Uint8Array(one));
const malformed = expect.objectContaining({ code: 'malformed' });

describe('byte strings', () => {
  it('come back from hex and from base64url', () => {
    fc.assert(
      fc.property(bytes, (one) => {
        expect(fromHex(toHex(one))).toEqual(one);
        expect(fromBase64Url(toBase64Url(one))).toEqual(one);
        expect(toBase64Url(one)).toBe(Buffer.from(one).toString('base64url'));
      }),
    );
  });

  it('refuse text that is not hex or not unpadded base64url in its one form', () => {
    for (const text of ['0', 'zz', '0x00', ' 00', '00\n']) expect(() => fromHex(text)).toThrow(malformed);
    for (const text of ['A', 'AA==', 'A+/_', 'AB', 'A A', 'AA\n'])
      expect(() => fromBase64Url(text)).toThrow(malformed);
  });

  it('refuse what is not UTF-8', () => {
    expect(fromUtf8(toUtf8('Grüße 水 𐅑'))).toBe('Grüße 水 𐅑');
    for (const hex of ['ff', 'c328', 'eda080', 'f4908080', 'c080', 'e282'])
      expect(() => fromUtf8(fromHex(hex))).toThrow(malformed);
  });

  it('are joined, compared and ordered like their hex', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(toHex(concatBytes(a, b))).toBe(toHex(a) + toHex(b));
        expect(equalBytes(a, b)).toBe(toHex(a) === toHex(b));
        const [left, right] = [toHex(a), toHex(b)];
        expect(Math.sign(compareBytes(a, b))).toBe(left < right ? -1 : left > right ? 1 : 0);
      }),
    );
  });

  it('are copied out of shared memory only', () => {
    const own = Uint8Array.of(1, 2);
    expect(asBytes(own)).toBe(own);
    const shared = new Uint8Array(new SharedArrayBuffer(2));
    expect(asBytes(shared).buffer).toBeInstanceOf(ArrayBuffer);
  });
});

describe('CRC-32', () => {
  it('gives the check value of its definition, in one piece and in several', () => {
    expect(crc32(toUtf8('123456789'))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array(0))).toBe(0);
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(crc32(b, crc32(a))).toBe(crc32(concatBytes(a, b)));
      }),
    );
  });
});
