/**
 * The van: stations in a chain, each pair sharing one host only, the far one dead before the van comes. The van is linked to
 * the near one alone and leaves with everything, value for value; whoever dies in between only delays it.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildCli, type Document, type Started, Workshop } from './cli.ts';
import { difference, type RecordingName, readTable, recordingText, writeRecording } from './recordings.ts';

interface StationPlan {
  readonly name: string;
  readonly recording: RecordingName;
  readonly rows?: number;
  readonly hour: string;
  readonly hourMs: number;
  readonly speed: number;
}

let shop: Workshop;
beforeAll(() => {
  buildCli();
  shop = new Workshop();
});
afterAll(() => shop.close());

/** Slots of recorded time that the recording touches: as many hours will be sealed. */
function hoursIn(text: string, hourMs: number): number {
  return new Set(readTable(text).timesNs.map((ns) => ns / (BigInt(hourMs) * 1_000_000n))).size;
}

/** A chain of stations and a van, ready to be started: who joined, and the words of every command. */
class Chain {
  readonly folder: string;
  readonly stations: readonly StationPlan[];
  readonly hubs: { process: Started; readonly host: string; readonly port: number }[] = [];

  constructor(folder: string, stations: readonly StationPlan[]) {
    this.folder = folder;
    this.stations = stations;
  }

  data(name: string): string {
    return shop.path(this.folder, name);
  }

  source(plan: StationPlan): string {
    return readFileSync(this.data(`${plan.recording}.csv`), 'utf8');
  }

  /** Hub 0 is shared by the van and the first station, hub i by stations i − 1 and i. */
  async prepare(): Promise<void> {
    const names = this.stations.map(({ name }) => name);
    for (const i of names.keys()) this.hubs.push(await shop.relay(this.data(`hub-${i}`)));
    const [first = '', ...others] = names;
    await shop.space(this.data(first));
    const link = await shop.invite(this.data(first), 'member', '--uses', '9', '--host', this.host(1));
    for (const name of [...others, 'van']) await shop.ask('join', '--data', this.data(name), link);
    for (const plan of this.stations)
      writeRecording(plan.recording, this.data(`${plan.recording}.csv`), plan.rows);
  }

  host(i: number): string {
    return this.hubs[i]?.host ?? '';
  }

  start(i: number): Started {
    const plan = this.stations[i] as StationPlan;
    const hosts = [this.host(i), this.host(i + 1)]
      .filter((host) => host !== '')
      .flatMap((host) => ['--host', host]);
    const replay = [
      '--replay',
      this.data(`${plan.recording}.csv`),
      '--speed',
      String(plan.speed),
      '--hour',
      plan.hour,
    ];
    return shop.start(['station', '--data', this.data(plan.name), '--name', plan.name, ...replay, ...hosts]);
  }

  restartHub(i: number): void {
    const hub = this.hubs[i] as Chain['hubs'][number];
    hub.process = shop.start(['relay', '--data', this.data(`hub-${i}`), '--port', String(hub.port)]);
  }

  startVan(): Started {
    return shop.start([
      'sync',
      '--data',
      this.data('van'),
      '--host',
      this.host(0),
      '--until-complete',
      '--timeout',
      '60s',
    ]);
  }

  /** Hours that the whole chain will have sealed. */
  get hours(): number {
    return this.stations.reduce((sum, plan) => sum + hoursIn(this.source(plan), plan.hourMs), 0);
  }

  /** The van has every hour of every station, all of it sound and equal to the recordings, and met the first station only. */
  async checkVan(): Promise<void> {
    const status = await shop.ask('status', '--data', this.data('van'));
    const { spaces, peers } = status;
    expect(spaces[0].blobs).toMatchObject({ held: this.hours, missing: 0 });
    for (const plan of this.stations) {
      const station = spaces[0].stations.find(({ name }: Document) => name === plan.name);
      const hours = hoursIn(this.source(plan), plan.hourMs);
      expect(station).toMatchObject({ sealed: hours, held: hours, missing: 0, unseen: 0, replay: true });
      const out = this.data(`${plan.name}.csv`);
      await shop.ask(
        'export',
        '--data',
        this.data('van'),
        '--station',
        plan.name,
        '--format',
        'csv',
        '--out',
        out,
      );
      expect({
        station: plan.name,
        differs: difference(readFileSync(out, 'utf8'), this.source(plan)),
      }).toEqual({
        station: plan.name,
      });
    }
    const near = await shop.ask('status', '--data', this.data(this.stations[0]?.name ?? ''));
    expect(peers.map(({ node, via }: Document) => ({ node, via }))).toEqual([
      { node: near.node, via: `${this.host(0)}/peerjs` },
    ]);
    const report = await shop.ask('verify', '--data', this.data('van'));
    expect(report).toMatchObject({ ok: true, spaces: [{ missing: 0, blobs: this.hours }] });
  }
}

const holds = (count: number) => (document: Document) =>
  document.blobs?.held === count && document.blobs.missing === 0;

test('the van takes home every hour of every station from the nearest one alone, though the far one is dead', async () => {
  const chain = new Chain('smooth', [
    { name: 'Ford', recording: 'phone1hz', hour: '10m', hourMs: 600_000, speed: 1000 },
    { name: 'Mill', recording: 'surfrad', hour: '1h', hourMs: 3_600_000, speed: 12_000 },
    { name: 'Ridge', recording: 'imu50', rows: 20_000, hour: '1m', hourMs: 60_000, speed: 100 },
  ]);
  await chain.prepare();
  const stations = chain.stations.map((_, i) => chain.start(i));
  await Promise.all(stations.map((station) => station.event('replay-ended')));
  const [near, middle, far] = stations as [Started, Started, Started];
  await near.document(holds(chain.hours));
  await far.stop('SIGKILL');
  const van = await chain.startVan().result();
  expect(van.code).toBe(0);
  expect(van.result).toMatchObject({ complete: true, held: chain.hours, missing: 0, entriesMissing: 0 });
  await chain.checkVan();
  for (const one of [near, middle, ...chain.hubs.map((hub) => hub.process)])
    expect((await one.stop()).code).toBe(0);
}, 120_000);

test('whoever of them is killed midway, a relay too, and started again with the same command, it is only later', async () => {
  const chain = new Chain('killed', [
    { name: 'Ford', recording: 'phone1hz', rows: 2_400, hour: '5m', hourMs: 300_000, speed: 400 },
    { name: 'Mill', recording: 'surfrad', hour: '1h', hourMs: 3_600_000, speed: 14_400 },
    { name: 'Ridge', recording: 'imu50', rows: 8_000, hour: '30s', hourMs: 30_000, speed: 40 },
  ]);
  await chain.prepare();
  const stations = chain.stations.map((_, i) => chain.start(i));
  const sealed = (count: number) => (document: Document) =>
    document.event === 'sealed' && document.hours === count;
  for (const [i, hoursBefore] of [2, 3, 2].entries()) {
    await stations[i]?.document(sealed(hoursBefore));
    expect(await stations[i]?.stop('SIGKILL')).toMatchObject({ code: null, signal: 'SIGKILL' });
    if (i === 1) {
      await chain.hubs[1]?.process.stop('SIGKILL');
      chain.restartHub(1);
    }
    stations[i] = chain.start(i);
  }
  await Promise.all(stations.map((station) => station.event('replay-ended')));
  for (const [i, plan] of chain.stations.entries()) {
    const { rows } = await (stations[i] as Started).event('replay-ended');
    expect({ station: plan.name, rows }).toEqual({
      station: plan.name,
      rows: readTable(chain.source(plan)).timesNs.length,
    });
  }
  const near = stations[0] as Started;
  await near.document((document) => document.blobs?.missing === 0 && document.blobs.held === chain.hours);
  await stations[2]?.stop('SIGKILL');
  const van = chain.startVan();
  await van.document(({ event }) => event === 'fetched');
  await van.stop('SIGKILL');
  expect((await chain.startVan().result()).code).toBe(0);
  await chain.checkVan();
}, 120_000);

test('the recordings are the real ones, with blanks and all', () => {
  expect(readTable(recordingText('phone1hz')).timesNs.length).toBeGreaterThanOrEqual(1_200);
  expect(readTable(recordingText('surfrad')).timesNs).toHaveLength(1_440);
});
