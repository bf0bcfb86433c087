import { expect, it } from 'vitest';
import { plainName } from '../../../../src/ui/parts/names.ts';

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
