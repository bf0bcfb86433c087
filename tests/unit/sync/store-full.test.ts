/** A disk that takes nothing for a while: fetching rests, goes on, and nothing that came before is lost or torn. */
import { describe, expect, it } from 'vitest';
import { WaystationError } from '../../../src/core/errors.ts';
import type { Notice, RequestName } from '../../../src/sync/effects.ts';
import { TestSpace } from '../identity/test-space.ts';
import { dataOf, EngineNode } from './engine-node.ts';
import { World } from './engine-world.ts';

const FULL = new WaystationError('store-full', 'no room');
/** Longer than the pause after a write that failed. */
const PAUSE_MS = 31_000;

function setting() {
  const world = new World();
  const space = new TestSpace();
  const writer = new EngineNode(world, space, space.invite(space.admin, 'member', 'writer'));
  const sink = new EngineNode(world, space, space.invite(space.admin, 'member', 'sink'));
  for (const entry of space.entries.slice(-2)) writer.publish(entry);
  const blobs = Array.from({ length: 5 }, (_, i) => dataOf(`hour ${i}`, 400_000));
  const entries = blobs.map((blob) => writer.write([blob]));
  const isComplete = () =>
    entries.every((entry) => sink.holdsEntry(entry)) && blobs.every((blob) => sink.holdsBlob(blob));
  const attempts = (type: RequestName) => sink.requests.get(type) ?? 0;
  return { world, space, writer, sink, entries, blobs, isComplete, attempts };
}

function trouble(node: EngineNode): Notice[] {
  return node.noticed('store-trouble');
}

describe('a full disk', () => {
  it('while entries are made durable: they are asked for again later, and none is taken before it is durable', () => {
    const { world, writer, sink, entries, isComplete, attempts } = setting();
    sink.failing.set('append', FULL);
    const link = world.connect(sink, writer);
    world.advance(5_000);
    expect(entries.some((entry) => sink.holdsEntry(entry))).toBe(false);
    expect(trouble(sink)).toContainEqual({ kind: 'store-trouble', code: 'store-full', message: 'no room' });
    const tried = attempts('append');
    expect(tried).toBeLessThan(5);
    world.advance(20_000);
    expect(attempts('append')).toBe(tried);
    world.advance(PAUSE_MS);
    expect(attempts('append')).toBeGreaterThan(tried);
    sink.failing.clear();
    world.advance(2 * PAUSE_MS);
    expect(isComplete()).toBe(true);
    expect(link.closedBecause).toBeNull();
  });

  it('while chunks are written: what was written stays, the rest is asked for again, no chunk more than needed', () => {
    const { world, writer, sink, blobs, isComplete, attempts } = setting();
    let written = 0;
    sink.holding.add('writeLeaves');
    const link = world.connect(sink, writer);
    // Six chunks go to disk, then it is full.
    sink.release((effect) => effect.type === 'writeLeaves' && ++written <= 6);
    sink.failing.set('writeLeaves', FULL);
    sink.holding.clear();
    sink.release();
    world.advance(5_000);
    expect(isComplete()).toBe(false);
    const tried = attempts('writeLeaves');
    world.advance(20_000);
    expect(attempts('writeLeaves')).toBe(tried);
    sink.failing.clear();
    world.advance(3 * PAUSE_MS);
    expect(isComplete()).toBe(true);
    expect(link.closedBecause).toBeNull();
    const chunks = blobs.length * Math.ceil(400_000 / 131_072);
    expect(attempts('writeLeaves')).toBe(tried + chunks - 6);
  });

  it('does not keep a node from serving what it has', () => {
    const { world, space, writer, sink, isComplete } = setting();
    world.connect(sink, writer);
    world.advance(5_000);
    expect(isComplete()).toBe(true);
    sink.failing.set('append', FULL);
    sink.failing.set('writeLeaves', FULL);
    writer.write([dataOf('one more', 50_000)]);
    world.advance(2_000);
    expect(trouble(sink).length).toBeGreaterThan(0);
    const third = new EngineNode(world, space, space.admin, { entries: space.entries });
    const link = world.connect(third, sink);
    world.advance(5_000);
    expect(third.session(link)?.toldIsHeld()).toBe(true);
    expect(third.replica.blobCounts().missing).toBe(0);
  });

  it('while an admit is written: the joiner is refused for now and gets nothing', () => {
    const world = new World();
    const space = new TestSpace();
    const host = new EngineNode(world, space, space.admin);
    host.write([dataOf('secret', 5_000)]);
    host.failing.set('writeAdmit', FULL);
    const invitation = space.grant(space.admin, 'member');
    const joining = space.invite(space.admin, 'member', 'joining');
    // Its admit exists, but not at this host.
    expect(invitation.grant.header.kind).toBeGreaterThan(0);
    const node = new EngineNode(world, space, joining, { entries: [space.genesis] });
    const link = world.connect(node, host);
    world.advance(1_000);
    expect(node.noticed('refused-by-peer').map((notice) => notice.code)).toEqual(['store-full']);
    expect(host.namesSent(link)).not.toContain('open');
    expect(node.data).toEqual([]);
  });

  it('ends by itself for a node that was restarted in between', () => {
    const { world, writer, sink, entries, blobs } = setting();
    sink.failing.set('writeLeaves', FULL);
    world.connect(sink, writer);
    world.advance(1_000);
    const again = sink.restart();
    for (const entry of entries) expect(again.holdsEntry(entry)).toBe(true);
    world.connect(again, writer);
    world.advance(5_000);
    for (const blob of blobs) expect(again.holdsBlob(blob)).toBe(true);
  });
});
