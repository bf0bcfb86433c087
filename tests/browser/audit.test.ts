/** What a tool that audits web apps would check, by script: first load, layout shift, installable, whole without a network. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

it('the built app meets every goal of its audit', () => {
  const script = fileURLToPath(new URL('../../scripts/app-audit.mjs', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  expect(`${stdout}${stderr}`).not.toContain('MISS');
  expect(status).toBe(0);
});

it('the built style sheet still has light-dark(), which follows the look inside the views', () => {
  const assets = fileURLToPath(new URL('../../dist/app/assets/', import.meta.url));
  const sheets = readdirSync(assets).filter((name) => name.endsWith('.css'));
  expect(sheets.map((name) => readFileSync(`${assets}${name}`, 'utf8')).join('')).toContain(
    '--ws-ground:light-dark(',
  );
});
