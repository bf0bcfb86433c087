/** A node's space read back from its disk, by the rules of src/station/entry-log.ts and Space.open, without waiting. */
import { errorMessage, isWaystationError } from '../../src/core/errors.ts';
import { PURPOSE } from '../../src/feed/entry.ts';
import { FeedIndex } from '../../src/feed/feed-index.ts';
import { decodeChain } from '../../src/identity/grant-chain.ts';
import { Membership } from '../../src/identity/membership.ts';
import { type BlobPolicy, Replica } from '../../src/sync/replica.ts';
import type { DiskState } from './disk.ts';

export interface Loaded {
  readonly replica: Replica;
  /** What could not be placed: a log that is not what was written to it. */
  readonly problems: readonly string[];
}

export function loadReplica(state: DiskState, policy: BlobPolicy): Loaded {
  const { space, meetSecret, credential } = state.record;
  const index = new FeedIndex();
  const membership = new Membership(space);
  const problems: string[] = [];
  // A fork hangs on the branch that its feed's shorter log name holds, or on another fork: those are tried again.
  let logs = [...state.logs].filter(([, records]) => records.length > 0);
  logs.sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1));
  for (let tried = Number.POSITIVE_INFINITY; logs.length > 0 && logs.length < tried; ) {
    tried = logs.length;
    const early: typeof logs = [];
    for (const [name, records] of logs) {
      const verified = new Map(records.map(({ entry, verified }) => [entry.id, verified]));
      const run = records.map(({ entry }) => entry);
      try {
        const { fresh, branch } = index.commit(run, (entry) => verified.get(entry.id) === true);
        for (const entry of fresh) if (entry.header.purpose === PURPOSE.control) membership.add(entry);
        if (fresh.length !== records.length) problems.push(`${name}: holds an entry twice`);
        if (branch.name !== name) problems.push(`${name}: is read back as ${branch.name}`);
      } catch (error) {
        if (isWaystationError(error, 'not-found')) early.push([name, records]);
        else problems.push(`${name}: ${errorMessage(error)}`);
      }
    }
    logs = early;
  }
  for (const [name] of logs) problems.push(`${name}: the branch that it hangs on is not there`);
  const { genesis, levels } = decodeChain(credential);
  membership.add(genesis);
  for (const { grant } of levels) membership.add(grant);
  const options = { space, meetSecret, credential, membership, index, policy };
  const replica = new Replica(options, state.whole, state.partial);
  for (const [author, beat] of state.beats) replica.beats.set(author, beat);
  return { replica, problems };
}
