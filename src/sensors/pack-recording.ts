/**
 * A recording as one hour: its slot covers all rows and is aligned to UTC hours. Columns that were printed with the same number of
 * decimals throughout declare that step, so that they can be printed like that again; a given step rounds the values to it.
 * Invariants: rows keep their order; without a given step every value stays bit for bit; pauses are told as gaps.
 */
import { toUtf8 } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import { sha256 } from '../core/hash.ts';
import { type StationId, stationIdFrom } from '../core/ids.ts';
import { checkDescriptor } from '../hour/descriptor-limits.ts';
import { powerOfTen } from '../hour/lattice.ts';
import { MAX_GAPS, MAX_HOUR_CELLS, MAX_TEXT_CHARS, MAX_TIME_MS } from '../hour/limits.ts';
import { StreamSilence } from '../hour/silence.ts';
import type { ColumnDescriptor, Gap, HourContent, Profile, Step, StreamDescriptor } from '../hour/types.ts';
import type { ColumnPlan } from './column-plan.ts';
import type { Recording } from './recording-csv.ts';

const SLOT_MS = 3_600_000;
const STATION_BYTES = 16;
const DAY_MS = 86_400_000;
/** The median of so many first intervals is what the times begin with; of fewer than the second number nothing is said. */
const FIRST_INTERVALS = 16;
const MIN_INTERVALS = 3;
/** Nanoseconds from the slot's start are whole numbers of a float64. */
const MAX_SPAN_MS = Number.MAX_SAFE_INTEGER / 1e6;

/** How a column's step came to be: given, all its numbers printed so, or none declared. */
export type StepSource = 'given' | 'printed' | 'none';

export interface PackedColumn {
  /** As in the table's header. */
  readonly from: string;
  readonly stepSource: StepSource;
  /** The most that rounding to a given step moved a value; null without one. */
  readonly worstError: number | null;
}

export interface PackedRecording {
  readonly content: HourContent;
  readonly columns: readonly PackedColumn[];
  /** Rows with the time of one before, and with an earlier one than the row before. */
  readonly repeatedTimes: number;
  readonly backwardTimes: number;
  /** Median of the milliseconds from one time to the next, in order of time; null when there are not two. */
  readonly typicalMs: number | null;
}

export interface PackOptions {
  readonly plans?: ReadonlyMap<string, ColumnPlan>;
  /** The station's name; the recording's own unless given. */
  readonly name?: string | undefined;
  /** `small` unless given. */
  readonly profile?: Profile;
}

/** Hours that were packed under the same name are one station's. */
function stationOf(name: string): StationId {
  return stationIdFrom(sha256(toUtf8(`waystation hour pack\n${name}`)).slice(0, STATION_BYTES));
}

/** @throws WaystationError `limit` beyond one hour file, `usage` for plans of columns that are not there. */
export function packRecording(
  recording: Recording,
  { plans = new Map(), name, profile = 'small' }: PackOptions = {},
): PackedRecording {
  const stationName = name ?? recording.descriptor.name;
  if (stationName.length > MAX_TEXT_CHARS) {
    throw new WaystationError('usage', `a station's name has at most ${MAX_TEXT_CHARS} characters`);
  }
  const cells = recording.rows * (recording.columns.length + 1);
  if (cells > MAX_HOUR_CELLS) {
    const parts = Math.ceil(cells / MAX_HOUR_CELLS);
    throw new WaystationError(
      'limit',
      `this table has ${cells} values with its times, one hour file at most ${MAX_HOUR_CELLS}: cut it into ${parts} or more`,
    );
  }
  const columns = columnsOf(recording, plans);
  const slot = slotOf(recording);
  const descriptor: StreamDescriptor = {
    ...recording.descriptor,
    columns: columns.map((column) => column.descriptor),
    tickNs: recording.unitNs ?? recording.descriptor.tickNs,
    driver: 'pack',
    ...(profile === 'small' ? {} : { profile }),
  };
  checkDescriptor(descriptor);
  const offsetsNs = offsetsOf(recording, slot.startMs);
  const sorted = offsetsNs.slice().sort();
  const content: HourContent = {
    station: stationOf(stationName),
    stationName,
    ...slot,
    streams: [
      {
        descriptor,
        rows: { baseMs: slot.startMs, offsetsNs, columns: columns.map(({ values }) => values) },
      },
    ],
    gaps: gapsOf(descriptor, slot, sorted),
  };
  return {
    content,
    columns: columns.map(({ told }) => told),
    ...disorderOf(offsetsNs, sorted),
    typicalMs: medianOf(intervalsOf(sorted)),
  };
}

interface PlannedColumn {
  readonly descriptor: ColumnDescriptor;
  readonly values: Float64Array;
  readonly told: PackedColumn;
}

function columnsOf(recording: Recording, plans: ReadonlyMap<string, ColumnPlan>): PlannedColumn[] {
  const known = recording.descriptor.columns.map(({ name }) => name);
  for (const planned of plans.keys()) {
    if (known.includes(planned)) continue;
    throw new WaystationError(
      'usage',
      `--columns speaks of “${planned.slice(0, 40)}”, which the table does not have; it has ${known.slice(0, 20).join(', ')}`,
    );
  }
  const columns = recording.descriptor.columns.map((column, c): PlannedColumn => {
    const values = recording.columns[c] as Float64Array;
    const plan = plans.get(column.name);
    const decimals = recording.decimals[c] ?? null;
    const printed = decimals === null ? null : { numerator: 1, denominator: powerOfTen(decimals) };
    const step = plan?.step ?? printed;
    const rounded = plan?.step === undefined ? undefined : roundTo(plan.step, values, column.name);
    return {
      descriptor: { name: plan?.name ?? column.name, unit: plan?.unit ?? column.unit, step },
      values: rounded?.values ?? values,
      told: {
        from: column.name,
        stepSource: plan?.step !== undefined ? 'given' : step === null ? 'none' : 'printed',
        worstError: rounded?.worstError ?? null,
      },
    };
  });
  const names = columns.map(({ descriptor }) => descriptor.name);
  const twice = names.find((one, i) => names.indexOf(one) !== i);
  if (twice !== undefined)
    throw new WaystationError('usage', `two columns would be called “${twice.slice(0, 40)}”`);
  return columns;
}

function roundTo(step: Step, values: Float64Array, name: string) {
  let worstError = 0;
  const rounded = values.map((value) => {
    if (!Number.isFinite(value) || Object.is(value, -0)) return value;
    const k = Math.round((value * step.denominator) / step.numerator) + 0;
    const on = (k * step.numerator) / step.denominator;
    if (!Number.isSafeInteger(k) || !Number.isFinite(on)) {
      throw new WaystationError(
        'usage',
        `the step given for “${name.slice(0, 40)}” is too fine for its value ${value}: give a coarser one`,
      );
    }
    worstError = Math.max(worstError, Math.abs(on - value));
    return on;
  });
  return { values: rounded, worstError };
}

function slotOf({ timesMs }: Recording): { startMs: number; lengthMs: number } {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const ms of timesMs) {
    if (ms < first) first = ms;
    if (ms > last) last = ms;
  }
  const startMs = Math.floor(first / SLOT_MS) * SLOT_MS;
  const endMs = (Math.floor(last / SLOT_MS) + 1) * SLOT_MS;
  if (Math.abs(startMs) > MAX_TIME_MS || Math.abs(endMs) > MAX_TIME_MS)
    throw new WaystationError('limit', 'the times of this table are beyond any date: is their unit right?');
  if (endMs - startMs > MAX_SPAN_MS) {
    throw new WaystationError(
      'limit',
      `this table spans ${Math.ceil((last - first) / DAY_MS)} days, one hour file at most ${Math.floor(MAX_SPAN_MS / DAY_MS)}: cut it up`,
    );
  }
  return { startMs, lengthMs: endMs - startMs };
}

function offsetsOf({ timesMs, timesNs }: Recording, startMs: number): Float64Array {
  return timesMs.map((ms, row) => (ms - startMs) * 1e6 + (timesNs[row] as number));
}

function disorderOf(offsetsNs: Float64Array, sorted: Float64Array) {
  let backwardTimes = 0;
  for (let row = 1; row < offsetsNs.length; row++)
    if ((offsetsNs[row] as number) < (offsetsNs[row - 1] as number)) backwardTimes++;
  let repeatedTimes = 0;
  for (let row = 1; row < sorted.length; row++) if (sorted[row] === sorted[row - 1]) repeatedTimes++;
  return { repeatedTimes, backwardTimes };
}

/** Milliseconds between times that differ. */
function intervalsOf(sorted: Float64Array): Float64Array {
  const intervals = new Float64Array(Math.max(0, sorted.length - 1));
  let count = 0;
  for (let row = 1; row < sorted.length; row++) {
    const ms = ((sorted[row] as number) - (sorted[row - 1] as number)) / 1e6;
    if (ms > 0) intervals[count++] = ms;
  }
  return intervals.subarray(0, count);
}

/** The lower of two in the middle; null of none. */
function medianOf(numbers: Float64Array): number | null {
  return numbers.slice().sort()[Math.floor((numbers.length - 1) / 2)] ?? null;
}

/** Where the table has no readings though the slot has time. */
function gapsOf(
  descriptor: StreamDescriptor,
  { startMs, lengthMs }: { startMs: number; lengthMs: number },
  sorted: Float64Array,
): Gap[] {
  const silence = new StreamSilence(descriptor);
  // A live stream must see some intervals before it can tell a pause; here the first ones are known at once.
  const first = intervalsOf(sorted.subarray(0, FIRST_INTERVALS + 1));
  if (first.length >= MIN_INTERVALS) silence.expect(medianOf(first) as number);
  const gaps: Gap[] = [];
  const tell = (fromMs: number, toMs: number, cause: Gap['cause'], detail: string) => {
    const last = gaps.at(-1);
    if (last !== undefined && gaps.length >= MAX_GAPS - 1) {
      const merged = {
        ...last,
        toMs,
        cause: 'unknown' as const,
        detail: 'there were more gaps than a file lists',
      };
      gaps[gaps.length - 1] = merged;
    } else gaps.push({ stream: 0, fromMs: Math.floor(fromMs), toMs: Math.floor(toMs), cause, detail });
  };
  for (const ns of sorted) {
    const closed = silence.reading(startMs + ns / 1e6);
    if (closed !== undefined) tell(closed.fromMs, closed.toMs, 'unknown', '');
  }
  const firstMs = startMs + (sorted[0] as number) / 1e6;
  const lastMs = startMs + (sorted.at(-1) as number) / 1e6;
  if (firstMs - startMs > silence.lateStartMs)
    gaps.unshift({
      stream: 0,
      fromMs: startMs,
      toMs: Math.floor(firstMs),
      cause: 'start',
      detail: 'the table begins here',
    });
  const endMs = startMs + lengthMs;
  if (endMs - lastMs > silence.lateStartMs) tell(lastMs, endMs, 'stop', 'the table ends here');
  return gaps;
}
