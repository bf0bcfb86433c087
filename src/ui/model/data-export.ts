/**
 * Getting readings out of the page: as a table (CSV) or as the hour files themselves, one file a station or hour, piece by piece.
 *
 * Invariants: nothing is held whole in memory but one hour; an hour that is not here or cannot be read is left out and named;
 * what was asked to stop leaves no further piece.
 */
import { errorMessage, WaystationError } from '../../core/errors.ts';
import { type CsvOptions, csvRows } from '../../hour/export-csv.ts';
import type { HourContent, StreamDescriptor } from '../../hour/types.ts';
import type { HourRecord } from '../../station/catalog.ts';
import {
  type ExportOptions,
  type ExportPart,
  hourName,
  sensorsOf,
  tableCount,
  tableName,
} from './data-export-plan.ts';
import type { ColumnRef } from './data-series.ts';

/** Work of so many milliseconds is followed by a turn for the page. */
const TURN_MS = 12;

export interface LeftOut {
  readonly station: string;
  readonly startMs: number;
  readonly reason: string;
}

export interface ExportProgress {
  readonly doneHours: number;
  readonly totalHours: number;
  readonly writtenBytes: number;
}

/** Where files go. */
export interface Saver {
  file(name: string, mediaType: string): Promise<WritableStream<Uint8Array<ArrayBuffer>>>;
}

export interface ExportPorts {
  /** The hour, decoded. @throws WaystationError */
  content(station: string, hour: HourRecord): Promise<HourContent>;
  /** What its streams are, without decoding it. @throws WaystationError */
  streams(station: string, hour: HourRecord): Promise<readonly StreamDescriptor[]>;
  /** The hour's own file. @throws WaystationError */
  file(station: string, hour: HourRecord): Promise<Uint8Array>;
  /** Lets the page do what waits. */
  turn(): Promise<void>;
  nowMs(): number;
}

/** How csvRows writes a table for people. */
export function csvOptionsOf({ fromMs, toMs, table }: Omit<ExportOptions, 'stations'>): CsvOptions {
  return {
    numbers: table.ticks ? 'exact' : 'tidy',
    times: [
      'utc',
      ...(table.localTimes ? (['local'] as const) : []),
      ...(table.ticks ? (['ticks'] as const) : []),
    ],
    localOffsetMs: (ms) => -new Date(ms).getTimezoneOffset() * 60_000,
    ...(fromMs === null ? {} : { fromMs }),
    ...(toMs === null ? {} : { toMs }),
  };
}

/** Streams that the hours have readings of; a summary tells of some dozens, of the others it is not known. */
function withReadings(
  part: ExportPart,
  streams: readonly StreamDescriptor[],
  columns: readonly ColumnRef[] | null,
): readonly string[] {
  const told = new Set(part.hours.flatMap(({ body }) => body.streams.map(({ name }) => name)));
  const others = new Set(streams.map(({ name }) => name).filter((name) => !told.has(name)));
  return [...sensorsOf(part, columns), ...others];
}

/** Only the asked columns of an hour. */
export function chosenColumns(content: HourContent, columns: readonly ColumnRef[] | null): HourContent {
  if (columns === null) return content;
  const streams = content.streams.flatMap((stream) => {
    const wanted = columns.filter((one) => one.stream === stream.descriptor.name).map(({ index }) => index);
    if (wanted.length === 0) return [];
    const keep = <T>(list: readonly T[]): T[] => list.filter((_, i) => wanted.includes(i));
    return [
      {
        descriptor: { ...stream.descriptor, columns: keep(stream.descriptor.columns) },
        rows: { ...stream.rows, columns: keep(stream.rows.columns) },
      },
    ];
  });
  return { ...content, streams };
}

function chosenDescriptors(
  streams: readonly StreamDescriptor[],
  columns: readonly ColumnRef[] | null,
): StreamDescriptor[] {
  if (columns === null) return [...streams];
  return streams.flatMap((stream) => {
    const own = columns.filter((one) => one.stream === stream.name).map(({ index }) => index);
    return own.length === 0 ? [] : [{ ...stream, columns: stream.columns.filter((_, i) => own.includes(i)) }];
  });
}

/** `x (m/s2)`: units as the recording has them (UCUM), which every program reads. What is to be replayed keeps its names. */
function withUnits(stream: StreamDescriptor): StreamDescriptor {
  const columns = stream.columns.map((one) =>
    one.unit === '' ? one : { ...one, name: `${one.name} (${one.unit})` },
  );
  return { ...stream, columns };
}

function unitsNamed(content: HourContent): HourContent {
  const streams = content.streams.map((one) => ({ ...one, descriptor: withUnits(one.descriptor) }));
  return { ...content, streams };
}

/** Runs an export to its end; returns what was left out. Rejects with the signal's reason when it is stopped. */
export class Exporter {
  readonly #ports: ExportPorts;
  readonly #signal: AbortSignal;
  readonly #onProgress: (progress: ExportProgress) => void;
  readonly #leftOut = new Map<HourRecord, LeftOut>();
  #done = 0;
  #written = 0;
  #total = 0;
  #turnMs = 0;

  constructor(ports: ExportPorts, signal: AbortSignal, onProgress: (progress: ExportProgress) => void) {
    this.#ports = ports;
    this.#signal = signal;
    this.#onProgress = onProgress;
  }

  /** One table a station, or one for each of its sensors. */
  async tables(
    parts: readonly ExportPart[],
    options: ExportOptions,
    saver: Saver,
  ): Promise<readonly LeftOut[]> {
    const isApart = options.table.tables === 'apart';
    // Each hour is looked at for the header, and decoded for each table.
    this.#total = parts.reduce((sum, part) => sum + part.hours.length * (1 + tableCount(part, options)), 0);
    const names = new Set<string>();
    for (const part of parts) {
      if (part.hours.length === 0) continue;
      const streams = await this.#streamsOf(part, options);
      const sensors = isApart ? withReadings(part, streams, options.columns) : [null];
      for (const sensor of sensors) {
        // The only one needs no name beside the station's.
        const name = tableName(part, options, sensors.length === 1 ? '' : (sensor ?? ''));
        const file = await saver.file(unused(names, name), 'text/csv');
        await this.#write(file, async () => this.#table(part, options, streams, sensor));
      }
    }
    return [...this.#leftOut.values()];
  }

  /** The hour files, each as it was recorded. */
  async hourFiles(parts: readonly ExportPart[], saver: Saver): Promise<readonly LeftOut[]> {
    this.#total = parts.reduce((sum, { hours }) => sum + hours.length, 0);
    const names = new Set<string>();
    for (const { station, hours } of parts) {
      for (const hour of hours) {
        this.#signal.throwIfAborted();
        const bytes = await this.#orLeaveOut(station.key, hour, () => this.#ports.file(station.key, hour));
        this.#tick();
        if (bytes === undefined) continue;
        const name = unused(names, hourName(station.name, hour.body.startMs));
        const file = await saver.file(name, 'application/octet-stream');
        await this.#write(file, async function* () {
          yield bytes;
        });
      }
    }
    return [...this.#leftOut.values()];
  }

  async #streamsOf({ station, hours }: ExportPart, options: ExportOptions): Promise<StreamDescriptor[]> {
    const streams: StreamDescriptor[] = [];
    for (const hour of hours) {
      this.#signal.throwIfAborted();
      const own = await this.#orLeaveOut(station.key, hour, () => this.#ports.streams(station.key, hour));
      this.#tick();
      if (own === undefined) continue;
      const chosen = chosenDescriptors(own, options.columns);
      streams.push(...(options.table.ticks ? chosen : chosen.map(withUnits)));
    }
    return streams;
  }

  /** @param sensor null for all of them in one table. */
  #table(
    part: ExportPart,
    options: ExportOptions,
    streams: readonly StreamDescriptor[],
    sensor: string | null,
  ): AsyncIterable<Uint8Array> {
    const isOwn = ({ name }: StreamDescriptor) => sensor === null || name === sensor;
    const contents = this.#contents(part, options);
    const own = async function* (): AsyncIterable<HourContent> {
      for await (const content of contents)
        yield { ...content, streams: content.streams.filter(({ descriptor }) => isOwn(descriptor)) };
    };
    return this.#encoded(csvRows(own(), { ...csvOptionsOf(options), streams: streams.filter(isOwn) }));
  }

  async *#contents(
    { station, hours }: ExportPart,
    { columns, table }: ExportOptions,
  ): AsyncIterable<HourContent> {
    for (const hour of hours) {
      this.#signal.throwIfAborted();
      if (!this.#leftOut.has(hour)) {
        const content = await this.#orLeaveOut(station.key, hour, () =>
          this.#ports.content(station.key, hour),
        );
        if (content !== undefined) {
          const chosen = chosenColumns(content, columns);
          yield table.ticks ? chosen : unitsNamed(chosen);
        }
      }
      this.#tick();
    }
  }

  async *#encoded(pieces: AsyncIterable<string>): AsyncIterable<Uint8Array> {
    const encoder = new TextEncoder();
    for await (const piece of pieces) yield encoder.encode(piece);
  }

  async #orLeaveOut<T>(station: string, hour: HourRecord, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      this.#leftOut.set(hour, { station, startMs: hour.body.startMs, reason: errorMessage(error) });
      return undefined;
    }
  }

  async #write(
    file: WritableStream<Uint8Array<ArrayBuffer>>,
    pieces: () => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>,
  ): Promise<void> {
    const writer = file.getWriter();
    try {
      for await (const piece of await pieces()) {
        this.#signal.throwIfAborted();
        await writer.write(piece as Uint8Array<ArrayBuffer>);
        this.#written += piece.length;
        this.#tell();
        const nowMs = this.#ports.nowMs();
        if (nowMs - this.#turnMs > TURN_MS) {
          await this.#ports.turn();
          this.#turnMs = this.#ports.nowMs();
        }
      }
      await writer.close();
    } catch (error) {
      await writer.abort(error).catch(() => undefined);
      throw error;
    }
  }

  #tick(): void {
    this.#done++;
    this.#tell();
  }

  #tell(): void {
    this.#onProgress({ doneHours: this.#done, totalHours: this.#total, writtenBytes: this.#written });
  }
}

/** A name that was not given out yet, also to disks that take `a` and `A` for the same. */
function unused(names: Set<string>, name: string): string {
  const dot = name.lastIndexOf('.');
  for (let n = 1; ; n++) {
    const own = n === 1 ? name : `${name.slice(0, dot)} (${n})${name.slice(dot)}`;
    if (names.has(own.toLowerCase())) continue;
    names.add(own.toLowerCase());
    return own;
  }
}

/** The person stopped it. */
export function stopped(): WaystationError {
  return new WaystationError('closed', 'stopped: nothing more is written');
}
