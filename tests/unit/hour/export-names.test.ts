import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toUtf8 } from '../../../src/core/bytes.ts';
import { DistinctNames, pathName } from '../../../src/hour/export-names.ts';

describe('a name as part of a path', () => {
  it.each([
    ['Ridge', 'Ridge'],
    ['Hütte 2', 'Hütte%202'],
    ['../../etc/passwd', '%2E.%2F..%2Fetc%2Fpasswd'],
    ['.', '%2E'],
    ['..', '%2E%2E'],
    ['', 'unnamed'],
    ['a=b', 'a%3Db'],
    ['_hidden', '%5Fhidden'],
    ['100%', '100%25'],
    ['C:\\x', 'C%3A%5Cx'],
    ['a\u0000b\n', 'a%00b%0A'],
    ['dot.', 'dot%2E'],
    ['e\u0301', '\u00e9'],
    ['😀', '%F0%9F%98%80'],
  ])('%j is %j', (name, path) => {
    expect(pathName(name)).toBe(path);
  });

  it('fits a file name, leads nowhere else, and comes back through decodeURIComponent, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (name) => {
        const path = pathName(name);
        expect(toUtf8(path).length).toBeLessThanOrEqual(180);
        expect(path).toMatch(/^[\p{L}\p{N}\p{M}%-][\p{L}\p{N}\p{M}_.%~-]*$/u);
        expect(path).not.toMatch(/\.$/);
        if (name !== '' && !path.includes('~')) expect(decodeURIComponent(path)).toBe(name.normalize('NFC'));
      }),
      { numRuns: 500 },
    );
  });

  it('that is cut is told from others that begin alike', () => {
    const [one, other] = [pathName(`${'/'.repeat(400)}1`), pathName(`${'/'.repeat(400)}2`)];
    expect(one).not.toBe(other);
    expect(one).toMatch(/^(%2F)+~[0-9a-f]{8}$/);
  });
});

describe('distinct names', () => {
  it('differ in more than their case, also from those that are reserved', () => {
    const names = new DistinctNames(['time']);
    expect(['x', 'X', 'x_2', 'Time', 'x'].map((name) => names.take(name))).toEqual([
      'x',
      'X_2',
      'x_2_2',
      'Time_2',
      'x_3',
    ]);
  });
});
