/**
 * The larger half of the page's composition root: the adapters that a browser has, and the model on top of them. It is loaded once the
 * frame stands, so that something is to be seen while this comes.
 */
import { asBytes } from './core/bytes.ts';
import { WaystationError } from './core/errors.ts';
import { loadPart } from './core/load-part.browser.ts';
import type { Clock, Random } from './core/ports.ts';
import { HOUR_MS } from './hour/slot.ts';
import { createWebCrypto } from './identity/crypto.web.ts';
import {
  areKeysMovable,
  forgetBrowserKeys,
  loadOrCreateBrowserKeys,
  readKeySeeds,
  settleStagedKeys,
  stageKeys,
} from './identity/keys.browser.ts';
import { codecWorker } from './pipeline/codec-worker.browser.ts';
import { settleGroupLeft } from './station/leaving-group.ts';
import { type KeyPlace, settleArriving } from './station/moving-settle.ts';
import type { Store } from './store/port.ts';
import { connectStoreWorker } from './store/worker-bridge.browser.ts';
import { dataWorker } from './ui/model/data-worker.browser.ts';
import { openSaver } from './ui/model/save-files.browser.ts';
import { StationModel } from './ui/model/station-model.ts';
import type { InstallPrompt } from './ui/platform/install-prompt.browser.ts';
import { forgetMovingFile } from './ui/platform/moving-file.browser.ts';
import { askInviteBehind, askOwnRelay } from './ui/platform/own-relay.browser.ts';
import { serverTimeMs } from './ui/platform/server-time.browser.ts';
import { AppVersion, browserVersionPorts } from './ui/platform/service-worker.browser.ts';
import { TabHandover } from './ui/platform/tab-handover.browser.ts';
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

const STORE = 'waystation';
/** As indexed-db.browser.ts names it. */
const STORE_LOCK = `${STORE}-store`;

const loadDrivers = () => loadPart(() => import('./sensors/browser-drivers.browser.ts'));
const loadArchive = () => loadPart(() => import('./store/directory-archive.browser.ts'));
const loadMesh = () => loadPart(() => import('./mesh/page-mesh.browser.ts'));

/** The store in its worker; one whose script did not come is started again. */
async function startedStore(): Promise<Store> {
  const opened = await loadPart(async () => {
    const worker = new Worker(new URL('../workers/store.ts', import.meta.url), { type: 'module' });
    let isLoaded = true;
    worker.addEventListener('error', (event) => {
      // What a script throws has a message; a script that did not come has none (HTML, “run a worker”).
      if (!(event instanceof ErrorEvent)) isLoaded = false;
    });
    const opening = connectStoreWorker(worker, STORE, { giveAwayWrites: true });
    return opening.catch((error: unknown) => {
      if (!isLoaded) throw error;
      // It said itself why it cannot: asking again would not change that.
      return { error };
    });
  });
  if ('error' in opened) throw opened.error;
  return opened;
}

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

/** Where keys that come from another address are kept until they are used. */
const keyPlace: KeyPlace = { stage: (seeds) => stageKeys(seeds), settle: (use) => settleStagedKeys(use) };

/**
 * Opens this browser's node and gives the page its model.
 * @param shownHash the fragment of the place that is shown.
 */
export function startModel(install: InstallPrompt, shownHash: () => string): StationModel {
  const short = hourMs();
  const address = location.href.split('#')[0] ?? location.href;
  const version = new AppVersion(browserVersionPorts(clock));
  const model = new StationModel({
    version,
    install,
    openPorts: async () => {
      const store = await startedStore();
      await settleArriving(store, keyPlace);
      await settleGroupLeft(store, forgetBrowserKeys);
      return { store, keys: await loadOrCreateBrowserKeys(), crypto: createWebCrypto(), clock, random };
    },
    mesh: async () => (await loaded(loadMesh(), 'meets other devices')).pageMesh(),
    encodeHour: codecWorker(
      () => new Worker(new URL('../workers/codec.ts', import.meta.url), { type: 'module' }),
    ),
    drivers: async (options) => (await loaded(loadDrivers(), 'reads sensors')).browserDrivers(options),
    // What this page was opened with (a shorter hour) is not for others.
    base: address.split('?')[0] ?? address,
    // The address says again what is shown: a link to the place that it named otherwise would lead nowhere.
    forgetLink: () => history.replaceState(null, '', `${address}${shownHash()}`),
    ownRelay: askOwnRelay,
    inviteBehind: askInviteBehind,
    startAnew: (link) => {
      const fragment = link?.slice(link.indexOf('#')) ?? shownHash();
      history.replaceState(null, '', `${address}${fragment}`);
      location.reload();
    },
    tabs: new TabHandover(
      new BroadcastChannel('waystation-tabs'),
      clock,
      async () => !(await navigator.locks.query()).held?.some(({ name }) => name === STORE_LOCK),
    ),
    ...(short === undefined ? {} : { hourMs: short }),
    persist: async () => (navigator.storage?.persist === undefined ? null : navigator.storage.persist()),
    keepAwake,
    serverTimeMs,
    moving: {
      keys: keyPlace,
      seeds: () => readKeySeeds(),
      areMovable: () => areKeysMovable(),
      restart: () => location.reload(),
      forgetFile: () => forgetMovingFile(),
    },
    ...('serial' in navigator
      ? { attachUsb: async () => (await loaded(loadDrivers(), 'reads sensors')).attachSerial() }
      : {}),
    archive: {
      isPossible: 'showDirectoryPicker' in globalThis,
      pick: async () => (await loaded(loadArchive(), 'writes to folders')).pickArchiveFolder(),
      remembered: async () =>
        'showDirectoryPicker' in globalThis ? (await loadArchive()).rememberedFolder() : undefined,
    },
    data: {
      worker: dataWorker(
        () => new Worker(new URL('../workers/data.ts', import.meta.url), { type: 'module' }),
      ),
      openSaver,
    },
  });
  addEventListener('hashchange', () => model.offer(location.href));
  addEventListener('online', () => void model.networkCame());
  // All the rest of the page is fetched after the first view, which it must not compete with: the page may be carried out of reach of
  // where it came from.
  void model.start(location.href).finally(() => version.start());
  return model;
}
