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

import { Counters } from '../core/counters.ts';
import type { NodeId, SpaceId } from '../core/ids.ts';
import type { Clock, Random } from '../core/ports.ts';
import { MAX_SPACES } from '../sync/limits.ts';
import { HEALTHY_MS } from './backoff.ts';
import { Dialler, type DiallerLimits } from './dialler.ts';
import { HostSession, type HostSessionHandlers, type Meeting } from './host-session.ts';
import { type Attempt, FIRST_ASK_MS, type Peer, PeerTable } from './peer-table.ts';
import type { Link, TextSocketFactory, Transport } from './port.ts';
import { type Aead, SignalSealer, signalKey } from './sealed-signal.ts';
import { type HostConnectionState, hostSocketUrl } from './signaling-client.ts';
import { type LinkInfo, TrackedLink } from './tracked-link.ts';

export type { LinkInfo } from './tracked-link.ts';

/** Days change rarely, but a phone's clock may jump when it finds the time. */
const DAY_CHECK_MS = 30_000;
/** Sockets that a node keeps open for signaling. */
const MAX_HOSTS = 8;

export const MESH_LIMITS: DiallerLimits = {
  /** Chromium has 500 peer connections and collects closed ones slowly; a link costs about 1 MB of buffers. */
  maxLinks: 64,
  /** ICE and DTLS of more at once would make each of them slow. */
  maxHalfOpen: 8,
  /** An answer takes one way through the host and back; a throttled page in the background some seconds. */
  answerTimeoutMs: 8_000,
  /** ICE on a bad path takes ten seconds. */
  attemptTimeoutMs: 20_000,
};

/** A space to meet in, and the secret its members share for that (32 bytes). */
export interface SpaceMeeting {
  readonly space: SpaceId;
  readonly meetSecret: Uint8Array;
}

export interface MeshOptions {
  readonly transport: Transport;
  readonly sockets: TextSocketFactory;
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Aead;
  /** This node. */
  readonly nodeId: NodeId;
  /** `ws://host:port` or `wss://…`, of which the first 8 are used. */
  readonly hosts: readonly string[];
  /** A link opened. Attach to it, prove the peer, then call {@link Mesh.proven}, or close it. */
  onLink(link: Link, info: LinkInfo): void;
  /** False for nodes that are neither dialled nor answered; all are when absent. */
  accept?(nodeId: NodeId): boolean;
  readonly limits?: Partial<DiallerLimits>;
}

export interface HostStatus {
  readonly url: string;
  readonly state: HostConnectionState;
  /** The name that the host gave itself, empty while not open or for a stock PeerServer. */
  readonly hostId: string;
  /** Members' connections that the host shows. */
  readonly peers: number;
  readonly lastFailure: string | undefined;
}

export interface LinkStatus {
  readonly link: Link;
  readonly info: LinkInfo;
  /** Monotonic milliseconds. */
  readonly openedMs: number;
  readonly proven: boolean;
}

export class Mesh {
  readonly #options: MeshOptions;
  readonly #sealer: SignalSealer;
  readonly #counters = new Counters();
  readonly #peers: PeerTable;
  readonly #dialler: Dialler;
  readonly #hosts = new Map<string, HostSession>();
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
    this.#dialler = new Dialler({
      ...options,
      limits: { ...MESH_LIMITS, ...options.limits },
      counters: this.#counters,
      peers: this.#peers,
      accept: (nodeId) => !this.#forgotten.has(nodeId) && (options.accept?.(nodeId) ?? true),
      linkCount: () => this.#links.size,
      onLink: (peer, link, attempt) => this.#adopt(peer, link, attempt),
    });
    this.#cancelDayCheck = options.clock.schedule(DAY_CHECK_MS, () => this.#checkDay());
    this.setHosts(options.hosts);
  }

  /** Sets the spaces whose members are looked for, the first {@link MAX_SPACES} of them; links that exist stay. */
  setSpaces(spaces: readonly SpaceMeeting[]): void {
    if (spaces.length > MAX_SPACES) this.#counters.count('spaces-over-limit');
    this.#meetings = spaces.slice(0, MAX_SPACES).map(({ space, meetSecret }) => ({
      space,
      meetSecret,
      key: signalKey(meetSecret),
    }));
    for (const host of this.#hosts.values()) host.refresh(this.#meetings);
  }

  /** Sets the hosts to be found on, the first 8 of them; links that came about through others stay. */
  setHosts(urls: readonly string[]): void {
    const distinct = new Set(urls.map((url) => hostSocketUrl(url) ?? url));
    if (distinct.size > MAX_HOSTS) this.#counters.count('hosts-over-limit');
    const wanted = new Set([...distinct].slice(0, MAX_HOSTS));
    for (const [url, host] of this.#hosts) {
      if (wanted.has(url)) continue;
      this.#hosts.delete(url);
      host.close();
      this.#onHostDown(host);
    }
    for (const url of wanted) if (!this.#hosts.has(url)) this.#hosts.set(url, this.#newHost(url));
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
  }

  /** The owner has proved that the peer of `link` is the node it claimed to be. */
  proven(link: Link): void {
    if (!(link instanceof TrackedLink) || !this.#links.has(link)) return;
    link.proven = true;
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
    return [...this.#hosts.values()].map(({ url, state, hostId, peerCount, lastFailure }) => ({
      url,
      state,
      hostId,
      peers: peerCount,
      lastFailure,
    }));
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
    for (const host of this.#hosts.values()) host.close();
    for (const link of [...this.#links]) link.close('closed');
    for (const peer of this.#peers.all()) peer.cancelTimer?.();
  }

  #newHost(url: string): HostSession {
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
      onDown: (host) => this.#onHostDown(host),
      onSignal: (host, heard) => this.#dialler.onSignal(host, heard),
      onUndelivered: (host, connId) => this.#dialler.onUndelivered(host, connId),
    };
    const { clock, nodeId, random, sockets } = this.#options;
    const counters = this.#counters;
    const host = new HostSession({
      url,
      nodeId,
      sockets,
      clock,
      random,
      sealer: this.#sealer,
      counters,
      handlers,
    });
    host.refresh(this.#meetings);
    return host;
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
    try {
      this.#options.onLink(tracked, info);
    } catch (error) {
      tracked.close('the owner failed');
      throw error;
    }
  }

  #onClosed(peer: Peer, link: TrackedLink, attempt: Attempt): void {
    this.#links.delete(link);
    this.#cancelHealth.get(link)?.();
    this.#cancelHealth.delete(link);
    if (this.#closed) return;
    this.#counters.count('closed');
    const nowMs = this.#nowMs();
    if (nowMs - link.openedMs < HEALTHY_MS) {
      const route = peer.route(attempt.host, attempt.connId);
      if (route !== undefined) route.failures++;
    }
    if (peer.challenger === link) peer.challenger = undefined;
    if (peer.link === link) {
      peer.link = peer.challenger;
      peer.challenger = undefined;
      peer.dialAtMs = nowMs + peer.dialBackoff.next();
      peer.askAtMs = nowMs + peer.askBackoff.next();
      this.#dialler.consider(peer);
      this.#peers.tidy(peer);
    }
    this.#dialler.onRoom();
  }

  #checkDay(): void {
    for (const host of this.#hosts.values()) host.refresh(this.#meetings);
    this.#cancelDayCheck = this.#options.clock.schedule(DAY_CHECK_MS, () => this.#checkDay());
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}
