/** The button “Record” under a finger: what the device can sense comes a moment after the place, and must not take the button away. */
import type { Browser } from 'playwright-core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { playSensors } from './app-world.ts';
import { launchChromium } from './chromium.ts';
import { InstalledWorld } from './installed-world.ts';
import { orShown, watched } from './shown.ts';

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

it.each([
  ['a wide screen', { viewport: { width: 1280, height: 800 } }],
  ['a phone', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }],
])('stays under it on %s, and the tap counts', { timeout: 120_000 }, async (_, screen) => {
  const server = await world.serve(world.copyOfApp());
  const context = watched(await browser.newContext({ ...screen, serviceWorkers: 'block' }));
  await context.grantPermissions(['accelerometer', 'gyroscope', 'magnetometer']);
  const page = await context.newPage();
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(/browser-drivers/, async (route) => {
    await released;
    await route.continue();
  });
  await page.goto(server.url);
  const sensors = await playSensors(page);
  await orShown(page, page.getByRole('button', { name: 'Make this device a station' }).click());
  const button = page.getByRole('button', { name: 'Record', exact: true });
  await orShown(page, button.waitFor());
  const card = page.getByRole('button', { name: 'Show the words' });
  await orShown(page, card.waitFor());
  const before = await button.boundingBox();
  if (before === null) throw new Error('the button has no place');

  await page.mouse.move(before.x + before.width / 2, before.y + before.height / 2);
  await page.mouse.down();
  release();
  await orShown(page, page.getByText('Movement', { exact: true }).waitFor());
  const after = await button.boundingBox();
  await page.mouse.up();
  expect(after?.y).toBeCloseTo(before.y, 0);
  await orShown(page, page.getByText('is recording').waitFor());
  await sensors.stop();
});
