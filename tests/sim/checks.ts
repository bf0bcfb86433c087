/** What must hold in the end: everything is everywhere, everybody agrees, and the disks say the same as the memories. */
import { toHex } from '../../src/core/bytes.ts';
import { blobKey, type EntryId } from '../../src/core/ids.ts';
import { KIND } from '../../src/feed/kinds.ts';
import type { Replica } from '../../src/sync/replica.ts';
import { loadReplica } from './load.ts';
import { hourOf, type Running, type SimNode } from './node.ts';
import type { Pool } from './pool.ts';

/** Who is in, as what, by which grants, in one line. */
export function foldText({ membership }: Replica, nowMs: number): string {
  const members = [...membership.members()]
    .map(
      ({ node, role, status, depth, admit }) =>
        `${node.slice(0, 8)} ${role} ${status} ${depth} ${admit?.slice(0, 8)}`,
    )
    .sort();
  const invites = membership.outstandingInvites(nowMs).map(({ id }) => id);
  return [...members, ...membership.epochs(), ...invites].join('\n');
}

function headsText(replica: Replica): string {
  return toHex(replica.headSet().fingerprint({ lo: null, hi: null }).fingerprint);
}

function entryIds(replica: Replica): Set<EntryId> {
  const ids = new Set<EntryId>();
  for (const branch of replica.index.branches()) for (const meta of branch.entries) ids.add(meta.id);
  return ids;
}

export interface Expectation {
  /** Nodes that tell the truth and were invited. */
  readonly honest: readonly SimNode[];
  readonly pool: Pool;
  /** Blobs of these authors must exist somewhere: they tell the truth and never lost their disk. */
  readonly keepers: ReadonlySet<string>;
  readonly nowWallMs: number;
}

function up(node: SimNode): Running {
  if (node.running === null) throw new RangeError(`${node.name} is down`);
  return node.running;
}

/** What everybody who collects it must have: what any honest node has, and what its author cannot have lost. */
function expectedBlobs({ honest, pool, keepers }: Expectation): Set<string> {
  const blobs = new Set<string>();
  for (const node of honest) for (const key of node.disk.state.whole) blobs.add(key);
  for (const { key, author } of pool.blobs.values()) if (keepers.has(author)) blobs.add(key);
  // What was sealed just before a crash is sealed again: the first blob is then named by no entry.
  const named = new Set<string>();
  for (const branch of up(honest[0] as SimNode).replica.index.branches()) {
    for (const meta of branch.entries) for (const ref of meta.blobs) named.add(blobKey(ref));
  }
  return new Set([...blobs].filter((key) => named.has(key)));
}

/** Cheap: true when nothing seems to be missing anywhere. */
export function looksComplete(expected: Expectation): boolean {
  const { honest, nowWallMs } = expected;
  const replicas = honest.map((node) => up(node).replica);
  const [first, ...others] = replicas;
  if (first === undefined) return true;
  const blobs = expectedBlobs(expected);
  const heads = headsText(first);
  const fold = foldText(first, nowWallMs);
  return (
    others.every((replica) => headsText(replica) === heads && foldText(replica, nowWallMs) === fold) &&
    replicas.every((replica) => [...replica.wants.keys()].every((key) => !blobs.has(key)))
  );
}

/** Everything that is not as it should be, in words. */
export function findProblems(expected: Expectation): string[] {
  const { honest, pool, nowWallMs } = expected;
  const blobs = expectedBlobs(expected);
  const problems: string[] = [];
  const everything = new Set<EntryId>();
  for (const node of honest) for (const id of entryIds(up(node).replica)) everything.add(id);
  const folds = new Map<string, string[]>();
  for (const node of honest) {
    const { replica } = up(node);
    if (!up(node).isAdmitted) problems.push(`${node.name} was never let in`);
    const ids = entryIds(replica);
    const missing = [...everything].filter((id) => !ids.has(id));
    if (missing.length > 0)
      problems.push(`${node.name} lacks ${missing.length} of ${everything.size} entries`);
    const fold = foldText(replica, nowWallMs);
    folds.set(fold, [...(folds.get(fold) ?? []), node.name]);
    problems.push(...blobProblems(node, pool, blobs), ...diskProblems(node, nowWallMs));
  }
  if (folds.size > 1) {
    problems.push(`members differ: ${[...folds.values()].map((names) => names.join(' ')).join(' | ')}`);
  }
  return problems;
}

function blobProblems(node: SimNode, pool: Pool, blobs: ReadonlySet<string>): string[] {
  const { replica } = up(node);
  const problems: string[] = [];
  let lacking = 0;
  const recorded = new Set(node.disk.state.recorded);
  for (const branch of replica.index.branches()) {
    for (const meta of branch.entries) {
      for (const ref of meta.blobs) {
        const key = blobKey(ref);
        const origin = { author: branch.author, kind: meta.kind, timeMs: meta.timeMs };
        if (!blobs.has(key) || !node.policy(origin, ref)) continue;
        if (!replica.holds(key) || !node.disk.state.whole.has(key)) lacking++;
      }
      if (branch.author !== node.id || meta.kind !== KIND.hour) continue;
      const entry = pool.knownEntry(meta.id);
      if (entry !== undefined) recorded.delete(hourOf(entry));
    }
  }
  if (lacking > 0) problems.push(`${node.name} lacks ${lacking} blobs`);
  if (recorded.size > 0)
    problems.push(`${node.name} recorded hours that it never sealed: ${[...recorded].join(' ')}`);
  return problems;
}

/** A restart now must find what is in memory. */
function diskProblems(node: SimNode, nowWallMs: number): string[] {
  const { replica } = up(node);
  const loaded = loadReplica(node.disk.state, node.policy);
  const problems = loaded.problems.map((problem) => `${node.name} cannot read its disk: ${problem}`);
  const same =
    headsText(loaded.replica) === headsText(replica) &&
    foldText(loaded.replica, nowWallMs) === foldText(replica, nowWallMs) &&
    JSON.stringify(loaded.replica.blobCounts()) === JSON.stringify(replica.blobCounts());
  if (!same) problems.push(`${node.name} would find something else on its disk after a restart`);
  for (const feed of replica.feedsWithHoldings()) {
    if (!loaded.replica.holdings(feed).equals(replica.holdings(feed))) {
      problems.push(`${node.name} tells other holdings of ${feed} than its disk`);
    }
  }
  return problems;
}
