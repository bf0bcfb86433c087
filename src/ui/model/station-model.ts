/** The page's model: the node in this browser, what it records, and its state as the views show it. */

import { errorMessage, isWaystationError, WaystationError } from '../../core/errors.ts';
import { blobKey, type NodeId, shortNodeId } from '../../core/ids.ts';
import { loadPart } from '../../core/load-part.browser.ts';
import { KIND } from '../../feed/kinds.ts';
import { HOUR_MS } from '../../hour/slot.ts';
import { mayAuthorKind, type Role } from '../../identity/roles.ts';
import type { HostStatus } from '../../mesh/mesh.ts';
import { WaystationNode } from '../../station/node.ts';
import { rememberedName } from '../../station/own-station.ts';
import type { Space } from '../../station/space.ts';
import { spaceStatus } from '../../station/status.ts';
import type { Notice } from '../../sync/effects.ts';
import type { AppModel } from './app-model.ts';
import { type AppState, type HostView, NOTHING_YET } from './app-state.ts';
import { Collecting } from './collecting.ts';
import type { DataModel } from './data-port.ts';
import { Device } from './device.ts';
import type { DeviceModel } from './device-model.ts';
import { deviceName, endedAs } from './members.ts';
import type { ModelCore } from './model-core.ts';
import type { ModelPorts } from './model-ports.ts';
import { Moving } from './moving.ts';
import { linkedMembers, Network, type NetworkModel } from './network-model.ts';
import { interruptedRecording, PageRecorder } from './page-recorder.ts';
import { People } from './people.ts';
import type { PeopleModel } from './people-model.ts';
import { Recovery } from './recovery.ts';
import { Sensing } from './sensing.ts';
import { StationsView } from './stations-view.ts';
import { REMOVED, WaysIn } from './ways-in.ts';

/** How often what is shown is gathered anew. */
const REFRESH_MS = 1_000;

export class StationModel extends EventTarget implements AppModel {
  state: AppState = NOTHING_YET;
  readonly #ports: ModelPorts;
  readonly #recorder: PageRecorder;
  #node: WaystationNode | undefined;
  #space: Space | undefined;
  /** Who refuses this device, and why. */
  readonly #refusals = new Map<NodeId, string>();
  #isLetIn = false;
  /** Another tab has taken this one's place, or the group is being left: nothing is gathered any more. */
  #isLeft = false;
  /** What failed when it was tried last, and was told. */
  readonly #told = new Map<string, string>();
  readonly #waysIn: WaysIn;
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
    this.people = new People(core, () => this.#waysIn.leadTo());
    this.stations = new StationsView(core);
    this.collecting = new Collecting(core, this.stations, ports.archive);
    this.#openData = async () => {
      const { Data } = await import('./data-model.ts');
      return new Data(core, ports.data);
    };
    this.recovery = new Recovery(core);
    this.#waysIn = new WaysIn(core, ports, this.recovery, {
      enter: (space) => this.#enter(space),
      rejoined: async () => {
        this.#refusals.clear();
        await this.refresh();
      },
      stopRecording: () => this.stop(),
      closing: () => {
        this.#isLeft = true;
      },
    });
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
      this.#set({ deviceName: (await rememberedName(ports.store)) ?? '', shortId: shortNodeId(node.id) });
      const damage = ports.store.recovered.filter(({ kind }) => kind === 'damaged');
      if (damage.length > 0) this.#tell(damage.map(({ message }) => message).join(' '));
      await this.moving.greet(ports);
      const first = [...node.spaces.values()][0];
      this.#ports.tabs?.serve(() => this.#letGo());
      if (first === undefined) {
        this.#set({ phase: 'no-space' });
        // Whether the relay of this page keeps a group: nothing waits for it.
        void this.networkCame();
      } else {
        await this.recovery.reopened(ports.store);
        await this.#enter(first);
      }
      this.offer(this.state.pendingLink ?? address);
      const interrupted = await interruptedRecording(ports.store);
      if (interrupted === undefined || first === undefined) return;
      await this.record().catch((error: unknown) => this.#tell(errorMessage(error)));
    } catch (error) {
      const openElsewhere = isWaystationError(error, 'store-locked') ? 'before' : null;
      this.#set({ phase: 'failed', failure: errorMessage(error), openElsewhere });
    }
  }

  offer(address: string): void {
    this.#waysIn.offer(address);
  }

  resolveCode(code: string): Promise<string> {
    return this.#waysIn.resolveCode(code);
  }

  putOff(isPutOff: boolean): void {
    this.#waysIn.putOff(isPutOff);
  }

  dismissLink(): void {
    this.#waysIn.dismissLink();
  }

  /** Another tab wants to open this device: true when it may, as soon as this resolves. */
  async #letGo(): Promise<boolean> {
    const { phase, recordingPhase, recoveryWords } = this.state;
    const isBusy = recordingPhase !== 'idle' || recoveryWords !== null || this.moving.state.work !== null;
    if (isBusy || (phase !== 'ready' && phase !== 'no-space')) return false;
    this.#isLeft = true;
    this.#set({ phase: 'failed', failure: null, openElsewhere: 'left' });
    await this.#node?.close();
    return true;
  }

  async useHere(): Promise<'busy' | 'silent' | 'taken'> {
    const answer = (await this.#ports.tabs?.ask()) ?? 'silent';
    if (answer === 'taken') this.#ports.startAnew?.(null);
    return answer;
  }

  /** Never throws: the group is there, whatever fails now is told and tried again. */
  async #enter(space: Space): Promise<void> {
    this.#space = space;
    await this.#keepRefreshing();
    this.#set({ phase: 'ready', space: space.id });
    // Nothing waits for the network, nor for the part of the page that is fetched over it: a recording that was interrupted goes on.
    void this.networkCame();
  }

  /** There is a network, perhaps another one. */
  async networkCame(): Promise<void> {
    await Promise.all([this.#waysIn.networkCame(), this.#orTellOnce('mesh', () => this.#meet())]);
  }

  /** Meets the others from now on; nothing to do before this device is in a group, or when it does already. */
  async #meet(): Promise<void> {
    const node = this.#node;
    if (node === undefined || this.#space === undefined || node.mesh !== undefined) return;
    const ports = await this.#ports.mesh();
    if (node.mesh === undefined && !this.#isLeft) node.connect(ports);
  }

  async #keepRefreshing(): Promise<void> {
    if (this.#isLeft) return;
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
    // What still fails once the storage is closed is no trouble.
    if (!this.#isLeft) this.#set({ notice });
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

  create(spaceName: string, deviceName: string): Promise<void> {
    return this.#waysIn.create(spaceName, deviceName);
  }

  join(link: string, deviceName: string): Promise<void> {
    return this.#waysIn.join(link, deviceName);
  }

  joinAgain(link: string): Promise<void> {
    return this.#waysIn.joinAgain(link);
  }

  leave(): Promise<void> {
    return this.#waysIn.leave();
  }

  async record(): Promise<void> {
    const space = this.#entered();
    if (endedAs(space, space.self) === 'revoked') throw new WaystationError('revoked', REMOVED);
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
    const { findStation, readHourFile } = await loadPart(() => import('../../station/export.ts'));
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
      refusal: endedAs(space, space.self) ?? [...this.#refusals.values()].at(-1) ?? null,
      stations: status.stations,
      ...(await this.collecting.look(space, status.stations)),
      connections: linkedMembers(node, space).map(({ node: peer, via, sinceMs }) => ({
        name: deviceName(space, peer),
        isRelay: space.catalog.relays.has(peer),
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

function hostView({ url, state, lastFailure }: HostStatus): HostView {
  if (state === 'open') return { url, state: 'open' };
  return { url, state: state === 'connecting' && lastFailure === undefined ? 'connecting' : 'unreachable' };
}
