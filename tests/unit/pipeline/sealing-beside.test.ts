/** Sealing may take seconds on a phone. What is recorded meanwhile is written ahead all the same: a crash costs no more of it than at any other time. */
import { describe, expect, it } from 'vitest';
import type { StreamDescriptor } from '../../../src/hour/types.ts';
import { HourWriter } from '../../../src/pipeline/hour-writer.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory.ts';
import type { Store } from '../../../src/store/port.ts';
import { STATION } from '../hour/hour-samples.ts';
import { bytesOf } from '../identity/test-space.ts';

const START_MS = Date.UTC(2026, 0, 1, 12);
const HOUR_MS = 10_000;
const STREAM: StreamDescriptor = {
  name: 's',
  columns: [{ name: 'n', unit: '', step: null }],
  askedRateHz: 1,
  tickNs: 1_000_000,
  driver: 'test',
  device: '',
  replay: false,
};

/** A store on `disk` that tells each time when something was appended. */
function tellingStore(disk: MemoryDisk): { store: Store; appended(): Promise<void> } {
  const store = createMemoryStore(disk);
  let tell = () => {};
  const logs: Store['logs'] = {
    ...store.logs,
    append: async (...words) => {
      await store.logs.append(...words);
      tell();
    },
  };
  return {
    store: { ...store, logs },
    appended: () =>
      new Promise((resolve) => {
        tell = resolve;
      }),
  };
}

function writerOn(store: Store, seal: () => Promise<void>): Promise<HourWriter> {
  let next = 0;
  return HourWriter.open({
    store,
    recorder: { station: STATION, stationName: 'Test', hourMs: HOUR_MS },
    newOpenId: () => bytesOf(`open ${next++}`, 16),
    seal,
    sealedIds: () => new Set(),
    onTrouble: (error) => {
      throw error;
    },
  });
}

/** Whose encoder never comes to its end. @returns `sealing` is fulfilled when it has begun. */
async function hangingOn(store: Store): Promise<{ writer: HourWriter; sealing: Promise<void> }> {
  let began = () => {};
  const sealing = new Promise<void>((resolve) => {
    began = resolve;
  });
  const writer = await writerOn(store, () => {
    began();
    return new Promise(() => undefined);
  });
  return { writer, sealing };
}

describe('while an hour is being sealed', () => {
  it('the next one is written ahead every second, and survives a crash', async () => {
    const disk = new MemoryDisk();
    const { store, appended } = tellingStore(disk);
    const { writer, sealing } = await hangingOn(store);
    const stream = writer.recorder.addStream(STREAM);
    const second = (i: number) => {
      const baseMs = START_MS + i * 1_000;
      writer.batch(stream, { baseMs, offsetsNs: Float64Array.of(0), columns: [Float64Array.of(i)] });
      writer.recorder.tick(baseMs);
    };
    let i = 0;
    for (; writer.waitingHours === 0; i++) {
      second(i);
      void writer.flush();
    }
    await sealing;
    const finishedMs = START_MS + HOUR_MS;
    for (; i < 20; i++) {
      second(i);
      const isWritten = appended();
      void writer.flush();
      await isWritten;
    }
    disk.crash('process');
    const after = await writerOn(createMemoryStore(disk), async () => undefined);
    expect(after.waitingHours).toBe(1);
    expect(after.recorder.openFirstMs(0)).toBe(finishedMs);
    expect(after.recorder.openRows(0)).toBe(10);
  });

  it('the last second of an hour that ends meanwhile is written ahead as well', async () => {
    const disk = new MemoryDisk();
    const { store, appended } = tellingStore(disk);
    const { writer, sealing } = await hangingOn(store);
    const stream = writer.recorder.addStream(STREAM);
    let i = 0;
    const second = () => {
      const baseMs = START_MS + i * 1_000;
      writer.batch(stream, { baseMs, offsetsNs: Float64Array.of(0), columns: [Float64Array.of(i)] });
      i++;
    };
    for (; writer.waitingHours === 0; void writer.flush()) second();
    await sealing;
    const flushed = async () => {
      const isWritten = appended();
      void writer.flush();
      await isWritten;
      // Let it come to its end: what it finds more while it writes is not what is looked at here.
      await new Promise((resolve) => setImmediate(resolve));
    };
    // The second hour, whose last reading and the first of the third come between two flushes.
    while (i < 19) second();
    await flushed();
    second();
    while (i < 23) {
      second();
      await flushed();
    }
    disk.crash('process');
    const after = await writerOn(createMemoryStore(disk), async () => undefined);
    expect(after.waitingHours).toBe(2);
    expect(after.unsealedRows('s', '').rows - after.recorder.openRows(0)).toBe(20);
  });
});
