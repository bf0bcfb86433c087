/** `npm run bench [part …]`: every measurement, or those named. Forks itself for the ends of a transfer. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { benchDataScroll } from './data-scroll.ts';
import { benchEntry } from './entry.ts';
import { benchHost } from './host.ts';
import { runHostRole } from './host-roles.ts';
import { benchHours } from './hours.ts';
import { benchOpen } from './open.ts';
import { benchRecordingLoad } from './recording-load.ts';
import { benchRecordingMemory } from './recording-memory.ts';
import { benchRecordingMemoryChromium } from './recording-memory-chromium.ts';
import { benchSimulator } from './simulator.ts';
import { benchStatus } from './status.ts';
import { benchTouch } from './touch.ts';
import { benchTransfer } from './transfer.ts';
import { benchTransferChromium } from './transfer-chromium.ts';
import { runSink, runSource } from './transfer-roles.ts';

const ENTRY = fileURLToPath(import.meta.url);
const TRANSFER_BYTES = Number(process.env['WAYSTATION_MIB'] ?? 64) * 2 ** 20;
/** Of each way. */
const OPENINGS = 60;
const ROUNDS = Number(process.env['WAYSTATION_ROUNDS'] ?? 5);

async function role(words: readonly string[]): Promise<void> {
  const [name, folder = '', third = '', blobs = '0'] = words;
  if (name === 'simulator') return benchSimulator(100, 7, 42);
  if (await runHostRole(name)) return;
  if (name === 'source') process.send?.({ link: await runSource(folder, third, Number(blobs)) });
  else process.send?.(await runSink(folder, third, Number(blobs)));
}

/** A hundred nodes in one process make much short-lived memory, so it gets a process with room for that. */
async function runSimulatorApart(): Promise<void> {
  const child = fork(ENTRY, ['role', 'simulator'], {
    execArgv: ['--max-semi-space-size=64', '--max-old-space-size=8192'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error('the simulated mesh is not whole');
}

const PARTS: Readonly<Record<string, () => Promise<void>>> = {
  hours: benchHours,
  entry: benchEntry,
  status: () => benchStatus(200, 500),
  memory: benchRecordingMemory,
  'memory-page': benchRecordingMemoryChromium,
  load: benchRecordingLoad,
  touch: benchTouch,
  data: benchDataScroll,
  host: () => benchHost(ENTRY),
  open: () => benchOpen(OPENINGS),
  transfer: () => benchTransfer(ENTRY, ROUNDS, TRANSFER_BYTES),
  simulator: runSimulatorApart,
  chromium: () => benchTransferChromium(ENTRY, ROUNDS, TRANSFER_BYTES),
};

async function main(words: readonly string[]): Promise<void> {
  const unknown = words.find((word) => PARTS[word] === undefined);
  if (unknown !== undefined)
    throw new Error(`there is no “${unknown}”; parts: ${Object.keys(PARTS).join(', ')}`);
  for (const [name, part] of Object.entries(PARTS))
    if (words.length === 0 || words.includes(name)) await part();
}

const words = process.argv.slice(2);
if (words[0] === 'role') {
  process.once('SIGINT', () => process.exit(0));
  await role(words.slice(1));
  if (words[1] === 'simulator') process.exit(0);
} else {
  await main(words);
  process.exit(0);
}
