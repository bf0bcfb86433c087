/** A new version of the app that comes while this one records: nothing is interrupted, and it is there when one has stopped. */
import type { Browser } from 'playwright-core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { playSensors } from './app-world.ts';
import { launchChromium } from './chromium.ts';
import { InstalledWorld } from './installed-world.ts';
import { orShown, watched } from './shown.ts';

interface Model {
  readonly state: { readonly recordingPhase: string; readonly space: string | null };
  readonly device: { readonly version: { readonly offline: string; readonly update: string } | null };
}
type App = Element & { readonly model?: Model };

let world: InstalledWorld;
let browser: Browser;
beforeEach(async () => {
  world = new InstalledWorld();
  browser = await launchChromium();
});
afterEach(async () => {
  await browser.close();
  await world.end();
});

it('a new version waits until one stops recording and asks for it, and then is the same device', {
  timeout: 120_000,
}, async () => {
  const server = await world.serve(world.copyOfApp());
  const context = watched(await browser.newContext());
  await context.grantPermissions(['accelerometer', 'gyroscope', 'magnetometer']);
  const page = await context.newPage();
  await page.goto(server.url);
  const sensors = await playSensors(page);
  await orShown(page, page.getByRole('button', { name: 'Make this device a station' }).click());
  await orShown(page, page.getByRole('button', { name: 'Record', exact: true }).click());
  await orShown(page, page.getByText('is recording').waitFor());
  const isOffline = () =>
    (document.querySelector('waystation-app') as App).model?.device.version?.offline === 'ready';
  await orShown(page, page.waitForFunction(isOffline));
  const space = await page.evaluate(
    () => (document.querySelector('waystation-app') as App).model?.state.space,
  );

  server.change(await world.nextApp());
  await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
  await orShown(page, page.getByText('It can be used once you stop recording').waitFor());
  expect(await page.getByRole('button', { name: 'Use it now' }).count()).toBe(0);
  const isNext = () => document.documentElement.hasAttribute('data-next');
  expect(await page.evaluate(isNext)).toBe(false);

  await page.getByRole('button', { name: 'Stop recording' }).click();
  await page.getByRole('button', { name: 'Use it now' }).click();
  await orShown(page, page.waitForFunction(isNext));
  await page.waitForFunction(
    (before) => (document.querySelector('waystation-app') as App).model?.state.space === before,
    space,
  );
  await sensors.stop();
});
