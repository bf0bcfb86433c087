/** Who came, as a person at the terminal reads it. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { shortNodeId } from '../../../src/core/ids.ts';
import { parseInvite } from '../../../src/identity/invite.ts';
import { Arrivals, deviceWords, NAMING_MS } from '../../../src/node/commands/arrivals.ts';
import type { WaystationNode } from '../../../src/station/node.ts';
import { connect } from '../../node/in-process.ts';
import { type Member, NodeWorld } from '../station/node-world.ts';

let world: NodeWorld;
let host: Member;
let arrivals: Arrivals;
let said: string[];
beforeEach(async () => {
  world = new NodeWorld();
  host = await world.founded();
  said = [];
  arrivals = new Arrivals(host.node, (text) => said.push(text));
  host.node.onNotice((notice) => arrivals.heard(notice));
});
afterEach(async () => {
  arrivals.close();
  await world.close();
});

/** A device that joins and, once it was let in, is called so. */
async function comes(name: string | undefined): Promise<WaystationNode> {
  const node = await world.open();
  const space = await node.join(parseInvite(await world.inviteBy(host.space, 'member')));
  connect(node, host.node);
  await vi.waitFor(() => expect(space.isAdmitted).toBe(true));
  await vi.waitFor(() => expect(space.epochKeys().size).toBeGreaterThan(0));
  if (name !== undefined) await space.writeProfile({ name, station: null, spaceName: null });
  return node;
}

/** Waits with time passing a little at a time, as news are sent on in batches. */
async function passing(check: () => void): Promise<void> {
  await vi.waitFor(() => {
    world.clock.advance(100);
    check();
  });
}

describe('a device that comes', () => {
  it('is told by its name: that it has joined, later that it is connected', async () => {
    const phone = await comes('Android phone');
    await passing(() => expect(said).toEqual(['Android phone has joined, and is connected.']));
    connect(phone, host.node);
    await vi.waitFor(() => expect(said.slice(1)).toEqual(['Android phone is connected.']));
  });

  it('and says no name is told by its short id, after a while', async () => {
    const { id } = await comes(undefined);
    expect(said).toEqual([]);
    await vi.waitFor(() => {
      world.clock.advance(NAMING_MS);
      expect(said).toEqual([`A device (${shortNodeId(id)}) has joined, and is connected.`]);
    });
  });

  it('is told from another one of the same name', async () => {
    const first = await comes('Android phone');
    await passing(() => expect(said).toHaveLength(1));
    const second = await comes('Android phone');
    await passing(() => expect(said).toHaveLength(2));
    expect(said[1]).toContain(`Android phone (${shortNodeId(second.id)})`);
    expect(deviceWords(host.space, first.id)).toBe(`Android phone (${shortNodeId(first.id)})`);
  });

  it('cannot drive the terminal by its name', async () => {
    await comes('A\u001b[2J\u202eB');
    await passing(() => expect(said).toHaveLength(1));
    expect(said[0]).toMatch(/^[\x20-\x7e]+$/);
  });
});
