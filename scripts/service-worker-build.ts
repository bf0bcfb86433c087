/**
 * Finishes a build of the page: gives it a name (a hash of all its files), writes that into index.html, and bundles
 * workers/service-worker.ts with the list of everything there is to download. The result depends on nothing but the files.
 *
 * Invariants: every file is listed except source maps and the worker itself; every entry has the SHA-256 of its content as
 * `integrity`; only names that carry a content hash go without a `revision`.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'vite';
import { BUILD_META, WORKER_FILE } from '../src/ui/platform/app-worker-protocol.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ENTRY = join(ROOT, 'workers/service-worker.ts');
const PAGE = 'index.html';
/** What everybody downloads once, over a phone's connection too. What is larger needs a cache of its own, filled when asked for. */
const MAX_TOTAL_BYTES = 16 * 1024 * 1024;
/** Vite's names: `assets/<name>-<8 characters of hash>.<ending>`. */
const HASHED_NAME = /^assets\/.+-[\w-]{8}\.\w+$/;
/** 48 bits: enough to tell builds apart. */
const BUILD_NAME_LENGTH = 12;

export interface WorkerBuild {
  /** Name of the build. */
  readonly build: string;
  /** Addresses that are downloaded at once, relative to the worker. */
  readonly files: readonly string[];
  readonly totalBytes: number;
}

/**
 * Writes the build's name into `<folder>/index.html` and bundles `<folder>/service-worker.js`. Running it again on the same files
 * gives the same bytes.
 * @throws Error when the files are more than `MAX_TOTAL_BYTES`.
 */
export async function writeServiceWorker(folder: string): Promise<WorkerBuild> {
  const names = filesIn(folder);
  const page = readFileSync(join(folder, PAGE), 'utf8').replace(buildMeta('[^"]*', String.raw`\s*`), '');
  const name = buildName(folder, names, page);
  // In front of everything else, so that no script runs before it can be read.
  const named = page.replace(
    /(<meta charset[^>]*>)/,
    `$1\n    <meta name="${BUILD_META}" content="${name}" />`,
  );
  if (named === page) throw new Error(`expected a <meta charset> in ${PAGE}`);
  writeFileSync(join(folder, PAGE), named);

  let totalBytes = 0;
  const entries = names.map((url) => {
    const content = readFileSync(join(folder, url));
    totalBytes += content.length;
    const digest = createHash('sha256').update(content).digest();
    return {
      url,
      revision: HASHED_NAME.test(url) ? null : digest.toString('hex').slice(0, 16),
      integrity: `sha256-${digest.toString('base64')}`,
    };
  });
  if (totalBytes > MAX_TOTAL_BYTES) {
    throw new Error(`the app has ${totalBytes} bytes, at most ${MAX_TOTAL_BYTES} are downloaded at once`);
  }
  writeFileSync(join(folder, WORKER_FILE), await bundleWorker(name, entries));
  return { build: name, files: names, totalBytes };
}

/** Vite plugin: after the page was written, `writeServiceWorker` on its folder. */
export function serviceWorker(): Plugin {
  let folder: string | undefined;
  return {
    name: 'waystation-service-worker',
    apply: (config, { command }) => command === 'build' && !config.build?.ssr,
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    async closeBundle(error?: Error) {
      if (error === undefined && folder !== undefined) await writeServiceWorker(folder);
    },
  };
}

function buildMeta(content: string, before: string): RegExp {
  return new RegExp(`${before}<meta name="${BUILD_META}" content="${content}" ?/?>`);
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .split(sep)
        .join('/'),
    )
    .filter((name) => name !== WORKER_FILE && !name.endsWith('.map'))
    .sort();
}

function buildName(folder: string, names: readonly string[], page: string): string {
  const hash = createHash('sha256');
  for (const name of names) {
    const content = name === PAGE ? page : readFileSync(join(folder, name));
    hash.update(`${name}\n${createHash('sha256').update(content).digest('hex')}\n`);
  }
  return hash.digest('hex').slice(0, BUILD_NAME_LENGTH);
}

async function bundleWorker(name: string, entries: readonly object[]): Promise<string> {
  const built = await build({
    root: ROOT,
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    define: {
      'process.env.NODE_ENV': JSON.stringify('production'),
      WAYSTATION_BUILD: JSON.stringify(name),
      WAYSTATION_FILES: JSON.stringify(entries),
    },
    build: {
      write: false,
      target: 'es2022',
      rolldownOptions: {
        input: ENTRY,
        output: { format: 'iife', entryFileNames: WORKER_FILE },
        checks: { bundlerTimings: false },
      },
    },
  });
  const [output] = [built].flat();
  const chunk = output !== undefined && 'output' in output ? output.output[0] : undefined;
  if (chunk?.type !== 'chunk') throw new Error('expected one bundled service worker');
  return chunk.code;
}
