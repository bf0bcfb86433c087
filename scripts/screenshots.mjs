/**
 * Makes the pictures in docs/screenshots: `node scripts/screenshots.mjs`. A real relay of the built app, a station that replays
 * a recording, a phone with virtual sensors and a desktop, each in light and dark. Nothing in the pictures is drawn by hand.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { build, CHROMIUM, installChromium, installPackages, ROOT } from './prepare.mjs';

const PICTURES = join(ROOT, 'docs/screenshots');
const RECORDING = join(ROOT, 'tests/vectors/recordings/phone1hz-cut.csv');
const PHONE = {
  viewport: { width: 400, height: 760 },
  deviceScaleFactor: 1,
  isMobile: true,
  hasTouch: true,
};
const DESKTOP = { viewport: { width: 900, height: 640 }, deviceScaleFactor: 1 };
const SENSORS = ['accelerometer', 'gyroscope', 'magnetometer'];
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-features=GenericSensorExtraClasses',
];
/** Replayed twelve times as fast in hours of ten seconds, so that a minute of recording is several hours. */
const REPLAY_AS = ['--speed', '12', '--hour', '10s', '--for', '10m'];

const folder = mkdtempSync(join(tmpdir(), 'waystation-pictures-'));
const processes = [];

function start(...words) {
  const child = spawn(process.execPath, [join(ROOT, 'bin/waystation.js'), ...words], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  processes.push(child);
  return child;
}

async function firstLine(child) {
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return line;
}

/** The last line that a command prints: of `invite` the link. */
async function lastLine(...words) {
  const child = start(...words);
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`waystation ${words.join(' ')} ended with ${code}`);
  return text.trim().split('\n').at(-1);
}

/** Gravity that sways a little, a slow turn, a steady field. */
async function playSensors(page) {
  const session = await page.context().newCDPSession(page);
  for (const type of SENSORS) {
    const metadata = { available: true };
    await session.send('Emulation.setSensorOverrideEnabled', { enabled: true, type, metadata });
  }
  const readings = (t) => ({
    accelerometer: { x: 0.3 * Math.sin(t), y: 1.2 + 0.2 * Math.cos(t), z: 9.7 },
    gyroscope: { x: 0.05 * Math.cos(t), y: 0.02, z: 0.1 * Math.sin(t / 3) },
    magnetometer: { x: 18.4, y: -4.2 + 0.3 * Math.sin(t / 5), z: -43.1 },
  });
  const play = async () => {
    for (let step = 0; ; step++) {
      for (const [type, xyz] of Object.entries(readings(step / 20))) {
        await session.send('Emulation.setSensorOverrideReadings', { type, reading: { xyz } });
      }
    }
  };
  play().catch(() => undefined); // ends with the page
}

async function openApp(browser, shape, address, options = {}) {
  const context = await browser.newContext({ ...shape, locale: 'en-GB', timezoneId: 'UTC' });
  const page = await context.newPage();
  await context.grantPermissions(SENSORS, { origin: new URL(address).origin });
  await page.goto(address);
  if (options.sensors) await playSensors(page);
  return page;
}

async function joinApp(page, name) {
  await page.getByLabel('Name of this device').first().fill(name);
  await page.getByRole('button', { name: 'Join' }).click();
}

/** Waits until the page holds everything of `count` stations, each with some hours. */
async function untilHeld(page, count) {
  const complete = (wanted) => {
    const stations = document.querySelector('waystation-app')?.model?.state.stations ?? [];
    return stations.length >= wanted && stations.every((one) => one.sealed >= 2 && one.held === one.sealed);
  };
  await page.waitForFunction(complete, count, { timeout: 90_000 });
}

/** Pictures of what the page shows now, in light and in dark. */
async function take(page, name) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: join(PICTURES, `${name}-${colorScheme}.png`) });
  }
}

async function main() {
  const relayFolder = join(folder, 'relay');
  const relay = start(
    'relay',
    '--data',
    relayFolder,
    '--port',
    '0',
    '--create',
    'Our valley',
    '--name',
    'Cupboard',
    '--json',
  );
  const { listening, host } = JSON.parse(await firstLine(relay));
  const invite = (role) => lastLine('invite', '--data', relayFolder, '--role', role, '--host', host);

  const recording = join(folder, 'drive.csv');
  copyFileSync(RECORDING, recording);
  const ridge = join(folder, 'ridge');
  await lastLine('join', '--data', ridge, await invite('member'));
  start('station', '--data', ridge, '--name', 'Ridge', '--replay', recording, ...REPLAY_AS);

  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  try {
    const address = (link) => link.replace(/^[^#]*/, `${listening}/?hour=10s`);
    const phone = await openApp(browser, PHONE, address(await invite('member')), { sensors: true });
    await phone.getByRole('button', { name: 'Join' }).waitFor();
    await take(phone, 'phone-join');
    await joinApp(phone, 'Window');
    await phone.getByRole('button', { name: 'Record', exact: true }).click();

    const desktop = await openApp(browser, DESKTOP, address(await invite('reader')));
    await joinApp(desktop, 'Desk');
    await untilHeld(desktop, 2);
    await take(desktop, 'desktop-stations');

    await untilHeld(phone, 2);
    await take(phone, 'phone-recording');
    await phone.getByRole('heading', { name: 'Stations' }).scrollIntoViewIfNeeded();
    await phone.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await phone.getByRole('button', { name: 'Make a link' }).click();
    await phone.getByRole('img', { name: 'Code with the invite link' }).scrollIntoViewIfNeeded();
    await take(phone, 'phone-invite');
  } finally {
    await browser.close();
  }
}

installPackages();
installChromium();
build();
mkdirSync(PICTURES, { recursive: true });
try {
  await main();
} finally {
  for (const child of processes) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
