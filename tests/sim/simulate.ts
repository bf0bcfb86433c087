/**
 * One run of the simulator: builds a world from a seed, lets it live through recording, crashes, partitions and lies, lets it
 * settle, and says what came of it. The same options give the same run, event by event.
 */

import { KIND } from '../../src/feed/kinds.ts';
import { decodeChain } from '../../src/identity/grant-chain.ts';
import type { BlobPolicy } from '../../src/sync/replica.ts';
import { grantBody, type SimInvite } from './cast.ts';
import { type Expectation, findProblems, looksComplete } from './checks.ts';
import type { LinkQuality } from './network.ts';
import type { SimNode } from './node.ts';
import type { SeededRandom } from './random.ts';
import { sparseGraph } from './topology.ts';
import { planTrouble, restoreBackup } from './trouble.ts';
import { type Manner, World } from './world.ts';

const HOUR_MS = 3_600_000;
/** Everything must be everywhere within this time after the last trouble. */
const MAX_SETTLE_MS = 24 * HOUR_MS;
const SETTLE_STEP_MS = HOUR_MS / 2;
/** Stations seal their hour when it ends, as soon as they have compressed it. */
const SEAL_WITHIN_MS = 5_000;

export interface SimulationOptions {
  readonly seed: number;
  /** All of them: liars and outsiders too. */
  readonly nodes: number;
  readonly days: number;
  /** Probability that a packet is lost, 0 to 1. */
  readonly loss: number;
  readonly liars?: number;
  /** Nodes without a valid invite, at most three. */
  readonly outsiders?: number;
  readonly crashesPerDay?: number;
  readonly partitionsPerDay?: number;
  /** Mean time between breaks of one link, hours. */
  readonly breakHours?: number;
  readonly beatMinutes?: number;
  /** Longest virtual wait for cryptography, ms. */
  readonly cryptoMs?: number;
  /** Share of links that carry only a few kB/s. */
  readonly slowShare?: number;
  /** Looks into every message. */
  readonly careful?: boolean;
  readonly onHour?: (hour: number) => void;
}

export interface SimulationReport {
  readonly seed: number;
  readonly virtualDays: number;
  /** Hours from the last trouble until everything was everywhere. */
  readonly settleHours: number;
  readonly events: number;
  readonly messages: number;
  readonly bytes: number;
  /** Different entries and blobs that came to be. */
  readonly entries: number;
  readonly blobs: number;
  readonly entriesDelivered: number;
  readonly blobsDelivered: number;
  readonly crashes: number;
  readonly lies: number;
  readonly forks: number;
  readonly signaturesComputed: number;
  readonly sent: ReadonlyMap<string, number>;
  readonly droppedFromHonest: ReadonlyMap<string, number>;
  readonly droppedFromOthers: ReadonlyMap<string, number>;
  /** Messages between honest nodes in an hour after everything was everywhere. */
  readonly messagesAtRest: number;
  readonly problems: readonly string[];
  readonly digest: string;
}

const EVERYTHING: BlobPolicy = () => true;

export function runSimulation(options: SimulationOptions): SimulationReport {
  const { seed, days, nodes } = options;
  const world = new World({
    seed,
    cryptoMs: options.cryptoMs ?? 0,
    careful: options.careful ?? false,
    maxNodes: nodes,
  });
  const random = world.random.fork(7);
  populate(world, random, options);
  const endMs = days * 24 * HOUR_MS;
  planRecording(world, random, endMs, options.onHour);
  planBeats(world, random, endMs, (options.beatMinutes ?? 60) * 60_000);
  const { crashesPerDay = 0.5, partitionsPerDay = 2 } = options;
  planTrouble(world, random, { untilMs: endMs, crashesPerDay, partitionsPerDay });
  world.time.runUntil(endMs);
  return settle(world, options, endMs);
}

/** Node 0 founds the space; the rest joins over the network within the first hours. */
function populate(world: World, random: SeededRandom, options: SimulationOptions): void {
  const { nodes, liars = 0, outsiders = 0, days } = options;
  const { invites } = world.founding;
  const core: SimNode[] = [world.addAdmin(EVERYTHING)];
  const invited = (
    name: string,
    manner: Manner = 'honest',
    invite: SimInvite = invites.member,
    policy = EVERYTHING,
  ) =>
    world.addInvited(
      name,
      invite,
      invite === invites.mirror ? 'mirror' : invite === invites.reader ? 'reader' : 'member',
      manner,
      policy,
    );
  const honest = nodes - liars - outsiders;
  core.push(invited('mirror', 'honest', invites.mirror), invited('reader', 'honest', invites.reader));
  // The leaf is linked to the miser alone, which keeps only what it made itself: everything is pulled through it.
  const miser: SimNode = invited('miser', 'honest', invites.member, (origin) => origin.author === miser.id);
  const leaf = invited('leaf');
  core.push(miser);
  for (let i = core.length + 1; i < honest - 1; i++) core.push(invited(`member-${i}`));
  const order = shuffled(random, core);
  for (const [a, b] of sparseGraph(random, order.length, 3.5))
    join(world, random, options, order[a] as SimNode, order[b] as SimNode);
  join(world, random, options, miser, leaf);
  const others: SimNode[] = [];
  for (let i = 0; i < liars; i++) others.push(invited(`liar-${i}`, 'liar'));
  for (const kind of (['forged', 'expired', 'stolen'] as const).slice(0, outsiders))
    others.push(world.addOutsider(kind, EVERYTHING));
  for (const node of others) {
    const at = random.integer(0, order.length);
    for (let i = 0; i < 3; i++) join(world, random, options, node, order[(at + i) % order.length] as SimNode);
  }
  for (const [i, node] of world.nodes.entries()) {
    world.time.at(i === 0 ? 0 : random.integer(0, 3 * HOUR_MS), () => world.start(node));
  }
  inviteGuest(world, random, options, order);
  const members = order.filter((node) => node.name.startsWith('member-'));
  const [forks, learns] = [members[0], members[1]];
  const at = (share: number) => share * days * 24 * HOUR_MS;
  if (forks !== undefined) restoreBackup(world, forks, at(0.35), at(0.55), 2.2 * HOUR_MS);
  if (learns !== undefined) restoreBackup(world, learns, at(0.4), at(0.6), 0);
}

function join(world: World, random: SeededRandom, options: SimulationOptions, a: SimNode, b: SimNode): void {
  const { loss, slowShare = 0.15, breakHours = 8 } = options;
  const slow = random.chance(slowShare);
  const quality: LinkQuality = {
    delayMs: slow ? random.integer(100, 1_500) : random.integer(2, 80),
    bytesPerMs: slow ? random.integer(2, 12) : random.integer(100, 5_000),
    loss,
  };
  world.connect(a, b, quality, breakHours * HOUR_MS);
}

/** A member, once it is in, invites somebody itself: a chain of two grants, shown to others than its issuer. */
function inviteGuest(
  world: World,
  random: SeededRandom,
  options: SimulationOptions,
  order: readonly SimNode[],
): void {
  const host = order.find((node) => node.name.startsWith('member-'));
  if (host === undefined) return;
  const seed = random.bytes(32);
  const tryLater = () => {
    const running = host.running;
    if (running === null || !running.isAdmitted) return world.time.after(HOUR_MS, tryLater);
    const body = grantBody(seed, 'member', 1, world.startMs + 365 * 24 * HOUR_MS);
    running.write('control', { kind: KIND.grant, body }, (grant) => {
      const { levels } = decodeChain(host.disk.state.record.credential);
      const guest = world.addInvited('guest', { seed, grant, levels }, 'member', 'honest', EVERYTHING);
      const at = random.integer(0, order.length);
      for (let i = 0; i < 2; i++)
        join(world, random, options, guest, order[(at + i) % order.length] as SimNode);
      world.start(guest);
    });
  };
  world.time.at(5 * HOUR_MS, tryLater);
}

function shuffled<T>(random: SeededRandom, list: readonly T[]): T[] {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const j = random.integer(0, i + 1);
    [out[i], out[j]] = [out[j] as T, out[i] as T];
  }
  return out;
}

function planRecording(
  world: World,
  random: SeededRandom,
  endMs: number,
  onHour?: (hour: number) => void,
): void {
  for (let hour = 1; hour * HOUR_MS < endMs; hour++) {
    world.time.at(hour * HOUR_MS, () => {
      onHour?.(hour);
      for (const node of world.nodes) {
        if (node.role !== 'member' && node.role !== 'admin') continue;
        world.time.after(random.integer(0, SEAL_WITHIN_MS), () => node.running?.recordHour(hour));
      }
      checkBounds(world);
    });
  }
}

/** Memory that peers could make grow. */
function checkBounds(world: World): void {
  for (const { running, disk, name } of world.nodes) {
    if (running === null) continue;
    const links = running.links.size;
    if (disk.inFlight > 64 + 1_100 * links) world.violated(`${name} has ${disk.inFlight} writes in flight`);
    if (running.engine.sessions.size > links + 1) world.violated(`${name} keeps sessions of closed links`);
    if (running.replica.fetching.size > 0 && links === 0)
      world.violated(`${name} waits for links that are gone`);
  }
}

function planBeats(world: World, random: SeededRandom, endMs: number, everyMs: number): void {
  for (let at = everyMs; at < endMs; at += everyMs) {
    world.time.at(at, () => {
      for (const node of world.nodes) {
        world.time.after(random.integer(0, everyMs), () => node.running?.beat());
      }
    });
  }
}

/** No more trouble: links come back and stay. Then everything has to arrive, and the network falls silent. */
function settle(world: World, options: SimulationOptions, endMs: number): SimulationReport {
  for (const edge of world.edges) edge.steady();
  for (const node of world.nodes) if (!node.isUp) world.start(node);
  const honest = world.honest();
  const expected = (): Expectation => ({
    honest,
    pool: world.pool,
    keepers: new Set(honest.filter((node) => !world.restored.has(node)).map((node) => node.id as string)),
    nowWallMs: world.startMs + world.time.nowMs,
  });
  const lastMs = endMs + MAX_SETTLE_MS;
  let settledMs = endMs;
  do {
    settledMs += SETTLE_STEP_MS;
    world.time.runUntil(settledMs);
  } while (settledMs < lastMs && !(honest.every((node) => node.isUp) && looksComplete(expected())));
  const before = world.honestMessages;
  world.time.runUntil(settledMs + HOUR_MS);
  const problems = [...world.violations, ...findProblems(expected()), ...strangers(world)];
  const unnoticed = world.liars().filter((node) => !world.noticedLiars.has(node.id));
  for (const node of unnoticed) problems.push(`nobody noticed that ${node.name} lies`);
  const { pool, verifier } = world;
  return {
    seed: options.seed,
    virtualDays: options.days,
    settleHours: (settledMs - endMs) / HOUR_MS,
    events: world.time.fired,
    messages: world.messages,
    bytes: world.bytes,
    entries: pool.entryCount,
    blobs: pool.blobs.size,
    entriesDelivered: world.entriesDelivered,
    blobsDelivered: world.blobsDelivered,
    crashes: world.nodes.reduce((sum, node) => sum + node.crashes, 0),
    lies: world.lies,
    forks: world.forksSeen,
    signaturesComputed: verifier.computed,
    sent: world.sent,
    droppedFromHonest: world.droppedFromHonest,
    droppedFromOthers: world.droppedFromOthers,
    messagesAtRest: world.honestMessages - before,
    problems,
    digest: world.digest.text,
  };
}

/** Who was never invited has nothing. */
function strangers(world: World): string[] {
  const problems: string[] = [];
  for (const node of world.nodes) {
    if (world.mannerOf(node.id) !== 'outsider') continue;
    const replica = node.running?.replica;
    const foreign = [...(replica?.index.branches() ?? [])].filter(({ author }) => author !== node.id);
    if (foreign.length > 0) problems.push(`${node.name} got entries of the space`);
  }
  return problems;
}
