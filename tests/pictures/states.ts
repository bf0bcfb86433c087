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
  framed: { names: string[]; show(name: string): Promise<void> };
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
  'known-close': '?stations=1&hours=6&state=known',
  'mixed-close': '?stations=2&hours=30&state=mixed',
  damaged: '?stations=1&hours=100&state=damaged',
  part: '?stations=1&hours=1&state=part',
  pieces: '?stations=1&hours=3&state=part',
  locked: '?stations=2&hours=100&state=locked',
  empty: '?stations=0&hours=0',
  'empty-with-sensors': '?stations=0&hours=0&senses=1',
  'two-hundred': '?stations=200&hours=500&state=mixed',
};

/** A page whose states stand in the frame of the app; see tests/browser/framed-page.ts. */
const framed = (entry: string): FixturePage => ({
  entry,
  states: (page) => page.evaluate(() => self.framed.names),
  show: (page, state) => page.evaluate((name) => self.framed.show(name), state),
});

const PAGES: Readonly<Record<string, FixturePage>> = {
  now: {
    entry: 'tests/browser/now-page.ts',
    states: (page) => page.evaluate(() => self.nowPage.names),
    show: (page, state) => page.evaluate((name) => self.nowPage.show(name), state),
  },
  record: framed('tests/browser/record-page.ts'),
  network: framed('tests/browser/network-page.ts'),
  moving: framed('tests/browser/moving-page.ts'),
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

/** Names of the places whose states there are. */
export const STATE_PLACES: readonly string[] = Object.keys(PAGES);

/**
 * @param folder where the pictures go, a folder for each place.
 * @param link an invite, for the states that show one.
 * @param places whose pictures are taken; all of them when none is named.
 */
export async function takeStates(
  browser: Browser,
  folder: string,
  link: string,
  places: readonly string[],
): Promise<void> {
  for (const [place, { entry, states, show }] of Object.entries(PAGES)) {
    if (places.length > 0 && !places.includes(place)) continue;
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
