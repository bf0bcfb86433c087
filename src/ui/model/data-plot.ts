/**
 * What a plot shows of the hours: at once what is known and decoded, and, nearest to the middle first, what has to be opened.
 *
 * Invariants: an hour is opened by one request at a time and at most {@link AT_ONCE} are; what a view no longer wants is not begun;
 * an hour that cannot be opened is told and leaves the rest as it is.
 */
import { errorMessage } from '../../core/errors.ts';
import type { Gap } from '../../hour/types.ts';
import type { HourBody } from '../../station/entry-bodies.ts';
import type { SealedBytes } from '../../station/export.ts';
import {
  HOUR_HAS_GAP,
  HOUR_HELD,
  HOUR_IS_PART,
  hoursWithin,
  type StationTimeline,
} from '../../station/timeline.ts';
import { ByteBudget } from './data-cache.ts';
import {
  type Break,
  type ColumnHistory,
  type ColumnRef,
  type DrawnLine,
  drawLine,
  historyOf,
  isToldByEntry,
} from './data-series.ts';
import type { HourFacts } from './data-shelf.ts';
import { binMsOf, levelFor, PAGE_BINS, type Tile, tileBytes } from './data-tiles.ts';
import type { DataApi } from './data-worker.browser.ts';

/** Tiles kept on the page's side: several screens of twelve lines. */
const MAX_TILE_BYTES = 48 * 2 ** 20;
/** Hours opened at once: one is read from the store while another is decoded. */
const AT_ONCE = 3;
/** Levels of tiles that stand in while those of the right one are decoded, in this order. */
const STAND_INS = [1, 2, 3, -1, 4, 5, 6];
/** Gaps of one plot: more than its pixels say nothing. */
const MAX_BREAKS = 2_000;

/** An hour that can be plotted. */
export interface PlotHour {
  readonly body: HourBody;
}

export interface PlotStation<Hour extends PlotHour = PlotHour> {
  readonly key: string;
  readonly timeline: StationTimeline<Hour>;
}

export interface PlotRequest<Hour extends PlotHour = PlotHour> {
  readonly stations: readonly PlotStation<Hour>[];
  readonly columns: readonly ColumnRef[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly widthPx: number;
}

export interface PlotLine extends DrawnLine {
  readonly station: string;
  readonly column: ColumnRef;
}

/** An hour that could not be shown, and why. */
export interface Unreadable {
  readonly station: string;
  readonly startMs: number;
  readonly message: string;
}

export interface PlotPorts<Hour extends PlotHour> {
  readonly worker: DataApi;
  /** Names an hour's content. */
  keyOf(hour: Hour): string;
  load(hour: Hour): Promise<SealedBytes>;
  /** An hour was opened: it says what its columns are called. */
  onFacts(station: string, facts: HourFacts): void;
}

interface Job<Hour extends PlotHour> {
  readonly station: PlotStation<Hour>;
  readonly hour: Hour;
  readonly key: string;
  readonly stream: string;
  readonly columns: readonly number[];
  readonly level: number;
  readonly page: number;
  readonly distanceMs: number;
}

export class PlotSource<Hour extends PlotHour> {
  readonly #ports: PlotPorts<Hour>;
  readonly #tiles = new ByteBudget<Tile>(MAX_TILE_BYTES, tileBytes);
  readonly #histories = new Map<string, { readonly hours: number; readonly history: ColumnHistory }>();
  readonly #opening = new Map<string, Promise<HourFacts>>();
  /** Gaps of hours whose entry told only some. */
  readonly #gaps = new Map<string, readonly Gap[]>();
  readonly #unreadable = new Map<string, Unreadable>();

  constructor(ports: PlotPorts<Hour>) {
    this.#ports = ports;
  }

  /** Every line as far as it is known now, station by station. */
  lines(request: PlotRequest<Hour>): PlotLine[] {
    const { stations, columns, fromMs, toMs, widthPx } = request;
    const level = levelFor(toMs - fromMs, widthPx);
    return stations.flatMap((station) => {
      const breaks = new Map<string, readonly Break[]>();
      return columns.map((column) => {
        let own = breaks.get(column.stream);
        if (own === undefined) {
          own = this.breaks(station, column.stream, fromMs, toMs, binMsOf(level));
          breaks.set(column.stream, own);
        }
        const line = drawLine({
          column,
          timeline: station.timeline,
          history: this.#history(station, column),
          fromMs,
          toMs,
          level,
          breaks: own,
          tilesOf: (i) => this.#tilesOf(station.timeline.hours[i] as Hour, column, level, fromMs, toMs),
        });
        return { station: station.key, column, ...line };
      });
    });
  }

  #history({ key, timeline }: PlotStation<Hour>, column: ColumnRef): ColumnHistory {
    const name = `${key}|${column.stream}|${column.index}`;
    const known = this.#histories.get(name);
    // Hours are added and never changed; which of them are here does not matter to it.
    if (known !== undefined && known.hours === timeline.hours.length) return known.history;
    const history = historyOf(timeline, column);
    this.#histories.set(name, { hours: timeline.hours.length, history });
    return history;
  }

  /** The gaps of a stream that last at least half of `shortestMs`, in order and without overlap. */
  breaks(
    { timeline }: PlotStation<Hour>,
    stream: string,
    fromMs: number,
    toMs: number,
    shortestMs: number,
  ): readonly Break[] {
    const found: { fromMs: number; toMs: number; cause: string; detail: string }[] = [];
    const { first, end } = hoursWithin(timeline, fromMs, toMs);
    for (let i = first; i < end && found.length < MAX_BREAKS; i++) {
      if (((timeline.flags[i] as number) & (HOUR_HAS_GAP | HOUR_IS_PART)) === 0) continue;
      const hour = timeline.hours[i] as Hour;
      const { body } = hour;
      const gaps = this.#gaps.get(this.#ports.keyOf(hour)) ?? body.gaps;
      const index = body.streams.findIndex((one) => one.name === stream);
      for (const gap of gaps) {
        if (gap.stream !== null && gap.stream !== index) continue;
        if (gap.toMs - gap.fromMs < shortestMs / 2 || gap.toMs < fromMs || gap.fromMs > toMs) continue;
        found.push({ fromMs: gap.fromMs, toMs: gap.toMs, cause: gap.cause, detail: gap.detail });
      }
    }
    found.sort((a, b) => a.fromMs - b.fromMs);
    const apart: typeof found = [];
    for (const gap of found) {
      const last = apart.at(-1);
      if (last === undefined || gap.fromMs > last.toMs) apart.push(gap);
      else if (gap.toMs > last.toMs) last.toMs = gap.toMs;
    }
    return apart;
  }

  /** Hours that could not be opened when they were last tried. */
  unreadable(): readonly Unreadable[] {
    return [...this.#unreadable.values()];
  }

  #tilesOf(
    hour: Hour,
    column: ColumnRef,
    level: number,
    fromMs: number,
    toMs: number,
  ): readonly Tile[] | undefined {
    const key = this.#ports.keyOf(hour);
    const extent = extentOf(hour.body, column.stream);
    if (extent === null) return [];
    const at = (own: number) => {
      const tiles: Tile[] = [];
      for (const page of pagesOf(extent, own, fromMs, toMs)) {
        const tile = this.#tiles.get(tileKey(key, column, own, page));
        if (tile === undefined) return undefined;
        tiles.push(tile);
      }
      return tiles;
    };
    const right = at(level);
    if (right !== undefined) return right;
    for (const step of STAND_INS) {
      const tiles = at(level + step);
      if (tiles !== undefined) return tiles;
    }
    return undefined;
  }

  /**
   * Opens and decodes what the request shows and is here. Rejects with the signal's reason when it is given up.
   * @param onProgress called after each piece, with how many there are in all.
   */
  async fill(
    request: PlotRequest<Hour>,
    signal: AbortSignal,
    onProgress: (done: number, total: number) => void,
  ): Promise<void> {
    const jobs = this.#jobs(request);
    let next = 0;
    let done = 0;
    const work = async (): Promise<void> => {
      for (let job = jobs[next++]; job !== undefined; job = jobs[next++]) {
        signal.throwIfAborted();
        await this.#do(job);
        onProgress(++done, jobs.length);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    signal.throwIfAborted();
  }

  #jobs({ stations, columns, fromMs, toMs, widthPx }: PlotRequest<Hour>): Job<Hour>[] {
    const level = levelFor(toMs - fromMs, widthPx);
    const middle = (fromMs + toMs) / 2;
    const byStream = new Map<string, number[]>();
    for (const { stream, index } of columns) byStream.set(stream, [...(byStream.get(stream) ?? []), index]);
    const jobs: Job<Hour>[] = [];
    for (const station of stations) {
      const { timeline } = station;
      const { first, end } = hoursWithin(timeline, fromMs, toMs);
      for (let i = first; i < end; i++) {
        const hour = timeline.hours[i] as Hour;
        if (((timeline.flags[i] as number) & HOUR_HELD) === 0) continue;
        if (isToldByEntry(hour.body.lengthMs, level)) continue;
        const key = this.#ports.keyOf(hour);
        for (const [stream, wanted] of byStream) {
          const extent = extentOf(hour.body, stream);
          if (extent === null) continue;
          for (const page of pagesOf(extent, level, fromMs, toMs)) {
            const missing = wanted.filter(
              (index) => !this.#tiles.has(tileKey(key, { stream, index }, level, page)),
            );
            if (missing.length === 0) continue;
            const distanceMs = Math.abs(hour.body.startMs + hour.body.lengthMs / 2 - middle);
            jobs.push({ station, hour, key, stream, columns: missing, level, page, distanceMs });
          }
        }
      }
    }
    return jobs.sort((a, b) => a.distanceMs - b.distanceMs);
  }

  async #do({ station, hour, key, stream, columns, level, page }: Job<Hour>): Promise<void> {
    try {
      const request = { stream, columns, level, page };
      let tiles = await this.#ports.worker.tiles(key, request);
      if (tiles === undefined) {
        await this.open(station.key, hour);
        tiles = await this.#ports.worker.tiles(key, request);
      }
      tiles?.forEach((tile, i) => {
        this.#tiles.put(tileKey(key, { stream, index: columns[i] as number }, level, page), tile);
      });
      this.#unreadable.delete(key);
    } catch (error) {
      const { startMs } = hour.body;
      this.#unreadable.set(key, { station: station.key, startMs, message: errorMessage(error) });
    }
  }

  /** Opens an hour in the worker. @throws WaystationError when it cannot be read. */
  async open(station: string, hour: Hour): Promise<HourFacts> {
    const key = this.#ports.keyOf(hour);
    let opening = this.#opening.get(key);
    if (opening === undefined) {
      opening = this.#openNow(station, hour, key).finally(() => this.#opening.delete(key));
      this.#opening.set(key, opening);
    }
    return opening;
  }

  async #openNow(station: string, hour: Hour, key: string): Promise<HourFacts> {
    const { stored, seal } = await this.#ports.load(hour);
    const facts = await this.#ports.worker.open(key, stored, seal);
    if (facts.gaps.length > hour.body.gaps.length) this.#gaps.set(key, facts.gaps);
    this.#ports.onFacts(station, facts);
    return facts;
  }
}

function tileKey(hour: string, { stream, index }: ColumnRef, level: number, page: number): string {
  return `${hour}|${stream}|${index}|${level}|${page}`;
}

function extentOf(body: HourBody, stream: string): { fromMs: number; toMs: number } | null {
  const own = body.streams.find((one) => one.name === stream);
  if (own === undefined || own.firstMs === null || own.lastMs === null || own.rows === 0) return null;
  // Whole milliseconds are told: the last reading may lie within the next.
  return { fromMs: own.firstMs, toMs: own.lastMs + 1 };
}

function* pagesOf(
  extent: { readonly fromMs: number; readonly toMs: number },
  level: number,
  fromMs: number,
  toMs: number,
): Iterable<number> {
  const pageMs = PAGE_BINS * binMsOf(level);
  const first = Math.floor(Math.max(extent.fromMs, fromMs) / pageMs);
  const last = Math.floor(Math.min(extent.toMs, toMs) / pageMs);
  for (let page = first; page <= last; page++) yield page;
}
