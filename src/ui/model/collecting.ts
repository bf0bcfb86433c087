/**
 * Collecting on the page: what comes, how long it takes, whether the person may leave; the limits that they set. Copying to a folder is in
 * `archiving.ts`.
 */
import type { NodeId } from '../../core/ids.ts';
import { loadPart } from '../../core/load-part.browser.ts';
import { Collecting as CollectingAtNode } from '../../station/collecting.ts';
import type { Space } from '../../station/space.ts';
import type { StationStatus } from '../../station/status.ts';
import type { ArchivePorts, Archiving } from './archiving.ts';
import { type CollectingModel, type CollectingView, NO_ARCHIVE } from './collecting-view.ts';
import { deviceName } from './members.ts';
import type { ModelCore } from './model-core.ts';
import type { StationFacts } from './station-facts.ts';
import type { StationsView } from './stations-view.ts';

export class Collecting implements CollectingModel {
  readonly #core: ModelCore;
  readonly #stations: StationsView;
  #atNode: Promise<CollectingAtNode> | undefined;
  readonly #ports: ArchivePorts | undefined;
  #archiving: Archiving | undefined;
  #loading: Promise<Archiving> | undefined;

  constructor(core: ModelCore, stations: StationsView, ports?: ArchivePorts) {
    this.#core = core;
    this.#stations = stations;
    this.#ports = ports;
  }

  /** What is to be shown now; called about once a second. */
  async look(
    space: Space,
    statuses: readonly StationStatus[],
  ): Promise<{ readonly collecting: CollectingView; readonly stationFacts: readonly StationFacts[] }> {
    const collecting = await this.#opened();
    const authors = new Set([...space.catalog.stations.values()].map(({ author }) => author));
    const through = collecting.throughOf(authors);
    // Each once: hundreds of stations may come through the same few.
    const names = new Map<NodeId, string>();
    const nameOf = (node: NodeId) => {
      const name = names.get(node) ?? deviceName(space, node);
      names.set(node, name);
      return name;
    };
    const named = (author: NodeId) => (through.get(author) ?? []).map(nameOf);
    const stationFacts = this.#stations.facts(space, statuses, named);
    this.#stations.noteReading(space.context.clock.nowMs());
    await this.#archiving?.look(space);
    const state = collecting.look();
    return {
      stationFacts,
      collecting: {
        ...state,
        met: state.pickup.reached.map(nameOf),
        bytesPerDay: this.#stations.bytesPerDay(space.context.clock.nowMs()),
        archive: this.#archiving?.view ?? { ...NO_ARCHIVE, isPossible: this.#ports?.isPossible ?? false },
      },
    };
  }

  #opened(): Promise<CollectingAtNode> {
    this.#atNode ??= this.#open().catch((error: unknown) => {
      this.#atNode = undefined;
      throw error;
    });
    return this.#atNode;
  }

  async #open(): Promise<CollectingAtNode> {
    const collecting = await CollectingAtNode.open(this.#core.node(), this.#core.space());
    if ((await this.#ports?.remembered().catch(() => undefined)) !== undefined) await this.#loaded();
    return collecting;
  }

  async #changed(change: () => Promise<void> | void): Promise<void> {
    await change();
    const { collecting } = this.#core.state;
    if (collecting === null) return;
    const state = (await this.#opened()).look();
    this.#core.set({ collecting: { ...collecting, ...state } });
  }

  setPaused(paused: boolean): Promise<void> {
    return this.#changed(async () => (await this.#opened()).limit({ paused }));
  }

  setRate(bytesPerSecond: number | null): Promise<void> {
    return this.#changed(async () => (await this.#opened()).limit({ bytesPerSecond }));
  }

  setAmount(amountBytes: number | null): Promise<void> {
    return this.#changed(async () => (await this.#opened()).limit({ amountBytes }));
  }

  dismissVisit(): void {
    void this.#core.orTell(() => this.#changed(async () => (await this.#opened()).dismissVisit()));
  }

  /** Most devices copy to no folder: the code for it is loaded when it is first wanted. */
  #loaded(): Promise<Archiving> {
    const load = async () => {
      const { Archiving } = await loadPart(() => import('./archiving.ts'));
      const archiving = new Archiving(this.#core, this.#ports);
      await archiving.open();
      this.#archiving = archiving;
      return archiving;
    };
    this.#loading ??= load().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  async chooseFolder(): Promise<void> {
    await (await this.#loaded()).chooseFolder();
  }

  async startArchive(): Promise<void> {
    await (await this.#loaded()).start();
  }

  stopArchive(): void {
    this.#archiving?.stop();
  }

  async checkArchive(): Promise<void> {
    await (await this.#loaded()).check();
  }

  async fetchFromOtherFolders(): Promise<void> {
    await (await this.#loaded()).fetchFromOtherFolders();
  }

  async forgetFolder(): Promise<void> {
    await (await this.#loaded()).forget();
  }

  async setArchiveFrees(frees: boolean): Promise<void> {
    await (await this.#loaded()).setFrees(frees);
  }
}
