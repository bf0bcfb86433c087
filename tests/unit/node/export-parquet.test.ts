import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toUtf8 } from '../../../src/core/bytes.ts';
import { blobKey, type StationId } from '../../../src/core/ids.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import { encodeHour } from '../../../src/hour/container.ts';
import { pathName } from '../../../src/hour/export-names.ts';
import type { HourContent } from '../../../src/hour/types.ts';
import { stationName } from '../../../src/station/station-name.ts';
import { STATION } from '../hour/hour-samples.ts';
import { factsOf, metadataOf, readInJavaScript, readInRust } from '../hour/parquet-readers.ts';
import { at, HOUR_MS, SealedStation, stream } from './sealed-station.ts';

let ridge: SealedStation;
beforeEach(async () => {
  ridge = await SealedStation.open();
});
afterEach(() => ridge.close());

const valuesOf = (path: string, column = 0) => [...(readInRust(ridge.bytesOf(path)).columns[column] ?? [])];

describe('a station as Parquet', () => {
  it('is a file for each stream and UTC day, whatever slot a reading was sealed in', async () => {
    await ridge.seal('01T23:00', [
      stream('baro', [at('01T23:10'), at('01T23:59:59.999')], [1, 2]),
      stream('wind', [at('01T23:10')], [7]),
    ]);
    // Late readings of the day before lie in the next day's first hour.
    await ridge.seal('02T00:00', [
      stream('baro', [at('01T23:59:59.500'), at('02T00:00'), at('02T00:30')], [3, 4, 5]),
    ]);
    const { error, document, said } = await ridge.exported();
    expect(error).toBeUndefined();
    expect(ridge.files()).toEqual([
      'lake/station=Ridge/date=2026-01-01/baro.parquet',
      'lake/station=Ridge/date=2026-01-01/wind.parquet',
      'lake/station=Ridge/date=2026-01-02/baro.parquet',
    ]);
    expect(document).toMatchObject({
      rows: 6,
      files: 3,
      missing: 0,
      unreadable: 0,
      out: join(ridge.folder, 'lake'),
    });
    expect(said).toContain('Wrote 6 rows of Ridge in 3 files.');
    expect(valuesOf('lake/station=Ridge/date=2026-01-01/baro.parquet')).toEqual([1, 2, 3]);
    const second = await readInJavaScript(ridge.bytesOf('lake/station=Ridge/date=2026-01-02/baro.parquet'));
    expect(second.times).toEqual([at('02T00:00'), at('02T00:30')].map((ms) => BigInt(ms) * 1000n));
  });

  it('says in every file what its hours say, also where a stream gave nothing all day', async () => {
    const gaps = [
      { stream: 0, fromMs: at('01T05:00'), toMs: at('01T06:00'), cause: 'sensor', detail: 'cable' },
    ] as const;
    const clock = { offsetMs: 2, errorMs: 1, source: 'peer' };
    await ridge.seal('01T05:00', [stream('baro', []), stream('wind', [at('01T05:30')])], { gaps, clock });
    await ridge.seal('01T06:00', [stream('baro', []), stream('wind', [at('01T06:30'), at('01T06:31')])]);
    expect((await ridge.exported()).document).toMatchObject({ rows: 3, files: 2 });
    const dead = ridge.bytesOf('lake/station=Ridge/date=2026-01-01/baro.parquet');
    expect(readInRust(dead)).toMatchObject({ times: [], names: ['p'] });
    expect(factsOf(dead).hours.map(({ rows, gaps: told }) => [rows, told.length])).toEqual([
      [0, 1],
      [0, 0],
    ]);
    const facts = factsOf(ridge.bytesOf('lake/station=Ridge/date=2026-01-01/wind.parquet'));
    expect(facts).toMatchObject({ station: STATION, stream: 'wind' });
    expect(facts.recorded).toHaveLength(1);
    expect(facts.hours).toMatchObject([
      { start: '2026-01-01T05:00:00.000Z', rows: 1, clock, gaps: [] },
      { start: '2026-01-01T06:00:00.000Z', rows: 2, clock: null },
    ]);
  });

  it('has the same columns on every day, and times as fine as the finest', async () => {
    const columns = (...names: string[]) => ({
      columns: names.map((name) => ({ name, unit: '', step: null })),
    });
    await ridge.seal('01T05:00', [stream('s', [at('01T05:30')], [1], columns('a'))]);
    await ridge.seal('02T05:00', [stream('s', [at('02T05:30')], [2], columns('b', 'a'))]);
    const finer = stream('s', [at('03T05:30')], [3], columns('a'));
    await ridge.seal('03T05:00', [{ ...finer, rows: { ...finer.rows, offsetsNs: Float64Array.of(1) } }]);
    await ridge.exported();
    const tables = ridge.files().map((path) => readInRust(ridge.bytesOf(path)));
    expect(tables.map(({ names }) => names)).toEqual([
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
    ]);
    expect(tables.map(({ unit }) => unit)).toEqual(['NANOS', 'NANOS', 'NANOS']);
    expect(tables.map((table) => table.columns.map(([value]) => value))).toEqual([
      [1, Number.NaN],
      [2, 2],
      [3, Number.NaN],
    ]);
  });

  it('has a day’s hours in the order of their slots, in row groups of many hours', async () => {
    for (const hour of ['07', '05', '06']) {
      const start = at(`01T${hour}:00`);
      await ridge.seal(start, [stream('s', [start, start + 1], [Number(hour), Number(hour) + 0.5])]);
    }
    await ridge.exported();
    const bytes = ridge.bytesOf(ridge.files()[0] ?? '');
    expect([...(readInRust(bytes).columns[0] ?? [])]).toEqual([5, 5.5, 6, 6.5, 7, 7.5]);
    expect(metadataOf(bytes).row_groups).toHaveLength(1);
  });

  it('writes only the time and the stream that were asked for', async () => {
    for (const day of ['01', '02', '03']) {
      const start = at(`${day}T05:00`);
      await ridge.seal(start, [stream('s', [start, start + 1000, start + 2000]), stream('t', [start])]);
    }
    const range = { fromMs: at('01T05:00:01'), toMs: at('02T05:00:01'), stream: 's' };
    expect((await ridge.exported(range)).document).toMatchObject({ rows: 4, files: 2 });
    expect(ridge.files().map((path) => valuesOf(path))).toEqual([
      [1, 2],
      [0, 1],
    ]);
    const none = await ridge.exported({ stream: 'rain', out: 'none' });
    expect(none.error).toMatchObject({ code: 'not-found' });
    expect(existsSync(join(ridge.folder, 'none'))).toBe(false);
  });

  it('keeps hostile names inside the folder', async () => {
    const stationName = '../../etc/x=1';
    await ridge.seal('01T05:00', [stream('../up', [at('01T05:30')]), stream('../UP', [at('01T05:30')])], {
      stationName,
    });
    await ridge.member.space.writeProfile({ name: stationName, station: STATION, spaceName: null });
    await ridge.exported({ station: stationName });
    const day = 'lake/station=%2E.%2F..%2Fetc%2Fx%3D1/date=2026-01-01';
    expect(ridge.files()).toEqual([`${day}/%2E.%2FUP_2.parquet`, `${day}/%2E.%2Fup.parquet`]);
  });

  it('keeps stations of the same name apart', async () => {
    const other = 'ffffffffffffffffffffffffffffffff' as StationId;
    await ridge.seal('01T05:00', [stream('s', [at('01T05:30')], [1])]);
    await ridge.seal('01T05:00', [stream('s', [at('01T05:30')], [2])], { station: other });
    await ridge.member.space.settled();
    const stations = [...ridge.member.space.catalog.stations.values()].map(stationName);
    expect(stations).toHaveLength(2);
    for (const station of stations) expect((await ridge.exported({ station })).error).toBeUndefined();
    expect(ridge.files()).toEqual(
      stations.map((name) => `lake/station=${pathName(name)}/date=2026-01-01/s.parquet`).sort(),
    );
    expect(new Set(ridge.files().map((path) => valuesOf(path)[0]))).toEqual(new Set([1, 2]));
  });

  it('replaces nothing unless told to, and writes nothing when it may not', async () => {
    await ridge.seal('01T05:00', [stream('s', [at('01T05:30')])]);
    await ridge.exported();
    await ridge.seal('02T05:00', [stream('s', [at('02T05:30')])]);
    const mine = join(ridge.folder, 'lake/station=Ridge/date=2026-01-01/mine.parquet');
    writeFileSync(mine, 'precious');
    const { error } = await ridge.exported();
    expect(error).toMatchObject({ code: 'conflict' });
    expect(error?.message).toContain('--force');
    expect(ridge.files()).toHaveLength(2);
    expect((await ridge.exported({ force: true })).error).toBeUndefined();
    expect(ridge.files()).toHaveLength(3);
    expect(readFileSync(mine, 'utf8')).toBe('precious');
  });

  it('leaves whole files alone when it cannot go on, and no half one', async () => {
    await ridge.seal('01T05:00', [stream('s', [at('01T05:30')])]);
    await ridge.seal('02T05:00', [stream('s', [at('02T05:30')]), stream('t', [at('02T05:30')])]);
    mkdirSync(join(ridge.folder, 'lake/station=Ridge'), { recursive: true });
    writeFileSync(join(ridge.folder, 'lake/station=Ridge/date=2026-01-02'), 'a file');
    const { error } = await ridge.exported();
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(error?.message).toContain('what should be its folder is a file');
    expect(ridge.files()).toEqual([
      'lake/station=Ridge/date=2026-01-01/s.parquet',
      'lake/station=Ridge/date=2026-01-02',
    ]);
    writeFileSync(join(ridge.folder, 'taken'), '');
    expect((await ridge.exported({ out: 'taken' })).error).toMatchObject({ code: 'conflict' });
    expect((await ridge.exported({ out: 'no/where' })).error?.message).toContain('there is no such folder');
  });

  it('holds what there is, and fails with what is missing, damaged or sealed to others, as a table does', async () => {
    await ridge.seal('01T00:00', [stream('s', [at('01T00:30')], [0])]);
    const lost = await ridge.seal('01T01:00', [stream('s', [at('01T01:30')], [1])]);
    for (const ref of lost.header.blobs) ridge.disk.blobs.delete(blobKey(ref));
    await ridge.seal('01T02:00', [stream('s', [at('01T02:30')], [2])], {
      bytes: toUtf8('this is no hour file'),
    });
    const content: HourContent = {
      station: STATION,
      stationName: 'Ridge',
      startMs: at('01T03:00'),
      lengthMs: HOUR_MS,
      streams: [stream('s', [at('01T03:30'), at('01T03:31')], [3, 4])],
      gaps: [],
    };
    // Its description is whole, its last block is not.
    const flipped = encodeHour(content);
    flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
    await ridge.seal('01T03:00', content.streams, { bytes: flipped });
    await ridge.seal('01T04:00', [stream('s', [at('01T04:30')], [5])]);
    await ridge.member.space.writeProfile({ name: 'Ridge', station: STATION, spaceName: null });
    await ridge.member.space.write('data', { kind: KIND.hour, body: toUtf8('this is no hour') });
    const { error, document } = await ridge.exported();
    expect(document).toMatchObject({ rows: 2, files: 1, missing: 1, unreadable: 3 });
    expect(valuesOf(ridge.files()[0] ?? '')).toEqual([0, 5]);
    expect(error).toMatchObject({ code: 'incomplete' });
    expect(error?.message).toContain('4 of the 6 hours of Ridge are not in the files');
    expect(error?.message).toContain('1 not held here: sync, then export again');
    const { error: ofTable } = await ridge.exported({ format: 'csv', out: 'x.csv' });
    expect(ofTable?.message).toBe(error?.message.replace('the files', 'the file'));
  });

  it('leaves out an hour that Parquet cannot hold, and says why', async () => {
    await ridge.seal('01T00:00', [stream('s', [at('01T00:30')], [0], { tickNs: 1 })]);
    const far = Date.UTC(2300, 0, 1);
    await ridge.seal(far, [stream('s', [far], [1], { tickNs: 1 })]);
    const { error, document } = await ridge.exported();
    expect(document).toMatchObject({ rows: 1, unreadable: 1 });
    expect(error?.message).toContain('1 times in nanoseconds before 1677 or after 2262');
  });
});
