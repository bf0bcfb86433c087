/**
 * The fold from a space's membership entries to its members: a function of the set alone.
 *
 * Rules, in the order in which they apply:
 * 1. Roots: the genesis author and the recovery key are admins at depth 0.
 * 2. Revocations take effect one at a time; each time the first, by (depth of its author, entry id), of those whose author is
 *    an admin by what took effect before. Of two admins who revoke each other the one with the shorter grant chain wins,
 *    then the lower hash. The recovery key goes before the first admin: it is kept offline, a laptop may be stolen.
 * 3. A revoked node's grants, admits, successions and revocations count up to the listed positions of its feeds.
 * 4. A grant counts when its author stands with a role that may pass it on, at depth 3 or less; an admit when it was written
 *    in time by a node that was ever admitted.
 * 5. Of the nodes admitted by one grant, the `uses` whose lowest admit ids are lowest stand; the rest are surplus. Who was
 *    ever admitted is settled first and counts surplus nodes in: otherwise a node could make itself surplus, or undo it.
 * 6. An heir takes its author's place, depth included; the author is retired. With several grants a node's strongest role holds.
 */
import type { Bytes } from '../core/bytes.ts';
import { equalBytes } from '../core/bytes.ts';
import type { EntryId, NodeId } from '../core/ids.ts';
import type { AdmitBody, GrantBody, RevokeBody } from './bodies.ts';
import { MAX_CHAIN_DEPTH } from './grant-chain.ts';
import { byId, type MembershipEntries, type Parsed } from './membership-entries.ts';
import { Revocations } from './revocations.ts';
import { mayGrant, ROLES, type Role, roleNumber } from './roles.ts';

/** One reason for a node to be in the space. */
export interface Standing {
  readonly role: Role;
  /** Grants between the roots and this node, 0 to {@link MAX_CHAIN_DEPTH}. */
  readonly depth: number;
  readonly sealKey: Bytes;
  readonly owner: NodeId | null;
  /** The grant and the admit it came by; null for a root. */
  readonly grant: EntryId | null;
  readonly admit: EntryId | null;
}

/** A grant that counts, and the nodes that stand by it. */
export interface StandingGrant {
  readonly grant: Parsed<GrantBody>;
  readonly depth: number;
  readonly standing: ReadonlySet<NodeId>;
}

export interface FoldedMembers {
  /** Of each node that stands, its best standing. */
  readonly standings: ReadonlyMap<NodeId, Standing>;
  /** Nodes that came too late for their grant's uses and stand by no other. */
  readonly surplus: ReadonlyMap<NodeId, Standing>;
  readonly grants: ReadonlyMap<EntryId, StandingGrant>;
  readonly revocations: Revocations;
}

function better(a: Standing, b: Standing): boolean {
  const order = roleNumber(a.role) - roleNumber(b.role) || a.depth - b.depth;
  return order !== 0 ? order < 0 : (a.admit ?? '') < (b.admit ?? '');
}

/** Order of the nodes of one level, so that nothing hangs on the order of arrival. */
function inOrder([a, one]: [NodeId, Standing], [b, other]: [NodeId, Standing]): number {
  if (better(one, other)) return -1;
  if (better(other, one)) return 1;
  return a < b ? -1 : 1;
}

/** Folds the entries. Empty without a genesis entry. */
export function foldMembers(entries: MembershipEntries): FoldedMembers {
  const revocations = new Revocations(entries);
  const pending = new Set(entries.revokes);
  let members = standUnder(entries, revocations);
  for (;;) {
    const next = firstRevocation(entries, members, pending);
    if (next === undefined) return members;
    pending.delete(next);
    revocations.apply(next);
    // Most revocations take nothing back: the node's own invites and admits all lie before the cut.
    if (takesBack(entries, revocations, next.body)) members = standUnder(entries, revocations);
  }
}

function firstRevocation(
  entries: MembershipEntries,
  { standings, revocations }: FoldedMembers,
  pending: ReadonlySet<Parsed<RevokeBody>>,
): Parsed<RevokeBody> | undefined {
  let first: { revoke: Parsed<RevokeBody>; rank: number } | undefined;
  for (const revoke of pending) {
    const { author } = revoke.entry.header;
    const standing = standings.get(author);
    if (standing?.role !== 'admin' || !revocations.counts(revoke.entry)) continue;
    const rank = author === entries.genesis?.body.recoveryKey ? -1 : standing.depth;
    if (first === undefined || rank < first.rank || (rank === first.rank && byId(revoke, first.revoke) < 0)) {
      first = { revoke, rank };
    }
  }
  return first?.revoke;
}

function takesBack(entries: MembershipEntries, revocations: Revocations, { node }: RevokeBody): boolean {
  const authored = [
    ...entries.grantsBy.get(node),
    ...entries.admitsBy.get(node),
    ...entries.successionsBy.get(node),
  ];
  if (authored.some(({ entry }) => !revocations.counts(entry))) return true;
  return entries.grantsWithKey
    .get(node)
    .some(({ entry, body }) =>
      entries.admitsOf.get(entry.id).some((admit) => !revocations.keepsAdmit(body, admit.entry.id)),
    );
}

function roots(entries: MembershipEntries): [NodeId, Standing][] {
  if (entries.genesis === undefined) return [];
  const { entry, body } = entries.genesis;
  const root = { role: 'admin', depth: 0, owner: null, grant: null, admit: null } as const;
  return [
    [entry.header.author, { ...root, sealKey: body.adminSealKey }],
    [body.recoveryKey, { ...root, sealKey: body.recoverySealKey }],
  ];
}

/** Whether an admit is sound in itself; whether its author was ever admitted is another question. */
function isSound(
  revocations: Revocations,
  { body: grant }: Parsed<GrantBody>,
  { entry, body }: Parsed<AdmitBody>,
): boolean {
  return (
    equalBytes(body.inviteKey, grant.inviteKey) &&
    entry.header.timeMs <= grant.expiresMs &&
    revocations.counts(entry) &&
    revocations.keepsAdmit(grant, entry.id)
  );
}

/** Everybody ever admitted, surplus or not: the least set closed under sound grants, admits and successions. */
function everAdmitted(entries: MembershipEntries, revocations: Revocations): ReadonlySet<NodeId> {
  /** Per node the least depth of each role, by role number. */
  const depths = new Map<NodeId, number[]>();
  const grantDepths = new Map<EntryId, number>();
  const queue: NodeId[] = [];
  const reach = (node: NodeId, role: Role, depth: number): void => {
    const known = depths.get(node) ?? [];
    const number = roleNumber(role);
    if ((known[number] ?? Number.POSITIVE_INFINITY) <= depth) return;
    known[number] = depth;
    depths.set(node, known);
    queue.push(node);
  };
  for (const [node] of roots(entries)) reach(node, 'admin', 0);
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    const held = depths.get(node) ?? [];
    const holds = (role: Role) => held[roleNumber(role)] ?? Number.POSITIVE_INFINITY;
    for (const grant of entries.grantsBy.get(node)) {
      if (!revocations.counts(grant.entry)) continue;
      const issuers = (['admin', 'member'] as const).filter((role) => mayGrant(role, grant.body.role));
      const depth = Math.min(...issuers.map(holds)) + 1;
      if (depth > MAX_CHAIN_DEPTH || depth >= (grantDepths.get(grant.entry.id) ?? Number.POSITIVE_INFINITY))
        continue;
      grantDepths.set(grant.entry.id, depth);
      for (const admit of entries.admitsOf.get(grant.entry.id)) {
        if (!depths.has(admit.entry.header.author) || !isSound(revocations, grant, admit)) continue;
        reach(admit.body.redemption.node, grant.body.role, depth);
      }
    }
    for (const admit of entries.admitsBy.get(node)) {
      const grant = entries.grants.get(admit.body.grant);
      const depth = grantDepths.get(admit.body.grant);
      if (grant === undefined || depth === undefined) continue;
      if (!isSound(revocations, grant, admit)) continue;
      reach(admit.body.redemption.node, grant.body.role, depth);
    }
    const heir = revocations.successionOf(node)?.body.heir;
    if (heir !== undefined) {
      for (const role of ROLES) {
        if (Number.isFinite(holds(role))) reach(heir, role, holds(role));
      }
    }
  }
  return new Set(depths.keys());
}

/** Level by level down from the roots: which grants count, who stands by them, who is surplus. */
function standUnder(entries: MembershipEntries, revocations: Revocations): FoldedMembers {
  const standings = new Map<NodeId, Standing>();
  const surplus = new Map<NodeId, Standing>();
  const grants = new Map<EntryId, StandingGrant>();
  const admitted = everAdmitted(entries, revocations);
  const settled = new Set<string>();

  const note = (node: NodeId, standing: Standing): void => {
    const known = standings.get(node);
    if (known === undefined || better(standing, known)) standings.set(node, standing);
  };
  let level = roots(entries);
  for (let depth = 0; level.length > 0; depth++) {
    const next: [NodeId, Standing][] = [];
    // Heirs are appended while the list is walked: they stand at the same depth.
    for (const [node, standing] of level) {
      note(node, standing);
      const key = `${node}.${standing.role}`;
      if (settled.has(key)) continue;
      settled.add(key);
      const succession = revocations.successionOf(node);
      if (succession !== undefined) {
        level.push([succession.body.heir, { ...standing, sealKey: succession.body.heirSealKey }]);
      }
      if (depth === MAX_CHAIN_DEPTH) continue;
      for (const grant of entries.grantsBy.get(node)) {
        if (grants.has(grant.entry.id) || !mayGrant(standing.role, grant.body.role)) continue;
        if (!revocations.counts(grant.entry)) continue;
        const held = new Set<NodeId>();
        grants.set(grant.entry.id, { grant, depth: depth + 1, standing: held });
        for (const [entrant, place] of entrants(entries, revocations, grant, admitted, depth + 1)) {
          if (held.size >= grant.body.uses) {
            const known = surplus.get(entrant);
            if (known === undefined || better(place, known)) surplus.set(entrant, place);
            continue;
          }
          held.add(entrant);
          next.push([entrant, place]);
        }
      }
    }
    level = next.sort(inOrder);
  }
  for (const node of standings.keys()) surplus.delete(node);
  return { standings, surplus, grants, revocations };
}

/** The distinct nodes that a grant admitted, by their lowest admit ids. */
function entrants(
  entries: MembershipEntries,
  revocations: Revocations,
  grant: Parsed<GrantBody>,
  admitted: ReadonlySet<NodeId>,
  depth: number,
): ReadonlyMap<NodeId, Standing> {
  const found = new Map<NodeId, Standing>();
  for (const admit of [...entries.admitsOf.get(grant.entry.id)].sort(byId)) {
    const { entry, body } = admit;
    const { node, sealKey } = body.redemption;
    if (found.has(node) || !admitted.has(entry.header.author) || !isSound(revocations, grant, admit))
      continue;
    const { role, owner } = grant.body;
    found.set(node, { role, depth, sealKey, owner, grant: grant.entry.id, admit: entry.id });
  }
  return found;
}
