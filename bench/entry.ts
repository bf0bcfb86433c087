/**
 * What an hour of a weather station costs on a link, part by part: six columns and a row a minute, 24 of them; two real nodes, every byte of every
 * message from the sealing to the receipt. Then how long the body of such an entry takes to be read.
 */
import { decodeHourBody } from '../src/station/hour-body.ts';
import { encodeHourBody, hourBodyOf } from '../src/station/hour-body-writing.ts';
import {
  HourWire,
  type Said,
  type SealedHour,
  totalOf,
  weatherHours,
} from '../tests/unit/station/hour-wire.ts';
import { median, printTable } from './table.ts';

const ROUNDS = 40;

type Row = readonly [string, (sealed: SealedHour, said: readonly Said[]) => number];

function bytesOf(said: readonly Said[], ...names: readonly Said['name'][]): number {
  return totalOf(said.filter(({ name }) => names.includes(name)));
}

const PARTS: readonly Row[] = [
  ['hour file, as it was written', ({ fileBytes }) => fileBytes],
  ['body of its entry, as it was written', ({ bodyBytes }) => bodyBytes],
  ['hour file, sealed', ({ sealedFileBytes }) => sealedFileBytes],
  ['entry, sealed and signed', ({ entryBytes }) => entryBytes],
  ['entry, as it travels (news; what both know is not sent)', (_, said) => bytesOf(said, 'news')],
  [
    'said else of the entry (names, heads, wantEntries, entries)',
    (_, said) => bytesOf(said, 'names', 'heads', 'wantEntries', 'entries'),
  ],
  [
    'said: the file (wantChunks, chunk less the file)',
    (sealed, said) => bytesOf(said, 'wantChunks', 'chunk') - sealed.sealedFileBytes,
  ],
  ['said: who holds it, the receipt among it (have)', (_, said) => bytesOf(said, 'have')],
  ['all of it on the link', (_, said) => totalOf(said)],
];

async function oneByOne(): Promise<void> {
  const wire = await HourWire.open();
  await wire.link();
  const hours = await weatherHours();
  const found: { readonly sealed: SealedHour; readonly said: readonly Said[] }[] = [];
  for (const hour of hours) {
    wire.said.length = 0;
    const sealed = await wire.seal(hour);
    await wire.settle();
    found.push({ sealed, said: [...wire.said] });
  }
  if (wire.held !== hours.length) throw new Error(`${wire.held} of ${hours.length} hours came over`);
  await wire.close();
  const rows = PARTS.map(([name, of]) => {
    const bytes = found.map(({ sealed, said }) => of(sealed, said));
    return [name, ...[median(bytes), Math.min(...bytes), Math.max(...bytes)].map((n) => n.toFixed(0))];
  });
  printTable('an hour of a weather station on a link that stands, bytes of 24 hours', [
    ['', 'median', 'least', 'most'],
    ...rows,
  ]);
}

async function atOnce(): Promise<void> {
  const wire = await HourWire.open();
  const hours = await weatherHours();
  let sealedBytes = 0;
  for (const hour of hours) {
    const { entryBytes, sealedFileBytes } = await wire.seal(hour);
    sealedBytes += entryBytes + sealedFileBytes;
  }
  await wire.link();
  if (wire.held !== hours.length) throw new Error(`${wire.held} of ${hours.length} hours came over`);
  const all = totalOf(wire.said);
  await wire.close();
  const each = (bytes: number) => (bytes / hours.length).toFixed(0);
  printTable('a day of such hours collected at once, bytes an hour', [
    ['entries and files, sealed', 'everything else, from hello on', 'all of it on the link'],
    [each(sealedBytes), each(all - sealedBytes), each(all)],
  ]);
}

async function reading(): Promise<void> {
  const content = { ...(await weatherHours())[0], station: '00'.repeat(16) } as Parameters<
    typeof hourBodyOf
  >[0];
  const bytes = encodeHourBody(hourBodyOf(content, new Uint8Array(16)));
  const times = Array.from({ length: ROUNDS }, () => {
    const beganMs = performance.now();
    for (let i = 0; i < 1_000; i++) decodeHourBody(bytes);
    return performance.now() - beganMs;
  });
  printTable('reading the body of such an entry, microseconds', [
    ['median', 'least'],
    [median(times).toFixed(0), Math.min(...times).toFixed(0)],
  ]);
}

export async function benchEntry(): Promise<void> {
  await oneByOne();
  await atOnce();
  await reading();
}
