/** Asking for recovery words. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ASKED_WORDS,
  askedPlaces,
  plainWord,
  wrongPlaces,
} from '../../../../src/ui/welcome/recovery-check.ts';

describe('the places that are asked for', () => {
  it('are three different ones in rising order, whatever chance says', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 3 }),
        (chances) => {
          let at = 0;
          const places = askedPlaces(24, () => chances[at++ % chances.length] ?? 0);
          expect(new Set(places).size).toBe(ASKED_WORDS);
          expect(places).toEqual(places.toSorted((a, b) => a - b));
          expect(places.every((place) => place >= 0 && place < 24)).toBe(true);
        },
      ),
    );
  });

  it('can be any of them', () => {
    const seen = new Set<number>();
    for (let i = 0; i < 24; i++) for (const place of askedPlaces(24, () => i / 24)) seen.add(place);
    expect(seen.size).toBe(24);
  });
});

describe('an answer', () => {
  const words = ['abandon', 'ability', 'able', 'about'];

  it('is right without regard to case, spaces and full stops', () => {
    expect(plainWord('  Able. ')).toBe('able');
    expect(wrongPlaces(words, [0, 2, 3], ['ABANDON ', ' able', 'About.'])).toEqual([]);
  });

  it('that is wrong, empty or in the wrong field is named by its place', () => {
    expect(wrongPlaces(words, [0, 2, 3], ['abandon', 'about', ''])).toEqual([2, 3]);
    expect(wrongPlaces(words, [0, 2, 3], [])).toEqual([0, 2, 3]);
  });
});
