/**
 * Nothing is lost and nothing is sealed twice, whatever the moment of a crash: the process is killed before and after every
 * single operation on its store, also while it recovers from the kill before.
 */
import { describe, expect, it } from 'vitest';
import { type Bytes, fromHex, toHex } from '../../../src/core/bytes.ts';
import { WaystationError } from '../../../src/core/errors.ts';
import type { SealHour } from '../../../src/pipeline/hour-writer.ts';
import { MemoryDisk } from '../../../src/store/memory.ts';
import { FULL } from './crashing-store.ts';
import { HOUR_MS, Life, START_MS, STREAM, sealedOn, sealInto, survives, valuesOn } from './recorder-life.ts';

const READINGS = 75;

/** How many operations a life without a crash takes. */
async function countOperations(letGoRows?: number): Promise<number> {
  const life = new Life(new MemoryDisk(), null, letGoRows);
  await life.open({ next: 0 });
  await life.record(0, READINGS);
  await life.writer?.stop();
  return life.faulty.operations;
}

describe('an hour writer', () => {
  it('seals every reading once when nothing goes wrong, and leaves no segments behind', async () => {
    const disk = new MemoryDisk();
    const life = new Life(disk);
    await life.open({ next: 0 });
    await life.record(0, READINGS);
    await life.writer?.stop();
    expect(life.troubles).toEqual([]);
    expect([...(await life.faulty.store.logs.list()).keys()]).toEqual(['sealed']);
    await life.faulty.store.close();
    const { values, hours } = await valuesOn(disk);
    expect(values).toEqual(Array.from({ length: READINGS }, (_, i) => i));
    expect(hours.map((hour) => hour.startMs)).toEqual([0, 1, 2, 3].map((n) => START_MS + n * HOUR_MS));
  });

  it.each([undefined, 1, 5])(
    'killed at any operation: each reading is sealed once, at most the last unflushed second is missing (rows leave memory by %s)',
    async (letGoRows) => {
      const operations = await countOperations(letGoRows);
      expect(operations).toBeGreaterThan(40);
      for (let at = 1; at <= operations; at++) {
        for (const when of ['before', 'after'] as const) {
          const name = `killed ${when} operation ${at}`;
          const disk = new MemoryDisk();
          const ids = { next: 0 };
          const first = new Life(disk, { at, when }, letGoRows);
          await survives(first.open(ids));
          if (first.writer !== undefined) await survives(first.record(0, READINGS));
          if (!first.faulty.isDead) await survives(first.writer?.stop() ?? Promise.resolve());
          expect(first.faulty.isDead, name).toBe(true);
          disk.crash('process');
          const second = new Life(disk, null, letGoRows);
          await second.open(ids);
          // The sensor goes on where the first life ended.
          const next = first.flushed + 3;
          await second.record(next, READINGS + 20);
          await second.writer?.stop();
          expect(second.troubles, name).toEqual([]);
          expect([...(await second.faulty.store.logs.list()).keys()], name).toEqual(['sealed']);
          await second.faulty.store.close();
          const { values } = await valuesOn(disk);
          expect(new Set(values).size, `${name}: sealed twice`).toBe(values.length);
          const held = new Set(values);
          for (let i = 0; i < first.flushed; i++) expect(held.has(i), `${name}: lost ${i}`).toBe(true);
          for (let i = next; i < READINGS + 20; i++) expect(held.has(i), `${name}: lost ${i}`).toBe(true);
          for (const value of values) expect(value, name).toBeLessThan(READINGS + 20);
        }
      }
    },
  );

  it('killed again and again while it recovers loses nothing more', async () => {
    const disk = new MemoryDisk();
    const ids = { next: 0 };
    const first = new Life(disk, null, 1);
    // Nothing can be sealed, so several hours wait in their segments.
    first.seal = async () => {
      throw new WaystationError('no-key', 'not let in yet');
    };
    await first.open(ids);
    await first.record(0, READINGS);
    disk.crash('process');
    for (let at = 1; ; at++) {
      const life = new Life(disk, { at, when: at % 2 === 0 ? 'before' : 'after' }, 1);
      await survives(life.open(ids));
      if (!life.faulty.isDead) await survives(life.writer?.flush() ?? Promise.resolve());
      disk.crash('process');
      if (!life.faulty.isDead) break;
      expect(at).toBeLessThan(100);
    }
    const last = new Life(disk, null, 1);
    await last.open(ids);
    await last.writer?.stop();
    await last.faulty.store.close();
    const { values } = await valuesOn(disk);
    expect(values).toEqual(Array.from({ length: first.flushed }, (_, i) => i));
  });

  it.each([undefined, 1])(
    'after a power cut has what was sealed, what the disk kept of the rest, and nothing twice (rows leave memory by %s)',
    async (letGoRows) => {
      for (const kept of [0, 1, 3, 1_000]) {
        const disk = new MemoryDisk({ survivors: () => kept });
        const ids = { next: 0 };
        const first = new Life(disk, null, letGoRows);
        await first.open(ids);
        await first.record(0, READINGS);
        const { hours } = await (async () => {
          const sealed = await sealedOn(first.faulty.store);
          return { hours: sealed };
        })();
        disk.crash('power');
        const second = new Life(disk, null, letGoRows);
        await second.open(ids);
        await second.record(READINGS, READINGS + 40);
        await second.writer?.stop();
        await second.faulty.store.close();
        const { values } = await valuesOn(disk);
        expect(new Set(values).size).toBe(values.length);
        const held = new Set(values);
        for (const value of hours.flatMap((hour) => hour.values)) expect(held.has(value)).toBe(true);
        for (let i = READINGS; i < READINGS + 40; i++) expect(held.has(i)).toBe(true);
        if (kept === 1_000) expect(values.length).toBe(first.flushed + 40);
      }
    },
  );

  it('keeps hours while there is no key, over restarts, and seals them in order when there is one', async () => {
    const disk = new MemoryDisk();
    const ids = { next: 0 };
    let hasKey = false;
    let recorded = 0;
    const noKey = (life: Life): SealHour => {
      const seal = sealInto(life.faulty.store);
      return async (source, openId) => {
        if (!hasKey) throw new WaystationError('no-key', 'not let in yet');
        await seal(source, openId);
      };
    };
    for (let restart = 0; restart < 3; restart++) {
      const life = new Life(disk);
      life.seal = noKey(life);
      await life.open(ids);
      await life.record(recorded, recorded + 50);
      recorded += 50;
      expect(life.troubles).toEqual([]);
      expect(life.writer?.sealed).toBe(0);
      expect(life.writer?.unsealedRows('pressure', '')).toEqual({ rows: recorded, firstMs: START_MS });
      disk.crash('process');
    }
    const life = new Life(disk);
    life.seal = noKey(life);
    await life.open(ids);
    hasKey = true;
    await life.writer?.stop();
    await life.faulty.store.close();
    const { values, hours } = await valuesOn(disk);
    expect(values).toEqual(Array.from({ length: recorded }, (_, i) => i));
    const starts = hours.map((hour) => hour.startMs);
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
  });

  it.each([undefined, 1])(
    'on a full disk keeps everything in memory, says so, and goes on when there is room (rows leave memory by %s)',
    async (letGoRows) => {
      const disk = new MemoryDisk();
      const life = new Life(disk, null, letGoRows);
      await life.open({ next: 0 });
      await life.record(0, 15);
      life.faulty.failure = FULL;
      await life.record(15, 60);
      expect(life.troubles).toContain(FULL);
      expect(life.writer?.waitingHours).toBeGreaterThan(0);
      life.faulty.failure = null;
      await life.record(60, READINGS);
      await life.writer?.stop();
      expect([...(await life.faulty.store.logs.list()).keys()]).toEqual(['sealed']);
      await life.faulty.store.close();
      const { values } = await valuesOn(disk);
      expect(values).toEqual(Array.from({ length: READINGS }, (_, i) => i));
    },
  );

  it.each([undefined, 1])(
    'seals a finished hour although its last seconds could not be written ahead (rows leave memory by %s)',
    async (letGoRows) => {
      const disk = new MemoryDisk();
      const life = new Life(disk, null, letGoRows);
      await life.open({ next: 0 });
      await life.record(0, 15);
      const append = life.faulty.store.logs.append;
      let isFull = true;
      const store = life.faulty.store as { logs: { append: typeof append } };
      store.logs.append = async (log, records, durability) => {
        if (isFull && log.startsWith('wal/')) throw FULL;
        await append(log, records, durability);
      };
      await life.record(15, 45);
      expect(life.writer?.sealed).toBe(2);
      isFull = false;
      await life.writer?.stop();
      expect([...(await life.faulty.store.logs.list()).keys()]).toEqual(['sealed']);
      await life.faulty.store.close();
      const { values } = await valuesOn(disk);
      expect(values).toEqual(Array.from({ length: 45 }, (_, i) => i));
    },
  );

  it('is not held up by one hour that cannot be sealed', async () => {
    const disk = new MemoryDisk();
    const life = new Life(disk);
    const seal = sealInto(life.faulty.store);
    life.seal = async (source, openId) => {
      if (source.startMs === START_MS) throw new WaystationError('limit', 'too large');
      await seal(source, openId);
    };
    await life.open({ next: 0 });
    await life.record(0, READINGS);
    await life.writer?.stop();
    expect(life.troubles.length).toBeGreaterThan(0);
    expect(life.writer?.waitingHours).toBe(1);
    expect(life.writer?.sealed).toBe(3);
    // It still waits in its segments, for a version that can.
    expect(
      [...(await life.faulty.store.logs.list()).keys()].filter((name) => name.startsWith('wal/')),
    ).toHaveLength(1);
  });

  it('writes no reading twice when sealing fails after it took effect', async () => {
    const disk = new MemoryDisk();
    const life = new Life(disk);
    const seal = sealInto(life.faulty.store);
    let failures = 2;
    const done = new Set<string>();
    life.seal = async (source, openId) => {
      if (done.has(toHex(openId))) return;
      await seal(source, openId);
      done.add(toHex(openId));
      if (failures-- > 0) throw new WaystationError('unavailable', 'after the fact');
    };
    await life.open({ next: 0 });
    await life.record(0, READINGS);
    await life.writer?.stop();
    await life.faulty.store.close();
    const { values } = await valuesOn(disk);
    expect(values).toEqual(Array.from({ length: READINGS }, (_, i) => i));
  });

  it('records over a clock that jumps back and ahead, each reading once', async () => {
    const disk = new MemoryDisk();
    const life = new Life(disk, null, 1);
    await life.open({ next: 0 });
    const { writer } = life;
    if (writer === undefined) throw new Error('not open');
    const stream = writer.recorder.addStream(STREAM);
    const jumps = [0, 86_400_000, -3_600_000, 5_000, -86_400_000, 400 * 86_400_000, 0];
    let n = 0;
    for (const jump of jumps) {
      for (let i = 0; i < 30; i++, n++) {
        const atMs = START_MS + jump + n * 500;
        writer.recorder.batch(stream, {
          baseMs: atMs,
          offsetsNs: Float64Array.of(0),
          columns: [Float64Array.of(n)],
        });
        writer.recorder.tick(atMs);
        await writer.flush();
      }
    }
    await writer.stop();
    expect(life.troubles).toEqual([]);
    await life.faulty.store.close();
    const { values } = await valuesOn(disk);
    expect(values).toEqual(Array.from({ length: n }, (_, i) => i));
  });

  it('reports seconds that it cannot read back, keeps those before them and everything after the restart', async () => {
    const disk = new MemoryDisk();
    const ids = { next: 0 };
    const first = new Life(disk);
    await first.open(ids);
    await first.record(0, 16);
    disk.crash('process');
    const log = [...disk.logs].find(([name]) => name.startsWith('wal/'))?.[1];
    if (log === undefined) throw new Error('no segments');
    const spoilt = log.records[4] as Bytes;
    spoilt.set(fromHex('ffffffff'), 2);
    const second = new Life(disk);
    await second.open(ids);
    expect(second.troubles).toEqual([expect.objectContaining({ code: 'corrupt' })]);
    await second.record(16, 60);
    disk.crash('process');
    const third = new Life(disk);
    await third.open(ids);
    await third.writer?.stop();
    await third.faulty.store.close();
    const { values } = await valuesOn(disk);
    const held = new Set(values);
    expect(new Set(values).size).toBe(values.length);
    for (let i = 0; i < 8; i++) expect(held.has(i)).toBe(true);
    for (let i = 16; i < 60; i++) expect(held.has(i), `lost ${i}`).toBe(true);
  });
});
