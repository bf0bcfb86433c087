/** What limits on fetching do to the engine: big files wait, entries and serving go on, and lifting them brings everything. */
import { describe, expect, it } from 'vitest';
import { NO_LIMITS } from '../../../src/sync/fetch-budget.ts';
import { TestSpace } from '../identity/test-space.ts';
import { dataOf, EngineNode } from './engine-node.ts';
import { World } from './engine-world.ts';

function setting(names: readonly string[]) {
  const world = new World();
  const space = new TestSpace();
  const actors = names.map((name) => space.invite(space.admin, 'member', name));
  return { world, nodes: actors.map((actor) => new EngineNode(world, space, actor)) };
}

function pair() {
  const { world, nodes } = setting(['source', 'sink']);
  const [source, sink] = nodes as [EngineNode, EngineNode];
  return { world, source, sink };
}

describe('limited fetching', () => {
  it('takes entries and serves others while it is paused, fetches nothing, and everything when it goes on', () => {
    const { world, source, sink } = pair();
    const mine = dataOf('mine', 50_000);
    const theirs = dataOf('theirs', 50_000);
    source.write([theirs]);
    sink.write([mine]);
    sink.engine.limitFetching({ ...NO_LIMITS, paused: true }, world.nowMs);
    world.connect(sink, source);
    world.advance(60_000);
    expect(sink.holdsEntry(source.data[0]!)).toBe(true);
    expect(source.holdsBlob(mine)).toBe(true);
    expect(sink.holdsBlob(theirs)).toBe(false);
    expect(sink.sentOf('wantChunks')).toEqual([]);
    expect(sink.replica.blobBytes()).toMatchObject({ missing: theirs.length, fetched: 0 });
    sink.engine.limitFetching(NO_LIMITS, world.nowMs);
    sink.run();
    world.pump();
    expect(sink.holdsBlob(theirs)).toBe(true);
    expect(sink.replica.blobBytes()).toMatchObject({ missing: 0, fetched: theirs.length });
  });

  it('fetches nothing for others either while it is paused', () => {
    const { world, nodes } = setting(['source', 'middle', 'asking']);
    const [source, middle, asking] = nodes as [EngineNode, EngineNode, EngineNode];
    const blob = dataOf('far', 50_000);
    source.write([blob]);
    middle.engine.limitFetching({ ...NO_LIMITS, paused: true }, world.nowMs);
    world.connect(middle, source);
    world.connect(asking, middle);
    world.advance(120_000);
    expect(asking.holdsEntry(source.data[0]!)).toBe(true);
    expect([middle.holdsBlob(blob), asking.holdsBlob(blob)]).toEqual([false, false]);
    middle.engine.limitFetching(NO_LIMITS, world.nowMs);
    middle.run();
    world.advance(120_000);
    expect([middle.holdsBlob(blob), asking.holdsBlob(blob)]).toEqual([true, true]);
  });

  it('keeps to a rate, also over several links, and still brings everything', () => {
    const { world, nodes } = setting(['one', 'two', 'sink']);
    const [one, two, sink] = nodes as [EngineNode, EngineNode, EngineNode];
    const blobs = Array.from({ length: 8 }, (_, i) => dataOf(`blob ${i}`, 300_000));
    blobs.forEach((blob, i) => {
      (i % 2 === 0 ? one : two).write([blob]);
    });
    const bytesPerSecond = 100_000;
    sink.engine.limitFetching({ ...NO_LIMITS, bytesPerSecond }, world.nowMs);
    world.connect(sink, one);
    world.connect(sink, two);
    const startMs = world.nowMs;
    for (let seconds = 1; seconds < 23; seconds++) {
      world.advance(1_000);
      const allowed = 131_072 + ((world.nowMs - startMs) / 1_000) * bytesPerSecond;
      expect(sink.replica.blobBytes().fetched).toBeLessThanOrEqual(allowed);
    }
    expect(sink.replica.blobBytes().fetched).toBeGreaterThan(1_900_000);
    world.advance(10_000);
    expect(blobs.every((blob) => sink.holdsBlob(blob))).toBe(true);
  });

  it('spends an amount on the newest, whole, and stops', () => {
    const { world, source, sink } = pair();
    const blobs = Array.from({ length: 6 }, (_, i) => dataOf(`blob ${i}`, 200_000));
    blobs.forEach((blob, i) => {
      source.write([blob], { timeMs: 1_000 + i });
    });
    sink.engine.limitFetching({ ...NO_LIMITS, amountBytes: 500_000 }, world.nowMs);
    world.connect(sink, source);
    world.advance(120_000);
    expect(blobs.map((blob) => sink.holdsBlob(blob))).toEqual([false, false, false, false, true, true]);
    expect(sink.replica.blobBytes().fetched).toBe(400_000);
    expect(sink.engine.fetchLimits).toEqual({ ...NO_LIMITS, amountBytes: 100_000, isSpent: true });
    sink.engine.limitFetching(NO_LIMITS, world.nowMs);
    sink.run();
    world.pump();
    expect(blobs.every((blob) => sink.holdsBlob(blob))).toBe(true);
  });

  it('keeps no amount for a file whose only source has gone, and begins others with it', () => {
    const { world, nodes } = setting(['gone', 'here', 'sink']);
    const [gone, here, sink] = nodes as [EngineNode, EngineNode, EngineNode];
    const begun = dataOf('begun', 1_000_000);
    const other = dataOf('other', 600_000);
    gone.write([begun]);
    here.write([other]);
    sink.engine.limitFetching({ ...NO_LIMITS, bytesPerSecond: 100_000, amountBytes: 1_100_000 }, world.nowMs);
    const link = world.connect(sink, gone);
    world.connect(sink, here);
    world.advance(2_000);
    expect(sink.replica.blobBytes().fetched).toBeGreaterThan(0);
    expect(sink.engine.fetchLimits.isSpent).toBe(true);
    link.close(sink, 'out of reach');
    world.advance(60_000);
    expect(sink.holdsBlob(other)).toBe(true);
    expect(sink.engine.fetchLimits.isSpent).toBe(false);
  });

  it('counts bytes exactly through losses and partial files', () => {
    const { world, source, sink } = pair();
    const blob = dataOf('large', 5 * 131_072 + 7);
    source.write([blob]);
    sink.holding.add('writeLeaves');
    world.connect(sink, source);
    expect(sink.replica.blobBytes()).toEqual({
      known: blob.length,
      held: 0,
      missing: blob.length,
      fetched: 0,
    });
    const [first] = sink.heldRequests;
    sink.release((effect) => effect === first);
    expect(sink.replica.blobBytes()).toMatchObject({
      held: 0,
      missing: blob.length - 131_072,
      fetched: 131_072,
    });
    sink.holding.clear();
    sink.release();
    world.pump();
    expect(sink.replica.blobBytes()).toEqual({
      known: blob.length,
      held: blob.length,
      missing: 0,
      fetched: blob.length,
    });
    const key = [...sink.disk.blobs.keys()][0]!;
    sink.replica.blobLost(key);
    expect(sink.replica.blobBytes()).toMatchObject({ held: 0, missing: blob.length });
    sink.replica.blobHeld(key);
    expect(sink.replica.blobBytes()).toMatchObject({ held: blob.length, missing: 0 });
  });
});
