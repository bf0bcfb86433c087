/**
 * A real Chromium for tests: bundles a TypeScript page with vite in memory, serves it on loopback on a port of the system's
 * choosing, and opens it headless. Workers that the page makes with `new Worker(new URL('./x.ts', import.meta.url), { type:
 * 'module' })` are bundled along.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { build, type Rolldown } from 'vite';

const { CHROMIUM_PATH: EXECUTABLE = '/usr/bin/chromium' } = process.env;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What a closed network and a container need. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const HTML = `<!doctype html><html lang="en"><meta charset="utf-8"><title>test page</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<script type="module">import './page.js'; globalThis.testPageReady = true;</script>
`;

export interface ChromiumOptions {
  /** Further command line flags. */
  readonly flags?: readonly string[];
}

export interface ServedPage {
  /** `http://127.0.0.1:<port>/`, a secure context. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a headless Chromium; whoever starts it closes it. */
export async function launchChromium(options: ChromiumOptions = {}): Promise<Browser> {
  return await chromium.launch({ executablePath: EXECUTABLE, args: [...FLAGS, ...(options.flags ?? [])] });
}

/** Runs `use` with a headless Chromium and closes it afterwards, come what may. */
export async function withChromium<T>(
  use: (browser: Browser) => Promise<T>,
  options: ChromiumOptions = {},
): Promise<T> {
  const browser = await launchChromium(options);
  try {
    return await use(browser);
  } finally {
    await browser.close();
  }
}

/**
 * Bundles `entryFile` and serves it as the script of an otherwise empty page. Exports of the entry are dropped: what a test
 * calls, the entry puts on `globalThis`.
 * @param entryFile path or file URL of a TypeScript module.
 */
export async function servePage(entryFile: string | URL): Promise<ServedPage> {
  const files = await bundle(entryFile instanceof URL ? fileURLToPath(entryFile) : entryFile);
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const body = path === '/' ? HTML : files.get(path.slice(1));
    const type = path === '/' ? 'text/html' : contentType(path);
    if (body === undefined) response.writeHead(path === '/favicon.ico' ? 204 : 404).end();
    else response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/**
 * Opens `url` in a new tab and waits until the page's script has run. What the page logs as an error, or throws later, goes to
 * the test's console.
 * @throws Error with the page's own message when its script fails.
 */
export async function openPage(opener: Browser | BrowserContext, url: string): Promise<Page> {
  const page = await opener.newPage();
  const failed = new Promise<never>((_, reject) => page.once('pageerror', reject));
  failed.catch(() => undefined);
  page.on('pageerror', (error) => console.error(`page threw: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') console.error(`page: ${message.text()}`);
  });
  await page.goto(url);
  await Promise.race([page.waitForFunction('globalThis.testPageReady === true'), failed]);
  return page;
}

async function bundle(entry: string): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const built = await build({
    root: ROOT,
    base: './',
    configFile: false,
    publicDir: false,
    logLevel: 'error',
    worker: { format: 'es' },
    build: {
      write: false,
      minify: false,
      target: 'esnext',
      modulePreload: false,
      rolldownOptions: { input: { page: entry }, output: { entryFileNames: 'page.js' } },
    },
  });
  const files = new Map<string, string | Uint8Array>();
  for (const { output } of (Array.isArray(built) ? built : [built]) as Rolldown.RolldownOutput[]) {
    for (const file of output) files.set(file.fileName, file.type === 'chunk' ? file.code : file.source);
  }
  return files;
}

function contentType(path: string): string {
  if (path.endsWith('.js')) return 'text/javascript';
  if (path.endsWith('.css')) return 'text/css';
  if (path.endsWith('.json')) return 'application/json';
  if (path.endsWith('.wasm')) return 'application/wasm';
  return 'application/octet-stream';
}
