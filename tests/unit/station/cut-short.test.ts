/** What was cut short by a kill or a full disk is made up for, and stops nothing else. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WaystationError } from '../../../src/core/errors.ts';
import { parseInvite } from '../../../src/identity/invite.ts';
import type { WaystationNode } from '../../../src/station/node.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory.ts';
import type { Store } from '../../../src/store/port.ts';
import { MAX_SPACES } from '../../../src/sync/limits.ts';
import { FailingKeys, holdsCurrentKey, NodeWorld } from './node-world.ts';

let world: NodeWorld;

beforeEach(() => {
  world = new NodeWorld();
});

afterEach(async () => {
  await world.close();
});

/** A store on which so many writes of what a node remembers of its spaces fail. */
class ForgetfulStore {
  failuresLeft = 0;
  isClosed = false;
  readonly store: Store;

  constructor(inner: Store = createMemoryStore()) {
    this.store = {
      ...inner,
      state: {
        ...inner.state,
        put: async (key, value, durability) => {
          if (key.startsWith('space/') && this.failuresLeft > 0) {
            this.failuresLeft--;
            throw new WaystationError('store-full', 'no room, once');
          }
          return inner.state.put(key, value, durability);
        },
      },
      close: async () => {
        await inner.close();
        this.isClosed = true;
      },
    };
  }
}

describe('a disk that was full once while a key arrived', () => {
  it('stops no later key or name, nor the node from closing', async () => {
    const admin = await world.founded();
    const forgetful = new ForgetfulStore();
    const node = await world.open({ store: forgetful.store });
    const space = await node.join(parseInvite(await world.inviteBy(admin.space, 'member')));
    forgetful.failuresLeft = 1;
    const troubles: string[] = [];
    node.onNotice((notice) => {
      if (notice.kind === 'store-trouble') troubles.push(notice.code);
    });
    world.link(admin.node, node);
    await world.until(() => forgetful.failuresLeft === 0 && holdsCurrentKey(space));
    await admin.space.writeProfile({ name: 'admin', station: null, spaceName: 'Renamed' });
    await world.until(() => space.catalog.spaceName === 'Renamed');
    await space.settled();
    expect(troubles).toEqual(['store-full']);
    const current = space.replica.membership.currentEpoch();
    expect(space.record.epochKeys.map(([epoch]) => epoch)).toContain(current);
    await node.close();
    expect(forgetful.isClosed).toBe(true);
  });
});

describe('a space whose making was cut off before it had a key', () => {
  /** A node that was killed there, opened again on what it left. */
  async function cutOff(): Promise<WaystationNode> {
    const disk = new MemoryDisk();
    const failing = new FailingKeys();
    const first = await world.open({ store: createMemoryStore(disk), keys: failing.keys });
    // The genesis entry is signed, the first key’s is not.
    failing.signaturesLeft = 1;
    await expect(first.createSpace({ name: 'Valley', isPublic: false })).rejects.toThrow('killed');
    await first.close();
    failing.signaturesLeft = Number.POSITIVE_INFINITY;
    const again = await world.open({ store: createMemoryStore(disk), keys: failing.keys });
    expect(again.space().replica.membership.currentEpoch()).toBeUndefined();
    return again;
  }

  it('gets one with the first invite, by which somebody enters and reads', async () => {
    const node = await cutOff();
    const joined = await world.joined({ node, space: node.space() }, 'member');
    expect(joined.space.sealUnder()).toEqual(node.space().sealUnder());
  });

  it('gets one by itself', async () => {
    const node = await cutOff();
    world.start(node);
    await world.until(() => holdsCurrentKey(node.space()));
    expect(node.space().replica.membership.epochs()).toHaveLength(1);
    expect(node.space().sealUnder()).not.toBeNull();
  });
});

describe('a node that is in as many spaces as it may be', () => {
  it('is refused another, made or joined, and still proves itself to its peers', async () => {
    const node = await world.open();
    for (let i = 1; i < MAX_SPACES; i++) await node.createSpace({ name: `Public ${i}`, isPublic: true });
    const { space } = await node.createSpace({ name: 'Valley', isPublic: false });
    expect(node.spaces.size).toBe(MAX_SPACES);
    const elsewhere = await world.founded();
    const invite = parseInvite(await world.inviteBy(elsewhere.space, 'member'));
    await expect(node.createSpace({ name: 'More', isPublic: true })).rejects.toMatchObject({ code: 'limit' });
    await expect(node.join(invite)).rejects.toMatchObject({ code: 'limit' });
    expect(node.spaces.size).toBe(MAX_SPACES);
    const member = await world.joined({ node, space }, 'member');
    expect(member.space.isAdmitted).toBe(true);
  });
});
