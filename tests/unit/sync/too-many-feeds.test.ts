/** Heads that were given up by the bound of feeds per author do not keep a node from being complete. */
import { expect, it } from 'vitest';
import { feedIdFrom } from '../../../src/core/ids.ts';
import { MAX_FEEDS_PER_AUTHOR } from '../../../src/sync/limits.ts';
import { bytesOf, TestSpace } from '../identity/test-space.ts';
import { EngineNode } from './engine-node.ts';
import { World } from './engine-world.ts';

it('a member with more feeds than are taken keeps nobody from being complete', () => {
  const world = new World();
  const space = new TestSpace();
  const writer = new EngineNode(world, space, space.invite(space.admin, 'member', 'writer'));
  const node = new EngineNode(world, space, space.admin);
  for (let i = 0; i < MAX_FEEDS_PER_AUTHOR + 20; i++)
    writer.write([], { feed: feedIdFrom(bytesOf(`feed ${i}`, 16)), seq: 0, previous: null });
  const link = world.connect(node, writer);
  world.advance(60_000);
  expect(node.dropped('too-many-feeds')).toBeGreaterThan(0);
  expect(node.session(link)?.compare.done).toBe(true);
  expect(node.session(link)?.toldIsHeld()).toBe(true);
});
