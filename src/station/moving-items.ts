/**
 * What the chunks of a moving device's file say (`moving.ts`): deterministic CBOR arrays that begin with their kind. Every size is
 * bounded; a name is one that stores take; leaves lie inside their blob.
 */
import * as v from 'valibot';
import { LEAF_BYTES, MAX_BLOB_BYTES } from '../blob/merkle.ts';
import type { Bytes } from '../core/bytes.ts';
import { type CborValue, decodeCbor, encodeCbor } from '../core/cbor.ts';
import { WaystationError } from '../core/errors.ts';
import { type BlobRef, blobRootFrom, idBytes } from '../core/ids.ts';
import { boundedList, FIRST_ISSUE } from '../core/schema.ts';
import type { KeySeeds } from '../identity/key-seeds.ts';
import { MAX_RECORD_BYTES } from '../store/guarded-store.ts';
import { checkStoreName } from '../store/store-names.ts';

/** The largest record of a store with room for its name and the heads around it. */
export const MAX_CHUNK_BYTES = MAX_RECORD_BYTES + 65_536;
/** What is gathered into one chunk, unless a single record is larger: 1 MiB keeps two in memory on the smallest phone. */
export const CHUNK_TARGET_BYTES = 2 ** 20;
/** Items of one chunk: at the target size a record has 16 bytes on average when it is reached. */
export const MAX_ITEMS = 65_536;
const MAX_NAME_LENGTH = 200;

export interface MovingManifest {
  readonly kind: 'manifest';
  /** Name of the device. */
  readonly name: string;
  /** Ed25519 public key of the node. */
  readonly publicKey: Bytes;
  /** Null when only data move. */
  readonly seeds: KeySeeds | null;
  /** The data are in the file as well. */
  readonly everything: boolean;
  readonly madeAtMs: number;
}

/** The first item is the manifest, the last one the end; pieces of a log or blob follow one another in order. */
export type MovingItem =
  | MovingManifest
  | { readonly kind: 'values'; readonly values: readonly (readonly [key: string, value: Bytes])[] }
  | {
      readonly kind: 'records';
      readonly log: string;
      /** Index of the first one. */
      readonly from: number;
      readonly records: readonly Bytes[];
    }
  | { readonly kind: 'leaves'; readonly ref: BlobRef; readonly firstLeaf: number; readonly bytes: Bytes }
  | ({ readonly kind: 'end' } & MovingTotals);

/** How much there is, to be compared at the end. */
export interface MovingTotals {
  readonly values: number;
  readonly records: number;
  readonly blobBytes: number;
}

const KIND = { manifest: 0, values: 1, records: 2, leaves: 3, end: 4 } as const;

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const raw = v.instance(Uint8Array) as v.GenericSchema<Bytes>;
const key32 = v.pipe(raw, v.length(32));
const storeName = v.pipe(v.string(), v.maxLength(MAX_NAME_LENGTH), v.check(isStoreName));
const record = v.pipe(raw, v.maxLength(MAX_RECORD_BYTES));

const SCHEMAS = {
  [KIND.manifest]: v.strictTuple([
    v.literal(KIND.manifest),
    v.pipe(v.string(), v.maxLength(MAX_NAME_LENGTH)),
    key32,
    v.nullable(v.strictTuple([key32, key32])),
    v.boolean(),
    natural,
  ]),
  [KIND.values]: v.strictTuple([
    v.literal(KIND.values),
    boundedList(v.strictTuple([storeName, record]), MAX_ITEMS),
  ]),
  [KIND.records]: v.strictTuple([
    v.literal(KIND.records),
    storeName,
    natural,
    boundedList(record, MAX_ITEMS, 1),
  ]),
  [KIND.leaves]: v.strictTuple([
    v.literal(KIND.leaves),
    key32,
    v.pipe(natural, v.minValue(1), v.maxValue(MAX_BLOB_BYTES)),
    natural,
    v.pipe(raw, v.minLength(1), v.maxLength(CHUNK_TARGET_BYTES)),
  ]),
  [KIND.end]: v.strictTuple([v.literal(KIND.end), natural, natural, natural]),
} as const;

function isStoreName(name: string): boolean {
  try {
    checkStoreName(name);
    return true;
  } catch {
    return false;
  }
}

/** The plaintext of a chunk. */
export function encodeMovingItem(item: MovingItem): Bytes {
  return encodeCbor(wireOf(item));
}

function wireOf(item: MovingItem): CborValue {
  switch (item.kind) {
    case 'manifest': {
      const { seeds } = item;
      const keys = seeds === null ? null : [seeds.sign, seeds.seal];
      return [KIND.manifest, item.name, item.publicKey, keys, item.everything, item.madeAtMs];
    }
    case 'values':
      return [KIND.values, item.values.map(([key, value]) => [key, value])];
    case 'records':
      return [KIND.records, item.log, item.from, [...item.records]];
    case 'leaves':
      return [KIND.leaves, idBytes(item.ref.root), item.ref.size, item.firstLeaf, item.bytes];
    case 'end':
      return [KIND.end, item.values, item.records, item.blobBytes];
  }
}

/** Reads {@link encodeMovingItem}. @throws WaystationError `malformed` or `limit`. */
export function decodeMovingItem(bytes: Uint8Array): MovingItem {
  const wire = decodeCbor(bytes, MAX_CHUNK_BYTES);
  const kind = Array.isArray(wire) ? (wire[0] as keyof typeof SCHEMAS) : undefined;
  const parse = <K extends keyof typeof SCHEMAS>(schema: K) => {
    const parsed = v.safeParse(SCHEMAS[schema], wire, FIRST_ISSUE);
    if (!parsed.success) throw foreign();
    return parsed.output as v.InferOutput<(typeof SCHEMAS)[K]>;
  };
  switch (kind) {
    case KIND.manifest: {
      const [, name, publicKey, keys, everything, madeAtMs] = parse(KIND.manifest);
      const seeds = keys === null ? null : { sign: keys[0], seal: keys[1] };
      return { kind: 'manifest', name, publicKey, seeds, everything, madeAtMs };
    }
    case KIND.values:
      return { kind: 'values', values: parse(KIND.values)[1] };
    case KIND.records: {
      const [, log, from, records] = parse(KIND.records);
      return { kind: 'records', log, from, records };
    }
    case KIND.leaves: {
      const [, root, size, firstLeaf, data] = parse(KIND.leaves);
      const leaves = Math.ceil(size / LEAF_BYTES);
      const end = Math.min(size, firstLeaf * LEAF_BYTES + Math.ceil(data.length / LEAF_BYTES) * LEAF_BYTES);
      // Whole leaves inside the blob, of which only its last one may be short.
      if (firstLeaf >= leaves || end - firstLeaf * LEAF_BYTES !== data.length) throw foreign();
      return { kind: 'leaves', ref: { root: blobRootFrom(root), size }, firstLeaf, bytes: data };
    }
    case KIND.end: {
      const [, values, records, blobBytes] = parse(KIND.end);
      return { kind: 'end', values, records, blobBytes };
    }
    default:
      throw foreign();
  }
}

/** The bytes are authentic and are not what belongs there. */
export function foreign(): WaystationError {
  return new WaystationError(
    'malformed',
    'this file was not made by Waystation as it should be: make it anew',
  );
}
