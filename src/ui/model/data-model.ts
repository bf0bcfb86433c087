/**
 * What was recorded, as the Data place shows it: which hours there are and where, what their columns are called, lines of a plot,
 * pictures, export, and hour files from elsewhere.
 *
 * Invariants: asking again while nothing changed costs nothing and gives the same objects; an hour is opened in the data worker.
 */
import { errorMessage, WaystationError } from '../../core/errors.ts';
import { blobKey, type NodeId, nodeIdText, shortNodeId } from '../../core/ids.ts';
import type { HourContent } from '../../hour/types.ts';
import { type HourRecord, isOfNode, type PictureRecord, type StationRecord } from '../../station/catalog.ts';
import type { HourBody } from '../../station/entry-bodies.ts';
import { readPicture, type SealedBytes, sealedHour } from '../../station/export.ts';
import type { Space } from '../../station/space.ts';
import { stationName } from '../../station/station-name.ts';
import { TimelineCache, timelineOf } from '../../station/timeline.ts';
import { plainName, sharedNames } from '../parts/names.ts';
import { ColumnNames, type NamedHours } from './data-columns.ts';
import { Exporter, type ExportProgress, type LeftOut, type Saver } from './data-export.ts';
import {
  DEFAULT_TABLE,
  type ExportOptions,
  type ExportPart,
  firstFileName,
  type PlanOptions,
  planExport,
  tableCount,
} from './data-export-plan.ts';
import { TableSizes } from './data-export-size.ts';
import { PlotSource } from './data-plot.ts';
import type { AnyHour, ColumnView, DataModel, DataStation, FileHour, OpenedFile } from './data-port.ts';
import type { DataApi } from './data-worker.browser.ts';
import type { ModelCore } from './model-core.ts';

export interface DataPorts {
  readonly worker: DataApi;
  readonly openSaver: (
    files: { readonly count: number; readonly firstName: string },
    bytes: number,
  ) => Promise<Saver>;
}

/** What a page shows as a picture; anything else could be a document with scripts. */
const PICTURE_TYPES: ReadonlySet<string> = new Set(['image/jpeg', 'image/webp', 'image/png']);
/** Larger than any hour that was recorded, and what a phone can open in one piece. */
const MAX_OPENED_FILE_BYTES = 64 * 2 ** 20;

export class Data implements DataModel {
  readonly plot: PlotSource<AnyHour>;
  readonly #core: ModelCore;
  readonly #ports: DataPorts;
  readonly #timelines = new TimelineCache<HourRecord>();
  #stations: readonly DataStation[] = [];
  readonly #pictures = new Map<
    string,
    { readonly count: number; readonly sorted: readonly PictureRecord[] }
  >();
  readonly #columns = new ColumnNames();
  readonly #sizes = new TableSizes((station, hour) => this.#exportPorts().content(station, hour));
  #files = 0;
  #watched: Space['replica'] | undefined;
  /** How often something that was held was lost. */
  #lost = 0;

  constructor(core: ModelCore, ports: DataPorts) {
    this.#core = core;
    this.#ports = ports;
    this.plot = new PlotSource<AnyHour>({
      worker: ports.worker,
      keyOf,
      load: (hour) => this.#load(hour),
      onFacts: (station, facts) => this.#columns.learn(station, facts),
    });
  }

  stations(): readonly DataStation[] {
    let space: Space;
    try {
      space = this.#core.space();
    } catch {
      return this.#stations;
    }
    this.#watch(space);
    const versions = holdingsVersions(space);
    const shared = sharedNames(
      [...space.catalog.stations.values()].map(({ author, name }) => [author, name]),
    );
    const found = [...space.catalog.stations.values()].map((record) =>
      this.#station(space, record, versions.get(record.author) ?? 0, shared),
    );
    found.sort((a, b) => a.name.localeCompare(b.name) || (a.key < b.key ? -1 : 1));
    const isSame =
      found.length === this.#stations.length && found.every((one, i) => one === this.#stations[i]);
    if (!isSame) this.#stations = found;
    return this.#stations;
  }

  /** Notes what is lost: everything else only grows. */
  #watch({ replica }: Space): void {
    if (this.#watched === replica) return;
    this.#watched = replica;
    replica.watchHoldings((feed, seq) => {
      if (!replica.holdings(feed).has(seq)) this.#lost++;
    });
  }

  readonly #known = new Map<string, DataStation>();

  #station(space: Space, record: StationRecord, version: number, shared: ReadonlySet<string>): DataStation {
    const key = stationName(record);
    const { replica } = space;
    // The same as asking for each blob, at a tenth of the cost: positions of a feed are kept as runs.
    let runs: { readonly feed: string; readonly held: ReturnType<typeof replica.holdings> } | undefined;
    const isHeld = ({ entry }: HourRecord) => {
      const { author, feed, seq } = entry.header;
      if (runs?.feed !== feed) runs = { feed, held: replica.holdings(replica.index.keyOf(author, feed)) };
      return runs.held.has(seq);
    };
    const isInFolder = ({ entry: { header } }: HourRecord) =>
      replica.putAwayCount > 0 &&
      replica.isPutAwayAt(replica.index.keyOf(header.author, header.feed), header.seq);
    const timeline = this.#timelines.of(key, record.hours, { isHeld, isInFolder, version, lost: this.#lost });
    const pictures = this.#picturesOf(key, record.pictures);
    const id = isOfNode(record) ? nodeIdText(record.author) : record.id;
    const plain = plainName(record.name);
    const name = shared.has(plain) ? `${plain} (${shortNodeId(record.author)})` : plain || id.slice(0, 16);
    const replay = record.hours.at(-1)?.body.streams.some((stream) => stream.replay) === true;
    const known = this.#known.get(key);
    if (
      known?.timeline === timeline &&
      known.pictures === pictures &&
      known.name === name &&
      known.lockedHours === record.unopened.length &&
      known.replay === replay
    )
      return known;
    const station: DataStation = {
      key,
      id,
      name,
      timeline,
      pictures,
      lockedHours: record.unopened.length,
      replay,
    };
    this.#known.set(key, station);
    return station;
  }

  #picturesOf(key: string, pictures: readonly PictureRecord[]): readonly PictureRecord[] {
    const known = this.#pictures.get(key);
    if (known?.count === pictures.length) return known.sorted;
    const sorted = [...pictures].sort((a, b) => a.body.atMs - b.body.atMs);
    this.#pictures.set(key, { count: pictures.length, sorted });
    return sorted;
  }

  columns(stations: readonly NamedHours[]): readonly ColumnView[] {
    return this.#columns.ofAll(stations);
  }

  async learnColumns(stations: readonly DataStation[]): Promise<boolean> {
    const before = this.#columns.learnt;
    for (const { key, timeline } of stations) {
      const unknown = new Set(
        this.#columns.of({ key, timeline }).flatMap(({ name, ref }) => (name === null ? [ref.stream] : [])),
      );
      for (const stream of unknown) {
        if (this.#columns.isOpened(key, stream)) continue;
        const hour = timeline.hours.findLast(
          (one, i) => (timeline.flags[i] as number) & 1 && one.body.streams.some((s) => s.name === stream),
        );
        // What is wrong with it is told where the hour itself is shown.
        if (hour !== undefined) await this.plot.open(key, hour).catch(() => undefined);
      }
    }
    return this.#columns.learnt !== before;
  }

  isHeld(record: HourRecord | PictureRecord): boolean {
    return holdsAll(this.#core.space(), record);
  }

  isInFolder({ entry }: HourRecord | PictureRecord): boolean {
    const { replica } = this.#core.space();
    return entry.header.blobs.some((ref) => replica.isPutAway(blobKey(ref)));
  }

  async #load(hour: AnyHour): Promise<SealedBytes> {
    if ('fileKey' in hour) return { stored: hour.bytes.slice(), seal: null };
    return sealedHour(this.#core.space(), hour);
  }

  async picture(record: PictureRecord): Promise<Blob> {
    const { mediaType } = record.body;
    if (!PICTURE_TYPES.has(mediaType)) {
      throw new WaystationError(
        'malformed',
        `expected a picture as JPEG, WebP or PNG, got “${mediaType}”: it is kept and not shown`,
      );
    }
    const bytes = await readPicture(this.#core.space(), record);
    return new Blob([bytes as Uint8Array<ArrayBuffer>], { type: mediaType });
  }

  planExport(options: PlanOptions): readonly ExportPart[] {
    return planExport(options);
  }

  tableBytes(parts: readonly ExportPart[], options: ExportOptions): Promise<number> {
    return this.#sizes.measured(parts, options);
  }

  async save(
    kind: 'csv' | 'hours',
    parts: readonly ExportPart[],
    options: ExportOptions,
    signal: AbortSignal,
    onProgress: (progress: ExportProgress) => void,
  ): Promise<readonly LeftOut[]> {
    const stored = parts.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
    const tables = parts.reduce((sum, part) => sum + tableCount(part, options), 0);
    const count = kind === 'csv' ? tables : parts.reduce((sum, { hours }) => sum + hours.length, 0);
    const saver = await this.#ports.openSaver(
      { count, firstName: firstFileName(kind, parts, options) },
      kind === 'csv' ? this.#sizes.known(parts, options) : stored,
    );
    const exporter = new Exporter(this.#exportPorts(), signal, onProgress);
    return kind === 'csv' ? exporter.tables(parts, options, saver) : exporter.hourFiles(parts, saver);
  }

  #exportPorts() {
    const { worker } = this.#ports;
    const opened = async <T>(
      station: string,
      hour: AnyHour,
      read: (key: string) => Promise<T | undefined>,
    ): Promise<T> => {
      const key = keyOf(hour);
      const before = await read(key);
      if (before !== undefined) return before;
      await this.plot.open(station, hour);
      const after = await read(key);
      if (after === undefined)
        throw new WaystationError('limit', 'this hour is too large to be opened beside others');
      return after;
    };
    return {
      content: (station: string, hour: AnyHour): Promise<HourContent> =>
        opened(station, hour, (key) => worker.content(key)),
      streams: async (station: string, hour: AnyHour) => (await this.plot.open(station, hour)).streams,
      file: (station: string, hour: AnyHour) => opened(station, hour, (key) => worker.file(key)),
      turn: () => new Promise<void>((resolve) => this.#core.node().ports.clock.schedule(0, resolve)),
      nowMs: () => this.#core.node().ports.clock.monotonicMs(),
    };
  }

  async openHourFile(bytes: Uint8Array): Promise<OpenedFile> {
    if (bytes.length > MAX_OPENED_FILE_BYTES) {
      throw new WaystationError(
        'limit',
        `expected an hour file of at most ${MAX_OPENED_FILE_BYTES / 2 ** 20} MiB: this one is larger than a page can open`,
      );
    }
    const { worker } = this.#ports;
    const fileKey = `file-${++this.#files}`;
    const facts = await worker.open(fileKey, bytes.slice(), null);
    // Decoded once as a whole: damage is told before anything is drawn.
    const summaries = await worker.summary(fileKey).catch((error: unknown) => {
      throw new WaystationError('corrupt', errorMessage(error));
    });
    if (summaries === undefined) throw new WaystationError('limit', 'this hour is too large to be opened');
    const body: HourBody = {
      station: facts.station as HourBody['station'],
      stationName: facts.stationName,
      startMs: facts.startMs,
      lengthMs: facts.lengthMs,
      openId: new Uint8Array(0),
      streams: summaries.map((summary, i) => {
        const { driver = '', device = '', replay = false, columns = [] } = facts.streams[i] ?? {};
        return {
          ...summary,
          driver,
          device,
          replay,
          width: columns.length,
          columns: summary.columns.map((column, at) => ({
            ...column,
            ...(columns[at] ?? { name: '', unit: '', step: null }),
          })),
          // All of it is here.
          bands: new Uint8Array(0),
        };
      }),
      gaps: facts.gaps,
    };
    this.#columns.learn(fileKey, facts);
    const timeline = timelineOf<FileHour>([{ body, fileKey, bytes }], () => true);
    return { facts, station: { key: fileKey, name: facts.stationName, timeline } };
  }

  async saveFileCsv({ station }: OpenedFile, signal: AbortSignal): Promise<void> {
    const hour = station.timeline.hours[0] as FileHour;
    // The exporter asks of an hour what the ports answer, and those know files as well.
    const one = hour as unknown as HourRecord;
    const part: ExportPart = {
      station: { ...station, id: station.key, timeline: timelineOf([one], () => true) },
      hours: [one],
      notHereMs: [],
      storedBytes: hour.bytes.length,
    };
    const options: ExportOptions = {
      stations: [],
      fromMs: null,
      toMs: null,
      columns: null,
      table: DEFAULT_TABLE,
    };
    const saver = await this.#ports.openSaver(
      { count: 1, firstName: firstFileName('csv', [part], options) },
      this.#sizes.known([part], options),
    );
    const leftOut = await new Exporter(this.#exportPorts(), signal, () => undefined).tables(
      [part],
      options,
      saver,
    );
    const [wrong] = leftOut;
    if (wrong !== undefined) throw new WaystationError('corrupt', wrong.reason);
  }
}

function keyOf(hour: AnyHour): string {
  if ('fileKey' in hour) return hour.fileKey;
  const [ref] = hour.entry.header.blobs;
  return ref === undefined ? hour.entry.id : blobKey(ref);
}

function holdsAll({ replica }: Space, { entry }: Pick<HourRecord, 'entry'>): boolean {
  return entry.header.blobs.every((ref) => replica.holds(blobKey(ref)));
}

/** Of each author a number that changes with what is held of it. */
function holdingsVersions({ replica }: Space): Map<NodeId, number> {
  const versions = new Map<NodeId, number>();
  for (const { author, key } of replica.index.branches()) {
    const runs = replica.holdings(key);
    // Positions come one by one, and one that is lost splits a run: size and count of runs change together or alone.
    const own = runs.size * 4_096 + runs.runCount;
    versions.set(author, (versions.get(author) ?? 0) + own);
  }
  return versions;
}
