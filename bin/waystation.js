#!/usr/bin/env node
import { existsSync } from 'node:fs';

const main = new URL('../dist/node/main.js', import.meta.url);
if (!existsSync(main)) {
  console.error('Waystation is not built yet. Run: npm run build');
  process.exit(1);
}
await import(main.href);
