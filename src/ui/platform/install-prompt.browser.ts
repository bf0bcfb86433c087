/**
 * Installing the app: keeps the browser's offer until a person asks for it, and knows whether the page runs as an installed app.
 *
 * Invariant: the browser's dialog only ever comes from `install`, which somebody tapped; an offer is used once.
 */

/** Chromium's event; not in TypeScript's declarations. */
export interface InstallOffer extends Event {
  prompt(): Promise<{ readonly outcome: 'accepted' | 'dismissed' }>;
}

export interface InstallState {
  /** The browser offers to install: show a button that calls `install`. */
  readonly canInstall: boolean;
  /** The page runs in a window of its own, or was installed since it was opened. */
  readonly isInstalled: boolean;
}

export interface InstallPorts {
  /** Where `beforeinstallprompt` and `appinstalled` arrive: the window. */
  readonly window: EventTarget;
  /** `matchMedia('(display-mode: standalone)')` and its kin: true in a window of its own. */
  readonly ownWindow: Pick<MediaQueryList, 'matches' | 'addEventListener'>;
  /** Safari says it in its own way. */
  readonly isStandalone: boolean;
}

/** The ports of a real page. */
export function browserInstallPorts(): InstallPorts {
  return {
    window: globalThis.window,
    ownWindow: matchMedia(
      '(display-mode: standalone), (display-mode: minimal-ui), (display-mode: fullscreen), (display-mode: window-controls-overlay)',
    ),
    isStandalone: (navigator as { standalone?: boolean }).standalone === true,
  };
}

/** One per page; make it early, the offer comes soon after the page has loaded. */
export class InstallPrompt {
  readonly #ports: InstallPorts;
  readonly #listeners = new Set<() => void>();
  #offer: InstallOffer | undefined;
  #wasInstalled = false;

  constructor(ports: InstallPorts) {
    this.#ports = ports;
    ports.window.addEventListener('beforeinstallprompt', (event) => {
      // Otherwise the browser shows a bar of its own when it likes, over what the person is doing.
      event.preventDefault();
      this.#offer = event as InstallOffer;
      this.#tell();
    });
    ports.window.addEventListener('appinstalled', () => {
      this.#offer = undefined;
      this.#wasInstalled = true;
      this.#tell();
    });
    ports.ownWindow.addEventListener('change', () => this.#tell());
  }

  get state(): InstallState {
    const isInstalled = this.#wasInstalled || this.#ports.isStandalone || this.#ports.ownWindow.matches;
    return { canInstall: this.#offer !== undefined && !isInstalled, isInstalled };
  }

  /** Calls `listener` after every change of `state`; the result ends that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Shows the browser's dialog. Must be called from a tap.
   * @returns what the person chose; `unavailable` when the browser makes no offer (any more).
   */
  async install(): Promise<'accepted' | 'dismissed' | 'unavailable'> {
    const offer = this.#offer;
    if (offer === undefined) return 'unavailable';
    this.#offer = undefined;
    this.#tell();
    const { outcome } = await offer.prompt();
    return outcome;
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
