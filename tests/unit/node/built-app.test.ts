/** A relay and the folder of its app, which somebody builds anew, empties or has not filled yet. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RelayServer, startRelayServer } from '../../../src/node/relay-server.ts';

const SCRIPT = `// ${'x'.repeat(4_000)}\n`;

let folder: string;
let server: RelayServer | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waystation-app-'));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

function build(name: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'assets'), { recursive: true });
  writeFileSync(join(folder, 'index.html'), `<!doctype html><title>${name}</title>`);
  writeFileSync(join(folder, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  writeFileSync(join(folder, 'assets', `main-${name}.js`), SCRIPT);
  writeFileSync(join(folder, 'service-worker.js'), `// ${name}`);
}

async function start(): Promise<void> {
  server = await startRelayServer({ port: 0, listen: '127.0.0.1', hostId: 'host', appFolders: [folder] });
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** As it comes over the wire, and the path as it is. */
function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: server?.port, path, headers, method }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }),
      );
    });
    asked.on('error', reject).end();
  });
}

describe('a relay in whose folder somebody builds', () => {
  it('goes on, and every part of the page that it served before is still there', async () => {
    build('one');
    await start();
    rmSync(folder, { recursive: true });
    expect((await get('/icon.svg')).status).toBe(200);
    expect((await get('/')).body.toString()).toContain('one');
    build('two');
    expect((await get('/')).body.toString()).toContain('one');
    expect((await get('/assets/main-one.js')).body.toString()).toBe(SCRIPT);
    expect((await get('/healthz')).status).toBe(200);
  });

  it('and that started meanwhile serves the app as soon as it is whole', async () => {
    build('one');
    rmSync(join(folder, 'service-worker.js'));
    await start();
    const early = await get('/');
    expect({ status: early.status, text: early.body.toString() }).toMatchObject({
      status: 404,
      text: expect.stringContaining('not built'),
    });
    build('two');
    expect((await get('/')).body.toString()).toContain('two');
  });
});

describe('the files of the app', () => {
  beforeEach(async () => {
    build('one');
    await start();
  });

  it('come with their kind, and those that carry a hash are kept for good', async () => {
    const page = await get('/');
    expect(page.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'content-length': String(readFileSync(join(folder, 'index.html')).length),
    });
    expect(page.headers['content-security-policy']).toContain("default-src 'self'");
    const script = await get('/assets/main-one.js?again');
    expect(script.headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect(script.headers['cache-control']).toContain('immutable');
    expect((await get('/icon.svg')).headers['content-type']).toBe('image/svg+xml');
  });

  it('are packed for who can unpack, and not sent again to who has them', async () => {
    const { headers, body } = await get('/assets/main-one.js', { 'accept-encoding': 'br, gzip' });
    expect(headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(body).toString()).toBe(SCRIPT);
    expect(body.length).toBeLessThan(SCRIPT.length / 2);
    const plain = await get('/assets/main-one.js', { 'accept-encoding': 'gzip;q=0' });
    expect(plain.headers['content-encoding']).toBeUndefined();
    const again = await get('/assets/main-one.js', { 'if-none-match': String(headers['etag']) });
    expect({ status: again.status, bytes: again.body.length }).toEqual({ status: 304, bytes: 0 });
    const head = await get('/', {}, 'HEAD');
    expect({ status: head.status, bytes: head.body.length }).toEqual({ status: 200, bytes: 0 });
  });

  it('are all that is given: no other path, no other method', async () => {
    for (const path of [
      '/nowhere.js',
      '/../package.json',
      '/%2e%2e/package.json',
      '/%',
      '//',
      '/assets/',
      '/assets',
    ])
      expect({ path, status: (await get(path)).status }).toEqual({ path, status: 404 });
    expect((await get('/', {}, 'POST')).status).toBe(405);
  });
});
