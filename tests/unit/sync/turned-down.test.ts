/** What has no right to be taken keeps nobody from being complete, whatever becomes of others. */
import { expect, it } from 'vitest';
import { TestSpace } from '../identity/test-space.ts';
import { EngineNode } from './engine-node.ts';
import { World } from './engine-world.ts';

it('a head that was turned down stays settled when others are let in', () => {
  const world = new World();
  const space = new TestSpace();
  const author = space.invite(space.admin, 'member', 'author');
  const carrier = space.invite(space.admin, 'member', 'carrier');
  const vanActor = space.invite(space.admin, 'member', 'van');
  const relay = new EngineNode(world, space, carrier);
  const writer = new EngineNode(world, space, author);
  const first = world.connect(writer, relay);
  writer.write();
  world.advance(200);
  first.close(writer, 'gone');
  world.pump();
  const van = new EngineNode(world, space, vanActor);
  van.publish(space.revoke(space.admin, author.node, []));
  const link = world.connect(van, relay);
  world.advance(1_000);
  const told = () =>
    [...van.replica.told.values()].flat().filter((head) => !van.replica.isSettled(head)).length;
  expect(told()).toBe(0);
  link.close(van, 'gone');
  world.pump();
  van.publish(space.grant(space.admin, 'reader').grant);
  world.advance(1_000);
  expect(told()).toBe(0);
});
