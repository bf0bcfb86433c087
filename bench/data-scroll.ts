/** The Data place with 200 stations and 100,000 hours: what scrolling and zooming cost, frame by frame. */
import { resolve } from 'node:path';
import type { CDPSession, Page } from 'playwright-core';
import { openPage, servePage, withChromium } from '../tests/browser/chromium.ts';
import { printTable } from './table.ts';

const SCROLL_PX = 6_000;
const WHEEL_TURNS = 120;

interface Watched {
  /** Distances of frames, ms. */
  readonly frames: number[];
  /** Tasks of the page's thread over 50 ms, ms. */
  readonly longTasks: number[];
}
type Watch = { stopWatching: () => Watched };

function startWatching(): void {
  const frames: number[] = [];
  const longTasks: number[] = [];
  let last = performance.now();
  let isOver = false;
  const frame = (): void => {
    const now = performance.now();
    frames.push(now - last);
    last = now;
    if (!isOver) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longTasks.push(duration);
  });
  observer.observe({ type: 'longtask' });
  (globalThis as unknown as Watch).stopWatching = () => {
    isOver = true;
    observer.disconnect();
    return { frames, longTasks };
  };
}

async function watched(page: Page, work: () => Promise<void>): Promise<Watched> {
  await page.evaluate(startWatching);
  await work();
  return page.evaluate(() => (globalThis as unknown as Watch).stopWatching());
}

async function middleOf(page: Page, selector: string): Promise<{ x: number; y: number }> {
  const found = page.locator(selector).first();
  await found.scrollIntoViewIfNeeded();
  const { x = 0, y = 0, width = 0, height = 0 } = (await found.boundingBox()) ?? {};
  return { x: x + width / 2, y: y + height / 2 };
}

async function scroll(page: Page, session: CDPSession, selector: string): Promise<Watched> {
  const at = await middleOf(page, selector);
  return watched(page, async () => {
    for (const yDistance of [-SCROLL_PX, SCROLL_PX])
      await session.send('Input.synthesizeScrollGesture', {
        ...at,
        yDistance,
        speed: 4_000,
        gestureSourceType: 'touch',
      });
  });
}

/** Closer and closer to one moment and out again, a step a frame. */
async function zoom(page: Page, session: CDPSession): Promise<Watched> {
  const at = await middleOf(page, 'time-plot .u-over');
  return watched(page, async () => {
    for (let turn = 0; turn < WHEEL_TURNS; turn++) {
      const deltaY = turn < WHEEL_TURNS / 2 ? -60 : 60;
      await session.send('Input.dispatchMouseEvent', { type: 'mouseWheel', ...at, deltaX: 0, deltaY });
      await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(drawn)));
    }
  });
}

function row(what: string, { frames, longTasks }: Watched): string[] {
  const sorted = [...frames].sort((a, b) => a - b);
  const at = (part: number) =>
    `${(sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN).toFixed(1)} ms`;
  const longest =
    longTasks.length === 0 ? 'none' : `${longTasks.length}, longest ${Math.max(...longTasks).toFixed(0)} ms`;
  return [what, String(frames.length), at(0.5), at(0.95), at(1), longest];
}

export async function benchDataScroll(): Promise<void> {
  const served = await servePage(resolve('tests/browser/data-page.ts'));
  const rows = [['', 'frames', 'median', 'p95', 'longest', 'tasks over 50 ms']];
  try {
    await withChromium(async (browser) => {
      for (const [stations, hours] of [
        [200, 500],
        [1, 100_000],
      ] as const) {
        const page = await openPage(browser, `${served.url}?stations=${stations}&hours=${hours}&state=mixed`);
        const session = await page.context().newCDPSession(page);
        const name = `${stations} × ${hours.toLocaleString('en')} hours`;
        if (stations > 1) {
          rows.push(
            row(
              `${name}, scroll the stations`,
              await scroll(page, session, 'station-strips lit-virtualizer'),
            ),
          );
          await page.evaluate(() => {
            location.hash = '#/data?station=s0,s1,s2';
          });
        }
        await page.locator('time-plot .u-over').first().waitFor();
        rows.push(
          row(`${name}, scroll the calendar`, await scroll(page, session, 'hour-calendar lit-virtualizer')),
        );
        rows.push(row(`${name}, zoom the plot`, await zoom(page, session)));
        await page.close();
      }
    });
  } finally {
    await served.close();
  }
  printTable('The Data place, frame by frame (software rendering, headless)', rows);
}
