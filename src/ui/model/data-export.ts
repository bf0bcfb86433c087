/**
 * Getting readings out of the page: as a table (CSV) or as the hour files themselves, one file a station or hour, piece by piece.
 *
 * Invariants: nothing is held whole in memory but one hour; an hour that is not here or cannot be read is left out and named;
 * what was asked to stop leaves no further piece.
 */
import { errorMessage, WaystationError } from '../../core/errors.ts';
import { csvRows } from '../../hour/export-csv.ts';
import type { HourContent, StreamDescriptor } from '../../hour/types.ts';
import type { HourRecord } from '../../station/catalog.ts';
import { HOUR_HELD, hoursWithin, type StationTimeline } from '../../station/timeline.ts';
import type { ColumnRef } from './data-series.ts';

/** Work of so many milliseconds is followed by a turn for the page. */
const TURN_MS = 12;

export interface ExportStation {
  readonly key: string;
  readonly id: string;
  readonly name: string;
  readonly timeline: StationTimeline<HourRecord>;
}

export interface ExportOptions {
  readonly stations: readonly ExportStation[];
  /** Null: from the first reading, to the last. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
  /** Null: all of them. */
  readonly columns: readonly ColumnRef[] | null;
  /** A second column with each time as ISO 8601 in UTC. */
  readonly isoTimes: boolean;
}

/** One station's part of an export. */
export interface ExportPart {
  readonly station: ExportStation;
  readonly hours: readonly HourRecord[];
  /** Starts of the hours in the range that are not on this device. */
  readonly notHereMs: readonly number[];
  /** Bytes of the hours, as they are stored. */
  readonly storedBytes: number;
}

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

/** What an export would take in, and what it would leave out. */
export function planExport(options: Omit<ExportOptions, 'columns' | 'isoTimes'>): ExportPart[] {
  const fromMs = options.fromMs ?? Number.NEGATIVE_INFINITY;
  const toMs = options.toMs ?? Number.POSITIVE_INFINITY;
  return options.stations.map((station) => {
    const { timeline } = station;
    const { first, end } = hoursWithin(timeline, fromMs, toMs);
    const hours: HourRecord[] = [];
    const notHereMs: number[] = [];
    let storedBytes = 0;
    for (let i = first; i < end; i++) {
      const hour = timeline.hours[i] as HourRecord;
      if ((timeline.endMs[i] as number) <= fromMs) continue;
      if (((timeline.flags[i] as number) & HOUR_HELD) === 0) {
        notHereMs.push(hour.body.startMs);
        continue;
      }
      hours.push(hour);
      storedBytes += hour.entry.header.blobs[0]?.size ?? 0;
    }
    return { station, hours, notHereMs, storedBytes };
  });
}

/** A table's or hour's name on disk: nothing that a file system or a shell could take amiss. */
export function fileName(text: string): string {
  const plain = [...text.normalize('NFC')]
    .map((char) => (/[\p{L}\p{N} ._-]/u.test(char) ? char : '-'))
    .join('')
    .replace(/^[.\s]+|[.\s]+$/g, '')
    .slice(0, 100);
  return plain === '' ? 'station' : plain;
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

const TICK_DIGITS: Readonly<Record<string, number>> = { t_s: 9, t_ms: 6, t_us: 3, t_ns: 0 };

/** `2026-03-01T14:00:00.123456Z` of a time in a table's own ticks; as many digits as there are. */
export function isoOf(ticks: string, digits: number): string {
  const [whole = '0', fraction = ''] = ticks.split('.');
  const ns = BigInt(`${whole}${fraction.padEnd(digits, '0').slice(0, digits)}`);
  const rest = ((ns % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const iso = new Date(Number((ns - rest) / 1_000_000n)).toISOString();
  const finer = String(rest).padStart(6, '0').replace(/0+$/, '');
  return finer === '' ? iso : `${iso.slice(0, -1)}${finer}Z`;
}

/** Where the rows begin. Names in the header may be quoted, and have lines of their own then. */
function headerEnd(piece: string): number {
  let isQuoted = false;
  for (let i = 0; i < piece.length; i++) {
    if (piece[i] === '"') isQuoted = !isQuoted;
    else if (piece[i] === '\n' && !isQuoted) return i + 1;
  }
  return piece.length;
}

/** Pieces of whole lines, with a second column `time_utc`. */
export async function* withIsoTimes(pieces: AsyncIterable<string>): AsyncIterable<string> {
  let digits: number | undefined;
  for await (const piece of pieces) {
    let rows = piece;
    let text = '';
    if (digits === undefined) {
      const end = headerEnd(piece);
      const [first = ''] = piece.split(/[,\n]/, 1);
      digits = TICK_DIGITS[first] ?? 6;
      text = `${first},time_utc${piece.slice(first.length, end)}`;
      rows = piece.slice(end);
    }
    const lines = rows.split('\n');
    lines.pop();
    for (const line of lines) {
      const comma = line.indexOf(',');
      const at = comma < 0 ? line.length : comma;
      const first = line.slice(0, at);
      text += `${first},${isoOf(first, digits)}${line.slice(at)}\n`;
    }
    yield text;
  }
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

  /** One table a station. */
  async tables(
    parts: readonly ExportPart[],
    options: ExportOptions,
    saver: Saver,
  ): Promise<readonly LeftOut[]> {
    // Each hour is looked at for the header, and decoded.
    this.#total = 2 * parts.reduce((sum, { hours }) => sum + hours.length, 0);
    const names = new Set<string>();
    for (const part of parts) {
      if (part.hours.length === 0) continue;
      const file = await saver.file(`${unused(names, fileName(part.station.name))}.csv`, 'text/csv');
      await this.#write(file, () => this.#table(part, options));
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
        const start = new Date(hour.body.startMs).toISOString().replace(/[:.]/g, '').replace('000Z', 'Z');
        const name = unused(names, fileName(`${station.name} ${start}`));
        const file = await saver.file(`${name}.hour`, 'application/octet-stream');
        await this.#write(file, async function* () {
          yield bytes;
        });
      }
    }
    return [...this.#leftOut.values()];
  }

  async #table(part: ExportPart, options: ExportOptions): Promise<AsyncIterable<Uint8Array>> {
    const { station, hours } = part;
    const streams: StreamDescriptor[] = [];
    for (const hour of hours) {
      this.#signal.throwIfAborted();
      const own = await this.#orLeaveOut(station.key, hour, () => this.#ports.streams(station.key, hour));
      this.#tick();
      if (own !== undefined) streams.push(...chosenDescriptors(own, options.columns));
    }
    const contents = this.#contents(part, options.columns);
    const rows = csvRows(contents, {
      streams,
      ...(options.fromMs === null ? {} : { fromMs: options.fromMs }),
      ...(options.toMs === null ? {} : { toMs: options.toMs }),
    });
    return this.#encoded(options.isoTimes ? withIsoTimes(rows) : rows);
  }

  async *#contents(
    { station, hours }: ExportPart,
    columns: readonly ColumnRef[] | null,
  ): AsyncIterable<HourContent> {
    for (const hour of hours) {
      this.#signal.throwIfAborted();
      if (!this.#leftOut.has(hour)) {
        const content = await this.#orLeaveOut(station.key, hour, () =>
          this.#ports.content(station.key, hour),
        );
        if (content !== undefined) yield chosenColumns(content, columns);
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

function unused(names: Set<string>, name: string): string {
  for (let n = 1; ; n++) {
    const own = n === 1 ? name : `${name} (${n})`;
    if (names.has(own)) continue;
    names.add(own);
    return own;
  }
}

/** The person stopped it. */
export function stopped(): WaystationError {
  return new WaystationError('closed', 'stopped: nothing more is written');
}
