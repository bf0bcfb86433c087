/**
 * Lets Back close a dialog or a layer that covers the page instead of leaving the place, with one line in the view that shows it:
 * `new BackCloses(this, () => this.#close())`.
 */
import type { LitElement, ReactiveController } from 'lit';
import { BackStack, type CloseLayer } from './back-stack.ts';

/** One for the page: what was opened last is closed first, whoever opened it. */
let stack: BackStack | undefined;

/** The part of CloseWatcher that is used; TypeScript's libraries do not have it yet. */
interface Watcher extends EventTarget {
  destroy(): void;
}
type WatcherClass = new () => Watcher;

export interface LayerOptions {
  /** Whether the layer is open now; as long as the view is on the page when not given. */
  readonly isOpen?: () => boolean;
  /**
   * It is no `<dialog>`, of which Chromium knows by itself that Back and Escape close it: Chromium is told, so that on Android Back closes
   * it also where nobody has touched the page since it was loaded, and would skip entries of the history.
   */
  readonly isBare?: boolean;
}

export class BackCloses implements ReactiveController {
  readonly #close: CloseLayer;
  readonly #isOpen: () => boolean;
  readonly #isBare: boolean;
  #isShown = false;
  #watcher: Watcher | undefined;

  /** @param close closes the layer; returns false where it cannot be closed now. */
  constructor(
    host: LitElement,
    close: CloseLayer,
    { isOpen = () => true, isBare = false }: LayerOptions = {},
  ) {
    this.#close = close;
    this.#isOpen = isOpen;
    this.#isBare = isBare;
    host.addController(this);
  }

  hostUpdated(): void {
    this.#show(this.#isOpen());
  }

  hostDisconnected(): void {
    this.#show(false);
  }

  #show(isOpen: boolean): void {
    if (isOpen === this.#isShown) return;
    this.#isShown = isOpen;
    stack ??= new BackStack(window);
    if (isOpen) {
      stack.open(this.#close);
      this.#watch();
    } else {
      stack.closed(this.#close);
      this.#watcher?.destroy();
      this.#watcher = undefined;
    }
  }

  #watch(): void {
    const { CloseWatcher } = globalThis as { CloseWatcher?: WatcherClass };
    if (!this.#isBare || CloseWatcher === undefined) return;
    this.#watcher = new CloseWatcher();
    this.#watcher.addEventListener('close', () => this.#close());
  }
}
