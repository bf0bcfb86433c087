/** Commands that run until they are told to stop: signals, one owner per folder, asking a node that runs, options of the mesh. */
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BIN, buildCli, type Document, Workshop } from './cli.ts';

/** Nobody listens there: for stations that shall meet nobody. */
const NOWHERE = ['--host', 'ws://127.0.0.1:9'];

let shop: Workshop;
let seconds: string;
beforeAll(() => {
  buildCli();
  shop = new Workshop();
  seconds = shop.path('seconds.csv');
  // Two hours of recorded time at one reading a second.
  const rows = Array.from({ length: 7200 }, (_, i) => `${1_751_983_200 + i},${i / 8}`);
  writeFileSync(seconds, `t_s,x\n${rows.join('\n')}\n`);
});
afterAll(() => shop.close());

async function station(data: string, ...words: string[]) {
  await shop.space(data);
  const started = shop.start(['station', '--data', data, '--name', 'Ridge', ...NOWHERE, ...words]);
  await started.event('recording');
  return started;
}

const stationStatus = async (data: string): Promise<Document> =>
  (await shop.ask('status', '--data', data)).spaces[0].stations[0];

describe('a station', () => {
  test('seals recorded time by --hour, plays at --speed, and serves until --for is over', async () => {
    const data = shop.path('for');
    const started = await station(
      data,
      '--replay',
      seconds,
      '--speed',
      '7200',
      '--hour',
      '10m',
      '--for',
      '4s',
    );
    expect(await started.event('replay-ended')).toMatchObject({ rows: 7200 });
    const { code, result, signal } = await started.result();
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    expect(result).toMatchObject({ name: 'Ridge', sealed: 12, waiting: 0 });
    expect(await stationStatus(data)).toMatchObject({
      name: 'Ridge',
      sealed: 12,
      held: 12,
      missing: 0,
      replay: true,
    });
    expect((await stationStatus(data)).completeTo).toBe('2025-07-08T15:59:59.000Z');
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'seals what is open and stops with exit 0 on %s',
    async (signal) => {
      const data = shop.path(`signal-${signal}`);
      const started = await station(data, '--replay', seconds, '--speed', '600', '--hour', '10m');
      await started.event('sealed');
      const { code, result } = await started.stop(signal);
      expect(code).toBe(0);
      expect(result.sealed).toBeGreaterThan(1);
      const { rows } = await shop.ask(
        'export',
        '--data',
        data,
        '--station',
        'Ridge',
        '--out',
        shop.path(`${signal}.csv`),
      );
      expect(rows).toBeGreaterThan(600);
      expect(rows).toBeLessThan(7200);
      expect((await shop.ask('verify', '--data', data)).ok).toBe(true);
    },
  );

  test.each(['INT', 'TERM'])(
    'also stops on SIG%s when a script started it in the background with SIGINT ignored',
    async (signal) => {
      const data = shop.path(`background-${signal}`);
      await shop.space(data);
      // Without job control a shell starts background commands with SIGINT ignored.
      const words = `station --data ${data} --name Ridge --replay ${seconds} --speed 600 --hour 10m ${NOWHERE.join(' ')} --json`;
      const script = `"${process.execPath}" "${BIN}" ${words} & child=$!; read line; kill -${signal} $child; wait $child; echo "exit $?"`;
      const shell = shop.spawn('sh', ['-c', script], { stdin: true });
      await shell.event('sealed');
      shell.child.stdin?.end('now\n');
      expect((await shell.result()).stdout.trim().split('\n').at(-1)).toBe('exit 0');
      expect((await stationStatus(data)).sealed).toBeGreaterThan(1);
    },
  );

  test('that gets a second signal while it stops still stops cleanly', async () => {
    const started = await station(shop.path('twice'), '--replay', seconds, '--speed', '600', '--hour', '10m');
    await started.event('sealed');
    started.child.kill('SIGINT');
    await started.line('stderr', /^SIGINT/);
    expect(await started.stop('SIGINT')).toMatchObject({ code: 0, signal: null });
  });

  test('goes on after the rows that are recorded when it is started again', async () => {
    const data = shop.path('again');
    const words = ['--replay', seconds, '--speed', '1200', '--hour', '10m'];
    const first = await station(data, ...words);
    await first.event('sealed');
    await first.stop();
    const second = shop.start(['station', '--data', data, '--name', 'Ridge', ...NOWHERE, ...words]);
    await second.event('replay-ended');
    await second.stop();
    const { rows } = await shop.ask(
      'export',
      '--data',
      data,
      '--station',
      'Ridge',
      '--out',
      shop.path('again.csv'),
    );
    expect(rows).toBe(7200);
  });

  test('fails with a sentence on a recording that is not there, is no CSV, or has a bad cell', async () => {
    const data = shop.path('bad-recording');
    await shop.space(data);
    writeFileSync(shop.path('bad-cell.csv'), 't_s,x\n1,2\n2,three\n');
    writeFileSync(shop.path('no-time.csv'), 'when,x\n1,2\n');
    for (const [file, why] of [
      ['absent.csv', 'cannot read the recording'],
      ['bad-cell.csv', 'line 3, column “x”'],
      ['no-time.csv', 'expected the first column to be t_'],
    ] as const) {
      const { code, stderr } = await shop.run([
        'station',
        '--data',
        data,
        '--name',
        'S',
        '--replay',
        shop.path(file),
        ...NOWHERE,
      ]);
      expect({ file, code }).toEqual({ file, code: 1 });
      expect(stderr).toContain(why);
    }
  });

  test.each(['reader', 'mirror'])('cannot be run by a %s, and says so', async (role) => {
    const [data, admin] = [shop.path(`as-${role}`), shop.path(`admin-of-${role}`)];
    await shop.space(admin);
    await shop.ask('join', '--data', data, await shop.invite(admin, role, ...NOWHERE));
    const { code, stderr } = await shop.run(['station', '--data', data, '--name', 'S', ...NOWHERE]);
    expect(code).toBe(1);
    expect(stderr).toContain(`this node is ${role} here and cannot record`);
  });
});

describe('a folder that a running node has open', () => {
  test('refuses a second station and a second relay, and the first goes on', async () => {
    const data = shop.path('owned');
    const first = await station(data);
    for (const words of [
      ['station', '--data', data, '--name', 'Other'],
      ['relay', '--data', data, '--port', '0'],
    ]) {
      const { code, stderr } = await shop.run(words);
      expect(code).toBe(1);
      expect(stderr).toContain(`process ${first.child.pid} holds it`);
    }
    expect((await first.stop()).code).toBe(0);
  });

  const longName = `${'long-'.repeat(40)}folder`;
  test.each([
    ['short path', 'short'],
    [`path of more than 200 bytes`, longName],
  ])('answers status, invite, verify and export from inside the running station (%s)', async (_, name) => {
    const data = shop.path(name);
    const started = await station(data, '--replay', seconds, '--speed', '7200', '--hour', '10m');
    await started.event('replay-ended');
    expect(await stationStatus(data)).toMatchObject({ name: 'Ridge', sealed: 12, held: 12 });
    expect(await shop.invite(data, 'member', ...NOWHERE)).toContain('#join=');
    expect((await shop.ask('verify', '--data', data)).ok).toBe(true);
    const out = `${name.slice(0, 5)}.csv`;
    const exported = await shop.run(['export', '--data', data, '--station', 'Ridge', '--out', out], {
      plain: true,
    });
    expect(exported).toMatchObject({ code: 0, stdout: `${shop.path(out)}\n` });
    const refused = await shop.run(['export', '--data', data, '--station', 'Nowhere', '--out', 'x.csv'], {
      plain: true,
    });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('no station “Nowhere”');
    expect((await shop.run(['invite', '--data', data, '--role', 'king'])).code).toBe(2);
    expect((await started.stop()).code).toBe(0);
    // Nothing of it stays behind: the next command opens the folder itself.
    expect((await stationStatus(data)).sealed).toBe(12);
  });

  test('with a long path listens in a folder of this user alone, in the temporary one', async () => {
    const started = await station(shop.path(`${longName}-2`));
    const folder = join(tmpdir(), `waystation-${userInfo().uid}`);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(shop.path(`${longName}-2`)).filter((name) => name.endsWith('.sock'))).toEqual([]);
    const sockets = readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777);
    expect(new Set(sockets)).toEqual(new Set([0o600]));
    await started.stop();
  });

  test('listens on a socket that only this user can open', async () => {
    const data = shop.path('private');
    mkdirSync(data, { mode: 0o755 });
    const started = await station(data);
    const socket = readdirSync(data).find((name) => name.endsWith('.sock')) ?? '';
    expect(statSync(`${data}/${socket}`).mode & 0o777).toBe(0o600);
    await started.stop();
    expect(readdirSync(data)).not.toContain(socket);
  });
});

describe('a relay', () => {
  test('prints where it listens as one document, answers there, and stops with exit 0', async () => {
    const { process, port, node } = await shop.relay(shop.path('relay'));
    expect(node).toMatch(/^did:key:z6Mk/);
    expect(await (await fetch(`http://127.0.0.1:${port}/healthz`)).json()).toMatchObject({ ok: true });
    expect((await shop.ask('status', '--data', shop.path('relay'))).node).toBe(node);
    const created = await shop.ask('space', 'create', '--data', shop.path('relay'), '--name', 'Late');
    expect((await shop.ask('status', '--data', shop.path('relay'))).spaces).toMatchObject([
      { id: created.space, name: 'Late' },
    ]);
    expect((await process.stop('SIGINT')).code).toBe(0);
  });

  test('started a second time on one folder says where the first one is', async () => {
    const data = shop.path('twice');
    const first = await shop.relay(data);
    const second = await shop.run(['relay', '--data', data, '--port', '0', '--create', 'Valley'], {
      plain: true,
    });
    expect(second).toMatchObject({ code: 1, stdout: '' });
    expect(second.stderr).toContain(
      `A relay is running on this folder already (process ${first.process.child.pid}). Its page: http://localhost:${first.port}\n`,
    );
    expect((await first.process.stop()).code).toBe(0);
  });

  test('says by name who joins, shows another invite when that device is removed, and says so', async () => {
    const data = shop.path('inviting');
    const relay = await shop.relay(data, '--create', 'Valley', '--name', 'Cupboard');
    const first = await relay.process.event('invite');
    const phone = shop.path('phone');
    await shop.ask('join', '--data', phone, first.link);
    const recording = shop.start([
      'station',
      '--data',
      phone,
      '--name',
      'Android phone',
      '--host',
      relay.host,
    ]);
    await relay.process.line('stderr', /^Android phone has joined, and is connected\.$/);
    const revoked = await shop.run(['revoke', '--data', data, 'Android phone']);
    expect(revoked.stderr).toContain('The invite that it came by is withdrawn, too');
    const other = await relay.process.document(
      ({ event, code }) => event === 'invite' && code !== first.code,
    );
    await relay.process.line('stderr', /^That invite was withdrawn/);
    const ask = (code: string) =>
      fetch(`http://localhost:${relay.port}/invite`, { headers: { 'waystation-code': code } });
    expect((await ask(first.code)).status).toBe(404);
    expect(await (await ask(other.code)).json()).toEqual({ link: other.link });
    await recording.stop();
    expect((await relay.process.stop()).code).toBe(0);
  });

  test('fails with a sentence when its port is in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const { code, stderr } = await shop.run([
      'relay',
      '--data',
      shop.path('no-port'),
      '--port',
      String(port),
    ]);
    await new Promise((resolve) => other.close(resolve));
    expect(code).toBe(1);
    expect(stderr).toContain(`port ${port} on 127.0.0.1 is in use`);
  });

  test('fails with a sentence when this machine has no such address', async () => {
    const { code, stderr } = await shop.run([
      'relay',
      '--data',
      shop.path('no-address'),
      '--port',
      '0',
      '--listen',
      '192.0.2.1',
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain('has no address 192.0.2.1');
  });

  test('joins with --join, is let in by whoever it meets, and is known by its --name', async () => {
    const [admin, data] = [shop.path('relay-admin'), shop.path('joining-relay')];
    await shop.space(admin);
    const hub = await shop.relay(shop.path('join-hub'));
    const link = await shop.invite(admin, 'member', '--host', hub.host);
    const relay = await shop.relay(data, '--join', link, '--name', 'Cupboard');
    await shop.ask('sync', '--data', admin, '--until-complete', '--timeout', '30s');
    await shop.ask('sync', '--data', admin, '--until-complete', '--timeout', '30s');
    const { peers } = await shop.ask('status', '--data', admin);
    expect(peers).toMatchObject([
      { node: relay.node, name: 'Cupboard', link: 'down', via: `${hub.host}/peerjs` },
    ]);
    expect((await shop.ask('status', '--data', data)).spaces).toMatchObject([
      { name: 'Valley', admitted: true, role: 'member' },
    ]);
    expect((await relay.process.stop()).code).toBe(0);
    await hub.process.stop();
  });
});

describe('sync', () => {
  test('that reaches nobody in --timeout fails and says so', async () => {
    const data = shop.path('lonely');
    await shop.space(data);
    for (const words of [[], ['--until-complete']]) {
      const { code, stderr } = await shop.run([
        'sync',
        '--data',
        data,
        ...NOWHERE,
        '--timeout',
        '1s',
        ...words,
      ]);
      expect(code).toBe(1);
      expect(stderr).toContain('no member was reached in 1s');
    }
  });

  test('--host is exclusive and --only-peer refuses all other links', async () => {
    const [admin, one, two] = [shop.path('x-admin'), shop.path('x-one'), shop.path('x-two')];
    await shop.space(admin);
    const [hub, other] = [await shop.relay(shop.path('x-hub')), await shop.relay(shop.path('x-other'))];
    await shop.admit(admin, 'member', [one, two], hub.host);
    const ids: string[] = [];
    for (const data of [admin, one, two]) ids.push((await shop.ask('status', '--data', data)).node);
    const serving = shop.start(['station', '--data', admin, '--name', 'Ridge', '--host', hub.host]);
    const second = shop.start(['station', '--data', one, '--name', 'Pass', '--host', hub.host]);
    await serving.event('linked');
    await second.event('linked');
    // Both are on the hub of its invite, and nobody is on the host that it is told to use.
    const elsewhere = await shop.run(['sync', '--data', two, '--host', other.host, '--timeout', '2s']);
    expect(elsewhere.code).toBe(1);
    expect(elsewhere.stdout).not.toContain('"linked"');
    const before = (await shop.ask('status', '--data', two)).peers.map(({ node }: Document) => node);
    expect(before).toEqual([ids[0]]);
    const chosen = await shop.run([
      'sync',
      '--data',
      two,
      '--until-complete',
      '--timeout',
      '30s',
      '--only-peer',
      ids[1] ?? '',
    ]);
    expect(chosen.code).toBe(0);
    const linked = chosen.documents.filter(({ event }) => event === 'linked').map(({ node }) => node);
    expect(new Set(linked)).toEqual(new Set([ids[1]]));
    for (const one of [serving, second, hub.process, other.process]) expect((await one.stop()).code).toBe(0);
  });
});
