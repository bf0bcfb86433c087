/** Names that others chose, as they may stand in a sentence of ours. */

/** Characters that turn the text around them, or hide in it. */
const TRICKS = /[\p{Cc}\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/gu;

/** As long as the app's own fields let names be; the protocol allows more, which would push the words around it off the screen. */
const MAX_SHOWN = 60;

/** The name without what would change the words around it, and not longer than names are; empty when nothing is left to be seen. */
export function plainName(name: string | null | undefined): string {
  const seen = [...(name ?? '').replaceAll(TRICKS, '').trim()];
  return seen.length <= MAX_SHOWN ? seen.join('') : `${seen.slice(0, MAX_SHOWN - 1).join('')}…`;
}
