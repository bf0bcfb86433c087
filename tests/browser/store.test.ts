import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { STORE_CONTRACT } from '../contract/store-contract.ts';
import { launchChromium, openPage, type ServedPage, servePage } from './chromium.ts';
import type { StorePage, Where } from './store-page.ts';

// biome-ignore lint/suspicious/noShadowRestrictedNames: what the functions below find on the page's global
declare const globalThis: { readonly storePage: StorePage; acknowledge(what: string): Promise<void> };

let browser: Browser;
let served: ServedPage;
let page: Page;

beforeAll(async () => {
  served = await servePage(new URL('./store-page.ts', import.meta.url));
  browser = await launchChromium();
  page = await openPage(browser, served.url);
});

afterAll(async () => {
  await browser?.close();
  await served?.close();
});

const PLACES: readonly Where[] = ['page', 'worker'];

describe.each(PLACES)('store contract in Chromium, in a %s', (where) => {
  test.each(STORE_CONTRACT)('$name', async ({ name }) => {
    const broken = await page.evaluate(([place, promise]) => globalThis.storePage.runCase(place, promise), [
      where,
      name,
    ] as const);
    expect(broken).toBe('');
  });
});

describe.each(PLACES)('a browser store in a %s', (where) => {
  test('keeps every acknowledged write when the renderer crashes', async () => {
    const context = await browser.newContext();
    const acknowledged: number[] = [];
    for (let round = 0; round < 4; round++) {
      const victim = await openPage(context, served.url);
      const enough = new Promise<void>((resolve) => {
        void victim.exposeFunction('acknowledge', (what: string) => {
          if (!what.startsWith('opened')) acknowledged.push(Number(what));
          if (acknowledged.length >= (round + 1) * (round + 2)) resolve();
        });
      });
      await victim.waitForFunction('typeof acknowledge === "function"');
      const writing = victim.evaluate(
        ([place, n]) => globalThis.storePage.writeForever(place, 'crash', n, globalThis.acknowledge),
        [where, round] as const,
      );
      writing.catch(() => undefined);
      await enough;
      const crashed = new Promise((resolve) => victim.once('crash', resolve));
      const session = await context.newCDPSession(victim);
      session.send('Page.crash').catch(() => undefined);
      await crashed;
      await victim.close();
    }
    const witness = await openPage(context, served.url);
    const losses = await witness.evaluate(
      ([place, all]) => globalThis.storePage.findLosses(place, 'crash', all),
      [where, acknowledged] as const,
    );
    expect(losses).toEqual([]);
    expect(acknowledged.length).toBeGreaterThanOrEqual(20);
    await context.close();
  });

  test('meets a full quota with store-full, loses nothing, and goes on when there is room again', async () => {
    const context = await browser.newContext();
    const tab = await openPage(context, served.url);
    const session = await context.newCDPSession(tab);
    const origin = new URL(served.url).origin;
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 12_000_000 });
    const full = await tab.evaluate((place) => globalThis.storePage.fillQuota(place, 'quota'), where);
    expect(full.code).toBe('store-full');
    expect(full.kept).toBeGreaterThan(2);
    expect(full.whole).toBe(full.kept);
    // Chromium measures usage now and then, so a write may still pass; but it is there or refused, never both or half.
    const [appended, put, logs, value, blobs] = full.rest;
    expect([appended, logs]).toEqual(appended === 'resolved' ? ['resolved', '1'] : ['store-full', '0']);
    expect([put, value]).toEqual(put === 'resolved' ? ['resolved', '8000000'] : ['store-full', 'undefined']);
    expect(blobs).toBe(String(full.kept));
    await session.send('Storage.overrideQuotaForOrigin', { origin });
    const after = await tab.evaluate(
      ([place, kept]) => globalThis.storePage.afterQuota(place, 'quota', kept),
      [where, full.kept] as const,
    );
    expect(after).toBe('resolved');
    await context.close();
  });

  test('is locked against a second tab, and free again when the first tab is gone', async () => {
    const context = await browser.newContext();
    const first = await openPage(context, served.url);
    const second = await openPage(context, served.url);
    const opened = new Promise<void>((resolve) => {
      void first.exposeFunction('acknowledge', () => resolve());
    });
    await first.waitForFunction('typeof acknowledge === "function"');
    first
      .evaluate((place) => globalThis.storePage.writeForever(place, 'tabs', 0, globalThis.acknowledge), where)
      .catch(() => undefined);
    await opened;
    const attempt = (tab: Page) =>
      tab.evaluate(
        (place) =>
          globalThis.storePage.findLosses(place, 'tabs', []).then(
            () => 'opened',
            (error: { code?: string }) => error.code,
          ),
        where,
      );
    expect(await attempt(second)).toBe('store-locked');
    await first.close();
    // The browser frees the lock when it has torn the tab down: asked for without `ifAvailable`, it says when that is.
    await second.evaluate(() => navigator.locks.request('tabs-store', () => undefined));
    expect(await attempt(second)).toBe('opened');
    await context.close();
  });
});

describe('the bridge to the store worker', () => {
  test('rejects what is pending and what comes later when the worker dies or is ended', async () => {
    expect(await page.evaluate(() => globalThis.storePage.workerDeaths())).toEqual({
      broken: 'unavailable',
      missing: 'unavailable',
      pendingAtAbort: 'unavailable',
      afterAbort: 'unavailable',
      closeAfterAbort: 'unavailable',
      reopened: 'resolved',
    });
  });

  test('takes over the caller’s buffers only when they are given away', async () => {
    expect(await page.evaluate(() => globalThis.storePage.ownership())).toEqual({
      byDefault: 200_000,
      givenAway: 0,
    });
  });
});
