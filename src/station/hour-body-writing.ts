/**
 * The body of an hour's entry, written: names, units, extents, means and overviews of what was recorded.
 *
 * Invariants: least and greatest values are told exactly, a mean to half of 1/65,534 of the distance between them; bands enclose what was
 * recorded; the body always fits an entry, in a very wide hour by telling less.
 */
import type { Bytes } from '../core/bytes.ts';
import { type CborValue, encodeCbor } from '../core/cbor.ts';
import { idBytes } from '../core/ids.ts';
import { MAX_ENTRY_BYTES } from '../feed/entry.ts';
import { decimalsOf, findDecimals, isOn, numberOn } from '../hour/lattice.ts';
import { outlinesOf, type StreamOutline } from '../hour/outline.ts';
import { type Extent, MAX_SUMMARY_COLUMNS, MAX_SUMMARY_STREAMS, stepOf } from '../hour/pyramid.ts';
import type { ColumnSummary, HourContent, Step, StreamDescriptor } from '../hour/types.ts';
import { wordToWire } from './entry-words.ts';
import {
  type ColumnOverview,
  DECIMAL_STEPS,
  HOUR_BODY_VERSION,
  type HourBody,
  MAX_SUMMARY_GAPS,
  type StreamOverview,
  TOP_MEAN,
} from './hour-body.ts';

/** An entry's 64 KiB less its header, its signature and what sealing adds. */
const MAX_HOUR_BODY_BYTES = MAX_ENTRY_BYTES - 4_096;

function extentOf({ min, max }: ColumnSummary): Extent | null {
  return min === null || max === null ? null : { min, max };
}

/** The body for an hour that is there as a whole. */
export function hourBodyOf(content: HourContent, openId: Bytes): HourBody {
  return hourBodyFrom(content, outlinesOf(content), openId);
}

/** What is known of an hour beside its rows. */
type Ledger = Omit<HourContent, 'streams'> & {
  readonly streams: readonly { readonly descriptor: StreamDescriptor }[];
};

/** The body for an hour that is being sealed. @param outlines of its streams, in the order of the ledger. */
export function hourBodyFrom(
  { station, stationName, startMs, lengthMs, streams, gaps }: Ledger,
  outlines: readonly StreamOutline[],
  openId: Bytes,
): HourBody {
  return {
    station,
    stationName,
    startMs,
    lengthMs,
    openId,
    streams: outlines
      .slice(0, MAX_SUMMARY_STREAMS)
      .map((outline, i) => overviewOf((streams[i] as Ledger['streams'][number]).descriptor, outline)),
    gaps: gaps.slice(0, MAX_SUMMARY_GAPS),
  };
}

function overviewOf(descriptor: StreamDescriptor, outline: StreamOutline): StreamOverview {
  const { driver, device, replay } = descriptor;
  const columns = outline.columns.slice(0, MAX_SUMMARY_COLUMNS).map((column, i): ColumnOverview => {
    const { name = '', unit = '', step = null } = descriptor.columns[i] ?? {};
    return { ...column, name, unit, step };
  });
  return { ...outline, driver, device, replay, width: descriptor.columns.length, columns };
}

/** The grid as it is told, and the step that the extremes are counted in. */
function gridOf({ step, min, max }: ColumnOverview): {
  readonly wire: CborValue;
  readonly unit: Step | null;
} {
  if (step !== null) return { wire: decimalsOf(step) ?? [step.numerator, step.denominator], unit: step };
  if (min === null || max === null) return { wire: null, unit: null };
  const decimals = findDecimals(Float64Array.of(min, max), 2);
  const unit = decimals === undefined ? undefined : DECIMAL_STEPS[decimals];
  return decimals === undefined || unit === undefined
    ? { wire: null, unit: null }
    : { wire: -1 - decimals, unit };
}

function columnToWire(column: ColumnOverview, rows: number): CborValue {
  const { name, unit, count, mean } = column;
  const grid = gridOf(column);
  const told = [wordToWire(name), wordToWire(unit), grid.wire, rows - count];
  const extent = extentOf(column);
  if (extent === null) return told;
  return [...told, ...extentToWire(extent, grid.unit), meanToWire(mean ?? extent.min, extent)];
}

/** The least value, and how far above it the greatest lies; in a list each where the grid does not give both back. */
function extentToWire({ min, max }: Extent, grid: Step | null): CborValue[] {
  if (grid !== null && isOn(grid, min) && isOn(grid, max)) {
    const least = numberOn(grid, min);
    const span = numberOn(grid, max) - least;
    if (Number.isSafeInteger(span)) return [least, span];
  }
  return [[min], [max]];
}

function meanToWire(mean: number, extent: Extent): number {
  return extent.max > extent.min ? Math.round(stepOf(mean, TOP_MEAN, extent)) : 0;
}

function streamToWire(stream: StreamOverview, startMs: number): CborValue {
  const { firstMs, lastMs, rows } = stream;
  return [
    wordToWire(stream.name),
    wordToWire(stream.driver),
    stream.device,
    stream.replay,
    rows,
    firstMs === null ? null : firstMs - startMs,
    firstMs === null || lastMs === null ? null : lastMs - firstMs,
    stream.width,
    stream.columns.map((column) => columnToWire(column, rows)),
    stream.bands,
  ];
}

/** The hour's body; of a very wide hour the summary is cut until the entry takes it. */
export function encodeHourBody(body: HourBody): Bytes {
  const bytes = encodeHourParts(body);
  if (bytes.length <= MAX_HOUR_BODY_BYTES) return bytes;
  for (let part = withoutBands(body); ; part = halved(part)) {
    const shorter = encodeHourParts(part);
    if (shorter.length <= MAX_HOUR_BODY_BYTES || part.streams.length === 0) return shorter;
  }
}

function withoutBands(body: HourBody): HourBody {
  const none = new Uint8Array(0);
  return { ...body, streams: body.streams.map((stream) => ({ ...stream, bands: none })) };
}

/** Fewer gaps and columns; fewer streams when there are none of those left. */
function halved({ gaps, streams, ...rest }: HourBody): HourBody {
  const half = <T>(list: readonly T[]): readonly T[] => list.slice(0, Math.floor(list.length / 2));
  const bare = gaps.length === 0 && streams.every(({ columns }) => columns.length === 0);
  const fewer = bare
    ? half(streams)
    : streams.map((stream) => ({ ...stream, columns: half(stream.columns) }));
  return { ...rest, gaps: half(gaps), streams: fewer };
}

function encodeHourParts(body: HourBody): Bytes {
  const { startMs } = body;
  return encodeCbor([
    HOUR_BODY_VERSION,
    idBytes(body.station),
    body.stationName,
    startMs,
    body.lengthMs,
    body.openId,
    body.streams.map((stream) => streamToWire(stream, startMs)),
    body.gaps.map(({ stream, fromMs, toMs, cause, detail }) => [
      stream,
      fromMs - startMs,
      toMs - fromMs,
      wordToWire(cause),
      detail,
    ]),
  ]);
}
