/**
 * Folders with built apps and a static server that can be stopped, changed and made to fail, for tests of installing, of working
 * without a network and of updates. The service worker is always the real one, made by the build's own code.
 */
import { once } from 'node:events';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BrowserContext, chromium } from 'playwright-core';
import sirv from 'sirv';
import { build, type Rolldown } from 'vite';
import { writeServiceWorker } from '../../scripts/service-worker-build.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { CHROMIUM_PATH: EXECUTABLE = '/usr/bin/chromium' } = process.env;
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const BUILT = join(ROOT, 'dist/app');

export class InstalledWorld {
  readonly #folder = mkdtempSync(join(tmpdir(), 'waystation-installed-'));
  readonly #servers = new Set<AppServer>();

  /** A copy of the built app: a build that runs meanwhile does not change it. */
  copyOfApp(): string {
    if (!existsSync(join(BUILT, 'service-worker.js'))) throw new Error('the app is not built: npm run build');
    const folder = join(this.#folder, 'app');
    cpSync(BUILT, folder, { recursive: true });
    return folder;
  }

  /** The built app as its next version: the same but for its title. */
  async nextApp(): Promise<string> {
    const folder = join(this.#folder, 'next-app');
    cpSync(BUILT, folder, { recursive: true });
    const page = join(folder, 'index.html');
    writeFileSync(page, readFileSync(page, 'utf8').replace('<html', '<html data-next'));
    await writeServiceWorker(folder);
    return folder;
  }

  /** Builds installed-page.ts as a version of its own, with a service worker as the app has it. */
  async probe(version: string): Promise<string> {
    const folder = join(this.#folder, `probe-${version}`);
    mkdirSync(join(folder, 'assets'), { recursive: true });
    const built = (await build({
      root: ROOT,
      base: './',
      configFile: false,
      publicDir: false,
      logLevel: 'error',
      define: { PROBE_VERSION: JSON.stringify(version) },
      build: {
        write: false,
        target: 'esnext',
        modulePreload: false,
        rolldownOptions: { input: fileURLToPath(new URL('installed-page.ts', import.meta.url)) },
      },
    })) as Rolldown.RolldownOutput;
    for (const file of built.output) {
      writeFileSync(join(folder, file.fileName), file.type === 'chunk' ? file.code : file.source);
    }
    cpSync(join(ROOT, 'public'), folder, { recursive: true });
    writeFileSync(
      join(folder, 'index.html'),
      `<!doctype html><meta charset="utf-8"><title>probe ${version}</title>
<link rel="manifest" href="./manifest.webmanifest">
<script type="module" src="./${built.output[0].fileName}"></script>`,
    );
    await writeServiceWorker(folder);
    return folder;
  }

  /** Changes a file of a build after its list was made, as a server does that is in the middle of an upload. */
  spoil(folder: string): void {
    appendFileSync(join(folder, 'index.html'), '<!-- of the next build -->');
  }

  /** A browser with a profile on disk: in a private window nothing can be installed. */
  async installable(): Promise<BrowserContext> {
    const profile = join(this.#folder, 'profile');
    return chromium.launchPersistentContext(profile, { executablePath: EXECUTABLE, args: [...FLAGS] });
  }

  /** A file outside of the app. */
  file(name: string, content: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, content);
    return path;
  }

  async serve(folder: string, under = '/'): Promise<AppServer> {
    const server = new AppServer(folder, under);
    this.#servers.add(server);
    await server.start();
    return server;
  }

  async end(): Promise<void> {
    for (const server of this.#servers) await server.stop();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

export class AppServer {
  /** What was asked of the server: `GET /path`. */
  readonly requests: string[] = [];
  /** Requests that are answered with 503. */
  broken: RegExp | null = null;
  /** Requests that are answered with 503 the first time that each is made. */
  failsFirst: RegExp | null = null;
  /** What {@link failsFirst} has failed. */
  readonly failed: string[] = [];
  /** Requests that are taken and never answered. */
  hanging: RegExp | null = null;
  readonly #hung = new Set<ServerResponse>();
  readonly #heard: (() => void)[] = [];
  readonly #under: string;
  #folder: string;
  #server: Server | undefined;
  #port = 0;

  constructor(folder: string, under: string) {
    this.#folder = folder;
    this.#under = under;
  }

  /** Address of the app. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}${this.#under}`;
  }

  /** Resolves when a request hangs. */
  async hung(): Promise<void> {
    if (this.#hung.size === 0) await new Promise<void>((resolve) => this.#heard.push(resolve));
  }

  /** Ends what hangs: Chromium asks for the same file again only then, or after 20 s. */
  dropHung(): void {
    for (const response of this.#hung) response.destroy();
    this.#hung.clear();
  }

  /** From now on the files of another build; nothing of the one before is served any more. */
  change(folder: string): void {
    this.#folder = folder;
  }

  /** Listens, after a stop on the same port again. */
  async start(): Promise<void> {
    const server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://localhost');
      this.requests.push(`${request.method} ${pathname}`);
      const failsNow = this.failsFirst?.test(pathname) === true && !this.failed.includes(pathname);
      if (failsNow) this.failed.push(pathname);
      if (failsNow || this.broken?.test(pathname)) {
        response.writeHead(503).end();
        return;
      }
      if (this.hanging?.test(pathname)) {
        this.#hung.add(response);
        for (const heard of this.#heard.splice(0)) heard();
        return;
      }
      const elsewhere = () => {
        response.writeHead(404, { 'content-type': 'text/plain' }).end(`host ${pathname}`);
      };
      if (!pathname.startsWith(this.#under) || request.method !== 'GET') {
        elsewhere();
        return;
      }
      request.url = (request.url ?? '/').slice(this.#under.length - 1);
      sirv(this.#folder, { dev: true, etag: true })(request, response, elsewhere);
    });
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Nobody answers any more: connections are refused. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
}
