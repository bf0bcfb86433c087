/** What the page shows of a station beyond the counts. */
import type { GapCause } from '../../hour/types.ts';
import type { StationStatus } from '../../station/status.ts';

/** An interruption in a station's latest hour. */
export interface RecentGap {
  readonly cause: GapCause;
  readonly ms: number;
}

/** What is known of a station without opening an hour. */
export interface StationFacts {
  readonly status: StationStatus;
  /** This device records it. */
  readonly isOwn: boolean;
  /** Its device was removed from the group: what it recorded stays, nothing new is expected. */
  readonly isRemoved: boolean;
  /** Short id of its device where another device's station has the same name; null where the name is enough. */
  readonly mark: string | null;
  /** Length of its hours; null before its first. */
  readonly hourMs: number | null;
  /** End of its latest hour. */
  readonly lastEndMs: number | null;
  /** It was ended by a person, and has not recorded since. */
  readonly stoppedMs: number | null;
  /** Its latest hour was recorded to its end: nothing says that the recording ended with it. */
  readonly isWholeToEnd: boolean;
  /** Interruptions of its latest hour, longest first, one of each cause. */
  readonly gaps: readonly RecentGap[];
  /** For how long it has recorded in all that is known, ms; null where it is so long that the number of its hours says it. */
  readonly recordedMs: number | null;
  /** Connected devices through which its hours come, by name. */
  readonly through: readonly string[];
}

/** One hour, or one reading, on a station's line. */
export interface SparkPoint {
  readonly atMs: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
}

export interface Spark {
  readonly label: string;
  readonly unit: string;
  /** In the order of time; a hole where an hour has no reading is a point that is not there. */
  readonly points: readonly SparkPoint[];
  /** Distance of two points that belong together: a larger one is a hole. */
  readonly stepMs: number;
  readonly isLive: boolean;
}

export interface StationsModel {
  /** The line of the last day, or of the last minute where this device records; null when there is nothing to draw. */
  spark(key: string): Spark | null;
}
