/** The app as it is installed: offline after one load, updates that wait, what other apps share. In real Chromium. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from './chromium.ts';
import type { Probe } from './installed-page.ts';
import { type AppServer, InstalledWorld } from './installed-world.ts';

// biome-ignore lint/suspicious/noShadowRestrictedNames: what the functions below find on the page's global
declare const globalThis: { readonly probe: Probe };

let browser: Browser;
let world: InstalledWorld;
let app: string;
let v1: string;
let v2: string;
let v3: string;

beforeAll(async () => {
  world = new InstalledWorld();
  app = world.copyOfApp();
  [v1, v2, v3] = [await world.probe('1'), await world.probe('2'), await world.probe('3')];
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await world?.end();
});

/** Runs `use` with a server of `folder` and a profile of its own. */
async function visit(
  folder: string,
  use: (server: AppServer, context: BrowserContext) => Promise<void>,
  under = '/',
): Promise<void> {
  const server = await world.serve(folder, under);
  // The page's policy forbids the workers that a test carries in from a blob.
  const context = await browser.newContext({ bypassCSP: true });
  try {
    await use(server, context);
  } finally {
    await context.close();
    await server.stop();
  }
}

/** Scripts of the built app: those of the page, and those that its workers start with. */
function builtScripts(): { scripts: string[]; workers: string[] } {
  const all = readdirSync(join(app, 'assets')).filter((name) => name.endsWith('.js'));
  const texts = all.map((name) => readFileSync(join(app, 'assets', name), 'utf8')).join('\n');
  const started = new Set(texts.match(/(?<=new Worker\(.{0,40}?)[\w.-]+\.js/g));
  return {
    scripts: all.filter((name) => !started.has(name)),
    workers: all.filter((name) => started.has(name)),
  };
}

/** In the page: starts each worker, and says whether its script was loaded and ran. */
async function runInWorkers(urls: string[]): Promise<string[]> {
  const outcomes: string[] = [];
  for (const url of urls) {
    const direct = new Worker(url, { type: 'module' });
    const script = `import('${url}').then(() => postMessage('ran'), (error) => postMessage(String(error)))`;
    const carrier = new Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })), {
      type: 'module',
    });
    outcomes.push(
      await new Promise<string>((resolve) => {
        direct.addEventListener('error', () => resolve(`${url} could not be started`));
        carrier.addEventListener('message', ({ data }) => resolve(String(data)));
        carrier.addEventListener('error', () => resolve('the carrier could not be started'));
      }),
    );
    for (const worker of [direct, carrier]) worker.terminate();
  }
  return outcomes;
}

/** The worker of the built app is there and serves the page. The app registers it by itself; the test does not wait for how. */
async function openApp(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  await page.evaluate(async () => {
    await navigator.serviceWorker.register('./service-worker.js', { updateViaCache: 'none' });
    const { active } = await navigator.serviceWorker.ready;
    const controlled = new Promise((resolve) =>
      navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }),
    );
    active?.postMessage({ type: 'claim' });
    if (navigator.serviceWorker.controller === null) await controlled;
  });
  return page;
}

async function openProbe(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForFunction(() => globalThis.probe.version.state.offline === 'ready');
  return page;
}

const nameOf = (page: Page) => page.evaluate(() => globalThis.probe.name);
const lazyOf = (page: Page) => page.evaluate(() => globalThis.probe.lazy());
const checkNow = (page: Page) => page.evaluate(() => globalThis.probe.version.check());
const untilUpdate = (page: Page, state: string) =>
  page.waitForFunction((wanted) => globalThis.probe.version.state.update === wanted, state);
async function applyUpdate(page: Page): Promise<void> {
  const loaded = page.waitForEvent('load');
  await page.evaluate(() => globalThis.probe.version.applyUpdate());
  await loaded;
  await page.waitForFunction(() => globalThis.probe?.version.state.offline === 'ready');
}

describe.each(['/', '/some/folder/'])('the built app under %s', (under) => {
  test('works without any network after one load: the page, every script, the workers', async () => {
    await visit(
      app,
      async (server, context) => {
        const page = await openApp(context, server.url);
        await server.stop();
        const failed: string[] = [];
        page.on('requestfailed', (request) => {
          const reason = request.failure()?.errorText ?? '';
          // Workers that were still loading when the page went on, and the question whether a relay serves it.
          if (reason !== 'net::ERR_ABORTED' && !request.url().endsWith('/healthz'))
            failed.push(`${request.url()}: ${reason}`);
        });
        page.on('pageerror', (error) => failed.push(error.message));

        for (const address of ['', '?hour=3s', '#/record', 'index.html?x=1#/data', 'share']) {
          await page.goto('about:blank');
          await page.goto(server.url + address);
          await page.waitForFunction(() => customElements.get('waystation-app') !== undefined);
        }
        const { scripts, workers } = builtScripts();
        expect(scripts.length).toBeGreaterThan(3);
        expect(workers.length).toBeGreaterThan(1);
        for (const name of scripts) {
          // As text: the test runner would rewrite an import() in a function.
          await page.evaluate(`import('${server.url}assets/${name}').then(() => true)`);
        }
        const outcomes = await page.evaluate(
          runInWorkers,
          workers.map((name) => `${server.url}assets/${name}`),
        );
        expect(outcomes).toEqual(workers.map(() => 'ran'));
        expect(failed).toEqual([]);
      },
      under,
    );
  });

  test('can be installed: the browser finds nothing wrong with the manifest', async () => {
    await visit(
      app,
      async (server, context) => {
        const page = await openApp(context, server.url);
        const session = await context.newCDPSession(page);
        const manifest = await session.send('Page.getAppManifest');
        expect(manifest.errors).toEqual([]);
        expect(manifest.url).toBe(`${server.url}manifest.webmanifest`);
        const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
        // A browser context of a test counts as a private window; nothing else may stand in the way.
        expect(
          installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito'),
        ).toEqual([]);
        const listed = JSON.parse(manifest.data ?? '{}') as Record<string, unknown>;
        // Relative to the manifest, all of them; the "params" of the share target are names of fields.
        const addresses =
          JSON.stringify(listed, (key, value) => (key === 'params' ? undefined : value)).match(
            /"(src|url|action|start_url|scope|id)":"[^"]*"/g,
          ) ?? [];
        expect(addresses.filter((entry) => !entry.includes(':"./'))).toEqual([]);
        for (const { src } of [listed['icons'], listed['shortcuts']].flat() as { src?: string }[]) {
          if (src !== undefined)
            expect((await page.request.get(new URL(src, server.url).href)).status()).toBe(200);
        }
      },
      under,
    );
  });
});

test('the worker leaves everything of the host that is not the app to the network', async () => {
  await visit(app, async (server, context) => {
    const page = await openApp(context, server.url);
    for (const path of [
      'healthz',
      'peerjs/id',
      'metrics',
      'waystation-ca.crt',
      'trust',
      'assets/unknown.js',
    ]) {
      expect(await page.evaluate(async (url) => (await fetch(url)).text(), server.url + path)).toBe(
        `host /${path}`,
      );
      await page.goto(server.url + path);
      expect(await page.textContent('body')).toBe(`host /${path}`);
      await page.goto(server.url);
    }
    expect(
      await page.evaluate(async (url) => (await fetch(url, { method: 'POST' })).text(), `${server.url}x`),
    ).toBe('host /x');
  });
});

describe('the first visit', () => {
  test('says when the network may go, and parts that were never asked for load without it', async () => {
    await visit(v1, async (server, context) => {
      const page = await openProbe(context, server.url);
      expect(await page.evaluate(() => globalThis.probe.told)).toEqual(['preparing none', 'ready none']);
      await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
      await server.stop();
      expect(await lazyOf(page)).toBe('1');
      await page.reload();
      await page.waitForFunction(() => globalThis.probe?.version.state.offline === 'ready');
    });
  });

  test('that cannot download everything says so, and a later try completes it', async () => {
    await visit(v1, async (server, context) => {
      server.broken = /installed-lazy/;
      const page = await context.newPage();
      await page.goto(server.url);
      await page.waitForFunction(() => globalThis.probe.version.state.offline === 'failed');
      server.broken = null;
      await checkNow(page);
      await page.waitForFunction(() => globalThis.probe.version.state.offline === 'ready');
    });
  });

  test('of a page that the browser lost a file of: it is fetched again before the page says that it works offline', async () => {
    await visit(v1, async (server, context) => {
      const page = await openProbe(context, server.url);
      await page.evaluate(async () => {
        for (const name of await caches.keys()) {
          const cache = await caches.open(name);
          for (const key of await cache.keys()) if (key.url.includes('lazy')) await cache.delete(key);
        }
      });
      await page.reload();
      await page.waitForFunction(() => globalThis.probe?.version.state.offline === 'ready');
      await server.stop();
      expect(await lazyOf(page)).toBe('1');
    });
  });
});

describe('an update', () => {
  test('waits until somebody wants it: the page and its lazy parts stay, a reload too', async () => {
    await visit(v1, async (server, context) => {
      const page = await openProbe(context, server.url);
      server.change(v2);
      await checkNow(page);
      await untilUpdate(page, 'waiting');
      expect(await nameOf(page)).toBe('1');
      await page.reload();
      await untilUpdate(page, 'waiting');
      expect(await nameOf(page)).toBe('1');
      // The server has no such file any more; the page has.
      expect(await lazyOf(page)).toBe('1');
      await applyUpdate(page);
      expect(await nameOf(page)).toBe('2');
      expect(await lazyOf(page)).toBe('2');
      expect(await page.evaluate(() => globalThis.probe.version.state.update)).toBe('none');
    });
  });

  test('taken in one tab leaves the other at work, with its own lazy parts, and then tidies up', async () => {
    await visit(v1, async (server, context) => {
      const [asked, recording] = [await openProbe(context, server.url), await openProbe(context, server.url)];
      server.change(v2);
      await checkNow(asked);
      await untilUpdate(asked, 'waiting');
      await applyUpdate(asked);
      expect(await nameOf(asked)).toBe('2');

      await untilUpdate(recording, 'waiting');
      expect(await nameOf(recording)).toBe('1');
      expect(await lazyOf(recording)).toBe('1');
      await applyUpdate(recording);
      expect(await nameOf(recording)).toBe('2');
      const builds = () =>
        recording.evaluate(async () => (await caches.keys()).filter((name) => name.includes('-app ')).length);
      await expect.poll(builds, { timeout: 10_000 }).toBe(1);
    });
  });

  test('that comes while another waits takes its place', async () => {
    await visit(v1, async (server, context) => {
      const page = await openProbe(context, server.url);
      server.change(v2);
      await checkNow(page);
      await untilUpdate(page, 'waiting');
      const registration = await page.evaluateHandle(() => navigator.serviceWorker.ready);
      const second = await registration.evaluateHandle((one) => one.waiting);
      server.change(v3);
      await checkNow(page);
      await page.waitForFunction(([now, before]) => now.waiting !== null && now.waiting !== before, [
        registration,
        second,
      ] as const);
      await untilUpdate(page, 'waiting');
      await applyUpdate(page);
      expect(await nameOf(page)).toBe('3');
      await server.stop();
      await page.reload();
      expect(await nameOf(page)).toBe('3');
      expect(await lazyOf(page)).toBe('3');
    });
  });

  test('that cannot be downloaded changes nothing, and is tried again', async () => {
    await visit(v1, async (server, context) => {
      const page = await openProbe(context, server.url);
      server.change(v2);
      server.broken = /installed-lazy/;
      await checkNow(page);
      await untilUpdate(page, 'failed');
      expect(await page.evaluate(() => globalThis.probe.version.state.offline)).toBe('ready');
      await page.reload();
      expect(await nameOf(page)).toBe('1');
      expect(await lazyOf(page)).toBe('1');
      server.broken = null;
      await checkNow(page);
      await untilUpdate(page, 'waiting');
      await applyUpdate(page);
      expect(await nameOf(page)).toBe('2');
    });
  });

  test('whose files changed under its list is not taken: a mixture of two builds never runs', async () => {
    await visit(v1, async (server, context) => {
      const page = await openProbe(context, server.url);
      const mixture = await world.probe('mixed');
      world.spoil(mixture);
      server.change(mixture);
      await checkNow(page);
      await untilUpdate(page, 'failed');
      await page.reload();
      expect(await nameOf(page)).toBe('1');
    });
  });

  test('is not looked for when there is no network, and nothing is said about it', async () => {
    await visit(v1, async (server, context) => {
      const page = await openProbe(context, server.url);
      await server.stop();
      await checkNow(page);
      expect(await page.evaluate(() => globalThis.probe.version.state)).toMatchObject({
        offline: 'ready',
        update: 'none',
        problem: null,
      });
    });
  });
});

describe.each(['/', '/some/folder/'])('the share target under %s', (under) => {
  test('hands over the link and the hour once, refuses the rest with its reason, and no server hears of it', async () => {
    await visit(
      v1,
      async (server, context) => {
        const page = await openProbe(context, server.url);
        await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
        await server.stop();
        server.requests.length = 0;
        await page.evaluate(() => {
          const form = document.createElement('form');
          Object.assign(form, { action: './share', method: 'post', enctype: 'multipart/form-data' });
          const say = (name: string, value: string) => {
            const input = document.createElement('textarea');
            Object.assign(input, { name, value });
            form.append(input);
          };
          say('title', 'Join us');
          say('text', 'Come along: https://relay.example/#join=abc_DEF-123 see you');
          const files = new DataTransfer();
          files.items.add(new File([Uint8Array.of(1, 2, 3)], 'ridge.hour'));
          files.items.add(new File(['x'], 'notes.txt'));
          const picker = document.createElement('input');
          Object.assign(picker, { type: 'file', name: 'files', multiple: true });
          picker.files = files.files;
          form.append(picker);
          document.body.append(form);
          form.submit();
        });
        await page.waitForURL('**/#/share');
        await page.waitForFunction(() => globalThis.probe !== undefined);
        expect(page.url()).toBe(`${server.url}#/share`);
        const take = () =>
          page.evaluate(async () => {
            const { items, refused } = await globalThis.probe.shared();
            const seen: unknown[] = [];
            for (const item of items) {
              seen.push(item.kind === 'file' ? [item.name, item.sizeBytes, [...(await item.bytes())]] : item);
            }
            return { seen, refused };
          });
        expect(await take()).toEqual({
          seen: [
            { kind: 'link', link: 'https://relay.example/#join=abc_DEF-123' },
            ['ridge.hour', 3, [1, 2, 3]],
          ],
          refused: [{ name: 'notes.txt', reason: 'not-hours' }],
        });
        expect(await take()).toEqual({ seen: [], refused: [] });
        expect(server.requests).toEqual([]);
      },
      under,
    );
  });
});

test('the share target takes nothing from other pages, whether they say who they are or hide it', async () => {
  await visit(v1, async (server, context) => {
    const page = await openProbe(context, server.url);
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    for (const policy of ['origin', 'no-referrer']) {
      const foreign = await context.newPage();
      await foreign.route('http://foreign.test/**', (route) =>
        route.fulfill({
          contentType: 'text/html',
          body: `<meta name="referrer" content="${policy}"><p>foreign`,
        }),
      );
      await foreign.goto('http://foreign.test/');
      await foreign.evaluate((action) => {
        const form = document.createElement('form');
        Object.assign(form, { action, method: 'post', enctype: 'multipart/form-data' });
        const input = document.createElement('textarea');
        Object.assign(input, { name: 'text', value: 'https://relay.example/#join=abc_DEF-123' });
        form.append(input);
        document.body.append(form);
        form.submit();
      }, `${server.url}share`);
      await foreign.waitForURL(server.url);
      await foreign.close();
    }
    expect(await page.evaluate(() => globalThis.probe.shared())).toEqual({ items: [], refused: [] });
  });
});

test('installed for real, it runs in a window of its own, opens hours from the file manager there, and shortcuts do not reload it', async () => {
  const server = await world.serve(v1);
  const context = await world.installable();
  try {
    const page = await openProbe(context, server.url);
    const session = await context.newCDPSession(page);
    const { appId } = await session.send('Page.getAppId');
    const manifestId = appId ?? '';
    await session.send('PWA.install', { manifestId });
    await session.send('PWA.changeAppUserSettings', { manifestId, displayMode: 'standalone' });
    expect(await page.evaluate(() => globalThis.probe.install.state.isInstalled)).toBe(false);
    await session.send('PWA.openCurrentPageInApp', { manifestId });
    await page.waitForFunction(() => globalThis.probe.install.state.isInstalled);

    await session.send('PWA.launchFilesInApp', { manifestId, files: [world.file('ridge.hour', 'an hour')] });
    expect(await page.evaluate(() => globalThis.probe.launched(1))).toEqual(['ridge.hour: an hour']);
    await session.send('PWA.launch', { manifestId, url: `${server.url}#/data` });
    expect(await page.evaluate(() => globalThis.probe.launched(2))).toEqual([
      'ridge.hour: an hour',
      '#/data',
    ]);
    // Handed over, not navigated: a recording in this window goes on.
    expect(page.url()).toBe(server.url);
  } finally {
    await context.close();
    await server.stop();
  }
});
