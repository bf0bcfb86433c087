/**
 * What a place remembers about moving: that its device has left, or that one is arriving. Values in the state store, beside
 * everything else and never carried along.
 */
import * as v from 'valibot';
import { decodeCbor, encodeCbor } from '../core/cbor.ts';
import type { Store } from '../store/port.ts';

/** Names that start so stay where they are. */
export const MARK_PREFIX = 'moving/';
const LEFT = `${MARK_PREFIX}left`;
const ARRIVING = `${MARK_PREFIX}arriving`;
const ARRIVED = `${MARK_PREFIX}arrived`;
const MAX_MARK_BYTES = 4_096;
/** An address is shown, and not longer than that. */
export const MAX_ADDRESS_LENGTH = 500;

export interface Leaving {
  /** `packing`: at rest, to be packed. `packed`: a whole file of it exists, and may be open elsewhere. `moved`: it lives elsewhere now. */
  readonly phase: 'packing' | 'packed' | 'moved';
  /** Where it went, as the person wrote it. */
  readonly to: string | null;
  readonly sinceMs: number;
}

const leavingSchema = v.strictTuple([
  v.literal(1),
  v.picklist(['packing', 'packed', 'moved']),
  v.nullable(v.pipe(v.string(), v.maxLength(MAX_ADDRESS_LENGTH))),
  v.number(),
]);

/** The device here is at rest: it neither records, meets nor writes. A mark that cannot be read counts as `moved`: resting loses nothing. */
export async function readLeaving(store: Store): Promise<Leaving | null> {
  const bytes = await store.state.get(LEFT);
  if (bytes === undefined) return null;
  try {
    const [, phase, to, sinceMs] = v.parse(leavingSchema, decodeCbor(bytes, MAX_MARK_BYTES));
    return { phase, to, sinceMs };
  } catch {
    return { phase: 'moved', to: null, sinceMs: 0 };
  }
}

/** Durable on return. @param leaving null: it stays after all. */
export async function markLeaving(store: Store, leaving: Leaving | null): Promise<void> {
  if (leaving === null) return store.state.delete(LEFT);
  const to = leaving.to?.slice(0, MAX_ADDRESS_LENGTH) ?? null;
  await store.state.put(LEFT, encodeCbor([1, leaving.phase, to, leaving.sinceMs]), 'strict');
}

/** `part`: something is here that is not all. `whole`: everything is here, and the keys are about to be. */
export type Arriving = 'part' | 'whole';

/** A mark that cannot be read counts as `part`: the file is still where it came from. */
export async function readArriving(store: Store): Promise<Arriving | null> {
  const mark = await store.state.get(ARRIVING);
  if (mark === undefined) return null;
  return mark[0] === 1 ? 'whole' : 'part';
}

export async function markArriving(store: Store, arriving: Arriving | null): Promise<void> {
  if (arriving === null) return store.state.delete(ARRIVING);
  await store.state.put(ARRIVING, Uint8Array.of(arriving === 'whole' ? 1 : 0), 'strict');
}

/** What came, to be said once. */
export interface Arrival {
  readonly name: string;
  /** False: only data came. */
  readonly identity: boolean;
  readonly everything: boolean;
  readonly blobs: number;
  readonly blobBytes: number;
  /** Blobs that did not match their names and were left out. */
  readonly damaged: number;
}

const arrivalSchema = v.strictTuple([
  v.literal(1),
  v.string(),
  v.boolean(),
  v.boolean(),
  v.number(),
  v.number(),
  v.number(),
]);

export async function noteArrival(store: Store, arrival: Arrival): Promise<void> {
  const { name, identity, everything, blobs, blobBytes, damaged } = arrival;
  const value = encodeCbor([1, name, identity, everything, blobs, blobBytes, damaged]);
  await store.state.put(ARRIVED, value, 'strict');
}

/** It has not arrived after all: nobody is to be greeted. */
export async function forgetArrival(store: Store): Promise<void> {
  await store.state.delete(ARRIVED);
}

/** The arrival that has not been said yet; it is forgotten. */
export async function takeArrival(store: Store): Promise<Arrival | null> {
  const bytes = await store.state.get(ARRIVED);
  if (bytes === undefined) return null;
  await store.state.delete(ARRIVED);
  const parsed = v.safeParse(arrivalSchema, decodeCbor(bytes, MAX_MARK_BYTES));
  if (!parsed.success) return null;
  const [, name, identity, everything, blobs, blobBytes, damaged] = parsed.output;
  return { name, identity, everything, blobs, blobBytes, damaged };
}
