/** What a relay tells its own page, and nobody else: over a real server on loopback, asked as browsers and others ask. */
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RelayServer, startRelayServer } from '../../../src/node/relay-server.ts';
import { MAX_WRONG, ShortInvites } from '../../../src/node/short-invites.ts';
import { VirtualClock } from '../mesh/virtual-clock.ts';

const CODE = 'K7QM-2F9X-RT4D';
const LINK = 'http://192.168.1.20:7070/#join=abc';

let server: RelayServer;
let isOpen: boolean;
let invites: ShortInvites;
beforeEach(async () => {
  isOpen = true;
  invites = new ShortInvites({ clock: new VirtualClock() });
  invites.keep(CODE, LINK, () => isOpen);
  server = await startRelayServer({ port: 0, listen: '127.0.0.1', hostId: 'host', invites });
  server.tellGroup(() => 'Home');
});
afterEach(() => server.close());

function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; text: string; headers: Record<string, unknown> }>(
    (resolve, reject) => {
      const options = { host: '127.0.0.1', port: server.port, path, method, agent: false };
      const asked = request({ ...options, headers: { host: 'localhost', ...headers } }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text, headers: response.headers }),
        );
      });
      asked.on('error', reject).end();
    },
  );
}

const health = async (headers: Record<string, string> = {}) =>
  JSON.parse((await get('/healthz', headers)).text);

/** As nginx asks for others unless it is told otherwise: by HTTP/1.0, under the name that it knows the relay by, without a word of them. */
function getByOldHttp(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(server.port, '127.0.0.1', () =>
      socket.write(`GET ${path} HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n`),
    );
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    socket.on('close', () => resolve(text.slice(text.indexOf('\r\n\r\n') + 4))).on('error', reject);
  });
}

describe('the group that a relay keeps', () => {
  it('is named to a page on this very computer', async () => {
    expect((await health({ 'sec-fetch-site': 'same-origin' })).group).toEqual({ name: 'Home' });
    expect((await health({ host: '127.0.0.1:7070' })).group).toEqual({ name: 'Home' });
  });

  it.each([
    ['a page under another name, as DNS rebinding makes it', { host: 'evil.example' }],
    ['a page of another origin', { origin: 'http://localhost:3000' }],
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['an address of the network', { host: '192.168.1.20:7070' }],
  ])('is not even said to be there to %s', async (_, headers) => {
    const said = await health(headers);
    expect(said.ok).toBe(true);
    expect(said).not.toHaveProperty('group');
  });

  it('is not named through a proxy on this computer that says nothing of itself', async () => {
    expect(JSON.parse(await getByOldHttp('/healthz')).group).toEqual({ name: null });
  });

  it.each([
    ['x-forwarded-proto', 'https'],
    ['x-forwarded-for', '203.0.113.9'],
    ['x-real-ip', '203.0.113.9'],
    ['forwarded', 'for=203.0.113.9'],
    ['via', '1.1 proxy'],
  ])('is not named through a proxy on this computer, which asks for anybody (%s)', async (name, value) => {
    expect((await health({ [name]: value })).group).toEqual({ name: null });
  });

  it('is not there when the relay keeps none, and has no name before that is known', async () => {
    server.tellGroup(() => null);
    expect((await health()).group).toEqual({ name: null });
    server.tellGroup(() => undefined);
    expect(await health()).not.toHaveProperty('group');
  });
});

describe('a short code that is asked for', () => {
  const ask = (code: string, headers = {}) => get('/invite', { 'waystation-code': code, ...headers });

  it('brings the invite to the relay’s own page, and is kept by no cache', async () => {
    const { status, text, headers } = await ask('k7qm2f9xrt4d');
    expect({ status, text: JSON.parse(text) }).toEqual({ status: 200, text: { link: LINK } });
    expect(headers['cache-control']).toBe('no-store');
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('has one answer, to the byte, whether it never was, is dead, or asked from where it may not be', async () => {
    const never = await ask('0000-0000-0000');
    const foreign = await ask(CODE, { origin: 'http://evil.example', host: 'evil.example' });
    const plain = await ask(CODE, { host: '192.168.1.20:7070' });
    isOpen = false;
    const dead = await ask(CODE);
    const strip = ({ status, text, headers: { date: _, ...headers } }: typeof dead) => ({
      status,
      text,
      headers,
    });
    for (const one of [dead, foreign, plain]) expect(strip(one)).toEqual(strip(never));
    expect(never.status).toBe(404);
  });

  it('has to wait after too many wrong ones, with how long', async () => {
    for (let i = 0; i < MAX_WRONG; i++) expect((await ask('0000-0000-0000')).status).toBe(404);
    const { status, headers } = await ask(CODE);
    expect(status).toBe(429);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  });

  it('in a typed address goes behind the #, known or not, and nowhere else', async () => {
    for (const code of [CODE, '0000-0000-0000']) {
      const { status, headers } = await get(`/j/${code}`);
      expect({ status, location: headers['location'] }).toEqual({ status: 302, location: `/#j=${code}` });
    }
    expect((await get('/j/%0d%0aset-cookie:x')).status).toBe(404);
    expect(invites.refused).toBe(0);
  });
});
