/**
 * From touch to paint in the real built page on a phone, by the browser's own measure (Event Timing API: from the event to the next
 * frame painted, rounded to 8 ms). Every flow is walked with taps; goal: under 100 ms in each.
 */
import type { Page } from 'playwright-core';
import { AppWorld } from '../tests/browser/app-world.ts';
import { launchChromium } from '../tests/browser/chromium.ts';
import { printTable } from './table.ts';

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
const SENSORS = ['accelerometer', 'gyroscope', 'magnetometer'] as const;
const PLACES = ['Now', 'Data', 'Network', 'Devices', 'Record'] as const;

interface Touches {
  touches: number[];
}

/** In the page: keeps the length of every touch. */
function watch(): void {
  const kept: number[] = [];
  (globalThis as unknown as Touches).touches = kept;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as PerformanceEventTiming[]) {
      if ((entry as PerformanceEventTiming & { interactionId?: number }).interactionId)
        kept.push(entry.duration);
    }
  }).observe({ type: 'event', durationThreshold: 16, buffered: true } as PerformanceObserverInit);
}

/** The touches of one flow, then a clean sheet. Those under 16 ms are not told by the browser and not counted. */
async function taken(page: Page): Promise<number[]> {
  // The observer hears of a frame after it was painted.
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 100))));
  return page.evaluate(() => (globalThis as unknown as Touches).touches.splice(0));
}

async function flows(world: AppWorld, page: Page): Promise<string[][]> {
  const rows: string[][] = [['flow', 'touches of 16 ms or more', 'median, ms', 'longest, ms']];
  const tap = (name: string | RegExp) => page.getByRole('button', { name }).first().tap();
  const flow = async (name: string, walk: () => Promise<void>) => {
    await walk();
    const all = (await taken(page)).sort((a, b) => a - b);
    const median = all[all.length >> 1] ?? 0;
    rows.push([name, String(all.length), all.length === 0 ? '<16' : `${median}`, `${all.at(-1) ?? '<16'}`]);
  };
  const { url } = await world.relay('relay');
  await page.addInitScript(watch);
  await page.goto(`${url}/?hour=3s`);
  await flow('doors to Record', async () => {
    await tap('Make this device a station');
    await page.waitForURL(/#\/record$/);
  });
  await flow('record', async () => {
    await tap(/^Record$/);
    await page.getByText('is recording').waitFor();
  });
  await page.waitForTimeout(10_000); // some hours of three seconds
  await flow('the bar, every place, first time', async () => {
    for (const place of PLACES) {
      await page
        .getByRole('navigation')
        .getByRole('link', { name: new RegExp(`^${place}`) })
        .tap();
      await page.getByRole('heading', { level: 1 }).first().waitFor();
    }
  });
  await flow('the bar, every place, again', async () => {
    for (const place of PLACES) {
      await page
        .getByRole('navigation')
        .getByRole('link', { name: new RegExp(`^${place}`) })
        .tap();
      await page.getByRole('heading', { level: 1 }).first().waitFor();
    }
  });
  await flow('data: zoom and look', async () => {
    await page.getByRole('navigation').getByRole('link', { name: 'Data', exact: true }).tap();
    await page.getByRole('button', { name: 'Zoom in' }).waitFor();
    for (let i = 0; i < 4; i++) await tap('Zoom in');
    await tap('Zoom out');
    await tap(/^Save CSV$/);
    await page.getByRole('button', { name: /^Save CSV of/ }).waitFor();
    await page.keyboard.press('Escape');
  });
  await flow('devices: invite', async () => {
    await page.getByRole('navigation').getByRole('link', { name: 'Devices', exact: true }).tap();
    await tap('Invite a device');
    await tap('Make a link');
    await page.getByRole('img', { name: 'Code with the invite link' }).waitFor();
    await tap('Done');
  });
  await flow('stop', async () => {
    await page
      .getByRole('navigation')
      .getByRole('link', { name: /^Record/ })
      .tap();
    await tap('Stop recording');
    await page.getByRole('button', { name: /^Record$/ }).waitFor();
  });
  return rows;
}

export async function benchTouch(): Promise<void> {
  const world = new AppWorld();
  const browser = await launchChromium();
  try {
    const context = await browser.newContext(PHONE);
    await context.grantPermissions([...SENSORS]);
    const page = await context.newPage();
    const cdp = await context.newCDPSession(page);
    for (const type of SENSORS) {
      const metadata = { available: true };
      await cdp.send('Emulation.setSensorOverrideEnabled', { enabled: true, type, metadata });
      const reading = { xyz: { x: 1, y: 2, z: 9.8 } };
      await cdp.send('Emulation.setSensorOverrideReadings', { type, reading });
    }
    printTable('from touch to paint on a phone-sized page; goal: under 100 ms', await flows(world, page));
  } finally {
    await browser.close();
    await world.end();
  }
}
