/**
 * The mesh of one node: keeps a link to every member of its spaces that it can find on its hosts. Hosts come and go,
 * links stay: nothing that happens to signaling touches a link that works.
 *
 * Invariants
 * - One link per pair of nodes. A newer one replaces an older one, because the dialler makes it only when the older is
 *   lost; but a link that the owner has proved stays until the newer one is proved too, because node ids in signaling
 *   are claims that any member could make.
 * - All waiting goes through the injected clock. Nothing from a host or a peer makes it throw.
 */

import { equalBytes } from '../core/bytes.ts';
import { Counters } from '../core/counters.ts';
import type { NodeId, SpaceId } from '../core/ids.ts';
import { MAX_SPACES } from '../sync/limits.ts';
import { HEALTHY_MS } from './backoff.ts';
import { Dialler } from './dialler.ts';
import { DirectLinks } from './direct-links.ts';
import { HostKeeper } from './host-keeper.ts';
import { HostSession, type HostSessionHandlers, type Meeting } from './host-session.ts';
import { hostSocketUrl } from './host-url.ts';
import { HOST_POLICY, type HostChoice, usableHosts } from './known-host.ts';
import {
  type HostStatus,
  type LinkStatus,
  MESH_LIMITS,
  type MeshOptions,
  type SpaceMeeting,
} from './mesh-options.ts';
import { type Attempt, FIRST_ASK_MS, type Peer, PeerTable } from './peer-table.ts';
import type { Link } from './port.ts';
import { SignalSealer, signalKey } from './sealed-signal.ts';
import { type LinkInfo, TrackedLink } from './tracked-link.ts';

export type { HostChoice, HostUse, KnownHost } from './known-host.ts';
export type { HostStatus, LinkStatus, MeshOptions, SpaceMeeting } from './mesh-options.ts';
export { MESH_LIMITS } from './mesh-options.ts';
export type { LinkInfo } from './tracked-link.ts';

/** Days change rarely, but a phone's clock may jump when it finds the time. */
const DAY_CHECK_MS = 30_000;
/** Hosts that a person names; each is one more socket and its topics. */
const MAX_HOSTS = 8;

export class Mesh {
  readonly #options: MeshOptions;
  readonly #sealer: SignalSealer;
  readonly #counters = new Counters();
  readonly #peers: PeerTable;
  readonly #dialler: Dialler;
  readonly #keeper: HostKeeper;
  readonly #direct: DirectLinks;
  readonly #links = new Set<TrackedLink>();
  readonly #forgotten = new Set<NodeId>();
  readonly #cancelHealth = new Map<TrackedLink, () => void>();
  #meetings: readonly Meeting[] = [];
  #cancelDayCheck: () => void;
  #closed = false;

  constructor(options: MeshOptions) {
    this.#options = options;
    this.#sealer = new SignalSealer(options.crypto, options.random);
    this.#peers = new PeerTable(options.random);
    const limits = { ...MESH_LIMITS, ...options.limits };
    this.#dialler = new Dialler({
      ...options,
      limits,
      counters: this.#counters,
      peers: this.#peers,
      accept: (nodeId) => this.#accepts(nodeId),
      linkCount: () => this.#links.size + this.#direct.halfOpen,
      onLink: (peer, link, attempt) => this.#adopt(peer, link, attempt),
    });
    this.#keeper = new HostKeeper({
      ...options,
      policy: { ...HOST_POLICY, ...options.hostPolicy },
      open: (urls) => this.#newHost(urls),
      left: (host) => this.#onHostDown(host),
      isMet: (space) => this.#isMet(space),
    });
    this.#direct = new DirectLinks({
      ...options,
      counters: this.#counters,
      hasRoom: () =>
        !this.#closed && this.#links.size + this.#dialler.halfOpen + this.#direct.halfOpen < limits.maxLinks,
      wants: (nodeId) => this.#peers.get(nodeId)?.link === undefined && this.#accepts(nodeId),
      onLink: (link) => {
        this.#links.add(link);
        this.#counters.count('opened');
        this.#open(link);
      },
      onClosed: (link) => {
        const peer = this.#peers.all().find((one) => one.link === link || one.challenger === link);
        this.#onClosed(peer, link, undefined);
      },
    });
    this.#cancelDayCheck = options.clock.schedule(DAY_CHECK_MS, () => this.#checkDay());
    this.setHosts(options.hosts);
  }

  #accepts(nodeId: NodeId): boolean {
    return !this.#forgotten.has(nodeId) && (this.#options.accept?.(nodeId) ?? true);
  }

  /** Sets the spaces whose members are looked for, the first {@link MAX_SPACES} of them; links that exist stay. */
  setSpaces(spaces: readonly SpaceMeeting[]): void {
    if (spaces.length > MAX_SPACES) this.#counters.count('spaces-over-limit');
    const places = spaces.slice(0, MAX_SPACES).map((one) => ({
      meeting: this.#meetingOf(one),
      hosts: usableHosts(one.hosts ?? []),
    }));
    this.#meetings = places.map(({ meeting }) => meeting);
    this.#keeper.setPlaces(places);
    this.#direct.setSpaces(spaces.slice(0, MAX_SPACES));
  }

  /** The same object as before while the secret is the same: what is joined under it stays joined. */
  #meetingOf({ space, meetSecret }: SpaceMeeting): Meeting {
    const known = this.#meetings.find((one) => one.space === space);
    if (known !== undefined && equalBytes(known.meetSecret, meetSecret)) return known;
    return { space, meetSecret, key: signalKey(meetSecret) };
  }

  /** Sets the hosts to be found on, the first 8 of them; links that came about through others stay. */
  setHosts(urls: readonly string[]): void {
    const hosts = this.#direct.setGiven(urls);
    const distinct = new Set(hosts.map((url) => hostSocketUrl(url) ?? url));
    if (distinct.size > MAX_HOSTS) this.#counters.count('hosts-over-limit');
    this.#keeper.setGiven([...distinct].slice(0, MAX_HOSTS));
  }

  /**
   * A node has dialled this one directly. Nobody knows who it is until it has proved itself.
   * @param settled called when it has.
   */
  takeDirect(link: Link, settled: () => void): void {
    this.#direct.take(link, settled);
  }

  /** Closes the links and attempts of a node and neither dials nor answers it until {@link remember}. */
  forget(nodeId: NodeId, reason: string): void {
    this.#forgotten.add(nodeId);
    const peer = this.#peers.get(nodeId);
    if (peer === undefined) return;
    if (peer.attempt !== undefined) this.#dialler.fail(peer.attempt, 'forgotten');
    peer.challenger?.close(reason);
    peer.link?.close(reason);
  }

  /** Undoes {@link forget}. */
  remember(nodeId: NodeId): void {
    if (this.#forgotten.delete(nodeId)) this.reconsider();
  }

  /** Asks `accept` again about everyone present; call when what it answers has changed. */
  reconsider(): void {
    for (const peer of this.#peers.all()) this.#dialler.consider(peer);
    this.#direct.review();
  }

  /** The owner has proved that the peer of `link` is `node`: the one it claimed to be, where it claimed to be one. */
  proven(link: Link, node: NodeId): void {
    if (!(link instanceof TrackedLink) || !this.#links.has(link)) return;
    link.proven = true;
    if (link.info.peerNode === null) {
      this.#name(link, node);
      return;
    }
    const peer = this.#peers.get(link.info.peerNode);
    if (peer?.challenger !== link) return;
    const old = peer.link;
    peer.challenger = undefined;
    peer.link = link;
    old?.close('replaced by a newer connection');
  }

  links(): LinkStatus[] {
    return [...this.#links].map((link) => ({
      link,
      info: link.info,
      openedMs: link.openedMs,
      proven: link.proven,
    }));
  }

  hosts(): HostStatus[] {
    return this.#keeper.sessions().map(({ session, use }) => {
      const { url, state, hostId, peerCount, lastFailure } = session;
      return { url, state, use, hostId, peers: peerCount, lastFailure };
    });
  }

  /** The known hosts of a space in the order of its choice, and how each stands. */
  choices(space: SpaceId): HostChoice[] {
    return this.#keeper.choices(space);
  }

  /** Counts since the start by reason: drops, refusals, attempts. */
  counters(): Record<string, number> {
    return this.#counters.snapshot();
  }

  /** Leaves the hosts, aborts attempts, closes links. The transport stays the owner's. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelDayCheck();
    this.#dialler.close();
    this.#keeper.close();
    this.#direct.close();
    for (const link of [...this.#links]) link.close('closed');
    for (const peer of this.#peers.all()) peer.cancelTimer?.();
  }

  /** A member of the space is linked, by what is known here: two that met in one space may share others. */
  #isMet(space: SpaceId): boolean {
    for (const peer of this.#peers.all()) {
      if (peer.link === undefined) continue;
      if (peer.link.info.spaces.includes(space)) return true;
      for (const { meetings } of peer.routes)
        for (const meeting of meetings.values()) if (meeting.space === space) return true;
    }
    return false;
  }

  #newHost(urls: readonly string[]): HostSession {
    const handlers: HostSessionHandlers = {
      onPeer: (host, connId, nodeId, topic, meeting) => {
        const peer = this.#peers.ensure(nodeId);
        if (peer === undefined) {
          this.#counters.count('peers-full');
          return;
        }
        if (peer.routes.length === 0) peer.askAtMs = this.#nowMs() + FIRST_ASK_MS;
        peer.addRoute(host, connId, topic, meeting);
        this.#dialler.consider(peer);
      },
      onPeerGone: (host, connId, topic) => this.#onRoutesGone(host, (id) => id === connId, topic),
      onDown: (host) => {
        this.#onHostDown(host);
        this.#keeper.onTurn(host);
      },
      onTurn: (host) => this.#keeper.onTurn(host),
      onSignal: (host, heard) => this.#dialler.onSignal(host, heard),
      onUndelivered: (host, connId) => this.#dialler.onUndelivered(host, connId),
    };
    const { clock, nodeId, random, sockets } = this.#options;
    const counters = this.#counters;
    return new HostSession({
      urls,
      nodeId,
      sockets,
      clock,
      random,
      sealer: this.#sealer,
      counters,
      handlers,
    });
  }

  #onHostDown(host: HostSession): void {
    this.#onRoutesGone(host, () => true, undefined);
  }

  /** Removes routes through `host`, or what `topic` contributed to them. */
  #onRoutesGone(host: HostSession, matches: (connId: string) => boolean, topic: string | undefined): void {
    for (const peer of this.#peers.all()) {
      for (const route of [...peer.routes]) {
        if (route.host !== host || !matches(route.connId)) continue;
        if (topic === undefined) route.meetings.clear();
        else route.meetings.delete(topic);
        if (route.meetings.size > 0) continue;
        peer.removeRoute(route);
        this.#dialler.onRouteGone(peer, host, route.connId);
      }
      this.#peers.tidy(peer);
    }
  }

  #adopt(peer: Peer, link: Link, attempt: Attempt): void {
    const { host, connId } = attempt;
    const spaces = [...new Set(attempt.meetings.map(({ space }) => space))];
    const info: LinkInfo = { host: host.url, peerNode: peer.nodeId, spaces };
    const tracked = new TrackedLink(link, info, this.#nowMs(), (closed) =>
      this.#onClosed(peer, closed, attempt),
    );
    if (tracked.isClosed) return;
    this.#links.add(tracked);
    this.#counters.count('opened');
    const old = peer.link;
    if (old?.proven === true) {
      const earlier = peer.challenger;
      peer.challenger = tracked;
      earlier?.close('replaced by a newer connection');
    } else {
      peer.link = tracked;
      old?.close('replaced by a newer connection');
    }
    const cancelHealth = this.#options.clock.schedule(HEALTHY_MS, () => {
      peer.dialBackoff.reset();
      peer.askBackoff.reset();
      const route = peer.route(host, connId);
      if (route !== undefined) route.failures = 0;
    });
    this.#cancelHealth.set(tracked, cancelHealth);
    this.#open(tracked);
  }

  /** Hands a link to the owner. */
  #open(link: TrackedLink): void {
    this.#keeper.onLinks();
    try {
      this.#options.onLink(link, link.info);
    } catch (error) {
      link.close('the owner failed');
      throw error;
    }
  }

  /** A link that came about directly turns out to be a node's: it takes the place of an older one. */
  #name(link: TrackedLink, node: NodeId): void {
    this.#direct.proven(link, node);
    const peer = this.#accepts(node) ? this.#peers.ensure(node) : undefined;
    if (peer === undefined) {
      link.close('not wanted');
      return;
    }
    if (peer.attempt !== undefined) this.#dialler.fail(peer.attempt, 'superseded');
    const old = peer.link;
    peer.link = link;
    old?.close('replaced by a newer connection');
    this.#keeper.onLinks();
  }

  #onClosed(peer: Peer | undefined, link: TrackedLink, attempt: Attempt | undefined): void {
    this.#links.delete(link);
    this.#cancelHealth.get(link)?.();
    this.#cancelHealth.delete(link);
    if (this.#closed) return;
    this.#counters.count('closed');
    const nowMs = this.#nowMs();
    if (attempt !== undefined && nowMs - link.openedMs < HEALTHY_MS) {
      const route = peer?.route(attempt.host, attempt.connId);
      if (route !== undefined) route.failures++;
    }
    if (peer?.challenger === link) peer.challenger = undefined;
    if (peer?.link === link) {
      peer.link = peer.challenger;
      peer.challenger = undefined;
      peer.dialAtMs = nowMs + peer.dialBackoff.next();
      peer.askAtMs = nowMs + peer.askBackoff.next();
      this.#dialler.consider(peer);
      this.#peers.tidy(peer);
    }
    this.#dialler.onRoom();
    this.#direct.review();
    this.#keeper.onLinks();
  }

  #checkDay(): void {
    this.#keeper.refresh();
    this.#cancelDayCheck = this.#options.clock.schedule(DAY_CHECK_MS, () => this.#checkDay());
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}
