/** A mirror in the middle: keeps and serves what it cannot read, and a reader that meets nobody else gets everything from it. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hourHeaderBytes, PREAMBLE_BYTES } from '../../src/hour/container.ts';
import { inflateHeader } from '../../src/hour/header-dictionary.ts';
import { openNode } from '../../src/node/open-node.ts';
import { readHour, readHourFile } from '../../src/station/export.ts';
import { buildCli, type Started, Workshop } from './cli.ts';
import { filesBelow, type Secret, TraceFinder } from './plaintext.ts';
import { difference, writeRecording } from './recordings.ts';

const SPACE_NAME = 'Talgemeinschaft';
const STATION_NAME = 'Zugspitzkamm';

let shop: Workshop;
let source: string;
let station: string;
let mirror: string;
let relay: Started;
let host: string;
let readerLink: string;

beforeAll(async () => {
  buildCli();
  shop = new Workshop();
  [source, station, mirror] = [shop.path('phone1hz.csv'), shop.path('station'), shop.path('mirror')];
  writeRecording('phone1hz', source, 1_200);
  // The relay that everybody meets on is the mirror itself.
  ({ process: relay, host } = await shop.relay(mirror));
  await shop.space(station, SPACE_NAME);
  await shop.ask('join', '--data', mirror, await shop.invite(station, 'mirror', '--host', host));
  readerLink = await shop.invite(station, 'reader', '--host', host);
  const words = ['--replay', source, '--speed', '1200', '--hour', '5m'];
  const recording = shop.start(['station', '--data', station, '--name', STATION_NAME, ...words]);
  await recording.event('replay-ended');
  await relay.document(({ blobs }) => blobs?.held === 5 && blobs.missing === 0);
  await recording.stop('SIGKILL');
}, 60_000);
afterAll(() => shop.close());

/** The description of an hour, inflated. */
function descriptionOf(file: Uint8Array): Uint8Array {
  const size = new DataView(file.buffer, file.byteOffset).getUint32(5);
  return inflateHeader(file.subarray(PREAMBLE_BYTES, hourHeaderBytes(file) - 4), size);
}

/** Everything of the station's hours that must not be readable: the files, their columns, and what is packed in them. */
async function secretsOf(data: string): Promise<Secret[]> {
  const node = await openNode(data, {}, () => undefined);
  const space = node.space();
  const secrets: Secret[] = [{ what: 'the recording as text', bytes: readFileSync(source) }];
  const hours = space.catalog.stations.values().next().value?.hours ?? [];
  for (const record of hours) {
    const file = await readHourFile(space, record);
    secrets.push({ what: 'an hour file', bytes: file });
    secrets.push({ what: 'a description', bytes: descriptionOf(file) });
    for (const { rows } of (await readHour(space, record)).streams) {
      for (const { buffer, byteOffset, byteLength } of [rows.offsetsNs, ...rows.columns]) {
        secrets.push({ what: 'a column of numbers', bytes: new Uint8Array(buffer, byteOffset, byteLength) });
      }
    }
  }
  await node.close();
  return secrets;
}

test('its disk and its output hold no 32 bytes in a row of an hour or its columns, nor any name, nor a key', async () => {
  const secrets = await secretsOf(station);
  expect(secrets.filter(({ what }) => what === 'an hour file')).toHaveLength(5);
  expect(secrets.filter(({ what, bytes }) => what === 'a description' && bytes.length > 200)).toHaveLength(5);
  const finder = new TraceFinder(secrets);
  const planted = secrets.at(-1)?.bytes.subarray(40, 72) ?? new Uint8Array(0);
  expect(finder.find(Buffer.concat([Buffer.alloc(13, 7), planted, Buffer.alloc(5)]))).toContain(
    'a column of numbers',
  );
  const names = [SPACE_NAME, STATION_NAME, 'phone1hz', 'pressure', 'gyro_x'];
  const said = {
    path: 'its output',
    bytes: Buffer.from([...relay.lines.stdout, ...relay.lines.stderr].join('\n')),
  };
  const files = [...filesBelow(mirror), said];
  expect(files.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeGreaterThan(50_000);
  for (const { path, bytes } of files) {
    expect({ path, trace: finder.find(bytes) }).toEqual({ path });
    for (const name of names) expect({ path, name, at: bytes.indexOf(name) }).toEqual({ path, name, at: -1 });
  }
});

test('verify is 0 on it, status counts what it holds, and export says why it cannot', async () => {
  const { spaces } = await shop.ask('status', '--data', mirror);
  expect(spaces[0]).toMatchObject({
    name: null,
    role: 'mirror',
    admitted: true,
    blobs: { held: 5, missing: 0 },
  });
  expect(spaces[0].stations).toMatchObject([{ name: null, sealed: 5, held: 5, missing: 0 }]);
  expect(await shop.ask('verify', '--data', mirror)).toMatchObject({
    ok: true,
    spaces: [{ blobs: 5, missing: 0 }],
  });
  const { id } = spaces[0].stations[0];
  const { code, stderr } = await shop.run([
    'export',
    '--data',
    mirror,
    '--station',
    id,
    '--out',
    shop.path('m.csv'),
  ]);
  expect(code).toBe(1);
  expect(stderr).toContain('mirror');
  expect(stderr).toContain('no key');
  for (const role of ['mirror', 'reader']) {
    const invite = await shop.run(['invite', '--data', mirror, '--role', role]);
    expect(invite).toMatchObject({ code: 1, stdout: '' });
    expect(invite.stderr).toContain('cannot invite');
  }
});

test('a reader that meets the mirror alone is let in and gets everything', async () => {
  const reader = shop.path('reader');
  await shop.ask('join', '--data', reader, readerLink);
  const synced = await shop.ask('sync', '--data', reader, '--until-complete', '--timeout', '30s');
  expect(synced).toMatchObject({ complete: true, held: 5, missing: 0 });
  const { spaces, peers } = await shop.ask('status', '--data', reader);
  expect(spaces[0]).toMatchObject({ name: SPACE_NAME, role: 'reader', admitted: true });
  expect(peers).toMatchObject([{ node: (await shop.ask('status', '--data', mirror)).node }]);
  const out = shop.path('reader.csv');
  await shop.ask('export', '--data', reader, '--station', STATION_NAME, '--out', out);
  expect(difference(readFileSync(out, 'utf8'), readFileSync(source, 'utf8'))).toBeUndefined();
  expect((await shop.ask('verify', '--data', reader)).ok).toBe(true);
  const invite = await shop.run(['invite', '--data', reader, '--role', 'reader']);
  expect(invite.code).toBe(1);
  expect(invite.stderr).toContain('this node is reader here and cannot invite as reader');
  expect((await relay.stop()).code).toBe(0);
});
