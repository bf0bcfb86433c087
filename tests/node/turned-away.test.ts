/** Real processes that should not get in, or not any more: what they hold afterwards, and what people are told. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseInvite } from '../../src/identity/invite.ts';
import { loadOrCreateNodeKeys } from '../../src/identity/keys.node.ts';
import { openFileStore } from '../../src/store/file-system.node.ts';
import { buildCli, type Ran, type Started, Workshop } from './cli.ts';
import { openTestNode, until } from './in-process.ts';
import { writeRecording } from './recordings.ts';

const EXPIRES_MS = 200;

let shop: Workshop;
let admin: string;
let host: string;
let hub: Started;
let serving: Started;
beforeAll(async () => {
  buildCli();
  shop = new Workshop();
  admin = shop.path('admin');
  ({ process: hub, host } = await shop.relay(shop.path('hub')));
  await shop.space(admin);
  writeRecording('phone1hz', shop.path('phone1hz.csv'), 600);
  const replay = ['--replay', shop.path('phone1hz.csv'), '--speed', '600', '--hour', '2m'];
  serving = shop.start(['station', '--data', admin, '--name', 'Ridge', '--host', host, ...replay]);
  await serving.event('replay-ended');
});
afterAll(async () => {
  for (const one of [serving, hub]) expect((await one.stop()).code).toBe(0);
  await shop.close();
});

const invite = (role: string, ...words: string[]) => shop.invite(admin, role, '--host', host, ...words);
const sync = (data: string): Promise<Ran> =>
  shop.run(['sync', '--data', data, '--until-complete', '--timeout', '4s']);

/** Entry logs and blobs in a node's folder. */
async function holdings(data: string): Promise<{ entries: number; blobs: number }> {
  const store = await openFileStore(join(data, 'store'));
  const logs = [...(await store.logs.list())].filter(([name]) => name.startsWith('e/'));
  const entries = logs.reduce((sum, [, count]) => sum + count, 0);
  const blobs = (await store.blobs.list()).length;
  await store.close();
  return { entries, blobs };
}

/** Joins in the last moment, by a clock that is late; the invite has expired by everybody else's when this resolves. */
async function joinLate(data: string): Promise<void> {
  const link = await invite('member', '--expires', `${EXPIRES_MS}ms`);
  const expiredMs = Date.now() + EXPIRES_MS;
  const node = await openTestNode({
    store: await openFileStore(join(data, 'store')),
    keys: await loadOrCreateNodeKeys(join(data, 'keys')),
    aheadMs: () => -3_600_000,
  });
  await node.join(parseInvite(link));
  await node.close();
  await until(() => Date.now() > expiredMs);
}

test('one that was invited gets in: the others below fail for their own reasons', async () => {
  const data = shop.path('welcome');
  await shop.ask('join', '--data', data, await invite('reader'));
  expect((await sync(data)).code).toBe(0);
  expect((await holdings(data)).blobs).toBeGreaterThan(3);
});

test('one without an invite, on the same hub, meets nobody', async () => {
  const data = shop.path('own-space');
  await shop.space(data, 'Elsewhere');
  const { code, stdout } = await shop.run(['sync', '--data', data, '--host', host, '--timeout', '3s']);
  expect(code).toBe(1);
  expect(stdout).not.toContain('"linked"');
  expect((await shop.ask('status', '--data', data)).peers).toEqual([]);
});

test('one whose invite expired before it was let in gets nothing and is told so', async () => {
  const data = shop.path('expired');
  await joinLate(data);
  const { code, documents, stderr } = await sync(data);
  expect(code).toBe(1);
  expect(documents).toContainEqual(expect.objectContaining({ event: 'refused-by-peer', code: 'expired' }));
  expect(stderr).toContain('the invite has expired: ask for a new one');
  expect(stderr.trim().split('\n').at(-1)).toContain('no member let this node in: the invite has expired');
  expect(await holdings(data)).toEqual({ entries: 0, blobs: 0 });
});

test('a fresh invite helps one whose first has expired', async () => {
  const data = shop.path('second-chance');
  await joinLate(data);
  await shop.ask('join', '--data', data, await invite('member'));
  expect((await sync(data)).code).toBe(0);
  expect((await holdings(data)).blobs).toBeGreaterThan(3);
});

test('the second who comes by a one-use link gets nothing and is told so', async () => {
  const link = await invite('member');
  const [first, second] = [shop.path('first'), shop.path('second')];
  for (const data of [first, second]) await shop.ask('join', '--data', data, link);
  expect((await sync(first)).code).toBe(0);
  const { code, stderr } = await sync(second);
  expect(code).toBe(1);
  expect(stderr).toContain('used more often than it allows');
  expect(await holdings(second)).toEqual({ entries: 0, blobs: 0 });
});

test('a revoked one gets nothing more, and can neither record nor invite', async () => {
  const data = shop.path('revoked');
  await shop.ask('join', '--data', data, await invite('member'));
  expect((await sync(data)).code).toBe(0);
  const before = await holdings(data);
  const { node } = await shop.ask('status', '--data', data);
  const nobody = await shop.run(['revoke', '--data', admin, 'Nobody']);
  expect(nobody.code).toBe(1);
  expect(nobody.stderr).toContain('no member is called “Nobody”');
  // As people call it: its name or the first characters of its id.
  const { spaces } = await shop.ask('status', '--data', admin);
  const { name } = spaces[0].roster.find((one: { node: string }) => one.node === node);
  expect(await shop.ask('revoke', '--data', admin, name)).toMatchObject({ revoked: node });
  const { code, stderr } = await sync(data);
  expect(code).toBe(1);
  expect(stderr).toContain('was revoked');
  expect(await holdings(data)).toEqual(before);
});

test('only an admin revokes', async () => {
  const data = shop.path('no-admin');
  await shop.ask('join', '--data', data, await invite('member'));
  expect((await sync(data)).code).toBe(0);
  const { node } = await shop.ask('status', '--data', admin);
  const { code, stderr } = await shop.run(['revoke', '--data', data, node]);
  expect(code).toBe(1);
  expect(stderr).toContain('only an admin can revoke');
  for (const role of ['admin', 'recorder']) {
    const over = await shop.run(['invite', '--data', data, '--role', role]);
    expect({ role, code: over.code, stdout: over.stdout }).toEqual({ role, code: 1, stdout: '' });
    expect(over.stderr).toContain(`this node is member here and cannot invite as ${role}`);
  }
});
