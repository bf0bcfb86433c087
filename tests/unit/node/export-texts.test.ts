import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { STATION } from '../hour/hour-samples.ts';
import { at, SealedStation, stream } from './sealed-station.ts';

let ridge: SealedStation;
beforeEach(async () => {
  ridge = await SealedStation.open();
});
afterEach(() => ridge.close());

describe('a station as JSON lines and as SenML', () => {
  it('is every row in the range, and what the format cannot hold is told', async () => {
    const unit = { columns: [{ name: 'p', unit: 'hPa', step: null }] };
    const times = [at('01T00:30'), at('01T00:31')];
    await ridge.seal('01T00:00', [stream('s', times, [1, Infinity], unit)]);
    await ridge.seal('01T01:00', [stream('s', [at('01T01:30'), at('01T01:31')], [3, 4], unit)]);
    const range = { toMs: at('01T01:30') };
    const lines = await ridge.exported({ format: 'jsonl', out: 'r.jsonl', ...range });
    expect(lines.document).toMatchObject({ rows: 3, infinities: 1 });
    expect(lines.said).toContain('1 infinite value left out: jsonl cannot hold them.');
    expect(
      ridge
        .text('r.jsonl')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { stream: 's', time: '2026-01-01T00:30:00.000Z', p: 1 },
      { stream: 's', time: '2026-01-01T00:31:00.000Z' },
      { stream: 's', time: '2026-01-01T01:30:00.000Z', p: 3 },
    ]);
    const senml = await ridge.exported({ format: 'senml', out: 'r.json', ...range });
    expect(senml.document).toMatchObject({ rows: 3, infinities: 1, unitsLeftOut: ['hPa'] });
    expect(JSON.parse(ridge.text('r.json'))).toEqual([
      { bn: `${STATION}/s/`, bt: at('01T00:00') / 1000, n: 'p', t: 1800, v: 1 },
      { bn: `${STATION}/s/`, bt: at('01T01:00') / 1000, n: 'p', t: 1800, v: 3 },
    ]);
  });

  it('in SenML gives no two streams the same name, whichever hours they are in', async () => {
    await ridge.seal('01T00:00', [stream('a b', [at('01T00:30')]), stream('a_b', [at('01T00:30')])]);
    await ridge.seal('01T01:00', [stream('a_b', [at('01T01:30')])]);
    await ridge.exported({ format: 'senml', out: 'r.json' });
    expect(JSON.parse(ridge.text('r.json')).map(({ bn }: { bn: string }) => bn)).toEqual([
      `${STATION}/a_b/`,
      `${STATION}/a_b_2/`,
      `${STATION}/a_b_2/`,
    ]);
  });

  it('leaves out an hour whose times SenML takes as distances from now, and ends with what is not there', async () => {
    await ridge.seal(0, [stream('s', [1000], [1])]);
    await ridge.seal('01T00:00', [stream('s', [at('01T00:30')], [2])]);
    const { error, document } = await ridge.exported({ format: 'senml', out: 'r.json' });
    expect(document).toMatchObject({ rows: 1, unreadable: 1 });
    expect(error?.message).toContain('SenML would take them as distances from now');
    expect(JSON.parse(ridge.text('r.json'))).toHaveLength(1);
  });

  it('of no hours, and of an unknown stream, is no file', async () => {
    await ridge.member.space.writeProfile({ name: 'Ridge', station: STATION, spaceName: null });
    await ridge.seal('01T00:00', [stream('s', [at('01T00:30')])]);
    const none = await ridge.exported({ format: 'senml', out: 'r.json', fromMs: at('05T00:00') });
    expect(none.error).toMatchObject({ code: 'not-found' });
    const { error } = await ridge.exported({ format: 'jsonl', out: 'x.jsonl', stream: 'rain' });
    expect(error).toMatchObject({ code: 'not-found' });
    expect(ridge.files()).toEqual([]);
  });

  it.each(['csv', 'jsonl', 'senml'] as const)('%s never replaces a file unless told to', async (format) => {
    await ridge.seal('01T00:00', [stream('s', [at('01T00:30')])]);
    writeFileSync(join(ridge.folder, 'mine'), 'precious');
    const { error } = await ridge.exported({ format, out: 'mine' });
    expect(error).toMatchObject({ code: 'conflict' });
    expect(ridge.text('mine')).toBe('precious');
    expect((await ridge.exported({ format, out: 'mine', force: true })).error).toBeUndefined();
    expect(ridge.text('mine')).not.toBe('precious');
    expect(ridge.files()).toEqual(['mine']);
  });
});
