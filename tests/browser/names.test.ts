/** Names that other members chose stand in words and places of ours: they break neither. */

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium, openPage, type ServedPage, servePage } from './chromium.ts';

const SMALL_PHONE = { width: 360, height: 640 };
let browser: Browser;
let now: ServedPage;
let data: ServedPage;
beforeAll(async () => {
  browser = await launchChromium();
  now = await servePage(new URL('./now-page.ts', import.meta.url));
  data = await servePage(new URL('./data-page.ts', import.meta.url));
});
afterAll(async () => {
  await browser.close();
  await Promise.all([now.close(), data.close()]);
});

/** What ends outside of the window; inside of what a library's control is made of nothing is looked at. */
function tooWide(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const wide: string[] = [];
    const visit = (root: ParentNode): void => {
      for (const element of root.querySelectorAll<HTMLElement>('*')) {
        const { width, right } = element.getBoundingClientRect();
        if (
          width > 0 &&
          element.checkVisibility() &&
          right > innerWidth + 1 &&
          !(element instanceof SVGElement)
        )
          wide.push(`${element.outerHTML.slice(0, 80)} ends at ${right}`);
        if (element.shadowRoot !== null && !element.tagName.startsWith('WA-')) visit(element.shadowRoot);
      }
    };
    visit(document);
    const { scrollWidth } = document.documentElement;
    if (scrollWidth > innerWidth + 1) wide.push(`the page is ${scrollWidth} wide`);
    return wide;
  });
}

it('Now is no wider than a small phone, and no name turns a sentence around', {
  timeout: 60_000,
}, async () => {
  const page = await openPage(browser, `${now.url}?state=hostile`);
  await page.setViewportSize(SMALL_PHONE);
  await page.getByText('4 stations need you').waitFor();
  expect(await tooWide(page)).toEqual([]);
  const text = await page.evaluate(() => document.querySelector('now-place')?.shadowRoot?.textContent ?? '');
  expect(text).toContain('3 hours of egdiR did not come');
  expect(text).toContain('<img src=x onerror=alert(1)>');
  expect(text).not.toMatch(/[\u202a-\u202e]/);
  await page.close();
});

it('Data is no wider than a small phone', { timeout: 60_000 }, async () => {
  for (const stations of [1, 9]) {
    const address = `${data.url}?stations=${stations}&hours=48&name=${'W'.repeat(200)}`;
    const page = await openPage(browser, stations === 1 ? address : `${address}#/data?station=s0,s1`);
    await page.setViewportSize(SMALL_PHONE);
    await page.getByRole('heading', { name: 'Readings' }).waitFor();
    expect([stations, await tooWide(page)]).toEqual([stations, []]);
    await page.close();
  }
});
