/** From the doors to a second device that joined by a scanned code, and out again: two phones, touch, a relay, a fake camera. */
import { writeFileSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppWorld } from './app-world.ts';
import { launchChromium } from './chromium.ts';
import { tabTo } from './keyboard.ts';

const PHONE = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
  locale: 'en-GB',
  timezoneId: 'UTC',
};

let world: AppWorld;
const browsers: Browser[] = [];
beforeEach(() => {
  world = new AppWorld();
});
afterEach(async () => {
  for (const browser of browsers.splice(0)) await browser.close();
  await world.end();
});

async function phone(flags: readonly string[] = []): Promise<BrowserContext> {
  const browser = await launchChromium({ flags });
  browsers.push(browser);
  return browser.newContext(PHONE);
}

/** What a camera sees that is held in front of a picture, as the file that Chromium plays instead of a camera. */
async function cameraBefore(
  context: BrowserContext,
  picture: Buffer,
  name: string,
): Promise<readonly string[]> {
  const page = await context.newPage();
  await page.setViewportSize({ width: 640, height: 480 });
  await page.setContent(
    `<body style="margin:0;background:#fff;display:grid;place-items:center;height:100vh"><img style="height:440px" src="data:image/png;base64,${picture.toString('base64')}">`,
  );
  const frame = await page.screenshot({ type: 'jpeg', quality: 90 });
  await page.close();
  const file = world.path(name);
  writeFileSync(file, Buffer.concat(Array.from({ length: 10 }, () => frame)));
  return [
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    `--use-file-for-fake-video-capture=${file}`,
  ];
}

/** Writes the recovery words down, with one mistake at first. */
async function keepWords(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Show the words' }).tap();
  const words = await page
    .getByRole('list', { name: 'Recovery words, in order' })
    .getByRole('listitem')
    .allInnerTexts();
  await page.getByRole('button', { name: 'I have written them down' }).tap();
  const fields = page.getByRole('textbox', { name: /^Word \d+$/ });
  await fields.first().waitFor();
  const labels = await page
    .locator('recovery-view wa-input')
    .evaluateAll((inputs) => inputs.map((input) => (input as HTMLElement & { label: string }).label));
  expect(labels).toHaveLength(3);
  const right = labels.map((label) => words[Number(label.replace('Word ', '')) - 1]?.trim() ?? '');
  for (const [i, word] of right.entries())
    await fields.nth(i).fill(i === 1 ? 'wrong' : ` ${word.toUpperCase()} `);
  await page.getByRole('button', { name: 'Check' }).tap();
  await page
    .getByRole('alert')
    .filter({ hasText: labels[1]?.replace('Word', 'word') ?? '' })
    .waitFor();
  await fields.nth(1).fill(right[1] ?? '');
  await page.getByRole('button', { name: 'Check' }).tap();
  await page.getByRole('button', { name: 'Show the words' }).waitFor({ state: 'detached' });
}

const place = (page: Page, name: string) => page.getByRole('navigation').getByRole('link', { name }).tap();

describe('the way in and out', { timeout: 120_000 }, () => {
  it('door, station, words, code, a scan by the other, listed, removed, and the removed one says so', async () => {
    const { url } = await world.relay('relay');
    const context = await phone();
    const first = await context.newPage();
    await first.goto(url);
    await first.getByLabel('Name of this device').fill('Ridge');
    await first.getByRole('button', { name: 'Make this device a station' }).tap();
    await first.waitForURL(/#\/record$/);
    await keepWords(first);
    expect(new URL(first.url()).hash).toBe('#/record');

    await place(first, 'Devices');
    await first.getByText('Only this device so far').waitFor();
    await first.getByRole('button', { name: 'Invite a device' }).tap();
    await first.getByRole('button', { name: 'Make a link' }).tap();
    const code = first.getByRole('img', { name: 'Code with the invite link' });
    const { y, width, height } = (await code.boundingBox()) ?? { y: -1, width: 0, height: 0 };
    expect(width).toBeGreaterThan(350);
    // All of it is on the screen, whatever stands below.
    expect(y).toBeGreaterThan(0);
    expect(y + height).toBeLessThan(844);
    const flags = await cameraBefore(context, await code.screenshot(), 'code.mjpeg');

    const second = await (await phone(flags)).newPage();
    await second.goto(url);
    await second.getByRole('button', { name: 'Join with a link or QR' }).tap();
    await second.getByRole('button', { name: 'Scan the code' }).tap();
    await second.getByText('This device can record, and see what every station records.').waitFor();
    await second.getByLabel('Name of this device').fill('Gate');
    await second.getByRole('button', { name: 'Join', exact: true }).tap();
    await second.waitForURL(/#\/record$/);

    await first.getByRole('button', { name: 'Done' }).tap();
    await first.getByRole('button', { name: 'All devices' }).tap();
    await first.getByRole('button', { name: /^Gate .*connected/s }).tap();
    await first.getByRole('button', { name: 'Remove from the group' }).tap();
    await first.getByText('It keeps what it already has').waitFor();
    const remove = first.getByRole('button', { name: 'Remove Gate' });
    expect(await remove.isDisabled()).toBe(true);
    await first.getByText('I understand that this cannot be undone').tap();
    await remove.tap();
    await first.getByText('It was removed.').waitFor();
    await first.keyboard.press('Escape');
    await first.getByRole('button', { name: /^Gate .*removed/s }).waitFor();

    await place(second, 'Devices');
    await second.getByRole('heading', { name: /This device was removed from/ }).waitFor();
  });

  it('a second one by a used-up invite is told so, and gets in by the next, within two taps of the link', async () => {
    const { url } = await world.relay('relay');
    const context = await phone();
    const first = await context.newPage();
    await first.goto(url);
    await first.getByRole('button', { name: 'Collect data on this device' }).tap();
    await first.waitForURL(/#\/now$/);
    const invite = async () => {
      await first.goto(`${url}/#/people?show=invite`);
      await first.getByRole('button', { name: 'Make a link' }).tap();
      const link = await first.getByRole('textbox', { name: 'Link' }).inputValue();
      await first.getByRole('button', { name: 'Done' }).tap();
      return link;
    };
    const only = await invite();

    const early = await (await phone()).newPage();
    await early.goto(only);
    await early.getByRole('button', { name: 'Join', exact: true }).tap();
    // One tap, and recording is the next.
    await early.getByRole('button', { name: 'Record', exact: true }).waitFor();
    await early.waitForFunction(() => {
      type Model = { state: { admitted: boolean } };
      return (document.querySelector('waystation-app') as Element & { model: Model }).model.state.admitted;
    });

    const late = await (await phone()).newPage();
    await late.goto(only);
    await late.getByRole('button', { name: 'Join', exact: true }).tap();
    // Wherever one is.
    await late.getByRole('heading', { name: 'This invite is used up' }).waitFor();
    await late.goto(await invite());
    await late.getByRole('button', { name: 'Use the link that was opened' }).tap();
    await place(late, 'Devices');
    await late
      .getByRole('button', { name: /^Linux computer .*connected/s })
      .first()
      .waitFor();
  });

  it('a link that is of no use here leaves the page where it is, and every place can be gone to', async () => {
    const { url } = await world.relay('relay');
    const page = await (await phone()).newPage();
    await page.goto(url);
    await page.getByRole('button', { name: 'Collect data on this device' }).tap();
    await page.waitForURL(/#\/now$/);
    // What was chosen comes first.
    await page.locator('wa-button[variant=brand]', { hasText: 'Invite a station' }).waitFor();
    await place(page, 'Devices');
    await page.getByRole('button', { name: 'Invite a device' }).tap();
    await page.getByRole('button', { name: 'Make a link' }).tap();
    const link = await page.getByLabel('Link', { exact: true }).inputValue();
    await page.getByRole('button', { name: 'Done' }).tap();
    await page.getByRole('button', { name: 'All devices' }).tap();
    await page.waitForURL(/#\/people$/);
    // An invite to the group that this device is in already.
    await page.evaluate((hash) => {
      location.hash = hash;
    }, new URL(link).hash);
    await page.waitForURL(/#\/people$/);
    await page.getByRole('heading', { name: 'Devices' }).waitFor();
    await place(page, 'Now');
    await page.getByText('Nothing has been recorded yet').waitFor();
  });

  it('without any network one makes an invite; after a reload its words are gone, and it says so', async () => {
    const { url } = await world.relay('relay');
    const context = await phone();
    const page = await context.newPage();
    await page.goto(url);
    await page.getByRole('button', { name: 'Make this device a station' }).tap();
    await page.getByRole('button', { name: 'Show the words' }).waitFor();
    await place(page, 'Devices');
    await page.getByRole('button', { name: 'Invite a device' }).waitFor();
    await context.setOffline(true);
    await page.getByRole('button', { name: 'Invite a device' }).tap();
    await page.getByText('Only records, sees nothing').tap();
    await page.getByRole('button', { name: 'Make a link' }).tap();
    await page.getByRole('img', { name: 'Code with the invite link' }).waitFor();
    expect(await page.getByRole('dialog').innerText()).toContain('Only records, sees nothing');
    await context.setOffline(false);
    await page.reload();
    await page.getByText('The recovery words are gone').waitFor();
    await page.getByRole('button', { name: 'I understand' }).tap();
    await page.getByText('The recovery words are gone').waitFor({ state: 'detached' });
  });

  it('by keyboard alone one comes from the doors to the Record button, keeps the words, and shows an invite', async () => {
    const { url } = await world.relay('relay');
    const browser = await launchChromium();
    browsers.push(browser);
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' });
    const press = async (name: string) => {
      await tabTo(page, name);
      await page.keyboard.press('Enter');
    };
    await page.goto(url);
    await page.getByRole('button', { name: 'Make this device a station' }).waitFor();
    await press('Make this device a station');
    await page.waitForURL(/#\/record$/);
    await page.getByRole('button', { name: 'Show the words' }).waitFor();
    await press('Show the words');
    const list = page.getByRole('list', { name: 'Recovery words, in order' }).getByRole('listitem');
    await list.first().waitFor();
    const words = await list.allInnerTexts();
    await press('I have written them down');
    const fields = page.locator('recovery-view wa-input');
    await fields.first().waitFor();
    const labels = await fields.evaluateAll((inputs) =>
      inputs.map((input) => (input as HTMLElement & { label: string }).label),
    );
    for (const label of labels) {
      await tabTo(page, label);
      await page.keyboard.type(words[Number(label.replace('Word ', '')) - 1] ?? '');
    }
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Record', exact: true }).waitFor();
    await press('Devices');
    await page.getByRole('button', { name: 'Invite a device' }).waitFor();
    await press('Invite a device');
    await page.getByRole('heading', { name: 'Invite a device' }).waitFor();
    await press('Make a link');
    await page.getByRole('img', { name: 'Code with the invite link' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Show the last code again' }).waitFor();
    // The code that was closed takes its own step of the history away, a moment later.
    await page.waitForFunction(() => (history.state?.layers ?? 0) === 0);
    // “Back” returns to the list.
    await page.goBack();
    await page.getByRole('heading', { name: 'Invited (1)' }).waitFor();
  });
});
