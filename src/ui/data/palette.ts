/**
 * The page's colours as a canvas can use them: tokens.css holds them as `light-dark(…)`, which only an element resolves. Redraws its
 * host when the look changes.
 */
import type { ReactiveController, ReactiveControllerHost } from 'lit';

const NAMES = [
  'surface',
  'ground',
  'line',
  'edge',
  'ink',
  'ink-soft',
  'accent',
  'good',
  'warn',
  'bad',
  'plot-1',
  'plot-2',
  'plot-3',
  'plot-4',
  'plot-5',
  'plot-6',
] as const;

export type Colours = Readonly<Record<(typeof NAMES)[number], string>>;

/** The lines of a plot, in the order in which they are given out. */
export const PLOT_COLOURS = ['plot-1', 'plot-2', 'plot-3', 'plot-4', 'plot-5', 'plot-6'] as const;

function resolve(): Colours {
  const probe = document.createElement('span');
  probe.hidden = true;
  document.body.append(probe);
  const found = NAMES.map((name) => {
    probe.style.color = `var(--ws-${name})`;
    return [name, getComputedStyle(probe).color] as const;
  });
  probe.remove();
  return Object.fromEntries(found) as Colours;
}

/** One for the whole page: colours are the same everywhere. */
let current: Colours | undefined;
const listeners = new Set<() => void>();
let isWatching = false;

function watch(): void {
  if (isWatching) return;
  isWatching = true;
  const changed = () => {
    current = undefined;
    for (const listener of listeners) listener();
  };
  for (const query of ['(prefers-color-scheme: dark)', '(prefers-contrast: more)'])
    matchMedia(query).addEventListener('change', changed);
  new MutationObserver(changed).observe(document.documentElement, {
    attributes: true,
    attributeFilter: ['data-look'],
  });
}

export class Palette implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #changed = () => this.#host.requestUpdate();

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
    host.addController(this);
  }

  hostConnected(): void {
    watch();
    listeners.add(this.#changed);
  }

  hostDisconnected(): void {
    listeners.delete(this.#changed);
  }

  get colours(): Colours {
    current ??= resolve();
    return current;
  }
}
