/** `npm run check`: what CI runs. Format, lint, types, import rules, size of files, then every test. */
import { build, installChromium, installPackages, run } from './prepare.mjs';

installPackages();
run('npx', ['biome', 'ci', '--error-on-warnings', '.']);
run('npx', ['tsc', '--project', '.']);
run('npx', ['depcruise', '--config', '.dependency-cruiser.cjs', 'src', 'signaling', 'workers']);
run(process.execPath, ['scripts/check-file-length.mjs']);
installChromium();
build();
run('npx', ['vitest', 'run']);
