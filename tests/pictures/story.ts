/** The pictures of README and docs: a real relay of the built app, a station that replays a recording, a phone with virtual sensors. */
import { copyFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { type AppWorld, playSensors, stationWhen } from '../browser/app-world.ts';
import { newContext, take } from './camera.ts';

const RECORDING = 'tests/vectors/recordings/phone1hz-cut.csv';
const SENSORS = ['accelerometer', 'gyroscope', 'magnetometer'] as const;
/** Replayed twelve times as fast in hours of ten seconds, so that a minute of recording is several hours. */
const REPLAY_AS = ['--speed', '12', '--hour', '10s', '--for', '10m'];

async function go(page: Page, place: string): Promise<void> {
  await page
    .getByRole('navigation')
    .getByRole('link', { name: new RegExp(`^${place}`) })
    .click();
  await page.getByRole('heading', { level: 1 }).first().waitFor();
}

export async function takeStory(world: AppWorld, browser: Browser, folder: string): Promise<void> {
  const { url, host } = await world.relay('relay', '--create', 'Our valley', '--name', 'Cupboard');
  const invite = async (role: string) => {
    const said = await world.must('invite', '--data', world.path('relay'), '--role', role, '--host', host);
    return said.split('\n').at(-1) ?? '';
  };
  copyFileSync(RECORDING, world.path('drive.csv'));
  await world.must('join', '--data', world.path('ridge'), await invite('member'));
  world.start(
    'station',
    '--data',
    world.path('ridge'),
    '--name',
    'Ridge',
    '--replay',
    world.path('drive.csv'),
    ...REPLAY_AS,
  );

  const phoneContext = await newContext(browser, 'phone');
  const phone = await phoneContext.newPage();
  await phoneContext.grantPermissions([...SENSORS, 'screen-wake-lock']);
  await phone.goto(`${url}/?hour=10s`);
  await phone.getByRole('button', { name: /^Join “Our valley”/ }).waitFor();
  await take(phone, folder, 'phone-doors');
  await phone.goto(`${url}/?hour=10s#${(await invite('member')).split('#')[1]}`);
  await phone.reload();
  await phone.getByLabel('Name of this device').fill('Window');
  await take(phone, folder, 'phone-join');
  const sensors = await playSensors(phone);
  await phone.getByRole('button', { name: 'Join', exact: true }).click();
  await phone.getByRole('button', { name: 'Record', exact: true }).waitFor();
  await phone.getByText('Movement').first().waitFor();
  await phone.getByText('Waiting to meet').waitFor({ state: 'hidden' });
  await take(phone, folder, 'phone-record');
  await phone.getByRole('button', { name: 'Record', exact: true }).click();
  await stationWhen(phone, { name: 'Window', minSealed: 2, complete: true });
  if (await phone.locator('record-face').isVisible()) await phone.locator('record-face').tap();
  await take(phone, folder, 'phone-recording');
  await phone.getByRole('button', { name: 'Darken' }).tap();
  await phone.locator('record-face').waitFor();
  await take(phone, folder, 'phone-face');
  await phone.locator('record-face').tap();

  const deskContext = await newContext(browser, 'desktop');
  const desk = await deskContext.newPage();
  await desk.goto(await invite('member'));
  await desk.getByLabel('Name of this device').fill('Desk');
  await desk.getByRole('button', { name: 'Join', exact: true }).click();
  await go(desk, 'Now');
  for (const name of ['Window', 'Ridge']) await stationWhen(desk, { name, minSealed: 3, complete: true });
  const putAway = desk.getByRole('button', { name: /^(Done|Put this away)$/ });
  if (await putAway.isVisible()) await putAway.click();
  await take(desk, folder, 'desktop-now');
  await go(desk, 'Data');
  await desk.getByRole('button', { name: /Ridge/ }).first().click();
  await desk.waitForLoadState('networkidle');
  await take(desk, folder, 'desktop-data');
  await go(desk, 'Network');
  await desk.getByText('Connected to').first().waitFor();
  await take(desk, folder, 'desktop-network');
  await go(desk, 'Devices');
  await take(desk, folder, 'desktop-devices');
  await go(phone, 'Devices');
  await phone.getByRole('button', { name: 'Invite a device' }).tap();
  await phone.getByRole('button', { name: 'Make a link' }).tap();
  await phone.getByRole('img', { name: 'Code with the invite link' }).waitFor();
  await take(phone, folder, 'phone-invite');
  await phone.getByRole('button', { name: 'Done' }).tap();
  await go(phone, 'Now');
  await take(phone, folder, 'phone-now');
  await go(phone, 'Data');
  await phone.waitForLoadState('networkidle');
  await take(phone, folder, 'phone-data');
  await sensors.stop();
}
