/** Record, Network and Moving in every state: nothing that axe finds, and nothing wider than a small phone. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeViolations } from './axe.ts';
import { launchChromium, openPage, servePage } from './chromium.ts';

interface Fixtures {
  framed: { names: string[]; show(name: string, look?: string): Promise<void> };
}
declare const self: Fixtures;

const SMALL = { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true, locale: 'en-GB' };

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

/** The page in each of its states, one after the other. */
async function eachState(entry: string, look: (page: Page, state: string) => Promise<void>): Promise<void> {
  const served = await servePage(new URL(entry, import.meta.url));
  const context = await browser.newContext({ ...SMALL, reducedMotion: 'reduce' });
  const page = await openPage(context, served.url);
  for (const state of await page.evaluate(() => self.framed.names)) {
    await page.evaluate((name) => self.framed.show(name), state);
    await look(page, state);
  }
  await context.close();
  await served.close();
}

describe.each(['record', 'network', 'moving'])('the states of %s', { timeout: 240_000 }, (place) => {
  it('have no accessibility violation and fit a small phone', async () => {
    const faults: string[] = [];
    await eachState(`${place}-page.ts`, async (page, state) => {
      for (const fault of await axeViolations(page)) faults.push(`${state}: ${fault}`);
      const over = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      if (over > 0) faults.push(`${state}: ${over} px wider than the screen`);
    });
    expect(faults).toEqual([]);
  });
});
