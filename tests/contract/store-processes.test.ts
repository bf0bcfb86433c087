/** The file store among processes: killed at any instant, and two of them on one folder. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openFileStore } from '../../src/store/file-system.node.ts';
import { pattern, refOf } from './store-contract.ts';

let workshop: string;
let script: string;
const children = new Set<Child>();

type Child = ChildProcessByStdio<null, Readable, null>;

beforeAll(async () => {
  workshop = await mkdtemp(join(tmpdir(), 'waystation-processes-'));
  await build({
    configFile: false,
    publicDir: false,
    logLevel: 'error',
    build: {
      ssr: fileURLToPath(new URL('./store-child.ts', import.meta.url)),
      outDir: workshop,
      minify: false,
      target: 'node20',
      rolldownOptions: { output: { entryFileNames: 'child.mjs' } },
    },
    ssr: { noExternal: true },
  });
  script = join(workshop, 'child.mjs');
});

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(workshop, { recursive: true });
});

function start(...args: string[]): { readonly child: Child; readonly gone: Promise<unknown> } {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  const gone = once(child, 'close').then(() => children.delete(child));
  return { child, gone };
}

/** The first line that the process says. */
async function firstLine(child: Child): Promise<string> {
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return line;
}

/** A small seeded generator, so that a failing run can be repeated. */
function seededRandom(seed: number): () => number {
  let x = seed;
  return () => {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    return x / 2 ** 32;
  };
}

const ROUNDS = 40;

test('every acknowledged write survives SIGKILL at any instant, and nothing torn is ever visible', async () => {
  const { STORE_KILL_SEED: seed = '20261121' } = process.env;
  const random = seededRandom(Number(seed));
  const directory = join(workshop, 'killed');
  const acknowledged = { log: [] as number[], state: -1, small: [] as number[], large: [] as number[] };
  let next = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const { child, gone } = start(directory, String(next));
    // Killed after a random number of acknowledgements and a random stretch of work beyond the last of them.
    let left = 1 + Math.floor(random() * 25);
    const spinMs = random() * 4;
    for await (const line of createInterface(child.stdout)) {
      const [kind, text] = line.split(' ');
      const n = Number(text);
      if (kind === 'log') acknowledged.log.push(n);
      if (kind === 'state') acknowledged.state = n;
      if (kind === 'small' || kind === 'large') acknowledged[kind].push(n);
      next = Math.max(next, n + 1 || 0);
      if (--left === 0) {
        const until = performance.now() + spinMs;
        while (performance.now() < until);
        child.kill('SIGKILL');
      }
    }
    await gone;
    next++;

    const context = `seed ${seed}, round ${round}`;
    const store = await openFileStore(directory);
    expect(
      store.recovered.filter(({ kind }) => kind === 'damaged'),
      context,
    ).toEqual([]);
    const records = await store.logs.read('log', 0, 1e6, 1e9);
    expect(records.length % 2, context).toBe(0);
    const seen: number[] = [];
    for (let i = 0, n = 0; i < records.length; i += 2, n++) {
      while (n <= next && !Buffer.from(records[i]!).equals(pattern(3000, n))) n++;
      expect(Buffer.from(records[i + 1]!).equals(pattern(20, n)), `${context}: record ${i} is whole`).toBe(
        true,
      );
      seen.push(n);
    }
    expect(
      acknowledged.log.filter((n) => !seen.includes(n)),
      context,
    ).toEqual([]);
    const value = await store.state.get('counter');
    if (acknowledged.state >= 0) {
      // A put that was not acknowledged may have been done nevertheless, in this round or a later one.
      const candidates = Array.from(
        { length: next - acknowledged.state + 1 },
        (_, k) => acknowledged.state + k,
      );
      const fits = candidates.some((n) => Buffer.from(value!).equals(pattern(1000, n)));
      expect(fits, `${context}: value`).toBe(true);
    }
    for (const [kind, size] of [
      ['small', 200_000],
      ['large', 1_500_000],
    ] as const) {
      // The newest are where a crash could tear; older ones were checked in their own round.
      for (const n of acknowledged[kind].slice(-8)) {
        const bytes = await store.blobs.read(refOf(size, n), 0, size);
        expect(Buffer.from(bytes).equals(pattern(size, n)), `${context}: ${kind} ${n}`).toBe(true);
      }
    }
    for (const { ref, complete } of await store.blobs.list()) {
      if (complete && round % 8 === 7) await store.blobs.read(ref, 0, ref.size);
    }
    await store.close();
  }
  expect(acknowledged.log.length).toBeGreaterThan(ROUNDS);
  expect(acknowledged.large.length).toBeGreaterThan(ROUNDS / 4);
}, 120_000);

test('a second process is refused by name while the first lives, and takes over when it was killed', async () => {
  const directory = join(workshop, 'shared');
  const first = start(directory, '0', 'hold');
  expect(await firstLine(first.child)).toBe('opened');
  const second = start(directory, '0', 'hold');
  expect(await firstLine(second.child)).toBe('store-locked');
  await second.gone;
  await expect(openFileStore(directory)).rejects.toThrow(`process ${first.child.pid}`);
  first.child.kill('SIGKILL');
  await first.gone;
  const store = await openFileStore(directory);
  await store.close();
});

test('of many processes racing for a stale lock exactly one wins', async () => {
  const directory = join(workshop, 'raced');
  for (let round = 0; round < 5; round++) {
    const racers = Array.from({ length: 4 }, () => start(directory, '0', 'hold'));
    const lines = await Promise.all(racers.map(({ child }) => firstLine(child)));
    expect(lines.filter((line) => line === 'opened')).toHaveLength(1);
    expect(lines.filter((line) => line === 'store-locked')).toHaveLength(3);
    // The winner is killed, so the next round races for what it left.
    for (const { child } of racers) child.kill('SIGKILL');
    await Promise.all(racers.map(({ gone }) => gone));
  }
});

test('a lock whose process id was given to another program is stale', async () => {
  const directory = join(workshop, 'reused');
  await (await openFileStore(directory)).close();
  const [lock] = (await readdir(directory)).filter((name) => name.startsWith('lock.'));
  const other = { pid: process.ppid, started: 'another boot/1', released: false };
  await writeFile(join(directory, lock!), JSON.stringify(other));
  await (await openFileStore(directory)).close();
});

test('a lock file that is empty or garbage does not lock anybody out', async () => {
  const directory = join(workshop, 'garbage');
  await (await openFileStore(directory)).close();
  for (const text of ['', 'garbage', '7', 'null', '{"pid":"x"}']) {
    const [lock] = (await readdir(directory)).filter((name) => name.startsWith('lock.'));
    await writeFile(join(directory, lock!), text);
    await (await openFileStore(directory)).close();
  }
  expect((await readdir(directory)).filter((name) => name.startsWith('lock.'))).toHaveLength(1);
});
