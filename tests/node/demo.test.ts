/** `npm run demo` tells the van story to its end, needs nothing but what the project ships, and leaves nothing behind. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildCli, ROOT, Workshop } from './cli.ts';

let shop: Workshop;
beforeAll(() => {
  buildCli();
  shop = new Workshop();
});
afterAll(() => shop.close());

function demo(name: string, ...words: string[]) {
  const folder = shop.path(name);
  mkdirSync(folder);
  const script = join(ROOT, 'scripts/demo.mjs');
  return shop.spawn(process.execPath, [script, '--prepared', ...words], { env: { TMPDIR: folder } });
}

test('every hour of every station is sealed, held by the van, verified, and equal to the recording', async () => {
  const { code, stdout } = await demo('whole').result();
  expect(code).toBe(0);
  for (const [station, recording] of [
    ['Ford', 'phone1hz'],
    ['Mill', 'surfrad'],
    ['Ridge', 'imu50'],
  ]) {
    expect(stdout).toMatch(
      new RegExp(`${station} +${recording} +(\\d+) +\\1 +\\d+ +20[\\d: -]{17} +yes +equal`),
    );
  }
  expect(stdout).toContain('The van was linked to: Ford\n');
  expect(readdirSync(shop.path('whole'))).toEqual([]);
});

test('it ends with 1 and a sentence, and leaves nothing behind, when it cannot be told', async () => {
  const { code, stderr } = await demo('none', '--recordings', shop.path('none')).result();
  expect(code).toBe(1);
  expect(stderr).toContain('expected phone1hz.csv or phone1hz.csv.gz');
  expect(readdirSync(shop.path('none'))).toEqual([]);
});

test('it ends its processes and removes its folder when it is interrupted', async () => {
  const running = demo('interrupted');
  await running.line('stdout', /Three stations/);
  const { code } = await running.stop('SIGINT');
  expect(code).toBe(1);
  expect(readdirSync(shop.path('interrupted'))).toEqual([]);
});
