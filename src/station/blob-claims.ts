/**
 * Which space a stored blob came by. The store keeps blobs of all spaces under their names alone, and anybody may name any blob in
 * an entry: without this a member of one space could have the blobs of another served to it by a node that is in both.
 */
import { concatBytes } from '../core/bytes.ts';
import { type BlobRef, blobKey, blobRootFrom, idBytes, type SpaceId } from '../core/ids.ts';
import type { Store } from '../store/port.ts';

const PREFIX = 'claims/';
const ROOT_BYTES = 32;
const RECORD_BYTES = ROOT_BYTES + 8;
const READ_BATCH = 4_096;

/** Notes that this node has, or is getting, a blob by this space. A note that is lost costs nothing but the distinction. */
export async function claimBlob(store: Store, space: SpaceId, { root, size }: BlobRef): Promise<void> {
  const sizeBytes = new Uint8Array(8);
  new DataView(sizeBytes.buffer).setFloat64(0, size);
  await store.logs.append(PREFIX + space, [concatBytes(idBytes(root), sizeBytes)], 'relaxed');
}

/** Keys of the blobs that came by other spaces of this node and not by this one. */
export async function foreignBlobs(store: Store, space: SpaceId): Promise<ReadonlySet<string>> {
  const foreign = new Set<string>();
  const others = [...(await store.logs.list()).keys()].filter((name) => name.startsWith(PREFIX));
  for (const name of others)
    if (name !== PREFIX + space) for await (const key of claims(store, name)) foreign.add(key);
  if (foreign.size > 0) for await (const key of claims(store, PREFIX + space)) foreign.delete(key);
  return foreign;
}

async function* claims(store: Store, log: string): AsyncIterable<string> {
  for (let at = 0; ; ) {
    const records = await store.logs.read(log, at, READ_BATCH, READ_BATCH * RECORD_BYTES);
    if (records.length === 0) return;
    at += records.length;
    for (const record of records) {
      if (record.length !== RECORD_BYTES) continue;
      const size = new DataView(record.buffer, record.byteOffset).getFloat64(ROOT_BYTES);
      yield blobKey({ root: blobRootFrom(record.slice(0, ROOT_BYTES)), size });
    }
  }
}
