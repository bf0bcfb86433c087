/** What the Data place sees of the page's model: see data-model.ts for how it is done. */
import type { HourRecord, PictureRecord } from '../../station/catalog.ts';
import type { HourBody } from '../../station/entry-bodies.ts';
import type { StationTimeline } from '../../station/timeline.ts';
import type { ExportProgress, LeftOut } from './data-export.ts';
import type { ExportOptions, ExportPart, PlanOptions } from './data-export-plan.ts';
import type { PlotSource } from './data-plot.ts';
import type { ColumnRef } from './data-series.ts';
import type { HourFacts } from './data-shelf.ts';

/** A file that was opened here and is in no group. */
export interface FileHour {
  readonly body: HourBody;
  readonly fileKey: string;
  readonly bytes: Uint8Array;
}

export type AnyHour = HourRecord | FileHour;

export interface DataStation {
  readonly key: string;
  /** Short, for addresses; not always enough to tell it from another. */
  readonly id: string;
  readonly name: string;
  readonly timeline: StationTimeline<HourRecord>;
  /** In order of time. */
  readonly pictures: readonly PictureRecord[];
  /** Hours that this device keeps and cannot read. */
  readonly lockedHours: number;
  /** Its latest hour was replayed from a recording. */
  readonly replay: boolean;
}

export interface ColumnView {
  readonly ref: ColumnRef;
  /** Null until an hour of the stream was opened, where its entry does not tell: of very wide streams it names some columns. */
  readonly name: string | null;
  readonly unit: string | null;
}

/** An hour file that was opened. */
export interface OpenedFile {
  readonly facts: HourFacts;
  readonly station: {
    readonly key: string;
    readonly name: string;
    readonly timeline: StationTimeline<FileHour>;
  };
}

export interface DataModel {
  /** In the order of their names; the same array until something changes. */
  stations(): readonly DataStation[];
  /** Every column that these stations have, stream by stream. */
  columns(
    stations: readonly { readonly key: string; readonly timeline: StationTimeline<AnyHour> }[],
  ): readonly ColumnView[];
  /** Opens an hour of each station some of whose columns no entry names; true when something was learnt. */
  learnColumns(stations: readonly DataStation[]): Promise<boolean>;
  readonly plot: PlotSource<AnyHour>;
  isHeld(record: HourRecord | PictureRecord): boolean;
  /** It is in a folder of the person's, and this device has let go of it. */
  isInFolder(record: HourRecord | PictureRecord): boolean;
  /** @throws WaystationError `not-found`, `no-key`, `corrupt`, `malformed` (no picture that a page should show). */
  picture(record: PictureRecord): Promise<Blob>;
  planExport(options: PlanOptions): readonly ExportPart[];
  /** How large tables become, bytes: counted from summaries, and measured on an hour that is opened for it. */
  tableBytes(parts: readonly ExportPart[], options: ExportOptions): Promise<number>;
  /** Writes tables or hour files. Rejects with the signal's reason when stopped. */
  save(
    kind: 'csv' | 'hours',
    parts: readonly ExportPart[],
    options: ExportOptions,
    signal: AbortSignal,
    onProgress: (progress: ExportProgress) => void,
  ): Promise<readonly LeftOut[]>;
  /** @throws WaystationError `malformed`, `limit`, `corrupt`: not an hour file, too large, damaged. */
  openHourFile(bytes: Uint8Array): Promise<OpenedFile>;
  /** The table of an hour file that was opened. */
  saveFileCsv(file: OpenedFile, signal: AbortSignal): Promise<void>;
}
