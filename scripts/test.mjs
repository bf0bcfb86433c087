/** `npm test`: on a fresh clone installs what the tests need, builds, and runs every test. Arguments go to vitest. */
import { build, installChromium, installPackages, run } from './prepare.mjs';

installPackages();
installChromium();
build();
run('npx', ['vitest', 'run', ...process.argv.slice(2)]);
