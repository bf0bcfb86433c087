/** `hour info`, `pack` and `unpack` in real processes: files in, files out, exit codes, and no data folder anywhere. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeHour, readHourHeader } from '../../src/hour/container.ts';
import type { HourContent } from '../../src/hour/types.ts';
import { descriptor, START_MS, STATION } from '../unit/hour/hour-samples.ts';
import { factsOf, readInJavaScript, readInRust } from '../unit/hour/parquet-readers.ts';
import { BIN, buildCli, type Ran, ROOT, Workshop } from './cli.ts';
import { difference, readTable, recordingText } from './recordings.ts';

const shop = new Workshop();
const surfrad = recordingText('surfrad').split('\n').slice(0, 200).join('\n').concat('\n');

beforeAll(() => {
  buildCli();
  writeFileSync(shop.path('surfrad.csv'), surfrad);
  writeFileSync(shop.path('two.hour'), encodeHour(twoStreams()));
});
afterAll(() => shop.close());

const hour = (...words: string[]): Promise<Ran> => shop.run(['hour', ...words]);
const plain = (...words: string[]): Promise<Ran> => shop.run(['hour', ...words], { plain: true });
const text = (name: string) => readFileSync(shop.path(name), 'utf8');

function twoStreams(): HourContent {
  const rows = 400;
  const stream = (name: string, unit: string) => ({
    descriptor: descriptor(name, [], {
      columns: [{ name: 'value', unit, step: { numerator: 1, denominator: 10 } }],
      driver: 'test-driver',
      device: 'Model 7',
      askedRateHz: 10,
      calibration: 'against a Vaisala, −0.3 hPa',
    }),
    rows: {
      baseMs: START_MS,
      offsetsNs: Float64Array.from({ length: rows }, (_, i) => i * 100e6),
      columns: [Float64Array.from({ length: rows }, (_, i) => ((i * 31) % 173) / 10)],
    },
  });
  return {
    station: STATION,
    stationName: 'Ridge \u001b[31m',
    startMs: START_MS,
    lengthMs: 3_600_000,
    streams: [stream('baro', 'hPa'), stream('wind', 'm/s')],
    gaps: [
      { stream: 1, fromMs: START_MS + 40_000, toMs: START_MS + 50_000, cause: 'sensor', detail: 'cable' },
    ],
    responsible: 'Valley Weather Club',
    clock: { offsetMs: -12.5, errorMs: 3, source: 'peer' },
  };
}

/** The two-stream file with a flipped bit in the block of its second stream. */
function damaged(): Uint8Array {
  const bytes = readFileSync(shop.path('two.hour'));
  const header = readHourHeader(bytes);
  const at = header.dataAt + (header.streams[1]?.blocks[0]?.offset ?? 0) + 9;
  bytes[at] = (bytes[at] as number) ^ 1;
  return bytes;
}

describe('hour pack and unpack', () => {
  it('give a real recording back as it was: the same file', async () => {
    const packed = await hour('pack', 'surfrad.csv', '-o', 'surfrad.hour', '--name', 'Alamosa', '--exact');
    expect(packed.code, packed.stderr).toBe(0);
    expect(packed.result).toMatchObject({ out: shop.path('surfrad.hour'), rows: 199, otherNotation: 0 });
    expect(packed.result.columns[2]).toMatchObject({
      name: 'temperature',
      stepSource: 'printed',
      step: { numerator: 1, denominator: 10 },
    });
    expect((await hour('unpack', 'surfrad.hour', '-o', 'back.csv')).code).toBe(0);
    expect(text('back.csv')).toBe(surfrad);
    expect(readFileSync(shop.path('surfrad.hour')).length).toBeLessThan(surfrad.length / 8);
    expect(readdirSync(shop.folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('code for little computers where that is asked for, and say so', async () => {
    const packed = await hour('pack', 'surfrad.csv', '-o', 'fast.hour', '--profile', 'fast', '--exact');
    expect(packed.code, packed.stderr).toBe(0);
    expect((await plain('info', 'fast.hour')).stdout).toContain('fast profile');
    expect((await hour('info', 'fast.hour')).result.streams[0].profile).toBe('fast');
    expect((await hour('unpack', 'fast.hour', '-o', 'fast.csv')).code).toBe(0);
    expect(text('fast.csv')).toBe(surfrad);
  });

  it('read gzipped tables, and print columns, units and steps', async () => {
    writeFileSync(shop.path('t.csv.gz'), gzipSync('time,T [Cel],p (hPa)\n2026-01-01T12:00:00.500Z,20.50,\n'));
    const ran = await plain('pack', 't.csv.gz', '-o', 't.hour');
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stdout).toBe(`${shop.path('t.hour')}\n`);
    expect(ran.stderr).toMatch(/T \[Cel\] +Cel +0\.01 +as printed +1 +0/);
    expect(ran.stderr).toMatch(/p \(hPa\) +hPa +– +0 +1/);
    expect((await hour('unpack', 't.hour', '-o', 't.csv', '--times', 'utc')).code).toBe(0);
    expect(text('t.csv')).toBe('time,T [Cel],p (hPa)\n2026-01-01T12:00:00.500Z,20.50,\n');
  });

  it('round to a given step and print the worst error in the unit', async () => {
    writeFileSync(shop.path('a.csv'), `t_ms,ax\n${START_MS},0.0007\n${START_MS + 20},-0.0012\n`);
    writeFileSync(shop.path('a.json'), '{"ax": {"unit": "m/s2", "step": "9.80665/16384", "name": "x"}}');
    const words = ['pack', 'a.csv', '-o', 'a.hour', '--columns', 'a.json'];
    const ran = await plain(...words);
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stderr).toMatch(/x +m\/s2 +9\.80665\/16384 +given .*0\.00010144958496\d* m\/s2/);
    const insisted = await plain(...words, '--exact', '--force');
    expect(insisted.code).toBe(1);
    expect(insisted.stderr).toContain('2 values would not come back as printed');
  });

  it('write JSON lines and SenML, and tell what those cannot say', async () => {
    writeFileSync(
      shop.path('i.csv'),
      `t_ms,p [hPa]\n${START_MS},inf\n${START_MS + 1},773.5\n${START_MS + 2},\n`,
    );
    await hour('pack', 'i.csv', '-o', 'i.hour');
    const lines = await plain('unpack', 'i.hour', '--format', 'jsonl', '-o', 'i.jsonl');
    expect(lines.code).toBe(0);
    expect(lines.stderr).toContain('1 infinite value left out');
    expect(
      text('i.jsonl')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)['p [hPa]']),
    ).toEqual([undefined, 773.5, null]);
    const senml = await hour('unpack', 'i.hour', '--format', 'senml', '-o', 'i.json');
    expect(senml.result).toMatchObject({ infinities: 1, unitsLeftOut: ['hPa'] });
    expect(JSON.parse(text('i.json'))).toMatchObject([{ n: 'p__hPa_', v: 773.5, t: 0.001 }]);
  });

  it('write Parquet that two other programs read as the recording was', async () => {
    await hour('pack', 'surfrad.csv', '-o', 'p.hour', '--name', 'Alamosa', '--exact');
    const ran = await hour('unpack', 'p.hour', '--format', 'parquet', '-o', 'p.parquet');
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.result).toMatchObject({ rows: 199, files: [shop.path('p.parquet')], whole: true });
    const bytes = readFileSync(shop.path('p.parquet'));
    const source = readTable(surfrad);
    for (const table of [await readInJavaScript(bytes), readInRust(bytes)]) {
      expect(table.names).toEqual(source.columns);
      expect(table.times.map((us) => us * 1000n)).toEqual(source.timesNs);
      const values = Float64Array.from(source.values, (_, i) => {
        const [row, column] = [Math.floor(i / source.columns.length), i % source.columns.length];
        return table.columns[column]?.[row] ?? 0;
      });
      expect(values).toEqual(source.values);
    }
    expect(bytes.length).toBeLessThan(surfrad.length / 2);
  });

  it('write a Parquet file for each of several streams, into a folder', async () => {
    const ran = await plain('unpack', 'two.hour', '--format', 'parquet', '-o', 'tables');
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stdout).toBe(`${shop.path('tables/baro.parquet')}\n${shop.path('tables/wind.parquet')}\n`);
    expect(readdirSync(shop.path('tables'))).toEqual(['baro.parquet', 'wind.parquet']);
    const facts = factsOf(readFileSync(shop.path('tables/wind.parquet')));
    expect(facts).toMatchObject({
      station: STATION,
      stream: 'wind',
      recorded: [{ responsible: 'Valley Weather Club', calibration: 'against a Vaisala, −0.3 hPa' }],
      hours: [{ rows: 400, clock: { source: 'peer' }, gaps: [{ cause: 'sensor', detail: 'cable' }] }],
    });
    const again = await plain('unpack', 'two.hour', '--format', 'parquet', '-o', 'tables');
    expect([again.code, again.stdout]).toEqual([1, '']);
    expect(again.stderr).toContain('baro.parquet is there already');
    // One stream alone is one file.
    const wind = ['unpack', 'two.hour', '--format', 'parquet', '--stream', 'wind'];
    expect((await plain(...wind, '-o', 'w.parquet')).code).toBe(0);
    expect(readFileSync(shop.path('w.parquet'))).toEqual(readFileSync(shop.path('tables/wind.parquet')));
    expect((await plain(...wind, '-o', 'tables', '--force')).stdout).toBe(
      `${shop.path('tables/wind.parquet')}\n`,
    );
  });

  it('write one stream, or all side by side', async () => {
    await hour('unpack', 'two.hour', '-o', 'both.csv');
    expect(text('both.csv').split('\n')[0]).toBe('t_ms,baro.value,wind.value');
    await hour('unpack', 'two.hour', '--stream', 'wind', '-o', 'wind.csv');
    expect(text('wind.csv').split('\n').slice(0, 2)).toEqual(['t_ms,value', `${START_MS},0.0`]);
    const none = await plain('unpack', 'two.hour', '--stream', 'rain', '-o', 'rain.csv');
    expect(none.code).toBe(1);
    expect(none.stderr).toContain('its streams: baro, wind');
    expect(existsSync(shop.path('rain.csv'))).toBe(false);
  });

  it('never replace a file unless told to', async () => {
    writeFileSync(shop.path('mine'), 'precious');
    for (const words of [
      ['pack', 'surfrad.csv', '-o', 'mine'],
      ['unpack', 'two.hour', '-o', 'mine'],
    ]) {
      const ran = await plain(...words);
      expect(ran.code).toBe(1);
      expect(ran.stderr).toContain('--force');
      expect(text('mine')).toBe('precious');
    }
    expect((await plain('unpack', 'two.hour', '-o', 'mine', '--force')).code).toBe(0);
    expect(text('mine')).toContain('baro.value');
    mkdirSync(shop.path('folder'));
    expect((await plain('unpack', 'two.hour', '-o', 'folder', '--force')).stderr).toContain('is no file');
    expect((await plain('unpack', 'two.hour', '-o', 'nowhere/x.csv')).stderr).toContain('no such folder');
  });
});

describe('hour pack and unpack', () => {
  it('never replace what they read, by whatever name', async () => {
    const table = `t_ms,v\n${START_MS},7\n`;
    writeFileSync(shop.path('only.csv'), table);
    linkSync(shop.path('only.csv'), shop.path('second-name.csv'));
    writeFileSync(shop.path('only.json'), '{"v": {"unit": "m"}}');
    const packs = ['only.csv', 'second-name.csv', '../../../'.repeat(5) + shop.path('only.csv'), 'only.json'];
    for (const out of packs) {
      const ran = await plain('pack', 'only.csv', '-o', out, '--columns', 'only.json', '--force');
      expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('is what is read here') });
    }
    expect(text('only.csv')).toBe(table);
    expect((await plain('pack', 'only.csv', '-o', 'only.hour')).code).toBe(0);
    const packed = readFileSync(shop.path('only.hour'));
    for (const format of ['csv', 'parquet']) {
      const ran = await plain('unpack', 'only.hour', '-o', 'only.hour', '--format', format, '--force');
      expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('is what is read here') });
    }
    expect(readFileSync(shop.path('only.hour'))).toEqual(packed);
  });

  it('tell the span of time, and that dates without a zone are UTC', async () => {
    const times = ['10:00', '10:10', '10:20', '12:00'].map((time) => `2025-07-06 ${time}`);
    const rows = (zone: string) => times.map((time, i) => `${time}${zone},${i}\n`).join('');
    writeFileSync(shop.path('span.csv'), `timestamp,v\n${rows('')}`);
    const ran = await plain('pack', 'span.csv', '-o', 'span.hour');
    expect(ran.stderr).toContain('2025-07-06 10:00:00 to 12:00:00 UTC, 1 row in 10 min.\n');
    expect(ran.stderr).toContain('Times without a zone were taken as UTC.');
    writeFileSync(shop.path('span.csv'), `time,v\n${rows('+02:00')}`);
    const zoned = await plain('pack', 'span.csv', '-o', 'span.hour', '--force');
    expect(zoned.stderr).toContain('2025-07-06 08:00:00 to 10:00:00 UTC');
    expect(zoned.stderr).not.toContain('without a zone');
    writeFileSync(shop.path('span.csv'), 't_s,v\n0,1\n3600,1\n90000,2\n');
    const count = await plain('pack', 'span.csv', '-o', 'span.hour', '--force');
    expect(count.stderr).toContain('1970-01-01 00:00:00 to 1970-01-02 01:00:00 UTC, 1 row in 1 h.');
    expect(count.stderr).toContain('from the start of 1970');
  });
});

describe('hour info', () => {
  it('tells infinite values from missing ones, as pack does', async () => {
    writeFileSync(shop.path('f.csv'), `t_ms,v\n${START_MS},inf\n${START_MS + 1},7.5\n${START_MS + 2},\n`);
    const packed = await plain('pack', 'f.csv', '-o', 'f.hour');
    expect(packed.stderr).toMatch(/values +infinite +missing +min/);
    expect(packed.stderr).toMatch(/v +– +0\.1 +as printed +1 +1 +1 +7\.5/);
    expect((await plain('info', 'f.hour')).stdout).toMatch(/v +– +0\.1 +1 +1 +1 +7\.5/);
    const { result } = await hour('info', 'f.hour');
    expect(result.streams[0].columns[0]).toMatchObject({ values: 1, infinite: 1, missing: 1 });
  });

  it('says damage first, and that nothing is left where nothing is', async () => {
    writeFileSync(shop.path('single.csv'), `t_ms,v\n${START_MS},7\n`);
    await hour('pack', 'single.csv', '-o', 'single.hour');
    const whole = readFileSync(shop.path('single.hour'));
    writeFileSync(shop.path('lost.hour'), whole.subarray(0, whole.length - 1));
    const ran = await plain('info', 'lost.hour');
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(
      /^DAMAGED: 1 block with 1 row cannot be read; 1 byte is missing at its end\.\n/,
    );
    expect(ran.stderr).toContain('No reading is left');
    expect(ran.stderr).not.toContain('intact');
    const unpacked = await plain('unpack', 'lost.hour', '-o', 'lost.csv');
    expect(unpacked.stderr).toContain('No reading is left');
    writeFileSync(shop.path('more.hour'), Buffer.concat([whole, Buffer.of(0)]));
    const more = await plain('info', 'more.hour');
    expect(more.stderr).toContain('1 byte too many stands at its end. Everything else is intact');
  });

  it('says everything that a lone file says', async () => {
    const ran = await plain('info', 'two.hour');
    expect(ran.code, ran.stderr).toBe(0);
    for (const part of [
      STATION,
      '2026-01-01 12:00:00 to 2026-01-01 13:00:00 UTC',
      'Valley Weather Club',
      'true time is these times − 12.5 ms, give or take 3 ms (peer)',
      'test-driver',
      'Model 7',
      'against a Vaisala, −0.3 hPa',
      '400, 10 a second; 10 were asked for',
      '2026-01-01 12:00:40  2026-01-01 12:00:50  sensor  cable',
    ]) {
      expect(ran.stdout).toContain(part);
    }
    expect(ran.stdout).toMatch(/value +hPa +0\.1 +400 +0 +0 +17\.2 +8\.\d+/);
    expect(ran.stdout).not.toContain('\u001b');
    const { result } = await hour('info', 'two.hour');
    expect(result).toMatchObject({ whole: true, rows: 800, responsible: 'Valley Weather Club', damaged: [] });
    expect(result.bytesPerRow).toBe(readFileSync(shop.path('two.hour')).length / 800);
  });

  it('names what is damaged and ends with 1; unpack writes the rest and ends with 1', async () => {
    writeFileSync(shop.path('bad.hour'), damaged());
    const told = await hour('info', 'bad.hour');
    expect(told.code).toBe(1);
    expect(told.result.damaged).toMatchObject([
      { stream: 'wind', block: 1, blocks: 1, rows: 400, from: '2026-01-01T12:00:00.000Z', why: 'damaged' },
    ]);
    const ran = await plain('unpack', 'bad.hour', '-o', 'bad.csv');
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('1 block with 400 rows cannot be read');
    await hour('unpack', 'two.hour', '--stream', 'baro', '-o', 'baro.csv');
    const values = (name: string) =>
      text(name)
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.split(',')[1]);
    expect(values('bad.csv')).toEqual(values('baro.csv'));
  });

  it('is followed by Parquet that says what is lost', async () => {
    writeFileSync(shop.path('bad.hour'), damaged());
    const ran = await plain('unpack', 'bad.hour', '--format', 'parquet', '-o', 'bad-tables');
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('1 block with 400 rows cannot be read');
    const [baro, wind] = ['baro', 'wind'].map((name) =>
      readFileSync(shop.path(`bad-tables/${name}.parquet`)),
    );
    expect(readInRust(baro ?? Buffer.of()).times).toHaveLength(400);
    expect(readInRust(wind ?? Buffer.of()).times).toHaveLength(0);
    expect(factsOf(wind ?? Buffer.of()).hours[0]?.lost).toMatchObject([{ stream: 'wind', rows: 400 }]);
  });

  it('reads a file that is cut off up to the cut', async () => {
    const whole = readFileSync(shop.path('two.hour'));
    writeFileSync(shop.path('cut.hour'), whole.subarray(0, whole.length - 3));
    const told = await hour('info', 'cut.hour');
    expect(told.code).toBe(1);
    expect(told.result).toMatchObject({ missingBytes: 3, damaged: [{ stream: 'wind', why: 'cut-off' }] });
    const all = await hour('unpack', 'cut.hour', '--format', 'jsonl', '-o', 'cut.jsonl');
    expect([all.code, all.result.rows]).toEqual([1, 400]);
    expect(text('cut.jsonl').trim().split('\n')).toHaveLength(400);
  });
});

describe('what is no table and no hour', () => {
  const wide = `t_ms,${Array.from({ length: 1e6 }, (_, i) => `c${i}`).join(',')}\n`;
  it.each([
    [
      'text in a number column',
      `t_ms,v\n${START_MS},high\n`,
      'line 2, column “v”: expected a number or a blank',
    ],
    ['an empty file', '', 'the file is empty'],
    ['a header alone', 't_ms,v\n', 'expected readings below the header line'],
    ['10^6 columns', wide, 'line 1 does not end'],
    [
      '300 columns',
      `t_ms,${Array.from({ length: 300 }, (_, i) => `c${i}`).join(',')}\n`,
      'at most 256 columns',
    ],
    ['no table at all', Buffer.from([0x80, 0xff, 0, 1, 2, 3]), 'is no UTF-8 text'],
    ['gzip that does not unpack', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]), 'does not unpack'],
  ])('pack refuses %s with a sentence and exit code 1, and writes nothing', async (_, content, message) => {
    writeFileSync(shop.path('in.csv'), content);
    const ran = await plain('pack', 'in.csv', '-o', 'never.hour');
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(message);
    expect(ran.stderr.length).toBeLessThan(1000);
    expect(existsSync(shop.path('never.hour'))).toBe(false);
  });

  it('pack takes a table of one row', async () => {
    writeFileSync(shop.path('one.csv'), `t_ms,v\n${START_MS},7\n`);
    expect((await hour('pack', 'one.csv', '-o', 'one.hour', '--exact')).code).toBe(0);
    await hour('unpack', 'one.hour', '-o', 'one-back.csv');
    expect(text('one-back.csv')).toBe(text('one.csv'));
  });

  it.each([
    ['an empty file', Buffer.alloc(0), 'not an hour file'],
    ['a table', Buffer.from('t_s,v\n1,2\n'), 'not an hour file (`hour pack` makes one of a table)'],
    ['noise', Buffer.from('GIF89a, but not really an hour'), 'not an hour file'],
    [
      'a newer hour',
      Buffer.concat([Buffer.from('WSHR'), Buffer.from([9]), Buffer.alloc(60)]),
      'update Waystation',
    ],
    [
      'an hour from before the first release',
      Buffer.concat([Buffer.from('WSHR'), Buffer.from([1]), Buffer.alloc(60)]),
      'trial version',
    ],
    [
      'an hour without its description',
      Buffer.concat([Buffer.from('WSHR\u0002'), Buffer.alloc(40, 1)]),
      'description',
    ],
  ])('info and unpack refuse %s with exit code 1', async (_, content, message) => {
    writeFileSync(shop.path('x.hour'), content);
    for (const words of [
      ['info', 'x.hour'],
      ['unpack', 'x.hour', '-o', 'x.csv'],
    ]) {
      const ran = await plain(...words);
      expect(ran.code).toBe(1);
      expect(ran.stderr).toContain(message);
    }
    expect(existsSync(shop.path('x.csv'))).toBe(false);
  });

  it.each([
    [['pack', 'surfrad.csv'], '-o'],
    [['unpack', 'two.hour', '-o', 'q', '--format', 'xlsx'], 'Allowed choices are csv, jsonl, senml, parquet'],
    [['pack', 'surfrad.csv', '-o', 'q', '--columns', 'surfrad.csv'], 'is no JSON'],
    [['pack', 'surfrad.csv', '-o', 'q', '--name', 'x'.repeat(501)], 'at most 500 characters'],
    [['unpack', 'two.hour', '-o', 'q', '--format', 'jsonl', '--times', 'utc'], '--times is for csv only'],
    [['info'], 'missing required argument'],
    [['weigh', 'two.hour'], 'unknown command'],
  ])('what cannot be asked ends with 2: %s', async (words, message) => {
    const ran = await plain(...words);
    expect(ran.code, ran.stderr).toBe(2);
    expect(ran.stderr).toContain(message);
  });

  it('a file that is not there ends with 1', async () => {
    const ran = await plain('info', 'gone.hour');
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(`there is no file ${shop.path('gone.hour')}`);
    expect((await plain('pack', 'gone.csv', '-o', 'gone.hour')).stderr).toContain(
      `there is no file ${shop.path('gone.csv')}`,
    );
  });
});

describe('the page about the format', () => {
  const section =
    readFileSync(join(ROOT, 'docs/HOUR.md'), 'utf8').split('\n## From the command line\n')[1] ?? '';

  it('shows commands that work, pasted line after line', () => {
    const script =
      /```sh\n([\s\S]*?)```/.exec(section)?.[1]?.replaceAll('npx waystation', 'waystation') ?? '';
    expect(script.trim().split('\n')).toHaveLength(6);
    mkdirSync(shop.path('bin'));
    symlinkSync(BIN, shop.path('bin/waystation'));
    symlinkSync(join(ROOT, 'tests'), shop.path('tests'));
    const ran = spawnSync('bash', ['-e', '-c', script], {
      cwd: shop.folder,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${shop.path('bin')}:${process.env['PATH'] ?? ''}` },
    });
    expect(ran.status, ran.stderr).toBe(0);
    const source = readFileSync(join(ROOT, 'tests/vectors/recordings/phone1hz-cut.csv'), 'utf8');
    expect(difference(text('phone.csv'), source)).toBeUndefined();
    const cells = source
      .trim()
      .split('\n')
      .slice(1)
      .flatMap((line) => line.split(',').slice(1));
    expect(JSON.parse(text('phone.json'))).toHaveLength(cells.filter((cell) => cell !== '').length);
    const rows = source.trim().split('\n').length - 1;
    expect(text('phone.jsonl').trim().split('\n')).toHaveLength(rows);
    expect(readInRust(readFileSync(shop.path('phone.parquet'))).times).toHaveLength(rows);
  });

  it('shows a plan of columns that pack takes', async () => {
    writeFileSync(shop.path('plan.json'), /```json\n([\s\S]*?)```/.exec(section)?.[1] ?? '');
    const table = join(ROOT, 'tests/vectors/recordings/phone1hz-cut.csv');
    const { code, stderr, result } = await hour(
      'pack',
      table,
      '-o',
      'planned.hour',
      '--columns',
      'plan.json',
    );
    expect(code, stderr).toBe(0);
    const by = (from: string) => result.columns.find((column: { from: string }) => column.from === from);
    expect(by('pressure')).toMatchObject({ unit: 'hPa', step: { numerator: 1, denominator: 100 } });
    expect(by('pressure').worstError).toBeGreaterThan(0);
    expect(by('pressure').worstError).toBeLessThanOrEqual(0.0050001);
    expect(by('acc_x')).toMatchObject({ name: 'x', unit: 'm/s2' });
  });
});
