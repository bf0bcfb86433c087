/**
 * Frees room on this device by letting go of what is in a folder of the person's.
 *
 * Invariants: nothing is let go of unless its file was read back from the folder just before and is what was written, and was written long
 * enough ago to be on the disk; nor anything that this device wrote itself unless a device that is linked now says that it holds it; nor
 * anything that another group of this device holds, nor what this device may yet get a key to. Oldest first. The note (`let-go.ts`) is durable before the store removes a byte.
 */
import { isWaystationError } from '../core/errors.ts';
import { type BlobRef, blobKey } from '../core/ids.ts';
import { type Archive, type ArchiveItem, archiveItems } from './archive.ts';
import { type LetGoFile, letGoFile } from './let-go.ts';
import type { Space } from './space.ts';

/** Files let go of by one durable note: reading them back is most of the work, and what is noted must not be long ago. */
const BATCH_FILES = 32;

/** What came of letting go. */
export interface Freed {
  readonly files: number;
  readonly bytes: number;
  /** Files of hours that this device recorded itself and nobody who is connected has. */
  readonly onlyHere: number;
  /** Files that were written too short a time ago. */
  readonly fresh: number;
}

/**
 * @param wantedBytes how much is to be let go of; Infinity for all that may be.
 * @throws WaystationError `unavailable` when the folder is not at hand, `store-full` when nothing can be noted; the signal's reason when
 *   stopped. What was let go of until then stays so.
 */
export async function freeRoom(
  space: Space,
  archive: Archive,
  wantedBytes: number,
  signal: AbortSignal,
): Promise<Freed> {
  let files = 0;
  let bytes = 0;
  let onlyHere = 0;
  let fresh = 0;
  let batch: ArchiveItem[] = [];
  let batchBytes = 0;
  const flush = async () => {
    signal.throwIfAborted();
    const freed = await letGoOf(space, archive, batch);
    files += freed.files;
    bytes += freed.bytes;
    batch = [];
    batchBytes = 0;
  };
  await space.letGo.reserve();
  for (const item of archiveItems(space).reverse()) {
    if (bytes + batchBytes >= wantedBytes) break;
    signal.throwIfAborted();
    if (isSealedForNow(space, item)) continue;
    if (!isHeldElsewhere(space, item)) onlyHere++;
    else if (isSharedBetweenGroups(space, item)) continue;
    else if (!archive.isSettled(item.key)) fresh++;
    else if (await archive.isIntact(item.key)) {
      batch.push(item);
      batchBytes += item.bytes;
    }
    if (batch.length >= BATCH_FILES) await flush();
  }
  if (batch.length > 0) await flush();
  if (files > 0) await space.letGo.reserve();
  return { files, bytes, onlyHere, fresh };
}

/** Its key may come yet, and would open nothing that is in a folder. Only a mirror never has one. */
function isSealedForNow({ role }: Space, { isSealed }: ArchiveItem): boolean {
  return isSealed && role !== 'mirror';
}

/** What others wrote somebody else had once; what this device wrote somebody has to say that they hold. */
function isHeldElsewhere({ id, self, replica, context }: Space, { refs }: ArchiveItem): boolean {
  return refs.every((ref) =>
    replica
      .namingsOf(blobKey(ref))
      .every(({ branch, seq }) => branch.author !== self || context.engine.holders(id, branch.key, seq) > 0),
  );
}

/** The store keeps a blob once, whichever groups have it. */
function isSharedBetweenGroups({ id, context }: Space, { refs }: ArchiveItem): boolean {
  return [...context.engine.replicas.values()].some(
    (other) => other.space !== id && refs.some((ref) => other.holds(blobKey(ref))),
  );
}

async function letGoOf(
  space: Space,
  archive: Archive,
  batch: readonly ArchiveItem[],
): Promise<{ files: number; bytes: number }> {
  const { letGo, context } = space;
  // Whoever held it when it was looked at may be gone: reading back takes its time.
  const items = batch.filter((item) => isHeldElsewhere(space, item));
  if (items.length === 0) return { files: 0, bytes: 0 };
  const notes = items.map(({ key, refs }): LetGoFile => letGoFile(archive.folderId, key, refs));
  const news = notes.filter(({ item }) => !letGo.has(archive.folderId, item));
  const note = async () => {
    await archive.keep(news.map(({ item }) => item));
    await letGo.note(news);
  };
  await note().catch(async (error: unknown) => {
    if (!isWaystationError(error, 'store-full')) throw error;
    await letGo.release();
    await note();
  });
  for (const ref of items.flatMap(({ refs }) => refs)) await remove(space, ref);
  context.run();
  return { files: items.length, bytes: notes.reduce((sum, note) => sum + note.bytes, 0) };
}

async function remove({ id, context }: Space, ref: BlobRef): Promise<void> {
  // Nobody is told any more that it is here before it is gone.
  context.engine.putAway(id, blobKey(ref), context.clock.monotonicMs());
  context.run();
  await context.store.blobs.remove(ref);
}
