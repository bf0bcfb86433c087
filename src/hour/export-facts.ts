/**
 * What hours say beside their rows, for one stream, as one JSON document: units, steps, device, gaps, clock, calibration. A format that
 * has room for a text in its file (Parquet) carries it there, so that nothing of an hour is lost on the way out.
 */
import type { StationId } from '../core/ids.ts';
import { type DescribedGap, type DescribedLoss, momentText } from './describe.ts';
import type { ClockEstimate, HourContent, HourStream, Step } from './types.ts';

/** How a stream was recorded. Hours that say the same share one. */
export interface RecordedHow {
  /** The station's name then. */
  readonly station: string;
  readonly responsible: string | null;
  /** `column` is the name in the table, `name` the stream's own. */
  readonly columns: readonly {
    readonly column: string;
    readonly name: string;
    readonly unit: string;
    readonly step: Step | null;
  }[];
  readonly askedPerSecond: number | null;
  readonly tickNs: number;
  readonly driver: string;
  readonly device: string;
  readonly replay: boolean;
  readonly calibration: string | null;
}

export interface HourFacts {
  readonly start: string;
  readonly end: string;
  /** How many of the table's rows are of this hour: they stand in the order of the hours. */
  readonly rows: number;
  /** Index into `recorded`. */
  readonly recorded: number;
  readonly clock: ClockEstimate | null;
  /** Of this stream, or of the whole station (`stream` null). */
  readonly gaps: readonly DescribedGap[];
  /** Blocks that could not be read: their rows are not in the table. */
  readonly lost: readonly DescribedLoss[];
}

export interface StreamFacts {
  readonly station: StationId | null;
  /** Null when the hour has no streams. */
  readonly stream: string | null;
  readonly recorded: readonly RecordedHow[];
  readonly hours: readonly HourFacts[];
}

/** Collects what a stream's hours say; what they say alike is kept once. */
export class FactLedger {
  readonly #stream: string | null;
  #station: StationId | null = null;
  readonly #recorded = new Map<string, { readonly index: number; readonly how: RecordedHow }>();
  readonly #hours: HourFacts[] = [];

  constructor(stream: string | null) {
    this.#stream = stream;
  }

  /**
   * @param stream one of the hour's own; undefined for an hour without any.
   * @param columns names in the table, one for each column of the stream.
   * @param rows how many of the stream's rows went into the table.
   */
  add(
    hour: HourContent,
    stream: HourStream | undefined,
    columns: readonly string[],
    rows: number,
    lost: readonly DescribedLoss[] = [],
  ): void {
    this.#station = hour.station;
    const at = stream === undefined ? null : hour.streams.indexOf(stream);
    this.#hours.push({
      start: momentText(hour.startMs),
      end: momentText(hour.startMs + hour.lengthMs),
      rows,
      recorded: this.#recordedAs(hour, stream, columns),
      clock: hour.clock ?? null,
      gaps: hour.gaps
        .filter((gap) => gap.stream === null || gap.stream === at)
        .map((gap) => ({
          stream: gap.stream === null ? null : this.#stream,
          from: momentText(gap.fromMs),
          to: momentText(gap.toMs),
          cause: gap.cause,
          detail: gap.detail,
        })),
      lost,
    });
  }

  #recordedAs(hour: HourContent, stream: HourStream | undefined, columns: readonly string[]): number {
    const descriptor = stream?.descriptor;
    const how: RecordedHow = {
      station: hour.stationName,
      responsible: hour.responsible ?? null,
      columns: (descriptor?.columns ?? []).map(({ name, unit, step }, c) => ({
        column: columns[c] ?? name,
        name,
        unit,
        step,
      })),
      askedPerSecond: descriptor?.askedRateHz ?? null,
      tickNs: descriptor?.tickNs ?? 1,
      driver: descriptor?.driver ?? '',
      device: descriptor?.device ?? '',
      replay: descriptor?.replay ?? false,
      calibration: descriptor?.calibration ?? null,
    };
    const key = JSON.stringify(how);
    const known = this.#recorded.get(key);
    if (known !== undefined) return known.index;
    const index = this.#recorded.size;
    this.#recorded.set(key, { index, how });
    return index;
  }

  facts(): StreamFacts {
    return {
      station: this.#station,
      stream: this.#stream,
      recorded: [...this.#recorded.values()].map(({ how }) => how),
      hours: this.#hours,
    };
  }
}
