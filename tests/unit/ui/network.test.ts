/** What the page says of its connections. */
import { describe, expect, it, vi } from 'vitest';
import { memoryPair } from '../../../src/mesh/memory.ts';
import { revokeMember } from '../../../src/station/membership-actions.ts';
import { TestPage } from './page.ts';

describe('the connections of a page', () => {
  it('are measured one by one: over which network, and how much moved since the measurement before', async () => {
    const { model: host, node: hostNode } = await new TestPage().founded();
    const page = new TestPage();
    const { model, node } = await page.open();
    await model.join(await host.people.invite('member', 1), 'Van');
    const [ours, theirs] = memoryPair();
    hostNode.attach(ours, { host: 'wss://meeting.test', peerNode: node.id, spaces: [] });
    node.attach(theirs, { host: 'wss://meeting.test', peerNode: hostNode.id, spaces: [] });
    await vi.waitFor(() => expect(node.peers()).toHaveLength(1));

    const [first] = await model.network.measure();
    expect(first).toMatchObject({ via: 'wss://meeting.test', kind: 'local', receivedPerSecond: null });
    page.clock.advance(2_000);
    ours.send('bulk', new Uint8Array(50_000));
    await Promise.resolve();
    const [second] = await model.network.measure();
    expect(second?.receivedPerSecond).toBeGreaterThanOrEqual(25_000);
    // Who was removed may hold its link; it is connected in no sense that a person has.
    await revokeMember(hostNode.space(), node.id);
    expect(await host.network.measure()).toEqual([]);
    ours.close('parted');
    await vi.waitFor(() => expect(node.peers()).toEqual([]));
    expect(await model.network.measure()).toEqual([]);
  });
});
