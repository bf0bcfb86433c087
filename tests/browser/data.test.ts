/** The Data place in real Chromium, with a real relay and a station that replays a real recording. */
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppWorld, type RunningChromium, stationWhen } from './app-world.ts';
import { axeViolations } from './axe.ts';

const SHARED = new URL('../../../shared/data/recordings/phone1hz.csv.gz', import.meta.url);

interface PageModel {
  readonly state: { readonly phase: string };
  join(link: string, name: string): Promise<void>;
  hourFiles(id: string): AsyncIterable<{ name: string; bytes: Uint8Array }>;
}
type App = Element & { model: PageModel };

/** Pressure over time, as it stands in the recording. */
const recorded = new Map<number, number>();
const times: number[] = [];
let world: AppWorld;
let browser: RunningChromium;
let page: Page;
let address: string;
let id: string;

beforeAll(async () => {
  world = new AppWorld();
  const csv = gunzipSync(readFileSync(SHARED)).toString('utf8');
  writeFileSync(world.path('drive.csv'), csv);
  for (const line of csv.trim().split('\n').slice(1)) {
    const [time = '', pressure = ''] = line.split(',');
    if (pressure !== '') recorded.set(Number(time) * 1000, Number(pressure));
    times.push(Number(time) * 1000);
  }
  const ridge = ['--data', world.path('ridge')];
  await world.must('space', 'create', ...ridge, '--name', 'Valley');
  const { url, host } = await world.relay('relay');
  const said = await world.must('invite', ...ridge, '--role', 'reader', '--host', host);
  const replay = ['--replay', world.path('drive.csv'), '--speed', '100000', '--hour', '10m', '--for', '600s'];
  const station = world.start('station', ...ridge, '--name', 'Ridge', ...replay, '--host', host, '--json');
  station.stdout?.resume();
  station.stderr?.resume();
  browser = await world.chromium('desk');
  page = await browser.context.newPage();
  page.on('pageerror', (error) => console.error(`page threw: ${error.message}`));
  await page.setViewportSize({ width: 390, height: 844 });
  const link = said.split('\n').at(-1) ?? '';
  address = `${url}/`;
  await page.goto(address);
  await page.waitForFunction(
    () => (document.querySelector('waystation-app') as App | null)?.model?.state.phase === 'no-space',
  );
  await page.evaluate(
    (invite) => (document.querySelector('waystation-app') as App).model.join(invite, 'Desk'),
    link,
  );
  ({ id } = await stationWhen(page, { name: 'Ridge', minSealed: 12, complete: true }));
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await world?.end();
});

async function openData(query = ''): Promise<void> {
  await page.goto(`${address}#/data${query}`);
  await page.getByRole('heading', { name: 'Readings' }).waitFor();
}

/** The table beside the plot, as numbers: times as they stand there, and values. */
async function tableRows(): Promise<{ time: string; value: string }[]> {
  const rows = page.getByRole('region', { name: 'Readings as a table' }).locator('tbody tr');
  return rows.evaluateAll((found) =>
    found.map((row) => ({
      time: row.querySelector('th')?.textContent?.trim() ?? '',
      value: row.querySelector('td')?.textContent?.trim() ?? '',
    })),
  );
}

describe('the Data place', { timeout: 120_000 }, () => {
  it('shows the readings of the recording, value for value, when one looks closely', async () => {
    const fromMs = [...recorded.keys()][3_000] as number;
    const range = `from=${new Date(fromMs).toISOString()}&to=${new Date(fromMs + 60_000).toISOString()}`;
    await openData(`?station=${id}&${range}`);
    await page.getByText('replay of a recording').waitFor();
    await page.getByText('Show as table').click();
    const seen = [...recorded].filter(([ms]) => ms >= fromMs && ms <= fromMs + 60_000);
    expect(seen.length).toBeGreaterThan(30);
    // The table has them one by one when the hour is decoded.
    await page.getByText(`${seen.length} times.`).waitFor();
    const rows = await tableRows();
    expect(rows.length).toBe(seen.length);
    rows.forEach(({ value }, i) => {
      const decimals = value.split('.')[1]?.length ?? 0;
      expect(decimals).toBeGreaterThanOrEqual(2);
      expect(value).toBe(seen[i]?.[1].toFixed(decimals));
    });
  });

  it('keeps what is looked at through a reload, and the back button leads back', async () => {
    await openData(`?station=${id}`);
    const whole = await page.locator('.when').innerText();
    const plot = page.getByRole('application', { name: 'Plot of' });
    await plot.focus();
    await plot.press('+');
    await page.waitForFunction(() => location.hash.includes('from='));
    const closer = await page.locator('.when').innerText();
    expect(closer).not.toBe(whole);
    await page.reload();
    await page.getByRole('heading', { name: 'Readings' }).waitFor();
    expect(await page.locator('.when').innerText()).toBe(closer);
    await page.goBack();
    await page.waitForFunction(() => !location.hash.includes('from='));
    await expect.poll(() => page.locator('.when').innerText()).toBe(whole);
  });

  it('is used by keyboard alone: hours are told one by one, and the cursor tells values', async () => {
    await openData(`?station=${id}`);
    const calendar = page.getByRole('application', { name: 'Hours of Ridge' });
    await calendar.focus();
    await calendar.press('ArrowLeft');
    const announced = page.locator('hour-calendar #said');
    await expect.poll(() => announced.innerText()).toMatch(/8.*2025.*\d:\d\d.*: here/);
    await calendar.press('Enter');
    await page.waitForFunction(() => location.hash.includes('from='));
    const plot = page.getByRole('application', { name: 'Plot of' });
    await plot.focus();
    for (let i = 0; i < 12; i++) await plot.press('ArrowRight');
    await expect.poll(() => page.locator('time-plot #said').innerText()).toMatch(/pressure \d{3,4}\.\d+/);
  });

  it('saves a table with every value of the recording', async () => {
    await openData(`?station=${id}`);
    await page.getByRole('button', { name: 'Save CSV', exact: true }).click();
    const size = await page.getByText(/in 1 file, about [\d.]+ [kM]B\./).innerText();
    const announced = /about ([\d.]+) ([kM]B)/.exec(size);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save CSV of Ridge' }).click();
    const file = await download;
    expect(file.suggestedFilename()).toMatch(/^Ridge 2025-07-\d\d( to 2025-07-\d\d)?\.csv$/);
    const savedBytes = readFileSync(await file.path()).length;
    const announcedBytes = Number(announced?.[1]) * (announced?.[2] === 'MB' ? 1e6 : 1e3);
    expect(Math.abs(announcedBytes - savedBytes) / savedBytes).toBeLessThan(0.1);
    const [header = '', ...lines] = readFileSync(await file.path(), 'utf8')
      .trim()
      .split('\n');
    expect(header.split(',').slice(0, 2)).toEqual(['time', 'pressure']);
    expect(lines.length).toBe(times.length);
    for (const line of lines) {
      const [iso = '', pressure] = line.split(',');
      expect(iso).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(pressure === '' ? undefined : Number(pressure)).toBe(recorded.get(Date.parse(iso)));
    }
    await page.getByRole('button', { name: 'Done' }).click();
  });

  it('opens an hour file, says what it is, and says plainly when it is damaged or something else', async () => {
    const bytes = await page.evaluate(async (station) => {
      for await (const { bytes: file } of (document.querySelector('waystation-app') as App).model.hourFiles(
        station,
      ))
        return [...file];
      return [];
    }, id);
    await page.goto(`${address}#/file`);
    const input = page.locator('input[type=file]');
    const name = 'somebody.hour';
    const give = (content: readonly number[]) =>
      input.setInputFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(content) });
    await give(bytes);
    await page.getByRole('heading', { name: 'Ridge' }).waitFor();
    await page.getByRole('application', { name: 'Plot of' }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await give([1, 2, 3]);
    await page
      .getByText('this is not an hour file', { exact: false })
      .or(page.getByText('This is not an hour file'))
      .waitFor();
    const damaged = [...bytes];
    damaged[damaged.length - 5] = (damaged.at(-5) ?? 0) ^ 0xff;
    await give(damaged);
    await page.getByText('is damaged', { exact: false }).waitFor();
    expect(await page.getByRole('application', { name: 'Plot of' }).count()).toBe(0);
  });

  it('has nothing that axe finds wrong, with dialogs open or not, in light and in dark', async () => {
    await openData(`?station=${id}`);
    await page.getByText('Show as table').click();
    await page.getByText('Choose readings').click();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      expect(await axeViolations(page)).toEqual([]);
    }
    await page.getByRole('button', { name: 'Save CSV', exact: true }).click();
    await page.getByRole('button', { name: 'Save CSV of Ridge' }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
  });
});
