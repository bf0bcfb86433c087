/** A disk that stays full for hours: memory stays bounded, what is lost is counted and written into the hours, recording goes on. */
import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../src/core/bytes.ts';
import { isWaystationError, WaystationError } from '../../../src/core/errors.ts';
import type { StationId } from '../../../src/core/ids.ts';
import type { HourContent, StreamDescriptor } from '../../../src/hour/types.ts';
import type { HourSource } from '../../../src/pipeline/hour-encoding.ts';
import { HourWriter, MAX_UNSTORED_BYTES } from '../../../src/pipeline/hour-writer.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory.ts';
import { bytesOf } from '../identity/test-space.ts';
import { wholeHour } from './whole-hour.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 0, 1, 12);
/** Delivered at once, every ten seconds. */
const STEP_MS = 10_000;
const ROWS = 1_000;
const COLUMNS = 16;

/** What no coding makes smaller: a segment is as large as its readings. */
const NOISE = Float64Array.from({ length: ROWS }, (_, i) => Math.sin(i + 1));

function stream(name: string, replay = false): StreamDescriptor {
  const columns = Array.from({ length: COLUMNS }, (_, i) => ({ name: `c${i}`, unit: '', step: null }));
  return { name, columns, askedRateHz: 100, tickNs: 1_000_000, driver: 'test', device: '', replay };
}

class Station {
  readonly disk = new MemoryDisk();
  readonly store = createMemoryStore(this.disk);
  readonly sealed: HourContent[] = [];
  readonly troubles: unknown[] = [];
  nowMs = START_MS;
  mostBytes = 0;
  tries = 0;
  isSealable = true;
  #ids = 0;

  open(maxUnstoredBytes?: number): Promise<HourWriter> {
    return HourWriter.open({
      store: this.store,
      recorder: {
        station: '000102030405060708090a0b0c0d0e0f' as StationId,
        stationName: 'Test',
        hourMs: HOUR_MS,
      },
      newOpenId: () => bytesOf(`open ${this.#ids++}`, 16),
      seal: (source, openId) => this.#seal(source, openId),
      sealedIds: () => new Set(),
      onTrouble: (error) => this.troubles.push(error),
      ...(maxUnstoredBytes === undefined ? {} : { maxUnstoredBytes }),
    });
  }

  async #seal(source: HourSource, openId: Bytes): Promise<void> {
    this.tries++;
    if (!this.isSealable) throw new WaystationError('store-full', 'no room for the hour');
    const content = await wholeHour(source);
    await this.store.logs.append('sealed', [openId], 'strict');
    this.sealed.push(content);
  }

  /** Ten seconds of one stream, and what follows a second. */
  async step(writer: HourWriter, numbers: readonly number[]): Promise<boolean[]> {
    const taken = numbers.map((number) =>
      writer.batch(number, {
        baseMs: this.nowMs,
        offsetsNs: Float64Array.from({ length: ROWS }, (_, i) => i * 10_000_000),
        columns: Array.from({ length: COLUMNS }, (_, i) =>
          i === 0 ? new Float64Array(ROWS).fill(this.nowMs) : NOISE,
        ),
      }),
    );
    this.nowMs += STEP_MS;
    writer.recorder.tick(this.nowMs);
    await writer.flush();
    await new Promise(setImmediate); // memory is given back between turns only
    this.mostBytes = Math.max(this.mostBytes, writer.unstoredBytes);
    return taken;
  }
}

describe('a disk that is full for six hours', () => {
  it('costs no more memory than is allowed; the hours say what is missing, and go on when there is room', async () => {
    const station = new Station();
    const writer = await station.open();
    const number = writer.recorder.addStream(stream('fast'));
    for (let i = 0; i < 10; i++) await station.step(writer, [number]);
    const roomBefore = station.disk.usedBytes;
    station.disk.setQuota(roomBefore);
    const takenFrom = station.nowMs;
    let lost = 0;
    let firstLostMs = 0;
    for (const endMs = station.nowMs + 6 * HOUR_MS; station.nowMs < endMs; ) {
      const atMs = station.nowMs;
      const [taken] = await station.step(writer, [number]);
      if (taken === true) continue;
      if (lost === 0) firstLostMs = atMs;
      lost += ROWS;
    }
    expect(firstLostMs).toBeGreaterThan(takenFrom);
    expect(station.mostBytes).toBeLessThan(MAX_UNSTORED_BYTES + 1_000_000);
    expect([writer.isDropping, writer.isStored, writer.lostRows]).toEqual([true, false, lost]);
    const told = station.troubles.filter((error) => /is lost until there is room/.test(String(error)));
    expect(told).toHaveLength(1);
    expect(isWaystationError(told[0], 'store-full')).toBe(true);

    station.disk.setQuota(Number.POSITIVE_INFINITY);
    // The first second only finds that there is room again.
    expect(await station.step(writer, [number])).toEqual([false]);
    const againMs = station.nowMs;
    for (let i = 0; i < 10; i++) expect(await station.step(writer, [number])).toEqual([true]);
    await writer.stop();
    expect([writer.isDropping, writer.isStored, writer.unstoredBytes]).toEqual([false, true, 0]);
    expect(writer.lostRows).toBe(lost + ROWS);

    const rows = station.sealed.flatMap(({ streams }) => [...(streams[0]?.rows.columns[0] ?? [])]);
    const expected: number[] = [];
    for (let atMs = START_MS; atMs < station.nowMs; atMs += STEP_MS)
      if (atMs < firstLostMs || atMs >= againMs) for (let i = 0; i < ROWS; i++) expected.push(atMs);
    expect(rows.length).toBe(expected.length);
    expect(rows.every((value, i) => value === expected[i])).toBe(true);
    const gaps = station.sealed.flatMap((hour) => hour.gaps.filter(({ cause }) => cause === 'store'));
    expect(gaps[0]).toMatchObject({ stream: 0, detail: 'full' });
    // From the last reading that was kept, to the first after it.
    expect(gaps[0]?.fromMs).toBeGreaterThan(firstLostMs - STEP_MS);
    expect(gaps[0]?.fromMs).toBeLessThanOrEqual(firstLostMs);
    expect(gaps.at(-1)?.toMs).toBe(againMs);
  });

  it('is survived by a slow sensor as well, whose segments are small and many', async () => {
    const station = new Station();
    const writer = await station.open(100_000);
    const number = writer.recorder.addStream({
      ...stream('slow'),
      columns: [{ name: 'p', unit: 'hPa', step: null }],
    });
    await station.store.state.put('x', new Uint8Array(10), 'relaxed');
    station.disk.setQuota(station.disk.usedBytes);
    for (let i = 0; i < 10_000; i++) {
      writer.batch(number, {
        baseMs: station.nowMs,
        offsetsNs: Float64Array.of(0),
        columns: [Float64Array.of(i)],
      });
      station.nowMs += 1_000;
      await writer.flush();
      station.mostBytes = Math.max(station.mostBytes, writer.unstoredBytes);
    }
    expect(station.mostBytes).toBeLessThan(102_000);
    expect(writer.lostRows).toBeGreaterThan(9_000);
  });

  it('tries to seal less and less often, and at once when recording is stopped', async () => {
    const station = new Station();
    const writer = await station.open();
    const number = writer.recorder.addStream(stream('fast'));
    await station.step(writer, [number]);
    const seal = station.tries;
    station.disk.setQuota(station.disk.usedBytes + 2 ** 23);
    station.isSealable = false;
    station.nowMs += HOUR_MS;
    for (let i = 0; i < 200; i++) {
      station.nowMs += 1_000;
      writer.recorder.tick(station.nowMs);
      await writer.flush();
    }
    expect(station.tries - seal).toBeLessThan(12);
    expect(writer.waitingHours).toBe(1);
    station.isSealable = true;
    await writer.stop();
    expect(writer.waitingHours).toBe(0);
  });

  it('stores what there is room for, though not for all', async () => {
    const station = new Station();
    const writer = await station.open();
    const number = writer.recorder.addStream(stream('fast'));
    await station.step(writer, [number]);
    station.disk.setQuota(station.disk.usedBytes);
    for (let i = 0; i < 200; i++) await station.step(writer, [number]);
    const waiting = writer.unstoredBytes;
    station.disk.setQuota(station.disk.usedBytes + 2 * 2 ** 22);
    await writer.flush();
    expect(waiting - writer.unstoredBytes).toBeGreaterThan(2 ** 22);
  });

  it('ends a replay instead of leaving readings out: they can be read again', async () => {
    const station = new Station();
    const writer = await station.open(100_000);
    const number = writer.recorder.addStream(stream('replayed', true));
    await station.step(writer, [number]);
    station.disk.setQuota(station.disk.usedBytes);
    await station.step(writer, [number]);
    const error = await station.step(writer, [number]).catch((thrown: unknown) => thrown);
    expect(isWaystationError(error, 'store-full')).toBe(true);
    expect(writer.lostRows).toBe(0);
  });
});
