/** Notes which commit dist/ was built from, when the sources were exactly that commit, so that it is not built twice. */
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';

const git = (...args) => spawnSync('git', args, { encoding: 'utf8' }).stdout?.trim();
const commit = git('rev-parse', 'HEAD');
if (commit && git('status', '--porcelain') === '') writeFileSync('dist/built-from', `${commit}\n`);
else rmSync('dist/built-from', { force: true });
