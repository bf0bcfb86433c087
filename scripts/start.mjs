/** `npm start`: on a fresh clone installs, builds and runs a relay that phones in the same network can open. Arguments go to `waystation relay`. */
import { spawn } from 'node:child_process';
import { build, installPackages, ROOT } from './prepare.mjs';

installPackages();
build();
const given = process.argv.slice(2);
const args = [
  'bin/waystation.js',
  'relay',
  '--https',
  '--create',
  'My group',
  ...(given.includes('--data') ? [] : ['--data', 'data/relay']),
];
const relay = spawn(process.execPath, [...args, ...given], { cwd: ROOT, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => relay.kill(signal));
relay.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 0 : 1)));
