/**
 * What the cards of stations say beyond the counts: silence, gaps of the latest hour, room that a day takes, the line of the last day.
 * Kept per station and made anew only when an hour came, so that two hundred stations cost nothing while nothing happens.
 */
import type { NodeId } from '../../core/ids.ts';
import { nodeIdText, shortNodeId } from '../../core/ids.ts';
import type { Gap, GapCause } from '../../hour/types.ts';
import type { HourRecord, StationRecord } from '../../station/catalog.ts';
import { recordedMsOf } from '../../station/hour-pieces.ts';
import type { Space } from '../../station/space.ts';
import { stationName } from '../../station/station-name.ts';
import type { StationStatus } from '../../station/status.ts';
import { plainName, sharedNames } from '../parts/names.ts';
import { endedAs } from './members.ts';
import type { ModelCore } from './model-core.ts';
import type { RecentGap, Spark, SparkPoint, StationFacts, StationsModel } from './station-facts.ts';

const DAY_MS = 86_400_000;
/** Less than this was seen of a station, most of an hour: what a day takes cannot be told. */
const MIN_RATE_SPAN_MS = 55 * 60_000;
/** Shorter interruptions than this are told in the hour itself, and alarm nobody. */
const MIN_GAP_MS = 5_000;
/** Of more hours the number says for how long a station has recorded; of fewer a part of one counts. */
const FEW_HOURS = 24;
/** Points of a line: more cannot be told apart on a card. */
const MAX_POINTS = 60;
/** Readings of this device kept for its live line, one a second. */
const MAX_LIVE = 60;

/** What is derived of one station's hours. */
interface Derived {
  readonly count: number;
  readonly last: HourRecord | undefined;
  readonly hourMs: number | null;
  readonly lastEndMs: number | null;
  readonly stoppedMs: number | null;
  readonly isWholeToEnd: boolean;
  readonly gaps: readonly RecentGap[];
  /** Bytes that its hours and pictures of its last day took, and the span that was recorded in it. */
  readonly dayBytes: number;
  readonly daySpanMs: number;
  readonly recordedMs: number | null;
  spark: Spark | null | undefined;
}

export class StationsView implements StationsModel {
  readonly #core: ModelCore;
  readonly #derived = new Map<string, Derived>();
  readonly #stations = new Map<string, StationRecord>();
  readonly #live: SparkPoint[] = [];
  #liveName: { label: string; unit: string } | null = null;

  constructor(core: ModelCore) {
    this.#core = core;
  }

  /** The facts of every station, in the order of `statuses`. */
  facts(
    space: Space,
    statuses: readonly StationStatus[],
    throughOf: (author: NodeId) => readonly string[],
  ): StationFacts[] {
    // Their names are looked up when one comes, or one that stood for another goes.
    const isSame = statuses.length === this.#stations.size;
    if (!isSame || statuses.some(({ key }) => !this.#stations.has(key))) this.#list(space);
    const own = `${nodeIdText(space.self)}/`;
    const shared = sharedNames(statuses.map(({ key, name }) => [key.slice(0, key.indexOf('/')), name]));
    return statuses.map((status) => {
      const station = this.#stations.get(status.key);
      const derived = this.#of(status.key);
      return {
        status,
        isOwn: status.key.startsWith(own),
        isRemoved: station !== undefined && endedAs(space, station.author) !== null,
        mark:
          station !== undefined && shared.has(plainName(status.name)) ? shortNodeId(station.author) : null,
        hourMs: derived?.hourMs ?? null,
        lastEndMs: derived?.lastEndMs ?? null,
        stoppedMs: derived?.stoppedMs ?? null,
        isWholeToEnd: derived?.isWholeToEnd ?? false,
        gaps: derived?.gaps ?? [],
        recordedMs: derived?.recordedMs ?? null,
        through: station === undefined || status.missing === 0 ? [] : throughOf(station.author),
      };
    });
  }

  #list({ catalog }: Space): void {
    this.#stations.clear();
    for (const station of catalog.stations.values()) this.#stations.set(stationName(station), station);
    for (const key of this.#derived.keys()) if (!this.#stations.has(key)) this.#derived.delete(key);
  }

  /** Bytes that a day of all stations that record takes here; null while too little was seen to say. */
  bytesPerDay(nowMs: number): number | null {
    let perDay = 0;
    let isKnown = false;
    for (const { dayBytes, daySpanMs, stoppedMs, lastEndMs } of this.#derived.values()) {
      if (daySpanMs < MIN_RATE_SPAN_MS || stoppedMs !== null) continue;
      // What has brought nothing for a day takes no room now.
      if (nowMs - (lastEndMs ?? 0) > DAY_MS) continue;
      perDay += (dayBytes / daySpanMs) * DAY_MS;
      isKnown = true;
    }
    return isKnown ? perDay : null;
  }

  /** Notes what this device reads now, for its live line. */
  noteReading(nowMs: number): void {
    const stream = this.#core.state.recording?.streams.find(
      ({ trouble, columns }) => trouble === null && columns.some(({ last }) => last !== null),
    );
    const column = stream?.columns.find(({ last }) => last !== null);
    if (stream === undefined || column === undefined || column.last === null) {
      if (this.#core.state.recording === null) this.#live.length = 0;
      return;
    }
    const label = seriesName(stream.name, column.name);
    if (this.#liveName?.label !== label) this.#live.length = 0;
    this.#liveName = { label, unit: column.unit };
    this.#live.push({ atMs: nowMs, mean: column.last, min: column.last, max: column.last });
    if (this.#live.length > MAX_LIVE) this.#live.shift();
  }

  spark(key: string): Spark | null {
    const facts = this.#core.state.stationFacts.find(({ status }) => status.key === key);
    if (facts?.isOwn === true && this.#live.length > 1 && this.#liveName !== null)
      return { ...this.#liveName, points: [...this.#live], stepMs: 3_000, isLive: true };
    const derived = this.#of(key);
    const station = this.#stations.get(key);
    if (derived === undefined || station === undefined) return null;
    if (derived.spark === undefined) derived.spark = sparkOf(station.hours);
    return derived.spark;
  }

  #of(key: string): Derived | undefined {
    const station = this.#stations.get(key);
    if (station === undefined) return undefined;
    const known = this.#derived.get(key);
    const last = station.hours.at(-1);
    const count = station.hours.length + station.pictures.length;
    if (known?.count === count && known.last === last) return known;
    const derived = derive(station, count);
    this.#derived.set(key, derived);
    return derived;
  }
}

function derive(station: StationRecord, count: number): Derived {
  const last = station.hours.at(-1);
  if (last === undefined) {
    const none = {
      hourMs: null,
      lastEndMs: null,
      stoppedMs: null,
      isWholeToEnd: false,
      gaps: [],
      dayBytes: 0,
      daySpanMs: 0,
      recordedMs: null,
    };
    return { count, last, ...none, spark: undefined };
  }
  const { startMs, lengthMs, gaps } = last.body;
  const endMs = startMs + lengthMs;
  const stop = gaps.find((gap) => gap.stream === null && gap.toMs >= endMs && gap.cause === 'stop');
  const day = lastDay(station.hours);
  const firstMs = day[0]?.body.startMs ?? startMs;
  const pictures = station.pictures.filter(({ body }) => body.atMs >= firstMs && body.atMs < endMs);
  return {
    count,
    last,
    hourMs: lengthMs,
    lastEndMs: endMs,
    stoppedMs: stop === undefined ? null : stop.fromMs,
    isWholeToEnd: !gaps.some(({ stream, toMs }) => stream === null && toMs >= endMs),
    gaps: recentGaps(gaps, endMs),
    dayBytes: [...day, ...pictures].reduce(
      (sum, { entry }) => sum + entry.header.blobs.reduce((bytes, { size }) => bytes + size, 0),
      0,
    ),
    recordedMs:
      station.hours.length > FEW_HOURS || station.unopened.length > 0
        ? null
        : station.hours.reduce((sum, { body }) => sum + recordedMsOf(body), 0),
    daySpanMs: day.reduce((sum, { body }) => sum + heardMs(body), 0),
    spark: undefined,
  };
}

/** From an hour's first reading to its last, ms: the first and the last of a recording are seldom whole. */
function heardMs({ streams, lengthMs }: HourRecord['body']): number {
  let firstMs = Number.POSITIVE_INFINITY;
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const stream of streams) {
    if (stream.firstMs !== null) firstMs = Math.min(firstMs, stream.firstMs);
    if (stream.lastMs !== null) lastMs = Math.max(lastMs, stream.lastMs);
  }
  return lastMs >= firstMs ? Math.min(lengthMs, lastMs - firstMs) : lengthMs;
}

/** The hours of a station's last day, oldest first. */
function lastDay(hours: readonly HourRecord[]): HourRecord[] {
  const last = hours.at(-1);
  if (last === undefined) return [];
  const fromMs = last.body.startMs + last.body.lengthMs - DAY_MS;
  const day: HourRecord[] = [];
  for (let i = hours.length - 1; i >= 0; i--) {
    const hour = hours[i] as HourRecord;
    if (hour.body.startMs < fromMs) break;
    day.unshift(hour);
  }
  return day;
}

/** Interruptions that nobody wanted: each cause once, with all its time. */
function recentGaps(gaps: readonly Gap[], endMs: number): RecentGap[] {
  const byCause = new Map<GapCause, number>();
  for (const { stream, cause, fromMs, toMs } of gaps) {
    if (cause === 'start' || cause === 'stop') continue;
    // The gap of an hour that ended by itself lasts on paper to its slot's end: what came after is in the next one, or is silence.
    if (stream === null && toMs >= endMs) continue;
    byCause.set(cause, Math.max(byCause.get(cause) ?? 0, toMs - fromMs));
  }
  return [...byCause]
    .map(([cause, ms]) => ({ cause, ms }))
    .filter(({ ms }) => ms >= MIN_GAP_MS)
    .sort((a, b) => b.ms - a.ms);
}

/** Means with their extent, of the first column that has any; several hours to a point where there are too many. */
function sparkOf(hours: readonly HourRecord[]): Spark | null {
  const day = lastDay(hours);
  const stream = day.at(-1)?.body.streams.find(({ columns }) => columns.some(({ mean }) => mean !== null));
  const column = stream?.columns.findIndex(({ mean }) => mean !== null) ?? -1;
  if (stream === undefined || column < 0) return null;
  const each: SparkPoint[] = [];
  for (const { body } of day) {
    const summary = body.streams.find(({ name }) => name === stream.name)?.columns[column];
    if (summary === undefined || summary.mean === null || summary.min === null || summary.max === null)
      continue;
    const { mean, min, max } = summary;
    each.push({ atMs: body.startMs + body.lengthMs / 2, mean, min, max });
  }
  const group = Math.max(1, Math.ceil(each.length / MAX_POINTS));
  const points: SparkPoint[] = [];
  for (let i = 0; i < each.length; i += group) points.push(merged(each.slice(i, i + group)));
  const stepMs = 1.5 * group * (day.at(-1)?.body.lengthMs ?? 0);
  const { name = '', unit = '' } = stream.columns[column] ?? {};
  return points.length === 0
    ? null
    : { label: seriesName(stream.name, name), unit, points, stepMs, isLive: false };
}

/** `accelerometer x`; a stream and its only quantity are often called alike. */
function seriesName(stream: string, column: string): string {
  return column === '' || column === stream ? stream : `${stream} ${column}`;
}

function merged(points: readonly SparkPoint[]): SparkPoint {
  const sum = (pick: (point: SparkPoint) => number) => points.reduce((all, point) => all + pick(point), 0);
  return {
    atMs: sum(({ atMs }) => atMs) / points.length,
    mean: sum(({ mean }) => mean) / points.length,
    min: Math.min(...points.map(({ min }) => min)),
    max: Math.max(...points.map(({ max }) => max)),
  };
}
