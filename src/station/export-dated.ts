/**
 * A station's readings as Parquet files, one for each stream and UTC day, with the same columns on every day.
 *
 * The hours are gone through twice. First their descriptions alone: which days they have readings of, and what columns and what
 * fineness of time each stream has anywhere. Then day after day with their values, so that no more is in memory than one hour and what
 * waits for its row group. A reading belongs to the day of its own time, also when its hour's slot is another day's.
 *
 * Invariants: every row in the range is written once, or its hour is left out and told; what an hour says of a stream stands in the
 * file of the day on which its slot begins, even without rows, and in every file that has rows of it; nothing has its final name
 * before it is whole.
 */
import { WaystationError } from '../core/errors.ts';
import { decodeHour, decodeHourBlock, readHourHeader } from '../hour/container.ts';
import { FactLedger } from '../hour/export-facts.ts';
import { DistinctNames, pathName } from '../hour/export-names.ts';
import { checkTimes, ParquetTable, parquetNames, type TimeUnit } from '../hour/export-parquet.ts';
import { rowsWhere, rowsWithin } from '../hour/export-range.ts';
import type { HourHeader, StreamIndex } from '../hour/header.ts';
import { MAX_TIME_MS } from '../hour/limits.ts';
import type { ColumnDescriptor, HourContent, HourStream } from '../hour/types.ts';
import type { HourRecord } from './catalog.ts';
import type { ExportRange, HoursInRange } from './export.ts';
import { checkStream } from './export-texts.ts';

const DAY_MS = 86_400_000;
/** Days that one hour may have readings of: after clocks that were set back there are some; each is a further look at the hour. */
const MAX_HOUR_DAYS = 400;
/** Columns of one station's streams together, whenever they were there; more are not one station's sensors. */
const MAX_TABLE_COLUMNS = 16_384;
/** Values of all files of a day that wait in memory: 64 MiB of float64. */
const MAX_WAITING_CELLS = 2 ** 23;

/** A file in the making. */
export interface DatedFile {
  write(piece: Uint8Array): Promise<void>;
  /** Gives it its name. */
  finish(): Promise<void>;
  /** Takes it back, if it is not finished. */
  discard(): Promise<void>;
}

/** Where the files go. */
export interface DatedFiles {
  /** @throws WaystationError `conflict` when there is such a file that may not be replaced. */
  check(date: string, name: string): Promise<void>;
  create(date: string, name: string): Promise<DatedFile>;
}

export interface DatedResult {
  readonly rows: number;
  readonly files: number;
}

/** What is known of a stream after the first look. */
interface PlannedStream {
  readonly fileName: string;
  /** Names in the table, by {@link columnKeys}. */
  readonly columns: Map<string, string>;
  readonly nameOf: (column: string) => string;
  unit: TimeUnit;
}

interface PlannedDay {
  readonly records: HourRecord[];
  readonly streams: Set<string>;
}

interface Plan {
  readonly streams: Map<string, PlannedStream>;
  readonly days: Map<number, PlannedDay>;
}

/**
 * Writes the files, those of one day before those of the next.
 * @param maxWaitingCells values that may wait in memory for their row groups, of all files of a day.
 * @throws WaystationError `not-found` when no hour has the stream that was asked for, `conflict` when a file is there already, before
 * anything is written; `limit`, `unavailable`.
 */
export async function exportDated(
  hours: HoursInRange,
  range: ExportRange,
  files: DatedFiles,
  maxWaitingCells = MAX_WAITING_CELLS,
): Promise<DatedResult> {
  const plan = await planOf(hours, range);
  const days = [...plan.days].sort(([a], [b]) => a - b);
  for (const [day, { streams }] of days)
    for (const name of streams) await files.check(dateOf(day), planned(plan, name).fileName);
  const exporter = new DayExporter(hours, range, plan, files, maxWaitingCells);
  for (const [day, { records }] of days) await exporter.day(day, records);
  return { rows: exporter.rows, files: exporter.files };
}

function planned(plan: Plan, name: string): PlannedStream {
  const found = plan.streams.get(name);
  if (found === undefined) throw new Error(`stream ${name} was not in its hour's description`);
  return found;
}

function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().replace(/T.*$/, '');
}

function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS);
}

/** Names of columns; the same name twice in a stream is two columns. */
function columnKeys(columns: readonly ColumnDescriptor[]): string[] {
  const seen = new Map<string, number>();
  return columns.map(({ name }) => {
    const nth = (seen.get(name) ?? 0) + 1;
    seen.set(name, nth);
    return `${nth} ${name}`;
  });
}

async function planOf(hours: HoursInRange, range: ExportRange): Promise<Plan> {
  const plan: Plan = { streams: new Map(), days: new Map() };
  const fileNames = new DistinctNames();
  let columns = 0;
  const ordered = [...hours.records].sort((a, b) => a.body.startMs - b.body.startMs);
  for (const record of ordered) {
    const look = await hours.read(record, (file) => lookInto(file, range));
    for (const { stream, days } of look ?? []) {
      const { name, tickNs } = stream.descriptor;
      const known = plan.streams.get(name) ?? {
        fileName: fileNames.take(pathName(name)),
        columns: new Map<string, string>(),
        nameOf: parquetNames(),
        unit: 'MICROS',
      };
      plan.streams.set(name, known);
      if (tickNs === 1 || stream.blocks.some((block) => block.tickNs === 1)) known.unit = 'NANOS';
      for (const [c, key] of columnKeys(stream.descriptor.columns).entries()) {
        if (known.columns.has(key)) continue;
        known.columns.set(key, known.nameOf(stream.descriptor.columns[c]?.name ?? ''));
        if (++columns > MAX_TABLE_COLUMNS) throw tooManyColumns();
      }
      for (const day of days) {
        const { records, streams } = plan.days.get(day) ?? { records: [], streams: new Set() };
        plan.days.set(day, { records, streams });
        if (records.at(-1) !== record) records.push(record);
        streams.add(name);
      }
    }
  }
  checkStream(plan.streams.size > 0, range);
  return plan;
}

function tooManyColumns(): WaystationError {
  return new WaystationError(
    'limit',
    `expected at most ${MAX_TABLE_COLUMNS} columns in the streams of a station, got more: export a shorter range, or one --stream`,
  );
}

interface Look {
  readonly stream: StreamIndex;
  readonly days: ReadonlySet<number>;
}

/** Which streams an hour has, and the days in the range that it is to stand in. @throws WaystationError */
function lookInto(file: Uint8Array, range: ExportRange): Look[] {
  const header = readHourHeader(file);
  return header.streams
    .filter(({ descriptor }) => range.stream === undefined || descriptor.name === range.stream)
    .map((stream) => ({ stream, days: daysOf(file, header, stream, range) }));
}

function daysOf(
  file: Uint8Array,
  { startMs, dataAt }: HourHeader,
  { blocks }: StreamIndex,
  { fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY }: ExportRange,
): ReadonlySet<number> {
  const days = new Set<number>([dayOf(startMs)]);
  for (const block of blocks) {
    const { firstTick, lastTick, tickNs } = block;
    const dayAt = (tick: number) => dayOf(startMs + Math.floor((tick * tickNs) / 1e6));
    const [first, last] = [dayAt(firstTick), dayAt(lastTick)];
    days.add(first).add(last);
    if (last - first > 1) {
      const from = dataAt + block.offset;
      const { ticks } = decodeHourBlock(file.subarray(from, from + block.length), block, 0);
      for (const tick of ticks) days.add(dayAt(tick));
    }
    if (days.size > MAX_HOUR_DAYS) throw strewn();
  }
  const wanted = [...days].filter((day) => day >= dayOf(fromMs) && day <= dayOf(toMs));
  if (wanted.some((day) => (Math.abs(day) + 1) * DAY_MS > MAX_TIME_MS)) throw noDates();
  return new Set(wanted);
}

function strewn(): WaystationError {
  return new WaystationError(
    'limit',
    `readings of more than ${MAX_HOUR_DAYS} days in one hour: export it as csv`,
  );
}

function noDates(): WaystationError {
  return new WaystationError('malformed', 'times that are no dates: export it as csv');
}

/** One file of the day that is being written. */
interface OpenTable {
  readonly table: ParquetTable;
  readonly ledger: FactLedger;
  readonly file: DatedFile;
}

class DayExporter {
  rows = 0;
  files = 0;
  readonly #hours: HoursInRange;
  readonly #range: ExportRange;
  readonly #plan: Plan;
  readonly #files: DatedFiles;
  readonly #maxWaitingCells: number;
  readonly #open = new Map<string, OpenTable>();
  /** The hour that was read last: the next day may begin with it. */
  #last: { readonly record: HourRecord; readonly content: HourContent } | undefined;

  constructor(
    hours: HoursInRange,
    range: ExportRange,
    plan: Plan,
    files: DatedFiles,
    maxWaitingCells: number,
  ) {
    this.#maxWaitingCells = maxWaitingCells;
    this.#hours = hours;
    this.#range = range;
    this.#plan = plan;
    this.#files = files;
  }

  async day(day: number, records: readonly HourRecord[]): Promise<void> {
    try {
      for (const record of records) {
        const content = await this.#content(record);
        if (content !== undefined) await this.#add(content, day);
      }
      for (const [name, { table, ledger, file }] of this.#open) {
        for (const piece of table.finish(ledger.facts())) await file.write(piece);
        await file.finish();
        this.#open.delete(name);
        this.files++;
      }
    } finally {
      for (const { file } of this.#open.values()) await file.discard();
    }
  }

  async #content(record: HourRecord): Promise<HourContent | undefined> {
    if (this.#last?.record === record) return this.#last.content;
    // Let go of before the next is read: two hours need not be in memory.
    this.#last = undefined;
    const content = await this.#hours.read(record, (file) => this.#checked(decodeHour(file)));
    if (content !== undefined) this.#last = { record, content };
    return content;
  }

  /** @throws WaystationError when Parquet cannot hold the hour's times. */
  #checked(content: HourContent): HourContent {
    for (const { descriptor, rows } of this.#wanted(content))
      checkTimes(rows, planned(this.#plan, descriptor.name).unit);
    return content;
  }

  #wanted(content: HourContent): readonly HourStream[] {
    const { stream } = this.#range;
    return content.streams.filter(({ descriptor }) => stream === undefined || descriptor.name === stream);
  }

  async #add(content: HourContent, day: number): Promise<void> {
    for (const stream of this.#wanted(content)) {
      const { descriptor } = stream;
      const rows = rowsWithin(
        rowsWhere(stream.rows, (ms) => dayOf(ms) === day),
        this.#range,
      );
      const count = rows.offsetsNs.length;
      if (count === 0 && dayOf(content.startMs) !== day) continue;
      const { columns } = planned(this.#plan, descriptor.name);
      const keys = columnKeys(descriptor.columns);
      const { table, ledger, file } = await this.#tableOf(descriptor.name, day);
      const byName = [...columns.keys()].map((key) => rows.columns[keys.indexOf(key)]);
      for (const piece of table.add(rows, byName)) await file.write(piece);
      ledger.add(
        content,
        stream,
        keys.map((key) => columns.get(key) ?? key),
        count,
      );
      this.rows += count;
      await this.#makeRoom();
    }
  }

  async #tableOf(name: string, day: number): Promise<OpenTable> {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const { fileName, columns, unit } = planned(this.#plan, name);
    const file = await this.#files.create(dateOf(day), fileName);
    const made = {
      table: new ParquetTable([...columns.values()], unit),
      ledger: new FactLedger(name),
      file,
    };
    this.#open.set(name, made);
    return made;
  }

  /** Writes the fullest table's rows while all together hold too many. */
  async #makeRoom(): Promise<void> {
    const open = [...this.#open.values()];
    const waiting = open.reduce((sum, { table }) => sum + table.waitingCells, 0);
    if (waiting <= this.#maxWaitingCells) return;
    const fullest = open.reduce((a, b) => (b.table.waitingCells > a.table.waitingCells ? b : a));
    for (const piece of fullest.table.flush()) await fullest.file.write(piece);
  }
}
