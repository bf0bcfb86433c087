/** The page's model: the node in this browser, what it records, and its state as the views show it. */

import { msg, str } from '@lit/localize';
import { type Bytes, equalBytes } from '../../core/bytes.ts';
import { errorMessage, isWaystationError, WaystationError } from '../../core/errors.ts';
import { blobKey, type NodeId, shortNodeId } from '../../core/ids.ts';
import { KIND } from '../../feed/kinds.ts';
import { HOUR_MS } from '../../hour/recorder.ts';
import type { HourContent } from '../../hour/types.ts';
import { looksLikeInvite, parseInvite } from '../../identity/invite.ts';
import { mayAuthorKind, type Role } from '../../identity/roles.ts';
import type { HostStatus } from '../../mesh/mesh.ts';
import type { SensorChoice } from '../../sensors/choice.ts';
import type { Driver } from '../../sensors/port.ts';
import { findStation, readHourFile } from '../../station/export.ts';
import { type MeshPorts, type NodePorts, WaystationNode } from '../../station/node.ts';
import { rememberedName, rememberName } from '../../station/recording.ts';
import type { Space } from '../../station/space.ts';
import { spaceStatus } from '../../station/status.ts';
import type { Notice } from '../../sync/effects.ts';
import { plainName } from '../parts/names.ts';
import type { OwnRelay } from '../platform/own-relay.browser.ts';
import type { AwakeState } from '../platform/wake-lock.ts';
import type { AppModel } from './app-model.ts';
import type { AppState, HostView } from './app-state.ts';
import { type ArchivePorts, Collecting } from './collecting.ts';
import type { DataPorts } from './data-model.ts';
import type { DataModel } from './data-port.ts';
import { Device, type DevicePorts } from './device.ts';
import type { DeviceModel } from './device-model.ts';
import type { ModelCore } from './model-core.ts';
import { Moving, type MovingPorts } from './moving.ts';
import { linkedMembers, Network, type NetworkModel } from './network-model.ts';
import { interruptedRecording, PageRecorder } from './page-recorder.ts';
import { People } from './people.ts';
import type { PeopleModel } from './people-model.ts';
import { Recovery } from './recovery.ts';
import { Sensing } from './sensing.ts';
import { StationsView } from './stations-view.ts';

/** How often what is shown is gathered anew. */
const REFRESH_MS = 1_000;

export interface ModelPorts extends DevicePorts {
  readonly openPorts: () => Promise<NodePorts>;
  readonly mesh: () => Promise<MeshPorts>;
  readonly encodeHour: (content: HourContent) => Promise<Bytes>;
  /** Every driver of this device, whether it is switched on or not. */
  readonly drivers: (choice: SensorChoice) => Promise<readonly Driver[]>;
  /** Lets the person pick a USB sensor; missing where the browser cannot. Resolves to false when nothing was picked. */
  readonly attachUsb?: () => Promise<boolean>;
  /** What time it is where the page came from, ms; null when that is out of reach. */
  readonly serverTimeMs?: () => Promise<number | null>;
  /** Address of this page: what invites open. */
  readonly base: string;
  /** Takes the invite, which is a secret, out of the address bar and the history. */
  readonly forgetLink: () => void;
  /** The relay that serves this page, if one does. */
  readonly ownRelay: () => Promise<OwnRelay | null>;
  readonly hourMs?: number;
  readonly keepAwake: (tell: (state: AwakeState) => void) => () => void;
  /** Opens recordings off the page's thread, and writes files for the person. */
  readonly data: DataPorts;
  /** Folders that hours are copied to; missing where the browser lets nobody choose one. */
  readonly archive?: ArchivePorts;
  readonly moving: MovingPorts;
}

const EMPTY: AppState = {
  phase: 'starting',
  failure: null,
  deviceName: '',
  space: null,
  spaceName: null,
  role: null,
  admitted: false,
  refusal: null,
  stations: [],
  stationFacts: [],
  collecting: null,
  connections: [],
  hosts: [],
  recordingPhase: 'idle',
  recording: null,
  sensorFailure: null,
  storage: { usedBytes: 0, freeBytes: null, persistent: null },
  notice: null,
  pendingLink: null,
  isOtherGroupsLink: false,
  recoveryWords: null,
  recovery: 'none',
};

export class StationModel extends EventTarget implements AppModel {
  state: AppState = EMPTY;
  readonly #ports: ModelPorts;
  readonly #recorder: PageRecorder;
  #node: WaystationNode | undefined;
  #space: Space | undefined;
  /** Who refuses this device, and why. */
  readonly #refusals = new Map<NodeId, string>();
  #isLetIn = false;
  /** What failed when it was tried last, and was told. */
  readonly #told = new Map<string, string>();
  /** Where others reach the relay that serves this page; null when none does, or nobody else reaches it. */
  #reach: OwnRelay['reach'] = null;
  readonly people: PeopleModel;
  readonly collecting: Collecting;
  readonly stations: StationsView;
  readonly #openData: () => Promise<DataModel>;
  #data: DataModel | undefined;
  readonly sensing: Sensing;
  readonly recovery: Recovery;
  readonly device: DeviceModel;
  readonly network: NetworkModel;
  readonly moving: Moving;

  constructor(ports: ModelPorts) {
    super();
    this.#ports = ports;
    const state = () => this.state;
    const core: ModelCore = {
      get state() {
        return state();
      },
      node: () => this.#opened(),
      space: () => this.#entered(),
      set: (change) => this.#set(change),
      tell: (notice) => this.#tell(notice),
      orTell: (work) => this.#orTell(work),
    };
    this.people = new People(core, () => ({
      base: this.#reach === null ? ports.base : new URL('/', this.#reach.url).href,
      hosts: this.#reach?.hosts ?? [],
    }));
    this.stations = new StationsView(core);
    this.collecting = new Collecting(core, this.stations, ports.archive);
    this.#openData = async () => {
      const { Data } = await import('./data-model.ts');
      return new Data(core, ports.data);
    };
    this.recovery = new Recovery(core);
    this.device = new Device(core, ports);
    this.network = new Network(core);
    this.moving = new Moving(core, ports.moving, () => this.stop());
    this.#recorder = new PageRecorder({
      drivers: (choice) => this.sensing.drivers(choice),
      keepAwake: ports.keepAwake,
      onChange: () => this.#set(this.#recordingState()),
      onTrouble: (message) => this.#tell(message),
      onClockJump: () => this.sensing.clockWasSet(),
    });
    this.sensing = new Sensing(
      core,
      { drivers: ports.drivers, attachUsb: ports.attachUsb, serverTimeMs: ports.serverTimeMs },
      this.#recorder,
    );
  }

  #set(change: Partial<AppState>): void {
    this.state = { ...this.state, ...change };
    this.dispatchEvent(new Event('change'));
  }

  /** Opens the node; a recording that a reload or crash interrupted goes on by itself. */
  async start(address: string): Promise<void> {
    try {
      const ports = await this.#ports.openPorts();
      if (await this.moving.isResting(ports)) return;
      const node = await WaystationNode.open(ports, {
        onNotice: (notice) => this.#onNotice(notice),
        encode: this.#ports.encodeHour,
      });
      this.#node = node;
      this.#set({ deviceName: (await rememberedName(ports.store)) ?? '' });
      const damage = ports.store.recovered.filter(({ kind }) => kind === 'damaged');
      if (damage.length > 0) this.#tell(damage.map(({ message }) => message).join(' '));
      await this.moving.greet(ports);
      const first = [...node.spaces.values()][0];
      if (first === undefined) this.#set({ phase: 'no-space' });
      else {
        await this.recovery.reopened(ports.store);
        await this.#enter(first);
      }
      this.offer(this.state.pendingLink ?? address);
      const interrupted = await interruptedRecording(ports.store);
      if (interrupted === undefined || first === undefined) return;
      await this.record().catch((error: unknown) => this.#tell(errorMessage(error)));
    } catch (error) {
      this.#set({ phase: 'failed', failure: errorMessage(error) });
    }
  }

  /** An address was opened; if it holds an invite, the views show what can be done with it. */
  offer(address: string): void {
    if (!looksLikeInvite(address)) return;
    const space = this.#space;
    if (space === undefined) return this.#set({ pendingLink: address });
    try {
      const invite = parseInvite(address);
      if (invite.space !== space.id) return this.#set({ isOtherGroupsLink: true });
      const { inviteSeed } = space.record;
      const isUsed = inviteSeed !== null && equalBytes(inviteSeed, invite.seed);
      if (space.isAdmitted || isUsed) this.dismissLink();
      else this.#set({ pendingLink: address });
    } catch (error) {
      this.#tell(errorMessage(error));
    }
  }

  dismissLink(): void {
    this.#ports.forgetLink();
    this.#set({ pendingLink: null, isOtherGroupsLink: false });
  }

  /** Never throws: the group is there, whatever fails now is told and tried again. */
  async #enter(space: Space): Promise<void> {
    const node = this.#opened();
    this.#space = space;
    await this.#keepRefreshing();
    this.#set({ phase: 'ready', space: space.id });
    await this.#orTell(async () => {
      const ports = await this.#ports.mesh();
      if (node.mesh === undefined) node.connect(ports);
    });
    // Nothing waits for the network.
    void this.networkCame();
  }

  /** There is a network, perhaps another one: where the page came from may be reached now, and be a meeting point. */
  networkCame(): Promise<void> {
    return this.#orTell(async () => {
      const relay = await this.#ports.ownRelay();
      if (relay === null) return;
      this.#reach = relay.reach;
      await this.#space?.learnHosts([relay.host]);
    });
  }

  async #keepRefreshing(): Promise<void> {
    await this.#orTellOnce('refresh', () => this.refresh());
    this.#opened().ports.clock.schedule(REFRESH_MS, () => void this.#keepRefreshing());
  }

  async #orTell(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#tell(errorMessage(error));
    }
  }

  /** As {@link ModelCore.orTell}, of what is tried each second: what a person has read and dismissed does not come back. */
  async #orTellOnce(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
      this.#told.delete(what);
    } catch (error) {
      const message = errorMessage(error);
      if (this.#told.get(what) !== message) this.#tell(message);
      this.#told.set(what, message);
    }
  }

  #opened(): WaystationNode {
    if (this.#node === undefined)
      throw new WaystationError('unavailable', 'this device’s storage is still being opened');
    return this.#node;
  }

  #entered(): Space {
    if (this.#space === undefined) throw new WaystationError('not-found', 'this device is in no group yet');
    return this.#space;
  }

  #tell(notice: string): void {
    this.#set({ notice });
  }

  say(notice: string): void {
    this.#tell(notice);
  }

  dismissNotice(): void {
    this.#set({ notice: null });
  }

  #onNotice(notice: Notice): void {
    if (notice.kind === 'refused-by-peer') this.#refusals.set(notice.node, notice.code);
    // It has told us what it holds: we are let in there.
    if (notice.kind === 'compared') this.#refusals.delete(notice.node);
    if (notice.kind === 'store-trouble') {
      this.#tell(
        notice.code === 'store-full'
          ? 'This device is full. What is recorded stays; nothing new can be kept until space is freed.'
          : notice.message,
      );
    }
    if (notice.kind === 'entries') {
      void this.#orTell(async () => {
        await this.#space?.settled();
        await this.#recorder.admitted();
      });
    }
  }

  async create(spaceName: string, deviceName: string): Promise<void> {
    const node = this.#opened();
    await this.#name(deviceName);
    await this.recovery.expect(node.ports.store);
    try {
      await node.createSpace({
        name: spaceName,
        isPublic: false,
        ownName: deviceName,
        onMade: (words) => this.recovery.made(words),
      });
    } catch (error) {
      // What was cut short after the group was made is made up for by itself; another attempt would be a second group.
      if (node.spaces.size === 0) {
        await this.recovery.unexpect(node.ports.store).catch(() => undefined);
        throw error;
      }
      this.#tell(errorMessage(error));
    }
    await this.#enter(node.space());
  }

  async join(link: string, deviceName: string): Promise<void> {
    const invite = parseInvite(link);
    await this.#name(deviceName);
    const space = await this.#opened().join(invite);
    this.dismissLink();
    await this.#enter(space);
  }

  async joinAgain(link: string): Promise<void> {
    const space = this.#entered();
    const invite = parseInvite(link);
    if (invite.space !== space.id) throw new WaystationError('usage', OTHER_GROUP);
    if (standingOf(space) === 'revoked') throw new WaystationError('revoked', REMOVED);
    await this.#opened().join(invite);
    this.#refusals.clear();
    this.dismissLink();
    await this.refresh();
  }

  async #name(deviceName: string): Promise<void> {
    await rememberName(this.#opened().ports.store, deviceName);
    this.#set({ deviceName });
    const persistent = await this.#ports.persist();
    this.#set({ storage: { ...this.state.storage, persistent } });
  }

  async record(): Promise<void> {
    const space = this.#entered();
    if (standingOf(space) === 'revoked') throw new WaystationError('revoked', REMOVED);
    // In this very task: what a browser may be asked, it may be asked from a tap alone.
    await this.#recorder.start(this.sensing.beforeRecording(), {
      space,
      name: this.state.deviceName,
      hourMs: this.#ports.hourMs ?? HOUR_MS,
      encode: this.#ports.encodeHour,
      onTrouble: (message) => this.#tell(message),
    });
    await this.refresh();
  }

  async stop(): Promise<void> {
    this.sensing.afterRecording(await this.#recorder.stop(this.#entered().context.store));
    await this.refresh();
  }

  get data(): DataModel {
    if (this.#data === undefined) throw new TypeError('loadData must have resolved before');
    return this.#data;
  }

  async loadData(): Promise<void> {
    this.#data ??= await this.#openData();
  }

  async *hourFiles(stationId: string): AsyncIterable<{ readonly name: string; readonly bytes: Uint8Array }> {
    const space = this.#entered();
    const station = findStation(space, stationId);
    for (const record of station.hours) {
      if (!record.entry.header.blobs.every((ref) => space.replica.holds(blobKey(ref)))) continue;
      const start = new Date(record.body.startMs).toISOString().replaceAll(':', '');
      yield { name: `${start}.hour`, bytes: await readHourFile(space, record) };
    }
  }

  /** Gathers what is shown. */
  async refresh(): Promise<void> {
    const node = this.#opened();
    const space = this.#entered();
    this.sensing.eachSecond(space);
    const [status, usage] = await Promise.all([spaceStatus(space), node.ports.store.usage()]);
    if (status.admitted) void this.#orTellOnce('let-in', () => this.#letIn(space));
    this.#set({
      spaceName: status.name,
      role: status.role as Role | null,
      admitted: status.admitted,
      refusal: standingOf(space) ?? [...this.#refusals.values()].at(-1) ?? null,
      stations: status.stations,
      ...(await this.collecting.look(space, status.stations)),
      connections: linkedMembers(node, space).map(({ node: peer, via, sinceMs }) => ({
        name: deviceName(space, peer),
        via,
        sinceMs,
      })),
      hosts: (node.mesh?.hosts() ?? []).map(hostView),
      storage: { ...this.state.storage, ...usage },
      ...this.#recordingState(),
    });
  }

  #recordingState(): Pick<AppState, 'recordingPhase' | 'recording' | 'sensorFailure'> {
    const { phase, failure } = this.#recorder;
    return { recordingPhase: phase, recording: this.#recorder.view(), sensorFailure: failure };
  }

  /**
   * Once this device is let in: others see it by the name that the person gave it, also when it records nothing.
   */
  async #letIn(space: Space): Promise<void> {
    if (this.#isLetIn || space.role === null || !mayAuthorKind(space.role, KIND.profile)) return;
    this.#isLetIn = true;
    try {
      await space.writeProfile({ name: this.state.deviceName, station: null, spaceName: null });
    } catch (error) {
      this.#isLetIn = false;
      // Let in, and the key is still on its way.
      if (!isWaystationError(error, 'no-key')) throw error;
    }
  }
}

const OTHER_GROUP =
  'this link is for another group, and a browser can be in one: open it on another device, or in another browser or browser profile';
const REMOVED =
  'this device was removed from the group, and no link lets it in again: join with another browser or browser profile';

/** What this device knows of its own membership when that has ended; null while it is in, or not in yet. */
function standingOf({ replica, self }: Space): string | null {
  const status = replica.membership.member(self)?.status;
  return status === undefined || status === 'active' ? null : status;
}

function deviceName(space: Space, node: NodeId): string {
  const name = plainName(space.catalog.names.get(node));
  return name === '' ? msg(str`A device without a name (${shortNodeId(node)})`) : name;
}

function hostView({ url, state, lastFailure }: HostStatus): HostView {
  if (state === 'open') return { url, state: 'open' };
  return { url, state: state === 'connecting' && lastFailure === undefined ? 'connecting' : 'unreachable' };
}
