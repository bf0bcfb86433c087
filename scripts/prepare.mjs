/**
 * What the first command on a fresh clone needs before anything else can run, with Node's own modules only: the packages
 * of the lockfile, and for tests a Chromium with certutil, which tells it what to trust, and coturn.
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

/** Whether gcc and a C library are there, which the tests of examples/esp32 need. */
function canCompileC() {
  const input = '#include <stdio.h>\n';
  return spawnSync('gcc', ['-fsyntax-only', '-x', 'c', '-'], { input, stdio: 'pipe' }).status === 0;
}

/**
 * Installs Debian's Chromium, certutil and gcc when they are missing and we may; otherwise says what to do. And coturn, whose STUN client and
 * server ours are tried and measured against: without it those tests are skipped.
 */
export function installChromium() {
  const has = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).error === undefined;
  const needed = [
    ...(existsSync(CHROMIUM) ? [] : ['chromium']),
    ...(has('certutil', '-H') ? [] : ['libnss3-tools']),
    ...(canCompileC() ? [] : ['gcc', 'libc6-dev']),
  ];
  const wanted = has('turnutils_stunclient', '-h') && has('turnserver', '--version') ? [] : ['coturn'];
  if (needed.length === 0 && wanted.length === 0) return;
  const debian = existsSync('/usr/bin/apt-get');
  const root = process.getuid?.() === 0;
  const sudo = !root && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  const asRoot = (command, ...args) => (root ? [command, args] : ['sudo', ['-n', command, ...args]]);
  if (!debian || (!root && !sudo)) {
    if (needed.length > 0) {
      console.error(
        `The tests need Chromium at ${CHROMIUM} (or where CHROMIUM_PATH says), certutil of NSS, and gcc for examples/esp32. Missing: ${needed.join(', ')}.`,
      );
      process.exit(1);
    }
    console.error('The tests against coturn are skipped: the Debian package coturn is not installed.');
    return;
  }
  console.error(`Installing ${[...needed, ...wanted].join(' and ')} …`);
  const quiet = {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'inherit'],
  };
  const install = ['install', '-y', '--no-install-recommends'];
  if (needed.length > 0) {
    run(...asRoot('apt-get', 'update'), quiet);
    run(...asRoot('apt-get', ...install, ...needed), quiet);
  } else spawnSync(...asRoot('apt-get', 'update'), quiet);
  if (wanted.length === 0) return;
  // Its programs are wanted, not the server that it would start for good: `systemctl unmask coturn` takes this back.
  if (existsSync('/run/systemd/system')) spawnSync(...asRoot('systemctl', 'mask', 'coturn.service'), quiet);
  if (spawnSync(...asRoot('apt-get', ...install, ...wanted), quiet).status !== 0)
    console.error('The tests against coturn are skipped: the Debian package coturn cannot be had here.');
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
