/** Hours that wait to be sealed are in their segments and not in memory; what is in memory alone when recording ends is told. */
import { beforeEach, describe, expect, it } from 'vitest';
import { toHex } from '../../../src/core/bytes.ts';
import { WaystationError } from '../../../src/core/errors.ts';
import { MemoryDisk } from '../../../src/store/memory.ts';
import type { LogStore } from '../../../src/store/port.ts';
import { FULL } from './crashing-store.ts';
import { Life, sealInto, valuesOn } from './recorder-life.ts';

let disk: MemoryDisk;

beforeEach(() => {
  disk = new MemoryDisk();
});

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function segmentLogs(): string[] {
  return [...disk.logs.keys()].filter((log) => log.startsWith('wal/'));
}

/** There is no room for segments, but for what is sealed. */
function refuseSegments(life: Life): void {
  const logs = life.faulty.store.logs as { append: LogStore['append'] };
  const { append } = logs;
  logs.append = async (log, records, durability) => {
    if (log.startsWith('wal/')) throw FULL;
    await append(log, records, durability);
  };
}

/** A life that tells which segments it reads back and which hours it seals, in order. */
class WatchedLife extends Life {
  readonly events: string[] = [];
  hasKey = false;

  constructor() {
    super(disk);
    const logs = this.faulty.store.logs as { read: LogStore['read'] };
    const { read } = logs;
    logs.read = (log, from, ...bounds) => {
      if (log.startsWith('wal/') && from === 0) this.events.push(`read ${log.slice(log.indexOf('-') + 1)}`);
      return read(log, from, ...bounds);
    };
    const seal = sealInto(this.faulty.store);
    this.seal = async (source, openId) => {
      if (!this.hasKey) throw new WaystationError('no-key', 'not let in yet');
      await seal(source, openId);
      this.events.push(`sealed ${toHex(openId)}`);
    };
  }

  /** There is a key: what is read and sealed in the next flush. */
  async sealed(): Promise<string[]> {
    this.hasKey = true;
    this.events.length = 0;
    await this.writer?.flush();
    return this.events;
  }
}

function oneByOne(openIds: readonly string[]): string[] {
  return openIds.flatMap((openId) => [`read ${openId}`, `sealed ${openId}`]);
}

function openIdsOnDisk(): string[] {
  return segmentLogs().map((log) => log.slice(log.indexOf('-') + 1));
}

describe('hours that wait for a key', () => {
  it('are read back one at a time, and only when there is one', async () => {
    const life = new WatchedLife();
    await life.open({ next: 0 });
    await life.record(0, 70);
    expect(life.writer?.waitingHours).toBe(3);
    expect(life.events).toEqual([]);
    const finished = openIdsOnDisk().slice(0, 3);
    expect(await life.sealed()).toEqual(oneByOne(finished));
    await life.writer?.stop();
    await life.faulty.store.close();
    expect((await valuesOn(disk)).values).toEqual(upTo(70));
  });

  it('are not kept from when the program started either', async () => {
    const ids = { next: 0 };
    const first = new WatchedLife();
    await first.open(ids);
    await first.record(0, 70);
    disk.crash('process');
    const second = new WatchedLife();
    await second.open(ids);
    expect(second.writer?.waitingHours).toBe(3);
    const finished = openIdsOnDisk().slice(0, 3);
    expect(await second.sealed()).toEqual(oneByOne(finished));
  });

  it('are sealed with their last seconds also while these are in memory alone', async () => {
    const life = new WatchedLife();
    await life.open({ next: 0 });
    await life.record(0, 18);
    refuseSegments(life);
    await life.record(18, 30);
    expect(life.writer?.waitingHours).toBe(1);
    life.hasKey = true;
    await life.writer?.stop();
    await life.faulty.store.close();
    expect((await valuesOn(disk)).values).toEqual(upTo(30));
  });
});

describe('an hour that cannot be encoded', () => {
  it('is tried more and more rarely, and sealed when it can be', async () => {
    const life = new Life(disk);
    const seal = sealInto(life.faulty.store);
    let attempts = 0;
    let isBroken = true;
    life.seal = async (source, openId) => {
      attempts++;
      if (isBroken) throw new RangeError('cannot be encoded');
      await seal(source, openId);
    };
    await life.open({ next: 0 });
    await life.record(0, 21);
    for (let i = 0; i < 1_000; i++) await life.writer?.flush();
    expect(attempts).toBeGreaterThan(1);
    expect(attempts).toBeLessThan(12);
    isBroken = false;
    for (let i = 0; i < 1_000; i++) await life.writer?.flush();
    expect(life.writer?.waitingHours).toBe(0);
    expect(life.writer?.sealed).toBe(1);
  });
});

describe('ending a recording', () => {
  it('on a full disk says that the last readings are lost, unless there is room when it is tried again', async () => {
    const life = new Life(disk);
    await life.open({ next: 0 });
    await life.record(0, 16);
    life.faulty.failure = FULL;
    await life.record(16, 18);
    await expect(life.writer?.stop()).rejects.toMatchObject({
      code: 'store-full',
      message: expect.stringContaining('free some space'),
    });
    life.faulty.failure = null;
    await life.writer?.stop();
    await life.faulty.store.close();
    expect((await valuesOn(disk)).values).toEqual(upTo(18));
  });

  it('on a disk that fails otherwise says what failed', async () => {
    const life = new Life(disk);
    await life.open({ next: 0 });
    await life.record(0, 4);
    life.faulty.failure = new WaystationError('unavailable', 'the disk was pulled out');
    await life.record(4, 6);
    await expect(life.writer?.stop()).rejects.toThrow('the disk was pulled out');
  });

  it('is no loss while everything is in segments', async () => {
    const ids = { next: 0 };
    const life = new WatchedLife();
    await life.open(ids);
    await life.record(0, 30);
    await life.writer?.stop();
    await life.faulty.store.close();
    const again = new WatchedLife();
    again.hasKey = true;
    await again.open(ids);
    await again.writer?.stop();
    await again.faulty.store.close();
    expect((await valuesOn(disk)).values).toEqual(upTo(30));
  });

  it('is no loss when the hour was sealed though its last seconds were in no segment', async () => {
    const life = new Life(disk);
    await life.open({ next: 0 });
    await life.record(0, 16);
    refuseSegments(life);
    await life.record(16, 18);
    await life.writer?.stop();
    await life.faulty.store.close();
    expect((await valuesOn(disk)).values).toEqual(upTo(18));
  });
});
