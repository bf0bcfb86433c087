/**
 * Notices that nobody touches a device any more. By itself only where fingers are the pointer: on a desk a page that turns black would be
 * in the way. The person may switch it off, which this browser remembers.
 */

/** Long enough to read the page, short enough for a phone that is laid down. */
const QUIET_MS = 15_000;
const KEY = 'waystation-darken';
const EVENTS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'scroll', 'focusin'] as const;

export class QuietWatch {
  readonly #onQuiet: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isWatching = false;
  /** What was chosen while the browser would not remember it. */
  #chosen: boolean | null = null;

  constructor(onQuiet: () => void) {
    this.#onQuiet = onQuiet;
  }

  /** The page darkens by itself. */
  get isOn(): boolean {
    if (this.#chosen !== null) return this.#chosen;
    try {
      const chosen = localStorage.getItem(KEY);
      if (chosen !== null) return chosen === 'yes';
    } catch {
      // Without storage there is no choice to remember.
    }
    return matchMedia('(pointer: coarse)').matches;
  }

  set isOn(isOn: boolean) {
    this.#chosen = isOn;
    try {
      localStorage.setItem(KEY, isOn ? 'yes' : 'no');
    } catch {
      // It holds until the page is closed.
    }
    if (this.#isWatching) this.start();
  }

  /** Waits for quiet, anew. */
  start(): void {
    this.stop();
    this.#isWatching = true;
    if (!this.isOn) return;
    for (const type of EVENTS) addEventListener(type, this.#touched, { capture: true, passive: true });
    this.#wait();
  }

  stop(): void {
    this.#isWatching = false;
    clearTimeout(this.#timer);
    for (const type of EVENTS) removeEventListener(type, this.#touched, { capture: true });
  }

  readonly #touched = (): void => this.#wait();

  #wait(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (document.visibilityState === 'visible') this.#onQuiet();
    }, QUIET_MS);
  }
}
