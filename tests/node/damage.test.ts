/** A disk that rots under a node: it says what is wrong, keeps everything else, and fetches again what others still have. */
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildCli, type Document, type Started, Workshop } from './cli.ts';
import { filesBelow } from './plaintext.ts';
import { difference, writeRecording } from './recordings.ts';

const HOURS = 5;

let shop: Workshop;
let source: string;
let station: string;
let pristine: string;
let hub: Started;
let serving: Started;
let host: string;
beforeAll(async () => {
  buildCli();
  shop = new Workshop();
  [source, station, pristine] = [shop.path('phone1hz.csv'), shop.path('station'), shop.path('pristine')];
  writeRecording('phone1hz', source, 1_200);
  ({ process: hub, host } = await shop.relay(shop.path('hub')));
  await shop.space(station);
  const link = await shop.invite(station, 'member', '--host', host);
  const replay = ['--replay', source, '--speed', '1200', '--hour', '5m'];
  serving = shop.start(['station', '--data', station, '--name', 'Ridge', ...replay]);
  await serving.document(({ event, hours }) => event === 'sealed' && hours === HOURS);
  await shop.ask('join', '--data', pristine, link);
  await shop.ask('sync', '--data', pristine, '--until-complete', '--timeout', '30s');
});
afterAll(async () => {
  await serving.stop();
  await hub.stop();
  await shop.close();
});

let data: string;
let copies = 0;
/** Each test damages a copy of a node that holds everything; the station goes on serving. */
beforeEach(() => {
  data = shop.path(`copy-${copies++}`);
  for (const { path, bytes } of filesBelow(pristine)) {
    const to = join(data, path.slice(pristine.length));
    shop.makeFolderOf(to);
    writeFileSync(to, bytes, { mode: 0o600 });
  }
});

function blobFiles(): string[] {
  const files = filesBelow(join(data, 'store/blobs')).map(({ path }) => path);
  expect(files).toHaveLength(HOURS);
  return files.sort();
}

/** The log of entries with the most bytes is the station's data feed, the other holds its control feed. */
function entryLogs(): { readonly dataLog: string; readonly controlLog: string } {
  const folder = join(data, 'store/logs');
  const logs = readdirSync(folder)
    .filter((name) => name.startsWith('e') && name.endsWith('.log'))
    .map((name) => join(folder, name))
    .sort((a, b) => statSync(b).size - statSync(a).size);
  return { dataLog: logs[0] ?? '', controlLog: logs[1] ?? '' };
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 0x10;
  writeFileSync(path, bytes);
}

async function verify() {
  const { code, result, stderr } = await shop.run(['verify', '--data', data]);
  return {
    code,
    ok: result?.ok,
    problems: [...(result?.damaged ?? []), ...(result?.spaces[0].problems ?? [])],
    stderr,
  };
}

/** What is known of the station; undefined when none of its entries is left. */
async function stationStatus(): Promise<Document> {
  const { spaces } = await shop.ask('status', '--data', data);
  return spaces[0].stations.find(({ name }: Document) => name === 'Ridge');
}

/** After meeting the station again everything is there and sound. */
async function expectMended(): Promise<void> {
  const synced = await shop.run(['sync', '--data', data, '--until-complete', '--timeout', '30s']);
  expect({ code: synced.code, stderr: synced.stderr.split('\n').slice(-3) }).toMatchObject({ code: 0 });
  expect(await verify()).toMatchObject({ code: 0, ok: true, problems: [] });
  expect(await stationStatus()).toMatchObject({ sealed: HOURS, held: HOURS, missing: 0, unseen: 0 });
  const out = `${data}.csv`;
  await shop.ask('export', '--data', data, '--station', 'Ridge', '--out', out);
  expect(difference(readFileSync(out, 'utf8'), readFileSync(source, 'utf8'))).toBeUndefined();
}

describe('a damaged blob', () => {
  test.each([
    ['a flipped bit in its bytes', (path: string) => flip(path, 1_000)],
    ['a cut-off end', (path: string) => truncateSync(path, 5_000)],
    ['no file left', (path: string) => rmSync(path)],
  ])('%s: verify names it, the other hours stay, and a sync fetches it again', async (how, damage) => {
    const [path = ''] = blobFiles();
    damage(path);
    const report = await verify();
    if (how === 'no file left') {
      // Nothing that is there is wrong; status says that an hour is missing.
      expect(report).toMatchObject({ code: 0, ok: true });
    } else {
      expect(report).toMatchObject({ code: 1, ok: false });
      expect(report.problems).toHaveLength(1);
      expect(report.problems[0]).toContain(path.split('/').at(-1)?.split('-')[0]);
    }
    expect(await stationStatus()).toMatchObject({ sealed: HOURS, held: HOURS - 1, missing: 1 });
    const out = `${data}.part.csv`;
    const exported = await shop.run(['export', '--data', data, '--station', 'Ridge', '--out', out]);
    expect(exported).toMatchObject({ code: 1, result: { missing: 1 } });
    expect(exported.stderr).toContain('1 not held here: sync, then export again');
    expect(exported.result.rows).toBeGreaterThan(600);
    await expectMended();
  });
});

describe('a damaged log of entries', () => {
  test('a flipped bit in the middle: status and verify say so, the blobs stay, a sync brings the rest', async () => {
    const { dataLog } = entryLogs();
    flip(dataLog, Math.floor(statSync(dataLog).size / 2));
    const report = await verify();
    expect(report.code).toBe(1);
    expect(report.problems.join('\n')).toContain('damaged');
    // What came in one batch counts whole or not at all.
    expect((await stationStatus())?.sealed ?? 0).toBeLessThan(HOURS);
    expect(blobFiles()).toHaveLength(HOURS);
    await expectMended();
  });

  test('a torn end is what a crash leaves: it is cut off with a word, and a sync brings it back', async () => {
    const { dataLog } = entryLogs();
    truncateSync(dataLog, statSync(dataLog).size - 10);
    const { stderr, code } = await shop.run(['status', '--data', data]);
    expect(code).toBe(0);
    expect(stderr).toContain('half written when the program stopped');
    await expectMended();
  });

  test('a control log that is damaged from its first byte on: who this node is and what it holds are not lost', async () => {
    const { controlLog } = entryLogs();
    const before = (await shop.ask('status', '--data', data)).node;
    flip(controlLog, 3);
    const report = await verify();
    expect(report.code).toBe(1);
    expect((await shop.ask('status', '--data', data)).node).toBe(before);
    await expectMended();
  });
});

describe('damaged keys and records', () => {
  test.each([
    ['the keys of the node', 'keys', 'restore it'],
    ['the record of a space', 'store/state', 'does not match its checksum'],
  ])('%s: every command says which file it is and none makes a new one', async (_, folder, why) => {
    const file =
      readdirSync(join(data, folder)).find((name) => name.startsWith('space') || name.endsWith('.pem')) ?? '';
    const path = join(data, folder, file);
    flip(path, Math.floor(statSync(path).size / 2));
    const damaged = readFileSync(path);
    for (const words of [['status'], ['verify'], ['station', '--name', 'X', '--for', '1s']]) {
      const { code, stderr } = await shop.run([...words, '--data', data]);
      expect({ words, code }).toEqual({ words, code: 1 });
      expect(stderr.toLowerCase()).toContain(why);
    }
    expect(readFileSync(path).equals(damaged)).toBe(true);
    expect(blobFiles()).toHaveLength(HOURS);
  });
});

test('a station that lost the end of its own log gets it back from others, and goes on', async () => {
  await serving.stop();
  const own = data;
  data = station;
  const { dataLog } = entryLogs();
  flip(dataLog, statSync(dataLog).size - 40);
  // It wrote its entries one by one: only the last is gone.
  expect(await stationStatus()).toMatchObject({ sealed: HOURS - 1, held: HOURS - 1 });
  const keeper = shop.start(['station', '--data', own, '--name', 'Keeper']);
  await keeper.event('recording');
  writeFileSync(shop.path('more.csv'), 't_s,x\n1751990000,1\n1751990001,2\n');
  const more = shop.start([
    'station',
    '--data',
    station,
    '--name',
    'Ridge',
    '--replay',
    shop.path('more.csv'),
    '--hour',
    '5m',
  ]);
  await more.document(({ blobs }) => blobs?.held === HOURS + 1 && blobs.missing === 0);
  await more.stop();
  await keeper.stop();
  expect((await verify()).code).toBe(0);
  expect(await stationStatus()).toMatchObject({ sealed: HOURS + 1, held: HOURS + 1, missing: 0 });
});
