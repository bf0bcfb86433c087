/**
 * The whole story in real Chromium on phones, once by touch and once by keyboard alone: a station is made and records; its network
 * goes and it is reloaded; the relay comes back; a van comes, collects, and leaves; its readings are saved; it is removed.
 */
import { readFileSync } from 'node:fs';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppWorld, playSensors, stationWhen } from './app-world.ts';
import { launchChromium } from './chromium.ts';
import { tabOnto } from './keyboard.ts';

const PHONE = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 1,
  isMobile: true,
  hasTouch: true,
  locale: 'en-GB',
  timezoneId: 'UTC',
};
/** A keyboard has no touch screen: where there is one the dark face comes by itself. */
const WITH_KEYS = { ...PHONE, isMobile: false, hasTouch: false };
const SENSORS = ['accelerometer', 'gyroscope', 'magnetometer'] as const;

/** How a person makes the page do something. */
interface Hand {
  readonly device: typeof PHONE;
  /** Presses a button; a name that others begin with is given as a pattern. */
  press(page: Page, name: string | RegExp): Promise<void>;
  /** Ticks a box. */
  tick(page: Page, text: string): Promise<void>;
  /** Goes to another place by the bar. */
  go(page: Page, place: string): Promise<void>;
}

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).first();
const bar = (page: Page, place: string) =>
  page.getByRole('navigation').getByRole('link', { name: place, exact: true });

const TOUCH: Hand = {
  device: PHONE,
  press: (page, name) => button(page, name).tap(),
  tick: (page, text) => page.getByText(text).tap(),
  go: (page, place) => bar(page, place).tap(),
};
const pressKey = async (page: Page, control: Locator, key: string) => {
  await tabOnto(page, control);
  await page.keyboard.press(key);
};
const KEYS: Hand = {
  device: WITH_KEYS,
  press: (page, name) => pressKey(page, button(page, name), 'Enter'),
  tick: (page, text) => pressKey(page, page.getByRole('checkbox', { name: text }), 'Space'),
  go: (page, place) => pressKey(page, bar(page, place), 'Enter'),
};

let world: AppWorld;
const browsers: Browser[] = [];
beforeEach(() => {
  world = new AppWorld();
});
afterEach(async () => {
  for (const browser of browsers.splice(0)) await browser.close();
  await world.end();
});

async function phone(hand: Hand): Promise<BrowserContext> {
  const browser = await launchChromium();
  browsers.push(browser);
  return browser.newContext(hand.device);
}

async function permitSensors(context: BrowserContext, url: string): Promise<void> {
  await context.grantPermissions([...SENSORS], { origin: new URL(url).origin });
}

interface Shown {
  readonly state: { readonly connections: readonly unknown[]; readonly recordingPhase: string };
}

/** Waits until the page is connected to so many devices. */
async function untilConnected(page: Page, count: number): Promise<void> {
  await page.waitForFunction(
    (wanted) => {
      const { model } = document.querySelector('waystation-app') as Element & { model?: Shown };
      return model?.state.connections.length === wanted;
    },
    count,
    { timeout: 60_000 },
  );
}

const isRecording = () => {
  const { model } = document.querySelector('waystation-app') as Element & { model?: Shown };
  return model?.state.recordingPhase === 'running';
};

const isReady = () => {
  type Model = { device: { version: { offline: string } | null } };
  const app = document.querySelector('waystation-app') as Element & { model?: Model };
  return app.model?.device.version?.offline === 'ready';
};

async function story(hand: Hand): Promise<void> {
  const { press, go } = hand;
  const relay = await world.relay('relay');
  const port = new URL(relay.url).port;
  const context = await phone(hand);
  const station = await context.newPage();
  const session = await context.newCDPSession(station);
  await permitSensors(context, relay.url);
  await station.goto(`${relay.url}/?hour=3s`);

  // It can be installed, and works without a network from now on.
  await station.waitForFunction(isReady, undefined, { timeout: 60_000 });
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
  // Contexts of a test are private windows, which install nothing; nothing else is in the way.
  expect(installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito')).toEqual([]);

  const sensors = await playSensors(station);
  await press(station, 'Make this device a station');
  await station.waitForURL(/#\/record$/);
  await press(station, /^Record$/);
  const { name } = await station.evaluate(() => {
    type Model = { state: { deviceName: string } };
    return {
      name: (document.querySelector('waystation-app') as Element & { model: Model }).model.state.deviceName,
    };
  });
  await stationWhen(station, { name, minSealed: 1, complete: true });

  // The relay becomes a member, and keeps what is recorded.
  await go(station, 'Devices');
  await press(station, 'Invite a device');
  await press(station, 'Make a link');
  const link = await station.getByRole('textbox', { name: 'Link' }).inputValue();
  await press(station, 'Done');
  await world.must('join', '--data', world.path('relay'), link);
  await untilConnected(station, 1);

  // The network goes; the page is reloaded; it goes on by itself.
  relay.child.kill('SIGKILL');
  await untilConnected(station, 0);
  await station.reload();
  await station.waitForFunction(isRecording, undefined, { timeout: 60_000 });
  const { sealed } = await stationWhen(station, { name, minSealed: 2, complete: true });
  await stationWhen(station, { name, minSealed: sealed + 1, complete: true });
  world.start('relay', '--data', world.path('relay'), '--port', port);
  await untilConnected(station, 1);

  // A van comes by, with another device.
  await go(station, 'Devices');
  await press(station, 'Invite a device');
  await press(station, 'Make a link');
  const vanLink = await station.getByRole('textbox', { name: 'Link' }).inputValue();
  await press(station, 'Done');
  const vanContext = await phone(hand);
  const van = await vanContext.newPage();
  await van.goto(vanLink);
  await van.getByLabel('Name of this device').fill('Van');
  await press(van, /^Join$/);
  await go(van, 'Now');
  const held = await stationWhen(van, { name, minSealed: sealed + 1, complete: true });
  expect(held.sealed).toBeGreaterThan(sealed);

  // Its readings are saved.
  await go(van, 'Data');
  await press(van, /^Save CSV$/);
  // A table for each of its sensors.
  const download = van.waitForEvent('download', (file) => file.suggestedFilename().includes('accelerometer'));
  await press(van, `Save CSV of ${name}`);
  const rows = readFileSync(await (await download).path(), 'utf8')
    .trim()
    .split('\n');
  expect(rows.length).toBeGreaterThan(100);
  expect(rows[0]).toMatch(/^time,x \(m\/s2\),/);

  // And the van is removed.
  await press(station, 'All devices');
  await press(station, /^Van /);
  await press(station, 'Remove from the group');
  await hand.tick(station, 'I understand that this cannot be undone');
  await press(station, 'Remove Van');
  await station.getByText('It was removed.').waitFor();
  await van.keyboard.press('Escape');
  await go(van, 'Devices');
  await van.getByRole('heading', { name: /This device was removed from/ }).waitFor();
  await sensors.stop();
}

describe('the whole story', { timeout: 180_000 }, () => {
  it('goes by touch on phones', () => story(TOUCH));
  it('goes by keyboard alone', () => story(KEYS));
});
