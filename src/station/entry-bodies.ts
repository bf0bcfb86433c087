/** Bodies of the sealed kinds that this version writes: deterministic CBOR arrays led by a version number. An hour's has a file of its own. */
import * as v from 'valibot';
import type { Bytes } from '../core/bytes.ts';
import { decodeCbor, encodeCbor } from '../core/cbor.ts';
import { WaystationError } from '../core/errors.ts';
import { idBytes, type StationId, stationIdFrom } from '../core/ids.ts';
import { FIRST_ISSUE } from '../core/schema.ts';
import { MAX_ENTRY_BYTES } from '../feed/entry.ts';
import { MAX_TEXT_CHARS, MAX_TIME_MS } from '../hour/limits.ts';

export { type ColumnOverview, decodeHourBody, type HourBody, type StreamOverview } from './hour-body.ts';

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

export interface PictureBody {
  readonly station: StationId;
  readonly atMs: number;
  readonly mediaType: string;
  readonly replay: boolean;
}

const raw = v.instance(Uint8Array) as v.GenericSchema<Bytes>;
const text = v.pipe(v.string(), v.maxLength(MAX_TEXT_CHARS));
/** Times are shown as dates, which can hold no others. */
const time = v.pipe(v.number(), v.safeInteger(), v.minValue(-MAX_TIME_MS), v.maxValue(MAX_TIME_MS));
const count = v.pipe(v.number(), v.safeInteger());

/** What kind of device says a profile; the others say none. */
const RELAY = 1;
const profileSchema = v.tupleWithRest([v.literal(1), text, v.nullable(raw), v.nullable(text)], count);
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

export function encodePicture(body: PictureBody): Bytes {
  return encodeCbor([1, idBytes(body.station), body.atMs, body.mediaType, body.replay]);
}

export function decodePicture(bytes: Uint8Array): PictureBody {
  const [, station, atMs, mediaType, replay] = parse(pictureSchema, bytes, 'a picture');
  return { station: stationIdFrom(station), atMs, mediaType, replay };
}
