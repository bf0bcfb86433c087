/** What a tab remembers through a reload, and no longer: gone when it is closed, and seen by no other tab. */

/** Which door this device came in by: `record` or `now`. */
export const CHOSEN_DOOR = 'waystation-door';
/** The link of the invite that was made last. A secret as the keys beside it are: whoever reads this browser's storage has both. */
export const LAST_INVITE = 'waystation-invite';

/** Null where there is no such note, or the browser lets the page keep none. */
export function tabNote(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Does nothing where the browser lets the page keep nothing: then only a reload forgets. */
export function noteInTab(key: string, value: string): void {
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // Nothing is lost but a convenience.
  }
}
