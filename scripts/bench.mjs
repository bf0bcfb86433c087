/** `npm run bench`: builds and runs the measurements; arguments choose among them. */
import { spawnSync } from 'node:child_process';
import { installChromium, installPackages, ROOT, run } from './prepare.mjs';

installPackages();
installChromium();
run('npx', ['vite', 'build', '--ssr', 'bench/main.ts', '--outDir', 'dist/bench', '--logLevel', 'warn']);
const done = spawnSync(process.execPath, ['dist/bench/main.js', ...process.argv.slice(2)], {
  cwd: ROOT,
  stdio: 'inherit',
});
process.exit(done.status ?? 1);
