/**
 * How large an export becomes, before it is written: readings are counted from the hours' summaries, and what one takes is told by some
 * readings of the newest hour, written as the export would write them.
 */
import { csvRows } from '../../hour/export-csv.ts';
import type { HourContent } from '../../hour/types.ts';
import type { HourRecord } from '../../station/catalog.ts';
import { chosenColumns, csvOptionsOf } from './data-export.ts';
import type { ExportOptions, ExportPart } from './data-export-plan.ts';

/** Readings that are written to see what one takes: some hundredths of a second. */
const SAMPLED_ROWS = 2_000;
/** Until an hour was opened: digits of a value and its comma, and a time. */
const USUAL_VALUE_BYTES = 9;
const USUAL_TIME_BYTES = 28;

/** Readings of the part that lie in the stretch, as far as the summaries tell: those of an hour are taken to be spread evenly. */
export function readingsIn(
  { hours }: Pick<ExportPart, 'hours'>,
  { fromMs, toMs, columns }: Pick<ExportOptions, 'fromMs' | 'toMs' | 'columns'>,
): { readonly rows: number; readonly values: number } {
  let rows = 0;
  let values = 0;
  for (const { body } of hours) {
    for (const stream of body.streams) {
      const width =
        columns === null ? stream.columns.length : columns.filter((one) => one.stream === stream.name).length;
      if (columns !== null && width === 0) continue;
      const own = stream.rows * shareOf(stream, fromMs, toMs);
      rows += own;
      values += own * width;
    }
  }
  return { rows: Math.round(rows), values: Math.round(values) };
}

function shareOf(
  { firstMs, lastMs }: HourRecord['body']['streams'][number],
  fromMs: number | null,
  toMs: number | null,
): number {
  if (firstMs === null || lastMs === null) return 0;
  const first = Math.max(firstMs, fromMs ?? firstMs);
  const last = Math.min(lastMs, toMs ?? lastMs);
  if (last < first) return 0;
  return lastMs === firstMs ? 1 : (last - first) / (lastMs - firstMs);
}

/** What a reading takes in the table, bytes, from some of an hour; null when it has none of what is asked for. */
export async function bytesPerReading(
  content: HourContent,
  options: Omit<ExportOptions, 'stations'>,
): Promise<number | null> {
  const sample = sampled(chosenColumns(content, options.columns));
  const tables =
    options.table.tables === 'together'
      ? [sample]
      : sample.streams.map((stream) => ({ ...sample, streams: [stream] }));
  let rows = 0;
  let bytes = 0;
  for (const table of tables) {
    for (const { rows: own } of table.streams) rows += own.offsetsNs.length;
    bytes += await linesBytes(table, options);
  }
  return rows === 0 ? null : bytes / rows;
}

async function linesBytes(content: HourContent, options: Omit<ExportOptions, 'stations'>): Promise<number> {
  const hours = async function* () {
    yield content;
  };
  const { fromMs: _, toMs: __, ...form } = csvOptionsOf(options);
  let text = '';
  for await (const piece of csvRows(hours(), form)) text += piece;
  // All but the header is figures; of one line it is not worth telling apart.
  return Math.max(0, text.length - text.indexOf('\n') - 1);
}

/** Some readings from the middle of each stream, as many of each as it has of all. */
function sampled(content: HourContent): HourContent {
  const all = content.streams.reduce((sum, { rows }) => sum + rows.offsetsNs.length, 0);
  const share = all === 0 ? 0 : Math.min(1, SAMPLED_ROWS / all);
  return {
    ...content,
    streams: content.streams.map(({ descriptor, rows }) => {
      const count = Math.ceil(rows.offsetsNs.length * share);
      const from = Math.floor((rows.offsetsNs.length - count) / 2);
      return {
        descriptor,
        rows: {
          baseMs: rows.baseMs,
          offsetsNs: rows.offsetsNs.subarray(from, from + count),
          columns: rows.columns.map((column) => column.subarray(from, from + count)),
        },
      };
    }),
  };
}

/** Before an hour was opened: what tables usually take. */
export function usualBytes(
  part: Pick<ExportPart, 'hours'>,
  options: Omit<ExportOptions, 'stations'>,
): number {
  const { rows, values } = readingsIn(part, options);
  const { localTimes, ticks } = options.table;
  const times = 1 + (localTimes ? 1 : 0) + (ticks ? 0.6 : 0);
  return rows * (USUAL_TIME_BYTES * times + 1) + values * USUAL_VALUE_BYTES;
}

/** Tells what tables take; what a reading takes is measured once a station and form. */
export class TableSizes {
  readonly #content: (station: string, hour: HourRecord) => Promise<HourContent>;
  readonly #readingBytes = new Map<string, number>();

  /** @param content an hour, decoded. */
  constructor(content: (station: string, hour: HourRecord) => Promise<HourContent>) {
    this.#content = content;
  }

  /** Bytes of the tables, measured on the newest hour that has something of what is asked for. */
  async measured(parts: readonly ExportPart[], options: ExportOptions): Promise<number> {
    for (const part of parts) {
      const key = keyOf(part, options);
      const hour = part.hours.findLast((one) => readingsIn({ hours: [one] }, options).rows > 0);
      if (hour === undefined || this.#readingBytes.has(key)) continue;
      // One that cannot be read is told when it is saved.
      const content = await this.#content(part.station.key, hour).catch(() => undefined);
      const each = content === undefined ? null : await bytesPerReading(content, options);
      if (each !== null) this.#readingBytes.set(key, each);
    }
    return this.known(parts, options);
  }

  /** The same as far as it is known without opening anything: a tap must be answered at once. */
  known(parts: readonly ExportPart[], options: ExportOptions): number {
    let bytes = 0;
    for (const part of parts) {
      const each = this.#readingBytes.get(keyOf(part, options));
      bytes += each === undefined ? usualBytes(part, options) : readingsIn(part, options).rows * each;
    }
    return Math.round(bytes);
  }
}

function keyOf({ station }: ExportPart, { columns, table }: ExportOptions): string {
  return JSON.stringify([station.key, columns, table]);
}
