/** Getting a station's readings out: its hours, opened and decoded in the order they were recorded. */
import type { SealContext } from '../blob/content-key.ts';
import { openBlob } from '../blob/seal.ts';
import { isWaystationError, WaystationError } from '../core/errors.ts';
import { type BlobRef, blobKey, parseNodeId } from '../core/ids.ts';
import type { Entry } from '../feed/entry.ts';
import { decodeHour } from '../hour/container.ts';
import { csvRows } from '../hour/export-csv.ts';
import { MAX_HEADER_BYTES, MAX_HOUR_CELLS } from '../hour/limits.ts';
import type { HourContent } from '../hour/types.ts';
import type { HourRecord, PictureRecord, StationRecord } from './catalog.ts';
import type { Space } from './space.ts';
import { stationName } from './station-name.ts';

/** The largest hour there can be, nine bytes a value when nothing could be packed, and what sealing adds. */
const MAX_SEALED_HOUR_BYTES = 9 * MAX_HOUR_CELLS + 2 * MAX_HEADER_BYTES;
/** The largest picture that is opened: phones make JPEGs of up to about 12 MiB; more would fill a page's memory. */
const MAX_SEALED_PICTURE_BYTES = 24 * 2 ** 20;

export interface ExportRange {
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  /** One stream of several. */
  readonly stream?: string | undefined;
}

/** The station with this name or id. @throws WaystationError `not-found`, `usage` (ambiguous), `no-key` (a mirror). */
export function findStation(space: Space, nameOrId: string): StationRecord {
  const stations = [...space.catalog.stations.values()];
  if (!space.replica.membership.isPublic && space.epochKeys().size === 0) {
    throw new WaystationError(
      'no-key',
      space.isAdmitted
        ? 'this node is a mirror: it stores and serves sealed data and has no key to read it. Export on a member or reader'
        : 'this node has not been let in yet: it has nothing that it could read',
    );
  }
  const found = stations.filter(
    (station) =>
      stationName(station) === nameOrId ||
      station.id === nameOrId ||
      station.name === nameOrId ||
      isNode(station, nameOrId),
  );
  const [only, ...others] = found;
  if (only === undefined) {
    const known = stations.map((station) => station.name ?? station.id).join(', ') || 'none';
    throw new WaystationError(
      'not-found',
      `no station “${nameOrId}” is known here; known stations: ${known}`,
    );
  }
  if (others.length > 0) {
    throw new WaystationError(
      'usage',
      `several stations are called “${nameOrId}”; choose one of: ${found.map(stationName).join(', ')}`,
    );
  }
  return only;
}

function isNode(station: StationRecord, text: string): boolean {
  if (!text.startsWith('did:key:') || text.includes('/')) return false;
  return station.author === parseNodeId(text);
}

/** Reads and opens one sealed hour: the bytes of its hour file. @throws WaystationError `not-found`, `no-key`, `corrupt`. */
export async function readHourFile(space: Space, { entry }: HourRecord): Promise<Uint8Array> {
  return readSealed(space, entry, blobOf(entry, MAX_SEALED_HOUR_BYTES, 'an hour'));
}

/** Reads, opens and decodes one sealed hour. @throws WaystationError as {@link readHourFile}. */
export async function readHour(space: Space, record: HourRecord): Promise<HourContent> {
  return decodeHour(await readHourFile(space, record));
}

/** A blob as it is stored, and with what it is opened: null when it is not sealed. Opening may then be done on another thread. */
export interface SealedBytes {
  readonly stored: Uint8Array;
  readonly seal: SealContext | null;
}

/** One hour as it is stored. @throws WaystationError `not-found`, `no-key`, `corrupt` (damaged on disk), `limit`. */
export async function sealedHour(space: Space, { entry }: Pick<HourRecord, 'entry'>): Promise<SealedBytes> {
  return sealedBytes(space, entry, blobOf(entry, MAX_SEALED_HOUR_BYTES, 'an hour'));
}

/** Reads and opens one picture. @throws WaystationError as {@link sealedHour}. */
export async function readPicture(space: Space, { entry }: PictureRecord): Promise<Uint8Array> {
  return readSealed(space, entry, blobOf(entry, MAX_SEALED_PICTURE_BYTES, 'a picture'));
}

function blobOf(entry: Entry, maxBytes: number, what: string): BlobRef {
  const ref = entry.header.blobs[0];
  if (ref === undefined) throw new WaystationError('malformed', `an entry of ${what} names no blob`);
  if (ref.size > maxBytes) {
    throw new WaystationError('limit', `expected ${what} of at most ${maxBytes} bytes, got ${ref.size}`);
  }
  return ref;
}

async function readSealed(space: Space, entry: Entry, ref: BlobRef): Promise<Uint8Array> {
  const { stored, seal } = await sealedBytes(space, entry, ref);
  return seal === null ? stored : openBlob(space.context.crypto, seal, stored);
}

async function sealedBytes(space: Space, entry: Entry, ref: BlobRef): Promise<SealedBytes> {
  const { author, feed, epoch } = entry.header;
  const stored = await readStored(space, ref);
  if (epoch === null) return { stored, seal: null };
  const epochKey = space.keyOf(epoch, author);
  if (epochKey === undefined)
    throw new WaystationError('no-key', 'the key of that time is not held by this node');
  return { stored, seal: { epochKey, space: space.id, author, feed } };
}

/** A blob as it is stored. What turns out to be damaged is fetched again. */
export async function readStored(space: Space, ref: BlobRef): Promise<Uint8Array> {
  const { store, engine, clock, run } = space.context;
  try {
    return await store.blobs.read(ref, 0, ref.size);
  } catch (error) {
    if (isWaystationError(error, 'corrupt') || isWaystationError(error, 'not-found')) {
      engine.blobLost(space.id, blobKey(ref), clock.monotonicMs());
      run();
    }
    throw error;
  }
}

/** Told once of each hour in the range that is not held (`not-found`) or cannot be read, and why. */
export type OnLeftOut = (error: unknown) => void;

/** The hours of a station that may have readings in a range, to be read one by one, as often as it takes. */
export class HoursInRange {
  /** In the order they were recorded. */
  readonly records: readonly HourRecord[];
  readonly #space: Space;
  readonly #onLeftOut: OnLeftOut | undefined;
  readonly #leftOut = new Set<HourRecord>();

  /** @param onLeftOut without it what cannot be read ends the export. */
  constructor(space: Space, station: StationRecord, range: ExportRange, onLeftOut?: OnLeftOut) {
    this.#space = space;
    this.#onLeftOut = onLeftOut;
    this.records = station.hours.filter((record) => mayBeIn(record, range));
    for (const record of this.records) {
      if (!record.entry.header.blobs.every((ref) => space.replica.holds(blobKey(ref)))) {
        this.#leftOut.add(record);
        onLeftOut?.(new WaystationError('not-found', 'this hour is not held here'));
      }
    }
  }

  /** Says that the hour is not in the export; it is not read again. @throws what is said, when nobody listens. */
  leaveOut(record: HourRecord, error: unknown): void {
    if (this.#onLeftOut === undefined) throw error;
    if (this.#leftOut.has(record)) return;
    this.#leftOut.add(record);
    this.#onLeftOut(error);
  }

  /** What `read` makes of the hour's file; undefined when the hour is left out. */
  async read<T>(record: HourRecord, read: (file: Uint8Array) => T): Promise<T | undefined> {
    if (this.#leftOut.has(record)) return undefined;
    try {
      return read(await readHourFile(this.#space, record));
    } catch (error) {
      this.leaveOut(record, error);
      return undefined;
    }
  }

  /** What `make` makes of each hour, one after the other; an hour for which it throws is left out. */
  async *each<T>(make: (content: HourContent) => T): AsyncIterable<T> {
    for (const record of this.records) {
      const made = await this.read(record, (file) => make(decodeHour(file)));
      if (made !== undefined) yield made;
    }
  }
}

function mayBeIn({ body }: HourRecord, range: ExportRange): boolean {
  const first = Math.min(body.startMs, ...body.streams.map((s) => s.firstMs ?? Number.POSITIVE_INFINITY));
  const last = Math.max(
    body.startMs + body.lengthMs,
    ...body.streams.map((s) => s.lastMs ?? Number.NEGATIVE_INFINITY),
  );
  return (
    (range.fromMs ?? Number.NEGATIVE_INFINITY) <= last && first <= (range.toMs ?? Number.POSITIVE_INFINITY)
  );
}

/**
 * The station's readings as CSV in pieces of whole lines, from the hours that are held.
 * @param onLeftOut without it what cannot be read ends the export.
 */
export function exportCsv(
  space: Space,
  station: StationRecord,
  range: ExportRange,
  onLeftOut?: OnLeftOut,
): AsyncIterable<string> {
  const hours = new HoursInRange(space, station, range, onLeftOut);
  return csvRows(() => hours.each((content) => content), {
    ...(range.fromMs === undefined ? {} : { fromMs: range.fromMs }),
    ...(range.toMs === undefined ? {} : { toMs: range.toMs }),
    ...(range.stream === undefined ? {} : { stream: range.stream }),
  });
}
