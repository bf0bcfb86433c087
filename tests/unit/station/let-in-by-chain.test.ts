/** Who was let in by a chain is known to third nodes, and boxes that name unknown epochs are opened once. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { toUtf8 } from '../../../src/core/bytes.ts';
import { type BlobRef, blobKey } from '../../../src/core/ids.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import { type NamedKey, sealEpochs } from '../../../src/identity/epochs.ts';
import { parseInvite } from '../../../src/identity/invite.ts';
import { pickup } from '../../../src/station/pickup.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import { holdsCurrentKey, NodeWorld } from './node-world.ts';
import { createTestKeys } from './test-keys.ts';

let world: NodeWorld;
beforeEach(() => {
  world = new NodeWorld();
});
afterEach(() => world.close());

it('a box that names epochs which have not arrived is opened once', async () => {
  const admin = await world.founded();
  const inner = createTestKeys();
  let opens = 0;
  const keys = {
    ...inner,
    hpkeOpen: (...a: Parameters<typeof inner.hpkeOpen>) => {
      opens++;
      return inner.hpkeOpen(...a);
    },
  };
  const victim = await world.joined(admin, 'member', { keys });
  const liar = await world.joined(admin, 'member');
  const { crypto, random } = liar.space.context;
  const named: NamedKey[] = [];
  const starts = [];
  const k = 11;
  for (let i = 0; i < k; i++) {
    const key = random.bytes(32);
    const e = await liar.space.write('control', {
      kind: KIND.epoch,
      body: await sealEpochs(crypto, liar.space.id, null, [[null, key]], []),
    });
    starts.push(e);
    named.push([e.id, key]);
  }
  const x = await liar.space.write('control', {
    kind: KIND.epoch,
    body: await sealEpochs(crypto, liar.space.id, (named[0] as NamedKey)[0], named, [keys.sealKey]),
  });
  opens = 0;
  const { membership } = victim.space.replica;
  membership.add(x);
  await victim.space.onEntries([x]);
  for (const e of starts) {
    membership.add(e);
    await victim.space.onEntries([e]);
  }
  expect(opens).toBeLessThan(4 * k);
}, 120_000);

it('who was let in by a chain is known to third nodes, and after a restart', async () => {
  const admin = await world.founded();
  const store = createMemoryStore();
  const keys = createTestKeys();
  const host = await world.joined(admin, 'member', { store, keys });
  const van = await world.joined(admin, 'member');
  const link = await world.inviteBy(admin.space, 'member');
  // The admin leaves now.
  const guest = await world.open();
  const space = await guest.join(parseInvite(link));
  world.start(host.node);
  const part = world.link(host.node, guest);
  await world.until(() => space.isAdmitted && holdsCurrentKey(space));
  const hour = await space.writeWithBlob(KIND.hour, () => toUtf8('x'), toUtf8('sealed'));
  const key = blobKey(hour.header.blobs[0] as BlobRef);
  await world.until(() => host.space.replica.holds(key));
  part();
  world.link(host.node, van.node);
  await world.pass(60_000);
  const state = pickup(van.space);
  const again = await import('../../../src/station/entry-log.ts').then(({ loadSpace }) =>
    loadSpace(store, host.space.id),
  );
  expect([
    state.complete && !van.space.replica.holds(key),
    again.membership.member(guest.id)?.status,
  ]).toEqual([false, 'active']);
}, 120_000);
