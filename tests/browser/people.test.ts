/** The doors, joining, recovery words and devices in every state, in real Chromium: sizes, keyboard, axe, cameras that see something else. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import encodeQR from 'qr';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestPage } from '../unit/ui/page.ts';
import { axeViolations } from './axe.ts';
import { launchChromium, openPage, type ServedPage, servePage } from './chromium.ts';
import { tabTo } from './keyboard.ts';

const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
  locale: 'en-GB',
  timezoneId: 'UTC',
};
const DESKTOP: BrowserContextOptions = {
  viewport: { width: 1280, height: 800 },
  locale: 'en-GB',
  timezoneId: 'UTC',
};

/** What the page puts on `globalThis`; see people-page.ts. */
interface Fixture {
  fixtureLink: string;
  PEOPLE_STATES: string[];
  asked: unknown[][];
  showPeople(name: string, look?: string): void;
}
/** The page's global object, inside `evaluate`. */
declare const self: Fixture;

const folder = mkdtempSync(join(tmpdir(), 'waystation-people-'));
let served: ServedPage;
let browser: Browser;
let link = '';
beforeAll(async () => {
  served = await servePage(new URL('people-page.ts', import.meta.url));
  browser = await launchChromium({ flags: ['--use-fake-device-for-media-stream'] });
  const { model } = await new TestPage().founded();
  link = await model.people.invite('member', 3);
});
afterAll(async () => {
  await browser.close();
  await served.close();
  rmSync(folder, { recursive: true, force: true });
});

/** @param nowMs what the page's clock says; a day after the invite was made when not given. */
async function open(options = PHONE, on = browser, nowMs = Date.UTC(2026, 6, 2, 12)): Promise<Page> {
  const context = await on.newContext(options);
  const page = await openPage(context, served.url);
  await page.clock.setFixedTime(nowMs);
  await page.evaluate((text) => {
    self.fixtureLink = text;
  }, link);
  return page;
}

async function show(page: Page, name: string, look = 'system'): Promise<void> {
  await page.evaluate(([state, as]) => self.showPeople(state ?? '', as), [name, look]);
  // Everything that lit has to draw is drawn.
  await page.evaluate(async () => {
    const settle = async (root: ParentNode): Promise<void> => {
      for (const element of root.querySelectorAll('*')) {
        await (element as Element & { updateComplete?: Promise<unknown> }).updateComplete;
        if (element.shadowRoot !== null) await settle(element.shadowRoot);
      }
    };
    await settle(document);
  });
}

const states = (page: Page) => page.evaluate(() => self.PEOPLE_STATES);
const asked = (page: Page) => page.evaluate(() => self.asked);

/** A browser whose camera sees a code with this text. */
async function seeing(text: string, name: string): Promise<Browser> {
  const page = await (await browser.newContext({ viewport: { width: 640, height: 480 } })).newPage();
  const code = Buffer.from(encodeQR(text, 'gif', { scale: 6, border: 4 })).toString('base64');
  await page.setContent(
    `<body style="margin:0;background:#fff;display:grid;place-items:center;height:100vh"><img style="height:440px" src="data:image/gif;base64,${code}">`,
  );
  const frame = await page.screenshot({ type: 'jpeg', quality: 90 });
  await page.context().close();
  const file = join(folder, `${name}.mjpeg`);
  writeFileSync(file, Buffer.concat(Array.from({ length: 10 }, () => frame)));
  return launchChromium({
    flags: [
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      `--use-file-for-fake-video-capture=${file}`,
    ],
  });
}

describe('every state', { timeout: 180_000 }, () => {
  it.each([
    ['phone', PHONE],
    ['desktop', DESKTOP],
  ])('has no accessibility violation in any look (axe, WCAG 2.2 AA), on a %s', async (_, shape) => {
    // Nothing is judged while it is half transparent.
    const page = await open({ ...shape, reducedMotion: 'reduce' });
    const looks = shape === PHONE ? ['light', 'dark', 'outdoor'] : ['light'];
    const found: string[] = [];
    for (const name of await states(page)) {
      for (const look of looks) {
        await show(page, name, look);
        const violations = await axeViolations(page, { coloursOnly: look !== 'light' });
        found.push(...violations.map((violation) => `${name}, ${look}: ${violation}`));
      }
    }
    expect(found).toEqual([]);
    await page.context().close();
  });

  it('has targets of 48 px and nothing wider than a small phone', async () => {
    const page = await open({ ...PHONE, viewport: { width: 360, height: 640 } });
    const found: string[] = [];
    for (const name of await states(page)) {
      await show(page, name, 'outdoor');
      const troubles = await page.evaluate(() => {
        const small: string[] = [];
        const visit = (root: ParentNode): void => {
          for (const element of root.querySelectorAll('*')) {
            const { width, height, right } = element.getBoundingClientRect();
            const isTarget = element.matches(
              'button, input, textarea, a, wa-button, wa-radio, wa-checkbox, wa-input, wa-textarea',
            );
            const isSeen = width > 0 && (element as HTMLElement).checkVisibility();
            if (isTarget && isSeen && Math.round(height) < 48)
              small.push(`${element.outerHTML.slice(0, 80)} is ${height} px high`);
            if (isSeen && right > innerWidth + 1 && !(element instanceof SVGElement))
              small.push(`${element.outerHTML.slice(0, 80)} ends at ${right}`);
            // What a library's control is made of inside is its own.
            if (element.shadowRoot !== null && !element.tagName.startsWith('WA-')) visit(element.shadowRoot);
          }
        };
        visit(document);
        return small;
      });
      found.push(...troubles.map((trouble) => `${name}: ${trouble}`));
    }
    expect(found).toEqual([]);
    await page.context().close();
  });
});

describe('two hundred devices', { timeout: 60_000 }, () => {
  it('are drawn only where they are seen, can be scrolled to the last, and found by name', async () => {
    const page = await open();
    await show(page, 'many');
    const rows = page.getByRole('listitem');
    await page.getByRole('button', { name: /^Station 1 / }).waitFor();
    expect(await rows.count()).toBeLessThan(80);
    expect(await rows.first().getAttribute('aria-setsize')).toBe('205');
    await page
      .getByRole('textbox', { name: 'Find a device' })
      .or(page.getByRole('searchbox', { name: 'Find a device' }))
      .fill('station 199');
    await page.getByRole('button', { name: /^Station 199 / }).waitFor();
    await page.getByRole('button', { name: /^Station 1 / }).waitFor({ state: 'detached' });
    await page.getByLabel('Find a device').fill('');
    await page.getByRole('heading', { name: 'This device', exact: true }).scrollIntoViewIfNeeded();
    await page.getByRole('button', { name: /^Station 200 / }).waitFor();
    // What is shown is gathered anew every second: that moves nothing.
    const before = await page.evaluate(() => scrollY);
    for (let i = 0; i < 3; i++) {
      await page.evaluate(async () => {
        type View = HTMLElement & { requestUpdate(): void; updateComplete: Promise<unknown> };
        const place = document.querySelector('people-place') as View;
        place.requestUpdate();
        await place.updateComplete;
        await new Promise((resolve) => requestAnimationFrame(resolve));
      });
    }
    expect(before).toBeGreaterThan(5_000);
    expect(await page.evaluate(() => scrollY)).toBe(before);
    await page.context().close();
  });
});

describe('by keyboard alone', { timeout: 60_000 }, () => {
  it('a door opens', async () => {
    const page = await open(DESKTOP);
    await show(page, 'doors');
    await tabTo(page, 'Make this device a station');
    await page.keyboard.press('Enter');
    await expect.poll(() => asked(page)).toContainEqual(['create', 'My stations', 'Linux computer 7K']);
    await page.context().close();
  });

  it('a device is invited for what was chosen, and the code is closed again', async () => {
    const page = await open(DESKTOP);
    await show(page, 'few');
    await tabTo(page, 'Invite a device');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Invite a device' }).waitFor();
    await tabTo(page, 'Records and sees everything');
    await page.keyboard.press('ArrowDown');
    await tabTo(page, 'How many devices');
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('5');
    await tabTo(page, '1 day');
    await page.keyboard.press('ArrowRight');
    await tabTo(page, 'Make a link');
    await page.keyboard.press('Enter');
    await page.getByRole('img', { name: 'Code with the invite link' }).waitFor();
    expect(await asked(page)).toContainEqual(['invite', 'reader', 5, 7 * 86_400_000]);
    await page.keyboard.press('Escape');
    await page.getByRole('img', { name: 'Code with the invite link' }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Show the last code again' }).waitFor();
    await page.context().close();
  });

  it('a device is removed only after saying that one is sure', async () => {
    const page = await open(DESKTOP);
    await show(page, 'few');
    await tabTo(page, 'Van');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Van' }).waitFor();
    await tabTo(page, 'Remove from the group');
    await page.keyboard.press('Enter');
    const remove = page.getByRole('button', { name: 'Remove Van' });
    expect(await remove.isDisabled()).toBe(true);
    await tabTo(page, 'I understand');
    await page.keyboard.press('Space');
    await tabTo(page, 'Remove Van');
    await page.keyboard.press('Enter');
    await expect.poll(() => asked(page)).toContainEqual(['remove', 'device-4']);
    await page.context().close();
  });
});

describe('a scan', { timeout: 60_000 }, () => {
  it('of another code says what it is, opens nothing, and goes on looking', async () => {
    const other = await seeing('WIFI:T:WPA;S:Hut net;P:secret;;', 'wifi');
    const page = await open(PHONE, other);
    await show(page, 'join');
    await page.getByRole('button', { name: 'Scan the code' }).tap();
    await page.getByText('joining the Wi-Fi network “Hut net”').waitFor();
    await page.getByText('Hold the code inside the square.').waitFor();
    expect(page.url()).toMatch(/#\/now\?door=join$/);
    await other.close();
  });

  it('that the person does not permit says how to go on, and a picture with the code does', async () => {
    const page = await open();
    const session = await page.context().newCDPSession(page);
    await session.send('Browser.setPermission', {
      permission: { name: 'camera' },
      setting: 'denied',
      origin: new URL(served.url).origin,
    });
    await show(page, 'join');
    await page.getByRole('button', { name: 'Scan the code' }).tap();
    await page.getByText('The camera was not permitted.').waitFor();
    const file = page.locator('scan-view input[type=file]');
    const empty = Buffer.from(encodeQR('x', 'gif')).subarray(0, 20);
    await file.setInputFiles({ name: 'no.gif', mimeType: 'image/gif', buffer: empty });
    await page.getByText('No code was found in this picture.').waitFor();
    const code = Buffer.from(encodeQR(link, 'gif', { scale: 5, border: 4 }));
    await file.setInputFiles({ name: 'code.gif', mimeType: 'image/gif', buffer: code });
    await page.getByText('This device can record, and see what every station records.').waitFor();
    await page.getByRole('button', { name: 'Join', exact: true }).tap();
    await expect.poll(() => asked(page)).toContainEqual(['join', link, 'Linux computer 7K']);
    await page.context().close();
  });

  it('with the browser’s own reader, where it knows such codes, is taken as well', async () => {
    const page = await open();
    await page.evaluate((text) => {
      class Native {
        static getSupportedFormats = async () => ['qr_code'];
        detect = async () => [{ rawValue: text }];
      }
      Object.assign(globalThis, { BarcodeDetector: Native });
    }, link);
    await page.context().grantPermissions(['camera'], { origin: new URL(served.url).origin });
    await show(page, 'join');
    await page.getByRole('button', { name: 'Scan the code' }).tap();
    await page.getByText('This device can record, and see what every station records.').waitFor();
    await page.context().close();
  });

  it('has a light to switch on where the camera has one', async () => {
    const page = await open();
    await page.context().grantPermissions(['camera'], { origin: new URL(served.url).origin });
    await page.evaluate(() => {
      const track = MediaStreamTrack.prototype;
      track.getCapabilities = () => ({ torch: true }) as MediaTrackCapabilities;
      track.applyConstraints = async (constraints) => {
        self.asked.push([JSON.stringify(constraints?.advanced)]);
      };
    });
    await show(page, 'scan');
    await page.getByRole('button', { name: 'Light on' }).tap();
    await page.getByRole('button', { name: 'Light off' }).tap();
    await page.getByRole('button', { name: 'Light on' }).waitFor();
    expect(await asked(page)).toEqual([['[{"torch":true}]'], ['[{"torch":false}]']]);
    await page.context().close();
  });

  it('in a group says that the code is for another group', async () => {
    const other = await seeing(link, 'invite');
    const page = await open(PHONE, other);
    await show(page, 'scan');
    await page.getByText('This browser is already in “My stations”').waitFor();
    await other.close();
  });
});

describe('a code on the screen', { timeout: 60_000 }, () => {
  it('can be copied and handed to the share sheet, as the same link', async () => {
    const page = await open();
    const { origin } = new URL(served.url);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin });
    await page.evaluate(() => {
      Object.assign(navigator, {
        share: async (what: { url: string }) => self.asked.push(['share', what.url]),
      });
    });
    await show(page, 'code');
    await page.getByRole('button', { name: 'Copy the link' }).tap();
    await page.getByText('Copied.').waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(link);
    await page.getByRole('button', { name: 'Share' }).tap();
    await expect.poll(() => asked(page)).toEqual([['share', link]]);
    await page.context().close();
  });

  it('is selected for copying by hand where the browser does not let the page copy', async () => {
    const page = await open();
    await page.evaluate(() => {
      Object.assign(navigator.clipboard, { writeText: () => Promise.reject(new Error('not allowed')) });
    });
    await show(page, 'code');
    await page.getByRole('button', { name: 'Copy the link' }).tap();
    await page.getByText('the link is selected, copy it by hand').waitFor();
    const selected = await page.getByRole('textbox', { name: 'Link' }).evaluate((field) => {
      const { value, selectionStart, selectionEnd } = field as HTMLTextAreaElement;
      return value.slice(selectionStart, selectionEnd);
    });
    expect(selected).toBe(link);
    await page.context().close();
  });
});

describe('a link', { timeout: 60_000 }, () => {
  it('that a messenger cut says so, and the whole one pasted over it is taken', async () => {
    const page = await open();
    await show(page, 'join');
    await page.getByLabel('Link').fill(link.slice(0, -30));
    await page.getByText('a messenger or a mail program has cut off its end').waitFor();
    await page.getByLabel('Link').fill(`Join us! ${link}`);
    await page.getByText('For up to 3 devices').waitFor();
    await page.context().close();
  });

  it.each([
    ['a day before it was made', Date.UTC(2026, 5, 30, 12), 'One of the two clocks is wrong'],
    ['after it ended', Date.UTC(2026, 6, 20, 12), 'This invite has ended'],
  ])('opened where the clock says %s is said to be so, with both times', async (_, nowMs, words) => {
    const page = await open(PHONE, browser, nowMs);
    await show(page, 'invited');
    await page.getByRole('alert').filter({ hasText: words }).waitFor();
    await page.context().close();
  });

  it('that has ended says what to ask for, cannot be joined by, and leads to another', async () => {
    const page = await open(PHONE, browser, Date.UTC(2026, 6, 20, 12));
    await show(page, 'invited');
    await page.getByText('This invite ended on').waitFor();
    await page.getByText('Ask somebody in the group for a new one').waitFor();
    await page.getByRole('button', { name: 'Scan or enter another invite' }).waitFor();
    expect(await page.getByRole('button', { name: 'Join', exact: true }).count()).toBe(0);
    await page.context().close();
  });

  it('that is missing when one wants to go on is asked for', async () => {
    const page = await open();
    await show(page, 'join');
    await page.getByRole('button', { name: 'Go on', exact: true }).tap();
    await page.getByText('First scan the code, or type the short code or paste the link').waitFor();
    expect(await asked(page)).toEqual([]);
    await page.context().close();
  });
});

describe('what one is told above every place', { timeout: 60_000 }, () => {
  it('takes a new invite where the old one is used up, by its code', async () => {
    const page = await open();
    await show(page, 'surplus-now');
    await page.getByRole('heading', { name: 'This invite is used up' }).waitFor();
    await page.getByRole('textbox', { name: 'Short code or link of the new invite' }).fill('k7qm-2f9x-rt4d');
    await page.getByRole('button', { name: 'Use the new invite' }).tap();
    await expect.poll(() => asked(page)).toEqual([['joinAgain', 'k7qm-2f9x-rt4d']]);
    await page.context().close();
  });

  it('a removed device is told what it holds and what it can do', async () => {
    const page = await open();
    await show(page, 'removed');
    const card = page.getByRole('alert').filter({ hasText: 'was removed from' });
    await card.getByText('It holds no recordings of the group.').waitFor();
    await card.getByText('To come back, export first, then leave the group').waitFor();
    await card
      .getByRole('button', { name: 'See what is here' })
      .or(card.getByRole('link', { name: 'See what is here' }))
      .waitFor();
    await page.context().close();
  });

  it('leaving is possible only after reading what is lost and saying that one is sure', async () => {
    const page = await open();
    await show(page, 'leaving');
    await page.getByText('Deleted: 12 hours that this device recorded').waitFor();
    await page.getByText('3 hours that other devices recorded').waitFor();
    const leave = page.getByRole('button', { name: 'Delete it here and leave' });
    expect(await leave.isDisabled()).toBe(true);
    await page.getByText('I understand that this cannot be undone').tap();
    await leave.tap();
    await expect.poll(() => asked(page)).toEqual([['leave']]);
    await page.context().close();
  });
});

describe('a device’s dialog', { timeout: 60_000 }, () => {
  it('is whole on the smallest phone, however long its name, and names no address that machines use', async () => {
    const page = await open({ ...PHONE, viewport: { width: 360, height: 640 } });
    await show(page, 'removing');
    const dialog = page.getByRole('dialog');
    const keep = page.getByRole('button', { name: 'Keep it' });
    await keep.scrollIntoViewIfNeeded();
    const box = await keep.boundingBox();
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThan(640);
    const sheet = await dialog.evaluate((one) => {
      const { top, bottom, left, right } = one.getBoundingClientRect();
      return { top, bottom, left, right };
    });
    expect(sheet.top).toBeGreaterThanOrEqual(0);
    expect(sheet.bottom).toBeLessThanOrEqual(640);
    expect(sheet.right).toBeLessThanOrEqual(360);
    await show(page, 'device-connected');
    await page.getByText('they met at therelayintheattic').waitFor();
    const said = await page.locator('device-dialog dl').evaluate((list) => ({
      text: list.textContent ?? '',
      right: Math.max(...[...list.querySelectorAll('dd')].map((one) => one.getBoundingClientRect().right)),
      isCut: list.scrollWidth > list.clientWidth,
    }));
    expect(said.text).not.toMatch(/wss?:|peerjs|7070/);
    expect(said.isCut).toBe(false);
    expect(said.right).toBeLessThanOrEqual(360);
    await page.context().close();
  });
});

describe('the look', { timeout: 60_000 }, () => {
  it('changes at a tap', async () => {
    const page = await open();
    await show(page, 'alone');
    await page.getByText('Outdoor', { exact: true }).tap();
    await page.waitForFunction(() => document.documentElement.dataset['look'] === 'outdoor');
    await page.context().close();
  });
});
