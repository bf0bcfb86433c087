/** Lives of a recording process on one disk, and what of its readings was sealed in the end. */
import { fromUtf8, toHex, toUtf8 } from '../../../src/core/bytes.ts';
import type { StationId } from '../../../src/core/ids.ts';
import type { StreamDescriptor } from '../../../src/hour/types.ts';
import { HourWriter, type SealHour } from '../../../src/pipeline/hour-writer.ts';
import { createMemoryStore, type MemoryDisk } from '../../../src/store/memory.ts';
import type { Store } from '../../../src/store/port.ts';
import { bytesOf } from '../identity/test-space.ts';
import { type Fault, FaultyStore, Killed } from './crashing-store.ts';
import { wholeHour } from './whole-hour.ts';

const STATION = '000102030405060708090a0b0c0d0e0f' as StationId;
export const START_MS = Date.UTC(2026, 0, 1, 12);
export const HOUR_MS = 10_000;
export const STREAM: StreamDescriptor = {
  name: 'pressure',
  columns: [{ name: 'p', unit: 'hPa', step: null }],
  askedRateHz: 2,
  tickNs: 1_000_000,
  driver: 'test',
  device: '',
  replay: false,
};

interface SealedHour {
  readonly openId: string;
  readonly startMs: number;
  /** The readings, each of which is its own number. */
  readonly values: readonly number[];
}

/** The sealed hours on a disk. */
export async function sealedOn(store: Store): Promise<SealedHour[]> {
  const records = await store.logs.read('sealed', 0, 10_000, 2 ** 30);
  return records.map((record) => JSON.parse(fromUtf8(record)) as SealedHour);
}

/** Seals by one durable append, as a feed does. */
export function sealInto(store: Store): SealHour {
  return async (source, openId) => {
    const content = await wholeHour(source);
    const values = content.streams.flatMap((stream) => [...(stream.rows.columns[0] ?? [])]);
    const hour: SealedHour = { openId: toHex(openId), startMs: content.startMs, values };
    await store.logs.append('sealed', [toUtf8(JSON.stringify(hour))], 'strict');
  };
}

/** One life of a recording process. */
export class Life {
  readonly faulty: FaultyStore;
  readonly troubles: unknown[] = [];
  writer: HourWriter | undefined;
  /** Readings of whose write-ahead the flush has returned. */
  flushed = 0;
  seal: SealHour;

  /** Rows that leave memory together; undefined for what a writer does by itself: none of so few readings. */
  readonly #letGoRows: number | undefined;

  constructor(disk: MemoryDisk, fault: Fault | null = null, letGoRows?: number) {
    this.#letGoRows = letGoRows;
    this.faulty = new FaultyStore(createMemoryStore(disk), fault);
    this.seal = sealInto(this.faulty.store);
  }

  async open(ids: { next: number }): Promise<void> {
    const sealed = new Set((await sealedOn(this.faulty.store)).map((hour) => hour.openId));
    this.writer = await HourWriter.open({
      store: this.faulty.store,
      recorder: { station: STATION, stationName: 'Test', hourMs: HOUR_MS },
      newOpenId: () => bytesOf(`open ${ids.next++}`, 16),
      seal: (source, openId) => this.seal(source, openId),
      sealedIds: () => sealed,
      onTrouble: (error) => this.troubles.push(error),
      ...(this.#letGoRows === undefined ? {} : { letGoRows: this.#letGoRows }),
    });
  }

  /** Records readings `from` to `to`, one every half second, and writes ahead every second. */
  async record(from: number, to: number): Promise<void> {
    const { writer } = this;
    if (writer === undefined) throw new Error('not open');
    const stream = writer.recorder.addStream(STREAM);
    for (let i = from; i < to && !this.faulty.isDead; i++) {
      const atMs = START_MS + i * 500;
      writer.recorder.batch(stream, {
        baseMs: atMs,
        offsetsNs: Float64Array.of(0),
        columns: [Float64Array.of(i)],
      });
      writer.recorder.tick(atMs);
      if (i % 2 === 0) continue;
      await writer.flush();
      if (!this.faulty.isDead) this.flushed = i + 1;
    }
  }
}

export async function survives(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
  }
}

/** Everything that was sealed, by the hours’ own count. */
export async function valuesOn(disk: MemoryDisk): Promise<{ values: number[]; hours: SealedHour[] }> {
  const store = createMemoryStore(disk);
  const hours = await sealedOn(store);
  await store.close();
  return { values: hours.flatMap((hour) => hour.values).sort((a, b) => a - b), hours };
}
