/**
 * What a node keeps for itself about a space it is in: secrets, its own feeds, its credential. One value in the state
 * store, replaced whole. Never leaves the node.
 */
import * as v from 'valibot';
import type { Bytes } from '../core/bytes.ts';
import { type CborValue, decodeCbor, encodeCbor } from '../core/cbor.ts';
import { WaystationError } from '../core/errors.ts';
import { type EpochId, entryIdFrom, type FeedId, feedIdFrom, idBytes, type SpaceId } from '../core/ids.ts';
import { decodeHead, type Head } from '../feed/entry.ts';
import type { Store } from '../store/port.ts';

/** A feed of ours: written to until the network shows entries in it that we do not have. */
export interface OwnFeed {
  readonly feed: FeedId;
  /** For the first entry of a feed that takes over from a forked one. */
  readonly succeeds: Head | null;
}

export interface SpaceRecord {
  readonly space: SpaceId;
  readonly meetSecret: Bytes;
  readonly hosts: readonly string[];
  /** Encoded grant chain that ends in our own redemption. */
  readonly credential: Bytes;
  /** Seed of the invite we came by, until the epoch keys are ours; null for the one who made the space. */
  readonly inviteSeed: Bytes | null;
  readonly epochKeys: readonly (readonly [EpochId, Bytes])[];
  readonly control: OwnFeed;
  readonly data: OwnFeed;
}

const MAX_RECORD_BYTES = 1_048_576;
const raw = v.instance(Uint8Array) as v.GenericSchema<Bytes>;
const schema = v.strictTuple([
  v.literal(1),
  v.pipe(raw, v.length(32)),
  v.array(v.string()),
  raw,
  v.nullable(v.pipe(raw, v.length(32))),
  v.array(v.strictTuple([v.pipe(raw, v.length(32)), v.pipe(raw, v.length(32))])),
  v.strictTuple([raw, v.unknown()]),
  v.strictTuple([raw, v.unknown()]),
]);

const PREFIX = 'space/';

function feedToWire({ feed, succeeds }: OwnFeed): CborValue {
  if (succeeds === null) return [idBytes(feed), null];
  return [
    idBytes(feed),
    [idBytes(succeeds.author), idBytes(succeeds.feed), succeeds.seq, idBytes(succeeds.id)],
  ];
}

function feedFromWire([feed, succeeds]: [Bytes, unknown]): OwnFeed {
  return { feed: feedIdFrom(feed), succeeds: succeeds === null ? null : decodeHead(succeeds as CborValue) };
}

export async function saveSpaceRecord(store: Store, record: SpaceRecord): Promise<void> {
  const value = encodeCbor([
    1,
    record.meetSecret,
    [...record.hosts],
    record.credential,
    record.inviteSeed,
    record.epochKeys.map(([id, key]) => [idBytes(id), key]),
    feedToWire(record.control),
    feedToWire(record.data),
  ]);
  await store.state.put(PREFIX + record.space, value, 'strict');
}

/** @throws WaystationError `corrupt` when the stored value cannot be read. */
export async function loadSpaceRecord(store: Store, space: SpaceId): Promise<SpaceRecord | undefined> {
  const bytes = await store.state.get(PREFIX + space);
  if (bytes === undefined) return undefined;
  const parsed = v.safeParse(schema, decodeCbor(bytes, MAX_RECORD_BYTES));
  if (!parsed.success) {
    throw new WaystationError(
      'corrupt',
      `the stored keys of space ${space} cannot be read; restore this node's folder`,
    );
  }
  const [, meetSecret, hosts, credential, inviteSeed, epochKeys, control, data] = parsed.output;
  return {
    space,
    meetSecret,
    hosts,
    credential,
    inviteSeed,
    epochKeys: epochKeys.map(([id, key]) => [entryIdFrom(id), key] as const),
    control: feedFromWire(control as [Bytes, unknown]),
    data: feedFromWire(data as [Bytes, unknown]),
  };
}

/** The spaces that this node is in. */
export async function listSpaces(store: Store): Promise<SpaceId[]> {
  return (await store.state.keys(PREFIX)).map((key) => key.slice(PREFIX.length) as SpaceId);
}
