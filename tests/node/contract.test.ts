/** The command line contract, for commands that end by themselves: documents, help, exit codes, refusals. */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildCli, ROOT, Workshop } from './cli.ts';
import { until } from './in-process.ts';

const COMMANDS = [
  ['relay'],
  ['space'],
  ['space', 'create'],
  ['invite'],
  ['join'],
  ['station'],
  ['sync'],
  ['revoke'],
  ['status'],
  ['export'],
  ['verify'],
];
const NODE_ID = /^did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}$/;
const SPACE_ID = /^[0-9a-f]{64}$/;

let shop: Workshop;
let admin: string;
let space: string;
beforeAll(async () => {
  buildCli();
  shop = new Workshop();
  admin = shop.path('admin');
  space = await shop.space(admin);
});
afterAll(() => shop.close());

const plain = (...words: string[]) => shop.run(words, { plain: true });
/** Runs commands two at a time: this machine has few cores. */
async function inPairs<T>(items: readonly T[], each: (item: T) => Promise<void>): Promise<void> {
  for (let i = 0; i < items.length; i += 2) await Promise.all(items.slice(i, i + 2).map(each));
}

describe('help', () => {
  test('is given for the program and for every command, on stdout, with exit 0', async () => {
    await inPairs([[], ...COMMANDS], async (words) => {
      const { code, stdout } = await plain(...words, '--help');
      expect({ words, code }).toEqual({ words, code: 0 });
      expect(stdout).toContain(['Usage: waystation', ...words].join(' '));
    });
  });

  test('npx waystation runs it from a checkout', () => {
    const { status, stdout } = spawnSync('npx', ['--no-install', 'waystation', '--version'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect(status).toBe(0);
    expect(stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

describe('what cannot be asked', () => {
  test.each([
    ['no command', []],
    ['half a command', ['space']],
    ['an unknown command', ['frobnicate']],
    ['an unknown option', ['status', '--data', 'x', '--nope']],
    ['no data folder', ['status']],
    ['a word too many', ['status', '--data', 'x', 'y']],
    ['an unknown role', ['invite', '--data', 'x', '--role', 'king']],
    ['no uses', ['invite', '--data', 'x', '--role', 'member', '--uses', '0']],
    ['half a use', ['invite', '--data', 'x', '--role', 'member', '--uses', '1.5']],
    ['a time that is none', ['invite', '--data', 'ADMIN', '--role', 'member', '--expires', 'soon']],
    ['a host that is none', ['sync', '--data', 'x', '--host', 'nowhere']],
    ['a host of another kind', ['sync', '--data', 'x', '--host', 'ftp://127.0.0.1']],
    ['a peer that is none', ['sync', '--data', 'x', '--only-peer', 'did:key:nobody']],
    ['a node that is none', ['revoke', '--data', 'x', 'did:key:nobody']],
    ['a port that is none', ['relay', '--data', 'x', '--port', '70000']],
    ['a speed below zero', ['station', '--data', 'x', '--name', 'S', '--speed', '-1']],
    ['an hour below a second', ['station', '--data', 'ADMIN', '--name', 'S', '--hour', '10ms']],
    ['a space id that is none', ['status', '--data', 'ADMIN', '--space', 'abc']],
    ['an unknown format', ['export', '--data', 'x', '--station', 'S', '--out', 'o', '--format', 'xlsx']],
    ['a bad time', ['export', '--data', 'x', '--station', 'S', '--out', 'o', '--from', 'yesterday']],
  ])('%s: exit 2 and a sentence on stderr', async (_, words) => {
    const { code, stdout, stderr } = await plain(...words.map((word) => (word === 'ADMIN' ? admin : word)));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.trim().length).toBeGreaterThan(10);
    expect(stderr).not.toContain('    at ');
  });
});

describe('space create, invite, join', () => {
  test('space create prints the space id alone on stdout, and the recovery words on stderr', async () => {
    const { code, stdout, stderr } = await plain(
      'space',
      'create',
      '--data',
      shop.path('c'),
      '--name',
      'Hut',
    );
    expect(code).toBe(0);
    expect(stdout.trim()).toMatch(SPACE_ID);
    expect(stderr).toMatch(/^ +1 [a-z]+ .*\n(?:.*\n)* .* 24 [a-z]+$/m);
  });

  test('invite ends stdout with the link, whatever the role; with --json the document holds it', async () => {
    await inPairs(['admin', 'member', 'reader', 'mirror'], async (role) => {
      const words = [
        'invite',
        '--data',
        shop.path(`inviter-${role}`),
        '--role',
        role,
        '--host',
        'ws://127.0.0.1:9',
      ];
      await shop.space(shop.path(`inviter-${role}`));
      const { stdout, code } = await plain(...words);
      expect(code).toBe(0);
      expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^http:\/\/127\.0\.0\.1:9\/#join=[A-Za-z0-9_-]+$/);
      const document = await shop.ask(...words, '--uses', '3', '--expires', '2d');
      expect(document).toMatchObject({ role, uses: 3, link: expect.stringContaining('#join=') });
    });
  });

  test('join takes the link and says that nobody let this node in yet', async () => {
    const link = await shop.invite(admin, 'reader', '--host', 'ws://127.0.0.1:9');
    const joiner = shop.path('joiner');
    expect(await shop.ask('join', '--data', joiner, link)).toEqual({
      space,
      admitted: false,
      role: 'reader',
    });
    const status = await shop.ask('status', '--data', joiner);
    expect(status.spaces).toMatchObject([
      { id: space, name: null, role: 'reader', admitted: false, stations: [] },
    ]);
    const invite = await plain('invite', '--data', joiner, '--role', 'reader');
    expect(invite).toMatchObject({ code: 1, stdout: '' });
    expect(invite.stderr).toContain('not been let in yet');
  });

  test('a link that is cut off, changed, expired, for another kind of thing, or no link is refused, and nothing is joined', async () => {
    const link = await shop.invite(admin, 'member', '--host', 'ws://127.0.0.1:9');
    const expired = await shop.invite(admin, 'member', '--host', 'ws://127.0.0.1:9', '--expires', '200ms');
    const expiredMs = Date.now() + 200;
    await until(() => Date.now() > expiredMs);
    const middle = link.length - 300;
    const changed = `${link.slice(0, middle)}${link[middle] === 'A' ? 'B' : 'A'}${link.slice(middle + 1)}`;
    const cases = [
      [link.slice(0, -20), 'cut off or changed'],
      [changed, 'cut off or changed'],
      [expired, 'expired'],
      ['https://example.org/', 'not an invite link'],
      [`${link}${'A'.repeat(70_000)}`, 'too long'],
    ] as const;
    await inPairs(cases, async ([text, why]) => {
      const data = shop.path(`refused-${cases.findIndex(([one]) => one === text)}`);
      const { code, stdout, stderr } = await plain('join', '--data', data, text);
      expect({ why, code, stdout }).toEqual({ why, code: 1, stdout: '' });
      expect(stderr).toContain(why);
      expect((await shop.ask('status', '--data', data)).spaces).toEqual([]);
    });
  });
});

describe('status, verify, export on a fresh node', () => {
  test('in a folder without a node they say so, and leave no folder behind', async () => {
    const cases = [
      ['status'],
      ['verify'],
      ['export', '--station', 'S', '--out', 'o'],
      ['invite', '--role', 'member'],
      ['sync'],
    ];
    await inPairs(cases, async (words) => {
      const data = shop.path(`mistyped-${words[0]}`);
      const { code, stdout, stderr } = await plain(...words, '--data', data);
      expect({ words, code, stdout }).toEqual({ words, code: 1, stdout: '' });
      expect(stderr).toContain(`there is no node in ${data}`);
      expect(existsSync(data)).toBe(false);
    });
  });

  test('status says who this node is and that it is in no space', async () => {
    // A join that is refused leaves a node behind.
    expect((await plain('join', '--data', shop.path('fresh'), 'no link')).code).toBe(1);
    const { node, spaces, peers } = await shop.ask('status', '--data', shop.path('fresh'));
    expect(node).toMatch(NODE_ID);
    expect({ spaces, peers }).toEqual({ spaces: [], peers: [] });
    const { stdout } = await plain('status', '--data', shop.path('fresh'));
    expect(stdout).toContain(node);
  });

  test('status of a space has its shape', async () => {
    const { spaces } = await shop.ask('status', '--data', admin);
    expect(spaces).toHaveLength(1);
    expect(spaces[0]).toMatchObject({
      id: space,
      name: 'Valley',
      role: 'admin',
      admitted: true,
      stations: [],
    });
    expect(spaces[0].blobs).toEqual({ held: 0, missing: 0, bytes: 0 });
  });

  test('verify is 0 on a sound space and says what it checked; in no space it fails', async () => {
    const report = await shop.ask('verify', '--data', admin);
    expect(report).toMatchObject({ ok: true, spaces: [{ space, problems: [], missing: 0 }] });
    expect(report.spaces[0].entries).toBeGreaterThan(2);
    expect((await plain('verify', '--data', shop.path('fresh2'))).code).toBe(1);
  });

  test('export of an unknown station fails and leaves no file', async () => {
    const out = shop.path('nothing.csv');
    const { code, stderr } = await plain('export', '--data', admin, '--station', 'Nowhere', '--out', out);
    expect(code).toBe(1);
    expect(stderr).toContain('no station “Nowhere”');
    expect(spawnSync('ls', [out]).status).not.toBe(0);
  });
});

describe('a node in several spaces', () => {
  test('must be told which one by --space, and each command then means that one', async () => {
    const data = shop.path('several');
    const [one, two] = [await shop.space(data, 'One'), await shop.space(data, 'Two')];
    const invite = ['invite', '--data', data, '--role', 'member', '--host', 'ws://127.0.0.1:9'];
    const unclear = await plain(...invite);
    expect(unclear.code).toBe(2);
    for (const id of [one, two]) expect(unclear.stderr).toContain(id);
    expect((await shop.ask(...invite, '--space', two)).space).toBe(two);
    expect((await shop.ask('status', '--data', data)).spaces).toHaveLength(2);
    expect((await shop.ask('status', '--data', data, '--space', one)).spaces).toMatchObject([
      { name: 'One' },
    ]);
    expect((await shop.ask('verify', '--data', data)).spaces).toHaveLength(2);
    const csv = shop.path('short.csv');
    writeFileSync(csv, 't_s,x\n1751983973,1\n1751983974,2\n');
    const station = [
      'station',
      '--data',
      data,
      '--name',
      'S',
      '--replay',
      csv,
      '--for',
      '500ms',
      '--host',
      'ws://127.0.0.1:9',
    ];
    expect((await plain(...station)).code).toBe(2);
    expect(await shop.ask(...station, '--speed', '100', '--space', two)).toMatchObject({
      space: two,
      sealed: 1,
    });
    expect((await plain('status', '--data', data, '--space', '0'.repeat(64))).code).toBe(1);
  });
});
