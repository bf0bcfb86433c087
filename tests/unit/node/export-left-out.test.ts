import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asBytes, toUtf8 } from '../../../src/core/bytes.ts';
import { blobKey } from '../../../src/core/ids.ts';
import type { Entry } from '../../../src/feed/entry.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import { encodeHour } from '../../../src/hour/container.ts';
import type { HourContent } from '../../../src/hour/types.ts';
import { type ExportOptions, exportStation } from '../../../src/node/commands/export-command.ts';
import { createOutput } from '../../../src/node/output.ts';
import { encodeHourBody, hourBodyOf } from '../../../src/station/hour-body-writing.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory.ts';
import { batchAt, descriptor, START_MS, STATION } from '../hour/hour-samples.ts';
import { type Member, NodeWorld } from '../station/node-world.ts';

const HOUR_MS = 3_600_000;

let world: NodeWorld;
let folder: string;
let disk: MemoryDisk;
let member: Member;
beforeEach(async () => {
  world = new NodeWorld();
  folder = mkdtempSync(join(tmpdir(), 'waystation-export-'));
  disk = new MemoryDisk();
  member = await world.founded({ store: createMemoryStore(disk) });
});
afterEach(async () => {
  await world.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Hour number `i` with one reading, whose value is `i`. */
async function writeHour(i: number, bytes?: Uint8Array): Promise<Entry> {
  const startMs = START_MS + i * HOUR_MS;
  const content: HourContent = {
    station: STATION,
    stationName: 'Ridge',
    startMs,
    lengthMs: HOUR_MS,
    streams: [{ descriptor: descriptor('pressure', ['p']), rows: batchAt([startMs], [i]) }],
    gaps: [],
  };
  const body = encodeHourBody(hourBodyOf(content, asBytes(new Uint8Array(16).fill(i))));
  return member.space.writeWithBlob(KIND.hour, () => body, asBytes(bytes ?? encodeHour(content)));
}

async function exported(options: Partial<ExportOptions> = {}) {
  const out = join(folder, 'ridge.csv');
  let said = '';
  const documents: { rows: number; missing: number; unreadable: number }[] = [];
  const output = createOutput(
    true,
    (text) => documents.push(JSON.parse(text)),
    (text) => {
      said += text;
    },
  );
  const error = await exportStation(
    member.node,
    { station: 'Ridge', format: 'csv', out, cwd: folder, ...options },
    output,
  ).then(
    () => undefined,
    (refused: Error) => refused,
  );
  return { error, said, document: documents.at(-1), csv: existsSync(out) ? readFileSync(out, 'utf8') : '' };
}

function lose(entry: Entry): void {
  for (const ref of entry.header.blobs) disk.blobs.delete(blobKey(ref));
}

describe('an export', () => {
  it('of everything ends well', async () => {
    for (let i = 0; i < 3; i++) await writeHour(i);
    const { error, document, csv } = await exported();
    expect(error).toBeUndefined();
    expect(document).toMatchObject({ rows: 3, missing: 0, unreadable: 0 });
    expect(csv.trim().split('\n')).toHaveLength(4);
  });

  it('holds what there is, and fails with what is missing, damaged or sealed to others', async () => {
    await writeHour(0);
    lose(await writeHour(1));
    await writeHour(2, toUtf8('this is no hour file'));
    await writeHour(3);
    const profile = { name: 'Ridge', station: STATION, spaceName: null };
    await member.space.writeProfile(profile);
    await member.space.write('data', { kind: KIND.hour, body: toUtf8('this is no hour') });
    const { error, document, csv } = await exported();
    expect(document).toMatchObject({ rows: 2, missing: 1, unreadable: 2 });
    expect(
      csv
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.split(',')[1]),
    ).toEqual(['0', '3']);
    expect(error).toMatchObject({ code: 'incomplete' });
    expect(error?.message).toContain('3 of the 5 hours of Ridge are not in the file');
    expect(error?.message).toContain('1 not held here: sync, then export again');
    expect(error?.message).toContain('1 sealed under a key that this node does not have, or damaged');
  });

  it('is not concerned with what is missing outside the time that was asked for', async () => {
    lose(await writeHour(0));
    await writeHour(5);
    const { error, document } = await exported({ fromMs: START_MS + 4 * HOUR_MS });
    expect(error).toBeUndefined();
    expect(document).toMatchObject({ rows: 1, missing: 0 });
  });

  it('of a time without readings says which time there is', async () => {
    await writeHour(0);
    const { error } = await exported({ fromMs: START_MS + 100 * HOUR_MS });
    expect(error?.message).toContain(
      'Ridge has hours from 2026-01-01 12:00:00 UTC to 2026-01-01 13:00:00 UTC',
    );
  });

  it('to a folder that is not there says so with the path that was given', async () => {
    await writeHour(0);
    const { error } = await exported({ out: 'nowhere/x.csv' });
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(error?.message).toContain(`cannot write ${join(folder, 'nowhere/x.csv')}`);
    expect(error?.message).not.toContain('.part');
  });
});
