/** States of the Data place that are hard to reach with real stations, from its fixture page, in real Chromium. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium, openPage, type ServedPage, servePage } from './chromium.ts';

let served: ServedPage;
let browser: Browser;

beforeAll(async () => {
  served = await servePage(new URL('./data-page.ts', import.meta.url));
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await served?.close();
});

async function opened(query: string, width = 360): Promise<Page> {
  const context = await browser.newContext({ viewport: { width, height: 800 }, locale: 'en-US' });
  return openPage(context, `${served.url}?${query}`);
}

/** The part of a strip's width that is painted as here, and where that begins and ends. */
async function paintedOf(page: Page): Promise<{ share: number; first: number; last: number }> {
  return page
    .locator('hour-strip')
    .first()
    .evaluate((strip) => {
      const canvas = strip.shadowRoot?.querySelector('canvas');
      const context = canvas?.getContext('2d');
      if (canvas === null || canvas === undefined || context === null || context === undefined)
        return { share: 0, first: 0, last: 0 };
      const { width, height } = canvas;
      const { data } = context.getImageData(0, Math.floor(height / 2), width, 1);
      const accent = document.createElement('canvas').getContext('2d');
      if (accent === null) return { share: 0, first: 0, last: 0 };
      const probe = document.createElement('span');
      probe.style.color = 'var(--ws-accent)';
      document.body.append(probe);
      accent.fillStyle = getComputedStyle(probe).color;
      accent.fillRect(0, 0, 1, 1);
      probe.remove();
      const wanted = accent.getImageData(0, 0, 1, 1).data;
      const isOn = Array.from({ length: width }, (_, x) =>
        [0, 1, 2].every((i) => Math.abs((data[4 * x + i] ?? 0) - (wanted[i] ?? 0)) < 8),
      );
      return {
        share: isOn.filter(Boolean).length / width,
        first: isOn.indexOf(true) / width,
        last: isOn.lastIndexOf(true) / width,
      };
    });
}

describe('the Data place', { timeout: 60_000 }, () => {
  it('says of twelve minutes that they are twelve minutes, shows no more, and paints them as long as they are', async () => {
    const page = await opened('stations=1&hours=1&state=part');
    await page.getByText('12 minutes here').first().waitFor();
    expect(await page.getByText(/gap/).filter({ hasNotText: 'has a gap' }).count()).toBe(0);
    expect(await page.locator('.when').innerText()).toMatch(/:03:00.*:15:00/);
    await expect.poll(async () => (await paintedOf(page)).share).toBeGreaterThan(0.97);
    await page.context().close();
  });

  it('paints pieces where they are, and nothing between a stop and a start', async () => {
    const page = await opened('stations=1&hours=3&state=part');
    await page
      .getByText(/1 hour 3 minutes here, in 3 pieces/)
      .first()
      .waitFor();
    // Of 117 minutes 12, then 22 and 29 are recorded.
    await expect.poll(async () => Math.abs((await paintedOf(page)).share - 63 / 117)).toBeLessThan(0.05);
    await page.context().close();
  });

  it('names hours that are not here, draws them in parts and tells between which values they lie, in whatever closeness', async () => {
    const page = await opened('stations=1&hours=6&state=known', 1280);
    await page.evaluate(() => {
      const made = Worker.prototype.postMessage;
      Object.assign(globalThis, { asked: 0 });
      Worker.prototype.postMessage = function (this: Worker, ...args: Parameters<typeof made>) {
        (globalThis as unknown as { asked: number }).asked++;
        made.apply(this, args);
      } as typeof made;
    });
    await page.getByText('dotted: overview, readings not here yet').waitFor();
    expect(await page.locator('time-plot .unit').allInnerTexts()).toEqual(['hPa']);
    const plot = page.getByRole('application', { name: 'Plot of air pressure' });
    await plot.focus();
    const said = page.locator('time-plot #said');
    const told = async (): Promise<[number, number]> => {
      await expect.poll(() => said.innerText()).toMatch(/air pressure [\d.]+ – [\d.]+ hPa/);
      const [, min, max] = /air pressure ([\d.]+) – ([\d.]+) hPa/.exec(await said.innerText()) ?? [];
      return [Number(min), Number(max)];
    };
    for (let i = 0; i < 4; i++) await plot.press('Shift+ArrowRight');
    const [early] = await told();
    for (let i = 0; i < 10; i++) await plot.press('Shift+ArrowRight');
    const [late, latest] = await told();
    // It falls, and each part is narrower than the six hours.
    expect(late).toBeLessThan(early);
    expect(latest - late).toBeLessThan(0.6);
    // However close one looks, it is the part's band, and nothing is opened for it.
    for (let i = 0; i < 8; i++) await plot.press('+');
    await plot.press('ArrowRight');
    const [closeMin, closeMax] = await told();
    expect(closeMin).toBeLessThan(closeMax);
    expect(Math.abs(closeMin - late)).toBeLessThan(0.5);
    expect(await page.evaluate(() => (globalThis as unknown as { asked: number }).asked)).toBe(0);
    await page.context().close();
  });

  it('leaves gaps of hours that are not here open', async () => {
    const page = await opened('stations=1&hours=6&state=known', 1280);
    await page.getByText('dotted: overview, readings not here yet').waitFor();
    const plot = page.getByRole('application', { name: 'Plot of air pressure' });
    await plot.focus();
    const said = page.locator('time-plot #said');
    // The last hour has a gap from its twentieth minute to its twenty-seventh.
    const box = (await page.locator('time-plot .u-over').first().boundingBox()) ?? {
      x: 0,
      y: 0,
      width: 0,
      height: 0,
    };
    const at = (minutes: number) => box.x + (box.width * (5 * 60 + minutes)) / 360;
    await page.mouse.move(at(23.5), box.y + 20);
    await page.getByText(/gap of 7 minutes/).waitFor();
    expect((await page.locator('time-plot .reading').first().innerText()).trim()).toBe('–');
    await page.mouse.move(at(40), box.y + 20);
    await expect
      .poll(async () => page.locator('time-plot .reading').first().innerText())
      .toMatch(/[\d.]+ – [\d.]+ hPa/);
    expect(await said.innerText()).toBe('');
    await page.context().close();
  });

  it('offers to record on this device only where it can', async () => {
    const without = await opened('stations=0&hours=0');
    await without.getByText('Nothing has been recorded yet').waitFor();
    await without.getByText('Invite a device').waitFor();
    expect(await without.getByText('Record on this device').count()).toBe(0);
    await without.context().close();
    const able = await opened('stations=0&hours=0&senses=1');
    await able.getByText('Record on this device').waitFor();
    await able.context().close();
  });

  it.each([360, 1280])('writes every label of the axes whole, %d pixels wide', async (width) => {
    const page = await opened('stations=1&hours=40&state=held', width);
    await page.addInitScript(() => {
      const drawn: { text: string; left: number; right: number; width: number }[] = [];
      Object.assign(globalThis, { drawn });
      const { fillText } = CanvasRenderingContext2D.prototype;
      CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...rest) {
        const size = this.measureText(text).width;
        const { a, e } = this.getTransform();
        const at = a * x + e;
        const share = { center: 0.5, right: 1, end: 1 }[this.textAlign as string] ?? 0;
        if (text !== '')
          drawn.push({
            text,
            left: at - share * size * a,
            right: at + (1 - share) * size * a,
            width: this.canvas.width,
          });
        return fillText.call(this, text, x, y, ...rest);
      };
    });
    await page.reload();
    await page.getByRole('heading', { name: 'Readings' }).waitFor();
    for (let zoom = 0; zoom < 12; zoom++) {
      await page.getByRole('button', { name: 'Zoom in' }).click();
      await page.evaluate(
        () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
      );
    }
    const cut = await page.evaluate(() =>
      (
        globalThis as unknown as { drawn: { text: string; left: number; right: number; width: number }[] }
      ).drawn.filter(({ left, right, width: wide }) => left < -0.5 || right > wide + 0.5),
    );
    expect(cut).toEqual([]);
    expect(
      await page.evaluate(() => (globalThis as unknown as { drawn: unknown[] }).drawn.length),
    ).toBeGreaterThan(40);
    await page.context().close();
  });
});
