/**
 * The vocabulary of recorded readings. Times are split into an integer millisecond base and integer nanosecond
 * offsets, so that every source's own ticks (s, ms, µs, ns) are held exactly in float64 integers.
 */
import type { StationId } from '../core/ids.ts';

/** Values on a lattice: value = k × numerator ÷ denominator with integer k (|k| < 2^53), evaluated in that order. */
export interface Step {
  readonly numerator: number;
  readonly denominator: number;
}

export interface ColumnDescriptor {
  readonly name: string;
  /** UCUM-style unit text such as `m/s2`, `hPa`, `uT`, `Cel`, or empty when unknown. */
  readonly unit: string;
  /** The sensor's declared rounding, if it has one. */
  readonly step: Step | null;
}

/** Nanoseconds per tick of a stream's own time axis: seconds, milliseconds, microseconds or nanoseconds. */
export type TickNs = 1_000_000_000 | 1_000_000 | 1_000 | 1;

/** How the blocks of a stream are coded: as small as can be, or by and for little computers (docs/HOUR.md). */
export type Profile = 'small' | 'fast';

export interface StreamDescriptor {
  /** Unique within the station, e.g. `accelerometer`. */
  readonly name: string;
  readonly columns: readonly ColumnDescriptor[];
  /** Readings per second asked of the device; null when it was not asked (a recording, an event source). */
  readonly askedRateHz: number | null;
  readonly tickNs: TickNs;
  /** Which driver delivered it, e.g. `generic-sensor`, `replay`. */
  readonly driver: string;
  /** Device, model or file as the driver knows it; may be empty. */
  readonly device: string;
  /** True when the readings are replayed from a recording. */
  readonly replay: boolean;
  /** How and when the sensor was calibrated, in the words of whoever did it. */
  readonly calibration?: string;
  /** `small` where it is not said. */
  readonly profile?: Profile;
}

/** Rows of one stream. `columns[c][r]` belongs to time `baseMs` + `offsetsNs[r]` ns. NaN means missing. */
export interface ReadingBatch {
  readonly baseMs: number;
  /** Integer nanoseconds from `baseMs`, in delivery order (may repeat, may go back). */
  readonly offsetsNs: Float64Array;
  readonly columns: readonly Float64Array[];
}

export type GapCause =
  | 'start' // recording began inside the hour
  | 'stop' // recording was ended by the person
  | 'hidden' // the page was hidden or the screen locked
  | 'frozen' // the system froze the page
  | 'permission' // permission was refused or taken back
  | 'sensor' // the sensor stopped or failed
  | 'crash' // the process or browser died
  | 'clock' // the clock jumped
  | 'store' // the disk was full or failed
  | 'unknown';

export interface Gap {
  /** Index into the hour's streams, or null for the whole station. */
  readonly stream: number | null;
  readonly fromMs: number;
  readonly toMs: number;
  readonly cause: GapCause;
  readonly detail: string;
}

/** What the station knew about its own clock: true time = station time + `offsetMs`, give or take `errorMs`. */
export interface ClockEstimate {
  readonly offsetMs: number;
  readonly errorMs: number;
  /** Where the estimate comes from, e.g. `peer`, `gnss`. */
  readonly source: string;
}

/** Everything that one hour file says. */
export interface HourContent {
  readonly station: StationId;
  readonly stationName: string;
  /** Start of the (UTC-aligned) slot, and its length. Readings may lie outside when the clock went back. */
  readonly startMs: number;
  readonly lengthMs: number;
  readonly streams: readonly HourStream[];
  readonly gaps: readonly Gap[];
  /** Person or institution that answers for the station. */
  readonly responsible?: string;
  readonly clock?: ClockEstimate;
}

export interface HourStream {
  readonly descriptor: StreamDescriptor;
  readonly rows: ReadingBatch;
}

/**
 * Count of present values of one column, and the extent and mean of the finite ones (null when there is none):
 * an infinite reading counts, but would make an extent useless and cannot stand in deterministic CBOR.
 */
export interface ColumnSummary {
  readonly count: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
}

export interface StreamSummary {
  readonly name: string;
  readonly rows: number;
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  /** Rows per second between first and last, null below two rows. */
  readonly achievedRateHz: number | null;
  readonly columns: readonly ColumnSummary[];
}
