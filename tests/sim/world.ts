/**
 * A simulated world: nodes, edges, the rules that must hold at every moment, and what is counted. What happens in it is
 * decided in trouble.ts, how long it runs in simulate.ts.
 */
import type { Bytes } from '../../src/core/bytes.ts';
import { type EpochId, entryIdFrom, feedIdFrom, type NodeId } from '../../src/core/ids.ts';
import type { Head } from '../../src/feed/entry.ts';
import type { Role } from '../../src/identity/roles.ts';
import type { Channel } from '../../src/mesh/port.ts';
import type { OwnFeed } from '../../src/station/space-record.ts';
import type { Notice } from '../../src/sync/effects.ts';
import { runFromWire } from '../../src/sync/entry-wire.ts';
import { MAX_MESSAGE_BYTES } from '../../src/sync/limits.ts';
import { LinkNames } from '../../src/sync/link-names.ts';
import { decodeMessage, type Message } from '../../src/sync/messages.ts';
import type { BlobPolicy } from '../../src/sync/replica.ts';
import { credentialOf, type Founding, found, redeem, type SimInvite } from './cast.ts';
import { MemoisedVerifier, SimKeys } from './crypto.ts';
import { SimDisk } from './disk.ts';
import { Edge } from './edge.ts';
import { Liar } from './liar.ts';
import type { LinkQuality } from './network.ts';
import { type OpenLink, PLAINTEXT_MARK, type Running, SimNode, type Surroundings } from './node.ts';
import { Pool } from './pool.ts';
import { SeededRandom } from './random.ts';
import { ASKING, EventDigest, HANDSHAKE, messageName } from './traffic.ts';
import { VirtualTime } from './virtual-time.ts';

/** 2026-07-01 00:00 UTC. */
const START_MS = 1_782_864_000_000;
/** More violations than these say nothing new. */
const MAX_VIOLATIONS = 20;
/** Clocks of phones without a network are off by up to this. */
const MAX_SKEW_MS = 60_000;

export interface WorldOptions {
  readonly seed: number;
  readonly cryptoMs: number;
  /** Looks into every message: that entries are durable and nothing is plain. Costs about as much as the engine. */
  readonly careful: boolean;
  readonly maxNodes: number;
}

/** How a node is: `liar` changes what it sends, `outsider` has no valid invite. */
export type Manner = 'honest' | 'liar' | 'outsider';

export class World implements Surroundings {
  readonly time = new VirtualTime();
  readonly pool = new Pool();
  readonly verifier = new MemoisedVerifier();
  readonly startMs = START_MS;
  readonly cryptoMs: number;
  readonly random: SeededRandom;
  readonly founding: Founding;
  readonly nodes: SimNode[] = [];
  readonly edges: Edge[] = [];
  readonly digest = new EventDigest();
  readonly violations: string[] = [];
  /** Messages by name. */
  readonly sent = new Map<string, number>();
  /** Dropped input by reason, of honest nodes: what honest and what dishonest peers sent. */
  readonly droppedFromHonest = new Map<string, number>();
  readonly droppedFromOthers = new Map<string, number>();
  /** Nodes that were given an old backup: what they had since may be nowhere. */
  readonly restored = new Set<SimNode>();
  readonly noticedLiars = new Set<NodeId>();
  entriesDelivered = 0;
  blobsDelivered = 0;
  messages = 0;
  /** Those from honest to honest nodes. */
  honestMessages = 0;
  bytes = 0;
  forksSeen = 0;
  readonly #careful: boolean;
  /** What each end of a link has named. */
  readonly #named = new WeakMap<OpenLink, LinkNames>();
  readonly #manners = new Map<NodeId, Manner>();
  readonly #liars = new Map<NodeId, Liar>();

  constructor(options: WorldOptions) {
    this.random = new SeededRandom(options.seed);
    this.cryptoMs = options.cryptoMs;
    this.#careful = options.careful;
    this.founding = found(this.random.fork(1), START_MS, START_MS + 365 * 86_400_000, options.maxNodes);
  }

  // Building.

  addAdmin(policy: BlobPolicy): SimNode {
    const { admin, control, entries } = this.founding;
    const node = this.#add(
      'admin',
      'admin',
      'honest',
      policy,
      admin,
      credentialOf(this.founding, []),
      control,
    );
    const log = entries.map((entry) => ({ entry: this.pool.entry(entry), verified: true }));
    node.disk.state.logs.set(`${admin.node}.${control.feed}`, log);
    return node;
  }

  /** A node with a redeemed invite. */
  addInvited(name: string, invite: SimInvite, role: Role, manner: Manner, policy: BlobPolicy): SimNode {
    const keys = new SimKeys(this.random);
    const credential = credentialOf(this.founding, redeem(this.founding, invite, keys));
    return this.#add(name, role, manner, policy, keys, credential);
  }

  /** A node that knows the meet secret and shows a chain that is forged, expired, or somebody else's. */
  addOutsider(kind: 'forged' | 'expired' | 'stolen', policy: BlobPolicy): SimNode {
    const keys = new SimKeys(this.random);
    const { invites } = this.founding;
    const levels =
      kind === 'stolen'
        ? redeem(this.founding, invites.member, new SimKeys(this.random))
        : redeem(this.founding, invites[kind === 'expired' ? 'expired' : 'member'], keys, kind === 'forged');
    return this.#add(kind, 'member', 'outsider', policy, keys, credentialOf(this.founding, levels));
  }

  #add(
    name: string,
    role: Role,
    manner: Manner,
    policy: BlobPolicy,
    keys: SimKeys,
    credential: Bytes,
    control: OwnFeed = { feed: feedIdFrom(this.random.bytes(16)), succeeds: null },
  ): SimNode {
    const random = this.random.fork(this.nodes.length + 100);
    const { space, meetSecret } = this.founding;
    const data = { feed: feedIdFrom(random.bytes(16)), succeeds: null };
    const disk = new SimDisk(this.time, random.fork(1), { space, meetSecret, credential, control, data });
    const skewMs = random.integer(-MAX_SKEW_MS, MAX_SKEW_MS);
    const number = this.nodes.length;
    const node = new SimNode(this, { number, name, role, keys, disk, random, policy, skewMs });
    this.nodes.push(node);
    this.#manners.set(node.id, manner);
    if (manner === 'liar') this.#liars.set(node.id, new Liar(random.fork(2)));
    return node;
  }

  connect(a: SimNode, b: SimNode, quality: LinkQuality, breakMeanMs: number): Edge {
    const pair = this.random.chance(0.5) ? ([a, b] as const) : ([b, a] as const);
    const edge = new Edge(this.time, this.random.fork(this.edges.length), pair, quality, breakMeanMs);
    this.edges.push(edge);
    return edge;
  }

  edgesOf(node: SimNode): Edge[] {
    return this.edges.filter((edge) => edge.dialler === node || edge.answerer === node);
  }

  mannerOf(id: NodeId): Manner {
    return this.#manners.get(id) ?? 'outsider';
  }

  isHonest(id: NodeId): boolean {
    return this.mannerOf(id) === 'honest';
  }

  honest(): SimNode[] {
    return this.nodes.filter((node) => this.isHonest(node.id));
  }

  liars(): SimNode[] {
    return this.nodes.filter((node) => this.mannerOf(node.id) === 'liar');
  }

  get lies(): number {
    return [...this.#liars.values()].reduce((sum, liar) => sum + liar.lies, 0);
  }

  start(node: SimNode): void {
    node.start();
    for (const edge of this.edgesOf(node)) edge.consider();
  }

  // What nodes tell.

  epoch(): EpochId {
    return this.founding.epoch.id;
  }

  violated(what: string): void {
    if (this.violations.length >= MAX_VIOLATIONS) return;
    this.violations.push(`at ${(this.time.nowMs / 3_600_000).toFixed(3)} h: ${what}`);
  }

  sending(from: Running, open: OpenLink, channel: Channel, bytes: Bytes): readonly Bytes[] {
    this.messages++;
    this.bytes += bytes.length;
    if (this.isHonest(from.node.id) && this.isHonest(open.peer.id)) this.honestMessages++;
    this.digest.add(Math.floor(this.time.nowMs * 1000));
    this.digest.add(from.node.number * 65_536 + open.peer.number);
    this.digest.add(channel === 'bulk' ? 1 : 0);
    this.digest.addBytes(bytes);
    const name = messageName(bytes);
    this.sent.set(name ?? 'nonsense', (this.sent.get(name ?? 'nonsense') ?? 0) + 1);
    this.#checkRules(from, open, bytes, name);
    return this.#liars.get(from.node.id)?.outgoing(bytes) ?? [bytes];
  }

  #checkRules(from: Running, open: OpenLink, bytes: Bytes, name: Message['name'] | undefined): void {
    const { peer } = open;
    const told = () => `${from.node.name} to ${peer.name}`;
    if (name === undefined) return this.violated(`${told()}: not a message`);
    if (bytes.length > MAX_MESSAGE_BYTES) this.violated(`${told()}: ${name} of ${bytes.length} bytes`);
    if (!HANDSHAKE.has(name) && !from.replica.membership.isActive(peer.id)) {
      // Known by its chain alone, a peer is asked for what it told of; nothing of ours is in that.
      const asks = ASKING.has(name) && this.mannerOf(peer.id) !== 'outsider' && !namesHeads(name, bytes);
      if (!asks) this.violated(`${told()}: ${name} to a node that is no member`);
    }
    if (this.#careful) this.#lookInside(from, open, told, bytes, name);
  }

  #lookInside(from: Running, open: OpenLink, told: () => string, bytes: Bytes, name: Message['name']): void {
    if (Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(PLAINTEXT_MARK)) {
      this.violated(`${told()}: plain text in ${name}`);
    }
    if (name !== 'names' && name !== 'heads' && name !== 'entries' && name !== 'news') return;
    const names = this.#named.get(open) ?? new LinkNames();
    this.#named.set(open, names);
    const message = decodeMessage(bytes);
    if (message.name === 'names') {
      names.learn(message.fields[2]);
    } else if (message.name === 'heads') {
      for (const [feed, , seq, id] of message.fields[2]) {
        if (!isDurable(from, { ...names.feedOf(feed), seq, id: entryIdFrom(id) }))
          this.violated(`${told()}: tells of an entry that is not durable`);
      }
    } else if (message.name === 'entries' || message.name === 'news') {
      const [, , feedName, run] = message.fields;
      const feed = names.feedOf(feedName);
      const { space, index } = from.replica;
      const before = () => index.idsAt(feed.author, feed.feed, run[1] - 1);
      const entries = runFromWire(names, space, feed, run, before);
      if (entries === undefined) this.violated(`${told()}: a run that hangs on nothing`);
      for (const { id, header } of entries ?? []) {
        if (!isDurable(from, { ...feed, seq: header.seq, id }))
          this.violated(`${told()}: serves an entry that is not durable`);
      }
    }
  }

  notice(at: Running, notice: Notice): void {
    if (notice.kind === 'entries') {
      for (const { header } of notice.entries) if (header.author !== at.node.id) this.entriesDelivered++;
    } else if (notice.kind === 'blob-complete') {
      this.blobsDelivered++;
    } else if (notice.kind === 'forked') {
      this.forksSeen++;
    } else if (notice.kind === 'dropped' && this.isHonest(at.node.id)) {
      const peer = at.links.get(notice.link)?.peer;
      if (peer === undefined) return; // the link is gone, so whose fault it was is not known
      const counts = this.isHonest(peer.id) ? this.droppedFromHonest : this.droppedFromOthers;
      counts.set(notice.reason, (counts.get(notice.reason) ?? 0) + 1);
      if (this.mannerOf(peer.id) === 'liar') this.noticedLiars.add(peer.id);
    }
  }

  closed(at: Running, { peer, link }: OpenLink, reason: string): void {
    this.digest.addBytes(Buffer.from(reason));
    const edge = this.edges.find((one) => one.link === link);
    if (!reason.startsWith('too much wrong data')) return;
    edge?.pause();
    if (this.isHonest(at.node.id) && this.isHonest(peer.id)) {
      this.violated(`${at.node.name} closed its link to ${peer.name}, which is honest: ${reason}`);
    }
  }
}

/** A fingerprint of heads says something of what we have. */
function namesHeads(name: Message['name'], bytes: Bytes): boolean {
  if (name !== 'ranges') return false;
  return (decodeMessage(bytes) as Message<'ranges'>).fields[2].some(([, , count]) => count > 0);
}

function isDurable(running: Running, head: Head): boolean {
  const found = running.replica.index.find(head.author, head.feed, head.seq, head.id);
  if (found === undefined) return false;
  const record = running.node.disk.state.logs.get(found.branch.name)?.[head.seq - found.branch.base];
  return record?.entry.id === head.id;
}
