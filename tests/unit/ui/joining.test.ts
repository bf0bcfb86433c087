/** Links that are opened in a page, before and after it is in a group. */
import { describe, expect, it, vi } from 'vitest';
import { WaystationError } from '../../../src/core/errors.ts';
import type { EncodedHour } from '../../../src/hour/hour-encoder.ts';
import { memoryPair } from '../../../src/mesh/memory.ts';
import { revokeMember } from '../../../src/station/membership-actions.ts';
import type { WaystationNode } from '../../../src/station/node.ts';
import type { Notice } from '../../../src/sync/effects.ts';
import { encodeAtOnce } from '../pipeline/whole-hour.ts';
import { TestPage } from './page.ts';

function link(a: WaystationNode, b: WaystationNode): () => void {
  const [left, right] = memoryPair();
  a.attach(left, { host: 'memory', peerNode: b.id, spaces: [] });
  b.attach(right, { host: 'memory', peerNode: a.id, spaces: [] });
  return () => left.close('parted');
}

function refusal(node: WaystationNode): Promise<Notice> {
  return node.waitFor(({ kind }) => kind === 'refused-by-peer', AbortSignal.timeout(10_000));
}

/** Waits for what the notices of a node bring about. */
function until(node: WaystationNode, condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const check = async () => {
      await node.space().settled();
      if (!condition()) return;
      stop();
      resolve();
    };
    const stop = node.onNotice(() => void check());
    void check();
  });
}

describe('a page that was not let in', () => {
  it('offers a new link from the address bar, and takes one that is pasted', async () => {
    const { model: host, node: hostNode } = await new TestPage().founded();
    const [first, second] = [await host.people.invite('member', 1), await host.people.invite('member', 1)];
    const page = new TestPage();
    const { model } = await page.open(first);
    expect(model.state).toMatchObject({ phase: 'no-space', pendingLink: first });
    await model.join(first, 'Van');
    expect(model.state).toMatchObject({ phase: 'ready', admitted: false, pendingLink: null });

    const { model: reloaded, node } = await page.open(second);
    expect(reloaded.state).toMatchObject({ phase: 'ready', pendingLink: second });
    await reloaded.joinAgain(second);
    expect(reloaded.state.pendingLink).toBeNull();
    link(hostNode, node);
    await until(node, () => node.space().isAdmitted);
    await reloaded.refresh();
    expect(reloaded.state.admitted).toBe(true);
  });

  it('says why it is refused until a member takes it', async () => {
    const { model: host, node: hostNode } = await new TestPage().founded();
    const [only, another] = [await host.people.invite('member', 1), await host.people.invite('member', 1)];
    const { model: van, node: vanNode } = await new TestPage().open();
    await van.join(only, 'Van');
    link(hostNode, vanNode);
    await until(vanNode, () => vanNode.space().isAdmitted);
    const { model: late, node: lateNode } = await new TestPage().open();
    await late.join(only, 'Late');
    const refused = refusal(lateNode);
    link(hostNode, lateNode);
    await refused;
    await late.refresh();
    expect(late.state).toMatchObject({ admitted: false, refusal: 'surplus' });
    await late.joinAgain(another);
    expect(late.state.refusal).toBeNull();
  });
});

describe('a page that recorded before it was let in', () => {
  it('seals that once it is, without recording again', async () => {
    const { model: host, node: hostNode } = await new TestPage().founded();
    const page = new TestPage();
    const { model, node } = await page.open();
    await model.join(await host.people.invite('member', 1), 'Van');
    await model.record();
    await model.stop();
    const encoded = new Promise<EncodedHour>((resolve) => {
      page.encodeHour = async (source, signal) => {
        const hour = await encodeAtOnce(source, signal);
        resolve(hour);
        return hour;
      };
    });
    link(hostNode, node);
    await until(node, () => node.space().isAdmitted && node.space().epochKeys().size > 0);
    await model.refresh();
    expect((await encoded).outlines.map(({ rows }) => rows)).toEqual([1]);
  });
});

describe('a page in a group', () => {
  it('takes the invite out of the address once it has joined, also when it is opened again', async () => {
    const { model: host } = await new TestPage().founded();
    const invite = await host.people.invite('member', 1);
    const page = new TestPage();
    const { model } = await page.open(invite);
    expect(page.forgotten).toBe(0);
    await model.join(invite, 'Van');
    expect(page.forgotten).toBe(1);
    const { model: reloaded } = await page.open(invite);
    expect(page.forgotten).toBe(2);
    expect(reloaded.state.pendingLink).toBeNull();
  });

  it('says that a link is for another group, and joins none', async () => {
    const { model: host } = await new TestPage().founded();
    const other = await host.people.invite('member', 1);
    const { model, node } = await new TestPage().founded();
    model.offer(other);
    expect(model.state).toMatchObject({ isOtherGroupsLink: true, pendingLink: null });
    await expect(model.joinAgain(other)).rejects.toThrow('another group');
    expect(node.spaces.size).toBe(1);
    model.dismissLink();
    expect(model.state.isOtherGroupsLink).toBe(false);
  });

  it('says that others refuse it after it was removed, though it cannot know of that itself', async () => {
    const { model: host, node: hostNode } = await new TestPage().founded();
    const { model, node } = await new TestPage().open();
    await model.join(await host.people.invite('member', 1), 'Van');
    const part = link(hostNode, node);
    await until(node, () => node.space().isAdmitted);
    part();
    await revokeMember(hostNode.space(), node.id);
    const refused = refusal(node);
    link(hostNode, node);
    await refused;
    await model.refresh();
    expect(model.state).toMatchObject({ admitted: true, refusal: 'revoked' });
  });

  it('is known to others by its name, not by that of the group', async () => {
    const { model: host, node: hostNode } = await new TestPage().founded();
    const { model, node } = await new TestPage().open();
    await model.join(await host.people.invite('reader', 1), 'Desk');
    link(hostNode, node);
    await until(node, () => node.space().catalog.names.size > 0);
    await model.refresh();
    expect(model.state.connections.map(({ name }) => name)).toEqual(['Ridge']);
  });

  it('shows the recovery words until they are confirmed, whatever else fails', async () => {
    const page = new TestPage();
    const { model } = await page.open();
    page.faulty.store.usage = () => Promise.reject(new WaystationError('unavailable', 'storage is gone'));
    await model.create('Valley', 'Ridge');
    expect(model.state.recoveryWords?.split(' ').length).toBeGreaterThanOrEqual(12);
    expect(model.state).toMatchObject({ phase: 'ready', notice: 'storage is gone' });
    await model.recovery.confirm();
    expect(model.state.recoveryWords).toBeNull();
  });

  it('shows them, and makes no second group, when making it was cut short', async () => {
    const page = new TestPage();
    const { model, node } = await page.open();
    const { logs } = page.faulty.store;
    const { append } = logs;
    let appended = 0;
    logs.append = (...args) =>
      appended++ > 0 ? Promise.reject(new WaystationError('store-full', 'no room left')) : append(...args);
    await model.create('Valley', 'Ridge');
    expect(model.state.recoveryWords).not.toBeNull();
    expect(model.state).toMatchObject({ phase: 'ready', notice: 'no room left' });
    expect(node.spaces.size).toBe(1);
  });

  it('keeps the recovery words while the page is open, put off or shown, until they are confirmed', async () => {
    const page = new TestPage();
    const { model } = await page.open();
    await model.create('Valley', 'Ridge');
    const words = model.state.recoveryWords;
    expect(model.state.recovery).toBe('waiting');
    await model.record();
    await model.stop();
    model.recovery.open();
    expect(model.state).toMatchObject({ recovery: 'open', recoveryWords: words });
    model.recovery.putOff();
    expect(model.state).toMatchObject({ recovery: 'waiting', recoveryWords: words });
    await model.recovery.confirm();
    expect(model.state).toMatchObject({ recovery: 'none', recoveryWords: null });
    expect((await page.open()).model.state.recovery).toBe('none');
  });

  it('says after a reload that words which were not confirmed are gone, until that is understood', async () => {
    const page = new TestPage();
    await (await page.open()).model.create('Valley', 'Ridge');
    const { model } = await page.open();
    expect(model.state).toMatchObject({ phase: 'ready', recovery: 'lost', recoveryWords: null });
    expect((await page.open()).model.state.recovery).toBe('lost');
    model.recovery.open();
    expect(model.state.recovery).toBe('lost');
    await model.recovery.confirm();
    expect((await page.open()).model.state.recovery).toBe('none');
  });

  it('says nothing of recovery words when no group was made, nor on a device that joined', async () => {
    const page = new TestPage();
    const { model } = await page.open();
    const { logs } = page.faulty.store;
    const { append } = logs;
    logs.append = () => Promise.reject(new WaystationError('store-full', 'no room left'));
    await expect(model.create('Valley', 'Ridge')).rejects.toThrow('no room left');
    logs.append = append;
    const { model: host } = await new TestPage().founded();
    await model.join(await host.people.invite('member', 1), 'Van');
    expect((await page.open()).model.state).toMatchObject({ phase: 'ready', recovery: 'none' });
  });

  it('tells a meeting point that is being asked from one that does not answer', async () => {
    const page = new TestPage();
    const { model, node } = await page.founded();
    await vi.waitFor(() => expect(node.mesh?.hosts()).toHaveLength(1));
    page.clock.advanceUntil(() => page.sockets.length > 0, 10_000);
    await model.refresh();
    expect(model.state.hosts.map(({ state }) => state)).toEqual(['connecting']);
    page.sockets[0]?.onClose('refused');
    await model.refresh();
    expect(model.state.hosts.map(({ state }) => state)).toEqual(['unreachable']);
  });
});
