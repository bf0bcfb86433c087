/**
 * Who is in the group, as people know it: its devices, the invites that still work, and what this device may do about them.
 *
 * Invariants: `view` says what this device knows now and waits for nothing; what it may not do is refused where it is done
 * (membership-actions.ts), the view only keeps people from asking for it.
 */
import { WaystationError } from '../../core/errors.ts';
import { type EntryId, type NodeId, nodeIdText, type StationId, shortNodeId } from '../../core/ids.ts';
import { KIND } from '../../feed/kinds.ts';
import { MAX_CHAIN_DEPTH } from '../../identity/grant-chain.ts';
import type { Member } from '../../identity/membership.ts';
import { mayAuthorKind, mayGrant, ROLES, type Role } from '../../identity/roles.ts';
import { isOfNode } from '../../station/catalog.ts';
import { createInvite, revokeMember } from '../../station/membership-actions.ts';
import { rememberName } from '../../station/own-station.ts';
import type { Space } from '../../station/space.ts';
import type { StationStatus } from '../../station/status.ts';
import { plainName, sharedNames, shownName } from '../parts/names.ts';
import { whatLeavingCosts } from './leaving-costs.ts';
import type { ModelCore } from './model-core.ts';
import type { DeviceRow, InviteRow, PeopleModel, PeopleView } from './people-model.ts';

const WEEK_MS = 7 * 86_400_000;

const NOTHING: Omit<PeopleView, 'nowMs'> = {
  devices: [],
  invites: [],
  grantable: [],
  isTooFar: false,
  isManager: false,
  managers: [],
  mayRename: true,
  leaving: null,
};

/** What an invite opens, and where its group meets: the group's own meeting points when `hosts` is empty. */
export interface InviteTarget {
  readonly base: string;
  readonly hosts: readonly string[];
}

export class People implements PeopleModel {
  readonly #core: ModelCore;
  readonly #leadTo: () => InviteTarget;

  /** @param leadTo where invites lead at the moment. */
  constructor(core: ModelCore, leadTo: () => InviteTarget) {
    this.#core = core;
    this.#leadTo = leadTo;
  }

  view(): PeopleView {
    if (this.#core.state.space === null) return { nowMs: 0, ...NOTHING };
    const space = this.#core.space();
    const nowMs = this.#core.node().ports.clock.nowMs();
    const { membership } = space.replica;
    const own = membership.member(space.self);
    const isActive = own?.status === 'active';
    const isTooFar = isActive && own.depth + 1 > MAX_CHAIN_DEPTH;
    const grantable =
      isActive && !isTooFar && this.#core.state.refusal !== 'revoked'
        ? ROLES.filter((role) => mayGrant(own.role, role))
        : [];
    // Of what is said to it, and of what it says, the others keep nothing: it is connected with nobody, and invites nobody.
    const isOut = !isActive || this.#core.state.refusal === 'revoked';
    const devices = this.#devices(space, isOut);
    return {
      nowMs,
      devices,
      invites: isOut ? [] : invitesOf(space, nowMs),
      grantable,
      isTooFar,
      isManager: isActive && own.role === 'admin',
      managers: devices
        .filter(({ role, standing }) => role === 'admin' && standing === 'active')
        .filter(({ name }) => plainName(name) !== '')
        .map(({ name, shortId, isNamesake }) => shownName(name, shortId, isNamesake)),
      mayRename: own === undefined || (isActive && mayAuthorKind(own.role, KIND.profile)),
      leaving: whatLeavingCosts(space, this.#core.state.refusal),
    };
  }

  #devices(space: Space, isOut: boolean): DeviceRow[] {
    const heard = lastHeard(space);
    const hours = hoursByDevice(this.#core.state.stations);
    const links = new Map(
      this.#core
        .node()
        .peers()
        .map(({ node, via }) => [node, via]),
    );
    const members = [...space.replica.membership.members()].filter(({ isRecovery }) => !isRecovery);
    const nameOf = (node: NodeId) =>
      space.catalog.names.get(node) ?? (node === space.self ? this.#core.state.deviceName : null);
    const shared = sharedNames(members.map(({ node }) => [node, nameOf(node)]));
    const row = ({ node, role, status }: Member): DeviceRow => ({
      id: nodeIdText(node),
      name: nameOf(node),
      shortId: shortNodeId(node),
      isNamesake: shared.has(plainName(nameOf(node))),
      role,
      isRelay: space.catalog.relays.has(node),
      standing: status,
      isSelf: node === space.self,
      via: isOut ? null : (links.get(node) ?? null),
      lastHeardMs: heard.get(node) ?? null,
      hours: hours.get(nodeIdText(node)) ?? { known: 0, held: 0 },
    });
    return members.map(row).sort(byName);
  }

  async invite(role: Role, uses: number, lifeMs = WEEK_MS): Promise<string> {
    const expiresMs = this.#core.node().ports.clock.nowMs() + lifeMs;
    const { link } = await createInvite(this.#core.space(), {
      role,
      uses,
      expiresMs,
      ...this.#leadTo(),
    });
    this.#changed();
    return link;
  }

  async withdraw(invite: string): Promise<void> {
    const space = this.#core.space();
    this.#mustManage(space, 'withdraw an invite');
    const body = space.replica.membership.withdrawalOf(invite as EntryId, '');
    await space.write('control', { kind: KIND.revoke, body });
    this.#changed();
  }

  async remove(device: string): Promise<void> {
    const space = this.#core.space();
    await revokeMember(space, memberNamed(space, device));
    this.#changed();
  }

  async renameDevice(name: string): Promise<void> {
    const node = this.#core.node();
    await rememberName(node.ports.store, name);
    this.#core.set({ deviceName: name });
    if (this.#core.state.space === null) return;
    const space = this.#core.space();
    if (!space.isAdmitted || !this.view().mayRename) return;
    await space.settled();
    const own = [...space.catalog.stations.values()].find(({ author }) => author === space.self);
    // A station is known by what it said when it last recorded: the new name is said for it as well.
    const station = own === undefined || isOfNode(own) ? null : (own.id as StationId);
    await space.writeProfile({ name, station, spaceName: null });
    this.#changed();
  }

  async renameGroup(name: string): Promise<void> {
    const space = this.#core.space();
    this.#mustManage(space, 'name the group');
    await space.writeProfile({ name: this.#core.state.deviceName, station: null, spaceName: name });
    await space.settled();
    this.#core.set({ spaceName: name });
  }

  #mustManage(space: Space, what: string): void {
    if (space.isAdmitted && space.replica.membership.member(space.self)?.role === 'admin') return;
    throw new WaystationError('forbidden', `only a device that manages the group can ${what}`);
  }

  /** What views show is gathered when they are drawn. */
  #changed(): void {
    this.#core.set({});
  }
}

function memberNamed(space: Space, id: string): NodeId {
  for (const { node } of space.replica.membership.members()) if (nodeIdText(node) === id) return node;
  throw new WaystationError('not-found', 'this device is not in the group, as far as is known here');
}

/** Made once: one for every comparison is most of what sorting costs, and views are drawn each second. */
const BY_NAME = new Intl.Collator(undefined, { numeric: true });

function byName(a: DeviceRow, b: DeviceRow): number {
  if (a.isSelf !== b.isSelf) return a.isSelf ? -1 : 1;
  if ((a.name === null) !== (b.name === null)) return a.name === null ? 1 : -1;
  return BY_NAME.compare(a.name ?? a.shortId, b.name ?? b.shortId);
}

/** The latest sign of life of every node, milliseconds since 1970: its beat, or the last thing it wrote. */
function lastHeard({ replica }: Space): Map<NodeId, number> {
  const heard = new Map<NodeId, number>();
  const note = (node: NodeId, ms: number) => heard.set(node, Math.max(ms, heard.get(node) ?? ms));
  for (const [node, { timeMs }] of replica.beats) note(node, timeMs);
  for (const branch of replica.index.branches()) {
    const last = branch.entries.at(-1);
    if (last !== undefined) note(branch.author, last.timeMs);
  }
  return heard;
}

/** By the id of the device that recorded them. Counted once a second for the state; two hundred stations may have 100,000. */
function hoursByDevice(stations: readonly StationStatus[]): Map<string, { known: number; held: number }> {
  const counts = new Map<string, { known: number; held: number }>();
  for (const { key, sealed, held } of stations) {
    const device = key.slice(0, key.indexOf('/'));
    const before = counts.get(device) ?? { known: 0, held: 0 };
    counts.set(device, { known: before.known + sealed, held: before.held + held });
  }
  return counts;
}

function invitesOf(space: Space, nowMs: number): InviteRow[] {
  const { membership } = space.replica;
  const rows = membership.outstandingInvites(nowMs).map(({ id, body, issuer }): InviteRow => {
    const usesLeft = membership.grantState(id, nowMs)?.usesLeft ?? body.uses;
    const by = plainName(space.catalog.names.get(issuer)) || null;
    const { role, uses, expiresMs } = body;
    return {
      id,
      role,
      uses,
      usesLeft,
      expiresMs,
      by,
      isOwn: issuer === space.self,
      isByRelay: space.catalog.relays.has(issuer),
    };
  });
  return rows.sort((a, b) => a.expiresMs - b.expiresMs);
}
