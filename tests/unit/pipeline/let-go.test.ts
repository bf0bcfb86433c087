/** Rows that are in segments leave memory: what the hour is then sealed from, also when a segment turns out damaged. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../src/core/bytes.ts';
import { WaystationError } from '../../../src/core/errors.ts';
import type { StationId } from '../../../src/core/ids.ts';
import { MAX_GAPS } from '../../../src/hour/limits.ts';
import type { Gap, HourContent, StreamDescriptor } from '../../../src/hour/types.ts';
import { HourWriter } from '../../../src/pipeline/hour-writer.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory.ts';
import type { LogStore } from '../../../src/store/port.ts';
import { bytesOf } from '../identity/test-space.ts';
import { wholeHour } from './whole-hour.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 0, 1, 12);
/** Each second of a stream is so many readings. */
const RATE = 4;

function stream(name: string, replay = false): StreamDescriptor {
  const columns = [{ name: 'n', unit: '', step: null }];
  return { name, columns, askedRateHz: RATE, tickNs: 1_000_000, driver: 'test', device: '', replay };
}

/** A station on a memory disk that counts what it seals; readings are numbered in order. */
class Station {
  readonly disk = new MemoryDisk();
  readonly store = createMemoryStore(this.disk);
  readonly sealed: HourContent[] = [];
  readonly troubles: unknown[] = [];
  reads = 0;
  /** Records that the disk gives back no more. */
  readonly unreadable = new Set<number>();
  #ids = 0;

  constructor() {
    const logs = this.store.logs as { read: LogStore['read'] };
    const { read } = logs;
    logs.read = async (log, from, count, maxBytes) => {
      this.reads++;
      const records = await read(log, from, count, maxBytes);
      if (log.startsWith('wal/') && records.some((_, i) => this.unreadable.has(from + i)))
        throw new WaystationError('corrupt', 'the disk returned other bytes');
      return records;
    };
  }

  open(letGoRows?: number): Promise<HourWriter> {
    return HourWriter.open({
      store: this.store,
      recorder: {
        station: '000102030405060708090a0b0c0d0e0f' as StationId,
        stationName: 'Test',
        hourMs: HOUR_MS,
      },
      newOpenId: () => bytesOf(`open ${this.#ids++}`, 16),
      seal: async (source) => {
        this.sealed.push(await wholeHour(source));
      },
      sealedIds: () => new Set(),
      onTrouble: (error) => this.troubles.push(error),
      ...(letGoRows === undefined ? {} : { letGoRows }),
    });
  }

  /** The segments on the disk, one record each. */
  get records(): Bytes[] {
    return [...this.disk.logs].find(([name]) => name.startsWith('wal/'))?.[1].records as Bytes[];
  }

  spoil(record: number): void {
    const bytes = this.records[record] as Bytes;
    bytes[bytes.length - 3] = (bytes[bytes.length - 3] as number) ^ 0xff;
  }
}

/** Second `s` of a stream: readings `RATE * s` and on. */
function tell(writer: HourWriter, number: number, s: number): void {
  const offsetsNs = Float64Array.from({ length: RATE }, (_, i) => (i * 1e9) / RATE);
  const columns = [Float64Array.from({ length: RATE }, (_, i) => s * RATE + i)];
  writer.batch(number, { baseMs: START_MS + s * 1000, offsetsNs, columns });
}

function values(hour: HourContent | undefined, name: string): number[] {
  return [...(hour?.streams.find(({ descriptor }) => descriptor.name === name)?.rows.columns[0] ?? [])];
}

/** The readings of seconds [from, to). */
function of(from: number, to: number): number[] {
  return Array.from({ length: (to - from) * RATE }, (_, i) => from * RATE + i);
}

function storeGaps(hour: HourContent | undefined): Omit<Gap, 'detail'>[] {
  return (hour?.gaps ?? [])
    .filter(({ cause }) => cause === 'store')
    .map(({ stream: number, fromMs, toMs, cause }) => ({
      stream: number,
      fromMs: fromMs - START_MS,
      toMs: toMs - START_MS,
      cause,
    }));
}

describe('an hour whose rows left memory', () => {
  it('is what it would have been, and answers the same while it is open', async () => {
    const kept: HourContent[][] = [];
    for (const letGoRows of [1, 50, undefined]) {
      const station = new Station();
      const writer = await station.open(letGoRows);
      const a = writer.recorder.addStream(stream('a'));
      const b = writer.recorder.addStream(stream('b'));
      for (let s = 0; s < 300; s++) {
        if (s < 100 || s > 130) tell(writer, a, s);
        if (s === 110) writer.recorder.gap(a, START_MS + s * 1000, 'hidden');
        if (s % 10 === 0) tell(writer, b, s);
        await writer.flush();
        expect(writer.unsealedRows('b', '')).toEqual({
          rows: (Math.floor(s / 10) + 1) * RATE,
          firstMs: START_MS,
        });
      }
      expect(writer.recorder.openTally(a)?.lastMs).toBe(START_MS + 299_750);
      await writer.stop();
      expect(station.troubles).toEqual([]);
      expect(station.reads > 0).toBe(letGoRows !== undefined);
      expect(station.disk.logs.size).toBe(0);
      kept.push(station.sealed);
    }
    expect(kept[0]).toHaveLength(1);
    expect(kept[0]).toEqual(kept[2]);
    expect(kept[1]).toEqual(kept[2]);
  });

  it('lists what an hour can list of gaps, with all that came after', async () => {
    const kept: (readonly Gap[] | undefined)[] = [];
    for (const letGoRows of [1, undefined]) {
      const station = new Station();
      const writer = await station.open(letGoRows);
      const numbers = Array.from({ length: 8 }, (_, i) => writer.recorder.addStream(stream(`s${i}`)));
      // Each reading ends a gap of its stream.
      for (let i = 0; i < 1_100; i++) {
        const batch = { baseMs: START_MS + i * 3_000, offsetsNs: Float64Array.of(0) };
        for (const number of numbers) writer.batch(number, { ...batch, columns: [Float64Array.of(i)] });
        if (i % 7 === 0) await writer.flush();
      }
      await writer.stop();
      kept.push(station.sealed[0]?.gaps);
    }
    expect(kept[1]).toHaveLength(MAX_GAPS);
    expect(kept[0]).toEqual(kept[1]);
  });

  it('keeps rows in memory while one segment of the hour is unwritten, and is sealed with them', async () => {
    const station = new Station();
    const writer = await station.open(1);
    const a = writer.recorder.addStream(stream('a'));
    for (let s = 0; s < 20; s++) {
      tell(writer, a, s);
      await writer.flush();
    }
    station.disk.setQuota(station.disk.usedBytes);
    for (let s = 20; s < 40; s++) {
      tell(writer, a, s);
      await writer.flush();
    }
    expect(writer.isStored).toBe(false);
    // Nothing can be appended, what is sealed needs no room here.
    await writer.stop();
    expect(values(station.sealed[0], 'a')).toEqual(of(0, 40));
    expect(storeGaps(station.sealed[0])).toEqual([]);
  });
});

describe('a damaged segment of an hour whose rows left memory', () => {
  const spoilings: Record<string, (station: Station, record: number) => void> = {
    'that gives other bytes': (station, record) => station.spoil(record),
    'that the store refuses': (station, record) => station.unreadable.add(record),
  };

  it.each(Object.keys(spoilings))('%s costs its own second: a gap, told and counted', async (how) => {
    for (const lost of [0, 1, 57, 199]) {
      const station = new Station();
      const writer = await station.open(1);
      const a = writer.recorder.addStream(stream('a'));
      for (let s = 0; s < 200; s++) {
        tell(writer, a, s);
        await writer.flush();
      }
      spoilings[how]?.(station, lost);
      await writer.stop();
      expect(values(station.sealed[0], 'a')).toEqual([...of(0, lost), ...of(lost + 1, 200)]);
      const fromMs = lost === 0 ? 0 : lost * 1000 - 250;
      const toMs = lost === 199 ? 199_750 : (lost + 1) * 1000;
      expect(storeGaps(station.sealed[0])).toEqual([{ stream: 0, fromMs, toMs, cause: 'store' }]);
      expect([writer.lostRows, writer.waitingHours]).toEqual([RATE, 0]);
      expect(station.troubles).toEqual([
        expect.objectContaining({ code: 'corrupt', message: expect.stringContaining('4 readings are lost') }),
      ]);
    }
  });

  it('does not cost the streams that it declared, nor those that told nothing in it', async () => {
    const station = new Station();
    const writer = await station.open(1);
    const a = writer.recorder.addStream(stream('a'));
    let b = -1;
    for (let s = 0; s < 30; s++) {
      tell(writer, a, s);
      if (s === 10) b = writer.recorder.addStream(stream('b'));
      if (s >= 10 && s % 5 === 0) tell(writer, b, s);
      await writer.flush();
    }
    for (const record of [0, 10, 12]) station.spoil(record);
    await writer.stop();
    const [hour] = station.sealed;
    expect(values(hour, 'a')).toEqual([...of(1, 10), ...of(11, 12), ...of(13, 30)]);
    expect(values(hour, 'b')).toEqual([15, 20, 25].flatMap((s) => of(s, s + 1)));
    expect(storeGaps(hour).map(({ stream: number }) => number)).toEqual([0, 0, 0, 1]);
    expect(writer.lostRows).toBe(4 * RATE);
  });

  it('that said the hour is complete leaves its end a gap of the store, not of a crash', async () => {
    const station = new Station();
    const writer = await station.open(1);
    const a = writer.recorder.addStream(stream('a'));
    for (let s = 0; s < 10; s++) {
      tell(writer, a, s);
      await writer.flush();
    }
    station.unreadable.add(10);
    await writer.stop();
    expect(values(station.sealed[0], 'a')).toEqual(of(0, 10));
    expect(station.sealed[0]?.gaps.map(({ cause }) => cause)).not.toContain('crash');
    expect(storeGaps(station.sealed[0]).at(-1)).toMatchObject({ stream: null, toMs: HOUR_MS });
  });

  it('any of them: every reading outside is kept, every one inside is counted and lies in a gap', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ a: fc.boolean(), b: fc.boolean(), isDamaged: fc.boolean() }), {
          minLength: 1,
          maxLength: 25,
        }),
        fc.integer({ min: 1, max: RATE }),
        fc.boolean(),
        async (seconds, letGoRows, isCrash) => {
          const station = new Station();
          const first = await station.open(letGoRows);
          const numbers = [stream('a'), stream('b')].map((one) => first.recorder.addStream(one));
          const expected: [number[], number[]] = [[], []];
          const lost: [number, number][] = [];
          for (const [s, second] of [{ a: true, b: true, isDamaged: false }, ...seconds].entries()) {
            const told = [second.a, second.b];
            const before = station.records?.length ?? 0;
            for (const [i, number] of numbers.entries()) if (told[i] === true) tell(first, number, s);
            await first.flush();
            const isWritten = station.records.length > before;
            if (second.isDamaged && isWritten) station.spoil(before);
            for (const i of [0, 1] as const) {
              if (told[i] !== true) continue;
              if (second.isDamaged) lost.push([i, s]);
              else expected[i].push(...of(s, s + 1));
            }
          }
          const writer = isCrash ? await station.open(letGoRows) : first;
          await writer.stop();
          const [hour] = station.sealed;
          expect([values(hour, 'a'), values(hour, 'b')]).toEqual(expected);
          const isAnyLeft = (i: number, s: number) =>
            (expected[i as 0 | 1] as number[]).some((value) => value >= s * RATE);
          for (const [i, s] of lost) {
            // After a crash nobody knows how much the last segments had.
            if (isCrash && !isAnyLeft(i, s)) continue;
            const covers = (gap: Gap) =>
              (gap.stream === i || gap.stream === null) &&
              gap.fromMs <= START_MS + s * 1000 &&
              gap.toMs >= START_MS + s * 1000 + 750;
            expect(hour?.gaps.some(covers), `${i} at ${s}`).toBe(true);
          }
          if (!isCrash) expect(writer.lostRows).toBe(lost.length * RATE);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('after a crash ends a replayed recording there: its replay goes on from what there is', async () => {
    const station = new Station();
    const first = await station.open(1);
    const a = first.recorder.addStream(stream('a', true));
    const b = first.recorder.addStream(stream('b'));
    for (let s = 0; s < 10; s++) {
      for (const number of [a, b]) tell(first, number, s);
      await first.flush();
    }
    station.spoil(4);
    const second = await station.open(1);
    expect(second.unsealedRows('a', '').rows).toBe(4 * RATE);
    expect(second.unsealedRows('b', '').rows).toBe(9 * RATE);
  });
});
