/**
 * The real built page while it records nine channels at 60 Hz: how busy its main thread is, beside the same page with nothing recorded,
 * and its heap. Chromium's virtual sensors are played from outside; what that costs the page is in the numbers.
 */
import type { Browser, CDPSession, Page } from 'playwright-core';
import { AppWorld, joinApp } from '../tests/browser/app-world.ts';
import { launchChromium } from '../tests/browser/chromium.ts';
import { printTable } from './table.ts';

const SECONDS = Number(process.env['WAYSTATION_SECONDS'] ?? 60);
const SENSORS = ['accelerometer', 'gyroscope', 'magnetometer'] as const;
const FLAGS = [
  '--enable-features=GenericSensorExtraClasses',
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
];
const PERIOD_MS = 1_000 / 60;

/** Plays sixty readings a second until stopped; how many it managed. */
function play(cdp: CDPSession): { stop(): Promise<number> } {
  let over = false;
  let count = 0;
  const beganMs = performance.now();
  const playing = (async () => {
    while (!over) {
      const reading = { xyz: { x: count % 50, y: 0.1 * (count % 7), z: 9.8 } };
      await Promise.all(
        SENSORS.map((type) => cdp.send('Emulation.setSensorOverrideReadings', { type, reading })),
      );
      count++;
      const waitMs = beganMs + count * PERIOD_MS - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  })().catch(() => undefined);
  return {
    stop: async () => {
      over = true;
      await playing;
      return (count * 1_000) / (performance.now() - beganMs);
    },
  };
}

async function metrics(cdp: CDPSession): Promise<Record<string, number>> {
  const { metrics: list } = await cdp.send('Performance.getMetrics');
  return Object.fromEntries(list.map(({ name, value }) => [name, value]));
}

interface Load {
  /** Share of the main thread's time, 0 to 1. */
  readonly busy: number;
  readonly script: number;
  readonly layout: number;
  readonly heapMiB: number;
}

async function load(page: Page, cdp: CDPSession): Promise<Load> {
  await page.waitForTimeout(2_000); // what the step before set off
  const before = await metrics(cdp);
  await page.waitForTimeout(SECONDS * 1_000);
  const after = await metrics(cdp);
  const share = (name: string) =>
    ((after[name] ?? 0) - (before[name] ?? 0)) / ((after['Timestamp'] ?? 0) - (before['Timestamp'] ?? 0));
  await cdp.send('HeapProfiler.collectGarbage');
  const { JSHeapUsedSize: heap = 0 } = await metrics(cdp);
  return {
    busy: share('TaskDuration'),
    script: share('ScriptDuration'),
    layout: share('LayoutDuration') + share('RecalcStyleDuration'),
    heapMiB: heap / 2 ** 20,
  };
}

async function goTo(page: Page, place: string): Promise<void> {
  await page.evaluate((name) => {
    location.hash = `#/${name}`;
  }, place);
}

function rates(page: Page): Promise<string> {
  return page.evaluate(() => {
    type Model = { state: { recording: { streams: { rateHz: number | null }[] } | null } };
    const { model } = document.querySelector('waystation-app') as Element & { model: Model };
    return (model.state.recording?.streams ?? []).map(({ rateHz }) => rateHz?.toFixed(0) ?? '–').join(', ');
  });
}

async function measure(world: AppWorld, browser: Browser): Promise<string[][]> {
  const { url, host } = await world.relay('relay', '--create', 'Bench');
  const said = await world.must('invite', '--data', world.path('relay'), '--role', 'member', '--host', host);
  const address = (said.split('\n').at(-1) ?? '').replace(/^[^#]*/, `${url}/`);
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await context.grantPermissions([...SENSORS], { origin: url });
  for (const type of SENSORS)
    await cdp.send('Emulation.setSensorOverrideEnabled', {
      enabled: true,
      type,
      metadata: { available: true },
    });
  await page.goto(address);
  await joinApp(page, 'Bench');
  await page.getByRole('navigation').waitFor();
  await cdp.send('Performance.enable', { timeDomain: 'timeTicks' });
  const player = play(cdp);
  const rows: string[][] = [['page', 'busy', 'script', 'style and layout', 'heap, MiB', 'readings a second']];
  const row = async (name: string) => {
    const { busy, script, layout, heapMiB } = await load(page, cdp);
    const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
    rows.push([name, percent(busy), percent(script), percent(layout), heapMiB.toFixed(1), await rates(page)]);
  };
  await goTo(page, 'now');
  await row('Now, nothing recorded');
  await goTo(page, 'record');
  await page.getByRole('button', { name: 'Record', exact: true }).waitFor();
  await row('Record, nothing recorded, sensors shown');
  await page.getByRole('button', { name: 'Record', exact: true }).click();
  await page.getByText('Everything delivers').waitFor();
  await row('Record, recording');
  await page.getByRole('button', { name: 'Darken' }).click();
  await page.locator('record-face').waitFor();
  await row('face, recording');
  await page.keyboard.press('Enter');
  await page.locator('record-face').waitFor({ state: 'detached' });
  await goTo(page, 'now');
  await row('Now, recording');
  const played = await player.stop();
  rows.push([`(played ${played.toFixed(0)} readings a second for each of three sensors)`]);
  return rows;
}

export async function benchRecordingLoad(): Promise<void> {
  const world = new AppWorld();
  const browser = await launchChromium({ flags: FLAGS });
  try {
    const rows = await measure(world, browser);
    printTable(`main thread of the page, ${SECONDS} s each; goal: under 5 % while recording`, rows);
  } finally {
    await browser.close();
    await world.end();
  }
}
