/** Everything that a lone hour file says, as one plain document: what `waystation hour info --json` prints. */
import type { ColumnIndex, HourHeader, StreamIndex } from './header.ts';
import { MAX_TIME_MS } from './limits.ts';
import { isWhole, type SalvagedHour } from './salvage.ts';
import { summarize } from './summary.ts';
import type { ClockEstimate, Profile, Step } from './types.ts';

export interface DescribedColumn {
  readonly name: string;
  readonly unit: string;
  /** The declared step, null without one. */
  readonly step: Step | null;
  /** The grids that its blocks' values lie on; null among them: some block's lie on none. */
  readonly grids: readonly (Step | null)[];
  /** Finite values, infinite ones, and rows without either. Of blocks that cannot be read the infinite ones are among the missing. */
  readonly values: number;
  readonly infinite: number;
  readonly missing: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
}

export interface DescribedStream {
  readonly name: string;
  readonly rows: number;
  readonly first: string | null;
  readonly last: string | null;
  readonly readingsPerSecond: number | null;
  readonly askedPerSecond: number | null;
  /** Nanoseconds per tick of its times. */
  readonly tickNs: number;
  readonly driver: string;
  readonly device: string;
  readonly replay: boolean;
  readonly calibration: string | null;
  readonly profile: Profile;
  readonly blocks: number;
  readonly bytes: number;
  readonly bytesPerRow: number | null;
  readonly columns: readonly DescribedColumn[];
}

export interface DescribedHour {
  readonly station: string;
  readonly name: string;
  readonly start: string;
  readonly end: string;
  readonly responsible: string | null;
  readonly clock: ClockEstimate | null;
  readonly bytes: number;
  readonly descriptionBytes: number;
  readonly rows: number;
  readonly bytesPerRow: number | null;
  readonly streams: readonly DescribedStream[];
  readonly gaps: readonly DescribedGap[];
  readonly whole: boolean;
  readonly damaged: readonly DescribedLoss[];
  readonly missingBytes: number;
  readonly surplusBytes: number;
}

export interface DescribedGap {
  /** Null for the whole station. */
  readonly stream: string | null;
  readonly from: string;
  readonly to: string;
  readonly cause: string;
  readonly detail: string;
}

export interface DescribedLoss {
  readonly stream: string;
  /** From 1, of so many. */
  readonly block: number;
  readonly blocks: number;
  readonly rows: number;
  readonly from: string;
  readonly to: string;
  readonly why: 'cut-off' | 'damaged';
}

/** ISO 8601 in UTC; beyond ECMAScript's dates the number of milliseconds. */
export function momentText(ms: number): string {
  return Math.abs(ms) <= MAX_TIME_MS ? new Date(ms).toISOString() : `${ms} ms since 1970`;
}

/** @param bytes size of the file. */
export function describeHour(salvaged: SalvagedHour, bytes: number): DescribedHour {
  const { header, lost } = salvaged;
  const rows = header.streams.reduce((sum, stream) => sum + stream.rows, 0);
  const nameOf = (stream: number) => header.streams[stream]?.descriptor.name ?? '';
  return {
    station: header.station,
    name: header.stationName,
    start: momentText(header.startMs),
    end: momentText(header.startMs + header.lengthMs),
    responsible: header.responsible ?? null,
    clock: header.clock ?? null,
    bytes,
    descriptionBytes: header.dataAt,
    rows,
    bytesPerRow: rows === 0 ? null : bytes / rows,
    streams: header.streams.map((stream, s) => describeStream(salvaged, stream, s)),
    gaps: header.gaps.map(({ stream, fromMs, toMs, cause, detail }) => ({
      stream: stream === null ? null : nameOf(stream),
      from: momentText(fromMs),
      to: momentText(toMs),
      cause,
      detail,
    })),
    whole: isWhole(salvaged),
    damaged: describeLost(header, lost),
    missingBytes: salvaged.missingBytes,
    surplusBytes: salvaged.surplusBytes,
  };
}

/** The lost blocks by name. */
export function describeLost(header: HourHeader, lost: SalvagedHour['lost']): DescribedLoss[] {
  return lost.map(({ stream, block, rows, fromMs, toMs, why }) => ({
    stream: header.streams[stream]?.descriptor.name ?? '',
    block,
    blocks: header.streams[stream]?.blocks.length ?? 0,
    rows,
    from: momentText(fromMs),
    to: momentText(toMs),
    why,
  }));
}

function describeStream(salvaged: SalvagedHour, stream: StreamIndex, number: number): DescribedStream {
  const { descriptor, blocks, rows } = stream;
  const { startMs } = salvaged.header;
  const times = blocks.flatMap(({ firstTick, lastTick, tickNs }) => [firstTick * tickNs, lastTick * tickNs]);
  const moment = (ns: number) => (rows === 0 ? null : momentText(startMs + ns / 1e6));
  const bytes = blocks.reduce((sum, { length }) => sum + length, 0);
  return {
    name: descriptor.name,
    rows,
    first: moment(least(times)),
    last: moment(-least(times.map((ns) => -ns))),
    readingsPerSecond: stream.achievedRateHz,
    askedPerSecond: descriptor.askedRateHz,
    tickNs: descriptor.tickNs,
    driver: descriptor.driver,
    device: descriptor.device,
    replay: descriptor.replay,
    calibration: descriptor.calibration ?? null,
    profile: descriptor.profile ?? 'small',
    blocks: blocks.length,
    bytes,
    bytesPerRow: rows === 0 ? null : bytes / rows,
    columns: descriptor.columns.map(({ name, unit, step }, c) => {
      const indexes = blocks.map(({ columns }) => columns[c] as ColumnIndex);
      const values = indexes.reduce((sum, { count }) => sum + count, 0);
      const infinite = countInfinite(salvaged.content.streams[number]?.rows.columns[c]);
      const told = indexes.filter(({ count }) => count > 0);
      return {
        name,
        unit,
        step,
        grids: distinctSteps(told.map((index) => index.step)),
        values,
        infinite,
        missing: rows - values - infinite,
        min: values === 0 ? null : least(told.map(({ min }) => min as number)),
        max: values === 0 ? null : -least(told.map(({ max }) => -(max as number))) + 0,
        mean: values === 0 ? null : meanOf(salvaged, number, c, told, values),
      };
    }),
  };
}

/** The index counts finite values only. */
function countInfinite(values: Float64Array = new Float64Array(0)): number {
  let count = 0;
  for (const value of values) if (Math.abs(value) === Number.POSITIVE_INFINITY) count++;
  return count;
}

function least(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

/** From the sums of the index; where one was beyond exact numbers, from the values, if all are there. */
function meanOf(
  { content, lost }: SalvagedHour,
  stream: number,
  column: number,
  told: readonly ColumnIndex[],
  values: number,
): number | null {
  const sum = told.reduce((all, index) => all + (index.sum ?? Number.NaN), 0);
  if (Number.isFinite(sum)) return sum / values;
  if (lost.some((one) => one.stream === stream)) return null;
  return summarize(content)[stream]?.columns[column]?.mean ?? null;
}

function distinctSteps(steps: readonly (Step | null)[]): (Step | null)[] {
  return [
    ...new Map(
      steps.map((step) => [step === null ? '' : `${step.numerator}/${step.denominator}`, step]),
    ).values(),
  ];
}
