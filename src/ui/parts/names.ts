/** Names that others chose, as they may stand in a sentence of ours. */
import { msg, str } from '@lit/localize';

/** Characters that turn the text around them, or hide in it. */
const TRICKS = /[\p{Cc}\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/gu;

/** As long as the app's own fields let names be; the protocol allows more, which would push the words around it off the screen. */
const MAX_SHOWN = 60;

/** The name without what would change the words around it, and not longer than names are; empty when nothing is left to be seen. */
export function plainName(name: string | null | undefined): string {
  const seen = [...(name ?? '').replaceAll(TRICKS, '').trim()];
  return seen.length <= MAX_SHOWN ? seen.join('') : `${seen.slice(0, MAX_SHOWN - 1).join('')}…`;
}

/** What people call a device. @param shortId tells it from others without a name, and, where `isShared`, from others of the same name. */
export function shownName(name: string | null | undefined, shortId: string, isShared = false): string {
  const plain = plainName(name);
  if (plain === '') return msg(str`A device without a name (${shortId})`);
  return isShared ? `${plain} (${shortId})` : plain;
}

/** The names, as they are shown, that more than one owner goes by. */
export function sharedNames(
  named: Iterable<readonly [owner: string, name: string | null | undefined]>,
): ReadonlySet<string> {
  const owners = new Map<string, string>();
  const shared = new Set<string>();
  for (const [owner, name] of named) {
    const plain = plainName(name);
    if (plain === '') continue;
    if ((owners.get(plain) ?? owner) !== owner) shared.add(plain);
    owners.set(plain, owner);
  }
  return shared;
}
