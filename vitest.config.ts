import { defineConfig } from 'vitest/config';

// One project for everything: the browser tests drive a real Chromium from Node through playwright-core.
export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
    passWithNoTests: false,
    // Without this a style sheet that is built in as text is empty in tests.
    css: { include: [/\.css\?raw$/] },
  },
});
