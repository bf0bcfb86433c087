/**
 * One node, put together: its store and keys, the sync engine and its driver, the mesh, and the spaces it is in. The only
 * place that knows all of them. Runtimes (page, command line, simulator) hand in the ports.
 */

import { isWaystationError, WaystationError } from '../core/errors.ts';
import { type NodeId, nodeIdFrom, type SpaceId } from '../core/ids.ts';
import type { Clock, Crypto, NodeKeys, Random } from '../core/ports.ts';
import { isDirectEndpoint } from '../identity/direct-endpoint.ts';
import type { Invite } from '../identity/invite.ts';
import type { LinkPath } from '../mesh/link-path.ts';
import type { LinkInfo, Mesh, MeshOptions, SpaceMeeting } from '../mesh/mesh.ts';
import type { Link, TextSocketFactory, Transport } from '../mesh/port.ts';
import type { EncodeHour } from '../pipeline/hour-encoding.ts';
import type { Store } from '../store/port.ts';
import type { LinkId, Notice } from '../sync/effects.ts';
import { SyncEngine } from '../sync/engine.ts';
import { MAX_SPACES } from '../sync/limits.ts';
import type { BlobPolicy } from '../sync/replica.ts';
import { KeyKeeper } from './key-keeping.ts';
import { logLink } from './link-log.ts';
import { createSpace, joinAnew, joinSpace, type NewSpace } from './membership-actions.ts';
import { hasLeftovers } from './own-station.ts';
import { Space, type SpaceContext } from './space.ts';
import { listSpaces } from './space-record.ts';
import { SyncDriver } from './sync-driver.ts';

export interface NodePorts {
  readonly store: Store;
  readonly keys: NodeKeys;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: Random;
}

export interface NodeOptions {
  /** Refuses links to nodes for which it is false. */
  readonly acceptPeer?: (node: NodeId) => boolean;
  /** Which blobs this node collects of its own accord; by default all. */
  readonly policy?: BlobPolicy;
  readonly onNotice?: (notice: Notice) => void;
  /** Encodes an hour that was recorded before there was a key, in a worker where there is one. */
  readonly encode?: EncodeHour;
}

export interface MeshPorts {
  /** Handed in, so that a page can open what it holds before it loads what it meets others with. */
  readonly createMesh: (options: MeshOptions) => Mesh;
  readonly transport: Transport;
  readonly sockets: TextSocketFactory;
}

/** Where to look for members. */
export interface MeetingHosts {
  /** Always, and for every space. */
  readonly hosts: readonly string[];
  /** There only, and not where invites and members say. */
  readonly exclusive?: boolean;
  /** SHA-256 of the certificate with which others dial this node directly. */
  readonly ownCertificateHash?: Uint8Array;
}

/** A link that is up now. */
export interface PeerLink {
  readonly link: LinkId;
  readonly node: NodeId;
  readonly via: string;
  readonly sinceMs: number;
  /** The way it takes now; null when that is not known. */
  readonly path: () => Promise<LinkPath | null>;
}

/** How often a beat is given: often enough to tell a dead station within minutes, rarely enough to cost nothing. */
const BEAT_INTERVAL_MS = 60_000;
/** How long members wait for one another before they hand on keys. */
const KEY_TURN_MS = 5_000;

export class WaystationNode {
  readonly id: NodeId;
  readonly ports: NodePorts;
  readonly engine: SyncEngine;
  readonly driver: SyncDriver;
  readonly spaces = new Map<SpaceId, Space>();
  readonly #options: NodeOptions;
  readonly #listeners = new Set<(notice: Notice) => void>();
  readonly #links = new Map<
    LinkId,
    { link: Link; claimed: NodeId | null; via: string; proved: NodeId | null; sinceMs: number }
  >();
  #mesh: Mesh | undefined;
  #meeting: MeetingHosts = { hosts: [] };
  readonly #keepers = new Map<SpaceId, KeyKeeper>();
  #cancelBeat: (() => void) | undefined;
  #cancelKeyTurn: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  /** Work started by notices that must be done before the store closes. */
  readonly #background = new Set<Promise<unknown>>();

  private constructor(ports: NodePorts, options: NodeOptions) {
    this.ports = ports;
    this.#options = options;
    this.id = nodeIdFrom(ports.keys.publicKey);
    const acceptPeer = options.acceptPeer;
    this.engine = new SyncEngine({
      self: this.id,
      wallMs: () => ports.clock.nowMs(),
      ...(acceptPeer === undefined ? {} : { acceptPeer }),
    });
    this.driver = new SyncDriver({
      engine: this.engine,
      ...ports,
      writeAdmit: async (space, body) => {
        await this.space(space).writeAdmit(body);
      },
      onNotice: (notice) => this.#onNotice(notice),
      onLinkClosed: (link, reason) => this.#onLinkClosed(link, reason),
    });
  }

  /** Opens the node on its store and loads every space it is in. */
  static async open(ports: NodePorts, options: NodeOptions = {}): Promise<WaystationNode> {
    const node = new WaystationNode(ports, options);
    for (const id of await listSpaces(ports.store)) await node.#add(await Space.load(node.#context(), id));
    return node;
  }

  #context(): SpaceContext {
    return {
      ...this.ports,
      engine: this.engine,
      self: this.id,
      policy: this.#options.policy ?? (() => true),
      run: () => this.driver.run(),
      onHosts: () => this.#mesh?.setSpaces(this.#meshSpaces()),
      onKeys: (space) => this.#sealWhatWaits(space),
      rememberTree: (ref, tree) => this.driver.rememberTree(ref, tree),
    };
  }

  async #add(space: Space): Promise<void> {
    this.spaces.set(space.id, space);
    this.#keepers.set(space.id, new KeyKeeper(space));
    this.engine.addSpace(space.replica, this.ports.clock.monotonicMs());
    this.driver.run();
    await space.settled();
    this.#mesh?.setSpaces(this.#meshSpaces());
  }

  /** The space with this id, or the only one. @throws WaystationError `not-found`, `usage`. */
  space(id?: SpaceId): Space {
    if (id !== undefined) {
      const space = this.spaces.get(id);
      if (space === undefined) throw new WaystationError('not-found', `this node is not in a space ${id}`);
      return space;
    }
    const [only, ...others] = this.spaces.values();
    if (only === undefined) {
      throw new WaystationError(
        'not-found',
        'this node is in no space yet: create one, or join one with an invite link',
      );
    }
    if (others.length > 0) {
      const names = [...this.spaces.values()].map(
        (space) => `${space.id} (${space.catalog.spaceName ?? 'no name'})`,
      );
      throw new WaystationError(
        'usage',
        `this node is in several spaces; choose one with --space: ${names.join(', ')}`,
      );
    }
    return only;
  }

  /** Makes a space with this node as its first admin. */
  async createSpace(options: NewSpace): Promise<{ space: Space; recoveryWords: string }> {
    this.#refuseTooMany();
    const made = await createSpace(this.#context(), options);
    options.onMade?.(made.recoveryWords);
    await this.#add(made.space);
    await made.finish();
    return { space: made.space, recoveryWords: made.recoveryWords };
  }

  /** Takes an invite: from now on this node asks to be admitted wherever it meets a member. */
  async join(invite: Invite): Promise<Space> {
    const known = this.spaces.get(invite.space);
    if (known?.isAdmitted === true) return known;
    if (known !== undefined) {
      await joinAnew(known, invite);
      // Peers of the links that are up were shown the old invite, and will not look at another.
      for (const link of [...this.#links.keys()]) this.driver.closeLink(link, 'joined anew');
      return known;
    }
    this.#refuseTooMany();
    const space = await joinSpace(this.#context(), invite);
    await this.#add(space);
    return space;
  }

  #refuseTooMany(): void {
    if (this.spaces.size >= MAX_SPACES)
      throw new WaystationError(
        'limit',
        `one node can be in ${MAX_SPACES} spaces at most: use another data folder`,
      );
  }

  /** Hears of everything worth telling; the result stops it. */
  onNotice(listener: (notice: Notice) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves with the first notice that `wanted` accepts. */
  waitFor(wanted: (notice: Notice) => boolean, signal: AbortSignal): Promise<Notice> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const stop = this.onNotice((notice) => {
        if (!wanted(notice)) return;
        stop();
        signal.removeEventListener('abort', aborted);
        resolve(notice);
      });
      const aborted = () => {
        stop();
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', aborted, { once: true });
    });
  }

  /** Looks for members on hosts and links to them. */
  connect({ createMesh, ...mesh }: MeshPorts, meeting: MeetingHosts = { hosts: [] }): void {
    this.#meeting = meeting;
    const { clock, random, crypto } = this.ports;
    this.#mesh = createMesh({
      ...mesh,
      clock,
      random,
      crypto,
      nodeId: this.id,
      hosts: meeting.hosts,
      ...(meeting.ownCertificateHash && { ownCertificateHash: meeting.ownCertificateHash }),
      accept: (node) => this.#options.acceptPeer?.(node) ?? true,
      onLink: (link, info) => this.attach(link, info),
    });
    this.#mesh.setSpaces(this.#meshSpaces());
    this.#beatSoon();
    this.#keepKeys();
  }

  /** A node has dialled this one directly. @param settled called when it has proved itself. */
  takeDirect(link: Link, settled: () => void): void {
    if (this.#mesh === undefined) link.close('not on the mesh yet');
    else this.#mesh.takeDirect(link, settled);
  }

  get mesh(): Mesh | undefined {
    return this.#mesh;
  }

  #meshSpaces(): SpaceMeeting[] {
    return [...this.spaces.values()].map((space) => ({
      space: space.id,
      meetSecret: space.record.meetSecret,
      ...(this.#meeting.exclusive !== true && {
        hosts: space.knownHosts(),
        direct: space.record.hosts.filter(isDirectEndpoint),
      }),
    }));
  }

  /** Takes over an open link; the mesh calls this, and so do tests that bring links of their own. */
  attach(link: Link, info: LinkInfo): void {
    const sinceMs = this.ports.clock.nowMs();
    const assigned = (id: LinkId) =>
      this.#links.set(id, { link, claimed: info.peerNode, via: info.host, proved: null, sinceMs });
    // Anybody can dial a relay; those with whom it has nothing in common do not stay.
    this.driver.attach(link, assigned, info.peerNode === null && !link.initiator);
  }

  peers(): PeerLink[] {
    const peers: PeerLink[] = [];
    for (const [id, { link, proved, via, sinceMs }] of this.#links) {
      if (proved !== null) peers.push({ link: id, node: proved, via, sinceMs, path: () => link.path() });
    }
    return peers;
  }

  #onNotice(notice: Notice): void {
    switch (notice.kind) {
      case 'peer-proved':
        this.#onProved(notice.link, notice.node);
        break;
      case 'entries':
        this.#spend(this.spaces.get(notice.space)?.onEntries(notice.entries));
        break;
      case 'beat':
        this.#spend(this.spaces.get(notice.space)?.keepBeat(notice.author));
        break;
      case 'own-feed-elsewhere':
        this.spaces.get(notice.space)?.abandonFeed(notice.head);
        break;
      default:
        break;
    }
    this.#options.onNotice?.(notice);
    for (const listener of this.#listeners) listener(notice);
  }

  /** Keeps work that nobody awaits, so that closing can. */
  #spend(work: Promise<unknown> | undefined): void {
    if (work === undefined) return;
    const kept = work.catch((error: unknown) => {
      const code = isWaystationError(error) ? error.code : 'unavailable';
      this.#onNotice({
        kind: 'store-trouble',
        code,
        message: error instanceof Error ? error.message : String(error),
      });
    });
    this.#background.add(kept);
    kept.finally(() => this.#background.delete(kept)).catch(() => undefined);
  }

  #onProved(link: LinkId, node: NodeId): void {
    const entry = this.#links.get(link);
    if (entry === undefined) return;
    if (entry.claimed !== null && entry.claimed !== node) {
      this.driver.closeLink(link, 'claimed to be another node');
      return;
    }
    entry.proved = node;
    this.#mesh?.proven(entry.link, node);
    const atMs = this.ports.clock.nowMs();
    this.#spend(logLink(this.ports.store, { atMs, event: 'up', node, via: entry.via }));
  }

  #onLinkClosed(link: LinkId, reason: string): void {
    const entry = this.#links.get(link);
    this.#links.delete(link);
    if (entry === undefined || entry.proved === null || this.#closing !== undefined) return;
    const atMs = this.ports.clock.nowMs();
    this.#spend(
      logLink(this.ports.store, { atMs, event: 'down', node: entry.proved, via: entry.via, reason }),
    );
  }

  #beatSoon(): void {
    const beat = () => {
      this.#spend(Promise.all([...this.spaces.values()].map((space) => space.beat())));
      // What could not be sealed when its key came: the disk was full, or the program ended just then.
      for (const space of this.spaces.values()) this.#sealWhatWaits(space);
      this.#cancelBeat = this.ports.clock.schedule(BEAT_INTERVAL_MS, beat);
    };
    beat();
  }

  #sealWhatWaits(space: Space): void {
    const { encode } = this.#options;
    if (encode === undefined) return;
    const onTrouble = (message: string) =>
      this.#onNotice({ kind: 'store-trouble', code: 'unavailable', message });
    this.#spend(
      hasLeftovers(space).then(async (has) => {
        if (!has) return;
        // A device that never records needs nothing of what recording takes.
        const { sealWhatWaits } = await import('./recording.ts');
        await sealWhatWaits(space, { encode, onTrouble });
      }),
    );
  }

  #keepKeys(): void {
    this.#cancelKeyTurn = this.ports.clock.schedule(KEY_TURN_MS, () => {
      this.#spend(
        Promise.all([...this.#keepers.values()].map((keeper) => keeper.tick())).finally(() => {
          if (this.#closing === undefined) this.#keepKeys();
        }),
      );
    });
  }

  /** Leaves the mesh, waits for what is under way, closes the store. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#cancelBeat?.();
      this.#cancelKeyTurn?.();
      this.#mesh?.close();
      this.driver.close('the node is stopping');
      try {
        while (this.#background.size > 0) await Promise.all([...this.#background]);
        for (const space of this.spaces.values()) await space.settled();
      } finally {
        await this.ports.store.close();
      }
    })();
    return this.#closing;
  }
}
