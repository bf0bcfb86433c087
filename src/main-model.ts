/**
 * The larger half of the page's composition root: the adapters that a browser has, and the model on top of them. It is loaded once the
 * frame stands, so that something is to be seen while this comes.
 */
import { asBytes } from './core/bytes.ts';
import { WaystationError } from './core/errors.ts';
import type { Clock, Random } from './core/ports.ts';
import { HOUR_MS } from './hour/recorder.ts';
import { createWebCrypto } from './identity/crypto.web.ts';
import { loadOrCreateBrowserKeys } from './identity/keys.browser.ts';
import { codecWorker } from './pipeline/codec-worker.browser.ts';
import { connectStoreWorker } from './store/worker-bridge.browser.ts';
import { routeHash } from './ui/app/router.ts';
import { StationModel } from './ui/model/station-model.ts';
import { keepAwake } from './ui/platform/wake-lock.ts';

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

/**
 * A page that a relay serves finds others where it came from; a page from any other server does not, and is told so by the relay's
 * answer to a question that only relays understand.
 */
async function ownHost(): Promise<string | null> {
  if (location.protocol !== 'http:' && location.protocol !== 'https:') return null;
  try {
    const answer = await fetch(new URL('./healthz', location.href), { cache: 'no-store' });
    const said: unknown = await answer.json();
    const isRelay = typeof said === 'object' && said !== null && 'ok' in said && said.ok === true;
    return isRelay ? `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}` : null;
  } catch {
    return null;
  }
}

const loadDrivers = () => import('./sensors/browser-drivers.browser.ts');
const loadMesh = () => import('./mesh/page-mesh.browser.ts');

/** What could not be loaded because the page's address is out of reach. */
async function loaded<T>(part: Promise<T>, what: string): Promise<T> {
  try {
    return await part;
  } catch (cause) {
    throw new WaystationError(
      'unavailable',
      `the part of this page that ${what} could not be loaded: reload the page where its address can be reached`,
      { cause },
    );
  }
}

/** Opens this browser's node and gives the page its model. */
export function startModel(): StationModel {
  const short = hourMs();
  const address = location.href.split('#')[0] ?? location.href;
  const model = new StationModel({
    openPorts: async () => {
      const worker = new Worker(new URL('../workers/store.ts', import.meta.url), { type: 'module' });
      const store = await connectStoreWorker(worker, 'waystation', { giveAwayWrites: true });
      return { store, keys: await loadOrCreateBrowserKeys(), crypto: createWebCrypto(), clock, random };
    },
    mesh: async () => (await loaded(loadMesh(), 'meets other devices')).pageMesh(),
    encodeHour: codecWorker(
      () => new Worker(new URL('../workers/codec.ts', import.meta.url), { type: 'module' }),
    ),
    drivers: async (options) => (await loaded(loadDrivers(), 'reads sensors')).browserDrivers(options),
    // What this page was opened with (a shorter hour) is not for others.
    base: address.split('?')[0] ?? address,
    forgetLink: () => history.replaceState(null, '', `${address}${routeHash('now')}`),
    ownHost,
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
  addEventListener('hashchange', () => model.offer(location.href));
  // The page may be carried out of reach of where it came from before somebody records: what recording needs is fetched now.
  void model.start(location.href).then(() => loadDrivers().catch(() => undefined));
  return model;
}
