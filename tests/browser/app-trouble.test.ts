/** The app where something is wrong: each time it says what, and what was there stays. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppWorld, joinApp, openApp, playSensors, stationWhen } from './app-world.ts';

let world: AppWorld;
beforeEach(() => {
  world = new AppWorld();
});
afterEach(async () => {
  await world.end();
});

/** A relay with a group of its own, and an invite to it whose hours last three seconds. */
async function invited(): Promise<string> {
  const { url, host } = await world.relay('relay', '--create', 'Valley');
  const said = await world.must('invite', '--data', world.path('relay'), '--role', 'member', '--host', host);
  return (said.split('\n').at(-1) ?? '').replace(/^[^#]*/, `${url}/?hour=3s`);
}

describe('the app in trouble', { timeout: 120_000 }, () => {
  it('in a second tab says where it is open; the first goes on, and the second takes over when it is closed', async () => {
    const address = await invited();
    const { context } = await world.chromium('two-tabs');
    const first = await openApp(context, address);
    const sensors = await playSensors(first);
    await joinApp(first, 'Kitchen');
    await first.getByRole('button', { name: 'Record', exact: true }).click();
    await stationWhen(first, { name: 'Kitchen', minSealed: 1, complete: true });

    const second = await context.newPage();
    await second.goto(address);
    await second.getByText('Waystation is open in another tab').waitFor();
    await first.bringToFront();
    const { sealed } = await stationWhen(first, { name: 'Kitchen', minSealed: 2, complete: true });
    await sensors.stop();
    await first.close();

    await second.reload();
    await stationWhen(second, { name: 'Kitchen', minSealed: sealed, complete: true });
  });

  it('without permission for any sensor says that it records nothing, and records once it is given', async () => {
    const address = await invited();
    const { context } = await world.chromium('denied');
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    const { origin } = new URL(address);
    const permit = async (setting: 'denied' | 'granted') => {
      for (const name of ['accelerometer', 'gyroscope', 'magnetometer'])
        await session.send('Browser.setPermission', { permission: { name }, setting, origin });
    };
    await permit('denied');
    await page.goto(address);
    const sensors = await playSensors(page);
    await joinApp(page, 'Barn');
    await page.getByRole('link', { name: 'Record', exact: true }).click();
    await page.getByRole('button', { name: 'Record', exact: true }).click();
    await page.getByText('Not recording: no sensor is permitted').waitFor();
    expect(await page.getByRole('heading', { name: 'Barn is recording' }).count()).toBe(0);
    await permit('granted');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { name: 'Barn is recording' }).waitFor();
    await stationWhen(page, { name: 'Barn', minSealed: 1, complete: true });
    await sensors.stop();
  });

  it('in a browser that keeps nothing for it says so, and what to do', async () => {
    const { url } = await world.relay('relay');
    const { context } = await world.chromium('forbidden');
    const page = await context.newPage();
    // What Chromium does where site data are blocked.
    await page.addInitScript(() => {
      for (const name of ['localStorage', 'sessionStorage', 'indexedDB'])
        Object.defineProperty(globalThis, name, {
          get: () => {
            throw new DOMException('Access is denied for this document.', 'SecurityError');
          },
        });
    });
    await page.goto(url);
    await page.getByRole('heading', { name: 'This browser keeps nothing for this page' }).waitFor();
    await page.getByText('Allow this address to save data').waitFor();
  });
});
