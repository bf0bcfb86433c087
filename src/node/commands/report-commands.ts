/** `status`, `verify`, `export`: what a node holds, whether it is sound, and getting it out. */
import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errorMessage, isWaystationError, WaystationError } from '../../core/errors.ts';
import { type NodeId, nodeIdText, type SpaceId } from '../../core/ids.ts';
import type { StationRecord } from '../../station/catalog.ts';
import { exportCsv, findStation } from '../../station/export.ts';
import { readLinkLog } from '../../station/link-log.ts';
import type { WaystationNode } from '../../station/node.ts';
import { nodeName, type SpaceStatus, spaceStatus } from '../../station/status.ts';
import { verifySpace } from '../../station/verify.ts';
import { escapeControls, formatBytes, formatTable, formatTime, type Output } from '../output.ts';
import { cannotWrite } from '../whole-file.ts';

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

export interface ExportOptions {
  readonly space?: SpaceId | undefined;
  readonly station: string;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly stream?: string | undefined;
  readonly out: string;
  /** Folder that a relative `out` is meant from. */
  readonly cwd: string;
}

/** Writes a station's readings; the file appears under its name only when it is whole. */
export async function exportStation(
  node: WaystationNode,
  options: ExportOptions,
  output: Output,
): Promise<void> {
  const space = node.space(options.space);
  await space.settled();
  const station = findStation(space, options.station);
  let path = resolve(options.cwd, options.out);
  if ((await stat(path).catch(() => undefined))?.isDirectory() === true) {
    path = join(path, `${(station.name ?? station.id).replaceAll(/[^\p{L}\p{N}._-]+/gu, '_')}.csv`);
  }
  const partial = `${path}.part`;
  const leftOut = new Map<string, number>();
  const leaveOut = (why: string, hours: number) => leftOut.set(why, (leftOut.get(why) ?? 0) + hours);
  let missing = 0;
  let rows = -1;
  const lines = async function* (): AsyncIterable<string> {
    const pieces = exportCsv(space, station, options, (error) => {
      if (isWaystationError(error, 'not-found')) missing++;
      else leaveOut(errorMessage(error), 1);
    });
    for await (const piece of pieces) {
      for (let at = piece.indexOf('\n'); at >= 0; at = piece.indexOf('\n', at + 1)) rows++;
      yield piece;
    }
  };
  try {
    await pipeline(Readable.from(lines()), createWriteStream(partial));
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    if (isWaystationError(error)) throw error;
    throw cannotWrite(path, error);
  }
  if (missing > 0) leaveOut('not held here: sync, then export again', missing);
  const { unopened } = station;
  if (unopened.length > 0)
    leaveOut('sealed under a key that this node does not have, or damaged', unopened.length);
  const unreadable = [...leftOut.values()].reduce((sum, hours) => sum + hours, 0) - missing;
  rows = Math.max(0, rows);
  const name = escapeControls(station.name ?? station.id);
  output.say(rows > 0 || leftOut.size > 0 ? `Wrote ${rows} rows of ${name}.` : noReadings(station, name));
  output.result({ station: station.id, name: station.name, rows, missing, unreadable, out: path }, path);
  if (leftOut.size > 0) {
    const reasons = [...leftOut].map(([why, hours]) => `${hours} ${why}`).join('; ');
    const all = station.hours.length + unopened.length;
    throw new WaystationError(
      'incomplete',
      `${missing + unreadable} of the ${all} hours of ${name} are not in the file: ${reasons}`,
    );
  }
}

/** For who asked for a time or a stream with nothing in it. */
function noReadings(station: StationRecord, name: string): string {
  const starts = station.hours.map(({ body }) => body.startMs);
  const ends = station.hours.map(({ body }) => body.startMs + body.lengthMs);
  if (starts.length === 0) return `${name} has no hours yet: the file holds no readings.`;
  const span = `from ${formatTime(Math.min(...starts))} to ${formatTime(Math.max(...ends))}`;
  return `No readings there: ${name} has hours ${span}.`;
}
