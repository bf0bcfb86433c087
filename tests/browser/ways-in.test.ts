/** The ways into a group, wrong turns included, against a real relay: by its short code, by a dead invite, with another group's, in a second tab. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AppWorld } from './app-world.ts';
import { launchChromium } from './chromium.ts';

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, locale: 'en-GB' };

interface Relay {
  readonly url: string;
  readonly code: string;
  readonly short: string;
  readonly link: string;
}

let world: AppWorld;
let browser: Browser;
let home: Relay;
/** A relay that keeps no group. */
let bare: string;
const contexts: BrowserContext[] = [];

beforeAll(async () => {
  world = new AppWorld();
  browser = await launchChromium();
  home = await relayOf('home', 'Home');
  bare = (await world.relay('bare')).url;
});
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
});
afterAll(async () => {
  await browser.close();
  await world.end();
});

/** A relay that has made a group, with the invite that it prints. */
async function relayOf(name: string, group: string): Promise<Relay> {
  const { url, said } = await world.relay(name, '--create', group);
  const { code, short, link } = await said.first<Omit<Relay, 'url'>>('code');
  return { url, code, short, link };
}

async function phone(): Promise<BrowserContext> {
  const context = await browser.newContext(PHONE);
  contexts.push(context);
  return context;
}

/** An invite that lets one device in, used by one. */
async function usedUp(): Promise<string> {
  const host = home.url.replace('http', 'ws');
  const link = await world.must('invite', '--data', world.path('home'), '--role', 'member', '--host', host);
  const page = await (await phone()).newPage();
  await join(page, link);
  await page.waitForFunction(() => document.title.startsWith('Home'));
  return link;
}

async function join(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await page.getByRole('button', { name: 'Join', exact: true }).tap();
}

describe('the doors on a relay’s own computer', { timeout: 60_000 }, () => {
  it('say which group the relay keeps, and let one in by the code from its terminal', async () => {
    const page = await (await phone()).newPage();
    await page.goto(home.url);
    await page.getByText('This relay keeps the group “Home”.').waitFor();
    expect(await page.getByRole('button', { name: 'Make this device a station' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Join “Home”' }).tap();
    await page
      .getByRole('textbox', { name: 'Short code or link' })
      .fill(home.code.toLowerCase().replaceAll('-', ' '));
    await page.getByRole('button', { name: 'Go on' }).tap();
    await page.getByRole('heading', { name: 'You are invited' }).waitFor();
    await page.getByRole('button', { name: 'Join', exact: true }).tap();
    await page.waitForFunction(() => document.title === 'Home – Waystation');
    await page.getByRole('link', { name: 'Devices' }).tap();
    await page.getByText('Group “Home”.').waitFor();
    await page.getByRole('button', { name: /^Relay.*relay.*Manages the group/s }).waitFor();
  });

  it('start another group only as a second choice that says what it means', async () => {
    const page = await (await phone()).newPage();
    await page.goto(home.url);
    await page.getByRole('button', { name: 'Start a new group instead' }).tap();
    await page.getByText('stay apart from “Home”').waitFor();
    await page.getByRole('button', { name: 'Collect data on this device' }).tap();
    await page.waitForURL(/#\/now$/);
  });

  it('of a relay that keeps no group are the three', async () => {
    const page = await (await phone()).newPage();
    await page.goto(bare);
    await page.getByRole('button', { name: 'Make this device a station' }).waitFor();
    await page.getByRole('button', { name: 'Join with a link or QR' }).waitFor();
  });
});

describe('the short link that a relay prints', { timeout: 60_000 }, () => {
  it('opens the invite; put off, it waits at the doors', async () => {
    const page = await (await phone()).newPage();
    await page.goto(home.short.replace(/^http:\/\/[^/]+/, home.url));
    await page.getByRole('heading', { name: 'You are invited' }).waitFor();
    await page.getByRole('button', { name: 'Back' }).tap();
    await page.getByText('You have an invite').waitFor();
    await page.getByRole('button', { name: 'Look at it' }).tap();
    await page.getByRole('button', { name: 'Join', exact: true }).waitFor();
  });

  it('with a code that leads nowhere says so, and takes the right one', async () => {
    const page = await (await phone()).newPage();
    await page.goto(`${home.url}/j/0000-0000-0000`);
    await page.getByRole('heading', { name: 'This invite code does not work' }).waitFor();
    await page.getByText('ask for a new invite').waitFor();
    await page.getByRole('textbox', { name: 'Short code or link' }).fill(home.code);
    await page.getByRole('button', { name: 'Go on' }).tap();
    await page.getByRole('heading', { name: 'You are invited' }).waitFor();
  });
});

describe('an invite that is used up', { timeout: 60_000 }, () => {
  it('says what happened at every place, and takes the next one', async () => {
    const link = await usedUp();
    const page = await (await phone()).newPage();
    await join(page, link);
    for (const place of ['Now', 'Data', 'Record']) {
      await page.getByRole('link', { name: place, exact: true }).tap();
      await page.getByRole('heading', { name: 'This invite is used up' }).waitFor();
    }
    await page.getByRole('textbox', { name: 'Short code or link of the new invite' }).fill(home.code);
    await page.getByRole('button', { name: 'Use the new invite' }).tap();
    await page.waitForFunction(() => document.title.startsWith('Home'));
    await page.getByRole('heading', { name: 'This invite is used up' }).waitFor({ state: 'detached' });
  });

  it('can be left behind: the device is at the doors again, and joins as a new one', async () => {
    const link = await usedUp();
    const page = await (await phone()).newPage();
    await join(page, link);
    await page.getByRole('heading', { name: 'This invite is used up' }).waitFor();
    await page
      .getByRole('link', { name: 'Leave this group' })
      .or(page.getByRole('button', { name: 'Leave this group' }))
      .tap();
    await page.getByText('I understand that this cannot be undone').tap();
    await page.getByRole('button', { name: 'Delete it here and leave' }).tap();
    await page.getByText('This relay keeps the group “Home”.').waitFor();
  });
});

describe('an invite for another group', { timeout: 60_000 }, () => {
  it('is told wherever one is, and is opened once the empty group is left', async () => {
    const page = await (await phone()).newPage();
    await page.goto(bare);
    await page.getByRole('button', { name: 'Collect data on this device' }).tap();
    await page.waitForURL(/#\/now$/);
    page.on('dialog', (dialog) => void dialog.accept());
    await page.goto(`${bare}/${home.link.slice(home.link.indexOf('#'))}`);
    await page.getByRole('heading', { name: 'The invite you opened is for another group' }).waitFor();
    await page
      .getByRole('link', { name: 'Leave this group' })
      .or(page.getByRole('button', { name: 'Leave this group' }))
      .tap();
    await page.getByText('Nothing was recorded in this group yet').waitFor();
    await page.getByText('I understand that this cannot be undone').tap();
    await page.getByRole('button', { name: 'Delete it here and leave' }).tap();
    await page.getByRole('heading', { name: 'You are invited' }).waitFor();
    await page.getByRole('button', { name: 'Join', exact: true }).tap();
    await page.waitForFunction(() => document.title.startsWith('Home'));
  });
});

describe('a second tab', { timeout: 60_000 }, () => {
  it('takes over at a tap, gives back again, and asks nobody when the other is closed', async () => {
    const context = await phone();
    const first = await context.newPage();
    await join(first, home.link.replace(/^http:\/\/[^/]+/, home.url));
    await first.getByRole('navigation').waitFor();
    const second = await context.newPage();
    await second.goto(home.url);
    await second.getByRole('heading', { name: 'Waystation is open in another tab' }).waitFor();
    await second.getByRole('button', { name: 'Try again' }).waitFor();
    await second.getByRole('button', { name: 'Use it here' }).tap();
    await second.getByRole('navigation').waitFor();
    await first.getByRole('heading', { name: 'Waystation goes on in another tab' }).waitFor();
    await first.getByRole('button', { name: 'Use it here' }).tap();
    await first.getByRole('navigation').waitFor();
    await second.close();
    // Closed meanwhile: nobody needs to be asked.
    const third = await context.newPage();
    await third.goto(home.url);
    await third.getByRole('heading', { name: 'Waystation is open in another tab' }).waitFor();
    await first.close();
    await third.getByRole('button', { name: 'Use it here' }).tap();
    await third.getByRole('navigation').waitFor();
  });
});
