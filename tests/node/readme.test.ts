/** The README's commands, run as they stand there: what a newcomer pastes works. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BIN, buildCli, ROOT } from './cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'waystation-readme-'));

beforeAll(buildCli);
afterAll(() => rmSync(folder, { recursive: true }));

/** The shell lines under the heading. */
function linesUnder(heading: string): string {
  const text = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const section = text.slice(text.indexOf(`\n## ${heading}\n`));
  const lines = /```sh\n([\s\S]*?)```/.exec(section)?.[1];
  if (lines === undefined) throw new Error(`expected shell lines under “${heading}”`);
  return lines;
}

/** A port that is free now: the README's own may be taken where the tests run. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

it('a group, a station and a collector on one machine: pasted line after line, every command works', async () => {
  const port = await freePort();
  const script = linesUnder('Command line')
    .replaceAll('npx waystation', 'waystation')
    .replaceAll('node bin/waystation.js', 'waystation')
    .replaceAll('7171', String(port));
  expect(script).toContain('export');
  mkdirSync(join(folder, 'bin'));
  symlinkSync(BIN, join(folder, 'bin/waystation'));
  symlinkSync(join(ROOT, 'tests'), join(folder, 'tests'));
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'example.sh'), `set -e\n${script}`);
  const ran = spawnSync('bash', ['example.sh'], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 100_000,
    env: { ...process.env, PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}` },
  });
  expect(ran.status, ran.stderr).toBe(0);
  const rows = readFileSync(join(folder, 'data/ridge.csv'), 'utf8').trim().split('\n');
  const recording = readFileSync(join(ROOT, 'tests/vectors/recordings/phone1hz-cut.csv'), 'utf8')
    .trim()
    .split('\n');
  expect(rows.length).toBe(recording.length);
}, 120_000);
