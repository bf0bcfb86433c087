/**
 * Sealing reads an hour back and encodes it piece by piece: killed between any two of its steps it has lost nothing and sealed nothing
 * twice, and never does it hold more than a piece.
 */
import { describe, expect, it } from 'vitest';
import { toHex, toUtf8 } from '../../../src/core/bytes.ts';
import { decodeHour } from '../../../src/hour/container.ts';
import type { StreamDescriptor } from '../../../src/hour/types.ts';
import { encodeHere } from '../../../src/pipeline/encode-here.ts';
import type { HourSource } from '../../../src/pipeline/hour-encoding.ts';
import { HourWriter } from '../../../src/pipeline/hour-writer.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory.ts';
import { STATION } from '../hour/hour-samples.ts';
import { bytesOf } from '../identity/test-space.ts';
import { FaultyStore, Killed } from './crashing-store.ts';
import { sealedOn, survives } from './recorder-life.ts';
import { encodeAtOnce } from './whole-hour.ts';

const START_MS = Date.UTC(2026, 0, 1, 12);
/** Two hours, the second of which is ended by a person. */
const HOUR_MS = 200_000;
const READINGS = 300;

function stream(name: string): StreamDescriptor {
  const columns = [{ name: 'n', unit: '', step: null }];
  return { name, columns, askedRateHz: 1, tickNs: 1_000_000, driver: 'test', device: '', replay: false };
}

/** A process that records a reading a second, flushes each, and dies at a chosen step of encoding. */
class Process {
  readonly faulty: FaultyStore;
  readonly troubles: unknown[] = [];
  steps = 0;
  writer: HourWriter | undefined;
  readonly #diesAt: number;
  readonly #encode = encodeHere(async () => {
    if (++this.steps !== this.#diesAt) return;
    this.faulty.isDead = true;
    throw new Killed('killed while encoding');
  });

  constructor(disk: MemoryDisk, diesAt = 0) {
    this.faulty = new FaultyStore(createMemoryStore(disk));
    this.#diesAt = diesAt;
  }

  async open(ids: { next: number }): Promise<HourWriter> {
    const sealed = new Set((await sealedOn(this.faulty.store)).map((hour) => hour.openId));
    this.writer = await HourWriter.open({
      store: this.faulty.store,
      recorder: {
        station: STATION,
        stationName: 'Test',
        hourMs: HOUR_MS,
      },
      newOpenId: () => bytesOf(`open ${ids.next++}`, 16),
      seal: async (source, openId) => {
        const { bytes } = await this.#encode(source, new AbortController().signal);
        const { startMs, streams } = decodeHour(bytes);
        const values = streams.flatMap(({ rows }) => [...(rows.columns[0] ?? [])]);
        const hour = { openId: toHex(openId), startMs, values };
        await this.faulty.store.logs.append('sealed', [toUtf8(JSON.stringify(hour))], 'strict');
      },
      sealedIds: () => sealed,
      onTrouble: (error) => this.troubles.push(error),
      letGoRows: 1,
    });
    return this.writer;
  }

  /** Readings of two streams: each is its own number, those of the second half a reading on. */
  async record(): Promise<void> {
    const writer = this.writer as HourWriter;
    const numbers = ['a', 'b'].map((name) => writer.recorder.addStream(stream(name)));
    for (let i = 0; i < READINGS && !this.faulty.isDead; i++) {
      const baseMs = START_MS + i * 1_000;
      for (const [which, number] of numbers.entries())
        writer.batch(number, {
          baseMs,
          offsetsNs: Float64Array.of(0),
          columns: [Float64Array.of(i + which / 2)],
        });
      writer.recorder.tick(baseMs);
      await writer.flush();
    }
    if (!this.faulty.isDead) await writer.stop();
  }
}

/** Every reading that was sealed. */
async function valuesIn({ faulty }: Process): Promise<number[]> {
  const hours = await sealedOn(faulty.store);
  return hours.flatMap(({ values }) => values).sort((a, b) => a - b);
}

const ALL = Array.from({ length: 2 * READINGS }, (_, i) => i / 2);

describe('sealing in pieces', () => {
  it('killed at any step, and again at any step of the next attempt, seals every reading once', async () => {
    const disk = new MemoryDisk();
    const probe = new Process(disk);
    await probe.open({ next: 0 });
    await probe.record();
    expect(await valuesIn(probe)).toEqual(ALL);
    // Seven pieces of two streams, and what ends them; then four of the second hour.
    expect(probe.steps).toBeGreaterThan(24);
    for (let at = 1; at <= probe.steps; at++) {
      const name = `killed at step ${at}`;
      const killed = new MemoryDisk();
      const ids = { next: 0 };
      const first = new Process(killed, at);
      await first.open(ids);
      await survives(first.record());
      expect(first.faulty.isDead, name).toBe(true);
      killed.crash('process');
      const recordedMs = (first.writer?.recorder.openTally(0)?.lastMs ?? START_MS) - START_MS;
      const again = new Process(killed, 1 + (at % 5));
      await survives(again.open(ids).then((writer) => writer.stop('crash')));
      killed.crash('process');
      const last = new Process(killed);
      await (await last.open(ids)).stop('crash');
      expect(last.troubles, name).toEqual([]);
      const values = await valuesIn(last);
      expect(new Set(values).size, `${name}: sealed twice`).toBe(values.length);
      // Everything that was written ahead: all of the first hour at least.
      expect(values, name).toEqual(ALL.slice(0, values.length));
      expect(values.length, name).toBeGreaterThanOrEqual(Math.max(2 * (HOUR_MS / 1_000), recordedMs / 500));
      const left = [...killed.logs.keys()].filter((log) => log.startsWith('wal/'));
      expect(left, name).toEqual([]);
    }
  });

  it('that fails, with the process going on, is tried again from the beginning', async () => {
    const disk = new MemoryDisk();
    const life = new Process(disk);
    let failures = 0;
    const writer = await life.open({ next: 0 });
    const logs = life.faulty.store.logs as { read: typeof life.faulty.store.logs.read };
    const { read } = logs;
    logs.read = async (log, from, count, maxBytes) => {
      if (log.startsWith('wal/') && from > 100 && failures++ < 2) throw new Error('the disk was away');
      return read(log, from, count, maxBytes);
    };
    await life.record();
    for (let i = 0; i < 8; i++) await writer.flush();
    expect(life.troubles).toHaveLength(2);
    expect(await valuesIn(life)).toEqual(ALL);
  });

  it('holds no more than half a minute of segments, and reads on when these are encoded', async () => {
    const disk = new MemoryDisk();
    const store = createMemoryStore(disk);
    const logs = store.logs as { read: typeof store.logs.read };
    const { read } = logs;
    const events: string[] = [];
    logs.read = (log, ...span) => {
      if (log.startsWith('wal/')) events.push('read');
      return read(log, ...span);
    };
    const largest: number[] = [];
    const seal = async (source: HourSource) => {
      await encodeAtOnce(
        {
          ...source,
          read: (take) =>
            source.read(async (number, descriptor, rows) => {
              events.push('begun');
              largest.push(rows.offsetsNs.length);
              await new Promise(setImmediate);
              await take(number, descriptor, rows);
              events.push('done');
            }),
        },
        new AbortController().signal,
      );
    };
    const writer = await HourWriter.open({
      store,
      recorder: { station: STATION, stationName: 'Test', hourMs: 3_600_000 },
      newOpenId: () => new Uint8Array(16),
      seal,
      sealedIds: () => new Set(),
      onTrouble: (error) => {
        throw error;
      },
      letGoRows: 1,
    });
    const number = writer.recorder.addStream(stream('a'));
    for (let i = 0; i < 500; i++) {
      writer.batch(number, {
        baseMs: START_MS + i * 1_000,
        offsetsNs: Float64Array.of(0),
        columns: [Float64Array.of(i)],
      });
      await writer.flush();
    }
    await writer.stop();
    expect(Math.max(...largest)).toBeLessThanOrEqual(32);
    expect(largest.reduce((sum, rows) => sum + rows, 0)).toBe(500);
    expect(events.join(' ')).toMatch(/^(read begun done )+read$/);
  });
});
