/**
 * Replay: a recording in CSV played through the same path as live readings, at its own pace or faster, labelled as a replay
 * everywhere. The first column is the time (`t_ms`, `t_s`, `t_us`, `t_ns` or `time`); a blank cell is a missing value. Recordings
 * whose times are no epoch are moved so that they begin now.
 */
import Papa from 'papaparse';
import { WaystationError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import type { ReadingBatch, StreamDescriptor, TickNs } from '../hour/types.ts';
import type { Driver } from './port.ts';

/** Rows handed over at once, so that a fast replay leaves the event loop time for the mesh. */
const MAX_BATCH_ROWS = 4_096;
/** At most this often batches are handed over. */
const BATCH_MS = 200;
/** Times before 2000 are counts from some start, not an epoch. */
const FIRST_EPOCH_MS = Date.UTC(2000, 0, 1);
const MAX_COLUMNS = 256;

const UNIT_NS: Readonly<Record<string, TickNs>> = {
  t_s: 1_000_000_000,
  t_ms: 1_000_000,
  t_us: 1_000,
  t_ns: 1,
};
const TICKS: readonly TickNs[] = [1_000_000_000, 1_000_000, 1_000, 1];

export interface ReplayOptions {
  /** The whole recording. */
  readonly read: () => Promise<string>;
  /** Shown as the device; its base name is the stream's. */
  readonly fileName: string;
  readonly speed: number;
  readonly clock: Clock;
  /** Rows that are recorded already: playing goes on after them. */
  readonly skipRows?: number;
  /** When the first row was recorded in an earlier run, for recordings that are moved to now. */
  readonly firstMs?: number | null;
}

interface Recording {
  readonly descriptor: StreamDescriptor;
  readonly rows: number;
  /** Times as nanoseconds from the first row's millisecond. */
  readonly offsetsNs: Float64Array;
  readonly firstMs: number;
  readonly isEpoch: boolean;
  readonly columns: readonly Float64Array[];
}

function wrong(fileName: string, what: string): WaystationError {
  return new WaystationError('malformed', `${fileName}: ${what}`);
}

/** Decimal text in nanoseconds, exactly: nanoseconds since 1970 pass 2^53. */
function toNs(text: string, unitNs: TickNs): bigint | undefined {
  const match = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const digits = BigInt(whole + fraction) * BigInt(unitNs);
  const scale = fraction.length - Number(exponent);
  if (Math.abs(scale) > 30) return undefined;
  const ns =
    scale <= 0 ? digits * 10n ** BigInt(-scale) : (digits + 10n ** BigInt(scale) / 2n) / 10n ** BigInt(scale);
  return sign === '-' ? -ns : ns;
}

/** Guesses the unit of a bare number in a `time` column by its size today. */
function unitBySize(text: string): TickNs {
  const size = Math.abs(Number(text));
  return size >= 1e17 ? 1 : size >= 1e14 ? 1_000 : size >= 1e11 ? 1_000_000 : 1_000_000_000;
}

function nameAndUnit(header: string): { name: string; unit: string } {
  const match = /^(.*?)\s*[[(]([^\])]*)[\])]\s*$/.exec(header);
  return { name: header, unit: match?.[2] ?? '' };
}

/** Reads the recording. @throws WaystationError `malformed` that names line and column. */
export function parseRecording(text: string, fileName: string): Recording {
  const parsed = Papa.parse<string[]>(text, { skipEmptyLines: 'greedy' });
  const [header, ...lines] = parsed.data;
  const timeName = header?.[0]?.trim() ?? '';
  if (header === undefined || header.length < 2)
    throw wrong(fileName, 'expected a header line with a time and at least one column');
  if (header.length > MAX_COLUMNS + 1) throw wrong(fileName, `expected at most ${MAX_COLUMNS} columns`);
  if (UNIT_NS[timeName] === undefined && timeName !== 'time') {
    throw wrong(fileName, `expected the first column to be t_ms, t_s, t_us, t_ns or time, got “${timeName}”`);
  }
  if (lines.length === 0) throw wrong(fileName, 'expected readings below the header');
  const names = header.slice(1).map((name) => name.trim());
  const duplicate = names.find((name, i) => name === '' || names.indexOf(name) !== i);
  if (duplicate !== undefined)
    throw wrong(
      fileName,
      `expected every column to have a name of its own, got “${duplicate}” twice or blank`,
    );
  const columns = names.map(() => new Float64Array(lines.length));
  const times: bigint[] = new Array(lines.length);
  let unit = UNIT_NS[timeName];
  lines.forEach((cells, row) => {
    const line = row + 2;
    if (cells.length !== header.length) {
      throw wrong(fileName, `line ${line} has ${cells.length} cells, the header ${header.length}`);
    }
    const cell = (cells[0] ?? '').trim();
    if (unit === undefined) unit = Number.isFinite(Number(cell)) ? unitBySize(cell) : 1_000_000;
    let ns = toNs(cell, unit);
    if (ns === undefined && timeName === 'time') {
      const ms = Date.parse(cell);
      if (Number.isFinite(ms)) ns = BigInt(ms) * 1_000_000n;
    }
    if (ns === undefined) throw wrong(fileName, `line ${line}: “${cell.slice(0, 40)}” is not a time`);
    times[row] = ns;
    for (let c = 0; c < names.length; c++) {
      const value = (cells[c + 1] ?? '').trim();
      const number = value === '' ? Number.NaN : Number(value);
      if (value !== '' && Number.isNaN(number) && !/^nan$/i.test(value)) {
        throw wrong(fileName, `line ${line}, column “${names[c]}”: “${value.slice(0, 40)}” is not a number`);
      }
      (columns[c] as Float64Array)[row] = number;
    }
  });
  const firstNs = times[0] as bigint;
  const firstMs = Number(firstNs / 1_000_000n) - (firstNs < 0n && firstNs % 1_000_000n !== 0n ? 1 : 0);
  const base = BigInt(firstMs) * 1_000_000n;
  const unitNs = unit ?? 1_000_000;
  const tickNs = TICKS.find((tick) => tick <= unitNs && times.every((ns) => ns % BigInt(tick) === 0n)) ?? 1;
  const descriptor: StreamDescriptor = {
    name: fileName.replace(/(\.csv)?(\.gz)?$/i, ''),
    columns: names.map((name) => ({ ...nameAndUnit(name), step: null })),
    askedRateHz: null,
    tickNs,
    driver: 'replay',
    device: fileName,
    replay: true,
  };
  return {
    descriptor,
    rows: lines.length,
    offsetsNs: Float64Array.from(times, (ns) => Number(ns - base)),
    firstMs,
    isEpoch: firstMs >= FIRST_EPOCH_MS,
    columns,
  };
}

/** A driver that plays a recording. */
export function createReplayDriver(options: ReplayOptions): Driver {
  const { clock, speed, fileName, skipRows = 0 } = options;
  return {
    name: 'replay',
    replay: true,
    probe: async () => ({ state: 'available' }),
    run: async (sink, signal) => {
      const recording = parseRecording(await options.read(), fileName);
      const { offsetsNs, columns, rows, descriptor } = recording;
      const stream = sink.addStream(descriptor);
      if (skipRows >= rows) return;
      const baseMs = recording.isEpoch ? recording.firstMs : Math.floor(options.firstMs ?? clock.nowMs());
      const startedMs = clock.monotonicMs();
      const firstNs = offsetsNs[skipRows] as number;
      const dueMs = (row: number) => startedMs + ((offsetsNs[row] as number) - firstNs) / 1e6 / speed;
      for (let from = skipRows; from < rows && !signal.aborted; ) {
        const now = clock.monotonicMs();
        let to = from;
        while (to < rows && to - from < MAX_BATCH_ROWS && dueMs(to) <= now) to++;
        if (to > from) {
          const batch: ReadingBatch = {
            baseMs,
            offsetsNs: offsetsNs.slice(from, to),
            columns: columns.map((column) => column.slice(from, to)),
          };
          sink.batch(stream, batch);
          from = to;
        }
        if (from < rows)
          await pause(
            clock,
            Math.max(to === from ? 0 : BATCH_MS / 4, Math.min(dueMs(from) - clock.monotonicMs(), BATCH_MS)),
            signal,
          );
      }
    },
  };
}

function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.schedule(Math.max(0, delayMs), done);
    signal.addEventListener('abort', done, { once: true });
  });
}
