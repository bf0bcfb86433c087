/**
 * A host beside the `peer` server package, and our STUN beside coturn's, in the same run: each server is a process of its own, and so are
 * the clients, who are the same for both. Limits are lifted here: what is measured is the machine's, not our bounds. Clients and server
 * share the machine's cores, so the time of the processor per message says more about a server than messages a second do.
 */
import { type ChildProcess, execFileSync, fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { askStun } from './host-clients.ts';
import type { ClientOrder, Joined, Traffic } from './host-roles.ts';
import { median, printTable } from './table.ts';

export const HOST_CLIENTS = 2_000;
const ROUNDS = 3;
const TRAFFIC_MS = 4_000;
const STUN_MS = 4_000;
const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Processor time that a process has used, ms. */
function usedMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1000;
}

class Role {
  readonly child: ChildProcess;

  constructor(entry: string, ...words: string[]) {
    this.child = fork(entry, ['role', ...words], { execArgv: ['--expose-gc'] });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async ask<T>(order?: string | object): Promise<T> {
    const answer = once(this.child, 'message');
    if (order !== undefined) this.child.send(order);
    const [message] = (await Promise.race([
      answer,
      once(this.child, 'exit').then(() => {
        throw new Error('a bench process ended early');
      }),
    ])) as [T];
    return message;
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}

interface Measured {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly calmP99Ms: number;
  readonly cpuMicros: number;
  readonly joinMs: number;
  readonly bytesPerClient: number;
}

async function measureHost(entry: string, which: 'host-ours' | 'host-peer'): Promise<Measured> {
  const server = new Role(entry, which);
  const clients = new Role(entry, 'host-clients');
  try {
    const [{ port }] = await Promise.all([server.ask<{ port: number }>(), clients.ask()]);
    const before = await server.ask<{ bytes: number }>('memory');
    const order: ClientOrder = { kind: 'join', port, clients: HOST_CLIENTS };
    const joined = await clients.ask<Joined>(order);
    const after = await server.ask<{ bytes: number }>('memory');
    // Warm, then measured.
    const exchange = (inFlight: number, ms: number) =>
      clients.ask<Traffic>({ kind: 'exchange', inFlight, ms });
    await exchange(HOST_CLIENTS / 2, 1_000);
    const usedBefore = usedMs(server.pid);
    const busy = await exchange(HOST_CLIENTS / 2, TRAFFIC_MS);
    const used = usedMs(server.pid) - usedBefore;
    const calm = await exchange(20, TRAFFIC_MS / 2);
    return {
      perSecond: busy.messages / (busy.ms / 1000),
      p50Ms: busy.p50Ms,
      p99Ms: busy.p99Ms,
      calmP99Ms: calm.p99Ms,
      cpuMicros: (used * 1000) / busy.messages,
      joinMs: joined.ms,
      bytesPerClient: (after.bytes - before.bytes) / HOST_CLIENTS,
    };
  } finally {
    await clients.end();
    await server.end();
  }
}

function medianOf(all: readonly Measured[], pick: (one: Measured) => number): number {
  return median(all.map(pick));
}

async function benchSignaling(entry: string): Promise<void> {
  const runs: Record<'host-ours' | 'host-peer', Measured[]> = { 'host-ours': [], 'host-peer': [] };
  for (let round = 0; round < ROUNDS; round++)
    for (const which of ['host-ours', 'host-peer'] as const)
      runs[which].push(await measureHost(entry, which));
  const { 'host-ours': ours, 'host-peer': theirs } = runs;
  const row = (name: string, pick: (one: Measured) => number, digits = 0) => {
    const [mine, peer] = [medianOf(ours, pick), medianOf(theirs, pick)];
    return [name, mine.toFixed(digits), peer.toFixed(digits), (mine / peer).toFixed(2)];
  };
  printTable(`${HOST_CLIENTS} clients on one host, offers and answers in pairs; median of ${ROUNDS}`, [
    ['', 'waystation host', 'peer 1.0.2', 'ours ÷ peer'],
    row('messages a second, 1,000 offers under way', ({ perSecond }) => perSecond),
    row('offer to answer then, median, ms', ({ p50Ms }) => p50Ms, 1),
    row('offer to answer then, p99, ms', ({ p99Ms }) => p99Ms, 1),
    row('offer to answer with 20 under way, p99, ms', ({ calmP99Ms }) => calmP99Ms, 2),
    row('processor time per message, µs', ({ cpuMicros }) => cpuMicros, 1),
    row('messages a second that fill a core, by that', ({ cpuMicros }) => 1e6 / cpuMicros),
    row('all joined after, ms', ({ joinMs }) => joinMs),
    row('memory per client, kB', ({ bytesPerClient }) => bytesPerClient / 1000, 1),
  ]);
}

interface StunMeasured {
  readonly perSecond: number;
  readonly cpuMicros: number;
}

async function measureStun(entry: string, port: number, pid: number): Promise<StunMeasured> {
  const clients = new Role(entry, 'stun-clients');
  try {
    await clients.ask();
    await clients.ask({ port, ms: 500 });
    const before = usedMs(pid);
    const { answers, ms } = await clients.ask<{ answers: number; ms: number }>({ port, ms: STUN_MS });
    return { perSecond: answers / (ms / 1000), cpuMicros: ((usedMs(pid) - before) * 1000) / answers };
  } finally {
    await clients.end();
  }
}

/** A port that nobody has right now. */
async function freePort(): Promise<number> {
  const { createSocket } = await import('node:dgram');
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

async function measureCoturn(entry: string): Promise<StunMeasured> {
  const port = await freePort();
  const words = ['-n', '--stun-only', '--no-tls', '--no-dtls', '--no-cli', '--listening-ip=127.0.0.1'];
  const server = spawn(
    'turnserver',
    [...words, `--listening-port=${port}`, '--log-file=/dev/null', '--pidfile='],
    {
      stdio: 'ignore',
    },
  );
  try {
    // It says nothing when it is ready: it is when it answers.
    while (!(await askStun(port)));
    return await measureStun(entry, port, server.pid ?? 0);
  } finally {
    const gone = once(server, 'exit');
    server.kill('SIGKILL');
    await gone;
  }
}

async function measureOurStun(entry: string): Promise<StunMeasured> {
  const server = new Role(entry, 'stun-ours');
  try {
    const { port } = await server.ask<{ port: number }>();
    return await measureStun(entry, port, server.pid);
  } finally {
    await server.end();
  }
}

async function benchStun(entry: string): Promise<void> {
  const hasCoturn = spawnSync('turnserver', ['--version'], { stdio: 'ignore' }).error === undefined;
  if (!hasCoturn) console.log('coturn is not installed (Debian package coturn): our STUN is measured alone');
  const [ours, theirs]: [StunMeasured[], StunMeasured[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await measureOurStun(entry));
    if (hasCoturn) theirs.push(await measureCoturn(entry));
  }
  const row = (name: string, pick: (one: StunMeasured) => number, digits = 0) => {
    const [mine, coturn] = [median(ours.map(pick)), median(theirs.map(pick))];
    return [name, mine.toFixed(digits), coturn.toFixed(digits), (mine / coturn).toFixed(2)];
  };
  printTable(`STUN Binding over IPv4 on loopback, one busy client process; median of ${ROUNDS}`, [
    ['', 'waystation host', 'coturn --stun-only', 'ours ÷ coturn'],
    row('answers a second', ({ perSecond }) => perSecond),
    row('processor time per answer, µs', ({ cpuMicros }) => cpuMicros, 1),
    row('answers a second that fill a core, by that', ({ cpuMicros }) => 1e6 / cpuMicros),
  ]);
}

export async function benchHost(entry: string): Promise<void> {
  await benchStun(entry);
  await benchSignaling(entry);
}
