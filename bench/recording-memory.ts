/**
 * Memory of a page's recorder over hours of virtual time: nine channels at 60 Hz into the real recorder, write-ahead log, sealing and
 * store of files, on a clock that the bench moves. Heap and array buffers after a full collection; while an hour is sealed
 * after every turn of the event loop, with the longest that one took.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { HOUR_MS } from '../src/hour/slot.ts';
import { createNodeCrypto } from '../src/identity/crypto.node.ts';
import { loadOrCreateNodeKeys } from '../src/identity/keys.node.ts';
import { encodeInTurns, SYSTEM_RANDOM } from '../src/node/open-node.ts';
import { DEFAULT_CHOICE } from '../src/sensors/choice.ts';
import { WaystationNode } from '../src/station/node.ts';
import { openFileStore } from '../src/store/file-system.node.ts';
import { PageRecorder } from '../src/ui/model/page-recorder.ts';
import { VirtualClock } from '../tests/unit/mesh/virtual-clock.ts';
import { BATCH_MS, PLAYED, PlayedSensor } from './played-sensor.ts';
import { printTable } from './table.ts';

const MINUTES = [1, 15, 30, 59, 61, 75, 90, 119, 121] as const;
const MIB = 2 ** 20;

/** What turns of the event loop took, and what of memory was in use after them. */
class Turns {
  mostMiB = 0;
  longestMs = 0;
  readonly #collect: () => void;
  /** Memory is looked at after every turn, which takes a while. */
  isWatching = false;

  constructor(collect: () => void) {
    this.#collect = collect;
  }

  async idle(): Promise<void> {
    for (let i = 0; i < 8; i++) {
      const beganMs = performance.now();
      await new Promise((resolve) => setImmediate(resolve));
      if (!this.isWatching) continue;
      this.longestMs = Math.max(this.longestMs, performance.now() - beganMs);
      this.#collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      this.mostMiB = Math.max(this.mostMiB, (heapUsed + arrayBuffers) / MIB);
    }
  }
}

export async function benchRecordingMemory(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const folder = mkdtempSync(join(tmpdir(), 'waystation-bench-'));
  const clock = new VirtualClock();
  const store = await openFileStore(join(folder, 'store'));
  const keys = await loadOrCreateNodeKeys(join(folder, 'keys'));
  const node = await WaystationNode.open(
    { store, keys, crypto: createNodeCrypto(), clock, random: SYSTEM_RANDOM },
    { encode: encodeInTurns },
  );
  await node.createSpace({ name: 'Bench', isPublic: false, ownName: 'Bench', onMade: () => undefined });
  const sensors = PLAYED.map((name) => new PlayedSensor(name));
  const recorder = new PageRecorder({
    drivers: async () => sensors.map(({ driver }) => driver),
    keepAwake: () => () => undefined,
    onChange: () => undefined,
    onTrouble: (message) => {
      throw new Error(message);
    },
    onClockJump: () => undefined,
  });
  await recorder.start(Promise.resolve(DEFAULT_CHOICE), {
    space: node.space(),
    name: 'Bench',
    hourMs: HOUR_MS,
    encode: encodeInTurns,
    onTrouble: (message) => {
      throw new Error(message);
    },
  });
  const rows: string[][] = [['minute', 'heap, MiB', 'array buffers, MiB', 'hours sealed']];
  const turns = new Turns(collect);
  const beganMs = clock.nowMs();
  const wanted = new Set<number>(MINUTES);
  for (let tick = 1; tick <= (MINUTES.at(-1) ?? 0) * 60 * (1_000 / BATCH_MS); tick++) {
    for (const sensor of sensors) sensor.tell(clock.nowMs());
    clock.advance(BATCH_MS);
    if (tick % (1_000 / BATCH_MS) !== 0) continue;
    await turns.idle();
    // As long as a full hour is read back from its segments and encoded the clock stands still: to that this machine's time is a moment.
    const finished = Math.floor((clock.nowMs() - beganMs - 2_000) / HOUR_MS);
    turns.isWatching = true;
    while ((recorder.view()?.sealedHours ?? 0) < finished) await turns.idle();
    turns.isWatching = false;
    const minute = (clock.nowMs() - beganMs) / 60_000;
    if (!wanted.has(minute)) continue;
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    const sealed = recorder.view()?.sealedHours ?? 0;
    rows.push(
      [minute, heapUsed / MIB, arrayBuffers / MIB, sealed].map((value) =>
        value.toFixed(value % 1 === 0 ? 0 : 1),
      ),
    );
  }
  await recorder.stop(store);
  await store.close();
  rmSync(folder, { recursive: true, force: true });
  const { mostMiB, longestMs } = turns;
  rows.push([
    `(while hours were sealed: at most ${mostMiB.toFixed(1)} MiB of both, and ${longestMs.toFixed(0)} ms at a stretch)`,
  ]);
  printTable('memory of the recorder, nine channels at 60 Hz on a virtual clock', rows);
}
