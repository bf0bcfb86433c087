/** Whether the recovery words were written down: three of them are asked for, at places that cannot be known before. */

/** Fewer could be guessed from a glance; more would be skipped. */
export const ASKED_WORDS = 3;

/**
 * Places of the words to ask for, from 0, in rising order and all different.
 * @param random an unbiased number in [0, 1), as of `Math.random`: it hides nothing, it only keeps people from preparing.
 */
export function askedPlaces(count: number, random: () => number): number[] {
  const places = Array.from({ length: count }, (_, i) => i);
  const asked: number[] = [];
  while (asked.length < ASKED_WORDS && places.length > 0) {
    asked.push(...places.splice(Math.floor(random() * places.length), 1));
  }
  return asked.sort((a, b) => a - b);
}

/** What was typed, as the words are written: without regard to case, spaces and full stops around it. */
export function plainWord(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\s.,;:]+/g, '');
}

/** The asked places at which something else was typed. */
export function wrongPlaces(
  words: readonly string[],
  asked: readonly number[],
  typed: readonly string[],
): number[] {
  return asked.filter((place, i) => plainWord(typed[i] ?? '') !== words[place]);
}
