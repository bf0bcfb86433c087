/**
 * Bodies of the sealed kinds that this version writes: deterministic CBOR arrays led by a version number. An hour's body
 * carries enough to draw an overview of a network before a single blob has moved.
 */
import * as v from 'valibot';
import type { Bytes } from '../core/bytes.ts';
import { type CborValue, decodeCbor, encodeCbor } from '../core/cbor.ts';
import { WaystationError } from '../core/errors.ts';
import { idBytes, type StationId, stationIdFrom } from '../core/ids.ts';
import { FIRST_ISSUE } from '../core/schema.ts';
import { MAX_ENTRY_BYTES } from '../feed/entry.ts';
import { MAX_TEXT_CHARS, MAX_TIME_MS } from '../hour/limits.ts';
import type { ColumnSummary, Gap, GapCause, HourContent, StreamSummary } from '../hour/types.ts';

/** Streams whose columns are summarised one by one in the entry; the rest are in the hour itself. */
const MAX_SUMMARY_STREAMS = 64;
const MAX_SUMMARY_COLUMNS = 64;
/** Gaps told in the entry; the hour itself has them all. */
const MAX_SUMMARY_GAPS = 64;
/** An entry's 64 KiB less its header, its signature and what sealing adds. */
const MAX_HOUR_BODY_BYTES = MAX_ENTRY_BYTES - 4_096;
/** Names of stations and spaces, in UTF-16 code units: they stand in every hour and every table. */
export const MAX_NAME_CHARS = 200;

export interface ProfileBody {
  readonly name: string;
  readonly station: StationId | null;
  /** Set by the admin who made the space. */
  readonly spaceName: string | null;
  /** It is a relay: it stands somewhere, keeps everything and is where the others meet. */
  readonly isRelay?: boolean;
}

export interface StreamOrigin {
  readonly name: string;
  readonly driver: string;
  readonly device: string;
  readonly replay: boolean;
}

export interface HourBody {
  readonly station: StationId;
  readonly stationName: string;
  readonly startMs: number;
  readonly lengthMs: number;
  /** Names the open hour this was sealed from, so that a crash between sealing and forgetting cannot seal it twice. */
  readonly openId: Bytes;
  readonly streams: readonly (StreamSummary & StreamOrigin)[];
  readonly gaps: readonly Gap[];
}

export interface PictureBody {
  readonly station: StationId;
  readonly atMs: number;
  readonly mediaType: string;
  readonly replay: boolean;
}

const raw = v.instance(Uint8Array) as v.GenericSchema<Bytes>;
const text = v.pipe(v.string(), v.maxLength(MAX_TEXT_CHARS));
/** Times are shown as dates, which can hold no others. */
const moment = v.pipe(v.number(), v.minValue(-MAX_TIME_MS), v.maxValue(MAX_TIME_MS));
const time = v.pipe(moment, v.safeInteger());
const count = v.pipe(v.number(), v.safeInteger());
const maybe = v.nullable(v.number());

/** What kind of device says a profile; the others say none. */
const RELAY = 1;
const profileSchema = v.tupleWithRest([v.literal(1), text, v.nullable(raw), v.nullable(text)], count);
const hourSchema = v.strictTuple([
  v.literal(1),
  raw,
  text,
  time,
  time,
  raw,
  v.pipe(
    v.array(
      v.strictTuple([
        text,
        text,
        text,
        v.boolean(),
        count,
        v.nullable(moment),
        v.nullable(moment),
        maybe,
        v.pipe(v.array(v.strictTuple([count, maybe, maybe, maybe])), v.maxLength(MAX_SUMMARY_COLUMNS)),
      ]),
    ),
    v.maxLength(MAX_SUMMARY_STREAMS),
  ),
  v.pipe(v.array(v.strictTuple([v.nullable(count), time, time, text, text])), v.maxLength(MAX_SUMMARY_GAPS)),
]);
const pictureSchema = v.strictTuple([v.literal(1), raw, time, text, v.boolean()]);

function parse<S extends v.GenericSchema>(schema: S, bytes: Uint8Array, what: string): v.InferOutput<S> {
  const result = v.safeParse(schema, decodeCbor(bytes, MAX_ENTRY_BYTES), FIRST_ISSUE);
  if (!result.success) throw new WaystationError('malformed', `expected the body of ${what}`);
  return result.output;
}

/** @throws WaystationError `limit` on a name of more than {@link MAX_NAME_CHARS} characters. */
export function encodeProfile(body: ProfileBody): Bytes {
  for (const name of [body.name, body.spaceName ?? '']) {
    if (name.length <= MAX_NAME_CHARS) continue;
    const message = `expected a name of at most ${MAX_NAME_CHARS} characters, got ${name.length}: shorten it`;
    throw new WaystationError('limit', message);
  }
  const station = body.station === null ? null : idBytes(body.station);
  return encodeCbor([1, body.name, station, body.spaceName, ...(body.isRelay === true ? [RELAY] : [])]);
}

export function decodeProfile(bytes: Uint8Array): ProfileBody {
  const [, name, station, spaceName, kind, ...more] = parse(profileSchema, bytes, 'a profile');
  if (more.length > 0) throw new WaystationError('malformed', 'expected the body of a profile');
  const body = { name, station: station === null ? null : stationIdFrom(station), spaceName };
  return kind === RELAY ? { ...body, isRelay: true } : body;
}

function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}

function columnToWire({ count, min, max, mean }: ColumnSummary): CborValue {
  return [count, finite(min), finite(max), finite(mean)];
}

/** The body for an hour that is being sealed. */
export function hourBodyOf(
  content: HourContent,
  openId: Bytes,
  summaries: readonly StreamSummary[],
): HourBody {
  return {
    station: content.station,
    stationName: content.stationName,
    startMs: content.startMs,
    lengthMs: content.lengthMs,
    openId,
    streams: summaries.slice(0, MAX_SUMMARY_STREAMS).map((summary, i) => {
      const { driver, device, replay } = (content.streams[i] as HourContent['streams'][number]).descriptor;
      return { ...summary, columns: summary.columns.slice(0, MAX_SUMMARY_COLUMNS), driver, device, replay };
    }),
    gaps: content.gaps.slice(0, MAX_SUMMARY_GAPS),
  };
}

/** The hour's body; of a very wide hour the summary is cut until the entry takes it. */
export function encodeHourBody(body: HourBody): Bytes {
  for (let part = body; ; part = halved(part)) {
    const bytes = encodeHourParts(part);
    if (bytes.length <= MAX_HOUR_BODY_BYTES || part.streams.length === 0) return bytes;
  }
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
  return encodeCbor([
    1,
    idBytes(body.station),
    body.stationName,
    body.startMs,
    body.lengthMs,
    body.openId,
    body.streams.map((s) => [
      s.name,
      s.driver,
      s.device,
      s.replay,
      s.rows,
      s.firstMs,
      s.lastMs,
      finite(s.achievedRateHz),
      s.columns.map(columnToWire),
    ]),
    body.gaps.map((gap) => [gap.stream, gap.fromMs, gap.toMs, gap.cause, gap.detail]),
  ]);
}

export function decodeHourBody(bytes: Uint8Array): HourBody {
  const [, station, stationName, startMs, lengthMs, openId, streams, gaps] = parse(
    hourSchema,
    bytes,
    'an hour',
  );
  if (lengthMs < 1 || startMs + lengthMs > MAX_TIME_MS)
    throw new WaystationError('malformed', 'expected an hour that ends after it begins');
  return {
    station: stationIdFrom(station),
    stationName,
    startMs,
    lengthMs,
    openId,
    streams: streams.map(
      ([name, driver, device, replay, rows, firstMs, lastMs, achievedRateHz, columns]) => ({
        name,
        driver,
        device,
        replay,
        rows,
        firstMs,
        lastMs,
        achievedRateHz,
        columns: columns.map(([count, min, max, mean]) => ({ count, min, max, mean })),
      }),
    ),
    gaps: gaps.map(([stream, fromMs, toMs, cause, detail]) => ({
      stream,
      fromMs,
      toMs,
      cause: cause as GapCause,
      detail,
    })),
  };
}

export function encodePicture(body: PictureBody): Bytes {
  return encodeCbor([1, idBytes(body.station), body.atMs, body.mediaType, body.replay]);
}

export function decodePicture(bytes: Uint8Array): PictureBody {
  const [, station, atMs, mediaType, replay] = parse(pictureSchema, bytes, 'a picture');
  return { station: stationIdFrom(station), atMs, mediaType, replay };
}
