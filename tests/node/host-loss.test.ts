/** Hosts that are killed, in real processes: links stay, and those who come later find the others on what is left. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseInvite } from '../../src/identity/invite.ts';
import { reachOf } from '../../src/node/addresses.ts';
import { buildCli, type Document, type Started, Workshop } from './cli.ts';

let shop: Workshop;
beforeAll(() => {
  buildCli();
  shop = new Workshop();
});
afterAll(() => shop.close());

async function host(port = '0'): Promise<{ process: Started; url: string; port: string }> {
  const process = shop.start(['host', '--port', port, '--no-stun', '--listen', '127.0.0.1']);
  const { listening } = await process.document((document) => document.listening !== undefined);
  const { port: bound } = new URL(listening);
  return { process, url: `ws://127.0.0.1:${bound}`, port: bound };
}

/** A node that stays until it is stopped. */
const staying = (data: string): Started => shop.start(['sync', '--data', data, '--timeout', '10m']);

async function joined(name: string, link: string): Promise<string> {
  const data = shop.path(name);
  await shop.ask('join', '--data', data, link);
  return data;
}

const fetchAll = (data: string): Promise<Document> =>
  shop.ask('sync', '--data', data, '--until-complete', '--timeout', '60s');

const linkedWith = (started: Started) => started.documents().filter(({ event }) => event === 'linked');

describe('two hosts', () => {
  it('may be killed one after the other: who is linked does not notice, and who comes later meets on the other', async () => {
    const first = await host();
    const second = await host();
    const founder = shop.path('founder');
    await shop.space(founder);
    const link = await shop.invite(
      founder,
      'member',
      '--uses',
      '3',
      '--host',
      first.url,
      '--host',
      second.url,
    );
    const one = staying(founder);
    const two = staying(await joined('two', link));
    await Promise.all([one.event('linked'), two.event('linked')]);

    await first.process.stop('SIGKILL');
    expect((await fetchAll(await joined('three', link))).reached.length).toBeGreaterThan(0);

    const again = await host(first.port);
    await second.process.stop('SIGKILL');
    expect((await fetchAll(await joined('four', link))).reached.length).toBeGreaterThan(0);

    // Nobody was linked twice with anybody.
    for (const started of [one, two]) {
      const nodes = linkedWith(started).map(({ node }) => node);
      expect(new Set(nodes).size).toBe(nodes.length);
      expect((await started.stop('SIGTERM')).code).not.toBeNull();
    }
    await again.process.stop();
  });
});

describe('a meeting point that no member runs', () => {
  it('is announced by an admin under what it calls itself, once, and taken back', async () => {
    const data = shop.path('admin');
    await shop.space(data);
    const process = shop.start(['host', '--port', '0', '--no-stun', '--listen', '0.0.0.0']);
    const { hosts, hostId } = await process.document((document) => document.listening !== undefined);
    // Where a machine is in no network the host is at localhost, which is no use to others.
    if (reachOf('0.0.0.0').isLocal) {
      expect(await shop.run(['announce', '--data', data, hosts[0]])).toMatchObject({ code: 2 });
    } else {
      const said = await shop.ask('announce', '--data', data, hosts[0], '--weight', '20');
      expect(said).toMatchObject({ hostId, addresses: [hosts[0]], weight: 20, written: true });
      const { link } = await shop.ask('invite', '--data', data, '--role', 'reader');
      expect(parseInvite(link).hosts).toEqual([hosts[0]]);
      const again = await shop.ask('announce', '--data', data, hosts[0], '--weight', '20');
      expect(again.written).toBe(false);
      await shop.ask('announce', '--data', data, '--retract', hosts[0]);
      const after = await shop.ask('invite', '--data', data, '--role', 'reader');
      expect(parseInvite(after.link).hosts).toEqual([]);
    }
    await process.stop();
    const gone = await shop.run(['announce', '--data', data, 'ws://192.0.2.1:1/path']);
    expect(gone).toMatchObject({ code: 2, stderr: expect.stringContaining('without a path') });
  });
});

// A relay tells others only what leads there from elsewhere: a machine without any network has no such address.
describe.runIf(!reachOf('0.0.0.0').isLocal)('a relay that others reach', () => {
  it('announces itself: those who never had its address meet there when the first relay is gone', async () => {
    const first = await shop.relay(shop.path('first'), '--create', 'Valley');
    const toFirst = await shop.invite(shop.path('first'), 'member', '--uses', '3', '--host', first.host);
    const second = await shop.relay(shop.path('second'), '--listen', '0.0.0.0', '--join', toFirst);
    await second.process.event('linked');
    const member = await joined('member', toFirst);
    await fetchAll(member);
    // Made without --host: it leads to what the member knows.
    const { link } = await shop.ask('invite', '--data', member, '--role', 'reader');
    expect(parseInvite(link).hosts).toEqual([
      first.host,
      expect.stringMatching(new RegExp(`^ws://.*:${second.port}$`)),
    ]);
    await first.process.stop('SIGKILL');
    const late = await joined('late', link);
    const { reached } = await fetchAll(late);
    expect(reached).toContain(second.node);
    await second.process.stop('SIGKILL');
  });
});
