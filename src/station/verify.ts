/**
 * Checks everything a node holds of a space from its stored bytes alone: every signature, every hash link, every author's right
 * to write, every blob's root. Needs no key, so it says the same on a mirror.
 */
import { LEAF_BYTES, merkleRoot, splitLeaves } from '../blob/merkle.ts';
import { type Bytes, toHex } from '../core/bytes.ts';
import { errorMessage } from '../core/errors.ts';
import { type BlobRef, blobKey, type EntryId, type SpaceId } from '../core/ids.ts';
import type { Crypto } from '../core/ports.ts';
import { entryVerification, PURPOSE } from '../feed/entry.ts';
import type { Branch, EntryMeta, FeedIndex } from '../feed/feed-index.ts';
import { KIND } from '../feed/kinds.ts';
import type { AuthorVerdict } from '../identity/membership.ts';
import type { Store } from '../store/port.ts';
import { loadSpace } from './entry-log.ts';

const VERIFY_BATCH = 256;
const STOPPED: ReadonlySet<AuthorVerdict> = new Set(['revoked', 'surplus', 'succeeded', 'unknown']);
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
  /** Keys of blobs that were thought to be whole and are not. */
  readonly damagedBlobs: readonly string[];
}

/** Verifies one space. Never throws for damage: that is what `problems` is for. */
export async function verifySpace(store: Store, crypto: Crypto, space: SpaceId): Promise<VerifyReport> {
  const loaded = await loadSpace(store, space);
  const problems = [...loaded.problems];
  const { entries, membership } = loaded;
  const signed = new Set<EntryId>();
  for (let at = 0; at < entries.length; at += VERIFY_BATCH) {
    const batch = entries.slice(at, at + VERIFY_BATCH);
    const results = await crypto.verify(batch.map(entryVerification));
    results.forEach((ok, i) => {
      if (ok) signed.add(batch[i]?.id as EntryId);
    });
  }
  problems.push(...unsigned(loaded.index, signed));
  const refs = new Map<string, BlobRef>();
  let stopped = 0;
  for (const entry of entries) {
    const { author, feed, seq, kind } = entry.header;
    const isGenesis = kind === KIND.genesis && entry.id === (space as string);
    const verdict = isGenesis ? 'yes' : membership.mayAuthor(author, feed, seq, kind, entry.id);
    // Unknown: whoever let the author in was stopped before it did.
    if (STOPPED.has(verdict)) stopped++;
    else if (verdict !== 'yes')
      problems.push(`entry ${entry.id}: its author had no right to write it (${verdict})`);
    for (const ref of entry.header.blobs) refs.set(blobKey(ref), ref);
  }
  let blobs = 0;
  let bytes = 0;
  const damagedBlobs: string[] = [];
  for (const [key, ref] of refs) {
    try {
      if ((await store.blobs.held(ref))?.complete !== true) continue;
      if ((await rootOf(store, crypto, ref)) === ref.root) {
        blobs++;
        bytes += ref.size;
      } else {
        problems.push(`blob ${key}: its bytes no longer match its name`);
        damagedBlobs.push(key);
      }
    } catch (error) {
      damagedBlobs.push(key);
      problems.push(`blob ${key}: ${errorMessage(error)}`);
    }
  }
  const feeds = [...loaded.index.branches()].length;
  const missing = refs.size - blobs;
  return { space, entries: entries.length, feeds, blobs, bytes, missing, stopped, problems, damagedBlobs };
}

/**
 * Entries that no signature covers. In data feeds a signature covers what its entry's links lead back to, in control feeds
 * each entry needs its own.
 */
function unsigned(index: FeedIndex, signed: ReadonlySet<EntryId>): string[] {
  const problems: string[] = [];
  const covered = new Set<EntryId>();
  // Forks hang on what came before them, so the branches are walked from the latest.
  for (const branch of [...index.branches()].reverse()) {
    for (let at: Branch | null = branch, to = branch.entries.length - 1, isCovered = false; at !== null; ) {
      for (let i = to; i >= 0; i--) {
        const { id } = at.entries[i] as EntryMeta;
        isCovered = branch.purpose === PURPOSE.control ? signed.has(id) : isCovered || signed.has(id);
        if (isCovered) covered.add(id);
      }
      if (!isCovered || at.parent === null) break;
      to = at.base - 1 - at.parent.base;
      at = at.parent;
    }
  }
  for (const branch of index.branches()) {
    for (const { id } of branch.entries)
      if (!covered.has(id)) problems.push(`entry ${id}: its signature does not fit`);
  }
  return problems;
}

async function rootOf(store: Store, crypto: Crypto, ref: BlobRef): Promise<string> {
  const leaves: Bytes[] = [];
  for (let at = 0; at < ref.size; at += READ_BYTES) {
    const bytes = await store.blobs.read(ref, at, Math.min(READ_BYTES, ref.size - at));
    leaves.push(...(await crypto.digest(splitLeaves(bytes))));
  }
  return toHex(merkleRoot(leaves));
}
