/** A space of many stations and hours without a network, a disk or signatures: what its status is counted from. */
import { sealBody } from '../../../src/blob/seal-body.ts';
import type { Bytes } from '../../../src/core/bytes.ts';
import {
  type BlobRef,
  type BlobRoot,
  blobKey,
  type EntryId,
  type EpochId,
  type FeedId,
  type NodeId,
  type SpaceId,
  type StationId,
} from '../../../src/core/ids.ts';
import { type Entry, encodeHeader, PURPOSE } from '../../../src/feed/entry.ts';
import { FeedIndex } from '../../../src/feed/feed-index.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import type { Gap } from '../../../src/hour/types.ts';
import { createNodeCrypto } from '../../../src/identity/crypto.node.ts';
import { Membership } from '../../../src/identity/membership.ts';
import { Catalog } from '../../../src/station/catalog.ts';
import type { HourBody } from '../../../src/station/entry-bodies.ts';
import { encodeHourBody } from '../../../src/station/hour-body-writing.ts';
import type { Space } from '../../../src/station/space.ts';
import { Replica } from '../../../src/sync/replica.ts';

export const HOUR_MS = 3_600_000;
export const START_MS = 1_767_225_600_000;
const KEY = new Uint8Array(32).fill(7) as Bytes;

/** A name of `bytes` bytes that a number stands for. */
function id<T extends string>(number: number, bytes: number): T {
  return number.toString(16).padStart(2 * bytes, '0') as T;
}

function streamOf(
  mean: number,
  span: { firstMs: number; lastMs: number } | null,
): HourBody['streams'][number] {
  const columns = [{ name: 'p', unit: 'hPa', step: null, count: 9, min: mean - 1, max: mean + 1, mean }];
  const origin = { name: 'pressure', driver: 'test', device: '', replay: false };
  return {
    ...origin,
    rows: 9,
    firstMs: null,
    lastMs: null,
    ...span,
    achievedRateHz: null,
    width: 1,
    columns,
    bands: new Uint8Array(0),
  };
}

export interface HourOptions {
  /** What the station is called; its number where not given. */
  readonly name?: string;
  /** Its body cannot be opened until {@link ManyStations.giveKey}. */
  readonly isSealed?: boolean;
  readonly blobs?: readonly BlobRef[];
  readonly gaps?: readonly Gap[];
  /** Mean of its one column; least and most lie one beside it. No stream without it. */
  readonly mean?: number;
  /** How long that column has readings from the start of its hour on, ms; not told without it. */
  readonly recordedMs?: number;
  /** A second entry at the position of the last one. */
  readonly isFork?: boolean;
}

export class ManyStations {
  readonly replica: Replica;
  readonly catalog: Catalog;
  readonly space: Space;
  readonly #crypto = createNodeCrypto();
  readonly #id = id<SpaceId>(1, 32);
  readonly #epoch = id<EpochId>(2, 32);
  readonly #feeds = new Map<number, { seq: number; previous: EntryId | null; before: EntryId | null }>();
  #hasKey = false;
  #count = 16;
  #lamport = 0;

  /** @param partial chunks that the store has of blobs from the start. */
  constructor(partial: ReadonlyMap<string, ReadonlySet<number>> = new Map()) {
    this.replica = new Replica(
      {
        space: this.#id,
        meetSecret: KEY,
        membership: new Membership(this.#id),
        index: new FeedIndex(),
        policy: () => true,
        credential: KEY,
      },
      new Set(),
      partial,
    );
    this.catalog = new Catalog(
      this.#crypto,
      this.#id,
      () => (this.#hasKey ? KEY : undefined),
      () => false,
    );
    const { replica, catalog } = this;
    this.space = {
      id: this.#id,
      self: id<NodeId>(3, 32),
      replica,
      catalog,
      invitedRole: null,
      settled: () => catalog.settled(),
    } as unknown as Space;
  }

  blob(size = 1_000): BlobRef {
    return { root: id<BlobRoot>(this.#count++, 32), size };
  }

  /** Another hour of a station, known and not held. */
  async addHour(station: number, options: HourOptions = {}): Promise<Entry> {
    const feed = this.#feeds.get(station) ?? { seq: -1, previous: null, before: null };
    const isFork = options.isFork === true && feed.seq >= 0;
    const seq = isFork ? feed.seq : feed.seq + 1;
    const previous = isFork ? feed.before : feed.previous;
    const author = id<NodeId>(1_000 + station, 32);
    const entryId = id<EntryId>(this.#count++, 32);
    const startMs = START_MS + seq * HOUR_MS;
    const { recordedMs } = options;
    const span = recordedMs === undefined ? null : { firstMs: startMs, lastMs: startMs + recordedMs };
    const body = encodeHourBody({
      station: id<StationId>(station, 16),
      stationName: options.name ?? `Station ${station}`,
      startMs,
      lengthMs: HOUR_MS,
      openId: KEY.slice(0, 16) as Bytes,
      streams: options.mean === undefined ? [] : [streamOf(options.mean, span)],
      gaps: options.gaps ?? [],
    });
    const header: Entry['header'] = {
      space: this.#id,
      author,
      feed: id<FeedId>(station, 16),
      purpose: PURPOSE.data,
      seq,
      previous,
      lamport: ++this.#lamport,
      timeMs: START_MS + (seq + 1) * HOUR_MS,
      kind: KIND.hour,
      blobs: options.blobs ?? [this.blob()],
      epoch: options.isSealed === true ? this.#epoch : null,
      seen: [],
      succeeds: null,
    };
    const bytes =
      options.isSealed === true
        ? await sealBody(
            this.#crypto,
            { epochKey: KEY, space: this.#id, author, feed: header.feed },
            KEY,
            body,
            encodeHeader(header),
          )
        : body;
    const entry: Entry = { id: entryId, header, body: bytes, bytes };
    this.replica.commit([entry], () => true);
    // A fork hangs beside the feed: what follows follows the first.
    if (!isFork) this.#feeds.set(station, { seq, previous: entryId, before: previous });
    await this.catalog.add([entry]);
    return entry;
  }

  hold(ref: BlobRef): void {
    this.replica.blobHeld(blobKey(ref));
  }

  lose(ref: BlobRef): void {
    this.replica.blobLost(blobKey(ref));
  }

  putAway(ref: BlobRef): void {
    this.replica.putAway(blobKey(ref));
  }

  takeBack(ref: BlobRef): void {
    this.replica.takeBack(blobKey(ref));
  }

  /** What was sealed can be opened from now on. */
  async giveKey(): Promise<void> {
    this.#hasKey = true;
    await this.catalog.retry();
  }
}
