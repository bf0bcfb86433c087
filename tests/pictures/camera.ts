/** Takes the pictures: a page at two sizes, light and dark, into one folder. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';

export const SHAPES = {
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
  desktop: { viewport: { width: 1280, height: 800 }, isMobile: false, hasTouch: false },
} as const;
export type Shape = keyof typeof SHAPES;

export function newContext(browser: Browser, shape: Shape): Promise<BrowserContext> {
  return browser.newContext({
    ...SHAPES[shape],
    deviceScaleFactor: 1,
    locale: 'en-GB',
    timezoneId: 'Europe/Zurich',
    // Nothing is caught half way.
    reducedMotion: 'reduce',
  });
}

/** What the page shows now, in light and in dark: `<folder>/<name>-<light|dark>.png`. */
export async function take(page: Page, folder: string, name: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    // Canvases are drawn anew for the look, a frame later.
    await page.evaluate(
      () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))),
    );
    await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`) });
  }
}
