/** `npm run screenshots`: builds the app and takes its pictures (tests/pictures); `story`, `states` or a place such as `record` takes one part. */
import { spawnSync } from 'node:child_process';
import { build, installChromium, installPackages, ROOT, run } from './prepare.mjs';

installPackages();
installChromium();
build();
run('npx', [
  'vite',
  'build',
  '--ssr',
  'tests/pictures/main.ts',
  '--outDir',
  'dist/pictures',
  '--logLevel',
  'warn',
]);
const done = spawnSync(process.execPath, ['dist/pictures/main.js', ...process.argv.slice(2)], {
  cwd: ROOT,
  stdio: 'inherit',
});
process.exit(done.status ?? 1);
