/**
 * What Back closes before it leaves a place: dialogs and layers that cover the page, the one on top first.
 *
 * A layer adds an entry to the history, with the page's address as it is and how many layers are open in its state. So it works with every
 * browser's Back, by button, key or gesture. Invariant: as many layers are open as the entry that is shown says, but for the moment in
 * which one of the two changes. An entry whose layer was closed otherwise is gone back over; where another place was gone to on top of it,
 * that is done when one comes back to it.
 */

/** What is open. Returns false when it cannot be closed now: it stays, and Back closes it the next time. */
export type CloseLayer = () => unknown;

/** The part of a window that this needs. */
export interface LayerWindow {
  readonly history: Pick<History, 'pushState' | 'back' | 'state'>;
  addEventListener(type: 'popstate', listener: () => void): void;
  setTimeout(action: () => void, ms: number): unknown;
}

const DEPTH = 'layers';

/** How many layers are open where the history is. */
function depthOf(state: unknown): number {
  const depth = typeof state === 'object' && state !== null ? Reflect.get(state, DEPTH) : undefined;
  return typeof depth === 'number' ? depth : 0;
}

export class BackStack {
  readonly #window: LayerWindow;
  readonly #open: CloseLayer[] = [];

  constructor(win: LayerWindow) {
    this.#window = win;
    win.addEventListener('popstate', () => this.#moved());
  }

  /** A layer is open on top of all others. */
  open(close: CloseLayer): void {
    this.#open.push(close);
    const { history } = this.#window;
    // After a reload the entry of the layer that was open before is there already.
    if (depthOf(history.state) === this.#open.length) return;
    history.pushState({ [DEPTH]: this.#open.length }, '');
  }

  /** The layer was closed, by whatever; what was open above it is taken to be closed as well. */
  closed(close: CloseLayer): void {
    const at = this.#open.indexOf(close);
    if (at < 0) return;
    this.#open.length = at;
    // Not at once: closing may be part of going elsewhere, and to go back then would undo that.
    this.#window.setTimeout(() => this.#leaveDead(), 0);
  }

  #leaveDead(): void {
    const { history } = this.#window;
    if (depthOf(history.state) > this.#open.length) history.back();
  }

  #moved(): void {
    const depth = depthOf(this.#window.history.state);
    const stay: CloseLayer[] = [];
    while (this.#open.length > depth) {
      const close = this.#open.pop() as CloseLayer;
      if (close() === false) stay.unshift(close);
    }
    for (const close of stay) this.open(close);
    this.#leaveDead();
  }
}
