/** The page's model: the node in this browser, what it records, and its state as the views show it. */

import type { Bytes } from '../core/bytes.ts';
import { errorMessage, isWaystationError, WaystationError } from '../core/errors.ts';
import { blobKey } from '../core/ids.ts';
import { HOUR_MS } from '../hour/recorder.ts';
import type { HourContent } from '../hour/types.ts';
import { looksLikeInvite, parseInvite } from '../identity/invite.ts';
import type { Role } from '../identity/roles.ts';
import type { Driver } from '../sensors/port.ts';
import { exportCsv, findStation, readHourFile } from '../station/export.ts';
import { createInvite } from '../station/membership-actions.ts';
import { type MeshPorts, type NodePorts, WaystationNode } from '../station/node.ts';
import { Recording, rememberedName, rememberName } from '../station/recording.ts';
import type { Space } from '../station/space.ts';
import { nodeName, spaceStatus } from '../station/status.ts';
import type { AppModel, AppState, RecordingView, RecordOptions, StreamView } from './app-model.ts';

/** How often what is shown is gathered anew. */
const REFRESH_MS = 1_000;
const WEEK_MS = 7 * 86_400_000;
const RECORD_KEY = 'recording';

export interface ModelPorts {
  readonly openPorts: () => Promise<NodePorts>;
  readonly mesh: () => MeshPorts;
  readonly encodeHour: (content: HourContent) => Promise<Bytes>;
  /** Sensors of this device, and the camera when asked for. */
  readonly drivers: (options: RecordOptions) => Promise<readonly Driver[]>;
  /** Address of this page without its fragment: what invites open. */
  readonly base: string;
  /** The host that serves this page, if it hosts signaling. */
  readonly ownHost: string | null;
  readonly hourMs?: number;
  /** Asks the browser to keep the storage; null when it cannot be asked. */
  readonly persist: () => Promise<boolean | null>;
  readonly keepAwake: () => () => void;
  readonly save: (name: string, parts: readonly string[]) => void;
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
  connections: [],
  hosts: [],
  recording: null,
  storage: { usedBytes: 0, freeBytes: null, persistent: null },
  notice: null,
  pendingLink: null,
};

interface RunningRecording {
  readonly recording: Recording;
  /** Drivers that failed: name and why. */
  readonly troubles: Map<string, string>;
  readonly letSleep: () => void;
}

export class StationModel extends EventTarget implements AppModel {
  state: AppState = EMPTY;
  readonly #ports: ModelPorts;
  #node: WaystationNode | undefined;
  #space: Space | undefined;
  #running: RunningRecording | undefined;
  #refusal: string | null = null;

  constructor(ports: ModelPorts) {
    super();
    this.#ports = ports;
  }

  #set(change: Partial<AppState>): void {
    this.state = { ...this.state, ...change };
    this.dispatchEvent(new Event('change'));
  }

  /** Opens the node; a recording that a reload or crash interrupted goes on by itself. */
  async start(address: string): Promise<void> {
    try {
      const ports = await this.#ports.openPorts();
      const node = await WaystationNode.open(ports, { onNotice: (notice) => this.#onNotice(notice) });
      this.#node = node;
      const deviceName = (await rememberedName(ports.store)) ?? '';
      this.#set({ deviceName, pendingLink: looksLikeInvite(address) ? address : null });
      const first = [...node.spaces.values()][0];
      if (first === undefined) this.#set({ phase: 'no-space' });
      else await this.#enter(first);
      const wanted = await ports.store.state.get(RECORD_KEY);
      if (wanted !== undefined && first !== undefined) {
        await this.record({ sensors: true, camera: wanted[0] === 1 }).catch((error: unknown) =>
          this.#tell(errorMessage(error)),
        );
      }
    } catch (error) {
      this.#set({ phase: 'failed', failure: errorMessage(error) });
    }
  }

  async #enter(space: Space): Promise<void> {
    const node = this.#opened();
    this.#space = space;
    if (this.#ports.ownHost !== null) await space.learnHosts([this.#ports.ownHost]);
    if (node.mesh === undefined) node.connect(this.#ports.mesh(), null);
    this.#set({ phase: 'ready', space: space.id, pendingLink: null });
    await this.refresh();
    setInterval(() => {
      this.refresh().catch((error: unknown) => this.#tell(errorMessage(error)));
    }, REFRESH_MS);
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

  dismissNotice(): void {
    this.#set({ notice: null });
  }

  #onNotice(notice: Parameters<Parameters<WaystationNode['onNotice']>[0]>[0]): void {
    if (notice.kind === 'refused-by-peer') this.#refusal = notice.code;
    if (notice.kind === 'space-open') this.#refusal = null;
    if (notice.kind === 'store-trouble') {
      this.#tell(
        notice.code === 'store-full'
          ? 'This device is full. What is recorded stays; nothing new can be kept until space is freed.'
          : notice.message,
      );
    }
    if (notice.kind === 'entries' && this.#running !== undefined) {
      const { recording } = this.#running;
      this.#entered()
        .settled()
        .then(() => recording.admitted())
        .catch((error: unknown) => this.#tell(errorMessage(error)));
    }
  }

  async create(spaceName: string, deviceName: string): Promise<{ recoveryWords: string }> {
    const node = this.#opened();
    await this.#name(deviceName);
    const { space, recoveryWords } = await node.createSpace({ name: spaceName, isPublic: false });
    await this.#enter(space);
    this.#tell(
      `Write these words down; they are shown this once, and they let you back in when every device is lost: ${recoveryWords}`,
    );
    return { recoveryWords };
  }

  async join(link: string, deviceName: string): Promise<void> {
    const invite = parseInvite(link);
    await this.#name(deviceName);
    await this.#enter(await this.#opened().join(invite));
  }

  async #name(deviceName: string): Promise<void> {
    await rememberName(this.#opened().ports.store, deviceName);
    this.#set({ deviceName });
    const persistent = await this.#ports.persist();
    this.#set({ storage: { ...this.state.storage, persistent } });
  }

  async invite(role: Role, uses: number): Promise<string> {
    const expiresMs = Date.now() + WEEK_MS;
    const { link } = await createInvite(this.#entered(), {
      role,
      uses,
      expiresMs,
      hosts: [],
      base: this.#ports.base,
    });
    return link;
  }

  async record(options: RecordOptions): Promise<void> {
    if (this.#running !== undefined) return;
    const space = this.#entered();
    const troubles = new Map<string, string>();
    const recording = await Recording.open({
      space,
      name: this.state.deviceName,
      hourMs: this.#ports.hourMs ?? HOUR_MS,
      encode: this.#ports.encodeHour,
      onTrouble: (message) => this.#tell(message),
    });
    this.#running = { recording, troubles, letSleep: this.#ports.keepAwake() };
    await space.context.store.state.put(RECORD_KEY, Uint8Array.of(options.camera ? 1 : 0), 'strict');
    for (const driver of await this.#ports.drivers(options)) {
      recording.run(driver).catch((error: unknown) => {
        const stopped = isWaystationError(error, 'closed');
        if (!stopped) troubles.set(driver.name, errorMessage(error));
      });
    }
    await this.refresh();
  }

  async stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    running.letSleep();
    await this.#entered().context.store.state.delete(RECORD_KEY);
    await running.recording.stop();
    await this.refresh();
  }

  async exportCsv(stationId: string): Promise<void> {
    const space = this.#entered();
    const station = findStation(space, stationId);
    const parts: string[] = [];
    for await (const line of exportCsv(space, station, {})) parts.push(line);
    this.#ports.save(`${station.name ?? station.id}.csv`, parts);
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
    const [status, usage] = await Promise.all([spaceStatus(space), node.ports.store.usage()]);
    this.#set({
      spaceName: status.name,
      role: status.role as Role | null,
      admitted: status.admitted,
      refusal: this.#refusal,
      stations: status.stations,
      connections: node
        .peers()
        .map(({ node: peer, via, sinceMs }) => ({ name: nodeName(space, peer), via, sinceMs })),
      hosts: (node.mesh?.hosts() ?? []).map(({ url, state }) => ({ url, connected: state === 'open' })),
      recording: this.#recordingView(),
      storage: { ...this.state.storage, ...usage },
    });
  }

  #recordingView(): RecordingView | null {
    const running = this.#running;
    if (running === undefined) return null;
    const { recording, troubles } = running;
    const delivering = recording.streams().map(
      ({ descriptor, rows, last, rateHz, gap }): StreamView => ({
        name: descriptor.name,
        trouble: gap === null ? null : (GAPS[gap] ?? 'no readings'),
        replay: descriptor.replay,
        rateHz,
        rows,
        columns: descriptor.columns.map((column, i) => {
          const value = last[i] ?? Number.NaN;
          return { name: column.name, unit: column.unit, last: Number.isNaN(value) ? null : value };
        }),
      }),
    );
    const failed = [...troubles].map(
      ([name, trouble]): StreamView => ({ name, trouble, replay: false, rateHz: null, rows: 0, columns: [] }),
    );
    return {
      sinceMs: recording.sinceMs,
      hourMs: recording.hourMs,
      streams: [...delivering, ...failed],
      sealedHours: recording.writer.sealed,
      pictures: recording.pictures,
      waitingHours: recording.writer.waitingHours,
    };
  }
}

/** Interruptions in plain words. */
const GAPS: Readonly<Record<string, string>> = {
  hidden: 'paused: the page was hidden or the screen went off',
  frozen: 'paused: the system froze the page',
  permission: 'the permission was taken back',
  sensor: 'the sensor stopped',
  clock: 'the clock was changed',
  store: 'the device is full',
};
