/**
 * The hours that the data worker has opened: their files, and of each plotted column one coarse version, so that zooming out reads
 * no file again. Runs in the data worker.
 *
 * Invariant: what is kept stays within two byte budgets; what was not used for longest goes first.
 */
import type { SealContext, Sealer } from '../../blob/content-key.ts';
import { openBlob } from '../../blob/seal.ts';
import { decodeHour, readHourHeader } from '../../hour/container.ts';
import type { HourHeader } from '../../hour/header.ts';
import { summarize } from '../../hour/summary.ts';
import type { ClockEstimate, Gap, HourContent, StreamDescriptor, StreamSummary } from '../../hour/types.ts';
import { ByteBudget } from './data-cache.ts';
import {
  baseLevelOf,
  binned,
  cut,
  DecodedBlocks,
  extentOf,
  pageBounds,
  readingsOf,
  type Sums,
  sumsBytes,
  type Tile,
  type TileRequest,
  tileFrom,
} from './data-tiles.ts';

/** Opened files: about a week of hours of three channels at 60 Hz, and small enough for a phone's page. */
const MAX_FILE_BYTES = 64 * 2 ** 20;
/** Coarse versions: 80 kB a column and hour. */
const MAX_COARSE_BYTES = 48 * 2 ** 20;

/** What an hour file says of itself. */
export interface HourFacts {
  readonly station: string;
  readonly stationName: string;
  readonly startMs: number;
  readonly lengthMs: number;
  readonly streams: readonly (StreamDescriptor & {
    readonly rows: number;
    readonly achievedRateHz: number | null;
  })[];
  readonly gaps: readonly Gap[];
  readonly responsible: string | null;
  readonly clock: ClockEstimate | null;
}

interface OpenFile {
  readonly bytes: Uint8Array;
  readonly header: HourHeader;
}

interface Coarse {
  readonly sums: Sums;
  /** What is finer has to be read from the file. */
  readonly level: number;
}

export class HourShelf {
  readonly #crypto: Sealer;
  readonly #decoded = new DecodedBlocks();
  readonly #files = new ByteBudget<OpenFile>(MAX_FILE_BYTES, ({ bytes }) => bytes.length);
  readonly #coarse = new ByteBudget<Coarse>(MAX_COARSE_BYTES, ({ sums }) => sumsBytes(sums));

  constructor(crypto: Sealer) {
    this.#crypto = crypto;
  }

  /**
   * Takes an hour in and says what it is.
   * @param seal null when it is not sealed.
   * @throws WaystationError `no-key`, `corrupt`, `malformed`, `limit`.
   */
  async open(key: string, stored: Uint8Array, seal: SealContext | null): Promise<HourFacts> {
    const bytes = seal === null ? stored : await openBlob(this.#crypto, seal, stored);
    const header = readHourHeader(bytes);
    this.#files.put(key, { bytes, header });
    return factsOf(header);
  }

  /** The asked columns of one page; undefined when the hour has to be opened again. @throws WaystationError `corrupt`, `malformed`. */
  tiles(key: string, request: TileRequest): Tile[] | undefined {
    const tiles: Tile[] = [];
    for (const column of request.columns) {
      const tile = this.#tile(key, request, column);
      if (tile === undefined) return undefined;
      tiles.push(tile);
    }
    return tiles;
  }

  #tile(key: string, { stream: name, level, page }: TileRequest, column: number): Tile | undefined {
    const { fromMs, toMs } = pageBounds(level, page);
    const coarseKey = `${key}|${name}|${column}`;
    const coarse = this.#coarse.get(coarseKey);
    if (coarse !== undefined && level >= coarse.level) return tileFrom(cut(coarse.sums, fromMs, toMs), level);
    const file = this.#files.get(key);
    if (file === undefined) return undefined;
    const stream = file.header.streams.find(({ descriptor }) => descriptor.name === name);
    const extent = stream === undefined ? null : extentOf(file.header, stream);
    if (stream === undefined || extent === null) return EMPTY;
    const base = baseLevelOf(extent);
    if (level < base)
      return tileFrom(
        readingsOf(this.#decoded, file.bytes, file.header, stream, column, fromMs, toMs),
        level,
      );
    const all = readingsOf(
      this.#decoded,
      file.bytes,
      file.header,
      stream,
      column,
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    );
    // A handful of readings is kept as it is: bins would say less and take as much.
    const sums = all.x.length <= COARSE_POINTS ? all : binned(all, base);
    this.#coarse.put(coarseKey, { sums, level: base });
    return tileFrom(cut(sums, fromMs, toMs), level);
  }

  /** The whole hour, decoded; undefined when it has to be opened again. @throws WaystationError `corrupt`, `malformed`. */
  content(key: string): HourContent | undefined {
    const file = this.#files.get(key);
    return file === undefined ? undefined : decodeHour(file.bytes);
  }

  /** Counts, extents and means as the entry of an hour tells them. @throws WaystationError `corrupt`, `malformed`. */
  summary(key: string): readonly StreamSummary[] | undefined {
    const content = this.content(key);
    return content === undefined ? undefined : summarize(content);
  }

  /** The hour's own file. */
  file(key: string): Uint8Array | undefined {
    return this.#files.get(key)?.bytes;
  }
}

const COARSE_POINTS = 2048;
const EMPTY: Tile = {
  exact: true,
  x: new Float64Array(0),
  mean: new Float64Array(0),
  min: null,
  max: null,
  count: null,
};

function factsOf(header: HourHeader): HourFacts {
  const { station, stationName, startMs, lengthMs, gaps, responsible, clock } = header;
  return {
    station,
    stationName,
    startMs,
    lengthMs,
    streams: header.streams.map(({ descriptor, rows, achievedRateHz }) => ({
      ...descriptor,
      rows,
      achievedRateHz,
    })),
    gaps,
    responsible: responsible ?? null,
    clock: clock ?? null,
  };
}
