/**
 * The built app and command line in real processes for end-to-end tests: relays on ports of the system's choosing, commands, and
 * Chromium processes that can be killed. Only what was started here is ended here.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { orShown, watched } from './shown.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CLI = join(ROOT, 'bin/waystation.js');
const { CHROMIUM_PATH: CHROMIUM = '/usr/bin/chromium' } = process.env;
const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-features=GenericSensorExtraClasses',
];
/** A relay that has not said what it is waited for by then has failed: a bound for hopeless cases, not a schedule. */
const PATIENCE_MS = 60_000;
/** Sensors that Chromium lets a test play. */
const SENSORS = ['accelerometer', 'gyroscope', 'magnetometer'] as const;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningChromium {
  readonly context: BrowserContext;
  /** Kills the browser and everything it started, at once. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

export interface RunningRelay {
  readonly child: ChildProcess;
  readonly url: string;
  readonly host: string;
  readonly said: SaidLines;
}

export class AppWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'waystation-test-'));
  readonly #processes = new Set<ChildProcess>();

  constructor() {
    if (!existsSync(join(ROOT, 'dist/node/main.js')) || !existsSync(join(ROOT, 'dist/app/index.html'))) {
      throw new Error('the app is not built: npm run build');
    }
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  start(...words: string[]): ChildProcess {
    const child = spawn(process.execPath, [CLI, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#processes.add(child);
    child.once('exit', () => this.#processes.delete(child));
    return child;
  }

  /** Runs a command to its end. */
  async run(...words: string[]): Promise<Finished> {
    const child = this.start(...words);
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stdout, stderr };
  }

  /** Runs a command that must work; its standard output. */
  async must(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...words);
    if (code !== 0) throw new Error(`waystation ${words.join(' ')} ended with ${code}: ${stderr}`);
    return stdout.trim();
  }

  /** Starts a relay; resolves when it listens. */
  async relay(name: string, ...words: string[]): Promise<RunningRelay> {
    const child = this.start('relay', '--data', this.path(name), '--port', '0', '--json', ...words);
    child.stderr?.resume();
    const said = new SaidLines(child);
    const { listening, host } = await said.first<{ listening: string; host: string }>('listening');
    return { child, url: listening, host, said };
  }

  /** A Chromium process of its own with a profile that survives it. */
  async chromium(profile: string): Promise<RunningChromium> {
    const flags = [
      ...FLAGS,
      '--remote-debugging-port=0',
      `--user-data-dir=${this.path(profile)}`,
      'about:blank',
    ];
    const child = spawn(CHROMIUM, flags, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    this.#processes.add(child);
    const endpoint = await new Promise<string>((resolve, reject) => {
      const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream });
      lines.on('line', (line) => {
        const match = /DevTools listening on (ws:\S+)/.exec(line);
        if (match?.[1] !== undefined) resolve(match[1]);
      });
      child.once('exit', () => reject(new Error('Chromium did not start')));
    });
    const browser: Browser = await chromium.connectOverCDP(endpoint);
    const context = watched(browser.contexts()[0] as BrowserContext);
    const end = async (signal: NodeJS.Signals) => {
      await ended(child, () => process.kill(-(child.pid as number), signal));
      this.#processes.delete(child);
      await browser.close().catch(() => undefined);
    };
    return { context, kill: () => end('SIGKILL'), close: () => end('SIGTERM') };
  }

  async end(): Promise<void> {
    for (const child of this.#processes) {
      await ended(child, () => {
        if (child.spawnfile === CHROMIUM) process.kill(-(child.pid as number), 'SIGKILL');
        else child.kill('SIGKILL');
      });
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Ends a process with `kill` and waits for it; nothing when it has ended by itself, of which nobody would be told any more. */
async function ended(child: ChildProcess, kill: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  kill();
  await exited;
}

/** Everything that a process prints as JSON lines, kept: what it said before somebody asked is found as well. */
class SaidLines {
  readonly #said: Record<string, unknown>[] = [];
  readonly #askers = new Set<() => void>();
  #isOver = false;

  constructor(child: ChildProcess) {
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    lines.on('line', (line) => {
      this.#said.push(JSON.parse(line) as Record<string, unknown>);
      for (const ask of this.#askers) ask();
    });
    child.once('close', () => {
      this.#isOver = true;
      for (const ask of this.#askers) ask();
    });
  }

  /** The first line with a field, said or still to be said. @throws Error with all it said when it ends without one, or is silent. */
  first<Line>(field: string): Promise<Line> {
    return new Promise((resolve, reject) => {
      const lost = (why: string) => {
        over();
        reject(new Error(`${why} "${field}"; it said: ${JSON.stringify(this.#said)}`));
      };
      const ask = () => {
        const line = this.#said.find((one) => field in one);
        if (line !== undefined) {
          over();
          resolve(line as Line);
        } else if (this.#isOver) lost('the process ended before it said');
      };
      const timer = setTimeout(() => lost('the process has not said'), PATIENCE_MS);
      const over = () => {
        clearTimeout(timer);
        this.#askers.delete(ask);
      };
      this.#askers.add(ask);
      ask();
    });
  }
}

/** Opens the app with an invite; sensors are virtual and permitted. */
export async function openApp(context: BrowserContext, address: string): Promise<Page> {
  const page = await watched(context).newPage();
  page.on('pageerror', (error) => console.error(`page threw: ${error.message}`));
  const { origin } = new URL(address);
  await context.grantPermissions([...SENSORS], { origin });
  await page.goto(address);
  return page;
}

/** Plays readings into the page's virtual sensors until stopped; x counts up. */
export async function playSensors(page: Page): Promise<{ stop(): Promise<void> }> {
  const session = await page.context().newCDPSession(page);
  for (const type of SENSORS) {
    await session.send('Emulation.setSensorOverrideEnabled', {
      enabled: true,
      type,
      metadata: { available: true },
    });
  }
  let count = 0;
  let over = false;
  const play = async () => {
    while (!over) {
      count++;
      for (const type of SENSORS) {
        await session.send('Emulation.setSensorOverrideReadings', {
          type,
          reading: { xyz: { x: count % 50, y: 1.5, z: 9.8 } },
        });
      }
    }
  };
  const playing = play().catch(() => undefined);
  return {
    stop: async () => {
      over = true;
      await playing;
    },
  };
}

export async function joinApp(page: Page, name: string): Promise<void> {
  await orShown(page, page.getByLabel('Name of this device').first().fill(name));
  await orShown(page, page.getByRole('button', { name: 'Join' }).click());
}

/** What a test waits for. */
export interface StationWish {
  readonly name: string;
  readonly minSealed: number;
  /** Every sealed hour is held as well. */
  readonly complete: boolean;
}

/** What the page's model says of a station, once the wish is fulfilled. */
export async function stationWhen(page: Page, wish: StationWish): Promise<StationView> {
  const said = page.waitForFunction(
    ({ name, minSealed, complete }) => {
      type View = { name: string | null; sealed: number; held: number; id: string };
      const app = document.querySelector('waystation-app') as
        | (Element & { model?: { state: { stations: View[] } } })
        | null;
      return app?.model?.state.stations.find(
        (one) => one.name === name && one.sealed >= minSealed && (!complete || one.held === one.sealed),
      );
    },
    wish,
    { timeout: 90_000 },
  );
  const handle = await orShown(page, said);
  return (await handle.jsonValue()) as StationView;
}

export interface StationView {
  readonly id: string;
  readonly name: string | null;
  readonly sealed: number;
  readonly held: number;
}

/** SHA-256 of every hour file of a station that the page holds, oldest first. */
export function hourDigests(page: Page, station: string): Promise<string[]> {
  return page.evaluate(async (id) => {
    type Model = { hourFiles(id: string): AsyncIterable<{ bytes: Uint8Array<ArrayBuffer> }> };
    const { model } = document.querySelector('waystation-app') as Element & { model: Model };
    const digests: string[] = [];
    for await (const { bytes } of model.hourFiles(id)) {
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
      digests.push([...digest].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
    }
    return digests;
  }, station);
}

/** Everything that the page holds of a station, saved as a table in the Data place; times as numbers, as a replay takes them. */
export async function savedCsv(page: Page, name: string): Promise<string> {
  await page.getByRole('link', { name: 'Data' }).click();
  // With several stations one chooses; a single one is shown.
  await orShown(page, page.getByRole('button', { name: 'Save CSV', exact: true }).waitFor());
  const station = page.getByRole('button', { name, pressed: false });
  if ((await station.count()) > 0) await station.first().click();
  await page.getByRole('button', { name: 'Save CSV', exact: true }).click();
  await page.getByText('Exactly as recorded:', { exact: false }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: `Save CSV of ${name}` }).click();
  const file = await orShown(page, download);
  if (!/^.+ \d{4}-\d\d-\d\d( to \d{4}-\d\d-\d\d)?\.csv$/.test(file.suggestedFilename()))
    throw new Error(`expected a name with station and days, got ${file.suggestedFilename()}`);
  const lines = readFileSync(await file.path(), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => line.slice(line.indexOf(',') + 1)).join('\n');
}
