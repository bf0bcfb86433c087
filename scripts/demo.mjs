/**
 * `npm run demo`: the van story in one terminal. Three stations replay real recordings in a chain, each pair sharing one relay only;
 * the far one is switched off, then a van comes, is linked to the near one alone, and leaves with everything.
 * Exit 0 only when all of it arrived, verified, and equals the recordings.
 *
 *   --recordings DIR   other recordings: phone1hz, surfrad and imu50 as .csv or .csv.gz
 *   --prepared         packages and build are there already: neither is looked at
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build, installPackages, ROOT } from './prepare.mjs';

/** Every replay takes about as long, whatever its recording lasts. */
const REPLAY_MS = 8_000;
/** Hours per recording: as many as fill a progress bar, so recorded hours are shorter here than an hour. */
const HOURS = 12;
const STATIONS = [
  { name: 'Ford', recording: 'phone1hz' },
  { name: 'Mill', recording: 'surfrad' },
  { name: 'Ridge', recording: 'imu50' },
];

const { values: options } = parseArgs({
  options: {
    recordings: { type: 'string', default: join(ROOT, 'examples/recordings') },
    prepared: { type: 'boolean' },
  },
});
if (options.prepared !== true) {
  installPackages();
  build();
}
// What follows needs the packages.
const { ask, endAll, start } = await import('./demo/processes.mjs');
const { durationMs, hoursIn, readTable, recordingFile, sameTables } = await import('./demo/recordings.mjs');
const { createBars, printTable } = await import('./demo/screen.mjs');

const folder = mkdtempSync(join(tmpdir(), 'waystation-demo-'));
const data = (name) => join(folder, name.toLowerCase());
async function cleanUp() {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => cleanUp().then(() => process.exit(1)));

/** Speed and length of an hour that fit a recording into the demonstration. */
function plan({ name, recording }) {
  const file = recordingFile(resolve(options.recordings), recording);
  const table = readTable(file);
  const hourMs = Math.max(1_000, Math.round(durationMs(table) / HOURS / 1_000) * 1_000);
  return {
    name,
    recording,
    file,
    table,
    hourMs,
    hours: hoursIn(table, hourMs),
    speed: durationMs(table) / REPLAY_MS,
  };
}

/** Hub 0 is shared by van and first station, hub i by stations i − 1 and i. */
async function startHubs() {
  const hubs = STATIONS.map((_, i) => start(['relay', '--data', data(`hub-${i}`), '--port', '0']));
  const listening = await Promise.all(
    hubs.map((hub) => hub.heard((document) => document.listening !== undefined)),
  );
  return listening.map(({ listening: url }) => `ws://127.0.0.1:${new URL(url).port}`);
}

async function startStations(plans, hosts, bars) {
  const all = plans.reduce((sum, { hours }) => sum + hours, 0);
  const sealedBars = plans.map(({ name, hours }) => bars.add(name, 'hours sealed', hours));
  const atFord = bars.add(`at ${plans[0].name}`, 'hours of all stations', all);
  const stations = plans.map(({ name, file, speed, hourMs }, i) => {
    const meetings = [hosts[i], hosts[i + 1]]
      .filter((host) => host !== undefined)
      .flatMap((host) => ['--host', host]);
    const words = ['--replay', file, '--speed', String(speed), '--hour', `${hourMs}ms`, ...meetings];
    return start(['station', '--data', data(name), '--name', name, ...words], (document) => {
      if (document.event === 'sealed') sealedBars[i](document.hours);
      if (i === 0 && document.blobs !== undefined) atFord(document.blobs.held);
    });
  });
  const complete = ({ blobs }) => blobs !== undefined && blobs.held === all && blobs.missing === 0;
  await Promise.all([
    stations[0].heard(complete),
    ...stations.map((one) => one.heard(({ event }) => event === 'replay-ended')),
  ]);
  return stations;
}

async function report(plans) {
  const { spaces, peers } = await ask('status', '--data', data('van'));
  const verified = (await ask('verify', '--data', data('van'))).ok;
  const rows = [
    [
      'station',
      'recording',
      'hours sealed',
      'hours held',
      'bytes',
      'complete to',
      'verified',
      'CSV and recording',
    ],
  ];
  let good = verified;
  for (const { name, recording, table, hours } of plans) {
    const station = spaces[0].stations.find((one) => one.name === name);
    const out = join(folder, `${name}.csv`);
    await ask('export', '--data', data('van'), '--station', name, '--format', 'csv', '--out', out);
    const equal = sameTables(readTable(out), table);
    good &&= equal && station.sealed === hours && station.held === hours;
    const { sealed, held, bytes, completeTo } = station;
    const end = completeTo?.slice(0, 19).replace('T', ' ') ?? '–';
    rows.push([
      name,
      recording,
      String(sealed),
      String(held),
      String(bytes),
      end,
      verified ? 'yes' : 'NO',
      equal ? 'equal' : 'NOT EQUAL',
    ]);
  }
  console.log();
  printTable(rows);
  const met = peers.map((peer) => peer.name).join(', ');
  console.log(`\nThe van was linked to: ${met}`);
  return good && met === plans[0].name;
}

async function story() {
  const plans = STATIONS.map(plan);
  const hosts = await startHubs();
  const [first, ...others] = plans.map(({ name }) => name);
  await ask('space', 'create', '--data', data(first), '--name', 'Valley');
  const invite = ['--role', 'member', '--uses', '9', '--host', hosts[1]];
  const { link } = await ask('invite', '--data', data(first), ...invite);
  await Promise.all([...others, 'van'].map((name) => ask('join', '--data', data(name), link)));

  console.log(
    `Three stations in a chain, van – ${[first, ...others].join(' – ')}, replay real recordings:\n`,
  );
  const bars = createBars();
  const stations = await startStations(plans, hosts, bars);
  await stations.at(-1).stop();
  const all = plans.reduce((sum, { hours }) => sum + hours, 0);
  const inVan = bars.add('the van', `hours of all stations, met at ${first}; ${others.at(-1)} is off`, all);
  const van = start(
    ['sync', '--data', data('van'), '--host', hosts[0], '--until-complete', '--timeout', '30s'],
    (document) => {
      if (document.blobs !== undefined) inVan(document.blobs.held);
    },
  );
  const { code, trouble } = await van.ended;
  bars.stop();
  if (code !== 0) throw new Error(`the van left without everything:\n${trouble}`);
  return report(plans);
}

try {
  const good = await story();
  console.log(good ? '\nEverything is there, sound, and equal.' : '\nSomething is missing or differs.');
  process.exitCode = good ? 0 : 1;
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
