import { describe, expect, it } from 'vitest';
import { parseRecoveryWords, recoveryKeys, recoveryWords } from '../../../src/identity/recovery.ts';
import { bytesOf } from './test-space.ts';

describe('recovery words', () => {
  const seed = bytesOf('recovery seed');
  const words = recoveryWords(seed);

  it('are 24 words that give the seed back, whatever the case and spacing', () => {
    expect(words.split(' ')).toHaveLength(24);
    expect(parseRecoveryWords(words)).toEqual(seed);
    expect(parseRecoveryWords(`\n ${words.toUpperCase().replaceAll(' ', '\n  ')} `)).toEqual(seed);
  });

  it('make the same keys again, other than an invite of the same seed', () => {
    expect(recoveryKeys(parseRecoveryWords(words))).toEqual(recoveryKeys(seed));
  });

  it('say which word is unknown, how many there are, and that two are swapped', () => {
    const list = words.split(' ');
    expect(() => parseRecoveryWords([...list.slice(0, 4), 'xyzzy', ...list.slice(5)].join(' '))).toThrow(
      /word 5, “xyzzy”/,
    );
    expect(() => parseRecoveryWords(list.slice(0, 12).join(' '))).toThrow(/expected 24 words, got 12/);
    const [first, second, ...rest] = list;
    expect(() => parseRecoveryWords([second, first, ...rest].join(' '))).toThrow(/do not belong together/);
  });
});
