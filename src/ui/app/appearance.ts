/** The look of the page: as the system says, light, dark, or black on white for sunlight. Kept in this browser. */
const KEY = 'waystation-look';

export const LOOKS = ['system', 'light', 'dark', 'outdoor'] as const;
export type Look = (typeof LOOKS)[number];

/** The look that was chosen last, `system` when none was or the browser keeps nothing. */
export function chosenLook(storage: Pick<Storage, 'getItem'> | undefined): Look {
  try {
    const look = storage?.getItem(KEY) ?? 'system';
    return (LOOKS as readonly string[]).includes(look) ? (look as Look) : 'system';
  } catch {
    return 'system';
  }
}

/** Shows the page in this look. */
export function showLook(root: HTMLElement, look: Look): void {
  if (look === 'system') delete root.dataset['look'];
  else root.dataset['look'] = look;
}

/** Shows the page in this look from now on. */
export function chooseLook(root: HTMLElement, storage: Storage | undefined, look: Look): void {
  showLook(root, look);
  try {
    storage?.setItem(KEY, look);
  } catch {
    // A private window keeps nothing: it holds until the page is closed.
  }
}
