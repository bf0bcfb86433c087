/** Every place in every state, from the fixture pages of the browser tests: what would take two hundred phones to reach. */
import { resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { openPage, servePage } from '../browser/chromium.ts';
import { newContext, SHAPES, type Shape, take } from './camera.ts';

interface Fixtures {
  fixtureLink: string;
  nowPage: { names: string[]; show(name: string): void };
  PEOPLE_STATES: string[];
  showPeople(name: string): void;
}
declare const self: Fixtures;

/** How a fixture page is opened, and shows one state after the other. */
interface FixturePage {
  readonly entry: string;
  /** Names of its states, with the query to open it with. */
  states(page: Page): Promise<readonly string[]>;
  show(page: Page, state: string, url: string): Promise<void>;
}

const DATA_STATES: Readonly<Record<string, string>> = {
  mixed: '?stations=3&hours=500&state=mixed',
  known: '?stations=2&hours=200&state=known',
  damaged: '?stations=1&hours=100&state=damaged',
  locked: '?stations=2&hours=100&state=locked',
  empty: '?stations=0&hours=0',
  'two-hundred': '?stations=200&hours=500&state=mixed',
};

const PAGES: Readonly<Record<string, FixturePage>> = {
  now: {
    entry: 'tests/browser/now-page.ts',
    states: (page) => page.evaluate(() => self.nowPage.names),
    show: (page, state) => page.evaluate((name) => self.nowPage.show(name), state),
  },
  people: {
    entry: 'tests/browser/people-page.ts',
    states: (page) => page.evaluate(() => self.PEOPLE_STATES),
    show: (page, state) => page.evaluate((name) => self.showPeople(name), state),
  },
  data: {
    entry: 'tests/browser/data-page.ts',
    states: async () => Object.keys(DATA_STATES),
    show: async (page, state, url) => {
      await page.goto(`${url}${DATA_STATES[state]}`);
      await page.waitForFunction('globalThis.testPageReady === true');
      await page.waitForLoadState('networkidle');
    },
  },
};

/**
 * @param folder where the pictures go, a folder for each place.
 * @param link an invite, for the states that show one.
 */
export async function takeStates(browser: Browser, folder: string, link: string): Promise<void> {
  for (const [place, { entry, states, show }] of Object.entries(PAGES)) {
    const served = await servePage(resolve(entry));
    for (const shape of Object.keys(SHAPES) as Shape[]) {
      const context = await newContext(browser, shape);
      const page = await openPage(context, served.url);
      await page.evaluate((text) => {
        self.fixtureLink = text;
      }, link);
      for (const state of await states(page)) {
        await show(page, state, served.url);
        await take(page, `${folder}/${place}`, `${state}-${shape}`);
      }
      await context.close();
    }
    await served.close();
  }
}
