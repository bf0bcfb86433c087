/**
 * A space's entries in the store: one append-only log per branch, each record a flag byte (1: the entry's own signature
 * was checked) and the entry's exact bytes. Loading places every entry anew, so the log names carry no meaning.
 */
import { type Bytes, concatBytes } from '../core/bytes.ts';
import { errorMessage, WaystationError } from '../core/errors.ts';
import type { SpaceId } from '../core/ids.ts';
import { decodeEntry, type Entry, MAX_ENTRY_BYTES } from '../feed/entry.ts';
import { FeedIndex, type Segment } from '../feed/feed-index.ts';
import { isMembershipKind } from '../feed/kinds.ts';
import { Membership } from '../identity/membership.ts';
import type { Store } from '../store/port.ts';

/** Records read at once while loading: bounds memory, not speed. */
const LOAD_BATCH = 1_024;
const LOAD_BATCH_BYTES = 8 * 2 ** 20;

function logName(space: SpaceId, branch: string): string {
  return `e/${space}/${branch}`;
}

function encodeRecord(entry: Entry, verified: boolean): Bytes {
  return concatBytes(Uint8Array.of(verified ? 1 : 0), entry.bytes);
}

/** Makes entries durable at the end of a branch's log. */
export async function appendEntries(
  store: Store,
  space: SpaceId,
  branch: string,
  entries: readonly Entry[],
  verified: (entry: Entry) => boolean,
): Promise<void> {
  const records = entries.map((entry) => encodeRecord(entry, verified(entry)));
  await store.logs.append(logName(space, branch), records, 'strict');
}

/** Reads the exact bytes of a segment's entries, at least one, stopping before `maxBytes`. */
export async function readSegment(
  store: Store,
  space: SpaceId,
  segment: Segment,
  maxBytes: number,
): Promise<Bytes[]> {
  const { branch, from, to } = segment;
  const records = await store.logs.read(
    logName(space, branch.name),
    from - branch.base,
    to - from + 1,
    maxBytes,
  );
  return records.map((record) => record.subarray(1));
}

export interface LoadedSpace {
  readonly index: FeedIndex;
  readonly membership: Membership;
  /** Every entry, in the order in which it could be placed. */
  readonly entries: readonly Entry[];
  /** What could not be read or placed; everything else is there. */
  readonly problems: readonly string[];
}

/** Reads a space back from its logs. */
export async function loadSpace(store: Store, space: SpaceId): Promise<LoadedSpace> {
  const index = new FeedIndex();
  const membership = new Membership(space);
  const entries: Entry[] = [];
  const problems: string[] = [];
  const prefix = logName(space, '');
  const names = [...(await store.logs.list()).entries()].filter(([name]) => name.startsWith(prefix));
  // A fork hangs on the branch that its feed's shorter log name holds.
  names.sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1));
  for (const [name, count] of names) {
    for (let at = 0; at < count; ) {
      const records = await store.logs.read(name, at, LOAD_BATCH, LOAD_BATCH_BYTES);
      if (records.length === 0) break;
      at += records.length;
      try {
        const flags = new Map<string, boolean>();
        const run = records.map((record) => {
          if (record.length > MAX_ENTRY_BYTES + 1)
            throw new WaystationError('corrupt', 'a record is too long');
          const entry = decodeEntry(record.slice(1));
          flags.set(entry.id, record[0] === 1);
          return entry;
        });
        const { fresh } = index.commit(run, (entry) => flags.get(entry.id) === true);
        for (const entry of fresh) {
          if (isMembershipKind(entry.header.kind)) membership.add(entry);
          entries.push(entry);
        }
      } catch (error) {
        problems.push(`${name}: ${errorMessage(error)}`);
        break;
      }
    }
  }
  return { index, membership, entries, problems };
}
