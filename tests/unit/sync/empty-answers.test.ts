/** Who gives nothing does not keep a feed from being fetched elsewhere. */
import { expect, it } from 'vitest';
import { headOf, PURPOSE } from '../../../src/feed/entry.ts';
import { feedNameBytes } from '../../../src/sync/link-names.ts';
import { encodeMessage } from '../../../src/sync/messages.ts';
import { type Actor, bytesOf, TestSpace } from '../identity/test-space.ts';
import { EngineNode } from './engine-node.ts';
import { World } from './engine-world.ts';
import { RawPeer, wholeRun } from './raw-peer.ts';

it('empty answers for ever new invented heads keep no feed from being fetched elsewhere', () => {
  const world = new World();
  const space = new TestSpace();
  const [bad, good, newcomer] = ['liar', 'honest', 'newcomer'].map((name) =>
    space.invite(space.admin, 'member', name),
  ) as [Actor, Actor, Actor];
  const before = space.entries.slice();
  const last = space.grant(space.admin, 'reader').grant;
  const node = new EngineNode(world, space, newcomer, { entries: before });
  const honest = new EngineNode(world, space, good, { entries: [...before, last] });
  const h = headOf(last);
  let n = 0;
  const liar = new RawPeer(world, bad);
  const fake = () =>
    encodeMessage('heads', liar.alias, [
      [feedNameBytes(h.author, h.feed), PURPOSE.control, h.seq + 1000 + n, bytesOf(`fake ${n++}`)],
    ]);
  world.connect(liar, node);
  liar.say('open');
  liar.say('ranges', [[null, null, 0, new Uint8Array(16)]]);
  for (let i = 0; i < 4; i++) liar.sendRaw(fake());
  world.connect(honest, node);
  const hour = honest.write();
  // every 20 s: tells another invented head, and answers what it was asked with nothing
  for (let i = 0; i < 100 && liar.closed === null; i++) {
    world.advance(20_000);
    liar.sendRaw(fake());
    liar.sendRaw(encodeMessage('entries', liar.alias, feedNameBytes(h.author, h.feed), wholeRun([]), true));
  }
  expect([node.holdsEntry(hour), node.holdsEntry(last)]).toEqual([true, true]);
});
