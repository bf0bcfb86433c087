/** A relay that is reached without any host, in real processes. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDirectEndpoint } from '../../src/identity/direct-endpoint.ts';
import { parseInvite } from '../../src/identity/invite.ts';
import { buildCli, type Document, type Started, Workshop } from './cli.ts';

let shop: Workshop;
beforeAll(() => {
  buildCli();
  shop = new Workshop();
});
afterAll(() => shop.close());

/** Nobody listens there. */
const DEAD_HOST = 'ws://127.0.0.1:9';

function start(data: string, ...words: string[]): Started {
  return shop.start(['relay', '--data', data, '--port', '0', '--json', ...words]);
}

async function relay(
  data: string,
  ...words: string[]
): Promise<{ process: Started; direct: string; listening: string }> {
  const process = start(data, ...words);
  const { direct, listening } = await process.document((document) => document.listening !== undefined);
  return { process, direct, listening };
}

const fetchAll = (data: string): Promise<Document> =>
  shop.ask('sync', '--data', data, '--until-complete', '--timeout', '60s');

describe('a relay that is dialled directly', () => {
  it('says where in its invites, and lets in who finds no host', async () => {
    const data = shop.path('relay');
    const { process, direct, listening } = await relay(data, '--create', 'Valley');
    expect(direct).toMatch(/^direct:127\.0\.0\.1:\d+#[\w-]{43}$/);
    const own = parseInvite(await shop.invite(data, 'member')).hosts;
    expect(own).toContain(direct);

    const link = await shop.invite(data, 'member', '--host', DEAD_HOST, '--host', direct);
    expect(parseInvite(link).hosts).toEqual([DEAD_HOST, direct]);
    const member = shop.path('member');
    await shop.ask('join', '--data', member, link);
    const { reached } = await fetchAll(member);
    expect(reached.length).toBe(1);

    const health = await (await fetch(new URL('/healthz', listening))).json();
    expect(health.direct).toMatchObject({ halfOpen: 0, dials: 1, opened: 1 });
    const metrics = await (await fetch(new URL('/metrics', listening))).text();
    expect(metrics).toContain('waystation_direct_opened_total 1\n');
    await process.stop();
  });

  it('lets in two at once, and who dials it by --host alone', async () => {
    const data = shop.path('relay of two');
    const { process, direct } = await relay(data, '--create', 'Valley');
    const link = await shop.invite(data, 'member', '--uses', '2', '--host', DEAD_HOST);
    const members = [shop.path('one'), shop.path('two')];
    const reached = members.map(async (member) => {
      await shop.ask('join', '--data', member, link);
      const words = ['--until-complete', '--timeout', '60s', '--host', direct];
      return (await shop.ask('sync', '--data', member, ...words)).reached.length;
    });
    expect(await Promise.all(reached)).toEqual([1, 1]);
    await process.stop();
  });

  it('is the same after a restart: its port, its certificate, and whom its old invites reach', async () => {
    const data = shop.path('kept');
    const first = await relay(data, '--create', 'Valley');
    const link = await shop.invite(data, 'member', '--host', DEAD_HOST, '--host', first.direct);
    await first.process.stop();
    expect(statSync(join(data, 'direct', 'certificate.pem')).mode & 0o777).toBe(0o600);
    const second = await relay(data);
    expect(second.direct).toBe(first.direct);
    const member = shop.path('member of kept');
    await shop.ask('join', '--data', member, link);
    expect((await fetchAll(member)).reached.length).toBe(1);
    await second.process.stop();
  });

  it('goes on another port for the time being when its own is taken, and says so', async () => {
    const data = shop.path('crowded');
    const first = await relay(data, '--create', 'Valley');
    const [own] = parseDirectEndpoint(first.direct).addresses;
    await first.process.stop();
    const other = createSocket('udp4').bind({ port: own?.port ?? 0, address: '127.0.0.1', exclusive: true });
    await once(other, 'listening');
    const second = await relay(data);
    expect(second.direct).not.toBe(first.direct);
    await second.process.line('stderr', /is in use/);
    await second.process.stop();
    const chosen = start(data, '--direct-port', String(own?.port));
    const { code, stderr } = await chosen.result();
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('is in use: stop the other program or choose another with --direct-port'),
    ]);
    other.close();
    await once(other, 'close');
    const third = await relay(data);
    expect(third.direct).toBe(first.direct);
    await third.process.stop();
  });

  it('says what is wrong with a damaged certificate, and leaves it alone', async () => {
    const data = shop.path('damaged');
    const { process } = await relay(data, '--create', 'Valley');
    await process.stop();
    const path = join(data, 'direct', 'certificate.pem');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.slice(0, -200));
    const { code, stderr } = await start(data).result();
    expect([code, stderr]).toEqual([1, expect.stringContaining('Restore it from a copy, or remove it')]);
    expect(readFileSync(path, 'utf8')).toBe(text.slice(0, -200));
  });

  it('is not where nobody wants it', async () => {
    const { process, direct } = await relay(shop.path('without'), '--create', 'Valley', '--no-direct');
    expect(direct).toBeUndefined();
    await process.stop();
  });
});
