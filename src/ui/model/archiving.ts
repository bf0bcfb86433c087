/**
 * Copying to a folder on the page: which folder, how far it is, checking it, and freeing room for what is there. The code that does it is
 * loaded when it is first wanted.
 */
import { msg, str } from '@lit/localize';
import { errorMessage, isWaystationError, WaystationError } from '../../core/errors.ts';
import { loadPart } from '../../core/load-part.browser.ts';
import type { Archive, ArchiveItem, LeftOut } from '../../station/archive.ts';
import { Pace } from '../../station/collecting-pace.ts';
import type { Space } from '../../station/space.ts';
import type { ArchiveFolder } from '../../store/archive-folder.ts';
import { type ArchiveView, NO_ARCHIVE } from './collecting-view.ts';
import type { ModelCore } from './model-core.ts';

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
/** Copied before it is looked again what there is, and whether room is to be freed. */
const SLICE_FILES = 256;
/** How often room is freed, and what came is copied by itself, at most: what was written within a minute is not let go of yet. */
const FREE_EVERY_MS = 60_000;
/** Less room than this, beside what is still to come, is short: an hour with its pictures, and what is being recorded meanwhile. */
const RESERVE_BYTES = 64 * 2 ** 20;
const FREES_KEY = 'archive/frees-room';

export class Archiving {
  readonly #core: ModelCore;
  readonly #ports: ArchivePorts | undefined;
  #archive: { readonly folder: ArchiveFolder; readonly archive: Archive } | undefined;
  #view: ArchiveView;
  #stopping: AbortController | undefined;
  /** What is done without having been asked for; a person's wish ends it. */
  #tending: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;
  /** A person stopped copying: nothing is copied until they say so. */
  #isStopped = false;
  #freedMs = Number.NEGATIVE_INFINITY;
  #copiedMs = Number.NEGATIVE_INFINITY;
  readonly #pace = new Pace();
  /** What was held when the folder was last counted, and when that was. */
  #counted = { held: 0, atMs: Number.NEGATIVE_INFINITY };

  constructor(core: ModelCore, ports?: ArchivePorts) {
    this.#core = core;
    this.#ports = ports;
    this.#view = { ...NO_ARCHIVE, isPossible: ports?.isPossible ?? false };
  }

  get view(): ArchiveView {
    return this.#view;
  }

  /** Reads back what was chosen before. */
  async open(): Promise<void> {
    const folder = await this.#ports?.remembered().catch(() => undefined);
    const frees = (await this.#core.node().ports.store.state.get(FREES_KEY))?.[0] === 1;
    this.#view = { ...this.#view, frees };
    if (folder !== undefined) this.#view = { ...this.#view, phase: 'idle', folder: folder.name };
  }

  /** Called about once a second. */
  async look(space: Space): Promise<void> {
    await this.#recount(space);
    if (this.#tending !== undefined || this.#stopping !== undefined || this.#view.phase !== 'idle') return;
    if (this.#archive === undefined || this.#isStopped || this.#wantedBytes(space) <= 0) return;
    const { files, totalFiles } = this.#view;
    const { folder } = this.#archive;
    const nowMs = space.context.clock.monotonicMs();
    // What cannot be copied would be tried again every second.
    if (files !== null && files < totalFiles && nowMs - this.#copiedMs >= FREE_EVERY_MS)
      this.#tend((signal) => this.#copy(folder, signal));
    else if (this.#isDue(space)) this.#tend((signal) => this.#free(signal));
  }

  async chooseFolder(): Promise<void> {
    const folder = await this.#ports?.pick();
    if (folder === undefined) return;
    await this.#endTending();
    this.#archive = undefined;
    const { frees } = this.#view;
    this.#show({ ...NO_ARCHIVE, frees, isPossible: true, phase: 'idle', folder: folder.name });
    await this.#copyTo(folder);
  }

  async start(): Promise<void> {
    await this.#copyTo(await this.#folder());
  }

  stop(): void {
    this.#isStopped = true;
    const reason = new WaystationError('closed', 'stopped by the person');
    this.#stopping?.abort(reason);
    this.#tending?.stop.abort(reason);
  }

  /** @throws WaystationError `store-full`. */
  async setFrees(frees: boolean): Promise<void> {
    await this.#core.node().ports.store.state.put(FREES_KEY, Uint8Array.of(frees ? 1 : 0), 'relaxed');
    this.#show({ frees });
  }

  async check(): Promise<void> {
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

  async fetchFromOtherFolders(): Promise<void> {
    const folder = await this.#folder();
    const { archive } = await this.#archiveOf(folder);
    await archive.wantFromOtherFolders();
    await this.#count(archive);
  }

  async forget(): Promise<void> {
    this.stop();
    await this.#endTending();
    await (await this.#ports?.remembered())?.forget();
    this.#archive = undefined;
    this.#show({ ...NO_ARCHIVE, isPossible: this.#view.isPossible, frees: this.#view.frees });
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
    const { Archive, archiveItems } = await loadPart(() => import('../../station/archive.ts'));
    const space = this.#core.space();
    if (this.#archive?.folder !== folder)
      this.#archive = { folder, archive: await Archive.open(space, folder) };
    this.#noteCount(space);
    return { archive: this.#archive.archive, items: archiveItems(space) };
  }

  #copyTo(folder: ArchiveFolder): Promise<void> {
    this.#isStopped = false;
    return this.#busy('running', (signal) => this.#copy(folder, signal));
  }

  async #copy(folder: ArchiveFolder, signal: AbortSignal): Promise<void> {
    this.#pace.reset();
    const { clock } = this.#core.node().ports;
    this.#copiedMs = clock.monotonicMs();
    const leftOut = new Map<string, LeftOut>();
    // What comes while it runs is copied as well.
    for (;;) {
      const { archive, items } = await this.#archiveOf(folder);
      const { totalFiles, totalBytes, onlyThere, inOtherFolders, ...start } = archive.counts(items);
      let { files, bytes } = start;
      const tell = () => {
        this.#pace.note(clock.monotonicMs(), bytes, totalBytes - bytes);
        const leftMs = this.#pace.leftMs;
        this.#show({ files, totalFiles, bytes, totalBytes, onlyThere, inOtherFolders, leftMs });
      };
      tell();
      const pending = archive.pending(items).filter(({ key }) => !leftOut.has(key));
      if (pending.length === 0) break;
      let toldMs = clock.monotonicMs();
      const left = await archive.run(pending.slice(0, SLICE_FILES), signal, (item) => {
        files++;
        bytes += item.bytes;
        if (clock.monotonicMs() - toldMs < TELL_MS) return;
        toldMs = clock.monotonicMs();
        tell();
      });
      for (const one of left) leftOut.set(one.item.key, one);
      if (this.#isDue(this.#core.space())) await this.#free(signal);
    }
    if (leftOut.size > 0) this.#show({ error: leftOutText([...leftOut.values()]) });
  }

  /** How much room is to be made: all that can be when the person wants that, else what is short for what is still to come. */
  #wantedBytes({ replica }: Space): number {
    if (this.#view.frees) return Number.POSITIVE_INFINITY;
    const { storage, collecting } = this.#core.state;
    const needed = replica.blobBytes().missing + RESERVE_BYTES;
    // Browsers tell of room that there is not: what could not be stored is believed more.
    if (collecting?.isFull === true) return needed;
    return storage.freeBytes === null ? 0 : Math.max(0, needed - storage.freeBytes);
  }

  #isDue(space: Space): boolean {
    return space.context.clock.monotonicMs() - this.#freedMs >= FREE_EVERY_MS && this.#wantedBytes(space) > 0;
  }

  async #free(signal: AbortSignal): Promise<void> {
    const archive = this.#archive?.archive;
    if (archive === undefined) return;
    const { freeRoom } = await loadPart(() => import('../../station/archive-room.ts'));
    const space = this.#core.space();
    this.#freedMs = space.context.clock.monotonicMs();
    const { onlyHere } = await freeRoom(space, archive, this.#wantedBytes(space), signal);
    this.#show({ onlyHere });
    await this.#count(archive);
  }

  /** More may be held by now than when the folder was counted: “all of it” would not be true any more. */
  async #recount(space: Space): Promise<void> {
    const { phase, files } = this.#view;
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
    const { archiveItems } = await loadPart(() => import('../../station/archive.ts'));
    const space = this.#core.space();
    this.#noteCount(space);
    this.#show(archive.counts(archiveItems(space)));
  }

  /** Does something that nobody asked for just now, as long as nobody asks for something else. */
  #tend(work: (signal: AbortSignal) => Promise<void>): void {
    const stop = new AbortController();
    const done = work(stop.signal)
      .catch((error: unknown) => {
        if (!stop.signal.aborted) this.#show({ phase: 'failed', error: errorMessage(error) });
      })
      .finally(() => {
        this.#tending = undefined;
        this.#show({ leftMs: null });
      });
    this.#tending = { stop, done };
  }

  async #endTending(): Promise<void> {
    const tending = this.#tending;
    tending?.stop.abort(new WaystationError('closed', 'something else was asked for'));
    await tending?.done;
  }

  /** One thing at a time with the folder. */
  async #busy(phase: 'running' | 'checking', work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (this.#stopping !== undefined) return;
    const stopping = new AbortController();
    this.#stopping = stopping;
    this.#show({ phase, error: null, leftMs: null, checked: null });
    try {
      await this.#endTending();
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
    this.#view = { ...this.#view, ...change };
    const { collecting } = this.#core.state;
    if (collecting !== null) this.#core.set({ collecting: { ...collecting, archive: this.#view } });
  }
}

function leftOutText(leftOut: readonly LeftOut[]): string {
  const why = errorMessage(leftOut[0]?.error);
  return leftOut.length === 1
    ? msg(str`1 hour or picture could not be copied: ${why}`)
    : msg(str`${leftOut.length} hours and pictures could not be copied. The first of them: ${why}`);
}
