/**
 * Hours as CSV. One stream: its own time header and columns, so that what was replayed from a file comes out as it went in. Several
 * streams: one table merged by time, columns named `stream.column`. Numbers in their shortest form that reads back the same;
 * missing values blank.
 */
import type { HourContent, HourStream, TickNs } from './types.ts';

export interface CsvOptions {
  /** Only this stream. */
  readonly stream?: string;
  /** Only readings from this time on, up to that one, ms. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

const TIME_HEADER: Readonly<Record<TickNs, string>> = {
  1000000000: 't_s',
  1000000: 't_ms',
  1000: 't_us',
  1: 't_ns',
};

interface Layout {
  readonly tickNs: TickNs;
  /** Streams in the order of their columns. */
  readonly streams: readonly {
    readonly name: string;
    readonly columns: readonly string[];
    readonly at: number;
  }[];
  readonly width: number;
}

/** A reading's time in whole ticks; BigInt because nanoseconds since 1970 pass 2^53. */
function timeText(baseMs: number, offsetNs: number, tickNs: TickNs): string {
  const ns = BigInt(baseMs) * 1_000_000n + BigInt(offsetNs);
  return (ns / BigInt(tickNs)).toString();
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function layoutOf(hours: readonly HourContent[], only: string | undefined): Layout {
  const names: string[] = [];
  const columns = new Map<string, string[]>();
  let tickNs: TickNs | undefined;
  for (const { descriptor } of hours.flatMap((hour) => hour.streams)) {
    if (only !== undefined && descriptor.name !== only) continue;
    if (!columns.has(descriptor.name)) names.push(descriptor.name);
    const known = columns.get(descriptor.name) ?? [];
    for (const { name } of descriptor.columns) if (!known.includes(name)) known.push(name);
    columns.set(descriptor.name, known);
    if (tickNs === undefined || descriptor.tickNs < tickNs) tickNs = descriptor.tickNs;
  }
  let at = 0;
  const streams = names.map((name) => {
    const own = columns.get(name) ?? [];
    at += own.length;
    return { name, columns: own, at: at - own.length };
  });
  return { tickNs: tickNs ?? 1_000_000, streams, width: at };
}

function* rowsOf(
  hour: HourContent,
  layout: Layout,
  options: CsvOptions,
): Iterable<{ ns: number; line: string }> {
  const shown = hour.streams.filter((stream) =>
    layout.streams.some(({ name }) => name === stream.descriptor.name),
  );
  const cursors = shown.map((stream) => ({ stream, row: 0 }));
  const nextNs = ({ stream, row }: { stream: HourStream; row: number }) => {
    const offset = stream.rows.offsetsNs[row];
    return offset === undefined
      ? Number.POSITIVE_INFINITY
      : (stream.rows.baseMs - hour.startMs) * 1e6 + offset;
  };
  for (;;) {
    let first: (typeof cursors)[number] | undefined;
    for (const cursor of cursors) if (first === undefined || nextNs(cursor) < nextNs(first)) first = cursor;
    if (first === undefined || nextNs(first) === Number.POSITIVE_INFINITY) return;
    const ns = nextNs(first);
    const cells: string[] = new Array(layout.width).fill('');
    for (const cursor of cursors) {
      // One stream keeps its rows apart even when two have the same time; several streams share a line.
      if (nextNs(cursor) !== ns) continue;
      const place = layout.streams.find(({ name }) => name === cursor.stream.descriptor.name);
      cursor.stream.descriptor.columns.forEach(({ name }, c) => {
        const value = cursor.stream.rows.columns[c]?.[cursor.row] ?? Number.NaN;
        const column = place?.columns.indexOf(name) ?? -1;
        if (place !== undefined && column >= 0 && !Number.isNaN(value)) {
          cells[place.at + column] = Object.is(value, -0) ? '-0' : String(value);
        }
      });
      cursor.row++;
    }
    const ms = hour.startMs + ns / 1e6;
    if (ms < (options.fromMs ?? Number.NEGATIVE_INFINITY) || ms > (options.toMs ?? Number.POSITIVE_INFINITY))
      continue;
    yield { ns, line: `${timeText(hour.startMs, ns, layout.tickNs)},${cells.join(',')}\n` };
  }
}

/**
 * The lines of the CSV, header first, line ends included. Hours are taken in the order given. All of them must be known before the header can
 * be written, so `describe` passes their streams first; it may be the same hours without rows.
 */
export async function* csvRows(
  hours: AsyncIterable<HourContent>,
  options: CsvOptions = {},
): AsyncIterable<string> {
  let layout: Layout | undefined;
  for await (const hour of hours) {
    if (layout === undefined) {
      layout = layoutOf([hour], options.stream);
      const single = layout.streams.length === 1;
      const names = layout.streams.flatMap(({ name, columns }) =>
        columns.map((column) => quoted(single ? column : `${name}.${column}`)),
      );
      yield `${[TIME_HEADER[layout.tickNs], ...names].join(',')}\n`;
    }
    for (const { line } of rowsOf(hour, layout, options)) yield line;
  }
}
