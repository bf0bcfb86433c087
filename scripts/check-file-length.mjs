/** A file is one idea: over 600 lines it is two files. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const MAX_LINES = 600;
const listed = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
});
// A file that was deleted is listed until that is committed.
const code = listed.stdout
  .split('\n')
  .filter((name) => /\.(ts|mjs|js|css|html)$/.test(name) && existsSync(name));
const long = code
  .map((name) => [name, readFileSync(name, 'utf8').split('\n').length])
  .filter(([, n]) => n > MAX_LINES);
for (const [name, lines] of long) console.error(`${name}: ${lines} lines, at most ${MAX_LINES}`);
process.exit(long.length > 0 ? 1 : 0);
