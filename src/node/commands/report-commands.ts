/** `status`, `verify`: what a node holds, and whether it is sound. */
import { WaystationError } from '../../core/errors.ts';
import { type NodeId, nodeIdText, type SpaceId } from '../../core/ids.ts';
import { readLinkLog } from '../../station/link-log.ts';
import type { WaystationNode } from '../../station/node.ts';
import { nodeName, type SpaceStatus, spaceStatus } from '../../station/status.ts';
import { verifySpace } from '../../station/verify.ts';
import { escapeControls, formatBytes, formatTable, type Output } from '../output.ts';

export interface PeerStatus {
  readonly node: string;
  readonly name: string;
  /** `up` while linked, `down` since. */
  readonly link: 'up' | 'down';
  /** Host that brought the two together, last time. */
  readonly via: string;
  /** How often a link to it came up. */
  readonly links: number;
}

export interface NodeStatus {
  readonly node: string;
  readonly spaces: readonly SpaceStatus[];
  readonly peers: readonly PeerStatus[];
  /** What was found damaged when the store was opened; everything else is intact. */
  readonly damaged: readonly string[];
}

/** Sentences about what does not match its checksum any more, as opening the store found it. */
function damageOf(node: WaystationNode): string[] {
  return node.ports.store.recovered
    .filter(({ kind }) => kind === 'damaged')
    .map(({ where, message }) => `${where}: ${message}`);
}

/** The status document, from the node's own records and its link log. */
export async function nodeStatus(node: WaystationNode, only?: SpaceId): Promise<NodeStatus> {
  const spaces = await Promise.all(
    [...node.spaces.values()].filter((space) => only === undefined || space.id === only).map(spaceStatus),
  );
  const named = (id: NodeId) => [...node.spaces.values()].find((space) => space.catalog.names.has(id));
  const up = new Set(node.peers().map((peer) => peer.node));
  const peers = new Map<NodeId, PeerStatus>();
  for (const event of await readLinkLog(node.ports.store)) {
    const before = peers.get(event.node);
    peers.set(event.node, {
      node: nodeIdText(event.node),
      name: nodeName(named(event.node), event.node),
      link: up.has(event.node) ? 'up' : 'down',
      via: event.via,
      links: (before?.links ?? 0) + (event.event === 'up' ? 1 : 0),
    });
  }
  return { node: nodeIdText(node.id), spaces, peers: [...peers.values()], damaged: damageOf(node) };
}

/** How this node stands in a space. */
function standingText({ standing, role }: SpaceStatus): string {
  switch (standing) {
    case 'active':
      return `in it as ${role}`;
    case 'invited':
      return `invited as ${role}, not let in yet`;
    case 'surplus':
      return 'not let in: the invite was used more often than it allows, ask for a new one';
    case 'revoked':
      return 'removed from it (revoked): ask for a new invite, with a new folder';
    case 'succeeded':
      return 'replaced in it by another device';
  }
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

export function statusText(status: NodeStatus): string {
  const parts = [`node ${status.node}`];
  for (const space of status.spaces) {
    const { held, missing, bytes } = space.blobs;
    parts.push(
      '',
      `space ${escapeControls(space.name ?? '(name sealed)')}  ${space.id}`,
      `${standingText(space)}; ${counted(space.members, 'member')}; ` +
        `${held} hours and pictures held, ${missing} missing, ${formatBytes(bytes)}`,
    );
    if (space.stations.length > 0) {
      const head = ['station', 'sealed', 'held', 'missing', 'to come', 'complete to', 'last heard', 'id'];
      const rows = space.stations.map((s) => [
        `${s.name ?? '(name sealed)'}${s.replay ? ' [replay]' : ''}`,
        String(s.sealed),
        String(s.held),
        String(s.missing),
        // Entries that its last beat told of: hours, names or pictures, nobody knows which before they are here.
        String(s.unseen),
        s.completeTo ?? '–',
        s.lastHeard ?? '–',
        s.id,
      ]);
      parts.push(formatTable([head, ...rows]));
    }
    if (space.roster.length > 0) {
      const rows = space.roster.map((one) => [
        one.name,
        one.standing === 'active' ? one.role : one.standing,
        one.node,
      ]);
      parts.push(formatTable([['member', 'role', 'node'], ...rows]));
    }
  }
  if (status.spaces.length === 0)
    parts.push('', 'in no space yet: `space create` makes one, `join` takes an invite');
  if (status.peers.length > 0) {
    const rows = status.peers.map((peer) => [peer.name, peer.link, peer.via, peer.node]);
    parts.push('', formatTable([['peer', 'link', 'via', 'node'], ...rows]));
  }
  return parts.join('\n');
}

export async function status(
  node: WaystationNode,
  space: SpaceId | undefined,
  output: Output,
): Promise<void> {
  if (space !== undefined) node.space(space);
  const document = await nodeStatus(node, space);
  output.result(document, statusText(document));
}

/** @throws WaystationError `corrupt` when anything does not hold. */
export async function verify(node: WaystationNode, only: SpaceId | undefined, output: Output): Promise<void> {
  const { store, crypto } = node.ports;
  const spaces = only === undefined ? [...node.spaces.keys()] : [node.space(only).id];
  if (spaces.length === 0)
    throw new WaystationError('not-found', 'this node is in no space: there is nothing to verify');
  const reports = [];
  for (const space of spaces) {
    const report = await verifySpace(store, crypto, space);
    for (const key of report.damagedBlobs) node.engine.blobLost(space, key, node.ports.clock.monotonicMs());
    reports.push(report);
  }
  node.driver.run();
  const damaged = damageOf(node);
  const problems = [...damaged, ...reports.flatMap((report) => report.problems)];
  const sums = reports.map(
    (r) =>
      `${r.space}: ${r.entries} entries in ${r.feeds} feeds, ${r.blobs} hours and pictures (${formatBytes(r.bytes)}), ${r.missing} not held` +
      (r.stopped > 0 ? `; ${r.stopped} entries by nodes that have been removed since` : ''),
  );
  output.result({ ok: problems.length === 0, spaces: reports, damaged }, [...sums, ...problems].join('\n'));
  if (problems.length > 0) {
    throw new WaystationError(
      'corrupt',
      `${problems.length} problems; what is damaged can be fetched again from other nodes`,
    );
  }
  output.say('Every signature, chain and root holds.');
}
