/** Ways into a group and out again: short codes, the group of the page's own relay, leaving, a second tab. */
import { describe, expect, it, vi } from 'vitest';
import { memoryPair } from '../../../src/mesh/memory.ts';
import { settleGroupLeft } from '../../../src/station/leaving-group.ts';
import type { WaystationNode } from '../../../src/station/node.ts';
import { listSpaces } from '../../../src/station/space-record.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import { type TabChannel, TabHandover } from '../../../src/ui/platform/tab-handover.browser.ts';
import { VirtualClock } from '../mesh/virtual-clock.ts';
import { PAGE, TestPage } from './page.ts';

const CODE = 'K7QM-2F9X-RT4D';

/** Links two devices and waits until the second is let in. */
async function letIn(host: WaystationNode, node: WaystationNode): Promise<void> {
  const [left, right] = memoryPair();
  host.attach(left, { host: 'memory', peerNode: node.id, spaces: [] });
  node.attach(right, { host: 'memory', peerNode: host.id, spaces: [] });
  await vi.waitFor(async () => {
    await node.space().settled();
    expect(node.space().isAdmitted).toBe(true);
  });
}

describe('a short code', () => {
  it('in the address waits until it is looked at, and is then an invite like any other', async () => {
    const { model: host } = await new TestPage().founded();
    const link = await host.people.invite('member', 1);
    const page = new TestPage();
    const asked: string[] = [];
    page.inviteBehind = async (code) => {
      asked.push(code);
      return { kind: 'invite', link };
    };
    const { model } = await page.open(`${PAGE}#j=k7qm-2f9x-rt4d`);
    expect(model.state).toMatchObject({ phase: 'no-space', pendingCode: CODE, pendingLink: null });
    expect(asked).toEqual([]);
    model.offer(await model.resolveCode(CODE));
    expect(model.state).toMatchObject({ pendingCode: null, pendingLink: link });
    expect(asked).toEqual([CODE]);
  });

  it.each([
    [
      'unknown',
      'not-found',
      /mistyped, or its invite has ended, is used up or was withdrawn.*ask for a new invite/,
    ],
    ['wait', 'limit', /ten minutes/],
    ['no-relay', 'unavailable', /Open the relay’s address/],
  ] as const)('that leads nowhere (%s) says what to do', async (kind, code, message) => {
    const page = new TestPage();
    page.inviteBehind = async () => ({ kind });
    const { model } = await page.open();
    await expect(model.resolveCode(CODE)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('of another group, opened while in one, is told as its link would be', async () => {
    const { model: host } = await new TestPage().founded();
    const link = await host.people.invite('member', 1);
    const page = new TestPage();
    page.inviteBehind = async () => ({ kind: 'invite', link });
    const { model } = await page.founded();
    model.offer(`${PAGE}#j=${CODE}`);
    await vi.waitFor(() => expect(model.state.isOtherGroupsLink).toBe(true));
  });
});

describe('an invite that is put off', () => {
  it('stays, and is not taken out of the address', async () => {
    const { model: host } = await new TestPage().founded();
    const link = await host.people.invite('member', 1);
    const page = new TestPage();
    const { model } = await page.open(link);
    model.putOff(true);
    expect(model.state).toMatchObject({ pendingLink: link, isInvitePutOff: true });
    expect(page.forgotten).toBe(0);
    model.putOff(false);
    expect(model.state.isInvitePutOff).toBe(false);
  });
});

describe('the doors of a relay’s page', () => {
  it('know that the relay keeps a group, before there is one here', async () => {
    const page = new TestPage();
    page.relay = { host: 'ws://localhost:7070', reach: null, group: { name: 'Home' } };
    const { model } = await page.open();
    await vi.waitFor(() => expect(model.state.relayGroup).toEqual({ name: 'Home' }));
    expect(model.state.phase).toBe('no-space');
  });
});

describe('leaving a group', () => {
  it('that is empty deletes it and the device’s identity, and opens the other group’s link', async () => {
    const { model: host } = await new TestPage().founded();
    const other = await host.people.invite('member', 1);
    const page = new TestPage();
    const { model } = await page.founded();
    await model.record();
    expect(model.people.view().leaving).toEqual({
      ownHours: 0,
      othersHours: 0,
      ownMs: 0,
      othersMs: 0,
      pictures: 0,
      isWaiting: false,
    });
    model.offer(other);
    await model.leave();
    expect(page.startedAnew).toEqual([other]);
    expect(page.running).toBe(0);
    expect(model.state).toMatchObject({ phase: 'starting', notice: null });
  });

  it('is done at the next start, however often that is cut short, and leaves nothing', async () => {
    const store = createMemoryStore();
    await store.state.put('space/x', Uint8Array.of(1), 'strict');
    await store.state.put('name', Uint8Array.of(1), 'strict');
    await store.logs.append('wal/x/1', [Uint8Array.of(1)], 'strict');
    const forget = vi.fn(async () => undefined);
    await settleGroupLeft(store, forget);
    expect(await listSpaces(store)).toEqual(['x']);
    const { markGroupLeft } = await import('../../../src/station/leaving-group.ts');
    await markGroupLeft(store);
    forget.mockRejectedValueOnce(new Error('killed'));
    await expect(settleGroupLeft(store, forget)).rejects.toThrow('killed');
    await settleGroupLeft(store, forget);
    expect(forget).toHaveBeenCalledTimes(2);
    expect(await store.state.keys('')).toEqual([]);
    expect([...(await store.logs.list()).keys()]).toEqual([]);
    await settleGroupLeft(store, forget);
    expect(forget).toHaveBeenCalledTimes(2);
  });

  it('counts what would be lost', async () => {
    const page = new TestPage();
    const { model, node } = await page.founded();
    await model.record();
    await model.stop();
    await node.space().settled();
    expect(model.people.view().leaving).toEqual({
      ownHours: 1,
      othersHours: 0,
      ownMs: 1,
      othersMs: 0,
      pictures: 0,
      isWaiting: false,
    });
  });

  it('is refused while others are in it, and open to who was not let in', async () => {
    const { model: host, node: hostNode } = await new TestPage().founded();
    const page = new TestPage();
    const { model, node } = await page.open();
    await model.join(await host.people.invite('member', 1), 'Van');
    expect(model.people.view().leaving).toEqual({
      ownHours: 0,
      othersHours: 0,
      ownMs: 0,
      othersMs: 0,
      pictures: 0,
      isWaiting: true,
    });
    await letIn(hostNode, node);
    expect(model.people.view().leaving).toBeNull();
    await expect(model.leave()).rejects.toMatchObject({ code: 'forbidden' });
    expect(page.startedAnew).toEqual([]);
  });
});

/** The channel between tabs of one browser. */
function channels(count: number): TabChannel[] {
  const listeners: ((event: { readonly data: unknown }) => void)[][] = [];
  return Array.from({ length: count }, (_, own) => {
    listeners[own] = [];
    return {
      postMessage: (data) => {
        for (const [i, all] of listeners.entries()) if (i !== own) for (const one of all) one({ data });
      },
      addEventListener: (_type, listener) => void listeners[own]?.push(listener),
    };
  });
}

describe('a second tab', () => {
  function two() {
    const clock = new VirtualClock();
    const [a, b] = channels(2) as [TabChannel, TabChannel];
    return { clock, holder: new TabHandover(a, clock), asker: new TabHandover(b, clock) };
  }

  it('takes over from the first, which has closed its storage by then and says that it went', async () => {
    const { holder, asker } = two();
    const page = new TestPage();
    page.tabs = holder;
    const { model } = await page.founded();
    expect(await asker.ask()).toBe('taken');
    expect(model.state).toMatchObject({ phase: 'failed', openElsewhere: 'left', notice: null });
    await expect(page.faulty.store.state.get('x')).rejects.toMatchObject({ code: 'closed' });
  });

  it('does not interrupt a recording, nor words that are nowhere else', async () => {
    const { holder, asker } = two();
    const page = new TestPage();
    page.tabs = holder;
    const { model } = await page.open();
    await model.create('Valley', 'Ridge');
    expect(await asker.ask()).toBe('busy');
    await model.recovery.confirm();
    await model.record();
    expect(await asker.ask()).toBe('busy');
    expect(model.state).toMatchObject({ phase: 'ready', recordingPhase: 'running' });
    await model.stop();
    expect(await asker.ask()).toBe('taken');
  });

  it('is told when nobody answers, and is not answered late', async () => {
    const clock = new VirtualClock();
    const post = vi.fn();
    const asker = new TabHandover({ postMessage: post, addEventListener: () => undefined }, clock);
    const answer = asker.ask();
    await vi.waitFor(() => expect(post).toHaveBeenCalled());
    clock.advance(60_000);
    expect(await answer).toBe('silent');

    const [a, b] = channels(2) as [TabChannel, TabChannel];
    const letGo = vi.fn(async () => true);
    new TabHandover(a, clock).serve(letGo);
    b.postMessage({ kind: 'let-go', id: 1, atMs: clock.nowMs() - 60_000 });
    b.postMessage('nonsense');
    expect(letGo).not.toHaveBeenCalled();
  });

  it('need not ask when no tab has the device open any more', async () => {
    const clock = new VirtualClock();
    const [a, b] = channels(2) as [TabChannel, TabChannel];
    const letGo = vi.fn(async () => false);
    new TabHandover(a, clock).serve(letGo);
    expect(await new TabHandover(b, clock, async () => true).ask()).toBe('taken');
    expect(letGo).not.toHaveBeenCalled();
  });

  it('starts here when the other has let go', async () => {
    const { holder, asker } = two();
    const page = new TestPage();
    page.tabs = holder;
    await page.founded();
    const second = new TestPage();
    second.tabs = asker;
    const { model } = await second.open();
    expect(await model.useHere()).toBe('taken');
    expect(second.startedAnew).toEqual([null]);
  });
});
