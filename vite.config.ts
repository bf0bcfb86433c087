import { defineConfig } from 'vite';
import { serviceWorker } from './scripts/service-worker-build.ts';

/** How long the plugins of a build took is for who mends them, and looks like trouble to everybody else. */
const checks = { bundlerTimings: false };

/** `vite build` makes the page in dist/app, its service worker included; `vite build --ssr` the command line in dist/node. */
export default defineConfig(({ isSsrBuild }) => ({
  base: './',
  clearScreen: false,
  worker: { format: 'es', rolldownOptions: { checks } },
  plugins: [serviceWorker()],
  build: isSsrBuild
    ? {
        outDir: 'dist/node',
        target: 'node20',
        sourcemap: true,
        copyPublicDir: false,
        rolldownOptions: { checks },
      }
    : {
        outDir: 'dist/app',
        target: 'es2022',
        // The looks rest on light-dark(): rewritten for older browsers it would not follow `color-scheme` inside the views.
        cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
        sourcemap: true,
        rolldownOptions: {
          checks,
          // @hpke asks for Node's crypto only where there is no globalThis.crypto, which every browser has.
          onLog: (level, log, handle) => {
            if (!log.message?.includes('Module "crypto" has been externalized')) handle(level, log);
          },
        },
      },
}));
