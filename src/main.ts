/** The page's composition root: the only place that knows which adapters a browser has. */
import { asBytes } from './core/bytes.ts';
import { WaystationError } from './core/errors.ts';
import type { Clock, Random } from './core/ports.ts';
import { HOUR_MS } from './hour/recorder.ts';
import { createWebCrypto } from './identity/crypto.web.ts';
import { loadOrCreateBrowserKeys } from './identity/keys.browser.ts';
import { SimplePeerTransport } from './mesh/simple-peer.browser.ts';
import { browserTextSockets } from './mesh/web-socket.browser.ts';
import { codecWorker } from './pipeline/codec-worker.browser.ts';
import { connectStoreWorker } from './store/worker-bridge.browser.ts';
import './ui/app-element.ts';
import { AppElement } from './ui/app-element.ts';
import { StationModel } from './ui/station-model.ts';
import { keepAwake } from './ui/wake-lock.ts';

const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule: (delayMs, fire) => {
    const timer = setTimeout(fire, Math.min(delayMs, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};

const random: Random = { bytes: (length) => asBytes(crypto.getRandomValues(new Uint8Array(length))) };

/** `?hour=10s` shortens the hour, for tests and demonstrations; without a unit it is seconds. */
function hourMs(): number | undefined {
  const text = new URLSearchParams(location.search).get('hour') ?? '';
  const [, count, unit = 's'] = /^(\d+)(s|m|h)?$/.exec(text) ?? [];
  const ms = Number(count) * { s: 1_000, m: 60_000, h: HOUR_MS }[unit as 's' | 'm' | 'h'];
  return ms >= 1_000 && ms <= HOUR_MS ? ms : undefined;
}

/** A page that a relay serves finds signaling where it came from; a page from a file or a static server does not. */
function ownHost(): string | null {
  if (location.protocol !== 'http:' && location.protocol !== 'https:') return null;
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}`;
}

const encodeHour = codecWorker(
  () => new Worker(new URL('../workers/codec.ts', import.meta.url), { type: 'module' }),
);
const short = hourMs();
const address = location.href.split('#')[0] ?? location.href;
const loadDrivers = () => import('./sensors/browser-drivers.browser.ts');

const model = new StationModel({
  openPorts: async () => {
    const worker = new Worker(new URL('../workers/store.ts', import.meta.url), { type: 'module' });
    const store = await connectStoreWorker(worker, 'waystation', { giveAwayWrites: true });
    return { store, keys: await loadOrCreateBrowserKeys(), crypto: createWebCrypto(), clock, random };
  },
  mesh: () => ({ transport: new SimplePeerTransport(), sockets: browserTextSockets }),
  encodeHour,
  drivers: async (options) => {
    try {
      return (await loadDrivers()).browserDrivers(options);
    } catch (cause) {
      throw new WaystationError(
        'unavailable',
        'the part of this page that reads sensors could not be loaded: reload the page where its address can be reached',
        { cause },
      );
    }
  },
  // What this page was opened with (a shorter hour) is not for others.
  base: address.split('?')[0] ?? address,
  forgetLink: () => history.replaceState(null, '', address),
  ownHost: ownHost(),
  ...(short === undefined ? {} : { hourMs: short }),
  persist: async () => (navigator.storage?.persist === undefined ? null : navigator.storage.persist()),
  keepAwake,
  save: (name, parts) => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([...parts], { type: 'text/csv' }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  },
});

const element = document.querySelector('waystation-app');
if (element instanceof AppElement) element.use(model);
addEventListener('hashchange', () => model.offer(location.href));
// The page may be carried out of reach of where it came from before somebody records: what recording needs is fetched now.
void model.start(location.href).then(() => loadDrivers().catch(() => undefined));
