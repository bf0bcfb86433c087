/**
 * Collecting on the page: what comes, how long it takes, whether the person may leave; the limits that they set; copying to a folder.
 * The code that copies is loaded when it is first wanted.
 */
import { msg, str } from '@lit/localize';
import { errorMessage, isWaystationError, WaystationError } from '../../core/errors.ts';
import { type NodeId, shortNodeId } from '../../core/ids.ts';
import type { Archive, ArchiveItem, LeftOut } from '../../station/archive.ts';
import { Collecting as CollectingAtNode } from '../../station/collecting.ts';
import { Pace } from '../../station/collecting-pace.ts';
import type { Space } from '../../station/space.ts';
import { nodeName, type StationStatus } from '../../station/status.ts';
import type { ArchiveFolder } from '../../store/archive-folder.ts';
import { plainName } from '../parts/names.ts';
import type { ArchiveView, CollectingModel, CollectingView } from './collecting-view.ts';
import type { ModelCore } from './model-core.ts';
import type { StationFacts } from './station-facts.ts';
import type { StationsView } from './stations-view.ts';

/** A folder chosen before. */
export interface KeptFolder {
  readonly name: string;
  /** Asks the person where the browser wants that (call from a tap); undefined when they refuse. */
  open(): Promise<ArchiveFolder | undefined>;
  forget(): Promise<void>;
}

export interface ArchivePorts {
  readonly isPossible: boolean;
  /** Call from a tap; undefined when the person chose none. */
  readonly pick: () => Promise<ArchiveFolder | undefined>;
  readonly remembered: () => Promise<KeptFolder | undefined>;
}

/** How often progress is shown: a folder takes thousands of small files a second at best. */
const TELL_MS = 250;
/** How often it is looked whether more is held than was counted: thousands of hours are walked for it. */
const RECOUNT_MS = 5_000;

const NO_ARCHIVE: ArchiveView = {
  isPossible: false,
  phase: 'none',
  folder: null,
  files: null,
  totalFiles: 0,
  bytes: 0,
  totalBytes: 0,
  leftMs: null,
  error: null,
  checked: null,
};

export class Collecting implements CollectingModel {
  readonly #core: ModelCore;
  readonly #stations: StationsView;
  readonly #ports: ArchivePorts | undefined;
  #atNode: Promise<CollectingAtNode> | undefined;
  #archive: { readonly folder: ArchiveFolder; readonly archive: Archive } | undefined;
  #archiveView: ArchiveView;
  #stopping: AbortController | undefined;
  readonly #pace = new Pace();
  /** What was held when the folder was last counted, and when that was. */
  #counted = { held: 0, atMs: Number.NEGATIVE_INFINITY };

  constructor(core: ModelCore, stations: StationsView, ports?: ArchivePorts) {
    this.#core = core;
    this.#stations = stations;
    this.#ports = ports;
    this.#archiveView = { ...NO_ARCHIVE, isPossible: ports?.isPossible ?? false };
  }

  /** What is to be shown now; called about once a second. */
  async look(
    space: Space,
    statuses: readonly StationStatus[],
  ): Promise<{ readonly collecting: CollectingView; readonly stationFacts: readonly StationFacts[] }> {
    const collecting = await this.#opened();
    const authors = new Set([...space.catalog.stations.values()].map(({ author }) => author));
    const through = collecting.throughOf(authors);
    const named = (author: NodeId) => (through.get(author) ?? []).map((node) => deviceName(space, node));
    const stationFacts = this.#stations.facts(space, statuses, named);
    this.#stations.noteReading(space.context.clock.nowMs());
    await this.#recount(space);
    const state = collecting.look();
    return {
      stationFacts,
      collecting: {
        ...state,
        met: state.pickup.reached.map((node) => deviceName(space, node)),
        bytesPerDay: this.#stations.bytesPerDay(space.context.clock.nowMs()),
        archive: this.#archiveView,
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
    const folder = await this.#ports?.remembered().catch(() => undefined);
    if (folder !== undefined)
      this.#archiveView = { ...this.#archiveView, phase: 'idle', folder: folder.name };
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

  async chooseFolder(): Promise<void> {
    const folder = await this.#ports?.pick();
    if (folder === undefined) return;
    this.#archive = undefined;
    this.#show({ ...NO_ARCHIVE, isPossible: true, phase: 'idle', folder: folder.name });
    await this.#copyTo(folder);
  }

  async startArchive(): Promise<void> {
    await this.#copyTo(await this.#folder());
  }

  stopArchive(): void {
    this.#stopping?.abort(new WaystationError('closed', 'stopped by the person'));
  }

  async checkArchive(): Promise<void> {
    const folder = await this.#folder();
    await this.#busy('checking', async (signal) => {
      const { archive } = await this.#archiveOf(folder);
      let files = 0;
      const tell = (damaged: readonly string[]) => this.#show({ checked: { files, damaged } });
      tell([]);
      const { clock } = this.#core.node().ports;
      let toldMs = clock.monotonicMs();
      const damaged = await archive.verify(signal, () => {
        files++;
        if (clock.monotonicMs() - toldMs < TELL_MS) return;
        toldMs = clock.monotonicMs();
        tell([]);
      });
      tell(damaged);
      await this.#count(archive);
    });
  }

  async forgetFolder(): Promise<void> {
    this.stopArchive();
    await (await this.#ports?.remembered())?.forget();
    this.#archive = undefined;
    this.#show({ ...NO_ARCHIVE, isPossible: this.#archiveView.isPossible });
  }

  /** The folder that was chosen, asked for again where the browser wants that. */
  async #folder(): Promise<ArchiveFolder> {
    if (this.#archive !== undefined) return this.#archive.folder;
    const folder = await (await this.#ports?.remembered())?.open();
    if (folder === undefined)
      throw new WaystationError(
        'unavailable',
        'this page may not write to the folder: allow it, or choose another',
      );
    return folder;
  }

  async #archiveOf(folder: ArchiveFolder): Promise<{ archive: Archive; items: ArchiveItem[] }> {
    const { Archive, archiveItems } = await import('../../station/archive.ts');
    const space = this.#core.space();
    if (this.#archive?.folder !== folder)
      this.#archive = { folder, archive: await Archive.open(space, folder) };
    this.#noteCount(space);
    return { archive: this.#archive.archive, items: archiveItems(space) };
  }

  async #copyTo(folder: ArchiveFolder): Promise<void> {
    await this.#busy('running', async (signal) => {
      this.#pace.reset();
      const { clock } = this.#core.node().ports;
      let leftOut: readonly LeftOut[] = [];
      // What comes while it runs is copied as well.
      for (let before = -1; ; ) {
        const { archive, items } = await this.#archiveOf(folder);
        const { totalFiles, totalBytes, ...start } = archive.counts(items);
        let { files, bytes } = start;
        const tell = () => {
          this.#pace.note(clock.monotonicMs(), bytes, totalBytes - bytes);
          this.#show({ files, totalFiles, bytes, totalBytes, leftMs: this.#pace.leftMs });
        };
        tell();
        if (items.length === before) break;
        before = items.length;
        let toldMs = clock.monotonicMs();
        leftOut = await archive.run(items, signal, (item) => {
          files++;
          bytes += item.bytes;
          if (clock.monotonicMs() - toldMs < TELL_MS) return;
          toldMs = clock.monotonicMs();
          tell();
        });
      }
      if (leftOut.length > 0) this.#show({ error: leftOutText(leftOut) });
    });
  }

  /** More may be held by now than when the folder was counted: “all of it” would not be true any more. */
  async #recount(space: Space): Promise<void> {
    const { phase, files } = this.#archiveView;
    if (this.#archive === undefined || files === null || phase === 'running' || phase === 'checking') return;
    const { held, atMs } = this.#counted;
    if (space.replica.blobCounts().held === held) return;
    if (space.context.clock.monotonicMs() - atMs < RECOUNT_MS) return;
    await this.#count(this.#archive.archive);
  }

  #noteCount({ replica, context }: Space): void {
    this.#counted = { held: replica.blobCounts().held, atMs: context.clock.monotonicMs() };
  }

  async #count(archive: Archive): Promise<void> {
    const { archiveItems } = await import('../../station/archive.ts');
    const space = this.#core.space();
    this.#noteCount(space);
    this.#show(archive.counts(archiveItems(space)));
  }

  /** One thing at a time with the folder. */
  async #busy(phase: 'running' | 'checking', work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (this.#stopping !== undefined) return;
    const stopping = new AbortController();
    this.#stopping = stopping;
    this.#show({ phase, error: null, leftMs: null, checked: null });
    try {
      await work(stopping.signal);
      this.#show({ phase: 'idle', leftMs: null });
    } catch (error) {
      const isStopped = stopping.signal.aborted && isWaystationError(error, 'closed');
      this.#show({
        phase: isStopped ? 'idle' : 'failed',
        error: isStopped ? null : errorMessage(error),
        leftMs: null,
        // A check that was cut short says nothing of the rest.
        checked: null,
      });
    } finally {
      this.#stopping = undefined;
    }
  }

  #show(change: Partial<ArchiveView>): void {
    this.#archiveView = { ...this.#archiveView, ...change };
    const { collecting } = this.#core.state;
    if (collecting !== null) this.#core.set({ collecting: { ...collecting, archive: this.#archiveView } });
  }
}

function leftOutText(leftOut: readonly LeftOut[]): string {
  const why = errorMessage(leftOut[0]?.error);
  return leftOut.length === 1
    ? msg(str`1 hour or picture could not be copied: ${why}`)
    : msg(str`${leftOut.length} hours and pictures could not be copied. The first of them: ${why}`);
}

function deviceName(space: Space, node: NodeId): string {
  return plainName(nodeName(space, node)) || shortNodeId(node);
}
