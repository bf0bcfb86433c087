/** A station's readings in every format, by the command line, as they were in the recording. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { factsOf, readInJavaScript, readInRust } from '../unit/hour/parquet-readers.ts';
import { buildCli, type Ran, Workshop } from './cli.ts';
import { difference, readTable } from './recordings.ts';

const NAME = 'Ridge/1 é';
const FOLDER = 'station=Ridge%2F1%20é';
const FIRST_S = Date.UTC(2026, 0, 1, 23, 0) / 1000;

const shop = new Workshop();
const data = shop.path('data');
const rows = Array.from({ length: 240 }, (_, i) =>
  [FIRST_S + 30 * i, i % 11 === 0 ? '' : (i * 0.1).toFixed(1), i % 3].join(','),
);
const source = `${['t_s,pressure,mode', ...rows].join('\n')}\n`;

beforeAll(async () => {
  buildCli();
  writeFileSync(shop.path('source.csv'), source);
  await shop.space(data);
  const replay = ['--replay', shop.path('source.csv'), '--speed', '100000', '--hour', '30m'];
  const nowhere = ['--host', 'ws://127.0.0.1:9'];
  const station = shop.start(['station', '--data', data, '--name', NAME, ...replay, ...nowhere]);
  await station.event('replay-ended');
  await station.stop();
});
afterAll(() => shop.close());

const words = (...more: string[]) => ['export', '--data', data, '--station', NAME, ...more];
const plain = (...more: string[]): Promise<Ran> => shop.run(words(...more), { plain: true });
const text = (name: string) => readFileSync(shop.path(name), 'utf8');

describe('export', () => {
  test('writes csv, jsonl and senml, each row and value of the recording', async () => {
    const written = await shop.ask(...words('--out', 'out.csv'));
    expect(written).toMatchObject({ rows: 240, format: 'csv', out: shop.path('out.csv') });
    expect(difference(text('out.csv'), source)).toBeUndefined();
    await shop.ask(...words('--format', 'jsonl', '--out', 'out.jsonl'));
    const lines = text('out.jsonl')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(
      lines.map(({ time, pressure, mode }) => [Date.parse(time) / 1000, pressure ?? '', mode].map(String)),
    ).toEqual(rows.map((row) => row.split(',').map((cell) => (cell === '' ? '' : String(Number(cell))))));
    expect(await shop.ask(...words('--format', 'senml', '--out', 'out.json'))).toMatchObject({ rows: 240 });
    expect(JSON.parse(text('out.json'))).toHaveLength(rows.join(',').split(',').filter(Boolean).length - 240);
  });

  test('writes Parquet by station and UTC date, which two other programs read as the recording was', async () => {
    const written = await shop.ask(...words('--format', 'parquet', '--out', 'lake'));
    expect(written).toMatchObject({ rows: 240, files: 2, missing: 0, unreadable: 0, out: shop.path('lake') });
    expect(readdirSync(shop.path('lake'))).toEqual([FOLDER]);
    const table = readTable(source);
    let from = 0;
    for (const [date, count] of [
      ['2026-01-01', 120],
      ['2026-01-02', 120],
    ] as const) {
      const folder = shop.path('lake', FOLDER, `date=${date}`);
      const names = readdirSync(folder);
      expect(names).toHaveLength(1);
      const bytes = readFileSync(join(folder, names[0] ?? ''));
      const two = [await readInJavaScript(bytes), readInRust(bytes)];
      for (const { names: columns, times, columns: values } of two) {
        expect(columns).toEqual(['pressure', 'mode']);
        expect(times.map((us) => us * 1000n)).toEqual(table.timesNs.slice(from, from + count));
        values.forEach((own, c) => {
          expect([...own]).toEqual(Array.from(own, (_, row) => table.values[(from + row) * 2 + c]));
        });
      }
      expect(factsOf(bytes).hours).toHaveLength(2);
      from += count;
    }
  });

  test('writes nothing where there is nothing, ends with 1 and says what there is', async () => {
    const later = ['--from', '2030-01-01'];
    for (const [out, ...more] of [
      ['empty.csv', ...later],
      ['empty.jsonl', '--format', 'jsonl', ...later],
      ['empty.json', '--format', 'senml', ...later],
      ['empty', '--format', 'parquet', ...later],
    ] as const) {
      const ran = await plain('--out', out, ...more);
      expect(ran).toMatchObject({ code: 1, stdout: '' });
      expect(ran.stderr).toMatch(/No readings there: .* has hours from 2026-01-01 .* Nothing was written/);
      expect(existsSync(shop.path(out))).toBe(false);
    }
    const turned = await plain('--out', 'empty.csv', '--from', '2026-01-02', '--to', '2026-01-01');
    expect(turned).toMatchObject({ code: 1, stdout: '' });
    expect(turned.stderr).toMatch(/--from 2026-01-02 .* is after --to 2026-01-01 /);
    expect(existsSync(shop.path('empty.csv'))).toBe(false);
    expect(readdirSync(shop.folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test('prints where it wrote, replaces nothing unless told to, and says when a folder is not there', async () => {
    const ran = await plain('--format', 'parquet', '--out', 'other');
    expect(ran).toMatchObject({ code: 0, stdout: `${shop.path('other')}\n` });
    const again = await plain('--format', 'parquet', '--out', 'other');
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toContain('is there already and was left as it is');
    expect((await plain('--format', 'parquet', '--out', 'other', '--force')).code).toBe(0);
    expect((await plain('--format', 'parquet', '--out', 'no/where')).stderr).toContain('no such folder');
    await plain('--out', 'once.csv', '--to', '2026-01-01T23:10');
    expect(await plain('--out', 'once.csv')).toMatchObject({ code: 1, stdout: '' });
    expect(readTable(text('once.csv')).timesNs).toHaveLength(21);
    const none = await plain('--format', 'parquet', '--out', 'none', '--stream', 'rain');
    expect(none.code).toBe(1);
    expect(none.stderr).toContain('no stream “rain”');
    expect(existsSync(shop.path('none'))).toBe(false);
  });
});
