/**
 * A space's entries in the store: one append-only log per branch, each record a flag byte (1: the entry's own signature
 * was checked) and the entry's exact bytes. Loading places every entry anew, so the log names carry no meaning.
 */
import { type Bytes, concatBytes } from '../core/bytes.ts';
import { errorMessage, isWaystationError } from '../core/errors.ts';
import type { SpaceId } from '../core/ids.ts';
import { decodeEntry, type Entry, PURPOSE } from '../feed/entry.ts';
import { FeedIndex, type Segment } from '../feed/feed-index.ts';
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

/** Entries of one log that follow one another, with their flags. */
interface StoredRun {
  readonly log: string;
  readonly entries: Entry[];
  readonly verified: Set<string>;
}

/** Reads a space back from its logs. */
export async function loadSpace(store: Store, space: SpaceId): Promise<LoadedSpace> {
  const index = new FeedIndex();
  const membership = new Membership(space);
  const entries: Entry[] = [];
  const problems: string[] = [];
  const prefix = logName(space, '');
  const names = [...(await store.logs.list()).entries()].filter(([name]) => name.startsWith(prefix));
  // A feed's first branch has the shortest name; forks of forks may come in any order and are tried again.
  names.sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1));
  let waiting: StoredRun[] = [];
  for (const [name, count] of names) waiting.push(...(await readRuns(store, name, count, problems)));
  for (let before = waiting.length + 1; waiting.length < before; ) {
    before = waiting.length;
    waiting = waiting.filter((run) => {
      try {
        const { fresh } = index.commit(run.entries, (entry) => run.verified.has(entry.id));
        for (const entry of fresh) {
          if (entry.header.purpose === PURPOSE.control) membership.add(entry);
          entries.push(entry);
        }
        return false;
      } catch (error) {
        if (isWaystationError(error, 'not-found')) return true;
        problems.push(`${run.log}: ${errorMessage(error)}`);
        return false;
      }
    });
  }
  for (const { log, entries: left } of waiting) {
    problems.push(`${log}: what came before position ${left[0]?.header.seq} is missing`);
  }
  return { index, membership, entries, problems };
}

/** A log's entries, cut where one does not follow the one before it, so that damage costs no more than itself. */
async function readRuns(store: Store, log: string, count: number, problems: string[]): Promise<StoredRun[]> {
  const runs: StoredRun[] = [];
  for (let at = 0; at < count; ) {
    const records = await store.logs.read(log, at, LOAD_BATCH, LOAD_BATCH_BYTES);
    if (records.length === 0) break;
    for (const record of records) {
      at++;
      let entry: Entry;
      try {
        entry = decodeEntry(record.slice(1));
      } catch (error) {
        problems.push(`${log}, record ${at - 1}: ${errorMessage(error)}`);
        continue;
      }
      let run = runs.at(-1);
      if (run === undefined || run.entries.at(-1)?.id !== entry.header.previous) {
        run = { log, entries: [], verified: new Set() };
        runs.push(run);
      }
      run.entries.push(entry);
      if (record[0] === 1) run.verified.add(entry.id);
    }
  }
  return runs;
}
