import { expect, it } from 'vitest';
import { plainName, sharedNames, shownName } from '../../../../src/ui/parts/names.ts';

it.each([
  ['Ridge', 'Ridge'],
  [' Ridge\n', 'Ridge'],
  ['\u202eegdiR', 'egdiR'],
  ['\u200b\u2066\ufeff', ''],
  [null, ''],
  ['Ö'.repeat(60), 'Ö'.repeat(60)],
  ['W'.repeat(200), `${'W'.repeat(59)}…`],
  ['😀'.repeat(61), `${'😀'.repeat(59)}…`],
])('a name that others chose stands in a sentence as it is meant: %j', (name, plain) => {
  expect(plainName(name)).toBe(plain);
});

it('two devices of one name are told apart, also where only what cannot be seen differs', () => {
  const shared = sharedNames([
    ['a', 'Android phone'],
    ['b', 'Android\u200b phone'],
    ['c', 'Barn'],
    ['c', 'Barn'],
    ['d', null],
    ['e', ''],
  ]);
  expect([...shared]).toEqual(['Android phone']);
  expect(shownName('Android phone', '7kH2wA', true)).toBe('Android phone (7kH2wA)');
  expect(shownName('Barn', '7kH2wA')).toBe('Barn');
  expect(shownName('W'.repeat(200), '7kH2wA', true)).toMatch(/… \(7kH2wA\)$/);
});
