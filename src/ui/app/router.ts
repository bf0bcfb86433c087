/**
 * Which place of the app is shown: the address's fragment, `#/place?name=value`, so that the back button works, a place can be
 * linked to, and any static server will do. An invite's fragment (`#join=…`) is none of ours and changes nothing.
 */
export const PLACES = ['now', 'record', 'data', 'mesh', 'people'] as const;

/** The five places of the bar, and the two that are opened with something: a file, or what another app shared. */
export type Place = (typeof PLACES)[number] | 'file' | 'share';

const KNOWN: readonly string[] = [...PLACES, 'file', 'share'];

export interface Route {
  readonly place: Place;
  readonly params: URLSearchParams;
}

/** The part of a window that routing needs. */
export interface RouterWindow {
  readonly location: { readonly hash: string; readonly href: string };
  readonly history: Pick<History, 'pushState' | 'replaceState' | 'state'>;
  addEventListener(type: 'hashchange' | 'popstate', listener: () => void): void;
}

/** The route of a fragment; undefined when it is none. */
export function parseRoute(hash: string): Route | undefined {
  const [, place = '', query = ''] = /^#\/([a-z]*)(?:\?(.*))?$/s.exec(hash) ?? [];
  if (!KNOWN.includes(place)) return undefined;
  return { place: place as Place, params: new URLSearchParams(query) };
}

/** The fragment of a route. */
export function routeHash(place: Place, params: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams(params).toString();
  return `#/${place}${query === '' ? '' : `?${query}`}`;
}

/** Emits `change` when another route is shown. */
export class Router extends EventTarget {
  #route: Route;
  readonly #window: RouterWindow;

  constructor(win: RouterWindow) {
    super();
    this.#window = win;
    const first = win.location.hash;
    const start: Route = { place: 'now', params: new URLSearchParams() };
    this.#route = parseRoute(first) ?? start;
    const read = () => {
      const { hash } = win.location;
      // Back at where the page began, or at the bare address: what was shown there is shown again.
      const route = parseRoute(hash) ?? (hash === '' || hash === first ? start : undefined);
      if (route !== undefined) this.#show(route);
    };
    win.addEventListener('hashchange', read);
    win.addEventListener('popstate', read);
  }

  get route(): Route {
    return this.#route;
  }

  /** The fragment of what is shown. */
  get hash(): string {
    return routeHash(this.#route.place, Object.fromEntries(this.#route.params));
  }

  /** Shows another place; `replace` leaves no way back to this one. */
  go(place: Place, params: Readonly<Record<string, string>> = {}, replace = false): void {
    const address = `${this.#window.location.href.split('#')[0]}${routeHash(place, params)}`;
    const { history } = this.#window;
    // What Back closes (parts/back-stack.ts) stays as it is.
    if (replace) history.replaceState(history.state, '', address);
    else history.pushState(null, '', address);
    this.#show({ place, params: new URLSearchParams(params) });
  }

  #show(route: Route): void {
    this.#route = route;
    this.dispatchEvent(new Event('change'));
  }
}
