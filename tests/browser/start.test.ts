/**
 * The start of the app where files fail, hang or never come: it begins all the same as soon as it can, or says what is the matter and
 * offers to try again. A browser aborts all requests when the device's network changes, as it does while a phone joins a Wi-Fi.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { launchChromium } from './chromium.ts';
import { type AppServer, InstalledWorld } from './installed-world.ts';
import { orShown, watched } from './shown.ts';

let world: InstalledWorld;
let browser: Browser;
let server: AppServer;
beforeEach(async () => {
  world = new InstalledWorld();
  browser = await launchChromium();
  server = await world.serve(world.copyOfApp());
});
afterEach(async () => {
  await browser.close();
  await world.end();
});

async function context(): Promise<BrowserContext> {
  return watched(await browser.newContext());
}

/** The doors: the app has started. */
const doors = (page: Page) => page.getByRole('button', { name: 'Make this device a station' });

describe('the start of the app', { timeout: 120_000 }, () => {
  it('goes on by itself when every one of its files fails the first time', async () => {
    server.failsFirst = /\/assets\//;
    const page = await (await context()).newPage();
    await page.goto(server.url);
    await orShown(page, doors(page).waitFor());
    // Where one goes from there, too.
    await page.getByRole('button', { name: 'Join with a link or QR' }).click();
    await orShown(page, page.getByRole('textbox', { name: 'Short code or link' }).waitFor());
    expect(server.failed.length).toBeGreaterThan(5);
  });

  it.each([
    ['the first script', /\/assets\/index-.*\.js$/, 'Waystation is loading'],
    ['the model', /\/assets\/main-model-/, 'Opening this device’s storage'],
    ['the worker of the storage', /\/assets\/store-/, 'Opening this device’s storage'],
    ['the doors', /\/assets\/welcome-view-/, 'One moment'],
  ])('says that it takes longer when %s hangs, and starts when one tries again', async (_, file, first) => {
    server.hanging = file;
    const page = await (await context()).newPage();
    await page.clock.install();
    await page.goto(server.url, { waitUntil: 'commit' });
    await server.hung();
    await orShown(page, page.getByText(first).waitFor());
    await page.clock.fastForward(11_000);
    await orShown(page, page.getByText('This takes longer than usual').waitFor());
    server.hanging = null;
    await page.getByRole('button', { name: 'Try again' }).click();
    server.dropHung();
    await orShown(page, doors(page).waitFor());
  });

  it('shows something where its style sheet hangs, which else keeps a browser from it', async () => {
    server.hanging = /\/assets\/index-.*\.css$/;
    const page = await (await context()).newPage();
    await page.goto(server.url, { waitUntil: 'commit' });
    const isPainted = () => performance.getEntriesByType('paint').length > 0;
    await server.hung();
    await orShown(page, page.waitForFunction(isPainted));
    await orShown(page, doors(page).waitFor());
  });

  it('says what cannot be loaded, and loads it when one tries again', async () => {
    server.broken = /\/assets\/welcome-view-/;
    const page = await (await context()).newPage();
    await page.goto(server.url);
    await orShown(page, page.getByRole('heading', { name: 'This part could not be loaded' }).waitFor());
    server.broken = null;
    await page.getByRole('button', { name: 'Try again' }).click();
    await orShown(page, doors(page).waitFor());
  });

  it('says so when the worker of the storage never comes, and starts when one tries again', async () => {
    server.broken = /\/assets\/store-/;
    const page = await (await context()).newPage();
    await page.goto(server.url);
    await orShown(page, page.getByRole('heading', { name: 'Waystation cannot start here' }).waitFor());
    server.broken = null;
    await page.getByRole('button', { name: 'Try again' }).click();
    await orShown(page, doors(page).waitFor());
  });

  it('says so when its first script never comes, instead of staying blank', async () => {
    server.broken = /\/assets\/index-.*\.js$/;
    const page = await (await context()).newPage();
    await page.clock.install();
    await page.goto(server.url);
    await page.clock.fastForward(11_000);
    await orShown(page, page.getByText('This takes longer than usual').waitFor());
    server.broken = null;
    await page.getByRole('button', { name: 'Try again' }).click();
    await orShown(page, doors(page).waitFor());
  });

  it('after a reload is not told that it is open in another tab', async () => {
    const page = await (await context()).newPage();
    await page.goto(server.url);
    await page.getByRole('button', { name: 'Collect data on this device' }).click();
    for (let round = 0; round < 10; round++) {
      await orShown(page, page.getByRole('navigation', { name: 'Places' }).waitFor());
      await page.reload({ waitUntil: 'commit' });
    }
    await orShown(page, page.getByRole('navigation', { name: 'Places' }).waitFor());
  });
});
