/**
 * The service worker: after one load the app works without any network, all of it, because every file of the build is downloaded
 * at once (workbox-precaching, each file checked against its SHA-256).
 *
 * Invariants
 * - It answers for the app's own address (any query), for `share`, and for files of builds. Nothing else is touched: `/healthz`,
 *   signaling, the certificate and whatever else a host serves go to the network as if there were no worker.
 * - It never takes over by itself: a new version waits until a page that a person tapped says `take-over`.
 * - Every build has its own cache. It is deleted only when a later build is active and no page of it is open, so a page finds
 *   its own lazy parts until it is reloaded, whatever the server has by then.
 * - A failed download leaves the running version alone; what was downloaded is kept for the next try.
 */
import { PrecacheController, type PrecacheEntry } from 'workbox-precaching';
import { NavigationRoute, Router } from 'workbox-routing';
import {
  appCacheName,
  appCachePrefix,
  cachesLockName,
  pageLockName,
  pageLockPrefix,
  pageRequest,
  type WorkerStatus,
} from '../src/ui/platform/app-worker-protocol.ts';
import { isShareAllowed } from '../src/ui/platform/share-sender.ts';
import { storeShared, storeUnreadable } from '../src/ui/platform/shared-items.ts';
import type { LifetimeEvent, RequestEvent, ServiceWorkerScope } from './service-worker-scope.ts';

declare const self: ServiceWorkerScope;
/** Put in by the build (scripts/service-worker-build.ts): every file, `integrity` always, `revision` unless the name has a hash. */
declare const WAYSTATION_FILES: readonly PrecacheEntry[];
/** Put in by the build: which build this is. */
declare const WAYSTATION_BUILD: string;

/** Folder of the app, with a slash at its end. */
const SCOPE = self.registration.scope;
const SCOPE_PATH = new URL(SCOPE).pathname;
const OWN_CACHE = appCacheName(SCOPE, WAYSTATION_BUILD);

const files = new PrecacheController({ cacheName: OWN_CACHE });
files.addToCacheList([...WAYSTATION_FILES]);

self.addEventListener('install', (event) => event.waitUntil(install(event)));
self.addEventListener('activate', (event) => event.waitUntil(tidy()));
self.addEventListener('message', (event) => {
  const answer = event.ports[0];
  switch (pageRequest(event.data)) {
    case 'take-over':
      return event.waitUntil(self.skipWaiting());
    case 'claim':
      return event.waitUntil(self.clients.claim());
    case 'tidy':
      return event.waitUntil(tidy());
    case 'status':
      return event.waitUntil(status().then((now) => answer?.postMessage(now)));
  }
});

/** Downloads the build into its cache; what an older build has already is not downloaded again. @throws when a file fails. */
async function install(event: LifetimeEvent): Promise<void> {
  await self.navigator.locks.request(cachesLockName(SCOPE), async () => {
    const own = await self.caches.open(OWN_CACHE);
    const older = await olderCaches();
    for (const key of await missingFrom(own)) {
      const known = await firstMatch(older, key);
      if (known !== undefined) await own.put(key, known);
    }
    await files.install(event);
  });
}

/** Deletes the caches of builds that no open page belongs to. */
async function tidy(): Promise<void> {
  // Somebody who fills a cache holds the lock: then it is left for the next time.
  await self.navigator.locks.request(cachesLockName(SCOPE), { ifAvailable: true }, async (lock) => {
    // The cache of a version that waits, or is about to, is wanted, but no page is of that version yet.
    const { installing, waiting } = self.registration;
    if (lock === null || installing !== null || waiting !== null) return;
    const { held = [] } = await self.navigator.locks.query();
    const prefix = pageLockPrefix(SCOPE);
    const open = held.flatMap(({ name }) => (name?.startsWith(prefix) ? [name] : []));
    for (const name of await olderCacheNames()) {
      const build = name.slice(appCachePrefix(SCOPE).length);
      if (!open.includes(pageLockName(SCOPE, build))) await self.caches.delete(name);
    }
  });
}

/** Whether everything is there; what the browser lost is downloaded again as far as that goes. */
async function status(): Promise<WorkerStatus> {
  const cache = await self.caches.open(OWN_CACHE);
  const urls = new Map([...files.getURLsToCacheKeys()].map(([url, key]) => [key, url]));
  for (const key of await missingFrom(cache)) {
    const integrity = files.getIntegrityForCacheKey(key) ?? '';
    const response = await fetch(urls.get(key) ?? key, { integrity, cache: 'no-cache' }).catch(
      () => undefined,
    );
    if (response?.ok) await cache.put(key, response);
  }
  return { build: WAYSTATION_BUILD, files: urls.size, missing: (await missingFrom(cache)).length };
}

async function missingFrom(cache: Cache): Promise<string[]> {
  const there = new Set((await cache.keys()).map((request) => request.url));
  return [...files.getURLsToCacheKeys().values()].filter((key) => !there.has(key));
}

async function olderCacheNames(): Promise<string[]> {
  const prefix = appCachePrefix(SCOPE);
  return (await self.caches.keys()).filter((name) => name.startsWith(prefix) && name !== OWN_CACHE);
}

async function olderCaches(): Promise<Cache[]> {
  return Promise.all((await olderCacheNames()).map((name) => self.caches.open(name)));
}

async function firstMatch(caches: readonly Cache[], url: string): Promise<Response | undefined> {
  for (const cache of caches) {
    const response = await cache.match(url);
    if (response !== undefined) return response;
  }
  return undefined;
}

const router = new Router();

// The app has one page and routes by fragment; every other path of the host stays the host's.
const APP_PAGE = new RegExp(
  `^${SCOPE_PATH.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}(index\\.html|share)?(\\?|$)`,
);
router.registerRoute(
  new NavigationRoute(files.createHandlerBoundToURL('index.html'), { allowlist: [APP_PAGE] }),
);

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  const { method } = event.request;
  if (method === 'POST' && url.href.startsWith(`${SCOPE}share`) && url.pathname === `${SCOPE_PATH}share`) {
    event.respondWith(takeShare(event));
    return;
  }
  if (method !== 'GET') return;
  if (event.request.mode !== 'navigate') {
    const answer = answerFile(event, url);
    if (answer !== undefined) event.respondWith(answer);
    return;
  }
  const response = router.handleRequest({ request: event.request, event });
  if (response !== undefined) event.respondWith(response);
});

/** The answer to a request for a file of this build or of an older one that is still open; undefined for everything else. */
function answerFile(event: RequestEvent, url: URL): Promise<Response> | undefined {
  url.hash = '';
  const cacheKey = files.getURLsToCacheKeys().get(url.href);
  if (cacheKey !== undefined) {
    const params = { cacheKey, integrity: files.getIntegrityForCacheKey(cacheKey) };
    return files.strategy.handle({ request: event.request, event, params });
  }
  if (!url.href.startsWith(`${SCOPE}assets/`)) return undefined;
  return olderCaches().then(async (older) => (await firstMatch(older, url.href)) ?? fetch(event.request));
}

/** Puts down what was shared and shows the app, which takes it out. */
async function takeShare(event: RequestEvent): Promise<Response> {
  const address = `${SCOPE}#/share`;
  if (!(await mayShare(event))) return Response.redirect(SCOPE, 303);
  try {
    await storeShared(self.caches, SCOPE, await event.request.formData(), Date.now());
  } catch {
    await storeUnreadable(self.caches, SCOPE, Date.now()).catch(() => undefined);
  }
  return Response.redirect(address, 303);
}

async function mayShare({ request, clientId }: RequestEvent): Promise<boolean> {
  const from = clientId === '' ? 'none' : (await self.clients.get(clientId)) === undefined ? 'unseen' : 'own';
  return isShareAllowed({ origin: request.headers.get('origin'), own: new URL(SCOPE).origin, from });
}
