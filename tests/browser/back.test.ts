/** Back closes what covers the page and stays where one is; in real Chromium, with its own history and its own dialogs. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestPage } from '../unit/ui/page.ts';
import { launchChromium, openPage, type ServedPage, servePage } from './chromium.ts';

/** What the fixture pages put on `globalThis`. */
interface Fixtures {
  fixtureLink: string;
  showPeople(name: string): void;
  framed: { show(name: string): Promise<void> };
}
declare const self: Fixtures;

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, locale: 'en-GB' };

let browser: Browser;
let people: ServedPage;
let record: ServedPage;
let link = '';
beforeAll(async () => {
  browser = await launchChromium();
  people = await servePage(new URL('people-page.ts', import.meta.url));
  record = await servePage(new URL('record-page.ts', import.meta.url));
  const { model } = await new TestPage().founded();
  link = await model.people.invite('member', 3);
});
afterAll(async () => {
  await browser.close();
  await people.close();
  await record.close();
});

async function openPeople(state: string): Promise<Page> {
  const page = await openPage(await browser.newContext(PHONE), people.url);
  await page.evaluate(
    ([name, text]) => {
      self.fixtureLink = text ?? '';
      self.showPeople(name ?? '');
    },
    [state, link],
  );
  return page;
}

async function openRecord(state: string): Promise<Page> {
  const page = await openPage(await browser.newContext(PHONE), record.url);
  await page.evaluate((name) => self.framed.show(name), state);
  return page;
}

const place = (page: Page) => page.evaluate(() => location.hash.slice(2).split('?')[0]);
const depth = (page: Page) => page.evaluate(() => history.length);

describe('Back', { timeout: 60_000 }, () => {
  it('closes the dialog of a device, once, and then leaves', async () => {
    const page = await openPeople('few');
    await page.evaluate(() => history.pushState(null, '', '#/people'));
    const before = await depth(page);
    await page.getByRole('button', { name: /Van/ }).tap();
    await page.getByRole('dialog').waitFor();
    await page.goBack();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await place(page)).toBe('people');
    // Closed by its own button, too, it leaves nothing behind in the history.
    await page.getByRole('button', { name: /Van/ }).tap();
    await page.getByRole('dialog').waitFor();
    await page.getByRole('button', { name: 'Close' }).tap();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.waitForFunction(() => !('layers' in (history.state ?? {})));
    expect(await depth(page)).toBe(before + 1);
    await page.context().close();
  });

  it('closes the code that fills the screen, and stays at the invite', async () => {
    const page = await openPeople('invite');
    await page.getByRole('button', { name: 'Make a link' }).tap();
    await page.getByRole('img', { name: 'Code with the invite link' }).waitFor();
    await page.goBack();
    await page.getByRole('img', { name: 'Code with the invite link' }).waitFor({ state: 'detached' });
    expect(await page.evaluate(() => location.hash)).toBe('#/people?show=invite');
    await page.context().close();
  });

  it('brings the page back from the dark face, and keeps recording', async () => {
    const page = await openRecord('face');
    await page.locator('record-face').waitFor();
    await page.goBack();
    await page.locator('record-face').waitFor({ state: 'detached' });
    expect(await place(page)).toBe('record');
    await page.getByRole('button', { name: 'Stop recording' }).waitFor();
    await page.context().close();
  });

  it('answers no to the question whether to stop', async () => {
    const page = await openRecord('stop');
    await page.getByRole('dialog', { name: 'Stop recording?' }).waitFor();
    await page.goBack();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await place(page)).toBe('record');
    await page.getByRole('button', { name: 'Stop recording' }).waitFor();
    await page.context().close();
  });

  it('is asked by Chromium itself where the face came without a touch, as on Android', async () => {
    const page = await openRecord('face');
    await page.locator('record-face').waitFor();
    // Escape is Back to whatever watches for being closed; the face's own keys are not asked.
    await page.evaluate(() => document.body.focus());
    await page.locator('record-face').evaluate((face) => face.blur());
    await page.keyboard.press('Escape');
    await page.locator('record-face').waitFor({ state: 'detached' });
    expect(await place(page)).toBe('record');
    await page.context().close();
  });
});
