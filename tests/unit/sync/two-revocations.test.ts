/** Two revocations of one node, by admins who had different parts of its feed, let no backdated branch in. */
import { expect, it } from 'vitest';
import { bytesOf, TestSpace } from '../identity/test-space.ts';
import { EngineNode } from './engine-node.ts';
import { World } from './engine-world.ts';

function run(cuts: number[]) {
  const world = new World();
  const space = new TestSpace();
  const deputy = space.invite(space.admin, 'admin', 'deputy');
  const author = space.invite(space.admin, 'member', 'author');
  const carrier = space.invite(space.admin, 'member', 'carrier');
  const mirror = space.invite(space.admin, 'member', 'mirror');
  const reader = space.invite(space.admin, 'member', 'reader');
  const writer = new EngineNode(world, space, author);
  const entries = Array.from({ length: 13 }, () => writer.write());
  const relay = new EngineNode(world, space, carrier);
  const link0 = world.connect(writer, relay);
  world.advance(500);
  link0.close(writer, 'gone');
  world.pump();
  const other = new EngineNode(world, space, mirror);
  for (const e of entries.slice(0, 5)) other.publish(e);
  const late = author.signEntry({ ...entries[5]!.header, lamport: 5_000 }, bytesOf('another'));
  other.publish(late);
  const node = new EngineNode(world, space, reader);
  const at = (i: number) => [{ feed: entries[i]!.header.feed, seq: i, id: entries[i]!.id }];
  cuts.forEach((i, n) => node.publish(space.revoke(n === 0 ? space.admin : deputy, author.node, at(i))));
  world.connect(node, relay);
  world.advance(2_000);
  expect(node.holdsEntry(entries[10]!)).toBe(true);
  world.connect(node, other);
  world.advance(2_000);
  return node.holdsEntry(late);
}
it('one revocation refuses a branch that was signed later', () => expect(run([10])).toBe(false));
it('two revocations refuse it as well', () => expect(run([10, 12])).toBe(false));
