/**
 * Runs the command line as people do: real processes, real WebRTC on loopback, ports chosen by the system. Waits for lines that
 * a process prints or for its end, never for time; ends only the processes that it started.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const BIN = join(ROOT, 'bin/waystation.js');
const BUILT = join(ROOT, 'dist/node/main.js');
/** A process that has not said what it is waited for by then has failed: a bound for hopeless cases, not a schedule. */
const PATIENCE_MS = 90_000;

// biome-ignore lint/suspicious/noExplicitAny: documents are what the command line promises; the tests say which.
export type Document = any;

function newestSource(folder: string): number {
  let newest = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) newest = Math.max(newest, statSync(join(entry.parentPath, entry.name)).mtimeMs);
  }
  return newest;
}

/** Builds the command line when there is none or it is older than the sources. Two test files may do so at once. */
export function buildCli(): void {
  const sources = Math.max(newestSource(join(ROOT, 'src')), newestSource(join(ROOT, 'signaling')));
  if (existsSync(BUILT) && statSync(BUILT).mtimeMs >= sources) return;
  const folder = join(ROOT, 'dist', `node-${process.pid}`);
  const vite = join(ROOT, 'node_modules/vite/bin/vite.js');
  const words = ['build', '--ssr', 'src/node/main.ts', '--logLevel', 'warn', '--outDir', folder];
  const built = spawnSync(process.execPath, [vite, ...words], { cwd: ROOT, encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`the command line does not build:\n${built.stdout}${built.stderr}`);
  // File by file, the entry last: a process that starts meanwhile finds a whole program.
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  files.sort((a, b) => Number(a.name === 'main.js') - Number(b.name === 'main.js'));
  for (const { parentPath, name } of files) {
    const to = join(ROOT, 'dist/node', parentPath.slice(folder.length));
    mkdirSync(to, { recursive: true });
    renameSync(join(parentPath, name), join(to, name));
  }
  rmSync(folder, { recursive: true });
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Ran extends Ended {
  readonly stdout: string;
  readonly stderr: string;
  /** The JSON documents on stdout. */
  readonly documents: readonly Document[];
  /** The last of them: the result of a command. */
  readonly result: Document;
}

type Stream = 'stdout' | 'stderr';
interface Waiter {
  readonly stream: Stream;
  readonly wanted: (line: string) => boolean;
  readonly found: (line: string) => void;
  readonly lost: (error: Error) => void;
}

function parseLine(line: string): Document {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** A process that was started. */
export class Started {
  readonly words: readonly string[];
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly lines: Record<Stream, string[]> = { stdout: [], stderr: [] };
  readonly #waiters = new Set<Waiter>();
  #over: Ended | undefined;

  constructor(words: readonly string[], child: ChildProcess) {
    this.words = words;
    this.child = child;
    const closed = (['stdout', 'stderr'] as const).map((stream) => this.#read(stream));
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        // What it printed last is still in the pipes.
        void Promise.all(closed).then(() => {
          this.#over = { code, signal };
          for (const { lost } of this.#waiters)
            lost(new Error(`it ended (${code ?? signal}) first\n${this.transcript()}`));
          this.#waiters.clear();
          resolve(this.#over);
        });
      });
    });
  }

  #read(stream: Stream): Promise<void> {
    let rest = '';
    const source = this.child[stream];
    source?.setEncoding('utf8');
    source?.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#heard(stream, line);
    });
    return new Promise((resolve) =>
      source?.once('close', () => {
        if (rest !== '') this.#heard(stream, rest);
        resolve();
      }),
    );
  }

  #heard(stream: Stream, line: string): void {
    this.lines[stream].push(line);
    for (const waiter of [...this.#waiters]) {
      if (waiter.stream !== stream || !waiter.wanted(line)) continue;
      this.#waiters.delete(waiter);
      waiter.found(line);
    }
  }

  /** The first line, printed already or to come, that is wanted. @throws Error with all it printed when it ends before. */
  line(stream: Stream, wanted: RegExp | ((line: string) => boolean)): Promise<string> {
    const fits = typeof wanted === 'function' ? wanted : (line: string) => wanted.test(line);
    const known = this.lines[stream].find(fits);
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      if (this.#over !== undefined) return reject(new Error(`it never said ${wanted}\n${this.transcript()}`));
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new Error(`it has not said ${wanted} for ${PATIENCE_MS} ms\n${this.transcript()}`));
      }, PATIENCE_MS);
      const waiter: Waiter = {
        stream,
        wanted: fits,
        found: (line) => {
          clearTimeout(timer);
          resolve(line);
        },
        lost: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      this.#waiters.add(waiter);
    });
  }

  /** The first JSON document on stdout that is wanted. */
  async document(wanted: (document: Document) => boolean): Promise<Document> {
    const fits = (line: string) => {
      const document = parseLine(line);
      return document !== undefined && wanted(document);
    };
    return parseLine(await this.line('stdout', fits));
  }

  /** The first event of this kind. */
  event(kind: string): Promise<Document> {
    return this.document(({ event }) => event === kind);
  }

  documents(): Document[] {
    return this.lines.stdout.map(parseLine).filter((document) => document !== undefined);
  }

  /** Sends a signal and waits for the end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ran> {
    this.child.kill(signal);
    return this.result();
  }

  /** Waits for the end. */
  async result(): Promise<Ran> {
    const { code, signal } = await this.ended;
    const documents = this.documents();
    const text = (stream: Stream) => this.lines[stream].map((line) => `${line}\n`).join('');
    return {
      code,
      signal,
      stdout: text('stdout'),
      stderr: text('stderr'),
      documents,
      result: documents.at(-1),
    };
  }

  transcript(): string {
    const { stdout, stderr } = this.lines;
    return [
      `waystation ${this.words.join(' ')}`,
      ...stdout.slice(-20),
      '--- stderr',
      ...stderr.slice(-20),
    ].join('\n');
  }
}

export interface StartOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Without the `--json` that is given otherwise. */
  readonly plain?: boolean;
  /** Leaves standard input open. */
  readonly stdin?: boolean;
}

/** A temporary folder and the processes started for one test file. */
export class Workshop {
  readonly folder = mkdtempSync(join(tmpdir(), 'waystation-node-'));
  readonly #started = new Set<Started>();
  readonly #killAll = () => {
    for (const { child } of this.#started) child.kill('SIGKILL');
  };

  constructor() {
    process.once('exit', this.#killAll);
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** Makes the folder that a file is to stand in. */
  makeFolderOf(path: string): void {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  }

  /** Starts `waystation <words> --json`. */
  start(words: readonly string[], options: StartOptions = {}): Started {
    const all = options.plain === true ? words : [...words, '--json'];
    return this.spawn(process.execPath, [BIN, ...all], options);
  }

  spawn(command: string, words: readonly string[], options: StartOptions = {}): Started {
    const child = spawn(command, words, {
      cwd: options.cwd ?? this.folder,
      env: { ...process.env, ...options.env },
      stdio: [options.stdin === true ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    });
    const started = new Started(words.slice(words[0] === BIN ? 1 : 0), child);
    this.#started.add(started);
    void started.ended.finally(() => this.#started.delete(started)).catch(() => undefined);
    return started;
  }

  /** Runs a command to its end. */
  run(words: readonly string[], options: StartOptions = {}): Promise<Ran> {
    return this.start(words, options).result();
  }

  /** Runs a command that must succeed; its last document. */
  async ask(...words: string[]): Promise<Document> {
    const ran = await this.run(words);
    if (ran.code !== 0)
      throw new Error(
        `waystation ${words.join(' ')}: exit ${ran.code ?? ran.signal}\n${ran.stdout}${ran.stderr}`,
      );
    return ran.result;
  }

  /** Starts a relay on a free port; it is listening when this resolves. */
  async relay(
    data: string,
    ...words: string[]
  ): Promise<{ process: Started; host: string; port: number; node: string }> {
    const process = this.start(['relay', '--data', data, '--port', '0', ...words]);
    const { listening, node } = await process.document((document) => document.listening !== undefined);
    const { port } = new URL(listening);
    return { process, host: `ws://127.0.0.1:${port}`, port: Number(port), node };
  }

  /** A fresh space on `data`; its id. */
  async space(data: string, name = 'Valley'): Promise<string> {
    return (await this.ask('space', 'create', '--data', data, '--name', name)).space;
  }

  /** An invite link from the node of `data`. */
  async invite(data: string, role: string, ...words: string[]): Promise<string> {
    return (await this.ask('invite', '--data', data, '--role', role, ...words)).link;
  }

  /** Has each of `joiners` join and be admitted by `inviter`, over a hub of its own. */
  async admit(inviter: string, role: string, joiners: readonly string[], ...hosts: string[]): Promise<void> {
    const hub = await this.relay(this.path(`hub-for-${role}-${joiners.length}-${Math.random()}`));
    const meetings = hosts.flatMap((host) => ['--host', host]);
    const link = await this.invite(
      inviter,
      role,
      '--uses',
      String(joiners.length),
      ...meetings,
      '--host',
      hub.host,
    );
    const door = this.start(['sync', '--data', inviter, '--host', hub.host, '--timeout', '60s']);
    for (const joiner of joiners) {
      await this.ask('join', '--data', joiner, link);
      await this.ask('sync', '--data', joiner, '--host', hub.host, '--until-complete', '--timeout', '30s');
    }
    await door.stop();
    await hub.process.stop();
  }

  /** Ends what is still running and removes the folder. */
  async close(): Promise<void> {
    this.#killAll();
    await Promise.all([...this.#started].map(({ ended }) => ended));
    process.off('exit', this.#killAll);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
