/** The devices of a group as the page shows them, and what may be done about them. */
import { describe, expect, it, vi } from 'vitest';
import type { Role } from '../../../../src/identity/roles.ts';
import { memoryPair } from '../../../../src/mesh/memory.ts';
import type { WaystationNode } from '../../../../src/station/node.ts';
import { TestPage } from '../page.ts';

function link(a: WaystationNode, b: WaystationNode): void {
  const [left, right] = memoryPair();
  a.attach(left, { host: 'memory', peerNode: b.id, spaces: [] });
  b.attach(right, { host: 'memory', peerNode: a.id, spaces: [] });
}

/** Lets time pass for these devices until something is so. */
async function until(pages: readonly TestPage[], condition: () => boolean): Promise<void> {
  await vi.waitFor(
    () => {
      for (const { clock } of pages) clock.advance(100);
      if (!condition()) throw new Error('not yet');
    },
    { timeout: 10_000, interval: 2 },
  );
}

/** Two devices that know each other: who manages the group, and one that came by an invite. */
async function pair(role: Role) {
  const pages = [new TestPage(), new TestPage()] as const;
  const founder = await pages[0].founded();
  const joined = await pages[1].open();
  await joined.model.join(await founder.model.people.invite(role, 2), 'Van');
  link(founder.node, joined.node);
  await until(
    pages,
    () => joined.node.space().isAdmitted && founder.model.people.view().devices.length === 2,
  );
  const knows = () => founder.node.space().catalog.names.has(joined.node.id);
  if (role !== 'mirror') await until(pages, knows);
  return { founder, joined, pages };
}

describe('the devices', () => {
  it('of a new group are this one alone, which manages it', async () => {
    const { model } = await new TestPage().founded();
    const { devices, invites, isManager, managers } = model.people.view();
    expect(devices).toMatchObject([
      { name: 'Ridge', role: 'admin', isSelf: true, standing: 'active', via: null },
    ]);
    expect({ invites, isManager, managers }).toEqual({ invites: [], isManager: true, managers: ['Ridge'] });
  });

  it('are none before this device is in a group', async () => {
    const { model } = await new TestPage().open();
    expect(model.people.view().devices).toEqual([]);
  });

  it('that joined are listed by name and role, connected, and when they were last heard', async () => {
    const { founder } = await pair('member');
    const [self, van] = founder.model.people.view().devices;
    expect(self?.isSelf).toBe(true);
    expect(van).toMatchObject({
      name: 'Van',
      role: 'member',
      standing: 'active',
      via: 'memory',
      isSelf: false,
    });
    expect(van?.lastHeardMs).toBeGreaterThan(0);
  });

  it('that were removed stay listed as such, and the invite they came by is withdrawn', async () => {
    const { founder } = await pair('member');
    expect(founder.model.people.view().invites).toMatchObject([{ uses: 2, usesLeft: 1, isOwn: true }]);
    const van = founder.model.people.view().devices[1];
    await founder.model.people.remove(van?.id ?? '');
    expect(founder.model.people.view().devices[1]).toMatchObject({ name: 'Van', standing: 'revoked' });
    expect(founder.model.people.view().invites).toEqual([]);
  });

  it('are not removed by an id that nobody has, nor by who does not manage the group', async () => {
    const { founder, joined } = await pair('member');
    await expect(founder.model.people.remove('did:key:z6Mknobody')).rejects.toThrow('not in the group');
    const ridge = joined.model.people.view().devices.find(({ name }) => name === 'Ridge');
    await expect(joined.model.people.remove(ridge?.id ?? '')).rejects.toMatchObject({ code: 'forbidden' });
  });
});

describe('a device that was removed', () => {
  it('is connected with nobody, and invites nobody', async () => {
    const { founder, joined, pages } = await pair('member');
    expect(joined.model.people.view().devices.some(({ via }) => via !== null)).toBe(true);
    await founder.model.people.remove(joined.model.people.view().devices[0]?.id ?? '');
    await until(pages, () => joined.model.state.refusal === 'revoked');
    const { devices, invites, grantable } = joined.model.people.view();
    expect(devices.every(({ via }) => via === null)).toBe(true);
    expect({ invites, grantable }).toEqual({ invites: [], grantable: [] });
  });
});

describe('devices of one name', () => {
  it('are told apart', async () => {
    const { founder, joined, pages } = await pair('member');
    await joined.model.people.renameDevice('Ridge');
    await until(pages, () => founder.model.people.view().devices.every(({ name }) => name === 'Ridge'));
    expect(founder.model.people.view().devices.map(({ isNamesake }) => isNamesake)).toEqual([true, true]);
    const { id, shortId } = founder.model.people.view().devices[0] as { id: string; shortId: string };
    expect(id).toContain(shortId);
    expect(founder.model.people.view().managers).toEqual([`Ridge (${shortId})`]);
  });
});

describe('an invite', () => {
  it('is listed until it ends, with what it allows and how many it still lets in', async () => {
    const page = new TestPage();
    const { model } = await page.founded();
    await model.people.invite('reader', 5, 3_600_000);
    await model.people.invite('mirror', 1, 60_000);
    expect(model.people.view().invites.map(({ role, usesLeft }) => [role, usesLeft])).toEqual([
      ['mirror', 1],
      ['reader', 5],
    ]);
    page.clock.advanceUntil(() => model.people.view().invites.length < 2, 120_000);
    expect(model.people.view().invites.map(({ role }) => role)).toEqual(['reader']);
  });

  it('that is withdrawn lets nobody in', async () => {
    const { model, node } = await new TestPage().founded();
    const invite = await model.people.invite('member', 1);
    await model.people.withdraw(model.people.view().invites[0]?.id ?? '');
    expect(model.people.view().invites).toEqual([]);
    const late = await new TestPage().open();
    await late.model.join(invite, 'Late');
    const refused = late.node.waitFor(({ kind }) => kind === 'refused-by-peer', AbortSignal.timeout(10_000));
    link(node, late.node);
    await refused;
    expect(node.space().replica.membership.isActive(late.node.id)).toBe(false);
  });

  it('can be made by those whose role allows it, as what it allows; only a manager withdraws it', async () => {
    const { joined } = await pair('member');
    expect(joined.model.people.view().grantable).toEqual(['member', 'reader', 'mirror']);
    const [open] = joined.model.people.view().invites;
    await expect(joined.model.people.withdraw(open?.id ?? '')).rejects.toMatchObject({ code: 'forbidden' });
  });

  it.each(['reader', 'recorder', 'mirror'] as const)(
    'cannot be made by a %s, who is told who can',
    async (role) => {
      const { joined, pages } = await pair(role);
      if (role === 'reader') await until(pages, () => joined.model.people.view().managers.length > 0);
      const { grantable, isManager, managers } = joined.model.people.view();
      expect({ grantable, isManager }).toEqual({ grantable: [], isManager: false });
      if (role === 'reader') expect(managers).toEqual(['Ridge']);
    },
  );
});

describe('names', () => {
  it('of this device change here and for the others', async () => {
    const { founder, joined, pages } = await pair('member');
    await joined.model.people.renameDevice('Blue van');
    await until(pages, () => founder.node.space().catalog.names.get(joined.node.id) === 'Blue van');
    expect(founder.model.people.view().devices.map(({ name }) => name)).toEqual(['Ridge', 'Blue van']);
    expect(joined.model.state.deviceName).toBe('Blue van');
  });

  it('of this device change before it is in a group, and stay after a reload', async () => {
    const page = new TestPage();
    const { model } = await page.open();
    await model.people.renameDevice('Barn');
    expect((await page.open()).model.state.deviceName).toBe('Barn');
  });

  it('of the group are given by who manages it alone', async () => {
    const { founder, joined, pages } = await pair('member');
    await founder.model.people.renameGroup('Valley floor');
    await until(pages, () => joined.node.space().catalog.spaceName === 'Valley floor');
    expect(founder.model.state.spaceName).toBe('Valley floor');
    await expect(joined.model.people.renameGroup('Mine')).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('of a station are those of its device, also when that is called something else later', async () => {
    const page = new TestPage();
    const { model } = await page.founded();
    await model.record();
    await model.stop();
    await model.people.renameDevice('Summit');
    await model.refresh();
    expect(model.state.stations.map(({ name }) => name)).toEqual(['Summit']);
  });
});
