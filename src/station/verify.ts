/**
 * Checks everything a node holds of a space from its stored bytes alone: every signature, every hash link, every author's right
 * to write, every blob's root. Needs no key, so it says the same on a mirror.
 */
import { LEAF_BYTES, merkleRoot, splitLeaves } from '../blob/merkle.ts';
import { type Bytes, toHex } from '../core/bytes.ts';
import { errorMessage } from '../core/errors.ts';
import { type BlobRef, blobKey, type SpaceId } from '../core/ids.ts';
import type { Crypto } from '../core/ports.ts';
import { entryVerification } from '../feed/entry.ts';
import { KIND } from '../feed/kinds.ts';
import type { Store } from '../store/port.ts';
import { loadSpace } from './entry-log.ts';

const VERIFY_BATCH = 256;
const READ_BYTES = 256 * LEAF_BYTES;

export interface VerifyReport {
  readonly space: SpaceId;
  readonly entries: number;
  readonly feeds: number;
  readonly blobs: number;
  readonly bytes: number;
  /** Blobs that entries name and the store does not have whole: no error, but not held either. */
  readonly missing: number;
  /** Entries that were taken in before it was known that their author had been stopped: sound, but they count no more. */
  readonly stopped: number;
  readonly problems: readonly string[];
}

/** Verifies one space. Never throws for damage: that is what `problems` is for. */
export async function verifySpace(store: Store, crypto: Crypto, space: SpaceId): Promise<VerifyReport> {
  const loaded = await loadSpace(store, space);
  const problems = [...loaded.problems];
  const { entries, membership } = loaded;
  for (let at = 0; at < entries.length; at += VERIFY_BATCH) {
    const batch = entries.slice(at, at + VERIFY_BATCH);
    const results = await crypto.verify(batch.map(entryVerification));
    results.forEach((ok, i) => {
      if (!ok) problems.push(`entry ${batch[i]?.id}: its signature does not fit`);
    });
  }
  const refs = new Map<string, BlobRef>();
  let stopped = 0;
  for (const entry of entries) {
    const { author, feed, seq, kind } = entry.header;
    const isGenesis = kind === KIND.genesis && entry.id === (space as string);
    const verdict = isGenesis ? 'yes' : membership.mayAuthor(author, feed, seq, kind, entry.id);
    if (verdict === 'revoked' || verdict === 'surplus' || verdict === 'succeeded') stopped++;
    else if (verdict !== 'yes')
      problems.push(`entry ${entry.id}: its author had no right to write it (${verdict})`);
    for (const ref of entry.header.blobs) refs.set(blobKey(ref), ref);
  }
  let blobs = 0;
  let bytes = 0;
  for (const [key, ref] of refs) {
    try {
      if ((await store.blobs.held(ref))?.complete !== true) continue;
      if ((await rootOf(store, crypto, ref)) === ref.root) {
        blobs++;
        bytes += ref.size;
      } else {
        problems.push(`blob ${key}: its bytes no longer match its name`);
      }
    } catch (error) {
      problems.push(`blob ${key}: ${errorMessage(error)}`);
    }
  }
  const feeds = [...loaded.index.branches()].length;
  const missing = refs.size - blobs;
  return { space, entries: entries.length, feeds, blobs, bytes, missing, stopped, problems };
}

async function rootOf(store: Store, crypto: Crypto, ref: BlobRef): Promise<string> {
  const leaves: Bytes[] = [];
  for (let at = 0; at < ref.size; at += READ_BYTES) {
    const bytes = await store.blobs.read(ref, at, Math.min(READ_BYTES, ref.size - at));
    leaves.push(...(await crypto.digest(splitLeaves(bytes))));
  }
  return toHex(merkleRoot(leaves));
}
