/** A host as a whole: what it shows of itself, and what hostile clients can do to it over real sockets. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Host, type HostOptions, startHost } from '../../../signaling/host.node.ts';
import { counted, plain, prometheusText } from '../../../signaling/metrics.ts';
import { WireClient } from '../../contract/peer-server-contract.ts';
import { readPrometheusText } from './prometheus-text.ts';

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function start(options: HostOptions = {}): Promise<Host> {
  const host = await startHost({ port: 0, stunPort: 0, listen: '127.0.0.1', ...options });
  opened.push(() => host.close());
  return host;
}

function client(host: Host, id: string, key = 'peerjs', token = 't'): WireClient {
  const made = new WireClient(host.url, { key, id, token });
  opened.push(() => made.socket.terminate());
  return made;
}

async function joined(host: Host, id: string, key?: string): Promise<WireClient> {
  const made = client(host, id, key);
  expect((await made.next())?.type).toBe('OPEN');
  return made;
}

function tcp(host: Host, text = ''): Socket {
  const socket = connect(host.port, '127.0.0.1');
  opened.push(() => socket.destroy());
  socket.on('error', () => undefined);
  socket.write(text);
  return socket;
}

const http = (host: Host) => host.url.replace('ws:', 'http:');
const metricsOf = async (host: Host) =>
  readPrometheusText(await (await fetch(`${http(host)}/metrics`)).text());

describe('/metrics and /healthz', () => {
  it('tell in Prometheus’s format and as JSON what was carried, dropped and answered', async () => {
    const host = await start();
    const [alice, bob] = [await joined(host, 'alice'), await joined(host, 'bob')];
    alice.send({ type: 'OFFER', src: 'carol', dst: 'bob', payload: 1 });
    await bob.next();
    expect((await client(host, 'alice', 'peerjs', 'other').next())?.type).toBe('ID-TAKEN');
    const answer = await fetch(`${http(host)}/metrics`);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const metrics = readPrometheusText(await answer.text());
    const value = (name: string, labels = '') => metrics.get(name)?.samples.get(labels);
    expect(value('waystation_host_clients')).toBe(2);
    expect(value('waystation_host_opened_total')).toBe(2);
    expect(value('waystation_host_messages_total', 'type="OFFER"')).toBe(1);
    expect(value('waystation_host_dropped_total', 'reason="forged-source"')).toBe(1);
    expect(value('waystation_host_dropped_total', 'reason="id-taken"')).toBe(1);
    expect(value('waystation_host_bytes_total', 'direction="in"')).toBeGreaterThan(20);
    expect(value('waystation_stun_requests_total')).toBe(0);
    for (const [name, { type, help }] of metrics) {
      expect(help.length, name).toBeGreaterThan(10);
      expect(type, name).toBe(name.endsWith('_total') ? 'counter' : 'gauge');
    }
    const health = await (await fetch(`${http(host)}/healthz`)).json();
    expect(health).toMatchObject({ ok: true, host: host.hostId, clients: 2, stun: { requests: 0 } });
    // Nothing that names anybody.
    expect(JSON.stringify(health)).not.toMatch(/alice|127\.0\.0\.1|peerjs/);
    expect((await fetch(`${http(host)}/metrics`, { method: 'POST', body: 'x' })).status).toBe(405);
    expect((await fetch(`${http(host)}/`)).status).toBe(404);
  });

  it('escape what must be escaped, and the reader of this test takes nothing else', () => {
    const text = prometheusText([
      counted('a_total', 'one\nline \\', 'why', { 'say "no"\\\n': 2 }),
      plain('gauge', 'b', 'that', 0.5),
    ]);
    expect([...readPrometheusText(text)].map(([name, { samples }]) => [name, ...samples])).toEqual([
      ['a_total', ['why="say \\"no\\"\\\\\\n"', 2]],
      ['b', ['', 0.5]],
    ]);
    for (const bad of [
      'a 1\n',
      '# HELP a b\na 1\n',
      '# HELP a b\n# TYPE a gauge\na{x=y} 1\n',
      '# HELP a b\n# TYPE a gauge\na x\n',
    ])
      expect(() => readPrometheusText(bad)).toThrow();
  });
});

describe('ports', () => {
  it('are both free again when one cannot be had, and after closing', async () => {
    const host = await start();
    const { port, stunPort = 0 } = host;
    await expect(startHost({ port: 0, stunPort, listen: '127.0.0.1' })).rejects.toMatchObject({
      code: 'unavailable',
    });
    await host.close();
    await (await start({ port, stunPort })).close();
    const without = await start({ stunPort: false });
    expect(without.stunPort).toBeUndefined();
    expect((await metricsOf(without)).has('waystation_stun_requests_total')).toBe(false);
  });
});

describe('keys', () => {
  it('keep their clients apart, and one key’s flood leaves the other’s service alone', async () => {
    const limits = { allMessages: { burst: 20, perSecond: 0 } };
    const host = await start({ key: ['one', 'two'], limits });
    const [a, b] = [await joined(host, 'same', 'one'), await joined(host, 'same', 'two')];
    const [toA, toB] = [await joined(host, 'other', 'one'), await joined(host, 'other', 'two')];
    for (let i = 0; i < 50; i++) a.send({ type: 'OFFER', dst: 'other', payload: i });
    a.send({ type: 'LEAVE' });
    b.send({ type: 'OFFER', dst: 'other', payload: 'mark' });
    expect(await toB.until('mark')).toEqual([]);
    while ((host.stats().counters['rate-key'] ?? 0) < 31) await new Promise(setImmediate);
    toA.socket.close();
    await toA.closed;
    expect(toA.received.filter(({ type }) => type === 'OFFER')).toHaveLength(20);
    expect((await client(host, 'x', 'three').next())?.type).toBe('INVALID-KEY');
    expect((await fetch(`${http(host)}/two/id`)).status).toBe(200);
    expect((await fetch(`${http(host)}/three/id`)).status).toBe(404);
  });
});

describe('a hostile neighbour', () => {
  it('cannot have more connections at once, or faster, than its share; others still come', async () => {
    const from = { address: '192.0.2.1' };
    const shares = { socketsPerHouse: 3, connects: { burst: 5, perSecond: 0 } };
    const host = await start({ shares, addressOf: () => from.address });
    for (const id of ['a', 'b', 'c']) await joined(host, id);
    expect(await client(host, 'd').closed).toBe(1006);
    from.address = '192.0.2.2';
    for (const id of ['e', 'f', 'g', 'h', 'i']) {
      const each = await joined(host, id);
      each.send({ type: 'LEAVE' });
      await each.closed;
    }
    expect(await client(host, 'j').closed).toBe(1006);
    from.address = '198.51.100.1';
    await joined(host, 'k');
    const { counters } = host.stats();
    expect(counters).toMatchObject({ 'sockets-per-address': 1, 'connects-per-address': 1 });
  });

  it('cannot take another’s places by having a whole IPv6 network', async () => {
    let n = 0;
    const shares = { socketsPerNeighbourhood: 4 };
    const host = await start({ shares, addressOf: () => `2001:db8:1:${(++n).toString(16)}::1` });
    for (const id of ['a', 'b', 'c', 'd']) await joined(host, id);
    expect(await client(host, 'e').closed).toBe(1006);
    expect(host.stats().counters).toMatchObject({ 'sockets-per-network': 1 });
  });

  it('has the messages of all its connections counted together, and is cut off when it goes on', async () => {
    const from = { address: '192.0.2.1' };
    const options = {
      shares: { messages: { burst: 30, perSecond: 0 } },
      limits: { maxDropsPerConnection: 20 },
    };
    const host = await start({ ...options, addressOf: () => from.address });
    const flooders = [await joined(host, 'a'), await joined(host, 'b')];
    from.address = '198.51.100.1';
    const [calm, friend] = [await joined(host, 'calm'), await joined(host, 'friend')];
    for (const flooder of flooders)
      for (let i = 0; i < 60; i++) flooder.send({ type: 'OFFER', dst: 'a', payload: i });
    await Promise.all(flooders.map(({ closed }) => closed));
    expect(host.stats().counters).toMatchObject({ 'rate-address': 40, 'cut-off': 2 });
    calm.send({ type: 'OFFER', dst: 'friend', payload: 'mark' });
    expect(await friend.until('mark')).toEqual([]);
  });

  it('is ended when it opens connections and says nothing, or only half of a request', async () => {
    const host = await start({ halfOpen: { firstRequestMs: 100 } });
    const [silent, half] = [tcp(host), tcp(host, 'GET /peerjs?key=peerjs HTTP/1.1\r\nHost: x\r\n')];
    await Promise.all([once(silent, 'close'), once(half, 'close')]);
    expect(host.stats()).toMatchObject({ halfOpen: 0, counters: { 'half-open': 2 } });
  });

  it('is ended when nothing answers on its side any more, though its connection is open', async () => {
    const host = await start({ pingMs: 50 });
    const gone = new WebSocket(`${host.url}/peerjs?key=peerjs&id=gone&token=t`, { autoPong: false });
    opened.push(() => gone.terminate());
    await once(gone, 'close');
    while (host.stats().clients > 0) await new Promise(setImmediate);
    expect(host.stats().counters).toEqual({ 'no-pong': 1 });
  });

  it('cannot hold more half-open connections than its share, nor all of them those of the host', async () => {
    const mine = await start({ halfOpen: { perAddress: 3 } });
    const sockets = Array.from({ length: 5 }, () => tcp(mine));
    await Promise.race(sockets.map((socket) => once(socket, 'close')));
    while ((mine.stats().counters['half-open-per-address'] ?? 0) < 2) await new Promise(setImmediate);
    await joined(await start({ halfOpen: { inAll: 2 } }), 'x');
    const all = await start({ halfOpen: { inAll: 2 } });
    const first = tcp(all);
    await once(first, 'connect');
    for (let i = 0; i < 2; i++) await once(tcp(all), 'connect');
    await once(first, 'close');
    expect(all.stats().counters).toMatchObject({ 'half-open-in-all': 1 });
    await joined(all, 'still welcome');
  });

  it('is cut off for binary frames and loses its connection for one too large; both are counted', async () => {
    const host = await start();
    const sender = await joined(host, 'binary');
    for (let i = 0; i < 50; i++) sender.socket.send(new Uint8Array(10));
    expect(await sender.closed).toBe(1000);
    const large = await joined(host, 'large');
    large.sendText('x'.repeat(300_000));
    expect(await large.closed).toBe(1009);
    expect(host.stats().counters).toMatchObject({ binary: 50, 'cut-off': 1, 'oversized-frame': 1 });
  });
});
