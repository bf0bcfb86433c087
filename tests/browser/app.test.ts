import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppWorld, hourDigests, joinApp, openApp, playSensors, savedCsv, stationWhen } from './app-world.ts';

let world: AppWorld;
beforeEach(() => {
  world = new AppWorld();
});
afterEach(async () => {
  await world.end();
});

/** A space made on the command line, with the relay as a member that keeps everything. */
async function groupWithRelay(): Promise<{
  url: string;
  host: string;
  invite: (role?: string) => Promise<string>;
}> {
  await world.must('space', 'create', '--data', world.path('admin'), '--name', 'Valley');
  const first = await world.must('invite', '--data', world.path('admin'), '--role', 'member');
  const { url, host } = await world.relay('relay', '--join', first.split('\n').at(-1) ?? '');
  // The relay is let in by the admin, who then goes away for good.
  await world.must(
    'sync',
    '--data',
    world.path('admin'),
    '--host',
    host,
    '--until-complete',
    '--timeout',
    '20s',
  );
  const invite = async (role = 'member') => {
    const said = await world.must('invite', '--data', world.path('relay'), '--role', role, '--host', host);
    return (said.split('\n').at(-1) ?? '').replace(/^[^#]*/, `${url}/?hour=3s`);
  };
  return { url, host, invite };
}

describe('the app in real Chromium', { timeout: 120_000 }, () => {
  it('records virtual sensors; a second page joins by link with the inviter closed and gets byte-identical hours', async () => {
    const { invite } = await groupWithRelay();
    const recorder = await world.chromium('recorder');
    const page = await openApp(recorder.context, await invite());
    const sensors = await playSensors(page);
    await joinApp(page, 'Kitchen');
    await page.getByRole('button', { name: 'Record', exact: true }).click();
    await stationWhen(page, { name: 'Kitchen', minSealed: 2, complete: false });
    // The page that records invites another one through its own form.
    await page.getByRole('link', { name: 'Devices' }).click();
    await page.getByRole('button', { name: 'Invite a device' }).click();
    await page.getByRole('button', { name: 'Make a link' }).click();
    const link = await page.getByRole('textbox', { name: 'Link' }).inputValue();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('link', { name: 'Record' }).click();
    await page.getByRole('button', { name: 'Stop recording' }).click();
    await page.getByRole('button', { name: 'Record', exact: true }).waitFor();
    await sensors.stop();
    const { sealed, id } = await stationWhen(page, { name: 'Kitchen', minSealed: 2, complete: true });
    const originals = await hourDigests(page, id);
    expect(originals.length).toBe(sealed);
    const status = async () =>
      JSON.parse(await world.must('status', '--data', world.path('relay'), '--json'));
    // The relay must have everything before the inviter closes; it answers beside its running process.
    while ((await status()).spaces[0].stations[0]?.held !== sealed);
    await recorder.close();

    const second = await world.chromium('second');
    const other = await openApp(second.context, link);
    await joinApp(other, 'Desk');
    await stationWhen(other, { name: 'Kitchen', minSealed: sealed, complete: true });
    expect(await hourDigests(other, id)).toEqual(originals);
  });

  it('SIGKILL of the recording browser loses at most two seconds, and the recording goes on by itself', async () => {
    const { invite } = await groupWithRelay();
    const address = (await invite()).replace('hour=3s', 'hour=600s');
    const before = await world.chromium('profile');
    const page = await openApp(before.context, address);
    const sensors = await playSensors(page);
    await joinApp(page, 'Barn');
    await page.getByRole('button', { name: 'Record', exact: true }).click();
    const rows = () =>
      page.evaluate(() => {
        type Model = { state: { recording: { streams: { name: string; rows: number }[] } | null } };
        const { model } = document.querySelector('waystation-app') as Element & { model: Model };
        return model.state.recording?.streams.find((stream) => stream.name === 'accelerometer')?.rows ?? 0;
      });
    await page.waitForFunction(() => {
      type Model = { state: { recording: { streams: { name: string; rows: number }[] } | null } };
      const { model } = document.querySelector('waystation-app') as Element & { model: Model };
      return (
        (model.state.recording?.streams.find((stream) => stream.name === 'accelerometer')?.rows ?? 0) > 100
      );
    });
    const killedAtMs = Date.now();
    expect(await rows()).toBeGreaterThan(100);
    await before.kill();
    await sensors.stop();

    const after = await world.chromium('profile');
    const again = await openApp(after.context, address.split('#')[0] ?? '');
    const more = await playSensors(again);
    await again.getByRole('link', { name: 'Record' }).click();
    await again.getByText('is recording').waitFor();
    await again.getByRole('button', { name: 'Stop recording' }).click();
    const { id } = await stationWhen(again, { name: 'Barn', minSealed: 1, complete: true });
    await more.stop();
    const csv = (await savedCsv(again, 'Barn')).trim().split('\n').slice(1);
    const times = csv.map((line) => Number(line.split(',')[0]) / 1000);
    const lastBefore = Math.max(...times.filter((ms) => ms <= killedAtMs));
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(killedAtMs - lastBefore).toBeLessThan(2_000);
  });
});

const SHARED = new URL('../../../shared/data/recordings/phone1hz.csv.gz', import.meta.url);

describe('a chain of pages and processes', { timeout: 180_000 }, () => {
  it('a van page linked to one station leaves with the far one, dead since, value for value', async () => {
    const recording = world.path('far.csv');
    writeFileSync(recording, readRecording());
    const space = ['--data', world.path('far')];
    await world.must('space', 'create', ...space, '--name', 'Valley');
    const near = await world.relay('hub-near');
    const middle = await world.relay('hub-middle');
    const far = await world.relay('hub-far');
    const invite = async (host: string, page: string) => {
      const said = await world.must('invite', ...space, '--role', 'member', '--host', host);
      return (said.split('\n').at(-1) ?? '').replace(/^[^#]*/, `${page}/`);
    };
    const [forPage, forNear, forVan] = [
      await invite(far.host, middle.url),
      await invite(middle.host, near.url),
      await invite(near.host, near.url),
    ];
    const replay = ['--replay', recording, '--speed', '100000', '--hour', '10m', '--for', '120s'];
    const farStation = world.start(
      'station',
      ...space,
      '--name',
      'Far',
      ...replay,
      '--host',
      far.host,
      '--json',
    );
    farStation.stderr?.resume();
    // A page in the middle: on the far hub by its invite, on the middle hub because that one served it.
    const relaying = await world.chromium('middle');
    const page = await openApp(relaying.context, forPage);
    await joinApp(page, 'Middle');
    await stationWhen(page, { name: 'Far', minSealed: 12, complete: true });
    farStation.kill('SIGKILL');
    await world.must('join', '--data', world.path('near'), forNear);
    const nearStation = world.start(
      'station',
      '--data',
      world.path('near'),
      '--name',
      'Near',
      '--host',
      middle.host,
      '--host',
      near.host,
    );
    nearStation.stderr?.resume();
    const vanBrowser = await world.chromium('van');
    const van = await openApp(vanBrowser.context, forVan);
    await joinApp(van, 'Van');
    await stationWhen(van, { name: 'Far', minSealed: 12, complete: true });
    const connected = await van.evaluate(() => {
      type Model = { state: { connections: { name: string }[] } };
      return (
        document.querySelector('waystation-app') as Element & { model: Model }
      ).model.state.connections.map((one) => one.name);
    });
    expect(connected).toEqual(['Near']);
    expect(numbers(await savedCsv(van, 'Far'))).toEqual(numbers(readFileSync(recording, 'utf8')));
  });
});

function readRecording(): string {
  return gunzipSync(readFileSync(SHARED)).toString('utf8');
}

/** The table as numbers: blanks stay blank, text forms of one value are equal. */
function numbers(csv: string): unknown[] {
  return csv
    .trim()
    .split('\n')
    .map((line, i) => line.split(',').map((cell) => (i === 0 || cell === '' ? cell : Number(cell))));
}
