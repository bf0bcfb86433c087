/** The page's composition root: the only place that knows which adapters a browser has. */
import { wrap } from 'comlink';
import type { CodecApi } from '../workers/codec.ts';
import { asBytes } from './core/bytes.ts';
import type { Clock, Random } from './core/ports.ts';
import { createWebCrypto } from './identity/crypto.web.ts';
import { loadOrCreateBrowserKeys } from './identity/keys.browser.ts';
import { SimplePeerTransport } from './mesh/simple-peer.browser.ts';
import { browserTextSockets } from './mesh/web-socket.browser.ts';
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

/** `?hour=10s` shortens the hour, for tests and demonstrations. */
function hourMs(): number | undefined {
  const text = new URLSearchParams(location.search).get('hour');
  const seconds = text === null ? Number.NaN : Number.parseFloat(text);
  return Number.isFinite(seconds) && seconds >= 1 ? seconds * 1000 : undefined;
}

/** A page that a relay serves finds signaling where it came from; a page from a file or a static server does not. */
function ownHost(): string | null {
  if (location.protocol !== 'http:' && location.protocol !== 'https:') return null;
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}`;
}

const codec = wrap<CodecApi>(new Worker(new URL('../workers/codec.ts', import.meta.url), { type: 'module' }));
const short = hourMs();

const model = new StationModel({
  openPorts: async () => {
    const worker = new Worker(new URL('../workers/store.ts', import.meta.url), { type: 'module' });
    const store = await connectStoreWorker(worker, 'waystation', { giveAwayWrites: true });
    return { store, keys: await loadOrCreateBrowserKeys(), crypto: createWebCrypto(), clock, random };
  },
  mesh: () => ({ transport: new SimplePeerTransport(), sockets: browserTextSockets }),
  encodeHour: (content) => codec.encode(content),
  drivers: async (options) => {
    const { browserDrivers } = await import('./sensors/browser-drivers.browser.ts');
    return browserDrivers(options);
  },
  base: location.href.split('#')[0] ?? location.href,
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
void model.start(location.href);
