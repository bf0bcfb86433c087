/** A relay with HTTPS, as its clients and its owner meet it; real processes on loopback. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connect, createServer as createTlsServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { keptAuthority } from '../../src/node/https/authority.ts';
import { certificatePem, issueLeaf, keyPem } from '../../src/node/https/certificates.ts';
import { buildCli, type Document, type Started, Workshop } from './cli.ts';

const LOOPBACK = ['--https', '--https-port', '0', '--listen', '127.0.0.1'];
const shop = new Workshop();

beforeAll(buildCli);
afterAll(() => shop.close());

interface Running {
  readonly process: Started;
  readonly said: Document;
  readonly port: number;
  readonly securePort: number;
  /** PEM of the authority, as anybody may fetch it. */
  readonly ca: string;
}

async function relay(data: string, ...words: string[]): Promise<Running> {
  const process = shop.start(['relay', '--data', data, '--port', '0', ...LOOPBACK, ...words]);
  const said = await process.document(({ listening }) => listening !== undefined);
  const port = Number(new URL(said.listening).port);
  const { text: ca } = await get(port, '/waystation-ca.pem');
  return { process, said, port, securePort: Number(new URL(said.secure).port), ca };
}

interface Answer {
  readonly status: number | undefined;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

function answer(send: typeof request, options: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = send({ host: '127.0.0.1', agent: false, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode, text, headers: response.headers }));
    });
    asked.on('error', reject).end();
  });
}

const get = (port: number, path: string, host = 'localhost') =>
  answer(plainRequest, { port, path, headers: { host } });
const getSecurely = (port: number, path: string, options: object) =>
  answer(request, { port, path, servername: 'waystation.local', ...options });

describe('a relay with HTTPS', () => {
  let up: Running;
  beforeAll(async () => {
    up = await relay(shop.path('relay'), '--create', 'Valley');
  });

  test('gives the app and its health to who trusts its authority and nothing else', async () => {
    for (const servername of ['waystation.local', 'localhost']) {
      const app = await getSecurely(up.securePort, '/', { ca: up.ca, servername });
      expect(app.status).toBe(200);
      expect(app.text).toContain('<waystation-app');
    }
    const { text, headers } = await getSecurely(up.securePort, '/healthz', { ca: up.ca });
    expect(JSON.parse(text)).toMatchObject({ ok: true, host: expect.any(String) });
    expect(headers['access-control-allow-origin']).toBe('*');
  });

  test('is refused by who does not trust it, and under another name by who does', async () => {
    await expect(getSecurely(up.securePort, '/', {})).rejects.toThrow(/verify|self-signed/);
    await expect(
      getSecurely(up.securePort, '/', { ca: up.ca, servername: 'example.org' }),
    ).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });

  test('cannot make its trusting clients believe in another site: Node refuses what its key signed for one', async () => {
    const authority = (await keptAuthority(shop.path('relay')))!;
    const outcome = async (name: string) => {
      const leaf = issueLeaf(authority, [name], Date.now());
      const pem = { key: keyPem(leaf.key), cert: certificatePem(leaf.certificate) };
      const server = createTlsServer(pem, (socket) => socket.end());
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as { port: number };
      try {
        return await new Promise<string>((resolve) => {
          const socket = connect({ port, host: '127.0.0.1', servername: name, ca: up.ca });
          socket.once('secureConnect', () => resolve('believed'));
          socket.once('error', (error) => resolve(error.message));
        });
      } finally {
        await new Promise((resolve) => server.close(resolve));
      }
    };
    expect(await outcome('waystation.local')).toBe('believed');
    for (const name of ['example.org', 'other.local'])
      expect(await outcome(name)).toBe('permitted subtree violation');
  });

  test('has one meeting point behind both ports: a joiner over wss meets the relay, which is on ws', async () => {
    const data = shop.path('joiner');
    const host = `wss://localhost:${up.securePort}`;
    const link = await shop.invite(shop.path('relay'), 'member', '--host', host);
    await shop.ask('join', '--data', data, link);
    const ca = join(shop.folder, 'ca.pem');
    writeFileSync(ca, up.ca);
    const synced = await shop.run(['sync', '--data', data, '--until-complete', '--host', host], {
      env: { NODE_EXTRA_CA_CERTS: ca },
    });
    expect(synced.code, synced.stderr).toBe(0);
    expect(synced.stderr).toContain('is connected');
  });

  test('refuses signaling to who does not trust it', async () => {
    const outcome = new Promise((resolve) => {
      const socket = new WebSocket(`wss://localhost:${up.securePort}/peerjs`);
      socket.once('open', () => resolve('open'));
      socket.once('error', (error) => resolve(error.message));
    });
    expect(await outcome).toMatch(/verify|self-signed/);
  });

  test('shows over plain HTTP the app to this machine, and to others how to trust it', async () => {
    expect((await get(up.port, '/')).text).toContain('<waystation-app');
    const page = await get(up.port, '/', `192.168.1.20:${up.port}`);
    expect(page.text).toContain('trust your relay');
    expect(page.text).not.toContain('<waystation-app');
    const { status, headers } = await get(up.port, '/healthz', '192.168.1.20');
    expect({ status, cors: headers['access-control-allow-origin'] }).toEqual({ status: 200, cors: '*' });
  });

  test('keeps its authority, its name and its number over a restart, whatever it is called then', async () => {
    const file = join(shop.path('relay'), 'https/authority.pem');
    const before = readFileSync(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { secure, fingerprint } = up.said;
    expect((await up.process.stop()).code).toBe(0);
    up = await relay(shop.path('relay'), '--name', 'Cupboard');
    expect(up.said.fingerprint).toBe(fingerprint);
    expect(new URL(up.said.secure).hostname).toBe(new URL(secure).hostname);
    expect(readFileSync(file).equals(before)).toBe(true);
    await up.process.line('stderr', /Phones know this relay as waystation\.local; that stays/);
    expect((await getSecurely(up.securePort, '/healthz', { ca: up.ca })).status).toBe(200);
  });
});

describe('what stands in the way', () => {
  test('another program on the port of HTTPS: says which option chooses another', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    const words = ['--https', '--https-port', String(port), '--listen', '127.0.0.1'];
    const ran = await shop.run(['relay', '--data', shop.path('busy'), '--port', '0', ...words]);
    await new Promise((resolve) => other.close(resolve));
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(`port ${port} on 127.0.0.1 is in use`);
    expect(ran.stderr).toContain('--https-port');
  });

  test('one port for both, and a port that is none', async () => {
    const data = ['relay', '--https', '--data', shop.path('ports')];
    const same = await shop.run([...data, '--port', '7443']);
    expect([same.code, same.stderr]).toEqual([2, expect.stringContaining('must differ')]);
    const none = await shop.run([...data, '--https-port', 'x']);
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('--https-port takes a number')]);
  });

  test('a key that others can read: says what to do, and serves nothing', async () => {
    const data = shop.path('open');
    const first = await relay(data);
    await first.process.stop();
    spawnSync('chmod', ['644', join(data, 'https/authority.pem')]);
    const ran = await shop.run(['relay', '--data', data, '--port', '0', ...LOOPBACK]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('chmod 600');
  });
});

/** Far more calls than making an authority takes. */
const MANY_CALLS = 60;
const NEVER = 1_000_000;

test('killed at any call to the file system, a first start leaves nothing or a whole authority', async () => {
  const workshop = shop.path('killed');
  await build({
    configFile: false,
    publicDir: false,
    logLevel: 'error',
    build: {
      ssr: fileURLToPath(new URL('./relay-https-child.ts', import.meta.url)),
      outDir: workshop,
      minify: false,
      target: 'node20',
      rolldownOptions: { output: { entryFileNames: 'child.mjs' } },
    },
    ssr: { noExternal: true },
  });
  const left = { nothing: 0, authority: 0 };
  for (let call = 0; call < MANY_CALLS; call++) {
    const data = join(workshop, `data-${call}`);
    mkdirSync(data, { mode: 0o700 });
    const start = (fatal: number) =>
      spawnSync(process.execPath, [join(workshop, 'child.mjs'), data, String(fatal)], { encoding: 'utf8' });
    const { signal, stdout } = start(call);
    const kept = await keptAuthority(data);
    left[kept === undefined ? 'nothing' : 'authority']++;
    if (signal === null) {
      expect(stdout).toBe('made\n');
      expect(left.nothing).toBeGreaterThan(5);
      expect(left.authority).toBeGreaterThan(2);
      return;
    }
    expect(start(NEVER).stdout).toBe('made\n');
    const now = await keptAuthority(data);
    expect(now?.name).toBe('waystation.local');
    if (kept !== undefined) expect(now?.certificate.equals(kept.certificate)).toBe(true);
    // A draft of the killed one holds a key: none stays where a new authority was made.
    if (kept === undefined) expect(readdirSync(join(data, 'https'))).toEqual(['authority.pem']);
  }
  throw new Error('making an authority never came to an end');
});
