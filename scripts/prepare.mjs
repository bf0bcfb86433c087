/**
 * What the first command on a fresh clone needs before anything else can run, with Node's own modules only: the packages
 * of the lockfile, and for tests a Chromium with certutil, which tells it what to trust.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Runs a command in the project's folder with its output shown; ends this process when it fails. */
export function run(command, args, options = {}) {
  const done = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', ...options });
  if (done.status !== 0) {
    console.error(`\n${command} ${args.join(' ')} did not work (exit ${done.status ?? done.signal}).`);
    process.exit(done.status ?? 1);
  }
}

/** Installs the packages when they are missing or older than the lockfile. */
export function installPackages() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`Waystation needs Node.js 20.19 or newer; this is ${process.versions.node}.`);
    process.exit(1);
  }
  const installed = join(ROOT, 'node_modules/.package-lock.json');
  const lock = join(ROOT, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  const folder = join(ROOT, 'node_modules');
  if (existsSync(folder) && lstatSync(folder).isSymbolicLink()) {
    // Installing would empty the folder that it leads to, under whoever else works with it.
    console.error(
      'node_modules is a link to another folder, and older than package-lock.json: remove the link.',
    );
    process.exit(1);
  }
  console.error('Installing packages …');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}

export const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/** Installs Debian's Chromium and certutil when they are missing and we may; otherwise says what to do. */
export function installChromium() {
  const hasCertutil = spawnSync('certutil', ['-H'], { stdio: 'ignore' }).error === undefined;
  const missing = [...(existsSync(CHROMIUM) ? [] : ['chromium']), ...(hasCertutil ? [] : ['libnss3-tools'])];
  if (missing.length === 0) return;
  const debian = existsSync('/usr/bin/apt-get');
  const root = process.getuid?.() === 0;
  const sudo = !root && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  if (!debian || (!root && !sudo)) {
    console.error(
      `The browser tests need Chromium at ${CHROMIUM} (or where CHROMIUM_PATH says) and certutil of NSS. Missing: ${missing.join(', ')}.`,
    );
    process.exit(1);
  }
  console.error(`Installing ${missing.join(' and ')} …`);
  const apt = (...args) =>
    run(...(root ? ['apt-get', args] : ['sudo', ['-n', 'apt-get', ...args]]), {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  apt('update');
  apt('install', '-y', '--no-install-recommends', ...missing);
}

/** Builds the app and the command line unless what is built is as new as the sources. */
export function build() {
  const stamp = join(ROOT, 'dist/built-from');
  const sources = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).stdout?.trim();
  const dirty = spawnSync('git', ['status', '--porcelain'], { cwd: ROOT, encoding: 'utf8' }).stdout?.trim();
  if (sources && dirty === '' && existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === sources) return;
  console.error('Building …');
  run('npm', ['run', '--silent', 'build']);
}
